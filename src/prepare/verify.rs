//! The last look at a result: it is read again, and has to be what was promised.

use super::Made;
use crate::Orientation;
use crate::encode::budget::Tenths;
use crate::error::Error;
use crate::formats::{self, Cleaned, ImageInfo, probe};
use crate::options::Options;
use crate::report::{Action, Outcome};

/// Re-reads the result and checks the promise.
pub(super) fn verify(made: &Made<'_>, info: &ImageInfo, options: &Options) -> Result<Outcome, Error> {
    let broken = |what: String| Error::BrokenPromise { what };
    let result = probe(&made.bytes).map_err(|e| broken(format!("not readable: {e}")))?;
    let limits = options.limits();
    if !limits.formats().contains(result.format) {
        return Err(broken(format!(
            "a {}, which the service does not accept",
            result.format
        )));
    }
    if !limits.allow_size(result.width, result.height) {
        return Err(broken(format!("{} × {} pixels large", result.width, result.height)));
    }
    if result.bytes > limits.max_bytes() {
        return Err(broken(format!("{} bytes long", result.bytes)));
    }
    if result.orientation != Orientation::Upright {
        return Err(broken("not upright".to_owned()));
    }
    // Whatever became of the photo: what the policy would still take out of it must not be in it.
    if !matches!(
        (formats::row(result.format).clean)(&made.bytes, options.metadata())?,
        Cleaned::AsItIs
    ) {
        return Err(broken("with metadata that the policy does not keep".to_owned()));
    }
    let untouched = made.action != Action::Transcoded;
    if untouched && ((result.width, result.height), result.format) != (info.upright_size(), info.format) {
        return Err(broken("another picture than the source".to_owned()));
    }
    Ok(Outcome {
        format: result.format,
        width: result.width,
        height: result.height,
        bytes: result.bytes,
        quality: made.quality.map(Tenths::quality),
    })
}
