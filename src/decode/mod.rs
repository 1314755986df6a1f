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

use crate::CancelToken;
use crate::Orientation;
use crate::error::Error;
use crate::format::Format;
use crate::memory;
use crate::options::Options;
use crate::pixels::Raster;
use crate::probe::ImageInfo;

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
/// or strip, and by other decoders wherever they read on: of a WebP without data, not before its end.
pub(crate) fn decode(data: &[u8], info: &ImageInfo, options: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    check_limits(info, options)?;
    check_density(info)?;
    memory::ensure(info)?;
    let decoded = match info.format {
        Format::Jpeg => jpeg::decode(data, info, options, cancel),
        Format::Png => png::decode(data, info, options.max_memory(), cancel),
        Format::Gif => gif::decode(data, info, cancel),
        Format::Bmp => bmp::decode(data, info, cancel),
        Format::WebP => webp::decode(data, info, options.max_memory(), cancel),
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

/// The longest side that is read, in pixels: each row costs something, however short it is.
const MAX_SIDE: u32 = 1_000_000;

/// Refuses a file that claims more pixels than its bytes can stand for: memory is not given out on a header's word.
fn check_density(info: &ImageInfo) -> Result<(), Error> {
    let (width, height, bytes) = (info.width, info.height, info.bytes);
    // A picture of a megapixel or so may have as few bytes as it likes.
    let most = u128::from(info.density) * (u128::from(bytes) + 1000);
    if u128::from(info.pixels()) * 1000 > most {
        let what = format!("it claims {width} × {height} pixels, more than {bytes} bytes of a photo hold");
        return Err(Error::malformed(info.format, what));
    }
    if width.max(height) > MAX_SIDE {
        let what = format!(
            "a {} of {width} × {height} pixels (at most {MAX_SIDE} a side)",
            info.format
        );
        return Err(Error::unsupported(what));
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
