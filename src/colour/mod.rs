//! What the numbers of a picture mean, and what is done so that its result says the same: a profile is carried along,
//! what no profile of a JPEG or PNG can say is converted, and [`Colour::Srgb`] converts everything.

mod convert;
mod hdr;
pub(crate) mod icc;
pub(crate) mod inks;
mod numbers;
mod profile;

pub(crate) use convert::Conversion;
pub(crate) use numbers::{Numbers, Primaries, Transfer};
pub(crate) use profile::{of_numbers, whole_profile};

use self::icc::ProfileSpace;
use crate::options::Colour;
use crate::report::Loss;

/// What a source says about its colours.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Description {
    /// Nothing, which means sRGB.
    Unsaid,
    /// That they are sRGB's.
    Srgb,
    /// What they are, by an ICC profile.
    Profile(Vec<u8>),
    /// What they are, by primaries and a transfer function.
    Numbers(Numbers),
    /// Something, by a profile that cannot be used.
    Unusable,
}

impl Description {
    /// By two code points of ITU-T H.273.
    #[cfg(feature = "heic")]
    pub(crate) fn of_codes(primaries: u16, transfer: u16) -> Self {
        Numbers::of_codes(primaries, transfer).map_or(Self::Unsaid, Self::Numbers)
    }

    /// That of a file which has `profile` if it has one.
    pub(crate) fn of_profile(profile: Option<&[u8]>) -> Self {
        profile.map_or(Self::Unsaid, |profile| {
            whole_profile(profile).map_or(Self::Unusable, |whole| Self::Profile(whole.to_vec()))
        })
    }

    /// Whether its values are of a transfer function for high dynamic range.
    #[cfg(feature = "heic")]
    pub(crate) fn is_hdr(&self) -> bool {
        match self {
            Self::Numbers(numbers) => numbers.is_hdr(),
            Self::Profile(profile) => icc::is_hdr(profile),
            Self::Unsaid | Self::Srgb | Self::Unusable => false,
        }
    }
}

/// What is done about the colours of a picture.
pub(crate) struct Treatment {
    /// How its samples are converted, if they are.
    pub(crate) convert: Option<Conversion>,
    /// The profile of the result; sRGB without one.
    pub(crate) profile: Option<Vec<u8>>,
    /// What the result lacks.
    pub(crate) loss: Option<Loss>,
}

impl Treatment {
    fn nothing() -> Self {
        Self {
            convert: None,
            profile: None,
            loss: None,
        }
    }

    fn carry(profile: Vec<u8>) -> Self {
        Self {
            profile: Some(profile),
            ..Self::nothing()
        }
    }

    /// Nothing is done, and the result says what the source says.
    pub(crate) fn as_described(description: Description) -> Self {
        match description {
            Description::Profile(profile) => Self::carry(profile),
            Description::Numbers(numbers) => profile::of_numbers(&numbers).map_or_else(Self::lose_profile, Self::carry),
            Description::Unusable => Self::lose_profile(),
            Description::Unsaid | Description::Srgb => Self::nothing(),
        }
    }

    fn lose_profile() -> Self {
        Self {
            loss: Some(Loss::Profile),
            ..Self::nothing()
        }
    }

    fn convert(conversion: Conversion) -> Self {
        Self {
            convert: Some(conversion),
            ..Self::nothing()
        }
    }
}

/// Decides what is done about a picture, gray or with colours, that is so described.
pub(crate) fn treatment(description: Description, gray: bool, wanted: Colour) -> Treatment {
    match description {
        Description::Unsaid | Description::Srgb => Treatment::nothing(),
        Description::Unusable => Treatment::lose_profile(),
        Description::Numbers(numbers) => by_numbers(numbers, gray, wanted),
        Description::Profile(profile) => by_profile(profile, gray, wanted),
    }
}

fn by_numbers(numbers: Numbers, gray: bool, wanted: Colour) -> Treatment {
    if numbers.is_hdr() {
        return Treatment {
            loss: Some(Loss::Hdr),
            ..Treatment::convert(Conversion::tone_map(&numbers))
        };
    }
    if gray {
        return if numbers.transfer.is_like_srgb() {
            Treatment::nothing()
        } else {
            Treatment::convert(Conversion::gray(&numbers.transfer))
        };
    }
    if numbers.is_like_srgb() {
        return Treatment::nothing();
    }
    // Values that are spread as the eye sees them go along with a profile. Others would lose their shadows in 8 bits,
    // and the usual primaries with an unusual curve mean that no profile was thought of.
    let target = match wanted {
        Colour::Keep if numbers.primaries.is_srgb() => None,
        Colour::Keep => Some(numbers.with_srgb_transfer()),
        Colour::Srgb => None,
    };
    match target {
        Some(_) if numbers.transfer.is_perceptual() => match profile::of_numbers(&numbers) {
            Some(profile) => Treatment::carry(profile),
            None => Treatment::lose_profile(),
        },
        Some(target) => match (Conversion::between(&numbers, &target), profile::of_numbers(&target)) {
            (Some(conversion), Some(profile)) => Treatment {
                profile: Some(profile),
                ..Treatment::convert(conversion)
            },
            _ => Treatment::lose_profile(),
        },
        None => Conversion::between(&numbers, &Numbers::SRGB).map_or_else(Treatment::lose_profile, Treatment::convert),
    }
}

fn by_profile(bytes: Vec<u8>, gray: bool, wanted: Colour) -> Treatment {
    let suits = match icc::space(&bytes) {
        Some(ProfileSpace::Gray) => gray,
        Some(ProfileSpace::Rgb) => !gray,
        _ => false,
    };
    // One for RGB means nothing on a gray picture.
    if !suits {
        return Treatment::lose_profile();
    }
    if let Some(numbers) = icc::numbers(&bytes).filter(Numbers::is_hdr) {
        return by_numbers(numbers, gray, wanted);
    }
    let Some(parsed) = profile::parse(&bytes) else {
        // Whoever shows the result may make more of it than we do.
        return match wanted {
            Colour::Keep => Treatment::carry(bytes),
            Colour::Srgb => Treatment::lose_profile(),
        };
    };
    match wanted {
        Colour::Srgb if profile::is_srgb(&parsed, gray) => Treatment::nothing(),
        Colour::Keep if !profile::is_linear(&parsed, gray) => Treatment::carry(bytes),
        // Linear light would lose its shadows in 8 bits: it gets the curve of sRGB, and keeps its colours.
        Colour::Keep if !gray => match profile::with_srgb_transfer(&parsed) {
            Some((target, profile)) => Treatment {
                profile: (!profile::is_srgb(&target, false)).then_some(profile),
                ..Treatment::convert(Conversion::Profiles(Box::new([parsed, target])))
            },
            None => Treatment::carry(bytes),
        },
        Colour::Keep | Colour::Srgb => {
            Conversion::to_srgb(parsed, gray).map_or_else(Treatment::lose_profile, Treatment::convert)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moxcms::ColorProfile;

    fn profile(profile: &ColorProfile) -> Description {
        Description::Profile(profile.encode().unwrap())
    }

    #[test]
    fn a_profile_is_carried_along_and_converted_where_srgb_is_wanted() {
        let p3 = profile(&ColorProfile::new_display_p3());
        let kept = treatment(p3.clone(), false, Colour::Keep);
        assert!(kept.convert.is_none() && kept.profile.is_some() && kept.loss.is_none());
        let converted = treatment(p3, false, Colour::Srgb);
        assert!(converted.convert.is_some() && converted.profile.is_none() && converted.loss.is_none());
        let same = treatment(profile(&ColorProfile::new_srgb()), false, Colour::Srgb);
        assert!(same.convert.is_none() && same.profile.is_none() && same.loss.is_none());
    }

    #[test]
    fn a_profile_that_does_not_suit_is_a_loss() {
        let rgb = treatment(profile(&ColorProfile::new_srgb()), true, Colour::Keep);
        assert_eq!((rgb.profile, rgb.loss), (None, Some(Loss::Profile)));
        let gray = profile(&ColorProfile::new_gray_with_gamma(2.2));
        assert!(treatment(gray.clone(), true, Colour::Keep).profile.is_some());
        assert_eq!(treatment(gray, false, Colour::Keep).loss, Some(Loss::Profile));
        assert_eq!(
            treatment(Description::Unusable, false, Colour::Keep).loss,
            Some(Loss::Profile)
        );
    }

    #[test]
    fn numbers_become_a_profile_or_are_converted() {
        let numbers = |primaries, transfer| Description::Numbers(Numbers { primaries, transfer });
        // Display P3 and Adobe RGB can be said by a profile.
        for wide in [
            numbers(Primaries::of_code(12).unwrap(), Transfer::Srgb),
            numbers(Primaries::ADOBE_RGB, Transfer::Gamma(2.2)),
        ] {
            let done = treatment(wide.clone(), false, Colour::Keep);
            assert!(done.profile.is_some() && done.convert.is_none() && done.loss.is_none());
            let done = treatment(wide, false, Colour::Srgb);
            assert!(done.profile.is_none() && done.convert.is_some() && done.loss.is_none());
        }
        // Linear light is given a curve, and a profile only where the primaries are others.
        let done = treatment(numbers(Primaries::SRGB, Transfer::Gamma(1.0)), false, Colour::Keep);
        assert!(done.profile.is_none() && done.convert.is_some());
        let done = treatment(numbers(Primaries::BT2020, Transfer::Gamma(1.0)), false, Colour::Keep);
        assert!(done.profile.is_some() && done.convert.is_some());
        // High dynamic range is a loss.
        let done = treatment(numbers(Primaries::BT2020, Transfer::Pq), false, Colour::Keep);
        assert!(done.profile.is_none() && done.convert.is_some() && done.loss == Some(Loss::Hdr));
        // A little off is sRGB to everybody.
        let done = treatment(
            numbers(Primaries::SRGB, Transfer::Gamma(1.0 / 0.45455)),
            false,
            Colour::Srgb,
        );
        assert!(done.profile.is_none() && done.convert.is_none() && done.loss.is_none());
    }
}
