//! Marker segments: what stands around the entropy-coded data (T.81 Annex B,
//! JFIF 1.02, ICC.1 B.4, EXIF 4.5.4).

use std::borrow::Cow;

use super::bits::Sink;
use super::frame::Layout;
use super::huffman::HuffmanSpec;
use super::{Colour, EncodeError};
use crate::zigzag::ZIGZAG;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DQT: u8 = 0xDB;
const DRI: u8 = 0xDD;
const DHT: u8 = 0xC4;
const APP0: u8 = 0xE0;
const COM: u8 = 0xFE;

/// The most a segment can hold behind its two bytes of length.
const SEGMENT_MAX: usize = 65_533;
const EXIF_HEADER: &[u8] = b"Exif\0\0";
const ICC_HEADER: &[u8] = b"ICC_PROFILE\0";
/// The most of a profile that fits one segment, behind header, number and count.
const ICC_CHUNK: usize = SEGMENT_MAX - ICC_HEADER.len() - 2;

/// The JFIF pixel density. The default is 1:1 without a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Density {
    /// Only the pixels' aspect ratio, horizontal to vertical.
    AspectRatio(u16, u16),
    /// Pixels per inch, horizontal and vertical.
    PerInch(u16, u16),
    /// Pixels per centimetre, horizontal and vertical.
    PerCentimetre(u16, u16),
}

impl Default for Density {
    fn default() -> Self {
        Self::AspectRatio(1, 1)
    }
}

/// The metadata of a file, in whatever order it is given. It is written in the order that readers expect: JFIF, EXIF, then
/// application segments by their number, the ICC profile among them as APP2, and comments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata<'a> {
    density: Density,
    parts: Vec<Part<'a>>,
}

/// One kind of metadata, as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part<'a> {
    /// A TIFF structure.
    Exif(Cow<'a, [u8]>),
    /// A profile, over as many segments as it takes.
    Icc(Cow<'a, [u8]>),
    /// The payload of an application segment with its number.
    Segment(u8, Cow<'a, [u8]>),
    Comment(Cow<'a, [u8]>),
}

impl Part<'_> {
    /// Where it comes in the file: EXIF before what else is in APP1, a profile before what else is in APP2.
    fn rank(&self) -> (u8, bool) {
        match self {
            Part::Exif(_) => (1, false),
            Part::Icc(_) => (2, false),
            Part::Segment(number, _) => (*number, true),
            Part::Comment(_) => (u8::MAX, true),
        }
    }
}

impl<'a> Metadata<'a> {
    /// The longest EXIF metadata, in bytes.
    pub const MAX_EXIF: usize = SEGMENT_MAX - EXIF_HEADER.len();
    /// The longest ICC profile, in bytes: 255 segments of it (ICC.1:2022, B.4).
    pub const MAX_ICC: usize = 255 * ICC_CHUNK;
    /// The longest payload of an application segment, and the longest comment, in bytes.
    pub const MAX_SEGMENT: usize = SEGMENT_MAX;

    /// Nothing but JFIF with a density of 1:1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the pixel density of the JFIF segment.
    #[must_use]
    pub fn density(mut self, density: Density) -> Self {
        self.density = density;
        self
    }

    /// Adds EXIF metadata: the TIFF structure, which begins with `II*\0` or
    /// `MM\0*`, without the `Exif\0\0` that goes before it. At most 65,527 bytes.
    #[must_use]
    pub fn exif(self, tiff: impl Into<Cow<'a, [u8]>>) -> Self {
        self.part(Part::Exif(tiff.into()))
    }

    /// Adds the ICC profile. At most 255 × 65,519 bytes, over as many segments.
    #[must_use]
    pub fn icc(self, profile: impl Into<Cow<'a, [u8]>>) -> Self {
        self.part(Part::Icc(profile.into()))
    }

    /// Adds an application segment APP`number` (0 to 15) with this payload, as
    /// it is, at most 65,533 bytes: XMP, IPTC and the like.
    #[must_use]
    pub fn segment(self, number: u8, payload: impl Into<Cow<'a, [u8]>>) -> Self {
        self.part(Part::Segment(number, payload.into()))
    }

    /// Adds a comment of at most 65,533 bytes.
    #[must_use]
    pub fn comment(self, comment: impl Into<Cow<'a, [u8]>>) -> Self {
        self.part(Part::Comment(comment.into()))
    }

    fn part(mut self, part: Part<'a>) -> Self {
        let at = self.parts.partition_point(|other| other.rank() <= part.rank());
        self.parts.insert(at, part);
        self
    }

    /// The bytes that it takes in a file, without JFIF.
    #[must_use]
    pub fn size(&self) -> usize {
        let bytes = |part: &Part<'_>| match part {
            Part::Exif(tiff) => 4 + EXIF_HEADER.len() + tiff.len(),
            Part::Icc(profile) => profile.len().div_ceil(ICC_CHUNK) * (4 + ICC_HEADER.len() + 2) + profile.len(),
            Part::Segment(_, payload) | Part::Comment(payload) => 4 + payload.len(),
        };
        self.parts.iter().map(bytes).sum()
    }

    /// Checks what has to fit.
    pub(crate) fn check(&self) -> Result<(), EncodeError> {
        let fits = |what, bytes: &[u8], limit| {
            if bytes.len() > limit {
                return Err(EncodeError::MetadataTooLong {
                    what,
                    bytes: bytes.len(),
                    limit,
                });
            }
            Ok(())
        };
        for part in &self.parts {
            match part {
                Part::Exif(tiff) => fits("EXIF", tiff, Self::MAX_EXIF)?,
                Part::Icc(profile) => fits("ICC profile", profile, Self::MAX_ICC)?,
                Part::Segment(number, _) if *number > 15 => return Err(EncodeError::SegmentNumber(*number)),
                Part::Segment(_, payload) => fits("APPn segment", payload, Self::MAX_SEGMENT)?,
                Part::Comment(comment) => fits("comment", comment, Self::MAX_SEGMENT)?,
            }
        }
        Ok(())
    }

    /// Writes what comes behind JFIF.
    fn write<S: Sink>(&self, sink: &mut S) {
        for part in &self.parts {
            match part {
                Part::Exif(tiff) => segment(sink, APP0 + 1, &[EXIF_HEADER, tiff]),
                Part::Icc(profile) => {
                    let count = byte(profile.len().div_ceil(ICC_CHUNK));
                    for (number, chunk) in (1..=255).zip(profile.chunks(ICC_CHUNK)) {
                        segment(sink, APP0 + 2, &[ICC_HEADER, &[number, count], chunk]);
                    }
                }
                Part::Segment(number, payload) => segment(sink, APP0 + (number & 15), &[payload]),
                Part::Comment(comment) => segment(sink, COM, &[comment]),
            }
        }
    }
}

fn byte(value: usize) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// Writes a segment of several parts that were checked to fit.
fn segment<S: Sink>(sink: &mut S, marker: u8, parts: &[&[u8]]) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    sink.raw(&[0xFF, marker]);
    sink.raw(&length.to_be_bytes());
    for part in parts {
        sink.raw(part);
    }
}

/// Start of image, metadata, quantisation tables, frame header.
pub(crate) fn start<S: Sink>(
    sink: &mut S,
    layout: &Layout,
    metadata: &Metadata<'_>,
    colour: Colour,
    progressive: bool,
) {
    sink.raw(&[0xFF, SOI]);
    if colour == Colour::YCbCr || layout.components.len() == 1 {
        jfif(sink, metadata.density);
    } else {
        // JFIF is YCbCr by definition; Adobe's segment can say RGB, transform 0.
        segment(sink, APP0 + 14, &[b"Adobe", &[0, 100, 0, 0, 0, 0, 0]]);
    }
    metadata.write(sink);
    for (slot, table) in layout.tables.iter().enumerate() {
        quantisation_table(sink, byte(slot), table);
    }
    frame(sink, layout, progressive);
}

fn jfif<S: Sink>(sink: &mut S, density: Density) {
    let (unit, x, y) = match density {
        Density::AspectRatio(x, y) => (0, x, y),
        Density::PerInch(x, y) => (1, x, y),
        Density::PerCentimetre(x, y) => (2, x, y),
    };
    let ([x1, x2], [y1, y2]) = (x.to_be_bytes(), y.to_be_bytes());
    segment(sink, APP0, &[b"JFIF\0", &[1, 1, unit, x1, x2, y1, y2, 0, 0]]);
}

fn quantisation_table<S: Sink>(sink: &mut S, slot: u8, table: &[u16; 64]) {
    let zigzag = ZIGZAG.map(|natural| table[usize::from(natural)]);
    if zigzag.iter().all(|&q| q <= 255) {
        let bytes = zigzag.map(|q| byte(q.into()));
        segment(sink, DQT, &[&[slot], &bytes]);
    } else {
        let bytes: Vec<u8> = zigzag.iter().flat_map(|q| q.to_be_bytes()).collect();
        segment(sink, DQT, &[&[0x10 | slot], &bytes]);
    }
}

fn frame<S: Sink>(sink: &mut S, layout: &Layout, progressive: bool) {
    let marker = match (progressive, layout.is_baseline()) {
        (true, _) => 0xC2,
        (false, true) => 0xC0,
        (false, false) => 0xC1,
    };
    let ([h1, h2], [w1, w2]) = (layout.height.to_be_bytes(), layout.width.to_be_bytes());
    let components: Vec<u8> = layout
        .components
        .iter()
        .flat_map(|c| [c.id, byte(c.h << 4 | c.v), byte(c.quant)])
        .collect();
    let count = byte(layout.components.len());
    segment(sink, marker, &[&[8, h1, h2, w1, w2, count], &components]);
}

/// A Huffman table; `class` is 0 for DC and 1 for AC.
pub(crate) fn huffman_table<S: Sink>(sink: &mut S, class: u8, slot: u32, spec: &HuffmanSpec) {
    segment(
        sink,
        DHT,
        &[&[class << 4 | (slot & 3) as u8], &spec.counts, &spec.values],
    );
}

/// The restart interval in MCUs.
pub(crate) fn restart_interval<S: Sink>(sink: &mut S, interval: u16) {
    segment(sink, DRI, &[&interval.to_be_bytes()]);
}

/// The spectral band and the bit position of a scan (T.81 B.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    /// First and last coefficient in zigzag order.
    pub(crate) start: u8,
    pub(crate) end: u8,
    /// Successive approximation: bit position before and with this scan.
    pub(crate) high: u8,
    pub(crate) low: u8,
}

/// A scan header; each component comes with its DC and AC table.
pub(crate) fn scan<S: Sink>(sink: &mut S, components: &[(u8, u32, u32)], band: Band) {
    let named: Vec<u8> = components
        .iter()
        .flat_map(|&(id, dc, ac)| [id, (((dc & 3) << 4 | (ac & 3)) & 255) as u8])
        .collect();
    let approximation = band.high << 4 | band.low;
    segment(
        sink,
        SOS,
        &[
            &[byte(components.len())],
            &named,
            &[band.start, band.end, approximation],
        ],
    );
}

/// End of image.
pub(crate) fn end<S: Sink>(sink: &mut S) {
    sink.raw(&[0xFF, EOI]);
}
