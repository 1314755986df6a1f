//! The rows of a Parquet file: what Ray Data, Spark, pandas and others write.

use std::fs::File;
use std::sync::Arc;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row as Record};
use parquet::schema::types::Type;

use super::row::{Found, Row};
use crate::verdict::chain;

/// The whole numbers that a double holds exactly: pandas makes doubles of a column of numbers with a gap.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads the wanted columns alone, and gives each row with its number, counted from 1.
///
/// # Errors
/// What is wrong with the file, or the message of `find`.
pub(super) fn read(
    file: File,
    find: impl Fn(&[String]) -> Result<Found, String>,
    take: &mut dyn FnMut(u64, Result<Row, String>),
) -> Result<(), String> {
    let reader = SerializedFileReader::new(file).map_err(|e| chain(&e))?;
    let schema = reader.metadata().file_metadata().schema();
    let columns = schema.get_fields();
    let names: Vec<String> = columns.iter().map(|column| column.name().to_owned()).collect();
    let found = find(&names)?;
    // In the order of the file, as the reader asks for.
    let mut kept: Vec<usize> = found.iter().flatten().copied().collect();
    kept.sort_unstable();
    let fields = kept.iter().map(|&at| Arc::clone(&columns[at])).collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build();
    let projection = projection.map_err(|e| chain(&e))?;
    let rows = reader.get_row_iter(Some(projection)).map_err(|e| chain(&e))?;
    for (number, row) in (1..).zip(rows) {
        match row {
            Ok(row) => take(number, texts(&row, &found, &kept)),
            // What follows cannot be told apart any more.
            Err(error) => return Err(format!("row {number}: {}", chain(&error))),
        }
    }
    Ok(())
}

/// The fields that were found, as text.
fn texts(row: &Record, found: &Found, kept: &[usize]) -> Result<Row, String> {
    let columns: Vec<(&String, &Field)> = row.get_column_iter().collect();
    let field = |at: &Option<usize>| {
        let column = at
            .and_then(|at| kept.binary_search(&at).ok())
            .and_then(|at| columns.get(at));
        let Some((name, field)) = column else {
            return Ok(String::new());
        };
        text(field).ok_or_else(|| format!("{name} is {field}: text or a whole number is needed"))
    };
    found.iter().map(field).collect()
}

fn text(field: &Field) -> Option<String> {
    Some(match field {
        Field::Null => String::new(),
        Field::Str(text) => text.trim().to_owned(),
        // A column of text that does not say so.
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).ok()?.trim().to_owned(),
        Field::Byte(n) => n.to_string(),
        Field::Short(n) => n.to_string(),
        Field::Int(n) => n.to_string(),
        Field::Long(n) => n.to_string(),
        Field::UByte(n) => n.to_string(),
        Field::UShort(n) => n.to_string(),
        Field::UInt(n) => n.to_string(),
        Field::ULong(n) => n.to_string(),
        Field::Double(n) if n.fract() == 0.0 && n.abs() < EXACT => format!("{n:.0}"),
        _ => return None,
    })
}
