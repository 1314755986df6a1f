//! Decoding: a JPEG to its planes, entropy decoding alone, and what `image` takes to RGB.
//!
//! Ids are `decode/format/size/threads` in source pixels, and `decode/entropy/format/size/threads` in bytes of the file.
//! With `PHOTOFIT_CORPUS` the same of real photos, and before it a line that says how near the generated ones come to them.

#![allow(clippy::print_stdout)] // The calibration is told.

mod common;

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use photofit::JpegProcess;
use photofit::jpeg::decode::{Decoder, Limits, Planes, Scale};

use common::{Coding, MP12, MP24, Sample, corpus, criterion, sample};

fn decode(c: &mut Criterion) {
    let mut photos = Vec::new();
    for coding in [Coding::Baseline, Coding::Progressive] {
        photos.extend([MP12, MP24].map(|size| sample(coding, size)));
    }
    let mut decoder = Decoder::new(Limits::default());
    let mut planes = Planes::new();
    // Those of inks are decoded by somebody else.
    photos.extend(
        corpus()
            .into_iter()
            .filter(|photo| decoder.planes(&photo.bytes, Scale::Full, &mut planes).is_ok()),
    );
    let mut group = c.benchmark_group("decode");
    group.sampling_mode(SamplingMode::Flat);
    for Sample { name, bytes, pixels } in &photos {
        group.throughput(Throughput::Elements(*pixels));
        group.bench_function(format!("{name}/1"), |b| {
            b.iter(|| {
                decoder
                    .planes(black_box(bytes), Scale::Full, &mut planes)
                    .expect("a sound photo")
            });
        });
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("entropy/{name}/1"), |b| {
            b.iter(|| decoder.coefficients(black_box(bytes)).expect("a sound photo"));
        });
    }
    for Sample { name, bytes, pixels } in &photos[..1] {
        group.throughput(Throughput::Elements(*pixels));
        group.bench_function(format!("image/{name}/1"), |b| {
            b.iter(|| image::load_from_memory(black_box(bytes)).expect("a sound photo"));
        });
    }
    group.finish();
}

/// Compares the generated photos with those of `PHOTOFIT_CORPUS` of the same coding and 4:2:0: the time that a pixel takes
/// is close to a straight line over the bytes that it has, and the generated photo should lie on it.
fn calibration(_: &mut Criterion) {
    let corpus = corpus();
    let mut decoder = Decoder::new(Limits::default());
    let mut planes = Planes::new();
    for (coding, process) in [
        (Coding::Baseline, JpegProcess::Baseline),
        (Coding::Progressive, JpegProcess::Progressive),
    ] {
        let generated = sample(coding, MP12);
        let mut photos = vec![&generated];
        photos.extend(corpus.iter().filter(|photo| is_comparable(photo, process)));
        if photos.len() < 3 {
            continue; // no line goes through fewer than two
        }
        // In turns, so that what disturbs one disturbs all.
        let mut best = vec![f64::INFINITY; photos.len()];
        for _ in 0..ROUNDS {
            for (photo, best) in photos.iter().zip(&mut best) {
                let start = Instant::now();
                decoder
                    .planes(black_box(&photo.bytes), Scale::Full, &mut planes)
                    .expect("a sound photo");
                *best = best.min(start.elapsed().as_secs_f64());
            }
        }
        let points: Vec<(f64, f64)> = photos
            .iter()
            .zip(&best)
            .map(|(photo, seconds)| (photo.bytes.len() as f64, photo.pixels as f64, seconds))
            .map(|(bytes, pixels, seconds)| (bytes / pixels, seconds / pixels))
            .collect();
        let expected = on_line(&points[1..], points[0].0);
        println!(
            "calibration of {}: {:.3} bytes and {:.2} ns a pixel; {} real photos take {:.2} ns at that: {:+.1} %",
            generated.name,
            points[0].0,
            points[0].1 * 1e9,
            points.len() - 1,
            expected * 1e9,
            (points[0].1 / expected - 1.0) * 100.0,
        );
    }
}

/// How often the photos of a calibration are decoded; the fastest time counts.
const ROUNDS: usize = 7;

/// Whether a photo is coded as the generated ones are, and nothing but a picture is in its bytes.
fn is_comparable(photo: &Sample, process: JpegProcess) -> bool {
    let info = photofit::probe(&photo.bytes).expect("a photo of the corpus");
    info.images == 1
        && !info.motion_photo
        && info
            .jpeg
            .is_some_and(|jpeg| jpeg.process == process && jpeg.sampling == [(2, 2), (1, 1), (1, 1)])
}

/// The value at `x` of the straight line with the least squares through the points.
fn on_line(points: &[(f64, f64)], x: f64) -> f64 {
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let (mean_x, mean_y) = (mean(&|p| p.0), mean(&|p| p.1));
    let slope = mean(&|p| (p.0 - mean_x) * (p.1 - mean_y)) / mean(&|p| (p.0 - mean_x).powi(2));
    mean_y + slope * (x - mean_x)
}

criterion_group!(name = benches; config = criterion(); targets = calibration, decode);
criterion_main!(benches);
