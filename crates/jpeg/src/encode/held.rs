//! [`Coefficients`] as the source of blocks, as they are or turned.

use super::frame::Layout;
use super::group::BlockSource;
use super::quantise::{Block, masks_row};
use crate::Coefficients;
use crate::orientation::Orientation;
use crate::transform;

/// Coefficients as they are.
pub(crate) struct Held<'a>(pub(crate) &'a Coefficients);

impl BlockSource for Held<'_> {
    fn fill(&self, component: usize, row: usize, col: usize, blocks: &mut [Block], masks: &mut [u64]) {
        let component = &self.0.components[component];
        let start = row * component.blocks_wide + col;
        blocks.copy_from_slice(&component.blocks[start..start + blocks.len()]);
        masks_row(blocks, masks);
    }
}

/// Coefficients in another orientation, turned as they are asked for.
pub(crate) struct Turned<'a> {
    coefficients: &'a Coefficients,
    orientation: Orientation,
    /// Columns and rows of each component that hold samples, before turning.
    sizes: Vec<(usize, usize)>,
}

impl<'a> Turned<'a> {
    pub(crate) fn new(coefficients: &'a Coefficients, layout: &Layout, orientation: Orientation) -> Self {
        let sizes = layout.components.iter().map(|c| (c.cols, c.rows)).collect();
        Self {
            coefficients,
            orientation,
            sizes,
        }
    }
}

impl BlockSource for Turned<'_> {
    fn fill(&self, component: usize, row: usize, col: usize, blocks: &mut [Block], masks: &mut [u64]) {
        let size = self.sizes[component];
        let component = &self.coefficients.components[component];
        transform::turn_row(component, size, self.orientation, row, col, blocks);
        masks_row(blocks, masks);
    }
}
