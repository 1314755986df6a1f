//! Samples converted to other colours, in place.

use moxcms::{ColorProfile, Layout as ProfileLayout, TransformExecutor};

use super::hdr::ToneMap;
use super::numbers::{Numbers, Transfer, srgb_encode};
use super::profile::{self, intent, transformed};
use crate::CancelToken;
use crate::error::Error;
use crate::pixels::{Layout, Raster, Samples, zeros};
use crate::threads::for_each_chunk;

/// Samples that are converted at a time: whole pixels of any layout.
const PIECE: usize = 12 * 1024;

/// How the samples of a picture are converted.
pub(crate) enum Conversion {
    /// Grays, from a transfer function to that of sRGB.
    Gray(Transfer),
    /// Grays, from a profile to the curve of sRGB.
    GrayProfile(Box<ColorProfile>),
    /// From the first profile for RGB to the second.
    Profiles(Box<[ColorProfile; 2]>),
    /// From high dynamic range to sRGB.
    ToneMap(Numbers),
}

impl Conversion {
    pub(super) fn gray(transfer: &Transfer) -> Self {
        Self::Gray(transfer.clone())
    }

    pub(super) fn tone_map(numbers: &Numbers) -> Self {
        Self::ToneMap(numbers.clone())
    }

    /// From numbers to numbers; `None` if no profile can be made of them.
    pub(super) fn between(from: &Numbers, to: &Numbers) -> Option<Self> {
        Self::checked([profile::of(from)?, profile::of(to)?])
    }

    /// From a profile to sRGB; `None` if the colour management cannot use it.
    pub(super) fn to_srgb(profile: ColorProfile, gray: bool) -> Option<Self> {
        if gray {
            transformed(&profile, true, &[0])?;
            return Some(Self::GrayProfile(Box::new(profile)));
        }
        Self::checked([profile, ColorProfile::new_srgb()])
    }

    fn checked(profiles: [ColorProfile; 2]) -> Option<Self> {
        let [from, to] = &profiles;
        from.create_transform_8bit(ProfileLayout::Rgb, to, ProfileLayout::Rgb, intent(from))
            .ok()?;
        Some(Self::Profiles(Box::new(profiles)))
    }

    /// Converts a picture: a palette by its colours.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], and when `cancel` says so.
    pub(crate) fn apply(&self, raster: &mut Raster, cancel: &CancelToken) -> Result<(), Error> {
        let (samples, layout) = raster.samples_mut();
        match self {
            Self::Gray(transfer) => levels(samples, layout, cancel, |top| {
                let value = |i: u32| srgb_encode(transfer.decode(f64::from(i) / f64::from(top)));
                Ok((0..=top).map(|i| whole(value(i) * f64::from(top), top)).collect())
            }),
            Self::GrayProfile(profile) => levels(samples, layout, cancel, |top| ramp(profile, top)),
            Self::Profiles(profiles) => {
                let [from, to] = &**profiles;
                let shape = if layout.has_alpha() {
                    ProfileLayout::Rgba
                } else {
                    ProfileLayout::Rgb
                };
                match samples {
                    Samples::U8(samples) => {
                        let transform = from
                            .create_transform_8bit(shape, to, shape, intent(from))
                            .map_err(refuse)?;
                        through(&*transform, samples, cancel)
                    }
                    Samples::U16(samples) => {
                        let transform = from
                            .create_transform_16bit(shape, to, shape, intent(from))
                            .map_err(refuse)?;
                        through(&*transform, samples, cancel)
                    }
                    Samples::Indexed(_, palette) => {
                        let shape = ProfileLayout::Rgba;
                        let transform = from
                            .create_transform_8bit(shape, to, shape, intent(from))
                            .map_err(refuse)?;
                        through(&*transform, palette.rgba_mut(), cancel)
                    }
                }
            }
            Self::ToneMap(numbers) => match samples {
                Samples::U8(samples) => ToneMap::new(numbers, samples, layout)?.apply(samples, cancel),
                Samples::U16(samples) => ToneMap::new(numbers, samples, layout)?.apply(samples, cancel),
                Samples::Indexed(_, palette) => {
                    let colors = palette.rgba_mut();
                    ToneMap::new(numbers, colors, Layout::Rgba)?.apply(colors, cancel)
                }
            },
        }
    }
}

/// A profile that could be used at 8 bits cannot at another depth.
fn refuse(error: moxcms::CmsError) -> Error {
    Error::unsupported(format!("this colour profile ({error})"))
}

/// What sRGB has for each gray of a profile, of which `top` is the largest.
fn ramp(profile: &ColorProfile, top: u32) -> Result<Vec<u16>, Error> {
    let values = 0..=u16::try_from(top).unwrap_or(u16::MAX);
    let scale = u16::MAX / u16::try_from(top).unwrap_or(u16::MAX).max(1);
    let grays: Vec<u16> = values.map(|v| v * scale).collect();
    let mut shown = vec![0_u16; grays.len() * 3];
    profile
        .create_transform_16bit(
            ProfileLayout::Gray,
            &ColorProfile::new_srgb(),
            ProfileLayout::Rgb,
            intent(profile),
        )
        .and_then(|transform| transform.transform(&grays, &mut shown))
        .map_err(refuse)?;
    Ok(shown
        .chunks_exact(3)
        .map(|p| p[0].saturating_add(scale / 2) / scale)
        .collect())
}

/// Gives each sample but alpha the value that a table has for it: `table` makes one up to a largest value.
fn levels(
    samples: &mut Samples,
    layout: Layout,
    cancel: &CancelToken,
    table: impl Fn(u32) -> Result<Vec<u16>, Error>,
) -> Result<(), Error> {
    match samples {
        Samples::U8(samples) => {
            let table: Vec<u8> = table(255)?
                .into_iter()
                .map(|v| u8::try_from(v).unwrap_or(u8::MAX))
                .collect();
            by_table(samples, layout, &table, usize::from, cancel)
        }
        Samples::U16(samples) => by_table(samples, layout, &table(65_535)?, usize::from, cancel),
        Samples::Indexed(_, palette) => {
            let table: Vec<u8> = table(255)?
                .into_iter()
                .map(|v| u8::try_from(v).unwrap_or(u8::MAX))
                .collect();
            by_table(palette.rgba_mut(), Layout::Rgba, &table, usize::from, cancel)
        }
    }
}

fn by_table<T: Copy + Send + Sync>(
    samples: &mut [T],
    layout: Layout,
    table: &[T],
    index: impl Fn(T) -> usize + Sync,
    cancel: &CancelToken,
) -> Result<(), Error> {
    let colors = layout.channels() - usize::from(layout.has_alpha());
    for_each_chunk(
        samples,
        PIECE,
        &mut (),
        || (),
        |(), _, piece| {
            cancel.check()?;
            for pixel in piece.chunks_exact_mut(layout.channels()) {
                for v in &mut pixel[..colors] {
                    *v = table[index(*v)];
                }
            }
            Ok(())
        },
    )
}

/// Converts samples in pieces, as a transformation writes elsewhere than it reads.
fn through<T: Copy + Default + Send + Sync + bytemuck::Zeroable>(
    transform: &(dyn TransformExecutor<T> + Send + Sync),
    samples: &mut [T],
    cancel: &CancelToken,
) -> Result<(), Error> {
    let mut own = zeros(PIECE)?;
    for_each_chunk(
        samples,
        PIECE,
        &mut own,
        || vec![T::zeroed(); PIECE],
        |held, _, piece| {
            cancel.check()?;
            let source = &mut held[..piece.len()];
            source.copy_from_slice(piece);
            transform.transform(source, piece).map_err(refuse)
        },
    )
}

/// A value rounded to a whole one up to `top`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 16 bits"
)]
fn whole(v: f64, top: u32) -> u16 {
    v.round().clamp(0.0, f64::from(top.min(65_535))) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::numbers::Primaries;
    use crate::pixels::Palette;

    fn converted(conversion: &Conversion, layout: Layout, samples: Samples) -> Samples {
        let pixels = match &samples {
            Samples::U8(v) => v.len() / layout.channels(),
            Samples::U16(v) => v.len() / layout.channels(),
            Samples::Indexed(v, _) => v.len(),
        };
        let mut raster = Raster::new(u32::try_from(pixels).unwrap(), 1, layout, samples).unwrap();
        conversion.apply(&mut raster, &CancelToken::new()).unwrap();
        raster.samples().clone()
    }

    #[test]
    fn half_of_the_light_is_188_of_srgb_at_every_depth_and_layout() {
        let linear = Numbers {
            transfer: Transfer::Gamma(1.0),
            ..Numbers::SRGB
        };
        let colors = Conversion::between(&linear, &Numbers::SRGB).unwrap();
        let grays = Conversion::gray(&linear.transfer);
        assert_eq!(
            converted(&colors, Layout::Rgba, Samples::U8(vec![128, 0, 255, 7])),
            Samples::U8(vec![188, 0, 255, 7])
        );
        assert_eq!(
            converted(&grays, Layout::GrayAlpha, Samples::U8(vec![128, 9])),
            Samples::U8(vec![188, 9])
        );
        for (conversion, layout, samples) in [
            (&colors, Layout::Rgb, vec![32_768; 3]),
            (&grays, Layout::Gray, vec![32_768]),
        ] {
            let Samples::U16(out) = converted(conversion, layout, Samples::U16(samples)) else {
                panic!()
            };
            assert!(out.iter().all(|v| v.abs_diff(48_190) < 40), "{out:?}");
        }
        let palette = Palette::new(&[128, 128, 128, 255, 0, 0], |_| 255);
        let expected = Palette::new(&[188, 188, 188, 255, 0, 0], |_| 255);
        assert_eq!(
            converted(&colors, Layout::Rgb, Samples::Indexed(vec![0, 1], palette)),
            Samples::Indexed(vec![0, 1], expected)
        );
    }

    #[test]
    fn wider_primaries_become_stronger_values() {
        let p3 = Numbers {
            primaries: Primaries::of_code(12).unwrap(),
            ..Numbers::SRGB
        };
        let conversion = Conversion::between(&p3, &Numbers::SRGB).unwrap();
        let Samples::U8(out) = converted(&conversion, Layout::Rgb, Samples::U8(vec![90, 90, 90, 200, 100, 100])) else {
            panic!()
        };
        assert!(out[..3].iter().all(|v| v.abs_diff(90) <= 1), "{out:?}");
        assert!(out[3] > 205 && out[4] < 100 && out[5] < 100, "{out:?}");
    }

    #[test]
    fn a_gray_profile_gives_its_curve() {
        let conversion = Conversion::to_srgb(ColorProfile::new_gray_with_gamma(1.0), true).unwrap();
        let Samples::U8(out) = converted(&conversion, Layout::Gray, Samples::U8(vec![0, 128, 255])) else {
            panic!()
        };
        assert_eq!((out[0], out[2]), (0, 255));
        assert!(out[1].abs_diff(188) <= 1, "{out:?}");
    }
}
