//! WebP (RFC 9649): its chunks, and through `image` its picture, of an animation the first frame.

mod clean;

use std::borrow::Cow;

use image::codecs::webp::WebPDecoder;
use image::{ImageDecoder, Limits};

use crate::colour::{Description, icc};
use crate::error::Error;
use crate::formats::bytes::{le16, le24, le32};
use crate::formats::carried::Carried;
use crate::formats::format::Format;
use crate::formats::ifd::{exif_orientation, strip_exif_header};
use crate::formats::info::{CODED_DENSITY, ColorModel, ImageInfo};
use crate::formats::row::{Decoded, Exif, Memory, Reading, Row, check_by_decoding};
use crate::formats::through_image::{read, refuse};
use crate::formats::watched::Watched;
use crate::formats::xmp;
use crate::options::{Metadata, Options};
use crate::{CancelToken, Orientation};

pub(super) const ROW: Row = Row {
    begins: |data| data.starts_with(b"RIFF") && data.get(8..12) == Some(b"WEBP"),
    header,
    header_is_whole: |head, size| Some(end(head).is_some_and(|end| end >= size)),
    is_whole,
    exif: |data| Exif::of(chunk(data, b"EXIF").map(|block| Cow::Borrowed(strip_exif_header(block)))),
    colour: |data| Description::of_profile(chunk(data, b"ICCP")),
    rest,
    clean: clean::clean,
    // The decoder converts from planes, or from the transforms of a lossless picture.
    memory: |info| Memory::of(info).beside(4),
    check: check_by_decoding,
    decode,
};

fn rest(data: &[u8], policy: Metadata, carried: &mut Carried) {
    if policy == Metadata::Keep {
        carried.xmp = chunk(data, b"XMP ").map(<[u8]>::to_vec);
    }
}

/// A chunk.
struct Found<'a> {
    name: [u8; 4],
    /// Where its name stands.
    start: usize,
    /// What it holds, as far as it goes.
    body: &'a [u8],
    /// Whether it ends within the data.
    whole: bool,
    /// Whether the byte is there that fills it up to an even length.
    filled: bool,
}

impl Found<'_> {
    /// The bytes that it takes.
    fn len(&self) -> usize {
        8 + self.body.len() + usize::from(self.filled)
    }
}

/// The chunks from an offset on; one that reaches beyond the data is given as far as it goes.
fn chunks_from(data: &[u8], mut at: usize) -> impl Iterator<Item = Found<'_>> {
    std::iter::from_fn(move || {
        let start = at;
        let name = data.get(start..start.checked_add(4)?)?.try_into().ok()?;
        let length = usize::try_from(le32(data, start + 4)?).ok()?;
        let body = start + 8;
        let end = body.checked_add(length)?;
        at = end.checked_add(length & 1)?;
        Some(Found {
            name,
            start,
            body: &data[body..end.min(data.len())],
            whole: end <= data.len(),
            filled: length & 1 == 1 && at <= data.len(),
        })
    })
}

/// The chunks of a file as (name, body).
fn chunks(data: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    chunks_from(data, 12).map(|found| (found.name, found.body))
}

/// A chunk of `parts`, filled up to an even length.
fn build(name: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = name.to_vec();
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
    if length % 2 == 1 {
        out.push(0);
    }
    out
}

/// Where the file ends by its own size; `None` if it was cut short. The byte that fills up the last chunk may be wanting.
fn riff_end(data: &[u8]) -> Option<usize> {
    let end = usize::try_from(le32(data, 4)?).ok()?.checked_add(8)?;
    (12..=data.len() + 1).contains(&end).then(|| end.min(data.len()))
}

/// Whether its chunks are all there.
fn is_whole(data: &[u8]) -> bool {
    riff_end(data).is_some_and(|end| chunks_from(&data[..end], 12).all(|found| found.whole))
}

/// Where the chunk ends that reaches beyond `head`, with which a file begins: `None` if its head is not whole there, or if it
/// is one of metadata, of which all counts.
pub(super) fn end(head: &[u8]) -> Option<u64> {
    let mut at = 12_u64;
    loop {
        let start = usize::try_from(at).ok()?;
        let name = head.get(start..start.checked_add(4)?)?;
        let length = u64::from(le32(head, start + 4)?);
        at = at.checked_add(8)?.checked_add(length)?.checked_add(length & 1)?;
        if at > head.len() as u64 {
            return matches!(name, b"VP8 " | b"VP8L" | b"ANMF" | b"ALPH").then_some(at);
        }
    }
}

/// The body of the first chunk called `name`.
fn chunk<'a>(data: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    chunks(data).find(|(n, _)| n == name).map(|(_, body)| body)
}

fn header(data: &[u8]) -> Result<ImageInfo, Error> {
    let malformed = |what: &str| Error::malformed(Format::WebP, what);
    let (name, body) = chunks(data).next().ok_or_else(|| malformed("it has no chunk"))?;
    let cut = || malformed("its first chunk is cut short");
    let (width, height, alpha, lossy) = match &name {
        b"VP8 " => {
            // RFC 6386, 9.1: a frame tag of 3 bytes, a start code of 3, then two sizes of 14 bits.
            if body.get(3..6) != Some(&[0x9D, 0x01, 0x2A]) {
                return Err(malformed("its VP8 frame has no start code"));
            }
            let side = |at| le16(body, at).map(|v| u32::from(v & 0x3FFF)).ok_or_else(cut);
            (side(6)?, side(8)?, false, true)
        }
        b"VP8L" => {
            let bits = le32(body, 1).filter(|_| body[0] == 0x2F).ok_or_else(cut)?;
            (
                (bits & 0x3FFF) + 1,
                ((bits >> 14) & 0x3FFF) + 1,
                bits & 1 << 28 != 0,
                false,
            )
        }
        b"VP8X" => {
            let flags = *body.first().ok_or_else(cut)?;
            let side = |at| le24(body, at).map(|v| v + 1).ok_or_else(cut);
            let lossy = chunks(data).any(|(n, _)| &n == b"VP8 ");
            (side(4)?, side(7)?, flags & 0x10 != 0, lossy)
        }
        other => {
            let name = String::from_utf8_lossy(other).into_owned();
            return Err(malformed(&format!("it starts with a {name:?} chunk")));
        }
    };
    if width == 0 || height == 0 {
        return Err(malformed("its width or height is 0"));
    }
    let frames = chunks(data).filter(|(n, _)| n == b"ANMF").count();
    Ok(ImageInfo {
        format: Format::WebP,
        width,
        height,
        orientation: chunk(data, b"EXIF")
            .and_then(exif_orientation)
            .or_else(|| xmp::orientation(chunk(data, b"XMP ")?))
            .unwrap_or(Orientation::Upright),
        bytes: data.len() as u64,
        bit_depth: 8,
        color: if lossy { ColorModel::YCbCr } else { ColorModel::Rgb },
        alpha,
        frames: u32::try_from(frames).unwrap_or(u32::MAX).max(1),
        images: 1,
        profile: chunk(data, b"ICCP").map(|p| icc::description(p).unwrap_or_default()),
        hdr: chunk(data, b"ICCP").is_some_and(icc::is_hdr),
        gain_map: false,
        motion_photo: false,
        metadata: chunks(data).any(|(n, _)| matches!(&n, b"EXIF" | b"XMP ")),
        carried: chunks(data)
            .filter(|(n, _)| matches!(n, b"EXIF" | b"XMP " | b"ICCP"))
            .map(|(_, body)| body.len() as u64)
            .sum(),
        density: CODED_DENSITY,
        plain: true,
        may_be_anew: false,
        decoder_memory: 0,
        jpeg: None,
    })
}

fn decode(reading: &Reading<'_>, options: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    let (data, info) = (reading.data, &reading.info);
    let mut decoder = WebPDecoder::new(Watched::new(data, cancel)).map_err(|e| refuse(Format::WebP, e))?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(options.max_memory());
    decoder.set_limits(limits).map_err(|e| refuse(Format::WebP, e))?;
    let raster = read(decoder, Format::WebP)?;
    if (raster.width(), raster.height()) != (info.width, info.height) {
        return Err(Error::malformed(
            Format::WebP,
            "its header and its pixels differ in size",
        ));
    }
    Ok(Decoded::whole(raster, info))
}
