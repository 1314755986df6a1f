//! Pictures coded by HEVC as HEIF items hold them, and parameter sets that say another size than what is coded.

use heifer::heifer_hevc_enc::encoder::{EncoderConfig, Planes, encode_picture};

use crate::entry::Result;

/// NAL unit types (H.265, table 7-1).
const VPS: u8 = 32;
const SPS: u8 = 33;
const PPS: u8 = 34;

/// A coded picture.
#[derive(Clone)]
pub(crate) struct Coded {
    /// NAL units of parameter sets.
    pub(crate) sets: Vec<Vec<u8>>,
    /// Slices, each behind its length in four bytes.
    pub(crate) data: Vec<u8>,
    pub(crate) size: (u32, u32),
    profile: u8,
    level: u8,
    chroma: u8,
}

/// Codes a flat gray picture; both sides are multiples of 8.
pub(crate) fn flat(width: u32, height: u32) -> Result<Coded> {
    let pixels = width as usize * height as usize;
    let (luma, chroma) = (vec![128; pixels], vec![128; pixels / 4]);
    code(width, height, &luma, Some((&chroma, &chroma)))
}

/// Codes a flat plane without chroma, as alpha planes are.
pub(crate) fn plane(width: u32, height: u32) -> Result<Coded> {
    code(width, height, &vec![200; width as usize * height as usize], None)
}

fn code(width: u32, height: u32, y: &[u8], chroma: Option<(&[u8], &[u8])>) -> Result<Coded> {
    let picture = encode_picture(width, height, Planes { y, chroma }, &EncoderConfig::default())?;
    Ok(Coded {
        sets: picture.parameter_sets,
        data: with_lengths(&picture.slices),
        size: (picture.width, picture.height),
        profile: picture.profile_idc,
        level: picture.level_idc,
        chroma: picture.chroma_format,
    })
}

/// NAL units behind lengths of four bytes.
pub(crate) fn with_lengths(units: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for unit in units {
        out.extend((unit.len() as u32).to_be_bytes());
        out.extend_from_slice(unit);
    }
    out
}

impl Coded {
    /// The body of `hvcC` (ISO/IEC 14496-15, 8.3.3.1).
    pub(crate) fn config(&self) -> Vec<u8> {
        let mut out = self.config_head();
        out.push(3);
        for kind in [VPS, SPS, PPS] {
            let units: Vec<&Vec<u8>> = self.sets.iter().filter(|set| nal_type(set) == kind).collect();
            out.push(0x80 | kind);
            out.extend((units.len() as u16).to_be_bytes());
            for unit in units {
                out.extend((unit.len() as u16).to_be_bytes());
                out.extend_from_slice(unit);
            }
        }
        out
    }

    /// What stands in `hvcC` in front of the number of arrays.
    pub(crate) fn config_head(&self) -> Vec<u8> {
        let mut out = vec![1, self.profile, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, self.level];
        out.extend([0xF0, 0, 0xFC, 0xFC | self.chroma, 0xF8, 0xF8, 0, 0]);
        // One temporal layer, nested; lengths of four bytes.
        out.push(0x0F);
        out
    }

    /// The same slices under a sequence parameter set that says another size.
    pub(crate) fn saying(&self, size: (u32, u32)) -> Self {
        self.with_sps(size, u32::from(self.chroma))
    }

    /// Likewise, with another chroma format: 3 is 4:4:4.
    pub(crate) fn with_sps(&self, size: (u32, u32), chroma: u32) -> Self {
        let mut out = self.clone();
        for set in &mut out.sets {
            if nal_type(set) == SPS {
                *set = rewrite(set, size, chroma);
            }
        }
        out.size = size;
        out
    }
}

fn nal_type(unit: &[u8]) -> u8 {
    unit[0] >> 1 & 0x3F
}

/// A sequence parameter set (H.265, 7.3.2.2.1) of one sub-layer, with another size and chroma format.
fn rewrite(unit: &[u8], size: (u32, u32), chroma: u32) -> Vec<u8> {
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
