//! Why a photo could not be fetched, and whether trying again helps.

use std::time::Duration;

use super::BoxError;

/// Why a photo could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address is none that photos are fetched from: write a whole `http` or `https` URL.
    #[error("cannot fetch from this address: {why}")]
    BadUrl {
        /// What is wrong with it.
        why: String,
    },

    /// The address leads into a private network or to this machine. Make the `Fetcher` with `private` set if the list of
    /// addresses is trusted.
    #[error("{host} is a private or local address, from which nothing is fetched unless that is allowed")]
    Private {
        /// The host.
        host: String,
    },

    /// More redirects than are followed: a page that wants a login, most often. Give the photo's own address.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// How many are followed.
        limit: usize,
    },

    /// The server answers with something else than a photo: 404 wants another address, 401 and 403 a public one, 5xx time.
    #[error("the server answers HTTP {http_status}")]
    Status {
        /// The HTTP status.
        http_status: u16,
        /// How long the server asks to wait before the next attempt, if it does.
        retry_after: Option<Duration>,
    },

    /// The file is larger than allowed: raise the `Fetcher`'s limit if it is a photo.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The most bytes allowed.
        limit: u64,
    },

    /// It took longer than allowed: try again, or give the `Fetcher` more time.
    #[error("it takes longer than {} s", limit.as_secs())]
    TimedOut {
        /// The longest time allowed.
        limit: Duration,
    },

    /// There is no such host: check the address for misprints.
    #[error("there is no host {host}")]
    UnknownHost {
        /// The host.
        host: String,
    },

    /// The host cannot show a certificate that this machine trusts for its name: an intercepting proxy whose authority is not
    /// installed, a wrong host, or a clock that is wrong.
    #[error("the host's certificate is not trusted")]
    Untrusted {
        /// The library's own words.
        source: BoxError,
    },

    /// The fetcher could not be made: certificates that are none, or a system without any.
    #[cfg(feature = "upload")]
    #[error("cannot set up the HTTP client")]
    Setup {
        /// The reason.
        source: BoxError,
    },

    /// The connection could not be made, or broke: check the address and the network, and try again.
    #[error("cannot fetch")]
    Broken {
        /// The library's own words.
        source: BoxError,
    },
}

impl FetchError {
    /// Whether the same request may succeed a little later: time-outs, broken connections, and HTTP 408, 425, 429 and 5xx.
    /// It was tried again before it was returned.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { http_status, .. } => super::retry::is_transient(*http_status),
            Self::TimedOut { .. } | Self::Broken { .. } => true,
            Self::BadUrl { .. }
            | Self::Private { .. }
            | Self::TooManyRedirects { .. }
            | Self::TooLarge { .. }
            | Self::UnknownHost { .. }
            | Self::Untrusted { .. } => false,
            #[cfg(feature = "upload")]
            Self::Setup { .. } => false,
        }
    }

    /// How long the server asks to wait before the next attempt, if it does.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
