//! Pictures in memory: sizes checked, allocation fallible.

use bytemuck::Zeroable;

use crate::error::Error;
use photofit_jpeg::zeroed::{self, NoMemory};
use photofit_jpeg::{Orientation, Steps};

/// The channels of an interleaved picture, in the order in which they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
}

impl Layout {
    pub(crate) const fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    pub(crate) const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }

    pub(crate) const fn is_gray(self) -> bool {
        matches!(self, Self::Gray | Self::GrayAlpha)
    }

    const fn without_alpha(self) -> Self {
        match self {
            Self::Gray | Self::GrayAlpha => Self::Gray,
            Self::Rgb | Self::Rgba => Self::Rgb,
        }
    }
}

/// Samples of 8 or 16 bits, row by row, the channels of a pixel side by side; or an index a pixel into a palette, which
/// takes a third or a quarter of the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
    Indexed(Vec<u8>, Palette),
}

/// The colours that indices stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Palette(Box<[[u8; 4]; 256]>);

impl Palette {
    /// A palette of RGB colours, the one at `transparent` invisible. What lies beyond the colours is black.
    pub(crate) fn new(rgb: &[u8], alpha: impl Fn(usize) -> u8) -> Self {
        let mut entries = Box::new([[0, 0, 0, u8::MAX]; 256]);
        for (i, (entry, color)) in entries.iter_mut().zip(rgb.chunks_exact(3)).enumerate() {
            *entry = [color[0], color[1], color[2], alpha(i)];
        }
        Self(entries)
    }

    /// The colours, four samples for each.
    pub(crate) fn rgba_mut(&mut self) -> &mut [u8] {
        self.0.as_flattened_mut()
    }

    /// The fewest channels that hold all colours; gray only where `may_be_gray`.
    pub(crate) fn layout(&self, may_be_gray: bool) -> Layout {
        let gray = may_be_gray && self.0.iter().all(|c| c[0] == c[1] && c[1] == c[2]);
        let alpha = self.0.iter().any(|c| c[3] != u8::MAX);
        match (gray, alpha) {
            (true, false) => Layout::Gray,
            (true, true) => Layout::GrayAlpha,
            (false, false) => Layout::Rgb,
            (false, true) => Layout::Rgba,
        }
    }

    /// Writes the colours of `indices` as `layout` wants them.
    pub(crate) fn expand(&self, indices: &[u8], layout: Layout, out: &mut [u8]) {
        let pixels = out.chunks_exact_mut(layout.channels()).zip(indices);
        match layout {
            Layout::Gray => pixels.for_each(|(p, &i)| p[0] = self.0[usize::from(i)][0]),
            Layout::GrayAlpha => pixels.for_each(|(p, &i)| {
                let c = self.0[usize::from(i)];
                p.copy_from_slice(&[c[0], c[3]]);
            }),
            Layout::Rgb => pixels.for_each(|(p, &i)| p.copy_from_slice(&self.0[usize::from(i)][..3])),
            Layout::Rgba => pixels.for_each(|(p, &i)| p.copy_from_slice(&self.0[usize::from(i)])),
        }
    }
}

/// A picture: `width * height * channels` samples (or as many indices as pixels), gamma-coded, alpha not premultiplied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raster {
    width: u32,
    height: u32,
    layout: Layout,
    samples: Samples,
}

/// `width * height * channels`, or `None` where that does not fit an address.
pub(crate) fn sample_count(width: u32, height: u32, channels: usize) -> Option<usize> {
    usize::try_from(width)
        .ok()?
        .checked_mul(usize::try_from(height).ok()?)?
        .checked_mul(channels)
}

/// A vector of `len` zeros, or [`Error::OutOfMemory`]: picture memory is never allocated in a way that aborts.
pub(crate) fn zeros<T: Zeroable + Clone>(len: usize) -> Result<Vec<T>, Error> {
    let mut v = Vec::new();
    resize(&mut v, len)?;
    Ok(v)
}

/// Makes `v` hold `len` values, as [`zeros`] does.
pub(crate) fn resize<T: Zeroable + Clone>(v: &mut Vec<T>, len: usize) -> Result<(), Error> {
    zeroed::resize(v, len).map_err(|NoMemory(bytes)| Error::OutOfMemory { bytes: bytes as u64 })
}

impl Raster {
    /// Wraps samples whose number must be that of the picture; `None` otherwise, and for an empty picture.
    pub(crate) fn new(width: u32, height: u32, layout: Layout, samples: Samples) -> Option<Self> {
        let (len, channels) = match &samples {
            Samples::U8(v) => (v.len(), layout.channels()),
            Samples::U16(v) => (v.len(), layout.channels()),
            Samples::Indexed(v, _) => (v.len(), 1),
        };
        (len > 0 && sample_count(width, height, channels) == Some(len)).then_some(Self {
            width,
            height,
            layout,
            samples,
        })
    }

    pub(crate) fn width(&self) -> u32 {
        self.width
    }

    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// The samples, to be given other values.
    pub(crate) fn samples_mut(&mut self) -> (&mut Samples, Layout) {
        (&mut self.samples, self.layout)
    }

    pub(crate) fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Samples (or indices) in a row.
    pub(crate) fn stride(&self) -> usize {
        let channels = if matches!(self.samples, Samples::Indexed(..)) {
            1
        } else {
            self.layout.channels()
        };
        self.width as usize * channels
    }

    /// The picture without its alpha channel if every pixel is opaque, else as it is.
    pub(crate) fn drop_opaque_alpha(self) -> Self {
        let n = self.layout.channels();
        let opaque = self.layout.has_alpha()
            && match &self.samples {
                Samples::U8(v) => v.chunks_exact(n).all(|p| p[n - 1] == u8::MAX),
                Samples::U16(v) => v.chunks_exact(n).all(|p| p[n - 1] == u16::MAX),
                Samples::Indexed(v, palette) => v.iter().all(|&i| palette.0[usize::from(i)][3] == u8::MAX),
            };
        if opaque { self.drop_alpha() } else { self }
    }

    /// The picture without its alpha channel if that hides all of it, else as it is.
    pub(crate) fn drop_blank_alpha(self) -> Self {
        let n = self.layout.channels();
        let blank = self.layout.has_alpha()
            && match &self.samples {
                Samples::U8(v) => v.chunks_exact(n).all(|p| p[n - 1] == 0),
                Samples::U16(v) => v.chunks_exact(n).all(|p| p[n - 1] == 0),
                Samples::Indexed(..) => false,
            };
        if blank { self.drop_alpha() } else { self }
    }

    /// The picture laid on `background` (sRGB), without alpha. Gamma-coded values are mixed, as viewers do.
    pub(crate) fn flatten(mut self, background: [u8; 3]) -> Self {
        if !self.layout.has_alpha() {
            return self;
        }
        let n = self.layout.channels();
        // A gray picture stays gray: it is laid on the background's luma (ITU-R BT.601).
        let [r, g, b] = background.map(u32::from);
        let luma = (299 * r + 587 * g + 114 * b + 500) / 1000;
        let under = if self.layout == Layout::GrayAlpha {
            [luma; 3]
        } else {
            [r, g, b]
        };
        let lay = |colors: &mut [u8], alpha: u8| {
            let alpha = u32::from(alpha);
            for (v, under) in colors.iter_mut().zip(under) {
                let mixed = (u32::from(*v) * alpha + under * (255 - alpha) + 127) / 255;
                *v = u8::try_from(mixed).unwrap_or(u8::MAX);
            }
        };
        match &mut self.samples {
            Samples::U8(v) => v.chunks_exact_mut(n).for_each(|pixel| {
                let (colors, alpha) = pixel.split_at_mut(n - 1);
                lay(colors, alpha[0]);
            }),
            Samples::Indexed(_, palette) => palette.0.iter_mut().for_each(|entry| {
                let [colors @ .., alpha] = entry;
                lay(colors, *alpha);
            }),
            Samples::U16(v) => {
                for pixel in v.chunks_exact_mut(n) {
                    let alpha = u64::from(pixel[n - 1]);
                    for (v, under) in pixel[..n - 1].iter_mut().zip(under) {
                        let mixed =
                            (u64::from(*v) * alpha + u64::from(under) * 257 * (65_535 - alpha) + 32_767) / 65_535;
                        *v = u16::try_from(mixed).unwrap_or(u16::MAX);
                    }
                }
            }
        }
        self.drop_alpha()
    }

    fn drop_alpha(mut self) -> Self {
        let n = self.layout.channels();
        match &mut self.samples {
            Samples::U8(v) => drop_last_channel(v, n),
            Samples::U16(v) => drop_last_channel(v, n),
            Samples::Indexed(..) => {}
        }
        self.layout = self.layout.without_alpha();
        self
    }

    /// The picture with 8 bits a channel: 16 rounded to nearest, indices replaced by their colours.
    pub(crate) fn to_8_bits(&self) -> Result<Self, Error> {
        let len = sample_count(self.width, self.height, self.layout.channels()).unwrap_or(usize::MAX);
        let mut narrow = zeros(len)?;
        match &self.samples {
            Samples::U8(v) => narrow.copy_from_slice(v),
            Samples::U16(v) => narrow.iter_mut().zip(v).for_each(|(n, &w)| *n = narrow_sample(w)),
            Samples::Indexed(v, palette) => palette.expand(v, self.layout, &mut narrow),
        }
        Ok(Self {
            samples: Samples::U8(narrow),
            ..*self
        })
    }

    /// The picture turned as `orientation` says.
    pub(crate) fn oriented(self, orientation: Orientation) -> Result<Self, Error> {
        if orientation == Orientation::Upright {
            return Ok(self);
        }
        let n = self.layout.channels();
        let samples = match &self.samples {
            Samples::U8(v) => Samples::U8(turn(v, self.width, self.height, n, orientation)?),
            Samples::U16(v) => Samples::U16(turn(v, self.width, self.height, n, orientation)?),
            Samples::Indexed(v, palette) => {
                Samples::Indexed(turn(v, self.width, self.height, 1, orientation)?, palette.clone())
            }
        };
        let (width, height) = orientation.apply_to_size(self.width, self.height);
        Ok(Self {
            width,
            height,
            layout: self.layout,
            samples,
        })
    }
}

/// 16 bits to 8, rounded to nearest: `v / 257`.
pub(crate) fn narrow_sample(v: u16) -> u8 {
    u8::try_from((u32::from(v) + 128) / 257).unwrap_or(u8::MAX)
}

fn drop_last_channel<T: Copy>(v: &mut Vec<T>, n: usize) {
    let pixels = v.len() / n;
    for i in 1..pixels {
        v.copy_within(i * n..i * n + n - 1, i * (n - 1));
    }
    v.truncate(pixels * (n - 1));
}

/// Moves pixels of `n` samples to where `orientation` puts them. Transpositions go tile by tile, so that the rows read
/// and the rows written both stay in the first-level cache.
pub(crate) fn turn<T: Copy + Zeroable>(
    src: &[T],
    width: u32,
    height: u32,
    n: usize,
    o: Orientation,
) -> Result<Vec<T>, Error> {
    match n {
        1 => turn_pixels::<T, 1>(src, width, height, o),
        2 => turn_pixels::<T, 2>(src, width, height, o),
        3 => turn_pixels::<T, 3>(src, width, height, o),
        _ => turn_pixels::<T, 4>(src, width, height, o),
    }
}

fn turn_pixels<T: Copy + Zeroable, const N: usize>(
    src: &[T],
    width: u32,
    height: u32,
    orientation: Orientation,
) -> Result<Vec<T>, Error> {
    const TILE: usize = 32;
    let (w, h) = (width as usize, height as usize);
    let (pixels, _) = src.as_chunks::<N>();
    let mut out = zeros(src.len())?;
    let (out_pixels, _) = out.as_chunks_mut::<N>();
    let Steps {
        transpose,
        flip_horizontal: flip_x,
        flip_vertical: flip_y,
    } = orientation.steps();
    if !transpose {
        for (y, row) in pixels.chunks_exact(w).enumerate() {
            let to = if flip_y { h - 1 - y } else { y };
            let target = &mut out_pixels[to * w..(to + 1) * w];
            if flip_x {
                for (t, s) in target.iter_mut().rev().zip(row) {
                    *t = *s;
                }
            } else {
                target.copy_from_slice(row);
            }
        }
        return Ok(out);
    }
    // Upright, the picture is h wide and w high: the stored pixel (x, y) goes to (y, x), then the axes are mirrored.
    for tile_y in (0..h).step_by(TILE) {
        for tile_x in (0..w).step_by(TILE) {
            for x in tile_x..(tile_x + TILE).min(w) {
                let row = if flip_y { w - 1 - x } else { x };
                let target = &mut out_pixels[row * h..(row + 1) * h];
                for y in tile_y..(tile_y + TILE).min(h) {
                    let column = if flip_x { h - 1 - y } else { y };
                    target[column] = pixels[y * w + x];
                }
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(width: u32, height: u32, layout: Layout) -> Raster {
        let len = sample_count(width, height, layout.channels()).unwrap();
        let samples = (0..len).map(|i| (i % 251) as u8).collect();
        Raster::new(width, height, layout, Samples::U8(samples)).unwrap()
    }

    #[test]
    fn turning_follows_the_table_of_the_exif_standard_for_every_layout_and_odd_size() {
        for layout in [Layout::Gray, Layout::GrayAlpha, Layout::Rgb, Layout::Rgba] {
            for (w, h) in [(1, 1), (1, 9), (7, 1), (5, 3), (70, 41), (33, 64)] {
                let source = numbered(w, h, layout);
                let n = layout.channels();
                let Samples::U8(from) = source.samples().clone() else {
                    unreachable!()
                };
                for o in Orientation::ALL {
                    let turned = source.clone().oriented(o).unwrap();
                    let (tw, th) = (turned.width(), turned.height());
                    let Samples::U8(to) = turned.samples() else {
                        unreachable!()
                    };
                    for y in 0..h {
                        for x in 0..w {
                            let (tx, ty) = match o.to_exif() {
                                1 => (x, y),
                                2 => (w - 1 - x, y),
                                3 => (w - 1 - x, h - 1 - y),
                                4 => (x, h - 1 - y),
                                5 => (y, x),
                                6 => (h - 1 - y, x),
                                7 => (h - 1 - y, w - 1 - x),
                                _ => (y, w - 1 - x),
                            };
                            let a = (y * w + x) as usize * n;
                            let b = (ty * tw + tx) as usize * n;
                            assert_eq!(from[a..a + n], to[b..b + n], "{layout:?} {w}x{h} {o:?} at {x},{y}");
                        }
                    }
                    assert_eq!(turned.oriented(o.inverse()).unwrap(), source, "{th}");
                }
            }
        }
    }

    #[test]
    fn alpha_is_dropped_only_where_it_says_nothing_and_mixed_where_it_does() {
        let opaque = Raster::new(2, 1, Layout::Rgba, Samples::U8(vec![1, 2, 3, 255, 4, 5, 6, 255])).unwrap();
        assert_eq!(
            opaque.drop_opaque_alpha().samples(),
            &Samples::U8(vec![1, 2, 3, 4, 5, 6])
        );
        let clear = Raster::new(2, 1, Layout::GrayAlpha, Samples::U16(vec![0, 0, 65_535, 65_535])).unwrap();
        assert_eq!(clear.clone().drop_opaque_alpha(), clear);
        let laid = clear.flatten([255, 255, 255]);
        assert_eq!(laid.samples(), &Samples::U16(vec![65_535, 65_535]));
        let half = Raster::new(1, 1, Layout::Rgba, Samples::U8(vec![255, 0, 0, 128])).unwrap();
        assert_eq!(
            half.flatten([255, 255, 255]).samples(),
            &Samples::U8(vec![255, 127, 127])
        );
    }

    #[test]
    fn indices_stand_for_their_colours() {
        let palette = Palette::new(&[10, 20, 30, 200, 100, 50], |i| if i == 1 { 0 } else { 255 });
        let layout = palette.layout(true);
        assert_eq!(layout, Layout::Rgba);
        let raster = Raster::new(3, 1, layout, Samples::Indexed(vec![0, 1, 9], palette.clone())).unwrap();
        let full = [10, 20, 30, 255, 200, 100, 50, 0, 0, 0, 0, 255];
        assert_eq!(raster.to_8_bits().unwrap().samples(), &Samples::U8(full.to_vec()));
        let laid = raster.flatten([255; 3]).to_8_bits().unwrap();
        assert_eq!(laid.samples(), &Samples::U8(vec![10, 20, 30, 255, 255, 255, 0, 0, 0]));
        let opaque = Raster::new(1, 1, layout, Samples::Indexed(vec![0], palette))
            .unwrap()
            .drop_opaque_alpha();
        assert_eq!(opaque.to_8_bits().unwrap().samples(), &Samples::U8(vec![10, 20, 30]));
        let gray = Palette::new(&[7, 7, 7, 9, 9, 9], |_| 255);
        assert_eq!((gray.layout(true), gray.layout(false)), (Layout::Gray, Layout::Rgb));
    }

    #[test]
    fn sixteen_bits_round_to_eight() {
        for v in 0..=255u16 {
            assert_eq!(u16::from(narrow_sample(v * 257)), v);
        }
        assert_eq!((narrow_sample(128), narrow_sample(129)), (0, 1));
    }

    #[test]
    fn memory_that_cannot_be_had_is_an_error() {
        assert!(matches!(zeros::<u16>(usize::MAX / 4), Err(Error::OutOfMemory { .. })));
        assert!(Raster::new(2, 2, Layout::Rgb, Samples::U8(vec![0; 11])).is_none());
        assert!(Raster::new(0, 2, Layout::Rgb, Samples::U8(vec![])).is_none());
    }
}
