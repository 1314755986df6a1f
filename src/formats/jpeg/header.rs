//! The header of a JPEG (ITU-T T.81, annex B), and what cameras put around it.

use std::borrow::Cow;

use photofit_jpeg::decode as codec;
use photofit_jpeg::encode::estimate_quality;
use photofit_jpeg::header::{self, HeaderError, HeaderReader, Segments, end_of_image};

use crate::Orientation;
use crate::colour::{Description, icc, whole_profile};
use crate::error::Error;
use crate::formats::bytes::{contains, le16, le32};
use crate::formats::format::Format;
use crate::formats::ifd::{Tiff, exif_orientation};
use crate::formats::info::{ColorModel, ImageInfo, JpegInfo, JpegProcess};
use crate::formats::row::{Exif, Memory};
use crate::formats::xmp;

/// Whether it has its end, and its height where decoders look for it: few read a DNL segment.
pub(super) fn is_whole(data: &[u8]) -> bool {
    end_of_image(data).is_some() && header::frame_size(data).is_some_and(|(_, height)| height > 0)
}

/// Planes, or all coefficients, beside the samples that are made of them; inks beside the RGB.
pub(super) fn memory(info: &ImageInfo) -> Memory {
    let inks = 4 * u64::from(info.color.is_inks());
    let beside = match &info.jpeg {
        Some(jpeg) if jpeg.by_coefficients() || (info.color.is_inks() && jpeg.process == JpegProcess::Progressive) => {
            inks + 2 * jpeg.samples().div_ceil(64)
        }
        Some(_) if info.color.is_inks() => inks,
        Some(jpeg) => jpeg.samples().div_ceil(64),
        None => inks,
    };
    Memory::of(info).beside(beside)
}

pub(crate) const EOI: u8 = 0xD9;
pub(crate) const SOS: u8 = 0xDA;
pub(crate) const DHT: u8 = 0xC4;
pub(crate) const COM: u8 = 0xFE;
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP1: u8 = 0xE1;
pub(crate) const APP2: u8 = 0xE2;
pub(crate) const APP11: u8 = 0xEB;
pub(crate) const APP12: u8 = 0xEC;
pub(crate) const APP13: u8 = 0xED;
pub(crate) const APP14: u8 = 0xEE;
pub(crate) const APP15: u8 = 0xEF;

pub(crate) const EXIF: &[u8] = b"Exif\0\0";
pub(crate) const ICC: &[u8] = b"ICC_PROFILE\0";
pub(crate) const MPF: &[u8] = b"MPF\0";
pub(crate) const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
pub(super) const ISO_GAIN_MAP: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";

pub(super) fn header(data: &[u8]) -> Result<ImageInfo, Error> {
    let malformed = |error: HeaderError| Error::malformed(Format::Jpeg, error.to_string());
    let mut reader = HeaderReader::default();
    let mut orientation = None;
    let mut described = None;
    let mut profile = None;
    let mut images = 1;
    let mut metadata = false;
    let mut carried = 0;
    let mut gain_map = false;
    let mut motion_photo = false;
    let mut hdr = false;

    for segment in Segments::new(data) {
        reader.segment(&segment).map_err(malformed)?;
        let payload = segment.payload;
        if matches!(segment.marker, APP1..=APP15 | COM) {
            carried += payload.len() as u64;
        }
        match segment.marker {
            // How the components are to be read.
            APP0 => {}
            APP14 if payload.starts_with(b"Adobe") => {}
            APP1 if payload.starts_with(EXIF) => {
                metadata = true;
                orientation = orientation.or_else(|| exif_orientation(payload));
            }
            APP1 => {
                metadata = true;
                if let Some(packet) = payload.strip_prefix(XMP) {
                    described = described.or_else(|| xmp::orientation(packet));
                }
                gain_map |= contains(payload, b"http://ns.adobe.com/hdr-gain-map/1.0/");
                motion_photo |= contains(payload, b"MotionPhoto=\"1\"")
                    || contains(payload, b"MotionPhoto>1<")
                    || contains(payload, b"MicroVideo=\"1\"");
            }
            APP2 if payload.starts_with(ICC) => {
                // The description stands in the first chunk of all profiles but the largest.
                let body = payload.get(ICC.len() + 2..).unwrap_or_default();
                profile.get_or_insert_with(|| icc::description(body).unwrap_or_default());
                hdr |= icc::is_hdr(body);
            }
            APP2 if payload.starts_with(MPF) => images = mpf_images(&payload[MPF.len()..]).max(1),
            APP2 if payload.starts_with(ISO_GAIN_MAP) => gain_map = true,
            APP1..=APP15 | COM => metadata = true,
            _ => {}
        }
    }
    let header = reader.finish(data).map_err(malformed)?;
    let color = match header.color() {
        Some(codec::ColorModel::Gray) => ColorModel::Gray,
        Some(codec::ColorModel::YCbCr) => ColorModel::YCbCr,
        Some(codec::ColorModel::Rgb) => ColorModel::Rgb,
        Some(codec::ColorModel::Ycck) => ColorModel::Ycck,
        Some(codec::ColorModel::Cmyk) => ColorModel::Cmyk,
        _ => {
            let count = header.components.len();
            return Err(Error::unsupported(format!("a JPEG with {count} components")));
        }
    };
    // An Ultra HDR photo lists its gain map as a second picture, which is named by itself.
    if gain_map {
        images = images.saturating_sub(1).max(1);
    }
    let jpeg = JpegInfo {
        process: match header.process {
            codec::Process::Baseline => JpegProcess::Baseline,
            codec::Process::ExtendedSequential => JpegProcess::Extended,
            codec::Process::Progressive => JpegProcess::Progressive,
            codec::Process::Lossless => JpegProcess::Lossless,
            codec::Process::Arithmetic => JpegProcess::Arithmetic,
            _ => JpegProcess::Hierarchical,
        },
        sampling: header.components.iter().map(|c| (c.h, c.v)).collect(),
        quality: header
            .components
            .first()
            .and_then(|component| component.quant)
            .map(|table| estimate_quality(&table).quality),
        quantisation: header.components.iter().map(|component| component.quant).collect(),
        restart_interval: header.restart_interval,
        interleaved: header
            .first_scan_components
            .is_none_or(|count| usize::from(count) == header.components.len()),
    };
    Ok(ImageInfo {
        format: Format::Jpeg,
        width: u32::from(header.width),
        height: u32::from(header.height),
        orientation: orientation.or(described).unwrap_or(Orientation::Upright),
        bytes: data.len() as u64,
        bit_depth: header.precision,
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
        plain: true,
        may_be_anew: false,
        decoder_memory: 0,
        hdr,
        jpeg: Some(jpeg),
    })
}

/// Whether `head`, with which a file begins, has all segments before its first scan.
pub(in crate::formats) fn has_header(head: &[u8]) -> bool {
    Segments::new(head)
        .last()
        .is_some_and(|s| matches!(s.marker, SOS | EOI))
}

/// Whether the end of a file, from which all of the trailer's directory is needed, tells of a video: `None` where more of it is
/// needed.
pub(in crate::formats) fn is_motion_photo_by(tail: &[u8]) -> Option<bool> {
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
    header::frame_size(&stream[..stream.len().min(HEAD)])
}

/// Whether bytes behind the picture are more than padding: previews, gain maps and videos stand there.
pub(super) fn hides_something(trailer: &[u8]) -> bool {
    trailer.iter().any(|&b| b != 0 && b != 0xFF)
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

/// What a JPEG says about its colours.
pub(super) fn colour(data: &[u8]) -> Description {
    match icc_profile(data) {
        Some(profile) => Description::Profile(profile),
        None if has_profile(data) => Description::Unusable,
        None => Description::Unsaid,
    }
}

/// Whether there is a chunk of a profile.
pub(super) fn has_profile(data: &[u8]) -> bool {
    icc_chunks(data).next().is_some()
}

/// The number that each chunk of a profile has, and its bytes (ICC.1:2022, B.4).
fn icc_chunks(data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    Segments::new(data).filter(|s| s.marker == APP2).filter_map(|s| {
        let body = s.payload.strip_prefix(ICC)?;
        Some((*body.first()?, body.get(2..)?))
    })
}

/// The ICC profile of a JPEG, put together from its chunks; `None` if there is none or a part is missing. Chunks are
/// also found out of order, counted from 0 or wrongly, and twice.
pub(super) fn icc_profile(data: &[u8]) -> Option<Vec<u8>> {
    let whole = |chunks: &[(u8, &[u8])]| {
        let bytes: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.1).copied().collect();
        whole_profile(&bytes).map(<[u8]>::to_vec)
    };
    let as_they_stand: Vec<(u8, &[u8])> = icc_chunks(data).collect();
    let mut by_number = as_they_stand.clone();
    by_number.sort_by_key(|chunk| chunk.0);
    by_number.dedup_by_key(|chunk| chunk.0);
    whole(&by_number).or_else(|| whole(&as_they_stand))
}

/// Whether the header defines a Huffman table (T.81, B.2.4.2).
pub(crate) fn has_huffman_tables(data: &[u8]) -> bool {
    Segments::new(data).any(|s| s.marker == DHT)
}

/// The EXIF block: that of the first segment that has a readable directory. One of more than 64 KB goes on in the segments
/// right behind it, as ExifTool writes it.
pub(super) fn exif(data: &[u8]) -> Exif<'_> {
    let blocks = || {
        Segments::new(data)
            .filter(|s| s.marker == APP1)
            .filter_map(|s| Some((s.start, s.end, s.payload.strip_prefix(EXIF)?)))
    };
    let readable = |block| Tiff::parse(block).is_some_and(|tiff| tiff.first_ifd().is_some());
    let mut found: Option<(usize, Cow<'_, [u8]>)> = None;
    let mut broken = false;
    for (start, end, block) in blocks() {
        match &mut found {
            None if readable(block) => found = Some((end, Cow::Borrowed(block))),
            None => broken |= !block.is_empty(),
            Some((last, whole)) if *last == start && Tiff::parse(block).is_none() => {
                whole.to_mut().extend_from_slice(block);
                *last = end;
            }
            Some(_) => break,
        }
    }
    match found {
        Some((_, block)) => Exif::Block(block),
        None if broken => Exif::Broken,
        None => Exif::None,
    }
}
