//! What survives of a photo's metadata, as exiftool sees it.

use std::process::Command;

use crate::support::{exiftool, samples};
use photofit::{Action, Limits, Metadata, Options, OutputFormat, Preparer};

/// All tags that exiftool finds, also embedded and unknown ones, as `Group:Tag: value` lines.
fn tags(exiftool: &mut Command, bytes: &[u8], extension: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("photo.{extension}"));
    std::fs::write(&path, bytes).unwrap();
    let output = exiftool
        .args(["-a", "-u", "-ee", "-G1", "-s"])
        .arg(&path)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Words of tags that must not survive `Privacy`.
const PRIVATE: &[&str] = &[
    "GPS",
    "Serial",
    "OwnerName",
    "MakerNote",
    "Thumbnail",
    "XMP",
    "IPTC",
    "Photoshop",
    "UserComment",
    "Comment",
    "MPF",
    "ImageUniqueID",
];

#[test]
fn nothing_private_survives_and_the_rights_do() {
    if exiftool().is_none() {
        return;
    }
    let rewrite = Options::default();
    let transcode = Options::default().with_limits(Limits::bigin().with_max_pixels(1000));
    let as_png = transcode.clone().with_format(OutputFormat::Png);
    for name in [
        "jpeg/metadata.jpg",
        "jpeg/metadata-big-endian.jpg",
        "png/metadata.png",
        "webp/metadata.webp",
        "heic/metadata.heic",
    ] {
        let Some(sample) = samples().into_iter().find(|s| s.name == name) else {
            continue;
        };
        let before = tags(
            &mut exiftool().unwrap(),
            &sample.bytes,
            name.rsplit('.').next().unwrap(),
        );
        assert!(before.contains("GPS"), "{name} has something to lose:\n{before}");
        for (kind, options) in [("rewrite", &rewrite), ("transcode", &transcode), ("png", &as_png)] {
            let prepared = Preparer::new(options.clone())
                .prepare(&sample.bytes)
                .map(|p| p.into_owned())
                .unwrap();
            let extension = prepared.report().result.format.extension();
            let after = tags(&mut exiftool().unwrap(), prepared.bytes(), extension);
            for line in after.lines() {
                let tag = line.split(':').next().unwrap_or_default();
                let private = PRIVATE
                    .iter()
                    .find(|word| tag.to_lowercase().contains(&word.to_lowercase()));
                assert!(private.is_none(), "{name}, {kind}: {line}");
            }
            let has = |tag: &str| after.lines().any(|l| l.contains(tag));
            assert!(
                has("Copyright") && has("Artist"),
                "{name}, {kind}: the rights are gone\n{after}"
            );
        }
    }
}

#[test]
fn strip_leaves_nothing_and_keep_leaves_what_is_true() {
    if exiftool().is_none() {
        return;
    }
    let sample = samples().into_iter().find(|s| s.name == "jpeg/metadata.jpg").unwrap();
    let small = Options::default().with_limits(Limits::bigin().with_max_pixels(1000));
    for options in [Options::default(), small.clone()] {
        let prepared = Preparer::new(options.with_metadata(Metadata::Strip))
            .prepare(&sample.bytes)
            .unwrap()
            .into_owned();
        let after = tags(&mut exiftool().unwrap(), prepared.bytes(), "jpg");
        assert!(
            !after.contains("[ExifIFD]") && !after.contains("[IFD0]") && !after.contains("GPS"),
            "{after}"
        );
        assert!(
            after.contains("[ICC_Profile]") || after.contains("[ICC-header]"),
            "the profile stays\n{after}"
        );
    }
    let kept = Preparer::new(Options::default().with_metadata(Metadata::Keep))
        .prepare(&sample.bytes)
        .unwrap()
        .into_owned();
    assert_eq!(kept.report().action, Action::Kept);
    let made = Preparer::new(small.with_metadata(Metadata::Keep))
        .prepare(&sample.bytes)
        .unwrap()
        .into_owned();
    let after = tags(&mut exiftool().unwrap(), made.bytes(), "jpg");
    for tag in ["GPSLatitude", "SerialNumber", "[XMP", "[IPTC]", "Comment"] {
        assert!(after.contains(tag), "{tag} is gone:\n{after}");
    }
    assert!(
        !after.contains("[IFD1]"),
        "a thumbnail of the source would be wrong:\n{after}"
    );
}
