//! Many photos: eight of 12 megapixels through a batch, by one worker and by as many as there are cores.
//!
//! Ids are `batch/format/size/threads` in source pixels. Starting the workers is in the time, as it is in a caller's.

mod common;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use photofit::{Batch, Options};

use common::{Coding, MP12, criterion, pool, sample};

/// Photos in a batch.
const PHOTOS: usize = 8;

fn batch(c: &mut Criterion) {
    let (_, cores) = pool();
    let mut group = c.benchmark_group("batch");
    group.sampling_mode(SamplingMode::Flat);
    for coding in [Coding::Baseline, Coding::Progressive] {
        let photo = sample(coding, MP12);
        group.throughput(Throughput::Elements(photo.pixels * PHOTOS as u64));
        let mut threads = vec![1, cores];
        threads.dedup();
        for threads in threads {
            let batch = Batch::new(Options::default()).jobs(threads);
            group.bench_function(format!("{}/{threads}", photo.name), |b| {
                b.iter(|| {
                    let summary = batch.run(std::iter::repeat_n(&photo.bytes, PHOTOS), |_, _| ());
                    assert_eq!(summary.expect("threads").prepared, PHOTOS);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(name = benches; config = criterion(); targets = batch);
criterion_main!(benches);
