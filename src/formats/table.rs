//! The table of formats.

use super::format::Format;
#[cfg(feature = "heic")]
use super::heif;
#[cfg(not(feature = "heic"))]
use super::left_out;
use super::row::Row;
use super::{bmp, gif, jpeg, png, tiff, webp};

/// The row of a format.
pub(crate) const fn row(format: Format) -> &'static Row {
    match format {
        Format::Jpeg => &jpeg::ROW,
        Format::Png => &png::ROW,
        Format::Gif => &gif::ROW,
        Format::Bmp => &bmp::ROW,
        Format::WebP => &webp::ROW,
        Format::Tiff => &tiff::ROW,
        #[cfg(feature = "heic")]
        Format::Heif => &heif::ROW,
        #[cfg(not(feature = "heic"))]
        Format::Heif => &left_out::HEIF,
    }
}
