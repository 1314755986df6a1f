//! Writes a result: beside its place and then renamed, so that nobody ever sees half a photo.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tempfile::Builder;
use walkdir::WalkDir;

use super::args::Overwrite;
use super::destination::Location;
use super::files;
use super::inputs::Input;
use super::report::{Note, chain};
use super::storage::{Spot, Version};

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
    fn contains(&self, place: &Location) -> bool {
        let resolve = || {
            self.inputs
                .iter()
                .filter_map(|i| i.path()?.canonicalize().ok())
                .collect()
        };
        let name = || {
            self.inputs
                .iter()
                .filter_map(|i| Some(i.object()?.text().into_owned()))
                .collect()
        };
        match place {
            Location::File(path) => path
                .canonicalize()
                .is_ok_and(|path| self.resolved.get_or_init(resolve).contains(&path)),
            Location::Object(spot) => self.objects.get_or_init(name).contains(&*spot.text()),
        }
    }
}

/// What the names of a run's unfinished files begin with, so that a later run knows them again.
#[derive(Clone, Debug)]
pub(super) struct Tag(String);

impl Tag {
    /// The tag of the runs with this name.
    pub(super) fn new(name: &str) -> Self {
        Self(format!(".photofit-{name}-"))
    }

    /// That of a run that nobody resumes.
    pub(super) fn of_this_process() -> Self {
        Self::new(&std::process::id().to_string())
    }

    /// Removes what a run with this tag that was killed has left in `folder` and the folders in it.
    pub(super) fn clean(&self, folder: &Path) {
        for entry in WalkDir::new(folder).into_iter().flatten() {
            let name = entry.file_name().to_string_lossy();
            if entry.file_type().is_file() && name.starts_with(&self.0) && name.ends_with(SUFFIX) {
                // What cannot be removed is in nobody's way.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

const SUFFIX: &str = ".tmp";

/// The files that are being written, to be removed if the program ends at once.
#[derive(Clone, Default)]
pub(super) struct Unfinished(Arc<Mutex<HashSet<PathBuf>>>);

impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unfinished")
    }
}

impl Unfinished {
    /// Removes them, and lets no other be begun.
    pub(super) fn remove_and_exit(&self, code: i32) -> ! {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for file in &*files {
            let _ = fs::remove_file(file);
        }
        std::process::exit(code);
    }

    fn begin<T>(&self, begin: impl FnOnce() -> io::Result<(T, PathBuf)>) -> io::Result<(T, Writing<'_>)> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, path) = begin()?;
        files.insert(path.clone());
        Ok((file, Writing { all: self, path }))
    }
}

/// A file that is being written.
struct Writing<'u> {
    all: &'u Unfinished,
    path: PathBuf,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.all
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.path);
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
pub(super) struct Place<'a> {
    /// The file or object.
    pub(super) at: &'a Location,
    /// When what is there already is written over.
    pub(super) overwrite: Overwrite,
    /// Whether the source lies in the same folder or prefix, so that what is there may well be somebody's photo.
    pub(super) beside_source: bool,
    /// What is never written over.
    pub(super) sources: &'a Sources<'a>,
    /// What the names of unfinished files begin with.
    pub(super) tag: &'a Tag,
    /// The files that are being written.
    pub(super) unfinished: &'a Unfinished,
}

impl Place<'_> {
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
        let written = match self.at {
            Location::File(path) => self.write_file(path, bytes).map(|()| Version::default()),
            Location::Object(spot) => self.write_object(spot, bytes),
        };
        written.map_err(|unwritten| match unwritten {
            Unwritten::Not(unwritten) => unwritten,
            Unwritten::Io(e) if self.overwrite == Overwrite::Never && e.kind() == io::ErrorKind::AlreadyExists => {
                NotWritten::Skipped(Note::new("exists", "the output appeared while the photo was prepared"))
            }
            Unwritten::Io(e) => NotWritten::Failed(self.unwritable(&e)),
        })
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<(), Unwritten> {
        if path.symlink_metadata().is_ok() {
            if let Some(note) = self.existing()? {
                return Err(NotWritten::Skipped(note).into());
            }
            if self.sources.contains(self.at) {
                return Err(self.is_source());
            }
            if self.overwrite == Overwrite::Changed {
                if holds(path, bytes) {
                    return Ok(());
                }
                if self.beside_source {
                    return Err(self.is_somebody_s());
                }
            }
        }
        Ok(write_atomically(
            path,
            bytes,
            self.overwrite,
            self.tag,
            self.unfinished,
        )?)
    }

    /// Whether something is there is asked only where it matters: it costs a request.
    fn write_object(&self, spot: &Spot, bytes: &[u8]) -> Result<Version, Unwritten> {
        if self.sources.contains(self.at) {
            return Err(self.is_source());
        }
        if self.overwrite == Overwrite::Changed
            && self.beside_source
            && spot.exists()?
            && spot.read(bytes.len() as u64).map_or(true, |(there, _)| there != bytes)
        {
            return Err(self.is_somebody_s());
        }
        Ok(spot.write(bytes, self.overwrite == Overwrite::Never)?)
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
        && files::read_regular(path, bytes.len() as u64).is_ok_and(|existing| existing == bytes)
}

/// Writes a file beside its place and renames it, with the rights that any new file gets.
pub(super) fn write_atomically(
    path: &Path,
    bytes: &[u8],
    overwrite: Overwrite,
    tag: &Tag,
    unfinished: &Unfinished,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut builder = Builder::new();
    builder.prefix(&tag.0).suffix(SUFFIX);
    // What any new file gets: the system takes the umask off.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let (mut file, _writing) = unfinished.begin(|| {
        let file = builder.tempfile_in(folder)?;
        let path = file.path().to_owned();
        Ok((file, path))
    })?;
    file.write_all(bytes)?;
    let persisted = match overwrite {
        Overwrite::Never => file.persist_noclobber(path),
        Overwrite::Changed | Overwrite::Always => file.persist(path),
    };
    persisted.map(drop).map_err(|e| e.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jpg");
        // A folder cannot be replaced by a file.
        fs::create_dir(&path).expect("a folder");
        assert!(
            write_atomically(
                &path,
                b"bytes",
                Overwrite::Always,
                &Tag::of_this_process(),
                &Unfinished::default()
            )
            .is_err()
        );
        let left: Vec<_> = fs::read_dir(folder.path()).expect("readable").collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn only_a_run_s_own_unfinished_files_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("below");
        fs::create_dir(&below).expect("a folder");
        let (ours, other, photo) = (".photofit-abc-1.tmp", ".photofit-abd-1.tmp", "abc.jpg");
        for name in [ours, other, photo] {
            fs::write(below.join(name), b"bytes").expect("written");
        }
        Tag::new("abc").clean(folder.path());
        assert!(!below.join(ours).exists());
        assert!(below.join(other).exists() && below.join(photo).exists());
    }

    #[cfg(unix)]
    #[test]
    fn files_get_the_usual_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, usual) = (folder.path().join("ours"), folder.path().join("usual"));
        write_atomically(
            &ours,
            b"bytes",
            Overwrite::Changed,
            &Tag::of_this_process(),
            &Unfinished::default(),
        )
        .expect("written");
        fs::write(&usual, b"bytes").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }
}
