//! What is known of an object, and what is in it.

use object_store::ObjectMeta;

use super::uri::Uri;
use crate::net::Incoming;

/// What is known of an object without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// Its address.
    pub uri: Uri,
    /// Its size in bytes; `None` if the service does not say it.
    pub size: Option<u64>,
    /// Its entity tag, which is another one when its bytes are: `None` if the service has none.
    pub etag: Option<String>,
}

impl Object {
    /// An object of which nothing is known but its address.
    #[must_use]
    pub fn new(uri: Uri) -> Self {
        Self {
            uri,
            size: None,
            etag: None,
        }
    }

    pub(super) fn of_store(uri: &Uri, meta: ObjectMeta) -> Self {
        Self {
            uri: uri.clone(),
            size: Some(meta.size),
            etag: meta.e_tag,
        }
    }

    pub(super) fn of_web(uri: &Uri, incoming: &Incoming) -> Self {
        Self {
            uri: uri.clone(),
            size: incoming.size(),
            etag: incoming.etag().map(str::to_owned),
        }
    }
}

/// An object with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contents {
    /// What was read, as it was then.
    pub object: Object,
    /// Its bytes.
    pub bytes: Vec<u8>,
}
