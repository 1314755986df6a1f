//! Orientation: coefficients turned without loss, and what turning costs on the way through planes.
//!
//! Ids are `orient/format/size/orientation/threads` in source pixels. `coefficients` turns what is decoded already;
//! `lossless` is the whole road of a photo that conforms but lies on its side; `resampled` that of one that shrinks too.

mod common;

use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use photofit::jpeg::decode::{Decoder, Limits};
use photofit::jpeg::transform;
use photofit::{Options, Orientation, Preparer};

use common::{Coding, MP12, criterion, prepare, sample, turned};

fn orient(c: &mut Criterion) {
    let photo = sample(Coding::Baseline, MP12);
    let mut group = c.benchmark_group("orient");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(photo.pixels));
    let (coefficients, _) = Decoder::new(Limits::default())
        .coefficients(&photo.bytes)
        .expect("a sound photo");
    for exif in [3, 6] {
        let orientation = Orientation::from_exif(exif).expect("one of eight");
        group.bench_function(format!("coefficients/{}/{exif}/1", photo.name), |b| {
            b.iter(|| transform::apply(black_box(&coefficients), orientation).expect("whole MCUs"));
        });
    }
    // Roomy limits leave the picture its size.
    let roomy = photofit::Limits::bigin().with_max_pixels(100_000_000);
    for (road, limits) in [("lossless", roomy), ("resampled", photofit::Limits::bigin())] {
        let mut preparer = Preparer::new(Options::default().with_limits(limits));
        for exif in [1, 6] {
            let lying = turned(&photo.bytes, exif);
            group.bench_function(format!("{road}/{}/{exif}/1", photo.name), |b| {
                b.iter(|| prepare(&mut preparer, &lying));
            });
        }
    }
    group.finish();
}

criterion_group!(name = benches; config = criterion(); targets = orient);
criterion_main!(benches);
