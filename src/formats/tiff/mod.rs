//! TIFF and BigTIFF: the first page.

mod decode;
mod header;
mod metadata;

use super::row::{Exif, Memory, Row, check_by_decoding};

pub(super) const ROW: Row = Row {
    begins: |data| matches!(data, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]),
    header: header::header,
    // Directories may stand anywhere, and so may what they name.
    header_is_whole: |_, _| None,
    is_whole: |_| true,
    exif: |data| Exif::FirstDirectory(data),
    icc: header::icc_profile,
    rest: metadata::rest,
    clean: metadata::clean,
    // Inks are held beside the RGB made of them.
    memory: |info| Memory::of(info).beside(if info.color.is_inks() { 4 } else { 0 }),
    check: check_by_decoding,
    decode: decode::decode,
};
