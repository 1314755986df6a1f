//! Colours that a file says by numbers (ITU-T H.273).

use heifer::heifer_hevc_dec::params::Sps;

use crate::error::Error;
use crate::formats::isobmff::{Configuration, Container, Nclx, Property};

/// How far a derived picture is followed to a coded one.
const MAX_DEPTH: u32 = 4;

/// Primaries and transfer of the primary picture, by its own property, its stream, or those of its first part.
pub(in crate::formats::heif) fn numbers(file: &Container<'_>) -> Result<Option<(u16, u16)>, Error> {
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
