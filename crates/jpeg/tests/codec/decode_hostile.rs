//! Damaged, cut off and malicious files: never a panic, never without end, never more than the limits allow.
#![allow(clippy::print_stdout, reason = "a test tells what it left out")]

use std::time::{Duration, Instant};

use crate::decode_support::{Random, decode, samples};
use photofit_jpeg::decode::{Declined, DecodeError, Decoder, Header, Limits, Planes, Problem, Scale};

/// Takes a file along every road of the decoder.
fn exercise(decoder: &mut Decoder, planes: &mut Planes, jpeg: &[u8]) {
    let whole = decoder.planes(jpeg, Scale::Full, planes);
    if let Ok((header, report)) = &whole {
        assert_eq!(planes.planes().len(), header.components.len());
        assert!(report.unreadable_mcus() <= report.mcus());
        assert!((0.0..=1.0).contains(&report.readable_fraction()));
    }
    let reduced = decoder.planes(jpeg, Scale::Half, planes);
    assert_eq!(whole.is_ok(), reduced.is_ok());
    // A picture that streams reads one scan only, so that the roads may judge later ones differently.
    let _ = decoder.coefficients(jpeg);
}

#[test]
fn every_truncation() {
    let mut decoder = Decoder::default();
    let mut planes = Planes::new();
    for (name, jpeg) in samples() {
        let (_, _, whole) = decode(&jpeg);
        for end in 0..jpeg.len() {
            let cut = &jpeg[..end];
            exercise(&mut decoder, &mut planes, cut);
            let Ok((header, report)) = decoder.planes(cut, Scale::Full, &mut planes) else {
                continue;
            };
            assert!(!report.is_empty(), "{name} cut at {end} is not complete");
            // Where the data ran out inside the only scan, all MCU rows before it are as they should be.
            let place = report.places()[0];
            if header.streams() && place.mcus > 0 {
                assert_eq!(place.problem, Problem::EndOfFile, "{name} cut at {end}");
                assert!(place.offset <= end && place.offset + 300 > end);
                let v_max = header.components.iter().map(|c| c.v).max().unwrap_or(1);
                let h_max = header.components.iter().map(|c| c.h).max().unwrap_or(1);
                let wide = usize::from(header.width).div_ceil(8 * usize::from(h_max));
                let rows = place.first_mcu as usize / wide * 8;
                for ((part, whole), component) in planes.planes().iter().zip(whole.planes()).zip(&header.components) {
                    assert!(component.v <= v_max);
                    let rows = rows * usize::from(component.v);
                    assert!(part.rows().take(rows).eq(whole.rows().take(rows)), "{name} {end}");
                }
            }
        }
    }
}

#[test]
fn every_byte_changed() {
    let mut decoder = Decoder::default();
    let mut planes = Planes::new();
    for (_, jpeg) in samples() {
        let mut changed = jpeg.clone();
        for index in 0..jpeg.len() {
            let bit = |bit: usize| jpeg[index] ^ 1 << bit;
            // Without optimisation all of it takes minutes.
            let values = if cfg!(debug_assertions) {
                vec![bit(index % 8), 0xFF]
            } else {
                (0..8).map(bit).chain([0, 0xFF, 0x7F]).collect()
            };
            for value in values {
                changed[index] = value;
                exercise(&mut decoder, &mut planes, &changed);
            }
            changed[index] = jpeg[index];
        }
    }
}

#[test]
fn random_bits_after_a_header() {
    let mut decoder = Decoder::default();
    let mut planes = Planes::new();
    let mut random = Random(99);
    for (_, jpeg) in samples() {
        let scan = crate::decode_support::find_marker(&jpeg, 0xDA) + 2;
        let start = scan + usize::from(jpeg[scan + 1]);
        for round in 0..60 {
            let mut hostile = jpeg[..start].to_vec();
            let length = random.below(2000);
            hostile.extend((0..length).map(|_| {
                let byte = random.byte();
                // Some without markers, some with restart markers all over.
                match round % 3 {
                    0 => byte & 0x7F,
                    1 if byte > 0xF0 => 0xFF,
                    1 if byte > 0xD8 => 0xD0 | byte & 7,
                    _ => byte,
                }
            }));
            exercise(&mut decoder, &mut planes, &hostile);
        }
    }
}

/// A file of at most 10 kB that asks for as much work as it can.
fn bomb(process: u8, width: u16, height: u16, scans: usize) -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    jpeg.extend([1; 64]);
    jpeg.extend([0xFF, process, 0, 11, 8]);
    jpeg.extend(height.to_be_bytes());
    jpeg.extend(width.to_be_bytes());
    jpeg.extend([1, 1, 0x11, 0]);
    // DC: one code of one bit, no difference. AC: one code of one bit, a run of 2^14 blocks and more.
    let mut counts = [0; 16];
    counts[0] = 1;
    for (class, symbol) in [(0x00, 0x00), (0x10, 0xE0)] {
        jpeg.extend([0xFF, 0xC4, 0, 20, class]);
        jpeg.extend(counts);
        jpeg.push(symbol);
    }
    jpeg.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0]);
    jpeg.extend(std::iter::repeat_n(0, 1000));
    for _ in 0..scans {
        jpeg.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0x10]);
        jpeg.extend([0x7F, 0xFE, 0x7F, 0xFE]);
    }
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

#[test]
fn little_bytes_are_little_work() {
    let mut decoder = Decoder::new(Limits::default().max_scans(100_000));
    let mut planes = Planes::new();
    let mut slowest = Duration::ZERO;
    for process in [0xC0, 0xC2] {
        for side in [64, 256, 1000, 2000, 2600, 4000, 16_000, 65_500] {
            for scans in [0, 10, 100, 600] {
                let jpeg = bomb(process, side, side, scans);
                let begin = Instant::now();
                let result = decoder.planes(&jpeg, Scale::Full, &mut planes);
                slowest = slowest.max(begin.elapsed());
                if side > 4000 {
                    assert!(matches!(result, Err(DecodeError::Limit { .. })), "{side} {scans}");
                }
            }
        }
    }
    println!("the slowest took {slowest:?}");
    // Far below a second when optimised; tests may run without.
    assert!(slowest < Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 2 }));
}

#[test]
fn limits_are_kept() {
    let (_, jpeg) = &samples()[0];
    let read = |limits: Limits| Header::read(jpeg, &limits).map(|header| header.width);
    assert_eq!(read(Limits::default().max_pixels(3500)), Ok(70));
    assert!(matches!(
        read(Limits::default().max_pixels(3499)),
        Err(DecodeError::Limit {
            value: 3500,
            limit: 3499,
            ..
        })
    ));
    let mut planes = Planes::new();
    let mut small = Decoder::new(Limits::default().max_memory(1000));
    assert!(matches!(
        small.planes(jpeg, Scale::Full, &mut planes),
        Err(DecodeError::Limit { .. })
    ));
    assert!(small.planes(jpeg, Scale::Eighth, &mut planes).is_ok());
    assert!(matches!(small.coefficients(jpeg), Err(DecodeError::Limit { .. })));
    let progressive = crate::decode_support::sample("progressive_420.jpg");
    let mut few = Decoder::new(Limits::default().max_scans(3));
    assert!(matches!(
        few.planes(&progressive, Scale::Full, &mut planes),
        Err(DecodeError::Limit { limit: 3, .. })
    ));
}

#[test]
fn declined_by_name() {
    let jpeg = crate::decode_support::sample("baseline_422.jpg");
    let frame = crate::decode_support::find_marker(&jpeg, 0xC0);
    let with = |offset: usize, value: u8| {
        let mut changed = jpeg.clone();
        changed[frame + offset] = value;
        Header::read(&changed, &Limits::default())
    };
    let cases = [
        (1, 0xC3, Declined::Lossless),
        (1, 0xC5, Declined::Hierarchical),
        (1, 0xC6, Declined::Hierarchical),
        (1, 0xC9, Declined::Arithmetic),
        (1, 0xCA, Declined::Arithmetic),
        (1, 0xCB, Declined::Arithmetic),
        (1, 0xCD, Declined::Hierarchical),
        (1, 0xDE, Declined::Hierarchical),
        (4, 12, Declined::Precision(12)),
        (9, 4, Declined::Components(4)),
        (9, 2, Declined::Components(2)),
        // Luma 2 by 1, chroma 3 by 1.
        (14, 0x31, Declined::Sampling),
    ];
    for (offset, value, expected) in cases {
        assert_eq!(with(offset, value), Err(DecodeError::Declined(expected)));
    }
    assert!(with(1, 0xC1).is_ok());
    assert_eq!(
        DecodeError::Declined(Declined::Precision(12)).to_string(),
        "declined: 12-bit samples (8-bit ones are decoded)"
    );
}

/// Restart markers: offsets of each in the file.
fn restarts(jpeg: &[u8]) -> Vec<usize> {
    let scan = crate::decode_support::find_marker(jpeg, 0xDA);
    (scan..jpeg.len() - 1)
        .filter(|&at| jpeg[at] == 0xFF && (0xD0..=0xD7).contains(&jpeg[at + 1]))
        .collect()
}

/// The MCUs (16 by 16 pixels, five in a row) whose luma differs between two pictures.
fn differing_mcus(a: &Planes, b: &Planes) -> Vec<usize> {
    let mut mcus = Vec::new();
    for (y, (a, b)) in a.planes()[0].rows().zip(b.planes()[0].rows()).enumerate() {
        for (x, (a, b)) in a.iter().zip(b).enumerate() {
            let mcu = y / 16 * 5 + x / 16;
            if a != b && !mcus.contains(&mcu) {
                mcus.push(mcu);
            }
        }
    }
    mcus.sort_unstable();
    mcus
}

#[test]
fn damage_ends_at_the_next_restart_marker() {
    // 5 by 4 MCUs, two in an interval.
    let jpeg = crate::decode_support::sample("baseline_420_restart.jpg");
    let (_, report, whole) = decode(&jpeg);
    assert!(report.is_empty());
    let markers = restarts(&jpeg);
    assert_eq!(markers.len(), 9);

    // A marker too early: the second MCU of interval 3 or both of them are lost.
    let mut cut = jpeg.clone();
    cut.drain(markers[2] + 6..markers[3]);
    let (_, report, planes) = decode(&cut);
    assert_eq!(report.places().len(), 1, "{report:?}");
    let place = report.places()[0];
    assert_eq!(place.problem, Problem::Marker(0xD3));
    assert!(place.first_mcu == 6 && place.mcus == 2 || place.first_mcu == 7 && place.mcus == 1);
    assert_eq!(place.offset, markers[2] + 6);
    assert!(differing_mcus(&whole, &planes).iter().all(|mcu| [6, 7].contains(mcu)));
    assert_eq!(report.mcus(), 20);

    // A whole interval is missing, marker included.
    let mut gap = jpeg.clone();
    gap.drain(markers[2]..markers[3]);
    let (_, report, planes) = decode(&gap);
    let place = report.places()[0];
    assert_eq!(
        place.problem,
        Problem::Restart {
            expected: 0xD2,
            found: 0xD3
        }
    );
    assert_eq!((place.first_mcu, place.mcus), (6, 2));
    assert_eq!(differing_mcus(&whole, &planes), [6, 7]);
    assert!((report.readable_fraction() - 0.9).abs() < 1e-9);

    // A marker is gone, its data is not: the interval behind it cannot be told from extra data.
    let mut merged = jpeg.clone();
    merged.drain(markers[4]..markers[4] + 2);
    let (_, report, planes) = decode(&merged);
    assert!(
        report
            .places()
            .iter()
            .any(|p| matches!(p.problem, Problem::ExtraData(_)))
    );
    assert_eq!(report.unreadable_mcus(), 2);
    assert_eq!(differing_mcus(&whole, &planes), [10, 11]);
    let text = report.places()[1].to_string();
    assert!(text.contains("expected restart marker FF D4, found FF D5"), "{text}");
}

#[test]
fn damage_in_progressive_scans_is_contained() {
    let jpeg = crate::decode_support::sample("progressive_restart.jpg");
    let (_, report, _) = decode(&jpeg);
    assert!(report.is_empty(), "{report:?}");
    let markers = restarts(&jpeg);
    let mut cut = jpeg.clone();
    cut.drain(markers[0] + 2..markers[1] - 1);
    let (_, report, _) = decode(&cut);
    assert_eq!(report.places().len(), 1);
    assert_eq!(report.places()[0].scan, 0);
    assert!(report.unreadable_mcus() <= 4);
}

#[test]
fn missing_scans_are_told() {
    let jpeg = crate::decode_support::sample("not_interleaved_420.jpg");
    let scans: Vec<usize> = (0..jpeg.len() - 3)
        .filter(|&at| jpeg[at..at + 4] == [0xFF, 0xDA, 0, 8])
        .collect();
    assert_eq!(scans.len(), 3);
    let (_, report, planes) = decode(&jpeg[..scans[1]]);
    let problems: Vec<Problem> = report.places().iter().map(|place| place.problem).collect();
    assert_eq!(
        problems,
        [
            Problem::MissingEndOfImage,
            Problem::MissingScan(1),
            Problem::MissingScan(2)
        ]
    );
    let (_, _, whole) = decode(&jpeg);
    assert!(planes.planes()[0].rows().eq(whole.planes()[0].rows()));
    assert!(
        planes.planes()[1]
            .rows()
            .all(|row| row.iter().all(|&sample| sample == 128))
    );
}

#[test]
fn a_reserved_marker_is_damage_and_hides_no_scan() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/jpeg/progressive-410.jpg");
    let whole = std::fs::read(path).expect("a file of the test data");
    let scans: Vec<usize> = (0..whole.len() - 1)
        .filter(|&i| whole[i..i + 2] == [0xFF, 0xDA])
        .collect();
    assert!(scans.len() > 3);
    for (number, &scan) in scans.iter().enumerate() {
        let mut bytes = whole.clone();
        bytes[scan + 1] = 0x37;
        let decoded = Decoder::default().coefficients(&bytes);
        match (number, decoded) {
            (0, Err(error)) => assert!(
                matches!(error, DecodeError::Malformed { segment: "RES", .. }),
                "{error}"
            ),
            (1.., Ok((_, report))) => assert_eq!(report.places()[0].problem, Problem::ScanHeader),
            (_, decoded) => panic!("scan {number}: {:?}", decoded.map(|(_, report)| report)),
        }
    }
}
