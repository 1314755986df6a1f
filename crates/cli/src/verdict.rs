//! What became of an input, in words and kinds.

use std::error::Error as StdError;
use std::fmt::Write as _;

use photofit::{Action, Format, ImageInfo, Plan, Report};
use serde::Serialize;

/// An error with its sources, joined by colons.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Some libraries repeat their source in their own words.
        let more = error.to_string();
        if !text.ends_with(&more) {
            let _ = write!(text, ": {more}");
        }
        source = error.source();
    }
    text
}

/// Why an input failed or was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Note {
    /// A stable name for programs, in kebab case.
    pub(super) kind: &'static str,
    /// The reason in words.
    pub(super) message: String,
}

impl Note {
    /// A reason of the command line's own.
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The library's reason.
    pub(super) fn of(error: &photofit::Error) -> Self {
        Self::new(error.kind(), chain(error))
    }
}

/// What became of an input.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// It was prepared.
    Done(Box<Report>),
    /// It would be prepared like this.
    Planned(Box<Planned>),
    /// It was left alone on purpose.
    Skipped(Note),
    /// It could not be prepared.
    Failed(Note),
}

/// What a dry run says about a photo, with the names of [`Report`].
#[derive(Clone, Debug, Serialize)]
pub(super) struct Planned {
    dry_run: bool,
    pub(super) action: Action,
    pub(super) source: PlannedSource,
    pub(super) result: PlannedResult,
}

/// The photo of a dry run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PlannedSource {
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: u64,
    orientation: u8,
}

/// What a dry run says would be made of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PlannedResult {
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Planned {
    /// The plan for the photo that `info` describes.
    pub(super) fn new(info: &ImageInfo, plan: &Plan) -> Self {
        let (format, width, height) = target(info, plan);
        Self {
            dry_run: true,
            action: match plan {
                Plan::Keep => Action::Kept,
                Plan::Rewrite => Action::Rewritten,
                _ => Action::Transcoded,
            },
            source: PlannedSource {
                format: info.format,
                width: info.width,
                height: info.height,
                bytes: info.bytes,
                orientation: info.orientation.to_exif(),
            },
            result: PlannedResult { format, width, height },
        }
    }
}

/// Format and upright size that a plan leads to, as far as the header tells.
pub(super) fn target(info: &ImageInfo, plan: &Plan) -> (Format, u32, u32) {
    match *plan {
        Plan::Transcode { format, width, height } => (format, width, height),
        _ => {
            let (width, height) = info.upright_size();
            (info.format, width, height)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::Error;
    use super::*;

    #[test]
    fn sources_are_joined() {
        let source = io::Error::other("disk on fire");
        let error = Error::File {
            what: "read",
            path: "list".into(),
            source,
        };
        assert_eq!(chain(&error), "cannot read list: disk on fire");
    }
}
