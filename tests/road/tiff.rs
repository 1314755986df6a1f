//! The TIFFs of the test data show one chart, or its grays or two shades, whatever they are made of.

use image::RgbaImage;
use photofit::{Limits, Loss, OnDamage, Options, OutputFormat, prepare};

use crate::support::{samples, testdata};

/// What photofit makes of a file as PNG.
fn shown(bytes: &[u8]) -> RgbaImage {
    let options = Options::default()
        .with_format(OutputFormat::Png)
        .with_limits(Limits::bigin())
        .with_on_damage(OnDamage::Keep);
    let png = prepare(bytes, &options).unwrap().into_bytes();
    image::load_from_memory(&png).unwrap().to_rgba8()
}

fn of(name: &str) -> RgbaImage {
    shown(&std::fs::read(testdata().join("tiff").join(name)).unwrap())
}

/// The largest mean difference of a channel, in levels of 255. What can hardly be seen counts for nothing.
fn difference(a: &RgbaImage, b: &RgbaImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let mut sums = [0.0; 3];
    let mut count = 0.0;
    for (a, b) in a.pixels().zip(b.pixels()).filter(|(a, _)| a.0[3] >= 64) {
        count += 1.0;
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.0.iter().zip(&b.0)) {
            *sum += f64::from(a.abs_diff(b));
        }
    }
    sums.into_iter().fold(0.0, f64::max) / f64::max(count, 1.0)
}

/// How far a kind of file may be from the chart: by what its coding leaves out.
fn most(name: &str) -> f64 {
    match name {
        "gray-2.tif" => 22.0,
        "gray-4.tif" | "rgb-4.tif" | "ycbcr-4x4.tif" => 6.0,
        "jpeg-ycbcr.tif" | "old-jpeg.tif" | "old-jpeg-tables.tif" => 4.5,
        "ycbcr-2x2.tif" | "ycbcr-2x1.tif" => 3.0,
        _ => 1.0,
    }
}

#[test]
fn every_tiff_shows_the_chart() {
    let chart = of("none.tif");
    let with = |f: &dyn Fn(u8) -> u8| {
        let mut picture = chart.clone();
        for pixel in picture.pixels_mut() {
            let [r, g, b] = [0, 1, 2].map(|c| u32::from(pixel.0[c]));
            let gray = u8::try_from((299 * r + 587 * g + 114 * b + 500) / 1000).unwrap();
            pixel.0[..3].fill(f(gray));
        }
        picture
    };
    let (grays, shades) = (with(&|v| v), with(&|v| if v < 128 { 0 } else { 255 }));
    let palette = of("palette-8.tif");
    let mut count = 0;
    for sample in samples() {
        let Some(name) = sample.name.strip_prefix("tiff/") else {
            continue;
        };
        if sample.expected.is_err() {
            continue;
        }
        let right = match name {
            _ if name.starts_with("palette") => &palette,
            _ if name.starts_with("fax") || name.starts_with("gray-1.") || name.starts_with("gray-1-") => &shades,
            _ if name.starts_with("gray") || name == "jpeg-gray.tif" => &grays,
            _ => &chart,
        };
        let difference = difference(&shown(&sample.bytes), right);
        assert!(difference < most(name), "{name} differs by {difference:.2}");
        count += 1;
    }
    assert!(count > 60, "{count} TIFFs");
}

#[test]
fn behind_a_broken_strip_all_is_gray_and_the_rest_is_there() {
    let chart = of("none.tif");
    let bytes = std::fs::read(testdata().join("tiff/cut-strip.tif")).unwrap();
    let options = Options::default().with_on_damage(OnDamage::Keep);
    let report = prepare(&bytes, &options).unwrap().report().clone();
    assert!(
        report.losses.iter().any(|loss| matches!(loss, Loss::Damage { .. })),
        "{:?}",
        report.losses
    );
    let picture = shown(&bytes);
    for (x, y, pixel) in picture.enumerate_pixels() {
        // Five rows of the last strip are there.
        let right = if y < 37 {
            *chart.get_pixel(x, y)
        } else {
            image::Rgba([128, 128, 128, 255])
        };
        assert_eq!(*pixel, right, "{x}, {y}");
    }
    // A strip that is lost before the first that can be read is gray too.
    let first = of("broken-strip.tif");
    assert_eq!(first.get_pixel(30, 15).0, [128, 128, 128, 255]);
    assert_eq!(first.get_pixel(30, 20), chart.get_pixel(30, 20));
}
