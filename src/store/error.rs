//! Why an object was not read, written or listed.

use std::fmt;
use std::io;
use std::time::Duration;

pub use crate::net::BoxError;
use crate::net::FetchError;

/// Why an object was not read, written or listed. What may pass was tried again before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The address is none: its message says what would be.
    #[error("{uri:?} is not an object address: {why}")]
    Address {
        /// What was given, without a password.
        uri: String,
        /// What is wrong with it.
        why: String,
    },

    /// There is no such object, or no such bucket: look at the address. A prefix is named with a `/` at its end.
    #[error("{uri} does not exist{}", hint(uri))]
    NotFound {
        /// Which one.
        uri: String,
    },

    /// The service refuses the caller: check the credentials, and what they allow.
    #[error("{uri}: access is denied")]
    Denied {
        /// Which one.
        uri: String,
        /// What the service says.
        source: BoxError,
    },

    /// Web addresses are neither written nor listed: give the address in the storage.
    #[error("{uri} can only be read, as one object: s3, gs, az and file addresses can be written and listed")]
    ReadOnly {
        /// Which one.
        uri: String,
    },

    /// There is an object already, and it was not to be written over.
    #[error("{uri} exists already")]
    Exists {
        /// Which one.
        uri: String,
    },

    /// The object has more bytes than are read: raise the limit if it is a photo.
    #[error("{uri} has {}; at most {limit} are read", size.map_or("too many bytes".to_owned(), |size| format!("{size} bytes")))]
    TooLarge {
        /// Which one.
        uri: String,
        /// Its bytes, where that is known.
        size: Option<u64>,
        /// The most bytes that are read.
        limit: u64,
    },

    /// The service could not be reached, failed, or answered what was not expected, after all retries: try again later, and check
    /// region and endpoint.
    #[error("{uri} cannot be reached")]
    Unavailable {
        /// Which one.
        uri: String,
        /// What came last.
        source: BoxError,
    },

    /// The caller's token was cancelled while the object was read.
    #[error("{uri}: cancelled")]
    Cancelled {
        /// Which one.
        uri: String,
    },

    /// The time of the caller's token was over before the object was read: give it more, or look at what keeps the
    /// service.
    #[error("{uri} timed out")]
    TimedOut {
        /// Which one.
        uri: String,
    },

    /// The client could not be made: a setting is missing or wrong, or the system gives no thread.
    #[error("cannot set up {what}")]
    Setup {
        /// What: TLS, the runtime, or the client of a place.
        what: String,
        /// The reason.
        source: BoxError,
    },
}

/// Photos and lists have endings: what has none is likely to be a prefix.
fn hint(uri: &str) -> &'static str {
    let web = ["http://", "https://"].iter().any(|scheme| uri.starts_with(scheme));
    if web || uri.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        ""
    } else {
        "; for what is below it, end it with /"
    }
}

impl StoreError {
    /// A stable name for programs, in kebab case.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address { .. } => "bad-address",
            Self::NotFound { .. } => "not-found",
            Self::Denied { .. } => "denied",
            Self::ReadOnly { .. } => "read-only",
            Self::Exists { .. } => "exists",
            Self::TooLarge { .. } => "too-large",
            Self::Unavailable { .. } => "unavailable",
            Self::Cancelled { .. } => "cancelled",
            Self::TimedOut { .. } => "timed-out",
            Self::Setup { .. } => "setup",
        }
    }

    pub(super) fn address(uri: &str, why: String) -> Self {
        // A password in a URL is not repeated.
        let shown = match (uri.split_once("://"), uri.rsplit_once('@')) {
            (Some((scheme @ ("http" | "https"), _)), Some((_, host))) => format!("{scheme}://{host}"),
            _ => uri.to_owned(),
        };
        Self::Address { uri: shown, why }
    }

    pub(super) fn setup(what: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Setup {
            what: what.into(),
            source: source.into(),
        }
    }

    /// What the library below says about an object.
    pub(super) fn of_store(uri: &dyn fmt::Display, error: object_store::Error) -> Self {
        let uri = uri.to_string();
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound { uri },
            object_store::Error::InvalidPath { source } => Self::address(&uri, source.to_string()),
            object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. } => {
                Self::Exists { uri }
            }
            error @ (object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. }) => {
                let source = Said::boxed(&error);
                Self::Denied { uri, source }
            }
            error => {
                let source = Said::boxed(&error);
                match status(&error.to_string()) {
                    Some(401 | 403) => Self::Denied { uri, source },
                    Some(404) => Self::NotFound { uri },
                    _ => Self::Unavailable { uri, source },
                }
            }
        }
    }

    /// What the library below says about the part of an object of a certain version.
    pub(super) fn of_part(uri: &dyn fmt::Display, error: object_store::Error) -> Self {
        match error {
            object_store::Error::Precondition { .. } => Self::changed(uri),
            error => Self::of_store(uri, error),
        }
    }

    /// An object became another one while it was read.
    pub(super) fn changed(uri: &dyn fmt::Display) -> Self {
        Self::Unavailable {
            uri: uri.to_string(),
            source: Changed.into(),
        }
    }

    /// Whether a web address may be read a little later, and how long its server asks to wait before that. What broke off
    /// has no error of the client's below it, and may.
    pub(super) fn may_pass(&self) -> (bool, Option<Duration>) {
        match self {
            Self::Unavailable { source, .. } => match source.downcast_ref::<FetchError>() {
                Some(error) => (error.is_transient(), error.retry_after()),
                None => (!source.is::<Changed>(), None),
            },
            _ => (false, None),
        }
    }

    /// What was wrong with a web address.
    pub(super) fn of_web(uri: &dyn fmt::Display, error: FetchError) -> Self {
        let uri = uri.to_string();
        match error {
            FetchError::BadUrl { why } => Self::address(&uri, why),
            FetchError::Status {
                http_status: 404 | 410, ..
            } => Self::NotFound { uri },
            error @ (FetchError::Status {
                http_status: 401 | 403, ..
            }
            | FetchError::Private { .. }) => Self::Denied {
                uri,
                source: error.into(),
            },
            FetchError::TooLarge { limit } => Self::TooLarge { uri, size: None, limit },
            error => Self::Unavailable {
                uri,
                source: error.into(),
            },
        }
    }
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        let kind = match error {
            StoreError::Address { .. } => io::ErrorKind::InvalidInput,
            StoreError::NotFound { .. } => io::ErrorKind::NotFound,
            StoreError::Denied { .. } => io::ErrorKind::PermissionDenied,
            StoreError::ReadOnly { .. } => io::ErrorKind::ReadOnlyFilesystem,
            StoreError::Exists { .. } => io::ErrorKind::AlreadyExists,
            StoreError::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            StoreError::TimedOut { .. } => io::ErrorKind::TimedOut,
            StoreError::Cancelled { .. } | StoreError::Unavailable { .. } | StoreError::Setup { .. } => {
                io::ErrorKind::Other
            }
        };
        Self::new(kind, error)
    }
}

/// An object became another one between two parts of it.
#[derive(Debug, thiserror::Error)]
#[error("it was changed while it was read")]
struct Changed;

/// Whether a part was asked for of an object that has no bytes.
pub(super) fn is_empty(error: &object_store::Error) -> bool {
    status(&error.to_string()) == Some(416)
}

/// The HTTP status that an error of the library below tells of. Lists that are refused have no kind of their own there, and
/// the type that holds the status is private: its words are all that there is.
fn status(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// What a service said, on one line: they answer in XML of many.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

impl Said {
    /// More of an answer says nothing more to a reader.
    const LONGEST: usize = 500;

    fn boxed(error: &object_store::Error) -> BoxError {
        let text = error.to_string();
        let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = line.char_indices().nth(Self::LONGEST) {
            line.truncate(end);
            line.push_str("...");
        }
        Box::new(Self(line))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::super::uri::Uri;
    use super::*;

    fn said(text: String) -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: text.into(),
        }
    }

    #[test]
    fn what_a_service_says_becomes_one_short_line() {
        let uri = Uri::parse("s3://b/a").expect("an address");
        let error = StoreError::of_store(&uri, said("<Error>\n  <Code>é</Code>\n".to_owned() + &"x".repeat(2000)));
        assert_eq!(error.kind(), "unavailable");
        let source = error.source().expect("what was said").to_string();
        assert!(
            source.contains("<Error> <Code>é</Code> xx") && source.ends_with("..."),
            "{source}"
        );
        assert!(source.chars().count() < 510);
    }

    #[test]
    fn a_list_that_is_refused_is_told_from_one_that_failed() {
        let uri = Uri::parse("s3://b/").expect("an address");
        for (text, kind) in [
            ("returned non-2xx status code: 403 Forbidden: <Error>", "denied"),
            ("returned non-2xx status code: 404 Not Found: ", "not-found"),
            ("returned non-2xx status code: 503 X: status code: 403", "unavailable"),
            ("status code: ", "unavailable"),
        ] {
            assert_eq!(StoreError::of_store(&uri, said(text.to_owned())).kind(), kind, "{text}");
        }
    }

    #[test]
    fn statuses_of_web_servers_get_their_kinds() {
        let uri = Uri::parse("https://h/a").expect("an address");
        for (http_status, kind) in [
            (404, "not-found"),
            (403, "denied"),
            (503, "unavailable"),
            (400, "unavailable"),
        ] {
            let status = FetchError::Status {
                http_status,
                retry_after: None,
            };
            assert_eq!(StoreError::of_web(&uri, status).kind(), kind);
        }
    }
}
