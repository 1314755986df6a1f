//! photofit
mod decode;
mod encode;
mod error;
mod format;
pub mod jpeg;
mod limits;
mod metadata;
mod options;
mod orient;
mod pixels;
mod plan;
mod prepare;
mod probe;
mod report;
mod resample;
mod threads;

pub use error::Error;
pub use format::{Format, FormatSet};
pub use limits::{Limits, Preset};
pub use options::{Check, Chroma, Filter, InvalidOption, Light, Metadata, OnDamage, Options, OutputFormat, Quality};
pub use orient::Orientation;
pub use plan::Plan;
pub use prepare::{Prepared, Preparer, plan, prepare};
pub use probe::{ColorModel, ImageInfo, JpegInfo, JpegProcess, probe};
pub use report::{Action, Loss, LossKind, Outcome, Report, Source};
