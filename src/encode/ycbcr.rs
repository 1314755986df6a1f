//! From interleaved RGB to Y, Cb and Cr planes (JFIF 1.02: ITU-R BT.601 at full range), chroma averaged over its pixels.

use crate::error::Error;
use crate::jpeg::encode::{Frame, Plane, Sampling};
use crate::pixels::zeros;

/// The planes of a picture.
pub(crate) struct Planes {
    frame: Frame,
    planes: Vec<Vec<u8>>,
}

impl Planes {
    /// Converts `rgb`, or takes gray samples as they are where the frame has one plane.
    pub(crate) fn new(samples: &[u8], frame: Frame) -> Result<Self, Error> {
        if frame.sampling() == Sampling::Gray {
            let mut luma = zeros(samples.len())?;
            luma.copy_from_slice(samples);
            return Ok(Self {
                frame,
                planes: vec![luma],
            });
        }
        let (width, height) = (usize::from(frame.width()), usize::from(frame.height()));
        let (across, down) = frame.sampling().factors();
        let (across, down) = (usize::from(across), usize::from(down));
        let (chroma_width, chroma_height) = (width.div_ceil(across), height.div_ceil(down));
        let mut luma = zeros(width * height)?;
        let mut cb = zeros(chroma_width * chroma_height)?;
        let mut cr = zeros(chroma_width * chroma_height)?;
        for (row, rgb) in luma.chunks_exact_mut(width).zip(samples.chunks_exact(width * 3)) {
            for (y, p) in row.iter_mut().zip(rgb.as_chunks::<3>().0) {
                *y = to_luma(p.map(i32::from));
            }
        }
        let mut sums = zeros::<[i32; 3]>(chroma_width)?;
        let rows = cb.chunks_exact_mut(chroma_width).zip(cr.chunks_exact_mut(chroma_width));
        for (row, (cb, cr)) in rows.enumerate() {
            sums.fill([0; 3]);
            for line in row * down..(row + 1) * down {
                // The last row and column are repeated where the picture's size is odd.
                let line = line.min(height - 1) * width * 3;
                add_line(&samples[line..line + width * 3], across, &mut sums);
            }
            let shift = across.ilog2() + down.ilog2();
            for ((cb, cr), &sum) in cb.iter_mut().zip(cr).zip(&sums) {
                (*cb, *cr) = to_chroma(sum, shift);
            }
        }
        Ok(Self {
            frame,
            planes: vec![luma, cb, cr],
        })
    }

    pub(crate) fn frame(&self) -> Frame {
        self.frame
    }

    /// The planes as the encoder takes them.
    pub(crate) fn views(&self) -> Vec<Plane<'_>> {
        let strides = (0..self.planes.len()).map(|i| self.frame.plane_size(i).0);
        self.planes
            .iter()
            .zip(strides)
            .map(|(p, stride)| Plane::new(p, stride))
            .collect()
    }
}

/// Adds each group of `across` pixels to its sum.
fn add_line(rgb: &[u8], across: usize, sums: &mut [[i32; 3]]) {
    let (pixels, _) = rgb.as_chunks::<3>();
    if across == 1 {
        for (sum, p) in sums.iter_mut().zip(pixels) {
            *sum = std::array::from_fn(|i| sum[i] + i32::from(p[i]));
        }
        return;
    }
    let (pairs, odd) = pixels.as_chunks::<2>();
    for (sum, [a, b]) in sums.iter_mut().zip(pairs) {
        *sum = std::array::from_fn(|i| sum[i] + i32::from(a[i]) + i32::from(b[i]));
    }
    if let (Some(sum), [last]) = (sums.last_mut(), odd) {
        *sum = std::array::from_fn(|i| sum[i] + 2 * i32::from(last[i]));
    }
}

/// Y = 0.299 R + 0.587 G + 0.114 B, in 16-bit fixed point, rounded.
fn to_luma([r, g, b]: [i32; 3]) -> u8 {
    let y = (19_595 * r + 38_470 * g + 7_471 * b + 0x8000) >> 16;
    u8::try_from(y).unwrap_or(u8::MAX)
}

/// Cb = (B − Y) / 1.772 + 128 and Cr = (R − Y) / 1.402 + 128 of the mean of 2^`shift` pixels, in 16-bit fixed point.
fn to_chroma([r, g, b]: [i32; 3], shift: u32) -> (u8, u8) {
    // Rounded to nearest with ties down, so that the largest sum stays below 256.
    let bias = (128 << (16 + shift)) + (1 << (15 + shift)) - 1;
    let cb = (-11_059 * r - 21_709 * g + 32_768 * b + bias) >> (16 + shift);
    let cr = (32_768 * r - 27_439 * g - 5_329 * b + bias) >> (16 + shift);
    (u8::try_from(cb).unwrap_or(u8::MAX), u8::try_from(cr).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of JFIF in floats.
    fn exact([r, g, b]: [f64; 3]) -> [f64; 3] {
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        [y, (b - y) / 1.772 + 128.0, (r - y) / 1.402 + 128.0]
    }

    #[test]
    fn every_corner_and_many_colours_are_within_rounding_of_the_formula() {
        for i in 0..4096u32 {
            let p = [(i & 15) * 17, ((i >> 4) & 15) * 17, (i >> 8) * 17];
            let [y, cb, cr] = exact(p.map(f64::from));
            let got = p.map(|v| v as i32);
            assert!((f64::from(to_luma(got)) - y).abs() <= 0.51, "{p:?}");
            let (b, r) = to_chroma(got, 0);
            // 128 ± 127.5 has no nearest of its own at the ends.
            assert!(
                (f64::from(b) - cb).abs() <= 0.52 && (f64::from(r) - cr).abs() <= 0.52,
                "{p:?}"
            );
            assert_eq!(to_chroma(got.map(|v| v * 4), 2), (b, r));
        }
    }

    #[test]
    fn chroma_is_the_mean_of_its_pixels_and_edges_repeat() {
        let (red, blue) = ([255, 0, 0], [0, 0, 255]);
        let samples = [red, blue, red, red, blue, blue, blue, blue, red].concat();
        let frame = Frame::new(3, 3, Sampling::S420).unwrap();
        let planes = Planes::new(&samples, frame).unwrap();
        let [y, cb, cr] = &planes.planes[..] else {
            unreachable!()
        };
        assert_eq!((y.len(), cb.len(), cr.len()), (9, 4, 4));
        assert_eq!((cb[0], cr[0]), to_chroma([510, 0, 510], 2));
        assert_eq!(
            (cb[1], cr[1]),
            to_chroma([510, 0, 510], 2),
            "two red pixels, two blue ones, each column twice"
        );
        assert_eq!((cb[3], cr[3]), to_chroma([255, 0, 0], 0));
    }
}
