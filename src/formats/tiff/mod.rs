//! TIFF and BigTIFF: the first page.

mod codecs;
mod color;
mod compression;
mod decode;
mod fax;
mod header;
mod jpeg;
mod layout;
mod memory;
mod metadata;
mod old_jpeg;
mod palette;
mod samples;
mod target;

use super::row::{Exif, Row, check_by_decoding};

pub(super) const ROW: Row = Row {
    begins: |data| matches!(data, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]),
    header: header::header,
    // Directories may stand anywhere, and so may what they name.
    header_is_whole: |_, _| None,
    is_whole: |_| true,
    exif: |data| Exif::FirstDirectory(data),
    colour: header::colour,
    rest: metadata::rest,
    clean: metadata::clean,
    memory: header::memory,
    check: check_by_decoding,
    decode: decode::decode,
};
