//! Windows and OS/2 bitmaps: the header, and the pixels through `image`.

mod clean;
mod os2;

use image::codecs::bmp::BmpDecoder;

use crate::colour::{Description, Numbers, Primaries, Transfer, icc};
use crate::error::Error;
use crate::formats::bytes::{le16, le32};
use crate::formats::format::Format;
use crate::formats::info::{ColorModel, ImageInfo};
use crate::formats::row::{Decoded, Exif, Memory, Reading, Row, check_by_decoding};
use crate::formats::through_image::{read, refuse};
use crate::formats::watched::Watched;
use crate::options::Options;
use crate::{CancelToken, Orientation};

pub(super) const ROW: Row = Row {
    begins,
    header,
    header_is_whole: |head, _| Some(has_header(head)),
    is_whole: |_| true,
    exif: |_| Exif::None,
    colour,
    rest: |_, _, _| {},
    clean: clean::clean,
    memory: Memory::of,
    check: check_by_decoding,
    decode,
};

fn begins(data: &[u8]) -> bool {
    // "BM" alone would take any text that starts so: the size of the header behind it must be one that exists.
    data.starts_with(b"BM")
        && matches!(
            data.get(14..18),
            Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0])
        )
}

/// The fields of the headers that say how the pixels are stored.
struct Fields {
    /// Bytes of the header behind the file header.
    header: u32,
    width: u32,
    height: u32,
    top_down: bool,
    planes: u16,
    bits: u16,
    compression: u32,
    /// Colours of the palette that are stated.
    colors: u32,
    /// Where the header, the masks and the palette end.
    header_end: usize,
    /// Where the pixels begin.
    offset: usize,
}

impl Fields {
    fn of(data: &[u8]) -> Option<Self> {
        let header = le32(data, 14)?;
        let offset = usize::try_from(le32(data, 10)?).ok()?;
        let start = 14_usize.checked_add(usize::try_from(header).ok()?)?;
        if header == 12 {
            let bits = le16(data, 24)?;
            let colors = if bits <= 8 { 3 << bits } else { 0 };
            return Some(Self {
                header,
                width: u32::from(le16(data, 18)?),
                height: u32::from(le16(data, 20)?),
                top_down: false,
                planes: le16(data, 22)?,
                bits,
                compression: 0,
                colors: 0,
                header_end: start.checked_add(colors)?,
                offset,
            });
        }
        let height = le32(data, 22)?.cast_signed();
        let (bits, compression) = (le16(data, 28)?, le32(data, 30)?);
        let colors = le32(data, 46)?;
        let stated = match colors {
            0 if bits <= 8 => 1 << bits,
            colors => usize::try_from(colors).ok()?,
        };
        let masks = if header == 40 && compression == 3 { 12 } else { 0 };
        Some(Self {
            header,
            width: le32(data, 18)?.cast_signed().unsigned_abs(),
            height: height.unsigned_abs(),
            top_down: height < 0,
            planes: le16(data, 26)?,
            bits,
            compression,
            colors,
            header_end: start.checked_add(masks)?.checked_add(stated.checked_mul(4)?)?,
            offset,
        })
    }

    /// The mask of alpha, in the headers that have one.
    fn alpha(&self, data: &[u8]) -> u32 {
        if self.header >= 56 {
            le32(data, 66).unwrap_or(0)
        } else {
            0
        }
    }
}

fn header(data: &[u8]) -> Result<ImageInfo, Error> {
    let malformed = |what: &str| Error::malformed(Format::Bmp, what);
    let cut = || malformed("its header is cut short");
    let header = le32(data, 14).ok_or_else(cut)?;
    let (width, height, bits) = if header == 12 {
        (
            u32::from(le16(data, 18).ok_or_else(cut)?),
            u32::from(le16(data, 20).ok_or_else(cut)?),
            le16(data, 24).ok_or_else(cut)?,
        )
    } else {
        // The sides are signed; a negative height means that the top row comes first.
        (
            le32(data, 18).ok_or_else(cut)?.cast_signed().unsigned_abs(),
            le32(data, 22).ok_or_else(cut)?.cast_signed().unsigned_abs(),
            le16(data, 28).ok_or_else(cut)?,
        )
    };
    if width == 0 || height == 0 {
        return Err(malformed("its width or height is 0"));
    }
    let compression = if matches!(header, 12 | 16) {
        0
    } else {
        le32(data, 30).ok_or_else(cut)?
    };
    // Headers of 56 bytes and more have a mask for alpha (BITMAPV3INFOHEADER and later); it counts with BI_BITFIELDS.
    let alpha = header >= 56 && matches!(compression, 3 | 6) && le32(data, 66).is_some_and(|mask| mask != 0);
    Ok(ImageInfo {
        format: Format::Bmp,
        width,
        height,
        orientation: Orientation::Upright,
        bytes: data.len() as u64,
        bit_depth: 8,
        color: if bits <= 8 {
            ColorModel::Palette
        } else {
            ColorModel::Rgb
        },
        alpha,
        frames: 1,
        images: 1,
        profile: embedded_profile(data).map(|p| icc::description(p).unwrap_or_default()),
        hdr: embedded_profile(data).is_some_and(icc::is_hdr),
        gain_map: false,
        motion_photo: false,
        metadata: false,
        carried: embedded_profile(data).map_or(0, |profile| profile.len() as u64),
        // Runs are two bytes for at most 255 pixels (BI_RLE8 and BI_RLE4); elsewhere each pixel has its bits. Twice as
        // many leave room for files that were cut short.
        density: if matches!((compression, bits), (1, 8) | (2, 4)) {
            2 * 255 * 1000 / 2
        } else {
            2 * 1000 * 8 / u64::from(bits.max(1))
        },
        plain: clean::is_plain(data),
        may_be_anew: matches!(compression, 1 | 2),
        // With another header it is a copy.
        decoder_memory: if os2::is_os2(header) { data.len() as u64 } else { 0 },
        jpeg: None,
    })
}

/// Whether `head`, with which a file begins, has all that the header tells: fields up to the mask of alpha, at byte 70,
/// and a profile where one is named.
fn has_header(head: &[u8]) -> bool {
    head.len() >= 138 && (head.get(70..74) != Some(b"DEBM") || embedded_profile(head).is_some())
}

/// The profile of a BITMAPV5HEADER, wherever it stands behind the header.
fn embedded_profile(data: &[u8]) -> Option<&[u8]> {
    if le32(data, 14) != Some(124) || data.get(70..74) != Some(b"DEBM") {
        return None;
    }
    let place = |at| le32(data, at).and_then(|v| usize::try_from(v).ok());
    let start = place(126)?.checked_add(14)?;
    data.get(start..start.checked_add(place(130)?)?)
}

/// What the header says about its colours, from BITMAPV4HEADER on: a profile inside, primaries and powers, or nothing.
fn colour(data: &[u8]) -> Description {
    const CALIBRATED: &[u8] = &[0; 4];
    if le32(data, 14).is_none_or(|size| size < 108) {
        return Description::Unsaid;
    }
    match data.get(70..74) {
        Some(b"DEBM") if le32(data, 14) == Some(124) => {
            Description::of_profile(Some(embedded_profile(data).unwrap_or_default()))
        }
        Some(b"BGRs") => Description::Srgb,
        Some(CALIBRATED) => calibrated(data).map_or(Description::Unsaid, Description::Numbers),
        // The system's colours; and a profile by the name of a file, which nobody else has.
        _ => Description::Unsaid,
    }
}

/// The end points of red, green and blue in fixed point with 30 binary places, and their powers with 16. Many writers
/// leave them empty.
fn calibrated(data: &[u8]) -> Option<Numbers> {
    let number = |at: usize, places: i32| le32(data, at).map(|v| f64::from(v) / 2_f64.powi(places));
    let point = |at| Some([number(at, 30)?, number(at + 4, 30)?, number(at + 8, 30)?]);
    let points = [point(74)?, point(86)?, point(98)?];
    let sums = points.map(|p| p.iter().sum::<f64>());
    let chromaticity = |[x, y, z]: [f64; 3]| [x / (x + y + z), y / (x + y + z)];
    // Chromaticities say nothing about white, XYZ does.
    let white = if sums.iter().all(|sum| (sum - 1.0).abs() < 0.01) {
        Primaries::SRGB.white
    } else {
        chromaticity([0, 1, 2].map(|i| points.iter().map(|p| p[i]).sum()))
    };
    let gamma = |at| number(at, 16);
    let gammas = [gamma(110)?, gamma(114)?, gamma(118)?];
    Some(Numbers {
        primaries: Primaries {
            red: chromaticity(points[0]),
            green: chromaticity(points[1]),
            blue: chromaticity(points[2]),
            white,
        }
        .checked()?,
        transfer: Transfer::of_gamma(gammas.iter().sum::<f64>() / 3.0)?,
    })
}

fn decode(reading: &Reading<'_>, _: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    let (data, info) = (reading.data, &reading.info);
    let data = os2::as_windows(data).ok_or_else(|| Error::malformed(Format::Bmp, "its header is cut short"))?;
    let decoder = BmpDecoder::new(Watched::new(&data, cancel)).map_err(|e| refuse(Format::Bmp, e))?;
    let raster = read(decoder, Format::Bmp)?;
    if (raster.width(), raster.height()) != (info.width, info.height) {
        return Err(Error::malformed(
            Format::Bmp,
            "its header and its pixels differ in size",
        ));
    }
    // A channel of zeros alone is one that its writer left empty, and no picture that nobody can see.
    Ok(Decoded::whole(raster.drop_blank_alpha(), info))
}
