//! The forward DCT (T.81 A.3.3) in integers, and the row of blocks it makes of
//! eight rows of samples.
//!
//! The one-dimensional transform is that of Loeffler, Ligtenberg and Moschytz,
//! "Practical fast 1-D DCT algorithms with 11 multiplications" (ICASSP 1989),
//! with the constants held in 13 bits, and two bits kept between the passes. The
//! results are 8 times the coefficients of the standard and equal those of
//! libjpeg-turbo's accurate integer DCT bit for bit.

use super::quantise::{Block, Divisors};
use multiversion::{multiversion, target::match_target};

/// Fraction bits of the constants.
pub(super) const CONST_BITS: i32 = 13;
/// Fraction bits kept between the passes.
pub(super) const PASS1_BITS: i32 = 2;

/// `value` with [`CONST_BITS`] fraction bits, rounded.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the constants are below 4, so that 13 fraction bits fit"
)]
pub(super) const fn fix(value: f64) -> i32 {
    (value * 8192.0 + 0.5) as i32
}

// Each is a sum of cosines of multiples of π/16 times √2, as in the paper.
pub(super) const C_0_298: i32 = fix(0.298_631_336);
pub(super) const C_0_390: i32 = fix(0.390_180_644);
pub(super) const C_0_541: i32 = fix(0.541_196_100);
pub(super) const C_0_765: i32 = fix(0.765_366_865);
pub(super) const C_0_899: i32 = fix(0.899_976_223);
pub(super) const C_1_175: i32 = fix(1.175_875_602);
pub(super) const C_1_501: i32 = fix(1.501_321_110);
pub(super) const C_1_847: i32 = fix(1.847_759_065);
pub(super) const C_1_961: i32 = fix(1.961_570_560);
pub(super) const C_2_053: i32 = fix(2.053_119_869);
pub(super) const C_2_562: i32 = fix(2.562_915_447);
pub(super) const C_3_072: i32 = fix(3.072_711_026);

/// Eight lines of eight lanes: the transform runs across the lines, each lane by
/// itself, so that the compiler makes vectors of the lanes.
type Lines = [[i16; 8]; 8];

#[inline(always)]
const fn descale(value: i32, bits: i32) -> i32 {
    (value + (1 << (bits - 1))) >> bits
}

/// The one-dimensional transform of eight lanes. The first pass leaves
/// [`PASS1_BITS`] fraction bits, the second removes them; either way 16 bits hold
/// what comes out.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "64 samples of 8 bits give at most 14 bits, and 2 of fraction"
)]
fn transform<const SECOND: bool>(c: &Lines) -> Lines {
    let odd_bits = if SECOND {
        CONST_BITS + PASS1_BITS
    } else {
        CONST_BITS - PASS1_BITS
    };
    let even = |value| {
        if SECOND {
            descale(value, PASS1_BITS) as i16
        } else {
            (value << PASS1_BITS) as i16
        }
    };
    let scaled = |value| descale(value, odd_bits) as i16;

    let mut out = [[0; 8]; 8];
    for i in 0..8 {
        let at = |line: usize| i32::from(c[line][i]);
        let (s07, d07) = (at(0) + at(7), at(0) - at(7));
        let (s16, d16) = (at(1) + at(6), at(1) - at(6));
        let (s25, d25) = (at(2) + at(5), at(2) - at(5));
        let (s34, d34) = (at(3) + at(4), at(3) - at(4));

        let (e0, e3) = (s07 + s34, s07 - s34);
        let (e1, e2) = (s16 + s25, s16 - s25);
        out[0][i] = even(e0 + e1);
        out[4][i] = even(e0 - e1);
        let turned = (e2 + e3) * C_0_541;
        out[2][i] = scaled(turned + e3 * C_0_765);
        out[6][i] = scaled(turned - e2 * C_1_847);

        let (z1, z2) = ((d34 + d07) * -C_0_899, (d25 + d16) * -C_2_562);
        let (z3, z4) = (d34 + d16, d25 + d07);
        let z5 = (z3 + z4) * C_1_175;
        let (z3, z4) = (z5 - z3 * C_1_961, z5 - z4 * C_0_390);
        out[1][i] = scaled(d07 * C_1_501 + z1 + z4);
        out[3][i] = scaled(d16 * C_3_072 + z2 + z3);
        out[5][i] = scaled(d25 * C_2_053 + z2 + z4);
        out[7][i] = scaled(d34 * C_0_298 + z1 + z3);
    }
    out
}

/// The transform of eight rows of eight samples: 8 times the coefficients, in
/// natural order. At most 8,200 in magnitude.
#[inline(always)]
pub(super) fn forward_scalar(rows: &[[u8; 8]; 8]) -> Block {
    let mut columns = [[0; 8]; 8];
    for (y, row) in rows.iter().enumerate() {
        for (column, &sample) in columns.iter_mut().zip(row) {
            column[y] = i16::from(sample) - 128;
        }
    }
    let across = transform::<false>(&columns);
    let mut rows = [[0; 8]; 8];
    for (u, line) in across.iter().enumerate() {
        for (row, &value) in rows.iter_mut().zip(line) {
            row[u] = value;
        }
    }
    bytemuck::must_cast(transform::<true>(&rows))
}

/// Eight rows of samples of equal length: the pixels of one row of blocks.
pub(super) type Rows<'a> = [&'a [u8]; 8];

/// Samples of two neighbouring blocks, row by row.
pub(super) type Pair = [[u8; 16]; 8];

/// Eight rows of the samples of pairs.
pub(super) type PairRows<'a> = [&'a [[u8; 16]]; 8];

/// The first pairs of the rows, as many as lie whole within them and at most
/// `limit`.
#[inline(always)]
fn whole_pairs<'a>(rows: &Rows<'a>, limit: usize) -> PairRows<'a> {
    let shortest = rows.iter().map(|row| row.len() / 16).min().unwrap_or(0);
    let count = shortest.min(limit);
    let mut pairs: PairRows<'_> = [&[]; 8];
    for (pairs, row) in pairs.iter_mut().zip(rows) {
        *pairs = &row.as_chunks().0[..count];
    }
    pairs
}

/// Samples `at..at + 16` of the rows, the last sample repeated beyond the edge.
#[inline(never)]
fn edge_pair(rows: &Rows<'_>, at: usize) -> Pair {
    let mut pair = [[128; 16]; 8];
    for (to, row) in pair.iter_mut().zip(rows) {
        let last = row.last().copied().unwrap_or(128);
        for (i, to) in to.iter_mut().enumerate() {
            *to = row.get(at + i).copied().unwrap_or(last);
        }
    }
    pair
}

/// The two blocks of each pair, in turn.
#[inline(always)]
fn for_halves(rows: &PairRows<'_>, mut each: impl FnMut(usize, usize, &[[u8; 8]; 8])) {
    for i in 0..rows[0].len() {
        let mut halves = [[[0; 8]; 8]; 2];
        for (y, row) in rows.iter().enumerate() {
            [halves[0][y], halves[1][y]] = bytemuck::must_cast(row[i]);
        }
        for (half, block) in halves.iter().enumerate() {
            each(i, half, block);
        }
    }
}

// SSE4.1 for the scalar form: it has the 32-bit multiply that SSE2 lacks.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt", "x86_64+sse3+ssse3+sse4.1+popcnt",))]
fn forward_pairs(rows: &PairRows<'_>, blocks: &mut [[Block; 2]]) {
    match_target! {
        "x86_64+avx+avx2" => super::avx2::forward_pairs(rows, blocks),
        _ => for_halves(rows, |i, half, samples| blocks[i][half] = forward_scalar(samples)),
    }
}

#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt", "x86_64+sse3+ssse3+sse4.1+popcnt",))]
fn forward_quantised_pairs(
    rows: &PairRows<'_>,
    divisors: &Divisors,
    blocks: &mut [[Block; 2]],
    masks: &mut [[u64; 2]],
) {
    match_target! {
        "x86_64+avx+avx2" => super::avx2::forward_quantised_pairs(rows, divisors, blocks, masks),
        _ => for_halves(rows, |i, half, samples| {
            let coefficients = forward_scalar(samples);
            (blocks[i][half], masks[i][half]) = divisors.quantise_scalar(&coefficients);
        }),
    }
}

/// Transforms the samples of `blocks.len()` blocks that lie side by side.
pub(super) fn forward_row(rows: &Rows<'_>, blocks: &mut [Block]) {
    let pairs = whole_pairs(rows, blocks.len() / 2);
    let done = 2 * pairs[0].len();
    let (whole, rest) = blocks.split_at_mut(done);
    forward_pairs(&pairs, whole.as_chunks_mut().0);
    for (pair, rest) in rest.chunks_mut(2).enumerate() {
        let edge = edge_pair(rows, (done + 2 * pair) * 8);
        let mut made = [[[0; 64]; 2]];
        forward_pairs(&edge.each_ref().map(std::slice::from_ref), &mut made);
        rest.copy_from_slice(&made[0][..rest.len()]);
    }
}

/// The same, and quantises: `blocks` and the zigzag masks of their non-zero
/// coefficients are made in one go. Both slices have the same length.
pub(super) fn forward_quantised_row(rows: &Rows<'_>, divisors: &Divisors, blocks: &mut [Block], masks: &mut [u64]) {
    let pairs = whole_pairs(rows, blocks.len().min(masks.len()) / 2);
    let done = 2 * pairs[0].len();
    let (whole, rest) = blocks.split_at_mut(done);
    let (whole_masks, rest_masks) = masks.split_at_mut(done);
    let whole_masks = whole_masks.as_chunks_mut().0;
    forward_quantised_pairs(&pairs, divisors, whole.as_chunks_mut().0, whole_masks);
    let rests = rest.chunks_mut(2).zip(rest_masks.chunks_mut(2));
    for (pair, (rest, rest_masks)) in rests.enumerate() {
        let edge = edge_pair(rows, (done + 2 * pair) * 8);
        let edge = edge.each_ref().map(std::slice::from_ref);
        let (mut made, mut made_masks) = ([[[0; 64]; 2]], [[0; 2]]);
        forward_quantised_pairs(&edge, divisors, &mut made, &mut made_masks);
        rest.copy_from_slice(&made[0][..rest.len()]);
        rest_masks.copy_from_slice(&made_masks[0][..rest_masks.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::quant::{Quality, QuantTables};

    fn samples(seed: u64, count: usize) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        (0..count)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let byte = (state >> 32) as u8;
                match seed % 4 {
                    0 => byte,
                    1 => 255 * (byte & 1),
                    2 => 255 * u8::from(byte > 250),
                    _ => 120 + byte % 16,
                }
            })
            .collect()
    }

    /// The definition of T.81 A.3.3 in double precision, times 8.
    fn definition(rows: &[[u8; 8]; 8]) -> [f64; 64] {
        let c = |u: usize| if u == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let cosine = |x: usize, u: usize| ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos();
        std::array::from_fn(|i| {
            let (v, u) = (i / 8, i % 8);
            let mut sum = 0.0;
            for (y, row) in rows.iter().enumerate() {
                for (x, &sample) in row.iter().enumerate() {
                    sum += (f64::from(sample) - 128.0) * cosine(x, u) * cosine(y, v);
                }
            }
            2.0 * c(u) * c(v) * sum
        })
    }

    #[test]
    fn scalar_follows_the_definition() {
        for seed in 0..400 {
            let data = samples(seed, 64);
            let rows = std::array::from_fn(|y| std::array::from_fn(|x| data[y * 8 + x]));
            let exact = definition(&rows);
            for (got, want) in forward_scalar(&rows).iter().zip(exact) {
                assert!((f64::from(*got) - want).abs() < 2.5, "{got} for {want}");
            }
        }
    }

    #[test]
    fn rows_equal_the_scalar_form_at_every_width() {
        for width in 1..=70 {
            for seed in 0..40 {
                let data = samples(seed, 8 * width);
                let rows: Rows<'_> = std::array::from_fn(|y| &data[y * width..(y + 1) * width]);
                let count = width.div_ceil(8);
                let mut held = vec![[7; 64]; count];
                forward_row(&rows, &mut held);
                let (mut blocks, mut masks) = (vec![[7; 64]; count], vec![7; count]);
                let quality = [1.0, 50.0, 90.0, 100.0][seed as usize % 4];
                let tables = QuantTables::from_quality(Quality::new(quality).expect("a valid quality"));
                let divisors = Divisors::new(&tables.luma);
                forward_quantised_row(&rows, &divisors, &mut blocks, &mut masks);
                for block in 0..count {
                    let wanted = forward_scalar(&std::array::from_fn(|y| {
                        std::array::from_fn(|x| rows[y][(block * 8 + x).min(width - 1)])
                    }));
                    assert_eq!(held[block], wanted, "width {width}, block {block}");
                    let (wanted, mask) = divisors.quantise_scalar(&wanted);
                    assert_eq!(blocks[block], wanted, "width {width}, block {block}");
                    assert_eq!(masks[block], mask, "width {width}, block {block}");
                }
            }
        }
    }

    #[test]
    fn extreme_patterns_equal_the_scalar_form() {
        // Signs of every basis function at full swing reach the largest sums.
        for pattern in 0..64 {
            for flip in [false, true] {
                let (v, u) = (pattern / 8, pattern % 8);
                let sign =
                    |x: usize, u: usize| ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos() >= 0.0;
                let data: Vec<u8> = (0..128)
                    .map(|i| {
                        let (y, x) = (i / 16, i % 8);
                        255 * u8::from((sign(x, u) == sign(y, v)) != flip)
                    })
                    .collect();
                let rows: Rows<'_> = std::array::from_fn(|y| &data[y * 16..(y + 1) * 16]);
                let mut held = [[0; 64]; 2];
                forward_row(&rows, &mut held);
                let block = std::array::from_fn(|y| std::array::from_fn(|x| rows[y][x]));
                assert_eq!(held, [forward_scalar(&block); 2]);
                assert!(held[0].iter().all(|c| c.abs() <= 8200));
            }
        }
    }
}
