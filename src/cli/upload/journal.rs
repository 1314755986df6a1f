//! What was stored: a photo whose success was seen is never sent again, unless its file has become another one.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::resume::{hash, mtime};
use super::super::{Error, journal};
use super::records::{Item, Photo};

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
    /// The file that was sent; of a URL nothing is known that could be compared without fetching it.
    #[serde(default)]
    source: Option<Stamp>,
}

/// What tells a file from another one of its name.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// Bytes, time of change in nanoseconds since 1970, and BLAKE3 hash.
    size: u64,
    mtime: i128,
    hash: String,
}

impl Stamp {
    /// That of a file: `before` it was read, and its bytes.
    pub(super) fn new(before: &Metadata, bytes: &[u8]) -> Self {
        Self {
            size: bytes.len() as u64,
            mtime: mtime(before),
            hash: hash(bytes),
        }
    }

    /// Whether the file is another one by now. One that is gone is none.
    fn is_outdated(&self, path: &Path) -> bool {
        let Ok(metadata) = fs::metadata(path) else {
            return false;
        };
        if metadata.len() != self.size {
            return true;
        }
        mtime(&metadata) != self.mtime && fs::read(path).is_ok_and(|bytes| hash(&bytes) != self.hash)
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

    /// Whether the photo, as it is now, is on the record already.
    pub(super) fn has(&self, item: &Item) -> bool {
        match (self.done.get(&key(item)), &item.photo) {
            (Some(Some(stamp)), Photo::File(path)) => !stamp.is_outdated(path),
            (done, _) => done.is_some(),
        }
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
