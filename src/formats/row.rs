//! What is asked of every format, and what travels down the road of a photo: the file with what its header says.

use std::borrow::Cow;
use std::error::Error as StdError;

use super::carried::Carried;
use super::ifd::is_adobe_rgb;
use super::info::{ColorModel, ImageInfo};
use crate::colour::{Description, Numbers, Primaries, Transfer};
use crate::error::Error;
use crate::options::{Metadata, Options};
use crate::pixels::Raster;
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
        let exif = || match (self.row.exif)(self.data) {
            Exif::None => false,
            Exif::Block(block) => is_adobe_rgb(&block),
            Exif::FirstDirectory(file) => is_adobe_rgb(file),
        };
        match (self.row.colour)(self.data) {
            Description::Unsaid if exif() => Description::Numbers(Numbers {
                primaries: Primaries::ADOBE_RGB,
                // Adobe RGB (1998), 4.3.4.2.
                transfer: Transfer::Gamma(563.0 / 256.0),
            }),
            said => said,
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
    /// How a file that conforms is given other metadata.
    pub(crate) clean: Clean,
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
    /// In a block: a TIFF structure without `Exif\0\0`.
    Block(Cow<'a, [u8]>),
    /// In the file's own first directory, among those that describe the picture.
    FirstDirectory(&'a [u8]),
}

impl<'a> Exif<'a> {
    /// A block in place, if there is one.
    pub(crate) fn of(block: Option<&'a [u8]>) -> Self {
        block.map_or(Self::None, |block| Self::Block(Cow::Borrowed(block)))
    }
}

/// How a file is given other metadata, its coded picture untouched.
pub(crate) enum Clean {
    /// By this: the new file, or `None` if that is the file as it is.
    By(fn(&[u8], Metadata) -> Option<Vec<u8>>),
    /// It is not: such a file is kept whole.
    Never,
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
