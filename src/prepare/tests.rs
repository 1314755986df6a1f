//! The planar road against the interleaved one, which shares nothing with it but the encoder.

use super::*;
use crate::Orientation;
use crate::encode::jpeg::{Attempt, planes};
use crate::jpeg::decode::{Header, Limits as DecoderLimits, Process};
use crate::jpeg::encode::Sampling;
use crate::limits::Limits;
use crate::options::{Chroma, Effort, Quality};
use crate::pixels::{Layout, Raster, Samples};

/// Prepares by planes and by interleaved pixels.
fn both(data: &[u8], options: &Options) -> [Result<Prepared<'static>, Error>; 2] {
    [true, false].map(|by_planes| {
        let mut preparer = Preparer::new(options.clone());
        preparer.by_planes = by_planes;
        preparer.prepare(data).map(Prepared::into_owned)
    })
}

fn mean_difference(a: &[u8], b: &[u8], name: &str) -> f64 {
    let [a, b] = [a, b].map(|bytes| image::load_from_memory(bytes).unwrap().to_rgb8());
    assert_eq!(a.dimensions(), b.dimensions(), "{name}");
    let sum: u64 = a
        .as_raw()
        .iter()
        .zip(b.as_raw())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / a.as_raw().len() as f64
}

/// A picture whose colour changes quickly and whose brightness hardly does: chroma that lies half a sample off differs.
fn colours(width: u32, height: u32, gray: bool) -> Raster {
    let mut samples = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (a, b) = (f64::from(x) / 4.0, f64::from(y) / 5.0);
            let (cb, cr) = (60.0 * (a + 0.3 * b).sin(), 60.0 * (b + 0.2 * a).sin());
            let luma = 120.0 + 0.4 * f64::from(x);
            if gray {
                samples.push((luma + cb) as u8);
            } else {
                let rgb = [luma + 1.402 * cr, luma - 0.344 * cb - 0.714 * cr, luma + 1.772 * cb];
                samples.extend(rgb.map(|v| v.clamp(0.0, 255.0) as u8));
            }
        }
    }
    let layout = if gray { Layout::Gray } else { Layout::Rgb };
    Raster::new(width, height, layout, Samples::U8(samples)).unwrap()
}

/// That picture as a JPEG with an EXIF orientation.
fn jpeg(size: (u32, u32), sampling: Sampling, orientation: Orientation) -> Vec<u8> {
    let raster = colours(size.0, size.1, sampling == Sampling::Gray);
    let mut planes = planes(&raster, sampling).unwrap();
    let qualities = Qualities::only(Tenths::of(96));
    let attempt = JpegEncoder::new(Effort::Fastest).within(
        &mut planes,
        &qualities,
        &photofit_jpeg::encode::Metadata::new(),
        u64::MAX,
        &mut 0,
    );
    let Attempt::Fits(encoded) = attempt.unwrap() else {
        panic!("nothing limits it")
    };
    let mut exif = b"\xFF\xE1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation.to_exif(), 0, 0, 0, 0, 0, 0, 0]);
    [&encoded.bytes[..2], &exif, &encoded.bytes[2..]].concat()
}

const SAMPLINGS: [Sampling; 5] = [
    Sampling::Gray,
    Sampling::S444,
    Sampling::S422,
    Sampling::S440,
    Sampling::S420,
];

#[test]
fn every_sampling_orientation_and_odd_size_agrees() {
    for size in [(61, 43), (62, 43), (47, 64)] {
        for sampling in SAMPLINGS {
            for orientation in Orientation::ALL {
                let data = jpeg(size, sampling, orientation);
                for pixels in [u64::from(size.0 * size.1), 1900, 701, 97] {
                    let options = Options::default()
                        .with_limits(Limits::bigin().with_max_pixels(pixels))
                        .with_quality(Quality::fixed(96).unwrap());
                    let name = format!("{size:?} {sampling:?} {orientation:?} to {pixels} pixels");
                    let [planar, interleaved] = both(&data, &options).map(Result::unwrap);
                    let difference = mean_difference(planar.bytes(), interleaved.bytes(), &name);
                    // A picture of a dozen pixels across has hardly a sample that is no edge.
                    let tolerance = if pixels < 1000 { 9.0 } else { 4.5 };
                    assert!(difference < tolerance, "{name}: {difference}");
                    let [a, b] = [&planar, &interleaved].map(|p| probe(p.bytes()).unwrap());
                    assert_eq!(a.color, b.color, "{name}");
                    let [a, b] = [a, b].map(|info| info.jpeg.unwrap().sampling);
                    assert!(a == b || planar.report().action != Action::Transcoded, "{name}");
                }
            }
        }
    }
}

/// Far beyond what the scaled decode takes off, down to a single pixel, and long and thin.
#[test]
fn any_shrink_agrees() {
    for (size, side) in [
        ((1500, 1100), 20),
        ((1500, 1100), 1),
        ((1100, 1500), 7),
        ((3000, 5), 30),
    ] {
        for orientation in [Orientation::Upright, Orientation::Rotate90, Orientation::FlipVertical] {
            let data = jpeg(size, Sampling::S420, orientation);
            let options = Options::default()
                .with_limits(Limits::bigin().with_max_side(side))
                .with_quality(Quality::fixed(96).unwrap());
            let name = format!("{size:?} {orientation:?} to {side}");
            let [planar, interleaved] = both(&data, &options).map(Result::unwrap);
            let difference = mean_difference(planar.bytes(), interleaved.bytes(), &name);
            assert!(difference < 4.5, "{name}: {difference}");
        }
    }
}

#[test]
fn every_wanted_chroma_agrees() {
    for sampling in SAMPLINGS {
        let data = jpeg((61, 43), sampling, Orientation::Rotate90);
        for &(chroma, wanted) in Chroma::ALL {
            let options = Options::default()
                .with_limits(Limits::bigin().with_max_pixels(1900))
                .with_quality(Quality::fixed(96).unwrap())
                .with_chroma(chroma);
            let name = format!("{sampling:?} as {wanted}");
            let [planar, interleaved] = both(&data, &options).map(Result::unwrap);
            let difference = mean_difference(planar.bytes(), interleaved.bytes(), &name);
            assert!(difference < 4.5, "{name}: {difference}");
            let [a, b] = [planar, interleaved].map(|p| probe(p.bytes()).unwrap().jpeg.unwrap().sampling);
            assert_eq!(a, b, "{name}");
        }
    }
}

#[test]
fn whole_mcus_are_turned_without_loss_and_others_keep_their_tables() {
    for orientation in Orientation::ALL.into_iter().skip(1) {
        for (size, action) in [((64, 48), Action::Rewritten), ((61, 43), Action::Transcoded)] {
            let data = jpeg(size, Sampling::S420, orientation);
            let [planar, interleaved] = both(&data, &Options::default()).map(Result::unwrap);
            let name = format!("{size:?} {orientation:?}");
            let difference = mean_difference(planar.bytes(), interleaved.bytes(), &name);
            assert!(difference < 4.0, "{name}: {difference}");
            // The transposition alone leaves both far edges where they are.
            if orientation != Orientation::Transpose {
                assert_eq!(planar.report().action, action, "{name}");
            }
            // The header tells which of them will be turned.
            let planned = plan(&data, &Options::default()).unwrap();
            let turned = planar.report().action == Action::Rewritten;
            assert_eq!(planned == Plan::Rewrite, turned, "{name}: {planned:?}");
            let quality = probe(planar.bytes()).unwrap().jpeg.unwrap().quality;
            assert_eq!(quality, probe(&data).unwrap().jpeg.unwrap().quality, "{name}");
        }
    }
}

#[test]
fn a_byte_limit_is_met_from_planes() {
    let data = jpeg((400, 301), Sampling::S420, Orientation::FlipVertical);
    for bytes in [9000, 4000, 1500] {
        let limits = Limits::bigin().with_max_bytes(bytes);
        for result in both(&data, &Options::default().with_limits(limits)) {
            let size = result.unwrap().bytes().len() as u64;
            assert!(size <= bytes && size * 10 >= bytes * 8, "{size} of {bytes}");
        }
    }
}

/// Every JPEG of the test data, whole and damaged, at its size and smaller.
#[test]
fn the_test_data_fares_the_same_on_both_roads() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let names = manifest.lines().filter_map(|line| line.split('\t').next());
    let mut compared = 0;
    let mut failures = Vec::new();
    for name in names.filter(|name| name.ends_with(".jpg")) {
        let data = std::fs::read(root.join(name)).unwrap();
        let header = Header::read(&data, &DecoderLimits::default());
        if header.is_ok_and(|header| header.process != Process::Progressive && !header.streams()) {
            // The interleaved road's decoder loses the chroma where a sequential picture has a scan for each component.
            continue;
        }
        for on_damage in [OnDamage::Refuse, OnDamage::Keep] {
            for pixels in [10_000_000, 1000] {
                let options = Options::default()
                    .with_limits(Limits::bigin().with_max_pixels(pixels))
                    .with_on_damage(on_damage);
                match both(&data, &options) {
                    [Ok(planar), Ok(interleaved)] => {
                        let difference = mean_difference(planar.bytes(), interleaved.bytes(), name);
                        let (a, b) = (&planar.report().losses, &interleaved.report().losses);
                        if difference >= 6.0 || a != b {
                            failures.push(format!("{name} to {pixels}: {difference}, {a:?}, {b:?}"));
                        }
                        compared += 1;
                    }
                    [Err(a), Err(b)] if a.kind() == b.kind() => {}
                    [a, b] => {
                        let [a, b] = [a, b].map(|result| result.map(|p| p.report().clone()));
                        failures.push(format!("{name} to {pixels}: {a:?}, {b:?}"));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(compared > 100, "{compared} compared");
}

/// A JPEG that leaves its height to a DNL segment behind its scan (T.81 B.2.5): read, and written as others read it.
#[test]
fn a_height_behind_the_scan_is_read_and_stated_in_the_result() {
    let photo = include_bytes!("../../testdata/jpeg/gray.jpg");
    let expected = probe(photo).unwrap();
    let frame = photo.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    let end = photo.len() - 2;
    assert_eq!(photo[end..], [0xFF, 0xD9]);
    let height = u16::try_from(expected.height).unwrap().to_be_bytes();
    let mut open = photo[..end].to_vec();
    open[frame + 5..frame + 7].fill(0);
    open.extend([&[0xFF, 0xDC, 0, 4], height.as_slice(), &[0xFF, 0xD9]].concat());
    let info = probe(&open).unwrap();
    assert_eq!((info.width, info.height), (expected.width, expected.height));
    let prepared = prepare(&open, &Options::default()).unwrap();
    let result = probe(prepared.bytes()).unwrap();
    assert_eq!((result.width, result.height), (expected.width, expected.height));
    // The height where decoders look for it.
    let frame = photofit_jpeg::header::frame_size(prepared.bytes()).unwrap();
    assert_eq!(u32::from(frame.1), expected.height);
}
