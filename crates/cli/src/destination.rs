//! Where outputs go: below a folder, or below a prefix of object storage.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Error;
use super::files;
use super::inputs::{Input, Origin};
use super::output::Tag;
use super::storage::{Named, Spot, Storage, Version};

/// What all outputs of a run lie below.
#[derive(Clone, Debug)]
pub(super) enum Destination {
    /// A folder; the current one where the path is empty.
    Folder(PathBuf),
    /// A prefix, which ends in `/`.
    Prefix(Spot),
}

impl Destination {
    /// What `-o` names.
    ///
    /// # Errors
    /// [`Error::Usage`] for a file, and for an address that cannot be written to.
    pub(super) fn find(argument: &Path, storage: &Storage) -> Result<Self, Error> {
        let mut named = storage.find(argument)?;
        if let Named::Object(spot) = &named {
            spot.check_writable()?;
            let mut prefix = argument.as_os_str().to_owned();
            prefix.push("/");
            named = storage.find(Path::new(&prefix))?;
        }
        match named {
            Named::Path(path) if path.exists() && !path.is_dir() => Err(Error::usage(format!(
                "{} is a file: -o takes a folder, a prefix such as s3://bucket/ready/, or - for standard output",
                path.display()
            ))),
            Named::Path(path) => Ok(Self::Folder(path)),
            Named::Object(spot) | Named::Prefix(spot) => Ok(Self::Prefix(spot)),
        }
    }

    /// The folder, if it is one.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) => Some(path),
            Self::Prefix(_) => None,
        }
    }

    /// The prefix, if it is one.
    pub(super) fn prefix(&self) -> Option<&Spot> {
        match self {
            Self::Folder(_) => None,
            Self::Prefix(spot) => Some(spot),
        }
    }

    /// Makes the folder: found out once instead of for each photo. A prefix needs no making.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be made.
    pub(super) fn make(&self) -> Result<(), Error> {
        match self {
            Self::Folder(path) => fs::create_dir_all(path).map_err(|source| Error::File {
                what: "create",
                path: path.clone(),
                source,
            }),
            Self::Prefix(_) => Ok(()),
        }
    }

    /// Removes what a run with this tag that was killed has left half written. Of an object there never is such a thing.
    pub(super) fn clean(&self, tag: &Tag) {
        if let Self::Folder(path) = self
            && !path.as_os_str().is_empty()
        {
            tag.clean(path);
        }
    }

    /// The place that is called `relative` here.
    ///
    /// # Errors
    /// A name that no object can have.
    pub(super) fn at(&self, relative: &Path) -> io::Result<Location> {
        match self {
            Self::Folder(folder) => Ok(Location::File(folder.join(relative))),
            Self::Prefix(prefix) => prefix.join(relative).map(Location::Object),
        }
    }

    /// Which inputs lie in the folder, or below the very prefix, that their output goes to, called as `bases` say.
    pub(super) fn beside<'a>(&self, inputs: &[Input], bases: impl Iterator<Item = &'a Path>) -> Vec<bool> {
        let mut resolved: HashMap<PathBuf, Option<PathBuf>> = HashMap::new();
        let mut resolve = |path: &Path| {
            let path = if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                path
            };
            resolved
                .entry(path.to_owned())
                .or_insert_with(|| path.canonicalize().ok())
                .clone()
        };
        let mut is_beside = |input: &Input, base: &Path| match (&input.origin, self) {
            (Origin::File(path), Self::Folder(folder)) => {
                let source = path.parent().and_then(&mut resolve);
                let target = folder.join(base).parent().and_then(&mut resolve);
                source.is_some() && source == target
            }
            (Origin::Object(spot), Self::Prefix(prefix)) => {
                prefix.join(base).is_ok_and(|target| target.parent() == spot.parent())
            }
            _ => false,
        };
        inputs
            .iter()
            .zip(bases)
            .map(|(input, base)| is_beside(input, base))
            .collect()
    }
}

/// Where one output goes.
#[derive(Clone, Debug)]
pub(super) enum Location {
    /// A file.
    File(PathBuf),
    /// An object.
    Object(Spot),
}

impl Location {
    /// The path or address, as reports name it.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::File(path) => path.to_string_lossy(),
            Self::Object(spot) => spot.text(),
        }
    }

    /// Whether there is something already.
    ///
    /// # Errors
    /// The service's.
    pub(super) fn exists(&self) -> io::Result<bool> {
        match self {
            Self::File(path) => Ok(path.symlink_metadata().is_ok()),
            Self::Object(spot) => spot.exists(),
        }
    }

    /// What is there, of at most `limit` bytes.
    ///
    /// # Errors
    /// The system's or the service's.
    pub(super) fn read(&self, limit: u64) -> io::Result<Vec<u8>> {
        match self {
            Self::File(path) => files::read_regular(path, limit),
            Self::Object(spot) => spot.read(limit).map(|(bytes, _)| bytes),
        }
    }

    /// Which version is there; a file has none, as reading it costs little.
    ///
    /// # Errors
    /// The service's.
    pub(super) fn version(&self) -> io::Result<Version> {
        match self {
            Self::File(_) => Ok(Version::default()),
            Self::Object(spot) => spot.version(),
        }
    }

    /// Whether this is the input itself. A file that does not exist is no other.
    pub(super) fn is(&self, input: &Input) -> bool {
        match (self, &input.origin) {
            (Self::File(one), Origin::File(other)) => is_same_file(one, other),
            (Self::Object(one), Origin::Object(other)) => one.text() == other.text(),
            _ => false,
        }
    }
}

/// Whether both paths are one file. A file that does not exist is no other.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
