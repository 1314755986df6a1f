//! The primary picture of a HEIF file (ISO/IEC 23008-12).

#[cfg(feature = "heic")]
pub(crate) use with_heic::*;

#[cfg(not(feature = "heic"))]
pub(super) fn probe(_: &[u8]) -> Result<super::ImageInfo, crate::error::Error> {
    Err(crate::error::Error::unsupported("HEIC"))
}

#[cfg(feature = "heic")]
mod with_heic {
    use heifer::heifer_isobmff::boxes::{ColorInfo, Property};
    use heifer::heifer_isobmff::{HeifFile, ItemId};

    use crate::error::Error;
    use crate::format::Format;
    use crate::orient::Orientation;
    use crate::probe::icc;
    use crate::probe::info::{ColorModel, ImageInfo};

    pub(crate) fn probe(data: &[u8]) -> Result<ImageInfo, Error> {
        let broken = |e: heifer::heifer_isobmff::Error| Error::malformed(Format::Heif, e.to_string());
        let file = HeifFile::parse(data).map_err(broken)?;
        let id = file.primary_id;
        let item = file.item(id).map_err(broken)?;
        match &item.item_type.0 {
            b"hvc1" | b"grid" | b"iovl" | b"iden" => {}
            b"av01" => return Err(Error::unsupported("AVIF")),
            other => {
                let name = String::from_utf8_lossy(other).into_owned();
                return Err(Error::unsupported(format!("a HEIF picture coded as {name:?}")));
            }
        }
        let (mut width, mut height) = file
            .image_size(id)
            .map_err(broken)?
            .ok_or_else(|| Error::malformed(Format::Heif, "its primary picture has no size"))?;
        let mut orientation = Orientation::Upright;
        let mut bit_depth = 8;
        for property in file.item_properties(id).map_err(broken)? {
            match property {
                // Quarter turns are counter-clockwise (6.5.10), mirroring exchanges top and bottom or left and right
                // (6.5.12); both apply in the order in which they are listed, and stand in the place of EXIF's tag.
                Property::Rotation(quarters) => {
                    let turn = match quarters & 3 {
                        0 => Orientation::Upright,
                        1 => Orientation::Rotate270,
                        2 => Orientation::Rotate180,
                        _ => Orientation::Rotate90,
                    };
                    orientation = orientation.then(turn);
                }
                Property::Mirror(top_bottom) => {
                    let flip = if *top_bottom {
                        Orientation::FlipVertical
                    } else {
                        Orientation::FlipHorizontal
                    };
                    orientation = orientation.then(flip);
                }
                Property::CleanAperture {
                    width: w, height: h, ..
                } => {
                    width = aperture(*w, width);
                    height = aperture(*h, height);
                }
                Property::PixelInfo(bits) => bit_depth = bits.iter().copied().max().unwrap_or(8),
                _ => {}
            }
        }
        if width == 0 || height == 0 {
            return Err(Error::malformed(Format::Heif, "its width or height is 0"));
        }
        let pictures = file.top_level_image_ids().len();
        Ok(ImageInfo {
            format: Format::Heif,
            width,
            height,
            orientation,
            bytes: data.len() as u64,
            bit_depth,
            color: ColorModel::YCbCr,
            alpha: has_alpha(&file, id),
            frames: 1,
            images: u32::try_from(pictures).unwrap_or(u32::MAX).max(1),
            profile: file
                .icc_profile(id)
                .ok()
                .flatten()
                .map(|p| icc::description(p).unwrap_or_default()),
            gain_map: has_auxiliary(&file, id, &["urn:com:apple:photo:2020:aux:hdrgainmap"]),
            motion_photo: false,
            metadata: file.exif(id).ok().flatten().is_some() || file.xmp(id).ok().flatten().is_some(),
            jpeg: None,
        })
    }

    /// One side of a clean aperture, which is a fraction; never more than the picture has.
    fn aperture((numerator, denominator): (u32, u32), side: u32) -> u32 {
        if denominator == 0 {
            return side;
        }
        let rounded = (u64::from(numerator) + u64::from(denominator) / 2) / u64::from(denominator);
        u32::try_from(rounded).unwrap_or(side).min(side)
    }

    fn has_alpha(file: &HeifFile<'_>, id: ItemId) -> bool {
        has_auxiliary(
            file,
            id,
            &[
                "urn:mpeg:hevc:2015:auxid:1",
                "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
            ],
        )
    }

    /// Whether an auxiliary picture of one of the types belongs to `id`.
    fn has_auxiliary(file: &HeifFile<'_>, id: ItemId, types: &[&str]) -> bool {
        file.referencing_items(id, b"auxl").into_iter().any(|aux| {
            file.item_properties(aux)
                .is_ok_and(|mut ps| ps.any(|p| matches!(p, Property::AuxiliaryType(t) if types.contains(&t.as_str()))))
        })
    }

    /// Whether the primary picture carries an ICC profile or says its colours by number only.
    pub(crate) fn icc_profile(data: &[u8]) -> Option<Vec<u8>> {
        let file = HeifFile::parse(data).ok()?;
        let own = file.item_properties(file.primary_id).ok()?.find_map(|p| match p {
            Property::Color(ColorInfo::Icc(profile)) if !profile.is_empty() => Some(profile.clone()),
            _ => None,
        });
        own.or_else(|| file.icc_profile(file.primary_id).ok().flatten().map(<[u8]>::to_vec))
    }

    /// The EXIF block of the primary picture: a TIFF structure.
    pub(crate) fn exif(data: &[u8]) -> Option<Vec<u8>> {
        let file = HeifFile::parse(data).ok()?;
        file.exif(file.primary_id).ok().flatten()
    }
}
