//! The JPEG codec: bytes ↔ coefficients ↔ planes (ITU-T T.81).
//!
//! [`decode`] goes from bytes to [`Coefficients`] or planes, [`encode`] goes back, [`transform`] turns coefficients
//! without loss. It covers the photos that cameras make, 8 bits with Huffman coding: baseline, extended sequential and
//! progressive, one or three components, every sampling up to 4, restart intervals.

mod coefficients;
pub mod decode;
pub mod encode;
pub mod transform;
pub(crate) mod zigzag;

pub use coefficients::{Coefficients, Component};
