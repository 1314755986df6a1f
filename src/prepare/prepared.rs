//! A photo that conforms: what the road returns.

use std::borrow::Cow;

use crate::report::Report;

/// A photo that conforms, with the report of how it came to.
#[derive(Clone, Debug)]
pub struct Prepared<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) report: Report,
}

impl Prepared<'_> {
    /// The file: the source's own bytes where nothing had to be done.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was done.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The file, owned; copies it only where it is the source's.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_owned()
    }

    /// The same, independent of the source's lifetime.
    #[must_use]
    pub fn into_owned(self) -> Prepared<'static> {
        Prepared {
            bytes: Cow::Owned(self.bytes.into_owned()),
            report: self.report,
        }
    }
}
