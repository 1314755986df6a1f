//! The formats that photofit reads: one file and one row for each, and the compiler asks every row for everything.

mod bmp;
mod brand;
pub(crate) mod bytes;
mod carried;
mod decode;
mod exif;
pub(crate) mod format;
mod gif;
pub(crate) mod head;
#[cfg(feature = "heic")]
mod heif;
pub(crate) mod ifd;
mod info;
#[cfg(feature = "heic")]
mod isobmff;
pub(crate) mod jpeg;
#[cfg(not(feature = "heic"))]
mod left_out;
mod md5;
pub(crate) mod metadata;
mod photoshop;
mod pieces;
pub(crate) mod png;
mod row;
mod sniff;
mod table;
mod through_image;
mod tiff;
mod watched;
mod webp;
mod xmp;

pub(crate) use carried::Carried;
pub(crate) use decode::{check, decode};
pub use format::{Format, FormatSet};
pub use info::{ColorModel, ImageInfo, JpegInfo, JpegProcess};
pub(crate) use row::{Cleaned, Damage, Decoded, Reading};
pub(crate) use table::row;

use crate::error::Error;

/// Reads the header of a photo, for whoever works on it.
///
/// # Errors
/// Those of [`probe`].
pub(crate) fn read(data: &[u8]) -> Result<Reading<'_>, Error> {
    let row = row(sniff::sniff(data)?);
    let info = (row.header)(data)?;
    Ok(Reading { data, info, row })
}

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
    read(data).map(|reading| reading.info)
}
