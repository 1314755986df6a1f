//! The limits of a container, and how what is wrong with one is told.

use crate::error::Error;
use crate::formats::Format;

/// The most items, properties, or lists of either that a file may have: a grid has at most 65,536 tiles.
pub(super) const MAX_ENTRIES: usize = 70_000;

/// The most references between items.
pub(super) const MAX_REFERENCES: usize = 1 << 20;

/// How deep pictures may be made of pictures: an alpha plane of a tile of a grid in an overlay has a depth of four.
pub(super) const MAX_DEPTH: u32 = 4;

pub(super) fn malformed(what: impl Into<String>) -> Error {
    Error::malformed(Format::Heif, what)
}

/// A box that ends before what it announces.
pub(super) fn cut(kind: &str) -> Error {
    malformed(format!("its {kind} box is cut short"))
}

pub(super) fn too_many(what: &str) -> Error {
    malformed(format!("it has too many {what}"))
}

/// A four-character code as text.
pub(crate) fn name(kind: [u8; 4]) -> String {
    kind.escape_ascii().to_string()
}
