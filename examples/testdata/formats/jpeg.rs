//! JPEG files: coded by a library, put together segment by segment here.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor, rgb_to_ycbcr};

use super::exif;
use crate::entry::Result;
use crate::picture::Picture;

/// How a picture is coded.
#[derive(Clone, Copy)]
pub(crate) struct Coding {
    pub(crate) quality: u8,
    pub(crate) sampling: SamplingFactor,
    pub(crate) progressive: bool,
    /// MCUs between restart markers; 0 without.
    pub(crate) restart: u16,
    /// Huffman tables made for the picture.
    pub(crate) optimized: bool,
}

impl Default for Coding {
    fn default() -> Self {
        Self {
            quality: 90,
            sampling: SamplingFactor::F_1_1,
            progressive: false,
            restart: 0,
            optimized: false,
        }
    }
}

/// The coded picture: SOI, an application segment or two, tables, scans, EOI.
pub(crate) fn encode(
    pixels: &[u8],
    (width, height): (usize, usize),
    color: ColorType,
    coding: Coding,
) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, coding.quality);
    encoder.set_sampling_factor(coding.sampling);
    encoder.set_progressive(coding.progressive);
    encoder.set_restart_interval(coding.restart);
    encoder.set_optimized_huffman_tables(coding.optimized);
    encoder.encode(pixels, u16::try_from(width)?, u16::try_from(height)?, color)?;
    Ok(out)
}

/// A picture coded as YCbCr.
///
/// The library takes the first chroma sample of each block that shares one, so the average is put there.
pub(crate) fn encode_rgb(picture: &Picture, coding: Coding) -> Result<Vec<u8>> {
    let mut ycbcr = picture.rgb.clone();
    for p in ycbcr.chunks_exact_mut(3) {
        let (y, cb, cr) = rgb_to_ycbcr(p[0], p[1], p[2]);
        p.copy_from_slice(&[y, cb, cr]);
    }
    let (width, height) = (picture.width, picture.height);
    let (across, down) = block(coding.sampling);
    for y in (0..height).step_by(down) {
        for x in (0..width).step_by(across) {
            for channel in [1, 2] {
                let mut sum = 0;
                for i in 0..across * down {
                    let (px, py) = ((x + i % across).min(width - 1), (y + i / across).min(height - 1));
                    sum += usize::from(ycbcr[(py * width + px) * 3 + channel]);
                }
                ycbcr[(y * width + x) * 3 + channel] = ((sum + across * down / 2) / (across * down)) as u8;
            }
        }
    }
    encode(&ycbcr, (width, height), ColorType::Ycbcr, coding)
}

/// How many columns and rows of pixels share a chroma sample.
fn block(sampling: SamplingFactor) -> (usize, usize) {
    use SamplingFactor as S;
    match sampling {
        S::F_2_1 | S::R_4_2_2 => (2, 1),
        S::F_1_2 | S::R_4_4_0 => (1, 2),
        S::F_2_2 | S::R_4_2_0 => (2, 2),
        S::F_4_1 | S::R_4_1_1 => (4, 1),
        S::F_4_2 | S::R_4_1_0 => (4, 2),
        S::F_1_4 | S::R_4_4_1 => (1, 4),
        S::F_2_4 | S::R_4_2_1 => (2, 4),
        _ => (1, 1),
    }
}

/// A segment: its marker's second byte and its payload.
pub(crate) type Segment = (u8, Vec<u8>);

/// A JFIF header.
pub(crate) fn jfif() -> Segment {
    (0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0".to_vec())
}

/// An EXIF segment around a TIFF structure.
pub(crate) fn exif_segment(block: &[u8]) -> Segment {
    (0xE1, [b"Exif\0\0", block].concat())
}

/// An XMP segment.
pub(crate) fn xmp_segment(packet: &[u8]) -> Segment {
    (0xE1, [b"http://ns.adobe.com/xap/1.0/\0", packet].concat())
}

/// An ICC profile in `parts` segments of about the same size.
pub(crate) fn icc_segments(profile: &[u8], parts: usize) -> Vec<Segment> {
    let chunks = profile.chunks(profile.len().div_ceil(parts));
    chunks
        .zip(1u8..)
        .map(|(chunk, number)| {
            (
                0xE2,
                [b"ICC_PROFILE\0", [number, parts as u8].as_slice(), chunk].concat(),
            )
        })
        .collect()
}

/// Adobe's segment with the colour transform it names: 0 none, 1 YCbCr, 2 YCCK.
pub(crate) fn adobe(transform: u8) -> Segment {
    (0xEE, [b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat())
}

/// The bytes of a segment, marker and length included.
pub(crate) fn segment_bytes((marker, payload): &Segment) -> Vec<u8> {
    let mut out = vec![0xFF, *marker];
    out.extend((payload.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// A coded picture without its application segments and comments.
pub(crate) fn bare(coded: &[u8]) -> Vec<u8> {
    let mut out = coded[..2].to_vec();
    let mut at = 2;
    while matches!(coded[at + 1], 0xE0..=0xEF | 0xFE) {
        at += 2 + usize::from(u16::from_be_bytes([coded[at + 2], coded[at + 3]]));
    }
    out.extend_from_slice(&coded[at..]);
    out
}

/// A coded picture with `segments` in the place of its own application segments.
pub(crate) fn with_segments(coded: &[u8], segments: &[Segment]) -> Vec<u8> {
    let bytes: Vec<u8> = segments.iter().flat_map(segment_bytes).collect();
    with_raw(coded, &bytes)
}

/// A coded picture with any bytes in the place of its own application segments.
pub(crate) fn with_raw(coded: &[u8], bytes: &[u8]) -> Vec<u8> {
    let bare = bare(coded);
    [&bare[..2], bytes, &bare[2..]].concat()
}

/// Two pictures in a file with an MPF index: `first` with `segments` and the index, then `second` as it is. `kind` is
/// the second's MPF type code.
pub(crate) fn with_second(first: &[u8], segments: &[Segment], second: &[u8], kind: u32) -> Vec<u8> {
    let file = |index: Vec<u8>| {
        let mut all = segments.to_vec();
        all.push((0xE2, [b"MPF\0".as_slice(), &index].concat()));
        with_segments(first, &all)
    };
    // The index has the same length whatever it says, so one draft tells where everything stands.
    let draft = file(exif::mpf(0, 0, 0, kind));
    let before: usize = segments.iter().map(|s| segment_bytes(s).len()).sum();
    let header_at = 2 + before + 4 + 4;
    let index = exif::mpf(draft.len(), second.len(), draft.len() - header_at, kind);
    [file(index), second.to_vec()].concat()
}

/// A file of headers only: SOI, a quantisation table, a frame header with `marker`, a scan header and a few bytes.
pub(crate) fn header_only(marker: u8, precision: u8, size: (u16, u16), components: &[(u8, u8, u8)]) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    let mut table = vec![0];
    table.extend([16; 64]);
    out.extend(segment_bytes(&(0xDB, table)));
    out.extend(segment_bytes(&(marker, frame_header(precision, size, components))));
    // A DC table with one code, of category 0, and an AC table with one, of end of block.
    for class in [0x00, 0x10] {
        let mut codes = vec![class, 1];
        codes.resize(18, 0);
        out.extend(segment_bytes(&(0xC4, codes)));
    }
    let mut scan = vec![components.len() as u8];
    scan.extend(components.iter().flat_map(|c| [c.0, 0]));
    scan.extend([0, 63, 0]);
    out.extend(segment_bytes(&(0xDA, scan)));
    out.extend([0x00; 8]);
    out.extend([0xFF, 0xD9]);
    out
}

/// A frame header's payload (T.81, B.2.2); components as (id, sampling factors, quantisation table).
pub(crate) fn frame_header(precision: u8, (width, height): (u16, u16), components: &[(u8, u8, u8)]) -> Vec<u8> {
    let mut out = vec![precision];
    out.extend(height.to_be_bytes());
    out.extend(width.to_be_bytes());
    out.push(components.len() as u8);
    out.extend(
        components
            .iter()
            .flat_map(|&(id, sampling, table)| [id, sampling, table]),
    );
    out
}

/// The usual three components at 4:2:0.
pub(crate) const YCBCR_420: [(u8, u8, u8); 3] = [(1, 0x22, 0), (2, 0x11, 0), (3, 0x11, 0)];
