//! The chunks of a PNG, and what they say of the picture.

use super::chunks::Chunks;
use super::colour::by_code_points;
use super::text::{self, MAX_TEXT, Text};
use crate::Orientation;
use crate::error::Error;
use crate::formats::bytes::be32;
use crate::formats::format::Format;
use crate::formats::ifd::exif_orientation;
use crate::formats::info::{ColorModel, ImageInfo};
use crate::formats::row::Memory;
use crate::formats::xmp;

/// Indices into a palette stay one byte a pixel.
pub(super) fn memory(info: &ImageInfo) -> Memory {
    let all = Memory::of(info);
    Memory {
        samples: if info.color == ColorModel::Palette {
            1
        } else {
            all.samples
        },
        ..all
    }
}

pub(super) fn header(data: &[u8]) -> Result<ImageInfo, Error> {
    let malformed = |what: &str| Error::malformed(Format::Png, what);
    let header = data
        .get(8..33)
        .filter(|h| &h[..8] == b"\0\0\0\x0dIHDR")
        .ok_or_else(|| malformed("it does not start with a whole IHDR chunk"))?;
    let (width, height) = (be32(header, 8).unwrap_or(0), be32(header, 12).unwrap_or(0));
    if width == 0 || height == 0 || width > i32::MAX as u32 || height > i32::MAX as u32 {
        return Err(malformed("its width or height is 0 or above 2,147,483,647"));
    }
    let (bit_depth, color_type) = (header[16], header[17]);
    let (color, mut alpha) = match (color_type, bit_depth) {
        (0, 1 | 2 | 4 | 8 | 16) => (ColorModel::Gray, false),
        (2, 8 | 16) => (ColorModel::Rgb, false),
        (3, 1 | 2 | 4 | 8) => (ColorModel::Palette, false),
        (4, 8 | 16) => (ColorModel::Gray, true),
        (6, 8 | 16) => (ColorModel::Rgb, true),
        _ => {
            return Err(malformed(&format!(
                "colour type {color_type} does not exist with {bit_depth} bits"
            )));
        }
    };
    let samples = match color_type {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let mut frames = 1;
    let mut profile = None;
    let mut orientation = None;
    let mut hdr = false;
    let mut metadata = false;
    let mut carried: u64 = 0;
    for chunk in Chunks::new(data) {
        if matches!(&chunk.name, b"iCCP" | b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt") {
            let length = chunk.body.len() as u64;
            let deflated =
                matches!(&chunk.name, b"zTXt" | b"iTXt") && Text::of(&chunk).is_some_and(|text| text.deflated);
            // Deflate makes at most 1,032 bytes of one.
            let inflated = if deflated {
                length.saturating_mul(1032).min(MAX_TEXT as u64)
            } else {
                0
            };
            carried = carried.saturating_add(length).saturating_add(inflated);
        }
        match &chunk.name {
            b"tRNS" => alpha = true,
            b"acTL" => frames = be32(chunk.body, 0).unwrap_or(1).max(1),
            b"iCCP" => {
                let name = chunk.body.split(|&b| b == 0).next().unwrap_or_default();
                profile = Some(String::from_utf8_lossy(name).into_owned());
            }
            b"cICP" => hdr = by_code_points(&chunk).is_some_and(|numbers| numbers.is_hdr()),
            b"eXIf" => {
                metadata = true;
                orientation = orientation.or_else(|| exif_orientation(chunk.body));
            }
            b"tEXt" | b"zTXt" | b"iTXt" | b"tIME" => metadata = true,
            _ => {}
        }
    }
    Ok(ImageInfo {
        format: Format::Png,
        width,
        height,
        orientation: orientation
            .or_else(|| described_orientation(data))
            .unwrap_or(Orientation::Upright),
        bytes: data.len() as u64,
        bit_depth,
        color,
        alpha,
        frames,
        images: 1,
        profile,
        hdr,
        gain_map: false,
        motion_photo: false,
        metadata,
        carried,
        // Deflate makes at most 258 bytes of two bits (RFC 1951): 1032 to 1.
        density: 1000 * 1040 * 8 / (samples * u64::from(bit_depth)),
        plain: true,
        may_be_anew: false,
        decoder_memory: 0,
        jpeg: None,
    })
}

/// The orientation where no EXIF chunk states one: that of an EXIF block in a text, or else that of XMP.
fn described_orientation(data: &[u8]) -> Option<Orientation> {
    let raw = || exif_orientation(&text::raw_exif(data)?.ok()?);
    let packet = || xmp::orientation(&text::xmp(data)?.ok()?);
    raw().or_else(packet)
}
