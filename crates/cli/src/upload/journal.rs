//! What was stored: a photo whose success was seen is never sent again, unless its file or object has become another one.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::journal::Line;
use super::super::report::chain;
use super::super::resume::{hash, mtime};
use super::super::storage::{Spot, Version};
use super::super::{Error, files, journal};
use super::records::{Item, Photo};

/// How many photos are looked at together: what takes time is the delay of object storage.
const AT_A_TIME: usize = 16;

/// The photos that are on their records.
pub(super) struct Journal {
    lines: journal::Journal,
    /// By record and input; the last line about them counts.
    done: HashMap<(String, String), Option<Stamp>>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    record: String,
    input: String,
    /// The file or object that was sent; of a URL nothing is known that could be compared without fetching it.
    #[serde(default)]
    source: Option<Stamp>,
}

impl Line for Entry {
    const BEGINS: &'static str = "{\"record\":";
}

/// What tells a photo from another one of its name.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// Bytes, time of change in nanoseconds since 1970, and BLAKE3 hash.
    size: u64,
    mtime: i128,
    hash: String,
    /// The entity tag of an object, which has no time of change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
}

impl Stamp {
    /// That of a file: `before` it was read, and the size and hash of its bytes.
    pub(super) fn of_file(before: &Metadata, size: u64, hash: String) -> Self {
        Self {
            size,
            mtime: mtime(before),
            hash,
            etag: None,
        }
    }

    /// That of an object: the version that was read, and the size and hash of its bytes.
    pub(super) fn of_object(version: Version, size: u64, hash: String) -> Self {
        Self {
            size,
            mtime: 0,
            hash,
            etag: version.etag,
        }
    }

    /// Whether the file is another one by now. One that is gone is none.
    fn is_outdated_file(&self, path: &Path) -> bool {
        let Ok(metadata) = fs::metadata(path) else {
            return false;
        };
        if !metadata.is_file() || metadata.len() != self.size {
            return true;
        }
        mtime(&metadata) != self.mtime
            && files::read_regular(path, self.size).is_ok_and(|bytes| hash(&bytes) != self.hash)
    }

    /// The same of an object: without an entity tag its size alone would tell. An error where the service does not say it.
    fn is_outdated_object(&self, spot: &Spot) -> io::Result<bool> {
        match spot.version() {
            Ok(version) => Ok(version.size.is_some_and(|size| size != self.size)
                || (self.etag.is_some() && version.etag.is_some() && version.etag != self.etag)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Journal {
    /// See [`journal::Journal::open`].
    pub(super) fn open(path: &Path, resume: bool) -> Result<Self, Error> {
        let (lines, entries) = journal::Journal::open::<Entry>(path, resume)?;
        let entries = entries.into_iter().map(|e| ((e.record, e.input), e.source));
        Ok(Self {
            lines,
            done: entries.collect(),
        })
    }

    /// Of each item whether its photo, as it is now, is on the record already.
    ///
    /// # Errors
    /// [`Error`] where a service does not say whether an object has changed: without knowing that, nothing is sent.
    pub(super) fn done(&self, items: &[Item]) -> Result<Vec<bool>, Error> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_A_TIME).build();
        let pool = pool.map_err(|e| Error::Workers(io::Error::other(e)))?;
        let done = pool.install(|| items.par_iter().map(|item| self.has(item)).collect::<io::Result<_>>());
        done.map_err(|e| {
            Error::usage(format!(
                "cannot tell whether a photo that was sent has changed: {}",
                chain(&e)
            ))
        })
    }

    fn has(&self, item: &Item) -> io::Result<bool> {
        Ok(match (self.done.get(&key(item)), &item.photo) {
            (Some(Some(stamp)), Photo::File(path)) => !stamp.is_outdated_file(path),
            (Some(Some(stamp)), Photo::Object(spot)) => !stamp.is_outdated_object(spot)?,
            (done, _) => done.is_some(),
        })
    }

    /// Notes that the photo is on the record; it is on the disk when this returns.
    pub(super) fn add(&self, item: &Item, source: Option<Stamp>) -> io::Result<()> {
        let (record, input) = key(item);
        self.lines.add(&Entry { record, input, source }, true)
    }

    pub(super) fn path(&self) -> &Path {
        self.lines.path()
    }
}

fn key(item: &Item) -> (String, String) {
    (item.record.to_string(), item.input.clone())
}
