//! Why a photo could not be prepared.

use std::error::Error as StdError;

use photofit_jpeg::Cancelled;

use crate::formats::format::{Format, FormatSet, READABLE};
use crate::report::Loss;
use crate::report::readable_part;

/// Why a photo could not be prepared: by the file, by the caller's limits, or by the machine.
///
/// The messages say what is wrong, with which value, and what would be accepted; [`source`](StdError::source) has a
/// decoder's own words where there are any. [`kind`](Self::kind) is a stable name for programs. Each variant says below
/// what to do about it; except for [`OutOfMemory`](Self::OutOfMemory), [`Cancelled`](Self::Cancelled) and
/// [`TimedOut`](Self::TimedOut), the same photo with the same options fails again in the same way.
///
/// ```
/// use photofit::{Error, Options};
///
/// let error = photofit::prepare(b"%PDF-1.7", &Options::default()).unwrap_err();
/// assert!(matches!(error, Error::Unsupported { .. }));
/// assert_eq!(error.kind(), "unsupported");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file has no bytes.
    ///
    /// Copy or download it again: it was lost on its way.
    #[error("the file is empty: a photo is expected")]
    Empty,

    /// The file starts like none of the formats that photofit knows.
    ///
    /// Look at what the message says that it starts with: an error page of a website and a text file are frequent.
    #[error("not a photo: the file starts with {start}, which is no known format; accepted are {accepted}")]
    UnknownFormat {
        /// The first bytes, as text where they are text, otherwise in hexadecimal.
        start: String,
        /// The formats that can be read.
        accepted: FormatSet,
    },

    /// The file is of a kind that photofit recognises and does not read.
    ///
    /// Convert it to one of `accepted` with the program that made it. For HEIC, build with the feature `heic`.
    #[error("{what} is not supported yet; accepted are {accepted}")]
    Unsupported {
        /// The format, or the variant of a format.
        what: String,
        /// The formats that can be read.
        accepted: FormatSet,
    },

    /// The header contradicts itself or the format.
    ///
    /// Copy or download the file again; if it is the same, its picture cannot be trusted to be what was taken.
    #[error("broken {format} file: {what}")]
    Malformed {
        /// The format that the file claims to be.
        format: Format,
        /// What is wrong.
        what: String,
    },

    /// The pixels could be read only in part, and [`OnDamage::Refuse`](crate::OnDamage::Refuse) is in force.
    ///
    /// Copy or download the file again. If there is no better one and `readable` is enough, take it with
    /// [`OnDamage::Keep`](crate::OnDamage::Keep).
    #[error("damaged {format} file: {}; accept that with on-damage = keep", readable_part(*readable))]
    Damaged {
        /// The format of the file.
        format: Format,
        /// The readable fraction, 0 to 1.
        readable: f64,
        /// What the decoder met.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },

    /// The decoder gave up.
    ///
    /// Copy or download the file again; if other programs open it, please report it with the photo.
    #[error("cannot decode this {format} file")]
    Decode {
        /// The format of the file.
        format: Format,
        /// The decoder's own words.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },

    /// The encoder gave up.
    ///
    /// Nothing is wrong with the photo: please report it with the options.
    #[error("cannot encode this photo as {format}")]
    Encode {
        /// The format that was to be written.
        format: Format,
        /// The encoder's own words.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },

    /// The source claims more pixels than [`Options::max_source_pixels`](crate::Options::max_source_pixels).
    ///
    /// If the photo is known to be that large (a scan, a panorama), raise the limit with
    /// [`Options::with_max_source_pixels`](crate::Options::with_max_source_pixels); from strangers, refuse it.
    #[error("the photo claims {width} × {height} pixels; at most {limit} pixels are accepted as a source")]
    TooManyPixels {
        /// Claimed width in pixels.
        width: u32,
        /// Claimed height in pixels.
        height: u32,
        /// The limit, in pixels.
        limit: u64,
    },

    /// The source would take more memory than [`Options::max_memory`](crate::Options::max_memory).
    ///
    /// If the machine has `needed` bytes to spare, raise the limit with
    /// [`Options::with_max_memory`](crate::Options::with_max_memory). A progressive JPEG takes more than a baseline one.
    #[error("the photo would take about {needed} bytes of memory; at most {limit} are allowed")]
    TooMuchMemory {
        /// The estimate, in bytes.
        needed: u64,
        /// The limit, in bytes.
        limit: u64,
    },

    /// The machine has no memory left.
    ///
    /// Try again later, with fewer photos at a time ([`Batch::memory`](crate::Batch::memory),
    /// [`Batch::jobs`](crate::Batch::jobs)).
    #[error("out of memory: {bytes} bytes for the pixels of this photo were refused")]
    OutOfMemory {
        /// What was asked for, in bytes.
        bytes: u64,
    },

    /// No attempt came within the byte limit.
    ///
    /// Raise the limit above `smallest`; or have less to carry: JPEG instead of PNG
    /// ([`Options::with_format`](crate::Options::with_format)), and no metadata
    /// ([`Metadata::Strip`](crate::Metadata::Strip)), as a profile alone may be too much for a tiny limit.
    #[error("cannot bring the photo within {limit} bytes: the smallest of {encodes} attempts has {smallest} bytes")]
    DoesNotFit {
        /// The byte limit.
        limit: u64,
        /// The smallest attempt, in bytes.
        smallest: u64,
        /// How many attempts were made.
        encodes: u32,
    },

    /// The service accepts neither of the formats that photofit writes, or not the one that was asked for.
    ///
    /// Add JPEG or PNG to the limits' formats if the service takes them, or leave the choice to
    /// [`OutputFormat::Auto`](crate::OutputFormat::Auto).
    #[error("the service accepts {accepted}; photofit writes JPEG and PNG")]
    NoOutputFormat {
        /// What the service accepts.
        accepted: FormatSet,
    },

    /// A loss that the caller denies.
    ///
    /// Allow it by leaving its kind out of [`Options::with_deny_loss`](crate::Options::with_deny_loss), or give a source
    /// that does not have what would be lost.
    #[error("denied loss: {loss}")]
    LossDenied {
        /// The loss.
        loss: Loss,
    },

    /// The work was cancelled: see [`CancelToken`](crate::CancelToken).
    ///
    /// Nothing is wrong with the photo: prepare it again if it is wanted after all.
    #[error("cancelled")]
    Cancelled,

    /// The deadline passed before the photo was ready.
    ///
    /// Give it more time, or run less beside it; a photo that is late on an idle machine is suspicious.
    #[error("timed out: the photo took longer than allowed")]
    TimedOut,

    /// A decoder or encoder panicked: a defect in photofit or a library below it.
    ///
    /// Please report it with the photo. The preparer goes on with the next one.
    #[error("internal error while the photo was prepared: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },

    /// The result did not keep the promise: a defect in photofit.
    ///
    /// Please report it with the photo. The result was thrown away.
    #[error("internal error: the result is {what}")]
    BrokenPromise {
        /// What the check of the result found.
        what: String,
    },
}

impl Error {
    /// A stable name for the kind of error, in kebab case: `empty`, `unknown-format`, `unsupported`, `malformed`,
    /// `damaged`, `decode`, `too-many-pixels`, `too-much-memory`, `out-of-memory`, `does-not-fit`, `no-output-format`,
    /// `loss-denied`, `cancelled`, `timed-out`, `panicked`, `broken-promise`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::UnknownFormat { .. } => "unknown-format",
            Self::Unsupported { .. } => "unsupported",
            Self::Malformed { .. } => "malformed",
            Self::Damaged { .. } => "damaged",
            Self::Decode { .. } => "decode",
            Self::Encode { .. } => "encode",
            Self::TooManyPixels { .. } => "too-many-pixels",
            Self::TooMuchMemory { .. } => "too-much-memory",
            Self::OutOfMemory { .. } => "out-of-memory",
            Self::DoesNotFit { .. } => "does-not-fit",
            Self::NoOutputFormat { .. } => "no-output-format",
            Self::LossDenied { .. } => "loss-denied",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed-out",
            Self::Panicked { .. } => "panicked",
            Self::BrokenPromise { .. } => "broken-promise",
        }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported {
            what: what.into(),
            accepted: READABLE,
        }
    }

    pub(crate) fn malformed(format: Format, what: impl Into<String>) -> Self {
        Self::Malformed {
            format,
            what: what.into(),
        }
    }

    pub(crate) fn encode(format: Format, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Encode {
            format,
            source: source.into(),
        }
    }

    pub(crate) fn decode(format: Format, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Decode {
            format,
            source: source.into(),
        }
    }
}

impl From<Cancelled> for Error {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}
