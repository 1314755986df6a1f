//! Objects through the library's `store`.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use photofit::batch::Source;
use photofit::store::{Fetch, Object, Scheme, Store, StoreBuilder, StoreError, Uri};

use super::super::Error;
use super::super::report::chain;
use super::{Named, Version};

/// How many objects are read ahead of the workers.
const AHEAD: usize = 16;

/// The storage that the environment gives access to; nothing is set up before an argument asks for it.
#[derive(Clone, Debug)]
pub(in super::super) struct Storage {
    store: Arc<OnceLock<Store>>,
    builder: StoreBuilder,
}

impl Storage {
    /// `ahead` is the bytes of memory that objects may take that are read ahead; `private` allows web addresses inside
    /// one's own network.
    pub(in super::super) fn new(ahead: u64, private: bool) -> Self {
        Self {
            store: Arc::default(),
            builder: StoreBuilder::from_env().ahead(AHEAD, ahead).private_urls(private),
        }
    }

    /// What an argument names. What it says is checked as far as that takes no connection.
    ///
    /// # Errors
    /// [`Error::Usage`] for an address that cannot be one, or whose settings are missing.
    pub(in super::super) fn find(&self, argument: &Path) -> Result<Named, Error> {
        let Some(text) = argument.to_str().filter(|text| Uri::is_uri(text)) else {
            return Ok(Named::Path(argument.to_owned()));
        };
        let uri = Uri::parse(text).map_err(|e| usage(&e))?;
        if let Some(path) = uri.to_file_path() {
            return Ok(Named::Path(path));
        }
        let store = self.store()?;
        store.check(&uri).map_err(|e| usage(&e))?;
        let is_prefix = uri.is_prefix();
        let spot = Spot {
            store,
            object: Object::new(uri),
        };
        Ok(if is_prefix {
            Named::Prefix(spot)
        } else {
            Named::Object(spot)
        })
    }

    fn store(&self) -> Result<Store, Error> {
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        let store = self.builder.clone().build().map_err(|e| usage(&e))?;
        Ok(self.store.get_or_init(|| store).clone())
    }

    /// The items, each with its object on its way where `source` gives one.
    pub(in super::super) fn ahead<'a, T: Send + 'a>(
        &self,
        items: impl Iterator<Item = T> + Send + 'a,
        source: impl FnMut(&T) -> Option<Fetch> + Send + 'a,
    ) -> Box<dyn Iterator<Item = (T, Option<Fetch>)> + Send + 'a> {
        match self.store.get() {
            Some(store) => Box::new(store.ahead(items, source)),
            None => Box::new(items.map(|item| (item, None))),
        }
    }
}

fn usage(error: &StoreError) -> Error {
    Error::usage(chain(error))
}

/// An object, or the prefix of many, and how to get there.
#[derive(Clone, Debug)]
pub(in super::super) struct Spot {
    store: Store,
    /// As it was listed; without size where it was named.
    object: Object,
}

impl PartialEq for Spot {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object
    }
}

impl Eq for Spot {}

impl Spot {
    /// The address.
    pub(in super::super) fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.object.uri.to_string())
    }

    /// The key as a path, of a web address without its query.
    pub(in super::super) fn key(&self) -> PathBuf {
        let key = self.object.uri.key();
        PathBuf::from(match self.object.uri.scheme() {
            Scheme::Web => key.split(['?', '#']).next().unwrap_or_default(),
            _ => key,
        })
    }

    /// The last part of the key.
    pub(in super::super) fn name(&self) -> PathBuf {
        PathBuf::from(self.object.uri.name())
    }

    /// The address without its last part.
    pub(in super::super) fn parent(&self) -> &str {
        let text = self.object.uri.as_str();
        text.rfind('/').map_or(text, |end| &text[..=end])
    }

    /// The object that is called `relative` below this prefix.
    ///
    /// # Errors
    /// A name that is no key.
    pub(in super::super) fn join(&self, relative: &Path) -> io::Result<Self> {
        let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why);
        let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
        let parts = parts.ok_or_else(|| invalid("its name is not UTF-8, which keys have to be"))?;
        Ok(Self {
            store: self.store.clone(),
            object: Object::new(self.object.uri.join(&parts.join("/"))?),
        })
    }

    /// Whether objects can be written here.
    ///
    /// # Errors
    /// [`Error::Usage`] for a web address.
    pub(in super::super) fn check_writable(&self) -> Result<(), Error> {
        self.object.uri.join("photo").map(drop).map_err(|e| usage(&e))
    }

    /// The objects below this prefix.
    ///
    /// # Errors
    /// [`Error::Usage`] with what the service says: a part of a list is none.
    pub(in super::super) fn list(&self) -> Result<Vec<Self>, Error> {
        let list = self.store.list(&self.object.uri).map_err(|e| usage(&e))?;
        let spot = |object: Result<Object, StoreError>| {
            let object = object.map_err(|e| usage(&e))?;
            let store = self.store.clone();
            Ok(Self { store, object })
        };
        list.map(spot).collect()
    }

    /// Whether it was listed as having no bytes, as what some tools write for an empty folder has.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.object.size == Some(0)
    }

    /// What tells it from an earlier one; asked for where it was not listed.
    ///
    /// # Errors
    /// The service's.
    pub(in super::super) fn version(&self) -> io::Result<Version> {
        if self.object.size.is_some() {
            return Ok(self.object.clone().into());
        }
        Ok(self.store.head(&self.object.uri)?.into())
    }

    /// Whether there is such an object.
    ///
    /// # Errors
    /// The service's, but for that there is none.
    pub(in super::super) fn exists(&self) -> io::Result<bool> {
        match self.store.head(&self.object.uri) {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The object as a photo of a batch.
    pub(in super::super) fn fetch(&self, limit: u64) -> Fetch {
        self.store.source(self.object.uri.clone(), limit)
    }

    /// The same where it is one source among others.
    pub(in super::super) fn source(&self, limit: u64) -> Box<dyn Source> {
        Box::new(self.fetch(limit))
    }

    /// All its bytes, and which version they are of.
    ///
    /// # Errors
    /// The service's.
    pub(in super::super) fn read(&self, limit: u64) -> io::Result<(Vec<u8>, Version)> {
        let contents = self.store.read(&self.object.uri, limit)?;
        Ok((contents.bytes, contents.object.into()))
    }

    /// Writes it; with `new` only if it is not there.
    ///
    /// # Errors
    /// The service's; [`io::ErrorKind::AlreadyExists`] if it is there and may not.
    pub(in super::super) fn write(&self, bytes: &[u8], new: bool) -> io::Result<Version> {
        let object = if new {
            self.store.create(&self.object.uri, bytes)?
        } else {
            self.store.write(&self.object.uri, bytes)?
        };
        Ok(object.into())
    }
}

/// The version that was read, once it was.
pub(in super::super) fn version_of(fetch: &Fetch) -> Version {
    fetch.object().map(Version::from).unwrap_or_default()
}

impl From<Object> for Version {
    fn from(object: Object) -> Self {
        Self {
            size: object.size,
            etag: object.etag,
        }
    }
}
