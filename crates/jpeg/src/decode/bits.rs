//! The entropy-coded bytes of a scan: stuffing removed in batches, then read bit by bit from a register.
#![expect(
    clippy::cast_possible_truncation,
    reason = "bits are taken from a wider register, each cast keeps those asked for"
)]

use memchr::memchr;

use super::error::Problem;
use super::markers::{Marker, code};

/// The bit reader's state: small enough to live in registers, so that callers keep a copy of it in a local.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bits {
    /// The next bits, the first of them on top.
    buffer: u64,
    /// How many of them are accounted for, modulo 64: skipping subtracts more than the count now and then, and
    /// 63 is the most there is. The bits below are right too, and will be read again.
    count: u32,
    /// The next byte to load.
    pos: usize,
}

impl Bits {
    /// Fills up to at least 56 bits. Past the end of the data the bits are zeros for a while, then
    /// reading fails; whether it went past, [`Entropy::is_past`] tells.
    #[inline(always)]
    pub(super) fn refill(&mut self, data: &[u8]) -> Result<(), Problem> {
        let chunk = data.get(self.pos..self.pos.wrapping_add(8));
        let Some(chunk) = chunk.and_then(<[u8]>::first_chunk::<8>) else {
            return Err(Problem::EndOfFile);
        };
        let count = self.count & 63;
        self.buffer |= u64::from_be_bytes(*chunk) >> count;
        self.pos += (63 - count as usize) >> 3;
        self.count = count | 56;
        Ok(())
    }

    /// Fills up if fewer than `count` bits are left.
    #[inline(always)]
    pub(super) fn refill_below(&mut self, data: &[u8], count: u32) -> Result<(), Problem> {
        if self.count & 63 < count {
            return self.refill(data);
        }
        Ok(())
    }

    /// The next `count` bits, 1 to 57 of them.
    #[inline(always)]
    pub(super) fn peek(self, count: u32) -> u64 {
        self.buffer >> (64 - count)
    }

    /// Skips bits, as many as the lowest six bits of `count` say.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.buffer <<= count & 63;
        self.count = self.count.wrapping_sub(count);
    }

    /// Takes one bit.
    #[inline(always)]
    pub(super) fn bit(&mut self) -> bool {
        let bit = self.buffer >> 63 != 0;
        self.skip(1);
        bit
    }

    /// Takes `count` bits, 0 to 32 of them.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = ((self.buffer >> 1) >> (63 - count)) as u32;
        self.skip(count);
        value
    }

    /// Takes `size` additional bits, 0 to 16, and extends their sign (T.81 F.2.2.1, RECEIVE and EXTEND).
    #[inline(always)]
    pub(super) fn receive_extend(&mut self, size: u32) -> i32 {
        let negative = !(((self.buffer as i64) >> 63) as i32);
        let value = self.take(size) as i32;
        value - (negative & ((1 << size) - 1))
    }

    /// The reader `count` bits earlier, 0 to 16, filled up.
    ///
    /// By value, like everything that is not inlined: a reader whose address is taken does not stay in registers.
    #[cold]
    pub(super) fn rewound(self, data: &[u8], count: usize) -> Result<Self, Problem> {
        let taken = self.taken().saturating_sub(count);
        let mut earlier = Self {
            pos: taken / 8,
            ..Self::default()
        };
        earlier.refill(data)?;
        earlier.skip((taken % 8) as u32);
        Ok(earlier)
    }

    /// Bits taken since the start of the data.
    #[inline(always)]
    fn taken(self) -> usize {
        self.pos * 8 - (self.count & 63) as usize
    }
}

/// Unstuffed bytes kept behind the data, all zero: reading runs into them and not off the end.
const PADDING: usize = 64;
/// Unstuffed bytes held at a time. Fits the second-level cache with the rest of a strip; sizes from 16 KiB to
/// 256 KiB measured alike.
const CAPACITY: usize = 1 << 16;

/// The data of one restart interval (or of a scan without restarts) from the file, batch by batch.
#[derive(Debug)]
pub(super) struct Entropy {
    /// Unstuffed bytes held at a time.
    capacity: usize,
    /// `len` bytes with the stuffing removed, then zeros.
    data: Vec<u8>,
    len: usize,
    /// Where in the file the next batch starts.
    pos: usize,
    /// Where in the file and in `data` the present batch started.
    batch: (usize, usize),
    /// Whether the data in hand reaches up to a marker or to the end of the file.
    complete: bool,
    pub(super) bits: Bits,
}

impl Default for Entropy {
    fn default() -> Self {
        Self {
            capacity: CAPACITY,
            data: Vec::new(),
            len: 0,
            pos: 0,
            batch: (0, 0),
            complete: false,
            bits: Bits::default(),
        }
    }
}

impl Entropy {
    /// Holds no more than so many bytes at a time: for one that has not been read yet.
    pub(super) fn hold(&mut self, capacity: usize) {
        if capacity < self.capacity {
            self.capacity = capacity;
            self.data = Vec::new();
            self.start(self.pos);
        }
    }

    /// Starts an interval at byte `pos` of the file.
    pub(super) fn start(&mut self, pos: usize) {
        self.data.resize(self.capacity + PADDING, 0);
        self.len = 0;
        self.pos = pos;
        self.batch = (pos, 0);
        self.complete = false;
        self.bits = Bits::default();
    }

    /// The data for [`Bits::refill`].
    #[inline(always)]
    pub(super) fn data(&self) -> &[u8] {
        self.data.get(..self.len + PADDING).unwrap_or(&self.data)
    }

    /// Sees to it that the next `need` bytes are in hand, or all there are. `need` is at most half the
    /// capacity.
    #[inline]
    pub(super) fn ensure(&mut self, file: &[u8], need: usize) {
        if !self.complete && self.len < self.bits.pos + need {
            self.load(file);
        }
    }

    fn load(&mut self, file: &[u8]) {
        // Eight loaded bytes stay: bits of them may not have been taken yet.
        let kept = self.bits.pos.min(self.len).saturating_sub(8);
        self.data.copy_within(kept..self.len, 0);
        self.len -= kept;
        self.bits.pos -= kept;
        self.batch = (self.pos, self.len);
        while self.len < self.capacity {
            let rest = file.get(self.pos..).unwrap_or_default();
            let room = rest.len().min(self.capacity - self.len);
            let window = rest.get(..room).unwrap_or_default();
            let plain = memchr(0xFF, window).unwrap_or(room);
            if let (Some(to), Some(from)) = (self.data.get_mut(self.len..self.len + plain), window.get(..plain)) {
                to.copy_from_slice(from);
            }
            self.len += plain;
            self.pos += plain;
            if plain == room {
                if room == rest.len() {
                    self.complete = true;
                    break;
                }
                continue;
            }
            match rest.get(plain + 1) {
                Some(0) => {
                    // F.1.2.3: a zero byte is stuffed behind each FF.
                    if let Some(to) = self.data.get_mut(self.len) {
                        *to = 0xFF;
                    }
                    self.len += 1;
                    self.pos += 2;
                }
                Some(0xFF) => self.pos += 1,
                Some(_) => {
                    self.complete = true;
                    break;
                }
                None => {
                    self.pos += 1;
                    self.complete = true;
                    break;
                }
            }
        }
        if let Some(padding) = self.data.get_mut(self.len..self.len + PADDING) {
            padding.fill(0);
        }
    }

    /// Whether `bits` were taken from behind the end of the data.
    #[inline(always)]
    pub(super) fn is_past(&self, bits: Bits) -> bool {
        bits.taken() > self.len * 8
    }

    /// Whole bytes of the data that nobody took.
    pub(super) fn bytes_left(&self) -> usize {
        self.len.saturating_sub(self.bits.taken().div_ceil(8))
    }

    /// Where in the file the data goes on behind what is in hand: at a marker if there is one.
    pub(super) fn file_pos(&self) -> usize {
        self.pos
    }

    /// Position in the file of the byte that the next bit comes from.
    pub(super) fn offset(&self, file: &[u8]) -> usize {
        let (mut pos, start) = self.batch;
        let byte = (self.bits.taken() / 8).min(self.len);
        for _ in start..byte {
            // Stuffing and fill bytes count in the file only.
            while file.get(pos..pos + 2) == Some(&[0xFF, 0xFF]) {
                pos += 1;
            }
            pos += if file.get(pos) == Some(&0xFF) { 2 } else { 1 };
        }
        pos.saturating_sub(start.saturating_sub(byte)).min(self.pos)
    }
}

/// Whether a marker may follow the data of a scan that is not damaged; anything else is taken for damage.
pub(super) fn ends_scan(marker: Marker) -> bool {
    matches!(
        marker.code,
        code::EOI | code::SOS | code::DHT | code::DQT | code::DRI | code::DNL | code::COM | code::APP0..=code::APP15
    )
}
