//! What can be wrong with a request to encode.

use crate::transform::PartialMcus;
use crate::zeroed::NoMemory;

/// Why a picture could not be encoded. Nothing here depends on the sample values.
///
/// Most variants are a wrong request by the caller, and their messages say what a right one is. The others are
/// [`Cancelled`](Self::Cancelled), [`OutOfMemory`](Self::OutOfMemory), and what coefficients from a file may bring:
/// [`PartialMcus`](Self::PartialMcus) and [`CoefficientRange`](Self::CoefficientRange).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The caller's [`CancelToken`](crate::CancelToken) was cancelled, or its deadline passed. The output is as
    /// it was before.
    #[error("cancelled")]
    Cancelled,
    /// The quality is no number from 1 to 100: give one that is.
    #[error("quality {0} is not a number from 1 to 100")]
    Quality(f32),
    /// A quantisation table has an entry that is not allowed: make it 1 or more.
    #[error("quantisation table entry {index} is 0, the least value is 1")]
    ZeroQuantiser {
        /// Natural (row-major) index of the entry.
        index: usize,
    },
    /// A side of the picture is 0 pixels: there is nothing to encode.
    #[error("a picture of {width}x{height} pixels cannot be encoded, each side is 1 to 65535")]
    EmptyPicture {
        /// Width in pixels.
        width: u16,
        /// Height in pixels.
        height: u16,
    },
    /// The number of planes is not that of the sampling: give one for gray, otherwise three.
    #[error("{given} planes given, the sampling has {expected}")]
    PlaneCount {
        /// Planes that were given.
        given: usize,
        /// Planes that the sampling has: 1 or 3.
        expected: usize,
    },
    /// A plane's stride is less than its width: it counts samples from the start of a row to that of the next.
    #[error("plane {plane} has a stride of {stride} samples and a width of {width}")]
    Stride {
        /// Index of the plane.
        plane: usize,
        /// Distance of two rows as given, in samples.
        stride: usize,
        /// Width that the plane must have, in samples.
        width: usize,
    },
    /// A plane is shorter than its rows need: chroma planes have their own size, rounded up.
    #[error("plane {plane} holds {given} samples, its rows need {needed}")]
    PlaneTooShort {
        /// Index of the plane.
        plane: usize,
        /// Samples given.
        given: usize,
        /// Samples needed: `(rows - 1) * stride + width`.
        needed: usize,
    },
    /// A strip that is not the last one does not end on a row of MCUs, or it
    /// reaches below the picture.
    #[error(
        "a strip of {rows} rows after {done} of {height}: all but the last must be a multiple of {mcu_height} rows"
    )]
    StripHeight {
        /// Rows of the strip, in pixels of the picture.
        rows: usize,
        /// Rows that were pushed before it.
        done: usize,
        /// Height of the picture in pixels.
        height: usize,
        /// Height of a row of MCUs in pixels: 8 or 16.
        mcu_height: usize,
    },
    /// The picture was finished before all its rows were pushed: push the rest first.
    #[error("only {done} of {height} rows were pushed")]
    MissingRows {
        /// Rows that were pushed.
        done: usize,
        /// Height of the picture in pixels.
        height: usize,
    },
    /// A piece of metadata is too long for its segments: shorten it or leave it out.
    #[error("{what} of {bytes} bytes is too long, at most {limit} bytes fit")]
    MetadataTooLong {
        /// Which kind of metadata: `"EXIF"`, `"ICC profile"`, `"comment"`, `"APPn segment"`.
        what: &'static str,
        /// Its length in bytes.
        bytes: usize,
        /// The most that fits, in bytes.
        limit: usize,
    },
    /// An application segment has a number above 15: there are none.
    #[error("APP{0} does not exist, application segments are numbered 0 to 15")]
    SegmentNumber(u8),
    /// The parts of `Coefficients` contradict each other or the standard: a mistake of who made them.
    #[error("the coefficients cannot be encoded: {0}")]
    InvalidCoefficients(&'static str),
    /// The picture does not turn on whole MCUs: see [`PartialMcus`], or decode, turn and encode it.
    #[error(transparent)]
    PartialMcus(#[from] PartialMcus),
    /// A coefficient is too large for 8-bit JPEG (T.81 Tables F.1 and F.2), as in a broken or made-up
    /// file: decode it to planes and encode these.
    #[error("a coefficient is out of range: AC values end at 1023, differences of DC values at 2047")]
    CoefficientRange,
    /// Memory for the picture or for the output could not be had: try again later, or push strips.
    #[error("out of memory while encoding")]
    OutOfMemory,
}

impl From<NoMemory> for EncodeError {
    fn from(_: NoMemory) -> Self {
        Self::OutOfMemory
    }
}

impl From<std::collections::TryReserveError> for EncodeError {
    fn from(_: std::collections::TryReserveError) -> Self {
        Self::OutOfMemory
    }
}
