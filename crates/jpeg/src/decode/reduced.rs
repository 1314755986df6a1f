//! Inverse DCTs of fewer samples than a block has: a picture at 1/2, 1/4 or 1/8 of its size straight from the
//! coefficients.
//!
//! Sampled at `n` points, the cosines of T.81 A.3.3 fall onto those of an `n`-point transform. What each
//! coefficient weighs there is the frequency response of the filter; it is chosen so that it
//! comes closest to a full decode and a good filter, as far as one block without its neighbours can.
#![expect(
    clippy::cast_possible_truncation,
    reason = "values are clamped before they are narrowed, constants fit"
)]

use multiversion::{multiversion, target::match_target};

use super::idct::{Steps, inverse_row};
use super::planes::Scale;

/// Weights of coefficients 1 to 7 on four points; the fourth has none there.
///
/// Fitted by least squares on 24 camera photos to what a full decode and a Lanczos3 filter give. Luma then
/// differs from that by 49.9 dB in the mean (38.9 dB at worst); averaging two by two samples and libjpeg's
/// scaled decoding both by 46.7 dB (33.6), plain truncation to the low coefficients by 47.8 dB (36.7).
const HALF_WEIGHTS: [f64; 7] = [1.001_5, 0.978_4, 0.829_8, 0.0, 0.159_6, -0.016_2, -0.034];

/// Weights of coefficients 1, 3, 5 and 7 on two points, fitted likewise: 45.3 dB in the mean (35.9 at worst)
/// against 44.1 dB (34.1) of averaging and 44.0 dB (34.1) of libjpeg.
const QUARTER_WEIGHTS: [f64; 4] = [0.936_7, 0.041_5, -0.099_8, 0.092_7];

/// Half of cos(pi/4), cos(pi/8) and cos(3 pi/8).
const COS_4: f64 = 0.353_553_391;
const COS_8: f64 = 0.461_939_766;
const COS_8_3: f64 = 0.191_341_716;

/// What each of the eight coefficients contributes to each of `N` points, times 2^13.
pub(super) type Factors<const N: usize> = [[i16; 8]; N];

const fn factors<const N: usize>(waves: [[f64; 8]; N]) -> Factors<N> {
    let mut factors = [[0; 8]; N];
    let mut j = 0;
    while j < N {
        let mut k = 0;
        while k < 8 {
            let value = waves[j][k] * 8192.0;
            factors[j][k] = (value + if value < 0.0 { -0.5 } else { 0.5 }) as i16;
            k += 1;
        }
        j += 1;
    }
    factors
}

pub(super) const HALF: Factors<4> = {
    let [w1, w2, w3, _, w5, w6, w7] = HALF_WEIGHTS;
    let (a, b, c) = (COS_4, COS_8, COS_8_3);
    factors([
        [a, w1 * b, w2 * a, w3 * c, 0.0, -w5 * c, -w6 * a, -w7 * b],
        [a, w1 * c, -w2 * a, -w3 * b, 0.0, w5 * b, w6 * a, -w7 * c],
        [a, -w1 * c, -w2 * a, w3 * b, 0.0, -w5 * b, w6 * a, w7 * c],
        [a, -w1 * b, w2 * a, -w3 * c, 0.0, w5 * c, -w6 * a, w7 * b],
    ])
};

pub(super) const QUARTER: Factors<2> = {
    let [w1, w3, w5, w7] = QUARTER_WEIGHTS;
    let a = COS_4;
    factors([
        [a, w1 * a, 0.0, -w3 * a, 0.0, -w5 * a, 0.0, w7 * a],
        [a, -w1 * a, 0.0, w3 * a, 0.0, w5 * a, 0.0, -w7 * a],
    ])
};

/// Bits dropped after the columns, which leaves three, and after the rows.
pub(super) const COLUMN_SHIFT: u32 = 13 - 3;
pub(super) const ROW_SHIFT: u32 = 13 + 3;

/// Turns a row of blocks into samples as [`inverse_row`] does, `scale.block_size()` wide and high each.
pub(super) fn inverse_row_at(scale: Scale, blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8], stride: usize) {
    match scale {
        Scale::Full => inverse_row(blocks, steps, out, stride),
        Scale::Half => half_row(blocks, steps, out, stride),
        Scale::Quarter => quarter_row(blocks, steps, out, stride),
        Scale::Eighth => eighth_row(blocks, steps, out),
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn half_row(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8], stride: usize) {
    match_target! {
        "x86_64+avx2" => super::reduced_avx2::half_row(blocks, steps, out, stride),
        _ => row_scalar(&HALF, blocks, steps, out, stride),
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn quarter_row(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8], stride: usize) {
    match_target! {
        "x86_64+avx2" => super::reduced_avx2::quarter_row(blocks, steps, out, stride),
        _ => row_scalar(&QUARTER, blocks, steps, out, stride),
    }
}

fn eighth_row(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8]) {
    for (to, block) in out.iter_mut().zip(blocks) {
        // The DC coefficient is eight times the mean (A.3.3).
        *to = sample(i32::from(block[0].wrapping_mul(steps[0])), 3);
    }
}

/// The samples of blocks, without intrinsics.
pub(super) fn row_scalar<const N: usize>(
    factors: &Factors<N>,
    blocks: &[[i16; 64]],
    steps: &Steps,
    out: &mut [u8],
    stride: usize,
) {
    for (index, block) in blocks.iter().enumerate() {
        let samples = block_scalar(factors, block, steps);
        for (y, row) in samples.iter().enumerate() {
            let start = y * stride + index * N;
            if let Some(to) = out.get_mut(start..start + N) {
                to.copy_from_slice(row);
            }
        }
    }
}

/// Columns, then rows. As in `idct.rs`, what no encoder makes wraps, saturates and is clamped.
fn block_scalar<const N: usize>(factors: &Factors<N>, block: &[i16; 64], steps: &Steps) -> [[u8; N]; N] {
    let mut columns = [[0i16; 8]; N];
    for (row, factors) in columns.iter_mut().zip(factors) {
        for (x, value) in row.iter_mut().enumerate() {
            let mut column = [0; 8];
            for (k, coefficient) in column.iter_mut().enumerate() {
                *coefficient = block[8 * k + x].wrapping_mul(steps[8 * k + x]);
            }
            let sum = weigh(&column, factors);
            let value_32 = sum.wrapping_add(1 << (COLUMN_SHIFT - 1)) >> COLUMN_SHIFT;
            *value = value_32.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        }
    }
    let mut out = [[0; N]; N];
    for (to, row) in out.iter_mut().zip(&columns) {
        for (to, factors) in to.iter_mut().zip(factors) {
            *to = sample(weigh(row, factors), ROW_SHIFT);
        }
    }
    out
}

/// All samples of a block that has nothing but a DC coefficient: what [`block_scalar`] comes to.
#[inline(always)]
pub(super) fn flat_sample(dc: i16, steps: &Steps) -> u8 {
    // The same factor at every point of every size.
    let factor = i32::from(HALF[0][0]);
    let sum = i32::from(dc.wrapping_mul(steps[0])) * factor;
    let column = (sum + (1 << (COLUMN_SHIFT - 1))) >> COLUMN_SHIFT;
    let column = column.clamp(i32::from(i16::MIN), i32::from(i16::MAX));
    sample(column * factor, ROW_SHIFT)
}

#[inline(always)]
fn weigh(values: &[i16; 8], factors: &[i16; 8]) -> i32 {
    values.iter().zip(factors).fold(0i32, |sum, (&value, &factor)| {
        sum.wrapping_add(i32::from(value) * i32::from(factor))
    })
}

/// Drops `shift` bits with rounding, shifts the level by 128 and clamps.
#[inline(always)]
fn sample(value: i32, shift: u32) -> u8 {
    let value = value.wrapping_add(1 << (shift - 1)) >> shift;
    (value.clamp(-128, 127) + 128) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The weighted sum of cosines in double precision.
    fn definition(block: &[i16; 64], weights: [f64; 8], size: usize) -> Vec<f64> {
        let wave = |j: usize, u: usize| {
            let angle = (2 * j + 1) as f64 * u as f64 * std::f64::consts::PI / (2 * size) as f64;
            let scale = if u == 0 { 0.5f64.sqrt() } else { 1.0 };
            0.5 * scale * weights[u] * angle.cos()
        };
        let mut samples = Vec::new();
        for y in 0..size {
            for x in 0..size {
                let sum: f64 = block
                    .iter()
                    .enumerate()
                    .map(|(index, &value)| f64::from(value) * wave(y, index / 8) * wave(x, index % 8))
                    .sum();
                samples.push((sum + 128.0).clamp(0.0, 255.0));
            }
        }
        samples
    }

    #[test]
    fn follow_the_definition() {
        let [a, b, c, _, d, e, f] = HALF_WEIGHTS;
        let half = [1.0, a, b, c, 0.0, d, e, f];
        let [a, b, c, d] = QUARTER_WEIGHTS;
        // On two points, even coefficients but the first are nothing.
        let quarter = [1.0, a, 0.0, b, 0.0, c, 0.0, d];
        let mut seed = 5u32;
        for _ in 0..200 {
            let mut block = [0i16; 64];
            for value in &mut block {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *value = ((seed >> 16) % 121) as i16 - 60;
            }
            block[0] *= 10;
            for (scale, weights) in [
                (Scale::Half, half),
                (Scale::Quarter, quarter),
                (Scale::Eighth, [1.0; 8]),
            ] {
                let size = scale.block_size();
                let mut out = vec![0; size * size];
                inverse_row_at(scale, &[block], &[1; 64], &mut out, size);
                for (&sample, exact) in out.iter().zip(definition(&block, weights, size)) {
                    let off = (f64::from(sample) - exact).abs();
                    let alone = scale == Scale::Eighth;
                    assert!(off < 0.7 || alone, "{scale:?}: {sample} {exact}");
                }
                if scale == Scale::Eighth {
                    assert_eq!(
                        i32::from(out[0]),
                        ((i32::from(block[0]) + 4) >> 3).clamp(-128, 127) + 128
                    );
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn vectorised_equals_scalar(
            blocks in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(prop_oneof![Just(0i16), -300i16..300, any::<i16>()], 64),
                    any::<i16>().prop_map(|dc| [vec![dc], vec![0; 63]].concat()),
                ],
                1..6,
            ),
            step in prop_oneof![Just(1i16), 1i16..256, any::<i16>()],
        ) {
            let blocks: Vec<[i16; 64]> = blocks
                .into_iter()
                .map(|block| block.try_into().expect("64 coefficients"))
                .collect();
            let mut scalar = vec![0; 16 * blocks.len()];
            let mut dispatched = vec![1; 16 * blocks.len()];
            let stride = 4 * blocks.len();
            row_scalar(&HALF, &blocks, &[step; 64], &mut scalar, stride);
            half_row(&blocks, &[step; 64], &mut dispatched, stride);
            prop_assert_eq!(&scalar, &dispatched);
            let (scalar, dispatched) = (&mut scalar[..stride], &mut dispatched[..stride]);
            row_scalar(&QUARTER, &blocks, &[step; 64], scalar, stride / 2);
            quarter_row(&blocks, &[step; 64], dispatched, stride / 2);
            prop_assert_eq!(scalar, dispatched);
        }
    }

    #[test]
    fn extremes_agree() {
        for value in [i16::MIN, -1, 1, i16::MAX] {
            for step in [1, i16::MAX, i16::MIN] {
                let (blocks, steps) = ([[value; 64]; 2], [step; 64]);
                let (mut scalar, mut dispatched) = ([0; 32], [1; 32]);
                row_scalar(&HALF, &blocks, &steps, &mut scalar, 8);
                half_row(&blocks, &steps, &mut dispatched, 8);
                assert_eq!(scalar, dispatched);
            }
        }
    }
}
