//! The weights of one axis: which source samples make a target sample, and how much of each.

use std::ops::Range;

use std::f64::consts::PI;

use crate::options::Filter;

/// What lies along one axis of a plane, and what is to be made of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    /// Samples that there are.
    pub(crate) source: usize,
    /// How many of them the picture covers: the picture's size divided by the plane's subsampling, so that it may end
    /// within the last sample.
    pub(crate) covered: f64,
    /// Samples to make.
    pub(crate) target: usize,
    /// How many of those the picture covers, likewise.
    pub(crate) target_covered: f64,
    /// Whether the target runs against the source. The target's samples lie where they belong from its own first edge,
    /// whatever is left over at the other one: chroma does not move against luma at odd sizes.
    pub(crate) flipped: bool,
}

/// Every target sample of one axis as a weighted sum of `taps` neighbouring source samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Axis {
    taps: usize,
    first: Vec<usize>,
    /// `taps` for each target sample; their sum is 1.
    weights: Vec<f32>,
}

impl Axis {
    /// The filter is widened by the scale where samples become fewer, and cut off at the edges of the plane, where the
    /// rest is given the whole weight (as Pillow, libvips and `fast_image_resize` do).
    pub(super) fn new(span: &Span, filter: Filter) -> Self {
        let scale = span.covered / span.target_covered;
        let width = scale.max(1.0);
        let radius = support(filter) * width;
        // The weights of all samples one after the other, and for each its first source sample and its weights' place.
        let mut all: Vec<f64> = Vec::with_capacity(span.target * (floor(2.0 * radius) + 3));
        let mut sums: Vec<(usize, Range<usize>)> = Vec::with_capacity(span.target);
        for index in 0..span.target {
            let along = (index as f64 + 0.5) * scale;
            let centre = if span.flipped { span.covered - along } else { along };
            // At most half a sample beyond an edge, where a flipped plane's last sample may lie.
            let from = floor(centre - radius).min(span.source - 1);
            let to = floor((centre + radius).ceil()).clamp(from + 1, span.source);
            let start = all.len();
            all.extend((from..to).map(|sample| weight(filter, (sample as f64 + 0.5 - centre) / width)));
            let weights = &mut all[start..];
            let sum: f64 = weights.iter().sum();
            if sum.abs() < 1e-6 {
                let even = 1.0 / weights.len() as f64;
                weights.fill(even);
            } else {
                weights.iter_mut().for_each(|w| *w /= sum);
            }
            // What is too small to move a 16-bit value is what rounding left of a zero.
            let skip = weights.iter().take_while(|w| w.abs() < NOTHING).count();
            let end = weights.iter().rposition(|w| w.abs() >= NOTHING).map_or(skip, |i| i + 1);
            sums.push((from + skip, start + skip..start + end));
        }
        Self::even(&all, &sums, span.source)
    }

    /// Gives all samples the same number of taps, moved into the plane where they would reach beyond it.
    fn even(all: &[f64], sums: &[(usize, Range<usize>)], source: usize) -> Self {
        let taps = sums.iter().map(|(_, w)| w.len()).max().unwrap_or(1).max(1);
        let mut axis = Self {
            taps,
            first: Vec::with_capacity(sums.len()),
            weights: vec![0.0; taps * sums.len()],
        };
        for ((from, place), weights) in sums.iter().zip(axis.weights.chunks_exact_mut(taps)) {
            let first = (*from).min(source - taps);
            for (to, &w) in weights.iter_mut().skip(from - first).zip(&all[place.clone()]) {
                *to = narrow(w);
            }
            axis.first.push(first);
        }
        axis
    }

    /// The same in the opposite order.
    pub(super) fn reversed(mut self) -> Self {
        self.first.reverse();
        let weights = self.weights.chunks_exact(self.taps.max(1)).rev();
        self.weights = weights.flatten().copied().collect();
        self
    }

    /// Source samples of a target sample.
    pub(super) fn taps(&self) -> usize {
        self.taps
    }

    /// The first source sample of each target sample.
    pub(super) fn first(&self) -> &[usize] {
        &self.first
    }

    /// The weights of each target sample.
    pub(super) fn weights(&self) -> &[f32] {
        &self.weights
    }
}

/// Weights below this are zero: half a unit of 16 bits, shared among hundreds of samples.
const NOTHING: f64 = 1e-7;

/// The filter's radius in target samples.
const fn support(filter: Filter) -> f64 {
    match filter {
        Filter::Lanczos3 => 3.0,
        Filter::CatmullRom => 2.0,
        Filter::Bilinear => 1.0,
        Filter::Box => 0.5,
    }
}

/// The filter at the distance `x`, in target samples.
fn weight(filter: Filter, x: f64) -> f64 {
    let d = x.abs();
    match filter {
        Filter::Lanczos3 if d < 3.0 => sinc(d) * sinc(d / 3.0),
        // Keys, "Cubic convolution interpolation for digital image processing" (1981), with a = −1/2.
        Filter::CatmullRom if d < 1.0 => (1.5 * d - 2.5) * d * d + 1.0,
        Filter::CatmullRom if d < 2.0 => ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0,
        Filter::Bilinear if d < 1.0 => 1.0 - d,
        Filter::Box if x > -0.5 && x <= 0.5 => 1.0,
        _ => 0.0,
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, which is what is wanted here
fn floor(x: f64) -> usize {
    x.max(0.0) as usize
}

#[allow(clippy::cast_possible_truncation)] // rounded to the nearest
fn narrow(x: f64) -> f32 {
    x as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(source: usize, target: usize) -> Span {
        Span {
            source,
            covered: source as f64,
            target,
            target_covered: target as f64,
            flipped: false,
        }
    }

    #[test]
    fn weights_sum_to_one_and_stay_inside() {
        for &(filter, _) in Filter::ALL {
            for (source, target) in [(1, 1), (2, 1), (7, 7), (7, 3), (100, 91), (640, 1), (5, 9), (1000, 13)] {
                for flipped in [false, true] {
                    let axis = Axis::new(
                        &Span {
                            flipped,
                            ..span(source, target)
                        },
                        filter,
                    );
                    assert_eq!(axis.first.len(), target);
                    for (first, weights) in axis.first.iter().zip(axis.weights.chunks_exact(axis.taps)) {
                        assert!(first + axis.taps <= source, "{filter:?} {source} to {target}");
                        let sum: f32 = weights.iter().sum();
                        assert!((sum - 1.0).abs() < 1e-5, "{filter:?} {source} to {target}: {sum}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_axis_of_the_same_size_is_left_alone() {
        for &(filter, _) in Filter::ALL {
            let axis = Axis::new(&span(9, 9), filter);
            assert_eq!((axis.taps, &axis.weights), (1, &vec![1.0; 9]), "{filter:?}");
            let flipped = Axis::new(
                &Span {
                    flipped: true,
                    ..span(9, 9)
                },
                filter,
            )
            .reversed();
            assert_eq!(axis.first, flipped.first);
        }
    }

    #[test]
    fn odd_sizes_keep_chroma_where_it_belongs() {
        // 9 pixels across, chroma at half the width: five samples, whose centres lie at 1, 3, 5, 7 and 9 pixels. The
        // mirrored picture wants samples at 1, 3, … from its own left, that is at 8, 6, … of the source: between two.
        let chroma = Span {
            source: 5,
            covered: 4.5,
            target: 5,
            target_covered: 4.5,
            flipped: true,
        };
        let axis = Axis::new(&chroma, Filter::Bilinear);
        assert_eq!(axis.taps, 2);
        assert_eq!(axis.first, [3, 2, 1, 0, 0]);
        assert_eq!(axis.weights[..8], [0.5; 8]);
    }
}
