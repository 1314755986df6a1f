//! Some neighbouring MCUs with their blocks: the unit of work between the
//! transform and the entropy coder, small enough to stay in the cache.

use super::EncodeError;
use super::frame::{ComponentLayout, Layout};
use super::quantise::Block;
use crate::zeroed;

/// Where quantised blocks come from.
pub(crate) trait BlockSource {
    /// Makes `blocks.len()` blocks of row `row` of component `component`, from
    /// column `col` on, and the zigzag masks of their non-zero coefficients.
    /// None of them lies outside of the component.
    fn fill(&self, component: usize, row: usize, col: usize, blocks: &mut [Block], masks: &mut [u64]);
}

/// The blocks of one component in a [`Group`].
#[derive(Debug, Default)]
pub(crate) struct GroupComponent {
    /// Sampling factors.
    pub(crate) h: usize,
    pub(crate) v: usize,
    /// Which Huffman tables it uses.
    pub(crate) huffman: u32,
    /// Columns and rows that hold samples; a block beyond them only fills its MCU.
    pub(crate) cols: usize,
    pub(crate) rows: usize,
    /// Blocks from one row to the next.
    pub(crate) stride: usize,
    pub(crate) blocks: Vec<Block>,
    /// Of each block, the non-zero coefficients in zigzag order.
    pub(crate) masks: Vec<u64>,
}

/// Buffers for some MCUs that lie side by side.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) mcus: usize,
    pub(crate) components: Vec<GroupComponent>,
}

/// MCUs in a group. The blocks of 32 of them take 24 KiB in 4:2:0 and stay in a
/// near cache between transform and entropy coder; of 8, 16, 32 and 64 this was
/// the fastest by some percent. An even number keeps pairs of blocks whole.
pub(crate) const GROUP_MCUS: usize = 32;

impl Group {
    /// Gets the buffers ready for a layout.
    pub(crate) fn prepare(&mut self, layout: &Layout) -> Result<(), EncodeError> {
        let count = layout.components.len();
        self.components.resize_with(count, GroupComponent::default);
        for (component, placed) in self.components.iter_mut().zip(&layout.components) {
            let &ComponentLayout { h, v, huffman, .. } = placed;
            (component.h, component.v, component.huffman) = (h, v, huffman);
            component.stride = GROUP_MCUS * h;
            let blocks = component.stride * v;
            component.blocks.clear();
            zeroed::resize(&mut component.blocks, blocks)?;
            component.masks.clear();
            zeroed::resize(&mut component.masks, blocks)?;
        }
        Ok(())
    }

    /// Fills the group with the MCUs of row `row` from `first` on.
    pub(crate) fn fill(&mut self, layout: &Layout, source: &impl BlockSource, row: usize, first: usize) {
        self.mcus = GROUP_MCUS.min(layout.mcus_wide - first);
        for (index, (group, placed)) in self.components.iter_mut().zip(&layout.components).enumerate() {
            let col = first * placed.h;
            group.cols = (self.mcus * placed.h).min(placed.cols.saturating_sub(col));
            group.rows = placed.v.min(placed.rows.saturating_sub(row * placed.v));
            for j in 0..group.rows {
                let range = j * group.stride..j * group.stride + group.cols;
                let blocks = &mut group.blocks[range.clone()];
                source.fill(index, row * placed.v + j, col, blocks, &mut group.masks[range]);
            }
        }
    }
}
