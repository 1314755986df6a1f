//! Progressive Huffman decoding (T.81 G.2): spectral selection and successive approximation.
#![expect(
    clippy::cast_possible_truncation,
    reason = "coefficients beyond 16 bits are corrupt and wrap, runs are below 2^15"
)]

use multiversion::{multiversion, target::match_target};

use super::bits::{Bits, Entropy};
use super::error::Problem;
use super::huffman::SymbolTable;
use crate::coefficients::Component;
use crate::zigzag::ZIGZAG;

/// More MCUs than this are not decoded at a time, so that their data surely is in hand.
pub(super) const MAX_MCUS: usize = 64;

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
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn decode_dc(
    entropy: &mut Entropy,
    tables: [&SymbolTable; 4],
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
            let table = tables[part.table & 3];
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
        let non_zero = match_target! {
            "x86_64+avx2+bmi1+bmi2+lzcnt+popcnt" => non_zero_avx2(block),
            _ => non_zero_scalar(block),
        };
        let non_zero = to_zigzag(non_zero);
        let data = entropy.data();
        let read = refine_block(data, &mut bits, table, band, &mut run, block, non_zero);
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

/// One block of a refinement. `non_zero` has a bit for each coefficient that is not zero, in zigzag order: most
/// coefficients are zero, and are passed over many at a time.
#[inline(always)]
fn refine_block(
    data: &[u8],
    bits: &mut Bits,
    table: &SymbolTable,
    band: Band,
    run: &mut u32,
    block: &mut [i16; 64],
    non_zero: u64,
) -> Result<(), Problem> {
    // The coefficients of the band that are still ahead.
    let mut ahead = (u64::MAX << band.first) & (u64::MAX >> (63 - band.last));
    if *run == 0 {
        while ahead != 0 {
            bits.refill(data)?;
            let symbol = table.decode(bits)?;
            let (zeros, size) = (symbol >> 4, symbol & 15);
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
            // The coefficient behind `zeros` others that are zero; those before it that are not zero are corrected.
            let mut free = ahead & !non_zero;
            for _ in 0..zeros {
                free &= free.wrapping_sub(1);
            }
            let place = free & free.wrapping_neg();
            let before = place.wrapping_sub(1);
            correct(data, bits, block, ahead & non_zero & before, band.low)?;
            if place == 0 {
                if size != 0 {
                    return Err(Problem::CoefficientRun);
                }
                break;
            }
            block[usize::from(ZIGZAG[place.trailing_zeros() as usize & 63] & 63)] = value;
            ahead &= !(before | place);
        }
    }
    if *run > 0 {
        correct(data, bits, block, ahead & non_zero, band.low)?;
        *run -= 1;
    }
    Ok(())
}

/// Reads the correction bits of the coefficients in `places`.
#[inline(always)]
fn correct(data: &[u8], bits: &mut Bits, block: &mut [i16; 64], mut places: u64, low: u32) -> Result<(), Problem> {
    while places != 0 {
        bits.refill_below(data, 1)?;
        let coefficient = &mut block[usize::from(ZIGZAG[places.trailing_zeros() as usize & 63] & 63)];
        // A coefficient that has the bit already stays as it is; only corrupt data corrects twice.
        let add = i16::from(bits.bit()) & !(*coefficient >> low) & 1;
        let sign = (*coefficient >> 15) | 1;
        *coefficient = coefficient.wrapping_add((add * sign) << low);
        places &= places - 1;
    }
    Ok(())
}

/// A bit for each coefficient that is not zero, in natural order.
#[inline(always)]
fn non_zero_scalar(block: &[i16; 64]) -> u64 {
    block
        .iter()
        .rev()
        .fold(0, |mask, &coefficient| mask << 1 | u64::from(coefficient != 0))
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn non_zero_avx2(block: &[i16; 64]) -> u64 {
    use std::arch::x86_64::*;
    let rows: &[[i16; 16]; 4] = bytemuck::must_cast_ref(block);
    let zero = |row: &[i16; 16]| _mm256_cmpeq_epi16(bytemuck::must_cast(*row), _mm256_setzero_si256());
    let half = |a: &[i16; 16], b: &[i16; 16]| {
        let packed = _mm256_packs_epi16(zero(a), zero(b));
        let ordered = _mm256_permute4x64_epi64::<0b11_01_10_00>(packed);
        u64::from(_mm256_movemask_epi8(ordered).cast_unsigned())
    };
    !(half(&rows[0], &rows[1]) | half(&rows[2], &rows[3]) << 32)
}

/// For each row of a block and each set of coefficients in it: where they are in zigzag order.
static ROW_TO_ZIGZAG: [[u64; 256]; 8] = {
    let mut tables = [[0; 256]; 8];
    let mut k = 0;
    while k < 64 {
        let (row, column) = (ZIGZAG[k] as usize / 8, ZIGZAG[k] as usize % 8);
        let mut set = 0;
        while set < 256 {
            if set >> column & 1 == 1 {
                tables[row][set] |= 1 << k;
            }
            set += 1;
        }
        k += 1;
    }
    tables
};

#[inline(always)]
fn to_zigzag(natural: u64) -> u64 {
    let rows = natural.to_le_bytes();
    let mut zigzag = 0;
    for (row, table) in rows.iter().zip(&ROW_TO_ZIGZAG) {
        zigzag |= table[usize::from(*row)];
    }
    zigzag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_follow_the_definition() {
        let mut seed = 7u32;
        for round in 0..500 {
            let mut block = [0i16; 64];
            for value in &mut block {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if seed >> 24 < round / 2 {
                    *value = (seed >> 3) as i16;
                }
            }
            let expected = (0..64).fold(0, |mask: u64, k| {
                mask | u64::from(block[usize::from(ZIGZAG[k])] != 0) << k
            });
            assert_eq!(to_zigzag(non_zero_scalar(&block)), expected);
            assert_eq!(to_zigzag(dispatched(&block)), expected);
        }
    }

    #[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
    fn dispatched(block: &[i16; 64]) -> u64 {
        match_target! {
            "x86_64+avx2+bmi1+bmi2+lzcnt+popcnt" => non_zero_avx2(block),
            _ => non_zero_scalar(block),
        }
    }
}
