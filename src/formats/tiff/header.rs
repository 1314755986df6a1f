//! The first directory of a TIFF or BigTIFF, and the raw formats that look like one.

use super::metadata::{IPTC, PHOTOSHOP};
use crate::Orientation;
use crate::error::Error;
use crate::formats::format::Format;
use crate::formats::icc;
use crate::formats::ifd::{self, Ifd, Tiff};
use crate::formats::info::{ColorModel, ImageInfo};
use crate::formats::xmp;

pub(super) fn header(data: &[u8]) -> Result<ImageInfo, Error> {
    let malformed = |what: &str| Error::malformed(Format::Tiff, what);
    let tiff = Tiff::parse(data).ok_or_else(|| malformed("its header is cut short"))?;
    let first = tiff
        .first_ifd()
        .ok_or_else(|| malformed("its first directory lies outside the file"))?;
    if let Some(name) = raw(&tiff, &first) {
        return Err(Error::unsupported(name));
    }
    let uint = |tag| first.find(tag).and_then(|e| tiff.uint(e, 0));
    let side = |tag, name: &str| {
        uint(tag)
            .and_then(|v| u32::try_from(v).ok())
            .filter(|&v| v > 0)
            .ok_or_else(|| malformed(&format!("its first directory has no {name}")))
    };
    let (width, height) = (side(ifd::IMAGE_WIDTH, "width")?, side(ifd::IMAGE_LENGTH, "height")?);
    let color = match uint(ifd::PHOTOMETRIC) {
        Some(0 | 1) | None => ColorModel::Gray,
        Some(3) => ColorModel::Palette,
        Some(5) => ColorModel::Cmyk,
        Some(6) => ColorModel::YCbCr,
        Some(8 | 9) => ColorModel::Lab,
        Some(_) => ColorModel::Rgb,
    };
    let base = match color {
        ColorModel::Gray | ColorModel::Palette => 1,
        ColorModel::Cmyk => 4,
        _ => 3,
    };
    // An extra sample is alpha when it says so (1 associated, 2 unassociated).
    let alpha = uint(ifd::EXTRA_SAMPLES).is_some_and(|v| v == 1 || v == 2)
        && uint(ifd::SAMPLES_PER_PIXEL).is_some_and(|n| n > base);
    let images = u32::try_from(tiff.count_ifds()).unwrap_or(u32::MAX).max(1);
    Ok(ImageInfo {
        format: Format::Tiff,
        width,
        height,
        orientation: tiff
            .orientation(&first)
            .or_else(|| xmp::orientation(tiff.bytes(first.find(ifd::XMP)?)?))
            .unwrap_or(Orientation::Upright),
        bytes: data.len() as u64,
        bit_depth: uint(ifd::BITS_PER_SAMPLE)
            .and_then(|v| u8::try_from(v).ok())
            .unwrap_or(1),
        color,
        alpha,
        frames: 1,
        images,
        profile: first
            .find(ifd::ICC_PROFILE)
            .map(|e| tiff.bytes(e).and_then(icc::description).unwrap_or_default()),
        gain_map: false,
        motion_photo: false,
        metadata: [ifd::EXIF_IFD, ifd::GPS_IFD, ifd::XMP, IPTC, PHOTOSHOP]
            .iter()
            .any(|&tag| first.find(tag).is_some()),
        carried: [ifd::ICC_PROFILE, ifd::XMP, IPTC, PHOTOSHOP]
            .iter()
            .filter_map(|&tag| Some(tiff.bytes(first.find(tag)?)?.len() as u64))
            .sum(),
        density: density(&tiff, &first, width),
        plain: super::metadata::is_plain(&tiff, &first),
        may_be_anew: true,
        decoder_memory: decoder_memory(&tiff, &first, u64::from(width) * u64::from(height)).saturating_add(
            // Both lists, once as values of any type and once as offsets.
            2 * 40 * chunk_count(data) +
            // A file with more pages, or with a palette, is changed before it is decoded.
            if images > 1 || color == ColorModel::Palette {
                data.len() as u64
            } else {
                0
            },
        ),
        jpeg: None,
    })
}

/// The most entries that the lists of strips and tiles have.
pub(super) fn chunk_count(data: &[u8]) -> u64 {
    let count = || {
        let tiff = Tiff::parse(data)?;
        let first = tiff.first_ifd()?;
        let lists = [
            ifd::STRIP_OFFSETS,
            ifd::STRIP_BYTE_COUNTS,
            ifd::TILE_OFFSETS,
            ifd::TILE_BYTE_COUNTS,
        ];
        let entries = |&tag: &u16| {
            let list = first.find(tag)?;
            // A list that is not there, or of no known type, has none, whatever it claims.
            Some(list.count.min(tiff.bytes(list)?.len() as u64))
        };
        lists.iter().filter_map(entries).max()
    };
    count().unwrap_or(0)
}

/// What decoding holds beside the picture's samples: all that the file has for each pixel, unless it is them.
fn decoder_memory(tiff: &Tiff<'_>, first: &Ifd<'_>, pixels: u64) -> u64 {
    let uint = |tag| first.find(tag).and_then(|e| tiff.uint(e, 0));
    let chunky = uint(ifd::PLANAR_CONFIGURATION).unwrap_or(1) == 1;
    match stored(tiff, first) {
        (samples @ 0..=4, 8) if chunky || samples <= 1 => 0,
        (samples, bits) => pixels.saturating_mul(samples).saturating_mul(bits) / 8,
    }
}

/// Samples of a pixel, and bits of a sample, as they are stored.
fn stored(tiff: &Tiff<'_>, first: &Ifd<'_>) -> (u64, u64) {
    let uint = |tag| first.find(tag).and_then(|e| tiff.uint(e, 0)).unwrap_or(1);
    (uint(ifd::SAMPLES_PER_PIXEL), uint(ifd::BITS_PER_SAMPLE))
}

/// Bytes of all rows of a picture as they are stored: each row, or each row of a plane, begins with a byte of its own.
pub(super) fn stored_bytes(data: &[u8], width: u32, height: u32) -> u64 {
    let rows = || {
        let tiff = Tiff::parse(data)?;
        let (samples, bits) = stored(&tiff, &tiff.first_ifd()?);
        let row = (u64::from(width).checked_mul(bits)?.div_ceil(8)).checked_mul(samples)?;
        row.checked_mul(u64::from(height))
    };
    rows().unwrap_or(u64::MAX)
}

/// The most pixels that 1,000 bytes of the first page can hold: by what its compression makes of a byte at most.
fn density(tiff: &Tiff<'_>, first: &Ifd<'_>, width: u32) -> u64 {
    let uint = |tag| first.find(tag).and_then(|e| tiff.uint(e, 0));
    let (samples, bits) = stored(tiff, first);
    let (samples, bits) = (samples.clamp(1, 1 << 16), bits.clamp(1, 64));
    let bytes = match uint(ifd::COMPRESSION).unwrap_or(1) {
        // As many; twice as many leave room for files that were cut short.
        1 => 2,
        // Codes of at most 12 bits for at most 4,096 bytes (TIFF 6.0, section 13).
        5 => 2740,
        // Deflate, as in PNG.
        8 | 32_946 => 1040,
        // Two bytes for at most 128 (section 9).
        32_773 => 64,
        // A row takes at least one bit (ITU-T T.4 and T.6).
        2..=4 => return u64::from(width) * 8 * 1000,
        // A block of 64 samples takes at least one bit.
        6 | 7 => return 1000 * 16 * 64 * 64 / 64,
        // What is not read is refused by its name.
        _ => return u64::MAX,
    };
    (1000 * bytes * 8 / (bits * samples)).max(1)
}

/// The ICC profile of the first page.
pub(super) fn icc_profile(data: &[u8]) -> Option<Vec<u8>> {
    let tiff = Tiff::parse(data)?;
    let first = tiff.first_ifd()?;
    tiff.bytes(first.find(ifd::ICC_PROFILE)?).map(<[u8]>::to_vec)
}

/// The raw format that a TIFF structure belongs to, if any. They are told by what only they have: DNG by its version,
/// the camera makers' by a reduced first picture beside full ones in sub-directories.
fn raw(tiff: &Tiff<'_>, first: &Ifd<'_>) -> Option<&'static str> {
    const NEW_SUBFILE_TYPE: u16 = 0x00FE;
    if tiff.data.get(8..10) == Some(b"CR") {
        return Some("Canon CR2 raw");
    }
    if first.find(ifd::DNG_VERSION).is_some() {
        return Some("DNG raw");
    }
    if first.find(ifd::SR2_PRIVATE).is_some() && first.find(ifd::SUB_IFDS).is_some() {
        return Some("Sony ARW raw");
    }
    let make = first.find(ifd::MAKE).and_then(|e| tiff.bytes(e)).unwrap_or_default();
    let reduced = first.find(NEW_SUBFILE_TYPE).and_then(|e| tiff.uint(e, 0)) == Some(1);
    // A raw file's first directory is a thumbnail or, where it is the raw picture, has a maker's own compression.
    let own_compression = first
        .find(ifd::COMPRESSION)
        .and_then(|e| tiff.uint(e, 0))
        .is_some_and(|c| matches!(c, 32_767 | 32_769 | 32_770 | 34_713 | 65_535));
    let raw_like = (reduced && first.find(ifd::SUB_IFDS).is_some()) || own_compression;
    match make {
        m if raw_like && m.starts_with(b"NIKON") => Some("Nikon NEF raw"),
        m if raw_like && m.starts_with(b"PENTAX") => Some("Pentax PEF raw"),
        m if raw_like && m.starts_with(b"SAMSUNG") => Some("Samsung SRW raw"),
        m if raw_like && m.starts_with(b"SONY") => Some("Sony ARW raw"),
        _ => None,
    }
}
