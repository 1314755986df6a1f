//! Bits to bytes: the bit writer, and byte stuffing as a pass of its own
//! (T.81 B.1.1.5, F.1.2.3).

/// Where bytes go: a file in memory, or only a count of them.
pub(crate) trait Sink {
    /// Takes bytes as they are: markers and their segments.
    fn raw(&mut self, bytes: &[u8]);

    /// Takes entropy-coded bytes and puts a 0 behind each 0xFF.
    fn entropy(&mut self, bytes: &[u8]);
}

/// Bytes appended to a vector.
#[derive(Debug)]
pub(crate) struct Bytes<'a> {
    out: &'a mut Vec<u8>,
    /// Whether memory ran out; what follows is dropped then.
    exhausted: bool,
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, exhausted: false }
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    fn reserve(&mut self, bytes: usize) -> bool {
        self.exhausted |= self.out.try_reserve(bytes).is_err();
        !self.exhausted
    }
}

impl Sink for Bytes<'_> {
    fn raw(&mut self, bytes: &[u8]) {
        if self.reserve(bytes.len()) {
            self.out.extend_from_slice(bytes);
        }
    }

    fn entropy(&mut self, bytes: &[u8]) {
        // All of it may be 0xFF.
        if !self.reserve(2 * bytes.len()) {
            return;
        }
        let mut start = 0;
        for at in memchr::memchr_iter(0xFF, bytes) {
            self.out.extend_from_slice(&bytes[start..=at]);
            self.out.push(0);
            start = at + 1;
        }
        self.out.extend_from_slice(&bytes[start..]);
    }
}

/// The number of bytes that a file would have.
#[derive(Debug, Default)]
pub(crate) struct Counter(pub(crate) usize);

impl Sink for Counter {
    fn raw(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }

    fn entropy(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() + bytes.iter().filter(|&&b| b == 0xFF).count();
    }
}

/// Bytes gathered before they are stuffed: few enough to stay in the
/// first-level cache, enough that the stuffing pass is rarely begun.
const CHUNK: usize = 4096;
/// The most that one block can add: 64 symbols of 32 bits and three zero runs,
/// of which a block of 64 coefficients has no more.
const BLOCK_MAX: usize = 512;

/// The bytes on their way to the sink. Eight spare ones let a store of 8 bytes
/// begin at the last place.
pub(crate) type Chunk = [u8; CHUNK + 8];

/// An empty chunk.
pub(crate) const fn chunk() -> Chunk {
    [0; CHUNK + 8]
}

/// Bits that wait for their byte to be full: kept between calls of the coders.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pending {
    /// The bits, from the highest down.
    bits: u64,
    /// How many they are.
    count: u32,
}

impl Pending {
    /// Fills the last byte with ones and hands it to the sink.
    pub(crate) fn finish<S: Sink>(self, chunk: &mut Chunk, sink: &mut S) {
        BitWriter::new(self, chunk, sink).align();
    }
}

/// Writes bits, highest first, without a branch: they gather at the top of a
/// register, [`BitWriter::flush`] stores all 8 bytes of it and advances by those
/// that are full.
pub(crate) struct BitWriter<'a, S> {
    bits: u64,
    /// Minus the number of bits: modulo 64 the shift that puts new ones behind
    /// them, which the processor then takes as it is.
    minus_count: u32,
    filled: usize,
    chunk: &'a mut Chunk,
    sink: &'a mut S,
}

impl<'a, S: Sink> BitWriter<'a, S> {
    #[inline(always)]
    pub(crate) fn new(pending: Pending, chunk: &'a mut Chunk, sink: &'a mut S) -> Self {
        Self {
            bits: pending.bits,
            minus_count: pending.count.wrapping_neg(),
            filled: 0,
            chunk,
            sink,
        }
    }

    /// Appends the `length` low bits of `value`, whose other bits are 0. At most
    /// 56 bits between two flushes.
    #[inline(always)]
    pub(crate) fn put(&mut self, value: u32, length: u32) {
        self.minus_count = self.minus_count.wrapping_sub(length);
        self.bits |= u64::from(value).wrapping_shl(self.minus_count);
    }

    /// Moves full bytes to the chunk.
    #[inline(always)]
    pub(crate) fn flush(&mut self) {
        let count = self.minus_count.wrapping_neg();
        let at = self.filled & (CHUNK - 1);
        self.chunk[at..at + 8].copy_from_slice(&self.bits.to_be_bytes());
        self.filled += (count / 8) as usize;
        self.bits <<= count & 56;
        self.minus_count = (count & 7).wrapping_neg();
    }

    /// Makes room for one more block.
    #[inline(always)]
    pub(crate) fn make_room(&mut self) {
        if self.filled > CHUNK - BLOCK_MAX {
            self.drain();
        }
    }

    #[inline(always)]
    fn drain(&mut self) {
        self.filled = drain(self.chunk, self.filled, self.sink);
    }

    /// Fills the last byte with ones, and hands everything to the sink.
    #[inline(always)]
    pub(crate) fn align(&mut self) {
        self.flush();
        let missing = self.minus_count & 7;
        self.put((1 << missing) - 1, missing);
        self.flush();
        self.drain();
    }

    /// Ends a restart interval: fills the last byte and writes marker RST`n`.
    #[inline(always)]
    pub(crate) fn restart(&mut self, number: u8) {
        self.align();
        self.sink.raw(&[0xFF, 0xD0 | (number & 7)]);
    }

    /// Hands full bytes to the sink and gives back the bits that remain.
    #[inline(always)]
    pub(crate) fn suspend(mut self) -> Pending {
        self.flush();
        self.drain();
        Pending {
            bits: self.bits,
            count: self.minus_count.wrapping_neg(),
        }
    }
}

// Apart, and given the parts instead of the writer: a writer that is never
// handed out by reference has its fields in registers.
#[inline(never)]
fn drain<S: Sink>(chunk: &Chunk, filled: usize, sink: &mut S) -> usize {
    sink.entropy(&chunk[..filled.min(CHUNK)]);
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_out_in_order_stuffed_and_padded_with_ones() {
        let (mut out, mut chunk) = (Vec::new(), chunk());
        let mut sink = Bytes::new(&mut out);
        let mut writer = BitWriter::new(Pending::default(), &mut chunk, &mut sink);
        writer.put(0b1111, 4);
        writer.flush();
        let pending = writer.suspend();
        let mut writer = BitWriter::new(pending, &mut chunk, &mut sink);
        writer.put(0b1111_0000_0001, 12);
        writer.put(0, 0);
        writer.put(0b10, 2);
        writer.restart(9);
        writer.put(0x00FF_00FF, 32);
        writer.align();
        assert_eq!(out, [0xFF, 0, 0x01, 0xBF, 0xFF, 0xD1, 0, 0xFF, 0, 0, 0xFF, 0]);
    }

    #[test]
    fn long_streams_pass_the_chunk_whole_and_are_counted_the_same() {
        let (mut out, mut chunk) = (Vec::new(), chunk());
        let mut sink = Bytes::new(&mut out);
        let mut counter = Counter::default();
        let value = |i: u32| (i.wrapping_mul(0x9E37_79B9) >> 7, i % 25);
        let fill = |writer: &mut BitWriter<'_, _>| {
            for i in 0..20_000 {
                let (value, length) = value(i);
                writer.put(value & ((1 << length) - 1), length);
                writer.flush();
                writer.make_room();
            }
            writer.align();
        };
        fill(&mut BitWriter::new(Pending::default(), &mut chunk, &mut sink));
        let mut writer = BitWriter::new(Pending::default(), &mut chunk, &mut counter);
        for i in 0..20_000 {
            let (value, length) = value(i);
            writer.put(value & ((1 << length) - 1), length);
            writer.flush();
            writer.make_room();
        }
        writer.align();
        assert_eq!(counter.0, out.len());

        let mut bits = Vec::new();
        let mut after_ff = false;
        for byte in out {
            if after_ff && byte == 0 {
                after_ff = false;
                continue;
            }
            after_ff = byte == 0xFF;
            bits.extend((0..8).rev().map(|b| byte >> b & 1));
        }
        let mut expected = Vec::new();
        for i in 0..20_000 {
            let (value, length) = value(i);
            expected.extend((0..length).rev().map(|b| (value >> b & 1) as u8));
        }
        expected.resize(expected.len().next_multiple_of(8), 1);
        assert_eq!(bits, expected);
    }
}
