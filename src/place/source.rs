//! Places as the photos of a batch.

use std::borrow::Cow;
use std::io::{self, Read};
#[cfg(feature = "object-store")]
use std::sync::OnceLock;
use std::sync::{Mutex, PoisonError};

use super::address::Place;
use super::file::{self, Opened, Stream};
use super::version::Version;
use crate::CancelToken;
use crate::options::Options;
use crate::pool::Source;
#[cfg(feature = "object-store")]
use crate::store::Fetch;

/// A place as a photo of a [`Batch`](crate::Batch): [`Places::source`](super::Places::source) and
/// [`Places::ahead`](super::Places::ahead) make it.
#[derive(Debug)]
pub struct PlaceSource {
    place: Place,
    #[cfg_attr(
        not(feature = "object-store"),
        allow(dead_code, reason = "files are limited by the batch")
    )]
    limit: u64,
    /// Whether it may be a FIFO.
    streams: bool,
    /// Ends the waiting for a stream that says nothing.
    stop: CancelToken,
    /// What was opened.
    version: Mutex<Version>,
    #[cfg(feature = "object-store")]
    fetch: OnceLock<Fetch>,
}

impl PlaceSource {
    pub(super) fn new(place: Place, limit: u64) -> Self {
        Self {
            #[cfg(feature = "object-store")]
            fetch: OnceLock::new(),
            place,
            limit,
            streams: true,
            stop: CancelToken::new(),
            version: Mutex::default(),
        }
    }

    /// Whether a path may lead to a FIFO (default: yes). Where a folder was searched for files, what is a FIFO by now is
    /// none that anybody named.
    #[must_use]
    pub fn streams(mut self, allowed: bool) -> Self {
        self.streams = allowed;
        self
    }

    /// Ends the waiting for standard input or a FIFO once nothing has come from it for a second after `stop`: a photo that
    /// is coming in is finished (default: it may keep its reader waiting until the batch gives it up).
    #[must_use]
    pub fn stop(mut self, stop: &CancelToken) -> Self {
        self.stop = stop.clone();
        self
    }

    /// The place.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What was read, as it was when it was opened; nothing is known of it before.
    #[must_use]
    pub fn version(&self) -> Version {
        #[cfg(feature = "object-store")]
        if let Some(fetch) = self.fetch.get() {
            return fetch.object().map(Version::from).unwrap_or_default();
        }
        self.version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The reading of an object or web address, not yet begun.
    #[cfg(feature = "object-store")]
    pub(super) fn fetch(&self) -> io::Result<Option<Fetch>> {
        Ok(self.place.remote()?.map(|object| object.fetch(self.limit)))
    }

    /// The same with a reading that may have begun.
    #[cfg(feature = "object-store")]
    pub(super) fn begun(self, fetch: Option<Fetch>) -> Self {
        Self {
            fetch: fetch.map_or_else(OnceLock::new, OnceLock::from),
            ..self
        }
    }

    pub(super) fn open_owned(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read>)> {
        #[cfg(feature = "object-store")]
        if self.place.is_remote() {
            if self.fetch.get().is_none()
                && let Some(fetch) = self.fetch()?
            {
                // Another thread may have been faster: then its reading is taken.
                let _ = self.fetch.set(fetch);
            }
            if let Some(fetch) = self.fetch.get() {
                let (size, reader) = fetch.open_owned(cancel)?;
                return Ok((size, Box::new(reader)));
            }
        }
        let opened = match &self.place {
            Place::Stdin => Opened::Stream(Stream::stdin(cancel, &self.stop)?),
            Place::Path(path) if self.streams => file::open(path, cancel, &self.stop)?,
            Place::Path(path) => {
                let file = file::open_regular(path)?;
                let size = file.metadata()?.len();
                Opened::File(file, size)
            }
            #[cfg(feature = "object-store")]
            Place::Object(_) | Place::Web(_) => return Err(io::ErrorKind::Unsupported.into()),
            #[cfg(all(feature = "upload", not(feature = "object-store")))]
            Place::Web(web) => return Err(super::address::unreadable(web)),
        };
        Ok(match opened {
            Opened::File(file, size) => {
                // As it is before it is read: what changes from now on has changed.
                let version = Version::of_file(&file.metadata()?);
                *self.version.lock().unwrap_or_else(PoisonError::into_inner) = version;
                (Some(size), Box::new(file))
            }
            // Its size is known once it has ended.
            Opened::Stream(stream) => (None, Box::new(stream)),
        })
    }
}

impl Source for PlaceSource {
    fn name(&self) -> Cow<'_, str> {
        self.place.text()
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        self.open_until(&CancelToken::new())
    }

    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        let (size, reader) = self.open_owned(cancel)?;
        Ok((size, reader))
    }
}

impl Source for Place {
    fn name(&self) -> Cow<'_, str> {
        self.text()
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        self.open_until(&CancelToken::new())
    }

    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        let source = PlaceSource::new(self.clone(), Options::default().max_memory());
        let (size, reader) = source.open_owned(cancel)?;
        Ok((size, reader))
    }
}
