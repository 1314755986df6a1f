//! The forward DCT and quantisation with AVX2: two blocks at once, one in each
//! 128-bit half of the registers. See [`fdct`](super::fdct) for the algorithm and
//! [`quantise`](super::quantise) for the division; the results are the same.

use super::fdct::{
    C_0_298, C_0_390, C_0_541, C_0_765, C_0_899, C_1_175, C_1_501, C_1_847, C_1_961, C_2_053, C_2_562, C_3_072,
    CONST_BITS, PASS1_BITS, Pair, PairRows,
};
use super::quantise::{Block, Divisors, zigzag_mask};
use bytemuck::{must_cast, must_cast_ref};
use std::arch::x86_64::*;

/// One row (or column) of both blocks in each: 16 lanes of 16 bits.
type Registers = [__m256i; 8];

/// Two factors side by side, as `vpmaddwd` wants them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sums of constants that fit 16 signed bits, packed as bits"
)]
const fn factors(a: i32, b: i32) -> i32 {
    (((b as i16 as u16 as u32) << 16) | (a as i16 as u16 as u32)) as i32
}

/// `a * A + b * B`, rounded and shifted by `SHIFT`, from the interleaved `a`, `b`.
#[target_feature(enable = "avx2")]
#[inline]
fn rotate<const SHIFT: i32>(lo: __m256i, hi: __m256i, k: i32) -> __m256i {
    let (k, half) = (_mm256_set1_epi32(k), _mm256_set1_epi32(1 << (SHIFT - 1)));
    let lo = _mm256_add_epi32(_mm256_madd_epi16(lo, k), half);
    let hi = _mm256_add_epi32(_mm256_madd_epi16(hi, k), half);
    _mm256_packs_epi32(_mm256_srai_epi32::<SHIFT>(lo), _mm256_srai_epi32::<SHIFT>(hi))
}

/// The sum of two rotations, rounded and shifted: an odd output.
#[target_feature(enable = "avx2")]
#[inline]
fn rotate_add<const SHIFT: i32>((lo, hi): (__m256i, __m256i), k: i32, z: (__m256i, __m256i)) -> __m256i {
    // z holds the rounding half already.
    let k = _mm256_set1_epi32(k);
    let lo = _mm256_add_epi32(_mm256_madd_epi16(lo, k), z.0);
    let hi = _mm256_add_epi32(_mm256_madd_epi16(hi, k), z.1);
    _mm256_packs_epi32(_mm256_srai_epi32::<SHIFT>(lo), _mm256_srai_epi32::<SHIFT>(hi))
}

#[target_feature(enable = "avx2")]
#[inline]
fn interleave(a: __m256i, b: __m256i) -> (__m256i, __m256i) {
    (_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b))
}

/// The one-dimensional transform. `FIRST` works on samples without level shift
/// and leaves [`PASS1_BITS`] fraction bits, the other removes them.
#[target_feature(enable = "avx2")]
#[inline]
fn transform<const FIRST: bool, const SHIFT: i32>(c: Registers) -> Registers {
    let (s07, d07) = (_mm256_add_epi16(c[0], c[7]), _mm256_sub_epi16(c[0], c[7]));
    let (s16, d16) = (_mm256_add_epi16(c[1], c[6]), _mm256_sub_epi16(c[1], c[6]));
    let (s25, d25) = (_mm256_add_epi16(c[2], c[5]), _mm256_sub_epi16(c[2], c[5]));
    let (s34, d34) = (_mm256_add_epi16(c[3], c[4]), _mm256_sub_epi16(c[3], c[4]));

    let (e0, e3) = (_mm256_add_epi16(s07, s34), _mm256_sub_epi16(s07, s34));
    let (e1, e2) = (_mm256_add_epi16(s16, s25), _mm256_sub_epi16(s16, s25));
    let (sum, difference) = (_mm256_add_epi16(e0, e1), _mm256_sub_epi16(e0, e1));
    let (out0, out4) = if FIRST {
        // The level shift of eight samples; every other output is free of it.
        let sum = _mm256_sub_epi16(sum, _mm256_set1_epi16(8 * 128));
        (
            _mm256_slli_epi16::<PASS1_BITS>(sum),
            _mm256_slli_epi16::<PASS1_BITS>(difference),
        )
    } else {
        let half = _mm256_set1_epi16(1 << (PASS1_BITS - 1));
        (
            _mm256_srai_epi16::<PASS1_BITS>(_mm256_add_epi16(sum, half)),
            _mm256_srai_epi16::<PASS1_BITS>(_mm256_add_epi16(difference, half)),
        )
    };
    let (lo, hi) = interleave(e3, e2);
    let out2 = rotate::<SHIFT>(lo, hi, const { factors(C_0_541 + C_0_765, C_0_541) });
    let out6 = rotate::<SHIFT>(lo, hi, const { factors(C_0_541, C_0_541 - C_1_847) });

    // z3' = z3 (1.175 - 1.961) + z4 1.175; z4' = z3 1.175 + z4 (1.175 - 0.390)
    let (lo, hi) = interleave(_mm256_add_epi16(d34, d16), _mm256_add_epi16(d25, d07));
    let half = _mm256_set1_epi32(1 << (SHIFT - 1));
    let k3 = _mm256_set1_epi32(const { factors(C_1_175 - C_1_961, C_1_175) });
    let k4 = _mm256_set1_epi32(const { factors(C_1_175, C_1_175 - C_0_390) });
    let z3 = (
        _mm256_add_epi32(_mm256_madd_epi16(lo, k3), half),
        _mm256_add_epi32(_mm256_madd_epi16(hi, k3), half),
    );
    let z4 = (
        _mm256_add_epi32(_mm256_madd_epi16(lo, k4), half),
        _mm256_add_epi32(_mm256_madd_epi16(hi, k4), half),
    );
    let outer = interleave(d07, d34);
    let inner = interleave(d16, d25);
    let out1 = const { factors(C_1_501 - C_0_899, -C_0_899) };
    let out7 = const { factors(-C_0_899, C_0_298 - C_0_899) };
    let out3 = const { factors(C_3_072 - C_2_562, -C_2_562) };
    let out5 = const { factors(-C_2_562, C_2_053 - C_2_562) };
    [
        out0,
        rotate_add::<SHIFT>(outer, out1, z4),
        out2,
        rotate_add::<SHIFT>(inner, out3, z3),
        out4,
        rotate_add::<SHIFT>(inner, out5, z4),
        out6,
        rotate_add::<SHIFT>(outer, out7, z3),
    ]
}

/// Transposes the 8×8 values in each half: three rounds of interleaving what is
/// four registers apart (the perfect shuffle).
#[target_feature(enable = "avx2")]
#[inline]
fn transpose(r: Registers) -> Registers {
    let mut r = r;
    for _ in 0..3 {
        let ((a, b), (c, d)) = (interleave(r[0], r[4]), interleave(r[1], r[5]));
        let ((e, f), (g, h)) = (interleave(r[2], r[6]), interleave(r[3], r[7]));
        r = [a, b, c, d, e, f, g, h];
    }
    r
}

/// The columns of two blocks as 16-bit values: transposed as bytes, which takes
/// half the shuffles of transposing them widened.
#[target_feature(enable = "avx2")]
#[inline]
fn columns(pair: &Pair) -> Registers {
    let wide = |row: usize| _mm256_cvtepu8_epi16(must_cast::<[u8; 16], __m128i>(pair[row]));
    // The high bytes are free: put the row four further down there.
    let two = |row: usize| _mm256_or_si256(wide(row), _mm256_slli_epi16::<8>(wide(row + 4)));
    let (r04, r15, r26, r37) = (two(0), two(1), two(2), two(3));
    let (even_lo, even_hi) = (_mm256_unpacklo_epi8(r04, r26), _mm256_unpackhi_epi8(r04, r26));
    let (odd_lo, odd_hi) = (_mm256_unpacklo_epi8(r15, r37), _mm256_unpackhi_epi8(r15, r37));
    let c = [
        _mm256_unpacklo_epi8(even_lo, odd_lo),
        _mm256_unpackhi_epi8(even_lo, odd_lo),
        _mm256_unpacklo_epi8(even_hi, odd_hi),
        _mm256_unpackhi_epi8(even_hi, odd_hi),
    ];
    let zero = _mm256_setzero_si256();
    [
        _mm256_unpacklo_epi8(c[0], zero),
        _mm256_unpackhi_epi8(c[0], zero),
        _mm256_unpacklo_epi8(c[1], zero),
        _mm256_unpackhi_epi8(c[1], zero),
        _mm256_unpacklo_epi8(c[2], zero),
        _mm256_unpackhi_epi8(c[2], zero),
        _mm256_unpacklo_epi8(c[3], zero),
        _mm256_unpackhi_epi8(c[3], zero),
    ]
}

#[target_feature(enable = "avx2")]
#[inline]
fn forward(pair: &Pair) -> Registers {
    let across = transform::<true, { CONST_BITS - PASS1_BITS }>(columns(pair));
    transform::<false, { CONST_BITS + PASS1_BITS }>(transpose(across))
}

/// Splits the registers into the two blocks.
#[target_feature(enable = "avx2")]
#[inline]
fn split(registers: Registers) -> [Block; 2] {
    let mut blocks = [[[0_i16; 8]; 8]; 2];
    for (row, register) in registers.into_iter().enumerate() {
        [blocks[0][row], blocks[1][row]] = must_cast(register);
    }
    must_cast(blocks)
}

/// The transform of pairs of blocks; the rows are as long as `blocks`.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn forward_pairs(rows: &PairRows<'_>, blocks: &mut [[Block; 2]]) {
    let count = blocks.len();
    let [a, b, c, d, e, f, g, h] = *rows;
    let (a, b, c, d) = (&a[..count], &b[..count], &c[..count], &d[..count]);
    let (e, f, g, h) = (&e[..count], &f[..count], &g[..count], &h[..count]);
    for i in 0..count {
        let pair = [a[i], b[i], c[i], d[i], e[i], f[i], g[i], h[i]];
        blocks[i] = split(forward(&pair));
    }
}

/// Divides 16 values; see [`Divisors`].
#[target_feature(enable = "avx2")]
#[inline]
fn divide(value: __m256i, bias: __m256i, reciprocal: __m256i, scale: __m256i) -> __m256i {
    let biased = _mm256_add_epi16(_mm256_abs_epi16(value), bias);
    // The product is below 2^15, so that `abs` does nothing. Without it the
    // compiler joins the two multiplies to slower ones of 32 bits.
    let high = _mm256_abs_epi16(_mm256_mulhi_epu16(biased, reciprocal));
    _mm256_sign_epi16(_mm256_mulhi_epi16(high, scale), value)
}

/// The transform of pairs of blocks, quantised, with their zigzag masks; the
/// rows and `masks` are as long as `blocks`.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn forward_quantised_pairs(
    rows: &PairRows<'_>,
    divisors: &Divisors,
    blocks: &mut [[Block; 2]],
    masks: &mut [[u64; 2]],
) {
    let count = blocks.len();
    let masks = &mut masks[..count];
    let [a, b, c, d, e, f, g, h] = *rows;
    let (a, b, c, d) = (&a[..count], &b[..count], &c[..count], &d[..count]);
    let (e, f, g, h) = (&e[..count], &f[..count], &g[..count], &h[..count]);
    for i in 0..count {
        let pair = [a[i], b[i], c[i], d[i], e[i], f[i], g[i], h[i]];
        // Else the compiler widens the tables once ahead of the loop, and then
        // has to do 32-bit multiplies with them.
        let divisors = std::hint::black_box(divisors);
        let registers = quantise_pair(forward(&pair), divisors);
        masks[i] = pair_masks(registers);
        blocks[i] = split(registers);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn quantise_pair(mut registers: Registers, divisors: &Divisors) -> Registers {
    let both = |table: &[u16; 64], row: usize| {
        let rows: &[[u16; 8]; 8] = must_cast_ref(table);
        _mm256_broadcastsi128_si256(must_cast::<[u16; 8], __m128i>(rows[row]))
    };
    for (row, register) in registers.iter_mut().enumerate() {
        *register = divide(
            *register,
            both(&divisors.bias, row),
            both(&divisors.reciprocal, row),
            both(&divisors.scale, row),
        );
    }
    registers
}

/// The zigzag masks of the non-zero coefficients of two blocks.
#[target_feature(enable = "avx2")]
#[inline]
fn pair_masks(registers: Registers) -> [u64; 2] {
    let mut natural = [0_u64; 2];
    for (quarter, rows) in registers.chunks_exact(2).enumerate() {
        // Bytes 0..16 are the first block's two rows, 16..32 the second's.
        let bits = non_zero_bytes(_mm256_packs_epi16(rows[0], rows[1]));
        natural[0] |= u64::from(bits & 0xFFFF) << (16 * quarter);
        natural[1] |= u64::from(bits >> 16) << (16 * quarter);
    }
    [zigzag_mask(natural[0]), zigzag_mask(natural[1])]
}

/// One bit for each byte that is not 0.
#[target_feature(enable = "avx2")]
#[inline]
fn non_zero_bytes(bytes: __m256i) -> u32 {
    let zero = _mm256_cmpeq_epi8(bytes, _mm256_setzero_si256());
    !_mm256_movemask_epi8(zero).cast_unsigned()
}

/// Quantises one block that is held as results of the transform.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn quantise(held: &Block, divisors: &Divisors) -> (Block, u64) {
    let (held, bias): (&[[i16; 16]; 4], &[[u16; 16]; 4]) = (must_cast_ref(held), must_cast_ref(&divisors.bias));
    let reciprocal: &[[u16; 16]; 4] = must_cast_ref(&divisors.reciprocal);
    let scale: &[[u16; 16]; 4] = must_cast_ref(&divisors.scale);
    let mut block = [[0_i16; 16]; 4];
    for i in 0..4 {
        let quotient = divide(
            must_cast(held[i]),
            must_cast(bias[i]),
            must_cast(reciprocal[i]),
            must_cast(scale[i]),
        );
        block[i] = must_cast(quotient);
    }
    let block: Block = must_cast(block);
    (block, masks::<1>(&block)[0])
}

/// Zigzag masks of the magnitudes that are not 0 when shifted right by 0, 1, …
///
/// Loops instead of `map`: a closure cannot be inlined into a function of the
/// standard library, which lacks the target feature.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn masks<const N: usize>(block: &Block) -> [u64; N] {
    let mut rows: [__m256i; 4] = must_cast(*block);
    for row in &mut rows {
        // Saturating: the magnitude of −32,768 becomes 32,767 and stays positive.
        let negative = _mm256_subs_epi16(_mm256_setzero_si256(), *row);
        *row = _mm256_max_epi16(*row, negative);
    }
    let mut masks = [0; N];
    for mask in &mut masks {
        let (lo, hi) = (
            _mm256_packs_epi16(rows[0], rows[1]),
            _mm256_packs_epi16(rows[2], rows[3]),
        );
        // The packs work within halves; bring the rows back in order.
        let lo = non_zero_bytes(_mm256_permute4x64_epi64::<0b11_01_10_00>(lo));
        let hi = non_zero_bytes(_mm256_permute4x64_epi64::<0b11_01_10_00>(hi));
        *mask = zigzag_mask(u64::from(lo) | u64::from(hi) << 32);
        for row in &mut rows {
            *row = _mm256_srli_epi16::<1>(*row);
        }
    }
    masks
}
