//! The JPEG codec: bytes ↔ coefficients ↔ planes (ITU-T T.81).
//!
//! [`decode`] goes from bytes to [`Coefficients`] or planes, [`encode`] goes back, [`transform`] turns coefficients
//! without loss. It covers the photos that cameras make, 8 bits with Huffman coding: baseline, extended sequential and
//! progressive, one or three components, every sampling up to 4, restart intervals.
//!
//! [`prepare`](crate::prepare()) uses it where it can. It is public for those who need the steps one by one: to recode a
//! file without loss, say.
//!
//! ```
//! use photofit::jpeg::decode::Decoder;
//! use photofit::jpeg::encode::{EncodeOptions, Encoder, Mode};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = include_bytes!("../../testdata/orientation/orientation-1.jpg");
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

mod coefficients;
pub mod decode;
pub mod encode;
pub mod transform;
pub(crate) mod zigzag;

pub use coefficients::{Coefficients, Component};
