//! An option that cannot be.

/// An option's value that is not possible; the message says what is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option} cannot be {value}: {accepted}")]
#[non_exhaustive]
pub struct InvalidOption {
    /// The option, by its name on the command line.
    pub option: &'static str,
    /// The value that was given.
    pub value: String,
    /// What would have been accepted.
    pub accepted: String,
}

impl InvalidOption {
    pub(crate) fn new(option: &'static str, value: impl ToString, accepted: impl Into<String>) -> Self {
        Self {
            option,
            value: value.to_string(),
            accepted: accepted.into(),
        }
    }
}
