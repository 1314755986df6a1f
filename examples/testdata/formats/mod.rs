//! Writers of file formats, down to the byte, so that odd and broken files can be made on purpose.

pub(crate) mod bmp;
pub(crate) mod deflate;
pub(crate) mod exif;
pub(crate) mod gif;
pub(crate) mod heic;
pub(crate) mod hevc;
pub(crate) mod icc;
pub(crate) mod ifd;
pub(crate) mod isobmff;
pub(crate) mod jpeg;
pub(crate) mod jpeg_baseline;
pub(crate) mod png;
pub(crate) mod sps;
pub(crate) mod tiff;
pub(crate) mod webp;
