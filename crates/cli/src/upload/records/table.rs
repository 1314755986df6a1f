//! The rows of a list, whatever kind of file holds them.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use photofit::CancelToken;
#[cfg(feature = "object-store")]
use photofit::place::ObjectRef;
use photofit::place::file::{self, Opened};
use photofit::place::{Place, Places};

#[cfg(feature = "parquet")]
use super::parquet;
use super::row::{Found, Row, RowRef, Take};
use crate::Error;
use crate::inputs::listed;
use crate::verdict::chain;

/// The most bytes that a list may have in object storage, where that much memory reading it takes for a moment, or in a
/// FIFO.
const LARGEST: u64 = 4 << 30;

/// What a Parquet file begins and ends with.
const PARQUET_MAGIC: &[u8; 4] = b"PAR1";

/// A file of a list.
pub(super) struct Part {
    /// What tells it from the others, where there are others.
    name: Option<Arc<str>>,
    at: Place,
}

impl Part {
    /// A list of one file.
    fn alone(at: Place) -> Self {
        Self { name: None, at }
    }

    /// One of several, if that is what its name says: `_SUCCESS`, checksums and what is unfinished are no parts.
    fn among(name: &Path, at: Place) -> Option<Self> {
        let name = name.to_string_lossy();
        let is_list = [".parquet", ".csv"]
            .iter()
            .any(|end| name.to_ascii_lowercase().ends_with(end));
        (is_list && !name.starts_with(['.', '_'])).then(|| Self {
            name: Some(Arc::from(name)),
            at,
        })
    }

    /// What it is called in messages.
    fn text(&self) -> Cow<'_, str> {
        self.at.text()
    }

    /// The file, or a copy of the object that is gone once it is closed.
    fn open(&self) -> Result<File, Error> {
        if let Some(path) = self.at.path() {
            return regular(path).map_err(|source| unreadable(path, source));
        }
        let (bytes, _) = self.at.read(LARGEST).map_err(|e| no_list(&e))?;
        copy(&mut &*bytes).map_err(|source| Error::usage(format!("cannot keep {}: {source}", self.text())))
    }
}

/// The file itself, or a copy of what comes out of a FIFO.
fn regular(path: &Path) -> io::Result<File> {
    let never = CancelToken::new();
    match file::open(path, &never, &never)? {
        Opened::File(file, _) => Ok(file),
        Opened::Stream(mut stream) => copy(&mut stream),
    }
}

/// A file that is gone once it is closed, as lists are read more than once: with at most [`LARGEST`] bytes.
fn copy(from: &mut impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    if io::copy(&mut from.take(LARGEST + 1), &mut file)? > LARGEST {
        let message = format!("it has more than {LARGEST} bytes, which is the most that is read");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    file.rewind()?;
    Ok(file)
}

/// The files of a list: itself, or those of a folder or prefix in the order of their names, as engines write them in
/// parts.
///
/// # Errors
/// [`Error`] if the folder or prefix cannot be read or has no list.
pub(super) fn parts(list: &Path, places: &Places) -> Result<Vec<Part>, Error> {
    let mut parts = match listed(list, places)? {
        Place::Path(path) if path.is_dir() => in_folder(&path).map_err(|source| unreadable(&path, source))?,
        #[cfg(feature = "object-store")]
        Place::Object(prefix) if prefix.uri().is_prefix() => below(&prefix)?,
        place => return Ok(vec![Part::alone(place)]),
    };
    if parts.is_empty() {
        let what = list.display();
        return Err(Error::usage(format!(
            "{what} has no file that ends in .csv or .parquet"
        )));
    }
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(parts)
}

fn in_folder(folder: &Path) -> io::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        parts.extend(Part::among(Path::new(&entry.file_name()), Place::Path(entry.path())));
    }
    Ok(parts)
}

/// Those right below a prefix, as in a folder: further down engines keep what is unfinished.
#[cfg(feature = "object-store")]
fn below(prefix: &ObjectRef) -> Result<Vec<Part>, Error> {
    let here = prefix.to_string();
    let here = here.trim_end_matches('/');
    let objects = prefix.list().map_err(|e| Error::usage(chain(&e)))?.into_iter();
    let objects = objects.filter(|object| object.parent().trim_end_matches('/') == here);
    let parts = objects.filter_map(|object| {
        let place = Place::Object(object);
        Part::among(&place.name(), place)
    });
    Ok(parts.collect())
}

/// Reads the rows of a file: Parquet if it begins like one, else CSV. `find` says where the wanted columns are in a
/// header.
///
/// # Errors
/// [`Error`] if the file cannot be read, or with the message of `find`.
pub(super) fn read(
    part: &Part,
    find: impl Fn(&[String]) -> Result<Found, String>,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    let wrong = |message: String| Error::usage(format!("{}: {message}", part.text()));
    let mut file = part.open()?;
    let mut magic = Vec::new();
    let begin = (&file).take(4).read_to_end(&mut magic);
    begin.and_then(|_| file.rewind()).map_err(|e| wrong(chain(&e)))?;
    let place = |unit, number| RowRef {
        part: part.name.clone(),
        unit,
        number,
    };
    if magic == PARQUET_MAGIC {
        #[cfg(feature = "parquet")]
        return parquet::read(file, find, &mut |number, row| take(place("row", number), row)).map_err(wrong);
        #[cfg(not(feature = "parquet"))]
        return Err(wrong(
            "this is a Parquet file, and this photofit was built without the feature parquet; CSV is read".to_owned(),
        ));
    }
    csv(file, find, &mut |number, row| take(place("line", number), row)).map_err(wrong)
}

/// What a service says already has the address in it.
fn no_list(error: &io::Error) -> Error {
    Error::usage(format!("cannot read the list: {}", chain(error)))
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::File {
        what: "read",
        path: path.to_owned(),
        source,
    }
}

fn csv(
    file: File,
    find: impl Fn(&[String]) -> Result<Found, String>,
    take: &mut dyn FnMut(u64, Result<Row, String>),
) -> Result<(), String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let header = reader.headers().map_err(|e| chain(&e))?;
    let header: Vec<String> = header.iter().map(str::to_owned).collect();
    let found = find(&header).map_err(|message| format!("line 1: {message}"))?;
    for row in reader.records() {
        match row {
            Ok(row) => {
                let field = |at: &Option<usize>| at.and_then(|at| row.get(at)).unwrap_or_default().to_owned();
                let line = row.position().map_or(0, csv::Position::line);
                take(line, Ok(found.iter().map(field).collect()));
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                take(line, Err(chain(&error)));
            }
        }
    }
    Ok(())
}
