//! What a JPEG says about itself, read as far as it makes sense (T.81 annex B): for those who decide what becomes of a
//! file. Whether this codec decodes it, [`decode::Header`](crate::decode::Header) says, which is strict.
//!
//! ```
//! use photofit_jpeg::header::FileHeader;
//!
//! # fn main() -> Result<(), photofit_jpeg::header::HeaderError> {
//! let file = include_bytes!("../../../testdata/orientation/orientation-6.jpg");
//! let header = FileHeader::read(file)?;
//! assert_eq!((header.width, header.height, header.components.len()), (43, 61, 3));
//! # Ok(())
//! # }
//! ```

use memchr::memchr;

use crate::decode::{ColorModel, FrameComponent, Process, code, number_of_lines};
use crate::zigzag::ZIGZAG;

/// A marker segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Segment<'a> {
    /// The marker's second byte: `E0` to `EF` for APP0 to APP15, `FE` for a comment.
    pub marker: u8,
    /// Where the marker's `FF` stands in the file.
    pub start: usize,
    /// Where the segment ends in the file.
    pub end: usize,
    /// What follows the length; empty for markers without one.
    pub payload: &'a [u8],
}

/// The marker segments of a JPEG, up to and including the first start of scan or end of image.
///
/// Fill bytes before a marker are legal, and other bytes between segments are passed over as decoders do. A segment that
/// reaches beyond the data ends the walk.
#[derive(Clone, Debug)]
pub struct Segments<'a> {
    data: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Segments<'a> {
    /// Those of a file, which starts with a start of image.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Self {
        Self::from(data, 2)
    }

    /// Those from an offset on, as they stand between two scans.
    #[must_use]
    pub fn from(data: &'a [u8], at: usize) -> Self {
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
        let (end, payload): (usize, &[u8]) = if matches!(marker, code::SOI | code::EOI) {
            (after, &[])
        } else {
            let length = usize::from(be16(self.data, after)?);
            (after + length, self.data.get(after + 2..after + length)?)
        };
        self.done = matches!(marker, code::SOS | code::EOI);
        self.at = end;
        Some(Segment {
            marker,
            start,
            end,
            payload,
        })
    }
}

/// The next marker at or behind `at`, as (offset of its last `FF`, code): neither fill bytes, nor a stuffed zero, nor the
/// markers that stand alone inside a scan (RSTn, TEM).
fn next_marker(data: &[u8], mut at: usize) -> Option<(usize, u8)> {
    loop {
        at += memchr(0xFF, data.get(at..)?)?;
        match *data.get(at + 1)? {
            0xFF => at += 1,
            0x00 | code::TEM | code::RST0..=code::RST7 => at += 2,
            marker => return Some((at, marker)),
        }
    }
}

fn be16(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// Where the picture ends: the offset behind its end of image. `None` if there is none, as the file was cut short.
///
/// All scans are walked, so that the end of another picture inside a segment (a thumbnail's) does not count.
#[must_use]
pub fn end_of_image(data: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match Segments::from(data, at).last()? {
            s if s.marker == code::EOI => return Some(s.end),
            // The entropy-coded data behind it has no FF but stuffed ones and restart markers: the next walk passes over it.
            s if s.marker == code::SOS => at = s.end,
            _ => return None,
        }
    }
}

/// Why a header says nothing of its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// There is none before the first scan.
    #[error("it has no frame header, so no size")]
    NoFrame,
    /// The frame header ends before its components do.
    #[error("its frame header is cut short")]
    FrameCut,
    /// The width is 0.
    #[error("its width is 0")]
    NoWidth,
    /// The height is 0, which leaves it to a DNL segment behind the first scan, and there is none.
    #[error("its height is 0, and no DNL segment behind the first scan defines it")]
    NoHeight,
}

/// What a JPEG says about itself before its first scan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileHeader {
    /// The coding process.
    pub process: Process,
    /// Bits of a sample.
    pub precision: u8,
    /// Width in pixels, at least 1.
    pub width: u16,
    /// Height in pixels, at least 1; from the DNL segment behind the first scan if the frame leaves it open.
    pub height: u16,
    /// The components, with their quantisation tables where these stand before the first scan.
    pub components: Vec<FrameComponent>,
    /// MCUs between restart markers; 0 if there are none.
    pub restart_interval: u16,
    /// Components in the first scan, if there is one.
    pub first_scan_components: Option<u8>,
    /// Whether there is a JFIF segment.
    pub jfif: bool,
    /// The colour transform of an Adobe APP14 segment: 0 none, 1 YCbCr, 2 YCCK.
    pub adobe_transform: Option<u8>,
    /// Whether a Huffman table is defined. Without one a file is a frame of a video, which has the tables of T.81 annex K.
    pub has_huffman_tables: bool,
}

impl FileHeader {
    /// Reads the header.
    ///
    /// # Errors
    /// [`HeaderError`] where it says no size.
    pub fn read(data: &[u8]) -> Result<Self, HeaderError> {
        let mut reader = HeaderReader::default();
        for segment in Segments::new(data) {
            reader.segment(&segment)?;
        }
        reader.finish(data)
    }

    /// What the components are; `None` if there are two, or more than four.
    #[must_use]
    pub fn color(&self) -> Option<ColorModel> {
        let ids: Vec<u8> = self.components.iter().map(|component| component.id).collect();
        ColorModel::of(&ids, self.jfif, self.adobe_transform)
    }
}

/// Reads a header from segments that somebody else walks over.
#[derive(Clone, Debug, Default)]
pub struct HeaderReader {
    frame: Option<Frame>,
    tables: [Option<[u16; 64]>; 4],
    restart_interval: u16,
    first_scan_components: Option<u8>,
    jfif: bool,
    adobe_transform: Option<u8>,
    has_huffman_tables: bool,
}

/// A frame header (T.81 B.2.2).
#[derive(Clone, Debug)]
struct Frame {
    process: Process,
    precision: u8,
    width: u16,
    height: u16,
    components: Vec<FrameComponent>,
    /// Where its segment ends.
    end: usize,
}

impl HeaderReader {
    /// Takes note of a segment; those come in the order of the file.
    ///
    /// # Errors
    /// [`HeaderError::FrameCut`].
    pub fn segment(&mut self, segment: &Segment<'_>) -> Result<(), HeaderError> {
        let payload = segment.payload;
        match segment.marker {
            code::DHT => self.has_huffman_tables = true,
            code::JPG | code::DAC => {}
            // The first frame counts.
            0xC0..=0xCF if self.frame.is_none() => {
                self.frame = Some(Frame::parse(segment).ok_or(HeaderError::FrameCut)?);
            }
            code::DQT => read_tables(payload, &mut self.tables),
            code::SOS => self.first_scan_components = payload.first().copied(),
            code::DRI => self.restart_interval = be16(payload, 0).unwrap_or(0),
            code::APP0 => self.jfif |= payload.starts_with(b"JFIF\0"),
            code::APP14 if payload.starts_with(b"Adobe") => self.adobe_transform = payload.get(11).copied(),
            _ => {}
        }
        Ok(())
    }

    /// The header, once all its segments were taken note of. `data` is the file.
    ///
    /// # Errors
    /// [`HeaderError`] where it says no size.
    pub fn finish(self, data: &[u8]) -> Result<FileHeader, HeaderError> {
        let frame = self.frame.ok_or(HeaderError::NoFrame)?;
        if frame.width == 0 {
            return Err(HeaderError::NoWidth);
        }
        let height = match frame.height {
            0 => number_of_lines(data, frame.end).ok_or(HeaderError::NoHeight)?,
            height => height,
        };
        let quant = |selector: u8| self.tables.get(usize::from(selector)).copied().flatten();
        let components = frame.components.iter().map(|component| FrameComponent {
            quant: quant(component.quant_selector),
            ..*component
        });
        Ok(FileHeader {
            process: frame.process,
            precision: frame.precision,
            width: frame.width,
            height,
            components: components.collect(),
            restart_interval: self.restart_interval,
            first_scan_components: self.first_scan_components,
            jfif: self.jfif,
            adobe_transform: self.adobe_transform,
            has_huffman_tables: self.has_huffman_tables,
        })
    }
}

impl Frame {
    fn parse(segment: &Segment<'_>) -> Option<Self> {
        let payload = segment.payload;
        let count = usize::from(*payload.get(5)?);
        let components = payload.get(6..6 + 3 * count)?.chunks_exact(3);
        Some(Self {
            process: Process::of(segment.marker),
            precision: payload[0],
            height: be16(payload, 1)?,
            width: be16(payload, 3)?,
            components: components
                .map(|c| FrameComponent {
                    id: c[0],
                    h: c[1] >> 4,
                    v: c[1] & 15,
                    quant_selector: c[2],
                    quant: None,
                })
                .collect(),
            end: segment.end,
        })
    }
}

/// Width and height by the first frame header of a stream, which may lack its tables.
#[must_use]
pub fn frame_size(stream: &[u8]) -> Option<(u16, u16)> {
    let is_frame = |marker| matches!(marker, 0xC0..=0xCF) && !matches!(marker, code::DHT | code::JPG | code::DAC);
    let segment = Segments::new(stream).find(|segment| is_frame(segment.marker))?;
    Frame::parse(&segment).map(|frame| (frame.width, frame.height))
}

/// Reads the tables of a DQT segment (T.81 B.2.4.1); what is cut short is left out.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_behind_fill_bytes_and_rubbish() {
        let data = [
            0xFF, 0xD8, 0xFF, 0xFF, 0xFF, 0xFE, 0, 3, 7, 1, 2, 0xFF, 0x00, 0xFF, 0xD9, 9,
        ];
        let found: Vec<(u8, usize)> = Segments::new(&data).map(|s| (s.marker, s.payload.len())).collect();
        assert_eq!(found, [(0xFE, 1), (0xD9, 0)]);
        assert_eq!(end_of_image(&data), Some(15));
        assert_eq!(end_of_image(&data[..14]), None);
    }

    /// A file of segments and a scan of one byte.
    fn file(segments: &[(u8, &[u8])], behind_the_scan: &[u8]) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8];
        for (marker, payload) in segments {
            let length = u16::try_from(payload.len() + 2).expect("short");
            out.extend([0xFF, *marker]);
            out.extend(length.to_be_bytes());
            out.extend_from_slice(payload);
        }
        out.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 42]);
        out.extend_from_slice(behind_the_scan);
        out.extend([0xFF, 0xD9]);
        out
    }

    #[test]
    fn a_height_that_is_left_open_comes_from_behind_the_first_scan() {
        let frame: (u8, &[u8]) = (0xC0, &[8, 0, 0, 0, 9, 1, 1, 0x11, 0]);
        let header = FileHeader::read(&file(&[frame], &[0xFF, 0xDC, 0, 4, 0, 7])).expect("a header");
        assert_eq!((header.width, header.height), (9, 7));
        assert_eq!(FileHeader::read(&file(&[frame], &[])), Err(HeaderError::NoHeight));
    }

    #[test]
    fn jfif_says_ycbcr_whatever_adobe_says() {
        let frame: (u8, &[u8]) = (0xC0, &[8, 0, 8, 0, 8, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
        let jfif: (u8, &[u8]) = (0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        let adobe: (u8, &[u8]) = (0xEE, b"Adobe\0\x64\0\0\0\0\0");
        let color = |segments: &[(u8, &[u8])]| FileHeader::read(&file(segments, &[])).expect("a header").color();
        assert_eq!(color(&[jfif, adobe, frame]), Some(ColorModel::YCbCr));
        assert_eq!(color(&[adobe, frame]), Some(ColorModel::Rgb));
        assert_eq!(color(&[frame]), Some(ColorModel::YCbCr));
    }
}
