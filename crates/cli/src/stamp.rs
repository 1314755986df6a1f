//! What a journal notes of a photo, and whether the photo is still that one: one rule for all journals.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use photofit::place::{Place, Version, file};
use serde::{Deserialize, Serialize};

/// What tells a photo from another one of its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// Bytes.
    pub(super) size: u64,
    /// The time of change in nanoseconds since 1970; 0 where there is none.
    pub(super) mtime: i128,
    /// The BLAKE3 hash in hexadecimal.
    pub(super) hash: String,
    /// The entity tag of an object, which has no time of change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
}

/// What has become of a photo since it was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the same one.
    Same,
    /// It is another one.
    Changed,
    /// There is none any more.
    Gone,
    /// It cannot be told: a file that cannot be read, an object of the same size without an entity tag.
    Unknown,
}

/// The BLAKE3 hash in hexadecimal.
pub(super) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Nanoseconds since 1970; 0 where the system has no such time.
fn nanoseconds(changed: Option<SystemTime>) -> i128 {
    let count = |d: std::time::Duration| i128::try_from(d.as_nanos()).unwrap_or(i128::MAX);
    changed.map_or(0, |time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => count(after),
        Err(before) => -count(before.duration()),
    })
}

impl Stamp {
    /// That of the version that was read, with its bytes.
    pub(super) fn of(version: &Version, bytes: &[u8]) -> Self {
        Self::of_hash(version, bytes.len() as u64, hash(bytes))
    }

    /// The same with the size and the hash of its bytes.
    pub(super) fn of_hash(version: &Version, size: u64, hash: String) -> Self {
        Self {
            size,
            mtime: nanoseconds(version.modified),
            hash,
            etag: version.etag.clone(),
        }
    }

    /// What has become of the photo at `place`. A file is read only where its time of change is another one.
    ///
    /// # Errors
    /// The service's, but for that there is no such object.
    pub(super) fn compare(&self, place: &Place) -> io::Result<Standing> {
        if let Some(path) = place.path() {
            return Ok(self.compare_file(path));
        }
        if !place.is_remote() {
            return Ok(Standing::Unknown);
        }
        let version = match place.version() {
            Ok(version) => version,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Standing::Gone),
            Err(error) => return Err(error),
        };
        Ok(match (&self.etag, &version.etag) {
            _ if version.size.is_some_and(|size| size != self.size) => Standing::Changed,
            (Some(one), Some(other)) if one == other => Standing::Same,
            (Some(_), Some(_)) => Standing::Changed,
            _ => Standing::Unknown,
        })
    }

    fn compare_file(&self, path: &Path) -> Standing {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Standing::Gone,
            Err(_) => return Standing::Unknown,
        };
        if !metadata.is_file() || metadata.len() != self.size {
            return Standing::Changed;
        }
        if nanoseconds(Version::of_file(&metadata).modified) == self.mtime {
            return Standing::Same;
        }
        match file::read_regular(path, self.size) {
            Ok(bytes) if hash(&bytes) == self.hash => Standing::Same,
            Ok(_) => Standing::Changed,
            Err(_) => Standing::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_by_its_time_or_its_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jpg");
        fs::write(&path, b"one").expect("written");
        let place = Place::Path(path.clone());
        let (bytes, version) = place.read(10).expect("readable");
        let stamp = Stamp::of(&version, &bytes);
        let compare = |stamp: &Stamp| stamp.compare(&place).expect("a file");
        assert_eq!(compare(&stamp), Standing::Same);
        let later = Stamp {
            mtime: stamp.mtime + 1,
            ..stamp.clone()
        };
        assert_eq!(compare(&later), Standing::Same, "by its bytes");
        fs::write(&path, b"two").expect("written");
        assert_eq!(compare(&later), Standing::Changed);
        fs::write(&path, b"three").expect("written");
        assert_eq!(compare(&stamp), Standing::Changed);
        fs::remove_file(&path).expect("removed");
        assert_eq!(compare(&stamp), Standing::Gone);
        assert_eq!(stamp.compare(&Place::Stdin).expect("no request"), Standing::Unknown);
    }

    #[test]
    fn stamps_are_written_as_they_were() {
        let text = r#"{"size":3,"mtime":1790000000000000000,"hash":"ab"}"#;
        let stamp: Stamp = serde_json::from_str(text).expect("a stamp");
        assert_eq!((stamp.size, stamp.mtime), (3, 1_790_000_000_000_000_000));
        assert_eq!(serde_json::to_string(&stamp).expect("JSON"), text);
    }
}
