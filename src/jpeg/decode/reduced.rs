//! Inverse DCTs of fewer samples than a block has: a picture at 1/2, 1/4 or 1/8 of its size straight from the
//! coefficients.

use multiversion::multiversion;

use super::idct::{Steps, inverse_row};
use super::planes::Scale;

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
    for (index, block) in blocks.iter().enumerate() {
        store(&half_block(block, steps), out, stride, index);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn quarter_row(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8], stride: usize) {
    for (index, block) in blocks.iter().enumerate() {
        store(&quarter_block(block, steps), out, stride, index);
    }
}

fn eighth_row(blocks: &[[i16; 64]], steps: &Steps, out: &mut [u8]) {
    for (to, block) in out.iter_mut().zip(blocks) {
        // The DC coefficient is eight times the mean (A.3.3).
        *to = sample(i32::from(block[0].wrapping_mul(steps[0])), 3);
    }
}

#[inline(always)]
fn store<const N: usize>(samples: &[[u8; N]; N], out: &mut [u8], stride: usize, index: usize) {
    for (y, row) in samples.iter().enumerate() {
        let start = y * stride + index * N;
        if let Some(to) = out.get_mut(start..start + N) {
            to.copy_from_slice(row);
        }
    }
}

/// Drops `shift` bits with rounding, shifts the level by 128 and clamps.
#[inline(always)]
fn sample(value: i32, shift: u32) -> u8 {
    let value = value.wrapping_add(1 << (shift - 1)) >> shift;
    (value.clamp(-128, 127) + 128) as u8
}

/// Dequantised coefficients as rows of lanes.
#[inline(always)]
fn dequantise(block: &[i16; 64], steps: &Steps) -> [[i32; 8]; 8] {
    let mut rows = [[0; 8]; 8];
    for (row, (coefficients, steps)) in rows
        .iter_mut()
        .zip(block.as_chunks::<8>().0.iter().zip(steps.as_chunks::<8>().0))
    {
        for (value, (&coefficient, &step)) in row.iter_mut().zip(coefficients.iter().zip(steps)) {
            *value = i32::from(coefficient.wrapping_mul(step));
        }
    }
    rows
}

#[inline(always)]
fn half_block(block: &[i16; 64], steps: &Steps) -> [[u8; 4]; 4] {
    let rows = dequantise(block, steps);
    let mut columns = [[0; 8]; 4];
    for lane in 0..8 {
        let values = four_points(std::array::from_fn(|k| rows[k][lane]));
        for (row, value) in columns.iter_mut().zip(values) {
            row[lane] = value.wrapping_add(1 << 9) >> 10;
        }
    }
    columns.map(|row| four_points(row).map(|value| sample(value, 16)))
}

#[inline(always)]
fn quarter_block(block: &[i16; 64], steps: &Steps) -> [[u8; 2]; 2] {
    let rows = dequantise(block, steps);
    let mut columns = [[0; 8]; 2];
    for lane in 0..8 {
        let values = two_points(std::array::from_fn(|k| rows[k][lane]));
        for (row, value) in columns.iter_mut().zip(values) {
            row[lane] = value.wrapping_add(1 << 9) >> 10;
        }
    }
    columns.map(|row| two_points(row).map(|value| sample(value, 16)))
}

/// Weights of coefficients 1 to 7 on four points.
const HALF_WEIGHTS: [f64; 7] = [
    0.980_785_280,
    0.923_879_533,
    0.831_469_612,
    0.0,
    0.555_570_233,
    0.382_683_432,
    0.195_090_322,
];

/// 2^13 times the constant, rounded.
const fn fix(constant: f64) -> i32 {
    (constant * 8192.0 + if constant < 0.0 { -0.5 } else { 0.5 }) as i32
}

/// Half of cos(pi/4), cos(pi/8) and cos(3 pi/8).
const COS_4: f64 = 0.353_553_391;
const COS_8: f64 = 0.461_939_766;
const COS_8_3: f64 = 0.191_341_716;

#[inline(always)]
fn weigh(f: [i32; 8], terms: [(usize, i32); 4]) -> i32 {
    terms.iter().fold(0i32, |sum, &(k, factor)| {
        sum.wrapping_add(f[k & 7].wrapping_mul(factor))
    })
}

/// Four points of the eight-point transform, times 2^13.
#[inline(always)]
fn four_points(f: [i32; 8]) -> [i32; 4] {
    const W: [f64; 7] = HALF_WEIGHTS;
    let mean = f[0].wrapping_mul(fix(COS_4));
    let bend = f[2]
        .wrapping_mul(fix(COS_4 * W[1]))
        .wrapping_sub(f[6].wrapping_mul(fix(COS_4 * W[5])));
    let outer = weigh(
        f,
        [
            (1, fix(COS_8 * W[0])),
            (3, fix(COS_8_3 * W[2])),
            (5, fix(-COS_8_3 * W[4])),
            (7, fix(-COS_8 * W[6])),
        ],
    );
    let inner = weigh(
        f,
        [
            (1, fix(COS_8_3 * W[0])),
            (3, fix(-COS_8 * W[2])),
            (5, fix(COS_8 * W[4])),
            (7, fix(-COS_8_3 * W[6])),
        ],
    );
    let (high, low) = (mean.wrapping_add(bend), mean.wrapping_sub(bend));
    [
        high.wrapping_add(outer),
        low.wrapping_add(inner),
        low.wrapping_sub(inner),
        high.wrapping_sub(outer),
    ]
}

/// Weights of coefficients 1, 3, 5 and 7 on two points.
const QUARTER_WEIGHTS: [f64; 4] = [0.906_127_446, 0.318_189_645, -0.212_607_524, -0.180_239_956];

/// Two points of the eight-point transform, times 2^13.
#[inline(always)]
fn two_points(f: [i32; 8]) -> [i32; 2] {
    const W: [f64; 4] = QUARTER_WEIGHTS;
    let mean = f[0].wrapping_mul(fix(COS_4));
    let slope = weigh(
        f,
        [
            (1, fix(COS_4 * W[0])),
            (3, fix(-COS_4 * W[1])),
            (5, fix(-COS_4 * W[2])),
            (7, fix(COS_4 * W[3])),
        ],
    );
    [mean.wrapping_add(slope), mean.wrapping_sub(slope)]
}
