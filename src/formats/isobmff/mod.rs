//! HEIF containers (ISO/IEC 14496-12 and 23008-12): boxes, items, and what a picture is made of.
//!
//! Written for files from strangers. Every count is checked against the bytes that hold it, what a list says is looked
//! up and not searched for, and a picture's parts are followed once each, to a depth. So reading takes time and memory
//! in proportion to the file, and what decoding will take is known before it begins.

mod boxes;
mod by_id;
mod container;
mod foreign;
mod hevc;
mod limits;
mod picture;
mod property;

pub(crate) use container::{Container, Item};
pub(crate) use hevc::{Configuration, broken};
pub(crate) use picture::{Derivation, Part, Pictures};
pub(crate) use property::{Nclx, Property};
