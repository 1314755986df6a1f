//! What to answer for an input that cannot be read, looked at or prepared.

use std::io;

use photofit::place::{Look, LookError, file};
use photofit::pool::Cause;
use photofit::{Error, Options};

use super::inputs::Input;
use super::verdict::{Note, Verdict, chain};

/// What an input is and what would be done with it, or what to answer instead.
pub(super) fn look(input: &Input, options: &Options) -> Result<Look, Verdict> {
    // What became a FIFO since its folder was searched is none that anybody named, and might be waited for without end.
    if let Some(path) = input.place.path()
        && !input.named
        && file::is_stream(path)
    {
        file::open_regular(path).map_err(|e| unreadable(&e))?;
    }
    input.place.look(options).map_err(|error| match error {
        LookError::Read(error) => unreadable(&error),
        LookError::TooLarge { size, limit } => too_large(size, limit),
        LookError::Photo(error) => refused(&error, input),
        other => Verdict::Failed(Note::new("failed", other.to_string())),
    })
}

/// What to answer when a batch could not prepare the photo.
pub(super) fn failed(cause: &Cause, input: &Input) -> Verdict {
    match cause {
        Cause::Read(error) => unreadable(error),
        Cause::TooLarge { size, limit } => too_large(*size, *limit),
        Cause::Photo(error) => refused(error, input),
        other => Verdict::Failed(Note::new("failed", other.to_string())),
    }
}

/// What to answer when the library refuses the photo: in a folder, a file that nobody called a photo is skipped.
pub(super) fn refused(error: &Error, input: &Input) -> Verdict {
    match error {
        Error::Empty | Error::UnknownFormat { .. } if input.may_be_no_photo() => {
            Verdict::Skipped(Note::new("not-a-photo", error.to_string()))
        }
        Error::Unsupported { .. } if input.is_something_else() => {
            Verdict::Skipped(Note::new("not-a-photo", error.to_string()))
        }
        _ => Verdict::Failed(Note::of(error)),
    }
}

fn unreadable(error: &io::Error) -> Verdict {
    Verdict::Failed(Note::new("io", format!("cannot read: {}", chain(error))))
}

fn too_large(size: u64, limit: u64) -> Verdict {
    let message = format!("the file has {size} bytes or more; at most {limit} are read (--max-memory)");
    Verdict::Failed(Note::new("too-much-memory", message))
}
