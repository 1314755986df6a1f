//! Resampling of interleaved pixels, and the yardstick `fast_image_resize`.
//!
//! Ids are `resample/format/size/light/threads` in source pixels. The source is a BMP, which decodes at the speed of a
//! copy, and the target small, so that next to nothing but resampling is in the time. The yardstick resamples the same
//! pixels in gamma-coded light, without the decoding and encoding.

mod common;

use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use photofit::{Effort, Light, Limits, Options, Preparer};

use common::{MP12, MP24, Size, criterion, fit, pool, prepare};

/// What the target may have: small beside the source.
const TARGET: u64 = 1_000_000;

fn resample(c: &mut Criterion) {
    let (pool, threads) = pool();
    let mut group = c.benchmark_group("resample");
    group.sampling_mode(SamplingMode::Flat);
    for size in [MP12, MP24] {
        let Size { name, width, height } = size;
        let pixels = common::pixels(width, height);
        let bmp = common::bmp(&pixels, width, height);
        group.throughput(Throughput::Elements(size.pixels()));
        for light in [Light::Linear, Light::Gamma] {
            let options = Options::default()
                .with_limits(Limits::bigin().with_max_pixels(TARGET))
                .with_effort(Effort::Fastest)
                .with_light(light);
            let mut preparer = Preparer::new(options);
            group.bench_function(format!("bmp/{name}/{}/1", light.name()), |b| {
                b.iter(|| prepare(&mut preparer, &bmp));
            });
            group.bench_function(format!("bmp/{name}/{}/{threads}", light.name()), |b| {
                pool.install(|| b.iter(|| prepare(&mut preparer, &bmp)));
            });
        }
        let source = ImageRef::new(width.into(), height.into(), &pixels, PixelType::U8x3).expect("its own size");
        let (to_width, to_height) = fit((width.into(), height.into()), TARGET);
        let mut target = Image::new(to_width, to_height, PixelType::U8x3);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        let mut resizer = Resizer::new();
        group.bench_function(format!("fast_image_resize/{name}/gamma/1"), |b| {
            b.iter(|| resizer.resize(black_box(&source), &mut target, &options));
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = criterion(); targets = resample);
criterion_main!(benches);
