//! Coarser quantisation of coefficients that are quantised already.

use super::frame::Layout;
use super::group::BlockSource;
use super::quant::QuantTables;
use super::quantise::{Block, masks_row};
use crate::Coefficients;
use crate::zigzag::ZIGZAG;

/// Sets the coefficients to the coarser of their own and the given quantisation
/// tables, entry by entry: `tables.luma()` for the first component,
/// `tables.chroma()` for the others. Values are rounded to the nearest, halves
/// towards zero: steps are whole numbers, so that halves are frequent, and the
/// smaller value takes fewer bits. Entries that would become finer stay as they are, because
/// they would cost bytes and bring nothing back.
pub fn requantise(coefficients: &mut Coefficients, tables: &QuantTables) {
    /// Blocks whose masks are found in one go.
    const BATCH: usize = 64;
    for (index, component) in coefficients.components.iter_mut().enumerate() {
        let change = Change::new(&component.quant, tables.of(index));
        component.quant = change.after;
        let mut masks = [0; BATCH];
        for blocks in component.blocks.chunks_mut(BATCH) {
            masks_row(blocks, &mut masks);
            for (block, mask) in blocks.iter_mut().zip(&mut masks) {
                change.apply(block, mask);
            }
        }
    }
}

/// From one quantisation table to the coarser of it and another one.
struct Change {
    before: [u16; 64],
    after: [u16; 64],
    /// Zigzag mask of the entries that change.
    changed: u64,
}

impl Change {
    fn new(before: &[u16; 64], wanted: &[u16; 64]) -> Self {
        let after = std::array::from_fn(|i| before[i].max(wanted[i]));
        let changed = ZIGZAG.iter().enumerate().fold(0, |mask, (k, &i)| {
            let i = usize::from(i);
            mask | u64::from(before[i] != after[i]) << k
        });
        Self {
            before: *before,
            after,
            changed,
        }
    }

    /// Requantises a block; `mask` are its non-zero coefficients in zigzag order.
    #[inline]
    fn apply(&self, block: &mut Block, mask: &mut u64) {
        let mut rest = *mask & self.changed;
        while rest != 0 {
            let k = rest.trailing_zeros() & 63;
            rest &= rest - 1;
            let i = usize::from(ZIGZAG[k as usize]);
            block[i] = coarser(block[i], self.before[i], self.after[i]);
            *mask &= !(u64::from(block[i] == 0) << k);
        }
    }
}

/// Blocks of another source, requantised as they are asked for.
pub(crate) struct Requantised<S> {
    source: S,
    /// One for each component.
    changes: Vec<Change>,
}

impl<S: BlockSource> Requantised<S> {
    /// Makes the tables of `layout`, which is that of `source`, coarser.
    pub(crate) fn new(source: S, layout: &mut Layout, tables: &QuantTables) -> Self {
        let changes: Vec<Change> = layout
            .components
            .iter()
            .enumerate()
            .map(|(index, component)| Change::new(&layout.tables[component.quant], tables.of(index)))
            .collect();
        // Two components may have shared a table that their changes part.
        layout.set_tables(changes.iter().map(|change| change.after));
        Self { source, changes }
    }
}

impl<S: BlockSource> BlockSource for Requantised<S> {
    fn fill(&self, component: usize, row: usize, col: usize, blocks: &mut [Block], masks: &mut [u64]) {
        self.source.fill(component, row, col, blocks, masks);
        for (block, mask) in blocks.iter_mut().zip(masks) {
            self.changes[component].apply(block, mask);
        }
    }
}

/// `value * before / after`, rounded, halves towards zero, for `after > before`.
#[inline]
fn coarser(value: i16, before: u16, after: u16) -> i16 {
    let (before, after) = (u32::from(before), u32::from(after.max(1)));
    let product = u32::from(value.unsigned_abs()) * before;
    // Below 2^15 · 2^16 + 2^15. The quotient is at most the magnitude of the
    // value, which the sign brings back into range.
    let quotient = i32::try_from((product + (after - 1) / 2) / after).unwrap_or(i32::MAX);
    let signed = if value < 0 { -quotient } else { quotient };
    i16::try_from(signed).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Component;

    /// The nearest whole number, of two the one closer to zero.
    fn nearest(exact: f64) -> f64 {
        (exact.abs() - 0.5).ceil().copysign(exact)
    }

    fn gray(block: [i16; 64], quant: [u16; 64]) -> Coefficients {
        Coefficients {
            width: 8,
            height: 8,
            components: vec![Component {
                id: 1,
                h: 1,
                v: 1,
                quant,
                blocks_wide: 1,
                blocks_high: 1,
                blocks: vec![block],
            }],
        }
    }

    #[test]
    fn values_are_rounded_to_the_coarser_table() {
        let block = std::array::from_fn(|i| i as i16 - 32);
        let mut coefficients = gray(block, [3; 64]);
        let tables = QuantTables::custom([10; 64], [99; 64]).expect("no entry is 0");
        requantise(&mut coefficients, &tables);
        let component = &coefficients.components[0];
        assert_eq!(component.quant, [10; 64]);
        for (old, &new) in block.iter().zip(&component.blocks[0]) {
            let exact = f64::from(*old) * 0.3;
            assert_eq!(f64::from(new), nearest(exact), "{old}");
        }
    }

    #[test]
    fn finer_tables_change_nothing() {
        let block = std::array::from_fn(|i| i as i16 * 31 - 999);
        let mut coefficients = gray(block, [7; 64]);
        let before = coefficients.clone();
        let tables = QuantTables::custom([7; 64], [1; 64]).expect("no entry is 0");
        requantise(&mut coefficients, &tables);
        assert_eq!(coefficients, before);
    }

    #[test]
    fn wild_values_stay_in_range() {
        for value in [i16::MIN, i16::MAX, -1, 0, 1] {
            for (before, after) in [(1, 2), (65_534, 65_535), (1, 65_535), (255, 256)] {
                let exact = f64::from(value) * f64::from(before) / f64::from(after);
                assert_eq!(f64::from(coarser(value, before, after)), nearest(exact));
            }
        }
    }
}
