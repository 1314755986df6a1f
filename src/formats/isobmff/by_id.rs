//! Lists of a file by the numbers of its items: looked up, never searched.

use super::limits::{MAX_ENTRIES, too_many};
use crate::error::Error;

/// Values by the number of their item; of several for one item the first counts.
pub(super) struct ById<T>(Vec<(u32, T)>);

impl<T> Default for ById<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ById<T> {
    pub(super) fn push(&mut self, id: u32, value: T, what: &str) -> Result<(), Error> {
        if self.0.len() >= MAX_ENTRIES {
            return Err(too_many(what));
        }
        self.0.push((id, value));
        Ok(())
    }

    /// Bytes of the list.
    pub(super) fn memory(&self) -> usize {
        self.0.capacity() * size_of::<(u32, T)>()
    }

    /// Called once, when all are there.
    pub(super) fn sort(&mut self) {
        self.0.sort_by_key(|(id, _)| *id);
        self.0.dedup_by_key(|(id, _)| *id);
    }

    pub(super) fn get(&self, id: u32) -> Option<&T> {
        Some(&self.0[self.place(id)?].1)
    }

    /// Where the value of an item stands among all.
    pub(super) fn place(&self, id: u32) -> Option<usize> {
        self.0.binary_search_by_key(&id, |(id, _)| *id).ok()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, (u32, T)> {
        self.0.iter()
    }
}
