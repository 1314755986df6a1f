//! A JPEG with other metadata, its coded picture copied as it is.

use photofit_jpeg::encode;
use photofit_jpeg::header::{Segment, Segments, end_of_image};

use super::header::{APP0, APP1, APP2, APP14, APP15, COM, EOI, EXIF, ICC, SOS, has_profile, hides_something};
use super::metadata::build;
use crate::colour::{self, Numbers};
use crate::error::Error;
use crate::formats::exif;
use crate::formats::ifd::{Tiff, is_adobe_rgb};
use crate::formats::pieces::Pieces;
use crate::formats::row::Cleaned;
use crate::options::Metadata;
use crate::report::{Loss, LostMetadata};

/// The payload of Adobe's segment: its name, version, two words of flags and the colour transform.
const ADOBE_PAYLOAD: usize = 12;

/// The file with its metadata segments as `policy` wants them, wherever they stand: before, between and behind the scans. A
/// file without an end is left as it is, as it is not passed on so.
pub(super) fn clean(data: &[u8], policy: Metadata) -> Result<Cleaned, Error> {
    let Some(end) = end_of_image(data) else {
        return Ok(Cleaned::AsItIs);
    };
    let mut out = Pieces::of(data);
    out.keep(0..2);
    let mut filter = Filter {
        policy,
        seen_exif: false,
        broken_exif: false,
        behind_scan: false,
        data,
    };
    let mut at = 2;
    let (mut in_scan, mut last_went) = (false, false);
    let mut segments = Segments::from(data, at);
    while let Some(segment) = segments.next() {
        let gap = at..segment.start;
        let hides = || data.get(gap.clone()).is_some_and(|gap| gap.iter().any(|&b| b != 0xFF));
        // Between segments, bytes may fill up; behind the header of a scan they are the coded picture.
        if in_scan || (policy == Metadata::Keep && !last_went) || !hides() {
            out.keep(gap);
        }
        at = segment.end;
        in_scan = segment.marker == SOS;
        let range = segment.start..segment.end;
        let kept = filter.segment(&segment);
        last_went = matches!(kept, Kept::Not);
        match kept {
            Kept::Whole => out.keep(range),
            Kept::As(bytes) => out.put(bytes, range),
            Kept::Not => {}
        }
        if segment.marker == EOI {
            break;
        }
        if in_scan {
            filter.behind_scan = true;
            segments = Segments::from(data, at);
        }
    }
    let trailer = data.get(end..).unwrap_or_default();
    if policy == Metadata::Keep || !hides_something(trailer) {
        out.keep(end..data.len());
    }
    let lost = filter.broken_exif && !filter.seen_exif && policy == Metadata::Privacy;
    let losses = lost.then_some(Loss::Metadata {
        what: LostMetadata::Exif,
    });
    Ok(Cleaned::of(out.finish()?, losses.into_iter().collect()))
}

/// What becomes of a segment.
enum Kept {
    Whole,
    As(Vec<u8>),
    Not,
}

struct Filter<'a> {
    policy: Metadata,
    /// Whether a readable EXIF block was seen: a second one says what nobody reads, or what the first one hides.
    seen_exif: bool,
    broken_exif: bool,
    /// Whether the first scan was seen, behind which nobody looks for metadata.
    behind_scan: bool,
    data: &'a [u8],
}

impl Filter<'_> {
    fn segment(&mut self, segment: &Segment<'_>) -> Kept {
        let payload = segment.payload;
        match segment.marker {
            // Adobe's segment says how the components are to be read; cut short it says nothing, and some decoders refuse
            // the file for it.
            APP14 if payload.starts_with(b"Adobe") && payload.len() < ADOBE_PAYLOAD => Kept::Not,
            _ if self.policy == Metadata::Keep => Kept::Whole,
            APP0..=APP15 | COM if self.behind_scan => Kept::Not,
            APP0 => without_thumbnail(payload).map_or(Kept::Not, |jfif| Kept::As(build(APP0, &[&jfif]))),
            APP1 if payload.starts_with(EXIF) => self.exif(&payload[EXIF.len()..]),
            APP2 if payload.starts_with(ICC) => Kept::Whole,
            APP14 if payload.starts_with(b"Adobe") => Kept::As(build(APP14, &[&payload[..ADOBE_PAYLOAD]])),
            // Frames, tables, arithmetic conditioning, scans, lines, restart intervals, hierarchies, the end (T.81, table B.1).
            0xC0..=0xCF | EOI..=0xDF => Kept::Whole,
            // Metadata, and segments that no decoder knows.
            _ => Kept::Not,
        }
    }

    fn exif(&mut self, block: &[u8]) -> Kept {
        if self.seen_exif {
            return Kept::Not;
        }
        if Tiff::parse(block).is_none_or(|tiff| tiff.first_ifd().is_none()) {
            self.broken_exif |= !block.is_empty();
            return Kept::Not;
        }
        self.seen_exif = true;
        // What EXIF alone says about the colours is said by a profile from now on.
        let profile = (is_adobe_rgb(block) && !has_profile(self.data))
            .then(|| colour::of_numbers(&Numbers::ADOBE_RGB))
            .flatten()
            .map_or_else(Vec::new, |profile| build(APP2, &[ICC, &[1, 1], &profile]));
        let kept = exif::rewrite(block, self.policy);
        // Fields that share their bytes take more once each has its own.
        if kept
            .as_ref()
            .is_some_and(|kept| kept.len() > encode::Metadata::MAX_EXIF)
        {
            (self.seen_exif, self.broken_exif) = (false, true);
            return Kept::Not;
        }
        let exif = kept.map_or_else(Vec::new, |kept| build(APP1, &[EXIF, &kept]));
        Kept::As([exif, profile].concat())
    }
}

/// A JFIF segment without its thumbnail; `None` for the extensions, which are nothing but thumbnails.
fn without_thumbnail(payload: &[u8]) -> Option<Vec<u8>> {
    let mut jfif = payload.strip_prefix(b"JFIF\0").and(payload.get(..14))?.to_vec();
    jfif[12..14].fill(0);
    Some(jfif)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::jpeg::header::{APP13, XMP};

    /// A JPEG's skeleton: enough structure for the walk, no real picture.
    fn skeleton(segments: &[(u8, &[u8])], between: &[u8], trailer: &[u8]) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8];
        for (marker, payload) in segments {
            out.extend(build(*marker, &[payload]));
        }
        out.extend(build(SOS, &[b"scan header"]));
        out.extend([1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4]);
        out.extend(between);
        out.extend(build(SOS, &[b"second scan"]));
        out.extend([5, 6, 0xFF, 0xD9]);
        out.extend(trailer);
        out
    }

    fn rewrite(data: &[u8], policy: Metadata) -> Option<Vec<u8>> {
        match clean(data, policy).unwrap() {
            Cleaned::AsItIs => None,
            Cleaned::Changed { file, .. } => Some(file),
            Cleaned::Anew => panic!("a JPEG can be cleaned"),
        }
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
            &[0xFF, 0xFF],
            b"",
        );
        assert_eq!(rewrite(&plain, Metadata::Privacy), None);
        assert_eq!(rewrite(&plain, Metadata::Strip), None);
        let padded = [plain.as_slice(), &[0; 9]].concat();
        assert_eq!(rewrite(&padded, Metadata::Privacy), None, "padding hides nothing");
    }

    #[test]
    fn comments_packets_and_trailers_go_and_the_scans_stay() {
        let xmp = [XMP, b"packet"].concat();
        let table = build(0xC4, &[b"table"]);
        let between = [
            build(APP1, &[EXIF, b"II*\0\x08\0\0\0\0\0\0\0\0\0"]),
            b"hidden".to_vec(),
            table.clone(),
            b"hidden".to_vec(),
            build(COM, &[b"secret"]),
        ]
        .concat();
        let full = skeleton(
            &[
                (COM, b"secret"),
                (APP1, &xmp),
                (APP13, b"iptc"),
                (0xF3, b"reserved"),
                (0xDB, b"table"),
            ],
            &between,
            b"video",
        );
        let lean = skeleton(&[(0xDB, b"table")], &table, b"");
        for policy in [Metadata::Privacy, Metadata::Strip] {
            assert_eq!(rewrite(&full, policy), Some(lean.clone()));
        }
        assert_eq!(rewrite(&full, Metadata::Keep), None);
        assert_eq!(rewrite(&lean, Metadata::Privacy), None);
        assert_eq!(
            rewrite(&full[..full.len() - 8], Metadata::Privacy),
            None,
            "a file without an end is not rewritten"
        );
    }

    #[test]
    fn an_exif_block_that_cannot_be_read_is_a_loss() {
        let broken = skeleton(&[(APP1, b"Exif\0\0II*\0\xFF\xFF\0\0")], b"", b"");
        let losses = |policy| match clean(&broken, policy).unwrap() {
            Cleaned::Changed { losses, .. } => losses.len(),
            _ => 9,
        };
        assert_eq!((losses(Metadata::Privacy), losses(Metadata::Strip)), (1, 0));
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
        for policy in [Metadata::Privacy, Metadata::Keep] {
            let out = rewrite(&with(&short), policy).unwrap();
            assert_eq!(strict(&out), strict(photo));
            assert!(Segments::new(&out).all(|s| s.marker != APP14));
        }
        let whole = with(&build(APP14, &[b"Adobe\0\x64\0\0\0\0\x01"]));
        assert_eq!(rewrite(&whole, Metadata::Privacy), None, "a whole one stays");
    }
}
