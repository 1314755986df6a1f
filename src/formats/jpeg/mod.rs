//! JPEG (ITU-T T.81): its header, its pixels, and the metadata around them.

mod clean;
mod decode;
mod header;
mod metadata;
mod ycbcr;

pub(crate) use decode::{MAX_SCANS, damage, refuse};
pub(super) use header::is_motion_photo_by;
pub(crate) use header::{frame_size, has_huffman_tables};
pub(crate) use metadata::for_encoder;
pub(in crate::formats) use ycbcr::{to_rgb as ycbcr_to_rgb, upsample};

use super::row::Row;

pub(super) const ROW: Row = Row {
    begins: |data| matches!(data, [0xFF, 0xD8, 0xFF, ..] | [0xFF, 0xD8]),
    header: header::header,
    header_is_whole: |head, _| Some(header::has_header(head)),
    is_whole: header::is_whole,
    exif: header::exif,
    colour: header::colour,
    rest: metadata::rest,
    clean: clean::clean,
    memory: header::memory,
    check: decode::check,
    decode: decode::decode,
};
