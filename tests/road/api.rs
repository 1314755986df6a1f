//! The library's interface: what threads may share, what reports and errors look like.

use photofit::{Error, ImageInfo, Limits, Options, Plan, Prepared, Preparer, Report, plan};

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
