//! JPEG (ITU-T T.81, annex B): its header, and what cameras put around it.

mod decode;
mod metadata;
mod ycbcr;

pub(crate) use decode::{MAX_SCANS, damage, refuse};
pub(crate) use metadata::for_encoder;

use photofit_jpeg::ZIGZAG;
use photofit_jpeg::encode::estimate_quality;

use super::bytes::{be16, contains, le16, le32};
use super::format::Format;
use super::icc;
use super::ifd::{Tiff, exif_orientation};
use super::info::{ColorModel, ImageInfo, JpegInfo, JpegProcess};
use super::row::{Clean, Exif, Memory, Row};
use crate::Orientation;
use crate::error::Error;

pub(super) const ROW: Row = Row {
    begins: |data| matches!(data, [0xFF, 0xD8, 0xFF, ..] | [0xFF, 0xD8]),
    header,
    header_is_whole: |head, _| Some(has_header(head)),
    is_whole: |data| end_of_image(data).is_some(),
    exif: |data| Exif::of(exif(data)),
    icc: icc_profile,
    rest: metadata::rest,
    clean: Clean::By(metadata::rewrite),
    memory,
    check: decode::check,
    decode: decode::decode,
};

/// Planes, or all coefficients, beside the samples that are made of them; inks beside the RGB.
fn memory(info: &ImageInfo) -> Memory {
    let inks = 4 * u64::from(info.color.is_inks());
    let beside = match &info.jpeg {
        Some(jpeg) if jpeg.by_coefficients() => inks + 2 * jpeg.samples().div_ceil(64),
        Some(_) if info.color.is_inks() => inks,
        Some(jpeg) => jpeg.samples().div_ceil(64),
        None => inks,
    };
    Memory::of(info).beside(beside)
}

pub(crate) const SOI: u8 = 0xD8;
pub(crate) const EOI: u8 = 0xD9;
pub(crate) const SOS: u8 = 0xDA;
pub(crate) const DHT: u8 = 0xC4;
pub(crate) const DQT: u8 = 0xDB;
pub(crate) const DRI: u8 = 0xDD;
pub(crate) const COM: u8 = 0xFE;
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP1: u8 = 0xE1;
pub(crate) const APP2: u8 = 0xE2;
pub(crate) const APP14: u8 = 0xEE;
pub(crate) const APP15: u8 = 0xEF;

pub(crate) const EXIF: &[u8] = b"Exif\0\0";
pub(crate) const ICC: &[u8] = b"ICC_PROFILE\0";
pub(crate) const MPF: &[u8] = b"MPF\0";
pub(crate) const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const ISO_GAIN_MAP: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";

/// A marker segment of the header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// The marker's second byte.
    pub(crate) marker: u8,
    /// Where the marker's 0xFF stands.
    pub(crate) start: usize,
    /// Where the segment ends.
    pub(crate) end: usize,
    /// What follows the length; empty for markers without one.
    pub(crate) payload: &'a [u8],
}

/// The marker segments of a JPEG, up to and including the first SOS or EOI. Fill bytes before a marker are legal, other
/// bytes between segments are skipped as decoders do; a segment that reaches beyond the data ends the walk.
pub(crate) struct Segments<'a> {
    data: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Segments<'a> {
    /// `data` starts with SOI.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self::from(data, 2)
    }

    /// The segments from offset `at` on, as they stand between two scans.
    pub(crate) fn from(data: &'a [u8], at: usize) -> Self {
        Self { data, at, done: false }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        if self.done {
            return None;
        }
        let (start, marker) = next_marker(self.data, self.at)?;
        let after = start + 2;
        if marker == EOI || marker == SOI {
            self.done = marker == EOI;
            self.at = after;
            return Some(Segment {
                marker,
                start,
                end: after,
                payload: &[],
            });
        }
        let length = usize::from(be16(self.data, after)?);
        let end = after + length;
        let payload = self.data.get(after + 2..end)?;
        self.done = marker == SOS;
        self.at = end;
        Some(Segment {
            marker,
            start,
            end,
            payload,
        })
    }
}

/// The next marker at or behind `at`, as (offset of its last 0xFF, code): neither fill bytes, nor a stuffed zero, nor
/// the markers that stand alone inside a scan (RSTn, TEM).
fn next_marker(data: &[u8], mut at: usize) -> Option<(usize, u8)> {
    loop {
        at += memchr::memchr(0xFF, data.get(at..)?)?;
        match *data.get(at + 1)? {
            0xFF => at += 1,
            0x00 | 0x01 | 0xD0..=0xD7 => at += 2,
            marker => return Some((at, marker)),
        }
    }
}

/// Where the picture ends: the offset behind its EOI. Walks all scans, so that an EOI inside a segment (a thumbnail's)
/// does not count. `None` if there is none: the file was cut short.
pub(crate) fn end_of_image(data: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        let mut last = None;
        for segment in Segments::from(data, at) {
            last = Some(segment);
        }
        match last? {
            s if s.marker == EOI => return Some(s.end),
            // The entropy-coded data behind SOS has no 0xFF but stuffed ones and restart markers: the next walk skips it.
            s if s.marker == SOS => at = s.end,
            _ => return None,
        }
    }
}

fn header(data: &[u8]) -> Result<ImageInfo, Error> {
    let malformed = |what: &str| Error::malformed(Format::Jpeg, what);
    let mut frame: Option<Frame> = None;
    let mut tables: [Option<[u16; 64]>; 4] = [None; 4];
    let mut orientation = None;
    let mut restart_interval = 0;
    let mut scanned = None;
    let mut adobe_transform = None;
    let mut jfif = false;
    let mut profile = None;
    let mut images = 1;
    let mut metadata = false;
    let mut carried = 0;
    let mut gain_map = false;
    let mut motion_photo = false;

    for segment in Segments::new(data) {
        let payload = segment.payload;
        if matches!(segment.marker, APP1..=APP15 | COM) {
            carried += payload.len() as u64;
        }
        match segment.marker {
            // The first frame counts.
            0xC0..=0xCF if !matches!(segment.marker, 0xC4 | 0xC8 | 0xCC) && frame.is_none() => {
                let parsed = Frame::parse(segment.marker, payload);
                frame = Some(parsed.ok_or_else(|| malformed("its frame header is cut short"))?);
            }
            DQT => read_tables(payload, &mut tables),
            SOS => scanned = payload.first().copied().map(usize::from),
            DRI => restart_interval = be16(payload, 0).unwrap_or(0),
            APP0 => jfif |= payload.starts_with(b"JFIF\0"),
            APP14 if payload.starts_with(b"Adobe") => adobe_transform = payload.get(11).copied(),
            APP1 if payload.starts_with(EXIF) => {
                metadata = true;
                orientation = orientation.or_else(|| exif_orientation(payload));
            }
            APP1 => {
                metadata = true;
                gain_map |= contains(payload, b"http://ns.adobe.com/hdr-gain-map/1.0/");
                motion_photo |= contains(payload, b"MotionPhoto=\"1\"")
                    || contains(payload, b"MotionPhoto>1<")
                    || contains(payload, b"MicroVideo=\"1\"");
            }
            APP2 if payload.starts_with(ICC) => {
                // The description stands in the first chunk of all profiles but the largest.
                let body = payload.get(ICC.len() + 2..).unwrap_or_default();
                profile.get_or_insert_with(|| icc::description(body).unwrap_or_default());
            }
            APP2 if payload.starts_with(MPF) => images = mpf_images(&payload[MPF.len()..]).max(1),
            APP2 if payload.starts_with(ISO_GAIN_MAP) => gain_map = true,
            APP0..=APP15 | COM => metadata = true,
            _ => {}
        }
    }
    let frame = frame.ok_or_else(|| malformed("it has no frame header, so no size"))?;
    if frame.height == 0 {
        return Err(Error::unsupported(
            "a JPEG that states its height after the first scan (DNL)",
        ));
    }
    if frame.width == 0 {
        return Err(malformed("its width is 0"));
    }
    let color = match (frame.components.len(), adobe_transform) {
        (1, _) => ColorModel::Gray,
        (3, Some(0)) => ColorModel::Rgb,
        (3, None) if !jfif && frame.components.iter().map(|c| c.id).eq(*b"RGB") => ColorModel::Rgb,
        (3, _) => ColorModel::YCbCr,
        (4, Some(2)) => ColorModel::Ycck,
        (4, _) => ColorModel::Cmyk,
        (n, _) => return Err(Error::unsupported(format!("a JPEG with {n} components"))),
    };
    let quantisation: Vec<Option<[u16; 64]>> = frame
        .components
        .iter()
        .map(|c| tables.get(usize::from(c.table)).copied().flatten())
        .collect();
    // An Ultra HDR photo lists its gain map as a second picture, which is named by itself.
    if gain_map {
        images = images.saturating_sub(1).max(1);
    }
    let jpeg = JpegInfo {
        process: frame.process,
        sampling: frame.components.iter().map(|c| c.sampling).collect(),
        quality: quantisation
            .first()
            .copied()
            .flatten()
            .map(|t| estimate_quality(&t).quality),
        quantisation,
        restart_interval,
        interleaved: scanned.is_none_or(|components| components == frame.components.len()),
    };
    Ok(ImageInfo {
        format: Format::Jpeg,
        width: u32::from(frame.width),
        height: u32::from(frame.height),
        orientation: orientation.unwrap_or(Orientation::Upright),
        bytes: data.len() as u64,
        bit_depth: frame.precision,
        color,
        alpha: false,
        frames: 1,
        images,
        profile,
        gain_map,
        motion_photo: motion_photo || samsung_motion_photo(data),
        metadata,
        carried,
        // A block takes at least one bit in the scan that has its DC coefficient (T.81, F.1.2.1 and G.1.2.1); twice as
        // many leave room for files that were cut short.
        density: 1000 * 16 * 64 * 64 / jpeg.samples().max(1),
        decoder_memory: 0,
        jpeg: Some(jpeg),
    })
}

/// Whether `head`, with which a file begins, has all segments before its first scan.
pub(super) fn has_header(head: &[u8]) -> bool {
    Segments::new(head)
        .last()
        .is_some_and(|s| matches!(s.marker, SOS | EOI))
}

/// Whether the end of a file, from which all of the trailer's directory is needed, tells of a video: `None` where more of it is
/// needed.
pub(super) fn is_motion_photo_by(tail: &[u8]) -> Option<bool> {
    let Some(body) = tail.strip_suffix(b"SEFT") else {
        return Some(false);
    };
    let length = le32(body, body.len().checked_sub(4)?).and_then(|len| usize::try_from(len).ok())?;
    (length.checked_add(8)? <= tail.len()).then(|| samsung_motion_photo(tail))
}

/// Width and height by the first frame header of a stream, which may lack its tables. Only the first bytes are looked at,
/// in which real streams have it.
pub(crate) fn frame_size(stream: &[u8]) -> Option<(u16, u16)> {
    const HEAD: usize = 1 << 18;
    Segments::new(&stream[..stream.len().min(HEAD)])
        .find(|s| matches!(s.marker, 0xC0..=0xCF if !matches!(s.marker, 0xC4 | 0xC8 | 0xCC)))
        .and_then(|s| Frame::parse(s.marker, s.payload))
        .map(|frame| (frame.width, frame.height))
}

/// A frame header (T.81, B.2.2).
struct Frame {
    process: JpegProcess,
    precision: u8,
    width: u16,
    height: u16,
    components: Vec<FrameComponent>,
}

struct FrameComponent {
    id: u8,
    sampling: (u8, u8),
    table: u8,
}

impl Frame {
    fn parse(marker: u8, payload: &[u8]) -> Option<Self> {
        let process = match marker {
            0xC0 => JpegProcess::Baseline,
            0xC1 => JpegProcess::Extended,
            0xC2 => JpegProcess::Progressive,
            0xC3 => JpegProcess::Lossless,
            0xC9..=0xCB => JpegProcess::Arithmetic,
            _ => JpegProcess::Hierarchical,
        };
        let count = usize::from(*payload.get(5)?);
        let components = payload
            .get(6..6 + 3 * count)?
            .chunks_exact(3)
            .map(|c| FrameComponent {
                id: c[0],
                sampling: (c[1] >> 4, c[1] & 15),
                table: c[2],
            })
            .collect();
        Some(Self {
            process,
            precision: payload[0],
            height: be16(payload, 1)?,
            width: be16(payload, 3)?,
            components,
        })
    }
}

/// Reads the tables of a DQT segment (T.81, B.2.4.1); what is cut short is left out.
fn read_tables(mut payload: &[u8], tables: &mut [Option<[u16; 64]>; 4]) {
    while let Some(&head) = payload.first() {
        let wide = head >> 4 != 0;
        let size = if wide { 128 } else { 64 };
        let Some(body) = payload.get(1..1 + size) else { return };
        let mut table = [0; 64];
        for (k, &natural) in ZIGZAG.iter().enumerate() {
            table[usize::from(natural)] = if wide {
                u16::from_be_bytes([body[2 * k], body[2 * k + 1]])
            } else {
                u16::from(body[k])
            };
        }
        if let Some(slot) = tables.get_mut(usize::from(head & 15)) {
            *slot = Some(table);
        }
        payload = &payload[1 + size..];
    }
}

/// How many pictures an MPF index lists beside large thumbnails (CIPA DC-007, 5.2.3.3: type codes 0x01xxxx).
fn mpf_images(block: &[u8]) -> u32 {
    const ENTRIES: u16 = 0xB002;
    let count = || {
        let tiff = Tiff::parse(block)?;
        let ifd = tiff.first_ifd()?;
        let entries = tiff.bytes(ifd.find(ENTRIES)?)?;
        let pictures = entries
            .chunks_exact(16)
            .filter(|e| {
                tiff.endian
                    .u32(e, 0)
                    .is_some_and(|attribute| (attribute >> 16) & 0xFF != 1)
            })
            .count();
        u32::try_from(pictures).ok()
    };
    count().unwrap_or(1)
}

/// Whether the trailer that Samsung phones append lists a video (entry type 0x0A30).
fn samsung_motion_photo(data: &[u8]) -> bool {
    const MOTION_PHOTO: u16 = 0x0A30;
    let find = || {
        let body = data.strip_suffix(b"SEFT")?;
        let len = usize::try_from(le32(body, body.len().checked_sub(4)?)?).ok()?;
        let directory = body.get(body.len().checked_sub(len.checked_add(4)?)?..)?;
        let entries = directory.strip_prefix(b"SEFH")?.get(8..)?;
        Some(entries.chunks_exact(12).any(|e| le16(e, 2) == Some(MOTION_PHOTO)))
    };
    find().unwrap_or(false)
}

/// The ICC profile of a JPEG, put together from its chunks (ICC.1:2022, B.4); `None` if there is none or a chunk is
/// missing.
fn icc_profile(data: &[u8]) -> Option<Vec<u8>> {
    let mut chunks: Vec<(u8, u8, &[u8])> = Segments::new(data)
        .filter(|s| s.marker == APP2)
        .filter_map(|s| {
            let body = s.payload.strip_prefix(ICC)?;
            Some((*body.first()?, *body.get(1)?, body.get(2..)?))
        })
        .collect();
    chunks.sort_by_key(|c| c.0);
    let total = chunks.first()?.1;
    let complete =
        chunks.len() == usize::from(total) && chunks.iter().zip(1..=u8::MAX).all(|(c, n)| c.0 == n && c.1 == total);
    // Some writers number their only chunk 0.
    let single = chunks.len() == 1;
    (complete || single).then(|| chunks.iter().flat_map(|c| c.2).copied().collect())
}

/// Whether the header defines a Huffman table (T.81, B.2.4.2).
pub(crate) fn has_huffman_tables(data: &[u8]) -> bool {
    Segments::new(data).any(|s| s.marker == DHT)
}

/// The payload of the first EXIF segment that has a readable directory, without `Exif\0\0`.
fn exif(data: &[u8]) -> Option<&[u8]> {
    Segments::new(data)
        .filter(|s| s.marker == APP1)
        .filter_map(|s| s.payload.strip_prefix(EXIF))
        .find(|block| Tiff::parse(block).is_some_and(|t| t.first_ifd().is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_behind_fill_bytes_and_rubbish() {
        let data = [
            0xFF, SOI, 0xFF, 0xFF, 0xFF, COM, 0, 3, 7, 1, 2, 0xFF, 0x00, 0xFF, EOI, 9,
        ];
        let found: Vec<(u8, usize)> = Segments::new(&data).map(|s| (s.marker, s.payload.len())).collect();
        assert_eq!(found, [(COM, 1), (EOI, 0)]);
        assert_eq!(end_of_image(&data), Some(15));
        assert_eq!(end_of_image(&data[..14]), None);
    }
}
