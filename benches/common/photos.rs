//! Generated photos: gradients, edges, texture and sensor noise, from a fixed seed.
//!
//! The noise gives them 0.33 bytes a pixel, as phones' photos have, and they decode as fast for that as real ones do:
//! `PHOTOFIT_CORPUS=FOLDER cargo bench --bench decode -- calibration` compares them with photos of yours.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use photofit::jpeg::decode::Decoder;
use photofit::jpeg::encode::{self, EncodeOptions, Mode};

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
            let hill = wave(x, 1194, 150) + wave(x, 232, 25);
            let ground = y > i32::from(height) * 11 / 20 + hill;
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

/// Like a sine wave, but of parabolas in whole numbers, so that every platform makes the same of it.
fn wave(x: i32, period: i32, height: i32) -> i32 {
    let half = period / 2;
    let along = x % half;
    let arch = 4 * along * (half - along) * height / (half * half);
    if x % period < half { arch } else { -arch }
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

/// The same coefficients in the ten scans that libjpeg makes, which nearly every progressive file has: with successive
/// approximation, which takes the time.
pub(crate) fn progressive(width: u16, height: u16) -> Vec<u8> {
    let (coefficients, _) = Decoder::default()
        .coefficients(&photo(width, height))
        .expect("a sound photo");
    let mut out = Vec::new();
    encode::Encoder::new()
        .encode_coefficients(&coefficients, &EncodeOptions::new().mode(Mode::Progressive), &mut out)
        .expect("coefficients of a file");
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

/// Pixels as an uncompressed TIFF with an orientation.
pub(crate) fn tiff(pixels: &[u8], width: u16, height: u16, orientation: u8) -> Vec<u8> {
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const BITS: u32 = 8;
    const STRIP: u32 = BITS + 6;
    let length = u32::try_from(pixels.len()).expect("a picture of less than 4 GB");
    let mut out = b"II*\0".to_vec();
    out.extend((STRIP + length).to_le_bytes());
    out.extend([8_u16; 3].map(u16::to_le_bytes).concat());
    out.extend(pixels);
    let entries: [(u16, u16, u32, u32); 10] = [
        (0x0100, SHORT, 1, width.into()),
        (0x0101, SHORT, 1, height.into()),
        (0x0102, SHORT, 3, BITS),
        (0x0103, SHORT, 1, 1), // not compressed
        (0x0106, SHORT, 1, 2), // RGB
        (0x0111, LONG, 1, STRIP),
        (0x0112, SHORT, 1, orientation.into()),
        (0x0115, SHORT, 1, 3), // samples of a pixel
        (0x0116, SHORT, 1, height.into()),
        (0x0117, LONG, 1, length),
    ];
    out.extend(10_u16.to_le_bytes());
    for (tag, kind, count, value) in entries {
        out.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        out.extend([count, value].map(u32::to_le_bytes).concat());
    }
    out.extend([0; 4]); // no further directory
    out
}
