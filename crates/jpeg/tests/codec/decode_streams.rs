//! Streams as they come: DNL, fill bytes, missing tables, data behind the end; strips, scales and reuse.

use crate::decode_support::{Random, decode, find_marker, have_tools, random_ppm, run, samples};
use photofit_jpeg::decode::{ColorModel, Decoder, Header, Limits, Planes, Problem, Process, Scale};
use photofit_jpeg::header::{Segment, Segments};

fn assert_same(a: &Planes, b: &Planes) {
    for (a, b) in a.planes().iter().zip(b.planes()) {
        assert!(a.rows().eq(b.rows()));
    }
    assert_eq!(a.planes().len(), b.planes().len());
}

#[test]
fn the_header_tells() {
    let header = |name| Header::read(&crate::decode_support::sample(name), &Limits::default()).expect("a header");
    let first = header("baseline_420_restart.jpg");
    assert_eq!((first.width, first.height), (70, 50));
    assert_eq!(first.process, Process::Baseline);
    assert_eq!(first.color, ColorModel::YCbCr);
    assert_eq!(first.restart_interval, 2);
    assert_eq!(first.components.len(), 3);
    assert_eq!((first.components[0].h, first.components[0].v), (2, 2));
    assert!(first.components[2].quant.is_some_and(|table| table[0] == 7));
    assert!(first.streams());
    assert!(first.jfif.is_some_and(|jfif| jfif.version == (1, 1)));
    assert_eq!(first.adobe_transform, None);
    assert_eq!(header("gray.jpg").color, ColorModel::Gray);
    let progressive = header("progressive_420.jpg");
    assert_eq!(progressive.process, Process::Progressive);
    assert!(!progressive.streams());
    let split = header("not_interleaved_420.jpg");
    assert_eq!(split.first_scan_components, 1);
    assert!(!split.streams());
}

/// The segments before the first scan.
fn segments(jpeg: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    Segments::new(jpeg).filter(|segment| !matches!(segment.marker, 0xDA | 0xD9))
}

/// JFIF says YCbCr whatever else there is; then the Adobe segment decides; then the identifiers.
#[test]
fn color_models() {
    let jpeg = crate::decode_support::sample("baseline_444_optimized.jpg");
    let header = |jpeg: &[u8]| Header::read(jpeg, &Limits::default()).expect("a header");
    let jfif = segments(&jpeg).next().expect("APP0");
    let bare = [&jpeg[..2], &jpeg[jfif.end..]].concat();
    assert_eq!(header(&bare).color, ColorModel::YCbCr);
    assert_eq!(header(&bare).jfif, None);
    for (transform, expected) in [(0, ColorModel::Rgb), (1, ColorModel::YCbCr)] {
        let mut adobe = vec![0xFF, 0xEE, 0, 14];
        adobe.extend(*b"Adobe");
        adobe.extend([0, 100, 0, 0, 0, 0, transform]);
        let with = |rest: &[u8]| [&jpeg[..2], &adobe, rest].concat();
        let header_without_jfif = header(&with(&bare[2..]));
        assert_eq!(header_without_jfif.color, expected);
        assert_eq!(header_without_jfif.adobe_transform, Some(transform));
        assert_eq!(header(&with(&jpeg[2..])).color, ColorModel::YCbCr);
    }
    let mut named = bare.clone();
    for (code, count, first, step) in [(0xC0, 3, 10, 3), (0xDA, 3, 5, 2)] {
        let at = find_marker(&named, code);
        for (index, name) in (0..count).zip(b"RGB") {
            named[at + first + index * step] = *name;
        }
    }
    assert_eq!(header(&named).color, ColorModel::Rgb);
    let (_, report, planes) = decode(&named);
    assert!(report.is_empty());
    assert_same(&planes, &decode(&jpeg).2);
}

#[test]
fn segments_are_listed() {
    let jpeg = crate::decode_support::sample("baseline_422.jpg");
    let markers: Vec<u8> = segments(&jpeg).map(|segment| segment.marker).collect();
    assert_eq!(markers[0], 0xE0);
    assert!(markers.contains(&0xC0) && markers.contains(&0xDB));
    let jfif = segments(&jpeg).next().expect("APP0");
    assert!(jfif.payload.starts_with(b"JFIF\0"));
    assert_eq!(segments(b"GIF89a").count(), 0);
    for end in 0..jpeg.len() {
        assert!(segments(&jpeg[..end]).count() <= markers.len());
    }
}

#[test]
fn strips_equal_planes() {
    let mut decoder = Decoder::default();
    for (name, jpeg) in samples() {
        for scale in [Scale::Full, Scale::Half, Scale::Quarter, Scale::Eighth] {
            let mut whole = Planes::new();
            decoder.planes(&jpeg, scale, &mut whole).expect("decodes");
            for rows in [1, 2, 3, 100] {
                let mut strips = decoder.strips(&jpeg, scale).expect("decodes").mcu_rows(rows);
                let mut strip = Planes::new();
                let mut seen: Vec<Vec<Vec<u8>>> = vec![Vec::new(); whole.planes().len()];
                let mut next = 0;
                while let Some(range) = strips.next_strip(&mut strip).expect("decodes") {
                    assert_eq!(range.start, next);
                    next = range.end;
                    for (seen, plane) in seen.iter_mut().zip(strip.planes()) {
                        assert_eq!(plane.first_row(), seen.len());
                        seen.extend(plane.rows().map(<[u8]>::to_vec));
                    }
                }
                assert_eq!(
                    next,
                    (usize::from(strips.header().height) * scale.block_size()).div_ceil(8)
                );
                assert!(strips.damage().is_empty(), "{name}: {:?}", strips.damage());
                for (seen, plane) in seen.iter().zip(whole.planes()) {
                    assert!(
                        plane.rows().eq(seen.iter().map(Vec::as_slice)),
                        "{name} {scale:?} {rows}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_used_decoder_is_as_good_as_new() {
    let mut used = Decoder::default();
    let mut planes = Planes::new();
    let files = samples();
    let mut random = Random(3);
    for _ in 0..60 {
        let (_, jpeg) = &files[random.below(files.len())];
        used.planes(jpeg, Scale::Full, &mut planes).expect("decodes");
        let (_, _, fresh) = decode(jpeg);
        assert_same(&planes, &fresh);
        let coefficients = used.coefficients(jpeg).expect("decodes");
        assert_eq!(coefficients, Decoder::default().coefficients(jpeg).expect("decodes"));
    }
}

/// Coefficients of a file that streams and of the same picture in another arrangement of scans agree.
#[test]
fn coefficients_do_not_depend_on_the_scans() {
    if !have_tools() {
        return;
    }
    let mut random = Random(8);
    for sampling in ["1x1", "2x1", "1x2", "2x2", "4x1"] {
        let ppm = random_ppm(&mut random, 59, 43);
        let encode = |more: &[&str]| {
            let arguments = [&["-quality", "83", "-sample", sampling], more].concat();
            let jpeg = run("cjpeg", &arguments, &ppm).expect("cjpeg");
            Decoder::default().coefficients(&jpeg).expect("decodes").0
        };
        let [plain, mut progressive] = [encode(&[]), encode(&["-progressive"])];
        assert_eq!(plain.components[0].blocks_wide % usize::from(plain.components[0].h), 0);
        // Padding blocks are not sent by scans of one component: what they hold does not count.
        for (a, b) in plain.components.iter().zip(&mut progressive.components) {
            let h_max = plain.components.iter().map(|c| c.h).max().unwrap_or(1);
            let v_max = plain.components.iter().map(|c| c.v).max().unwrap_or(1);
            let own_wide = (59 * usize::from(a.h)).div_ceil(usize::from(h_max)).div_ceil(8);
            let own_high = (43 * usize::from(a.v)).div_ceil(usize::from(v_max)).div_ceil(8);
            for (index, (a_block, b_block)) in a.blocks.iter().zip(&mut b.blocks).enumerate() {
                let (x, y) = (index % a.blocks_wide, index / a.blocks_wide);
                if x >= own_wide || y >= own_high {
                    *b_block = *a_block;
                }
            }
        }
        assert_eq!(plain, progressive, "{sampling}");
    }
}

#[test]
fn height_from_dnl() {
    for name in ["baseline_420_restart.jpg", "not_interleaved_420.jpg", "gray.jpg"] {
        let jpeg = crate::decode_support::sample(name);
        let (header, _, whole) = decode(&jpeg);
        let frame = find_marker(&jpeg, 0xC0);
        let scan = find_marker(&jpeg, 0xDA);
        let end = (scan + 2..jpeg.len())
            .find(|&at| jpeg[at] == 0xFF && !matches!(jpeg[at + 1], 0 | 0xD0..=0xD7))
            .expect("the end of the first scan");
        let mut open = jpeg.clone();
        open[frame + 5..frame + 7].fill(0);
        let [high, low] = header.height.to_be_bytes();
        open.splice(end..end, [0xFF, 0xDC, 0, 4, high, low]);
        let (dnl_header, report, planes) = decode(&open);
        assert_eq!(dnl_header, header);
        assert!(report.is_empty(), "{name}: {report:?}");
        assert_same(&planes, &whole);
        // Without the segment there is no height.
        let mut none = jpeg.clone();
        none[frame + 5..frame + 7].fill(0);
        assert!(Header::read(&none, &Limits::default()).is_err());
    }
}

#[test]
fn fill_bytes_comments_and_trailing_data() {
    for (name, jpeg) in samples() {
        let (_, _, whole) = decode(&jpeg);
        let mut stuffed = vec![0xFF, 0xD8];
        let scan = find_marker(&jpeg, 0xDA);
        let mut pos = 2;
        while pos < scan {
            let length = usize::from(u16::from_be_bytes([jpeg[pos + 2], jpeg[pos + 3]]));
            stuffed.extend([0xFF, 0xFF, 0xFF]);
            stuffed.extend(&jpeg[pos..pos + 2 + length]);
            stuffed.extend([0xFF, 0xFE, 0, 5, b'x', 0xFF, 0xD9]);
            pos += 2 + length;
        }
        stuffed.extend(&jpeg[scan..jpeg.len() - 2]);
        // Fill bytes before the end-of-image marker, and another picture behind it.
        stuffed.extend([0xFF, 0xFF, 0xFF, 0xD9]);
        stuffed.extend(&jpeg);
        let (_, report, planes) = decode(&stuffed);
        assert!(report.is_empty(), "{name}: {report:?}");
        assert_same(&planes, &whole);
    }
}

/// Motion JPEG: the tables of T.81 annex K are used and not sent.
#[test]
fn standard_tables_stand_in() {
    let jpeg = crate::decode_support::sample("baseline_422.jpg");
    let (_, _, whole) = decode(&jpeg);
    let mut bare = jpeg[..2].to_vec();
    for segment in segments(&jpeg).filter(|segment| segment.marker != 0xC4) {
        bare.extend(&jpeg[segment.start..segment.end]);
    }
    bare.extend(&jpeg[find_marker(&jpeg, 0xDA)..]);
    assert!(bare.len() + 400 < jpeg.len());
    let (_, report, planes) = decode(&bare);
    assert!(report.is_empty());
    assert_same(&planes, &whole);
}

/// The tables are redefined before every scan, and unused ones say nothing true.
#[test]
fn tables_change_between_scans() {
    let jpeg = crate::decode_support::sample("not_interleaved_420.jpg");
    let (_, _, whole) = decode(&jpeg);
    let huffman: Vec<u8> = segments(&jpeg)
        .filter(|segment| segment.marker == 0xC4)
        .flat_map(|segment| jpeg[segment.start..segment.end].to_vec())
        .collect();
    let mut changed = Vec::new();
    let mut scans = 0;
    for (at, &byte) in jpeg.iter().enumerate() {
        if jpeg[at..].starts_with(&[0xFF, 0xDA, 0, 8]) {
            scans += 1;
            if scans > 1 {
                changed.extend(&huffman);
                // Quantisation tables count when a component first appears, so that these spoil table 0
                // behind its only use.
                changed.extend([0xFF, 0xDB, 0, 67, 0]);
                changed.extend([9; 64]);
                changed.extend([0xFF, 0xDD, 0, 4, 0, 0]);
            }
        }
        changed.push(byte);
    }
    let (_, report, planes) = decode(&changed);
    assert!(report.is_empty(), "{report:?}");
    assert_same(&planes, &whole);
}

#[test]
fn a_missing_end_is_a_note() {
    for (_, jpeg) in samples() {
        let (_, report, _) = decode(&jpeg[..jpeg.len() - 2]);
        assert_eq!(report.places().len(), 1);
        assert_eq!(report.places()[0].problem, Problem::MissingEndOfImage);
        assert_eq!(report.unreadable_mcus(), 0);
        assert!((report.readable_fraction() - 1.0).abs() < f64::EPSILON);
    }
}

#[test]
fn decoders_may_move_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Decoder>();
    check::<photofit_jpeg::decode::StripDecoder<'static>>();
    check::<Planes>();
    check::<photofit_jpeg::decode::DecodeError>();
}
