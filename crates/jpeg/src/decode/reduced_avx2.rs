//! The reduced inverse DCTs of `reduced.rs` in AVX2: two blocks side by side, one in each half of a register.

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{half_row, quarter_row};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use bytemuck::must_cast;

    use super::super::idct::Steps;
    use super::super::reduced::{COLUMN_SHIFT, Factors, HALF, QUARTER, ROW_SHIFT, flat_sample, row_scalar};

    /// Rows of blocks at four by four samples each.
    #[target_feature(enable = "avx2")]
    pub(in super::super) fn half_row(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8], stride: usize) {
        let (pairs, single) = blocks.as_chunks::<2>();
        for (index, pair) in pairs.iter().enumerate() {
            if is_flat(pair) {
                let [first, second] = flat(pair, steps);
                put::<8, 4>(&[must_cast([[first; 4], [second; 4]]); 4], out, stride, 8 * index);
                continue;
            }
            let rows = columns(pair, steps, &HALF);
            let upper = _mm256_packs_epi32(points(rows[0]), points(rows[1]));
            let lower = _mm256_packs_epi32(points(rows[2]), points(rows[3]));
            let order = must_cast([0i32, 4, 1, 5, 2, 6, 3, 7]);
            let samples: [[u8; 8]; 4] = must_cast(_mm256_permutevar8x32_epi32(to_samples(upper, lower), order));
            put(&samples, out, stride, 8 * index);
        }
        if let Some(out) = out.get_mut(8 * pairs.len()..) {
            row_scalar(&HALF, single, steps, out, stride);
        }
    }

    /// Rows of blocks at two by two samples each.
    #[target_feature(enable = "avx2")]
    pub(in super::super) fn quarter_row(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8], stride: usize) {
        let (pairs, single) = blocks.as_chunks::<2>();
        for (index, pair) in pairs.iter().enumerate() {
            if is_flat(pair) {
                let [first, second] = flat(pair, steps);
                put::<4, 2>(&[must_cast([[first; 2], [second; 2]]); 2], out, stride, 4 * index);
                continue;
            }
            let rows = columns(pair, steps, &QUARTER);
            // In each half: both samples of the first row, both of the second.
            let both = points_of_two(rows);
            let words = _mm256_packs_epi32(both, both);
            let halves: [[[u8; 2]; 8]; 2] = must_cast(to_samples(words, words));
            let [first, second] = halves;
            let samples: [[u8; 4]; 2] = [must_cast([first[0], second[0]]), must_cast([first[1], second[1]])];
            put(&samples, out, stride, 4 * index);
        }
        if let Some(out) = out.get_mut(4 * pairs.len()..) {
            row_scalar(&QUARTER, single, steps, out, stride);
        }
    }

    #[inline(always)]
    fn put<const W: usize, const H: usize>(samples: &[[u8; W]; H], out: &mut [u8], stride: usize, x: usize) {
        for (y, row) in samples.iter().enumerate() {
            let start = y * stride + x;
            if let Some(to) = out.get_mut(start..start + W) {
                to.copy_from_slice(row);
            }
        }
    }

    /// 16-bit lanes to bytes, level-shifted.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn to_samples(a: __m256i, b: __m256i) -> __m256i {
        _mm256_xor_si256(_mm256_packs_epi16(a, b), _mm256_set1_epi8(-128))
    }

    // The kernels below loop by index: a closure with vector instructions is not inlined into an iterator or
    // `map`, which are compiled without them.

    #[inline]
    #[target_feature(enable = "avx2")]
    fn row(pair: &[[i16; 64]; 2], k: usize) -> __m256i {
        let first: &[[i16; 8]; 8] = bytemuck::must_cast_ref(&pair[0]);
        let second: &[[i16; 8]; 8] = bytemuck::must_cast_ref(&pair[1]);
        _mm256_set_m128i(must_cast(second[k]), must_cast(first[k]))
    }

    /// Whether two blocks are of one colour each.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn is_flat(pair: &[[i16; 64]; 2]) -> bool {
        let mut rest = _mm256_srli_si256::<2>(row(pair, 0));
        for k in 1..8 {
            rest = _mm256_or_si256(rest, row(pair, k));
        }
        _mm256_testz_si256(rest, rest) == 1
    }

    /// The samples of two blocks of one colour each.
    #[inline(always)]
    fn flat(pair: &[[i16; 64]; 2], steps: &Steps) -> [u8; 2] {
        [flat_sample(pair[0][0], steps), flat_sample(pair[1][0], steps)]
    }

    /// The columns of two blocks: dequantised, and `N` points of each.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn columns<const N: usize>(pair: &[[i16; 64]; 2], steps: &Steps, factors: &Factors<N>) -> [__m256i; N] {
        let steps: &[[i16; 8]; 8] = bytemuck::must_cast_ref(steps);
        let mut low = [_mm256_setzero_si256(); 4];
        let mut high = low;
        for k in 0..4 {
            let even = dequantised(row(pair, 2 * k), steps[2 * k]);
            let odd = dequantised(row(pair, 2 * k + 1), steps[2 * k + 1]);
            low[k] = _mm256_unpacklo_epi16(even, odd);
            high[k] = _mm256_unpackhi_epi16(even, odd);
        }
        let mut columns = [_mm256_setzero_si256(); N];
        for j in 0..N {
            columns[j] = _mm256_packs_epi32(column(&low, factors[j]), column(&high, factors[j]));
        }
        columns
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn dequantised(row: __m256i, steps: [i16; 8]) -> __m256i {
        _mm256_mullo_epi16(row, _mm256_broadcastsi128_si256(must_cast(steps)))
    }

    /// One point of columns whose coefficients are interleaved two by two.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn column(pairs: &[__m256i; 4], factors: [i16; 8]) -> __m256i {
        let factors: [i32; 4] = must_cast(factors);
        let mut sum = _mm256_set1_epi32(1 << (COLUMN_SHIFT - 1));
        for k in 0..4 {
            let product = _mm256_madd_epi16(pairs[k], _mm256_set1_epi32(factors[k]));
            sum = _mm256_add_epi32(sum, product);
        }
        _mm256_srai_epi32::<{ COLUMN_SHIFT as i32 }>(sum)
    }

    /// The four points of a row, in 32-bit lanes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn points(row: __m256i) -> __m256i {
        descale(_mm256_hadd_epi32(
            _mm256_hadd_epi32(times(row, HALF[0]), times(row, HALF[1])),
            _mm256_hadd_epi32(times(row, HALF[2]), times(row, HALF[3])),
        ))
    }

    /// The two points of each of two rows, in 32-bit lanes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn points_of_two(rows: [__m256i; 2]) -> __m256i {
        descale(_mm256_hadd_epi32(
            _mm256_hadd_epi32(times(rows[0], QUARTER[0]), times(rows[0], QUARTER[1])),
            _mm256_hadd_epi32(times(rows[1], QUARTER[0]), times(rows[1], QUARTER[1])),
        ))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn times(row: __m256i, factors: [i16; 8]) -> __m256i {
        _mm256_madd_epi16(row, _mm256_broadcastsi128_si256(must_cast(factors)))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn descale(sum: __m256i) -> __m256i {
        let rounding = _mm256_set1_epi32(1 << (ROW_SHIFT - 1));
        _mm256_srai_epi32::<{ ROW_SHIFT as i32 }>(_mm256_add_epi32(sum, rounding))
    }
}
