//! The journal of `photofit prep`: what was prepared from what, and whether that still holds.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use photofit::place::{Mark, Place, Version};
use photofit::{Options, Report};
use serde::{Deserialize, Serialize};

use super::Error;
use super::inputs::Input;
use super::journal::{Journal, Line};
use super::report::Answer;
use super::stamp::{Stamp, Standing, hash};
use super::verdict::Verdict;

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

/// A name for a path that holds for names that are not UTF-8 too.
fn exact(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        // No path has a NUL byte in it.
        None => format!("\0{}", path.as_os_str().as_encoded_bytes().escape_ascii()),
    }
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
    pub(super) fn mark(&self) -> Mark {
        let path = self.journal.path();
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Mark::new(&hash(exact(&path).as_bytes())[..12])
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
    pub(super) fn done(&self, input: &Input, output: impl FnOnce(&Report) -> Option<Place>) -> Option<(Answer, Place)> {
        let entry = self.done.get(&name(input)?)?;
        let report = entry.report.as_ref().filter(|_| entry.options == self.options)?;
        // What cannot be told to be the same is done again.
        if !matches!(entry.stamp().compare(&input.place), Ok(Standing::Same)) {
            return None;
        }
        let written = output(report)?;
        let text = written.to_string();
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

    /// Writes down what became of an input, of which `version` was read: its bytes if they were, and what was written.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn add(
        &self,
        input: &Input,
        version: &Version,
        bytes: &[u8],
        output: Option<(&[u8], Version)>,
        answer: &Answer,
    ) -> io::Result<()> {
        let Some(name) = name(input) else {
            // Standard input cannot be read again.
            return Ok(());
        };
        let (output, written) = output.unzip();
        let stamp = Stamp::of(version, bytes);
        let entry = Entry {
            input: name,
            size: stamp.size,
            mtime: stamp.mtime,
            hash: stamp.hash,
            etag: stamp.etag,
            options: self.options.clone(),
            output: answer.output.clone(),
            output_hash: output.map(hash),
            output_etag: written.and_then(|written| written.etag),
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
    /// What tells the input from another one of its name.
    fn stamp(&self) -> Stamp {
        Stamp {
            size: self.size,
            mtime: self.mtime,
            hash: self.hash.clone(),
            etag: self.etag.clone(),
        }
    }

    /// Whether the output is there still: of an object the entity tag tells, where there is one.
    fn has_written(&self, output: &Place, report: &Report) -> bool {
        if self.output_etag.is_some() {
            return output.version().is_ok_and(|version| version.etag == self.output_etag);
        }
        let read = output.read(report.result.bytes);
        read.is_ok_and(|(bytes, _)| self.output_hash.as_ref() == Some(&hash(&bytes)))
    }
}

/// What the journal calls an input; standard input has no name.
fn name(input: &Input) -> Option<String> {
    match &input.place {
        Place::Stdin => None,
        Place::Path(path) => Some(exact(path)),
        address => Some(address.to_string()),
    }
}
