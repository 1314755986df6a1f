//! Where photos come from.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::CancelToken;

/// A photo to be read when its turn comes: a path, bytes in memory, or whatever implements this.
pub trait Source {
    /// What errors and reports call it.
    fn name(&self) -> Cow<'_, str>;

    /// Opens it: its size in bytes, if that is known before it is read, and what reads it.
    ///
    /// # Errors
    /// Why it cannot be opened.
    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)>;

    /// The same for a source that takes long to open: it gives up soon after `cancel`. A batch opens its photos so.
    ///
    /// # Errors
    /// Why it cannot be opened; any error where it was given up.
    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        let _ = cancel;
        self.open()
    }

    /// All its bytes, if they are in memory already: a pool then copies nothing, and counts them from the moment that they
    /// are submitted. `None` by default.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }
}

impl Source for Path {
    fn name(&self) -> Cow<'_, str> {
        self.to_string_lossy()
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        let file = File::open(self)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        // Pipes and devices have no size.
        let size = metadata.is_file().then_some(metadata.len());
        Ok((size, Box::new(file)))
    }
}

impl Source for PathBuf {
    fn name(&self) -> Cow<'_, str> {
        self.as_path().name()
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        self.as_path().open()
    }
}

/// Bytes that are in memory already.
impl Source for Vec<u8> {
    fn name(&self) -> Cow<'_, str> {
        Cow::Owned(format!("{} bytes", self.len()))
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        Ok((Some(self.len() as u64), Box::new(Cursor::new(self))))
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<S: Source + ?Sized> Source for &S {
    fn name(&self) -> Cow<'_, str> {
        (**self).name()
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        (**self).open()
    }

    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        (**self).open_until(cancel)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        (**self).in_memory()
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn name(&self) -> Cow<'_, str> {
        (**self).name()
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        (**self).open()
    }

    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        (**self).open_until(cancel)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        (**self).in_memory()
    }
}
