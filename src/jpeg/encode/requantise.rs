//! Coarser quantisation of coefficients that are quantised already.

use super::quant::QuantTables;
use super::quantise::masks_row;
use crate::jpeg::Coefficients;
use crate::jpeg::zigzag::ZIGZAG;

/// Sets the coefficients to the coarser of their own and the given quantisation
/// tables, entry by entry: `tables.luma()` for the first component,
/// `tables.chroma()` for the others. Values are rounded to the nearest, halves
/// away from zero. Entries that would become finer stay as they are, because
/// they would cost bytes and bring nothing back.
pub fn requantise(coefficients: &mut Coefficients, tables: &QuantTables) {
    /// Blocks whose masks are found in one go.
    const BATCH: usize = 64;
    for (index, component) in coefficients.components.iter_mut().enumerate() {
        let wanted = if index == 0 { &tables.luma } else { &tables.chroma };
        let before = component.quant;
        for (quant, &wanted) in component.quant.iter_mut().zip(wanted) {
            *quant = wanted.max(*quant);
        }
        let after = component.quant;
        // Zigzag mask of the entries that change.
        let changed = ZIGZAG.iter().enumerate().fold(0, |mask, (k, &i)| {
            let i = usize::from(i);
            mask | u64::from(before[i] != after[i]) << k
        });
        if changed == 0 {
            continue;
        }
        let mut masks = [0; BATCH];
        for blocks in component.blocks.chunks_mut(BATCH) {
            masks_row(blocks, &mut masks);
            for (block, mask) in blocks.iter_mut().zip(masks) {
                let mut rest = mask & changed;
                while rest != 0 {
                    let i = usize::from(ZIGZAG[(rest.trailing_zeros() & 63) as usize]);
                    rest &= rest - 1;
                    block[i] = coarser(block[i], before[i], after[i]);
                }
            }
        }
    }
}

/// `value * before / after`, rounded, for `after > before`.
#[inline]
fn coarser(value: i16, before: u16, after: u16) -> i16 {
    let (before, after) = (u32::from(before), u32::from(after.max(1)));
    let product = u32::from(value.unsigned_abs()) * before;
    // Below 2^15 · 2^16 + 2^15. The quotient is at most the magnitude of the
    // value, which the sign brings back into range.
    let quotient = i32::try_from((product + after / 2) / after).unwrap_or(i32::MAX);
    let signed = if value < 0 { -quotient } else { quotient };
    i16::try_from(signed).unwrap_or(value)
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "made-up data")]
mod tests {
    use super::*;
    use crate::jpeg::Component;

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
            assert_eq!(f64::from(new), exact.round(), "{old}");
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
                assert_eq!(f64::from(coarser(value, before, after)), exact.round());
            }
        }
    }
}
