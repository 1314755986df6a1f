//! The JPEG codec: bytes ↔ coefficients ↔ planes (ITU-T T.81).
//!
//! `decode` goes from bytes to [`Coefficients`] or planes, `encode` goes back,
//! `transform` turns coefficients without loss.

mod coefficients;
pub mod decode;
mod zigzag;

pub use coefficients::{Coefficients, Component};
