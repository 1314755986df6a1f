//! The road of a photo from outside: the promise, orientation, the byte limit, metadata, hostile input, the interface.

mod api;
mod budget;
mod hostile;
mod metadata;
mod orientation;
mod promise;
mod support;
