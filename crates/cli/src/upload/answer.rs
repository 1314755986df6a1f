//! What is said about each upload: the line of `prep`, and what the service answered.

use photofit::Report;
use photofit::bigin::{PhotoError, Upload};
use serde::Serialize;

use super::super::report::printable;
use super::super::units;
use super::super::verdict::{Note, chain};
use super::records::Item;

/// One line of the report; the field names are stable.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    input: String,
    output: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    #[serde(flatten)]
    report: Option<Report>,
    upload: Sent,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Note>,
}

/// What the service answered.
#[derive(Debug, Serialize)]
struct Sent {
    record: String,
    http_status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    attempts: u32,
    elapsed_ms: f64,
    /// Whether it was prepared again with tighter limits, as the service found it too large.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tightened: bool,
}

impl Line {
    fn empty(item: &Item, status: &'static str) -> Self {
        Self {
            input: item.input.clone(),
            output: None,
            status,
            dry_run: false,
            report: None,
            upload: Sent {
                record: item.record.to_string(),
                http_status: None,
                code: None,
                message: None,
                attempts: 0,
                elapsed_ms: 0.0,
                tightened: false,
            },
            reason: None,
            error: None,
        }
    }

    /// The line of a photo that the journal says is stored.
    pub(super) fn skipped(item: &Item) -> Self {
        let note = Note::new("done", "the journal says that it is stored");
        Self {
            reason: Some(note),
            ..Self::empty(item, "skipped")
        }
    }

    /// The line of a photo that the list says could not be prepared.
    pub(super) fn refused(item: &Item, why: &str) -> Self {
        let note = Note::new("not-prepared", format!("the list says that it was not prepared: {why}"));
        Self {
            error: Some(note),
            ..Self::empty(item, "failed")
        }
    }

    /// The line of a photo that was sent, or would be.
    pub(super) fn new(item: &Item, upload: Upload, dry_run: bool) -> Self {
        let mut line = Self::empty(item, "ok");
        line.dry_run = dry_run;
        line.report = upload.report;
        let sent = &mut line.upload;
        sent.tightened = upload.tightened;
        let milliseconds = |time: std::time::Duration| (time.as_secs_f64() * 1e4).round() / 10.0;
        let error = match upload.result {
            Ok(Some(receipt)) => {
                sent.http_status = Some(receipt.http_status());
                sent.code = Some(receipt.code().to_owned());
                sent.message = Some(receipt.message().to_owned());
                sent.attempts = receipt.attempts();
                sent.elapsed_ms = milliseconds(receipt.elapsed());
                return line;
            }
            Ok(None) => return line,
            Err(error) => error,
        };
        line.status = "failed";
        line.error = Some(match error {
            PhotoError::Prepare(error) => Note::of(&error),
            error @ PhotoError::TooLarge { .. } => Note::new("too-much-memory", format!("{error} (--max-memory)")),
            PhotoError::Upload(error) => {
                sent.http_status = error.failure().http_status();
                sent.code = error.api().map(|api| api.code().to_string());
                sent.message = error.api().map(|api| api.message().to_owned());
                sent.attempts = error.attempts();
                sent.elapsed_ms = milliseconds(error.elapsed());
                Note::new(error.failure().kind(), chain(&error))
            }
            other => Note::new("io", format!("cannot read: {}", chain(&other))),
        });
        line
    }

    /// Logs what became of it.
    pub(super) fn log(&self) {
        let note = self.error.as_ref().or(self.reason.as_ref());
        tracing::info!(
            record = self.upload.record,
            input = self.input,
            before = self.report.as_ref().map(|report| report.source.bytes),
            after = self.report.as_ref().map(|report| report.result.bytes),
            http_status = self.upload.http_status,
            code = self.upload.code,
            attempts = self.upload.attempts,
            upload_ms = self.upload.elapsed_ms,
            tightened = self.upload.tightened,
            "{}{}{}",
            self.status,
            if note.is_some() { ": " } else { "" },
            note.map_or("", |note| &note.message),
        );
    }

    /// The line as JSON, without a line end.
    pub(super) fn to_json(&self) -> String {
        // Strings and numbers under fixed names: there is nothing that JSON could refuse.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The line for people, without a line end.
    pub(super) fn to_text(&self) -> String {
        let (record, input) = (&self.upload.record, printable(&self.input));
        match (&self.error, &self.reason, &self.report) {
            (Some(note), ..) => format!("{:<10}  {record}  {input}: {}", "failed", printable(&note.message)),
            (_, Some(note), _) => format!("{:<10}  {record}  {input}: {}", "skipped", note.message),
            (.., Some(report)) => {
                let (result, what) = (&report.result, if self.dry_run { "would send" } else { "stored" });
                let bytes = units::bytes(result.bytes);
                let tightened = if self.upload.tightened {
                    "  (prepared again with tighter limits)"
                } else {
                    ""
                };
                format!(
                    "{what:<10}  {record}  {input}  {} {}x{} {bytes}{tightened}",
                    result.format, result.width, result.height
                )
            }
            _ => format!("{:<10}  {record}  {input}", self.status),
        }
    }

    pub(super) fn is_failed(&self) -> bool {
        self.error.is_some()
    }
}
