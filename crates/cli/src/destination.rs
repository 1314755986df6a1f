//! Where outputs go: below a folder, or below a prefix of object storage.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use photofit::place::{Place, PlaceError, Places};

use super::Error;
use super::verdict::chain;

/// The folder or prefix that `-o` names; the current folder for an empty path.
///
/// # Errors
/// [`Error::Usage`] for a file, and for an address that cannot be written to.
pub(super) fn find(argument: &Path, places: &Places) -> Result<Place, Error> {
    let place = find_place(argument.as_os_str(), places)?;
    match place {
        Place::Path(path) if path.exists() && !path.is_dir() => Err(Error::usage(format!(
            "{} is a file: -o takes a folder, a prefix such as s3://bucket/ready/, or - for standard output",
            path.display()
        ))),
        Place::Path(path) => Ok(Place::Path(path)),
        #[cfg(feature = "object-store")]
        Place::Object(object) if !object.uri().is_prefix() => {
            let mut prefix = argument.as_os_str().to_owned();
            prefix.push("/");
            find_place(&prefix, places)
        }
        place if place.is_prefix() => Ok(place),
        place => Err(Error::usage(format!(
            "{place} can only be read, as one object: s3, gs, az and file addresses can be written and listed"
        ))),
    }
}

fn find_place(name: &OsStr, places: &Places) -> Result<Place, Error> {
    places.find(name).map_err(|e: PlaceError| Error::usage(chain(&e)))
}

/// Makes the folder: found out once instead of for each photo. A prefix needs no making.
///
/// # Errors
/// [`Error::File`] if it cannot be made.
pub(super) fn make(output: &Place) -> Result<(), Error> {
    match output.path() {
        Some(path) => fs::create_dir_all(path).map_err(|source| Error::File {
            what: "create",
            path: path.to_owned(),
            source,
        }),
        None => Ok(()),
    }
}

/// Which places lie in the folder, or below the very prefix, that their output goes to, called as `bases` say.
pub(super) fn beside<'a>(
    output: &Place,
    sources: impl Iterator<Item = &'a Place>,
    bases: impl Iterator<Item = &'a Path>,
) -> Vec<bool> {
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
    let mut is_beside = |source: &Place, base: &Path| match (source, output) {
        (Place::Path(path), Place::Path(folder)) => {
            let source = path.parent().and_then(&mut resolve);
            let target = folder.join(base).parent().and_then(&mut resolve);
            source.is_some() && source == target
        }
        #[cfg(feature = "object-store")]
        (Place::Object(object), Place::Object(prefix)) => {
            prefix.join(base).is_ok_and(|target| target.parent() == object.parent())
        }
        _ => false,
    };
    sources
        .zip(bases)
        .map(|(source, base)| is_beside(source, base))
        .collect()
}

/// Whether both are one file or object. A file that does not exist is no other.
pub(super) fn is_same(one: &Place, other: &Place) -> bool {
    match (one.path(), other.path()) {
        (Some(one), Some(other)) => {
            matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
        }
        _ => one == other,
    }
}
