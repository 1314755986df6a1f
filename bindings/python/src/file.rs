//! Files: read within the memory that is allowed, and written complete or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::Failure;

/// What the names of unfinished files begin with.
const PREFIX: &str = ".photofit-";

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
    write_beside(path, bytes).map_err(Failure::at(path))
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(".tmp");
    // What any new file gets: the system takes the umask off.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
