//! The work: preparing and probing, with the interpreter lock released.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use photofit::Options;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::data::Data;
use crate::error::{Failure, guarded, invalid};
use crate::file;
use crate::settings::Settings;

/// What a prepared photo comes as: its bytes, and the report in JSON.
type Answer = (Py<PyBytes>, String);

/// Stops work from another thread.
#[pyclass(frozen, module = "photofit")]
pub(crate) struct CancelToken(photofit::CancelToken);

#[pymethods]
impl CancelToken {
    #[new]
    fn new() -> Self {
        Self(photofit::CancelToken::new())
    }

    /// Ends all work that was begun, or will be, with this token.
    fn cancel(&self) {
        self.0.cancel();
    }

    /// A token that is cancelled with this one, or once so many seconds have passed.
    fn within(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Self> {
        token(py, timeout, Some(self)).map(Self)
    }

    /// Whether it was cancelled.
    #[getter]
    fn cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn __repr__(&self) -> &'static str {
        if self.0.is_cancelled() {
            "<photofit.CancelToken, cancelled>"
        } else {
            "<photofit.CancelToken>"
        }
    }
}

/// A preparer of the library. Several threads may share it: they then take turns.
#[pyclass(frozen, module = "photofit._photofit")]
pub(crate) struct Preparer {
    options: Options,
    preparer: Mutex<photofit::Preparer>,
}

#[pymethods]
impl Preparer {
    #[new]
    fn new(settings: &Settings) -> Self {
        Self {
            options: settings.0.clone(),
            preparer: Mutex::new(photofit::Preparer::new(settings.0.clone())),
        }
    }

    /// The photo, prepared, and the report in JSON.
    fn prepare(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        timeout: Option<f64>,
        cancel: Option<&CancelToken>,
    ) -> PyResult<Answer> {
        let data = Data::of(data)?;
        let token = token(py, timeout, cancel)?;
        let bytes = data.bytes();
        let (prepared, report) = guarded(py, || self.work(bytes, token))?;
        let same = prepared.bytes().as_ptr() == bytes.as_ptr();
        // A photo that is kept is the very object that came.
        let made = match data.object().filter(|_| same) {
            Some(object) => object.clone(),
            None => PyBytes::new(py, prepared.bytes()),
        };
        Ok((made.unbind(), report))
    }

    /// The same for a file, and written to another one if that is named.
    fn prepare_file(
        &self,
        py: Python<'_>,
        path: PathBuf,
        output: Option<PathBuf>,
        timeout: Option<f64>,
        cancel: Option<&CancelToken>,
    ) -> PyResult<Answer> {
        let token = token(py, timeout, cancel)?;
        let (bytes, report) = guarded(py, || {
            let source = file::read(&path, self.options.max_memory())?;
            let (prepared, report) = self.work(&source, token)?;
            if let Some(output) = &output {
                file::write(output, prepared.bytes())?;
            }
            Ok((prepared.into_bytes(), report))
        })?;
        Ok((PyBytes::new(py, &bytes).unbind(), report))
    }

    /// The bytes of memory that preparing the photo takes beside its own.
    fn estimate_memory(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<u64> {
        let data = Data::of(data)?;
        let bytes = data.bytes();
        guarded(py, || Ok(photofit::estimate_memory(bytes, &self.options)?))
    }

    /// Gives the scratch memory back.
    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || {
            self.preparer.lock().unwrap_or_else(PoisonError::into_inner).clear();
            Ok(())
        })
    }
}

impl Preparer {
    fn work<'a>(
        &self,
        bytes: &'a [u8],
        token: photofit::CancelToken,
    ) -> Result<(photofit::Prepared<'a>, String), Failure> {
        // The library clears what a panic left half done.
        let mut preparer = self.preparer.lock().unwrap_or_else(PoisonError::into_inner);
        preparer.set_cancel(token);
        let prepared = preparer.prepare(bytes)?;
        let report = json(prepared.report());
        Ok((prepared, report))
    }
}

/// What the header of a photo says, in JSON.
#[pyfunction]
pub(crate) fn probe(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<String> {
    let data = Data::of(data)?;
    let bytes = data.bytes();
    guarded(py, || Ok(json(&photofit::probe(bytes)?)))
}

/// As text, numbers are those of the command line's report: a quality of 87.3 and not what is nearest to it in 32 bits.
fn json(value: &impl serde::Serialize) -> String {
    // Strings and numbers under fixed names: there is nothing that JSON could refuse.
    serde_json::to_string(value).unwrap_or_default()
}

/// The token that work looks at: the caller's, with the time that it may take.
pub(crate) fn token(
    py: Python<'_>,
    timeout: Option<f64>,
    cancel: Option<&CancelToken>,
) -> PyResult<photofit::CancelToken> {
    let token = cancel.map_or_else(photofit::CancelToken::new, |cancel| cancel.0.clone());
    let Some(seconds) = timeout else {
        return Ok(token);
    };
    let duration = Some(seconds).filter(|seconds| *seconds > 0.0);
    match duration.map(Duration::try_from_secs_f64) {
        Some(Ok(timeout)) => Ok(token.with_timeout(timeout)),
        _ => Err(invalid(
            py,
            "timeout",
            &seconds.to_string(),
            "a number of seconds above 0",
        )),
    }
}
