//! The journal of `photofit prep`: what was prepared from what, and whether that still holds.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use photofit::{Options, Report};
use serde::{Deserialize, Serialize};

use super::Error;
use super::inputs::Input;
use super::journal::Journal;
use super::output::Tag;
use super::report::{Answer, Verdict};

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
    /// A fingerprint of everything that the result depends on beside the input.
    options: String,
    output: Option<String>,
    output_hash: Option<String>,
    /// `ok`, `skipped` or `failed`.
    status: String,
    /// What was done, where it was done.
    report: Option<Report>,
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

    /// The answer of an earlier run, if the input, the options and the output are what they were. `output` gives the
    /// path that the output would have.
    pub(super) fn done(&self, input: &Input, output: impl FnOnce(&Report) -> Option<String>) -> Option<Answer> {
        let path = input.path()?;
        let entry = self.done.get(&exact(path))?;
        let report = entry.report.as_ref().filter(|_| entry.options == self.options)?;
        let metadata = fs::metadata(path).ok()?;
        if metadata.len() != entry.size {
            return None;
        }
        if mtime(&metadata) != entry.mtime && hash(&fs::read(path).ok()?) != entry.hash {
            return None;
        }
        let written = output(report)?;
        if entry.output.as_ref() != Some(&written) {
            return None;
        }
        let bytes = fs::read(&written).ok()?;
        (entry.output_hash.as_ref() == Some(&hash(&bytes))).then(|| Answer {
            verdict: Verdict::Done(Box::new(report.clone())),
            output: Some(written),
            read: 0,
            resumed: true,
            ..Answer::new(input)
        })
    }

    /// Writes down what became of an input: `before` it was read, its bytes if they were, and those of the output.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn add(
        &self,
        input: &Input,
        before: Option<&Metadata>,
        bytes: &[u8],
        output: Option<&[u8]>,
        answer: &Answer,
    ) -> io::Result<()> {
        let Some(path) = input.path() else {
            // Standard input cannot be read again.
            return Ok(());
        };
        let entry = Entry {
            input: exact(path),
            size: bytes.len() as u64,
            mtime: before.map_or(0, mtime),
            hash: hash(bytes),
            options: self.options.clone(),
            output: answer.output.clone(),
            output_hash: output.map(hash),
            status: answer.status().to_owned(),
            report: match &answer.verdict {
                Verdict::Done(report) => Some((**report).clone()),
                _ => None,
            },
        };
        self.journal.add(&entry, false)
    }
}
