//! Errors become exceptions of `photofit._errors`, and panics errors.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use photofit::place::{PlaceError, SCHEMES};
use photofit::{Error, FormatSet, InvalidOption};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use serde_json::{Value, json};

/// Why a file could not be prepared.
pub(crate) enum Failure {
    /// The photo could not.
    Photo(Error),
    /// It has more bytes than are read.
    TooLarge { size: u64, limit: u64 },
    /// The system refused to read or write a file.
    System(io::Error, PathBuf),
    /// It is no place, or an object could not be read or written.
    Place(PlaceError),
    /// It looks like an address, of a kind that nobody knows.
    UnknownScheme(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Photo(error)
    }
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Self {
        Self::Place(error)
    }
}

impl Failure {
    /// The system's refusal, with the file that it is about.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| Self::System(error, path.to_owned())
    }

    /// The exception.
    pub(crate) fn into_py(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Photo(error) => exception(py, error.kind(), &chain(&error), &details(&error)),
            Self::TooLarge { size, limit } => exception(
                py,
                "too-much-memory",
                &format!("the file has {size} bytes or more; at most {limit} are read (max_memory)"),
                &json!({ "needed": size, "limit": limit }),
            ),
            Self::Place(error) => exception(py, error.kind(), &chain(&error), &json!({})),
            Self::UnknownScheme(uri) => exception(
                py,
                "bad-address",
                &format!(
                    "{uri:?} is not an object address: it begins with none of {}",
                    SCHEMES.join(", ")
                ),
                &json!({}),
            ),
            Self::System(error, path) => {
                // With its number, Python chooses the subclass: FileNotFoundError, PermissionError and so on.
                let text = error.to_string();
                let text = text.split(" (os error").next().unwrap_or_default().to_owned();
                match error.raw_os_error() {
                    Some(number) => PyOSError::new_err((number, text, path.into_os_string())),
                    None => PyOSError::new_err(format!("{text}: {}", path.display())),
                }
            }
        }
    }
}

/// Does `work` with the interpreter lock released. A panic in it is an exception, and no other than the library's.
pub(crate) fn guarded<T, F>(py: Python<'_>, work: F) -> PyResult<T>
where
    T: Send,
    F: Send + FnOnce() -> Result<T, Failure>,
{
    let outcome = py.detach(|| {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
            let message = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
                .unwrap_or_default();
            Err(Failure::Photo(Error::Panicked { message }))
        })
    });
    outcome.map_err(|failure| failure.into_py(py))
}

/// The exception for an option's value that the library refuses.
pub(crate) fn refused(py: Python<'_>, error: &InvalidOption) -> PyErr {
    invalid(py, &error.option.replace('-', "_"), &error.value, &error.accepted)
}

/// The exception for an option's value that is not possible.
pub(crate) fn invalid(py: Python<'_>, option: &str, value: &str, accepted: &str) -> PyErr {
    exception(
        py,
        "invalid-option",
        &format!("{option} cannot be {value}: {accepted}"),
        &json!({ "option": option, "value": value, "accepted": accepted }),
    )
}

/// An exception of this kind; `details` become its attributes.
fn exception(py: Python<'_>, kind: &str, message: &str, details: &Value) -> PyErr {
    let made = py
        .import("photofit._errors")
        .and_then(|module| module.call_method1("make", (kind, message, details.to_string())));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// An error with its sources, joined by colons, as the command line words it.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.ends_with(&more) {
            // Writing to a string does not fail.
            let _ = write!(text, ": {more}");
        }
        source = error.source();
    }
    text
}

/// The fields of the error, under their names.
fn details(error: &Error) -> Value {
    match error {
        Error::UnknownFormat { start, accepted } => json!({ "start": start, "accepted": names(*accepted) }),
        Error::Unsupported { what, accepted } => json!({ "what": what, "accepted": names(*accepted) }),
        Error::Malformed { format, what } => json!({ "format": format, "what": what }),
        Error::Damaged { format, readable, .. } => json!({ "format": format, "readable": readable }),
        Error::Decode { format, .. } | Error::Encode { format, .. } => json!({ "format": format }),
        Error::TooManyPixels { width, height, limit } => json!({ "width": width, "height": height, "limit": limit }),
        Error::TooMuchMemory { needed, limit } => json!({ "needed": needed, "limit": limit }),
        Error::OutOfMemory { bytes } => json!({ "bytes": bytes }),
        Error::DoesNotFit {
            limit,
            smallest,
            encodes,
        } => json!({ "limit": limit, "smallest": smallest, "encodes": encodes }),
        Error::NoOutputFormat { accepted } => json!({ "accepted": names(*accepted) }),
        Error::LossDenied { loss } => json!({ "loss": loss }),
        Error::BrokenPromise { what } => json!({ "what": what }),
        _ => json!({}),
    }
}

fn names(formats: FormatSet) -> Vec<photofit::Format> {
    formats.iter().collect()
}
