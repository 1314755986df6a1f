//! How strips or tiles are compressed, by the numbers of the field Compression.

use std::error::Error as StdError;

use crate::error::Error;

/// How strips or tiles are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    /// Modified Huffman rows of ITU-T T.4 without ends of lines; `words` where a row begins with a word.
    FaxRows {
        words: bool,
    },
    /// ITU-T T.4.
    Fax3,
    /// ITU-T T.6.
    Fax4,
    Lzw,
    /// The JPEG of TIFF 6.0, section 22, which TIFF Technical Note 2 replaced.
    OldJpeg,
    Jpeg,
    Deflate,
    PackBits,
}

impl Compression {
    /// That of a number of the field Compression.
    pub(super) fn of(number: u64) -> Result<Self, Error> {
        let name = match number {
            1 => return Ok(Self::None),
            2 => return Ok(Self::FaxRows { words: false }),
            3 => return Ok(Self::Fax3),
            4 => return Ok(Self::Fax4),
            5 => return Ok(Self::Lzw),
            6 => return Ok(Self::OldJpeg),
            7 => return Ok(Self::Jpeg),
            8 | 32_946 => return Ok(Self::Deflate),
            32_771 => return Ok(Self::FaxRows { words: true }),
            32_773 => return Ok(Self::PackBits),
            9 | 10 | 34_661 => "JBIG compression",
            32_766 => "NeXT compression",
            32_809 => "ThunderScan compression",
            32_908 | 32_909 => "Pixar compression",
            33_003 | 33_005 | 34_712 => "JPEG 2000 compression",
            34_676 | 34_677 => "SGI LogLuv compression",
            34_887 => "LERC compression",
            34_925 => "LZMA compression",
            34_934 => "JPEG XR compression",
            50_000 => "Zstandard compression",
            50_001 => "WebP compression",
            50_002 | 52_546 => "JPEG XL compression",
            other => return Err(Error::unsupported(format!("a TIFF with compression {other}"))),
        };
        Err(Error::unsupported(format!("a TIFF with {name}")))
    }

    /// Whether it is one of faxes, which have 1 bit a pixel.
    pub(super) fn is_fax(self) -> bool {
        matches!(self, Self::FaxRows { .. } | Self::Fax3 | Self::Fax4)
    }

    /// Whether it is a JPEG, whose samples come from planes of their own.
    pub(super) fn is_jpeg(self) -> bool {
        matches!(self, Self::Jpeg | Self::OldJpeg)
    }
}

/// Why no more of a strip or tile can be read.
pub(super) type Broken = Box<dyn StdError + Send + Sync>;
