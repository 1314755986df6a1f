//! What the decoders of the crate `image` have in common.

use image::{ColorType, ImageDecoder, ImageError};

use super::format::Format;
use crate::error::Error;
use crate::pixels::{Layout, Raster, Samples, sample_count, zeros};

/// Reads what a decoder of `image` gives at 8 bits.
pub(super) fn read(decoder: impl ImageDecoder, format: Format) -> Result<Raster, Error> {
    let (width, height) = decoder.dimensions();
    let layout = match decoder.color_type() {
        ColorType::L8 => Layout::Gray,
        ColorType::La8 => Layout::GrayAlpha,
        ColorType::Rgb8 => Layout::Rgb,
        ColorType::Rgba8 => Layout::Rgba,
        other => return Err(Error::unsupported(format!("a {format} with {other:?} pixels"))),
    };
    let len = sample_count(width, height, layout.channels()).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    let mut samples = zeros(len)?;
    decoder.read_image(&mut samples).map_err(|e| refuse(format, e))?;
    Raster::new(width, height, layout, Samples::U8(samples)).ok_or_else(|| Error::malformed(format, "its size is 0"))
}

/// What `image` reports, as ours.
pub(super) fn refuse(format: Format, error: ImageError) -> Error {
    match error {
        ImageError::Unsupported(e) => Error::unsupported(format!("this {format} ({e})")),
        other => Error::decode(format, other),
    }
}
