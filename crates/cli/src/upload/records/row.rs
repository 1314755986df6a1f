//! Rows of a list, and where they stand in it.

use std::fmt;
use std::sync::Arc;

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowRef {
    /// The file or object, where the list is a folder or prefix of several.
    pub(super) part: Option<Arc<str>>,
    /// `line` or `row`.
    pub(super) unit: &'static str,
    /// Counted from 1.
    pub(super) number: u64,
}

impl fmt::Display for RowRef {
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
pub(super) type Take<'a> = dyn FnMut(RowRef, Result<Row, String>) + 'a;

/// Where a file has each of the wanted columns.
pub(super) type Found = Vec<Option<usize>>;
