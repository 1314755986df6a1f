//! The JPEG codec: bytes ↔ coefficients ↔ planes (ITU-T T.81).
//!
//! [`decode`] goes from bytes to [`Coefficients`] or planes, [`encode`] goes back, [`transform`] turns coefficients
//! without loss. It covers the photos that cameras make, 8 bits with Huffman coding: baseline, extended sequential and
//! progressive, one or three components, every sampling up to 4, restart intervals.
//!
//! The crate `photofit` uses it to make photos fit. It stands alone for those who need the steps one by one: to recode a
//! file without loss, say. It has no threads of its own: [`decode::StripDecoder::parts`] lets callers share the work.
//!
//! ```
//! use photofit_jpeg::decode::Decoder;
//! use photofit_jpeg::encode::{EncodeOptions, Encoder, Mode};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = include_bytes!("../../../testdata/orientation/orientation-1.jpg");
//! let (coefficients, damage) = Decoder::default().coefficients(file)?;
//! assert!(damage.is_empty());
//!
//! let options = EncodeOptions::new().mode(Mode::Progressive);
//! let mut recoded = Vec::new();
//! Encoder::new().encode_coefficients(&coefficients, &options, &mut recoded)?;
//! assert_eq!(Decoder::default().coefficients(&recoded)?.0, coefficients); // the same picture, to the bit
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::cast_possible_truncation, reason = "made-up data"))]

mod cancel;
mod coefficients;
pub mod decode;
pub mod encode;
pub mod header;
mod orientation;
pub mod transform;
mod typical;
#[doc(hidden)]
pub mod zeroed;
mod zigzag;

pub use cancel::{CancelToken, Cancelled};
pub use coefficients::{Coefficients, Component};
pub use orientation::{Orientation, Steps};
pub use zigzag::ZIGZAG;
