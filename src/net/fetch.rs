//! Photos from web addresses: no more bytes and time than allowed.

use std::time::Duration;

use reqwest::Method;
use tokio::time::{self, Instant};

use super::error::FetchError;
use super::web::Retries;
use super::{BoxError, Connections, Web};

/// How often what may pass is tried again.
const RETRIES: u32 = 4;

/// An answer may keep its reader waiting for one part of so many of the whole time, so that there is time for another one.
const IDLE_PART: u32 = 4;

/// Fetches photos from `http` and `https` addresses.
///
/// By default from public addresses alone: private, loopback, link-local and otherwise special ones are refused, whether
/// the URL names them, a name resolves to them, or a redirect leads there. What was checked is what is connected to, but for
/// names that a proxy looks up.
///
/// What may pass is tried again up to four times, after as long as the server asks (`Retry-After`) or after waits that
/// grow: time-outs, broken connections, and HTTP 408, 425, 429 and 5xx. Everything else fails at once.
#[derive(Clone, Debug)]
pub struct Fetcher {
    web: Web,
    max_bytes: u64,
    timeout: Duration,
}

/// What a [`Fetcher`] is made with.
#[derive(Clone, Debug)]
pub struct FetcherBuilder {
    max_bytes: u64,
    timeout: Duration,
    private: bool,
    environment_proxy: bool,
    roots: Option<Vec<u8>>,
}

impl FetcherBuilder {
    /// Sets the most bytes of a photo (default: 100 MB).
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets the longest time for a photo, with redirects and all attempts (default: 60 seconds). An answer that keeps its
    /// reader waiting for a quarter of it is given up, and asked for again.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Allows private and local addresses (default: no, as a list of addresses may be somebody else's).
    #[must_use]
    pub fn private_urls(mut self, allowed: bool) -> Self {
        self.private = allowed;
        self
    }

    /// Uses the proxies that the environment names, `HTTPS_PROXY` and the like, but for the hosts of `NO_PROXY` (default:
    /// no, as a library does not read the environment unasked). A proxy looks names up itself: which of them are private is
    /// checked only as far as they are known here.
    #[must_use]
    pub fn environment_proxy(mut self, used: bool) -> Self {
        self.environment_proxy = used;
        self
    }

    /// Trusts certificates in PEM form beside the system's (default: none).
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Makes the fetcher. No connection is made yet.
    ///
    /// # Errors
    /// [`FetchError::Setup`] for certificates that are none, and if the HTTP client cannot be set up.
    pub fn build(self) -> Result<Fetcher, FetchError> {
        let setup = |source: BoxError| FetchError::Setup { source };
        let roots = self.roots.as_deref().map_or(Ok(Vec::new()), super::certificates);
        let connections = Connections {
            tls: true,
            roots: roots.map_err(|why| setup(format!("the root certificates: {why}").into()))?,
            environment_proxy: self.environment_proxy,
            private: self.private,
        };
        Ok(Fetcher {
            web: Web::new(&connections, self.timeout / IDLE_PART).map_err(setup)?,
            max_bytes: self.max_bytes,
            timeout: self.timeout,
        })
    }
}

impl Fetcher {
    /// What a fetcher is made with.
    #[must_use]
    pub fn builder() -> FetcherBuilder {
        FetcherBuilder {
            max_bytes: 100_000_000,
            timeout: Duration::from_secs(60),
            private: false,
            environment_proxy: false,
            roots: None,
        }
    }

    /// A fetcher of photos of at most `max_bytes` bytes, each within `timeout`, redirects and all attempts included.
    /// `private` allows private and local addresses.
    ///
    /// # Errors
    /// [`FetchError::Setup`] if the HTTP client cannot be set up.
    pub fn new(max_bytes: u64, timeout: Duration, private: bool) -> Result<Self, FetchError> {
        let builder = Self::builder().max_bytes(max_bytes).timeout(timeout);
        builder.private_urls(private).build()
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
    /// Every [`FetchError`] but [`FetchError::Setup`]; of what may pass the last one.
    pub async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let deadline = Instant::now() + self.timeout;
        let mut retries = Retries::new(RETRIES, self.timeout);
        loop {
            let limit = self.timeout;
            let once = time::timeout_at(deadline, self.once(url)).await;
            let error = match once.unwrap_or(Err(FetchError::TimedOut { limit })) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => error,
            };
            if !retries.wait(error.is_transient(), error.retry_after()).await {
                return Err(error);
            }
        }
    }

    async fn once(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let mut incoming = self.web.open(Method::GET, url, None, self.max_bytes).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = incoming.chunk().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}
