//! From four inks to RGB.

use moxcms::{ColorProfile, Layout as ProfileLayout, TransformOptions};

use super::icc::{self, ProfileSpace};
use crate::error::Error;
use crate::pixels::zeros;

/// Converts CMYK samples (0 is no ink, 255 is full) to sRGB: through `profile` if it describes inks, else by the plain
/// product of what each ink and black let through, as most programs do.
pub(crate) fn to_rgb(cmyk: &[u8], profile: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let mut rgb = zeros(cmyk.len() / 4 * 3)?;
    if !profile.is_some_and(|p| through_profile(cmyk, p, &mut rgb)) {
        for (ink, out) in cmyk.chunks_exact(4).zip(rgb.chunks_exact_mut(3)) {
            for (&v, out) in ink[..3].iter().zip(out) {
                let light = (255 - u32::from(v)) * (255 - u32::from(ink[3]));
                *out = u8::try_from((light + 127) / 255).unwrap_or(u8::MAX);
            }
        }
    }
    Ok(rgb)
}

/// Converts through an ICC profile; `false` if it is no usable profile for four inks.
fn through_profile(cmyk: &[u8], profile: &[u8], rgb: &mut [u8]) -> bool {
    if icc::space(profile) != Some(ProfileSpace::Cmyk) {
        return false;
    }
    let Ok(inks) = ColorProfile::new_from_slice(profile) else {
        return false;
    };
    inks.create_transform_8bit(
        ProfileLayout::Rgba, // any four channels
        &ColorProfile::new_srgb(),
        ProfileLayout::Rgb,
        TransformOptions::default(),
    )
    .is_ok_and(|transform| transform.transform(cmyk, rgb).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paper_is_white_black_is_black_and_inks_have_their_colours() {
        let cmyk = [
            0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 128,
        ];
        let rgb = to_rgb(&cmyk, Some(b"no profile")).unwrap();
        assert_eq!(
            rgb,
            [
                255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 0, 255, 255, 255, 0, 127, 127, 127
            ]
        );
    }
}
