//! What tells a photo from an earlier one of its name.

use std::fs::Metadata;
use std::time::SystemTime;

/// What tells a file or object from an earlier one of its name, without its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// Bytes; `None` if a service does not say it, and for a stream.
    pub size: Option<u64>,
    /// When a file was last changed; `None` for an object, whose entity tag says more, and where the system does not say it.
    pub modified: Option<SystemTime>,
    /// The entity tag of an object, which is another one when its bytes are; `None` for a file, and if a service has none.
    pub etag: Option<String>,
}

impl Version {
    /// That of a file.
    #[must_use]
    pub fn of_file(metadata: &Metadata) -> Self {
        Self {
            size: metadata.is_file().then_some(metadata.len()),
            // Not every system keeps it.
            modified: metadata.modified().ok(),
            etag: None,
        }
    }
}

#[cfg(feature = "object-store")]
impl From<crate::store::Object> for Version {
    fn from(object: crate::store::Object) -> Self {
        Self {
            size: object.size,
            modified: None,
            etag: object.etag,
        }
    }
}
