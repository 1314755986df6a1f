//! Where an edge lies: luma and chroma must stay on each other, at odd sizes and in every orientation.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use photofit::jpeg::decode::{Decoder, Plane, Planes, Scale};
use photofit::{Chroma, Light, Limits, Options, Preparer};

const WIDTH: u16 = 501;
const HEIGHT: u16 = 403;
/// Where blue meets orange, from the left or from the top: between two samples of chroma, even at half the size.
const EDGE: u16 = 152;

/// A JPEG of two colours with an EXIF orientation.
fn picture(upright_edge: bool, sampling: SamplingFactor, orientation: u8) -> Vec<u8> {
    let mut samples = Vec::new();
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let before = if upright_edge { x < EDGE } else { y < EDGE };
            samples.extend_from_slice(if before { &[0, 60, 220] } else { &[255, 150, 30] });
        }
    }
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0, 0]);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 97);
    encoder.set_sampling_factor(sampling);
    encoder.add_app_segment(1, exif).unwrap();
    encoder.encode(&samples, WIDTH, HEIGHT, ColorType::Rgb).unwrap();
    bytes
}

/// How far the colour of the first sample reaches, in samples: along the rows or down the columns.
fn reach(plane: &Plane, across: bool) -> f64 {
    let rows: Vec<&[u8]> = plane.rows().collect();
    let (length, lines) = if across {
        (plane.width(), plane.height())
    } else {
        (plane.height(), plane.width())
    };
    let mean = |along: usize| {
        let sum: u64 = (0..lines)
            .map(|line| u64::from(if across { rows[line][along] } else { rows[along][line] }))
            .sum();
        sum as f64 / lines as f64
    };
    let (first, last) = (mean(4), mean(length - 5));
    assert!((first - last).abs() > 50.0, "an edge: {first} to {last}");
    (0..length).map(|along| (mean(along) - last) / (first - last)).sum()
}

#[test]
fn chroma_stays_on_luma_at_odd_sizes_in_every_orientation() {
    let mut decoder = Decoder::default();
    let mut planes = Planes::new();
    let mut checked = 0;
    // To 353 by 284 about, to 177 by 142 (through no scaled decode yet), and to 101 by 81 (through one).
    for max_pixels in [100_253, 25_134, 8_181] {
        let options = Options::default()
            .with_limits(Limits::bigin().with_max_pixels(max_pixels))
            .with_light(Light::Gamma);
        for (sampling, chroma) in [
            (SamplingFactor::F_1_1, Chroma::Full),
            (SamplingFactor::F_1_1, Chroma::Quarter),
            (SamplingFactor::F_2_1, Chroma::Auto),
            (SamplingFactor::F_1_2, Chroma::Auto),
            (SamplingFactor::F_2_2, Chroma::Auto),
        ] {
            let mut preparer = Preparer::new(options.clone().with_chroma(chroma));
            for (upright_edge, orientation) in (1..=8).flat_map(|o| [(true, o), (false, o)]) {
                let source = picture(upright_edge, sampling, orientation);
                let prepared = preparer.prepare(&source).unwrap();
                decoder.planes(prepared.bytes(), Scale::Full, &mut planes).unwrap();
                let [luma, blue, red] = planes.planes() else {
                    panic!("three planes")
                };
                // Orientations of five and above turn what lies along the rows down the columns.
                let across = upright_edge == (orientation < 5);
                let length = if upright_edge { WIDTH } else { HEIGHT };
                let target = if across { luma.width() } else { luma.height() };
                let flipped = if upright_edge {
                    [2, 3, 7, 8].contains(&orientation)
                } else {
                    [3, 4, 6, 7].contains(&orientation)
                };
                let edge = if flipped { length - EDGE } else { EDGE };
                let expected = f64::from(edge) * target as f64 / f64::from(length);
                for (name, plane) in [("luma", luma), ("blue", blue), ("red", red)] {
                    let samples = if across { plane.width() } else { plane.height() };
                    let factor = if samples == target { 1.0 } else { 2.0 };
                    assert_eq!(samples, target.div_ceil(factor as usize));
                    let found = reach(plane, across) * factor;
                    assert!(
                        (found - expected).abs() < 0.1,
                        "{name} of {sampling:?} as {chroma:?} in orientation {orientation}, {max_pixels} pixels: \
                         {found:.3} for {expected:.3}"
                    );
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, 3 * 5 * 16 * 3);
}
