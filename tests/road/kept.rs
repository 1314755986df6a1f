//! What `keep` carries into a picture that is made anew, and what of it is made true.

use std::path::Path;

use crate::support::{Sequence, samples, testdata};
use photofit::{
    Action, Check, Error, Format, FormatSet, Limits, Loss, LostMetadata, Metadata, Options, OutputFormat, prepare,
    probe,
};

fn read(name: &str) -> Vec<u8> {
    std::fs::read(testdata().join(name)).unwrap()
}

fn has(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

/// Options that make the small test pictures smaller.
fn small(format: OutputFormat) -> Options {
    Options::default()
        .with_limits(Limits::bigin().with_max_pixels(1000))
        .with_metadata(Metadata::Keep)
        .with_format(format)
}

fn made(bytes: &[u8], options: &Options) -> (Vec<u8>, Vec<Loss>) {
    let prepared = prepare(bytes, options).unwrap();
    let losses = prepared.report().losses.clone();
    (prepared.into_bytes(), losses)
}

#[test]
fn an_extended_packet_goes_through_jpeg_and_png() {
    let source = read("jpeg/xmp-extension.jpg");
    let (jpeg, losses) = made(&source, &small(OutputFormat::Jpeg));
    assert!(losses.is_empty(), "{losses:?}");
    for text in [
        "in-the-packet",
        "in-the-extension",
        "ns.adobe.com/xmp/extension/",
        "HasExtendedXMP",
    ] {
        assert!(has(&jpeg, text), "{text}");
    }
    let (png, losses) = made(&source, &small(OutputFormat::Png));
    assert!(losses.is_empty(), "{losses:?}");
    assert!(has(&png, "in-the-packet") && has(&png, "in-the-extension") && !has(&png, "HasExtendedXMP"));
}

/// A PNG with an XMP packet in an uncompressed text.
fn png_with_xmp(packet: &str) -> Vec<u8> {
    let png = read("png/rgb-8.png");
    let body = [b"iTXtXML:com.adobe.xmp\0\0\0\0\0".as_slice(), packet.as_bytes()].concat();
    let length = u32::try_from(body.len() - 4).unwrap().to_be_bytes();
    let sum = crc32fast::hash(&body).to_be_bytes();
    [&png[..33], &length, &body, &sum, &png[33..]].concat()
}

#[test]
fn a_packet_that_fits_no_segment_becomes_an_extension_and_a_packet_again() {
    let text = "t".repeat(100_000);
    let source = png_with_xmp(&format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:source=\"{text}\"/></rdf:RDF>\
         </x:xmpmeta>"
    ));
    let (jpeg, losses) = made(&source, &small(OutputFormat::Jpeg));
    assert!(losses.is_empty(), "{losses:?}");
    assert!(
        has(&jpeg, "HasExtendedXMP") && !has(&jpeg, &text),
        "it stands in two parts"
    );
    let tiny = small(OutputFormat::Png).with_limits(Limits::bigin().with_max_pixels(500));
    let (png, losses) = made(&jpeg, &tiny);
    assert!(losses.is_empty() && has(&png, &text), "{losses:?}");
}

#[test]
fn iptc_goes_to_png_and_back() {
    let (png, losses) = made(&read("jpeg/metadata.jpg"), &small(OutputFormat::Png));
    assert!(losses.is_empty(), "{losses:?}");
    assert!(has(&png, "Raw profile type iptc"));
    let tiny = small(OutputFormat::Jpeg).with_limits(Limits::bigin().with_max_pixels(500));
    let (jpeg, losses) = made(&png, &tiny);
    assert!(losses.is_empty(), "{losses:?}");
    assert!(has(&jpeg, "Photoshop 3.0\08BIM\u{4}\u{4}") && has(&jpeg, "secret-caption"));
}

#[test]
fn claims_of_what_is_gone_go() {
    for name in ["jpeg/motion-photo.jpg", "jpeg/ultra-hdr.jpg"] {
        let source = read(name);
        let before = probe(&source).unwrap();
        assert!(before.motion_photo || before.gain_map, "{name}");
        let (bytes, losses) = made(&source, &small(OutputFormat::Jpeg));
        let after = probe(&bytes).unwrap();
        assert!(!after.motion_photo && !after.gain_map && after.images == 1, "{name}");
        assert!(!losses.is_empty(), "{name}");
        for text in ["MotionPhoto", "hdr-gain-map", "Container", "video/mp4"] {
            assert!(!has(&bytes, text), "{name}: {text}");
        }
    }
}

#[test]
fn sizes_are_those_of_the_picture_that_was_made_in_the_end() {
    for metadata in [Metadata::Keep, Metadata::Privacy] {
        let source = read("jpeg/metadata.jpg");
        let info = probe(&source).unwrap();
        // The most bytes at which it has to get smaller.
        let smaller = (1..40).rev().find_map(|step| {
            let limits = Limits::bigin().with_max_bytes(step * 300);
            let options = Options::default().with_limits(limits).with_metadata(metadata);
            let prepared = prepare(&source, &options).ok()?;
            (prepared.report().result.width < info.width).then(|| prepared.into_owned())
        });
        let prepared = smaller.unwrap();
        let result = prepared.report().result;
        let exif = exif::Reader::new()
            .read_from_container(&mut std::io::Cursor::new(prepared.bytes()))
            .unwrap();
        let side = |tag| exif.get_field(tag, exif::In::PRIMARY).unwrap().value.get_uint(0);
        let got = (side(exif::Tag::PixelXDimension), side(exif::Tag::PixelYDimension));
        assert_eq!(got, (Some(result.width), Some(result.height)), "{metadata:?}");
    }
}

#[test]
fn an_orientation_that_was_applied_is_gone_everywhere_and_others_stay() {
    for entry in std::fs::read_dir(testdata().join("orientation")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("described") {
            continue;
        }
        let source = std::fs::read(&path).unwrap();
        for metadata in [Metadata::Keep, Metadata::Privacy, Metadata::Strip] {
            let options = Options::default().with_metadata(metadata);
            let (bytes, losses) = made(&source, &options);
            assert!(losses.is_empty(), "{name}: {losses:?}");
            assert!(
                !has(&bytes, "Orientation=\"6") && !has(&bytes, "Orientation=\"3"),
                "{name}"
            );
            assert!(!has(&bytes, "Orientation>6"), "{name}");
            let info = probe(&bytes).unwrap();
            assert_eq!((info.width, info.height), (61, 43), "{name}");
        }
    }
    // Upright by EXIF, and XMP says otherwise: the picture is not turned, and nothing is changed.
    let turned = read("orientation/described-twice.jpg");
    let mut upright = turned.clone();
    let at = memchr::memmem::find(&turned, b"\x12\x01\x03\0\x01\0\0\0\x06").unwrap();
    upright[at + 8] = 1;
    let options = Options::default().with_metadata(Metadata::Keep);
    let prepared = prepare(&upright, &options).unwrap();
    assert_eq!(prepared.report().action, Action::Kept);
    assert!(prepared.bytes() == upright);
}

#[test]
fn exif_that_cannot_be_read_is_named() {
    let source = read("jpeg/sampling-420.jpg");
    let segment = b"\xFF\xE1\0\x12Exif\0\0II*\0\xFF\xFF\xFF\x7F\0\0";
    let broken = [&source[..2], segment, &source[2..]].concat();
    let loss = Loss::Metadata {
        what: LostMetadata::Exif,
    };
    let options = small(OutputFormat::Jpeg);
    for (metadata, wanted) in [
        (Metadata::Keep, vec![loss]),
        (Metadata::Privacy, vec![loss]),
        (Metadata::Strip, vec![]),
    ] {
        assert_eq!(
            made(&broken, &options.clone().with_metadata(metadata)).1,
            wanted,
            "{metadata:?}"
        );
    }
    assert!(prepare(&broken, &options.with_deny_loss([loss.kind()])).is_err());
}

#[test]
fn what_cannot_be_cleaned_is_encoded_anew() {
    let all = Limits::bigin().with_formats(FormatSet::of(Format::ALL));
    let options = Options::default().with_limits(all);
    let heic = "heic/metadata.heic";
    if cfg!(feature = "heic") {
        assert!(Path::new(&testdata().join(heic)).exists());
        let prepared = prepare(&read(heic), &options)
            .map(photofit::Prepared::into_owned)
            .unwrap();
        assert_eq!(prepared.report().action, Action::Transcoded);
        let kept = options.clone().with_metadata(Metadata::Keep);
        assert_eq!(prepare(&read(heic), &kept).unwrap().report().action, Action::Kept);
        let still = prepare(&read("heic/still.heic"), &options).map(photofit::Prepared::into_owned);
        assert_eq!(still.unwrap().report().action, Action::Kept, "it has nothing to hide");
    }
    // Masks that few readers know.
    let bmp = read("bmp/masks-32.bmp");
    let prepared = prepare(&bmp, &options).unwrap();
    assert_eq!(prepared.report().action, Action::Transcoded);
    // Indices without a colour.
    let png = read("png/palette-short.png");
    assert_eq!(prepare(&png, &options).unwrap().report().action, Action::Transcoded);
    // A GIF that lacks its trailer stays an animation.
    let gif = read("gif/no-trailer.gif");
    let (bytes, losses) = made(&gif, &options);
    assert!(losses.is_empty() && bytes == [&gif[..], b";"].concat());
}

/// Files that stay as they are but for their metadata, with bytes changed at random: whatever comes of it holds the policy,
/// which is looked at before anything is returned, and comes out of a second pass as it is.
#[test]
fn changed_metadata_is_never_returned_against_the_policy() {
    let mut sequence = Sequence(0x5EED);
    let all = Limits::bigin().with_formats(FormatSet::of(Format::ALL));
    let mut answers = (0, 0);
    for sample in samples() {
        let interesting = [
            "metadata",
            "described",
            "xmp",
            "scans",
            "comment",
            "trailer",
            "linked",
            "rle",
            "animated",
        ];
        if sample.bytes.len() > 40_000 || !interesting.iter().any(|word| sample.name.contains(word)) {
            continue;
        }
        for round in 0..120 {
            let mut bytes = sample.bytes.clone();
            for _ in 0..=round % 4 {
                let at = sequence.below(bytes.len());
                bytes[at] = [0, 1, 0x7F, 0xFF, u8::try_from(sequence.below(256)).unwrap_or(0)][sequence.below(5)];
            }
            let policy = [Metadata::Privacy, Metadata::Strip, Metadata::Keep][round % 3];
            let options = Options::default()
                .with_limits(all)
                .with_metadata(policy)
                .with_check(Check::Header)
                .with_max_source_pixels(1_000_000);
            match prepare(&bytes, &options) {
                Ok(prepared) => {
                    answers.0 += 1;
                    let again = prepare(prepared.bytes(), &options).unwrap();
                    assert!(
                        again.bytes() == prepared.bytes(),
                        "{}, {policy:?}, {round}",
                        sample.name
                    );
                }
                Err(error) => {
                    answers.1 += 1;
                    let defect = matches!(error, Error::BrokenPromise { .. } | Error::Panicked { .. });
                    assert!(!defect, "{}, {policy:?}, {round}: {error}", sample.name);
                }
            }
        }
    }
    println!("{answers:?} were returned and refused");
    assert!(answers.0 > 1000);
}
