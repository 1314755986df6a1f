//! The bytes of a photo, as Python gives them.
//!
//! They are read while the interpreter lock is released, so that other threads run Python code meanwhile. Rust may read
//! memory only if nobody changes it, and an exported buffer promises less: its memory stays where it is, but its bytes
//! may change. What cannot change is the memory of a `bytes` object, and it is read in place, whoever refers to it: a
//! `memoryview`, or a NumPy array made by `numpy.frombuffer`. Everything else is copied once, with the lock held.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// How many objects may stand between a buffer and the `bytes` that it looks at: a view of an array of a view, and more
/// than anybody stacks.
const OWNERS: usize = 8;

/// The bytes of a photo, in memory that does not change.
pub(crate) enum Data<'py> {
    /// A part of a `bytes` object, or all of it.
    Shared {
        bytes: Bound<'py, PyBytes>,
        start: usize,
        len: usize,
    },
    /// A copy.
    Copied(Vec<u8>),
}

impl<'py> Data<'py> {
    /// The bytes that `object` holds or looks at.
    ///
    /// # Errors
    /// `TypeError` for what has no buffer of bytes, `ValueError` for an array of more than one dimension, which are pixels
    /// and not a file, and for one with gaps.
    pub(crate) fn of(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::Shared {
                len: bytes.as_bytes().len(),
                bytes: bytes.clone(),
                start: 0,
            });
        }
        let buffer = PyBuffer::<u8>::get(object).map_err(|_| {
            let name = object.get_type().name().map_or_else(|_| "this".into(), |n| n.to_string());
            PyTypeError::new_err(format!(
                "data cannot be {name}: bytes, or a buffer of unsigned bytes, with the contents of an image file are expected"
            ))
        })?;
        if buffer.dimensions() > 1 {
            return Err(PyValueError::new_err(format!(
                "data cannot be an array of shape {:?}: the contents of an image file are expected, not pixels",
                buffer.shape()
            )));
        }
        if !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err(
                "data cannot be a buffer with gaps: contiguous bytes are expected",
            ));
        }
        let (address, len) = (buffer.buf_ptr() as usize, buffer.len_bytes());
        if let Some((bytes, start)) = owner(object, address, len) {
            return Ok(Self::Shared { bytes, start, len });
        }
        buffer.to_vec(object.py()).map(Self::Copied)
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Shared { bytes, start, len } => &bytes.as_bytes()[*start..start + len],
            Self::Copied(bytes) => bytes,
        }
    }

    /// The `bytes` object that is exactly these bytes, if there is one.
    pub(crate) fn object(&self) -> Option<&Bound<'py, PyBytes>> {
        match self {
            Self::Shared { bytes, start: 0, len } if bytes.as_bytes().len() == *len => Some(bytes),
            _ => None,
        }
    }
}

/// The `bytes` object that has the `len` bytes at `address`, and where they begin in it. Views name what they look at,
/// `memoryview` as `obj` and NumPy as `base`; whatever these lead to, only the address decides.
fn owner<'py>(object: &Bound<'py, PyAny>, address: usize, len: usize) -> Option<(Bound<'py, PyBytes>, usize)> {
    let py = object.py();
    let mut object = object.clone();
    for _ in 0..OWNERS {
        let next = object
            .getattr(intern!(py, "obj"))
            .or_else(|_| object.getattr(intern!(py, "base")))
            .ok()?;
        if let Ok(bytes) = next.cast::<PyBytes>() {
            let whole = bytes.as_bytes();
            let start = address.checked_sub(whole.as_ptr() as usize)?;
            let end = start.checked_add(len)?;
            return (end <= whole.len()).then(|| (bytes.clone(), start));
        }
        object = next;
    }
    None
}
