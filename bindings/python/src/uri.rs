//! Reading and writing where a URI says: files as [`file`](crate::file) has them, and objects in storage.

use std::path::PathBuf;
#[cfg(feature = "object-store")]
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "object-store")]
use photofit::store::{Store, StoreBuilder};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{Failure, guarded};
use crate::file;
use crate::preparer::{CancelToken, token};

/// What a text names: a path of this machine, or an object.
enum Place {
    File(PathBuf),
    #[cfg(feature = "object-store")]
    Object(photofit::store::Uri),
}

#[cfg(feature = "object-store")]
impl Place {
    fn of(text: &str) -> Result<Self, Failure> {
        // What has no scheme is a path, and with one that is not known it is neither.
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let uri = photofit::store::Uri::parse(text)?;
        Ok(match uri.to_file_path() {
            Some(path) => Self::File(path),
            None => Self::Object(uri),
        })
    }
}

#[cfg(not(feature = "object-store"))]
impl Place {
    fn of(text: &str) -> Result<Self, Failure> {
        if text.contains("://") {
            return Err(Failure::NoStores(text.to_owned()));
        }
        Ok(Self::File(text.into()))
    }
}

/// Says without any connection what can be said against an address that shall be written to.
#[pyfunction]
pub(crate) fn check_output(py: Python<'_>, uri: &str) -> PyResult<()> {
    guarded(py, || match Place::of(uri)? {
        Place::File(_) => Ok(()),
        #[cfg(feature = "object-store")]
        Place::Object(uri) => {
            if uri.scheme() == photofit::store::Scheme::Web {
                return Err(photofit::store::StoreError::ReadOnly { uri: uri.to_string() }.into());
            }
            Ok(store()?.check(&uri)?)
        }
    })
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
    let bytes = guarded(py, || match Place::of(uri)? {
        Place::File(path) => file::read(&path, limit),
        #[cfg(feature = "object-store")]
        Place::Object(uri) => Ok(store()?.read_until(&uri, limit, &token)?.bytes),
    })?;
    Ok(PyBytes::new(py, &bytes).unbind())
}

/// Writes there, complete or not at all.
#[pyfunction]
pub(crate) fn write_uri(py: Python<'_>, uri: &str, data: &Bound<'_, PyBytes>) -> PyResult<()> {
    let bytes = data.as_bytes();
    guarded(py, || match Place::of(uri)? {
        Place::File(path) => file::write(&path, bytes),
        #[cfg(feature = "object-store")]
        Place::Object(uri) => {
            store()?.write(&uri, bytes)?;
            Ok(())
        }
    })
}

/// The client of this process, with the settings of the environment as they are at its first use. It has threads, which a
/// process that was forked does not inherit: it gets a client of its own.
#[cfg(feature = "object-store")]
fn store() -> Result<Store, Failure> {
    static STORE: Mutex<Option<(u32, Store)>> = Mutex::new(None);
    let process = std::process::id();
    let mut kept = STORE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((owner, store)) = &*kept
        && *owner == process
    {
        return Ok(store.clone());
    }
    let store = StoreBuilder::from_env().build()?;
    if let Some(inherited) = kept.replace((process, store.clone())) {
        // Its threads are not here to be ended.
        std::mem::forget(inherited);
    }
    Ok(store)
}
