//! A picture while its parts are put together: RGB or RGBA, row by row.

use bytemuck::Zeroable;
use heifer::Sample as Coded;
use heifer::color::{ColorParams, frame_to_rgba_into};
use heifer::heifer_hevc_dec::recon::Frame;

use crate::Orientation;
use crate::error::Error;
use crate::pixels::{sample_count, turn, zeros};

/// Rows that are converted at a time: few enough to stay in the cache, and an even number, as two rows may share chroma.
const ROWS: usize = 64;

/// A sample of 8 bits, or of 16 that uses as many as were coded.
pub(super) trait Sample: Coded + Zeroable {}

impl Sample for u8 {}
impl Sample for u16 {}

/// A picture of `channels` samples a pixel: 3, or 4 with alpha, which is not premultiplied.
pub(super) struct Canvas<S> {
    width: usize,
    height: usize,
    channels: usize,
    /// Bits a sample.
    depth: u8,
    samples: Vec<S>,
}

/// Where a part lies on a canvas: its first column and row, its width and its height.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<S: Sample> Canvas<S> {
    /// Black, and opaque.
    pub(super) fn new((width, height): (u32, u32), alpha: bool, depth: u8) -> Result<Self, Error> {
        let channels = 3 + usize::from(alpha);
        let len = sample_count(width, height, channels).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let mut canvas = Self {
            width: width as usize,
            height: height as usize,
            channels,
            depth: S::depth(depth),
            samples: zeros(len)?,
        };
        if alpha {
            let opaque = S::from_u16(canvas.top());
            canvas.samples.iter_mut().skip(3).step_by(4).for_each(|a| *a = opaque);
        }
        Ok(canvas)
    }

    /// The largest value of a sample.
    fn top(&self) -> u16 {
        u16::MAX >> (16 - self.depth)
    }

    pub(super) fn whole(&self) -> Area {
        Area {
            left: 0,
            top: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// What of a part that lies at `left` and `top` is on the canvas.
    pub(super) fn clip(&self, left: usize, top: usize, width: usize, height: usize) -> Area {
        Area {
            left,
            top,
            width: width.min(self.width.saturating_sub(left)),
            height: height.min(self.height.saturating_sub(top)),
        }
    }

    /// Gives all pixels one colour, whose channels have 16 bits.
    pub(super) fn fill(&mut self, color: [u16; 4]) {
        let top = u32::from(self.top());
        let pixel = color.map(|v| S::from_u16(scaled(u32::from(v), u32::from(u16::MAX), top)));
        for p in self.samples.chunks_exact_mut(self.channels) {
            p.copy_from_slice(&pixel[..p.len()]);
        }
    }

    fn row(&mut self, area: Area, y: usize) -> &mut [S] {
        let at = ((area.top + y) * self.width + area.left) * self.channels;
        &mut self.samples[at..at + area.width * self.channels]
    }

    /// Converts a coded picture, from `origin` on, into `area`.
    pub(super) fn draw_frame(
        &mut self,
        frame: &Frame,
        origin: (usize, usize),
        params: ColorParams,
        area: Area,
    ) -> Result<(), Error> {
        let mut rgba: Vec<S> = zeros(area.width * ROWS.min(area.height) * 4)?;
        let channels = self.channels;
        for y in (0..area.height).step_by(ROWS) {
            // Two more rows, as chroma is interpolated between rows.
            let rows = (ROWS + 2).min(area.height - y);
            let strip = strip(frame, (origin.0, origin.1 + y), area.width, rows);
            let count = ROWS.min(rows);
            let mut lines: Vec<&mut [S]> = rgba.chunks_exact_mut(area.width * 4).take(count).collect();
            frame_to_rgba_into(&strip, params, &mut lines, area.width, rows);
            for (i, line) in lines.into_iter().enumerate() {
                let pixels = self.row(area, y + i).chunks_exact_mut(channels);
                for (out, pixel) in pixels.zip(line.chunks_exact(4)) {
                    out[..3].copy_from_slice(&pixel[..3]);
                }
            }
        }
        Ok(())
    }

    /// Takes the luma of a coded picture, from `origin` on, for the alpha of `area`.
    pub(super) fn draw_alpha_frame(
        &mut self,
        frame: &Frame,
        origin: (usize, usize),
        full_range: bool,
        area: Area,
    ) -> Result<(), Error> {
        let depth = u32::from(frame.bit_depth[0]);
        let (least, span) = if full_range {
            (0.0, f64::from((1_u32 << depth) - 1))
        } else {
            (f64::from(16_u32 << (depth - 8)), f64::from(219_u32 << (depth - 8)))
        };
        let top = f64::from(self.top());
        let mut levels: Vec<S> = zeros(1 << depth)?;
        for (value, level) in (0_u16..=u16::MAX).zip(&mut levels) {
            let share = (f64::from(value) - least) / span;
            *level = S::from_u16(whole((share * top).round().clamp(0.0, top)));
        }
        let stride = frame.widths[0] as usize;
        let channels = self.channels;
        for y in 0..area.height {
            let luma = &frame.planes[0][(origin.1 + y) * stride + origin.0..][..area.width];
            for (out, &v) in self.row(area, y).chunks_exact_mut(channels).zip(luma) {
                out[3] = levels[usize::from(v).min(levels.len() - 1)];
            }
        }
        Ok(())
    }

    /// Copies a picture of the same depth into `area`.
    pub(super) fn place(&mut self, part: &Self, area: Area) {
        let (to, from) = (self.channels, part.channels);
        let both = to.min(from);
        for y in 0..area.height {
            let pixels = part.samples[y * part.width * from..].chunks_exact(from);
            for (out, pixel) in self.row(area, y).chunks_exact_mut(to).zip(pixels) {
                out[..both].copy_from_slice(&pixel[..both]);
            }
        }
    }

    /// Takes the first channel of a picture, which is gray, for alpha.
    pub(super) fn place_alpha(&mut self, plane: &Self) {
        let (from, to) = (u32::from(plane.top()), u32::from(self.top()));
        let (area, channels) = (self.whole(), self.channels);
        for y in 0..area.height {
            let pixels = plane.samples[y * plane.width * plane.channels..].chunks_exact(plane.channels);
            for (out, pixel) in self.row(area, y).chunks_exact_mut(channels).zip(pixels) {
                out[3] = S::from_u16(scaled(u32::from(pixel[0].to_u16()), from, to));
            }
        }
    }

    /// Takes colours that were multiplied by alpha back to what they were.
    pub(super) fn divide_by_alpha(&mut self) {
        let top = u32::from(self.top());
        for pixel in self.samples.chunks_exact_mut(self.channels) {
            let [colors @ .., alpha] = pixel else { continue };
            let alpha = u32::from(alpha.to_u16());
            for v in colors {
                *v = S::from_u16(scaled(u32::from(v.to_u16()).min(alpha), alpha, top));
            }
        }
    }

    /// Lays a picture over the canvas, at any offset (Porter and Duff 1984, "over").
    pub(super) fn blend(&mut self, part: &Self, (left, top): (i64, i64)) {
        let (from, to) = (u32::from(part.top()), u32::from(self.top()));
        let channels = self.channels;
        for y in 0..part.height {
            let Some(row) = place_of(top, y, self.height) else {
                continue;
            };
            for x in 0..part.width {
                let Some(column) = place_of(left, x, self.width) else {
                    continue;
                };
                let at = (y * part.width + x) * part.channels;
                let pixel = &part.samples[at..at + part.channels];
                let out = &mut self.samples[(row * self.width + column) * channels..][..channels];
                if from == to && pixel.get(3).is_none_or(|a| u32::from(a.to_u16()) == from) {
                    // Opaque: nothing of what is below remains.
                    out[..3].copy_from_slice(&pixel[..3]);
                    if let Some(alpha) = out.get_mut(3) {
                        *alpha = S::from_u16(part.top());
                    }
                    continue;
                }
                let level = |v: &S, top: u32| u64::from(v.to_u16()) * u64::from(u16::MAX) / u64::from(top);
                let over = pixel.get(3).map_or(u64::from(u16::MAX), |a| level(a, from));
                let under = out.get(3).map_or(u64::from(u16::MAX), |a| level(a, to));
                // Of 65,535 squared.
                let (over, under) = (over * u64::from(u16::MAX), under * (u64::from(u16::MAX) - over));
                let sum = over + under;
                if sum == 0 {
                    continue;
                }
                for (out, v) in out.iter_mut().zip(&pixel[..3]) {
                    let v = u64::from(scaled(u32::from(v.to_u16()), from, to));
                    let mixed = (v * over + u64::from(out.to_u16()) * under + sum / 2) / sum;
                    *out = S::from_u16(u16::try_from(mixed).unwrap_or(u16::MAX));
                }
                if let Some(alpha) = out.get_mut(3) {
                    let top = u64::from(u16::MAX) * u64::from(u16::MAX);
                    let mixed = (sum * u64::from(to) + top / 2) / top;
                    *alpha = S::from_u16(u16::try_from(mixed).unwrap_or(u16::MAX));
                }
            }
        }
    }

    /// Keeps what is shown, as (left, top, width, height), and turns it upright.
    pub(super) fn transformed(mut self, shown: [u32; 4], orientation: Orientation) -> Result<Self, Error> {
        let [left, top, width, height] = shown.map(|v| v as usize);
        if (width, height) != (self.width, self.height) {
            let (stride, len) = (self.width * self.channels, width * self.channels);
            for y in 0..height {
                let from = (top + y) * stride + left * self.channels;
                self.samples.copy_within(from..from + len, y * len);
            }
            self.samples.truncate(height * len);
            (self.width, self.height) = (width, height);
        }
        if orientation != Orientation::Upright {
            let [_, _, width, height] = shown;
            self.samples = turn(&self.samples, width, height, self.channels, orientation)?;
            if orientation.swaps_axes() {
                (self.width, self.height) = (self.height, self.width);
            }
        }
        Ok(self)
    }

    pub(super) fn alpha(&self) -> bool {
        self.channels == 4
    }

    pub(super) fn depth(&self) -> u8 {
        self.depth
    }

    pub(super) fn into_samples(self) -> Vec<S> {
        self.samples
    }
}

/// The column or row of a canvas on which the `i`-th of a part at `offset` lies, if it lies there.
fn place_of(offset: i64, i: usize, side: usize) -> Option<usize> {
    let at = usize::try_from(offset.checked_add(i64::try_from(i).ok()?)?).ok()?;
    (at < side).then_some(at)
}

/// A value out of `from` as one out of `to`, rounded.
fn scaled(v: u32, from: u32, to: u32) -> u16 {
    if from == to {
        return u16::try_from(v).unwrap_or(u16::MAX);
    }
    u16::try_from((u64::from(v) * u64::from(to) + u64::from(from) / 2) / u64::from(from.max(1))).unwrap_or(u16::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of samples"
)]
fn whole(v: f64) -> u16 {
    v as u16
}

/// Some rows of a coded picture as a picture of their own: `width` × `rows` pixels from `origin` on, or fewer rows where
/// it ends.
fn strip(frame: &Frame, origin: (usize, usize), width: usize, rows: usize) -> Frame {
    let mut strip = Frame {
        widths: [0; 3],
        heights: [0; 3],
        planes: Default::default(),
        ..*frame
    };
    let across = (frame.widths[0] / frame.widths[1].max(1)) as usize;
    let down = (frame.heights[0] / frame.heights[1].max(1)) as usize;
    for plane in 0..3 {
        if frame.widths[plane] == 0 {
            continue;
        }
        let (across, down) = if plane == 0 { (1, 1) } else { (across, down) };
        let stride = frame.widths[plane] as usize;
        // As much as there is: what is beyond the picture's edge is padding, which the conversion leaves alone. Whole
        // samples of chroma, so that the sides of the planes keep their ratio.
        let (left, top) = (origin.0 / across, origin.1 / down);
        let columns = width.div_ceil(across).min(stride - left);
        let height = frame.heights[plane] as usize - top;
        let rows = rows.div_ceil(down).min(height);
        let (columns, rows) = if plane == 0 {
            (even(width, stride - left), even(rows, height))
        } else {
            (columns, rows)
        };
        let mut samples = Vec::with_capacity(columns * rows);
        for row in frame.planes[plane][top * stride..].chunks_exact(stride).take(rows) {
            samples.extend_from_slice(&row[left..left + columns]);
        }
        strip.planes[plane] = samples;
        strip.widths[plane] = u32::try_from(columns).unwrap_or(u32::MAX);
        strip.heights[plane] = u32::try_from(rows).unwrap_or(u32::MAX);
    }
    strip
}

/// The next even number, where there are so many.
fn even(count: usize, most: usize) -> usize {
    count.next_multiple_of(2).min(most)
}
