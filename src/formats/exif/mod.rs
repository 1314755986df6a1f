//! What of an EXIF block is kept under each policy.

mod room;

use std::collections::HashSet;
use std::io::Cursor;

use exif::{Context, Field, In, Rational, SRational, Tag, Value};

use crate::formats::bytes::Endian;
use crate::formats::ifd::{Entry, Ifd, ORIENTATION, PIXEL_X_DIMENSION, PIXEL_Y_DIMENSION, Tiff};
use crate::options::Metadata;

pub(super) use room::{with_size, within};

/// The fields of the first directory that `Privacy` keeps: whose picture it is by right, what it was taken with, when,
/// and how its samples are to be read.
const TIFF_TAGS: &[u16] = &[
    0x010F, // Make
    0x0110, // Model
    0x0112, // Orientation
    0x011A, // XResolution
    0x011B, // YResolution
    0x0128, // ResolutionUnit
    0x0131, // Software
    0x0132, // DateTime
    0x013B, // Artist
    0x0213, // YCbCrPositioning
    0x8298, // Copyright
];

/// The fields of the Exif directory that `Privacy` keeps: exposure, lens and times. What is not listed goes, so that no
/// private field of a future camera slips through.
const EXIF_TAGS: &[u16] = &[
    0x829A, // ExposureTime
    0x829D, // FNumber
    0x8822, // ExposureProgram
    0x8827, // PhotographicSensitivity
    0x8830, // SensitivityType
    0x8831, // StandardOutputSensitivity
    0x8832, // RecommendedExposureIndex
    0x9000, // ExifVersion
    0x9003, // DateTimeOriginal
    0x9004, // DateTimeDigitized
    0x9101, // ComponentsConfiguration
    0x9102, // CompressedBitsPerPixel
    0x9201, // ShutterSpeedValue
    0x9202, // ApertureValue
    0x9203, // BrightnessValue
    0x9204, // ExposureBiasValue
    0x9205, // MaxApertureValue
    0x9206, // SubjectDistance
    0x9207, // MeteringMode
    0x9208, // LightSource
    0x9209, // Flash
    0x920A, // FocalLength
    0x9214, // SubjectArea
    0x9290, // SubSecTime
    0x9291, // SubSecTimeOriginal
    0x9292, // SubSecTimeDigitized
    0xA000, // FlashpixVersion
    0xA001, // ColorSpace
    0xA002, // PixelXDimension
    0xA003, // PixelYDimension
    0xA20E, // FocalPlaneXResolution
    0xA20F, // FocalPlaneYResolution
    0xA210, // FocalPlaneResolutionUnit
    0xA215, // ExposureIndex
    0xA217, // SensingMethod
    0xA300, // FileSource
    0xA301, // SceneType
    0xA401, // CustomRendered
    0xA402, // ExposureMode
    0xA403, // WhiteBalance
    0xA404, // DigitalZoomRatio
    0xA405, // FocalLengthIn35mmFilm
    0xA406, // SceneCaptureType
    0xA407, // GainControl
    0xA408, // Contrast
    0xA409, // Saturation
    0xA40A, // Sharpness
    0xA40C, // SubjectDistanceRange
    0xA432, // LensSpecification
    0xA433, // LensMake
    0xA434, // LensModel
    0xA500, // Gamma
];

/// Bytes that a block may have beyond what its kept fields take: padding, not something hidden.
const SLACK: usize = 64;

/// The most bytes of fields that are taken over one by one: a segment of a JPEG has a quarter of them.
const MAX_FIELDS: usize = 1 << 18;

/// The block as `policy` leaves it, with the compressed picture untouched. `None`: drop it; the same bytes: keep it.
pub(crate) fn rewrite(block: &[u8], policy: Metadata) -> Option<Vec<u8>> {
    match policy {
        Metadata::Keep => Some(block.to_vec()),
        Metadata::Strip => None,
        Metadata::Privacy => {
            let kept = filter(block, usize::MAX, is_allowed, &[])?;
            if kept.is_all && block.len() <= kept.block.len() + SLACK {
                return Some(block.to_vec());
            }
            Some(kept.block)
        }
    }
}

/// The block for a picture that was encoded anew: upright, `width` × `height`, and without a thumbnail, which would
/// show the source. `None` if nothing remains.
pub(crate) fn for_new_picture(block: &[u8], policy: Metadata, width: u32, height: u32) -> Option<Vec<u8>> {
    match policy {
        Metadata::Keep => Some(with_size(block, width, height)),
        Metadata::Strip => None,
        Metadata::Privacy => {
            let size = [(PIXEL_X_DIMENSION, width), (PIXEL_Y_DIMENSION, height)];
            let allowed = |tag: Tag| is_allowed(tag) && tag.1 != ORIENTATION;
            filter(block, usize::MAX, allowed, &size).map(|kept| kept.block)
        }
    }
}

/// The fields of a TIFF file's first page as an EXIF block of their own: what describes its strips stays behind.
pub(crate) fn from_tiff(file: &[u8], policy: Metadata, width: u32, height: u32) -> Option<Vec<u8>> {
    let size = [(PIXEL_X_DIMENSION, width), (PIXEL_Y_DIMENSION, height)];
    // DocumentName, ImageDescription, HostComputer, Rating, RatingPercent, and the texts that Windows writes.
    let texts = |tag| matches!(tag, 0x010D | 0x010E | 0x013C | 0x4746 | 0x4749 | 0x9C9B..=0x9C9F);
    let description = |tag: Tag| tag.0 == Context::Tiff && texts(tag.1);
    match policy {
        Metadata::Strip => None,
        Metadata::Privacy => {
            let allowed = |tag: Tag| is_allowed(tag) && tag.1 != ORIENTATION;
            filter(file, usize::MAX, allowed, &size).map(|kept| kept.block)
        }
        Metadata::Keep => {
            let allowed =
                |tag: Tag| tag.1 != ORIENTATION && (is_allowed(tag) || description(tag) || tag.0 != Context::Tiff);
            filter(file, usize::MAX, allowed, &size).map(|kept| kept.block)
        }
    }
}

/// Whether `Privacy` keeps a field of the first directory, or of the Exif directory.
pub(super) fn is_allowed_tag(tag: u16, is_exif: bool) -> bool {
    if is_exif {
        EXIF_TAGS.contains(&tag)
    } else {
        TIFF_TAGS.contains(&tag)
    }
}

fn is_allowed(tag: Tag) -> bool {
    match tag.0 {
        Context::Tiff => TIFF_TAGS.contains(&tag.1),
        Context::Exif => EXIF_TAGS.contains(&tag.1),
        _ => false,
    }
}

/// A block rebuilt from some of its fields.
#[derive(Debug, PartialEq, Eq)]
struct Filtered {
    block: Vec<u8>,
    /// Whether the source held nothing else.
    is_all: bool,
    /// Whether a field that was allowed is not there: too large, or nowhere.
    omitted: bool,
    has_maker_note: bool,
}

/// The block rebuilt from the fields of its first directory that pass `allowed` and have at most `largest` bytes, with the
/// values of `set` (Exif directory, LONG) in place of those it had; `None` if none passes.
fn filter(block: &[u8], largest: usize, allowed: impl Fn(Tag) -> bool, set: &[(u16, u32)]) -> Option<Filtered> {
    let tiff = Tiff::parse(block)?;
    let mut picked = Picked {
        tiff,
        allowed,
        set,
        fields: Vec::new(),
        seen: HashSet::new(),
        largest,
        left: block.len().min(MAX_FIELDS),
        clean: true,
        omitted: false,
    };
    picked.directory(&tiff.first_ifd()?, Context::Tiff);
    let Picked {
        mut fields,
        clean: is_all,
        omitted,
        seen,
        ..
    } = picked;
    if fields.is_empty() {
        return None;
    }
    let number = |tag, value| field(Context::Exif, tag, Value::Long(vec![value]));
    fields.extend(set.iter().map(|&(tag, value)| number(tag, value)));
    let mut writer = exif::experimental::Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut out = Cursor::new(Vec::new());
    writer.write(&mut out, tiff.endian == Endian::Little).ok()?;
    Some(Filtered {
        block: out.into_inner(),
        is_all,
        omitted,
        has_maker_note: seen.contains(&Tag::MakerNote),
    })
}

/// The fields of a block that pass. Only their values are read, and together no more than the block has bytes: in 64 KB,
/// thousands of fields could share one value of 64 KB.
struct Picked<'a, F> {
    tiff: Tiff<'a>,
    allowed: F,
    /// Those that get other values.
    set: &'a [(u16, u32)],
    fields: Vec<Field>,
    /// A field that stands twice may be written once only; the first counts.
    seen: HashSet<Tag>,
    /// The most bytes of one field.
    largest: usize,
    /// Bytes that fields may still take.
    left: usize,
    /// Whether nothing was left out.
    clean: bool,
    /// Whether an allowed field was.
    omitted: bool,
}

impl<'a, F: Fn(Tag) -> bool> Picked<'a, F> {
    /// Takes the fields of a directory, and of those that it points at. There is no way back from these to where their
    /// kind stands, so that the walk ends whatever the pointers say.
    fn directory(&mut self, ifd: &Ifd<'_>, context: Context) {
        // Another directory behind it has the thumbnail, or is none.
        self.clean &= ifd.next_at.is_some_and(|at| self.tiff.is_last(at));
        for entry in ifd.entries() {
            let tag = Tag(context, entry.tag);
            let first = self.seen.insert(tag);
            let below = match tag {
                Tag::ExifIFDPointer => Some(Context::Exif),
                Tag::GPSInfoIFDPointer => Some(Context::Gps),
                Tag::InteropIFDPointer => Some(Context::Interop),
                _ => None,
            };
            let taken = match below {
                _ if !first => None,
                Some(below) => self.pointed_at(entry).map(|ifd| self.directory(&ifd, below)),
                None => self.take(entry, tag),
            };
            self.clean &= taken.is_some();
        }
    }

    fn pointed_at(&self, entry: Entry) -> Option<Ifd<'a>> {
        self.tiff.ifd(usize::try_from(self.tiff.uint(entry, 0)?).ok()?)
    }

    /// Takes a field; `None` if it is left out.
    fn take(&mut self, entry: Entry, tag: Tag) -> Option<()> {
        if !(self.allowed)(tag) {
            return None;
        }
        let taken = self.take_allowed(entry, tag);
        self.omitted |= taken.is_none();
        taken
    }

    fn take_allowed(&mut self, entry: Entry, tag: Tag) -> Option<()> {
        let bytes = self.tiff.bytes(entry)?;
        // What its entry and, where it does not stand in that, its value take.
        if bytes.len() > self.largest {
            return None;
        }
        let cost = 12 + if bytes.len() > 4 { bytes.len() } else { 0 };
        self.left = self.left.checked_sub(cost)?;
        let value = value(bytes, entry.kind, self.tiff.endian)?;
        let replaced = tag.0 == Context::Exif && self.set.iter().any(|&(set, _)| set == tag.1);
        if !replaced {
            self.fields.push(field(tag.0, tag.1, value));
        }
        Some(())
    }
}

fn field(context: Context, tag: u16, value: Value) -> Field {
    Field {
        tag: Tag(context, tag),
        ifd_num: In::PRIMARY,
        value,
    }
}

/// A value of a field type (TIFF 6.0, section 2); `None` for types that EXIF does not have.
fn value(bytes: &[u8], kind: u16, endian: Endian) -> Option<Value> {
    let halves = || bytes.chunks_exact(2).filter_map(|b| endian.u16(b, 0));
    let words = || bytes.chunks_exact(4).filter_map(|b| endian.u32(b, 0));
    let pairs = || {
        bytes
            .chunks_exact(8)
            .filter_map(|b| Some((endian.u32(b, 0)?, endian.u32(b, 4)?)))
    };
    Some(match kind {
        1 => Value::Byte(bytes.to_vec()),
        // Several texts, each with a zero behind it, stay one here; the last zero is put there by the writer.
        2 if bytes.is_empty() => Value::Ascii(Vec::new()),
        2 => Value::Ascii(vec![bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec()]),
        3 => Value::Short(halves().collect()),
        4 => Value::Long(words().collect()),
        5 => Value::Rational(pairs().map(|(num, denom)| Rational { num, denom }).collect()),
        6 => Value::SByte(bytes.iter().map(|b| b.cast_signed()).collect()),
        7 => Value::Undefined(bytes.to_vec(), 0),
        8 => Value::SShort(halves().map(u16::cast_signed).collect()),
        9 => Value::SLong(words().map(u32::cast_signed).collect()),
        10 => {
            let signed = |(num, denom): (u32, u32)| SRational {
                num: num.cast_signed(),
                denom: denom.cast_signed(),
            };
            Value::SRational(pairs().map(signed).collect())
        }
        11 => Value::Float(words().map(f32::from_bits).collect()),
        12 => {
            let doubles = bytes.chunks_exact(8).filter_map(|b| endian.u64(b, 0));
            Value::Double(doubles.map(f64::from_bits).collect())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use exif::Reader;

    use super::*;

    pub(super) fn block(fields: &[Field], little: bool) -> Vec<u8> {
        let mut writer = exif::experimental::Writer::new();
        for f in fields {
            writer.push_field(f);
        }
        let mut out = Cursor::new(Vec::new());
        writer.write(&mut out, little).unwrap();
        out.into_inner()
    }

    pub(super) fn ascii(text: &str) -> Value {
        Value::Ascii(vec![text.as_bytes().to_vec()])
    }

    fn private() -> Vec<Field> {
        vec![
            field(Context::Tiff, 0x8298, ascii("(c) Someone")),
            field(Context::Tiff, ORIENTATION, Value::Short(vec![6])),
            field(Context::Exif, 0x9003, ascii("2026:01:02 03:04:05")),
            field(Context::Exif, PIXEL_X_DIMENSION, Value::Short(vec![40])),
            field(Context::Exif, 0xA431, ascii("serial 12345")),
            field(Context::Exif, 0x927C, Value::Undefined(vec![7; 90], 0)),
            field(Context::Gps, 1, ascii("N")),
        ]
    }

    #[test]
    fn privacy_keeps_rights_and_drops_places_and_numbers() {
        for little in [true, false] {
            let out = rewrite(&block(&private(), little), Metadata::Privacy).unwrap();
            let text = String::from_utf8_lossy(&out);
            assert!(text.contains("(c) Someone") && text.contains("2026:01:02"));
            assert!(!text.contains("serial") && !text.contains("\u{7}\u{7}"));
            let parsed = Reader::new().read_raw(out.clone()).unwrap();
            assert!(parsed.fields().all(|f| f.tag.0 != Context::Gps));
            assert_eq!(
                rewrite(&out, Metadata::Privacy),
                Some(out),
                "a second pass changes nothing"
            );
        }
    }

    #[test]
    fn a_clean_block_stays_as_it_is_whatever_its_order() {
        let clean = block(
            &[
                field(Context::Tiff, 0x010F, ascii("Maker")),
                field(Context::Tiff, 0x0132, ascii("now")),
            ],
            true,
        );
        assert_eq!(rewrite(&clean, Metadata::Privacy), Some(clean.clone()));
        let mut hiding = clean.clone();
        hiding.extend([b'x'; 500]);
        let out = rewrite(&hiding, Metadata::Privacy).unwrap();
        assert!(out.len() < 200, "what no field points at is not carried along");
    }

    #[test]
    fn a_new_picture_is_upright_and_has_its_own_size() {
        let source = block(&private(), false);
        for policy in [Metadata::Privacy, Metadata::Keep] {
            let out = for_new_picture(&source, policy, 20, 10).unwrap();
            assert!(crate::formats::ifd::exif_orientation(&out).unwrap_or_default() == crate::Orientation::Upright);
            let parsed = Reader::new().read_raw(out).unwrap();
            let x = parsed.get_field(Tag::PixelXDimension, In::PRIMARY).unwrap();
            assert_eq!(x.value.get_uint(0), Some(20), "{policy:?}");
            assert_eq!(
                parsed.fields().any(|f| f.tag.0 == Context::Gps),
                policy == Metadata::Keep
            );
        }
        assert_eq!(for_new_picture(&source, Metadata::Strip, 1, 1), None);
    }

    #[test]
    fn fields_that_share_a_value_are_read_once_for_all() {
        // Allowed fields of 30,000 bytes each, which are the same 30,000 bytes, and the first of them over and over.
        let again = [EXIF_TAGS[0]; 2000];
        let entries = EXIF_TAGS.iter().chain(&again);
        let mut block = b"II*\0\x08\0\0\0".to_vec();
        block.extend([1, 0, 0x69, 0x87, 4, 0, 1, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0]);
        block.extend(u16::try_from(entries.clone().count()).unwrap().to_le_bytes());
        for tag in entries {
            block.extend(tag.to_le_bytes());
            block.extend([2, 0, 0x30, 0x75, 0, 0, 26, 0, 0, 0]);
        }
        block.resize(60_000, 0);
        for policy in [Metadata::Privacy, Metadata::Keep] {
            let out = rewrite(&block, policy).unwrap();
            assert!(out.len() <= block.len() + 100, "{policy:?}: {}", out.len());
        }
    }

    #[test]
    fn texts_and_numbers_of_each_type_come_out_as_they_went_in() {
        let fields = [
            field(
                Context::Tiff,
                0x010F,
                Value::Ascii(vec![b"one".to_vec(), b"two".to_vec()]),
            ),
            field(Context::Tiff, 0x0110, Value::Ascii(vec![Vec::new()])),
            field(Context::Exif, 0x829A, Value::Rational(vec![(1, 250).into()])),
            field(Context::Exif, 0x9204, Value::SRational(vec![(-1, 3).into()])),
            field(Context::Exif, 0x9214, Value::Short(vec![1, 2, 3, 4])),
            field(Context::Exif, 0xA500, Value::Double(vec![2.2])),
            field(Context::Exif, 0x9000, Value::Undefined(b"0232".to_vec(), 0)),
        ];
        for little in [true, false] {
            let source = block(&fields, little);
            let kept = filter(&source, usize::MAX, |_| true, &[]).unwrap();
            assert_eq!((kept.block, kept.is_all, kept.omitted), (source, true, false));
        }
    }

    #[test]
    fn broken_blocks_never_panic_and_never_pass_unfiltered() {
        let source = block(&private(), true);
        for end in 0..source.len() {
            let out = rewrite(&source[..end], Metadata::Privacy).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&out).contains("serial"), "cut at {end}");
            let _ = for_new_picture(&source[..end], Metadata::Keep, 1, 1);
        }
        assert_eq!(rewrite(b"rubbish", Metadata::Privacy), None);
    }
}
