//! The eight orientations, applied to coefficients without loss.
//!
//! A block is mirrored by negating every other column or row of its
//! coefficients and transposed by transposing them, so that nothing is rounded.
//! Blocks only move as wholes: an edge that would leave its place must end on a
//! whole MCU, or the blocks of the subsampled components would not cover the same
//! pixels any more.
//!
//! ```
//! use photofit_jpeg::Orientation;
//! use photofit_jpeg::{decode::Decoder, transform};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = include_bytes!("../../../testdata/jpeg/gray.jpg");
//! let (coefficients, _damage) = Decoder::default().coefficients(file)?;
//! // Mirrored twice is as before: nothing is lost on the way.
//! let turned = transform::apply(&coefficients, Orientation::Transpose)?;
//! assert_eq!(transform::apply(&turned, Orientation::Transpose)?, coefficients);
//! # Ok(())
//! # }
//! ```

use super::{Coefficients, Component};
use crate::orientation::{Orientation, Steps};
use crate::zeroed;
use multiversion::{multiversion, target::match_target};

/// Tells whether a picture can take an orientation without loss.
///
/// # Errors
///
/// [`PartialMcus`] names the edges in the way.
pub fn check(coefficients: &Coefficients, orientation: Orientation) -> Result<(), PartialMcus> {
    let size = (coefficients.width, coefficients.height);
    check_size(size, mcu_factors(coefficients), orientation)
}

/// [`check`] for a picture of which only the header is known: its size in pixels, and an MCU's in blocks.
pub(crate) fn check_size(
    (width, height): (u16, u16),
    (h_max, v_max): (u8, u8),
    orientation: Orientation,
) -> Result<(), PartialMcus> {
    let steps = orientation.steps();
    // Which edges of the picture as it is move to the other side.
    let (right, bottom) = if steps.transpose {
        (steps.flip_vertical, steps.flip_horizontal)
    } else {
        (steps.flip_horizontal, steps.flip_vertical)
    };
    let rest = |moves: bool, size: u16, factor: u8| {
        if moves { size % (8 * u16::from(factor)) } else { 0 }
    };
    let partial = PartialMcus {
        right: rest(right, width, h_max),
        bottom: rest(bottom, height, v_max),
    };
    if partial.right == 0 && partial.bottom == 0 {
        Ok(())
    } else {
        Err(partial)
    }
}

/// Why an orientation cannot be applied without loss: edges that would move do
/// not end on whole MCUs. Without these pixels they would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialMcus {
    /// Columns of pixels at the right edge that are in the way; 0 if none are.
    pub right: u16,
    /// Rows of pixels at the bottom edge that are in the way; 0 if none are.
    pub bottom: u16,
}

impl std::fmt::Display for PartialMcus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { right, bottom } = self;
        match (right, bottom) {
            (right, 0) => write!(f, "the last {right} columns are no whole MCU"),
            (0, bottom) => write!(f, "the last {bottom} rows are no whole MCU"),
            _ => write!(
                f,
                "the last {right} columns and the last {bottom} rows are no whole MCUs"
            ),
        }
    }
}

impl std::error::Error for PartialMcus {}

/// Why coefficients could not be turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransformError {
    /// Edges that would move do not end on whole MCUs: cut the picture by what [`PartialMcus`] says, or decode, turn and
    /// encode it.
    #[error(transparent)]
    PartialMcus(#[from] PartialMcus),
    /// A component's blocks are not `blocks_wide * blocks_high`: a mistake of who made the [`Coefficients`].
    #[error("component {component} has {blocks} blocks, not {wide} * {high}")]
    BlockCount {
        /// Index of the component.
        component: usize,
        /// Blocks that it has.
        blocks: usize,
        /// Blocks in a row.
        wide: usize,
        /// Rows of blocks.
        high: usize,
    },
    /// Memory for the turned picture could not be had: it takes as much as the picture itself. Try again later.
    #[error("out of memory while turning {blocks} blocks")]
    OutOfMemory {
        /// Blocks of the component for which there was none, 128 bytes each.
        blocks: usize,
    },
}

/// Width and height of an MCU in blocks of the finest component. A single
/// component is never interleaved: its MCU is one block.
fn mcu_factors(coefficients: &Coefficients) -> (u8, u8) {
    let components = &coefficients.components;
    if components.len() == 1 {
        return (1, 1);
    }
    let max = |factor: fn(&Component) -> u8| components.iter().map(factor).max().unwrap_or(1);
    (max(|c| c.h).max(1), max(|c| c.v).max(1))
}

/// Columns and rows of blocks that hold samples (T.81 A.1.1, A.2.4).
fn sampled_blocks(coefficients: &Coefficients, component: &Component) -> (usize, usize) {
    let (h_max, v_max) = mcu_factors(coefficients);
    let blocks = |size: u16, factor: u8, max: u8| {
        let factor = usize::from(factor.min(max));
        (usize::from(size) * factor).div_ceil(8 * usize::from(max))
    };
    (
        blocks(coefficients.width, component.h, h_max).min(component.blocks_wide),
        blocks(coefficients.height, component.v, v_max).min(component.blocks_high),
    )
}

/// Turns a picture without loss. Where the axes swap, so do the sampling factors,
/// and the quantisation tables are transposed.
///
/// # Errors
///
/// [`TransformError::PartialMcus`] if an edge that would move into the picture
/// does not end on a whole MCU: it says which, and how many pixels are in the
/// way. [`TransformError::BlockCount`] if the coefficients contradict themselves,
/// [`TransformError::OutOfMemory`].
pub fn apply(coefficients: &Coefficients, orientation: Orientation) -> Result<Coefficients, TransformError> {
    check(coefficients, orientation)?;
    let swap = orientation.swaps_axes();
    let components = coefficients.components.iter().enumerate();
    let turned = components.map(|(index, component)| {
        let (wide, high) = (component.blocks_wide, component.blocks_high);
        let count = component.blocks.len();
        if wide.checked_mul(high) != Some(count) {
            return Err(TransformError::BlockCount {
                component: index,
                blocks: count,
                wide,
                high,
            });
        }
        let mut blocks = Vec::new();
        zeroed::resize(&mut blocks, count).map_err(|_| TransformError::OutOfMemory { blocks: count })?;
        let (blocks_wide, blocks_high) = if swap { (high, wide) } else { (wide, high) };
        let (h, v) = if swap {
            (component.v, component.h)
        } else {
            (component.h, component.v)
        };
        let size = sampled_blocks(coefficients, component);
        for (row, line) in blocks.chunks_exact_mut(blocks_wide.max(1)).enumerate() {
            turn_row(component, size, orientation, row, 0, line);
        }
        Ok(Component {
            id: component.id,
            h,
            v,
            quant: turn_table(&component.quant, orientation),
            blocks_wide,
            blocks_high,
            blocks,
        })
    });
    let components = turned.collect::<Result<_, _>>()?;
    let (width, height) = if swap {
        (coefficients.height, coefficients.width)
    } else {
        (coefficients.width, coefficients.height)
    };
    Ok(Coefficients {
        width,
        height,
        components,
    })
}

/// A quantisation table, in natural order, as the turned coefficients need it.
#[must_use]
pub fn turn_table(table: &[u16; 64], orientation: Orientation) -> [u16; 64] {
    if orientation.swaps_axes() {
        std::array::from_fn(|i| table[i % 8 * 8 + i / 8])
    } else {
        *table
    }
}

/// Makes blocks of row `row` of the turned component, from column `col` on.
/// `size` is the number of columns and rows, before turning, that hold samples:
/// only they change places; blocks that fill an MCU stay at its end.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(crate) fn turn_row(
    component: &Component,
    size: (usize, usize),
    orientation: Orientation,
    row: usize,
    col: usize,
    blocks: &mut [[i16; 64]],
) {
    let steps = orientation.steps();
    let (cols, rows) = if steps.transpose { (size.1, size.0) } else { size };
    let mirrored = |flip: bool, at: usize, count: usize| {
        if flip && at < count { count - 1 - at } else { at }
    };
    let from_row = mirrored(steps.flip_vertical, row, rows);
    for (i, block) in blocks.iter_mut().enumerate() {
        let from_col = mirrored(steps.flip_horizontal, col + i, cols);
        let (y, x) = if steps.transpose {
            (from_col, from_row)
        } else {
            (from_row, from_col)
        };
        let from = &component.blocks[y * component.blocks_wide + x];
        *block = match_target! {
            "x86_64+avx+avx2" => turn_avx2(from, steps),
            _ => turn_scalar(from, steps),
        };
    }
}

/// Eight rows of eight coefficients.
type Rows = [[i16; 8]; 8];

/// The block of the turned samples.
#[inline(always)]
fn turn_scalar(block: &[i16; 64], steps: Steps) -> [i16; 64] {
    let mut rows: Rows = bytemuck::must_cast(*block);
    if steps.transpose {
        let from = rows;
        rows = std::array::from_fn(|y| std::array::from_fn(|x| from[x][y]));
    }
    mirror(&mut rows, steps);
    bytemuck::must_cast(rows)
}

/// Basis functions of odd frequency change their sign when mirrored.
#[inline(always)]
fn mirror(rows: &mut Rows, steps: Steps) {
    let odd = -i16::from(steps.flip_horizontal);
    for (y, row) in rows.iter_mut().enumerate() {
        let all = -i16::from(steps.flip_vertical && y % 2 == 1);
        for (x, value) in row.iter_mut().enumerate() {
            let sign = if x % 2 == 1 { all ^ odd } else { all };
            *value = (*value ^ sign).wrapping_sub(sign);
        }
    }
}

/// The same with the transposition in registers: three rounds of interleaving
/// rows that are four apart (the perfect shuffle).
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn turn_avx2(block: &[i16; 64], steps: Steps) -> [i16; 64] {
    use std::arch::x86_64::{__m128i, _mm_unpackhi_epi16, _mm_unpacklo_epi16};
    let mut rows: Rows = bytemuck::must_cast(*block);
    if steps.transpose {
        let mut r: [__m128i; 8] = bytemuck::must_cast(rows);
        for _ in 0..3 {
            let lo = |i| _mm_unpacklo_epi16(r[i], r[i + 4]);
            let hi = |i| _mm_unpackhi_epi16(r[i], r[i + 4]);
            r = [lo(0), hi(0), lo(1), hi(1), lo(2), hi(2), lo(3), hi(3)];
        }
        rows = bytemuck::must_cast(r);
    }
    mirror(&mut rows, steps);
    bytemuck::must_cast(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispatched_form_equals_the_scalar_form() {
        let block: [i16; 64] = std::array::from_fn(|i| (i as i16).wrapping_mul(577) ^ i16::MIN >> (i % 16));
        let component = Component {
            id: 1,
            h: 1,
            v: 1,
            quant: [1; 64],
            blocks_wide: 1,
            blocks_high: 1,
            blocks: vec![block],
        };
        for orientation in Orientation::ALL {
            let mut turned = [[0; 64]];
            turn_row(&component, (1, 1), orientation, 0, 0, &mut turned);
            assert_eq!(turned[0], turn_scalar(&block, orientation.steps()));
        }
    }
}
