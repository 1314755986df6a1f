//! Colours that a file says by numbers (ITU-T H.273).

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, Layout as ProfileLayout, MatrixCoefficients,
    TransferCharacteristics, TransformOptions,
};

use heifer::heifer_hevc_dec::params::Sps;

use crate::error::Error;
use crate::formats::isobmff::{Configuration, Container, Nclx, Property};
use crate::pixels::{Layout, Samples};

/// How far a derived picture is followed to a coded one.
const MAX_DEPTH: u32 = 4;

/// ITU-T H.273, table 2: BT.709, as in sRGB.
const BT709: u16 = 1;

/// ITU-T H.273, table 3: sRGB.
const SRGB: u16 = 13;

/// Primaries and transfer of the primary picture, by its own property, its stream, or those of its first part.
pub(super) fn numbers(file: &Container<'_>) -> Result<Option<(u16, u16)>, Error> {
    let mut id = file.primary;
    for _ in 0..MAX_DEPTH {
        if let Some(nclx) = nclx(file, id)? {
            return Ok(Some((nclx.primaries, nclx.transfer)));
        }
        if let Some(numbers) = of_stream(file, id)? {
            return Ok(Some(numbers));
        }
        match file.references(id, *b"dimg").next() {
            Some(first) => id = first,
            None => break,
        }
    }
    Ok(None)
}

pub(super) fn nclx(file: &Container<'_>, id: u32) -> Result<Option<Nclx>, Error> {
    file.property(id, |p| match p {
        Property::Nclx(nclx) => Some(nclx),
        _ => None,
    })
}

/// What the sequence parameter set says, where it says both.
fn of_stream(file: &Container<'_>, id: u32) -> Result<Option<(u16, u16)>, Error> {
    const UNSPECIFIED: u8 = 2;
    let record = file.property(id, |p| match p {
        Property::Hevc(record) => Some(record),
        _ => None,
    })?;
    let Some(record) = record else { return Ok(None) };
    let said = |sps: Sps| {
        let vui = sps.vui?;
        let (primaries, transfer) = (vui.colour_primaries, vui.transfer_characteristics);
        let both = primaries != UNSPECIFIED && transfer != UNSPECIFIED;
        both.then_some((u16::from(primaries), u16::from(transfer)))
    };
    Configuration::parse(record)?.sps().map(said)
}

/// Samples converted to sRGB; as they are where the numbers mean sRGB or nothing that is known.
pub(super) fn to_srgb(samples: Samples, numbers: (u16, u16), layout: Layout) -> Result<Samples, Error> {
    let Some(profile) = profile(numbers) else {
        return Ok(samples);
    };
    let layout = if layout.has_alpha() {
        ProfileLayout::Rgba
    } else {
        ProfileLayout::Rgb
    };
    let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
    let defect = |e: moxcms::CmsError| Error::decode(crate::formats::Format::Heif, e);
    // In pieces, as a transformation writes elsewhere than it reads.
    const PIECE: usize = 12 * 1024;
    match samples {
        Samples::U8(mut samples) => {
            let transform = profile
                .create_transform_8bit(layout, &srgb, layout, options)
                .map_err(defect)?;
            for piece in samples.chunks_mut(PIECE) {
                let source = piece.to_vec();
                transform.transform(&source, piece).map_err(defect)?;
            }
            Ok(Samples::U8(samples))
        }
        Samples::U16(mut samples) => {
            let transform = profile
                .create_transform_16bit(layout, &srgb, layout, options)
                .map_err(defect)?;
            for piece in samples.chunks_mut(PIECE) {
                let source = piece.to_vec();
                transform.transform(&source, piece).map_err(defect)?;
            }
            Ok(Samples::U16(samples))
        }
        indexed @ Samples::Indexed(..) => Ok(indexed),
    }
}

/// The profile that two numbers stand for; `None` for sRGB, for the transfers of high dynamic range (16 and 18), which no
/// profile turns into sRGB, and for numbers that are not known.
fn profile((primaries, transfer): (u16, u16)) -> Option<ColorProfile> {
    let transfer = match transfer {
        // BT.709, BT.601 and BT.2020 for a camera's light. Phones that name them mean a screen's, which is sRGB's.
        1 | 6 | 14 | 15 => SRGB,
        4 | 5 | 7 | 8 | 13 => transfer,
        _ => return None,
    };
    if (primaries, transfer) == (BT709, SRGB) {
        return None;
    }
    let color_primaries = CicpColorPrimaries::try_from(u8::try_from(primaries).ok()?).ok()?;
    let transfer_characteristics = TransferCharacteristics::try_from(u8::try_from(transfer).ok()?).ok()?;
    let profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    // Unknown primaries leave the profile without its curves.
    profile.red_trc.is_some().then_some(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(numbers: (u16, u16), pixel: [u8; 3]) -> Vec<u8> {
        match to_srgb(Samples::U8(pixel.to_vec()), numbers, Layout::Rgb).unwrap() {
            Samples::U8(samples) => samples,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_that_mean_srgb_or_nothing_leave_samples_alone() {
        for numbers in [(1, 13), (1, 1), (1, 6), (1, 14), (1, 16), (9, 18), (42, 13), (1, 0)] {
            assert_eq!(converted(numbers, [10, 120, 230]), [10, 120, 230], "{numbers:?}");
        }
    }

    #[test]
    fn wider_primaries_and_other_curves_are_converted() {
        // Display P3's gray is sRGB's, and its colours are stronger.
        assert_eq!(converted((12, 13), [90, 90, 90]), [90, 90, 90]);
        let [r, g, b] = converted((12, 13), [200, 100, 100])[..] else {
            panic!()
        };
        assert!(r > 205 && g < 100 && b < 100, "{r} {g} {b}");
        // Half of the light is 188 of sRGB.
        assert!(converted((1, 8), [128; 3]).iter().all(|v| (187..=189).contains(v)));
    }
}
