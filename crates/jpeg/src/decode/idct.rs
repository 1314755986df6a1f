//! The inverse DCT (T.81 A.3.3) after Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms
//! with 11 multiplications" (ICASSP 1989), in integers: the same numbers as libjpeg's accurate method.
//!
//! Constants have 13 fractional bits, the intermediate result between columns and rows has 2. Coefficients
//! that no encoder makes (beyond ±1,024 dequantised) would not fit everywhere; they behave as
//! 16-bit lanes do, in every form: dequantisation and the first sums wrap, the intermediate result and the sample
//! saturate.
#![expect(
    clippy::cast_possible_truncation,
    reason = "values are clamped before they are narrowed, constants fit"
)]

use multiversion::{multiversion, target::match_target};

/// 2^13 times the constant, rounded.
const fn fix(constant: f64) -> i16 {
    (constant * 8192.0 + 0.5) as i16
}

const C_0_298: i16 = fix(0.298_631_336);
const C_0_390: i16 = fix(0.390_180_644);
const C_0_541: i16 = fix(0.541_196_100);
const C_0_765: i16 = fix(0.765_366_865);
const C_0_899: i16 = fix(0.899_976_223);
const C_1_175: i16 = fix(1.175_875_602);
const C_1_501: i16 = fix(1.501_321_110);
const C_1_847: i16 = fix(1.847_759_065);
const C_1_961: i16 = fix(1.961_570_560);
const C_2_053: i16 = fix(2.053_119_869);
const C_2_562: i16 = fix(2.562_915_447);
const C_3_072: i16 = fix(3.072_711_026);

/// Six rotations, each with its two pairs of factors: `x * a + y * b` and `x * c + y * d`.
pub(super) type Rotation = [(i16, i16); 2];
/// On coefficients 2 and 6.
pub(super) const EVEN: Rotation = [(C_0_541 + C_0_765, C_0_541), (C_0_541, C_0_541 - C_1_847)];
/// On 7 + 3 and 5 + 1.
pub(super) const ODD_SUMS: Rotation = [(C_1_175 - C_1_961, C_1_175), (C_1_175, C_1_175 - C_0_390)];
/// On 7 and 1.
pub(super) const ODD_OUTER: Rotation = [(C_0_298 - C_0_899, -C_0_899), (-C_0_899, C_1_501 - C_0_899)];
/// On 5 and 3.
pub(super) const ODD_INNER: Rotation = [(C_2_053 - C_2_562, -C_2_562), (-C_2_562, C_3_072 - C_2_562)];

/// Bits dropped after the columns and after the rows.
pub(super) const COLUMN_SHIFT: u32 = 13 - 2;
pub(super) const ROW_SHIFT: u32 = 13 + 2 + 3;

/// A quantisation table as the kernels want it: steps above 32,767 wrap, as the products do.
pub(super) type Steps = [i16; 64];

pub(super) fn steps(quant: &[u16; 64]) -> Steps {
    quant.map(|step| step as i16)
}

/// Turns a row of blocks into samples: block `i` goes to the 8 samples from `8 * i` on in each of eight rows
/// of `out`, which are `stride` samples apart.
///
/// `out` holds at least `7 * stride + 8 * blocks.len()` samples; blocks that do not fit are left out.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn inverse_row(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8], stride: usize) {
    match_target! {
        "x86_64+avx2" => super::idct_avx2::inverse_row(blocks, steps, out, stride),
        _ => inverse_row_scalar(blocks, steps, out, stride),
    }
}

/// [`inverse_row`] without intrinsics.
#[inline]
pub(super) fn inverse_row_scalar(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8], stride: usize) {
    for (index, block) in blocks.iter().enumerate() {
        let samples = inverse_block(block, steps);
        store(&samples, out, stride, 8 * index);
    }
}

/// Puts the eight rows of a block at column `x`.
#[inline(always)]
pub(super) fn store(samples: &[[u8; 8]; 8], out: &mut [u8], stride: usize, x: usize) {
    for (y, row) in samples.iter().enumerate() {
        let start = y * stride + x;
        if let Some(to) = out.get_mut(start..start + 8) {
            to.copy_from_slice(row);
        }
    }
}

/// One block: columns, then rows, level-shifted by 128 (A.3.1).
#[inline]
pub(super) fn inverse_block(block: &[i16; 64], steps: &Steps) -> [[u8; 8]; 8] {
    let mut rows = [[0i16; 8]; 8];
    for (row, (coefficients, steps)) in rows.iter_mut().zip(block.as_chunks().0.iter().zip(steps.as_chunks().0)) {
        let (coefficients, steps): (&[i16; 8], &[i16; 8]) = (coefficients, steps);
        for (value, (&coefficient, &step)) in row.iter_mut().zip(coefficients.iter().zip(steps)) {
            *value = coefficient.wrapping_mul(step);
        }
    }
    // Without vertical detail the columns are constant. The general form would do, but for wild DC
    // values it saturates where the short form, which others take, wraps.
    let flat = block.iter().skip(8).all(|&coefficient| coefficient == 0);
    let columns = if flat {
        [rows[0].map(|value| value << 2); 8]
    } else {
        one_dimension::<COLUMN_SHIFT>(&rows)
    };
    let samples = transpose(&one_dimension::<ROW_SHIFT>(&transpose(&columns)));
    let mut out = [[0; 8]; 8];
    for (to, row) in out.iter_mut().zip(&samples) {
        for (to, value) in to.iter_mut().zip(row) {
            *to = ((*value).clamp(-128, 127) + 128) as u8;
        }
    }
    out
}

#[inline(always)]
fn transpose(rows: &[[i16; 8]; 8]) -> [[i16; 8]; 8] {
    let mut out = [[0; 8]; 8];
    for (x, row) in rows.iter().enumerate() {
        for (y, value) in row.iter().enumerate() {
            out[y][x] = *value;
        }
    }
    out
}

/// The one-dimensional transform down the eight columns of `rows`.
#[inline(always)]
fn one_dimension<const SHIFT: u32>(rows: &[[i16; 8]; 8]) -> [[i16; 8]; 8] {
    let mut out = [[0i16; 8]; 8];
    for lane in 0..8 {
        let at = |row: usize| rows[row][lane];
        let rotate = |x: i16, y: i16, [(a, b), (c, d)]: Rotation| {
            let (x, y) = (i32::from(x), i32::from(y));
            let sum = |a: i16, b: i16| (x * i32::from(a)).wrapping_add(y * i32::from(b));
            (sum(a, b), sum(c, d))
        };
        let sum = i32::from(at(0).wrapping_add(at(4))) << 13;
        let difference = i32::from(at(0).wrapping_sub(at(4))) << 13;
        let (outer, inner) = rotate(at(2), at(6), EVEN);
        let even = [
            sum.wrapping_add(outer),
            difference.wrapping_add(inner),
            difference.wrapping_sub(inner),
            sum.wrapping_sub(outer),
        ];
        let (z3, z4) = rotate(at(7).wrapping_add(at(3)), at(5).wrapping_add(at(1)), ODD_SUMS);
        let (seven, one) = rotate(at(7), at(1), ODD_OUTER);
        let (five, three) = rotate(at(5), at(3), ODD_INNER);
        let odd = [
            one.wrapping_add(z4),
            three.wrapping_add(z3),
            five.wrapping_add(z4),
            seven.wrapping_add(z3),
        ];
        for (k, (&even, &odd)) in even.iter().zip(&odd).enumerate() {
            out[k][lane] = descale::<SHIFT>(even.wrapping_add(odd));
            out[7 - k][lane] = descale::<SHIFT>(even.wrapping_sub(odd));
        }
    }
    out
}

/// Drops `SHIFT` bits with rounding and saturates.
#[inline(always)]
fn descale<const SHIFT: u32>(value: i32) -> i16 {
    let value = value.wrapping_add(1 << (SHIFT - 1)) >> SHIFT;
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(blocks: &[[i16; 64]], steps: &Steps) -> (Vec<u8>, Vec<u8>) {
        let stride = 8 * blocks.len();
        let mut scalar = vec![0; 8 * stride];
        let mut dispatched = vec![1; 8 * stride];
        inverse_row_scalar(blocks, steps, &mut scalar, stride);
        inverse_row(blocks, steps, &mut dispatched, stride);
        (scalar, dispatched)
    }

    /// Blocks as photos have them, sparse ones, and wild ones.
    fn block() -> impl Strategy<Value = [i16; 64]> {
        let sparse = proptest::collection::vec((0usize..64, -1024i16..1024), 0..6);
        let wild = proptest::collection::vec((0usize..64, any::<i16>()), 0..6);
        let dense = proptest::collection::vec((0usize..64, any::<i16>()), 64);
        (prop_oneof![sparse, wild, dense], 0..4).prop_map(|(values, shape)| {
            let mut block = [0; 64];
            for (place, value) in values {
                // Everywhere, in the first row, in the upper half, in the upper left quarter.
                let place = match shape {
                    0 => place,
                    1 => place % 8,
                    2 => place % 32,
                    _ => (place % 32) & !4,
                };
                block[place] = value;
            }
            block
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn vectorised_equals_scalar(
            blocks in proptest::collection::vec(block(), 1..6),
            step in prop_oneof![Just(1u16), 1u16..256, any::<u16>()],
        ) {
            let steps = steps(&[step; 64]);
            let (scalar, dispatched) = rows(&blocks, &steps);
            prop_assert_eq!(scalar, dispatched);
        }
    }

    #[test]
    fn extremes_agree() {
        let values = [i16::MIN, -8193, -8192, -1024, -1, 0, 1, 1023, 8191, 8192, i16::MAX];
        for a in values {
            for b in values {
                let mut mixed = [a; 64];
                mixed.iter_mut().step_by(3).for_each(|value| *value = b);
                let mut dc = [0; 64];
                dc[0] = a;
                dc[1] = b;
                let (scalar, dispatched) = rows(&[mixed, dc, [b; 64]], &[1; 64]);
                assert_eq!(scalar, dispatched, "{a} {b}");
            }
        }
    }

    /// The definition of A.3.3 in double precision: the integers are off by rounding only.
    #[test]
    fn follows_the_definition() {
        let mut seed = 1u32;
        for _ in 0..200 {
            let mut block = [0i16; 64];
            for value in &mut block {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *value = ((seed >> 16) % 121) as i16 - 60;
            }
            let samples = inverse_block(&block, &[1; 64]);
            for (y, row) in samples.iter().enumerate() {
                for (x, &sample) in row.iter().enumerate() {
                    let exact = definition(&block, x, y);
                    let expected = (exact + 128.0).clamp(0.0, 255.0);
                    assert!((f64::from(sample) - expected).abs() < 0.6, "{sample} {expected}");
                }
            }
        }
    }

    fn definition(block: &[i16; 64], x: usize, y: usize) -> f64 {
        let scale = |k: usize| if k == 0 { 0.5f64.sqrt() } else { 1.0 };
        let wave =
            |position: usize, k: usize| ((2 * position + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
        let mut sum = 0.0;
        for (index, &value) in block.iter().enumerate() {
            let (u, v) = (index % 8, index / 8);
            sum += scale(u) * scale(v) * f64::from(value) * wave(x, u) * wave(y, v);
        }
        sum / 4.0
    }
}
