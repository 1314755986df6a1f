//! Files of lines that only grow, so that a run that ends early can be resumed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;

/// A journal that nobody else writes to: one JSON object a line.
pub(super) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Opens and locks the journal, and reads what it has. One that has entries is refused without `resume`.
    ///
    /// # Errors
    /// [`Error`] if it cannot be opened, is in use, or is no journal.
    pub(super) fn open<E: DeserializeOwned>(path: &Path, resume: bool) -> Result<(Self, Vec<E>), Error> {
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
        let mut entries = Vec::new();
        for (index, line) in text[..whole].split(|&b| b == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let entry = serde_json::from_slice(line);
            entries.push(entry.map_err(|_| {
                let place = format!("{} line {}", path.display(), index + 1);
                Error::Usage(format!("{place}: no entry of a journal of this command"))
            })?);
        }
        file.set_len(whole as u64).map_err(failed("write"))?;
        file.seek(SeekFrom::End(0)).map_err(failed("write"))?;
        let journal = Self {
            path: path.to_owned(),
            file: Mutex::new(file),
        };
        Ok((journal, entries))
    }

    /// Appends an entry: it outlives the process once this returns, and with `sync` also the machine.
    ///
    /// # Errors
    /// The system's; the journal must not be added to after one.
    pub(super) fn add(&self, entry: &impl Serialize, sync: bool) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line)?;
        if sync { file.sync_data() } else { Ok(()) }
    }

    /// The journal's own path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
