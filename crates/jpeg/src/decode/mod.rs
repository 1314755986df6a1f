//! Decoding: bytes → coefficients or planes (T.81).
//!
//! [`Header::read`] says what a file is, [`Decoder`] reads it: as [`Coefficients`], as whole
//! [`Planes`], or as strips of planes that the caller pulls. Taken are 8-bit Huffman-coded pictures,
//! baseline, extended sequential and progressive, of one or three components; the rest is
//! [declined](Declined) from the header.
//!
//! ```
//! use photofit_jpeg::decode::{Decoder, Header, Limits, Planes, Scale};
//!
//! let file = include_bytes!("../../../../testdata/orientation/orientation-6.jpg");
//! let header = Header::read(file, &Limits::default())?;
//!
//! let mut decoder = Decoder::default();
//! let mut planes = Planes::new(); // filled again for the next file
//! let (_, damage) = decoder.planes(file, Scale::Half, &mut planes)?;
//! assert!(damage.is_empty());
//! assert_eq!(planes.planes().len(), header.components.len());
//! # Ok::<(), photofit_jpeg::decode::DecodeError>(())
//! ```
//!
//! The road of a byte: `markers` and `parser` find the tables and the scan, `intervals` walks over restart
//! markers and damage, `bits` removes the stuffing, `sequential` and `progressive` decode, `chunk` and `scans` keep
//! the coefficients for as short or as long as needed, `idct` and `reduced` make samples of them.

mod bits;
mod chunk;
mod error;
mod frame;
mod header;
mod huffman;
mod idct;
mod idct_avx2;
mod in_step;
mod intervals;
mod limits;
mod markers;
mod parser;
mod planes;
mod progressive;
mod reduced;
mod reduced_avx2;
mod scans;
mod sequential;
mod standard;
mod strips;

pub use error::{Damage, DamageReport, Declined, DecodeError, Problem};
pub use frame::{ColorModel, FrameComponent, Jfif, Process};
pub use header::Header;
pub use limits::Limits;
pub(crate) use markers::code;
pub(crate) use parser::number_of_lines;
pub use planes::{Plane, Planes, Scale};
pub use strips::{Strip, StripDecoder, StripFiller, StripReader};

use crate::cancel::CancelToken;
use crate::coefficients::Coefficients;
use scans::Scratch;

/// A JPEG decoder: limits, and memory that is used again from file to file.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    scratch: Box<Scratch>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Decoder {
    /// A decoder that keeps to `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            scratch: Box::new(Scratch::new()),
        }
    }

    /// Looks at `token` at least once in each row of MCUs, and ends with [`DecodeError::Cancelled`] if it is cancelled.
    pub fn set_cancel(&mut self, token: CancelToken) {
        self.scratch.cancel = token;
    }

    /// Decodes a whole picture into planes, whose memory is used again.
    ///
    /// Returns the header, and what could not be read; the readable part is in `planes` all the same.
    ///
    /// # Errors
    ///
    /// Those of [`Header::read`]; also [`DecodeError::Limit`] and [`DecodeError::Memory`].
    pub fn planes(
        &mut self,
        bytes: &[u8],
        scale: Scale,
        planes: &mut Planes,
    ) -> Result<(Header, DamageReport), DecodeError> {
        let mut strips = self.strips(bytes, scale)?.mcu_rows(usize::MAX);
        strips.next_strip(planes)?;
        Ok(strips.into_parts())
    }

    /// Decodes a picture strip by strip.
    ///
    /// # Errors
    ///
    /// Those of [`Header::read`]; also [`DecodeError::Limit`] and [`DecodeError::Memory`].
    pub fn strips<'a>(&'a mut self, bytes: &'a [u8], scale: Scale) -> Result<StripDecoder<'a>, DecodeError> {
        StripDecoder::new(&mut self.scratch, self.limits, bytes, scale)
    }

    /// Decodes a picture into quantised coefficients.
    ///
    /// Returns what could not be read beside them; those coefficients are zero, or as precise as earlier
    /// scans told. Blocks that only pad a scan without interleaving are zero. Of a picture with one component the
    /// sampling factors are given as 1, whatever its header says: they have no effect (T.81 A.2.2).
    ///
    /// # Errors
    ///
    /// Those of [`Header::read`]; also [`DecodeError::Limit`] and [`DecodeError::Memory`].
    pub fn coefficients(&mut self, bytes: &[u8]) -> Result<(Coefficients, DamageReport), DecodeError> {
        let (header, parser, scan) = Header::parse(bytes, &self.limits)?;
        let mut report = DamageReport::default();
        self.scratch
            .read_all(&header, parser, scan, &self.limits, &mut report)?;
        let coefficients = Coefficients {
            width: header.width,
            height: header.height,
            components: std::mem::take(&mut self.scratch.picture),
        };
        Ok((coefficients, report))
    }
}
