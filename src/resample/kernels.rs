//! The arithmetic of [`planes`](super::planes): weighted sums of rows, then of columns, in 32-bit floats.
//!
//! Sums are multiplied and added in one fixed order, without fused operations: every processor gives the same bytes.
//! Sixteen target rows are made at a time and kept transposed, so that the sums along rows are again sums of whole
//! vectors; bytes are turned back in registers. Beside each AVX2 form stands the plain one.

use multiversion::{multiversion, target::match_target};

/// Target rows that are made together: two vectors of eight, and a cache line of floats.
pub(crate) const LINES: usize = 16;

/// Columns of a tile: 256 bytes of each row, so that even a hundred rows of it stay in the first-level cache.
pub(super) const TILE: usize = 64;

/// Linear light of a sample from 0 to 255, in units of 1/255²: the polynomial without constant term, from the first
/// power on, that follows the sRGB curve (IEC 61966-2-1) best in coded levels; it stays within 1.4 of them.
pub(super) const TO_LINEAR: [f32; 3] = [12.056_165, 0.548_688_9, 0.001_584_439_4];

/// What is added to linear light before the square root is taken on the way back, so that the root is smooth at black.
pub(super) const FROM_LINEAR_SHIFT: f32 = 65.465_85;

/// The way back from linear light: the polynomial in that root, from its constant term on, that undoes [`TO_LINEAR`] to
/// 0.04 levels.
pub(super) const FROM_LINEAR: [f32; 5] = [-11.081_954, 1.390_347_2, -0.002_350_983, 5.473_81e-6, -6.264_012_4e-9];

/// A column of sixteen target rows.
pub(super) type Column = [f32; LINES];

/// One row of a tile.
pub(super) type TileRow = [[f32; 8]; TILE / 8];

/// A square of bytes on its way out.
pub(super) type Square = [[u8; 16]; 16];

/// Weighted sums of source rows: which rows each target row begins with, and their weights.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// The source rows, `stride` bytes each, a multiple of [`TILE`].
    pub(super) samples: &'a [u8],
    pub(super) stride: usize,
    /// The first source row of each target row, at most [`LINES`] of them.
    pub(super) first: &'a [usize],
    /// What `first` counts from.
    pub(super) origin: usize,
    /// As many weights for each target row.
    pub(super) taps: usize,
    pub(super) weights: &'a [f32],
    /// Whether samples are brought to linear light first.
    pub(super) linear: bool,
}

impl Rows<'_> {
    /// The place of each target row's first source row in the tile, and its weights.
    #[inline(always)]
    pub(super) fn sums(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let weights = self.weights.chunks_exact(self.taps);
        let first = self.first.iter().map(|first| first - self.origin);
        first.zip(weights)
    }
}

/// Weighted sums of columns.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) first: &'a [usize],
    pub(super) taps: usize,
    pub(super) weights: &'a [f32],
    /// Whether sums are brought back from linear light.
    pub(super) linear: bool,
}

// FMA is left out on purpose: the compiler does not fuse by itself, and nothing else here may.
/// Makes the columns of up to sixteen target rows: `columns` is as long as a source row, `tile` as there are source rows.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt", "x86_64+sse3+ssse3+sse4.1+popcnt"))]
pub(super) fn vertical(rows: &Rows<'_>, tile: &mut [TileRow], columns: &mut [Column]) {
    for (index, columns) in columns.chunks_exact_mut(TILE).enumerate() {
        for (row, wide) in rows.samples.chunks_exact(rows.stride).zip(tile.iter_mut()) {
            if let Some(bytes) = row.get(index * TILE..).and_then(|row| row.first_chunk::<TILE>()) {
                load(bytes, wide, rows.linear);
            }
        }
        sum_rows(rows, tile, columns);
    }
}

/// Makes the columns of one tile.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt", "x86_64+sse3+ssse3+sse4.1+popcnt"))]
fn sum_rows(rows: &Rows<'_>, tile: &[TileRow], columns: &mut [Column]) {
    match_target! {
        "x86_64+avx+avx2" => super::avx2::sum_rows(rows, tile, columns),
        _ => sum_rows_plain(rows, tile, columns),
    }
}

#[inline(always)]
fn sum_rows_plain(rows: &Rows<'_>, tile: &[TileRow], columns: &mut [Column]) {
    let mut made = [[[0.0; 8]; TILE / 8]; LINES];
    for ((first, weights), line) in rows.sums().zip(&mut made) {
        weigh(&tile[first..first + rows.taps], weights, line);
    }
    transpose(&made, columns);
}

/// Widens bytes to floats.
#[inline(always)]
fn load(bytes: &[u8; TILE], wide: &mut TileRow, linear: bool) {
    let wide: &mut [f32; TILE] = bytemuck::must_cast_mut(wide);
    if linear {
        let [a, b, c] = TO_LINEAR;
        for (wide, &byte) in wide.iter_mut().zip(bytes) {
            let value = f32::from(byte);
            *wide = value * (a + value * (b + value * c));
        }
    } else {
        for (wide, &byte) in wide.iter_mut().zip(bytes) {
            *wide = f32::from(byte);
        }
    }
}

#[inline(always)]
fn weigh(tile: &[TileRow], weights: &[f32], out: &mut TileRow) {
    for (row, &weight) in tile.iter().zip(weights) {
        for (out, row) in out.iter_mut().zip(row) {
            for (sum, value) in out.iter_mut().zip(row) {
                *sum += weight * value;
            }
        }
    }
}

#[inline(always)]
fn transpose(made: &[TileRow; LINES], columns: &mut [Column]) {
    for (x, column) in columns.iter_mut().enumerate() {
        for (value, row) in column.iter_mut().zip(made) {
            *value = row[x / 8][x % 8];
        }
    }
}

/// Makes up to sixteen target columns, as bytes: column by column, sixteen rows each.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt", "x86_64+sse3+ssse3+sse4.1+popcnt"))]
pub(super) fn horizontal(sums: &Columns<'_>, columns: &[Column], out: &mut [[u8; LINES]]) {
    match_target! {
        "x86_64+avx+avx2" => super::avx2::horizontal(sums, columns, out),
        _ => horizontal_plain(sums, columns, out),
    }
}

#[inline(always)]
fn horizontal_plain(sums: &Columns<'_>, columns: &[Column], out: &mut [[u8; LINES]]) {
    let weights = sums.weights.chunks_exact(sums.taps);
    for ((out, &first), weights) in out.iter_mut().zip(sums.first).zip(weights) {
        *out = column(&columns[first..first + sums.taps], weights, sums.linear);
    }
}

#[inline(always)]
fn column(columns: &[Column], weights: &[f32], linear: bool) -> [u8; LINES] {
    let mut sum = [0.0; LINES];
    for (column, &weight) in columns.iter().zip(weights) {
        for (sum, value) in sum.iter_mut().zip(column) {
            *sum += weight * value;
        }
    }
    let mut out = [0; LINES];
    for (out, sum) in out.iter_mut().zip(sum) {
        let positive = sum.max(0.0);
        let value = if linear {
            let root = (positive + FROM_LINEAR_SHIFT).sqrt();
            let [a, b, c, d, e] = FROM_LINEAR;
            a + root * (b + root * (c + root * (d + root * e)))
        } else {
            positive
        };
        // From 2^23 on, floats are whole: the sum is rounded to the nearest, ties to even.
        *out = (value.min(255.0) + 8_388_608.0).to_bits().to_le_bytes()[0];
    }
    out
}

/// Turns columns of sixteen rows into sixteen rows; `rows` begin `stride` apart and are as long as there are columns.
pub(super) fn into_rows(columns: &[[u8; LINES]], rows: &mut [u8], stride: usize) {
    for (index, group) in columns.chunks(LINES).enumerate() {
        let mut square: Square = [[0; 16]; 16];
        square[..group.len()].copy_from_slice(group);
        for (row, bytes) in rows.chunks_mut(stride).zip(turn(&square)) {
            if let Some(to) = row.get_mut(index * LINES..index * LINES + group.len()) {
                to.copy_from_slice(&bytes[..group.len()]);
            }
        }
    }
}

#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt", "x86_64+sse3+ssse3+sse4.1+popcnt"))]
fn turn(square: &Square) -> Square {
    match_target! {
        "x86_64+avx+avx2" => super::avx2::turn(square),
        _ => turn_plain(square),
    }
}

#[inline(always)]
fn turn_plain(square: &Square) -> Square {
    let mut turned = [[0; 16]; 16];
    for (y, row) in turned.iter_mut().enumerate() {
        for (value, column) in row.iter_mut().zip(square) {
            *value = column[y];
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize) -> Vec<u8> {
        let mut state = 0x9E37_79B9_u32;
        (0..count)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                (state >> 11) as u8
            })
            .collect()
    }

    #[test]
    fn dispatched_forms_equal_the_plain_ones() {
        let (height, taps) = (40, 9);
        let samples = noise(height * 2 * TILE);
        let weights: Vec<f32> = noise(taps * 16).iter().map(|&v| f32::from(v) / 700.0 - 0.07).collect();
        let first: Vec<usize> = (0..16).map(|i| i + i / 2).collect();
        for linear in [false, true] {
            let rows = Rows {
                samples: &samples,
                stride: 2 * TILE,
                first: &first,
                origin: 0,
                taps,
                weights: &weights,
                linear,
            };
            let mut tile = vec![TileRow::default(); height];
            let mut columns = vec![[7.0; LINES]; 2 * TILE];
            vertical(&rows, &mut tile, &mut columns);
            for (x, column) in columns.iter().enumerate() {
                for (line, value) in column.iter().enumerate() {
                    let mut sum = 0.0;
                    for tap in 0..taps {
                        let sample = f32::from(samples[(first[line] + tap) * 2 * TILE + x]);
                        let light = sample * (TO_LINEAR[0] + sample * (TO_LINEAR[1] + sample * TO_LINEAR[2]));
                        sum += weights[line * taps + tap] * if linear { light } else { sample };
                    }
                    assert_eq!(sum.to_bits(), value.to_bits(), "{x}, {line}");
                }
            }
            let sums = Columns {
                first: &first,
                taps,
                weights: &weights,
                linear,
            };
            let mut made = [[0; LINES]; 16];
            horizontal(&sums, &columns, &mut made);
            for (x, made) in made.iter().enumerate() {
                let columns = &columns[first[x]..first[x] + taps];
                assert_eq!(*made, column(columns, &weights[x * taps..(x + 1) * taps], linear));
            }
        }
    }

    #[test]
    fn squares_are_turned() {
        let bytes = noise(16 * 37);
        let columns: Vec<[u8; 16]> = bytes.as_chunks().0.to_vec();
        let mut rows = vec![0; 16 * 40];
        into_rows(&columns, &mut rows, 40);
        for (x, column) in columns.iter().enumerate() {
            for (y, &value) in column.iter().enumerate() {
                assert_eq!(rows[y * 40 + x], value);
            }
        }
    }

    #[test]
    fn linear_light_follows_the_srgb_curve() {
        let exact = |v: f64| {
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        };
        let coded = |l: f64| {
            if l <= 0.003_130_8 {
                l * 12.92
            } else {
                1.055 * l.powf(1.0 / 2.4) - 0.055
            }
        };
        for (low, high) in (0..=255).flat_map(|low| (low..=255).map(move |high| (low, high))) {
            let bytes: [u8; TILE] = std::array::from_fn(|x| if x % 2 == 0 { low } else { high });
            let mut wide = TileRow::default();
            load(&bytes, &mut wide, true);
            let light = wide[0].map(|value| [value; LINES]);
            let mean = f64::midpoint(exact(f64::from(low) / 255.0), exact(f64::from(high) / 255.0));
            let made = column(&light[..2], &[0.5, 0.5], true)[0];
            let off = f64::from(made) - 255.0 * coded(mean);
            // What the polynomial is off, and half a level for rounding.
            assert!(off.abs() < 1.9, "{low} and {high} average to {made}, {off} off");
            assert!(low != high || made == low, "{low} comes back as {made}");
        }
    }

    #[test]
    fn rounding_is_to_the_nearest_and_saturates() {
        for (value, wanted) in [(-3.0, 0), (0.4, 0), (0.6, 1), (254.4, 254), (254.6, 255), (700.0, 255)] {
            let mut made = [[9; LINES]];
            let sums = Columns {
                first: &[0],
                taps: 1,
                weights: &[1.0],
                linear: false,
            };
            horizontal(&sums, &[[value; LINES]], &mut made);
            assert_eq!(made, [[wanted; LINES]]);
        }
    }
}
