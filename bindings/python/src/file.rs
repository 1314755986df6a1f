//! Files: read within the memory that is allowed, and written complete or not at all.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use photofit::place::{Existing, Mark, Writer};

use crate::error::Failure;

/// The bytes of a file that has at most `limit` of them. A pipe or a device may be one too.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let file = File::open(path).map_err(Failure::at(path))?;
    let expected = file.metadata().map_err(Failure::at(path))?.len();
    if expected > limit {
        return Err(Failure::TooLarge { size: expected, limit });
    }
    let mut bytes = Vec::new();
    let room = usize::try_from(expected).unwrap_or(usize::MAX);
    if bytes.try_reserve_exact(room).is_err() {
        return Err(photofit::Error::OutOfMemory { bytes: expected }.into());
    }
    // It may grow while it is read, and a pipe has no size: the limit holds for what comes.
    let most = limit.saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(Failure::at(path))?;
    let size = bytes.len() as u64;
    if size > limit {
        return Err(Failure::TooLarge { size, limit });
    }
    Ok(bytes)
}

/// Writes a file beside its place and renames it, so that nobody ever sees half of it. Its folder is made where it is
/// missing, and what stands in its place is replaced.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let writer = Writer::new(Mark::of_this_process());
    writer.write(path, bytes, Existing::Replace).map_err(Failure::at(path))
}
