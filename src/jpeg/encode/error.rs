//! What can be wrong with a request to encode.

use crate::jpeg::transform::PartialMcus;

/// Why a picture could not be encoded. Nothing here depends on the sample
/// values: every variant but the last two is a wrong request by the caller.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The caller's [`CancelToken`](crate::CancelToken) was cancelled, or its deadline passed.
    #[error("cancelled")]
    Cancelled,
    /// The quality is no number from 1 to 100.
    #[error("quality {0} is not a number from 1 to 100")]
    Quality(f32),
    /// A quantisation table has an entry that is not allowed.
    #[error("quantisation table entry {index} is 0, the least value is 1")]
    ZeroQuantiser {
        /// Natural (row-major) index of the entry.
        index: usize,
    },
    /// A side of the picture is 0 pixels.
    #[error("a picture of {width}x{height} pixels cannot be encoded, each side is 1 to 65535")]
    EmptyPicture {
        /// Width in pixels.
        width: u16,
        /// Height in pixels.
        height: u16,
    },
    /// The number of planes is not that of the sampling.
    #[error("{given} planes given, the sampling has {expected}")]
    PlaneCount {
        /// Planes that were given.
        given: usize,
        /// Planes that the sampling has: 1 or 3.
        expected: usize,
    },
    /// A plane's stride is less than its width.
    #[error("plane {plane} has a stride of {stride} samples and a width of {width}")]
    Stride {
        /// Index of the plane.
        plane: usize,
        /// Distance of two rows as given, in samples.
        stride: usize,
        /// Width that the plane must have, in samples.
        width: usize,
    },
    /// A plane is shorter than its rows need.
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
    /// The picture was finished before all its rows were pushed.
    #[error("only {done} of {height} rows were pushed")]
    MissingRows {
        /// Rows that were pushed.
        done: usize,
        /// Height of the picture in pixels.
        height: usize,
    },
    /// A piece of metadata is too long for its segments.
    #[error("{what} of {bytes} bytes is too long, at most {limit} bytes fit")]
    MetadataTooLong {
        /// Which kind of metadata: `"EXIF"`, `"ICC profile"`, `"comment"`, `"APPn segment"`.
        what: &'static str,
        /// Its length in bytes.
        bytes: usize,
        /// The most that fits, in bytes.
        limit: usize,
    },
    /// An application segment has a number above 15.
    #[error("APP{0} does not exist, application segments are numbered 0 to 15")]
    SegmentNumber(u8),
    /// The parts of `Coefficients` contradict each other or the standard.
    #[error("the coefficients cannot be encoded: {0}")]
    InvalidCoefficients(&'static str),
    /// The picture does not turn on whole MCUs.
    #[error(transparent)]
    PartialMcus(#[from] PartialMcus),
    /// A coefficient is too large for 8-bit JPEG (T.81 Tables F.1 and F.2).
    #[error("a coefficient is out of range: AC values end at 1023, differences of DC values at 2047")]
    CoefficientRange,
    /// Memory for the picture or for the output could not be had.
    #[error("out of memory while encoding")]
    OutOfMemory,
}

impl From<std::collections::TryReserveError> for EncodeError {
    fn from(_: std::collections::TryReserveError) -> Self {
        Self::OutOfMemory
    }
}
