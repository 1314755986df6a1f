//! What came back: read loosely, kept whole, and never taken for a success that it is not.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::code::{ErrorCode, Scope};

/// How much of an answer that is not understood is quoted, in characters.
const QUOTED: usize = 200;

/// What the service's SDKs tell about an answer: the same for a success and for an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    http_status: u16,
    status: String,
    code: String,
    message: String,
    details: Map<String, Value>,
}

/// Why a body is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is JSON that ends early.
    Truncated,
    /// It is anything else than JSON.
    NotJson,
    /// It is JSON, but no answer of the service.
    WrongShape,
}

/// A body that is no answer.
#[derive(Debug)]
pub(super) struct NoAnswer {
    pub(super) why: Unread,
    pub(super) http_status: u16,
    /// The first part of the body.
    pub(super) start: String,
}

impl Answer {
    /// Reads the body of an answer that came whole.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub(super) fn parse(http_status: u16, body: &[u8]) -> Result<Self, NoAnswer> {
        let no_answer = |why| {
            Err(NoAnswer {
                why,
                http_status,
                start: quote(body),
            })
        };
        let value: Value = match serde_json::from_slice(body) {
            Ok(value) => value,
            // An empty body is cut short only where there should have been one: JSON that never began is no JSON.
            Err(error) if error.is_eof() && looks_like_json(body) => {
                return no_answer(Unread::Truncated);
            }
            Err(_) => {
                return no_answer(Unread::NotJson);
            }
        };
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(status), Some(code)) = (text("status"), text("code")) else {
            return no_answer(Unread::WrongShape);
        };
        let details = match value.get("details") {
            Some(Value::Object(details)) => details.clone(),
            None | Some(Value::Null) => Map::new(),
            // Kept under a name of our own, as the service has more shapes than it documents.
            Some(other) => Map::from_iter([("details".to_owned(), other.clone())]),
        };
        Ok(Self {
            http_status,
            status,
            code,
            message: text("message").unwrap_or_default(),
            details,
        })
    }

    /// Whether the photo is stored: the HTTP status, the status and the code all have to say so.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.http_status) && self.status == "success" && self.code == "SUCCESS"
    }

    /// An answer that says two things at once is neither a success nor an error.
    pub(super) fn is_contradiction(&self) -> bool {
        !self.is_success() && (self.status == "success" || self.code == "SUCCESS")
    }
}

fn looks_like_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// The first part of a body, on one line and without control characters.
pub(super) fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(QUOTED * 4)]);
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    let line = words.join(" ");
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

macro_rules! answer_fields {
    () => {
        /// The HTTP status.
        #[must_use]
        pub fn http_status(&self) -> u16 {
            self.answer.http_status
        }

        /// What the service calls the outcome: `success` or `error`.
        #[must_use]
        pub fn status(&self) -> &str {
            &self.answer.status
        }

        /// The service's words.
        #[must_use]
        pub fn message(&self) -> &str {
            &self.answer.message
        }

        /// The details, as JSON text: `{}` where there are none.
        #[must_use]
        pub fn details(&self) -> String {
            serde_json::to_string(&self.answer.details).unwrap_or_default()
        }

        /// One of the details, such as `id`; what is not text comes as JSON.
        #[must_use]
        pub fn detail(&self, key: &str) -> Option<String> {
            self.answer.details.get(key).map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
        }
    };
}

/// The service's word that the photo is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub(super) answer: Answer,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
}

impl Receipt {
    answer_fields!();

    /// The service's code: `SUCCESS`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.answer.code
    }

    /// How many requests it took.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The time it took, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// The service's word that the photo is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    answer: Answer,
    code: ErrorCode,
}

impl ApiError {
    pub(super) fn new(answer: Answer) -> Self {
        let code = ErrorCode::from(answer.code.as_str());
        Self { answer, code }
    }

    answer_fields!();

    /// The service's code.
    #[must_use]
    pub fn code(&self) -> &ErrorCode {
        &self.code
    }

    /// Whether the same request may succeed a little later: by its code, or by an HTTP status of the server's failures.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let unknown = matches!(self.code, ErrorCode::Other(_));
        self.code.is_retryable() || self.http_status() == 429 || (unknown && self.http_status() >= 500)
    }

    /// What the error concerns.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if self.http_status() == 429 {
            Scope::Everything
        } else {
            self.code.scope()
        }
    }

    /// The same with `hide` applied to every text.
    pub(super) fn redacted(mut self, hide: impl Fn(&str) -> String) -> Self {
        for text in [&mut self.answer.message, &mut self.answer.status, &mut self.answer.code] {
            *text = hide(text);
        }
        let details = hide(&Value::Object(self.answer.details).to_string());
        self.answer.details = serde_json::from_str(&details).unwrap_or_default();
        self.code = ErrorCode::from(self.answer.code.as_str());
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service answers {} (HTTP {})", self.code, self.http_status())?;
        if !self.message().is_empty() {
            write!(f, ": {}", self.message())?;
        }
        match self.code.resolution() {
            "" => Ok(()),
            resolution => write!(f, "; {resolution}"),
        }
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str =
        r#"{"message":"photo uploaded successfully","details":{},"status":"success","code":"SUCCESS"}"#;

    #[test]
    fn the_documented_success_is_one() {
        let answer = Answer::parse(200, STORED.as_bytes()).expect("an answer");
        assert!(answer.is_success() && !answer.is_contradiction());
    }

    #[test]
    fn nothing_else_is_taken_for_a_success() {
        for (status, body) in [
            (500, STORED.to_owned()),
            (200, STORED.replace("\"success\"", "\"error\"")),
            (200, STORED.replace("SUCCESS", "INTERNAL_ERROR")),
        ] {
            let answer = Answer::parse(status, body.as_bytes()).expect("an answer");
            assert!(!answer.is_success() && answer.is_contradiction(), "{status} {body}");
        }
    }

    #[test]
    fn every_cut_of_an_answer_is_truncated_and_no_success() {
        for end in 1..STORED.len() {
            let cut = Answer::parse(200, &STORED.as_bytes()[..end]);
            assert!(
                matches!(
                    cut,
                    Err(NoAnswer {
                        why: Unread::Truncated,
                        ..
                    })
                ),
                "{end}: {cut:?}"
            );
        }
        assert!(matches!(
            Answer::parse(200, b""),
            Err(NoAnswer {
                why: Unread::NotJson,
                ..
            })
        ));
    }

    #[test]
    fn other_shapes_stay_typed_errors() {
        for body in ["[]", "null", "42", r#"{"code":7,"status":"error"}"#, r#"{"data":[]}"#] {
            let answer = Answer::parse(200, body.as_bytes());
            assert!(
                matches!(
                    answer,
                    Err(NoAnswer {
                        why: Unread::WrongShape,
                        ..
                    })
                ),
                "{body}: {answer:?}"
            );
        }
        let html = Answer::parse(502, b"<html>\n<h1>Bad\tGateway</h1>");
        let Err(NoAnswer {
            why: Unread::NotJson,
            http_status: 502,
            start,
        }) = html
        else {
            panic!("{html:?}")
        };
        assert_eq!(start, "<html> <h1>Bad Gateway</h1>");
    }

    #[test]
    fn details_of_every_shape_are_kept() {
        for (details, key, expected) in [
            (r#"{"id":"111"}"#, "id", Some("111")),
            (r#"{"resource_path_index":1}"#, "resource_path_index", Some("1")),
            (r#"["a"]"#, "details", Some("[\"a\"]")),
            ("null", "id", None),
        ] {
            let body = format!(r#"{{"code":"NEW","status":"error","message":"m","details":{details}}}"#);
            let error = ApiError::new(Answer::parse(400, body.as_bytes()).expect("an answer"));
            assert_eq!(error.detail(key).as_deref(), expected, "{details}");
            assert_eq!(error.code(), &ErrorCode::Other("NEW".into()));
            assert!(!error.is_retryable());
        }
    }

    #[test]
    fn quotes_are_short_and_harmless() {
        let quoted = quote("\u{1b}[2J ä".repeat(1000).as_bytes());
        assert_eq!(quoted.chars().count(), QUOTED + 1);
        assert!(!quoted.contains('\u{1b}'));
    }
}
