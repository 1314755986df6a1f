//! photofit makes any photo acceptable to a service that limits uploads.
//!
//! One call takes the bytes of a photo and gives back bytes that conform: of an accepted format, within the service's
//! pixels and bytes, and upright. What conforms already comes back byte for byte; what cannot be made to conform is a
//! typed [`Error`], never a best effort.
//!
//! ```
//! use photofit::{Action, Options};
//!
//! # fn main() -> Result<(), photofit::Error> {
//! # let photo = include_bytes!("../testdata/orientation/orientation-6.jpg");
//! let prepared = photofit::prepare(photo, &Options::default())?;
//! assert!(prepared.bytes().len() <= 10_000_000);
//! assert_eq!(prepared.report().action, Action::Transcoded); // it lay on its side
//! # Ok(())
//! # }
//! ```
//!
//! # The road of a photo
//!
//! ```text
//! bytes ─ read ─ plan ─┬─ keep ──────────────────────────────────────┐
//!                      ├─ rewrite: metadata, or lossless turn        ├─ verify ─ Prepared
//!                      └─ transcode ─┬─ planes ─ resample ─ turn ────┤
//!                                    └─ rows ─── resample ─ turn ────┘
//!                                          └─ too many bytes: again
//! ```
//!
//! * [`probe`] reads the header: format by magic bytes, size, orientation, depth, profile. It takes microseconds.
//! * [`plan`] says what would be done: keep, rewrite or transcode.
//! * [`Preparer`] does it, and keeps its memory from photo to photo; [`prepare`] is the same for a single one.
//! * [`Options`] and [`Limits`] hold what a caller may choose; the default is Zoho Bigin's 10 MP and 10 MB.
//! * [`Report`] tells what was done and what was lost; [`Error`] says why it could not be, and what to do about it.
//! * [`Batch`] does it for many, in bounded memory, and [`Pool`] as they come; [`CancelToken`] stops it.
//! * [`place`] has one word for where photos come from and go to: paths, objects, web addresses, standard input.
//! * [`jpeg`] is the codec below, for those who need its steps.
//!
//! Nothing here is global: no thread pool, no environment, no printing. On a thread of a rayon pool, the work inside a
//! photo is shared with the pool's idle threads; elsewhere it stays on the calling thread.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `heic` | yes | reading HEIC/HEIF photos (HEVC, pure Rust). HEVC is covered by patents in some countries: build with `default-features = false` to leave it out, and such photos are recognised and refused by name |
//! | `object-store` | no | the module `store`, and objects and web addresses as places: S3, Google Cloud Storage, Azure Blob Storage and the web |
//! | `upload` | no | the module `bigin`: uploading to Zoho Bigin |
//!
//! The command line is another package, `photofit-cli`.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::cast_possible_truncation, reason = "made-up data"))]

#[cfg(feature = "upload")]
pub mod bigin;
mod colour;
mod encode;
mod error;
mod formats;
mod invalid_option;
mod limits;
#[cfg(any(feature = "object-store", feature = "upload"))]
mod net;
mod options;
mod pixels;
pub mod place;
pub mod pool;
mod prepare;
mod report;
mod resample;
#[cfg(feature = "object-store")]
pub mod store;
mod threads;

pub use error::Error;
pub use formats::{ColorModel, Format, FormatSet, ImageInfo, JpegInfo, JpegProcess, probe};
pub use invalid_option::InvalidOption;
pub use limits::{Limits, Preset};
pub use options::{Check, Chroma, Colour, Effort, Filter, Light, Metadata, OnDamage, Options, OutputFormat, Quality};
pub use photofit_jpeg as jpeg;
pub use photofit_jpeg::{CancelToken, Cancelled, Orientation};
pub use pool::{Batch, Pool};
pub use prepare::{Plan, Prepared, Preparer, estimate_memory, plan, prepare};
pub use report::{Action, Loss, LossKind, LostMetadata, Outcome, Report, SourceSummary};

/// The examples of the README and of the page about the library, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/library.md")]
struct Pages;
