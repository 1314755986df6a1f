//! The whole road: JPEG in, conforming JPEG out, beside what a Rust programmer would write with `image` alone and with
//! `image` and `fast_image_resize`.
//!
//! Ids are `pipeline/format/size/orientation/threads` in source pixels. `PHOTOFIT_CORPUS` adds real photos.

mod common;

use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::imageops;
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};
use photofit::{Effort, Options, Preparer};

use common::{Coding, MP12, MP24, MP48, SIZES, corpus, criterion, fit, pool, prepare, sample, turned};

/// The quality of photofit's default.
const QUALITY: u8 = 90;

fn ours(c: &mut Criterion) {
    let (pool, threads) = pool();
    let mut photos: Vec<_> = SIZES.iter().map(|&size| (sample(Coding::Baseline, size), 1)).collect();
    photos.extend([MP12, MP48].map(|size| (sample(Coding::Baseline, size), 6)));
    photos.extend([MP12, MP24, MP48].map(|size| (sample(Coding::Progressive, size), 1)));
    for (photo, orientation) in &mut photos {
        if *orientation != 1 {
            photo.bytes = turned(&photo.bytes, *orientation);
        }
        photo.name = format!("{}/{orientation}", photo.name);
    }
    let photos = photos.into_iter().map(|(photo, _)| photo).chain(corpus());
    let mut group = c.benchmark_group("pipeline");
    group.sampling_mode(SamplingMode::Flat);
    let mut preparer = Preparer::new(Options::default());
    for photo in photos {
        group.throughput(Throughput::Elements(photo.pixels));
        group.bench_function(format!("{}/1", photo.name), |b| {
            b.iter(|| prepare(&mut preparer, &photo.bytes));
        });
        group.bench_function(format!("{}/{threads}", photo.name), |b| {
            pool.install(|| b.iter(|| prepare(&mut preparer, &photo.bytes)));
        });
        // A large photo's scratch memory is no measure for the next one.
        preparer.clear();
    }
    group.finish();
}

/// The roads of others, on one thread; `fastest` is ours with as little done for bytes as they do.
fn others(c: &mut Criterion) {
    let photo = sample(Coding::Baseline, MP12);
    let lying = turned(&photo.bytes, 6);
    let mut group = c.benchmark_group("pipeline/others");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(photo.pixels));
    let mut preparer = Preparer::new(Options::default().with_effort(Effort::Fastest));
    for (orientation, bytes) in [(1, &photo.bytes), (6, &lying)] {
        let name = format!("{}/{orientation}/1", photo.name);
        group.bench_function(format!("fastest/{name}"), |b| {
            b.iter(|| prepare(&mut preparer, bytes));
        });
        group.bench_function(format!("image/{name}"), |b| {
            b.iter(|| {
                by_image(black_box(bytes), |upright, width, height| {
                    upright.resize_exact(width, height, imageops::FilterType::Lanczos3)
                })
            });
        });
        let mut resizer = Resizer::new();
        group.bench_function(format!("image+fast_image_resize/{name}"), |b| {
            b.iter(|| {
                by_image(black_box(bytes), |upright, width, height| {
                    let upright = upright.into_rgb8();
                    let (from_width, from_height) = upright.dimensions();
                    let source =
                        ImageRef::new(from_width, from_height, &upright, PixelType::U8x3).expect("its own size");
                    let mut target = Image::new(width, height, PixelType::U8x3);
                    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
                    resizer
                        .resize(&source, &mut target, &options)
                        .expect("two pictures of one type");
                    RgbImage::from_raw(width, height, target.into_vec())
                        .expect("its own size")
                        .into()
                })
            });
        });
    }
    group.finish();
}

/// Decodes, turns, resizes to 10 megapixels and encodes.
fn by_image(jpeg: &[u8], resize: impl FnOnce(DynamicImage, u32, u32) -> DynamicImage) -> usize {
    let mut decoder = ImageReader::new(Cursor::new(jpeg))
        .with_guessed_format()
        .expect("memory can be read")
        .into_decoder()
        .expect("a sound photo");
    let orientation = decoder.orientation().expect("sound EXIF");
    let mut upright = DynamicImage::from_decoder(decoder).expect("a sound photo");
    upright.apply_orientation(orientation);
    let (width, height) = fit((upright.width(), upright.height()), 10_000_000);
    let small = resize(upright, width, height);
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY)
        .encode_image(&small)
        .expect("memory can be written");
    out.len()
}

criterion_group!(name = benches; config = criterion(); targets = ours, others);
criterion_main!(benches);
