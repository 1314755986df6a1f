//! The metadata segments of a JPEG.

use std::borrow::Cow;

use photofit_jpeg::encode;

use photofit_jpeg::header::{Segment, Segments, end_of_image};

use super::header::{APP0, APP1, APP2, APP14, APP15, COM, EXIF, ICC, SOS, XMP};
use crate::formats::carried::Carried;
use crate::formats::exif;
use crate::formats::ifd::Tiff;
use crate::options::Metadata;

const APP13: u8 = 0xED;

/// The payload of Adobe's segment: its name, version, two words of flags and the colour transform.
const ADOBE_PAYLOAD: usize = 12;

/// The file with its metadata segments as `policy` wants them; the coded picture is copied as it is. `None` if nothing
/// would change, or if the file has no end.
pub(super) fn rewrite(data: &[u8], policy: Metadata) -> Option<Vec<u8>> {
    let end = end_of_image(data)?;
    let mut out = Vec::with_capacity(data.len());
    out.extend_from_slice(&data[..2]);
    let mut changed = hides_something(&data[end..]);
    let mut seen_exif = false;
    for segment in Segments::new(data) {
        if segment.marker == SOS {
            out.extend_from_slice(&data[segment.start..end]);
            return changed.then_some(out);
        }
        let whole = &data[segment.start..segment.end];
        let kept = kept(&segment, whole, policy, &mut seen_exif);
        changed |= kept.as_deref() != Some(whole);
        out.extend(kept.unwrap_or_default());
    }
    None
}

/// Whether bytes behind the picture are more than padding: previews, gain maps and videos stand there.
fn hides_something(trailer: &[u8]) -> bool {
    trailer.iter().any(|&b| b != 0 && b != 0xFF)
}

/// The segment as `policy` leaves it; `None`: it goes.
fn kept(segment: &Segment<'_>, whole: &[u8], policy: Metadata, seen_exif: &mut bool) -> Option<Vec<u8>> {
    let payload = segment.payload;
    match segment.marker {
        APP0 => without_thumbnail(payload).map(|p| build(APP0, &[&p])),
        APP1 if payload.starts_with(EXIF) => {
            let block = &payload[EXIF.len()..];
            let readable = Tiff::parse(block).is_some_and(|t| t.first_ifd().is_some());
            // A second block says what nobody reads, or what the first one hides.
            if *seen_exif || !readable {
                return None;
            }
            *seen_exif = true;
            let block = exif::rewrite(block, policy)?;
            Some(build(APP1, &[EXIF, &block]))
        }
        APP2 if payload.starts_with(ICC) => Some(whole.to_vec()),
        // Adobe's segment says how the components are to be read; cut short it says nothing, and some decoders refuse
        // the file for it.
        APP14 if payload.starts_with(b"Adobe") && payload.len() >= ADOBE_PAYLOAD => Some(whole.to_vec()),
        APP0..=APP15 | COM => None,
        _ => Some(whole.to_vec()),
    }
}

/// A JFIF segment without its thumbnail; `None` for the extensions, which are nothing but thumbnails.
fn without_thumbnail(payload: &[u8]) -> Option<Vec<u8>> {
    let mut jfif = payload.strip_prefix(b"JFIF\0").and(payload.get(..14))?.to_vec();
    jfif[12..14].fill(0);
    Some(jfif)
}

/// A segment of `parts`, which are at most 65,533 bytes together.
fn build(marker: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|p| p.len()).sum();
    let length = u16::try_from(length + 2).unwrap_or(u16::MAX);
    let mut out = vec![0xFF, marker];
    out.extend(length.to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// Takes over XMP, IPTC and comments, if they are kept.
pub(super) fn rest(data: &[u8], policy: Metadata, carried: &mut Carried) {
    if policy != Metadata::Keep {
        return;
    }
    for segment in Segments::new(data) {
        match segment.marker {
            APP1 => {
                if let Some(packet) = segment.payload.strip_prefix(XMP) {
                    carried.xmp.get_or_insert_with(|| packet.to_vec());
                }
            }
            APP13 => {
                carried.iptc.get_or_insert_with(|| segment.payload.to_vec());
            }
            COM => carried.comments.push((b"Comment".to_vec(), segment.payload.to_vec())),
            _ => {}
        }
    }
}

/// What the encoder is to write of `carried`. What is too large for a segment is left out.
pub(crate) fn for_encoder(carried: &Carried) -> encode::Metadata<'_> {
    const MAX_SEGMENT: usize = encode::Metadata::MAX_SEGMENT;
    let mut metadata = encode::Metadata::new();
    if let Some(block) = carried
        .exif
        .as_deref()
        .filter(|block| block.len() <= encode::Metadata::MAX_EXIF)
    {
        metadata = metadata.exif(block);
    }
    if let Some(packet) = carried
        .xmp
        .as_deref()
        .filter(|packet| packet.len() <= MAX_SEGMENT - XMP.len())
    {
        metadata = metadata.segment(1, [XMP, packet].concat());
    }
    if let Some(profile) = carried
        .icc
        .as_deref()
        .filter(|profile| profile.len() <= encode::Metadata::MAX_ICC)
    {
        metadata = metadata.icc(profile);
    }
    if let Some(resources) = carried
        .iptc
        .as_deref()
        .filter(|resources| resources.len() <= MAX_SEGMENT)
    {
        metadata = metadata.segment(13, resources);
    }
    for (keyword, text) in &carried.comments {
        let comment = if keyword == b"Comment" {
            Cow::Borrowed(text.as_slice())
        } else {
            Cow::Owned([keyword, b": ".as_slice(), text].concat())
        };
        if comment.len() <= MAX_SEGMENT {
            metadata = metadata.comment(comment);
        }
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG's skeleton: enough structure for the walk, no real picture.
    fn skeleton(segments: &[(u8, &[u8])], trailer: &[u8]) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8];
        for (marker, payload) in segments {
            out.extend(build(*marker, &[payload]));
        }
        out.extend(build(SOS, &[b"scan header"]));
        out.extend([1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4, 0xFF, 0xD9]);
        out.extend(trailer);
        out
    }

    #[test]
    fn nothing_to_drop_means_no_rewrite() {
        let icc = [ICC, &[1, 1, 7]].concat();
        let plain = skeleton(
            &[
                (APP0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
                (APP2, &icc),
                (0xDB, b"table"),
            ],
            b"",
        );
        assert_eq!(rewrite(&plain, Metadata::Privacy), None);
        assert_eq!(rewrite(&plain, Metadata::Strip), None);
        let padded = [plain.as_slice(), &[0; 9]].concat();
        assert_eq!(rewrite(&padded, Metadata::Privacy), None, "padding hides nothing");
    }

    #[test]
    fn comments_packets_and_trailers_go_and_the_scan_stays() {
        let xmp = [XMP, b"packet"].concat();
        let full = skeleton(
            &[(COM, b"secret"), (APP1, &xmp), (APP13, b"iptc"), (0xDB, b"table")],
            b"video",
        );
        let lean = skeleton(&[(0xDB, b"table")], b"");
        for policy in [Metadata::Privacy, Metadata::Strip] {
            assert_eq!(rewrite(&full, policy), Some(lean.clone()));
        }
        assert_eq!(rewrite(&lean, Metadata::Privacy), None);
        assert_eq!(
            rewrite(&full[..full.len() - 8], Metadata::Privacy),
            None,
            "a file without an end is not rewritten"
        );
    }

    #[test]
    fn an_adobe_segment_that_is_cut_short_goes() {
        let photo = include_bytes!("../../../testdata/jpeg/sampling-420.jpg");
        let app0_end = Segments::new(photo).next().map(|s| s.end).unwrap();
        let with = |segment: &[u8]| [&photo[..app0_end], segment, &photo[app0_end..]].concat();
        // The length is one too small, so that the colour transform stands behind the segment.
        let mut short = build(APP14, &[b"Adobe\0\x64\0\0\0\0\x01"]);
        short[3] -= 1;
        let strict = |file: &[u8]| {
            let options = zune_core::options::DecoderOptions::new_safe().set_strict_mode(true);
            zune_jpeg::JpegDecoder::new_with_options(zune_core::bytestream::ZCursor::new(file), options)
                .decode()
                .map_err(|e| e.to_string())
        };
        assert!(
            strict(&with(&short)).is_err(),
            "the segment is what a strict decoder refuses"
        );
        let out = rewrite(&with(&short), Metadata::Privacy).unwrap();
        assert_eq!(strict(&out), strict(photo));
        assert!(Segments::new(&out).all(|s| s.marker != APP14));
        let whole = with(&build(APP14, &[b"Adobe\0\x64\0\0\0\0\x01"]));
        assert_eq!(rewrite(&whole, Metadata::Privacy), None, "a whole one stays");
    }

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
        let metadata = for_encoder(&carried);
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
