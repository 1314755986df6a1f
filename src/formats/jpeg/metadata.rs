//! The metadata segments of a JPEG: what a new picture takes over of them, and what is written of it.

use std::borrow::Cow;

use photofit_jpeg::encode;
use photofit_jpeg::header::{Segments, end_of_image};

use super::header::{
    self, APP0, APP1, APP2, APP11, APP12, APP13, APP14, APP15, COM, EXIF, ICC, ISO_GAIN_MAP, MPF, XMP, hides_something,
};
use crate::formats::carried::{Carried, WrittenXmp, losses};
use crate::formats::photoshop;
use crate::formats::{exif, md5, xmp};
use crate::options::Metadata;
use crate::report::{Loss, LostMetadata};

/// How a segment begins that has a part of an extended XMP packet (Adobe's XMP specification, part 3, 1.1.3.1).
const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// What stands behind that: the GUID, the length of the whole extension, and where in it the part belongs.
const EXTENSION_HEAD: usize = 32 + 4 + 4;

/// A segment of `parts`, which are at most 65,533 bytes together.
pub(super) fn build(marker: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|p| p.len()).sum();
    let length = u16::try_from(length + 2).unwrap_or(u16::MAX);
    let mut out = vec![0xFF, marker];
    out.extend(length.to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// Takes over XMP, IPTC, comments and what other programs have put there, if they are kept.
pub(super) fn rest(data: &[u8], policy: Metadata, carried: &mut Carried) {
    if policy != Metadata::Keep {
        return;
    }
    let mut resources: Vec<u8> = Vec::new();
    for segment in Segments::new(data) {
        let payload = segment.payload;
        match segment.marker {
            APP1 if payload.starts_with(XMP) => {
                let packet = &payload[XMP.len()..];
                if carried.xmp.is_some() {
                    carried.lose(LostMetadata::Xmp);
                } else if !packet.is_empty() {
                    carried.xmp = Some(packet.to_vec());
                }
            }
            APP13 if payload.starts_with(photoshop::HEADER) => {
                resources.extend_from_slice(&payload[photoshop::HEADER.len()..]);
            }
            COM => carried.comments.push((b"Comment".to_vec(), payload.to_vec())),
            // Read elsewhere, or true of the source alone: thumbnails, lists of pictures behind this one, how it was coded.
            APP0 if [b"JFIF\0", b"JFXX\0", b"AVI1\0"]
                .iter()
                .any(|known| payload.starts_with(*known)) => {}
            APP1 if payload.starts_with(EXIF) || payload.starts_with(XMP_EXTENSION) => {}
            APP2 if [ICC, MPF, ISO_GAIN_MAP].iter().any(|known| payload.starts_with(known)) => {}
            APP12 if payload.starts_with(b"Ducky") => {}
            APP14 if payload.starts_with(b"Adobe") => {}
            // What was signed is no longer what is there.
            APP11 => carried.lose(LostMetadata::Other),
            APP0..=APP15 if !payload.is_empty() => carried.segments.push((segment.marker - APP0, payload.to_vec())),
            _ => {}
        }
    }
    let (kept, unread) = photoshop::for_new_picture(&resources);
    carried.resources = kept;
    if unread {
        carried.lose(LostMetadata::Iptc);
    }
    if hides_something(data.get(end_of_image(data).unwrap_or(data.len())..).unwrap_or_default())
        && !has_companions(data)
    {
        carried.lose(LostMetadata::Other);
    }
    let guid = carried.xmp.as_deref().and_then(xmp::extension_guid);
    if let Some(guid) = guid {
        carried.xmp_extension = extension(data, &guid);
        if carried.xmp_extension.is_none() {
            carried.lose(LostMetadata::Xmp);
        }
    }
}

/// Whether what stands behind the picture is named as a loss of its own.
fn has_companions(data: &[u8]) -> bool {
    header::header(data).is_ok_and(|info| info.gain_map || info.motion_photo || info.images > 1)
}

/// The extension of an XMP packet, put together from its parts; `None` if one is missing.
fn extension(data: &[u8], guid: &[u8; 32]) -> Option<Vec<u8>> {
    let parts = Segments::new(data).filter(|s| s.marker == APP1).filter_map(|segment| {
        let rest = segment.payload.strip_prefix(XMP_EXTENSION)?.strip_prefix(guid)?;
        let number = |at| Some(u32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?) as usize);
        Some((number(0)?, number(4)?, rest.get(8..)?))
    });
    let mut parts: Vec<(usize, usize, &[u8])> = parts.collect();
    let whole = parts.first()?.0;
    // No longer than its parts are together, so that a length that is only claimed costs nothing.
    let there: usize = parts.iter().map(|part| part.2.len()).sum();
    if whole > there.min(xmp::MAX_PACKET) {
        return None;
    }
    parts.sort_by_key(|part| part.1);
    let mut out = Vec::with_capacity(whole);
    for (length, at, part) in parts {
        // A part that comes twice is passed over.
        if length == whole && at == out.len() {
            out.extend_from_slice(part);
        }
    }
    (out.len() == whole).then_some(out)
}

/// What the encoder is to write of `carried`, and what it has no room for.
pub(crate) fn for_encoder(carried: &Carried) -> (encode::Metadata<'_>, Vec<Loss>) {
    const MAX_SEGMENT: usize = encode::Metadata::MAX_SEGMENT;
    let mut metadata = encode::Metadata::new();
    let mut lost = carried.lost.clone();
    if let Some(block) = carried.exif.as_deref() {
        let (block, left_out) = exif::within(block, encode::Metadata::MAX_EXIF);
        lost.extend(left_out);
        if let Some(block) = block {
            metadata = metadata.exif(block);
        }
    }
    let packets = carried.written_xmp();
    if packets.lost {
        lost.push(LostMetadata::Xmp);
    }
    match xmp_segments(packets) {
        Some(segments) => {
            for segment in segments {
                metadata = metadata.segment(1, segment);
            }
        }
        None => lost.push(LostMetadata::Xmp),
    }
    let mut profile_lost = false;
    if let Some(profile) = carried.icc.as_deref() {
        if profile.len() <= encode::Metadata::MAX_ICC {
            metadata = metadata.icc(profile);
        } else {
            profile_lost = true;
        }
    }
    if let Some(resources) = carried.resources.as_deref() {
        // Readers put the segments together again.
        for part in resources.chunks(MAX_SEGMENT - photoshop::HEADER.len()) {
            metadata = metadata.segment(13, [photoshop::HEADER, part].concat());
        }
    }
    for (number, payload) in &carried.segments {
        metadata = metadata.segment(*number, payload.as_slice());
    }
    for (keyword, text) in &carried.comments {
        let comment = if keyword == b"Comment" {
            Cow::Borrowed(text.as_slice())
        } else {
            Cow::Owned([keyword, b": ".as_slice(), text].concat())
        };
        if comment.len() <= MAX_SEGMENT {
            metadata = metadata.comment(comment);
        } else {
            lost.push(LostMetadata::Text);
        }
    }
    let mut lost = losses(lost);
    if profile_lost {
        lost.push(Loss::Profile);
    }
    (metadata, lost)
}

/// The payloads of the segments that hold a packet and its extension: what does not fit one segment becomes an extension.
/// `None` if that cannot be done.
fn xmp_segments(written: WrittenXmp) -> Option<Vec<Vec<u8>>> {
    const MAX_PACKET: usize = encode::Metadata::MAX_SEGMENT - XMP.len();
    const MAX_PART: usize = encode::Metadata::MAX_SEGMENT - XMP_EXTENSION.len() - EXTENSION_HEAD;
    let Some(packet) = written.packet else {
        return Some(Vec::new());
    };
    let named = |extension: Vec<u8>| {
        let guid = md5::hex(&extension);
        let named = xmp::with_extension(&packet, &guid).filter(|packet| packet.len() <= MAX_PACKET)?;
        Some((named, extension, guid))
    };
    let (main, extension, guid) = match written.extension {
        None if packet.len() <= MAX_PACKET => return Some(vec![[XMP, &packet].concat()]),
        None => {
            let extension = xmp::without_wrapper(&packet)?.to_vec();
            let guid = md5::hex(&extension);
            (xmp::only_extension(&guid)?, extension, guid)
        }
        Some(extension) => named(extension)?,
    };
    let whole = u32::try_from(extension.len()).ok()?;
    let mut segments = vec![[XMP, &main].concat()];
    let mut at = 0_u32;
    for part in extension.chunks(MAX_PART) {
        let head = [whole.to_be_bytes(), at.to_be_bytes()].concat();
        segments.push([XMP_EXTENSION, guid.as_bytes(), &head, part].concat());
        at = at.checked_add(u32::try_from(part.len()).ok()?)?;
    }
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_profile_is_split_and_found_again() {
        let mut profile: Vec<u8> = (0..150_000u32).map(|i| (i % 250) as u8).collect();
        // As long as it says, and named as a profile.
        profile[..4].copy_from_slice(&150_000_u32.to_be_bytes());
        profile[36..40].copy_from_slice(b"acsp");
        let carried = Carried {
            icc: Some(profile.clone()),
            ..Carried::default()
        };
        let (metadata, lost) = for_encoder(&carried);
        assert!(lost.is_empty());
        let size = metadata.size();
        let frame = encode::Frame::new(8, 8, encode::Sampling::Gray).unwrap();
        let plane = [128; 64];
        let encoded = |metadata| {
            let (mut out, options) = (Vec::new(), encode::EncodeOptions::new().metadata(metadata));
            let planes = [encode::Plane::new(&plane, 8)];
            encode::Encoder::new()
                .encode_planes(frame, &planes, &options, &mut out)
                .unwrap();
            out
        };
        let out = encoded(metadata);
        assert_eq!(out.len(), encoded(encode::Metadata::new()).len() + size);
        assert_eq!(super::super::header::icc_profile(&out), Some(profile));
        assert_eq!(Segments::new(&out).next().map(|s| s.marker), Some(APP0));
    }
}
