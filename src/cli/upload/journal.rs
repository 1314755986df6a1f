//! What was stored, one line each, so that a run that ends early can be resumed.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::Error;
use super::records::Item;

/// A journal that nobody else writes to.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    done: HashSet<(String, String)>,
}

impl Journal {
    /// Opens and locks the journal. One that has entries is refused without `resume`.
    ///
    /// # Errors
    /// [`Error`] if it cannot be opened, is in use, or is no journal.
    pub(super) fn open(path: &Path, resume: bool) -> Result<Self, Error> {
        let failed = |what| {
            move |source| Error::File {
                what,
                path: path.to_owned(),
                source,
            }
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed("open"))?;
        if file.try_lock().is_err() {
            return Err(Error::usage(format!("{} is in use by another run", path.display())));
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed("read"))?;
        if !text.is_empty() && !resume {
            return Err(Error::usage(format!(
                "{} has entries of an earlier run: --resume goes on with it",
                path.display()
            )));
        }
        // A line without its end was being written when the run ended: what it says was not finished.
        let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
        let mut done = HashSet::new();
        for (index, line) in text[..whole].split(|&b| b == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let value: Value = serde_json::from_slice(line).unwrap_or_default();
            match (value["record"].as_str(), value["input"].as_str()) {
                (Some(record), Some(input)) => done.insert((record.to_owned(), input.to_owned())),
                _ => {
                    let message = format!("{} line {}: no entry of a journal", path.display(), index + 1);
                    return Err(Error::Usage(message));
                }
            };
        }
        file.set_len(whole as u64).map_err(failed("write"))?;
        file.seek(SeekFrom::End(0)).map_err(failed("write"))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            done,
        })
    }

    /// Whether the photo is on the record already.
    pub(super) fn has(&self, item: &Item) -> bool {
        self.done.contains(&(item.record.to_string(), item.input.clone()))
    }

    /// Notes that the photo is on the record; it is on the disk when this returns.
    pub(super) fn add(&mut self, item: &Item) -> io::Result<()> {
        let line = json!({"record": item.record.to_string(), "input": item.input}).to_string() + "\n";
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
