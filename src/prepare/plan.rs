//! What to do with a photo, decided from its header: pure, and in integers throughout.

use crate::Orientation;
use crate::encode::jpeg::MAX_SIDE;
use crate::error::Error;
use crate::formats::Format;
use crate::formats::ImageInfo;
use crate::limits::Limits;
use crate::options::{Options, OutputFormat};

/// What has to be done with a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// Nothing: it conforms as it is.
    Keep,
    /// Its metadata has to change, or it is a JPEG that only needs turning and allows it without loss: its pixels need
    /// not be touched.
    Rewrite,
    /// It has to be decoded and encoded anew.
    Transcode {
        /// The format to be written; a PNG without alpha that turns out too large becomes a JPEG.
        format: Format,
        /// Width in pixels, upright; less if the bytes do not fit otherwise.
        width: u32,
        /// Height in pixels, upright; less if the bytes do not fit otherwise.
        height: u32,
    },
}

/// Decides from the header. `stored_bytes` is the size that the file would have with its metadata as the options want
/// it and its compressed picture untouched; `metadata_changes` tells whether that is another file than the source.
pub(crate) fn plan(
    info: &ImageInfo,
    stored_bytes: u64,
    metadata_changes: bool,
    options: &Options,
) -> Result<Plan, Error> {
    let limits = options.limits();
    let wanted = match options.format() {
        OutputFormat::Auto => limits.formats().contains(info.format),
        OutputFormat::Jpeg => info.format == Format::Jpeg,
        OutputFormat::Png => info.format == Format::Png,
    };
    let conforms = wanted
        && limits.formats().contains(info.format)
        && info.plain
        && limits.allow_size(info.width, info.height)
        && !(info.format == Format::Jpeg && info.width.max(info.height) > MAX_SIDE)
        && info.orientation == Orientation::Upright
        && stored_bytes <= limits.max_bytes();
    if conforms {
        return Ok(if metadata_changes { Plan::Rewrite } else { Plan::Keep });
    }
    anew(info, options)
}

/// The plan for a photo that is encoded anew.
pub(crate) fn anew(info: &ImageInfo, options: &Options) -> Result<Plan, Error> {
    let limits = options.limits();
    let format = output_format(info, options)?;
    let (width, height) = info.upright_size();
    let longest = if format == Format::Jpeg { MAX_SIDE } else { u32::MAX };
    let (width, height) = fit(width, height, &limits.with_max_side(longest.min(limits.max_side())));
    Ok(Plan::Transcode { format, width, height })
}

/// The format to write: what the caller asks for; else the source's, if it can be written; else PNG with alpha and
/// JPEG without. A format that the service refuses gives way to the other one.
fn output_format(info: &ImageInfo, options: &Options) -> Result<Format, Error> {
    let accepted = options.limits().formats();
    let wanted = match (options.format(), info.format) {
        (OutputFormat::Jpeg, _) | (OutputFormat::Auto, Format::Jpeg) => Format::Jpeg,
        (OutputFormat::Png, _) | (OutputFormat::Auto, Format::Png) => Format::Png,
        (OutputFormat::Auto, _) if info.alpha => Format::Png,
        (OutputFormat::Auto, _) => Format::Jpeg,
    };
    let other = if wanted == Format::Jpeg {
        Format::Png
    } else {
        Format::Jpeg
    };
    let possible = match options.format() {
        OutputFormat::Auto => [wanted, other],
        _ => [wanted; 2],
    };
    possible
        .into_iter()
        .find(|&f| accepted.contains(f))
        .ok_or(Error::NoOutputFormat { accepted })
}

/// The largest size within the limits' pixels and sides that keeps the aspect ratio of `width` × `height` as closely as
/// integers allow: never larger than the source, each side at least 1.
pub(crate) fn fit(width: u32, height: u32, limits: &Limits) -> (u32, u32) {
    let (width, height) = (width.max(1), height.max(1));
    if limits.allow_size(width, height) {
        return (width, height);
    }
    let (w, h) = (u128::from(width), u128::from(height));
    let pixels = u128::from(limits.max_pixels()).min(w * h);
    let side = u128::from(limits.max_side());
    // The exact target is (w·s, h·s) with s = √(pixels / (w·h)), or less where a side limit binds. A side below 1 is
    // raised to 1, which leaves `pixels` to the other.
    let mut x = (pixels * w / h).isqrt().max(1);
    let mut y = (pixels * h / w).isqrt().max(1);
    if x.max(y) > side {
        (x, y) = if w >= h {
            (side, side * h / w)
        } else {
            (side * w / h, side)
        };
    }
    let (x, y) = (x.max(1).min(w), y.max(1).min(h));
    // Both sides are rounded down by now; one of them a pixel larger may be closer to the ratio.
    let allowed = |x: u128, y: u128| x <= w.min(side) && y <= h.min(side) && x * y <= pixels;
    let error = |x: u128, y: u128| (x * h).abs_diff(y * w);
    let mut best = if x * y <= pixels {
        (x, y)
    } else if x > y {
        (pixels.max(1), 1)
    } else {
        (1, pixels.max(1))
    };
    // A side of 1 pixel cannot keep the ratio: the other one then takes what the pixels allow.
    if best.1 == 1 && h * best.0 < w {
        best.0 = pixels.min(side).min(w);
    } else if best.0 == 1 && w * best.1 < h {
        best.1 = pixels.min(side).min(h);
    }
    for (x, y) in [(best.0 + 1, best.1), (best.0, best.1 + 1)] {
        if allowed(x, y) && error(x, y) < error(best.0, best.1) {
            best = (x, y);
        }
    }
    // Both are at most the source's sides, which are u32.
    (
        u32::try_from(best.0).unwrap_or(width),
        u32::try_from(best.1).unwrap_or(height),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pixels(n: u64) -> Limits {
        Limits::unlimited().with_max_pixels(n)
    }

    #[test]
    fn known_sizes() {
        let bigin = Limits::bigin();
        assert_eq!(fit(4032, 3024, &bigin), (3651, 2738));
        assert_eq!(fit(3024, 4032, &bigin), (2738, 3651));
        assert_eq!(fit(4000, 2500, &bigin), (4000, 2500));
        assert_eq!(fit(8000, 6000, &bigin), (3651, 2738));
        assert_eq!(fit(65_535, 1, &pixels(10_000)), (10_000, 1));
        assert_eq!(fit(1, 65_535, &pixels(10_000)), (1, 10_000));
        assert_eq!(fit(65_535, 1, &bigin), (65_535, 1));
        assert_eq!(fit(65_535, 65_535, &bigin), (3162, 3162));
        assert_eq!(fit(4000, 3000, &Limits::unlimited().with_max_side(100)), (100, 75));
        assert_eq!(fit(20_000, 10, &Limits::bigin().with_max_side(12_000)), (12_000, 6));
        assert_eq!(fit(u32::MAX, u32::MAX, &pixels(1)), (1, 1));
    }

    proptest! {
        #[test]
        fn fits_never_enlarges_and_is_as_large_as_the_ratio_allows(
            w in 1u32..70_000, h in 1u32..70_000, max in 1u64..50_000_000, side in 1u32..70_000,
        ) {
            let limits = pixels(max).with_max_side(side);
            let (x, y) = fit(w, h, &limits);
            prop_assert!(x >= 1 && y >= 1 && x <= w && y <= h);
            prop_assert!(limits.allow_size(x, y), "{x} x {y}");
            // One pixel more on both sides would break a limit: nothing is given away.
            let more = x < w && y < h && limits.allow_size(x + 1, y + 1);
            prop_assert!(!more, "{x} x {y} leaves room");
            // Each side is within a pixel of what the other one asks for, unless it stands at 1.
            if x > 1 && y > 1 {
                let (dx, dy) = (u64::from(x) * u64::from(h), u64::from(y) * u64::from(w));
                prop_assert!(dx.abs_diff(dy) <= u64::from(w.max(h)), "{x} x {y} of {w} x {h}");
            }
            prop_assert_eq!(fit(x, y, &limits), (x, y));
            prop_assert_eq!(fit(h, w, &limits), (y, x));
        }
    }
}
