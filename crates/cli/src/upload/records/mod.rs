//! The list of uploads, validated whole before anything is sent.

#[cfg(feature = "parquet")]
mod parquet;
mod row;
mod table;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use photofit::bigin::{Fetcher, Record};
use photofit::place::{Place, Places, file};

use super::super::Error;
use super::super::inputs::listed;
use super::super::verdict::chain;
use row::{Found, RowRef, Wanted};

/// How many mistakes of a list are shown.
const SHOWN: usize = 20;

/// The photo that a list names.
///
/// # Errors
/// [`Error::Usage`] for an address that is none.
fn find_photo(input: &str, places: &Places) -> Result<Place, Error> {
    let lower = input.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return Ok(places.web(input));
    }
    let place = listed(Path::new(input), places)?;
    if place.is_prefix() {
        return Err(Error::usage(format!("{input}: a prefix is not one photo")));
    }
    Ok(place)
}

/// One upload.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) record: Record,
    pub(super) photo: Place,
    /// The photo as the list names it.
    pub(super) input: String,
    /// Why there is no photo to send, where the list says that it could not be prepared.
    pub(super) refused: Option<String>,
    /// Where it stands in the list; `None` for that of the command line.
    row: Option<RowRef>,
}

/// The single upload of --record.
///
/// # Errors
/// [`Error::Usage`] if the record or the photo's address is none.
pub(super) fn single(record: &str, photo: &str, places: &Places) -> Result<Vec<Item>, Error> {
    Ok(vec![Item {
        record: record.parse::<Record>().map_err(|e| Error::usage(e.to_string()))?,
        photo: find_photo(photo, places)?,
        input: photo.to_owned(),
        refused: None,
        row: None,
    }])
}

/// The columns of a list. A photo stands under `photo`, or else under `output_uri`, as `photofit.ray` and `photofit.spark`
/// name what they wrote; they say in `status` whether they did.
const COLUMNS: &Wanted = &[
    "module",
    "record_id",
    "photo",
    "output_uri",
    "status",
    "error_message",
    "uri",
];

/// Where each of [`COLUMNS`] is in a header.
fn find(header: &[String]) -> Result<Found, String> {
    let column = |name: &&str| {
        let mut found = header.iter().enumerate().filter(|(_, h)| h.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (found, None) => Ok(found.map(|(at, _)| at)),
            _ => Err(format!("the column {name} is there twice")),
        }
    };
    let found = COLUMNS.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let missing = |at: usize| {
        let name = COLUMNS[at];
        Err(format!(
            "no column {name}; the columns module, record_id and photo (or output_uri) are needed"
        ))
    };
    match found[..] {
        [None, ..] => missing(0),
        [_, None, ..] => missing(1),
        [_, _, None, None, ..] => missing(2),
        _ => Ok(found),
    }
}

/// The item of a row.
fn item(at: &RowRef, row: &[String], places: &Places) -> Result<Item, String> {
    let [module, id, photo, written, status, error, source] = row else {
        return Err("a row without all columns".to_owned());
    };
    let record = Record::parse(module, id).map_err(|e| e.to_string())?;
    let is_refused = !status.is_empty() && status != "ok";
    let named = if is_refused {
        [source, written, photo]
    } else {
        [photo, written, &String::new()]
    };
    let input = named
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("", String::as_str);
    Ok(Item {
        record,
        photo: match input {
            // There is no photo to look for.
            _ if is_refused => Place::Path(input.into()),
            "" => return Err("no photo".to_owned()),
            _ => find_photo(input, places).map_err(|e| chain(&e))?,
        },
        input: input.to_owned(),
        refused: is_refused.then(|| if error.is_empty() { status } else { error }.clone()),
        row: Some(at.clone()),
    })
}

/// The uploads of a CSV or Parquet file or object, or of a folder or prefix of such.
///
/// # Errors
/// [`Error`] with the place of each mistake.
pub(super) fn read(list: &Path, places: &Places) -> Result<Vec<Item>, Error> {
    let mut items: Vec<Item> = Vec::new();
    let mut mistakes = Mistakes::default();
    for part in table::parts(list, places)? {
        table::read(
            &part,
            find,
            &mut |at, row| match row.and_then(|row| item(&at, &row, places)) {
                Ok(item) => items.push(item),
                Err(message) => mistakes.add(Some(&at), message),
            },
        )?;
    }
    let mut first: HashMap<&Record, &Item> = HashMap::new();
    for item in &items {
        if let Some(before) = first.insert(&item.record, item)
            && let Some(before) = &before.row
        {
            let message = format!("{} has a photo on {before} already: a record takes one", item.record);
            mistakes.add(item.row.as_ref(), message);
        }
    }
    mistakes.or(items, Some(list))
}

/// Whether each photo is there, and each address is one that is fetched.
///
/// # Errors
/// [`Error::Usage`] with the place of each mistake.
pub(super) fn check(list: Option<&Path>, items: &[Item], fetcher: Option<&Fetcher>) -> Result<(), Error> {
    let mut mistakes = Mistakes::default();
    for item in items.iter().filter(|item| item.refused.is_none()) {
        let mistake = match &item.photo {
            Place::Path(path) => match fs::metadata(path) {
                Ok(metadata) if metadata.is_file() => None,
                Ok(metadata) => Some(format!(
                    "it is {}, and no regular file",
                    file::name(metadata.file_type())
                )),
                Err(error) => Some(error.to_string()),
            },
            Place::Web(web) => fetcher
                .and_then(|f| f.check(web.url()).err())
                .map(|error| error.to_string()),
            // An object's address was looked at when it was read; whether it is there takes a request each.
            _ => None,
        };
        if let Some(mistake) = mistake {
            mistakes.add(item.row.as_ref(), format!("photo {}: {mistake}", item.input));
        }
    }
    mistakes.or((), list)
}

/// What is wrong with a list, by place; without one it is the command line.
#[derive(Default)]
struct Mistakes(Vec<(Option<RowRef>, String)>);

impl Mistakes {
    fn add(&mut self, row: Option<&RowRef>, message: String) {
        self.0.push((row.cloned(), message));
    }

    /// `value` if there are none, else their text.
    fn or<T>(mut self, value: T, list: Option<&Path>) -> Result<T, Error> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        let more = self.0.len().saturating_sub(SHOWN);
        let shown = self.0.iter().take(SHOWN).map(|(row, message)| match row {
            None => message.clone(),
            Some(row) => format!("{row}: {message}"),
        });
        let mut lines: Vec<String> = shown.collect();
        if more > 0 {
            lines.push(format!("and {more} more mistakes"));
        }
        let message = lines.join("\n  ") + "; nothing was sent";
        Err(Error::usage(match list {
            Some(list) => format!("{}: {message}", list.display()),
            None => message,
        }))
    }
}
