//! A few MCUs of a sequential scan at a time, small enough to stay in the first-level cache between Huffman
//! decoding and whatever is done with their coefficients.

use super::DecodeError;
use super::error::DamageReport;
use super::intervals::{Intervals, Run};
use super::planes::resize;
use super::sequential::{BlockSlot, SPARE_BLOCKS, SequentialTables, decode_mcus};

/// Blocks in a chunk, about: 8 KiB of coefficients.
const CHUNK_BLOCKS: usize = 64;

/// One component of a scan: its tables and the blocks that it has in an MCU.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanPart {
    /// Index in the frame.
    pub(super) index: usize,
    pub(super) dc_table: usize,
    pub(super) ac_table: usize,
    /// Blocks in an MCU; 1 by 1 in a scan of one component (A.2.2).
    pub(super) h: usize,
    pub(super) v: usize,
}

/// One row of blocks of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkRow {
    /// Index of the component in the frame.
    pub(super) component: usize,
    /// Row within the MCU.
    pub(super) y: usize,
    pub(super) v: usize,
    /// Blocks in an MCU.
    pub(super) h: usize,
    first: usize,
}

/// A run of MCUs of one MCU row with their coefficients.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    blocks: Vec<[i16; 64]>,
    slots: Vec<BlockSlot>,
    rows: Vec<ChunkRow>,
    /// MCUs that fit.
    capacity: usize,
    predictions: [i32; 4],
    /// First MCU of the row and number of MCUs in hand.
    pub(super) column: usize,
    pub(super) mcus: usize,
}

impl Chunk {
    /// Lays the chunk out for a scan.
    pub(super) fn lay_out(&mut self, parts: &[ScanPart]) -> Result<(), DecodeError> {
        let blocks_per_mcu: usize = parts.iter().map(|part| part.h * part.v).sum();
        self.capacity = (CHUNK_BLOCKS / blocks_per_mcu.max(1)).max(1);
        self.slots.clear();
        self.rows.clear();
        let mut next = 0;
        for (component, part) in parts.iter().enumerate() {
            for y in 0..part.v {
                self.rows.push(ChunkRow {
                    component: part.index,
                    y,
                    v: part.v,
                    h: part.h,
                    first: next,
                });
                for x in 0..part.h {
                    self.slots.push(BlockSlot {
                        component,
                        dc_table: part.dc_table,
                        ac_table: part.ac_table,
                        first: next + x,
                        step: part.h,
                    });
                }
                // The spare block takes what the last one's decoding puts behind its end.
                next += self.capacity * part.h + 1;
            }
        }
        resize(&mut self.blocks, next + SPARE_BLOCKS)
    }

    /// Reads `mcus` MCUs from MCU `column` of a row on, at most as many as fit; the coefficients of those that
    /// cannot be read are zero.
    pub(super) fn read(
        &mut self,
        file: &[u8],
        intervals: &mut Intervals,
        tables: &SequentialTables,
        report: &mut DamageReport,
        column: usize,
        mcus: usize,
    ) {
        self.column = column;
        self.mcus = mcus.min(self.capacity);
        bytemuck::cast_slice_mut::<_, i16>(&mut self.blocks).fill(0);
        let mut done = 0;
        while done < self.mcus {
            match intervals.next_run(file, self.mcus - done, report) {
                Run::Lost(lost) => {
                    self.clear(done, lost);
                    done += lost;
                }
                Run::Read { mcus, reset } => {
                    if reset {
                        self.predictions = [0; 4];
                    }
                    let (read, problem) = decode_mcus(
                        file,
                        &mut intervals.entropy,
                        tables,
                        &self.slots,
                        &mut self.predictions,
                        &mut self.blocks,
                        (done, mcus),
                    );
                    intervals.advance(read);
                    done += read;
                    if let Some(problem) = problem {
                        intervals.fail(file, problem, report);
                    }
                }
            }
        }
    }

    /// The rows of blocks in hand.
    pub(super) fn rows(&self) -> impl Iterator<Item = (ChunkRow, &[[i16; 64]])> {
        self.rows.iter().map(|row| {
            let blocks = self.blocks.get(row.first..row.first + self.mcus * row.h);
            (*row, blocks.unwrap_or_default())
        })
    }

    /// The decoding of the MCU before these may have left something in their DC coefficients.
    fn clear(&mut self, first: usize, mcus: usize) {
        for slot in &self.slots {
            for mcu in first..first + mcus {
                if let Some(block) = self.blocks.get_mut(slot.first + mcu * slot.step) {
                    *block = [0; 64];
                }
            }
        }
    }
}
