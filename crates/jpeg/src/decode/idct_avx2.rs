//! The inverse DCT of `idct.rs` in AVX2: two blocks side by side, one in each half of a register, so that no
//! step of it crosses the halves.

#[cfg(target_arch = "x86_64")]
pub(super) use x86::inverse_row;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use bytemuck::must_cast;

    use super::super::idct::{
        COLUMN_SHIFT, EVEN, ODD_INNER, ODD_OUTER, ODD_SUMS, ROW_SHIFT, Rotation, Steps, inverse_block, store,
    };

    /// As [`inverse_row`](super::super::idct::inverse_row).
    #[target_feature(enable = "avx2")]
    pub(in super::super) fn inverse_row(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8], stride: usize) {
        let steps: &[__m128i; 8] = &must_cast(*steps);
        let (pairs, single) = blocks.as_chunks::<2>();
        let mut x = 0;
        for pair in pairs {
            let rows = inverse_pair(pair, steps);
            for (y, row) in rows.iter().enumerate() {
                let start = y * stride + x;
                if let Some(to) = out.get_mut(start..start + 16) {
                    to.copy_from_slice(row);
                }
            }
            x += 16;
        }
        for block in single {
            store(&inverse_block(block, &must_cast(*steps)), out, stride, x);
        }
    }

    /// Eight rows of 16 samples: the first block's eight, then the second block's.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn inverse_pair(pair: &[[i16; 64]; 2], steps: &[__m128i; 8]) -> [[u8; 16]; 8] {
        let first: &[[i16; 8]; 8] = bytemuck::must_cast_ref(&pair[0]);
        let second: &[[i16; 8]; 8] = bytemuck::must_cast_ref(&pair[1]);
        let mut rows = [_mm256_setzero_si256(); 8];
        for k in 0..8 {
            rows[k] = _mm256_set_m128i(must_cast(second[k]), must_cast(first[k]));
        }
        let near = or(rows[1], or(rows[2], rows[3]));
        let far = or(or(rows[4], rows[5]), or(rows[6], rows[7]));
        let lower = or(near, far);
        let dc_row = _mm256_mullo_epi16(rows[0], both(steps[0]));
        if _mm256_testz_si256(lower, lower) == 1 {
            // No vertical detail: all rows of the intermediate result are the same.
            let row = _mm256_slli_epi16::<2>(dc_row);
            let rest = _mm256_srli_si256::<2>(rows[0]);
            if _mm256_testz_si256(rest, rest) == 1 {
                return flat(row);
            }
            return finish::<false>(&transpose(&[row; 8]));
        }
        // A wild DC row in a block without vertical detail beside one with it: the halves would differ in what
        // saturates and what wraps. Rare enough to leave to the scalar form.
        let back = _mm256_srai_epi16::<2>(_mm256_slli_epi16::<2>(dc_row));
        if _mm256_movemask_epi8(_mm256_cmpeq_epi16(back, dc_row)) != -1 {
            return beside(
                &inverse_block(&pair[0], &must_cast(*steps)),
                &inverse_block(&pair[1], &must_cast(*steps)),
            );
        }
        rows[0] = dc_row;
        for k in 1..4 {
            rows[k] = _mm256_mullo_epi16(rows[k], both(steps[k]));
        }
        if _mm256_testz_si256(far, far) == 1 {
            let columns = one_dimension::<{ COLUMN_SHIFT as i32 }, true>(&rows);
            // Columns 4 to 7 are the upper halves of the lanes.
            let right = _mm256_srli_si256::<8>(or(near, rows[0]));
            if _mm256_testz_si256(right, right) == 1 {
                return finish::<true>(&transpose(&columns));
            }
            return finish::<false>(&transpose(&columns));
        }
        for k in 4..8 {
            rows[k] = _mm256_mullo_epi16(rows[k], both(steps[k]));
        }
        let columns = one_dimension::<{ COLUMN_SHIFT as i32 }, false>(&rows);
        finish::<false>(&transpose(&columns))
    }

    fn beside(first: &[[u8; 8]; 8], second: &[[u8; 8]; 8]) -> [[u8; 16]; 8] {
        std::array::from_fn(|y| must_cast([first[y], second[y]]))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn or(a: __m256i, b: __m256i) -> __m256i {
        _mm256_or_si256(a, b)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn both(half: __m128i) -> __m256i {
        _mm256_broadcastsi128_si256(half)
    }

    /// Two blocks of one colour each, from their intermediate DC in the lowest lanes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn flat(row: __m256i) -> [[u8; 16]; 8] {
        // (dc << 13 + 2^17) >> 18 is (dc + 16) >> 5, without leaving 16 bits by way of saturation: the
        // result saturates to 8 bits anyway.
        let rounded = _mm256_srai_epi16::<5>(_mm256_adds_epi16(row, _mm256_set1_epi16(16)));
        let bytes = _mm256_xor_si256(_mm256_packs_epi16(rounded, rounded), _mm256_set1_epi8(-128));
        let lowest = _mm256_shuffle_epi8(bytes, _mm256_setzero_si256());
        let halves: [[u8; 16]; 2] = must_cast(lowest);
        let first: [[u8; 8]; 2] = must_cast(halves[0]);
        let second: [[u8; 8]; 2] = must_cast(halves[1]);
        [must_cast([first[0], second[0]]); 8]
    }

    /// The rows of the transform, from columns; the samples come out as rows again. `LOW` if columns 4 to 7 are zero.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn finish<const LOW: bool>(columns: &[__m256i; 8]) -> [[u8; 16]; 8] {
        let c = one_dimension::<{ ROW_SHIFT as i32 }, LOW>(columns);
        let offset = _mm256_set1_epi8(-128);
        let pack = |a, b| _mm256_xor_si256(_mm256_packs_epi16(a, b), offset);
        let (c04, c15, c26, c37) = (pack(c[0], c[4]), pack(c[1], c[5]), pack(c[2], c[6]), pack(c[3], c[7]));
        // The byte transpose, by interleaving neighbours of ever smaller distance.
        let (c02, c46) = interleave8(c04, c26);
        let (c13, c57) = interleave8(c15, c37);
        let (left_low, left_high) = interleave8(c02, c13);
        let (right_low, right_high) = interleave8(c46, c57);
        let rows = [
            _mm256_unpacklo_epi32(left_low, right_low),
            _mm256_unpackhi_epi32(left_low, right_low),
            _mm256_unpacklo_epi32(left_high, right_high),
            _mm256_unpackhi_epi32(left_high, right_high),
        ];
        // Each holds two rows of the first block, then two of the second.
        let mut out = [[0; 16]; 8];
        for (two, rows) in out.as_chunks_mut::<2>().0.iter_mut().zip(rows) {
            *two = must_cast(_mm256_permute4x64_epi64::<0b11_01_10_00>(rows));
        }
        out
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn interleave8(a: __m256i, b: __m256i) -> (__m256i, __m256i) {
        (_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn interleave16(a: __m256i, b: __m256i) -> (__m256i, __m256i) {
        (_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn transpose(r: &[__m256i; 8]) -> [__m256i; 8] {
        let (a0, a1) = interleave16(r[0], r[4]);
        let (a2, a3) = interleave16(r[1], r[5]);
        let (a4, a5) = interleave16(r[2], r[6]);
        let (a6, a7) = interleave16(r[3], r[7]);
        let (b0, b1) = interleave16(a0, a4);
        let (b2, b3) = interleave16(a1, a5);
        let (b4, b5) = interleave16(a2, a6);
        let (b6, b7) = interleave16(a3, a7);
        let (c0, c1) = interleave16(b0, b4);
        let (c2, c3) = interleave16(b1, b5);
        let (c4, c5) = interleave16(b2, b6);
        let (c6, c7) = interleave16(b3, b7);
        [c0, c1, c2, c3, c4, c5, c6, c7]
    }

    /// Both results of a rotation, each as the 32-bit lanes of the lower and the upper four columns.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn rotate(x: __m256i, y: __m256i, rotation: Rotation) -> [[__m256i; 2]; 2] {
        let (low, high) = interleave16(x, y);
        let [first, second] = rotation.map(|(a, b)| {
            let factors = (i32::from(b) << 16) | i32::from(a.cast_unsigned());
            _mm256_set1_epi32(factors)
        });
        [
            [_mm256_madd_epi16(low, first), _mm256_madd_epi16(high, first)],
            [_mm256_madd_epi16(low, second), _mm256_madd_epi16(high, second)],
        ]
    }

    /// 16-bit lanes times 2^13, with the rounding of the descaling added.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn widen<const SHIFT: i32>(x: __m256i) -> [__m256i; 2] {
        let zero = _mm256_setzero_si256();
        let rounding = _mm256_set1_epi32(1 << (SHIFT - 1));
        let (low, high) = interleave16(zero, x);
        [low, high].map(|wide| _mm256_add_epi32(_mm256_srai_epi32::<3>(wide), rounding))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn sub(a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        [_mm256_sub_epi32(a[0], b[0]), _mm256_sub_epi32(a[1], b[1])]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn descale<const SHIFT: i32>(x: [__m256i; 2]) -> __m256i {
        _mm256_packs_epi32(_mm256_srai_epi32::<SHIFT>(x[0]), _mm256_srai_epi32::<SHIFT>(x[1]))
    }

    /// The one-dimensional transform of `idct.rs`, down the registers. `LOW` if the last four are zero.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn one_dimension<const SHIFT: i32, const LOW: bool>(r: &[__m256i; 8]) -> [__m256i; 8] {
        let (even, odd) = if LOW { low_parts::<SHIFT>(r) } else { parts::<SHIFT>(r) };
        [
            descale::<SHIFT>(add(even[0], odd[0])),
            descale::<SHIFT>(add(even[1], odd[1])),
            descale::<SHIFT>(add(even[2], odd[2])),
            descale::<SHIFT>(add(even[3], odd[3])),
            descale::<SHIFT>(sub(even[3], odd[3])),
            descale::<SHIFT>(sub(even[2], odd[2])),
            descale::<SHIFT>(sub(even[1], odd[1])),
            descale::<SHIFT>(sub(even[0], odd[0])),
        ]
    }

    type Wide = [__m256i; 2];

    /// What even and odd coefficients contribute to the first four results.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn parts<const SHIFT: i32>(r: &[__m256i; 8]) -> ([Wide; 4], [Wide; 4]) {
        let sum = widen::<SHIFT>(_mm256_add_epi16(r[0], r[4]));
        let difference = widen::<SHIFT>(_mm256_sub_epi16(r[0], r[4]));
        let [outer, inner] = rotate(r[2], r[6], EVEN);
        let [z3, z4] = rotate(_mm256_add_epi16(r[7], r[3]), _mm256_add_epi16(r[5], r[1]), ODD_SUMS);
        let [seven, one] = rotate(r[7], r[1], ODD_OUTER);
        let [five, three] = rotate(r[5], r[3], ODD_INNER);
        (
            [
                add(sum, outer),
                add(difference, inner),
                sub(difference, inner),
                sub(sum, outer),
            ],
            [add(one, z4), add(three, z3), add(five, z4), add(seven, z3)],
        )
    }

    /// [`parts`] for coefficients 0 to 3: the same sums, with the factors of each coefficient added up.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn low_parts<const SHIFT: i32>(r: &[__m256i; 8]) -> ([Wide; 4], [Wide; 4]) {
        let [(z3_of_3, z3_of_1), (z4_of_3, z4_of_1)] = ODD_SUMS;
        let [(_, seven), (_, one)] = ODD_OUTER;
        let [(_, five), (_, three)] = ODD_INNER;
        let [(outer, _), (inner, _)] = EVEN;
        let [zero, first] = rotate(r[0], r[2], [(1 << 13, outer), (1 << 13, inner)]);
        let [second, third] = rotate(r[0], r[2], [(1 << 13, -inner), (1 << 13, -outer)]);
        let rounding = [_mm256_set1_epi32(1 << (SHIFT - 1)); 2];
        let [a, b] = rotate(r[3], r[1], [(z4_of_3, z4_of_1 + one), (z3_of_3 + three, z3_of_1)]);
        let [c, d] = rotate(r[3], r[1], [(z4_of_3 + five, z4_of_1), (z3_of_3, z3_of_1 + seven)]);
        (
            [zero, first, second, third].map(|part| add(part, rounding)),
            [a, b, c, d],
        )
    }
}
