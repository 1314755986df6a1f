//! Text that is never shown.

use std::fmt;

/// A token or password: whatever is printed about it, its text is not.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret with white space at both ends taken off, as files and shells leave line ends behind.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text itself, for the request that needs it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it can be sent in a header: not empty, visible ASCII only.
    pub(super) fn is_sendable(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|b| b.is_ascii_graphic())
    }

    /// `text` with every occurrence of the secret taken out: a server may repeat what it was sent.
    pub(super) fn redact(&self, text: &str) -> String {
        if self.0.is_empty() {
            text.to_owned()
        } else {
            text.replace(&self.0, "[secret]")
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown_and_taken_out_of_other_text() {
        let secret = Secret::new(" 1000.abc\n");
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(secret.redact("bad token 1000.abc!"), "bad token [secret]!");
        assert_eq!(Secret::new("").redact("left alone"), "left alone");
        assert!(secret.is_sendable() && !Secret::new("a\u{e4}").is_sendable() && !Secret::new("").is_sendable());
    }
}
