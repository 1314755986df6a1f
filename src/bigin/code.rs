//! The codes that the service answers with, and what each calls for.

use std::fmt;

/// The code of an answer. Every code of the documentation, and whatever else comes as it came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The module is wrong, or takes no photos.
    InvalidModule,
    /// The URL is wrong.
    InvalidUrlPattern,
    /// The token lacks the scope.
    OauthScopeMismatch,
    /// The user may not upload photos.
    NoPermission,
    /// The user's privileges do not allow it.
    AuthorizationFailed,
    /// The server failed.
    InternalError,
    /// The HTTP method is wrong.
    InvalidRequestMethod,
    /// The record's id is wrong, or the type of the file.
    InvalidData,
    /// More than 10 MB or more than 10 MP.
    FileSizeMoreThanAllowedSize,
    /// The access token has expired or belongs to another data centre.
    InvalidToken,
    /// Credits or concurrency are used up.
    TooManyRequests,
    /// Somebody holds the record.
    RecordLocked,
    /// The request is not a multipart form.
    InvalidRequest,
    /// The body is larger than the service reads.
    BodySizeReached,
    /// Any other code, as it came.
    Other(String),
}

/// What an error concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// This photo: another one may do.
    Photo,
    /// This record: other records may do.
    Record,
    /// Everything: no other upload would fare better.
    Everything,
}

impl Scope {
    /// Its name: `photo`, `record` or `everything`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Record => "record",
            Self::Everything => "everything",
        }
    }
}

const FORBIDDEN: &str = "the user lacks the permission to upload photos: ask the administrator of the account for it";
const TOO_LARGE: &str = "the photo exceeds 10 MB or 10 MP: prepare it again with tighter limits";
const A_DEFECT: &str = "the request was not built as the service wants it: check the URLs, and report it as a defect";

/// One row: the code, its name, whether it is retried, what it concerns, and what to do.
type Row = (ErrorCode, &'static str, bool, Scope, &'static str);

const ROWS: [Row; 14] = [
    (
        ErrorCode::InvalidModule,
        "INVALID_MODULE",
        false,
        Scope::Record,
        "the module takes no photos or is misspelt: use Contacts, Companies or Products",
    ),
    (
        ErrorCode::InvalidUrlPattern,
        "INVALID_URL_PATTERN",
        false,
        Scope::Everything,
        "the URL is wrong: check the API's URL and version",
    ),
    (
        ErrorCode::OauthScopeMismatch,
        "OAUTH_SCOPE_MISMATCH",
        false,
        Scope::Everything,
        "the token lacks the scope: make one with ZohoBigin.modules.ALL, or ZohoBigin.modules.{module}.CREATE",
    ),
    (
        ErrorCode::NoPermission,
        "NO_PERMISSION",
        false,
        Scope::Everything,
        FORBIDDEN,
    ),
    (
        ErrorCode::AuthorizationFailed,
        "AUTHORIZATION_FAILED",
        false,
        Scope::Everything,
        FORBIDDEN,
    ),
    (
        ErrorCode::InternalError,
        "INTERNAL_ERROR",
        true,
        Scope::Record,
        "the service failed: try again later, and ask its support if it stays",
    ),
    (
        ErrorCode::InvalidRequestMethod,
        "INVALID_REQUEST_METHOD",
        false,
        Scope::Everything,
        A_DEFECT,
    ),
    (
        ErrorCode::InvalidData,
        "INVALID_DATA",
        false,
        Scope::Record,
        "the record does not exist, or the file is of a type that is not taken: check the record's id",
    ),
    (
        ErrorCode::FileSizeMoreThanAllowedSize,
        "FILE_SIZE_MORE_THAN_ALLOWED_SIZE",
        false,
        Scope::Photo,
        TOO_LARGE,
    ),
    (
        ErrorCode::InvalidToken,
        "INVALID_TOKEN",
        false,
        Scope::Everything,
        "the access token has expired or belongs to another data centre: make a new one, or name the data centre",
    ),
    (
        ErrorCode::TooManyRequests,
        "TOO_MANY_REQUESTS",
        true,
        Scope::Everything,
        "the account's credits or concurrent requests are used up: go on later, or with less concurrency",
    ),
    (
        ErrorCode::RecordLocked,
        "RECORD_LOCKED",
        false,
        Scope::Record,
        "somebody holds the record: try again later",
    ),
    (
        ErrorCode::InvalidRequest,
        "INVALID_REQUEST",
        false,
        Scope::Everything,
        A_DEFECT,
    ),
    (
        ErrorCode::BodySizeReached,
        "BODY_SIZE_REACHED",
        false,
        Scope::Photo,
        TOO_LARGE,
    ),
];

impl ErrorCode {
    /// Every code that is known, in the order of the service's documentation.
    pub fn known() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.0.clone())
    }

    /// The code as the service writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match (self, self.row()) {
            (Self::Other(code), _) => code,
            (_, Some(row)) => row.1,
            _ => "",
        }
    }

    /// Whether the same request may succeed a little later. An unknown code is not retried, unless it came with an HTTP
    /// status of the server's failures.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.row().is_some_and(|row| row.2)
    }

    /// What the error concerns; of an unknown code this record alone.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.row().map_or(Scope::Record, |row| row.3)
    }

    /// What to do about it; empty for an unknown code.
    #[must_use]
    pub fn resolution(&self) -> &'static str {
        self.row().map_or("", |row| row.4)
    }

    /// Whether the service refused the caller, and not the photo: scope, permission or token.
    #[must_use]
    pub const fn is_authorization(&self) -> bool {
        matches!(
            self,
            Self::OauthScopeMismatch | Self::NoPermission | Self::AuthorizationFailed | Self::InvalidToken
        )
    }

    /// Whether the photo is too large for the service.
    #[must_use]
    pub const fn is_too_large(&self) -> bool {
        matches!(self, Self::FileSizeMoreThanAllowedSize | Self::BodySizeReached)
    }

    fn row(&self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.0 == *self)
    }
}

impl From<&str> for ErrorCode {
    fn from(code: &str) -> Self {
        let known = ROWS.iter().find(|row| row.1 == code);
        known.map_or_else(|| Self::Other(code.to_owned()), |row| row.0.clone())
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back_as_itself_and_says_what_to_do() {
        for code in ErrorCode::known() {
            assert_eq!(ErrorCode::from(code.as_str()), code);
            assert!(!code.resolution().is_empty(), "{code}");
        }
        assert_eq!(ErrorCode::known().count(), 14);
        assert_eq!(ErrorCode::from("NEW_CODE").as_str(), "NEW_CODE");
    }

    #[test]
    fn what_no_retry_helps_is_not_retried() {
        let retried: Vec<_> = ErrorCode::known().filter(ErrorCode::is_retryable).collect();
        assert_eq!(retried, [ErrorCode::InternalError, ErrorCode::TooManyRequests]);
    }
}
