//! Generated photos: gradients, edges, texture and sensor noise, from a fixed seed.

#![allow(dead_code, reason = "not every user needs all of it")]

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Name, width and height of the photos measured: a phone's and a camera's.
pub(crate) const PHOTOS: [(&str, u16, u16); 2] = [("12 MP", 4032, 3024), ("24 MP", 6000, 4000)];

/// RGB pixels of a picture with a photo's mixture: broad light, hard edges, texture in places, noise everywhere.
pub(crate) fn pixels(width: u16, height: u16) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut noise = move || {
        // xorshift64: any fixed sequence will do.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 61) as i32 - 3
    };
    let mut out = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for y in 0..i32::from(height) {
        for x in 0..i32::from(width) {
            let sky = 200 - y * 120 / i32::from(height);
            let hill = (f64::from(x) / 190.0).sin() * 150.0 + (f64::from(x) / 37.0).sin() * 25.0;
            let ground = f64::from(y) > f64::from(height) * 0.55 + hill;
            let texture = if ground {
                ((x * 7 + y * 13) % 29) + ((x / 3 * y / 5) % 23)
            } else {
                0
            };
            let disc = (x - i32::from(width) / 3).pow(2) + (y - i32::from(height) / 4).pow(2) < 250_000;
            let base = match (ground, disc) {
                (true, _) => [70 + texture, 90 + texture, 40 + texture / 2],
                (false, true) => [250, 235, 170],
                (false, false) => [sky - 70, sky - 20, sky + 40],
            };
            out.extend(base.map(|v| (v + noise()).clamp(0, 255) as u8));
        }
    }
    out
}

/// The picture as a camera's JPEG: baseline, 4:2:0, quality 95.
pub(crate) fn photo(width: u16, height: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 95);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .encode(&pixels(width, height), width, height, ColorType::Rgb)
        .expect("a picture of its own size");
    out
}

/// The same, progressive.
pub(crate) fn progressive(width: u16, height: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 95);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(true);
    encoder
        .encode(&pixels(width, height), width, height, ColorType::Rgb)
        .expect("a picture of its own size");
    out
}

/// A JPEG with an EXIF orientation.
pub(crate) fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    // One entry: the tag 0x0112, a short.
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).expect("a short segment").to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

/// Pixels as an uncompressed bitmap.
pub(crate) fn bmp(pixels: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut out = Vec::new();
    image::codecs::bmp::BmpEncoder::new(&mut out)
        .encode(pixels, width.into(), height.into(), image::ExtendedColorType::Rgb8)
        .expect("a picture of its own size");
    out
}
