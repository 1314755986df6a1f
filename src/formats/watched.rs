//! A file in memory that cannot be read any further once its reader is cancelled.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use crate::CancelToken;

/// Reads between two looks at the token: some decoders read byte by byte.
const INTERVAL: u8 = 64;

/// For decoders that read as they go.
pub(super) struct Watched<'a> {
    bytes: Cursor<&'a [u8]>,
    cancel: &'a CancelToken,
    /// Reads since the last look.
    reads: u8,
}

impl<'a> Watched<'a> {
    pub(super) fn new(bytes: &'a [u8], cancel: &'a CancelToken) -> Self {
        Self {
            bytes: Cursor::new(bytes),
            cancel,
            reads: 0,
        }
    }

    fn check(&mut self) -> io::Result<()> {
        self.reads = (self.reads + 1) % INTERVAL;
        if self.reads == 1 {
            self.cancel.check().map_err(io::Error::other)?;
        }
        Ok(())
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
        // Strips, scans and frames begin with it.
        self.reads = 0;
        self.check()?;
        self.bytes.seek(to)
    }
}
