//! Decoding: a JPEG to its planes, entropy decoding alone, and what `image` takes to RGB.
//!
//! Ids are `decode/format/size/threads` in source pixels, and `decode/entropy/format/size/threads` in bytes of the file.
//! With `PHOTOFIT_CORPUS` the same of real photos: the bytes a second of `entropy` show how near the generated photos
//! come to them.

mod common;

use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use photofit::jpeg::decode::{Decoder, Limits, Planes, Scale};

use common::{Coding, MP12, MP24, Sample, corpus, criterion, sample};

fn decode(c: &mut Criterion) {
    let mut photos = Vec::new();
    for coding in [Coding::Baseline, Coding::Progressive] {
        photos.extend([MP12, MP24].map(|size| sample(coding, size)));
    }
    photos.extend(corpus());
    let mut group = c.benchmark_group("decode");
    group.sampling_mode(SamplingMode::Flat);
    let mut decoder = Decoder::new(Limits::default());
    let mut planes = Planes::new();
    for Sample { name, bytes, pixels } in &photos {
        group.throughput(Throughput::Elements(*pixels));
        group.bench_function(format!("{name}/1"), |b| {
            b.iter(|| decoder.planes(black_box(bytes), Scale::Full, &mut planes).is_ok());
        });
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("entropy/{name}/1"), |b| {
            b.iter(|| decoder.coefficients(black_box(bytes)).is_ok());
        });
    }
    for Sample { name, bytes, pixels } in &photos[..1] {
        group.throughput(Throughput::Elements(*pixels));
        group.bench_function(format!("image/{name}/1"), |b| {
            b.iter(|| image::load_from_memory(black_box(bytes)).is_ok());
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = criterion(); targets = decode);
criterion_main!(benches);
