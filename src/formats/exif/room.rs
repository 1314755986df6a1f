//! An EXIF block where it stands: made true of a new picture, and brought within the room that a format has for it.

use std::borrow::Cow;

use exif::Tag;

use super::filter;
use crate::formats::ifd::{
    EXIF_IFD, GPS_IFD, IMAGE_LENGTH, IMAGE_WIDTH, INTEROP_IFD, Ifd, ORIENTATION, PIXEL_X_DIMENSION, PIXEL_Y_DIMENSION,
    Tiff,
};
use crate::report::LostMetadata;

/// The block with its orientation set upright, its pixel dimensions set, and its thumbnail unlinked, everything else
/// where it was: the offsets inside maker notes stay true.
pub(in crate::formats) fn with_size(block: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut out = block.to_vec();
    let Some(tiff) = Tiff::parse(block) else { return out };
    let Some(first) = tiff.first_ifd() else { return out };
    put(&mut out, &tiff, &first, ORIENTATION, 1);
    put(&mut out, &tiff, &first, IMAGE_WIDTH, width);
    put(&mut out, &tiff, &first, IMAGE_LENGTH, height);
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
fn put(out: &mut [u8], tiff: &Tiff<'_>, ifd: &Ifd<'_>, tag: u16, value: u32) {
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

/// The block in at most `max` bytes, and what had to be left out for that: first what no field points at, as thumbnails are
/// once they are unlinked, then the maker note, then fields by their size. JPEG has room for 65,527 bytes; ExifTool writes
/// more into several segments, which no standard knows and few programs read.
pub(in crate::formats) fn within(block: &[u8], max: usize) -> (Option<Cow<'_, [u8]>>, Option<LostMetadata>) {
    if block.len() <= max {
        return (Some(Cow::Borrowed(block)), None);
    }
    if let Some(used) = used_end(block)
        .filter(|&end| end <= max)
        .and_then(|end| block.get(..end))
    {
        return (Some(Cow::Borrowed(used)), None);
    }
    let mut had_maker_note = false;
    for largest in [usize::MAX, 1 << 14, 1 << 12, 1 << 10, 1 << 7] {
        let allowed = |tag: Tag| tag != Tag::MakerNote;
        let Some(kept) = filter(block, largest, allowed, &[]) else {
            continue;
        };
        if largest == usize::MAX {
            had_maker_note = kept.has_maker_note;
        }
        if kept.block.len() <= max {
            let lost = if kept.omitted {
                Some(LostMetadata::Exif)
            } else {
                had_maker_note.then_some(LostMetadata::MakerNote)
            };
            return (Some(Cow::Owned(kept.block)), lost);
        }
    }
    (None, Some(LostMetadata::Exif))
}

/// Where the last of what the directories of a block hold or point at ends, without those of its thumbnail.
fn used_end(block: &[u8]) -> Option<usize> {
    let tiff = Tiff::parse(block)?;
    let first = tiff.first_ifd()?;
    let mut end = first.next_at?.checked_add(tiff.offset_size())?;
    let mut directories = vec![first];
    let mut seen = Vec::new();
    while let Some(directory) = directories.pop() {
        end = end.max(directory.next_at?);
        for entry in directory.entries() {
            end = end.max(tiff.value_end(entry)?);
            if matches!(entry.tag, EXIF_IFD | GPS_IFD | INTEROP_IFD) && !seen.contains(&entry.tag) {
                seen.push(entry.tag);
                directories.push(tiff.ifd(usize::try_from(tiff.uint(entry, 0)?).ok()?)?);
            }
        }
    }
    // Four bytes for the offset behind the last directory, if it is there.
    Some(end.checked_add(tiff.offset_size())?.min(block.len()))
}

#[cfg(test)]
mod tests {
    use exif::{Context, In, Reader, Value};

    use super::super::field;
    use super::super::tests::{ascii, block};
    use super::*;

    #[test]
    fn what_is_too_large_loses_its_thumbnail_then_its_maker_note_then_its_largest_fields() {
        let text = |len| ascii(&"t".repeat(len));
        let fields = |note: usize, comment: usize| {
            vec![
                field(Context::Tiff, 0x010F, ascii("Maker")),
                field(Context::Exif, 0x927C, Value::Undefined(vec![7; note], 0)),
                field(Context::Exif, 0xA430, text(comment)),
            ]
        };
        let made = |note, comment, thumbnail: usize| {
            let mut out = block(&fields(note, comment), true);
            out.resize(out.len() + thumbnail, b'x');
            out
        };
        let max = 2000;
        for (source, lost, has_note) in [
            (made(100, 100, 100), None, true),
            (made(1000, 100, 5000), None, true),
            (made(5000, 100, 0), Some(LostMetadata::MakerNote), false),
            (made(100, 5000, 100), Some(LostMetadata::Exif), false),
        ] {
            let (kept, left_out) = within(&source, max);
            let kept = kept.unwrap();
            assert!(kept.len() <= max && left_out == lost, "{} {left_out:?}", kept.len());
            let parsed = Reader::new().read_raw(kept.to_vec()).unwrap();
            assert!(parsed.get_field(Tag::Make, In::PRIMARY).is_some());
            assert_eq!(parsed.get_field(Tag::MakerNote, In::PRIMARY).is_some(), has_note);
        }
    }
}
