//! What was stored: a photo whose success was seen is never sent again.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::{Error, journal};
use super::records::Item;

/// The photos that are on their records.
pub(super) struct Journal {
    lines: journal::Journal,
    done: HashSet<Entry>,
}

#[derive(PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Entry {
    record: String,
    input: String,
}

impl Entry {
    fn of(item: &Item) -> Self {
        Self {
            record: item.record.to_string(),
            input: item.input.clone(),
        }
    }
}

impl Journal {
    /// See [`journal::Journal::open`].
    pub(super) fn open(path: &Path, resume: bool) -> Result<Self, Error> {
        let (lines, entries) = journal::Journal::open(path, resume)?;
        Ok(Self {
            lines,
            done: entries.into_iter().collect(),
        })
    }

    /// Whether the photo is on the record already.
    pub(super) fn has(&self, item: &Item) -> bool {
        self.done.contains(&Entry::of(item))
    }

    /// Notes that the photo is on the record; it is on the disk when this returns.
    pub(super) fn add(&self, item: &Item) -> io::Result<()> {
        self.lines.add(&Entry::of(item), true)
    }

    pub(super) fn path(&self) -> &Path {
        self.lines.path()
    }
}
