//! The first directory of a TIFF or BigTIFF, and the raw formats that look like one.

use super::layout::{Meaning, Page};
use super::memory;
use super::metadata::{IPTC, PHOTOSHOP};
use crate::Orientation;
use crate::colour::{Description, Numbers, Primaries, Transfer, icc};
use crate::error::Error;
use crate::formats::format::Format;
use crate::formats::ifd::{self, Ifd, Tiff};
use crate::formats::info::{ColorModel, ImageInfo};
use crate::formats::row::Memory;
use crate::formats::xmp;

/// The type of pairs of a numerator and a denominator.
const RATIONAL: u16 = 5;

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
    // What is not read has a header all the same: it is refused by name once its pixels are wanted.
    let page = Page::read(data).ok();
    let color = match uint(ifd::PHOTOMETRIC) {
        Some(0 | 1) => ColorModel::Gray,
        Some(3) => ColorModel::Palette,
        Some(5) => ColorModel::Cmyk,
        Some(6) => ColorModel::YCbCr,
        Some(8 | 9) => ColorModel::Lab,
        None if uint(ifd::SAMPLES_PER_PIXEL).is_none_or(|n| n < 3) => ColorModel::Gray,
        _ => ColorModel::Rgb,
    };
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
        alpha: page.as_ref().is_some_and(|page| page.alpha.is_some()),
        frames: 1,
        images,
        profile: first
            .find(ifd::ICC_PROFILE)
            .map(|e| tiff.bytes(e).and_then(icc::description).unwrap_or_default()),
        hdr: first
            .find(ifd::ICC_PROFILE)
            .and_then(|e| tiff.bytes(e))
            .is_some_and(icc::is_hdr),
        gain_map: false,
        motion_photo: false,
        metadata: [ifd::EXIF_IFD, ifd::GPS_IFD, ifd::XMP, IPTC, PHOTOSHOP]
            .iter()
            .any(|&tag| first.find(tag).is_some()),
        carried: [ifd::ICC_PROFILE, ifd::XMP, IPTC, PHOTOSHOP]
            .iter()
            .filter_map(|&tag| Some(tiff.bytes(first.find(tag)?)?.len() as u64))
            .sum(),
        density: density(&tiff, &first, width, page.as_ref()),
        plain: super::metadata::is_plain(&tiff, &first),
        may_be_anew: true,
        decoder_memory: page.as_ref().map_or(0, memory::beside),
        jpeg: None,
    })
}

/// The memory that decoding takes: indices stay one byte a pixel, and of inks and chroma only 8 bits are kept.
pub(super) fn memory(info: &ImageInfo) -> Memory {
    let all = Memory::of(info);
    let samples = match info.color {
        ColorModel::Palette if !info.alpha && info.bit_depth <= 8 => 1,
        ColorModel::Palette | ColorModel::Cmyk | ColorModel::YCbCr => all.channels,
        _ => all.samples,
    };
    Memory { samples, ..all }
}

/// Samples of a pixel, and bits of a sample, as they are stored.
fn stored(tiff: &Tiff<'_>, first: &Ifd<'_>) -> (u64, u64) {
    let uint = |tag| first.find(tag).and_then(|e| tiff.uint(e, 0)).unwrap_or(1);
    (uint(ifd::SAMPLES_PER_PIXEL), uint(ifd::BITS_PER_SAMPLE))
}

/// The most pixels that 1,000 bytes of the first page can hold: by what its compression makes of a byte at most.
fn density(tiff: &Tiff<'_>, first: &Ifd<'_>, width: u32, page: Option<&Page<'_>>) -> u64 {
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
        2..=4 | 32_771 => return u64::from(width) * 8 * 1000,
        // A block of 64 samples takes at least one bit.
        6 | 7 => return 1000 * 16 * 64 * 64 / 64,
        // What is not read is refused by its name.
        _ => return u64::MAX,
    };
    // Pixels may share their chroma.
    let (pixels, bits) = match page.map(|page| page.meaning) {
        Some(Meaning::YCbCr { across, down }) => {
            let lumas = (across * down) as u64;
            (lumas, (lumas + 2) * bits)
        }
        _ => (1, bits * samples),
    };
    (1000 * bytes * 8 * pixels / bits).max(1)
}

/// The ICC profile of the first page.
pub(super) fn icc_profile(data: &[u8]) -> Option<Vec<u8>> {
    let tiff = Tiff::parse(data)?;
    let first = tiff.first_ifd()?;
    tiff.bytes(first.find(ifd::ICC_PROFILE)?).map(<[u8]>::to_vec)
}

/// What the first page says about its colours: by a profile, or by the fields of TIFF 6.0, section 20.
pub(super) fn colour(data: &[u8]) -> Description {
    let read = || {
        let tiff = Tiff::parse(data)?;
        let first = tiff.first_ifd()?;
        if let Some(profile) = first.find(ifd::ICC_PROFILE) {
            return Some(Description::of_profile(Some(tiff.bytes(profile).unwrap_or_default())));
        }
        let primaries = primaries(&tiff, &first);
        let transfer = transfer(&tiff, &first);
        if primaries.is_none() && transfer.is_none() {
            return None;
        }
        Some(Description::Numbers(Numbers {
            primaries: primaries.unwrap_or(Primaries::SRGB),
            transfer: transfer.unwrap_or(Transfer::Srgb),
        }))
    };
    read().unwrap_or(Description::Unsaid)
}

/// PrimaryChromaticities, with the WhitePoint that goes with them.
fn primaries(tiff: &Tiff<'_>, first: &Ifd<'_>) -> Option<Primaries> {
    let points = |tag| {
        let bytes = tiff.bytes(first.find(tag).filter(|e| e.kind == RATIONAL)?)?;
        let number = |pair: &[u8]| {
            let (over, under) = (tiff.endian.u32(pair, 0)?, tiff.endian.u32(pair, 4)?);
            Some(f64::from(over) / f64::from(under))
        };
        bytes.chunks_exact(8).map(number).collect::<Option<Vec<f64>>>()
    };
    let white = match points(ifd::WHITE_POINT)?[..] {
        [x, y, ..] => [x, y],
        _ => return None,
    };
    match points(ifd::PRIMARY_CHROMATICITIES)?[..] {
        [rx, ry, gx, gy, bx, by, ..] => Primaries {
            red: [rx, ry],
            green: [gx, gy],
            blue: [bx, by],
            white,
        }
        .checked(),
        _ => None,
    }
}

/// TransferFunction: the light of each value, for all channels or for each of three.
fn transfer(tiff: &Tiff<'_>, first: &Ifd<'_>) -> Option<Transfer> {
    let (_, bits) = stored(tiff, first);
    let table = first.find(ifd::TRANSFER_FUNCTION)?;
    let length = 1_usize
        .checked_shl(u32::try_from(bits).ok()?)
        .filter(|len| *len <= 1 << 16)?;
    let bytes = tiff.bytes(table)?;
    let values: Vec<u16> = bytes.chunks_exact(2).filter_map(|v| tiff.endian.u16(v, 0)).collect();
    let tables = match values.len() / length {
        0 => return None,
        1 | 2 => [&values[..length]; 3],
        _ => [0, 1, 2].map(|i| &values[i * length..][..length]),
    };
    // One that falls, or that has no white, is no curve of light.
    let sound = |table: &&[u16]| table.is_sorted() && table.last() > Some(&(u16::MAX / 2));
    tables
        .iter()
        .all(sound)
        .then(|| Transfer::Tables(tables.map(Into::into)))
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
