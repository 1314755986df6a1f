//! What becomes of a photo on its way to the service.

use super::answer::Receipt;
use super::code::Scope;
use super::error::{BoxError, UploadError};
use crate::options::Options;
use crate::pool::{BatchError, Cause};
use crate::report::Report;

/// What happens to the photos of a [`Pipeline`](super::Pipeline), in the order in which it happens.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A photo is prepared and waits for the network.
    Prepared {
        /// Which one, counted from 0.
        index: usize,
    },
    /// A photo is done with.
    Finished {
        /// Which one, counted from 0.
        index: usize,
        /// What became of it.
        upload: Box<Upload>,
    },
}

/// What became of a photo.
#[derive(Debug)]
#[non_exhaustive]
pub struct Upload {
    /// How it was prepared, if it could be; after tightening, how it was prepared the second time.
    pub report: Option<Report>,
    /// Whether the service found it too large, so that it was prepared again with [`tightened`] limits.
    pub tightened: bool,
    /// The service's receipt, `None` in a dry run, or why it is not stored.
    pub result: Result<Option<Receipt>, PhotoError>,
}

/// Why a photo was not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// The source could not be read: what the system or the caller's own function says.
    #[error(transparent)]
    Source(BoxError),

    /// It has more bytes than [`Options::max_memory`]: probably no photo, otherwise raise that limit.
    #[error("the file has {size} bytes or more; at most {limit} are read")]
    TooLarge {
        /// The bytes that it has, or that were read until it was too many.
        size: u64,
        /// The most bytes that are read.
        limit: u64,
    },

    /// It could not be prepared: see [`Error`](crate::Error), where each variant says what to do.
    #[error(transparent)]
    Prepare(crate::Error),

    /// It could not be uploaded: see [`UploadError::scope`] for whether others may be.
    #[error(transparent)]
    Upload(UploadError),
}

/// `options` with limits of pixels and bytes tightened by 10%, for a photo that the service found too large although it
/// conformed: 10% below the limits, or below what `refused` says it had, where that is less.
#[must_use]
pub fn tightened(options: &Options, refused: &Report) -> Options {
    let limits = *options.limits();
    let pixels = u64::from(refused.result.width) * u64::from(refused.result.height);
    let by_a_tenth = |limit: u64| limit - limit.div_ceil(10);
    let limits = limits
        .with_max_pixels(by_a_tenth(limits.max_pixels().min(pixels)))
        .with_max_bytes(by_a_tenth(limits.max_bytes().min(refused.result.bytes)));
    options.clone().with_limits(limits)
}

impl Upload {
    /// Whether the other photos would fare no better.
    #[must_use]
    pub fn concerns_everything(&self) -> bool {
        matches!(&self.result, Err(PhotoError::Upload(error)) if error.scope() == Scope::Everything)
    }
}

impl From<BatchError> for PhotoError {
    fn from(error: BatchError) -> Self {
        match error.cause {
            Cause::Read(error) => Self::Source(error.into()),
            Cause::TooLarge { size, limit } => Self::TooLarge { size, limit },
            Cause::Photo(error) => Self::Prepare(error),
        }
    }
}
