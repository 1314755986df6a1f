//! What is said about each input: JSON lines for programs, short lines for people.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal, LineWriter, Write};
use std::path::Path;
use std::time::Duration;

use photofit::place::STDIN;
use photofit::{Action, Report};
use serde::Serialize;

use super::inputs::Input;
use super::units;
use super::verdict::{Note, Planned, Verdict};
use super::{Error, tell};

/// An answered input: one line of the report.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The input as the command line or the folder names it.
    pub(super) input: String,
    /// What was, or would be, written.
    pub(super) output: Option<String>,
    /// Bytes read for it.
    pub(super) read: u64,
    /// What became of it.
    pub(super) verdict: Verdict,
    /// Whether an earlier run did it.
    pub(super) resumed: bool,
    /// What took how long.
    pub(super) timings: Timings,
    /// A small picture of the result, where one was wanted, as a `data:` URL.
    pub(super) thumbnail: Option<String>,
}

/// What the steps of a photo took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Timings {
    /// Waiting for memory.
    pub(super) wait: f64,
    /// Reading the file.
    pub(super) read: f64,
    /// Decoding, resampling, encoding and checking.
    pub(super) prepare: f64,
    /// Writing the result.
    pub(super) write: f64,
}

impl Timings {
    /// Those of the library's steps.
    pub(super) fn of(timings: photofit::pool::Timings) -> Self {
        Self {
            wait: milliseconds(timings.waiting),
            read: milliseconds(timings.reading),
            prepare: milliseconds(timings.preparing),
            write: 0.0,
        }
    }
}

/// Milliseconds to a tenth.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

/// One line of the report; the field names are stable.
#[derive(Serialize)]
struct Line<'a> {
    input: &'a str,
    output: Option<&'a str>,
    status: &'static str,
    #[serde(flatten)]
    report: Option<&'a Report>,
    #[serde(flatten)]
    planned: Option<&'a Planned>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Note>,
}

impl Answer {
    /// Nothing is known yet.
    pub(super) fn new(input: &Input) -> Self {
        Self {
            input: input.display().into_owned(),
            output: None,
            read: 0,
            verdict: Verdict::Skipped(Note::new("", "")),
            resumed: false,
            timings: Timings::default(),
            thumbnail: None,
        }
    }

    /// Logs what became of it.
    pub(super) fn log(&self) {
        let Timings {
            wait,
            read,
            prepare,
            write,
        } = self.timings;
        match &self.verdict {
            Verdict::Failed(note) => tracing::info!(input = %self.input, kind = note.kind, "failed: {}", note.message),
            Verdict::Skipped(note) => {
                tracing::info!(input = %self.input, kind = note.kind, "skipped: {}", note.message)
            }
            Verdict::Planned(_) => tracing::info!(input = %self.input, "planned"),
            Verdict::Done(report) => tracing::info!(
                input = %self.input,
                output = self.output,
                before = report.source.bytes,
                after = report.result.bytes,
                resumed = self.resumed,
                wait_ms = wait,
                read_ms = read,
                prepare_ms = prepare,
                write_ms = write,
                "{}",
                report.action.name()
            ),
        }
    }

    /// `ok`, `skipped` or `failed`.
    pub(super) fn status(&self) -> &'static str {
        match self.verdict {
            Verdict::Done(_) | Verdict::Planned(_) => "ok",
            Verdict::Skipped(_) => "skipped",
            Verdict::Failed(_) => "failed",
        }
    }

    /// The line as JSON, without a line end.
    pub(super) fn to_json(&self) -> String {
        let mut line = Line {
            input: &self.input,
            output: self.output.as_deref(),
            status: self.status(),
            report: None,
            planned: None,
            reason: None,
            error: None,
        };
        match &self.verdict {
            Verdict::Done(report) => line.report = Some(report),
            Verdict::Planned(planned) => line.planned = Some(planned),
            Verdict::Skipped(note) => line.reason = Some(note),
            Verdict::Failed(note) => line.error = Some(note),
        }
        // Strings and numbers under fixed names: there is nothing that JSON could refuse.
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// The line for people, without a line end.
    fn to_text(&self) -> String {
        let input = printable(&self.input);
        match &self.verdict {
            Verdict::Done(report) => {
                let (source, result) = (&report.source, &report.result);
                let mut text = format!("{:<10}  {input}", report.action.name());
                if report.action == Action::Kept {
                    let _ = write!(
                        text,
                        "  {}x{} {}",
                        result.width,
                        result.height,
                        units::bytes(result.bytes)
                    );
                } else {
                    let (before, after) = (units::bytes(source.bytes), units::bytes(result.bytes));
                    let _ = write!(
                        text,
                        "  {} {}x{} {before} -> {} {}x{} {after}",
                        source.format, source.width, source.height, result.format, result.width, result.height
                    );
                }
                if !report.losses.is_empty() {
                    let losses: Vec<&str> = report.losses.iter().map(|loss| loss.kind().name()).collect();
                    let _ = write!(text, "  (lost: {})", losses.join(", "));
                }
                text
            }
            Verdict::Planned(planned) => {
                let (source, result) = (&planned.source, &planned.result);
                let would = match planned.action {
                    Action::Kept => "keep",
                    Action::Rewritten => "rewrite",
                    _ => "transcode",
                };
                format!(
                    "{would:<10}  {input}  {} {}x{} {} -> {} {}x{}",
                    source.format,
                    source.width,
                    source.height,
                    units::bytes(source.bytes),
                    result.format,
                    result.width,
                    result.height
                )
            }
            Verdict::Skipped(note) => format!("{:<10}  {input}: {}", "skipped", printable(&note.message)),
            Verdict::Failed(note) => format!("{:<10}  {input}: {}", "failed", printable(&note.message)),
        }
    }
}

/// The text with control characters escaped: a file name must not steer the terminal.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        let escape = |c: char| match c.is_control() {
            true => c.escape_default().to_string(),
            false => c.to_string(),
        };
        Cow::Owned(text.chars().map(escape).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Where the lines go.
pub(super) struct Reporter {
    lines: Option<Box<dyn Write>>,
    people: People,
    failure: Option<io::Error>,
}

/// Which lines for people there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum People {
    Nothing,
    All,
    Failures,
}

impl Reporter {
    /// Decides where lines go: `file` is --report, `photo_on_stdout` that standard output holds the photo.
    ///
    /// # Errors
    /// [`Error`] if the file cannot be made, or if report and photo would both go to standard output.
    pub(super) fn new(file: Option<&Path>, quiet: bool, photo_on_stdout: bool) -> Result<Self, Error> {
        let to_stdout = file == Some(Path::new(STDIN));
        if to_stdout && photo_on_stdout {
            return Err(Error::usage(
                "the photo and the report cannot both go to standard output",
            ));
        }
        let terminal = io::stdout().is_terminal();
        let lines: Option<Box<dyn Write>> = match file {
            Some(_) if to_stdout => Some(Box::new(LineWriter::new(io::stdout()))),
            Some(path) => {
                // It grows in place: who reads it during the run, or after it was killed, has what was answered.
                let file = File::create(path).map_err(|source| Error::File {
                    what: "create",
                    path: path.to_owned(),
                    source,
                })?;
                Some(Box::new(LineWriter::new(file)))
            }
            None if quiet => None,
            None if photo_on_stdout => Some(Box::new(LineWriter::new(io::stderr()))),
            None if terminal => None,
            None => Some(Box::new(LineWriter::new(io::stdout()))),
        };
        let people = match () {
            () if quiet && file.is_none() => People::Failures,
            () if quiet || to_stdout || photo_on_stdout || !terminal => People::Nothing,
            () => People::All,
        };
        Ok(Self {
            lines,
            people,
            failure: None,
        })
    }

    /// Writes the lines of one answer. A reader of the report that went away does not stop the work.
    /// `suspend` takes progress bars away while it prints.
    pub(super) fn write(&mut self, answer: &Answer, suspend: &dyn Fn(&mut dyn FnMut())) {
        let failed = matches!(answer.verdict, Verdict::Failed(_));
        self.write_line(&answer.to_json(), &answer.to_text(), failed, suspend);
    }

    /// The same for a line that is made already, in JSON and for people.
    pub(super) fn write_line(&mut self, json: &str, text: &str, failed: bool, suspend: &dyn Fn(&mut dyn FnMut())) {
        if let Some(lines) = &mut self.lines {
            let mut written = Ok(());
            suspend(&mut || written = writeln!(lines, "{json}"));
            if let Err(error) = written {
                self.lines = None;
                if error.kind() != io::ErrorKind::BrokenPipe {
                    self.failure = Some(error);
                }
            }
        }
        match self.people {
            People::All => suspend(&mut || {
                let _ = writeln!(io::stdout(), "{text}");
            }),
            People::Failures if failed => tell(text),
            _ => {}
        }
    }

    /// Why the report is incomplete, if it is.
    pub(super) fn finish(mut self) -> Option<io::Error> {
        if let Some(lines) = &mut self.lines
            && let Err(error) = lines.flush()
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.failure.get_or_insert(error);
        }
        self.failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Answer {
        Answer {
            input: "a\u{1b}[2J.jpg".to_owned(),
            output: None,
            read: 0,
            verdict: Verdict::Failed(Note::new("io", "cannot read: gone")),
            resumed: false,
            timings: Timings::default(),
            thumbnail: None,
        }
    }

    #[test]
    fn a_failed_line_has_the_stable_fields() {
        let json = failed().to_json();
        let value: serde_json::Value = serde_json::from_str(&json).expect("is JSON");
        assert_eq!(value["status"], "failed");
        assert_eq!(value["output"], serde_json::Value::Null);
        assert_eq!(value["error"]["kind"], "io");
        assert!(value.get("reason").is_none() && value.get("action").is_none());
    }

    #[test]
    fn lines_for_people_do_not_steer_the_terminal() {
        assert_eq!(failed().to_text(), "failed      a\\u{1b}[2J.jpg: cannot read: gone");
    }
}
