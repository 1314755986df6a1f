//! The search for what fits a byte limit.
//!
//! First quality: the highest that fits, found by counting sizes, not by writing files. Below the quality floor, and for
//! PNG, the picture is made smaller instead, each time from the source's pixels.

use crate::error::Error;

/// Sizes counted for one picture at the most. Interpolation comes within a percent in two or three.
const MAX_COUNTS: u32 = 8;

/// Attempts at smaller and smaller sizes.
const MAX_SHRINKS: u32 = 8;

/// The share of the limit from which on an attempt is good enough: looking on would cost more time than it gains.
const CLOSE: f64 = 0.985;

/// The share of the limit from which on a picture made smaller is large enough.
const NEAR: f64 = 0.9;

/// Where the search aims, so that an estimate a little off still fits.
const AIM: f64 = 0.993;

/// A quality in tenths, 10 to 1000: fine enough to come close to a byte limit, as the tables it scales have whole
/// numbers anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tenths(u16);

impl Tenths {
    pub(crate) fn of(quality: u8) -> Self {
        Self(u16::from(quality.clamp(1, 100)) * 10)
    }

    /// The nearest tenth below or at `quality`.
    #[allow(clippy::cast_possible_truncation)] // clamped
    fn floor(quality: f64) -> Self {
        Self((quality.clamp(1.0, 100.0) * 10.0 + 1e-6) as u16)
    }

    /// A tenth more.
    fn next(self) -> Self {
        Self((self.0 + 1).min(1000))
    }

    /// A tenth less.
    fn previous(self) -> Self {
        Self((self.0 - 1).max(10))
    }

    pub(crate) fn quality(self) -> f32 {
        f32::from(self.0) / 10.0
    }
}

/// Counts attempts, and remembers the smallest for the error.
#[derive(Default)]
pub(crate) struct Attempts {
    pub(crate) count: u32,
    smallest: Option<u64>,
}

impl Attempts {
    /// Notes an attempt and gives its size.
    pub(crate) fn note(&mut self, bytes: &[u8]) -> u64 {
        let size = bytes.len() as u64;
        self.count += 1;
        self.smallest = Some(self.smallest.map_or(size, |s| s.min(size)));
        size
    }

    /// The error that says how close the search came.
    pub(crate) fn does_not_fit(&self, limit: u64) -> Error {
        Error::DoesNotFit {
            limit,
            smallest: self.smallest.unwrap_or(u64::MAX),
            encodes: self.count,
        }
    }
}

/// A rough guess of how a photo's size runs over quality, as (quality, natural logarithm of bytes): chosen by hand, not
/// measured. It only places the first counts; from two measurements on the search follows their slope.
const SHAPE: [(f64, f64); 14] = [
    (1.0, -4.20),
    (5.0, -3.75),
    (10.0, -3.25),
    (20.0, -2.75),
    (30.0, -2.46),
    (40.0, -2.26),
    (50.0, -2.10),
    (60.0, -1.94),
    (70.0, -1.74),
    (80.0, -1.47),
    (90.0, -1.00),
    (95.0, -0.60),
    (98.0, -0.22),
    (100.0, 0.0),
];

/// The shape's logarithm at `quality`, by linear interpolation.
fn shape(quality: f64) -> f64 {
    let i = SHAPE.partition_point(|&(q, _)| q < quality).clamp(1, SHAPE.len() - 1);
    let ((q0, s0), (q1, s1)) = (SHAPE[i - 1], SHAPE[i]);
    s0 + (quality - q0) / (q1 - q0) * (s1 - s0)
}

/// The quality at which the shape has the logarithm `s`.
fn quality_at(s: f64) -> f64 {
    let i = SHAPE.partition_point(|&(_, v)| v < s).clamp(1, SHAPE.len() - 1);
    let ((q0, s0), (q1, s1)) = (SHAPE[i - 1], SHAPE[i]);
    (q0 + (s - s0) / (s1 - s0) * (q1 - q0)).clamp(1.0, 100.0)
}

/// The result of a search over quality.
pub(crate) enum Search {
    /// The best quality that fits, and its size.
    Fits { quality: Tenths, size: u64 },
    /// Even the floor has too many bytes: this many.
    TooLarge(u64),
}

/// A measured attempt.
#[derive(Clone, Copy)]
struct Point {
    quality: Tenths,
    /// The shape's logarithm at this quality.
    shape: f64,
    /// The logarithm of the size.
    size: f64,
}

impl Point {
    fn new(quality: Tenths, size: u64) -> Self {
        Self {
            quality,
            shape: shape(f64::from(quality.quality())),
            size: (size.max(1) as f64).ln(),
        }
    }

    /// The quality at which the line through this point with `slope` reaches the size `target`.
    fn reach(self, target: f64, slope: f64) -> Tenths {
        Tenths::floor(quality_at(self.shape + (target - self.size) / slope))
    }

    /// The slope of the line to `other`, kept within what pictures show: the shape's own is 1.
    fn slope(self, other: Self) -> f64 {
        let run = self.shape - other.shape;
        if run.abs() < 1e-6 {
            return 1.0;
        }
        ((self.size - other.size) / run).clamp(0.25, 3.0)
    }
}

/// The highest quality from `floor` to below `start`, whose size `first` was too large, at which `count` gives at most
/// `limit` bytes. Size is not trusted to grow with quality: what is returned was measured.
pub(crate) fn by_quality(
    limit: u64,
    (floor, start): (Tenths, Tenths),
    first: u64,
    mut count: impl FnMut(Tenths) -> Result<u64, Error>,
) -> Result<Search, Error> {
    let target = (limit as f64 * AIM).max(1.0).ln();
    let mut above = Point::new(start, first);
    let mut slope = 1.0;
    let mut best: Option<(Point, u64)> = None;
    for left in (0..MAX_COUNTS).rev() {
        let next = match best {
            Some((low, _)) => low.reach(target, low.slope(above)).max(low.quality.next()),
            // The last count settles whether anything fits.
            None if left == 0 => floor,
            None => above.reach(target, slope).max(floor),
        };
        let quality = next.min(above.quality.previous());
        if best.is_some_and(|(low, _)| quality <= low.quality) {
            break;
        }
        let size = count(quality)?;
        let here = Point::new(quality, size);
        if size <= limit {
            best = Some((here, size));
            if size as f64 >= limit as f64 * CLOSE {
                break;
            }
        } else if quality <= floor {
            return Ok(Search::TooLarge(size));
        } else {
            slope = here.slope(above);
            above = here;
        }
    }
    // Without a best one the last count was the floor's, and too large.
    Ok(best.map_or(Search::TooLarge(first), |(point, size)| Search::Fits {
        quality: point.quality,
        size,
    }))
}

/// Makes the picture smaller until `encode`, which is given the number of pixels to stay within, comes to at most
/// `limit` bytes, and then as large again as one more attempt allows. `pixels` and `size` are those of the attempt that
/// was too large.
pub(crate) fn by_size(
    limit: u64,
    pixels: u64,
    size: u64,
    attempts: &mut Attempts,
    mut encode: impl FnMut(u64) -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let goal = limit as f64 * AIM;
    let mut above = (pixels, size);
    let mut best: Option<(u64, Vec<u8>)> = None;
    for _ in 0..MAX_SHRINKS {
        let next = match &best {
            // A smaller picture has more detail per pixel, so its bytes shrink less than its pixels.
            None => share(above.0, (goal / above.1.max(1) as f64).powf(1.12).min(0.97)),
            // Between two measurements, along the line through their logarithms.
            Some((pixels, bytes)) => {
                let (low, low_size) = (*pixels as f64, bytes.len().max(1) as f64);
                let run = (above.0 as f64 / low).ln() / (above.1 as f64 / low_size).ln();
                share(*pixels, (goal / low_size).powf(run))
            }
        };
        if next >= above.0 || best.as_ref().is_some_and(|(low, _)| next <= *low) {
            break;
        }
        let bytes = encode(next)?;
        let size = attempts.note(&bytes);
        if size > limit {
            above = (next, size);
            continue;
        }
        let settled = best.is_some() || size as f64 >= limit as f64 * NEAR;
        best = Some((next, bytes));
        if settled {
            break;
        }
    }
    best.map(|(_, bytes)| bytes).ok_or_else(|| attempts.does_not_fit(limit))
}

#[allow(clippy::cast_possible_truncation)] // a share of a u64 is one
fn share(pixels: u64, ratio: f64) -> u64 {
    ((pixels as f64 * ratio) as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches below quality 100 of a picture whose size follows `curve`; gives quality, size and counts.
    fn search(limit: u64, floor: u8, curve: impl Fn(f64) -> f64) -> (Option<(f32, u64)>, u32) {
        let mut counts = 0;
        let qualities = (Tenths::of(floor), Tenths::of(100));
        let found = by_quality(limit, qualities, curve(100.0) as u64, |q| {
            counts += 1;
            Ok(curve(f64::from(q.quality())) as u64)
        });
        let found = match found.unwrap() {
            Search::Fits { quality, size } => Some((quality.quality(), size)),
            Search::TooLarge(_) => None,
        };
        (found, counts)
    }

    #[test]
    fn the_search_comes_close_on_very_different_curves() {
        let photo = |q: f64| 4e6 * shape(q).exp();
        let noise = |q: f64| 4e6 * (0.45 * shape(q)).exp();
        let flat = |q: f64| 1e5 + 4e6 * (1.9 * shape(q)).exp();
        for (name, curve) in [
            ("photo", &photo as &dyn Fn(f64) -> f64),
            ("noise", &noise),
            ("flat", &flat),
        ] {
            for percent in [90, 70, 50, 40, 30] {
                let limit = 4_000_000 * percent / 100;
                let (found, counts) = search(limit, 1, curve);
                let (quality, size) = found.unwrap();
                assert!(
                    size <= limit && counts <= MAX_COUNTS,
                    "{name} {percent}%: {size} in {counts}"
                );
                assert!(
                    size as f64 >= 0.97 * limit as f64,
                    "{name} {percent}%: {size} at {quality} in {counts}"
                );
            }
        }
    }

    #[test]
    fn steps_and_dips_end_in_something_that_fits() {
        let steps = |q: f64| 4e6 * (0.8 * shape((q / 1.5).floor() * 1.5)).exp();
        let dips = |q: f64| 4e6 * shape(q).exp() * if (q as u32).is_multiple_of(3) { 1.1 } else { 0.95 };
        for curve in [&steps as &dyn Fn(f64) -> f64, &dips] {
            for limit in [500_000, 1_000_000, 2_000_000, 3_000_000] {
                let (found, counts) = search(limit, 1, curve);
                assert!(found.unwrap().1 <= limit && counts <= MAX_COUNTS);
            }
        }
    }

    #[test]
    fn what_never_fits_says_so() {
        let (found, counts) = search(1_000, 60, |q| 4e6 * shape(q).exp());
        assert!(found.is_none() && counts <= 2);
        let mut attempts = Attempts::default();
        let error = by_size(10, 1000, 5000, &mut attempts, |p| Ok(vec![0; p as usize + 100])).unwrap_err();
        assert!(
            matches!(
                error,
                Error::DoesNotFit {
                    limit: 10,
                    smallest: 101..,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn shrinking_ends_within_the_limit() {
        let mut attempts = Attempts::default();
        let bytes = by_size(100_000, 1_000_000, 4_000_000, &mut attempts, |p| {
            Ok(vec![0; p as usize * 4])
        })
        .unwrap();
        assert!(bytes.len() <= 100_000 && bytes.len() > 90_000 && attempts.count <= 2);
    }
}
