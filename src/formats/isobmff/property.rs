//! The properties of an item that say something about its picture (ISO/IEC 23008-12, 6.5).

use super::boxes::{Fields, RawBox};
use super::limits::{cut, malformed, name};
use crate::Orientation;
use crate::error::Error;

/// What a property says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Property<'a> {
    /// `ispe`: width and height in pixels.
    Size(u32, u32),
    /// `hvcC`: the decoder configuration record of HEVC (ISO/IEC 14496-15, 8.3.3.1).
    Hevc(&'a [u8]),
    /// `colr` by numbers (ITU-T H.273).
    Nclx(Nclx),
    /// `colr` by an ICC profile.
    Icc(&'a [u8]),
    /// `irot` or `imir`: what turns the picture.
    Turn(Orientation),
    /// `clap`: the part of the picture that is shown.
    Aperture(Aperture),
    /// `auxC`: what an auxiliary picture is.
    Auxiliary(&'a [u8]),
    /// What says nothing here.
    Other,
}

/// Colours by numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nclx {
    pub(crate) primaries: u16,
    pub(crate) transfer: u16,
    pub(crate) matrix: u16,
    pub(crate) full_range: bool,
}

impl<'a> Property<'a> {
    pub(super) fn parse(raw: RawBox<'a>) -> Result<Self, Error> {
        let mut fields = Fields::new(raw.content);
        let parsed = match &raw.kind {
            b"ispe" => fields
                .full()
                .and_then(|_| Some(Self::Size(fields.u32()?, fields.u32()?))),
            b"hvcC" => Some(Self::Hevc(raw.content)),
            b"colr" => color(fields),
            // Quarter turns are counter-clockwise (6.5.10).
            b"irot" => fields.u8().map(|quarters| {
                Self::Turn(match quarters & 3 {
                    0 => Orientation::Upright,
                    1 => Orientation::Rotate270,
                    2 => Orientation::Rotate180,
                    _ => Orientation::Rotate90,
                })
            }),
            // Axis 0 is the horizontal one: top and bottom change places (6.5.12).
            b"imir" => fields.u8().map(|axis| {
                Self::Turn(if axis & 1 == 0 {
                    Orientation::FlipVertical
                } else {
                    Orientation::FlipHorizontal
                })
            }),
            b"clap" => Aperture::parse(fields).map(Self::Aperture),
            b"auxC" => fields.full().map(|_| Self::Auxiliary(fields.text())),
            _ => Some(Self::Other),
        };
        parsed.ok_or_else(|| cut(&name(raw.kind)))
    }
}

fn color(mut fields: Fields<'_>) -> Option<Property<'_>> {
    match &fields.array()? {
        b"nclx" => Some(Property::Nclx(Nclx {
            primaries: fields.u16()?,
            transfer: fields.u16()?,
            matrix: fields.u16()?,
            full_range: fields.u8()? & 0x80 != 0,
        })),
        b"prof" | b"rICC" => Some(Property::Icc(fields.rest)),
        _ => Some(Property::Other),
    }
}

/// A clean aperture (ISO/IEC 14496-12, 12.1.4): width and height, and how far its centre lies from the picture's, each
/// as numerator and denominator in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aperture {
    width: (u32, u32),
    height: (u32, u32),
    right: (i32, u32),
    down: (i32, u32),
}

impl Aperture {
    fn parse(mut fields: Fields<'_>) -> Option<Self> {
        let mut pair = || Some((fields.u32()?, fields.u32()?));
        let (width, height) = (pair()?, pair()?);
        let ((right, right_of), (down, down_of)) = (pair()?, pair()?);
        Some(Self {
            width,
            height,
            right: (right.cast_signed(), right_of),
            down: (down.cast_signed(), down_of),
        })
    }

    /// The part of a `width` × `height` picture that it shows, as (left, top, width, height), inside the picture.
    pub(super) fn within(&self, width: u32, height: u32) -> Result<[u32; 4], Error> {
        let (left, shown_width) = side(self.width, self.right, width)?;
        let (top, shown_height) = side(self.height, self.down, height)?;
        Ok([left, top, shown_width, shown_height])
    }
}

/// The first pixel and the number of pixels along one side.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the side, which is a u32"
)]
fn side(length: (u32, u32), offset: (i32, u32), side: u32) -> Result<(u32, u32), Error> {
    if length.1 == 0 || offset.1 == 0 {
        return Err(malformed("its clean aperture divides by 0"));
    }
    let shown = f64::from(length.0) / f64::from(length.1);
    let center = f64::from(offset.0) / f64::from(offset.1) + (f64::from(side) - 1.0) / 2.0;
    let first = (center - (shown - 1.0) / 2.0).round().clamp(0.0, f64::from(side)) as u32;
    let count = (shown.round().clamp(0.0, f64::from(side)) as u32).min(side - first);
    if count == 0 {
        return Err(malformed("its clean aperture shows nothing"));
    }
    Ok((first, count))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn aperture(width: (u32, u32), height: (u32, u32), right: (i32, u32), down: (i32, u32)) -> Aperture {
        Aperture {
            width,
            height,
            right,
            down,
        }
    }

    #[test]
    fn an_aperture_lies_inside_the_picture_whatever_it_says() {
        assert_eq!(side((61, 1), (0, 1), 64).unwrap(), (2, 61));
        assert_eq!(side((61, 1), (-3, 2), 64).unwrap(), (0, 61));
        assert_eq!(side((200, 2), (0, 1), 64).unwrap(), (0, 64));
        assert_eq!(side((u32::MAX, 1), (i32::MIN, 1), 64).unwrap(), (0, 64));
        assert!(side((8, 1), (i32::MAX, 1), 64).is_err());
        assert!(side((0, 1), (0, 1), 64).is_err());
        assert!(side((8, 0), (0, 1), 64).is_err());
        assert!(side((8, 1), (0, 0), 64).is_err());
    }
}
