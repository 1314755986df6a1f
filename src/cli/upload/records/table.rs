//! The rows of a list, whatever kind of file holds them.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "parquet")]
use super::parquet;
use crate::cli::Error;
use crate::cli::report::chain;

/// What a Parquet file begins and ends with.
const PARQUET_MAGIC: &[u8; 4] = b"PAR1";

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The file, where the list is a folder of several.
    pub(super) part: Option<Arc<str>>,
    /// `line` or `row`.
    pub(super) unit: &'static str,
    /// Counted from 1.
    pub(super) number: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(part) = &self.part {
            write!(f, "{part}, ")?;
        }
        write!(f, "{} {}", self.unit, self.number)
    }
}

/// The columns that are asked for, by their place in [`Row`]; names count in any case.
pub(super) type Wanted = [&'static str];

/// The fields of a row in the order of the columns that were asked for, trimmed; empty where there is nothing.
pub(super) type Row = Vec<String>;

/// Takes each row, or what is wrong with it.
pub(super) type Take<'a> = dyn FnMut(Place, Result<Row, String>) + 'a;

/// Where a file has each of the wanted columns.
pub(super) type Found = Vec<Option<usize>>;

/// A file of a list.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    /// What tells it from the others, where the list is a folder.
    name: Option<Arc<str>>,
    path: PathBuf,
}

/// The files of a list: itself, or those of a folder in the order of their names, as engines write them in parts.
///
/// # Errors
/// [`Error`] if the folder cannot be read or has no list.
pub(super) fn parts(list: &Path) -> Result<Vec<Part>, Error> {
    if !list.is_dir() {
        return Ok(vec![Part {
            name: None,
            path: list.to_owned(),
        }]);
    }
    let unreadable = |source| unreadable(list, source);
    let mut parts = Vec::new();
    for entry in fs::read_dir(list).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            continue;
        };
        let is_list = [".parquet", ".csv"]
            .iter()
            .any(|end| name.to_ascii_lowercase().ends_with(end));
        // `_SUCCESS`, checksums and what is unfinished are no parts.
        if is_list && !name.starts_with(['.', '_']) {
            parts.push(Part {
                name: Some(Arc::from(name)),
                path,
            });
        }
    }
    if parts.is_empty() {
        let message = format!("{} has no file that ends in .csv or .parquet", list.display());
        return Err(Error::Usage(message));
    }
    parts.sort();
    Ok(parts)
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
    let path = &part.path;
    let unreadable = |source| unreadable(path, source);
    let wrong = |message: String| Error::usage(format!("{}: {message}", path.display()));
    let mut file = File::open(path).map_err(unreadable)?;
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let place = |unit, number| Place {
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
