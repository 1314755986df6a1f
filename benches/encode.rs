//! Encoding: planes of 12 megapixels to a JPEG at each effort, entropy coding alone, and what `image` takes from RGB.
//!
//! Ids are `encode/effort/format/size/threads` in pixels, and `encode/entropy/format/size/threads` in bytes of the
//! result.

mod common;

use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use image::codecs::jpeg::JpegEncoder;
use photofit::jpeg::decode::{Decoder, Limits, Planes, Scale};
use photofit::jpeg::encode::{EncodeOptions, Encoder, Frame, Mode, Plane, Quality, QuantTables, Sampling};

use common::{Coding, MP12, criterion, sample};

fn encode(c: &mut Criterion) {
    let photo = sample(Coding::Baseline, MP12);
    let mut decoder = Decoder::new(Limits::default());
    let mut planes = Planes::new();
    decoder
        .planes(&photo.bytes, Scale::Full, &mut planes)
        .expect("a sound photo");
    let views: Vec<Plane<'_>> = planes
        .planes()
        .iter()
        .map(|plane| Plane::new(plane.samples(), plane.stride()))
        .collect();
    let frame = Frame::new(MP12.width, MP12.height, Sampling::S420).expect("a size that JPEG has");
    let quality = Quality::new(90.0).expect("within 1 to 100");
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    let mut group = c.benchmark_group("encode");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(photo.pixels));
    for (effort, coding, mode, trellis) in [
        ("fastest", "sequential", Mode::Sequential, false),
        ("balanced", "optimised", Mode::Optimised, false),
        ("smallest", "progressive", Mode::Progressive, true),
    ] {
        let options = EncodeOptions::new()
            .quant_tables(QuantTables::photographic(quality))
            .mode(mode)
            .trellis(trellis);
        group.bench_function(format!("{effort}/jpeg-{coding}/{}/1", MP12.name), |b| {
            b.iter(|| {
                out.clear();
                encoder
                    .encode_planes(frame, black_box(&views), &options, &mut out)
                    .expect("memory")
            });
        });
    }
    let rgb = image::load_from_memory(&photo.bytes)
        .expect("a sound photo")
        .into_rgb8();
    group.bench_function(format!("image/jpeg-sequential/{}/1", MP12.name), |b| {
        b.iter(|| {
            out.clear();
            JpegEncoder::new_with_quality(&mut out, 90)
                .encode_image(black_box(&rgb))
                .expect("memory can be written")
        });
    });
    let (coefficients, _) = decoder.coefficients(&photo.bytes).expect("a sound photo");
    for (coding, mode) in [
        ("sequential", Mode::Sequential),
        ("optimised", Mode::Optimised),
        ("progressive", Mode::Progressive),
    ] {
        let options = EncodeOptions::new().mode(mode);
        out.clear();
        encoder
            .encode_coefficients(&coefficients, &options, &mut out)
            .expect("coefficients of a file");
        group.throughput(Throughput::Bytes(out.len() as u64));
        group.bench_function(format!("entropy/jpeg-{coding}/{}/1", MP12.name), |b| {
            b.iter(|| {
                out.clear();
                encoder
                    .encode_coefficients(black_box(&coefficients), &options, &mut out)
                    .expect("coefficients of a file")
            });
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = criterion(); targets = encode);
criterion_main!(benches);
