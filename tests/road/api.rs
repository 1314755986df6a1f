//! The library's interface: what threads may share, what reports and errors look like.

use crate::support::samples;
use photofit::{
    Action, Error, Format, ImageInfo, Limits, LossKind, Metadata, OnDamage, Options, OutputFormat, Plan, Prepared,
    Preparer, Report, plan,
};

#[test]
fn types_cross_threads() {
    fn sharable<T: Send + Sync>() {}
    sharable::<Options>();
    sharable::<Limits>();
    sharable::<Preparer>();
    sharable::<Prepared<'static>>();
    sharable::<Report>();
    sharable::<ImageInfo>();
    sharable::<Error>();
}

#[test]
fn reports_have_stable_field_names() {
    let photo = include_bytes!("../../testdata/orientation/orientation-6.jpg");
    let prepared = photofit::prepare(photo, &Options::default()).unwrap();
    let json = serde_json::to_value(prepared.report()).unwrap();
    let keys = |v: &serde_json::Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let sorted = |mut v: Vec<String>| {
        v.sort();
        v
    };
    assert_eq!(
        sorted(keys(&json)),
        ["action", "elapsed_ms", "encodes", "losses", "result", "source"]
    );
    assert_eq!(
        sorted(keys(&json["source"])),
        ["bytes", "format", "height", "orientation", "width"]
    );
    assert_eq!(
        sorted(keys(&json["result"])),
        ["bytes", "format", "height", "quality", "width"]
    );
    assert_eq!(json["action"], "transcoded");
    assert_eq!(json["source"]["orientation"], 6);
    assert_eq!(json["source"]["format"], "jpeg");
}

#[test]
fn errors_name_what_is_wrong_and_what_would_be_accepted() {
    let message = |bytes: &[u8]| photofit::prepare(bytes, &Options::default()).unwrap_err().to_string();
    assert_eq!(message(b""), "the file is empty: a photo is expected");
    let text = message(b"hello, this is no photo");
    assert!(
        text.contains("the text \"hello, this is n\"") && text.contains("JPEG, PNG"),
        "{text}"
    );
    assert!(message(b"%PDF-1.7").starts_with("PDF is not supported yet"));
    assert!(message(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf").starts_with("AVIF is not supported yet"));
}

#[test]
fn the_plan_is_what_happens() {
    let photo = include_bytes!("../../testdata/orientation/orientation-6.jpg");
    let options = Options::default();
    let Plan::Transcode { format, width, height } = plan(photo, &options).unwrap() else {
        panic!("it lies on its side")
    };
    let result = photofit::prepare(photo, &options).unwrap().report().result;
    assert_eq!((result.format, result.width, result.height), (format, width, height));
    let upright = include_bytes!("../../testdata/orientation/upright.png");
    assert_eq!(plan(upright, &options).unwrap(), Plan::Keep);
}

/// Every small file under options that take each road. What only the pixels can tell is what the documentation of [`plan`]
/// leaves open: damage, and how many bytes a picture takes.
#[test]
fn what_is_planned_is_done_but_for_what_only_pixels_tell() {
    let damaged = Options::default().with_on_damage(OnDamage::Keep);
    let limited = |limits: Limits| damaged.clone().with_limits(limits);
    let cases = [
        damaged.clone(),
        damaged.clone().with_metadata(Metadata::Keep),
        damaged.clone().with_format(OutputFormat::Jpeg),
        damaged.clone().with_format(OutputFormat::Png),
        limited(Limits::bigin().with_max_pixels(1000)),
        limited(Limits::bigin().with_max_side(20)),
        limited(Limits::bigin().with_max_bytes(2500)),
    ];
    // No header says more for being that of a large picture, and seven times all of them take a minute.
    let samples: Vec<_> = samples()
        .into_iter()
        .filter(|s| u64::from(s.width) * u64::from(s.height) < 1_000_000)
        .collect();
    let (mut actions, mut coded_anew) = ([0; 3], 0);
    for (case, options) in cases.iter().enumerate() {
        let mut preparer = Preparer::new(options.clone());
        for sample in &samples {
            let name = format!("{} by case {case}", sample.name);
            let prepared = preparer.prepare(&sample.bytes);
            let planned = match plan(&sample.bytes, options) {
                Ok(planned) => planned,
                Err(error) => {
                    assert_eq!(prepared.unwrap_err().kind(), error.kind(), "{name}");
                    continue;
                }
            };
            // What the header cannot tell of a photo that is refused after all is in its pixels.
            let Ok(prepared) = prepared else { continue };
            let report = prepared.report();
            let expected = match planned {
                Plan::Keep => Action::Kept,
                Plan::Rewrite => Action::Rewritten,
                _ => Action::Transcoded,
            };
            let bytes_decide = report.source.bytes > options.limits().max_bytes();
            // A file whose pixels are all there but not its end has no loss to tell.
            let damage =
                sample.name.starts_with("broken/") || report.losses.iter().any(|loss| loss.kind() == LossKind::Damage);
            if report.action != expected {
                let lossless = expected == Action::Transcoded && report.action == Action::Rewritten;
                let jpeg = report.source.format == Format::Jpeg;
                // Only its pixels tell that a palette has no colour for them.
                let odd = sample.name == "png/palette-short.png";
                assert!(
                    odd || damage || (lossless && jpeg && bytes_decide),
                    "{name}: {expected:?}, then {report:?}"
                );
                coded_anew += usize::from(lossless);
                continue;
            }
            actions[match expected {
                Action::Kept => 0,
                Action::Rewritten => 1,
                _ => 2,
            }] += 1;
            if let Plan::Transcode { width, height, .. } = planned {
                let (got, most) = ((report.result.width, report.result.height), (width, height));
                assert!(got.0 <= most.0 && got.1 <= most.1, "{name}: {got:?} of {most:?}");
                assert!(got == most || report.encodes > 1, "{name}: {got:?} of {most:?}");
            }
        }
    }
    // Each kind is met, or the comparison would say nothing of it.
    assert!(actions.iter().all(|&count| count > 20), "{actions:?}");
    assert!(coded_anew > 0);
}
