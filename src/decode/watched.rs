//! A file in memory that cannot be read any further once its reader is cancelled.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use crate::cancel::CancelToken;

/// For decoders that read as they go.
pub(super) struct Watched<'a> {
    bytes: Cursor<&'a [u8]>,
    cancel: &'a CancelToken,
}

impl<'a> Watched<'a> {
    pub(super) fn new(bytes: &'a [u8], cancel: &'a CancelToken) -> Self {
        Self {
            bytes: Cursor::new(bytes),
            cancel,
        }
    }

    fn check(&self) -> io::Result<()> {
        self.cancel.check().map_err(io::Error::other)
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.bytes.read(buffer)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.bytes.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}
