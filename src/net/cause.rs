//! What a failed request failed of: the typed errors of all clients are made of it.

use std::error::Error as StdError;
use std::io;

use super::public::{Refused, UnknownName};

/// What a failed request failed of.
pub(crate) enum Cause {
    /// The name leads to an address that nothing is fetched from. It stays so.
    Private {
        /// The host.
        host: String,
    },
    /// There is no such name. It stays so.
    UnknownHost {
        /// The host.
        host: String,
    },
    /// The host's certificate is not trusted. It stays so.
    Untrusted,
    /// It took too long to connect or to go on. It may pass.
    TimedOut,
    /// No connection could be made. It may pass.
    Connect,
    /// The connection broke. It may pass.
    Broken,
}

/// What `error` comes from.
pub(crate) fn cause(error: &reqwest::Error) -> Cause {
    if let Some(Refused { host }) = find(error) {
        return Cause::Private { host: host.clone() };
    }
    if let Some(UnknownName { host, .. }) = find(error) {
        return Cause::UnknownHost { host: host.clone() };
    }
    if let Some(rustls::Error::InvalidCertificate(_)) = find(error) {
        return Cause::Untrusted;
    }
    if error.is_timeout() {
        Cause::TimedOut
    } else if error.is_connect() {
        Cause::Connect
    } else {
        Cause::Broken
    }
}

/// The first error of this type below `error`, or itself.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error tells the source of what is in it, and not that itself.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
