//! ICC profiles: whether one is whole, what kind of curve it has, and those that numbers stand for.

use moxcms::{
    Chromaticity, ColorPrimaries, ColorProfile, Layout, LocalizableString, ProfileText, RenderingIntent, ToneReprCurve,
    TransformOptions,
};

use super::numbers::{Numbers, Transfer};
use crate::formats::bytes::be32;

/// The curve of sRGB as ICC profiles write it: power, factor, offset, slope of the linear part, and where that ends.
const SRGB_CURVE: [f32; 5] = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045];

/// The profile that `bytes` begin with, as long as its own header says (ICC.1:2022, 7.2.2); `None` if that is more than
/// there is, or no profile.
pub(crate) fn whole_profile(bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::try_from(be32(bytes, 0)?).ok()?;
    let profile = bytes.get(..length)?;
    // A header, and the number of tags.
    (length >= 132 && &profile[36..40] == b"acsp").then_some(profile)
}

/// The profile as the colour management reads it.
pub(super) fn parse(bytes: &[u8]) -> Option<ColorProfile> {
    ColorProfile::new_from_slice(bytes).ok()
}

/// Perceptual where the profile has tables for that; else relative colorimetric, which has the black point at 0 for
/// profiles without tables.
pub(super) fn intent(from: &ColorProfile) -> TransformOptions {
    TransformOptions {
        rendering_intent: if from.lut_a_to_b_perceptual.is_some() {
            RenderingIntent::Perceptual
        } else {
            RenderingIntent::RelativeColorimetric
        },
        ..TransformOptions::default()
    }
}

/// Colours of 8 bits as sRGB shows them, three samples for each; `None` if the colour management cannot use the profile.
pub(super) fn transformed(profile: &ColorProfile, gray: bool, colors: &[u8]) -> Option<Vec<u8>> {
    let (layout, channels) = if gray { (Layout::Gray, 1) } else { (Layout::Rgb, 3) };
    let transform = profile
        .create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, intent(profile))
        .ok()?;
    let mut shown = vec![0; colors.len() / channels * 3];
    transform.transform(colors, &mut shown).ok()?;
    Some(shown)
}

/// Whether a profile shows all colours as sRGB does, give or take two levels of 255.
pub(super) fn is_srgb(profile: &ColorProfile, gray: bool) -> bool {
    const STEPS: [u8; 6] = [0, 48, 96, 144, 200, 255];
    let colors: Vec<u8> = if gray {
        (0..=255).collect()
    } else {
        let all = |r| {
            STEPS
                .iter()
                .flat_map(move |&g| STEPS.iter().flat_map(move |&b| [r, g, b]))
        };
        STEPS.iter().flat_map(|&r| all(r)).collect()
    };
    transformed(profile, gray, &colors).is_some_and(|shown| {
        let same = |(a, b): (&u8, u8)| a.abs_diff(b) <= 2;
        if gray {
            shown.iter().step_by(3).zip(0..=255).all(same)
        } else {
            shown.iter().zip(colors).all(same)
        }
    })
}

/// Whether the values of a profile are nearer to light than to what the eye sees of it: a power below 1.5.
pub(super) fn is_linear(profile: &ColorProfile, gray: bool) -> bool {
    // Where there are tables of colours the curves are not all of it.
    if profile.lut_a_to_b_perceptual.is_some() || profile.lut_a_to_b_colorimetric.is_some() {
        return false;
    }
    let curve = if gray { &profile.gray_trc } else { &profile.green_trc };
    curve.as_ref().is_some_and(|curve| half(curve) > 0.354)
}

/// The light of half the largest value (ICC.1:2022, 10.6 and 10.18).
fn half(curve: &ToneReprCurve) -> f32 {
    match curve {
        ToneReprCurve::Lut(table) => match table[..] {
            [] => 0.5,
            [gamma] => 0.5_f32.powf(f32::from(gamma) / 256.0),
            _ => f32::from(table[table.len() / 2]) / 65_535.0,
        },
        ToneReprCurve::Parametric(p) => match p[..] {
            [g] => 0.5_f32.powf(g),
            [g, a, b, ref rest @ ..] => {
                let added = match rest {
                    [c] => *c,
                    [_, _, e, _] => *e,
                    _ => 0.0,
                };
                (a * 0.5 + b).max(0.0).powf(g) + added
            }
            _ => 0.0,
        },
    }
}

/// The colours of a profile for RGB with the curve of sRGB: as they are worked with, and as a file has them.
pub(super) fn with_srgb_transfer(profile: &ColorProfile) -> Option<(ColorProfile, Vec<u8>)> {
    let mut target = profile.clone();
    let curve = Some(ToneReprCurve::Parametric(SRGB_CURVE.to_vec()));
    target.red_trc.clone_from(&curve);
    target.green_trc.clone_from(&curve);
    target.blue_trc = curve;
    target.cicp = None;
    target.description = Some(text("colours of a linear profile, sRGB curve"));
    let bytes = encode(&target)?;
    Some((target, bytes))
}

/// The profile that numbers stand for; `None` for high dynamic range.
pub(super) fn of(numbers: &Numbers) -> Option<ColorProfile> {
    let curve = |table: Option<&[u16]>| match (&numbers.transfer, table) {
        (Transfer::Srgb, _) => Some(ToneReprCurve::Parametric(SRGB_CURVE.to_vec())),
        #[expect(clippy::cast_possible_truncation, reason = "a power below 10")]
        (Transfer::Gamma(gamma), _) => Some(ToneReprCurve::Parametric(vec![*gamma as f32])),
        (Transfer::Tables(_), Some(table)) => Some(ToneReprCurve::Lut(table.to_vec())),
        _ => None,
    };
    let tables = match &numbers.transfer {
        Transfer::Tables(tables) => tables.each_ref().map(|table| Some(&**table)),
        _ => [None; 3],
    };
    let mut profile = ColorProfile::new_srgb();
    if !numbers.primaries.is_srgb() {
        #[expect(clippy::cast_possible_truncation, reason = "chromaticities are about 0 to 1")]
        let point = |[x, y]: [f64; 2]| Chromaticity::new(x as f32, y as f32);
        let primaries = numbers.primaries;
        profile.update_rgb_colorimetry(
            point(primaries.white).to_xyyb(),
            ColorPrimaries {
                red: point(primaries.red),
                green: point(primaries.green),
                blue: point(primaries.blue),
            },
        );
    }
    profile.red_trc = Some(curve(tables[0])?);
    profile.green_trc = Some(curve(tables[1])?);
    profile.blue_trc = Some(curve(tables[2])?);
    profile.cicp = None;
    profile.description = Some(text("colours described by numbers"));
    Some(profile)
}

/// The same as a file has it.
pub(crate) fn of_numbers(numbers: &Numbers) -> Option<Vec<u8>> {
    encode(&of(numbers)?)
}

fn text(words: &str) -> ProfileText {
    ProfileText::Localizable(vec![LocalizableString::new(
        "en".to_owned(),
        "US".to_owned(),
        words.to_owned(),
    )])
}

/// A profile as a file has it, with a date that is always the same (ICC.1:2022, 7.2.8).
fn encode(profile: &ColorProfile) -> Option<Vec<u8>> {
    const YEAR: u16 = 2025;
    let mut bytes = profile.encode().ok()?;
    let date = bytes.get_mut(24..36)?;
    date.fill(0);
    date[..2].copy_from_slice(&YEAR.to_be_bytes());
    // The first day of the first month.
    (date[3], date[5]) = (1, 1);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::numbers::Primaries;

    #[test]
    fn a_profile_is_as_long_as_it_says() {
        let profile = of_numbers(&Numbers::SRGB).unwrap();
        let padded = [profile.as_slice(), b"padding"].concat();
        assert_eq!(whole_profile(&padded), Some(profile.as_slice()));
        assert_eq!(whole_profile(&profile[..profile.len() - 1]), None);
        assert_eq!(whole_profile(b"no profile"), None);
        assert_eq!(of_numbers(&Numbers::SRGB), Some(profile), "it has no date of today");
    }

    #[test]
    fn profiles_are_told_by_what_they_show() {
        let shows = |numbers: &Numbers| is_srgb(&parse(&of_numbers(numbers).unwrap()).unwrap(), false);
        assert!(shows(&Numbers::SRGB));
        assert!(is_srgb(&ColorProfile::new_srgb(), false));
        let adobe = Numbers {
            primaries: Primaries::ADOBE_RGB,
            transfer: Transfer::Gamma(2.2),
        };
        assert!(!shows(&adobe));
        assert!(!is_srgb(&ColorProfile::new_display_p3(), false));
        assert!(!is_srgb(&ColorProfile::new_gray_with_gamma(1.0), true));
    }

    #[test]
    fn linear_profiles_are_told_by_their_curve() {
        assert!(is_linear(&ColorProfile::new_aces_cg_linear(), false));
        assert!(is_linear(&ColorProfile::new_gray_with_gamma(1.0), true));
        for curved in [
            ColorProfile::new_srgb(),
            ColorProfile::new_adobe_rgb(),
            ColorProfile::new_pro_photo_rgb(),
        ] {
            assert!(!is_linear(&curved, false));
        }
        let (target, bytes) = with_srgb_transfer(&ColorProfile::new_aces_cg_linear()).unwrap();
        assert!(!is_linear(&target, false));
        assert!(!is_linear(&parse(&bytes).unwrap(), false));
    }
}
