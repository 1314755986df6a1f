//! What the first directory says of its picture, checked once: from here on every number is one that can be.

use super::compression::Compression;
use crate::error::Error;
use crate::formats::bytes::Endian;
use crate::formats::format::Format;
use crate::formats::ifd::{self, Entry, Ifd, Tiff};

const FILL_ORDER: u16 = 0x010A;
const ROWS_PER_STRIP: u16 = 0x0116;
const T4_OPTIONS: u16 = 0x0124;
const PREDICTOR: u16 = 0x013D;
const TILE_WIDTH: u16 = 0x0142;
const TILE_LENGTH: u16 = 0x0143;
const INK_SET: u16 = 0x014C;
const SAMPLE_FORMAT: u16 = 0x0153;
const JPEG_TABLES: u16 = 0x015B;
const YCBCR_SUBSAMPLING: u16 = 0x0212;

/// The most samples of a pixel that are read: beyond the colours and alpha they mean nothing to a picture.
const MAX_SAMPLES: u64 = 64;

/// What the samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Gray; `inverted` where 0 is white.
    Gray {
        inverted: bool,
    },
    Rgb,
    /// An index into the colour map.
    Palette,
    Cmyk,
    /// Chroma is shared by so many columns and rows.
    YCbCr {
        across: usize,
        down: usize,
    },
    /// CIE L*a*b* as TIFF 6.0, section 23 codes it, or as ICC profiles do (with an offset instead of a sign).
    Lab {
        icc: bool,
    },
}

impl Meaning {
    /// Samples of a pixel that are colour.
    pub(super) fn channels(self) -> usize {
        match self {
            Self::Gray { .. } | Self::Palette => 1,
            Self::Cmyk => 4,
            Self::Rgb | Self::YCbCr { .. } | Self::Lab { .. } => 3,
        }
    }
}

/// A sample that says how opaque a pixel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alpha {
    /// Its place among the samples of a pixel.
    pub(super) at: usize,
    /// Whether the colours were multiplied by it.
    pub(super) premultiplied: bool,
}

/// How differences between neighbours are stored (TIFF 6.0, section 14; TIFF Technical Note 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    Horizontal,
    Float,
}

/// The first page: what its directory says.
pub(super) struct Page<'a> {
    pub(super) tiff: Tiff<'a>,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bits of a sample: 1 to 32, or 64.
    pub(super) bits: u32,
    /// Whether samples are numbers with a point.
    pub(super) float: bool,
    /// Samples of a pixel.
    pub(super) samples: usize,
    pub(super) meaning: Meaning,
    pub(super) alpha: Option<Alpha>,
    /// Whether each sample has strips or tiles of its own.
    pub(super) planar: bool,
    pub(super) compression: Compression,
    pub(super) predictor: Predictor,
    /// Whether the bits of a byte begin with the lowest.
    pub(super) reversed: bool,
    /// Width and height of a strip or tile, in pixels.
    pub(super) chunk: (u32, u32),
    /// Strips or tiles beside and below each other.
    pub(super) grid: (u32, u32),
    /// The options of ITU-T T.4 coding.
    pub(super) t4_options: u64,
    /// The tables that JPEG streams have in common.
    pub(super) jpeg_tables: Option<&'a [u8]>,
    offsets: Option<Entry>,
    lengths: Option<Entry>,
}

/// Fields of the first directory, as numbers.
pub(super) struct Fields<'t, 'a> {
    pub(super) tiff: &'t Tiff<'a>,
    pub(super) first: &'t Ifd<'a>,
}

impl Fields<'_, '_> {
    pub(super) fn find(&self, tag: u16) -> Option<Entry> {
        self.first.find(tag)
    }

    /// A field's first value.
    pub(super) fn uint(&self, tag: u16) -> Option<u64> {
        self.tiff.uint(self.find(tag)?, 0)
    }

    /// A field's values as numbers with a point, whatever type they have.
    pub(super) fn numbers<const N: usize>(&self, tag: u16) -> Option<[f32; N]> {
        let entry = self.find(tag)?;
        let bytes = self.tiff.bytes(entry)?;
        let endian = self.tiff.endian;
        let mut out = [0.0; N];
        for (i, out) in out.iter_mut().enumerate() {
            *out = match entry.kind {
                5 => endian.u32(bytes, i * 8)? as f32 / endian.u32(bytes, i * 8 + 4)? as f32,
                11 => f32::from_bits(endian.u32(bytes, i * 4)?),
                _ => self.tiff.uint(entry, i)? as f32,
            };
        }
        out.iter().all(|v| v.is_finite()).then_some(out)
    }
}

fn malformed(what: impl Into<String>) -> Error {
    Error::malformed(Format::Tiff, what)
}

fn unsupported(what: impl std::fmt::Display) -> Error {
    Error::unsupported(format!("a TIFF {what}"))
}

impl<'a> Page<'a> {
    /// Reads the first directory.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it contradicts itself, [`Error::Unsupported`] with the name of what is not read.
    pub(super) fn read(data: &'a [u8]) -> Result<Self, Error> {
        let tiff = Tiff::parse(data).ok_or_else(|| malformed("its header is cut short"))?;
        let first = tiff
            .first_ifd()
            .ok_or_else(|| malformed("its first directory lies outside the file"))?;
        let fields = Fields {
            tiff: &tiff,
            first: &first,
        };
        let (width, height) = size(&fields)?;
        let compression = Compression::of(fields.uint(ifd::COMPRESSION).unwrap_or(1))?;
        let samples = match fields.uint(ifd::SAMPLES_PER_PIXEL).unwrap_or(1) {
            0 => return Err(malformed("it has 0 samples a pixel")),
            many if many > MAX_SAMPLES => return Err(unsupported(format!("with {many} samples a pixel"))),
            n => usize::try_from(n).unwrap_or(usize::MAX),
        };
        let (bits, float) = depth(&fields, samples)?;
        let meaning = meaning(&fields, compression, samples)?;
        if samples < meaning.channels() {
            let what = format!("it has {samples} samples a pixel, {} are needed", meaning.channels());
            return Err(malformed(what));
        }
        let planar = match fields.uint(ifd::PLANAR_CONFIGURATION).unwrap_or(1) {
            // With one sample both are the same.
            2 => samples > 1,
            _ => false,
        };
        let chunk = chunk_size(&fields, compression, (width, height))?;
        let grid = (width.div_ceil(chunk.0), height.div_ceil(chunk.1));
        let tiled = fields.find(TILE_WIDTH).is_some();
        let list = |tiles, strips| match fields.find(tiles) {
            // Some writers of tiles name them as strips.
            Some(list) if tiled => Some(list),
            tiles => fields.find(strips).or(tiles),
        };
        let page = Page {
            tiff,
            width,
            height,
            bits,
            float,
            samples,
            meaning,
            alpha: alpha(&fields, meaning, samples),
            planar,
            compression,
            predictor: predictor(&fields, compression)?,
            reversed: fields.uint(FILL_ORDER) == Some(2),
            chunk,
            grid,
            t4_options: fields.uint(T4_OPTIONS).unwrap_or(0),
            jpeg_tables: fields.find(JPEG_TABLES).and_then(|entry| tiff.bytes(entry)),
            offsets: list(ifd::TILE_OFFSETS, ifd::STRIP_OFFSETS),
            lengths: list(ifd::TILE_BYTE_COUNTS, ifd::STRIP_BYTE_COUNTS),
        };
        page.check(&fields)?;
        Ok(page)
    }

    /// Refuses by name what the parts do not do together.
    fn check(&self, fields: &Fields<'_, '_>) -> Result<(), Error> {
        let bits = self.bits;
        if self.compression.is_fax() && (bits != 1 || (self.samples > 1 && !self.planar)) {
            return Err(malformed("its compression is for 1 bit a pixel"));
        }
        if self.compression.is_jpeg() && (bits != 8 || self.float) {
            return Err(unsupported(format!("with {bits}-bit samples as JPEG")));
        }
        match self.predictor {
            Predictor::Horizontal if !matches!(bits, 8 | 16 | 32 | 64) => {
                return Err(unsupported(format!("with a predictor of {bits}-bit samples")));
            }
            Predictor::Float if !self.float => {
                return Err(malformed("it has a floating-point predictor of whole numbers"));
            }
            _ => {}
        }
        let name = match self.meaning {
            Meaning::Palette if bits > 16 || self.float => Some("palette indices"),
            Meaning::Cmyk if self.float => Some("floating-point inks"),
            Meaning::YCbCr { .. } if bits != 8 || self.float => Some("YCbCr samples"),
            Meaning::Lab { .. } if !matches!(bits, 8 | 16) || self.float => Some("Lab samples"),
            _ => None,
        };
        if let Some(name) = name {
            return Err(unsupported(format!("with {bits}-bit {name}")));
        }
        match self.meaning {
            Meaning::YCbCr { .. } if self.samples != 3 => Err(unsupported("with YCbCr and further samples")),
            Meaning::YCbCr { across, down } if self.planar && across * down > 1 => {
                Err(unsupported("with planes of subsampled chroma"))
            }
            Meaning::Cmyk if fields.uint(INK_SET).is_some_and(|set| set != 1) => {
                Err(unsupported("with other inks than CMYK"))
            }
            _ => self.check_chunks(),
        }
    }

    /// Refuses strips and tiles that are far larger than their picture: a row of them is held.
    fn check_chunks(&self) -> Result<(), Error> {
        const WIDE: u64 = 1 << 24;
        let row = self.group_bytes().saturating_mul(self.planes() as u64);
        if row > WIDE.max(8 * u64::from(self.width) * self.samples as u64 * 8) {
            return Err(malformed("its tiles are far larger than its picture"));
        }
        Ok(())
    }

    /// Fields of the first directory, for what only few pages have.
    pub(super) fn with_fields<T>(&self, look: impl FnOnce(&Fields<'_, 'a>) -> Option<T>) -> Option<T> {
        let first = self.tiff.first_ifd()?;
        look(&Fields {
            tiff: &self.tiff,
            first: &first,
        })
    }

    /// The byte order of samples: that of the file, but the floating-point predictor leaves the highest byte first.
    pub(super) fn sample_order(&self) -> Endian {
        match self.predictor {
            Predictor::Float => Endian::Big,
            _ => self.tiff.endian,
        }
    }

    /// Planes with strips or tiles of their own; 1 if samples stand side by side.
    pub(super) fn planes(&self) -> usize {
        if self.planar { self.samples } else { 1 }
    }

    /// Samples that stand side by side in a strip or tile.
    pub(super) fn interleaved(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    /// Rows that are coded together: those that share their chroma, unless JPEG has its own way.
    pub(super) fn group_rows(&self) -> usize {
        match self.meaning {
            Meaning::YCbCr { down, .. } if !self.compression.is_jpeg() && !self.planar => down,
            _ => 1,
        }
    }

    /// Bytes of a row of a strip or tile as it is stored, or of rows that are coded together.
    pub(super) fn group_bytes(&self) -> u64 {
        let width = u64::from(self.chunk.0);
        match self.meaning {
            Meaning::YCbCr { across, down } if !self.compression.is_jpeg() && !self.planar => {
                width.div_ceil(across as u64) * (across * down + 2) as u64
            }
            _ => (width * self.interleaved() as u64 * u64::from(self.bits)).div_ceil(8),
        }
    }

    /// The stored bytes of a strip or tile: where its list says, and none where they are not in the file.
    pub(super) fn stored(&self, index: usize) -> &'a [u8] {
        let data = self.tiff.data;
        let place = |list: Option<Entry>| {
            let value = self.tiff.uint(list?, index)?;
            usize::try_from(value).ok()
        };
        let Some(start) = place(self.offsets).filter(|&start| start > 0 && start < data.len()) else {
            return &[];
        };
        let rest = data.get(start..).unwrap_or_default();
        let alone = self.grid == (1, 1) && self.planes() == 1;
        match place(self.lengths) {
            // Lengths that are not there, or cannot be, are worked out by most readers.
            None => rest,
            Some(0) if alone => rest,
            Some(length) if alone && self.compression == Compression::None => {
                let whole = self.group_bytes() * u64::from(self.height).div_ceil(self.group_rows() as u64);
                let length = length.max(usize::try_from(whole).unwrap_or(usize::MAX));
                rest.get(..length).unwrap_or(rest)
            }
            Some(length) => rest.get(..length).unwrap_or(rest),
        }
    }

    /// The most bytes that one of the strips or tiles has.
    pub(super) fn longest(&self) -> u64 {
        let file = self.tiff.data.len() as u64;
        let Some(lengths) = self.lengths else { return file };
        let bytes = self.tiff.bytes(lengths).map_or(0, <[u8]>::len);
        // No value has less than a byte.
        (0..bytes)
            .map_while(|i| self.tiff.uint(lengths, i))
            .map(|length| if length == 0 { file } else { length.min(file) })
            .max()
            .unwrap_or(file)
    }
}

fn size(fields: &Fields<'_, '_>) -> Result<(u32, u32), Error> {
    let side = |tag, name: &str| {
        let value = fields.uint(tag).and_then(|v| u32::try_from(v).ok());
        value
            .filter(|&v| v > 0)
            .ok_or_else(|| malformed(format!("its first directory has no {name}")))
    };
    Ok((side(ifd::IMAGE_WIDTH, "width")?, side(ifd::IMAGE_LENGTH, "height")?))
}

/// Bits of a sample, and whether it is a number with a point.
fn depth(fields: &Fields<'_, '_>, samples: usize) -> Result<(u32, bool), Error> {
    // A field with too few values speaks for all samples by its first, as GIMP writes it.
    let all = |tag, default: u64| -> Result<u64, Error> {
        let Some(entry) = fields.find(tag) else {
            return Ok(default);
        };
        let Some(value) = fields.tiff.uint(entry, 0) else {
            return Ok(default);
        };
        let same = |i| fields.tiff.uint(entry, i).is_none_or(|other| other == value);
        if entry.count >= samples as u64 && !(1..samples).all(same) {
            return Err(unsupported("whose samples differ in depth or kind"));
        }
        Ok(value)
    };
    let bits = all(ifd::BITS_PER_SAMPLE, 1)?;
    let float = match all(SAMPLE_FORMAT, 1)? {
        2 => return Err(unsupported("with signed samples")),
        3 => true,
        5 | 6 => return Err(unsupported("with complex numbers as samples")),
        // Unsigned, undefined, or a mistake.
        _ => false,
    };
    match (bits, float) {
        (16 | 24 | 32 | 64, true) | (1..=32 | 64, false) => Ok((u32::try_from(bits).unwrap_or(0), float)),
        (0, _) => Err(malformed("it has 0 bits a sample")),
        _ => {
            let kind = if float { "floating-point samples" } else { "samples" };
            Err(unsupported(format!("with {bits}-bit {kind}")))
        }
    }
}

fn meaning(fields: &Fields<'_, '_>, compression: Compression, samples: usize) -> Result<Meaning, Error> {
    Ok(match fields.uint(ifd::PHOTOMETRIC) {
        Some(0) => Meaning::Gray { inverted: true },
        Some(1) => Meaning::Gray { inverted: false },
        // Without the field, paper is white in what a fax has sent.
        None if samples < 3 => Meaning::Gray {
            inverted: compression.is_fax(),
        },
        Some(2) | None => Meaning::Rgb,
        Some(3) => Meaning::Palette,
        Some(5) => Meaning::Cmyk,
        Some(6) => {
            let pair = fields.find(YCBCR_SUBSAMPLING);
            let factor = |i| match pair {
                Some(entry) => fields.tiff.uint(entry, i),
                None => Some(2),
            };
            match (factor(0), factor(1)) {
                (Some(across @ (1 | 2 | 4)), Some(down @ (1 | 2 | 4))) => Meaning::YCbCr {
                    across: usize::try_from(across).unwrap_or(1),
                    down: usize::try_from(down).unwrap_or(1),
                },
                _ => {
                    return Err(malformed(
                        "its chroma is shared by other numbers of pixels than 1, 2 or 4",
                    ));
                }
            }
        }
        Some(8) => Meaning::Lab { icc: false },
        Some(9) => Meaning::Lab { icc: true },
        Some(4) => return Err(unsupported("that is a transparency mask")),
        Some(10) => return Err(unsupported("in ITU Lab")),
        Some(32_803) => return Err(unsupported("of a colour filter array (raw)")),
        Some(32_844 | 32_845) => return Err(unsupported("in LogL or LogLuv")),
        Some(34_892) => return Err(unsupported("of linear raw pixels")),
        Some(other) => return Err(unsupported(format!("of photometric interpretation {other}"))),
    })
}

/// The sample that is alpha. One that is said to be something else means nothing; where nothing is said of a fourth
/// sample behind RGB, it is taken for alpha, as libtiff, libvips and Pillow do.
fn alpha(fields: &Fields<'_, '_>, meaning: Meaning, samples: usize) -> Option<Alpha> {
    let base = meaning.channels();
    let extra = samples.checked_sub(base).filter(|&extra| extra > 0)?;
    let Some(entry) = fields.find(ifd::EXTRA_SAMPLES) else {
        let unsaid = meaning == Meaning::Rgb && extra == 1;
        return unsaid.then_some(Alpha {
            at: base,
            premultiplied: false,
        });
    };
    (0..extra).find_map(|i| match fields.tiff.uint(entry, i)? {
        kind @ (1 | 2) => Some(Alpha {
            at: base + i,
            premultiplied: kind == 1,
        }),
        _ => None,
    })
}

fn predictor(fields: &Fields<'_, '_>, compression: Compression) -> Result<Predictor, Error> {
    // Others have none, whatever the field says.
    if !matches!(compression, Compression::Lzw | Compression::Deflate) {
        return Ok(Predictor::None);
    }
    match fields.uint(PREDICTOR).unwrap_or(1) {
        1 => Ok(Predictor::None),
        2 => Ok(Predictor::Horizontal),
        3 => Ok(Predictor::Float),
        other => Err(unsupported(format!("with predictor {other}"))),
    }
}

/// Width and height of a strip or tile.
fn chunk_size(fields: &Fields<'_, '_>, compression: Compression, size: (u32, u32)) -> Result<(u32, u32), Error> {
    let side = |tag| fields.uint(tag).map(|v| u32::try_from(v).unwrap_or(u32::MAX));
    let chunk = match (side(TILE_WIDTH), side(TILE_LENGTH)) {
        (Some(_), _) if compression == Compression::OldJpeg => {
            return Err(unsupported("with old-style JPEG in tiles"));
        }
        // One stream has the whole picture.
        _ if compression == Compression::OldJpeg => size,
        (Some(width), Some(height)) => (width, height),
        (Some(_), None) => return Err(malformed("its tiles have no height")),
        (None, _) => (size.0, side(ROWS_PER_STRIP).unwrap_or(u32::MAX).min(size.1)),
    };
    if chunk.0 == 0 || chunk.1 == 0 {
        return Err(malformed("its strips or tiles have no size"));
    }
    Ok(chunk)
}
