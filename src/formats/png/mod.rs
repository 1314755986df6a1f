//! PNG (PNG specification, third edition): its chunks, its pixels, and its metadata.

mod chunks;
mod clean;
mod colour;
mod decode;
mod header;
mod metadata;
mod text;

pub(crate) use chunks::SIGNATURE;
pub(crate) use metadata::insert;

use super::row::Row;
use chunks::is_complete;

pub(super) const ROW: Row = Row {
    begins: |data| data.starts_with(SIGNATURE),
    header: header::header,
    // Metadata may stand behind the picture, and counts.
    header_is_whole: |head, _| Some(is_complete(head)),
    is_whole: is_complete,
    exif: metadata::exif,
    colour: colour::colour,
    rest: metadata::rest,
    clean: clean::clean,
    memory: header::memory,
    check: decode::check,
    decode: decode::decode,
};
