//! Orientations on coefficients: the group they are, and jpegtran's answers.
#![allow(clippy::cast_possible_truncation, missing_docs)]

use crate::encode_support::{Rng, coefficients, djpeg, filter, has};
use photofit_jpeg::Orientation;
use photofit_jpeg::encode::{EncodeError, EncodeOptions, Encoder, Mode};
use photofit_jpeg::transform::{PartialMcus, TransformError, apply, check};
use photofit_jpeg::{Coefficients, Component};
use proptest::prelude::*;

/// Gray, the four of cameras, 4:1:1, 4:1:0, and chroma that differs.
const FACTORS: [&[(u8, u8)]; 8] = [
    &[(1, 1)],
    &[(1, 1), (1, 1), (1, 1)],
    &[(2, 1), (1, 1), (1, 1)],
    &[(1, 2), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1)],
    &[(4, 1), (1, 1), (1, 1)],
    &[(4, 2), (1, 1), (1, 1)],
    &[(2, 2), (2, 1), (1, 2)],
];

fn encoded(coefficients: &Coefficients, options: &EncodeOptions<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new()
        .encode_coefficients(coefficients, options, &mut out)
        .expect("valid coefficients");
    out
}

fn picture() -> impl Strategy<Value = Coefficients> {
    (any::<u64>(), 0..FACTORS.len(), 1..5_u16, 1..5_u16).prop_map(|(seed, parts, w, h)| {
        let parts = FACTORS[parts];
        let h_max = parts.iter().map(|p| p.0).max().unwrap_or(1);
        let v_max = parts.iter().map(|p| p.1).max().unwrap_or(1);
        let (width, height) = (w * 8 * u16::from(h_max), h * 8 * u16::from(v_max));
        coefficients(&mut Rng::new(seed), width, height, parts)
    })
}

fn orientation() -> impl Strategy<Value = Orientation> {
    (1..=8_u8).prop_map(|number| Orientation::from_exif(number.into()).expect("1 to 8"))
}

#[test]
fn orientations_are_the_group_of_the_square() {
    // What an orientation does to the corners of a square, tells all of it.
    let corners = |o: Orientation| {
        let block = std::array::from_fn(|i| i as i16);
        let component = Component {
            id: 1,
            h: 1,
            v: 1,
            quant: [1; 64],
            blocks_wide: 1,
            blocks_high: 1,
            blocks: vec![block],
        };
        let square = Coefficients {
            width: 8,
            height: 8,
            components: vec![component],
        };
        let turned = apply(&square, o).expect("a whole MCU");
        turned.components[0].blocks[0]
    };
    for a in Orientation::ALL {
        assert_eq!(Orientation::from_exif(a.to_exif().into()), Some(a));
        assert_eq!(a.then(a.inverse()), Orientation::Upright);
        assert_eq!(a.inverse().then(a), Orientation::Upright);
        assert_eq!(a.then(Orientation::Upright), a);
        assert_eq!(Orientation::Upright.then(a), a);
        for b in Orientation::ALL {
            if a != b {
                assert_ne!(corners(a), corners(b), "{a:?} {b:?}");
            }
            for c in Orientation::ALL {
                assert_eq!(a.then(b).then(c), a.then(b.then(c)));
            }
        }
    }
    assert_eq!(Orientation::from_exif(0), None);
    assert_eq!(Orientation::from_exif(9), None);
    let quarter = Orientation::Rotate90;
    assert_eq!(quarter.then(quarter), Orientation::Rotate180);
    assert_eq!(quarter.then(Orientation::Rotate180), Orientation::Rotate270);
    assert_eq!(Orientation::Transpose.then(Orientation::FlipHorizontal), quarter);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn pictures_follow_the_group(picture in picture(), a in orientation(), b in orientation()) {
        let once = apply(&picture, a).expect("whole MCUs");
        let twice = apply(&once, b).expect("whole MCUs");
        prop_assert_eq!(&twice, &apply(&picture, a.then(b)).expect("whole MCUs"));
        prop_assert_eq!(&picture, &apply(&once, a.inverse()).expect("whole MCUs"));
    }

    #[test]
    fn turning_while_encoding_equals_turning_first(
        picture in picture(),
        orientation in orientation(),
        mode in prop_oneof![Just(Mode::Sequential), Just(Mode::Optimised), Just(Mode::Progressive)],
    ) {
        let options = EncodeOptions::new().mode(mode);
        let turned = apply(&picture, orientation).expect("whole MCUs");
        let mut out = Vec::new();
        Encoder::new()
            .encode_oriented(&picture, orientation, &options, &mut out)
            .expect("whole MCUs");
        prop_assert_eq!(out, encoded(&turned, &options));
    }
}

/// jpegtran's name for each orientation.
fn jpegtran(orientation: Orientation) -> &'static [&'static str] {
    match orientation {
        Orientation::Upright => &[],
        Orientation::FlipHorizontal => &["-flip", "horizontal"],
        Orientation::Rotate180 => &["-rotate", "180"],
        Orientation::FlipVertical => &["-flip", "vertical"],
        Orientation::Transpose => &["-transpose"],
        Orientation::Rotate90 => &["-rotate", "90"],
        Orientation::Transverse => &["-transverse"],
        Orientation::Rotate270 => &["-rotate", "270"],
    }
}

#[test]
fn results_and_refusals_equal_those_of_jpegtran() {
    if !has("jpegtran") || !has("djpeg") {
        return;
    }
    let mut rng = Rng::new(7);
    let (mut done, mut refused) = (0, 0);
    for run in 0..160_usize {
        let parts = FACTORS[run % FACTORS.len()];
        let h_max = parts.iter().map(|p| p.0).max().unwrap_or(1);
        let v_max = parts.iter().map(|p| p.1).max().unwrap_or(1);
        let mut side = |factor: u8| {
            let whole = 8 * u16::from(factor);
            let partial = rng.below(3) == 0;
            (1 + rng.below(4) as u16) * whole - if partial { 1 + rng.below(7) as u16 } else { 0 }
        };
        let (width, height) = (side(h_max), side(v_max));
        let picture = coefficients(&mut rng, width, height, parts);
        let orientation = Orientation::ALL[(run / 8) % 8];
        let source = encoded(&picture, &EncodeOptions::new());
        let mut args = jpegtran(orientation).to_vec();
        args.push("-perfect");
        let theirs = filter("jpegtran", &args, &source);
        let mut ours = vec![42];
        let result = Encoder::new().encode_oriented(&picture, orientation, &EncodeOptions::new(), &mut ours);
        match (theirs, result) {
            (Some(theirs), Ok(())) => {
                done += 1;
                assert!(
                    djpeg(&ours[1..]) == djpeg(&theirs),
                    "{orientation:?} {parts:?} {width}x{height}"
                );
                // Tables are shared in another way where three differ.
                let tables = picture.components.len().min(2);
                if tables == 1 {
                    assert!(ours[1..] == theirs, "{orientation:?} {width}x{height}");
                }
            }
            (None, Err(EncodeError::PartialMcus(partial))) => {
                refused += 1;
                assert!(partial.right > 0 || partial.bottom > 0);
                assert_eq!(ours, [42]);
            }
            (theirs, result) => panic!(
                "{orientation:?} {parts:?} {width}x{height}: {result:?}, jpegtran {}",
                theirs.is_some()
            ),
        }
    }
    assert!(done > 80 && refused > 20, "{done} done, {refused} refused");
}

#[test]
fn refusals_name_the_edges_in_the_way() {
    let mut rng = Rng::new(8);
    let picture = coefficients(&mut rng, 37, 43, &[(2, 2), (1, 1), (1, 1)]);
    let both = Err(PartialMcus { right: 5, bottom: 11 });
    let right = Err(PartialMcus { right: 5, bottom: 0 });
    let bottom = Err(PartialMcus { right: 0, bottom: 11 });
    let expected = [Ok(()), right, both, bottom, Ok(()), bottom, both, right];
    for (orientation, expected) in Orientation::ALL.into_iter().zip(expected) {
        assert_eq!(check(&picture, orientation), expected, "{orientation:?}");
        let applied = apply(&picture, orientation).map(|_| ());
        assert_eq!(applied, expected.map_err(TransformError::from));
    }
    let text = |right, bottom| PartialMcus { right, bottom }.to_string();
    assert_eq!(text(5, 0), "the last 5 columns are no whole MCU");
    assert_eq!(text(0, 11), "the last 11 rows are no whole MCU");
    assert!(text(5, 11).contains("5 columns and the last 11 rows"));

    let mut broken = picture.clone();
    broken.components[1].blocks.truncate(3);
    let error = apply(&broken, Orientation::Transpose).expect_err("blocks are missing");
    assert!(matches!(
        error,
        TransformError::BlockCount {
            component: 1,
            blocks: 3,
            ..
        }
    ));

    // A single component is not interleaved: its MCU is one block.
    let gray = coefficients(&mut rng, 24, 40, &[(2, 2)]);
    assert_eq!(check(&gray, Orientation::Rotate180), Ok(()));
    let turned = apply(&gray, Orientation::Rotate180).expect("whole blocks");
    assert_eq!(apply(&turned, Orientation::Rotate180).expect("whole blocks"), gray);
}
