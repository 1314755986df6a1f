//! HEIF containers (ISO/IEC 14496-12 and 23008-12): boxes, items, and what a picture is made of.
//!
//! Written for files from strangers. Every count is checked against the bytes that hold it, what a list says is looked
//! up and not searched for, and a picture's parts are followed once each, to a depth. So reading takes time and memory
//! in proportion to the file, and what decoding will take is known before it begins.

mod boxes;
mod by_id;
mod container;
mod hevc;
mod picture;
mod property;

pub(crate) use container::{Container, Item};
pub(crate) use hevc::{Configuration, broken};
pub(crate) use picture::{Derivation, Part, Pictures};
pub(crate) use property::{Nclx, Property};

use crate::error::Error;
use crate::formats::Format;

/// The most items, properties, or lists of either that a file may have: a grid has at most 65,536 tiles.
const MAX_ENTRIES: usize = 70_000;

/// The most references between items.
const MAX_REFERENCES: usize = 1 << 20;

/// How deep pictures may be made of pictures: an alpha plane of a tile of a grid in an overlay has a depth of four.
const MAX_DEPTH: u32 = 4;

fn malformed(what: impl Into<String>) -> Error {
    Error::malformed(Format::Heif, what)
}

/// A box that ends before what it announces.
fn cut(kind: &str) -> Error {
    malformed(format!("its {kind} box is cut short"))
}

fn too_many(what: &str) -> Error {
    malformed(format!("it has too many {what}"))
}

/// A four-character code as text.
pub(crate) fn name(kind: [u8; 4]) -> String {
    kind.escape_ascii().to_string()
}
