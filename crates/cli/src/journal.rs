//! Files of lines that only grow, so that a run that ends early can be resumed.

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use photofit::place::file;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, tell};

/// The most bytes of a line: no entry comes near it, and no more than that is held of a file that is no journal.
const LONGEST_LINE: u64 = 1 << 20;

/// One of so many lines at the beginning has to be an entry, so that a large file of another kind is not read to its end.
const FIRST_LINES: u64 = 100;

/// How many broken lines are told one by one.
const TOLD: usize = 20;

/// A line of a journal.
pub(super) trait Line: DeserializeOwned {
    /// What every line begins with.
    const BEGINS: &'static str;
}

/// A journal that nobody else writes to: one JSON object a line.
pub(super) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Opens and locks the journal, and reads what it has. One that has entries is refused without `resume`. Lines that are
    /// none are told and left out; what is no journal at all is refused and left as it is.
    ///
    /// # Errors
    /// [`Error`] if it cannot be opened, is in use, or is no journal.
    pub(super) fn open<L: Line>(path: &Path, resume: bool) -> Result<(Self, Vec<L>), Error> {
        let failed = |what| {
            move |source| Error::File {
                what,
                path: path.to_owned(),
                source,
            }
        };
        // Opening a device for writing may do something already.
        match fs::metadata(path) {
            Ok(metadata) => check_regular(path, &metadata)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("open")(error)),
        }
        let mut options = file::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed("open"))?;
        // By now it may be another one.
        check_regular(path, &file.metadata().map_err(failed("open"))?)?;
        if file.try_lock().is_err() {
            return Err(Error::usage(format!("{} is in use by another run", path.display())));
        }
        let found = read::<L>(&mut BufReader::new(&file)).map_err(failed("read"))?;
        if let Some(why) = found.foreign {
            return Err(Error::usage(format!(
                "{} is no journal of this command and was left as it is: {why}; name its journal, or a file that does not \
                 exist yet",
                path.display()
            )));
        }
        if found.bytes > 0 && !resume {
            return Err(Error::usage(format!(
                "{} has entries of an earlier run: --resume goes on with it",
                path.display()
            )));
        }
        tell_broken(path, &found.broken);
        if found.whole < found.bytes {
            file.set_len(found.whole).map_err(failed("write"))?;
        }
        file.seek(SeekFrom::End(0)).map_err(failed("write"))?;
        let journal = Self {
            path: path.to_owned(),
            file: Mutex::new(file),
        };
        Ok((journal, found.entries))
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

fn check_regular(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    if metadata.is_file() {
        return Ok(());
    }
    let kind = file::name(metadata.file_type());
    let path = path.display();
    Err(Error::usage(format!("{path} is {kind}: a journal is a regular file")))
}

/// What was found in a file that should be a journal.
struct Found<L> {
    entries: Vec<L>,
    /// The numbers of the lines that are no entries.
    broken: Vec<u64>,
    /// The bytes of the file.
    bytes: u64,
    /// The bytes of its whole lines.
    whole: u64,
    /// Why it is no journal, if it is none.
    foreign: Option<String>,
}

/// Reads the lines of a journal, or as many of another file as it takes to see that it is none. A file is a journal if it
/// is empty, if a line of it is an entry, or if all that it has is the beginning of one.
fn read<L: Line>(reader: &mut impl BufRead) -> io::Result<Found<L>> {
    let mut found = Found {
        entries: Vec::new(),
        broken: Vec::new(),
        bytes: 0,
        whole: 0,
        foreign: None,
    };
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        found.bytes += read as u64;
        let Some(text) = line.strip_suffix(b"\n") else {
            // A line without its end was being written when the run ended: what it says was not finished.
            break;
        };
        found.whole = found.bytes;
        if text.is_empty() {
            continue;
        }
        match serde_json::from_slice(text) {
            Ok(entry) => found.entries.push(entry),
            Err(_) => found.broken.push(number),
        }
        if found.entries.is_empty() && number >= FIRST_LINES {
            found.foreign = Some(format!("none of its first {FIRST_LINES} lines is an entry"));
            return Ok(found);
        }
    }
    let cut = &line[..];
    if cut.len() as u64 == LONGEST_LINE {
        found.foreign = Some(format!("a line of it has more than {LONGEST_LINE} bytes"));
    } else if found.entries.is_empty() && found.bytes > 0 {
        let begins = L::BEGINS.as_bytes();
        let is_beginning = found.whole == 0 && (cut.starts_with(begins) || begins.starts_with(cut));
        if !is_beginning {
            found.foreign = Some("none of its lines is an entry".to_owned());
        }
    }
    Ok(found)
}

fn tell_broken(path: &Path, broken: &[u64]) {
    let path = path.display();
    for line in broken.iter().take(TOLD) {
        tell(format_args!(
            "photofit: {path} line {line} is no entry and is passed over: what it noted is done again"
        ));
    }
    if broken.len() > TOLD {
        let more = broken.len() - TOLD;
        tell(format_args!("photofit: {path}: so are {more} more lines"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Number {
        number: u64,
    }

    impl Line for Number {
        const BEGINS: &'static str = "{\"number\":";
    }

    fn look(text: &[u8]) -> Found<Number> {
        read(&mut &*text).expect("bytes in memory")
    }

    #[test]
    fn lines_that_are_no_entries_are_numbered() {
        let found = look(b"{\"number\":1}\n\0\0\0\n\n{\"number\":2}\nwhat\n{\"number\":3");
        assert_eq!(found.entries, [Number { number: 1 }, Number { number: 2 }]);
        assert_eq!((found.broken, found.foreign), (vec![2, 5], None));
        assert_eq!((found.whole, found.bytes), (36, 47));
    }

    #[test]
    fn a_file_is_a_journal_if_anything_in_it_is_an_entry() {
        for ours in ["", "{\"number\":1}\n", "x\n{\"number\":1}\n", "{\"number\":12", "{\"nu"] {
            assert_eq!(look(ours.as_bytes()).foreign, None, "{ours}");
        }
        for other in [
            "\n",
            "x",
            "{\"name\":1}\n",
            "{\"name\":1}\n{\"number\":1",
            "{\"number\":\"one\"}\n",
        ] {
            assert!(look(other.as_bytes()).foreign.is_some(), "{other}");
        }
    }

    #[test]
    fn a_large_file_of_another_kind_is_not_read_to_its_end() {
        let lines = b"2026-01-01 nothing happened\n".repeat(100_000);
        assert!(look(&lines).bytes < 10_000);
        let zeros = vec![0; 5 << 20];
        let found = look(&[b"{\"number\":1}\n", &zeros[..]].concat());
        assert!(found.foreign.is_some() && found.bytes < 2 << 20);
    }
}
