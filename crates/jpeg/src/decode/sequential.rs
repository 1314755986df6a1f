//! Sequential Huffman decoding (T.81 F.2.2): the hot loop of the codec.
//!
//! The reader's state lives in locals, and one table load gives up to two coefficients; see `huffman.rs`.
//! The end of a block is a coefficient 64 places ahead, so that the loop has one exit. What is ahead of the
//! 64th place goes to the first place of the next block in memory, whose DC coefficient is written later.
#![expect(
    clippy::cast_possible_truncation,
    reason = "coefficients beyond 16 bits are corrupt and wrap"
)]

use multiversion::multiversion;

use super::bits::{Bits, Entropy};
use super::error::Problem;
use super::huffman::{AcTable, Pair, SymbolTable};
use crate::zigzag::ZIGZAG;

/// Where coefficient `k` of the zigzag sequence goes; from 64 on, behind the block.
const PLACES: [u8; 128] = {
    let mut places = [64; 128];
    let mut k = 0;
    while k < 64 {
        places[k] = ZIGZAG[k];
        k += 1;
    }
    places
};

/// More bytes than a block can take: 64 symbols of 16 bits with 15 additional bits each.
pub(super) const MAX_BLOCK_BYTES: usize = 256;

/// One block of an MCU: its tables and its place in the chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockSlot {
    /// Index of the component in the scan.
    pub(super) component: usize,
    pub(super) dc_table: usize,
    pub(super) ac_table: usize,
    /// Index of the block in the chunk's first MCU.
    pub(super) first: usize,
    /// Blocks from one MCU to the next.
    pub(super) step: usize,
}

/// The tables of a scan.
#[derive(Debug)]
pub(super) struct SequentialTables {
    pub(super) dc: [SymbolTable; 4],
    pub(super) ac: [AcTable; 4],
}

impl SequentialTables {
    pub(super) fn new() -> Self {
        Self {
            dc: std::array::from_fn(|_| SymbolTable::new()),
            ac: std::array::from_fn(|_| AcTable::new()),
        }
    }
}

/// Blocks that a block's decoding may address: an index of eight bits then needs no check.
const WINDOW_BLOCKS: usize = 4;
/// Spare blocks needed at the end of a chunk for the last one's window.
pub(super) const SPARE_BLOCKS: usize = WINDOW_BLOCKS - 1;

/// Decodes `count` MCUs into `chunk` from its MCU `first` on. Behind each row of blocks the chunk has a spare
/// one, and [`SPARE_BLOCKS`] at its end. Returns how many MCUs were read and why not all were; the blocks of an MCU that was
/// not read are zero.
pub(super) fn decode_mcus(
    file: &[u8],
    entropy: &mut Entropy,
    tables: &SequentialTables,
    slots: &[BlockSlot],
    predictions: &mut [i32; 4],
    chunk: &mut [[i16; 64]],
    (first, count): (usize, usize),
) -> (usize, Option<Problem>) {
    entropy.ensure(file, count * slots.len() * MAX_BLOCK_BYTES);
    let mut bits = entropy.bits;
    let coefficients = bytemuck::cast_slice_mut(chunk);
    let (read, problem) = decode_loop(
        entropy,
        &mut bits,
        tables,
        slots,
        predictions,
        coefficients,
        (first, count),
    );
    if problem.is_some() {
        for slot in slots {
            let start = (slot.first + (first + read) * slot.step) * 64;
            if let Some(window) = coefficients.get_mut(start..start + 128) {
                window.fill(0);
            }
        }
    }
    entropy.bits = bits;
    (read, problem)
}

#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn decode_loop(
    entropy: &Entropy,
    state: &mut Bits,
    tables: &SequentialTables,
    slots: &[BlockSlot],
    predictions: &mut [i32; 4],
    coefficients: &mut [i16],
    (first, count): (usize, usize),
) -> (usize, Option<Problem>) {
    let data = entropy.data();
    let mut bits = *state;
    for mcu in 0..count {
        for slot in slots {
            let start = (slot.first + (first + mcu) * slot.step) * 64;
            let Some(window) = coefficients
                .get_mut(start..)
                .and_then(<[i16]>::first_chunk_mut::<{ 64 * WINDOW_BLOCKS }>)
            else {
                return (mcu, Some(Problem::EndOfFile));
            };
            let dc = &tables.dc[slot.dc_table & 3];
            let ac = &tables.ac[slot.ac_table & 3];
            let prediction = &mut predictions[slot.component & 3];
            if let Err(problem) = decode_block(data, &mut bits, dc, ac, prediction, window) {
                *state = bits;
                return (mcu, Some(problem));
            }
        }
        if entropy.is_past(bits) {
            *state = bits;
            return (mcu, Some(Problem::EndOfFile));
        }
    }
    *state = bits;
    (count, None)
}

/// One block: DC by its difference (F.2.2.1), AC by runs (F.2.2.2). The block is zero beforehand. Whatever comes
/// of it, `state` says how far it got.
#[inline(always)]
fn decode_block(
    data: &[u8],
    state: &mut Bits,
    dc: &SymbolTable,
    ac: &AcTable,
    prediction: &mut i32,
    window: &mut [i16; 64 * WINDOW_BLOCKS],
) -> Result<(), Problem> {
    // A copy by value on every way out; left to `state` alone, LLVM splits the buffer in two.
    let mut bits = *state;
    macro_rules! or_stop {
        ($result:expr) => {
            match $result {
                Ok(value) => value,
                Err(problem) => {
                    *state = bits;
                    return Err(problem);
                }
            }
        };
    }
    or_stop!(bits.refill(data));
    let size = u32::from(or_stop!(dc.decode(&mut bits)) & 15);
    let difference = bits.receive_extend(size);
    *prediction = prediction.wrapping_add(difference);
    window[0] = *prediction as i16;

    let mut k = 0;
    loop {
        or_stop!(bits.refill(data));
        // Three steps take 22 bits, and then up to 31: within the 56 there are.
        for _ in 0..3 {
            let pair = ac.pair(bits);
            if pair.is_none() {
                let symbol = or_stop!(ac.symbols.decode(&mut bits));
                let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
                if size == 0 && run != 15 {
                    *state = bits;
                    return Ok(());
                }
                k += run + 1;
                if k > 63 {
                    *state = bits;
                    return Err(Problem::CoefficientRun);
                }
                let value = bits.receive_extend(size);
                window[usize::from(PLACES[k & 127])] = value as i16;
                if k == 63 {
                    *state = bits;
                    return Ok(());
                }
                break;
            }
            bits.skip(pair.length());
            let first = k + pair.first_ahead();
            let last = k + pair.last_ahead();
            // In this order: without a second one both go to the same place. What ends a block writes zeros
            // to where there are zeros.
            window[usize::from(PLACES[last & 127])] = pair.second_value();
            window[usize::from(PLACES[first & 127])] = pair.first_value();
            if last >= 63 {
                *state = bits;
                return end_block(data, state, ac, pair, k);
            }
            k = last;
        }
    }
}

/// Sees whether the block ended as it should behind coefficient `k` with `pair`, and takes no more than is the
/// block's.
#[inline(always)]
fn end_block(data: &[u8], bits: &mut Bits, ac: &AcTable, pair: Pair, k: usize) -> Result<(), Problem> {
    let (first, last) = (k + pair.first_ahead(), k + pair.last_ahead());
    if pair.ends() || last == 63 && first < 63 {
        return Ok(());
    }
    if first == 63 {
        // The first one fills the block: what was taken behind it is the next block's.
        *bits = bits.rewound(data, pair.length() as usize & 63)?;
        let symbol = ac.symbols.decode(bits)?;
        bits.skip(u32::from(symbol & 15));
        return Ok(());
    }
    // An end of block behind the first one is 64 places behind it, a second coefficient at most 16.
    if first < 63 && pair.last_ahead() >= 64 {
        return Ok(());
    }
    Err(Problem::CoefficientRun)
}
