//! Progressive scans (T.81 G.1.2): spectral selection and successive
//! approximation of blocks that are held whole.

use super::EncodeError;
use super::frame::{ComponentLayout, Layout};
use super::group::Group;
use super::markers::Band;
use super::quantise::{Block, point_masks_row};
use super::sequential::{Restarts, categorise};
use super::tokens::Tokens;
use crate::zeroed;
use crate::zigzag::ZIGZAG;
use multiversion::multiversion;

/// Which components a scan holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Components {
    /// All of them, interleaved.
    All,
    /// One.
    Only(usize),
}

/// A scan of a progressive picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) components: Components,
    pub(crate) band: Band,
}

const fn scan(components: Components, start: u8, end: u8, high: u8, low: u8) -> Scan {
    Scan {
        components,
        band: Band { start, end, high, low },
    }
}

const Y: Components = Components::Only(0);
const CB: Components = Components::Only(1);
const CR: Components = Components::Only(2);

/// The script that encoders commonly use for colour: a coarse picture first,
/// chroma whole but for its last bit, then luma, then the last bits.
const COLOUR_SCRIPT: [Scan; 10] = [
    scan(Components::All, 0, 0, 0, 1),
    scan(Y, 1, 5, 0, 2),
    scan(CR, 1, 63, 0, 1),
    scan(CB, 1, 63, 0, 1),
    scan(Y, 6, 63, 0, 2),
    scan(Y, 1, 63, 2, 1),
    scan(Components::All, 0, 0, 1, 0),
    scan(CR, 1, 63, 1, 0),
    scan(CB, 1, 63, 1, 0),
    scan(Y, 1, 63, 1, 0),
];

/// The same for one component.
const GRAY_SCRIPT: [Scan; 6] = [
    scan(Components::All, 0, 0, 0, 1),
    scan(Y, 1, 5, 0, 2),
    scan(Y, 6, 63, 0, 2),
    scan(Y, 1, 63, 2, 1),
    scan(Components::All, 0, 0, 1, 0),
    scan(Y, 1, 63, 1, 0),
];

/// The scans for a number of components.
pub(crate) const fn script(components: usize) -> &'static [Scan] {
    if components == 1 { &GRAY_SCRIPT } else { &COLOUR_SCRIPT }
}

/// The blocks of one component, those that hold samples, row by row.
#[derive(Debug, Default)]
struct Held {
    cols: usize,
    rows: usize,
    blocks: Vec<Block>,
    /// Of each block, in zigzag order: the coefficients that are not 0 without
    /// their 0, 1 and 2 lowest bits.
    points: Vec<[u64; 3]>,
}

/// A whole picture of quantised blocks.
#[derive(Debug, Default)]
pub(crate) struct Store {
    components: Vec<Held>,
}

impl Store {
    /// Gets memory for all blocks.
    pub(crate) fn prepare(&mut self, layout: &Layout) -> Result<(), EncodeError> {
        self.components.resize_with(layout.components.len(), Held::default);
        for (held, &ComponentLayout { cols, rows, .. }) in self.components.iter_mut().zip(&layout.components) {
            (held.cols, held.rows) = (cols, rows);
            let blocks = cols.checked_mul(rows).ok_or(EncodeError::OutOfMemory)?;
            // What is there of an earlier picture will be written over.
            zeroed::resize(&mut held.blocks, blocks)?;
            zeroed::resize(&mut held.points, blocks)?;
        }
        Ok(())
    }

    /// Keeps the blocks of a group: MCUs of row `row` from `first` on.
    pub(crate) fn keep(&mut self, group: &Group, row: usize, first: usize) {
        for (held, group) in self.components.iter_mut().zip(&group.components) {
            for j in 0..group.rows {
                let from = j * group.stride;
                let blocks = &group.blocks[from..from + group.cols];
                let to = (row * group.v + j) * held.cols + first * group.h;
                held.blocks[to..to + group.cols].copy_from_slice(blocks);
                point_masks_row(blocks, &mut held.points[to..to + group.cols]);
            }
        }
    }

    /// Turns a scan into tokens; tells whether all its values were in range.
    pub(crate) fn tokenise(&self, layout: &Layout, scan: Scan, restart_interval: u16, tokens: &mut Tokens) -> bool {
        let restarts = Restarts::new(restart_interval);
        let Band { high, low, .. } = scan.band;
        match scan.components {
            Components::All if high == 0 => self.dc_first(layout, low, restarts, tokens),
            Components::All => self.dc_refine(layout, low, restarts, tokens),
            Components::Only(index) => {
                let table = 2 + layout.components[index].huffman;
                let mut coder = AcCoder {
                    tokens,
                    table,
                    eob_run: 0,
                    corrections: Vec::new(),
                    correction_bits: 0,
                    seen: 0,
                };
                code_ac(&mut coder, &self.components[index], scan.band, restarts);
                coder.seen < 1 << 10
            }
        }
    }

    /// Walks over the DC values of an interleaved scan. A block that only fills
    /// its MCU has none of its own.
    fn walk_dc(&self, layout: &Layout, mut step: impl FnMut(Step)) {
        for row in 0..layout.mcus_high {
            for mcu in 0..layout.mcus_wide {
                step(Step::Mcu);
                for (index, (held, c)) in self.components.iter().zip(&layout.components).enumerate() {
                    for j in row * c.v..(row + 1) * c.v {
                        for i in mcu * c.h..(mcu + 1) * c.h {
                            let real = i < held.cols && j < held.rows;
                            let dc = real.then(|| held.blocks[j * held.cols + i][0]);
                            step(Step::Block(index, dc.map(i32::from)));
                        }
                    }
                }
            }
        }
    }

    fn dc_first(&self, layout: &Layout, low: u8, mut restarts: Restarts, tokens: &mut Tokens) -> bool {
        let mut last = [0; 3];
        let mut seen = 0;
        self.walk_dc(layout, |step| match step {
            Step::Mcu => {
                tokens.reserve_block();
                if let Some(number) = restarts.due() {
                    tokens.push_restart(number);
                    last = [0; 3];
                }
            }
            Step::Block(index, dc) => {
                let value = dc.map_or(last[index], |dc| dc >> low);
                let (category, bits, magnitude) = categorise(value - last[index]);
                last[index] = value;
                seen |= magnitude;
                tokens.push(layout.components[index].huffman, category, bits, category);
            }
        });
        seen < 1 << 11
    }

    fn dc_refine(&self, layout: &Layout, low: u8, mut restarts: Restarts, tokens: &mut Tokens) -> bool {
        let mut last = [0; 3];
        self.walk_dc(layout, |step| match step {
            Step::Mcu => {
                tokens.reserve_block();
                if let Some(number) = restarts.due() {
                    tokens.push_restart(number);
                }
            }
            Step::Block(index, dc) => {
                last[index] = dc.unwrap_or(last[index]);
                tokens.push_plain((last[index] >> low & 1).cast_unsigned(), 1);
            }
        });
        true
    }
}

/// What [`Store::walk_dc`] comes by.
enum Step {
    /// A new MCU.
    Mcu,
    /// A block of a component with its DC value, if it has one.
    Block(usize, Option<i32>),
}

/// The longest run of ended bands that a symbol can say (T.81 Table G.1).
const EOB_RUN_MAX: u32 = 0x7FFF;
/// Correction bits may wait behind a run of ended bands until they are this
/// many. The standard sets no bound; common encoders use this one.
const CORRECTIONS_MAX: u32 = 1000 - 64 + 1;

/// Codes the AC coefficients of one component.
struct AcCoder<'a> {
    tokens: &'a mut Tokens,
    table: u32,
    /// Blocks in a row whose band has ended.
    eob_run: u32,
    /// Correction bits of these blocks, as bits and their number.
    corrections: Vec<(u32, u32)>,
    correction_bits: u32,
    seen: u32,
}

/// Splits at most 64 bits into pieces of at most 16, first bits first.
fn pieces(bits: u64, count: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..count).step_by(16).map(move |done| {
        let length = (count - done).min(16);
        let piece = bits >> (count - done - length) & ((1 << length) - 1);
        ((piece & 0xFFFF) as u32, length)
    })
}

/// Codes a scan of one component.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn code_ac(coder: &mut AcCoder<'_>, held: &Held, band: Band, mut restarts: Restarts) {
    let Band { start, end, high, low } = band;
    let within = (u64::MAX << start) & (u64::MAX >> (63 - end));
    let low = usize::from(low);
    for (block, points) in held.blocks.iter().zip(&held.points) {
        if let Some(number) = restarts.due() {
            coder.end_run();
            coder.tokens.reserve_block();
            coder.tokens.push_restart(number);
        }
        let mask = points[low] & within;
        if high == 0 {
            coder.first(block, mask, band);
        } else {
            coder.refine(block, mask, points[low + 1], band);
        }
    }
    coder.end_run();
}

impl AcCoder<'_> {
    /// Writes the run of ended bands and the correction bits that wait for it
    /// (T.81 Figures G.4 and G.6).
    #[inline(always)]
    fn end_run(&mut self) {
        if self.eob_run > 0 {
            self.write_run();
        }
    }

    fn write_run(&mut self) {
        self.tokens.reserve_block();
        let length = self.eob_run.ilog2();
        let bits = self.eob_run & ((1 << length) - 1);
        self.tokens.push(self.table, length << 4, bits, length);
        self.eob_run = 0;
        for &(bits, count) in &self.corrections {
            self.tokens.reserve_block();
            self.tokens.push_plain(bits, count);
        }
        self.corrections.clear();
        self.correction_bits = 0;
    }

    /// The first scan of a band (T.81 Figure G.3).
    #[inline(always)]
    fn first(&mut self, block: &Block, mask: u64, band: Band) {
        let mut last = u32::from(band.start) - 1;
        if mask != 0 {
            self.end_run();
            self.tokens.reserve_block();
        }
        let mut rest = mask;
        while rest != 0 {
            let k = rest.trailing_zeros();
            rest &= rest - 1;
            let mut run = k - last - 1;
            last = k;
            while run > 15 {
                self.tokens.push(self.table, 0xF0, 0, 0);
                run -= 16;
            }
            // The point transform rounds magnitudes down (T.81 G.1.2.1).
            let value = i32::from(block[usize::from(ZIGZAG[(k & 63) as usize])]);
            let shifted = value.signum() * (value.abs() >> band.low);
            let (category, bits, magnitude) = categorise(shifted);
            self.seen |= magnitude;
            self.tokens.push(self.table, run << 4 | (category & 15), bits, category);
        }
        if last < u32::from(band.end) {
            self.eob_run += 1;
            if self.eob_run == EOB_RUN_MAX {
                self.end_run();
            }
        }
    }

    /// A refining scan of a band (T.81 Figure G.7): `mask` has the coefficients
    /// that are not 0 now, `before` those that were not before.
    #[inline(always)]
    fn refine(&mut self, block: &Block, mask: u64, before: u64, band: Band) {
        let fresh = mask & !before;
        // Runs of 16 zeros are only written ahead of a coefficient that becomes
        // non-zero: behind the last one the band has ended.
        let last_fresh = 63_u32.saturating_sub(fresh.leading_zeros());
        let mut last = u32::from(band.start) - 1;
        let (mut run, mut waiting, mut count) = (0, 0_u64, 0);
        let mut rest = mask;
        if fresh != 0 {
            self.end_run();
            self.tokens.reserve_block();
        }
        while rest != 0 {
            let k = rest.trailing_zeros();
            rest &= rest - 1;
            run += k - last - 1;
            last = k;
            while run > 15 && k <= last_fresh {
                self.tokens.push(self.table, 0xF0, 0, 0);
                run -= 16;
                self.correct(&mut waiting, &mut count);
            }
            let value = block[usize::from(ZIGZAG[(k & 63) as usize])];
            if before >> k & 1 == 1 {
                waiting = waiting << 1 | u64::from(value.unsigned_abs() >> band.low & 1);
                count += 1;
            } else {
                let sign = u32::from(value >= 0);
                self.tokens.push(self.table, run << 4 | 1, sign, 1);
                run = 0;
                self.correct(&mut waiting, &mut count);
            }
        }
        run += u32::from(band.end) - last;
        if run > 0 || count > 0 {
            self.eob_run += 1;
            if count > 0 {
                self.corrections.extend(pieces(waiting, count));
            }
            self.correction_bits += count;
            if self.eob_run == EOB_RUN_MAX || self.correction_bits > CORRECTIONS_MAX {
                self.end_run();
            }
        }
    }

    /// Writes the correction bits of the coefficients passed since the last symbol.
    #[inline(always)]
    fn correct(&mut self, waiting: &mut u64, count: &mut u32) {
        if *count == 0 {
            return;
        }
        for (bits, length) in pieces(*waiting, *count) {
            self.tokens.push_plain(bits, length);
        }
        (*waiting, *count) = (0, 0);
    }
}
