//! Reading and writing where a URI says: files as [`file`](crate::file) has them, and objects in storage.

use std::io;
use std::sync::{Mutex, PoisonError};

use photofit::place::{Existing, Mark, Place, PlaceError, Places, Writer};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{Failure, guarded};
use crate::file;
use crate::preparer::{CancelToken, token};

/// The place that a text names. What has no scheme is a path, and with one that is not known it is neither.
fn find(text: &str) -> Result<Place, Failure> {
    if !text.contains("://") {
        return Ok(Place::Path(text.into()));
    }
    match places().find(text.as_ref())? {
        Place::Path(path) if path.as_os_str() == text => Err(Failure::UnknownScheme(text.to_owned())),
        place => Ok(place),
    }
}

/// Says without any connection what can be said against an address that shall be written to.
#[pyfunction]
pub(crate) fn check_output(py: Python<'_>, uri: &str) -> PyResult<()> {
    guarded(py, || match find(uri)? {
        Place::Path(_) => Ok(()),
        // A name below it, which only what can be written to has.
        place => match place.join("photo".as_ref()) {
            Ok(_) => Ok(()),
            Err(error) => Err(read_only(&place, error)),
        },
    })
}

/// Only web addresses are neither written nor listed.
fn read_only(place: &Place, error: PlaceError) -> Failure {
    #[cfg(feature = "object-store")]
    if matches!(error, PlaceError::NothingBelow { .. }) {
        let uri = place.to_string();
        return PlaceError::from(photofit::store::StoreError::ReadOnly { uri }).into();
    }
    let _ = place;
    error.into()
}

/// What is there, if it has at most `limit` bytes. Only an object may take so long that it is given up.
#[pyfunction]
#[pyo3(signature = (uri, limit, timeout=None, cancel=None))]
pub(crate) fn read_uri(
    py: Python<'_>,
    uri: &str,
    limit: u64,
    timeout: Option<f64>,
    cancel: Option<&CancelToken>,
) -> PyResult<Py<PyBytes>> {
    let token = token(py, timeout, cancel)?;
    let bytes = guarded(py, || match find(uri)? {
        Place::Path(path) => file::read(&path, limit),
        place => Ok(place.read_until(limit, &token).map_err(|e| remote(&place, e))?.0),
    })?;
    Ok(PyBytes::new(py, &bytes).unbind())
}

/// Writes there, whole or not at all.
#[pyfunction]
pub(crate) fn write_uri(py: Python<'_>, uri: &str, data: &Bound<'_, PyBytes>) -> PyResult<()> {
    let bytes = data.as_bytes();
    guarded(py, || match find(uri)? {
        Place::Path(path) => file::write(&path, bytes),
        place => {
            let writer = Writer::new(Mark::of_this_process());
            let written = place.write(bytes, Existing::Replace, &writer);
            written.map(drop).map_err(|e| remote(&place, e))
        }
    })
}

/// What a service says, which an error of the system wraps.
fn remote(place: &Place, error: io::Error) -> Failure {
    #[cfg(feature = "object-store")]
    let error = match error.downcast::<photofit::store::StoreError>() {
        Ok(error) => return PlaceError::from(error).into(),
        Err(error) => error,
    };
    Failure::System(error, place.to_string().into())
}

/// What finds places in this process, with the settings of the environment as they are at its first use. Its client has
/// threads, which a process that was forked does not inherit: it gets one of its own.
fn places() -> Places {
    static PLACES: Mutex<Option<(u32, Places)>> = Mutex::new(None);
    let process = std::process::id();
    let mut kept = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((owner, places)) = &*kept
        && *owner == process
    {
        return places.clone();
    }
    let places = Places::from_env();
    if let Some(inherited) = kept.replace((process, places.clone())) {
        // Its threads are not here to be ended.
        std::mem::forget(inherited);
    }
    places
}
