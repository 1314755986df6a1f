//! Sequence parameter sets of HEVC (H.265, 7.3.2.2) that are made to say another size than what is coded.

/// The NAL unit type of a sequence parameter set (table 7-1).
pub(crate) const SPS: u8 = 33;

/// The type of a NAL unit (7.3.1.2).
pub(crate) fn nal_type(unit: &[u8]) -> u8 {
    unit[0] >> 1 & 0x3F
}

/// A sequence parameter set (H.265, 7.3.2.2.1) of one sub-layer, with another size and chroma format.
pub(crate) fn rewrite(unit: &[u8], size: (u32, u32), chroma: u32) -> Vec<u8> {
    let raw = unescaped(&unit[2..]);
    let mut from = BitReader { data: &raw, at: 0 };
    let mut to = BitWriter::default();
    // Identifiers and nesting, then profile, tier and level: 96 bits for one sub-layer.
    for _ in 0..8 + 96 {
        to.bit(from.bit());
    }
    to.golomb(from.golomb());
    let old_chroma = from.golomb();
    to.golomb(chroma);
    if old_chroma == 3 {
        from.bit();
    }
    if chroma == 3 {
        to.bit(false);
    }
    from.golomb();
    from.golomb();
    to.golomb(size.0);
    to.golomb(size.1);
    // The rest as it is, up to the stop bit.
    let end = raw.len() * 8 - 1 - raw.last().map_or(0, |b| b.trailing_zeros() as usize);
    while from.at < end {
        to.bit(from.bit());
    }
    to.bit(true);
    [&unit[..2], &escaped(&to.bytes())].concat()
}

/// Without the emulation prevention bytes (7.3.1.1).
fn unescaped(data: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    let mut zeros = 0;
    for &byte in data {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

fn escaped(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut zeros = 0;
    for &byte in data {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

struct BitReader<'a> {
    data: &'a [u8],
    at: usize,
}

impl BitReader<'_> {
    fn bit(&mut self) -> bool {
        let bit = self.data[self.at / 8] >> (7 - self.at % 8) & 1;
        self.at += 1;
        bit == 1
    }

    /// An unsigned Exp-Golomb code (9.2).
    fn golomb(&mut self) -> u32 {
        let mut zeros = 0;
        while !self.bit() {
            zeros += 1;
        }
        (0..zeros).fold(1, |v, _| v << 1 | u32::from(self.bit())) - 1
    }
}

#[derive(Default)]
struct BitWriter {
    bits: Vec<bool>,
}

impl BitWriter {
    fn bit(&mut self, bit: bool) {
        self.bits.push(bit);
    }

    fn golomb(&mut self, value: u32) {
        let value = u64::from(value) + 1;
        let length = 64 - value.leading_zeros();
        self.bits.extend((1..length).map(|_| false));
        self.bits.extend((0..length).rev().map(|i| value >> i & 1 == 1));
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| bits.iter().enumerate().fold(0, |v, (i, &b)| v | u8::from(b) << (7 - i));
        self.bits.chunks(8).map(byte).collect()
    }
}
