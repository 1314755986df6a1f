//! What is asked of every format, and what travels down the road of a photo: the file with what its header says.

use std::borrow::Cow;
use std::error::Error as StdError;

use super::carried::Carried;
use super::ifd::{Tiff, is_adobe_rgb};
use super::info::{ColorModel, ImageInfo};
use crate::colour::{Description, Numbers};
use crate::error::Error;
use crate::options::{Metadata, Options};
use crate::pixels::Raster;
use crate::report::Loss;
use crate::{CancelToken, Orientation};

/// A file with what its header says: read once, and handed on to whoever works on the photo.
pub(crate) struct Reading<'a> {
    /// The file.
    pub(crate) data: &'a [u8],
    /// What its header says.
    pub(crate) info: ImageInfo,
    /// How its format is treated.
    pub(crate) row: &'static Row,
}

impl Reading<'_> {
    /// What the file says about its colours: by itself, or else by its EXIF fields.
    pub(crate) fn description(&self) -> Description {
        match (self.row.colour)(self.data) {
            Description::Unsaid if self.is_adobe_rgb_by_exif() => Description::Numbers(Numbers::ADOBE_RGB),
            said => said,
        }
    }

    /// Whether the EXIF fields, and nothing else, say that the colours are Adobe RGB's.
    pub(crate) fn needs_exif_for_colours(&self) -> bool {
        (self.row.colour)(self.data) == Description::Unsaid && self.is_adobe_rgb_by_exif()
    }

    fn is_adobe_rgb_by_exif(&self) -> bool {
        match (self.row.exif)(self.data) {
            Exif::None | Exif::Broken => false,
            Exif::Block(block) => is_adobe_rgb(&block),
            Exif::FirstDirectory(file) => is_adobe_rgb(file),
        }
    }
}

/// How a format is treated. Each question has an answer for every format.
pub(crate) struct Row {
    /// Whether a file begins like one of this format.
    pub(crate) begins: fn(&[u8]) -> bool,
    /// Reads the header.
    pub(crate) header: fn(&[u8]) -> Result<ImageInfo, Error>,
    /// Whether the first bytes of a file of so many bytes have all that `header` looks at; `None` if only the whole file has.
    pub(crate) header_is_whole: fn(&[u8], u64) -> Option<bool>,
    /// Whether the file has its end, as far as that can be told without decoding it.
    pub(crate) is_whole: fn(&[u8]) -> bool,
    /// The EXIF fields.
    pub(crate) exif: for<'a> fn(&'a [u8]) -> Exif<'a>,
    /// What the file says about its colours.
    pub(crate) colour: fn(&[u8]) -> Description,
    /// Takes over what a new picture carries on beside EXIF and the profile: XMP, texts, chunks about colours.
    pub(crate) rest: fn(&[u8], Metadata, &mut Carried),
    /// Gives a file other metadata, its coded picture untouched: what the policy forbids goes, and under every policy what
    /// common readers refuse the file for.
    pub(crate) clean: fn(&[u8], Metadata) -> Result<Cleaned, Error>,
    /// The memory that decoding takes.
    pub(crate) memory: fn(&ImageInfo) -> Memory,
    /// Reads the picture whole without keeping it, as cheaply as the format allows: says what could not be read.
    pub(crate) check: fn(&Reading<'_>, &Options, &CancelToken) -> Result<Option<Damage>, Error>,
    /// Decodes the picture: an animation's first frame as it is shown, a file's first page.
    pub(crate) decode: fn(&Reading<'_>, &Options, &CancelToken) -> Result<Decoded, Error>,
}

/// Where the EXIF fields of a file are.
pub(crate) enum Exif<'a> {
    /// It has none.
    None,
    /// There is a block, and nothing can be read of it.
    Broken,
    /// In a block: a TIFF structure without `Exif\0\0`.
    Block(Cow<'a, [u8]>),
    /// In the file's own first directory, among those that describe the picture.
    FirstDirectory(&'a [u8]),
}

impl<'a> Exif<'a> {
    /// A block as a file has it, if it has one.
    pub(super) fn of(block: Option<Cow<'a, [u8]>>) -> Self {
        match block {
            None => Self::None,
            Some(block) if block.is_empty() => Self::None,
            Some(block) if Tiff::parse(&block).is_some_and(|tiff| tiff.first_ifd().is_some()) => Self::Block(block),
            Some(_) => Self::Broken,
        }
    }
}

/// What a file is under a policy, its coded picture untouched.
pub(crate) enum Cleaned {
    /// As the policy wants it.
    AsItIs,
    /// Another file.
    Changed {
        file: Vec<u8>,
        /// What it lacks that the policy would have kept.
        losses: Vec<Loss>,
    },
    /// Nothing that may be returned: it carries what the policy forbids and cannot be cleaned safely, or common readers
    /// refuse such files. The picture is encoded anew.
    Anew,
}

impl Cleaned {
    /// The new file, if there is one.
    pub(super) fn of(file: Option<Vec<u8>>, losses: Vec<Loss>) -> Self {
        file.map_or(Self::AsItIs, |file| Self::Changed { file, losses })
    }
}

/// The bytes that each pixel takes while a picture is decoded to interleaved samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Channels of the picture.
    pub(crate) channels: u64,
    /// Bytes of its samples.
    pub(crate) samples: u64,
    /// Bytes that the decoder holds beside them.
    pub(crate) beside: u64,
}

impl Memory {
    /// That of a decoder that holds nothing beside the samples.
    pub(crate) fn of(info: &ImageInfo) -> Self {
        let channels = match info.color {
            ColorModel::Gray => 1 + u64::from(info.alpha),
            _ => 3 + u64::from(info.alpha),
        };
        Self {
            channels,
            samples: channels * if info.bit_depth > 8 { 2 } else { 1 },
            beside: 0,
        }
    }

    /// The same with so many bytes beside the samples.
    pub(crate) fn beside(self, bytes: u64) -> Self {
        Self { beside: bytes, ..self }
    }

    /// The bytes that a whole picture takes.
    pub(crate) fn total(self, info: &ImageInfo) -> u64 {
        info.pixels()
            .saturating_mul(self.samples + self.beside)
            .saturating_add(info.decoder_memory)
    }
}

/// A decoded picture.
pub(crate) struct Decoded {
    pub(crate) raster: Raster,
    /// What is left to be done to make it upright.
    pub(crate) orientation: Orientation,
    /// Whether what the source says about its colours still describes the pixels; if not, they are sRGB's.
    pub(crate) description_holds: bool,
    /// What could not be read, if anything.
    pub(crate) damage: Option<Damage>,
}

/// The part of a picture that could not be read.
pub(crate) struct Damage {
    /// The readable fraction, 0 to 1.
    pub(crate) readable: f64,
    /// The decoder's own words.
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Damage {
    /// Nothing is missing, but readers differ in what they make of the picture, or refuse it: it is encoded anew.
    pub(super) fn none_but_odd() -> Self {
        Self {
            readable: 1.0,
            source: None,
        }
    }

    /// See [`none_but_odd`](Self::none_but_odd).
    pub(crate) fn is_none(&self) -> bool {
        self.readable >= 1.0 && self.source.is_none()
    }
}

impl Decoded {
    /// A whole picture that its file describes.
    pub(super) fn whole(raster: Raster, info: &ImageInfo) -> Self {
        Self {
            raster,
            orientation: info.orientation,
            description_holds: true,
            damage: None,
        }
    }
}

/// Checks a picture by decoding it, for formats that know nothing cheaper.
pub(super) fn check_by_decoding(
    reading: &Reading<'_>,
    options: &Options,
    cancel: &CancelToken,
) -> Result<Option<Damage>, Error> {
    (reading.row.decode)(reading, options, cancel).map(|decoded| decoded.damage)
}
