//! PNG (PNG specification, third edition): its chunks, its pixels, and its metadata.

mod colour;
mod decode;
mod header;
mod metadata;

pub(crate) use header::SIGNATURE;
pub(crate) use metadata::insert;

use super::ifd::strip_exif_header;
use super::row::{Clean, Exif, Row, check_by_decoding};
use header::{Chunks, is_complete};

pub(super) const ROW: Row = Row {
    begins: |data| data.starts_with(SIGNATURE),
    header: header::header,
    // Metadata may stand behind the picture, and counts.
    header_is_whole: |head, _| Some(is_complete(head)),
    is_whole: |data| is_complete(data) && header::frames_are_in_order(data),
    exif: |data| {
        let block = Chunks::new(data).find(|chunk| &chunk.name == b"eXIf");
        Exif::of(block.map(|chunk| strip_exif_header(chunk.body)))
    },
    colour: colour::colour,
    rest: metadata::rest,
    clean: Clean::By(metadata::rewrite),
    memory: header::memory,
    check: check_by_decoding,
    decode: decode::decode,
};
