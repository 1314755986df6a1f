//! The list of uploads, validated whole before anything is sent.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use photofit::bigin::{Fetcher, Record};

use super::super::Error;
use super::super::report::chain;
use super::super::storage::{Named, Spot, Storage};

/// How many mistakes of a list are shown.
const SHOWN: usize = 20;

/// Where a photo is.
#[derive(Clone, Debug)]
pub(super) enum Photo {
    /// A file.
    File(PathBuf),
    /// A web address.
    Url(String),
    /// An object.
    Object(Spot),
}

/// One upload.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) record: Record,
    pub(super) photo: Photo,
    /// The photo as the list names it.
    pub(super) input: String,
}

impl Item {
    /// # Errors
    /// [`Error::Usage`] for an address that is none.
    fn new(record: Record, input: &str, storage: &Storage) -> Result<Self, Error> {
        let lower = input.to_ascii_lowercase();
        let photo = if lower.starts_with("http://") || lower.starts_with("https://") {
            Photo::Url(input.to_owned())
        } else {
            match storage.find(Path::new(input))? {
                Named::Path(path) => Photo::File(path),
                Named::Object(spot) => Photo::Object(spot),
                Named::Prefix(_) => return Err(Error::usage(format!("{input}: a prefix is not one photo"))),
            }
        };
        Ok(Self {
            record,
            photo,
            input: input.to_owned(),
        })
    }
}

/// The single upload of --record.
///
/// # Errors
/// [`Error::Usage`] if the record or the photo's address is none.
pub(super) fn single(record: &str, photo: &str, storage: &Storage) -> Result<Vec<Item>, Error> {
    let record = record.parse::<Record>().map_err(|e| Error::usage(e.to_string()))?;
    Ok(vec![Item::new(record, photo, storage)?])
}

/// The uploads of a CSV file, each with the line it begins at.
///
/// # Errors
/// [`Error`] with the line of each mistake.
pub(super) fn read(path: &Path, storage: &Storage) -> Result<Vec<(u64, Item)>, Error> {
    let file = File::open(path).map_err(|source| Error::File {
        what: "read",
        path: path.to_owned(),
        source,
    })?;
    let wrong = |message: String| Error::usage(format!("{}: {message}", path.display()));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let header = reader.headers().map_err(|e| wrong(chain(&e)))?.clone();
    let column = |name: &str| {
        let mut found = header.iter().enumerate().filter(|(_, h)| h.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Ok(at),
            (None, _) => Err(wrong(format!(
                "line 1: no column {name}; the columns module, record_id and photo are needed"
            ))),
            _ => Err(wrong(format!("line 1: the column {name} is there twice"))),
        }
    };
    let (module, id, photo) = (column("module")?, column("record_id")?, column("photo")?);
    let mut items = Vec::new();
    let mut mistakes = Mistakes::default();
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                mistakes.add(line, chain(&error));
                continue;
            }
        };
        let line = row.position().map_or(0, csv::Position::line);
        let field = |at: usize| row.get(at).unwrap_or_default();
        match Record::parse(field(module), field(id)) {
            Err(error) => mistakes.add(line, error.to_string()),
            Ok(_) if field(photo).is_empty() => mistakes.add(line, "no photo".to_owned()),
            Ok(record) => match Item::new(record, field(photo), storage) {
                Ok(item) => items.push((line, item)),
                Err(error) => mistakes.add(line, chain(&error)),
            },
        }
    }
    let mut first: HashMap<&Record, u64> = HashMap::new();
    for (line, item) in &items {
        if let Some(before) = first.insert(&item.record, *line) {
            let message = format!(
                "{} has a photo on line {before} already: a record takes one",
                item.record
            );
            mistakes.add(*line, message);
        }
    }
    mistakes.or(items).map_err(wrong)
}

/// Whether each photo is there, and each address is one that is fetched.
///
/// # Errors
/// [`Error::Usage`] with the line of each mistake.
pub(super) fn check(list: Option<&Path>, items: &[(u64, Item)], fetcher: Option<&Fetcher>) -> Result<(), Error> {
    let mut mistakes = Mistakes::default();
    for (line, item) in items {
        let mistake = match &item.photo {
            Photo::File(path) => match fs::metadata(path) {
                Ok(metadata) if metadata.is_file() => None,
                Ok(_) => Some("it is not a file".to_owned()),
                Err(error) => Some(error.to_string()),
            },
            // Its address was looked at when it was read; whether it is there takes a request each.
            Photo::Object(_) => None,
            Photo::Url(url) => fetcher.and_then(|f| f.check(url).err()).map(|error| error.to_string()),
        };
        if let Some(mistake) = mistake {
            mistakes.add(*line, format!("photo {}: {mistake}", item.input));
        }
    }
    let wrong = |message: String| match list {
        Some(path) => Error::usage(format!("{}: {message}", path.display())),
        None => Error::usage(message),
    };
    mistakes.or(()).map_err(wrong)
}

/// What is wrong with a list, by line; line 0 is the command line.
#[derive(Default)]
struct Mistakes(Vec<(u64, String)>);

impl Mistakes {
    fn add(&mut self, line: u64, message: String) {
        self.0.push((line, message));
    }

    /// `value` if there are none, else their text.
    fn or<T>(mut self, value: T) -> Result<T, String> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        let more = self.0.len().saturating_sub(SHOWN);
        let shown = self.0.iter().take(SHOWN).map(|(line, message)| match line {
            0 => message.clone(),
            line => format!("line {line}: {message}"),
        });
        let mut lines: Vec<String> = shown.collect();
        if more > 0 {
            lines.push(format!("and {more} more mistakes"));
        }
        Err(lines.join("\n  ") + "; nothing was sent")
    }
}
