//! From planes or coefficients to the bytes of a JPEG file.
//!
//! - [`Encoder`] holds the buffers and does the work: whole planes, planes in
//!   strips ([`StripEncoder`]), [`Coefficients`] as they are or turned upright.
//! - [`UnquantisedCoefficients`] keeps what the forward DCT gives, so that sizes
//!   for many qualities cost one transform: [`Encoder::unquantised_size`].
//! - [`requantise`](requantise()) makes coefficients coarser.
//!
//! Given the same planes and quality, the coefficients equal those of
//! libjpeg-turbo with its accurate integer DCT, and in the usual cases the
//! bytes do too.
//!
//! ```
//! use photofit_jpeg::encode::{EncodeOptions, Encoder, Frame, Plane, Quality, Sampling};
//!
//! let frame = Frame::new(40, 30, Sampling::Gray)?;
//! let samples = vec![128; 40 * 30];
//! let options = EncodeOptions::new().quality(Quality::new(85.0)?);
//! let mut file = Vec::new();
//! Encoder::new().encode_planes(frame, &[Plane::new(&samples, 40)], &options, &mut file)?;
//! assert!(file.starts_with(&[0xFF, 0xD8]));
//! # Ok::<(), photofit_jpeg::encode::EncodeError>(())
//! ```

#[cfg(target_arch = "x86_64")]
mod avx2;
mod bits;
mod error;
mod fdct;
mod frame;
mod group;
mod held;
mod huffman;
mod markers;
mod options;
mod picture;
mod planes;
mod progressive;
mod quant;
mod quantise;
mod requantise;
mod sequential;
mod size;
mod tokens;
mod trellis;

pub use error::EncodeError;
pub use frame::{Frame, Sampling};
pub use markers::{Density, Metadata};
pub use options::{Colour, EncodeOptions, Mode, RestartInterval};
pub use planes::{Plane, StripEncoder};
pub use quant::{Quality, QualityEstimate, QuantTables, estimate_quality};
pub use requantise::requantise;
pub use size::UnquantisedCoefficients;

use super::{Coefficients, transform};
use crate::cancel::CancelToken;
use crate::orientation::Orientation;
use bits::{Bytes, Counter};
use frame::Layout;
use group::BlockSource;
use held::{Held, Turned};
use picture::{Output, Picture, Scratch};
use requantise::Requantised;

/// Encodes pictures one after the other and keeps its buffers between them.
///
/// Every method appends a whole file to `out`; if it returns an error, `out` is
/// as long as it was before.
#[derive(Debug, Default)]
pub struct Encoder {
    scratch: Scratch,
}

impl Encoder {
    /// An encoder with empty buffers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at `token` with each row of MCUs and each scan, and ends with [`EncodeError::Cancelled`] if it is
    /// cancelled.
    pub fn set_cancel(&mut self, token: CancelToken) {
        self.scratch.cancel = token;
    }

    /// Encodes whole planes: one for gray, else Y, Cb and Cr, whose sizes
    /// [`Frame::plane_size`] tells. At the right and the bottom the last
    /// sample is repeated up to whole blocks.
    ///
    /// # Errors
    ///
    /// [`EncodeError::PlaneCount`], [`EncodeError::Stride`] or
    /// [`EncodeError::PlaneTooShort`] if the planes do not fit the frame,
    /// [`EncodeError::MetadataTooLong`] or [`EncodeError::SegmentNumber`] if the
    /// metadata does not fit its segments, [`EncodeError::OutOfMemory`].
    pub fn encode_planes(
        &mut self,
        frame: Frame,
        planes: &[Plane<'_>],
        options: &EncodeOptions<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        restoring(out, |out| {
            let mut strips = StripEncoder::new(self, frame, options, out)?;
            strips.push(usize::from(frame.height()), planes)?;
            strips.finish()
        })
    }

    /// Begins a picture whose planes come in strips of MCU rows.
    ///
    /// The file is complete once [`StripEncoder::finish`] has returned; before
    /// that, and after an error, `out` holds a part of it.
    ///
    /// # Errors
    ///
    /// [`EncodeError::MetadataTooLong`], [`EncodeError::SegmentNumber`],
    /// [`EncodeError::OutOfMemory`].
    pub fn start<'a>(
        &'a mut self,
        frame: Frame,
        options: &EncodeOptions<'a>,
        out: &'a mut Vec<u8>,
    ) -> Result<StripEncoder<'a>, EncodeError> {
        StripEncoder::new(self, frame, options, out)
    }

    /// Encodes coefficients as they are, with their own quantisation tables: the
    /// quality of `options` has no effect. Blocks that only fill an MCU are
    /// written as DC values, whatever they hold.
    ///
    /// # Errors
    ///
    /// [`EncodeError::InvalidCoefficients`], [`EncodeError::ZeroQuantiser`],
    /// [`EncodeError::EmptyPicture`] or [`EncodeError::CoefficientRange`] if the
    /// coefficients are none of an 8-bit JPEG, [`EncodeError::MetadataTooLong`],
    /// [`EncodeError::SegmentNumber`], [`EncodeError::OutOfMemory`].
    pub fn encode_coefficients(
        &mut self,
        coefficients: &Coefficients,
        options: &EncodeOptions<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let layout = Layout::of_coefficients(coefficients)?;
        let source = Held(coefficients);
        restoring(out, |out| {
            self.run(layout, &source, options, Bytes::new(out))?;
            Ok(())
        })
    }

    /// Encodes coefficients turned by `orientation` without loss. Equal to
    /// [`transform::apply`] followed by
    /// [`Encoder::encode_coefficients`], without a second copy of the picture.
    ///
    /// # Errors
    ///
    /// [`EncodeError::PartialMcus`] if an edge that would move into the picture
    /// does not end on a whole MCU, else as for [`Encoder::encode_coefficients`].
    pub fn encode_oriented(
        &mut self,
        coefficients: &Coefficients,
        orientation: Orientation,
        options: &EncodeOptions<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let layout = Layout::of_coefficients(coefficients)?;
        transform::check(coefficients, orientation)?;
        let source = Turned::new(coefficients, &layout, orientation);
        restoring(out, |out| {
            self.run(layout.oriented(orientation), &source, options, Bytes::new(out))?;
            Ok(())
        })
    }

    /// Encodes coefficients turned by `orientation` and requantised as
    /// [`requantise`](requantise()) does it to the tables of `options`, without a
    /// second copy of the picture.
    ///
    /// # Errors
    ///
    /// As for [`Encoder::encode_oriented`].
    pub fn encode_coarser(
        &mut self,
        coefficients: &Coefficients,
        orientation: Orientation,
        options: &EncodeOptions<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let (layout, source) = coarser(coefficients, orientation, options)?;
        restoring(out, |out| {
            self.run(layout, &source, options, Bytes::new(out))?;
            Ok(())
        })
    }

    /// The size in bytes of what [`Encoder::encode_coarser`] would append.
    ///
    /// # Errors
    ///
    /// As for [`Encoder::encode_oriented`].
    pub fn coarser_size(
        &mut self,
        coefficients: &Coefficients,
        orientation: Orientation,
        options: &EncodeOptions<'_>,
    ) -> Result<usize, EncodeError> {
        let (layout, source) = coarser(coefficients, orientation, options)?;
        Ok(self.run(layout, &source, options, Counter::default())?.0)
    }

    /// The size in bytes of what [`Encoder::encode_coefficients`] would append.
    ///
    /// # Errors
    ///
    /// As for [`Encoder::encode_coefficients`].
    pub fn coefficients_size(
        &mut self,
        coefficients: &Coefficients,
        options: &EncodeOptions<'_>,
    ) -> Result<usize, EncodeError> {
        let layout = Layout::of_coefficients(coefficients)?;
        let source = Held(coefficients);
        Ok(self.run(layout, &source, options, Counter::default())?.0)
    }

    /// Encodes transformed planes with the quality of `options`. Equal to
    /// [`Encoder::encode_planes`] with the same planes.
    ///
    /// # Errors
    ///
    /// [`EncodeError::MissingRows`] if not all rows were pushed,
    /// [`EncodeError::MetadataTooLong`], [`EncodeError::SegmentNumber`],
    /// [`EncodeError::OutOfMemory`].
    pub fn encode_unquantised(
        &mut self,
        held: &UnquantisedCoefficients,
        options: &EncodeOptions<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let tables = options.tables();
        let source = held.source(tables, options.trellis)?;
        restoring(out, |out| {
            self.run(held.layout(tables), &source, options, Bytes::new(out))?;
            Ok(())
        })
    }

    /// The exact size in bytes of what [`Encoder::encode_unquantised`] would
    /// append: quantises and codes, but writes nothing.
    ///
    /// # Errors
    ///
    /// As for [`Encoder::encode_unquantised`].
    pub fn unquantised_size(
        &mut self,
        held: &UnquantisedCoefficients,
        options: &EncodeOptions<'_>,
    ) -> Result<usize, EncodeError> {
        let tables = options.tables();
        let source = held.source(tables, options.trellis)?;
        let counted = self.run(held.layout(tables), &source, options, Counter::default())?;
        Ok(counted.0)
    }

    /// Runs a whole picture from a source of blocks.
    fn run<S: Output>(
        &mut self,
        layout: Layout,
        source: &impl BlockSource,
        options: &EncodeOptions<'_>,
        sink: S,
    ) -> Result<S, EncodeError> {
        let rows = layout.mcus_high;
        let mut picture = Picture::start(layout, options, &mut self.scratch, sink)?;
        for _ in 0..rows {
            picture.push_row(source)?;
        }
        picture.finish()
    }
}

/// Coefficients turned and requantised as they are asked for.
fn coarser<'a>(
    coefficients: &'a Coefficients,
    orientation: Orientation,
    options: &EncodeOptions<'_>,
) -> Result<(Layout, Requantised<Turned<'a>>), EncodeError> {
    let layout = Layout::of_coefficients(coefficients)?;
    transform::check(coefficients, orientation)?;
    let turned = Turned::new(coefficients, &layout, orientation);
    let mut layout = layout.oriented(orientation);
    let source = Requantised::new(turned, &mut layout, options.tables());
    Ok((layout, source))
}

/// Takes back what was appended if `write` fails.
fn restoring(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let before = out.len();
    let result = write(out);
    if result.is_err() {
        out.truncate(before);
    }
    result
}
