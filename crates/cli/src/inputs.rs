//! Which files to work on: paths, folders and lists become one ordered list of inputs.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use photofit::CancelToken;
#[cfg(feature = "object-store")]
use photofit::place::ObjectRef;
use photofit::place::file::{self, Stream};
use photofit::place::{Place, PlaceError, PlaceSource, Places, STDIN};
use walkdir::WalkDir;

use super::Error;
use super::args::InputArgs;
use super::verdict::{Note, Verdict, chain};

/// The most bytes of --files-from: ten million paths of a hundred bytes.
const LONGEST_LIST: u64 = 1_000_000_000;

/// Extensions of pictures, in lower case: a file that has one is answered even when it lies in a folder.
const PICTURES: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "gif", "bmp", "dib", "webp", "tif", "tiff", "heic", "heif",
    "hif", "avif", "jxl", "jp2", "j2k", "jpx", "jpf", "jxr", "wdp", "svg", "psd", "ico", "tga", "pbm", "pgm", "ppm",
    "pnm", "pam", "exr", "hdr", "qoi", "dng", "cr2", "cr3", "crw", "nef", "nrw", "arw", "srf", "sr2", "orf", "rw2",
    "raf", "pef", "srw", "x3f", "3fr",
];

/// Extensions of what lies beside photos and is none, in lower case.
const OTHERS: &[&str] = &[
    "mov", "mp4", "m4v", "avi", "mkv", "webm", "3gp", "mts", "m2ts", "mpg", "mpeg", "m4a", "zip", "gz", "tgz", "7z",
    "tar", "svgz",
];

/// One input, in the order in which it is answered.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// Where its bytes come from.
    pub(super) place: Place,
    /// Its path below the output folder, with the source's extension.
    pub(super) relative: PathBuf,
    /// Whether somebody asked for this very file, so that "not a photo" is a failure and not a reason to skip it.
    pub(super) named: bool,
    /// The answer, where it is known before the file is read.
    pub(super) verdict: Option<Verdict>,
}

impl Input {
    /// The input as the report names it.
    pub(super) fn display(&self) -> Cow<'_, str> {
        self.place.text()
    }

    /// What stands for the input where inputs are split: its path or address as it was given.
    pub(super) fn key(&self) -> Cow<'_, [u8]> {
        match self.place.path() {
            Some(path) => Cow::Borrowed(path.as_os_str().as_encoded_bytes()),
            None => Cow::Owned(self.place.text().into_owned().into_bytes()),
        }
    }

    /// The input as a photo of a batch: of at most `limit` bytes where it takes the network. Where it may keep its reader
    /// waiting, `stop` ends that.
    pub(super) fn source(&self, places: &Places, limit: u64, stop: &CancelToken) -> PlaceSource {
        places.source(&self.place, limit).streams(self.named).stop(stop)
    }

    /// Whether it can be read only once: standard input, or a FIFO that somebody named.
    pub(super) fn is_stream(&self) -> bool {
        match &self.place {
            Place::Stdin => true,
            Place::Path(path) => self.named && file::is_stream(path),
            _ => false,
        }
    }

    /// Whether a file that turns out to be of no known format is skipped instead of failed.
    pub(super) fn may_be_no_photo(&self) -> bool {
        !self.named && !has_picture_extension(&self.relative)
    }

    /// Whether the name is that of a video or archive found in a folder.
    pub(super) fn is_something_else(&self) -> bool {
        !self.named && has_extension(&self.relative, OTHERS)
    }

    /// One that somebody asked for.
    fn named(place: Place, name: PathBuf) -> Self {
        // One that is called `..` or `/` gets a name that is made up.
        let made_up = name.as_os_str().is_empty();
        Self {
            place,
            relative: if made_up { PathBuf::from("photo") } else { name },
            named: true,
            verdict: None,
        }
    }

    fn answered(place: Place, verdict: Verdict) -> Self {
        Self {
            relative: PathBuf::new(),
            place,
            named: false,
            verdict: Some(verdict),
        }
    }
}

/// Whether the name ends like that of a picture.
pub(super) fn has_picture_extension(path: &Path) -> bool {
    has_extension(path, PICTURES)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|e| extensions.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

/// Collects the inputs in order: the paths of the command line, then those of the list. Folders are walked in the order
/// of their names, objects below a prefix come in the order of their keys, and `output` is left out of both.
///
/// # Errors
/// [`Error`] when the list cannot be read, when standard input is asked for twice, when a folder or prefix is also the
/// output, or when a prefix cannot be listed.
pub(super) fn collect(args: &InputArgs, places: &Places, output: &Place) -> Result<Vec<Input>, Error> {
    let list_is_stdin = args.files_from.as_deref().is_some_and(|f| f == Path::new(STDIN));
    let dashes = args.paths.iter().filter(|p| *p == Path::new(STDIN)).count();
    if dashes + usize::from(list_is_stdin) > 1 {
        return Err(Error::usage("standard input can be read once: name - only once"));
    }
    let walk = Walk {
        folder: output.path().and_then(|o| o.canonicalize().ok()),
        prefix: output.is_prefix().then(|| output.to_string()),
    };
    let mut inputs = Vec::new();
    for path in &args.paths {
        let place = places.find(path.as_os_str()).map_err(|e| usage(&e))?;
        let name = place.name();
        walk.add(place, &name, false, &mut inputs)?;
    }
    if let Some(list) = &args.files_from {
        for path in read_list(list, args.null)? {
            let place = listed(&path, places)?;
            let name = place.key();
            walk.add(place, &name, true, &mut inputs)?;
        }
    }
    Ok(inputs)
}

/// What an entry of a list names: `-` is a file there.
pub(super) fn listed(entry: &Path, places: &Places) -> Result<Place, Error> {
    match places.find(entry.as_os_str()).map_err(|e| usage(&e))? {
        Place::Stdin => Ok(Place::Path(entry.to_owned())),
        place => Ok(place),
    }
}

fn usage(error: &PlaceError) -> Error {
    Error::usage(chain(error))
}

/// How folders and prefixes are walked.
struct Walk {
    /// The output folder, resolved; `None` where it does not exist yet.
    folder: Option<PathBuf>,
    /// The address that outputs are below.
    #[cfg_attr(not(feature = "object-store"), allow(dead_code, reason = "there are no prefixes"))]
    prefix: Option<String>,
}

impl Walk {
    /// Adds what an argument names, called `name`; or what is in the folder or below the prefix that it is, with that name
    /// before its path there if it is to be `kept`.
    fn add(&self, place: Place, name: &Path, kept: bool, inputs: &mut Vec<Input>) -> Result<(), Error> {
        let name = below(name);
        let prefix = if kept { name.as_path() } else { Path::new("") };
        match &place {
            Place::Path(path) if path.is_dir() => self.add_folder(path, prefix, inputs),
            #[cfg(feature = "object-store")]
            Place::Object(object) if place.is_prefix() => self.add_prefix(object, prefix, inputs),
            _ => {
                inputs.push(Input::named(place, name));
                Ok(())
            }
        }
    }

    #[cfg(feature = "object-store")]
    fn add_prefix(&self, above: &ObjectRef, prefix: &Path, inputs: &mut Vec<Input>) -> Result<(), Error> {
        let address = above.to_string();
        if self.prefix.as_deref() == Some(address.as_str()) {
            let message = format!("{address} is both input and output: name another prefix for -o");
            return Err(Error::Usage(message));
        }
        for object in above.list().map_err(|e| Error::usage(chain(&e)))? {
            let text = object.to_string();
            if self.prefix.as_deref().is_some_and(|output| text.starts_with(output)) {
                continue;
            }
            let inside = PathBuf::from(text.strip_prefix(address.as_str()).unwrap_or(&text));
            let hidden = inside.iter().any(|part| part.as_encoded_bytes().starts_with(b"."));
            let note = if hidden {
                Some(Note::new("hidden", "hidden: name it to have it prepared"))
            } else if object.is_empty() && !has_picture_extension(&inside) {
                Some(Note::new("not-a-photo", "it has no bytes"))
            } else {
                None
            };
            let place = Place::Object(object);
            inputs.push(match note {
                Some(note) => Input::answered(place, Verdict::Skipped(note)),
                None => Input {
                    place,
                    relative: prefix.join(below(&inside)),
                    named: false,
                    verdict: None,
                },
            });
        }
        Ok(())
    }

    fn add_folder(&self, path: &Path, prefix: &Path, inputs: &mut Vec<Input>) -> Result<(), Error> {
        if self.is_output(path) {
            let message = format!(
                "{} is both input and output: name another folder for -o",
                path.display()
            );
            return Err(Error::Usage(message));
        }
        let mut entries = WalkDir::new(path)
            .min_depth(1)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let place = error.path().unwrap_or(path).to_owned();
                    inputs.push(Input::answered(Place::Path(place), unwalkable(&error)));
                    continue;
                }
            };
            let is_folder = entry.file_type().is_dir();
            if is_folder && self.is_output(entry.path()) {
                entries.skip_current_dir();
            } else if entry.file_name().as_encoded_bytes().starts_with(b".") {
                let note = Note::new("hidden", "hidden: name it to have it prepared");
                inputs.push(Input::answered(Place::Path(entry.into_path()), Verdict::Skipped(note)));
                if is_folder {
                    entries.skip_current_dir();
                }
            } else if entry.file_type().is_file() {
                let inside = entry.path().strip_prefix(path).unwrap_or(entry.path());
                inputs.push(Input {
                    relative: prefix.join(inside),
                    place: Place::Path(entry.path().to_owned()),
                    named: false,
                    verdict: None,
                });
            } else if !is_folder {
                let message = format!("not a file: {}", file::name(entry.file_type()));
                let note = Note::new("not-a-file", message);
                inputs.push(Input::answered(Place::Path(entry.into_path()), Verdict::Skipped(note)));
            }
        }
        Ok(())
    }

    fn is_output(&self, folder: &Path) -> bool {
        self.folder.is_some() && folder.canonicalize().ok() == self.folder
    }
}

/// What to answer for a place that cannot be walked.
fn unwalkable(error: &walkdir::Error) -> Verdict {
    if let Some(ancestor) = error.loop_ancestor() {
        let message = format!("a link back to {}, whose files are taken already", ancestor.display());
        return Verdict::Skipped(Note::new("loop", message));
    }
    let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    Verdict::Failed(Note::new("io", format!("cannot read: {why}")))
}

/// The paths of a list, one a line or one a NUL byte; empty lines do not count.
fn read_list(list: &Path, null: bool) -> Result<Vec<PathBuf>, Error> {
    let never = CancelToken::new();
    let bytes = if list == Path::new(STDIN) {
        Stream::stdin(&never, &never).and_then(|stdin| file::bounded(stdin, LONGEST_LIST))
    } else {
        file::read(list, LONGEST_LIST)
    };
    let bytes = bytes.map_err(|source| Error::File {
        what: "read",
        path: list.to_owned(),
        source,
    })?;
    let end = if null { 0 } else { b'\n' };
    let lines = bytes.split(|&b| b == end).map(|line| match line {
        [line @ .., b'\r'] if !null => line,
        line => line,
    });
    lines.filter(|line| !line.is_empty()).map(as_path).collect()
}

#[cfg(unix)]
fn as_path(bytes: &[u8]) -> Result<PathBuf, Error> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn as_path(bytes: &[u8]) -> Result<PathBuf, Error> {
    let text = std::str::from_utf8(bytes);
    text.map(PathBuf::from)
        .map_err(|_| Error::usage("the list of --files-from has to be in UTF-8"))
}

/// The path without what leads out of the output folder: the root, drive letters, `.` and `..`.
fn below(path: &Path) -> PathBuf {
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_list_stay_below_the_output_folder() {
        for (path, expected) in [
            ("a/b.jpg", "a/b.jpg"),
            ("./a/b.jpg", "a/b.jpg"),
            ("/home/me/b.jpg", "home/me/b.jpg"),
            ("../../b.jpg", "b.jpg"),
            ("..", ""),
        ] {
            assert_eq!(below(Path::new(path)), Path::new(expected), "{path}");
        }
    }

    #[test]
    fn extensions_count_in_any_case() {
        assert!(has_picture_extension(Path::new("a/IMG_1.HEIC")));
        assert!(!has_picture_extension(Path::new("a/notes.txt")));
        assert!(!has_picture_extension(Path::new("jpg")));
    }
}
