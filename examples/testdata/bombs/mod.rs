//! Bombs: small files that claim, repeat or refer to much more than they hold.
//!
//! Each has one kind of attack, made from the format's specification. Most stand in `testdata/bombs/`; the larger ones,
//! and those for which a reader may reasonably do one thing or another, are made by the tests when they run.

mod bitmaps;
mod exif;
mod exif_wrapped;
mod heif_boxes;
mod heif_parts;
mod heif_pixels;
mod heif_references;
mod jpeg;
mod png;
mod tiff;
mod tiff_claims;
mod webp;

use crate::entry::Result;

/// The right answers to a file, as `photofit::Error::kind` names them, or `ok`.
pub(crate) type Answers = &'static [&'static str];

/// The photo is sound; what is wrong stands beside it.
pub(crate) const OK: Answers = &["ok"];
/// The file contradicts itself.
pub(crate) const MALFORMED: Answers = &["malformed"];
/// More is claimed than the bytes hold, or than the limits allow: which is found first is the reader's choice.
pub(crate) const CLAIM: Answers = &["malformed", "too-many-pixels", "too-much-memory"];
/// The header is possible, the picture's data is not.
pub(crate) const BROKEN: Answers = &["malformed", "damaged", "decode"];
/// Read in part, refused, or refused by name.
pub(crate) const REFUSED: Answers = &[
    "malformed",
    "damaged",
    "decode",
    "unsupported",
    "too-many-pixels",
    "too-much-memory",
];
/// A reader may look over it or refuse the file.
pub(crate) const EITHER: Answers = &[
    "ok",
    "malformed",
    "damaged",
    "decode",
    "unsupported",
    "too-many-pixels",
    "too-much-memory",
];
/// A sound picture that is large for its bytes: read if it is quick, refused, or ended by the timeout.
pub(crate) const HEAVY: Answers = &[
    "ok",
    "malformed",
    "damaged",
    "decode",
    "unsupported",
    "too-many-pixels",
    "too-much-memory",
    "timed-out",
];

/// The most bytes of a bomb that stands in `testdata/`.
const SMALL: usize = 9_000;

/// A file, and what may be answered to it.
pub(crate) struct Bomb {
    pub(crate) name: String,
    pub(crate) format: &'static str,
    /// Width and height as claimed; 0 where the file says none.
    pub(crate) size: (usize, usize),
    pub(crate) answers: Answers,
    pub(crate) special: String,
    pub(crate) bytes: Vec<u8>,
}

impl Bomb {
    /// Whether it stands in `testdata/`: it is small, and there is one right answer, or one of several refusals.
    pub(crate) fn stands(&self) -> bool {
        let only_ok = self.answers == OK;
        self.bytes.len() <= SMALL && (only_ok || !self.answers.contains(&"ok"))
    }
}

/// Collects bombs of one format.
pub(crate) struct Bombs {
    format: &'static str,
    prefix: &'static str,
    extension: &'static str,
    pub(crate) all: Vec<Bomb>,
}

impl Bombs {
    const fn new(format: &'static str, prefix: &'static str, extension: &'static str) -> Self {
        Self {
            format,
            prefix,
            extension,
            all: Vec::new(),
        }
    }

    fn add(&mut self, name: &str, size: (usize, usize), answers: Answers, special: &str, bytes: Vec<u8>) {
        self.all.push(Bomb {
            name: format!("{}-{name}.{}", self.prefix, self.extension),
            format: self.format,
            size,
            answers,
            special: special.to_owned(),
            bytes,
        });
    }
}

/// Every bomb that is quickly made and needs no more than some megabytes.
pub(crate) fn all() -> Result<Vec<Bomb>> {
    let sets = [
        heif_references::bombs()?,
        heif_boxes::bombs()?,
        heif_parts::bombs()?,
        heif_pixels::bombs()?,
        exif::bombs()?,
        exif_wrapped::png()?,
        exif_wrapped::webp()?,
        exif_wrapped::heic()?,
        exif_wrapped::tiff(),
        webp::bombs()?,
        bitmaps::bmp(),
        bitmaps::gif(),
        tiff::bombs()?,
        tiff_claims::bombs(),
        png::bombs(),
        jpeg::bombs()?,
    ];
    Ok(sets.into_iter().flat_map(|set| set.all).collect())
}
