//! The row of a format that this build was made without: recognised, and refused by name before anything else is asked.

use super::brand::is_heif;
use super::row::{Cleaned, Exif, Memory, Row, check_by_decoding};
use crate::colour::Description;
use crate::error::Error;

/// HEIC without the feature `heic`.
pub(super) const HEIF: Row = Row {
    begins: is_heif,
    header: |_| Err(Error::unsupported("HEIC")),
    header_is_whole: |_, _| None,
    is_whole: |_| true,
    exif: |_| Exif::None,
    colour: |_| Description::Unsaid,
    rest: |_, _, _| {},
    clean: |_, _| Ok(Cleaned::AsItIs),
    memory: Memory::of,
    check: check_by_decoding,
    decode: |_, _, _| Err(Error::unsupported("HEIC")),
};
