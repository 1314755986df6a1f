//! From bytes to pixels: one file per format, all behind [`decode`].

mod bmp;
mod cmyk;
mod gif;
#[cfg(feature = "heic")]
mod heif;
pub(crate) mod jpeg;
mod png;
mod tiff;
mod watched;
mod webp;
mod ycbcr;

use std::error::Error as StdError;

use crate::cancel::CancelToken;
use crate::error::Error;
use crate::format::Format;
use crate::memory;
use crate::options::Options;
use crate::orient::Orientation;
use crate::pixels::Raster;
use crate::probe::{ColorModel, ImageInfo, JpegInfo};

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

/// Decodes the picture (an animation's first frame, as shown; a file's first page). `cancel` is looked at with each row
/// or strip, but for what other decoders do in one call: HEIC, WebP, GIF, and JPEGs of inks.
pub(crate) fn decode(data: &[u8], info: &ImageInfo, options: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    check_limits(info, options)?;
    check_density(info)?;
    let decoded = match info.format {
        Format::Jpeg => jpeg::decode(data, info, options, cancel),
        Format::Png => png::decode(data, info, options.max_memory(), cancel),
        Format::Gif => gif::decode(data, info),
        Format::Bmp => bmp::decode(data, info, cancel),
        Format::WebP => webp::decode(data, info, options.max_memory()),
        Format::Tiff => tiff::decode(data, info, options.max_memory(), cancel),
        #[cfg(feature = "heic")]
        Format::Heif => heif::decode(data, info, cancel),
        #[cfg(not(feature = "heic"))]
        Format::Heif => Err(Error::unsupported("HEIC")),
    };
    // Whatever a decoder made of it that its file could not be read any further.
    cancel.check()?;
    decoded
}

/// Reads the picture whole without keeping it, as cheaply as its format allows: says what could not be read.
pub(crate) fn check(
    data: &[u8],
    info: &ImageInfo,
    options: &Options,
    cancel: &CancelToken,
) -> Result<Option<Damage>, Error> {
    if info.format == Format::Jpeg {
        check_limits(info, options)?;
        check_density(info)?;
        return jpeg::check(data, info, options, cancel);
    }
    decode(data, info, options, cancel).map(|decoded| decoded.damage)
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
    let needed = memory::estimate(info, options, 1);
    if needed > options.max_memory() {
        return Err(Error::TooMuchMemory {
            needed,
            limit: options.max_memory(),
        });
    }
    Ok(())
}

/// Samples of a JPEG's components for each 64 pixels: 192 for 4:4:4, 96 for 4:2:0.
pub(crate) fn jpeg_samples(jpeg: &JpegInfo) -> u64 {
    let product = |&(h, v): &(u8, u8)| u64::from(h) * u64::from(v);
    let largest = |side: fn(&(u8, u8)) -> u8| jpeg.sampling.iter().map(side).max().map_or(1, u64::from).max(1);
    let all: u64 = jpeg.sampling.iter().map(product).sum();
    (64 * all).div_ceil(largest(|s| s.0) * largest(|s| s.1))
}

/// Refuses a file that claims more pixels than its bytes can stand for: memory is not given out on a header's word.
fn check_density(info: &ImageInfo) -> Result<(), Error> {
    let pixels = info.pixels();
    let claimed = match (info.format, &info.jpeg) {
        // A block takes at least one bit in the scan that has its DC coefficient (T.81, F.1.2.1 and G.1.2.1); twice as
        // many leaves room for files that were cut short.
        (Format::Jpeg, Some(jpeg)) => pixels / 64 * jpeg_samples(jpeg) / 64 / 16,
        // Deflate makes at most 258 bytes of two bits (RFC 1951): 1032 to 1.
        (Format::Png, _) => {
            let samples = match info.color {
                ColorModel::Rgb => 3 + u64::from(info.alpha),
                ColorModel::Gray => 1 + u64::from(info.alpha),
                _ => 1,
            };
            pixels.saturating_mul(samples * u64::from(info.bit_depth)) / 8 / 1040
        }
        // LZW codes of at most 12 bits stand for at most 4096 pixels (GIF89a, appendix F).
        (Format::Gif, _) => pixels / 4096,
        _ => 0,
    };
    // Below a megapixel or so nothing is worth refusing.
    if claimed > info.bytes.saturating_add(1000) {
        let what = format!(
            "it claims {} × {} pixels, more than {} bytes can hold",
            info.width, info.height, info.bytes
        );
        return Err(Error::malformed(info.format, what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::probe;

    fn info(name: &str) -> ImageInfo {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("testdata")
            .join(name);
        probe(&std::fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn panoramas_of_200_megapixels_pass_by_default() {
        for name in [
            "jpeg/sampling-420.jpg",
            "jpeg/progressive-444.jpg",
            "png/rgba-8.png",
            "png/rgb-16.png",
        ] {
            let mut info = info(name);
            (info.width, info.height) = (20_000, 10_000);
            assert!(check_limits(&info, &Options::default()).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_few_bytes_hold_only_so_many_pixels() {
        for name in [
            "jpeg/sampling-420.jpg",
            "jpeg/progressive-444.jpg",
            "png/rgb-8.png",
            "gif/still.gif",
        ] {
            let mut info = info(name);
            assert!(check_density(&info).is_ok(), "{name}");
            (info.width, info.height) = (15_000, 15_000);
            assert!(matches!(check_density(&info), Err(Error::Malformed { .. })), "{name}");
        }
    }
}
