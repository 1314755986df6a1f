//! Objects, with the client that leads to them.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::atomic::Existing;
use super::error::PlaceError;
use super::version::Version;
use crate::CancelToken;
use crate::store::{Fetch, Object, Scheme, Store, StoreError, Uri};

/// An object, or the prefix of many, with the client that leads there. Two are equal if their addresses are.
#[derive(Clone)]
pub struct ObjectRef {
    store: Store,
    /// As it was listed; without size where it was named.
    object: Object,
}

impl PartialEq for ObjectRef {
    fn eq(&self, other: &Self) -> bool {
        self.object.uri == other.object.uri
    }
}

impl Eq for ObjectRef {}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObjectRef").field(&self.object.uri).finish()
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.uri.fmt(f)
    }
}

impl ObjectRef {
    /// The object at `uri`, or the prefix that it is. What it says is checked as far as that takes no connection.
    ///
    /// # Errors
    /// Those of [`Store::check`].
    pub fn new(store: Store, uri: Uri) -> Result<Self, StoreError> {
        store.check(&uri)?;
        let object = Object::new(uri);
        Ok(Self { store, object })
    }

    /// The address.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.object.uri
    }

    /// The client.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The key as a path, of a web address without its query.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        let key = self.uri().key();
        PathBuf::from(match self.uri().scheme() {
            Scheme::Web => key.split(['?', '#']).next().unwrap_or_default(),
            _ => key,
        })
    }

    /// The address without its last part.
    #[must_use]
    pub fn parent(&self) -> &str {
        let text = self.uri().as_str();
        text.rfind('/').map_or(text, |end| &text[..=end])
    }

    /// The object that is called `relative` below this prefix.
    ///
    /// # Errors
    /// [`PlaceError`] for a name that is no key.
    pub fn join(&self, relative: &Path) -> Result<Self, PlaceError> {
        let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
        let parts = parts.ok_or_else(|| PlaceError::NotUtf8 {
            name: relative.display().to_string(),
        })?;
        Ok(Self {
            store: self.store.clone(),
            object: Object::new(self.uri().join(&parts.join("/"))?),
        })
    }

    /// The objects below this prefix.
    ///
    /// # Errors
    /// The service's: a part of a list is none.
    pub fn list(&self) -> Result<Vec<Self>, StoreError> {
        let entry = |object: Result<Object, StoreError>| {
            let store = self.store.clone();
            Ok(Self { store, object: object? })
        };
        self.store.list(self.uri())?.map(entry).collect()
    }

    /// Whether it was listed as having no bytes, as what some tools write for an empty folder has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.object.size == Some(0)
    }

    /// What tells it from an earlier one; asked for where it was not listed.
    ///
    /// # Errors
    /// The service's.
    pub fn version(&self) -> Result<Version, StoreError> {
        if self.object.size.is_some() {
            return Ok(self.object.clone().into());
        }
        Ok(self.store.head(self.uri())?.into())
    }

    /// Whether there is such an object.
    ///
    /// # Errors
    /// The service's, but for that there is none.
    pub fn exists(&self) -> Result<bool, StoreError> {
        match self.store.head(self.uri()) {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The object as a photo of a batch.
    #[must_use]
    pub fn fetch(&self, limit: u64) -> Fetch {
        self.store.source(self.uri().clone(), limit)
    }

    /// All its bytes, of which there are at most `limit`, and which version they are of.
    ///
    /// # Errors
    /// The service's.
    pub fn read(&self, limit: u64, cancel: &CancelToken) -> Result<(Vec<u8>, Version), StoreError> {
        let contents = self.store.read_until(self.uri(), limit, cancel)?;
        Ok((contents.bytes, contents.object.into()))
    }

    /// A part of its bytes, as much as there is of it, and which version they are of. With `etag` of that version alone.
    ///
    /// # Errors
    /// The service's; [`StoreError::Unavailable`] if it is another version by now.
    pub fn read_range(
        &self,
        range: Range<u64>,
        etag: Option<&str>,
        cancel: &CancelToken,
    ) -> Result<(Vec<u8>, Version), StoreError> {
        let contents = self.store.read_range(self.uri(), range, etag, cancel)?;
        Ok((contents.bytes, contents.object.into()))
    }

    /// Writes it by one put: nobody ever sees a part of it.
    ///
    /// # Errors
    /// The service's; [`io::ErrorKind::AlreadyExists`] if it is there and is to be kept.
    pub fn write(&self, bytes: &[u8], existing: Existing) -> io::Result<Version> {
        let object = match existing {
            Existing::Keep => self.store.create(self.uri(), bytes)?,
            Existing::Replace => self.store.write(self.uri(), bytes)?,
        };
        Ok(object.into())
    }
}
