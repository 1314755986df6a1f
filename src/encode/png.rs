//! One PNG attempt, through `png`.

use png::{BitDepth, ColorType, Encoder, Filter};

use super::bytes;
use crate::error::Error;
use crate::formats::Format;
use crate::pixels::{Layout, Raster};

/// How hard an attempt tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// The usual balance of time and size.
    Balanced,
    /// Slower, for a smaller file.
    High,
}

/// Encodes an 8-bit picture.
pub(crate) fn encode(raster: &Raster, effort: Effort) -> Result<Vec<u8>, Error> {
    let samples = bytes(raster);
    let mut out = Vec::with_capacity(samples.len() / 4 + 4096);
    encode_rows(raster, samples, raster.height(), effort, &mut out)?;
    Ok(out)
}

/// How many of a picture's rows are tried for an estimate.
const SHARE: usize = 16;

/// Bytes of a band of rows that are tried together: many times what deflate looks back at.
const BAND: usize = 256 * 1024;

/// About how many bytes an 8-bit picture takes at [`Effort::Balanced`], by bands that are spread over all of it.
pub(crate) fn estimate(raster: &Raster) -> Result<u64, Error> {
    let samples = bytes(raster);
    let row = raster.stride();
    let band = row * BAND.div_ceil(row);
    let mut out = Vec::new();
    let (mut tried, mut taken) = (0, 0);
    for rows in samples.chunks(band * SHARE) {
        // In the middle of its part, or all of a last one that is shorter.
        let start = (rows.len().saturating_sub(band) / 2) / row * row;
        let rows = &rows[start..rows.len().min(start + band)];
        out.clear();
        let height = u32::try_from(rows.len() / row).unwrap_or(u32::MAX);
        encode_rows(raster, rows, height, Effort::Balanced, &mut out)?;
        tried += rows.len() as u64;
        taken += out.len() as u64;
    }
    Ok(taken * samples.len() as u64 / tried.max(1))
}

/// Encodes `height` rows of a picture.
fn encode_rows(raster: &Raster, rows: &[u8], height: u32, effort: Effort, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut encoder = Encoder::new(out, raster.width(), height);
    encoder.set_color(match raster.layout() {
        Layout::Gray => ColorType::Grayscale,
        Layout::GrayAlpha => ColorType::GrayscaleAlpha,
        Layout::Rgb => ColorType::Rgb,
        Layout::Rgba => ColorType::Rgba,
    });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(match effort {
        Effort::Balanced => png::Compression::Balanced,
        Effort::High => png::Compression::High,
    });
    encoder.set_filter(Filter::Adaptive);
    let refuse = |e: png::EncodingError| Error::encode(Format::Png, e);
    let mut writer = encoder.write_header().map_err(refuse)?;
    writer.write_image_data(rows).map_err(refuse)?;
    writer.finish().map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Samples;

    /// A picture with smooth areas, edges, and as many levels of noise as are given, more of it further down.
    fn picture(width: u32, height: u32, noise: u32) -> Raster {
        let mut seed = 7_u32;
        let mut samples = Vec::new();
        for y in 0..height {
            for x in 0..width {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let grain = (seed >> 16) % (noise * y / height + 1);
                let edge = if (x / 120 + y / 90) % 2 == 0 { 40 } else { 0 };
                for channel in 0..3 {
                    samples.push((x / 9 % 100 + edge + grain + channel * 20) as u8);
                }
            }
        }
        Raster::new(width, height, Layout::Rgb, Samples::U8(samples)).unwrap()
    }

    #[test]
    fn an_estimate_is_near_what_a_picture_takes() {
        for (width, height, noise) in [
            (1200, 1600, 40),
            (1200, 1600, 4),
            (300, 9000, 20),
            (5000, 500, 10),
            (40, 30, 9),
        ] {
            let picture = picture(width, height, noise);
            let taken = encode(&picture, Effort::Balanced).unwrap().len() as f64;
            let estimate = estimate(&picture).unwrap() as f64;
            let ratio = estimate / taken;
            // What repeats further away than a band is high counts again in each.
            let most = if noise < 9 { 1.35 } else { 1.125 };
            assert!((0.875..most).contains(&ratio), "{width} x {height}, {noise}: {ratio}");
        }
    }
}
