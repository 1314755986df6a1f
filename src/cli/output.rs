//! Writes a result: beside its place and then renamed, so that nobody ever sees half a photo.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::Builder;

use super::args::Overwrite;
use super::inputs::Input;
use super::report::Note;

/// The files that a run reads, and so must not write.
pub(super) struct Sources<'a> {
    inputs: &'a [Input],
    resolved: OnceLock<HashSet<PathBuf>>,
}

impl<'a> Sources<'a> {
    /// The files of `inputs`.
    pub(super) fn new(inputs: &'a [Input]) -> Self {
        Self {
            inputs,
            resolved: OnceLock::new(),
        }
    }

    /// Whether `path` is one of them. They are resolved at the first question, which comes only once an output exists.
    fn contains(&self, path: &Path) -> bool {
        let resolve = || {
            self.inputs
                .iter()
                .filter_map(|i| i.path()?.canonicalize().ok())
                .collect()
        };
        path.canonicalize()
            .is_ok_and(|path| self.resolved.get_or_init(resolve).contains(&path))
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
    /// The file.
    pub(super) path: &'a Path,
    /// When a file that is there already is written over.
    pub(super) overwrite: Overwrite,
    /// Whether the source lies in the same folder, so that a file there may well be somebody's photo.
    pub(super) beside_source: bool,
    /// The files that are never written over.
    pub(super) sources: &'a Sources<'a>,
}

impl Place<'_> {
    /// What to answer if a file is there already and stays.
    pub(super) fn existing(&self) -> Option<Note> {
        (self.overwrite == Overwrite::Never && self.path.symlink_metadata().is_ok())
            .then(|| Note::new("exists", "the output exists and --overwrite never is in force"))
    }

    /// Writes the file, making its folder where missing; does nothing if it holds these bytes already.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), NotWritten> {
        let failed = |kind, message: String| Err(NotWritten::Failed(Note::new(kind, message)));
        if self.path.symlink_metadata().is_ok() {
            if let Some(note) = self.existing() {
                return Err(NotWritten::Skipped(note));
            }
            if self.sources.contains(self.path) {
                return failed("would-overwrite-source", "the output is one of the sources".to_owned());
            }
            if self.overwrite == Overwrite::Changed {
                if holds(self.path, bytes) {
                    return Ok(());
                }
                if self.beside_source {
                    let message = "another file has the output's name in the source's folder; \
                        --overwrite always replaces it";
                    return failed("exists", message.to_owned());
                }
            }
        }
        match write_atomically(self.path, bytes, self.overwrite) {
            Ok(()) => Ok(()),
            Err(e) if self.overwrite == Overwrite::Never && e.kind() == io::ErrorKind::AlreadyExists => Err(
                NotWritten::Skipped(Note::new("exists", "the output appeared while the photo was prepared")),
            ),
            Err(e) => failed("io", format!("cannot write {}: {e}", self.path.display())),
        }
    }
}

/// Whether the file has exactly these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == bytes.len() as u64)
        && fs::read(path).is_ok_and(|existing| existing == bytes)
}

fn write_atomically(path: &Path, bytes: &[u8], overwrite: Overwrite) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut builder = Builder::new();
    builder.prefix(".photofit-").suffix(".tmp");
    // What any new file gets: the system takes the umask off.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
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
        assert!(write_atomically(&path, b"bytes", Overwrite::Always).is_err());
        let left: Vec<_> = fs::read_dir(folder.path()).expect("readable").collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[cfg(unix)]
    #[test]
    fn files_get_the_usual_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, usual) = (folder.path().join("ours"), folder.path().join("usual"));
        write_atomically(&ours, b"bytes", Overwrite::Changed).expect("written");
        fs::write(&usual, b"bytes").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }
}
