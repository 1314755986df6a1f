//! Photos from web addresses, for the upload: no more bytes and time than allowed.

use std::time::Duration;

use reqwest::Method;
use tokio::time;

use super::error::BuildError;
use crate::net::{FetchError, Web};

/// Fetches photos from `http` and `https` addresses.
///
/// By default from public addresses alone: private, loopback, link-local and otherwise special ones are refused, whether
/// the URL names them, a name resolves to them, or a redirect leads there. What was checked is what is connected to. No
/// proxy is used, as it would resolve names itself.
#[derive(Clone, Debug)]
pub struct Fetcher {
    web: Web,
    max_bytes: u64,
    timeout: Duration,
}

impl Fetcher {
    /// A fetcher of photos of at most `max_bytes` bytes, each within `timeout`, redirects included. `private` allows
    /// private and local addresses.
    ///
    /// # Errors
    /// [`BuildError`] if the HTTP client cannot be set up.
    pub fn new(max_bytes: u64, timeout: Duration, private: bool) -> Result<Self, BuildError> {
        let web = Web::new(timeout, private).map_err(|source| BuildError::Setup {
            what: "the HTTP client",
            source,
        })?;
        Ok(Self {
            web,
            max_bytes,
            timeout,
        })
    }

    /// Says without any connection what can be said against an address.
    ///
    /// # Errors
    /// [`FetchError::BadUrl`] and [`FetchError::Private`].
    pub fn check(&self, url: &str) -> Result<(), FetchError> {
        self.web.check(url)
    }

    /// The bytes behind `url`. Whether they are a photo is not looked at.
    ///
    /// # Errors
    /// Every [`FetchError`].
    pub async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let limit = self.timeout;
        let read = async {
            let mut incoming = self.web.open(Method::GET, url, self.max_bytes).await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = incoming.chunk().await? {
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        time::timeout(limit, read)
            .await
            .unwrap_or(Err(FetchError::TimedOut { limit }))
    }
}
