//! Files that are written whole or not at all: under a name of their own beside their place, and then renamed.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What is done about a file or object that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and writing fails with [`io::ErrorKind::AlreadyExists`]: also if it appears in between.
    Keep,
    /// It is replaced.
    Replace,
}

/// What the names of unfinished files begin with, so that whoever wrote them knows them again: `.photofit-NAME-`. They end
/// in `.tmp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(String);

const SUFFIX: &str = ".tmp";

impl Mark {
    /// The mark with this name, which is part of a file's name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(format!(".photofit-{name}-"))
    }

    /// That of work that nobody resumes: the number of the process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::new(&std::process::id().to_string())
    }

    /// Removes the files with this mark from `folder` and the folders in it, which work that was killed has left there. Links
    /// are not followed. What cannot be read or removed is in nobody's way and is left.
    pub fn clean(&self, folder: &Path) {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() && name.starts_with(&self.0) && name.ends_with(SUFFIX) => {
                        let _ = fs::remove_file(entry.path());
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Writes files whole or not at all. Clones are the same writer.
///
/// ```
/// use photofit::place::{Existing, Mark, Writer};
///
/// # let folder = std::env::temp_dir().join(format!("photofit-doc-{}", std::process::id()));
/// let writer = Writer::new(Mark::of_this_process());
/// let path = folder.join("new/photo.jpg");
/// writer.write(&path, b"bytes", Existing::Replace)?;
/// assert_eq!(std::fs::read(&path)?, b"bytes");
/// assert!(writer.write(&path, b"other", Existing::Keep).is_err());
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Writer {
    mark: Mark,
    unfinished: Unfinished,
}

impl Writer {
    /// A writer whose unfinished files have this mark.
    #[must_use]
    pub fn new(mark: Mark) -> Self {
        Self {
            mark,
            unfinished: Unfinished::default(),
        }
    }

    /// The mark of its unfinished files.
    #[must_use]
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// The files that it is writing.
    #[must_use]
    pub fn unfinished(&self) -> &Unfinished {
        &self.unfinished
    }

    /// Writes a file, making its folder where that is missing. It gets the permissions that any new file gets.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::AlreadyExists`] for what is there and is to be kept.
    pub fn write(&self, path: &Path, bytes: &[u8], existing: Existing) -> io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(&self.mark.0).suffix(SUFFIX);
        // What any new file gets: the system takes the umask off.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let (mut file, _writing) = self.unfinished.begin(|| {
            let file = builder.tempfile_in(folder)?;
            let path = file.path().to_owned();
            Ok((file, path))
        })?;
        file.write_all(bytes)?;
        let persisted = match existing {
            Existing::Keep => file.persist_noclobber(path),
            Existing::Replace => file.persist(path),
        };
        persisted.map(drop).map_err(|e| e.error)
    }
}

/// The files that a [`Writer`] is writing, to be removed if the program ends at once. Clones are the same list.
#[derive(Clone, Default)]
pub struct Unfinished(Arc<Mutex<HashSet<PathBuf>>>);

impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unfinished")
    }
}

impl Unfinished {
    /// Removes them, lets no other be begun, and ends the program.
    pub fn remove_and_exit(&self, code: i32) -> ! {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        Writer::new(Mark::of_this_process())
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jpg");
        // A folder cannot be replaced by a file.
        fs::create_dir(&path).expect("a folder");
        assert!(writer().write(&path, b"bytes", Existing::Replace).is_err());
        let left: Vec<_> = fs::read_dir(folder.path()).expect("readable").collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn what_is_kept_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jpg");
        writer().write(&path, b"one", Existing::Keep).expect("written");
        let refused = writer().write(&path, b"two", Existing::Keep).expect_err("it is there");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("there"), b"one");
        writer().write(&path, b"two", Existing::Replace).expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"two");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
    }

    #[test]
    fn only_files_with_the_mark_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("below");
        fs::create_dir(&below).expect("a folder");
        let (ours, other, photo) = (".photofit-abc-1.tmp", ".photofit-abd-1.tmp", "abc.jpg");
        for name in [ours, other, photo] {
            fs::write(below.join(name), b"bytes").expect("written");
        }
        Mark::new("abc").clean(folder.path());
        assert!(!below.join(ours).exists());
        assert!(below.join(other).exists() && below.join(photo).exists());
    }

    #[cfg(unix)]
    #[test]
    fn files_get_the_usual_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, usual) = (folder.path().join("ours"), folder.path().join("usual"));
        writer().write(&ours, b"bytes", Existing::Replace).expect("written");
        fs::write(&usual, b"bytes").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }
}
