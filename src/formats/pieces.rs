//! A file put together from parts of another one, without a copy where nothing changes.

use std::borrow::Cow;
use std::ops::Range;

use crate::error::Error;

/// The parts of a new file, in its order. Neighbouring parts of the old one become one, so that their number follows what
/// changes and not how many segments a file has.
pub(super) struct Pieces<'a> {
    old: &'a [u8],
    parts: Vec<Part<'a>>,
}

enum Part<'a> {
    Old(Range<usize>),
    New(Cow<'a, [u8]>),
}

impl<'a> Pieces<'a> {
    pub(super) fn of(old: &'a [u8]) -> Self {
        Self { old, parts: Vec::new() }
    }

    /// Takes over a range of the old file; what lies outside it is left out.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        let end = range.end.min(self.old.len());
        if range.start >= end {
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Old(last)) if last.end == range.start => last.end = end,
            _ => self.parts.push(Part::Old(range.start..end)),
        }
    }

    /// Adds other bytes. Where they are those that stand in `instead_of`, that is kept.
    pub(super) fn put(&mut self, bytes: impl Into<Cow<'a, [u8]>>, instead_of: Range<usize>) {
        let bytes = bytes.into();
        if self.old.get(instead_of.clone()) == Some(&*bytes) {
            self.keep(instead_of);
        } else if !bytes.is_empty() {
            self.parts.push(Part::New(bytes));
        }
    }

    /// Adds the parts of another one of the same file.
    pub(super) fn append(&mut self, other: Self) {
        for part in other.parts {
            match part {
                Part::Old(range) => self.keep(range),
                part @ Part::New(_) => self.parts.push(part),
            }
        }
    }

    fn bytes<'s>(&'s self, part: &'s Part<'a>) -> &'s [u8] {
        match part {
            // `keep` cut it to the old file.
            Part::Old(range) => self.old.get(range.clone()).unwrap_or_default(),
            Part::New(bytes) => bytes,
        }
    }

    /// The bytes of the new file.
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| self.bytes(part).len()).sum()
    }

    /// Whether the new file is the old one.
    pub(super) fn is_old(&self) -> bool {
        match &self.parts[..] {
            [] => self.old.is_empty(),
            [Part::Old(range)] => *range == (0..self.old.len()),
            _ => false,
        }
    }

    /// The new file; `None` if it is the old one.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(super) fn finish(self) -> Result<Option<Vec<u8>>, Error> {
        if self.is_old() {
            return Ok(None);
        }
        let len = self.len();
        let mut file = Vec::new();
        file.try_reserve_exact(len)
            .map_err(|_| Error::OutOfMemory { bytes: len as u64 })?;
        for part in &self.parts {
            file.extend_from_slice(self.bytes(part));
        }
        Ok(Some(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_whole_is_the_old_file() {
        let old = b"0123456789";
        let mut pieces = Pieces::of(old);
        pieces.keep(0..4);
        pieces.put(b"45".as_slice(), 4..6);
        pieces.keep(6..99);
        assert!(pieces.is_old());
        assert_eq!(pieces.finish().ok(), Some(None));
        let mut pieces = Pieces::of(old);
        pieces.keep(0..2);
        pieces.put(b"xy".as_slice(), 2..4);
        pieces.keep(8..10);
        assert_eq!(pieces.len(), 6);
        assert_eq!(pieces.finish().ok(), Some(Some(b"01xy89".to_vec())));
        let mut cut = Pieces::of(old);
        cut.keep(0..9);
        assert_eq!(cut.finish().ok(), Some(Some(b"012345678".to_vec())));
    }
}
