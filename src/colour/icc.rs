//! What the header of an ICC profile says (ICC.1:2022, clauses 7.2 and 9.2.41).

use super::numbers::Numbers;
use crate::formats::bytes::{be16, be32};

/// The colour space of the data that a profile describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProfileSpace {
    Gray,
    Rgb,
    Cmyk,
    Other,
}

/// The colour space of the profile's device side; `None` if this is no ICC profile.
pub(crate) fn space(profile: &[u8]) -> Option<ProfileSpace> {
    if profile.get(36..40)? != b"acsp" {
        return None;
    }
    Some(match profile.get(16..20)? {
        b"GRAY" => ProfileSpace::Gray,
        b"RGB " => ProfileSpace::Rgb,
        b"CMYK" => ProfileSpace::Cmyk,
        _ => ProfileSpace::Other,
    })
}

/// Where the value of a tag begins. A profile has a dozen tags or two; 100 bounds what a broken count can cost.
fn tag(profile: &[u8], name: &[u8; 4]) -> Option<usize> {
    let count = be32(profile, 128)?.min(100);
    let entry = (0..usize::try_from(count).ok()?)
        .map(|i| 132 + 12 * i)
        .find(|&at| profile.get(at..at + 4) == Some(name))?;
    usize::try_from(be32(profile, entry + 4)?).ok()
}

/// What a profile says of its colours by code points, which it does for high dynamic range (9.2.17).
pub(crate) fn numbers(profile: &[u8]) -> Option<Numbers> {
    match profile.get(tag(profile, b"cicp")?..)? {
        [b'c', b'i', b'c', b'p', _, _, _, _, primaries, transfer, ..] => {
            Numbers::of_codes((*primaries).into(), (*transfer).into())
        }
        _ => None,
    }
}

/// Whether a profile is of a transfer function for high dynamic range.
pub(crate) fn is_hdr(profile: &[u8]) -> bool {
    numbers(profile).is_some_and(|numbers| numbers.is_hdr())
}

/// The profile's description, of version 2 (ASCII) or 4 (the first of its languages).
pub(crate) fn description(profile: &[u8]) -> Option<String> {
    let body = profile.get(tag(profile, b"desc")?..)?;
    let text = match body.get(..4)? {
        b"desc" => {
            let len = usize::try_from(be32(body, 8)?).ok()?;
            String::from_utf8_lossy(body.get(12..12usize.checked_add(len)?)?).into_owned()
        }
        b"mluc" => {
            let len = usize::try_from(be32(body, 20)?).ok()?;
            let at = usize::try_from(be32(body, 24)?).ok()?;
            let units: Vec<u16> = (0..len / 2).map_while(|i| be16(body, at.checked_add(2 * i)?)).collect();
            String::from_utf16_lossy(&units)
        }
        _ => return None,
    };
    Some(
        text.trim_end_matches('\0')
            .chars()
            .filter(|c| !c.is_control())
            .take(80)
            .collect(),
    )
}
