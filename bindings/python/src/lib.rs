//! The native part of the Python package `photofit`: bytes in, bytes and a report in JSON out. What users see, names and
//! types and documentation, is Python and stands in `python/photofit`.
//!
//! All work happens with the interpreter lock released, on memory that nobody can change meanwhile ([`data`]), and a panic
//! becomes an exception like any other ([`error`]).

mod data;
mod error;
mod file;
mod preparer;
mod settings;
mod uri;

use pyo3::prelude::*;

/// The module `photofit._photofit`.
#[pymodule]
mod _photofit {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::preparer::{CancelToken, Preparer, probe};
    #[pymodule_export]
    use super::settings::{Settings, presets};
    #[pymodule_export]
    use super::uri::{check_output, read_uri, write_uri};

    #[cfg(feature = "panic-test")]
    #[pymodule_export]
    use super::panic;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        // The usual extension of each format, by the name that reports use.
        let named = |&format| (super::name(format), format.extension());
        let extensions: std::collections::HashMap<_, _> = photofit::Format::ALL.iter().map(named).collect();
        module.add("EXTENSIONS", extensions)
    }
}

/// The name of a format in reports.
fn name(format: photofit::Format) -> String {
    format!("{format:?}").to_lowercase()
}

/// Panics.
#[cfg(feature = "panic-test")]
#[pyfunction]
fn panic(py: Python<'_>) -> PyResult<()> {
    error::guarded(py, || panic!("on purpose"))
}
