//! Photos from web addresses, for the upload.

use std::time::Duration;

use super::error::BuildError;
use crate::net::Fetcher;

impl Fetcher {
    /// A fetcher of photos of at most `max_bytes` bytes, each within `timeout`, redirects included. `private` allows
    /// private and local addresses.
    ///
    /// # Errors
    /// [`BuildError`] if the HTTP client cannot be set up.
    pub fn new(max_bytes: u64, timeout: Duration, private: bool) -> Result<Self, BuildError> {
        Self::set_up(max_bytes, timeout, private).map_err(|source| BuildError::Setup {
            what: "the HTTP client",
            source,
        })
    }
}
