//! Resampling of interleaved pictures to the target size, in linear light.
//!
//! The filter itself is `fast_image_resize`'s: separable convolution with the kernel widened by the scale
//! (antialiasing). What is added here is the light: gamma-coded samples are linearised to 16 bits (IEC 61966-2-1),
//! filtered, and coded back, all inside bands of target rows, so that the linear picture never exists as a whole.
//! Bands are also the unit of parallel work, and as their height is fixed the result never depends on threads.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod axis;
mod kernels;
pub(crate) mod planes;

use std::sync::LazyLock;

use bytemuck::Zeroable;
use fast_image_resize as fir;
use fir::images::{Image, ImageRef};

use crate::CancelToken;
use crate::error::Error;
use crate::options::{Filter, Light};
use crate::pixels::{self, Layout, Raster, Samples, narrow_sample, sample_count, zeros};
use crate::threads;

/// Target rows of a band. Each band reads a few source rows of its neighbours (6 × scale for Lanczos3); at 64 rows that
/// is a tenth more work in the horizontal pass, and the band of a 24 MP photo (2 MB) stays near the second-level cache.
const BAND: usize = 64;

/// The tables of the sRGB curve: constant, computed once.
static SRGB: LazyLock<fir::PixelComponentMapper> = LazyLock::new(fir::create_srgb_mapper);

/// Scratch memory of one worker, reused from band to band and from photo to photo.
#[derive(Default)]
pub(crate) struct Resampler {
    resizer: fir::Resizer,
    colors: Vec<u8>,
    linear: Vec<u16>,
    target: Vec<u16>,
    cancel: CancelToken,
}

/// Gives a buffer this length. Bands differ by a few rows: what a vector grows to on its own would be twice as much.
fn fit<T: Zeroable + Clone>(buffer: &mut Vec<T>, len: usize) -> Result<(), Error> {
    if buffer.capacity() < len {
        *buffer = Vec::new();
    }
    pixels::resize(buffer, len)
}

/// What a resampling is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) filter: Filter,
    pub(crate) light: Light,
}

impl Resampler {
    /// Ends with [`Error::Cancelled`] once `token` is cancelled; looks at it with each band.
    pub(crate) fn set_cancel(&mut self, token: &CancelToken) {
        self.cancel = token.clone();
    }

    /// The picture at the target's size, with 8 bits a channel. Alpha is premultiplied for the filter and divided out
    /// again; 16-bit samples are filtered before their depth is reduced.
    pub(crate) fn resample(&mut self, source: &Raster, target: Target) -> Result<Raster, Error> {
        let layout = source.layout();
        let (width, height) = (target.width, target.height);
        let len = sample_count(width, height, layout.channels()).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let mut out: Vec<u8> = zeros(len)?;
        let stride = width as usize * layout.channels();
        let cancel = self.cancel.clone();
        threads::for_each_chunk(&mut out, BAND * stride, self, Self::default, |worker, index, rows| {
            cancel.check()?;
            worker.band(source, target, index * BAND, rows)
        })?;
        Raster::new(width, height, layout, Samples::U8(out)).ok_or(Error::OutOfMemory { bytes: len as u64 })
    }

    /// Fills `rows`, the target rows from `first` on.
    fn band(&mut self, source: &Raster, target: Target, first: usize, rows: &mut [u8]) -> Result<(), Error> {
        let n = source.layout().channels();
        let count = rows.len() / (target.width as usize * n);
        let scale = f64::from(source.height()) / f64::from(target.height);
        let (top, bottom) = (first as f64 * scale, (first + count) as f64 * scale);
        // The kernel reaches `support × scale` rows beyond the band (or `support` where nothing shrinks).
        let reach = support(target.filter) * scale.max(1.0) + 1.0;
        let start = floor_to_row(top - reach).min(source.height() as usize);
        let end = floor_to_row(bottom + reach + 1.0).min(source.height() as usize);
        let height = u32::try_from(end - start).unwrap_or(u32::MAX);
        let crop_top = (top - start as f64).max(0.0);
        let crop_height = (bottom - top).min(f64::from(height) - crop_top);
        let options = fir::ResizeOptions::new()
            .resize_alg(fir::ResizeAlg::Convolution(kernel(target.filter)))
            .crop(0.0, crop_top, f64::from(source.width()), crop_height);
        let size = Size {
            source: (source.width(), height),
            target: (target.width, u32::try_from(count).unwrap_or(u32::MAX)),
            layout: source.layout(),
        };
        let span = start * source.stride()..end * source.stride();
        match source.samples() {
            Samples::U8(samples) => self.band8(&samples[span], size, target.light, &options, rows),
            Samples::Indexed(indices, palette) => {
                let mut colors = std::mem::take(&mut self.colors);
                fit(&mut colors, span.len() * n)?;
                palette.expand(&indices[span], source.layout(), &mut colors);
                let result = self.band8(&colors, size, target.light, &options, rows);
                self.colors = colors;
                result
            }
            Samples::U16(samples) => self.band16(&samples[span], size, target.light, &options, rows),
        }
    }

    fn band8(
        &mut self,
        samples: &[u8],
        size: Size,
        light: Light,
        options: &fir::ResizeOptions,
        rows: &mut [u8],
    ) -> Result<(), Error> {
        let from = size.image8(samples)?;
        if light == Light::Gamma {
            return self
                .resizer
                .resize(&from, &mut size.target8(rows)?, options)
                .map_err(defect);
        }
        fit(&mut self.linear, samples.len())?;
        SRGB.forward_map(&from, &mut size.image16_mut(&mut self.linear)?)
            .map_err(defect)?;
        self.linear_band(size, options, rows)
    }

    fn band16(
        &mut self,
        samples: &[u16],
        size: Size,
        light: Light,
        options: &fir::ResizeOptions,
        rows: &mut [u8],
    ) -> Result<(), Error> {
        let from = size.image16(samples)?;
        if light == Light::Linear {
            fit(&mut self.linear, samples.len())?;
            SRGB.forward_map(&from, &mut size.image16_mut(&mut self.linear)?)
                .map_err(defect)?;
            return self.linear_band(size, options, rows);
        }
        fit(&mut self.target, rows.len())?;
        let mut to = size.target16(&mut self.target)?;
        self.resizer.resize(&from, &mut to, options).map_err(defect)?;
        for (narrow, &wide) in rows.iter_mut().zip(&self.target) {
            *narrow = narrow_sample(wide);
        }
        Ok(())
    }

    /// Filters the linear rows and codes the result into `rows`.
    fn linear_band(&mut self, size: Size, options: &fir::ResizeOptions, rows: &mut [u8]) -> Result<(), Error> {
        fit(&mut self.target, rows.len())?;
        let from = size.image16(&self.linear)?;
        let mut to = size.target16(&mut self.target)?;
        self.resizer.resize(&from, &mut to, options).map_err(defect)?;
        SRGB.backward_map(&to, &mut size.target8(rows)?).map_err(defect)
    }
}

/// The sizes of a band: source rows with the kernel's reach, and target rows.
#[derive(Clone, Copy)]
struct Size {
    source: (u32, u32),
    target: (u32, u32),
    layout: Layout,
}

impl Size {
    fn image8<'a>(&self, samples: &'a [u8]) -> Result<ImageRef<'a>, Error> {
        ImageRef::new(self.source.0, self.source.1, samples, pixel8(self.layout)).map_err(defect)
    }

    fn image16<'a>(&self, samples: &'a [u16]) -> Result<ImageRef<'a>, Error> {
        let bytes = bytemuck::cast_slice(samples);
        ImageRef::new(self.source.0, self.source.1, bytes, pixel16(self.layout)).map_err(defect)
    }

    fn image16_mut<'a>(&self, samples: &'a mut [u16]) -> Result<Image<'a>, Error> {
        let bytes = bytemuck::cast_slice_mut(samples);
        Image::from_slice_u8(self.source.0, self.source.1, bytes, pixel16(self.layout)).map_err(defect)
    }

    fn target8<'a>(&self, samples: &'a mut [u8]) -> Result<Image<'a>, Error> {
        Image::from_slice_u8(self.target.0, self.target.1, samples, pixel8(self.layout)).map_err(defect)
    }

    fn target16<'a>(&self, samples: &'a mut [u16]) -> Result<Image<'a>, Error> {
        let bytes = bytemuck::cast_slice_mut(samples);
        Image::from_slice_u8(self.target.0, self.target.1, bytes, pixel16(self.layout)).map_err(defect)
    }
}

const fn pixel8(layout: Layout) -> fir::PixelType {
    match layout {
        Layout::Gray => fir::PixelType::U8,
        Layout::GrayAlpha => fir::PixelType::U8x2,
        Layout::Rgb => fir::PixelType::U8x3,
        Layout::Rgba => fir::PixelType::U8x4,
    }
}

const fn pixel16(layout: Layout) -> fir::PixelType {
    match layout {
        Layout::Gray => fir::PixelType::U16,
        Layout::GrayAlpha => fir::PixelType::U16x2,
        Layout::Rgb => fir::PixelType::U16x3,
        Layout::Rgba => fir::PixelType::U16x4,
    }
}

const fn kernel(filter: Filter) -> fir::FilterType {
    match filter {
        Filter::Lanczos3 => fir::FilterType::Lanczos3,
        Filter::CatmullRom => fir::FilterType::CatmullRom,
        Filter::Bilinear => fir::FilterType::Bilinear,
        Filter::Box => fir::FilterType::Box,
    }
}

/// The kernel's radius in target pixels.
const fn support(filter: Filter) -> f64 {
    match filter {
        Filter::Lanczos3 => 3.0,
        Filter::CatmullRom => 2.0,
        Filter::Bilinear => 1.0,
        Filter::Box => 0.5,
    }
}

/// A row number from a coordinate: rounded down, 0 for what lies above the picture.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, which is what is wanted here
fn floor_to_row(y: f64) -> usize {
    y.max(0.0) as usize
}

/// Sizes and types agree by construction: what `fast_image_resize` refuses here is a defect of this module.
fn defect(error: impl std::error::Error) -> Error {
    Error::BrokenPromise {
        what: format!("not resampled: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture with gradients, edges and fine texture.
    fn picture(width: u32, height: u32, layout: Layout) -> Raster {
        let n = layout.channels() as u32;
        let mut v = Vec::new();
        for y in 0..height {
            for x in 0..width {
                for c in 0..n {
                    let wave = (x * (3 + c) + y * (5 - c)) % 97;
                    let checks = if (x / 7 + y / 5) % 2 == 0 { 90 } else { 0 };
                    v.push((wave + checks + 20 * c).min(255) as u8);
                }
            }
        }
        Raster::new(width, height, layout, Samples::U8(v)).unwrap()
    }

    fn wide(source: &Raster) -> Raster {
        let Samples::U8(v) = source.samples() else {
            unreachable!()
        };
        let v = v.iter().map(|&v| u16::from(v) * 257).collect();
        Raster::new(source.width(), source.height(), source.layout(), Samples::U16(v)).unwrap()
    }

    fn bytes(raster: &Raster) -> &[u8] {
        match raster.samples() {
            Samples::U8(v) => v,
            _ => unreachable!("results have 8 bits"),
        }
    }

    fn largest_difference(a: &Raster, b: &Raster) -> u8 {
        bytes(a)
            .iter()
            .zip(bytes(b))
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .unwrap()
    }

    const fn target(width: u32, height: u32, light: Light) -> Target {
        Target {
            width,
            height,
            filter: Filter::Lanczos3,
            light,
        }
    }

    /// The whole picture at once through `fast_image_resize`, without bands.
    fn whole(source: &Raster, t: Target) -> Raster {
        let (w, h) = (source.width(), source.height());
        let from = ImageRef::new(w, h, bytes(source), pixel8(source.layout())).unwrap();
        let options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(kernel(t.filter)));
        let mut out = Image::new(t.width, t.height, pixel8(source.layout()));
        if t.light == Light::Gamma {
            fir::Resizer::new().resize(&from, &mut out, &options).unwrap();
        } else {
            let mut linear = Image::new(w, h, pixel16(source.layout()));
            SRGB.forward_map(&from, &mut linear).unwrap();
            let mut small = Image::new(t.width, t.height, pixel16(source.layout()));
            fir::Resizer::new().resize(&linear, &mut small, &options).unwrap();
            SRGB.backward_map(&small, &mut out).unwrap();
        }
        Raster::new(t.width, t.height, source.layout(), Samples::U8(out.into_vec())).unwrap()
    }

    #[test]
    fn bands_equal_the_whole_picture() {
        for layout in [Layout::Gray, Layout::GrayAlpha, Layout::Rgb, Layout::Rgba] {
            for (w, h, tw, th) in [
                (301, 403, 199, 271),
                (64, 900, 17, 130),
                (97, 131, 96, 131),
                (200, 200, 200, 199),
            ] {
                let source = picture(w, h, layout);
                for light in [Light::Linear, Light::Gamma] {
                    let t = target(tw, th, light);
                    let banded = Resampler::default().resample(&source, t).unwrap();
                    // Coefficients may differ in their last bit, as the band's coordinates are other floats.
                    assert!(
                        largest_difference(&banded, &whole(&source, t)) <= 1,
                        "{layout:?} {w}x{h} {light:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn sixteen_bits_equal_eight_where_they_say_the_same() {
        let source = picture(150, 170, Layout::Rgb);
        for light in [Light::Linear, Light::Gamma] {
            let t = target(71, 80, light);
            let narrow = Resampler::default().resample(&source, t).unwrap();
            let wide = Resampler::default().resample(&wide(&source), t).unwrap();
            // In gamma light the 8-bit road also rounds and clips between its two passes.
            let total: u32 = bytes(&narrow)
                .iter()
                .zip(bytes(&wide))
                .map(|(a, b)| u32::from(a.abs_diff(*b)))
                .sum();
            let mean = f64::from(total) / bytes(&wide).len() as f64;
            assert!(mean < 0.5, "{light:?}: {mean}");
            assert!(light == Light::Gamma || largest_difference(&narrow, &wide) <= 1);
        }
    }

    #[test]
    fn linear_light_keeps_the_brightness_of_fine_detail() {
        let stripes = (0..64 * 64).map(|i| if i % 2 == 0 { 255 } else { 0 }).collect();
        let source = Raster::new(64, 64, Layout::Gray, Samples::U8(stripes)).unwrap();
        let middle = |light| bytes(&Resampler::default().resample(&source, target(16, 16, light)).unwrap())[8 * 16 + 8];
        // Half the light is 188 in sRGB; the mean of the codes is 128.
        assert!(middle(Light::Linear).abs_diff(188) <= 2, "{}", middle(Light::Linear));
        assert!(middle(Light::Gamma).abs_diff(128) <= 2, "{}", middle(Light::Gamma));
    }

    #[test]
    fn transparent_pixels_do_not_bleed() {
        // Opaque red beside invisible green: where anything is visible it must be red.
        let pixels = (0..32 * 32)
            .flat_map(|i| if i % 32 < 16 { [255, 0, 0, 255] } else { [0, 255, 0, 0] })
            .collect();
        let source = Raster::new(32, 32, Layout::Rgba, Samples::U8(pixels)).unwrap();
        for light in [Light::Linear, Light::Gamma] {
            let small = Resampler::default().resample(&source, target(11, 11, light)).unwrap();
            for p in bytes(&small).chunks_exact(4).filter(|p| p[3] > 16) {
                assert!(p[1] <= 1, "{p:?}");
            }
        }
    }

    #[test]
    fn extreme_shapes_and_flat_pictures_survive() {
        for (w, h, tw, th) in [(5000, 1, 100, 1), (1, 5000, 1, 77), (3, 3, 1, 1), (2000, 2, 3, 1)] {
            let len = (w * h) as usize;
            let source = Raster::new(w, h, Layout::Gray, Samples::U8(vec![77; len])).unwrap();
            for filter in [Filter::Lanczos3, Filter::CatmullRom, Filter::Bilinear, Filter::Box] {
                for light in [Light::Linear, Light::Gamma] {
                    let t = Target {
                        width: tw,
                        height: th,
                        filter,
                        light,
                    };
                    let small = Resampler::default().resample(&source, t).unwrap();
                    assert!(
                        bytes(&small).iter().all(|&v| v.abs_diff(77) <= 1),
                        "{w}x{h} {filter:?} {light:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn threads_do_not_change_a_byte() {
        let source = picture(400, 700, Layout::Rgb);
        let t = target(233, 408, Light::Linear);
        let alone = Resampler::default().resample(&source, t).unwrap();
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(
                pool.install(|| Resampler::default().resample(&source, t).unwrap()),
                alone
            );
        }
    }
}
