//! Writes a result where it goes, unless what is there already has to stay.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use photofit::place::{Existing, Place, Version, Writer, file};

use super::args::Overwrite;
use super::inputs::Input;
use super::verdict::{Note, chain};

/// The files and objects that a run reads, and so must not write.
pub(super) struct Sources<'a> {
    inputs: &'a [Input],
    resolved: OnceLock<HashSet<PathBuf>>,
    objects: OnceLock<HashSet<String>>,
}

impl<'a> Sources<'a> {
    /// The files and objects of `inputs`.
    pub(super) fn new(inputs: &'a [Input]) -> Self {
        Self {
            inputs,
            resolved: OnceLock::new(),
            objects: OnceLock::new(),
        }
    }

    /// Whether `place` is one of them. Files are resolved at the first question, which comes only once an output exists.
    fn contains(&self, place: &Place) -> bool {
        let resolve = || {
            self.inputs
                .iter()
                .filter_map(|i| i.place.path()?.canonicalize().ok())
                .collect()
        };
        let name = || {
            let remote = self.inputs.iter().filter(|input| input.place.is_remote());
            remote.map(|input| input.place.to_string()).collect()
        };
        match place.path() {
            Some(path) => path
                .canonicalize()
                .is_ok_and(|path| self.resolved.get_or_init(resolve).contains(&path)),
            None => self.objects.get_or_init(name).contains(&*place.text()),
        }
    }
}

/// Why a result was not written.
pub(super) enum NotWritten {
    /// Because the caller wants it so.
    Skipped(Note),
    /// Because it was not possible.
    Failed(Note),
}

/// Where a result goes, and what holds there.
pub(super) struct Target<'a> {
    /// The file or object.
    pub(super) at: &'a Place,
    /// When what is there already is written over.
    pub(super) overwrite: Overwrite,
    /// Whether the source lies in the same folder or prefix, so that what is there may well be somebody's photo.
    pub(super) beside_source: bool,
    /// What is never written over.
    pub(super) sources: &'a Sources<'a>,
    /// What writes files.
    pub(super) writer: &'a Writer,
}

impl Target<'_> {
    /// What to answer if something is there already and stays.
    ///
    /// # Errors
    /// What to answer if that cannot be found out.
    pub(super) fn existing(&self) -> Result<Option<Note>, Note> {
        if self.overwrite != Overwrite::Never {
            return Ok(None);
        }
        let exists = self.at.exists().map_err(|e| self.unwritable(&e))?;
        Ok(exists.then(|| Note::new("exists", "the output exists and --overwrite never is in force")))
    }

    /// Writes the result, making its folder where missing. A file that holds these bytes already is left alone. Returns
    /// the version of an object.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Version, NotWritten> {
        let checked = match self.at.path() {
            Some(path) => self.check_file(path, bytes),
            None => self.check_object(bytes),
        };
        let existing = match self.overwrite {
            Overwrite::Never => Existing::Keep,
            Overwrite::Changed | Overwrite::Always => Existing::Replace,
        };
        let written = checked.and_then(|needed| match needed {
            true => Ok(self.at.write(bytes, existing, self.writer)?),
            false => Ok(Version::default()),
        });
        written.map_err(|unwritten| match unwritten {
            Unwritten::Not(unwritten) => unwritten,
            Unwritten::Io(e) if self.overwrite == Overwrite::Never && e.kind() == io::ErrorKind::AlreadyExists => {
                NotWritten::Skipped(Note::new("exists", "the output appeared while the photo was prepared"))
            }
            Unwritten::Io(e) => NotWritten::Failed(self.unwritable(&e)),
        })
    }

    /// Whether the file has to be written.
    fn check_file(&self, path: &Path, bytes: &[u8]) -> Result<bool, Unwritten> {
        if path.symlink_metadata().is_err() {
            return Ok(true);
        }
        if let Some(note) = self.existing()? {
            return Err(NotWritten::Skipped(note).into());
        }
        if self.sources.contains(self.at) {
            return Err(self.is_source());
        }
        if self.overwrite == Overwrite::Changed {
            if holds(path, bytes) {
                return Ok(false);
            }
            if self.beside_source {
                return Err(self.is_somebody_s());
            }
        }
        Ok(true)
    }

    /// Whether something is there is asked only where it matters: it costs a request.
    fn check_object(&self, bytes: &[u8]) -> Result<bool, Unwritten> {
        if self.sources.contains(self.at) {
            return Err(self.is_source());
        }
        if self.overwrite == Overwrite::Changed
            && self.beside_source
            && self.at.exists()?
            && self
                .at
                .read(bytes.len() as u64)
                .map_or(true, |(there, _)| there != bytes)
        {
            return Err(self.is_somebody_s());
        }
        Ok(true)
    }

    fn is_source(&self) -> Unwritten {
        let note = Note::new("would-overwrite-source", "the output is one of the sources");
        NotWritten::Failed(note).into()
    }

    fn is_somebody_s(&self) -> Unwritten {
        let message = "another file has the output's name in the source's folder; --overwrite always replaces it";
        NotWritten::Failed(Note::new("exists", message)).into()
    }

    fn unwritable(&self, error: &io::Error) -> Note {
        Note::new("io", format!("cannot write {}: {}", self.at.text(), chain(error)))
    }
}

/// The same before it is put into words.
enum Unwritten {
    Not(NotWritten),
    Io(io::Error),
}

impl From<NotWritten> for Unwritten {
    fn from(unwritten: NotWritten) -> Self {
        Self::Not(unwritten)
    }
}

impl From<Note> for Unwritten {
    fn from(note: Note) -> Self {
        Self::Not(NotWritten::Failed(note))
    }
}

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Whether the file has exactly these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == bytes.len() as u64)
        && file::read_regular(path, bytes.len() as u64).is_ok_and(|existing| existing == bytes)
}
