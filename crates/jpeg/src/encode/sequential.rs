//! Sequential entropy coding (T.81 F.1.2): blocks to Huffman symbols, written
//! at once with given tables or kept as tokens for tables yet to be made.

use super::bits::{BitWriter, Chunk, Pending, Sink};
use super::group::Group;
use super::huffman::HuffmanSpec;
use super::quantise::Block;
use super::tokens::Tokens;
use crate::zigzag::ZIGZAG;
use multiversion::multiversion;

/// End of block.
const EOB: u32 = 0x00;
/// A run of 16 zeros.
const ZRL: u32 = 0xF0;

/// What becomes of the symbols.
trait SymbolCoder {
    /// How a table is named.
    type Table: Copy;

    /// The DC and the AC table of a component.
    fn tables(&self, huffman: u32) -> (Self::Table, Self::Table);

    /// Takes a symbol of a table, whose low half-byte is the number of `bits`
    /// that follow it.
    fn symbol(&mut self, table: Self::Table, symbol: u32, bits: u32);

    /// Takes a coefficient behind `run` zeros, at most 15. Returns its magnitude,
    /// or 0 if that is surely in range.
    #[inline(always)]
    fn coefficient(&mut self, table: Self::Table, run: u32, value: i32) -> u32 {
        let (category, bits, magnitude) = categorise(value);
        self.symbol(table, run << 4 | category, bits);
        magnitude
    }

    /// Called after at most two symbols with bits, or three in all.
    fn flush(&mut self);

    /// Called ahead of each block.
    fn make_room(&mut self);

    /// Ends a restart interval with marker RST`number`.
    fn restart(&mut self, number: u8);
}

/// What the coder keeps from one group of MCUs to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScanState {
    pub(crate) restart: Restarts,
    /// The last DC value of each component.
    last_dc: [i32; 3],
    /// All magnitudes of AC coefficients and of DC differences, joined by "or".
    seen_ac: u32,
    seen_dc: u32,
}

impl ScanState {
    pub(crate) fn new(restart_interval: u16) -> Self {
        Self {
            restart: Restarts::new(restart_interval),
            ..Self::default()
        }
    }

    /// Whether all values so far fit the categories of 8-bit JPEG
    /// (T.81 Tables F.1 and F.2).
    pub(crate) fn is_in_range(&self) -> bool {
        self.seen_ac < 1 << 10 && self.seen_dc < 1 << 11
    }
}

/// Counts MCUs to the next restart marker.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Restarts {
    interval: u16,
    left: u16,
    next: u8,
}

impl Restarts {
    /// An interval of 0 means none.
    pub(crate) fn new(interval: u16) -> Self {
        Self {
            interval,
            left: interval,
            next: 0,
        }
    }

    /// Called ahead of each MCU: the number of the marker that goes before it.
    #[inline(always)]
    pub(crate) fn due(&mut self) -> Option<u8> {
        if self.interval == 0 {
            return None;
        }
        let due = self.left == 0;
        if due {
            self.left = self.interval;
            self.next = self.next.wrapping_add(1);
        }
        self.left -= 1;
        due.then(|| self.next.wrapping_sub(1) & 7)
    }
}

/// Category, additional bits and magnitude of a value (T.81 F.1.2.1).
#[inline(always)]
pub(crate) fn categorise(value: i32) -> (u32, u32, u32) {
    // A negative value is sent as the low bits of value − 1.
    let sign = value >> 31;
    let shifted = value.wrapping_add(sign);
    let magnitude = (shifted ^ sign).cast_unsigned();
    let category = 32 - magnitude.leading_zeros();
    let bits = shifted.cast_unsigned() & (1_u32.wrapping_shl(category)).wrapping_sub(1);
    (category, bits, magnitude)
}

/// Codes a block. `seen` joins the magnitudes of DC differences and of AC
/// coefficients.
#[inline(always)]
fn code_block<C: SymbolCoder>(
    coder: &mut C,
    (dc_table, ac_table): (C::Table, C::Table),
    block: &Block,
    mask: u64,
    last_dc: &mut i32,
    seen: &mut (u32, u32),
) {
    let dc = i32::from(block[0]);
    let (category, bits, magnitude) = categorise(dc - *last_dc);
    *last_dc = dc;
    seen.0 |= magnitude;
    coder.symbol(dc_table, category, bits);

    let mut rest = mask & !1;
    let mut last = 0;
    let mut next = |coder: &mut C, rest: &mut u64, last: &mut u32| {
        let k = rest.trailing_zeros();
        *rest &= *rest - 1;
        let mut run = k - *last - 1;
        *last = k;
        let natural = ZIGZAG[(k & 63) as usize];
        let value = i32::from(block[usize::from(natural & 63)]);
        if run > 15 {
            coder.flush();
            while run > 15 {
                coder.symbol(ac_table, ZRL, 0);
                coder.flush();
                run -= 16;
            }
        }
        seen.1 |= coder.coefficient(ac_table, run, value);
    };
    // One flush for two symbols: 7 bits left over, 27 for DC, 26 for AC.
    while rest != 0 {
        next(coder, &mut rest, &mut last);
        coder.flush();
        if rest == 0 {
            break;
        }
        next(coder, &mut rest, &mut last);
    }
    if last < 63 {
        coder.symbol(ac_table, EOB, 0);
    }
    coder.flush();
}

#[inline(always)]
fn code_group<C: SymbolCoder>(coder: &mut C, group: &Group, state: &mut ScanState) {
    let mut seen = (state.seen_dc, state.seen_ac);
    for mcu in 0..group.mcus {
        if let Some(number) = state.restart.due() {
            coder.restart(number);
            state.last_dc = [0; 3];
        }
        for (component, last_dc) in group.components.iter().zip(&mut state.last_dc) {
            let tables = coder.tables(component.huffman);
            for j in 0..component.v {
                for i in 0..component.h {
                    coder.make_room();
                    let col = mcu * component.h + i;
                    let at = j * component.stride + col;
                    let real = col < component.cols && j < component.rows;
                    match (component.blocks.get(at), component.masks.get(at)) {
                        (Some(block), Some(&mask)) if real => {
                            code_block(coder, tables, block, mask, last_dc, &mut seen);
                        }
                        _ => {
                            // It repeats the DC value and has nothing else.
                            coder.symbol(tables.0, 0, 0);
                            coder.symbol(tables.1, EOB, 0);
                            coder.flush();
                        }
                    }
                }
            }
        }
    }
    (state.seen_dc, state.seen_ac) = seen;
}

/// Symbols as they are written: a code with room for the additional bits below
/// it, shifted left by 5, and the length of both.
pub(crate) struct WriteTables {
    /// By symbol, of two DC and two AC tables.
    symbols: [[u32; 256]; 4],
    /// Of the two AC tables, by run and coefficient from −32 to 31, with the
    /// additional bits in place: most coefficients need one look and no
    /// arithmetic, which saves a third of the instructions of the whole coder.
    small: [[u32; 1024]; 2],
}

impl WriteTables {
    /// The tables for writing with two DC and two AC tables, in this order.
    pub(crate) fn new(specs: &[HuffmanSpec; 4]) -> Self {
        let mut this = Self {
            symbols: [[0; 256]; 4],
            small: [[0; 1024]; 2],
        };
        for (entries, spec) in this.symbols.iter_mut().zip(specs) {
            let codes = spec.codes();
            let symbols = codes.codes.iter().zip(codes.lengths).zip(0_u32..);
            for (entry, ((&code, length), symbol)) in entries.iter_mut().zip(symbols) {
                // Symbols of categories that are too large have no code: they
                // stay 0 and write nothing; `ScanState::is_in_range` tells.
                if length > 0 {
                    let extra = symbol & 15;
                    *entry = (u32::from(code) << extra) << 5 | (u32::from(length) + extra);
                }
            }
        }
        for (small, symbols) in this.small.iter_mut().zip(&this.symbols[2..]) {
            for (run, entries) in small.chunks_exact_mut(64).enumerate() {
                for (entry, value) in entries.iter_mut().zip(-SMALL..) {
                    let (category, bits, _) = categorise(value);
                    *entry = symbols[run << 4 | (category & 15) as usize] | bits << 5;
                }
            }
        }
        this
    }
}

/// Coefficients from −32 to 31 are in the tables by value.
const SMALL: i32 = 32;

struct Writer<'a, S> {
    bits: BitWriter<'a, S>,
    tables: &'a WriteTables,
}

impl<'a, S: Sink> SymbolCoder for Writer<'a, S> {
    type Table = (&'a [u32; 256], &'a [u32; 1024]);

    #[inline(always)]
    fn tables(&self, huffman: u32) -> (Self::Table, Self::Table) {
        let [dc0, dc1, ac0, ac1] = &self.tables.symbols;
        let [small0, small1] = &self.tables.small;
        if huffman == 0 {
            ((dc0, small0), (ac0, small0))
        } else {
            ((dc1, small1), (ac1, small1))
        }
    }

    #[inline(always)]
    fn symbol(&mut self, (symbols, _): Self::Table, symbol: u32, bits: u32) {
        let entry = symbols[(symbol & 255) as usize];
        self.bits.put((entry >> 5) | bits, entry & 31);
    }

    #[inline(always)]
    fn coefficient(&mut self, table: Self::Table, run: u32, value: i32) -> u32 {
        let small = (value + SMALL).cast_unsigned();
        if small < 64 {
            let entry = table.1[((run << 6 | small) & 1023) as usize];
            self.bits.put(entry >> 5, entry & 31);
            return 0;
        }
        let (category, bits, magnitude) = categorise(value);
        self.symbol(table, run << 4 | category, bits);
        magnitude
    }

    #[inline(always)]
    fn flush(&mut self) {
        self.bits.flush();
    }

    #[inline(always)]
    fn make_room(&mut self) {
        self.bits.make_room();
    }

    #[inline(always)]
    fn restart(&mut self, number: u8) {
        self.bits.restart(number);
    }
}

/// Writes a group with given tables.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(crate) fn write_group<S: Sink>(
    group: &Group,
    state: &mut ScanState,
    tables: &WriteTables,
    pending: &mut Pending,
    chunk: &mut Chunk,
    sink: &mut S,
) {
    let mut coder = Writer {
        bits: BitWriter::new(*pending, chunk, sink),
        tables,
    };
    code_group(&mut coder, group, state);
    *pending = coder.bits.suspend();
}

impl SymbolCoder for Tokens {
    type Table = u32;

    #[inline(always)]
    fn tables(&self, huffman: u32) -> (u32, u32) {
        (huffman, 2 + huffman)
    }

    #[inline(always)]
    fn symbol(&mut self, table: u32, symbol: u32, bits: u32) {
        self.push(table, symbol, bits, symbol & 15);
    }

    #[inline(always)]
    fn flush(&mut self) {}

    #[inline(always)]
    fn make_room(&mut self) {
        self.reserve_block();
    }

    fn restart(&mut self, number: u8) {
        self.push_restart(number);
    }
}

/// Turns a group into tokens.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(crate) fn tokenise_group(group: &Group, state: &mut ScanState, tokens: &mut Tokens) {
    code_group(tokens, group, state);
}
