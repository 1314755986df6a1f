//! Huffman tables for decoding (T.81 annex C, F.2.2.3), arranged so that one load gives up to two coefficients.
#![expect(
    clippy::cast_possible_truncation,
    reason = "codes have at most 16 bits, symbols 8 and indices the bits of the lookup"
)]

use super::bits::Bits;
use super::error::Problem;

/// Bits that index the lookup tables. Two tables of pairs then take 16 KiB of the first-level cache; 10 and 12
/// bits were measured 1 to 3% slower on camera photos.
pub(super) const LOOKUP_BITS: u32 = 11;
const LOOKUP_SIZE: usize = 1 << LOOKUP_BITS;

/// A Huffman table as its segment defines it (B.2.4.2).
#[derive(Clone, Debug)]
pub(super) struct HuffmanSpec {
    /// Number of codes of each length, from 1 bit to 16.
    counts: [u8; 16],
    /// Symbols by increasing length of code.
    symbols: [u8; 256],
}

impl HuffmanSpec {
    /// Takes a table if its codes are prefix codes and it has a symbol for each.
    pub(super) fn new(counts: [u8; 16], symbols: &[u8]) -> Result<Self, &'static str> {
        let mut stored = [0; 256];
        stored
            .get_mut(..symbols.len())
            .ok_or("more than 256 codes")?
            .copy_from_slice(symbols);
        // Kraft's inequality, length by length: the next free code must fit its length.
        let mut next = 0u32;
        for (length, &count) in (1u32..).zip(&counts) {
            next = (next << 1) + u32::from(count);
            if next > 1 << length {
                return Err("more codes than their lengths allow");
            }
        }
        Ok(Self {
            counts,
            symbols: stored,
        })
    }
}

/// Codes to symbols, one at a time: a table for short codes, a search by length for long ones.
#[derive(Clone, Debug)]
pub(super) struct SymbolTable {
    /// By the next bits: length of the code << 8 | symbol; 0 if the code is longer or there is none.
    short: Box<[u16; LOOKUP_SIZE]>,
    /// For each length: the first code of a greater length, left-aligned to 16 bits.
    limits: [u32; 17],
    /// For each length: what to add to a code of it to have its symbol's index.
    offsets: [i32; 17],
    symbols: [u8; 256],
}

impl SymbolTable {
    pub(super) fn new() -> Self {
        Self {
            short: Box::new([0; LOOKUP_SIZE]),
            limits: [0; 17],
            offsets: [0; 17],
            symbols: [0; 256],
        }
    }

    /// Derives the codes (annex C.2) and fills the tables.
    pub(super) fn fill(&mut self, spec: &HuffmanSpec) {
        self.symbols = spec.symbols;
        self.short.fill(0);
        let mut code = 0u32;
        let mut index = 0usize;
        for (length, &count) in (1u32..).zip(&spec.counts) {
            code <<= 1;
            self.offsets[length as usize] = index as i32 - code as i32;
            for _ in 0..count {
                if length <= LOOKUP_BITS {
                    let first = (code << (LOOKUP_BITS - length)) as usize;
                    let symbol = spec.symbols.get(index).copied().unwrap_or(0);
                    let entry = (length as u16) << 8 | u16::from(symbol);
                    let span = 1 << (LOOKUP_BITS - length);
                    if let Some(entries) = self.short.get_mut(first..first + span) {
                        entries.fill(entry);
                    }
                }
                code += 1;
                index += 1;
            }
            self.limits[length as usize] = code << (16 - length);
        }
    }

    /// Takes the next symbol (F.2.2.3, DECODE). Needs 16 bits in `bits`.
    #[inline(always)]
    pub(super) fn decode(&self, bits: &mut Bits) -> Result<u8, Problem> {
        let entry = self.short[bits.peek(LOOKUP_BITS) as usize & (LOOKUP_SIZE - 1)];
        if entry != 0 {
            bits.skip(u32::from(entry >> 8));
            return Ok(entry as u8);
        }
        let (length, symbol) = self.find_long(bits.peek(16) as u32)?;
        bits.skip(length);
        Ok(symbol)
    }

    /// Length and symbol of the code that the 16 bits `code` start with, if it is longer than the lookup.
    #[cold]
    fn find_long(&self, code: u32) -> Result<(u32, u8), Problem> {
        for length in LOOKUP_BITS + 1..=16 {
            if code < self.limits[length as usize] {
                let index = (code >> (16 - length)) as i32 + self.offsets[length as usize];
                return usize::try_from(index)
                    .ok()
                    .and_then(|index| self.symbols.get(index))
                    .map(|&symbol| (length, symbol))
                    .ok_or(Problem::HuffmanCode);
            }
        }
        Err(Problem::HuffmanCode)
    }
}

/// One or two AC coefficients with everything needed to place them, in 32 bits.
///
/// | bits | meaning |
/// |---|---|
/// | 0–5 | bits to skip, 1 to 11: as wide as a shift count, so that it need not be cut out |
/// | 6–10 | how far ahead the first coefficient is, 1 to 16 |
/// | 11–17 | how far ahead the last of both is; the end of a block is 64 behind what it follows |
/// | 18–23 | value of the second coefficient, 0 if there is none |
/// | 24–31 | value of the first coefficient, 0 if the block ends at once |
///
/// All zero if the table of single symbols must be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair(u32);

impl Pair {
    /// Sizes of the values that fit.
    const FIRST_MAX_SIZE: u32 = 7;
    const SECOND_MAX_SIZE: u32 = 5;

    #[inline(always)]
    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The bits to skip, modulo 64.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0
    }

    /// Whether the block ends at once.
    #[inline(always)]
    pub(super) fn ends(self) -> bool {
        self.last_ahead() == 64
    }

    #[inline(always)]
    pub(super) fn first_ahead(self) -> usize {
        (self.0 >> 6) as usize & 0x1F
    }

    #[inline(always)]
    pub(super) fn last_ahead(self) -> usize {
        (self.0 >> 11) as usize & 0x7F
    }

    #[inline(always)]
    pub(super) fn second_value(self) -> i16 {
        (((self.0 as i32) << 8) >> 26) as i16
    }

    #[inline(always)]
    pub(super) fn first_value(self) -> i16 {
        ((self.0 as i32) >> 24) as i16
    }
}

/// The AC table of a sequential scan.
#[derive(Clone, Debug)]
pub(super) struct AcTable {
    pairs: Box<[Pair; LOOKUP_SIZE]>,
    pub(super) symbols: SymbolTable,
}

/// A symbol found in the lookup bits, with its value if that lies within them too.
struct Step {
    ahead: u32,
    value: i32,
    length: u32,
    ends: bool,
}

impl AcTable {
    pub(super) fn new() -> Self {
        Self {
            pairs: Box::new([Pair::default(); LOOKUP_SIZE]),
            symbols: SymbolTable::new(),
        }
    }

    pub(super) fn fill(&mut self, spec: &HuffmanSpec) {
        self.symbols.fill(spec);
        for (index, pair) in (0u32..).zip(self.pairs.iter_mut()) {
            *pair = make_pair(&self.symbols, index);
        }
    }

    #[inline(always)]
    pub(super) fn pair(&self, bits: Bits) -> Pair {
        self.pairs[bits.peek(LOOKUP_BITS) as usize & (LOOKUP_SIZE - 1)]
    }
}

/// What the `LOOKUP_BITS` bits `window`, of which `available` are real, start with.
fn step(symbols: &SymbolTable, window: u32, available: u32, max_size: u32) -> Option<Step> {
    let entry = symbols.short[window as usize & (LOOKUP_SIZE - 1)];
    let (code_length, symbol) = (u32::from(entry >> 8), u32::from(entry & 0xFF));
    let (run, size) = (symbol >> 4, symbol & 15);
    let length = code_length + size;
    if code_length == 0 || length > available || size > max_size {
        return None;
    }
    let value = if size == 0 {
        0
    } else {
        let bits = (window >> (LOOKUP_BITS - length)) & ((1 << size) - 1);
        extend(bits, size)
    };
    Some(Step {
        ahead: run + 1,
        value,
        length,
        ends: size == 0 && run != 15,
    })
}

fn make_pair(symbols: &SymbolTable, window: u32) -> Pair {
    let Some(first) = step(symbols, window, LOOKUP_BITS, Pair::FIRST_MAX_SIZE) else {
        return Pair::default();
    };
    if first.ends {
        // Nothing is taken behind the end: those bits are the next block's.
        return Pair(first.length | 1 << 6 | 64 << 11);
    }
    let mut length = first.length;
    let mut last_ahead = first.ahead;
    let mut second_value = 0;
    let rest = (window << length) & (LOOKUP_SIZE as u32 - 1);
    if let Some(second) = step(symbols, rest, LOOKUP_BITS - length, Pair::SECOND_MAX_SIZE) {
        length += second.length;
        last_ahead += if second.ends { 64 } else { second.ahead };
        second_value = second.value as u32 & 0x3F;
    }
    Pair(length | first.ahead << 6 | last_ahead << 11 | second_value << 18 | (first.value as u32) << 24)
}

/// The value that `size` additional bits stand for (F.2.2.1, EXTEND).
fn extend(bits: u32, size: u32) -> i32 {
    if bits >> (size - 1) == 1 {
        bits as i32
    } else {
        bits as i32 - (1 << size) + 1
    }
}
