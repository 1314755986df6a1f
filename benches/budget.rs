//! The search for what fits a byte limit: the whole road with one attempt, with a search over quality, with a smaller
//! picture, and by the coefficients of a photo of which only the bytes are too many.
//!
//! Ids are `budget/what/format/size/threads` in source pixels.

mod common;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use photofit::{Limits, Options, Preparer};

use common::{Coding, MP12, criterion, prepare, sample};

fn budget(c: &mut Criterion) {
    let photo = sample(Coding::Baseline, MP12);
    let bytes = photo.bytes.len() as u64;
    let mut group = c.benchmark_group("budget");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(photo.pixels));
    for (what, max_pixels, max_bytes) in [
        ("one-attempt", 10_000_000, 10_000_000),
        ("quality", 10_000_000, bytes / 4),
        ("smaller", 10_000_000, bytes / 12),
        ("coefficients", 100_000_000, bytes / 2),
    ] {
        let limits = Limits::bigin().with_max_pixels(max_pixels).with_max_bytes(max_bytes);
        let mut preparer = Preparer::new(Options::default().with_limits(limits));
        group.bench_function(format!("{what}/{}/1", photo.name), |b| {
            b.iter(|| prepare(&mut preparer, &photo.bytes));
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = criterion(); targets = budget);
criterion_main!(benches);
