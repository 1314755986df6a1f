//! Reads one input: its first bytes before the rest, and never more than memory allows.

use std::io::{self, Read};

use photofit::batch::Cause;
use photofit::{CancelToken, Error};

use super::inputs::Input;
use super::report::{Note, Verdict, chain};

/// How much is read before it is decided whether the rest is worth it: more than any signature needs.
const HEAD: u64 = 64 * 1024;

/// The bytes of an input of at most `limit` bytes, or what to answer instead.
///
/// What is no photo, or none that can be read, is answered from its first bytes: a film of 4 GB costs nothing.
pub(super) fn read(input: &Input, limit: u64) -> Result<Vec<u8>, Verdict> {
    // Before there is anything to be finished, who asks the program to end ends it.
    let source = input.source(limit, &CancelToken::new());
    let (size, reader) = source.open().map_err(|e| unreadable(&e))?;
    read_from(reader, size.unwrap_or(0), input, limit)
}

fn read_from(mut reader: impl Read, expected: u64, input: &Input, limit: u64) -> Result<Vec<u8>, Verdict> {
    let mut bytes = Vec::new();
    reader
        .by_ref()
        .take(HEAD)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(&e))?;
    if let Err(error @ (Error::Empty | Error::UnknownFormat { .. } | Error::Unsupported { .. })) =
        photofit::probe(&bytes)
    {
        return Err(refused(&error, input));
    }
    // A file may grow while it is read, and a pipe has no size: the limit holds for what comes, not for what was said.
    if expected <= limit {
        let rest = usize::try_from(expected)
            .unwrap_or(usize::MAX)
            .saturating_sub(bytes.len());
        bytes.try_reserve_exact(rest).map_err(|_| too_large(expected, limit))?;
        let room = limit.saturating_sub(bytes.len() as u64).saturating_add(1);
        reader.take(room).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
    }
    let size = expected.max(bytes.len() as u64);
    if size > limit {
        Err(too_large(size, limit))
    } else {
        Ok(bytes)
    }
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
