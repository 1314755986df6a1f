//! The road of a photo, stage by stage, on generated photos of 12 and 24 megapixels.
//!
//! `cargo bench` measures; `cargo bench -- --quick` takes fewer samples. Throughput is in source pixels.

mod common;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use photofit::{Light, Options, Preparer};

use common::{PHOTOS, photo};

/// The header alone: microseconds, whatever the photo's size.
fn probe(c: &mut Criterion) {
    let mut group = c.benchmark_group("probe");
    for (name, width, height) in PHOTOS {
        let jpeg = photo(width, height);
        group.bench_function(format!("jpeg/{name}"), |b| b.iter(|| photofit::probe(black_box(&jpeg))));
        group.bench_function(format!("plan/jpeg/{name}"), |b| {
            let options = Options::default();
            b.iter(|| photofit::plan(black_box(&jpeg), &options));
        });
    }
    group.finish();
}

/// The resampling of uncompressed pixels to 10 megapixels, with the encoding that follows.
fn resample(c: &mut Criterion) {
    let mut group = c.benchmark_group("resample");
    group.sample_size(10);
    for (name, width, height) in PHOTOS {
        let pixels = common::pixels(width, height);
        let bmp = common::bmp(&pixels, width, height);
        group.throughput(Throughput::Elements(u64::from(width) * u64::from(height)));
        for light in [Light::Linear, Light::Gamma] {
            // A BMP decodes at the speed of a copy, so that next to the encoder, which is the same in both lights,
            // the resampling is what is measured.
            let mut preparer = Preparer::new(Options::default().with_light(light));
            group.bench_function(format!("{}/{name}", light.name()), |b| {
                b.iter(|| preparer.prepare(black_box(&bmp)).map(|p| p.bytes().len()));
            });
        }
    }
    group.finish();
}

/// JPEG in, conforming JPEG out, on one thread and on all.
fn prepare(c: &mut Criterion) {
    let mut group = c.benchmark_group("prepare");
    group.sample_size(10);
    for (name, width, height) in PHOTOS {
        let jpeg = photo(width, height);
        group.throughput(Throughput::Elements(u64::from(width) * u64::from(height)));
        let mut preparer = Preparer::new(Options::default());
        group.bench_function(format!("jpeg/{name}/1 thread"), |b| {
            b.iter(|| preparer.prepare(black_box(&jpeg)).map(|p| p.bytes().len()));
        });
        let pool = rayon::ThreadPoolBuilder::new()
            .build()
            .expect("a pool of the machine's cores");
        let threads = pool.current_num_threads();
        group.bench_function(format!("jpeg/{name}/{threads} threads"), |b| {
            let mut preparer = Preparer::new(Options::default());
            pool.install(|| b.iter(|| preparer.prepare(black_box(&jpeg)).map(|p| p.bytes().len())));
        });
    }
    group.finish();
}

criterion_group!(benches, probe, resample, prepare);
criterion_main!(benches);
