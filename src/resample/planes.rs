//! Resampling of one 8-bit plane, in strips as a decoder hands them out.
//!
//! Rows of the source wait in a window of bytes until sixteen target rows can be made of them: weighted sums of rows
//! first, tile by tile in the first-level cache, then of columns (see [`kernels`](super::kernels)). Nothing but the
//! window depends on the source's size, and it holds the filter's reach.
//!
//! Light: averages of gamma-coded luma darken fine detail, so luma is brought to linear light before and back behind the
//! sums, by a cubic close to the sRGB curve whose inverse is a square root and a few terms (see [`kernels`]).

use super::axis::Axis;
pub(crate) use super::axis::Span;
pub(crate) use super::kernels::LINES;
use super::kernels::{self, Column, Columns, Rows, TILE, TileRow};
use crate::error::Error;
use crate::options::Filter;
use crate::pixels::resize;

/// What is to be done with a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Job {
    /// Along the rows.
    pub(crate) across: Span,
    /// Down the columns. Where it is flipped, the target's last row is made first.
    pub(crate) down: Span,
    pub(crate) filter: Filter,
    /// Whether samples are averaged in linear light: luma.
    pub(crate) linear: bool,
}

/// Resamples one plane after the other and keeps its memory.
#[derive(Default)]
pub(crate) struct PlaneResampler {
    across: Axis,
    down: Axis,
    linear: bool,
    width: usize,
    /// Source rows, `stride` bytes each, from row `top` on.
    window: Vec<u8>,
    stride: usize,
    top: usize,
    /// The next target row, in the order of making.
    next: usize,
    tile: Vec<TileRow>,
    columns: Vec<Column>,
    made: Vec<[u8; LINES]>,
}

/// Up to sixteen target rows, column by column.
pub(crate) struct Band<'a> {
    /// The first of them in the order of making.
    pub(crate) first: usize,
    /// How many there are.
    pub(crate) rows: usize,
    /// Their columns; what is behind `rows` is to be left alone.
    pub(crate) columns: &'a [[u8; LINES]],
}

impl Band<'_> {
    /// Writes the rows to `out`, `stride` bytes apart.
    pub(crate) fn write_rows(&self, out: &mut [u8], stride: usize) {
        let end = out.len().min(self.rows * stride);
        kernels::into_rows(self.columns, &mut out[..end], stride);
    }
}

impl PlaneResampler {
    /// Begins a plane.
    pub(crate) fn start(&mut self, job: &Job) -> Result<(), Error> {
        self.across = Axis::new(&job.across, job.filter);
        let down = Axis::new(&job.down, job.filter);
        self.down = if job.down.flipped { down.reversed() } else { down };
        self.linear = job.linear;
        self.width = job.across.source;
        self.stride = self.width.next_multiple_of(TILE);
        self.window.clear();
        (self.top, self.next) = (0, 0);
        resize(&mut self.columns, self.stride)?;
        resize(&mut self.made, job.across.target)
    }

    /// Takes the next rows of the source, each as long as the plane is wide, and gives all target rows that can be made.
    pub(crate) fn push<'r>(
        &mut self,
        rows: impl Iterator<Item = &'r [u8]>,
        mut take: impl FnMut(Band<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for row in rows {
            let end = self.window.len() + self.stride;
            let more = Error::OutOfMemory { bytes: end as u64 };
            self.window.try_reserve(self.stride).map_err(|_| more)?;
            self.window.extend_from_slice(row.get(..self.width).unwrap_or(row));
            self.window.resize(end, 0);
        }
        let bottom = self.top + self.window.len() / self.stride;
        let total = self.down.first().len();
        while self.next < total {
            let count = LINES.min(total - self.next);
            let first = &self.down.first()[self.next..self.next + count];
            let (origin, end) = (first[0], first[count - 1] + self.down.taps());
            if end > bottom {
                break;
            }
            self.band(origin, end, count)?;
            take(Band {
                first: self.next,
                rows: count,
                columns: &self.made,
            })?;
            self.next += count;
        }
        // What no row to come needs is dropped.
        let needed = self.down.first().get(self.next).map_or(bottom, |&row| row.min(bottom));
        self.window.drain(..(needed - self.top) * self.stride);
        self.top = needed;
        Ok(())
    }

    /// Makes `count` target rows of the source rows from `origin` to `end`.
    fn band(&mut self, origin: usize, end: usize, count: usize) -> Result<(), Error> {
        resize(&mut self.tile, end - origin)?;
        let taps = self.down.taps();
        let rows = Rows {
            samples: &self.window[(origin - self.top) * self.stride..(end - self.top) * self.stride],
            stride: self.stride,
            first: &self.down.first()[self.next..self.next + count],
            origin,
            taps,
            weights: &self.down.weights()[self.next * taps..],
            linear: self.linear,
        };
        kernels::vertical(&rows, &mut self.tile, &mut self.columns);
        let sums = Columns {
            first: self.across.first(),
            taps: self.across.taps(),
            weights: self.across.weights(),
            linear: self.linear,
        };
        kernels::horizontal(&sums, &self.columns, &mut self.made);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fast_image_resize as fir;

    fn plane(width: usize, height: usize) -> Vec<u8> {
        (0..width * height)
            .map(|i| {
                let (x, y) = (i % width, i / width);
                let wave = (x * 3 + y * 5) % 67 + (x * y) % 31;
                let checks = if (x / 7 + y / 5) % 2 == 0 { 60 } else { 0 };
                // Far from black and white: the yardstick cuts off overshoots between its two passes.
                (wave + checks + 50) as u8
            })
            .collect()
    }

    fn span(source: usize, target: usize) -> Span {
        Span {
            source,
            covered: source as f64,
            target,
            target_covered: target as f64,
            flipped: false,
        }
    }

    /// Resamples in strips of `strip` rows; rows in the order of making.
    fn resample(source: &[u8], job: &Job, strip: usize) -> Vec<u8> {
        let mut resampler = PlaneResampler::default();
        resampler.start(job).unwrap();
        let width = job.across.target;
        let mut out = vec![0; width * job.down.target];
        for strip in source.chunks(strip * job.across.source) {
            resampler
                .push(strip.chunks(job.across.source), |band| {
                    band.write_rows(&mut out[band.first * width..], width);
                    Ok(())
                })
                .unwrap();
        }
        assert_eq!(resampler.next, job.down.target);
        out
    }

    fn job(from: (usize, usize), to: (usize, usize), filter: Filter) -> Job {
        Job {
            across: span(from.0, to.0),
            down: span(from.1, to.1),
            filter,
            linear: false,
        }
    }

    #[test]
    fn agrees_with_fast_image_resize() {
        let kernels = [
            (Filter::Lanczos3, fir::FilterType::Lanczos3),
            (Filter::CatmullRom, fir::FilterType::CatmullRom),
            (Filter::Bilinear, fir::FilterType::Bilinear),
            (Filter::Box, fir::FilterType::Box),
        ];
        let from = (403, 302);
        let source = plane(from.0, from.1);
        let mut total = 0;
        let mut off = 0;
        for to in [
            (365, 273),
            (201, 151),
            (130, 97),
            (57, 43),
            (13, 300),
            (403, 17),
            (1, 1),
        ] {
            for (filter, kernel) in kernels {
                let ours = resample(&source, &job(from, to, filter), 16);
                let image = fir::images::ImageRef::new(403, 302, &source, fir::PixelType::U8).unwrap();
                let mut theirs = fir::images::Image::new(to.0 as u32, to.1 as u32, fir::PixelType::U8);
                let options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(kernel));
                fir::Resizer::new().resize(&image, &mut theirs, &options).unwrap();
                total += ours.len();
                off += ours
                    .iter()
                    .zip(theirs.buffer())
                    .filter(|(a, b)| a.abs_diff(**b) > 1)
                    .count();
            }
        }
        assert!(off * 100_000 <= total * 10, "{off} of {total} differ by more than 1");
    }

    #[test]
    fn strips_equal_the_whole_plane() {
        let from = (131, 97);
        let source = plane(from.0, from.1);
        for to in [(131, 97), (119, 88), (60, 45), (17, 9), (200, 97), (3, 1)] {
            for linear in [false, true] {
                let job = Job {
                    linear,
                    ..job(from, to, Filter::Lanczos3)
                };
                let whole = resample(&source, &job, from.1);
                for strip in [1, 8, 16, 33] {
                    assert!(resample(&source, &job, strip) == whole, "{to:?} in strips of {strip}");
                }
            }
        }
    }

    #[test]
    fn the_same_size_gives_the_same_samples() {
        let source = plane(77, 35);
        for linear in [false, true] {
            let same = Job {
                linear,
                ..job((77, 35), (77, 35), Filter::Lanczos3)
            };
            assert!(resample(&source, &same, 8) == source);
        }
    }

    #[test]
    fn flipped_axes_give_the_mirrored_result() {
        let from = (61, 43);
        let source = plane(from.0, from.1);
        let straight = job(from, (40, 29), Filter::Lanczos3);
        let rows = resample(&source, &straight, 8);
        let mirrored = Job {
            across: Span {
                flipped: true,
                ..straight.across
            },
            ..straight
        };
        let across = resample(&source, &mirrored, 8);
        let reversed: Vec<u8> = rows.chunks(40).flat_map(|row| row.iter().rev().copied()).collect();
        let far = across
            .iter()
            .zip(&reversed)
            .filter(|(a, b)| a.abs_diff(**b) > 1)
            .count();
        assert_eq!(far, 0);
        // Downwards, the rows come in the source's order all the same.
        let upturned = Job {
            down: Span {
                flipped: true,
                ..straight.down
            },
            ..straight
        };
        let down = resample(&source, &upturned, 8);
        assert!(down.iter().zip(&rows).all(|(a, b)| a.abs_diff(*b) <= 1));
    }

    #[test]
    fn linear_light_keeps_the_light_of_fine_detail() {
        // Black and white dots average to half the light, which the sRGB curve codes as 187.5.
        let source: Vec<u8> = (0..64 * 64)
            .map(|i| if (i % 64 + i / 64) % 2 == 0 { 255 } else { 0 })
            .collect();
        let gamma = resample(&source, &job((64, 64), (16, 16), Filter::Box), 8);
        let linear = resample(
            &source,
            &Job {
                linear: true,
                ..job((64, 64), (16, 16), Filter::Box)
            },
            8,
        );
        assert!(gamma.iter().all(|&v| (127..=128).contains(&v)));
        assert!(linear.iter().all(|&v| (186..=189).contains(&v)), "{linear:?}");
    }
}
