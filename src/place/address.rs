//! Places: what they are called, and what is there.

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::atomic::{Existing, Writer};
#[cfg(feature = "object-store")]
use super::client::Client;
use super::error::PlaceError;
use super::file;
#[cfg(feature = "object-store")]
use super::object::ObjectRef;
use super::version::Version;
use crate::CancelToken;
#[cfg(feature = "object-store")]
use crate::store::{StoreError, Uri};

/// What stands for standard input.
pub const STDIN: &str = "-";

/// Where a photo comes from or goes to: [`Places`](super::Places) makes one of what a caller calls it.
///
/// It is a [`Source`](crate::pool::Source), so that a [`Batch`](crate::Batch) prepares it as it is; of at most so many bytes as
/// [`Options::max_memory`](crate::Options::max_memory) allows by default. [`Places::source`](super::Places::source) takes another limit.
///
/// ```
/// use photofit::place::{Place, Places};
///
/// let places = Places::builder().build();
/// let folder = places.find("photos".as_ref())?;
/// assert_eq!(folder, Place::Path("photos".into()));
/// assert_eq!(folder.join("in/a.jpg".as_ref())?.to_string(), "photos/in/a.jpg");
/// assert_eq!(places.find("-".as_ref())?, Place::Stdin);
/// # Ok::<(), photofit::place::PlaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// Standard input, called `-`. It can be read once.
    Stdin,
    /// A file or folder of this machine.
    Path(PathBuf),
    /// An object in storage, or all below a prefix, which ends in `/`: `s3://`, `gs://` and `az://`.
    #[cfg(feature = "object-store")]
    Object(ObjectRef),
    /// A web address, which can be read and nothing else: `http://` and `https://`.
    #[cfg(any(feature = "object-store", feature = "upload"))]
    Web(WebRef),
}

/// A web address. Two are equal if their texts are.
#[cfg(any(feature = "object-store", feature = "upload"))]
#[derive(Clone)]
pub struct WebRef {
    url: String,
    /// What reads it; without the feature `object-store`, only a fetcher does.
    #[cfg(feature = "object-store")]
    client: Client,
}

#[cfg(any(feature = "object-store", feature = "upload"))]
impl PartialEq for WebRef {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

#[cfg(any(feature = "object-store", feature = "upload"))]
impl Eq for WebRef {}

#[cfg(any(feature = "object-store", feature = "upload"))]
impl fmt::Debug for WebRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebRef").field(&self.url).finish()
    }
}

#[cfg(any(feature = "object-store", feature = "upload"))]
impl WebRef {
    #[cfg(feature = "object-store")]
    pub(super) fn new(url: &str, client: &Client) -> Self {
        Self {
            url: url.to_owned(),
            client: client.clone(),
        }
    }

    #[cfg(not(feature = "object-store"))]
    pub(super) fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// The address as it was given.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path in it, without host and query.
    fn key(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        rest.split_once('/').map_or("", |(_, key)| key)
    }

    /// The address with the client that reads it.
    ///
    /// # Errors
    /// [`StoreError`] for an address that cannot be one, and if the client cannot be made.
    #[cfg(feature = "object-store")]
    fn object(&self) -> Result<ObjectRef, StoreError> {
        ObjectRef::new(self.client.store()?, Uri::parse(&self.url)?)
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

/// As it is called: a path as far as it can be shown.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Place {
    /// What it is called, as far as that can be shown.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Stdin => Cow::Borrowed(STDIN),
            Self::Path(path) => path.to_string_lossy(),
            #[cfg(feature = "object-store")]
            Self::Object(object) => Cow::Borrowed(object.uri().as_str()),
            #[cfg(any(feature = "object-store", feature = "upload"))]
            Self::Web(web) => Cow::Borrowed(web.url()),
        }
    }

    /// The path, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            _ => None,
        }
    }

    /// The object, if it is one.
    #[cfg(feature = "object-store")]
    #[must_use]
    pub fn object(&self) -> Option<&ObjectRef> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// What a client of storage reads: objects and web addresses.
    ///
    /// # Errors
    /// [`StoreError`] for an address that cannot be one, and if the client cannot be made.
    #[cfg(feature = "object-store")]
    pub(super) fn remote(&self) -> Result<Option<Cow<'_, ObjectRef>>, StoreError> {
        Ok(match self {
            Self::Object(object) => Some(Cow::Borrowed(object)),
            Self::Web(web) => Some(Cow::Owned(web.object()?)),
            Self::Stdin | Self::Path(_) => None,
        })
    }

    /// Whether reading it takes the network.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        !matches!(self, Self::Stdin | Self::Path(_))
    }

    /// Whether it stands for all objects below it. Whether a path is a folder, the file system tells.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        match self {
            #[cfg(feature = "object-store")]
            Self::Object(object) => object.uri().is_prefix(),
            _ => false,
        }
    }

    /// The last part of what it is called; empty for a prefix, and for a path such as `..`.
    #[must_use]
    pub fn name(&self) -> PathBuf {
        match self {
            Self::Stdin => PathBuf::from("stdin"),
            Self::Path(path) => path.file_name().map(PathBuf::from).unwrap_or_default(),
            #[cfg(feature = "object-store")]
            Self::Object(object) => PathBuf::from(object.uri().name()),
            #[cfg(any(feature = "object-store", feature = "upload"))]
            Self::Web(web) => PathBuf::from(web.key().rsplit('/').next().unwrap_or_default()),
        }
    }

    /// The path below all that it lies in: a path as it is, a key without its bucket.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        match self {
            Self::Path(path) => path.clone(),
            #[cfg(feature = "object-store")]
            Self::Object(object) => object.key(),
            #[cfg(any(feature = "object-store", feature = "upload"))]
            Self::Web(web) => PathBuf::from(web.key()),
            Self::Stdin => self.name(),
        }
    }

    /// The place that is called `relative` below this folder or prefix.
    ///
    /// # Errors
    /// [`PlaceError`] for a name that no object can have, and for what has nothing below it.
    pub fn join(&self, relative: &Path) -> Result<Self, PlaceError> {
        match self {
            Self::Path(folder) => Ok(Self::Path(folder.join(relative))),
            #[cfg(feature = "object-store")]
            Self::Object(prefix) => prefix.join(relative).map(Self::Object),
            _ => Err(PlaceError::NothingBelow {
                place: self.to_string(),
            }),
        }
    }

    /// Whether there is something. A link that leads nowhere is something.
    ///
    /// # Errors
    /// The service's, but for that there is nothing.
    pub fn exists(&self) -> io::Result<bool> {
        match self {
            Self::Stdin => Ok(true),
            Self::Path(path) => Ok(path.symlink_metadata().is_ok()),
            #[cfg(feature = "object-store")]
            Self::Object(object) => Ok(object.exists()?),
            #[cfg(feature = "object-store")]
            Self::Web(web) => Ok(web.object()?.exists()?),
            #[cfg(all(feature = "upload", not(feature = "object-store")))]
            Self::Web(web) => Err(unreadable(web)),
        }
    }

    /// What tells what is there from what was there before.
    ///
    /// # Errors
    /// The system's or the service's; [`io::ErrorKind::NotFound`] if there is nothing.
    pub fn version(&self) -> io::Result<Version> {
        match self {
            Self::Stdin => Ok(Version::default()),
            Self::Path(path) => Ok(Version::of_file(&fs::metadata(path)?)),
            #[cfg(feature = "object-store")]
            Self::Object(object) => Ok(object.version()?),
            #[cfg(feature = "object-store")]
            Self::Web(web) => Ok(web.object()?.version()?),
            #[cfg(all(feature = "upload", not(feature = "object-store")))]
            Self::Web(web) => Err(unreadable(web)),
        }
    }

    /// All that is there, of at most `limit` bytes, and which version that is. Of paths only regular files are read; standard
    /// input takes as long as it takes.
    ///
    /// # Errors
    /// The system's or the service's, and one if there are more bytes.
    pub fn read(&self, limit: u64) -> io::Result<(Vec<u8>, Version)> {
        self.read_until(limit, &CancelToken::new())
    }

    /// The same, given up soon after `cancel`.
    ///
    /// # Errors
    /// Those of [`Place::read`], and any where it was given up.
    pub fn read_until(&self, limit: u64, cancel: &CancelToken) -> io::Result<(Vec<u8>, Version)> {
        match self {
            Self::Stdin => {
                let stdin = file::Stream::stdin(cancel, &CancelToken::new())?;
                Ok((file::bounded(stdin, limit)?, Version::default()))
            }
            Self::Path(path) => {
                let file = file::open_regular(path)?;
                // As it is before it is read: what changes from now on has changed.
                let version = Version::of_file(&file.metadata()?);
                Ok((file::bounded(file, limit)?, version))
            }
            #[cfg(feature = "object-store")]
            Self::Object(object) => Ok(object.read(limit, cancel)?),
            #[cfg(feature = "object-store")]
            Self::Web(web) => Ok(web.object()?.read(limit, cancel)?),
            #[cfg(all(feature = "upload", not(feature = "object-store")))]
            Self::Web(web) => Err(unreadable(web)),
        }
    }

    /// Writes there, whole or not at all: a file through `writer`, an object by one put. Returns the version of an object.
    ///
    /// # Errors
    /// The system's or the service's; [`io::ErrorKind::AlreadyExists`] for what is there and is to be kept, and
    /// [`io::ErrorKind::ReadOnlyFilesystem`] for what cannot be written to.
    pub fn write(&self, bytes: &[u8], existing: Existing, writer: &Writer) -> io::Result<Version> {
        match self {
            Self::Path(path) => writer.write(path, bytes, existing).map(|()| Version::default()),
            #[cfg(feature = "object-store")]
            Self::Object(object) => object.write(bytes, existing),
            _ => Err(io::Error::new(
                io::ErrorKind::ReadOnlyFilesystem,
                format!("{self} can only be read"),
            )),
        }
    }
}

/// Only a fetcher reads it in this build.
#[cfg(all(feature = "upload", not(feature = "object-store")))]
pub(super) fn unreadable(web: &WebRef) -> io::Error {
    PlaceError::NoFeature {
        address: web.url.clone(),
        feature: "object-store",
    }
    .into()
}
