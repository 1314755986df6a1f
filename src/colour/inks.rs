//! From four inks to RGB.

use std::sync::Arc;

use moxcms::{ColorProfile, Layout as ProfileLayout, TransformExecutor, TransformOptions};

use super::icc::{self, ProfileSpace};
use crate::error::Error;
use crate::pixels::zeros;

/// Converts CMYK samples (0 is no ink, 255 is full) to sRGB: through `profile` if it describes inks, else by the plain
/// product of what each ink and black let through, as most programs do.
pub(crate) fn to_rgb(cmyk: &[u8], profile: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let mut rgb = zeros(cmyk.len() / 4 * 3)?;
    Inks::new(profile).to_rgb(cmyk, &mut rgb);
    Ok(rgb)
}

/// The conversion of [`to_rgb`], for those who have a picture row by row.
pub(crate) struct Inks {
    transform: Option<Arc<dyn TransformExecutor<u8> + Send + Sync>>,
}

impl Inks {
    pub(crate) fn new(profile: Option<&[u8]>) -> Self {
        Self {
            transform: profile.and_then(transform),
        }
    }

    /// Fills `rgb` with the colours of as many pixels.
    pub(crate) fn to_rgb(&self, cmyk: &[u8], rgb: &mut [u8]) {
        if let Some(transform) = &self.transform
            && transform.transform(cmyk, rgb).is_ok()
        {
            return;
        }
        for (ink, out) in cmyk.chunks_exact(4).zip(rgb.chunks_exact_mut(3)) {
            for (&v, out) in ink[..3].iter().zip(out) {
                let light = (255 - u32::from(v)) * (255 - u32::from(ink[3]));
                *out = u8::try_from((light + 127) / 255).unwrap_or(u8::MAX);
            }
        }
    }
}

/// What an ICC profile makes of inks; `None` if it is no usable profile for four of them.
fn transform(profile: &[u8]) -> Option<Arc<dyn TransformExecutor<u8> + Send + Sync>> {
    if icc::space(profile) != Some(ProfileSpace::Cmyk) {
        return None;
    }
    let inks = ColorProfile::new_from_slice(profile).ok()?;
    let transform = inks.create_transform_8bit(
        ProfileLayout::Rgba, // any four channels
        &ColorProfile::new_srgb(),
        ProfileLayout::Rgb,
        TransformOptions::default(),
    );
    transform.ok()
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
