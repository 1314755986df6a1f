//! The promise, on every file of the test data: what is expected comes, within the limits, upright, the same each time.

use std::fmt::Write as _;

use crate::support::{check, pillow, samples, testdata};
use photofit::{Action, Format, FormatSet, Limits, OnDamage, Options, OutputFormat, Preparer, prepare, probe};

/// Options that make most of the small test pictures be transcoded.
fn tight() -> Options {
    Options::default().with_limits(Limits::bigin().with_max_pixels(1000))
}

/// Options of a service that takes every format, so that most of the test data stays as it is.
fn any_format() -> Options {
    Options::default().with_limits(Limits::bigin().with_formats(FormatSet::of(Format::ALL)))
}

#[test]
fn every_file_is_answered_as_the_manifest_says() {
    let mut preparer = Preparer::new(Options::default());
    let mut surprises = Vec::new();
    for sample in samples() {
        let result = preparer.prepare(&sample.bytes);
        check(&sample.name, &result, &Limits::bigin());
        let as_expected = match (&sample.expected, &result) {
            (Ok(()), Ok(_)) => true,
            (Err(kinds), Err(error)) => kinds.split('|').any(|kind| kind == error.kind()),
            _ => false,
        };
        if !as_expected {
            let got = result.map(|p| p.report().clone());
            surprises.push(format!(
                "{} ({}): expected {:?}, got {got:?}",
                sample.name, sample.special, sample.expected
            ));
            continue;
        }
        if sample.expected.is_ok() {
            let info = probe(&sample.bytes).unwrap();
            let got = (info.format.name(), info.width, info.height, info.orientation.to_exif());
            let want = (sample.format.as_str(), sample.width, sample.height, sample.orientation);
            assert_eq!(got, want, "{}", sample.name);
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

#[test]
fn preparing_a_prepared_photo_changes_nothing() {
    let keep = any_format().with_metadata(photofit::Metadata::Keep);
    for options in [Options::default(), tight(), any_format(), keep] {
        let mut preparer = Preparer::new(options.clone());
        for sample in samples() {
            let Ok(once) = preparer.prepare(&sample.bytes) else {
                continue;
            };
            let once = once.into_bytes();
            let twice = preparer
                .prepare(&once)
                .unwrap_or_else(|e| panic!("{}: {e}", sample.name));
            assert_eq!(twice.report().action, Action::Kept, "{}", sample.name);
            assert!(twice.bytes() == once, "{}", sample.name);
        }
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    let pools = [1, 2, 3, 8].map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap());
    for options in [Options::default(), tight()] {
        for sample in samples() {
            let alone = prepare(&sample.bytes, &options)
                .map(photofit::Prepared::into_bytes)
                .ok();
            for pool in &pools {
                let shared = pool.install(|| {
                    prepare(&sample.bytes, &options)
                        .map(photofit::Prepared::into_bytes)
                        .ok()
                });
                assert!(
                    alone == shared,
                    "{} on {} threads",
                    sample.name,
                    pool.current_num_threads()
                );
            }
        }
    }
}

#[test]
fn a_preparer_keeps_nothing_of_the_photo_before() {
    let mut preparer = Preparer::new(tight());
    for sample in samples() {
        let used = preparer.prepare(&sample.bytes).map(photofit::Prepared::into_bytes).ok();
        let fresh = prepare(&sample.bytes, &tight())
            .map(photofit::Prepared::into_bytes)
            .ok();
        assert!(used == fresh, "{}", sample.name);
    }
}

/// Every result of every kind of option, opened by a program that shares no code with photofit. A result may be
/// refused only where the source is, and in the same words: a block of metadata that is too large for Pillow is so in both.
#[test]
fn pillow_opens_every_result() {
    let Some(mut python) = pillow() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut list = String::new();
    let all = [
        ("default", Options::default()),
        ("tight", tight()),
        ("png", tight().with_format(OutputFormat::Png)),
        ("jpeg", tight().with_format(OutputFormat::Jpeg)),
        ("keep", tight().with_metadata(photofit::Metadata::Keep)),
        ("damage", tight().with_on_damage(OnDamage::Keep)),
        ("any format", any_format()),
        ("any format, keep", any_format().with_metadata(photofit::Metadata::Keep)),
        (
            "any format, strip",
            any_format().with_metadata(photofit::Metadata::Strip),
        ),
    ];
    let mut count = 0;
    // Pillow reads no HEIC.
    let readable = |prepared: &photofit::Prepared<'_>| prepared.report().result.format != Format::Heif;
    for (kind, options) in all {
        let mut preparer = Preparer::new(options);
        for sample in samples() {
            let Some(prepared) = preparer.prepare(&sample.bytes).ok().filter(readable) else {
                continue;
            };
            let result = prepared.report().result;
            let path = folder.path().join(format!("{count}.{}", result.format.extension()));
            std::fs::write(&path, prepared.bytes()).unwrap();
            let name = result.format.name();
            writeln!(
                list,
                "{}\t{name}\t{}\t{}\t{kind} {}\t{}",
                path.display(),
                result.width,
                result.height,
                sample.name,
                testdata().join(&sample.name).display()
            )
            .unwrap();
            count += 1;
        }
    }
    let list_path = folder.path().join("list.tsv");
    std::fs::write(&list_path, list).unwrap();
    let script = "
import sys
from PIL import Image
Image.MAX_IMAGE_PIXELS = None
def opened(path):
    try:
        with Image.open(path) as im:
            im.load()
            im.getexif()
            return None, im
    except Exception as error:
        return repr(error), None
bad = 0
for line in open(sys.argv[1], encoding='utf-8'):
    path, kind, width, height, name, source = line.rstrip('\\n').split('\\t')
    problem, im = opened(path)
    if problem:
        if problem != opened(source)[0]:
            bad += 1
            print(name, problem)
        continue
    orientation = im.getexif().get(0x112, 1)
    orientation = orientation[0] if isinstance(orientation, (bytes, tuple)) else orientation
    if (im.format.replace('MPO', 'JPEG'), im.size) != (kind.upper(), (int(width), int(height))) or orientation in range(2, 9):
        bad += 1
        print(name, im.format, im.size, orientation)
sys.exit(bad > 0)
";
    let output = python.args(["-c", script]).arg(&list_path).output().unwrap();
    assert!(count > 500, "{count} results");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
