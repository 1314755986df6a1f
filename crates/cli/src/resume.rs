//! The journal of `photofit prep`: what was prepared from what, and whether that still holds.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use photofit::{Options, Report};
use serde::{Deserialize, Serialize};

use super::Error;
use super::destination::Location;
use super::files;
use super::inputs::{Input, Origin};
use super::journal::{Journal, Line};
use super::output::Tag;
use super::report::{Answer, Verdict};
use super::storage::Version;

/// What earlier runs did, and where this one writes down what it does.
pub(super) struct Resume {
    journal: Journal,
    options: String,
    done: HashMap<String, Entry>,
}

/// One photo of a journal.
#[derive(Serialize, Deserialize)]
struct Entry {
    input: String,
    /// Bytes, time of change in nanoseconds since 1970, and BLAKE3 hash of the input.
    size: u64,
    mtime: i128,
    hash: String,
    /// The entity tag of an input that is an object, which has no time of change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// A fingerprint of everything that the result depends on beside the input.
    options: String,
    output: Option<String>,
    output_hash: Option<String>,
    /// The entity tag of an output that is an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_etag: Option<String>,
    /// `ok`, `skipped` or `failed`.
    status: String,
    /// What was done, where it was done.
    report: Option<Report>,
}

impl Line for Entry {
    const BEGINS: &'static str = "{\"input\":";
}

/// The BLAKE3 hash in hexadecimal.
pub(super) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// A name for a path that holds for names that are not UTF-8 too.
fn exact(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        // No path has a NUL byte in it.
        None => format!("\0{}", path.as_os_str().as_encoded_bytes().escape_ascii()),
    }
}

/// The time of change in nanoseconds since 1970; 0 where the system has none.
pub(super) fn mtime(metadata: &Metadata) -> i128 {
    let changed = metadata.modified().ok();
    let nanoseconds = |d: std::time::Duration| i128::try_from(d.as_nanos()).unwrap_or(i128::MAX);
    changed.map_or(0, |time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => nanoseconds(after),
        Err(before) => -nanoseconds(before.duration()),
    })
}

impl Resume {
    /// Opens the journal.
    ///
    /// # Errors
    /// Those of [`Journal::open`].
    pub(super) fn open(path: &Path, resume: bool, options: &Options) -> Result<Self, Error> {
        let (journal, entries) = Journal::open::<Entry>(path, resume)?;
        // The memory decides whether a photo is prepared and never how; by default it may differ from run to run.
        let options = options.clone().with_max_memory(0);
        let options = format!("{} {options:?}", env!("CARGO_PKG_VERSION"));
        let entries = entries.into_iter().map(|entry| (entry.input.clone(), entry));
        Ok(Self {
            journal,
            options: hash(options.as_bytes())[..16].to_owned(),
            // The last line about an input counts.
            done: entries.collect(),
        })
    }

    /// What marks this journal's unfinished files.
    pub(super) fn tag(&self) -> Tag {
        let path = self.journal.path();
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Tag::new(&hash(exact(&path).as_bytes())[..12])
    }

    /// The journal's own path.
    pub(super) fn path(&self) -> &Path {
        self.journal.path()
    }

    /// Whether an earlier run may have done an object, as far as that can be told without asking for its version.
    pub(super) fn may_be_done(&self, input: &Input) -> bool {
        let entry = name(input).and_then(|name| self.done.get(&name));
        entry.is_some_and(|entry| entry.report.is_some() && entry.options == self.options)
    }

    /// The answer of an earlier run, if the input, the options and the output are what they were. `output` gives the
    /// place that the output would have, which comes with the answer.
    pub(super) fn done(
        &self,
        input: &Input,
        output: impl FnOnce(&Report) -> Option<Location>,
    ) -> Option<(Answer, Location)> {
        let entry = self.done.get(&name(input)?)?;
        let report = entry.report.as_ref().filter(|_| entry.options == self.options)?;
        let unchanged = match &input.origin {
            Origin::Stdin => false,
            Origin::File(path) => entry.is_of_file(path),
            Origin::Object(spot) => spot.version().is_ok_and(|version| entry.is_of_object(&version)),
        };
        if !unchanged {
            return None;
        }
        let written = output(report)?;
        let text = written.text().into_owned();
        if entry.output.as_ref() != Some(&text) || !entry.has_written(&written, report) {
            return None;
        }
        let answer = Answer {
            verdict: Verdict::Done(Box::new(report.clone())),
            output: Some(text),
            read: 0,
            resumed: true,
            ..Answer::new(input)
        };
        Some((answer, written))
    }

    /// Writes down what became of an input, of which `stamp` tells the version that was read: its bytes if they were, and
    /// what was written.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn add(
        &self,
        input: &Input,
        stamp: Stamp,
        bytes: &[u8],
        output: Option<(&[u8], Version)>,
        answer: &Answer,
    ) -> io::Result<()> {
        let Some(name) = name(input) else {
            // Standard input cannot be read again.
            return Ok(());
        };
        let (output, version) = output.unzip();
        let entry = Entry {
            input: name,
            size: bytes.len() as u64,
            mtime: stamp.mtime,
            hash: hash(bytes),
            etag: stamp.etag,
            options: self.options.clone(),
            output: answer.output.clone(),
            output_hash: output.map(hash),
            output_etag: version.and_then(|version| version.etag),
            status: answer.status().to_owned(),
            report: match &answer.verdict {
                Verdict::Done(report) => Some((**report).clone()),
                _ => None,
            },
        };
        self.journal.add(&entry, false)
    }
}

impl Entry {
    fn is_of_file(&self, path: &Path) -> bool {
        let Ok(metadata) = fs::metadata(path) else {
            return false;
        };
        metadata.is_file()
            && metadata.len() == self.size
            && (mtime(&metadata) == self.mtime
                || files::read_regular(path, self.size).is_ok_and(|bytes| hash(&bytes) == self.hash))
    }

    /// Without an entity tag another object of the same size would not be noticed.
    fn is_of_object(&self, version: &Version) -> bool {
        version.etag.is_some() && version.etag == self.etag && version.size.is_none_or(|size| size == self.size)
    }

    /// Whether the output is there still: of an object the entity tag tells, where there is one.
    fn has_written(&self, output: &Location, report: &Report) -> bool {
        if self.output_etag.is_some() {
            return output.version().is_ok_and(|version| version.etag == self.output_etag);
        }
        let bytes = output.read(report.result.bytes);
        bytes.is_ok_and(|bytes| self.output_hash.as_ref() == Some(&hash(&bytes)))
    }
}

/// The version of an input that was read: the time of change of a file, the entity tag of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamp {
    mtime: i128,
    etag: Option<String>,
}

impl Stamp {
    /// That of a file as it is now.
    pub(super) fn of_file(path: &Path) -> Self {
        Self {
            mtime: fs::metadata(path).map_or(0, |metadata| mtime(&metadata)),
            etag: None,
        }
    }

    /// That of an object.
    pub(super) fn of_object(version: Version) -> Self {
        Self {
            mtime: 0,
            etag: version.etag,
        }
    }
}

/// What the journal calls an input; standard input has no name.
fn name(input: &Input) -> Option<String> {
    match &input.origin {
        Origin::Stdin => None,
        Origin::File(path) => Some(exact(path)),
        Origin::Object(spot) => Some(spot.text().into_owned()),
    }
}
