//! The encoder against itself: strips, sizes, held and given coefficients,
//! metadata, and what it refuses.
#![allow(clippy::cast_possible_truncation, missing_docs)]

use crate::encode_support::{Rng, SAMPLINGS, borrowed, coefficients, encode, planes};
use photofit_jpeg::Orientation;
use photofit_jpeg::encode::{
    Colour, Density, EncodeError, EncodeOptions, Encoder, Frame, Metadata, Mode, Plane, Quality, QuantTables,
    RestartInterval, Sampling, StripEncoder, UnquantisedCoefficients, estimate_quality, requantise,
};
use photofit_jpeg::transform::apply;
use photofit_jpeg::{Coefficients, Component};
use proptest::prelude::*;
use std::num::NonZeroU16;

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Sequential), Just(Mode::Optimised), Just(Mode::Progressive)]
}

fn restart() -> impl Strategy<Value = RestartInterval> {
    let number = (1..20_u16).prop_map(|n| NonZeroU16::new(n).expect("not 0"));
    prop_oneof![
        Just(RestartInterval::None),
        number.clone().prop_map(RestartInterval::Mcus),
        number.prop_map(RestartInterval::Rows),
    ]
}

fn options() -> impl Strategy<Value = EncodeOptions<'static>> {
    (10..=1000_u16, mode(), restart()).prop_map(|(tenths, mode, restart)| {
        let quality = Quality::new(f32::from(tenths) / 10.0).expect("1 to 100");
        EncodeOptions::new().quality(quality).mode(mode).restart(restart)
    })
}

fn frame() -> impl Strategy<Value = Frame> {
    (1..=70_u16, 1..=70_u16, 0..SAMPLINGS.len())
        .prop_map(|(width, height, sampling)| Frame::new(width, height, SAMPLINGS[sampling]).expect("not empty"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn sizes_are_exact_and_held_pictures_equal(
        frame in frame(), options in options(), seed in any::<u64>(),
    ) {
        let planes = planes(&mut Rng::new(seed), frame);
        let direct = encode(frame, &planes, &options);

        let held = UnquantisedCoefficients::from_planes(frame, &borrowed(frame, &planes))
            .expect("the planes fit");
        let mut encoder = Encoder::new();
        let size = encoder.unquantised_size(&held, &options).expect("all rows");
        prop_assert_eq!(size, direct.len());
        let mut out = Vec::new();
        encoder.encode_unquantised(&held, &options, &mut out).expect("all rows");
        prop_assert_eq!(&out, &direct);

        let quantised = held.quantise(options.tables()).expect("all rows");
        let size = encoder.coefficients_size(&quantised, &options).expect("valid");
        out.clear();
        encoder.encode_coefficients(&quantised, &options, &mut out).expect("valid");
        prop_assert_eq!(size, out.len());
        // Tables that are equal are shared; else the files are the same.
        if options.tables().luma() != options.tables().chroma() || frame.sampling().planes() == 1 {
            prop_assert_eq!(&out, &direct);
        }
        out.clear();
        encoder
            .encode_oriented(&quantised, Orientation::Upright, &options, &mut out)
            .expect("nothing moves");
        prop_assert_eq!(out.len(), size);
    }

    #[test]
    fn strips_equal_whole_planes(
        frame in frame(), options in options(), seed in any::<u64>(), step in 1..4_usize,
        padding in 0..20_usize,
    ) {
        let planes = planes(&mut Rng::new(seed), frame);
        let whole = encode(frame, &planes, &options);

        // The same with a stride beyond the width, and rubbish in between.
        let wide: Vec<(Vec<u8>, usize, usize)> = planes
            .iter()
            .enumerate()
            .map(|(index, samples)| {
                let (width, _) = frame.plane_size(index);
                let mut wide = Vec::new();
                for row in samples.chunks_exact(width) {
                    wide.extend_from_slice(row);
                    wide.extend((0..padding).map(|i| (i * 91) as u8));
                }
                wide.truncate(wide.len() - padding);
                (wide, width + padding, if index == 0 { 1 } else { frame.mcu_height() / 8 })
            })
            .collect();
        let (mut encoder, mut out) = (Encoder::new(), vec![1, 2, 3]);
        // Memory of another picture must not show through.
        let other = Frame::new(padding as u16 + 30, 40, Sampling::S422).expect("not empty");
        let mut held = UnquantisedCoefficients::new(other).expect("memory");
        held.reset(frame).expect("memory");
        let mut strips = encoder.start(frame, &options, &mut out).expect("no metadata");
        let (mut done, height) = (0, usize::from(frame.height()));
        while done < height {
            let rows = (step * frame.mcu_height()).min(height - done);
            let strip: Vec<_> = wide
                .iter()
                .map(|(samples, stride, v)| Plane::new(&samples[done / v * stride..], *stride))
                .collect();
            strips.push(rows, &strip).expect("the strip fits");
            held.push(rows, &strip).expect("the strip fits");
            done += rows;
        }
        strips.finish().expect("all rows");
        prop_assert_eq!(&out[..3], &[1, 2, 3]);
        prop_assert!(out[3..] == whole);
        prop_assert_eq!(encoder.unquantised_size(&held, &options).expect("all rows"), whole.len());
    }

    #[test]
    fn coarser_tables_are_as_good_as_new(frame in frame(), seed in any::<u64>()) {
        let planes = planes(&mut Rng::new(seed), frame);
        let held = UnquantisedCoefficients::from_planes(frame, &borrowed(frame, &planes))
            .expect("the planes fit");
        let fine = QuantTables::from(Quality::new(95.0).expect("valid"));
        let coarse = QuantTables::from(Quality::new(60.0).expect("valid"));
        let mut coefficients = held.quantise(&fine).expect("all rows");
        let before = coefficients.clone();
        requantise(&mut coefficients, &coarse);
        // The same on the way into the file, in every orientation that leaves whole MCUs.
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).expect("1 to 8");
            for mode in [Mode::Sequential, Mode::Progressive] {
                let options = EncodeOptions::new().quant_tables(coarse.clone()).mode(mode);
                let (mut encoder, mut direct, mut wanted) = (Encoder::new(), Vec::new(), Vec::new());
                let made = encoder.encode_coarser(&before, orientation, &options, &mut direct);
                if let Ok(mut turned) = apply(&before, orientation) {
                    prop_assert!(made.is_ok());
                    requantise(&mut turned, &coarse);
                    encoder.encode_coefficients(&turned, &options, &mut wanted).expect("valid");
                    prop_assert!(direct == wanted, "{orientation:?} {mode:?}");
                    prop_assert_eq!(encoder.coarser_size(&before, orientation, &options), Ok(wanted.len()));
                } else {
                    prop_assert!(made.is_err() && direct.is_empty());
                }
            }
        }
        for (old, new) in before.components.iter().zip(&coefficients.components) {
            for i in 0..64 {
                prop_assert!(new.quant[i] >= old.quant[i]);
            }
            for (old_block, new_block) in old.blocks.iter().zip(&new.blocks) {
                for i in 0..64 {
                    let value = |c: i16, q: u16| i32::from(c) * i32::from(q);
                    let (a, b) = (value(old_block[i], old.quant[i]), value(new_block[i], new.quant[i]));
                    prop_assert!(2 * (a - b).abs() <= i32::from(new.quant[i]));
                }
            }
        }
    }
}

/// The segments ahead of the first scan: marker and payload.
fn segments(file: &[u8]) -> Vec<(u8, &[u8])> {
    assert!(file.starts_with(&[0xFF, 0xD8]) && file.ends_with(&[0xFF, 0xD9]));
    let (mut at, mut found) = (2, Vec::new());
    loop {
        assert_eq!(file[at], 0xFF);
        let marker = file[at + 1];
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        found.push((marker, &file[at + 4..at + 2 + length]));
        if marker == 0xDA {
            return found;
        }
        at += 2 + length;
    }
}

#[test]
fn metadata_comes_in_the_order_that_decoders_expect() {
    let frame = Frame::new(20, 20, Sampling::S420).expect("not empty");
    let planes = planes(&mut Rng::new(1), frame);
    let profile: Vec<u8> = (0..150_000).map(|i| (i % 251) as u8).collect();
    let metadata = Metadata::new()
        .comment(b"made by hand")
        .segment(13, b"Photoshop 3.0\0")
        .icc(&profile)
        .exif(b"II*\0rest")
        .density(Density::PerInch(300, 150));
    let options = EncodeOptions::new().metadata(metadata);
    for mode in [Mode::Sequential, Mode::Optimised, Mode::Progressive] {
        let file = encode(frame, &planes, &options.clone().mode(mode));
        let found = segments(&file);
        let markers: Vec<u8> = found.iter().map(|s| s.0).collect();
        let start = [0xE0, 0xE1, 0xE2, 0xE2, 0xE2, 0xED, 0xFE, 0xDB, 0xDB];
        assert_eq!(markers[..9], start);
        assert_eq!(markers[9], if mode == Mode::Progressive { 0xC2 } else { 0xC0 });
        assert_eq!(found[0].1, b"JFIF\0\x01\x01\x01\x01\x2C\0\x96\0\0");
        assert_eq!(found[1].1, b"Exif\0\0II*\0rest");
        let mut joined = Vec::new();
        for (number, (_, chunk)) in (1..=3).zip(&found[2..5]) {
            assert_eq!(&chunk[..14], [b"ICC_PROFILE\0".as_slice(), &[number, 3]].concat());
            joined.extend_from_slice(&chunk[14..]);
        }
        assert_eq!(joined, profile);
        assert_eq!(found[6].1, b"made by hand");
    }
    let rgb = encode(frame, &planes, &EncodeOptions::new().colour(Colour::Rgb));
    assert_eq!(segments(&rgb)[0], (0xEE, b"Adobe\0\x64\0\0\0\0\0".as_slice()));
}

#[test]
fn metadata_that_does_not_fit_is_refused_and_nothing_written() {
    let frame = Frame::new(8, 8, Sampling::Gray).expect("not empty");
    let samples = [7; 64];
    let planes = [Plane::new(&samples, 8)];
    let long = vec![0; 255 * 65_519 + 1];
    let fits = [
        Metadata::new().exif(&long[..65_527]),
        Metadata::new().comment(&long[..65_533]),
        Metadata::new().segment(15, &long[..65_533]),
        Metadata::new().icc(&long[..255 * 65_519]),
    ];
    let mut out = vec![9];
    for metadata in fits {
        let options = EncodeOptions::new().metadata(metadata);
        out.truncate(1);
        Encoder::new()
            .encode_planes(frame, &planes, &options, &mut out)
            .expect("it just fits");
        assert!(out.ends_with(&[0xFF, 0xD9]));
    }
    let too_long = [
        (Metadata::new().exif(&long[..65_528]), "EXIF"),
        (Metadata::new().comment(&long[..65_534]), "comment"),
        (Metadata::new().segment(15, &long[..65_534]), "APPn segment"),
        (Metadata::new().icc(&long), "ICC profile"),
    ];
    for (metadata, name) in too_long {
        let options = EncodeOptions::new().metadata(metadata);
        out.truncate(1);
        let error = Encoder::new()
            .encode_planes(frame, &planes, &options, &mut out)
            .expect_err("too long");
        assert!(matches!(error, EncodeError::MetadataTooLong { what, .. } if what == name));
        assert_eq!(out, [9]);
    }
    let options = EncodeOptions::new().metadata(Metadata::new().segment(16, b""));
    let result = Encoder::new().encode_planes(frame, &planes, &options, &mut out);
    assert_eq!(result, Err(EncodeError::SegmentNumber(16)));
}

#[test]
fn planes_that_do_not_fit_are_refused() {
    let frame = Frame::new(20, 40, Sampling::S420).expect("not empty");
    let (y, c) = (vec![0; 20 * 40], vec![0; 10 * 20]);
    let (y, c) = (Plane::new(&y, 20), Plane::new(&c, 10));
    let (mut encoder, mut out) = (Encoder::new(), Vec::new());
    let mut whole = |planes: &[Plane<'_>]| encoder.encode_planes(frame, planes, &EncodeOptions::new(), &mut out);
    let expected = 3;
    assert_eq!(whole(&[y]), Err(EncodeError::PlaneCount { given: 1, expected }));
    let narrow = Plane::new(&[0; 200], 9);
    let error = EncodeError::Stride {
        plane: 1,
        stride: 9,
        width: 10,
    };
    assert_eq!(whole(&[y, narrow, c]), Err(error));
    let short = Plane::new(&[0; 199], 10);
    let error = EncodeError::PlaneTooShort {
        plane: 2,
        given: 199,
        needed: 200,
    };
    assert_eq!(whole(&[y, c, short]), Err(error));
    assert_eq!(whole(&[y, c, c]), Ok(()));

    let options = EncodeOptions::new();
    let mut strips = encoder.start(frame, &options, &mut out).expect("no metadata");
    let wrong = |rows, done| {
        Err(EncodeError::StripHeight {
            rows,
            done,
            height: 40,
            mcu_height: 16,
        })
    };
    assert_eq!(strips.push(8, &[y, c, c]), wrong(8, 0));
    assert_eq!(strips.push(41, &[y, c, c]), wrong(41, 0));
    assert_eq!(strips.push(32, &[y, c, c]), Ok(()));
    assert_eq!(strips.push(7, &[y, c, c]), wrong(7, 32));
    let missing = Err(EncodeError::MissingRows { done: 32, height: 40 });
    assert_eq!(strips.finish(), missing);
    let held = UnquantisedCoefficients::new(frame).expect("memory");
    let missing = Err(EncodeError::MissingRows { done: 0, height: 40 });
    assert_eq!(encoder.unquantised_size(&held, &options), missing);
    assert!(Frame::new(0, 5, Sampling::Gray).is_err());
    assert!(Frame::new(5, 0, Sampling::Gray).is_err());
}

#[test]
fn coefficients_that_are_none_of_a_jpeg_are_refused() {
    let mut rng = Rng::new(2);
    let good = coefficients(&mut rng, 30, 20, &[(2, 1), (1, 1), (1, 1)]);
    let (mut encoder, mut out) = (Encoder::new(), vec![5]);
    let modes = [Mode::Sequential, Mode::Optimised, Mode::Progressive];
    let mut refused = |change: &dyn Fn(&mut Coefficients)| {
        let mut bad = good.clone();
        change(&mut bad);
        modes.map(|mode| {
            let options = EncodeOptions::new().mode(mode);
            let error = encoder
                .encode_coefficients(&bad, &options, &mut out)
                .expect_err("refused");
            assert_eq!(out, [5], "nothing is appended");
            assert_eq!(encoder.coefficients_size(&bad, &options), Err(error.clone()));
            error
        })
    };
    let range = [const { EncodeError::CoefficientRange }; 3];
    for value in [i16::MIN, -4096, 4096, i16::MAX] {
        for at in [0, 1, 63] {
            assert_eq!(refused(&|c| c.components[1].blocks[0][at] = value), range);
        }
    }
    assert_eq!(
        refused(&|c| c.width = 0)[0],
        EncodeError::EmptyPicture { width: 0, height: 20 }
    );
    assert_eq!(
        refused(&|c| c.components[2].quant[9] = 0)[0],
        EncodeError::ZeroQuantiser { index: 9 }
    );
    let invalid: [&dyn Fn(&mut Coefficients); 8] = [
        &|c| c.components.truncate(2),
        &|c| c.components.clear(),
        &|c| c.components[0].h = 0,
        &|c| c.components[0].v = 5,
        &|c| c.components[0].id = 2,
        &|c| c.width = 60,
        &|c| c.components[1].blocks.truncate(1),
        &|c| c.components.iter_mut().for_each(|c| (c.h, c.v) = (2, 2)),
    ];
    for change in invalid {
        assert!(matches!(refused(change)[0], EncodeError::InvalidCoefficients(_)));
    }
    // The encoder is as good as new afterwards.
    for mode in modes {
        let options = EncodeOptions::new().mode(mode);
        let (mut used, mut fresh) = (Vec::new(), Vec::new());
        encoder.encode_coefficients(&good, &options, &mut used).expect("valid");
        Encoder::new()
            .encode_coefficients(&good, &options, &mut fresh)
            .expect("valid");
        assert_eq!(used, fresh);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn wild_coefficients_never_panic(
        seed in any::<u64>(),
        (width, height) in (0..40_u16, 0..40_u16),
        factors in proptest::collection::vec((0..6_u8, 0..6_u8), 0..5),
        (wide, high) in (0..9_usize, 0..9_usize),
        mode in mode(),
        restart in restart(),
        orientation in 1..=8_u8,
        wild in any::<bool>(),
    ) {
        let mut rng = Rng::new(seed);
        let components = (0..).zip(&factors).map(|(id, &(h, v))| Component {
            id,
            h,
            v,
            quant: std::array::from_fn(|_| (rng.below(70_000) as u16).max(u16::from(!wild))),
            blocks_wide: wide,
            blocks_high: high,
            blocks: (0..wide * high)
                .map(|_| {
                    std::array::from_fn(|_| {
                        if wild || rng.below(9) == 0 { rng.word() as i16 } else { 0 }
                    })
                })
                .collect(),
        });
        let mut picture = Coefficients { width, height, components: components.collect() };
        let options = EncodeOptions::new().mode(mode).restart(restart);
        let orientation = Orientation::from_exif(orientation.into()).expect("1 to 8");
        let (mut encoder, mut out) = (Encoder::new(), Vec::new());
        let result = encoder.encode_coefficients(&picture, &options, &mut out);
        prop_assert_eq!(result.is_ok(), !out.is_empty());
        prop_assert_eq!(encoder.coefficients_size(&picture, &options), result.map(|()| out.len()));
        out.clear();
        let result = encoder.encode_oriented(&picture, orientation, &options, &mut out);
        prop_assert_eq!(result.is_ok(), !out.is_empty());
        let _ = apply(&picture, orientation);
        requantise(&mut picture, &Quality::new(30.0).expect("valid").into());
    }
}

#[test]
fn one_encoder_serves_pictures_of_all_kinds() {
    let mut encoder = Encoder::new();
    let mut rng = Rng::new(3);
    for run in 0..60_usize {
        let sampling = SAMPLINGS[run % 5];
        let size = |rng: &mut Rng| 1 + rng.below(300) as u16;
        let frame = Frame::new(size(&mut rng), size(&mut rng), sampling).expect("not empty");
        let planes = planes(&mut rng, frame);
        let mode = [Mode::Sequential, Mode::Optimised, Mode::Progressive][run % 3];
        let options = EncodeOptions::new().mode(mode);
        let mut out = Vec::new();
        encoder
            .encode_planes(frame, &borrowed(frame, &planes), &options, &mut out)
            .expect("the planes fit");
        assert!(out == encode(frame, &planes, &options), "{frame:?} {mode:?}");
    }
}

#[test]
fn custom_tables_reach_the_file() {
    let frame = Frame::new(17, 9, Sampling::S444).expect("not empty");
    let planes = planes(&mut Rng::new(4), frame);
    let luma = std::array::from_fn(|i| 1 + i as u16);
    let tables = QuantTables::custom(luma, [300; 64]).expect("no entry is 0");
    let file = encode(frame, &planes, &EncodeOptions::new().quant_tables(tables));
    let found = segments(&file);
    let tables: Vec<_> = found.iter().filter(|s| s.0 == 0xDB).collect();
    // Zigzag order, 8 bits for the first and 16 for the second.
    assert_eq!(tables[0].1[..5], [0x00, 1, 2, 9, 17]);
    assert_eq!(tables[1].1[..5], [0x11, 1, 44, 1, 44]);
    assert!(found.iter().any(|s| s.0 == 0xC1), "no longer baseline");
    assert_eq!(
        QuantTables::custom([0; 64], [1; 64]),
        Err(EncodeError::ZeroQuantiser { index: 0 })
    );
    let table = *QuantTables::from(Quality::new(83.0).expect("valid")).luma();
    assert_eq!(estimate_quality(&table).quality, 83);
}

#[test]
fn types_can_go_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<Encoder>();
    check::<StripEncoder<'_>>();
    check::<UnquantisedCoefficients>();
    check::<EncodeOptions<'_>>();
    check::<EncodeError>();
    check::<Orientation>();
}
