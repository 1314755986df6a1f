//! One PNG attempt, through `png`.

use png::{BitDepth, ColorType, Encoder, Filter};

use super::bytes;
use crate::error::Error;
use crate::formats::Format;
use crate::pixels::{Layout, Raster};

/// How hard an attempt tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// The usual balance of time and size.
    Balanced,
    /// Slower, for a smaller file.
    High,
}

/// Encodes an 8-bit picture.
pub(crate) fn encode(raster: &Raster, effort: Effort) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(bytes(raster).len() / 4 + 4096);
    let mut encoder = Encoder::new(&mut out, raster.width(), raster.height());
    encoder.set_color(match raster.layout() {
        Layout::Gray => ColorType::Grayscale,
        Layout::GrayAlpha => ColorType::GrayscaleAlpha,
        Layout::Rgb => ColorType::Rgb,
        Layout::Rgba => ColorType::Rgba,
    });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(match effort {
        Effort::Balanced => png::Compression::Balanced,
        Effort::High => png::Compression::High,
    });
    encoder.set_filter(Filter::Adaptive);
    let refuse = |e: png::EncodingError| Error::encode(Format::Png, e);
    let mut writer = encoder.write_header().map_err(refuse)?;
    writer.write_image_data(bytes(raster)).map_err(refuse)?;
    writer.finish().map_err(refuse)?;
    Ok(out)
}
