//! What of an EXIF block is kept under each policy.

use std::io::Cursor;

use exif::{Context, Field, In, Reader, Tag, Value};

use crate::options::Metadata;
use crate::probe::ifd::{EXIF_IFD, Ifd, ORIENTATION, PIXEL_X_DIMENSION, PIXEL_Y_DIMENSION, Tiff};

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

/// The block as `policy` leaves it, with the compressed picture untouched. `None`: drop it; the same bytes: keep it.
pub(crate) fn rewrite(block: &[u8], policy: Metadata) -> Option<Vec<u8>> {
    match policy {
        Metadata::Keep => Some(block.to_vec()),
        Metadata::Strip => None,
        Metadata::Privacy => {
            let (kept, all_allowed) = filter(block, is_allowed, &[])?;
            if all_allowed && block.len() <= kept.len() + SLACK {
                return Some(block.to_vec());
            }
            Some(kept)
        }
    }
}

/// The block for a picture that was encoded anew: upright, `width` × `height`, and without a thumbnail, which would
/// show the source. `None` if nothing remains.
pub(crate) fn for_new_picture(block: &[u8], policy: Metadata, width: u32, height: u32) -> Option<Vec<u8>> {
    match policy {
        Metadata::Keep => Some(patched(block, width, height)),
        Metadata::Strip => None,
        Metadata::Privacy => {
            let size = [(PIXEL_X_DIMENSION, width), (PIXEL_Y_DIMENSION, height)];
            filter(block, |tag| is_allowed(tag) && tag.1 != ORIENTATION, &size).map(|(kept, _)| kept)
        }
    }
}

/// The fields of a TIFF file's first page as an EXIF block of their own: what describes its strips stays behind.
pub(crate) fn from_tiff(file: &[u8], policy: Metadata, width: u32, height: u32) -> Option<Vec<u8>> {
    let size = [(PIXEL_X_DIMENSION, width), (PIXEL_Y_DIMENSION, height)];
    let description = |tag: Tag| tag.0 == Context::Tiff && matches!(tag.1, 0x010D | 0x010E | 0x013C);
    match policy {
        Metadata::Strip => None,
        Metadata::Privacy => filter(file, |tag| is_allowed(tag) && tag.1 != ORIENTATION, &size).map(|(kept, _)| kept),
        Metadata::Keep => filter(
            file,
            |tag| tag.1 != ORIENTATION && (is_allowed(tag) || description(tag) || tag.0 != Context::Tiff),
            &size,
        )
        .map(|(kept, _)| kept),
    }
}

fn is_allowed(tag: Tag) -> bool {
    match tag.0 {
        Context::Tiff => TIFF_TAGS.contains(&tag.1),
        Context::Exif => EXIF_TAGS.contains(&tag.1),
        _ => false,
    }
}

/// The block rebuilt from the fields of its first directory that pass `allowed`, with the values of `set` (Exif
/// directory, LONG) in place of those it had; `None` if none passes. The second result tells whether the block held
/// nothing else.
fn filter(block: &[u8], allowed: impl Fn(Tag) -> bool, set: &[(u16, u32)]) -> Option<(Vec<u8>, bool)> {
    let mut clean = true;
    let parsed = Reader::new()
        .continue_on_error(true)
        .read_raw(block.to_vec())
        .or_else(|error| {
            clean = false;
            error.distill_partial_result(|_| {})
        })
        .ok()?;
    let mut kept: Vec<Field> = Vec::new();
    for field in parsed.fields() {
        let replaced = field.tag.0 == Context::Exif && set.iter().any(|&(tag, _)| tag == field.tag.1);
        let known = !matches!(field.value, Value::Unknown(..));
        // A field that stands twice may be written once only; the first counts.
        let first = kept.iter().all(|k| k.tag != field.tag);
        if field.ifd_num == In::PRIMARY && allowed(field.tag) && known && first {
            if !replaced {
                kept.push(field.clone());
            }
        } else {
            clean = false;
        }
    }
    if kept.is_empty() {
        return None;
    }
    kept.extend(set.iter().map(|&(tag, value)| Field {
        tag: Tag(Context::Exif, tag),
        ifd_num: In::PRIMARY,
        value: Value::Long(vec![value]),
    }));
    let mut writer = exif::experimental::Writer::new();
    for field in &kept {
        writer.push_field(field);
    }
    let mut out = Cursor::new(Vec::new());
    writer.write(&mut out, parsed.little_endian()).ok()?;
    Some((out.into_inner(), clean))
}

/// The block with its orientation set upright, its pixel dimensions set, and its thumbnail unlinked, everything else
/// where it was: the offsets inside maker notes stay true.
fn patched(block: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut out = block.to_vec();
    let Some(tiff) = Tiff::parse(block) else { return out };
    let Some(first) = tiff.first_ifd() else { return out };
    put(&mut out, &tiff, &first, ORIENTATION, 1);
    if let Some(at) = first.next_at
        && let Some(link) = out.get_mut(at..at + 4)
    {
        link.fill(0);
    }
    let exif = first
        .find(EXIF_IFD)
        .and_then(|e| tiff.uint(e, 0))
        .and_then(|offset| tiff.ifd(usize::try_from(offset).ok()?));
    if let Some(exif) = exif {
        put(&mut out, &tiff, &exif, PIXEL_X_DIMENSION, width);
        put(&mut out, &tiff, &exif, PIXEL_Y_DIMENSION, height);
    }
    out
}

/// Sets the value of a SHORT or LONG field that is there already.
fn put(out: &mut [u8], tiff: &Tiff<'_>, ifd: &Ifd, tag: u16, value: u32) {
    let Some(entry) = ifd.find(tag) else { return };
    let at = entry.value_at;
    let bytes = match entry.kind {
        4 | 9 => tiff.endian.put_u32(value).to_vec(),
        1 | 6 | 7 => vec![u8::try_from(value).unwrap_or(u8::MAX)],
        _ => tiff.endian.put_u16(u16::try_from(value).unwrap_or(u16::MAX)).to_vec(),
    };
    if let Some(target) = out.get_mut(at..at + bytes.len()) {
        target.copy_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(context: Context, tag: u16, value: Value) -> Field {
        Field {
            tag: Tag(context, tag),
            ifd_num: In::PRIMARY,
            value,
        }
    }

    fn block(fields: &[Field], little: bool) -> Vec<u8> {
        let mut writer = exif::experimental::Writer::new();
        for f in fields {
            writer.push_field(f);
        }
        let mut out = Cursor::new(Vec::new());
        writer.write(&mut out, little).unwrap();
        out.into_inner()
    }

    fn ascii(text: &str) -> Value {
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
            assert!(crate::probe::ifd::exif_orientation(&out).unwrap_or_default() == crate::Orientation::Upright);
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
