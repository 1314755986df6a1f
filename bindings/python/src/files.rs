//! Reading and writing alone, for callers that do something between.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::guarded;
use crate::file;

/// The bytes of a file that has at most `limit` of them.
#[pyfunction]
pub(crate) fn read_file(py: Python<'_>, path: PathBuf, limit: u64) -> PyResult<Py<PyBytes>> {
    let bytes = guarded(py, || file::read(&path, limit))?;
    Ok(PyBytes::new(py, &bytes).unbind())
}

/// Writes a file, complete or not at all.
#[pyfunction]
pub(crate) fn write_file(py: Python<'_>, path: PathBuf, data: &Bound<'_, PyBytes>) -> PyResult<()> {
    let bytes = data.as_bytes();
    guarded(py, || file::write(&path, bytes))
}
