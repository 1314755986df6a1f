//! Objects of the command line: what it reads from object storage and writes to it. The one place that knows the
//! feature: without it there is no object, and what is called by such an address is refused.

#[cfg(not(feature = "object-store"))]
mod absent;
#[cfg(feature = "object-store")]
mod present;

#[cfg(not(feature = "object-store"))]
pub(super) use absent::{Fetch, Spot, Storage, version_of};
#[cfg(feature = "object-store")]
pub(super) use photofit::store::Fetch;
#[cfg(feature = "object-store")]
pub(super) use present::{Spot, Storage, version_of};

use std::path::PathBuf;

/// What an argument names.
#[cfg_attr(
    not(feature = "object-store"),
    allow(dead_code, reason = "nothing names an object there")
)]
#[derive(Debug)]
pub(super) enum Named {
    /// A file or folder.
    Path(PathBuf),
    /// One object.
    Object(Spot),
    /// All objects below a prefix.
    Prefix(Spot),
}

/// What tells an object from an earlier one of its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    /// Bytes; `None` if the service does not say it.
    pub(super) size: Option<u64>,
    /// The entity tag; `None` if the service has none.
    pub(super) etag: Option<String>,
}
