//! Orientation, pixel by pixel: every file of `testdata/orientation` shows `upright.png` once prepared.

use crate::support::{samples, testdata};
use photofit::{Options, OutputFormat, Preparer};

/// RGB pixels of a JPEG or PNG, by `image`'s own decoders.
fn pixels(bytes: &[u8]) -> image::RgbImage {
    image::load_from_memory(bytes).expect("a JPEG or PNG").to_rgb8()
}

#[test]
fn every_orientation_of_every_format_comes_out_as_the_same_picture() {
    let reference = pixels(&std::fs::read(testdata().join("orientation/upright.png")).unwrap());
    // PNG, so that nothing but the source's own coding stands between it and the reference.
    let mut preparer = Preparer::new(Options::default().with_format(OutputFormat::Png));
    let mut count = 0;
    for sample in samples() {
        if !sample.name.starts_with("orientation/") || sample.expected.is_err() {
            continue;
        }
        let prepared = preparer
            .prepare(&sample.bytes)
            .unwrap_or_else(|e| panic!("{}: {e}", sample.name));
        let got = pixels(prepared.bytes());
        assert_eq!(got.dimensions(), reference.dimensions(), "{}", sample.name);
        let differences: Vec<u32> = got
            .as_raw()
            .iter()
            .zip(reference.as_raw())
            .map(|(a, b)| u32::from(a.abs_diff(*b)))
            .collect();
        let mean = f64::from(differences.iter().sum::<u32>()) / differences.len() as f64;
        let exact = matches!(sample.format.as_str(), "PNG" | "WebP" | "TIFF");
        if exact {
            assert!(got == reference, "{}: mean difference {mean}", sample.name);
        } else {
            // A picture that lies wrong differs by 40 and more.
            assert!(mean < 6.0, "{}: mean difference {mean}", sample.name);
        }
        count += 1;
    }
    assert!(count >= 40, "{count} files");
}
