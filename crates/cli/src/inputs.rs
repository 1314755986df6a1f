//! Which files to work on: paths, folders and lists become one ordered list of inputs.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use photofit::CancelToken;
use photofit::batch::Source;
use walkdir::WalkDir;

use super::Error;
use super::args::InputArgs;
use super::destination::Destination;
use super::files::{self, Opened, Stream};
use super::report::{Note, Verdict};
use super::storage::{Fetch, Named, Spot, Storage};

/// What stands for standard input and output on the command line.
pub(super) const DASH: &str = "-";

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

/// Where the bytes of an input come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// An object.
    Object(Spot),
}

/// One input, in the order in which it is answered.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// Where its bytes come from.
    pub(super) origin: Origin,
    /// Its path below the output folder, with the source's extension.
    pub(super) relative: PathBuf,
    /// Whether somebody asked for this very file, so that "not a photo" is a failure and not a reason to skip it.
    pub(super) named: bool,
    /// The answer, where it is known before the file is read.
    pub(super) verdict: Option<Verdict>,
}

/// Standard input as a photo, or a file.
struct Local<'a> {
    /// `None` for standard input.
    path: Option<&'a Path>,
    /// Whether it may be a FIFO: a folder's files are no longer what was found if one is.
    may_be_stream: bool,
    /// Ends the waiting for a stream that says nothing.
    stop: CancelToken,
}

impl Source for Local<'_> {
    fn name(&self) -> Cow<'_, str> {
        self.path.map_or(Cow::Borrowed(DASH), Path::to_string_lossy)
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        self.open_until(&CancelToken::new())
    }

    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        let opened = match self.path {
            None => Opened::Stream(Stream::stdin(cancel, &self.stop)?),
            Some(path) if self.may_be_stream => files::open(path, cancel, &self.stop)?,
            Some(path) => {
                let file = files::open_regular(path)?;
                let size = file.metadata()?.len();
                Opened::File(file, size)
            }
        };
        Ok(match opened {
            Opened::File(file, size) => (Some(size), Box::new(file)),
            // Its size is known once it has ended.
            Opened::Stream(stream) => (None, Box::new(stream)),
        })
    }
}

impl Input {
    /// The input as the report names it.
    pub(super) fn display(&self) -> Cow<'_, str> {
        match &self.origin {
            Origin::Stdin => Cow::Borrowed(DASH),
            Origin::File(path) => path.to_string_lossy(),
            Origin::Object(spot) => spot.text(),
        }
    }

    /// What stands for the input where inputs are split: its path or address as it was given.
    pub(super) fn key(&self) -> Cow<'_, [u8]> {
        match &self.origin {
            Origin::Stdin => Cow::Borrowed(DASH.as_bytes()),
            Origin::File(path) => Cow::Borrowed(path.as_os_str().as_encoded_bytes()),
            Origin::Object(spot) => Cow::Owned(spot.text().into_owned().into_bytes()),
        }
    }

    /// The file, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) => Some(path),
            Origin::Stdin | Origin::Object(_) => None,
        }
    }

    /// The object, if it is one.
    pub(super) fn object(&self) -> Option<&Spot> {
        match &self.origin {
            Origin::Object(spot) => Some(spot),
            Origin::Stdin | Origin::File(_) => None,
        }
    }

    /// The input as a photo of a batch, where it is an object: of at most `limit` bytes.
    pub(super) fn fetch(&self, limit: u64) -> Option<Fetch> {
        self.object().map(|spot| spot.fetch(limit))
    }

    /// The input as a photo of a batch. Where it may keep its reader waiting, `stop` ends that.
    pub(super) fn source(&self, limit: u64, stop: &CancelToken) -> Box<dyn Source + '_> {
        match &self.origin {
            Origin::Stdin | Origin::File(_) => Box::new(Local {
                path: self.path(),
                may_be_stream: self.named,
                stop: stop.clone(),
            }),
            Origin::Object(spot) => spot.source(limit),
        }
    }

    /// Whether it can be read only once: standard input, or a FIFO that somebody named.
    pub(super) fn is_stream(&self) -> bool {
        match &self.origin {
            Origin::Stdin => true,
            Origin::File(path) => self.named && files::is_stream(path),
            Origin::Object(_) => false,
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
    fn named(origin: Origin, name: PathBuf) -> Self {
        // One that is called `..` or `/` gets a name that is made up.
        let made_up = name.as_os_str().is_empty();
        Self {
            origin,
            relative: if made_up { PathBuf::from("photo") } else { name },
            named: true,
            verdict: None,
        }
    }

    fn answered(origin: Origin, verdict: Verdict) -> Self {
        Self {
            relative: PathBuf::new(),
            origin,
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
pub(super) fn collect(args: &InputArgs, storage: &Storage, output: &Destination) -> Result<Vec<Input>, Error> {
    let list_is_stdin = args.files_from.as_deref().is_some_and(|f| f == Path::new(DASH));
    let dashes = args.paths.iter().filter(|p| *p == Path::new(DASH)).count();
    if dashes + usize::from(list_is_stdin) > 1 {
        return Err(Error::usage("standard input can be read once: name - only once"));
    }
    let walk = Walk {
        storage,
        folder: output.folder().and_then(|o| o.canonicalize().ok()),
        prefix: output.prefix().map(|spot| spot.text().into_owned()),
    };
    let mut inputs = Vec::new();
    for path in &args.paths {
        if path == Path::new(DASH) {
            inputs.push(Input::named(Origin::Stdin, PathBuf::from("stdin")));
        } else {
            let name = |named: &Named| match named {
                Named::Path(path) => path.file_name().map(PathBuf::from).unwrap_or_default(),
                Named::Object(spot) | Named::Prefix(spot) => spot.name(),
            };
            walk.add(path, name, false, &mut inputs)?;
        }
    }
    if let Some(list) = &args.files_from {
        for path in read_list(list, args.null)? {
            let kept = |named: &Named| match named {
                Named::Path(path) => path.clone(),
                Named::Object(spot) | Named::Prefix(spot) => spot.key(),
            };
            walk.add(&path, kept, true, &mut inputs)?;
        }
    }
    Ok(inputs)
}

/// How folders and prefixes are walked.
struct Walk<'a> {
    storage: &'a Storage,
    /// The output folder, resolved; `None` where it does not exist yet.
    folder: Option<PathBuf>,
    /// The address that outputs are below.
    prefix: Option<String>,
}

impl Walk<'_> {
    /// Adds what an argument names, called as `name` says; or what is in the folder or below the prefix that it is, with
    /// that name before its path there if it is to be `kept`.
    fn add(
        &self,
        argument: &Path,
        name: impl Fn(&Named) -> PathBuf,
        kept: bool,
        inputs: &mut Vec<Input>,
    ) -> Result<(), Error> {
        let named = self.storage.find(argument)?;
        let name = below(&name(&named));
        let prefix = if kept { name.as_path() } else { Path::new("") };
        match named {
            Named::Path(path) if path.is_dir() => self.add_folder(&path, prefix, inputs),
            Named::Prefix(spot) => self.add_prefix(&spot, prefix, inputs),
            Named::Path(path) => {
                inputs.push(Input::named(Origin::File(path), name));
                Ok(())
            }
            Named::Object(spot) => {
                inputs.push(Input::named(Origin::Object(spot), name));
                Ok(())
            }
        }
    }

    fn add_prefix(&self, spot: &Spot, prefix: &Path, inputs: &mut Vec<Input>) -> Result<(), Error> {
        let above = spot.text();
        if self.prefix.as_deref() == Some(&*above) {
            let message = format!("{above} is both input and output: name another prefix for -o");
            return Err(Error::Usage(message));
        }
        for object in spot.list()? {
            let text = object.text().into_owned();
            if self.prefix.as_deref().is_some_and(|output| text.starts_with(output)) {
                continue;
            }
            let inside = PathBuf::from(text.strip_prefix(&*above).unwrap_or(&text));
            let hidden = inside.iter().any(|part| part.as_encoded_bytes().starts_with(b"."));
            let note = if hidden {
                Some(Note::new("hidden", "hidden: name it to have it prepared"))
            } else if object.is_empty() && !has_picture_extension(&inside) {
                Some(Note::new("not-a-photo", "it has no bytes"))
            } else {
                None
            };
            inputs.push(match note {
                Some(note) => Input::answered(Origin::Object(object), Verdict::Skipped(note)),
                None => Input {
                    origin: Origin::Object(object),
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
                    inputs.push(Input::answered(Origin::File(place), unwalkable(&error)));
                    continue;
                }
            };
            let is_folder = entry.file_type().is_dir();
            if is_folder && self.is_output(entry.path()) {
                entries.skip_current_dir();
            } else if entry.file_name().as_encoded_bytes().starts_with(b".") {
                let note = Note::new("hidden", "hidden: name it to have it prepared");
                inputs.push(Input::answered(Origin::File(entry.into_path()), Verdict::Skipped(note)));
                if is_folder {
                    entries.skip_current_dir();
                }
            } else if entry.file_type().is_file() {
                let inside = entry.path().strip_prefix(path).unwrap_or(entry.path());
                inputs.push(Input {
                    relative: prefix.join(inside),
                    origin: Origin::File(entry.path().to_owned()),
                    named: false,
                    verdict: None,
                });
            } else if !is_folder {
                let message = format!("not a file: {}", files::name(entry.file_type()));
                let note = Note::new("not-a-file", message);
                inputs.push(Input::answered(Origin::File(entry.into_path()), Verdict::Skipped(note)));
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
    let bytes = if list == Path::new(DASH) {
        Stream::stdin(&never, &never).and_then(|stdin| files::bounded(stdin, LONGEST_LIST))
    } else {
        files::read(list, LONGEST_LIST)
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
