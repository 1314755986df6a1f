//! The road of a photo from outside: the promise, orientation, the byte limit, metadata, hostile input, the interface.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "tests panic, make up data and tell what they leave out"
)]

mod api;
mod budget;
mod colour;
mod hostile;
mod kept;
mod metadata;
mod orientation;
mod phase;
mod planted;
mod promise;
mod support;
mod tiff;
