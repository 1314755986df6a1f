//! Why a photo was not stored, or is not known to be.

use std::error::Error as StdError;
use std::time::Duration;

use super::answer::{ApiError, NoAnswer, Unread};
use super::code::Scope;
pub use crate::net::BoxError;

/// An error with its sources, joined by colons; what repeats its source does not say it twice.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

/// A setting that cannot be used: what was given and what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} is not valid: {accepted}")]
#[non_exhaustive]
pub struct InvalidSetting {
    /// Which setting.
    pub what: &'static str,
    /// What was given; never a secret.
    pub value: String,
    /// What would be accepted.
    pub accepted: String,
}

impl InvalidSetting {
    pub(super) fn new(what: &'static str, value: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self {
            what,
            value: value.into(),
            accepted: accepted.into(),
        }
    }
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting cannot be used: its message says what would be.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),

    /// No credentials were given: see [`ClientBuilder::credentials`](super::ClientBuilder::credentials).
    #[error("no credentials: an access token, or a refresh token with client id and secret is needed")]
    NoCredentials,

    /// A credential is empty, or has characters that no token has: look for a line break or quotes that were copied along.
    #[error("the {what} is empty or has characters that cannot be sent")]
    MalformedSecret {
        /// Which one.
        what: &'static str,
    },

    /// TLS, the HTTP client or the runtime could not be set up: certificates that cannot be read, or a machine without
    /// threads to give.
    #[error("cannot set up {what}")]
    Setup {
        /// What.
        what: &'static str,
        /// The library's own words.
        source: BoxError,
    },
}

/// Why no access token could be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The accounts server refuses: `invalid_code`, `invalid_client` and the like. Make a new refresh token, or check the
    /// client's id, its secret and the data centre.
    #[error(
        "the accounts server refuses a new access token: {error}; make a new refresh token, or check client id, secret \
         and data centre"
    )]
    Refused {
        /// What the server calls it, with its description.
        error: String,
    },

    /// As many access tokens were asked for as the service gives in ten minutes. Wait that long, and use one client for
    /// all photos.
    #[error("{limit} access tokens were requested in ten minutes, the service's limit: try again later")]
    TooMany {
        /// How many there are in ten minutes.
        limit: usize,
    },

    /// The accounts server could not be reached, or did not answer as documented, however often it was asked. Check the
    /// network and the data centre, and go on later.
    #[error("no access token after {attempts} attempts: {last}")]
    Unavailable {
        /// How often it was asked.
        attempts: u32,
        /// What came last.
        last: String,
    },
}

/// What went wrong. What [may pass](Self::is_retryable) was tried again before a client returned it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The service says so: [`ApiError`]'s message ends with what to do about its code.
    #[error(transparent)]
    Api(Box<ApiError>),

    /// The answer is no JSON: a proxy's page, say. Check the API's URL and what stands between.
    #[error("the answer (HTTP {http_status}) is not JSON: {start:?}")]
    NotJson {
        /// The HTTP status.
        http_status: u16,
        /// The first part of the body.
        start: String,
    },

    /// The answer ends early. The photo may be stored all the same: sent again, it arrives twice.
    #[error("the answer (HTTP {http_status}) is cut short: {start:?}")]
    Truncated {
        /// The HTTP status.
        http_status: u16,
        /// The first part of the body.
        start: String,
    },

    /// The answer is JSON, but not an answer of the service. Check the API's URL and version.
    #[error("the answer (HTTP {http_status}) has an unknown shape: {start:?}")]
    WrongShape {
        /// The HTTP status.
        http_status: u16,
        /// The first part of the body.
        start: String,
    },

    /// The answer is far longer than any answer of the service. Check the API's URL.
    #[error("the answer (HTTP {http_status}) has more than {limit} bytes")]
    TooLong {
        /// The HTTP status.
        http_status: u16,
        /// How much is read, in bytes.
        limit: usize,
    },

    /// No connection could be made: name, address, TLS. Check the network, the proxy and the host's name.
    #[error("cannot connect")]
    Connect {
        /// The library's own words.
        source: BoxError,
    },

    /// There is no such host: check the API's URL, or the data centre. Trying again does not help.
    #[error("there is no host {host}")]
    UnknownHost {
        /// The host.
        host: String,
    },

    /// The host cannot show a certificate that this machine trusts for its name: an intercepting proxy whose authority is
    /// not installed, a wrong host, or a clock that is wrong. Trying again does not help.
    #[error(
        "the host's certificate is not trusted: install the proxy's authority, or check the host name and the clock"
    )]
    Untrusted {
        /// The library's own words.
        source: BoxError,
    },

    /// The connection broke. The photo may be stored all the same: sent again, it arrives twice.
    #[error("the connection broke")]
    Broken {
        /// The library's own words.
        source: BoxError,
    },

    /// Nothing moved for too long, or the request took too long altogether. On a slow line, allow more with
    /// [`ClientBuilder::timeouts`](super::ClientBuilder::timeouts), or lower its concurrency.
    #[error("timed out: {what}")]
    TimedOut {
        /// Which time-out it was.
        what: &'static str,
    },

    /// There is no access token: see [`TokenError`].
    #[error(transparent)]
    Token(TokenError),

    /// [`Client::stop`](super::Client::stop) was called before the request was sent. Nothing was stored.
    #[error("stopped before the photo was sent")]
    Stopped,
}

impl From<NoAnswer> for Failure {
    fn from(
        NoAnswer {
            why,
            http_status,
            start,
        }: NoAnswer,
    ) -> Self {
        match why {
            Unread::Truncated => Self::Truncated { http_status, start },
            Unread::NotJson => Self::NotJson { http_status, start },
            Unread::WrongShape => Self::WrongShape { http_status, start },
        }
    }
}

impl Failure {
    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Api(error) => error.is_retryable(),
            Self::Truncated { .. } | Self::Connect { .. } | Self::Broken { .. } | Self::TimedOut { .. } => true,
            Self::NotJson { http_status, .. }
            | Self::WrongShape { http_status, .. }
            | Self::TooLong { http_status, .. } => crate::net::retry::is_transient(*http_status),
            Self::Token(_) | Self::UnknownHost { .. } | Self::Untrusted { .. } | Self::Stopped => false,
        }
    }

    /// What it concerns.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Self::Api(error) => error.scope(),
            // Without a token, a connection or credits the next photo fares no better.
            Self::Token(_)
            | Self::Connect { .. }
            | Self::UnknownHost { .. }
            | Self::Untrusted { .. }
            | Self::Stopped => Scope::Everything,
            _ if self.http_status() == Some(429) => Scope::Everything,
            _ => Scope::Record,
        }
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Self::Api(error) => Some(error.http_status()),
            Self::NotJson { http_status, .. }
            | Self::Truncated { http_status, .. }
            | Self::WrongShape { http_status, .. }
            | Self::TooLong { http_status, .. } => Some(*http_status),
            _ => None,
        }
    }

    /// A stable name in kebab case: `api`, `not-json`, `truncated`, `wrong-shape`, `too-long`, `connect`,
    /// `untrusted`, `broken`, `timed-out`, `token`, `stopped`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Api(_) => "api",
            Self::NotJson { .. } => "not-json",
            Self::Truncated { .. } => "truncated",
            Self::WrongShape { .. } => "wrong-shape",
            Self::TooLong { .. } => "too-long",
            Self::Connect { .. } => "connect",
            Self::UnknownHost { .. } => "unknown-host",
            Self::Untrusted { .. } => "untrusted",
            Self::Broken { .. } => "broken",
            Self::TimedOut { .. } => "timed-out",
            Self::Token(_) => "token",
            Self::Stopped => "stopped",
        }
    }
}

/// Why a photo was not stored, or is not known to be: the last failure, after every attempt that was worth making.
#[derive(Debug)]
pub struct UploadError {
    pub(super) failure: Failure,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
}

impl UploadError {
    /// What went wrong at the last attempt.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    /// The service's own answer, if that is what went wrong.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match &self.failure {
            Failure::Api(error) => Some(error),
            _ => None,
        }
    }

    /// How many requests were sent; 0 if none was.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The time it took, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.failure, Failure::Stopped)
    }

    /// What the error concerns: after one that concerns everything, other uploads would fail as well.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.failure.scope()
    }

    /// Whether it may go better later, though not right now: every attempt that was worth making has been made.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.failure.is_retryable()
    }

    /// Whether the service refused the caller, and not the photo: scope, permission or token.
    #[must_use]
    pub fn is_authorization(&self) -> bool {
        match &self.failure {
            Failure::Api(error) => error.code().is_authorization(),
            Failure::Token(TokenError::Refused { .. }) => true,
            _ => false,
        }
    }
}

impl std::fmt::Display for UploadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.failure, f)?;
        match self.attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, " (after {attempts} attempts)"),
        }
    }
}

impl StdError for UploadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.failure.source()
    }
}
