//! The colours of a result are those of its source, or are told as a loss.

use photofit::{Action, Colour, Limits, LossKind, Metadata, Options, OutputFormat, Prepared, prepare};

use crate::support::testdata;

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(testdata().join(name)).unwrap()
}

/// A chunk of a PNG; its checksum is that of its type and body.
fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    out.extend(name);
    out.extend(body);
    let checksum = crc32fast::hash(&out[4..]);
    out.extend(checksum.to_be_bytes());
    out
}

/// `png/rgb-8.png` with chunks behind its header.
fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut file = sample("png/rgb-8.png");
    file.splice(33..33, chunks.concat());
    file
}

/// A JPEG with segments behind its first marker.
fn jpeg(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = sample("jpeg/sampling-444.jpg");
    let all: Vec<u8> = segments
        .iter()
        .flat_map(|(marker, payload)| {
            let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
            [[0xFF, *marker].as_slice(), &length, payload].concat()
        })
        .collect();
    file.splice(2..2, all);
    file
}

/// The profile in `jpeg/gray-icc.jpg` is for grays; that of `png/rgb-icc.png` serves here, as the chunk that it is.
fn icc_chunks(profile: &[u8], numbers: &[(u8, u8)]) -> Vec<(u8, Vec<u8>)> {
    let size = profile.len().div_ceil(numbers.len());
    let parts = profile.chunks(size).zip(numbers);
    parts
        .map(|(part, &(number, total))| (0xE2, [b"ICC_PROFILE\0".as_slice(), &[number, total], part].concat()))
        .collect()
}

/// The pixels of a result, RGB, as `image` reads them.
fn pixels(bytes: &[u8]) -> Vec<u8> {
    image::load_from_memory(bytes).unwrap().to_rgb8().into_raw()
}

fn profile(bytes: &[u8]) -> Option<String> {
    photofit::probe(bytes).unwrap().profile
}

fn prepared(file: &[u8], options: &Options) -> Prepared<'static> {
    prepare(file, options).unwrap().into_owned()
}

fn losses(prepared: &Prepared<'_>) -> Vec<LossKind> {
    prepared.report().losses.iter().map(photofit::Loss::kind).collect()
}

/// PNGs without loss, so that pixels can be compared; smaller by a pixel, so that they are encoded anew.
fn as_png() -> Options {
    Options::default().with_format(OutputFormat::Png)
}

fn as_jpeg() -> Options {
    Options::default().with_format(OutputFormat::Jpeg)
}

fn srgb_of_light(light: f64) -> f64 {
    if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}

/// The mean difference of samples from what `expected` makes of those of `png/rgb-8.png`.
fn difference(bytes: &[u8], expected: impl Fn(f64) -> f64) -> f64 {
    let (before, after) = (pixels(&sample("png/rgb-8.png")), pixels(bytes));
    assert_eq!(before.len(), after.len());
    let all = before.iter().zip(&after);
    let sum: f64 = all
        .map(|(&a, &b)| (expected(f64::from(a) / 255.0) * 255.0 - f64::from(b)).abs())
        .sum();
    sum / before.len() as f64
}

#[test]
fn a_gamma_without_a_profile_is_converted() {
    let linear = png(&[chunk(b"gAMA", &100_000_u32.to_be_bytes())]);
    let result = prepared(&linear, &as_jpeg());
    assert!(losses(&result).is_empty() && profile(result.bytes()).is_none());
    let off = difference(result.bytes(), srgb_of_light);
    assert!(off < 4.0, "{off}");
    // The usual one means sRGB.
    let usual = png(&[chunk(b"gAMA", &45_455_u32.to_be_bytes())]);
    let result = prepared(&usual, &as_jpeg());
    assert!(losses(&result).is_empty() && difference(result.bytes(), |v| v) < 4.0);
}

#[test]
fn chunks_that_are_kept_or_converted_never_contradict_the_pixels() {
    let linear = png(&[chunk(b"gAMA", &100_000_u32.to_be_bytes())]);
    let small = as_png().with_limits(Limits::bigin().with_max_pixels(1000));
    let result = prepared(&linear, &small);
    assert_eq!(result.report().action, Action::Transcoded);
    let has = |name: &[u8]| result.bytes().windows(4).any(|w| w == name);
    assert!(!has(b"gAMA") && !has(b"cHRM"));
    // A photo that conforms keeps its chunks with its pixels.
    let kept = prepared(&linear, &as_png());
    assert_eq!((kept.report().action, kept.bytes()), (Action::Kept, linear.as_slice()));
}

#[test]
fn wider_primaries_go_along_with_a_profile_or_become_srgb() {
    let chromaticities = [31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6000];
    let body: Vec<u8> = chromaticities.iter().flat_map(|v: &u32| v.to_be_bytes()).collect();
    for said in [chunk(b"cHRM", &body), chunk(b"cICP", &[12, 13, 0, 1])] {
        let file = png(&[said]);
        let kept = prepared(&file, &as_jpeg());
        assert!(losses(&kept).is_empty() && profile(kept.bytes()).is_some());
        assert!(difference(kept.bytes(), |v| v) < 4.0);
        let converted = prepared(&file, &as_png().with_colour(Colour::Srgb));
        assert_eq!(converted.report().action, Action::Transcoded);
        assert!(profile(converted.bytes()).is_none());
        assert!(difference(converted.bytes(), |v| v) > 1.0);
        // Once converted it is what was asked for.
        let again = prepared(converted.bytes(), &as_png().with_colour(Colour::Srgb));
        assert_eq!(again.report().action, Action::Kept);
    }
}

#[test]
fn high_dynamic_range_is_tone_mapped_and_told() {
    let pq = png(&[chunk(b"cICP", &[9, 16, 0, 1])]);
    assert!(photofit::probe(&pq).unwrap().hdr);
    let result = prepared(&pq, &as_jpeg());
    assert_eq!(losses(&result), [LossKind::Hdr]);
    assert!(profile(result.bytes()).is_none());
    let denied = as_jpeg().with_deny_loss([LossKind::Hdr]);
    assert_eq!(prepare(&pq, &denied).unwrap_err().kind(), "loss-denied");
}

#[cfg(feature = "heic")]
#[test]
fn heic_in_high_dynamic_range_is_tone_mapped() {
    let mut file = sample("heic/10-bit.heic");
    let at = file
        .windows(4)
        .position(|w| w == b"nclx")
        .expect("the sample names its colours");
    file[at + 4..at + 8].copy_from_slice(&[0, 9, 0, 16]);
    let result = prepared(&file, &as_jpeg());
    assert!(losses(&result).contains(&LossKind::Hdr), "{:?}", losses(&result));
}

#[test]
fn a_profile_is_put_together_from_chunks_however_they_are_counted() {
    let display_p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let small = as_jpeg().with_limits(Limits::bigin().with_max_pixels(500));
    let right = icc_chunks(&display_p3, &[(1, 2), (2, 2)]);
    let reversed: Vec<_> = right.iter().rev().cloned().collect();
    for segments in [
        right.clone(),
        reversed,
        icc_chunks(&display_p3, &[(1, 3), (2, 3)]),
        icc_chunks(&display_p3, &[(0, 2), (1, 2)]),
        icc_chunks(&display_p3, &[(1, 1), (1, 1)]),
        [right.clone(), right.clone()].concat(),
    ] {
        let result = prepared(&jpeg(&segments), &small);
        assert!(losses(&result).is_empty(), "{:?}", result.report());
        assert_eq!(profile(result.bytes()).as_deref(), Some("Display P3"));
    }
    // A part is missing.
    let result = prepared(&jpeg(&right[..1]), &small);
    assert_eq!(losses(&result), [LossKind::Profile]);
}

#[test]
fn srgb_is_what_services_that_ignore_profiles_get() {
    let display_p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let srgb = Options::default().with_colour(Colour::Srgb);
    let wide = jpeg(&icc_chunks(&display_p3, &[(1, 1)]));
    let kept = prepared(&wide, &Options::default());
    assert_eq!(kept.report().action, Action::Kept);
    let converted = prepared(&wide, &srgb);
    assert_eq!(converted.report().action, Action::Transcoded);
    assert!(losses(&converted).is_empty() && profile(converted.bytes()).is_none());
    // A photo whose profile is sRGB's is shown right by everybody.
    let profile_of_srgb = moxcms::ColorProfile::new_srgb().encode().unwrap();
    let plain = jpeg(&icc_chunks(&profile_of_srgb, &[(1, 1)]));
    assert_eq!(prepared(&plain, &srgb).report().action, Action::Kept);
}

/// An EXIF block whose interoperability index is that of DCF's optional colour space.
fn adobe_rgb_by_exif() -> Vec<u8> {
    let mut block = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
    let directory = |entries: &[(u16, u16, u32, u32)]| {
        let mut out = u16::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
        for (tag, kind, count, value) in entries {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        out.extend([0; 4]);
        out
    };
    block.extend(directory(&[(0x8769, 4, 1, 26)]));
    block.extend(directory(&[(0xA001, 3, 1, 0xFFFF), (0xA005, 4, 1, 56)]));
    block.extend(directory(&[(1, 2, 4, u32::from_le_bytes(*b"R03\0"))]));
    block
}

#[test]
fn adobe_rgb_by_exif_is_said_by_a_profile_once_its_exif_is_gone() {
    let file = jpeg(&[(0xE1, adobe_rgb_by_exif())]);
    let small = as_jpeg().with_limits(Limits::bigin().with_max_pixels(500));
    let result = prepared(&file, &small.with_metadata(Metadata::Strip));
    assert!(losses(&result).is_empty() && profile(result.bytes()).is_some());
    // Without a pixel touched as well.
    for policy in [Metadata::Strip, Metadata::Privacy] {
        let result = prepared(&file, &Options::default().with_metadata(policy));
        assert_eq!(result.report().action, Action::Rewritten, "{policy:?}");
        assert!(profile(result.bytes()).is_some(), "{policy:?}");
        let again = prepared(result.bytes(), &Options::default().with_metadata(policy));
        assert_eq!(again.report().action, Action::Kept, "{policy:?}");
    }
}

#[test]
fn a_bitmap_says_its_colours_in_its_header() {
    // BITMAPV5HEADER around two pixels of 24 bits in a row.
    let bitmap = |space: &[u8; 4], behind: &[u8], offset: u32| {
        let mut file = b"BM".to_vec();
        file.extend([0; 8]);
        file.extend(138_u32.to_le_bytes());
        let mut header = vec![0; 124];
        header[0] = 124;
        (header[4], header[8], header[12], header[14]) = (2, 1, 1, 24);
        header[56..60].copy_from_slice(space);
        header[112..116].copy_from_slice(&offset.to_le_bytes());
        header[116..120].copy_from_slice(&u32::try_from(behind.len()).unwrap().to_le_bytes());
        file.extend(header);
        file.extend([10, 100, 200, 20, 110, 210, 0, 0]);
        file.extend(behind);
        file
    };
    let display_p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let embedded = bitmap(b"DEBM", &display_p3, 124 + 8);
    let result = prepared(&embedded, &as_png());
    assert!(losses(&result).is_empty());
    assert!(profile(result.bytes()).is_some());
    assert_eq!(profile(&embedded).as_deref(), Some("Display P3"));
    // One that lies beyond the file is none.
    let cut = bitmap(b"DEBM", &display_p3[..100], 124 + 8);
    assert_eq!(losses(&prepared(&cut, &as_png())), [LossKind::Profile]);
    assert!(profile(prepared(&bitmap(b"BGRs", b"", 0), &as_png()).bytes()).is_none());
}
