//! What was stored: a photo whose success was seen is never sent again, unless its file or object has become another one.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use photofit::place::Place;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::journal::Line;
use super::super::stamp::{Stamp, Standing};
use super::super::verdict::chain;
use super::super::{Error, journal};
use super::records::Item;

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
        let Some(noted) = self.done.get(&key(item)) else {
            return Ok(false);
        };
        Ok(match (noted, &item.photo) {
            // What is at a web address is not known without fetching it.
            (None, _) | (_, Place::Web(_)) => true,
            // One that is gone, or of which nothing can be told, has not become another one.
            (Some(stamp), photo) => stamp.compare(photo)? != Standing::Changed,
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
