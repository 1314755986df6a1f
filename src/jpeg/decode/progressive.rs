//! Progressive Huffman decoding (T.81 G.2): spectral selection and successive approximation.

use multiversion::multiversion;

use super::bits::{Bits, Entropy};
use super::error::Problem;
use super::huffman::SymbolTable;
use crate::jpeg::coefficients::Component;
use crate::jpeg::zigzag::ZIGZAG;

/// More MCUs than this are not decoded at a time, so that their data surely is in hand.
pub(super) const MAX_MCUS: u32 = 64;

/// The band and bit that a scan codes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    /// First and last coefficient in zigzag order (`Ss`, `Se`).
    pub(super) first: usize,
    pub(super) last: usize,
    /// Position of the bit (`Al`).
    pub(super) low: u32,
    /// Whether earlier scans sent the higher bits (`Ah` is not 0).
    pub(super) refines: bool,
}

/// One component of a DC scan: its table and the blocks that it has in an MCU.
#[derive(Clone, Copy, Debug)]
pub(super) struct DcComponent {
    /// Index in the frame.
    pub(super) index: usize,
    pub(super) table: usize,
    /// Blocks in an MCU; 1 by 1 in a scan of one component (A.2.2).
    pub(super) h: usize,
    pub(super) v: usize,
}

/// Decodes the DC coefficients of MCUs `mcus` (G.1.2.1), `mcus_wide` of which stand in a row.
/// Returns how many were read and why not all were.
pub(super) fn decode_dc(
    entropy: &mut Entropy,
    tables: &[SymbolTable; 4],
    scan: &[DcComponent],
    band: Band,
    predictions: &mut [i32; 4],
    picture: &mut [Component],
    (mcus, mcus_wide): (std::ops::Range<usize>, usize),
) -> (usize, Option<Problem>) {
    let mut bits = entropy.bits;
    let first = mcus.start;
    let mut result = (mcus.len(), None);
    'mcus: for mcu in mcus {
        let (row, column) = (mcu / mcus_wide, mcu % mcus_wide);
        for (part, prediction) in scan.iter().zip(predictions.iter_mut()) {
            let Some(component) = picture.get_mut(part.index) else {
                continue;
            };
            let table = &tables[part.table & 3];
            for y in 0..part.v {
                for x in 0..part.h {
                    let index = (row * part.v + y) * component.blocks_wide + column * part.h + x;
                    let Some(block) = component.blocks.get_mut(index) else {
                        continue;
                    };
                    if let Err(problem) = dc_coefficient(entropy.data(), &mut bits, table, band, prediction, block) {
                        result = (mcu - first, Some(problem));
                        break 'mcus;
                    }
                }
            }
        }
        if entropy.is_past(bits) {
            result = (mcu - first, Some(Problem::EndOfFile));
            break;
        }
    }
    entropy.bits = bits;
    result
}

#[inline(always)]
fn dc_coefficient(
    data: &[u8],
    bits: &mut Bits,
    table: &SymbolTable,
    band: Band,
    prediction: &mut i32,
    block: &mut [i16; 64],
) -> Result<(), Problem> {
    bits.refill(data)?;
    if band.refines {
        if bits.bit() {
            block[0] |= 1 << band.low;
        }
        return Ok(());
    }
    let size = u32::from(table.decode(bits)? & 15);
    *prediction = prediction.wrapping_add(bits.receive_extend(size));
    block[0] = (*prediction << band.low) as i16;
    Ok(())
}

/// Decodes one band of AC coefficients of `blocks`, which follow each other in a row. `end_of_band` counts
/// the blocks that still belong to an end-of-band run. Returns how many blocks were read and why
/// not all were.
pub(super) fn decode_ac(
    entropy: &mut Entropy,
    table: &SymbolTable,
    band: Band,
    end_of_band: &mut u32,
    blocks: &mut [[i16; 64]],
) -> (usize, Option<Problem>) {
    let mut bits = entropy.bits;
    let result = if band.refines {
        refine_ac(entropy, &mut bits, table, band, end_of_band, blocks)
    } else {
        first_ac(entropy, &mut bits, table, band, end_of_band, blocks)
    };
    entropy.bits = bits;
    result
}

/// The length of an end-of-band run (G.1.2.2, table G.1): a power of two and as many bits as its exponent.
#[inline(always)]
fn end_of_band_run(bits: &mut Bits, exponent: u32) -> u32 {
    (1 << exponent) + bits.take(exponent)
}

/// The first scan of a band (G.1.2.2).
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn first_ac(
    entropy: &Entropy,
    state: &mut Bits,
    table: &SymbolTable,
    band: Band,
    end_of_band: &mut u32,
    blocks: &mut [[i16; 64]],
) -> (usize, Option<Problem>) {
    let data = entropy.data();
    let mut bits = *state;
    let mut run = *end_of_band;
    let count = blocks.len();
    let mut done = 0;
    let problem = 'blocks: loop {
        if run > 0 {
            let skipped = (run as usize).min(count - done);
            done += skipped;
            run -= skipped as u32;
        }
        let Some(block) = blocks.get_mut(done) else {
            break None;
        };
        let mut k = band.first;
        while k <= band.last {
            if let Err(problem) = bits.refill(data) {
                break 'blocks Some(problem);
            }
            let symbol = match table.decode(&mut bits) {
                Ok(symbol) => symbol,
                Err(problem) => break 'blocks Some(problem),
            };
            let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if zeros < 15 {
                    // This block is the first of the run.
                    run = end_of_band_run(&mut bits, zeros as u32) - 1;
                    break;
                }
                k += 16;
                continue;
            }
            k += zeros;
            if k > band.last {
                break 'blocks Some(Problem::CoefficientRun);
            }
            let value = bits.receive_extend(size) << band.low;
            block[usize::from(ZIGZAG[k & 63] & 63)] = value as i16;
            k += 1;
        }
        if entropy.is_past(bits) {
            break Some(Problem::EndOfFile);
        }
        done += 1;
    };
    *state = bits;
    *end_of_band = run;
    (done, problem)
}

/// A further bit of a band (G.1.2.3).
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn refine_ac(
    entropy: &Entropy,
    state: &mut Bits,
    table: &SymbolTable,
    band: Band,
    end_of_band: &mut u32,
    blocks: &mut [[i16; 64]],
) -> (usize, Option<Problem>) {
    let mut bits = *state;
    let mut run = *end_of_band;
    let mut done = 0;
    let mut problem = None;
    for block in blocks {
        let read = refine_block(entropy.data(), &mut bits, table, band, &mut run, block);
        if let Err(error) = read {
            problem = Some(error);
            break;
        }
        if entropy.is_past(bits) {
            problem = Some(Problem::EndOfFile);
            break;
        }
        done += 1;
    }
    *state = bits;
    *end_of_band = run;
    (done, problem)
}

#[inline(always)]
fn refine_block(
    data: &[u8],
    bits: &mut Bits,
    table: &SymbolTable,
    band: Band,
    run: &mut u32,
    block: &mut [i16; 64],
) -> Result<(), Problem> {
    let mut k = band.first;
    if *run == 0 {
        while k <= band.last {
            bits.refill(data)?;
            let symbol = table.decode(bits)?;
            let (mut zeros, size) = (symbol >> 4, symbol & 15);
            let mut value = 0;
            if size == 0 {
                if zeros < 15 {
                    *run = end_of_band_run(bits, u32::from(zeros));
                    break;
                }
            } else {
                // Only a bit of value 1 can become newly non-zero.
                value = if bits.bit() { 1 } else { -1 } << band.low;
            }
            // Passes over `zeros` coefficients that still are zero, and corrects those that are not.
            while k <= band.last {
                let coefficient = &mut block[usize::from(ZIGZAG[k & 63] & 63)];
                if *coefficient != 0 {
                    correct(data, bits, coefficient, band.low)?;
                } else if zeros == 0 {
                    *coefficient = value;
                    break;
                } else {
                    zeros -= 1;
                }
                k += 1;
            }
            if k > band.last && size != 0 {
                return Err(Problem::CoefficientRun);
            }
            k += 1;
        }
    }
    if *run > 0 {
        for &place in ZIGZAG.get(k..=band.last).unwrap_or_default() {
            let coefficient = &mut block[usize::from(place & 63)];
            if *coefficient != 0 {
                correct(data, bits, coefficient, band.low)?;
            }
        }
        *run -= 1;
    }
    Ok(())
}

/// Reads the correction bit of a coefficient that is not zero.
#[inline(always)]
fn correct(data: &[u8], bits: &mut Bits, coefficient: &mut i16, low: u32) -> Result<(), Problem> {
    bits.refill(data)?;
    if bits.bit() && *coefficient & (1 << low) == 0 {
        let bit = 1 << low;
        *coefficient = coefficient.wrapping_add(if *coefficient > 0 { bit } else { -bit });
    }
    Ok(())
}
