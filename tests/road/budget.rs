//! The byte limit is met by search: close to it when quality decides, by a smaller picture below the quality floor.

use photofit::{Action, Error, Format, Limits, Metadata, Options, OutputFormat, Prepared, Quality, prepare};

/// A seeded sequence of bytes without structure.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x1234_5678_9ABC_DEF1_u64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 56) as u8
        })
        .collect()
}

fn png(pixels: &[u8], width: u32, height: u32, color: png::ColorType) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fastest);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    out
}

fn bmp(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut out = Vec::new();
    image::codecs::bmp::BmpEncoder::new(&mut out)
        .encode(pixels, width, height, image::ExtendedColorType::Rgb8)
        .unwrap();
    out
}

fn size(prepared: &Prepared<'_>) -> u64 {
    prepared.bytes().len() as u64
}

#[test]
fn pure_noise_of_10_megapixels_at_quality_100_comes_close_to_the_limit() {
    let (width, height) = (3651, 2738);
    let source = bmp(&noise(width * height * 3), width as u32, height as u32);
    let options = Options::default()
        .with_format(OutputFormat::Jpeg)
        .with_quality(Quality::fixed(100).unwrap());
    let prepared = prepare(&source, &options).unwrap();
    let report = prepared.report();
    assert_eq!(
        (report.result.width, report.result.height),
        (3651, 2738),
        "quality alone decides"
    );
    assert!(size(&prepared) <= 10_000_000, "{} bytes", size(&prepared));
    assert!(
        size(&prepared) >= 9_700_000,
        "{} bytes are too far from the limit",
        size(&prepared)
    );
    assert!(report.encodes <= 5, "{} encodes", report.encodes);
    assert!(report.result.quality.unwrap() < 100.0);
}

#[test]
fn below_the_quality_floor_the_picture_gets_smaller() {
    let source = bmp(&noise(900 * 700 * 3), 900, 700);
    let options = Options::default().with_limits(Limits::bigin().with_max_bytes(60_000));
    let prepared = prepare(&source, &options).unwrap();
    let result = prepared.report().result;
    assert!(
        size(&prepared) <= 60_000 && size(&prepared) > 45_000,
        "{} bytes",
        size(&prepared)
    );
    assert_eq!(result.quality, Some(60.0));
    assert!(result.width < 900 && result.height < 700);
    let ratio = f64::from(result.width) / f64::from(result.height);
    assert!((ratio - 900.0 / 700.0).abs() < 0.02, "{ratio}");
}

#[test]
fn a_png_with_alpha_shrinks_until_it_fits_and_stays_a_png() {
    let source = png(&noise(500 * 400 * 4), 500, 400, png::ColorType::Rgba);
    let options = Options::default().with_limits(Limits::bigin().with_max_bytes(100_000));
    let prepared = prepare(&source, &options).unwrap();
    let result = prepared.report().result;
    assert_eq!(result.format, Format::Png);
    assert!(
        size(&prepared) <= 100_000 && size(&prepared) > 70_000,
        "{} bytes",
        size(&prepared)
    );
    assert!(prepared.report().losses.is_empty());
}

#[test]
fn an_opaque_png_that_is_too_large_becomes_a_jpeg_of_full_size() {
    let source = png(&noise(500 * 400 * 3), 500, 400, png::ColorType::Rgb);
    let options = Options::default().with_limits(Limits::bigin().with_max_bytes(150_000));
    let prepared = prepare(&source, &options).unwrap();
    let result = prepared.report().result;
    assert_eq!((result.format, result.width, result.height), (Format::Jpeg, 500, 400));
    // Asked for a PNG, it stays one and gets smaller instead.
    let prepared = prepare(&source, &options.with_format(OutputFormat::Png)).unwrap();
    assert_eq!(prepared.report().result.format, Format::Png);
    assert!(prepared.report().result.width < 500);
}

#[test]
fn a_limit_that_nothing_meets_is_an_error_that_says_how_close_it_came() {
    let source = bmp(&noise(64 * 64 * 3), 64, 64);
    let options = Options::default().with_limits(Limits::bigin().with_max_bytes(300));
    match prepare(&source, &options) {
        Err(Error::DoesNotFit {
            limit: 300,
            smallest,
            encodes,
        }) => assert!(smallest > 300 && encodes > 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn metadata_counts_towards_the_limit() {
    let source = include_bytes!("../../testdata/jpeg/metadata.jpg");
    let whole = Options::default().with_metadata(Metadata::Keep);
    let kept = prepare(source, &whole).unwrap();
    assert_eq!(kept.report().action, Action::Kept);
    for limit in [source.len() as u64 - 1, source.len() as u64 / 2] {
        let options = whole.clone().with_limits(Limits::bigin().with_max_bytes(limit));
        if let Ok(prepared) = prepare(source, &options) {
            assert!(size(&prepared) <= limit);
        }
    }
}
