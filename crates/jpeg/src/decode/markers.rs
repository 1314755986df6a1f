//! Marker segments (T.81 B.1.1): finding them, and reading their parameters without running past them.

use std::ops::Range;

use memchr::memchr;

/// Marker codes, the second byte after FF (T.81 table B.1).
pub(crate) mod code {
    pub(crate) const DHT: u8 = 0xC4;
    pub(crate) const JPG: u8 = 0xC8;
    pub(crate) const DAC: u8 = 0xCC;
    pub(crate) const RST0: u8 = 0xD0;
    pub(crate) const RST7: u8 = 0xD7;
    pub(crate) const SOI: u8 = 0xD8;
    pub(crate) const EOI: u8 = 0xD9;
    pub(crate) const SOS: u8 = 0xDA;
    pub(crate) const DQT: u8 = 0xDB;
    pub(crate) const DNL: u8 = 0xDC;
    pub(crate) const DRI: u8 = 0xDD;
    pub(crate) const DHP: u8 = 0xDE;
    pub(crate) const EXP: u8 = 0xDF;
    pub(crate) const APP0: u8 = 0xE0;
    pub(crate) const APP14: u8 = 0xEE;
    pub(crate) const APP15: u8 = 0xEF;
    pub(crate) const COM: u8 = 0xFE;
    pub(crate) const TEM: u8 = 0x01;
    pub(crate) const RES_FIRST: u8 = 0x02;
    pub(crate) const RES_LAST: u8 = 0xBF;
}

/// A marker and where its FF stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) code: u8,
    pub(super) offset: usize,
}

/// Finds the next marker at or after `pos`. Fill bytes (B.1.1.2), stuffed FF 00 and stray data before it are
/// passed over; the position behind the marker is returned with it.
pub(super) fn next_marker(bytes: &[u8], mut pos: usize) -> Option<(Marker, usize)> {
    loop {
        let offset = pos + memchr(0xFF, bytes.get(pos..)?)?;
        match *bytes.get(offset + 1)? {
            0x00 => pos = offset + 2,
            0xFF => pos = offset + 1,
            code => return Some((Marker { code, offset }, offset + 2)),
        }
    }
}

/// Whether a marker stands alone, without a length and parameters.
pub(super) fn is_standalone(code: u8) -> bool {
    matches!(code, code::TEM | code::RST0..=code::EOI)
}

/// Why a segment's extent could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentError {
    /// The file ends inside the segment.
    Truncated,
    /// The length is less than the two bytes that it takes itself.
    Length,
}

/// The byte range of the parameters of the segment whose length field stands at `pos`.
pub(super) fn segment_payload(bytes: &[u8], pos: usize) -> Result<Range<usize>, SegmentError> {
    let Some(&[high, low]) = bytes.get(pos..).and_then(<[u8]>::first_chunk) else {
        return Err(SegmentError::Truncated);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < 2 {
        return Err(SegmentError::Length);
    }
    let end = pos + length;
    if end > bytes.len() {
        return Err(SegmentError::Truncated);
    }
    Ok(pos + 2..end)
}

/// Reads parameters one by one; past the end every read is `None`.
pub(super) struct Parameters<'a> {
    rest: &'a [u8],
}

impl<'a> Parameters<'a> {
    pub(super) fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[value]| value)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Two parameters of four bits in one byte, the high ones first.
    pub(super) fn nibbles(&mut self) -> Option<(u8, u8)> {
        self.u8().map(|both| (both >> 4, both & 15))
    }
}
