//! Lanczos3 in linear light, written to be checked by reading: 32-bit floats, rows first, then columns, no fast path.

use std::f64::consts::PI;

use image::RgbImage;

/// `source` at `width` × `height` pixels, neither larger than the source's.
pub(crate) fn linear_lanczos3(source: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (from_width, to_width) = (source.width() as usize, width as usize);
    let (from_height, to_height) = (source.height() as usize, height as usize);
    let linear: Vec<f32> = (0..=255u8).map(|value| to_linear(f32::from(value) / 255.0)).collect();

    let across = taps(from_width, to_width);
    let mut rows = Vec::with_capacity(to_width * from_height * 3);
    for row in source.as_raw().chunks_exact(from_width * 3) {
        for tap in &across {
            let mut sum = [0f32; 3];
            for (pixel, weight) in row[tap.first * 3..].chunks_exact(3).zip(&tap.weights) {
                for (sum, value) in sum.iter_mut().zip(pixel) {
                    *sum += linear[usize::from(*value)] * weight;
                }
            }
            rows.extend(sum);
        }
    }

    let stride = to_width * 3;
    let mut out = Vec::with_capacity(stride * to_height);
    let mut sums = vec![0f32; stride];
    for tap in taps(from_height, to_height) {
        sums.fill(0.0);
        for (row, weight) in rows[tap.first * stride..].chunks_exact(stride).zip(&tap.weights) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value * weight;
            }
        }
        // Between 0 and 255 by `from_linear`; `as` rounds down after the half is added.
        out.extend(sums.iter().map(|sum| (from_linear(*sum) * 255.0 + 0.5) as u8));
    }
    RgbImage::from_raw(width, height, out).expect("as many samples as pixels times three")
}

/// The samples of the source that make one of the result: from `first` on, one for each weight.
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

/// Lanczos3 widened by the ratio of the sizes; weights outside the picture fall away, and the rest sum to 1.
fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f64 / to as f64;
    let reach = 3.0 * scale.max(1.0);
    (0..to)
        .map(|index| {
            let centre = (index as f64 + 0.5) * scale;
            let first = (centre - reach).floor().max(0.0) as usize;
            let end = ((centre + reach).ceil() as usize).min(from);
            let weights: Vec<f64> = (first..end)
                .map(|sample| lanczos3((sample as f64 + 0.5 - centre) / scale.max(1.0)))
                .collect();
            let sum: f64 = weights.iter().sum();
            Tap {
                first,
                weights: weights.iter().map(|weight| (weight / sum) as f32).collect(),
            }
        })
        .collect()
}

fn lanczos3(x: f64) -> f64 {
    match x.abs() {
        0.0 => 1.0,
        x if x < 3.0 => 3.0 * (PI * x).sin() * (PI * x / 3.0).sin() / (PI * PI * x * x),
        _ => 0.0,
    }
}

/// The curve of IEC 61966-2-1, from 0..=1 to 0..=1.
fn to_linear(value: f32) -> f32 {
    if value <= 0.04045 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

/// The inverse of `to_linear`; what Lanczos throws beyond 0 and 1 is cut off.
fn from_linear(value: f32) -> f32 {
    let value = value.clamp(0.0, 1.0);
    if value <= 0.003_130_8 {
        value * 12.92
    } else {
        1.055 * value.powf(1.0 / 2.4) - 0.055
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_colour_stays_as_it_is() {
        let source = RgbImage::from_pixel(97, 61, image::Rgb([3, 128, 251]));
        let out = linear_lanczos3(&source, 40, 23);
        assert!(out.pixels().all(|pixel| pixel.0 == [3, 128, 251]));
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let source = RgbImage::from_fn(31, 17, |x, y| {
            image::Rgb([(x * 8) as u8, (y * 15) as u8, (x * y % 256) as u8])
        });
        assert_eq!(linear_lanczos3(&source, 31, 17), source);
    }

    #[test]
    fn fine_stripes_keep_their_light() {
        // Half black, half white is half the light: 188 in sRGB, where averaging the numbers would give 128.
        let source = RgbImage::from_fn(200, 200, |x, _| image::Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]));
        let out = linear_lanczos3(&source, 50, 50);
        assert!((i32::from(out.get_pixel(25, 25).0[0]) - 188).abs() <= 1);
    }
}
