//! Why a photo was not prepared.

use std::error::Error as StdError;
use std::{fmt, io};

use crate::Cancelled;
use crate::error::Error;

/// Why a photo of a pool or a batch was not prepared. What it prints has the source's name, and the cause's own text.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchError {
    /// The source's name.
    pub input: String,
    /// What went wrong.
    pub cause: Cause,
}

/// What went wrong with a photo.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// It could not be read: the system says why. Nothing is known of the photo itself, so try again once that is mended.
    Read(io::Error),
    /// It has more bytes than [`Options::max_memory`](crate::Options::max_memory): probably no photo, otherwise raise that
    /// limit.
    TooLarge {
        /// The bytes that it has, or that were read until it was too many.
        size: u64,
        /// The most bytes that are read.
        limit: u64,
    },
    /// It could not be prepared: see [`Error`], where each variant says what to do; with [`Error::Panicked`] also where
    /// the code around it panicked.
    Photo(Error),
}

// The texts hold those of the errors inside, as a list of failures prints one line each. So their sources are what those
// errors name as theirs: who prints the whole chain says nothing twice.

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.input, self.cause)
    }
}

impl StdError for BatchError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.source()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot read: {error}"),
            Self::TooLarge { size, limit } => {
                write!(f, "the file has {size} bytes or more; at most {limit} are read")
            }
            Self::Photo(error) => error.fmt(f),
        }
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Read(error) => error.source(),
            Self::TooLarge { .. } => None,
            Self::Photo(error) => error.source(),
        }
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<Cancelled> for Cause {
    fn from(error: Cancelled) -> Self {
        Self::Photo(error.into())
    }
}

impl From<Error> for Cause {
    fn from(error: Error) -> Self {
        Self::Photo(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the share is busy")]
    struct Busy(#[source] io::Error);

    #[test]
    fn the_chain_of_sources_is_whole_and_says_nothing_twice() {
        let inside = Busy(io::Error::other("disk on fire"));
        let error = BatchError {
            input: "a.jpg".to_owned(),
            cause: io::Error::other(inside).into(),
        };
        let mut texts = vec![error.to_string()];
        let mut source = error.source();
        while let Some(next) = source {
            texts.push(next.to_string());
            source = next.source();
        }
        assert_eq!(texts, ["a.jpg: cannot read: the share is busy", "disk on fire"]);
    }
}
