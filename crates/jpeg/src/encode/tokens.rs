//! Entropy-coded symbols that wait for their tables: counted as they come,
//! written once the optimal tables are known.

use super::bits::{BitWriter, Chunk, Pending, Sink};
use super::huffman::HuffmanSpec;
use multiversion::multiversion;

/// Symbols of four tables: two for DC, two for AC.
const SYMBOLS: usize = 4 * 256;
/// Marks bits that have no symbol.
const PLAIN: u32 = 1024;
/// Marks a restart marker.
const RESTART: u32 = 1025;

/// Tokens of a scan. Each is a word: 11 bits say which symbol of which table
/// (or [`PLAIN`], [`RESTART`]), 5 bits the number of additional bits, 16 hold them.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// The piece that is being filled.
    tokens: Vec<u32>,
    /// The pieces before it.
    full: Vec<Vec<u32>>,
    free: Vec<Vec<u32>>,
    frequencies: Box<[u32; SYMBOLS]>,
    exhausted: bool,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            full: Vec::new(),
            free: Vec::new(),
            frequencies: Box::new([0; SYMBOLS]),
            exhausted: false,
        }
    }
}

impl Tokens {
    pub(crate) fn clear(&mut self) {
        self.free.append(&mut self.full);
        self.tokens.clear();
        self.frequencies.fill(0);
        self.exhausted = false;
    }

    /// Whether memory ran out; tokens were lost then.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Makes room for a block: 64 symbols, three runs of zeros, an end of band,
    /// and as many words of correction bits.
    #[inline(always)]
    pub(crate) fn reserve_block(&mut self) {
        const BLOCK: usize = 256;
        if self.tokens.capacity() - self.tokens.len() < BLOCK {
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        // In pieces, as a vector that grows would take up to twice the memory and be copied as often as it does.
        const PIECE: usize = 1 << 16;
        let mut piece = self.free.pop().unwrap_or_default();
        piece.clear();
        let room = piece.try_reserve_exact(PIECE).and_then(|()| self.full.try_reserve(1));
        if room.is_err() {
            // Start over: the result is thrown away, memory must not grow.
            self.exhausted = true;
            self.tokens.clear();
            return;
        }
        let full = std::mem::replace(&mut self.tokens, piece);
        if full.capacity() > 0 {
            self.full.push(full);
        }
    }

    /// Adds symbol `symbol` of table `table` with its `count` additional bits,
    /// at most 16.
    #[inline(always)]
    pub(crate) fn push(&mut self, table: u32, symbol: u32, bits: u32, count: u32) {
        let index = (table & 3) << 8 | (symbol & 255);
        let frequency = &mut self.frequencies[index as usize];
        *frequency = frequency.saturating_add(1);
        self.tokens.push(index << 21 | count << 16 | bits);
    }

    /// Adds at most 16 bits without a symbol.
    #[inline(always)]
    pub(crate) fn push_plain(&mut self, bits: u32, count: u32) {
        self.tokens.push(PLAIN << 21 | count << 16 | bits);
    }

    pub(crate) fn push_restart(&mut self, number: u8) {
        self.tokens.push(RESTART << 21 | u32::from(number));
    }

    /// The optimal table for what was pushed to table `table`.
    pub(crate) fn optimal(&self, table: usize) -> HuffmanSpec {
        let start = table % 4 * 256;
        HuffmanSpec::optimal(&self.frequencies[start..start + 256])
    }

    /// Writes everything with these tables, to a whole last byte.
    pub(crate) fn write<S: Sink>(&self, specs: [Option<&HuffmanSpec>; 4], chunk: &mut Chunk, sink: &mut S) {
        // Code and length by index; the plain ones have neither.
        let mut codes = [0_u32; 2048];
        for (table, spec) in specs.into_iter().enumerate() {
            let Some(spec) = spec else { continue };
            let made = spec.codes();
            for symbol in 0..256 {
                codes[table << 8 | symbol] = u32::from(made.codes[symbol]) << 5 | u32::from(made.lengths[symbol]);
            }
        }
        let pieces = self.full.iter().chain([&self.tokens]).map(Vec::as_slice);
        write_tokens(pieces, &codes, chunk, sink);
    }
}

/// Writes pieces of tokens, given the code (shifted left by 5) and its length for each index.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn write_tokens<'t, S: Sink>(
    pieces: impl Iterator<Item = &'t [u32]>,
    codes: &[u32; 2048],
    chunk: &mut Chunk,
    sink: &mut S,
) {
    let mut writer = BitWriter::new(Pending::default(), chunk, sink);
    for tokens in pieces.flat_map(|piece| piece.chunks(64)) {
        writer.make_room();
        for &token in tokens {
            let (index, count, bits) = (token >> 21, token >> 16 & 31, token & 0xFFFF);
            if index == RESTART {
                writer.restart((bits & 7) as u8);
            } else {
                let entry = codes[(index & 2047) as usize];
                writer.put((entry >> 5) << count | bits, (entry & 31) + count);
                writer.flush();
            }
        }
    }
    writer.align();
}
