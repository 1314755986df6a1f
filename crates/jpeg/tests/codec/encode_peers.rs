//! The encoder against other people's programs.
#![allow(clippy::cast_possible_truncation, clippy::print_stderr, missing_docs)]

use crate::encode_support::{Rng, SAMPLINGS, djpeg, encode, filter, has, pgm, plane, planes};
use photofit_jpeg::encode::{Colour, EncodeOptions, Frame, Mode, Quality, QuantTables, RestartInterval, Sampling};
use std::num::NonZeroU16;

fn quality(number: f32) -> Quality {
    Quality::new(number).expect("a valid quality")
}

fn interval(mcus: u16) -> RestartInterval {
    NonZeroU16::new(mcus).map_or(RestartInterval::None, RestartInterval::Mcus)
}

fn rows(rows: u16) -> RestartInterval {
    NonZeroU16::new(rows).map_or(RestartInterval::None, RestartInterval::Rows)
}

const MODES: [(Mode, &str); 3] = [
    (Mode::Sequential, "-baseline"),
    (Mode::Optimised, "-optimize"),
    (Mode::Progressive, "-progressive"),
];

#[test]
fn gray_files_equal_those_of_cjpeg_byte_for_byte() {
    if !has("cjpeg") {
        return;
    }
    let mut rng = Rng::new(1);
    for side in 1..=70 {
        let (width, height) = (side, 1 + rng.below(70) as u16);
        let samples = plane(&mut rng, width.into(), height.into());
        let frame = Frame::new(width, height, Sampling::Gray).expect("not empty");
        let number = 1 + rng.below(100);
        let (mode, flag) = MODES[side as usize % 3];
        let (restart, argument) = match rng.below(4) {
            0 => (rows(1), "1".to_owned()),
            1 => (interval(5), "5B".to_owned()),
            _ => (RestartInterval::None, "0".to_owned()),
        };
        let options = EncodeOptions::new()
            .quality(quality(number as f32))
            .mode(mode)
            .restart(restart);
        let ours = encode(frame, std::slice::from_ref(&samples), &options);
        let number = number.to_string();
        let mut args = vec!["-dct", "int", "-baseline", "-quality", &number, flag];
        if argument != "0" {
            args.extend(["-restart", &argument]);
        }
        let theirs = filter("cjpeg", &args, &pgm(width, height, &samples)).expect("cjpeg works");
        assert!(ours == theirs, "{width}x{height} {args:?}");
    }
}

#[test]
fn a_larger_gray_file_equals_that_of_cjpeg() {
    if !has("cjpeg") {
        return;
    }
    let mut rng = Rng::new(2);
    let frame = Frame::new(801, 603, Sampling::Gray).expect("not empty");
    // Noise over a gradient gives long correction runs and many categories.
    let samples: Vec<u8> = (0..801 * 603)
        .map(|i| (i % 801 / 4) as u8 ^ (rng.below(1 << (i / 801 / 90)) as u8))
        .collect();
    for (mode, flag) in MODES {
        for number in [10, 50, 75, 95, 100] {
            let options = EncodeOptions::new().quality(quality(number as f32)).mode(mode);
            let ours = encode(frame, std::slice::from_ref(&samples), &options);
            let args = ["-dct", "int", "-baseline", "-quality", &number.to_string(), flag];
            let theirs = filter("cjpeg", &args, &pgm(801, 603, &samples)).expect("cjpeg works");
            assert!(ours == theirs, "{args:?}");
        }
    }
}

#[test]
fn a_flat_picture_reaches_the_longest_run_of_ended_bands() {
    if !has("cjpeg") {
        return;
    }
    // 35,000 blocks without AC coefficients, but for one: runs end at 32,767.
    let (width, height) = (1600, 1400);
    let frame = Frame::new(width, height, Sampling::Gray).expect("not empty");
    let mut samples = vec![77; 1600 * 1400];
    samples[1600 * 1391] = 200;
    let options = EncodeOptions::new().quality(quality(80.0)).mode(Mode::Progressive);
    let ours = encode(frame, std::slice::from_ref(&samples), &options);
    let args = ["-dct", "int", "-quality", "80", "-progressive"];
    let theirs = filter("cjpeg", &args, &pgm(width, height, &samples)).expect("cjpeg works");
    assert!(ours == theirs);
}

/// What cjpeg does to a plane that is subsampled by these factors: averages, with
/// a bias that alternates where the columns are halved.
fn downsampled(samples: &[u8], width: usize, height: usize, h: usize, v: usize) -> Vec<u8> {
    let at = |x: usize, y: usize| u32::from(samples[y.min(height - 1) * width + x.min(width - 1)]);
    let mut out = Vec::new();
    for y in (0..height).step_by(v) {
        for (column, x) in (0..width).step_by(h).enumerate() {
            let odd = column as u32 & 1;
            out.push(match (h, v) {
                (1, 1) => at(x, y),
                (2, 1) => (at(x, y) + at(x + 1, y) + odd) / 2,
                (1, 2) => (at(x, y) + at(x, y + 1)).div_ceil(2),
                _ => (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1) + 1 + odd) / 4,
            } as u8);
        }
    }
    out
}

/// Makes the last two columns and rows equal, and in these columns each pair of
/// rows: cjpeg repeats the edge before it averages (and rounds even and odd
/// columns in different ways), who is given planes can only do so after.
fn double_edges(samples: &mut [u8], width: usize, height: usize) {
    for y in (1..height).step_by(2) {
        samples[(y + 1) * width - 1] = samples[y * width - 1];
    }
    if width.is_multiple_of(2) {
        for row in samples.chunks_exact_mut(width) {
            row[width - 2] = row[width - 1];
        }
    }
    if height.is_multiple_of(2) {
        samples.copy_within((height - 1) * width.., (height - 2) * width);
    }
}

#[test]
fn three_components_decode_to_what_cjpeg_gives() {
    if !has("cjpeg") || !has("djpeg") {
        return;
    }
    let mut rng = Rng::new(3);
    for run in 0..150_usize {
        let sampling = SAMPLINGS[1 + run % 4];
        let (width, height) = (1 + rng.below(70), 1 + rng.below(70));
        let (w, h) = (width as usize, height as usize);
        let mut full: Vec<Vec<u8>> = (0..3).map(|_| plane(&mut rng, w, h)).collect();
        full.iter_mut().for_each(|p| double_edges(p, w, h));
        let mut ppm = format!("P6\n{width} {height}\n255\n").into_bytes();
        for i in 0..w * h {
            ppm.extend(full.iter().map(|p| p[i]));
        }
        let number = (1 + rng.below(100)).to_string();
        let (fh, fv) = sampling.factors();
        let sample = format!("{fh}x{fv}");
        let args = [
            "-rgb",
            "-dct",
            "int",
            "-baseline",
            "-quality",
            &number,
            "-sample",
            &sample,
        ];
        let theirs = filter("cjpeg", &args, &ppm).expect("cjpeg works");

        let frame = Frame::new(width as u16, height as u16, sampling).expect("not empty");
        let reduced = |p: &Vec<u8>| downsampled(p, w, h, fh.into(), fv.into());
        let planes = [full[0].clone(), reduced(&full[1]), reduced(&full[2])];
        // For RGB it uses the table of luma throughout.
        let luma = *QuantTables::from(quality(number.parse().expect("a number"))).luma();
        let tables = QuantTables::custom(luma, luma).expect("no entry is 0");
        let (mode, _) = MODES[run % 3];
        let restart = interval(rng.below(4) as u16);
        let options = EncodeOptions::new()
            .quant_tables(tables)
            .colour(Colour::Rgb)
            .mode(mode)
            .restart(restart);
        let ours = encode(frame, &planes, &options);
        assert!(
            djpeg(&ours) == djpeg(&theirs),
            "{width}x{height} {args:?} {mode:?} {restart:?}"
        );
    }
}

fn zune(jpeg: &[u8]) -> Vec<u8> {
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;
    use zune_jpeg::zune_core::options::DecoderOptions;
    let options = DecoderOptions::default().set_strict_mode(true);
    JpegDecoder::new_with_options(ZCursor::new(jpeg), options)
        .decode()
        .expect("zune-jpeg reads it")
}

#[test]
fn all_modes_decode_to_the_same_pixels_elsewhere() {
    let peers = has("djpeg");
    let mut rng = Rng::new(4);
    for side in 1..=70_u16 {
        for sampling in SAMPLINGS {
            let (width, height) = if side % 2 == 0 {
                (side, 1 + rng.below(70) as u16)
            } else {
                (1 + rng.below(70) as u16, side)
            };
            let frame = Frame::new(width, height, sampling).expect("not empty");
            let planes = planes(&mut rng, frame);
            let number = 1.0 + rng.below(990) as f32 / 10.0;
            let base = EncodeOptions::new().quality(quality(number));
            let plain = encode(frame, &planes, &base);
            let first = zune(&plain);
            let reference = peers.then(|| djpeg(&plain));
            let restart = [rows(1), interval(1), interval(7)][usize::from(side) % 3];
            for options in [
                base.clone().restart(restart),
                base.clone().mode(Mode::Optimised),
                base.clone().mode(Mode::Progressive),
                base.clone().mode(Mode::Optimised).restart(restart),
                base.clone().mode(Mode::Progressive).restart(restart),
            ] {
                let other = encode(frame, &planes, &options);
                let what = format!("{frame:?} {number} {options:?}");
                if let Some(reference) = &reference {
                    assert!(djpeg(&other) == *reference, "djpeg: {what}");
                }
                assert!(zune(&other) == first, "zune-jpeg: {what}");
            }
        }
    }
}

/// T.871: what a decoder makes of Y, Cb, Cr.
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|v| v.round().clamp(0.0, 255.0) as u8)
}

#[test]
fn colours_arrive_as_they_were_given() {
    let mut rng = Rng::new(5);
    for sampling in &SAMPLINGS[1..] {
        let frame = Frame::new(67, 45, *sampling).expect("not empty");
        let mut planes = planes(&mut rng, frame);
        // Chroma without detail, so that upsampling has nothing to add.
        planes[1].fill(90);
        planes[2].fill(170);
        let jpeg = encode(frame, &planes, &EncodeOptions::new().quality(quality(100.0)));
        let mut decoded = vec![zune(&jpeg)];
        if has("djpeg") {
            let pnm = djpeg(&jpeg);
            decoded.push(pnm[pnm.len() - 67 * 45 * 3..].to_vec());
        }
        for pixels in decoded {
            for (pixel, &y) in pixels.chunks_exact(3).zip(&planes[0]) {
                for (got, want) in pixel.iter().zip(rgb(y, 90, 170)) {
                    assert!(got.abs_diff(want) <= 4, "{pixel:?} for {y} {sampling:?}");
                }
            }
        }
    }
}

#[test]
fn pillow_reads_the_same_pixels_as_djpeg() {
    const SCRIPT: &str = "\
import io, sys
from PIL import Image
image = Image.open(io.BytesIO(sys.stdin.buffer.read()))
sys.stdout.buffer.write(image.tobytes())
";
    // The one of `.ci/run`, or whatever is on the path.
    let python = std::env::var("PHOTOFIT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if filter(&python, &["-c", "import PIL"], b"").is_none() {
        eprintln!("skipped: {python} has no Pillow (set PHOTOFIT_PYTHON)");
        return;
    }
    if !has("djpeg") {
        return;
    }
    let mut rng = Rng::new(6);
    for run in 0..30_usize {
        let sampling = SAMPLINGS[run % 5];
        let frame = Frame::new(1 + rng.below(70) as u16, 1 + rng.below(70) as u16, sampling).expect("not empty");
        let planes = planes(&mut rng, frame);
        let options = EncodeOptions::new()
            .quality(quality(30.0 + run as f32))
            .mode(MODES[run % 3].0)
            .restart(interval(rng.below(3) as u16));
        let jpeg = encode(frame, &planes, &options);
        let pixels = filter(&python, &["-c", SCRIPT], &jpeg).expect("Pillow reads it");
        assert!(djpeg(&jpeg).ends_with(&pixels), "{frame:?} {options:?}");
        assert_eq!(
            pixels.len(),
            usize::from(frame.width()) * usize::from(frame.height()) * sampling.planes()
        );
    }
}
