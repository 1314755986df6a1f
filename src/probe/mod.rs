//! What a photo is, from its header alone: no pixel is decoded, and nothing is allocated by a header's word.

mod bmp;
pub(crate) mod bytes;
pub(crate) mod gif;
pub(crate) mod head;
pub(crate) mod heif;
pub(crate) mod icc;
pub(crate) mod ifd;
mod info;
pub(crate) mod jpeg;
pub(crate) mod png;
mod sniff;
pub(crate) mod tiff;
pub(crate) mod webp;

pub use info::{ColorModel, ImageInfo, JpegInfo, JpegProcess};

use crate::error::Error;
use crate::format::Format;

/// Reads a photo's header: format (by its first bytes, never by a name), size, orientation, depth, alpha, frames,
/// profile, and the tables of a JPEG. It takes microseconds.
///
/// ```
/// let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0\0\0\0\0";
/// let info = photofit::probe(png)?;
/// assert_eq!((info.width, info.height), (2, 3));
/// # Ok::<(), photofit::Error>(())
/// ```
///
/// # Errors
/// [`Error::Empty`], [`Error::UnknownFormat`], [`Error::Unsupported`] for formats that are recognised and not read, and
/// [`Error::Malformed`] for a header that says no size.
pub fn probe(data: &[u8]) -> Result<ImageInfo, Error> {
    match sniff::sniff(data)? {
        Format::Jpeg => jpeg::probe(data),
        Format::Png => png::probe(data),
        Format::Gif => gif::probe(data),
        Format::Bmp => bmp::probe(data),
        Format::WebP => webp::probe(data),
        Format::Tiff => tiff::probe(data),
        Format::Heif => heif::probe(data),
    }
}
