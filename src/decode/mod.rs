//! From bytes to pixels: one file per format, all behind [`decode`].

mod bmp;
mod cmyk;
mod gif;
#[cfg(feature = "heic")]
mod heif;
mod jpeg;
mod png;
mod tiff;
mod webp;

use std::error::Error as StdError;

use crate::error::Error;
use crate::format::Format;
use crate::options::Options;
use crate::orient::Orientation;
use crate::pixels::Raster;
use crate::probe::{ColorModel, ImageInfo, JpegProcess};

/// A decoded picture.
pub(crate) struct Decoded {
    pub(crate) raster: Raster,
    /// What is left to be done to make it upright.
    pub(crate) orientation: Orientation,
    /// Whether the source's ICC profile still describes the pixels.
    pub(crate) profile_holds: bool,
    /// What could not be read, if anything.
    pub(crate) damage: Option<Damage>,
}

/// The part of a picture that could not be read.
pub(crate) struct Damage {
    /// The readable fraction, 0 to 1.
    pub(crate) readable: f64,
    /// The decoder's own words.
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Decoded {
    /// A whole picture whose profile holds.
    fn whole(raster: Raster, info: &ImageInfo) -> Self {
        Self {
            raster,
            orientation: info.orientation,
            profile_holds: true,
            damage: None,
        }
    }
}

/// Decodes the picture (an animation's first frame, as shown; a file's first page).
pub(crate) fn decode(data: &[u8], info: &ImageInfo, options: &Options) -> Result<Decoded, Error> {
    check_limits(info, options)?;
    match info.format {
        Format::Jpeg => jpeg::decode(data, info),
        Format::Png => png::decode(data, info, options.max_memory()),
        Format::Gif => gif::decode(data, info),
        Format::Bmp => bmp::decode(data, info),
        Format::WebP => webp::decode(data, info, options.max_memory()),
        Format::Tiff => tiff::decode(data, info, options.max_memory()),
        #[cfg(feature = "heic")]
        Format::Heif => heif::decode(data, info, options.max_source_pixels()),
        #[cfg(not(feature = "heic"))]
        Format::Heif => Err(Error::unsupported("HEIC")),
    }
}

/// Refuses by the header what the options do not allow, before anything is allocated.
pub(crate) fn check_limits(info: &ImageInfo, options: &Options) -> Result<(), Error> {
    if info.pixels() > options.max_source_pixels() {
        return Err(Error::TooManyPixels {
            width: info.width,
            height: info.height,
            limit: options.max_source_pixels(),
        });
    }
    let needed = memory(info);
    if needed > options.max_memory() {
        return Err(Error::TooMuchMemory {
            needed,
            limit: options.max_memory(),
        });
    }
    Ok(())
}

/// The bytes that the source's pixels take while they are decoded, estimated from the header.
fn memory(info: &ImageInfo) -> u64 {
    let samples = match info.color {
        ColorModel::Gray => 1,
        ColorModel::Cmyk | ColorModel::Ycck => 4,
        // One index a pixel, where the format's decoder leaves it at that.
        ColorModel::Palette if info.format == Format::Gif && !info.alpha => 1,
        ColorModel::Palette if info.format == Format::Png => 1,
        _ => 3 + u64::from(info.alpha),
    };
    let bytes = if info.bit_depth > 8 { 2 } else { 1 };
    // What a decoder holds beside the pixels, in bytes a pixel.
    let beside = match (info.format, info.jpeg.as_ref().map(|j| j.process)) {
        // The coefficients of a progressive JPEG are all held, at 16 bits.
        (Format::Jpeg, Some(JpegProcess::Progressive)) => 2 * samples,
        // Inks are held beside the RGB made of them.
        (Format::Jpeg | Format::Tiff, _) if samples == 4 => 3,
        // Planes and RGBA.
        (Format::Heif, _) => 4 + 3 * bytes,
        (Format::WebP, _) => 3,
        _ => 0,
    };
    info.pixels().saturating_mul(samples * bytes + beside)
}
