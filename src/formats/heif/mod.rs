//! HEIC: the primary picture of a HEIF file (ISO/IEC 23008-12).

mod decode;

use std::borrow::Cow;

use super::brand::is_heif;
use super::carried::Carried;
use super::exif as exif_policy;
use super::format::Format;
use super::ifd::{Tiff, strip_exif_header};
use super::info::{CODED_DENSITY, ColorModel, ImageInfo};
use super::isobmff::{Container, Item, Pictures, Property};
use super::row::{Cleaned, Exif, Memory, Row, check_by_decoding};
use super::xmp::MAX_PACKET;
use crate::colour::{Description, icc};
use crate::error::Error;
use crate::options::Metadata;
use crate::report::LostMetadata;

pub(super) const ROW: Row = Row {
    begins: is_heif,
    header,
    header_is_whole: |_, _| None,
    is_whole: |_| true,
    exif,
    colour,
    rest,
    clean,
    memory: Memory::of,
    check: check_by_decoding,
    decode: decode::decode,
};

/// How far a derived picture without a profile of its own is followed to its parts.
const MAX_DEPTH: u32 = 4;

fn header(data: &[u8]) -> Result<ImageInfo, Error> {
    let file = Container::parse(data)?;
    let id = file.primary;
    let parts = Pictures::of_primary(&file)?;
    let part = parts.get(id)?;
    let [_, _, width, height] = part.shown;
    Ok(ImageInfo {
        format: Format::Heif,
        width,
        height,
        orientation: part.orientation,
        bytes: data.len() as u64,
        bit_depth: part.depth,
        color: ColorModel::YCbCr,
        alpha: part.alpha,
        frames: 1,
        images: u32::try_from(file.count_pictures()).unwrap_or(u32::MAX).max(1),
        profile: profile(&file)?.map(|p| icc::description(p).unwrap_or_default()),
        hdr: match profile(&file)? {
            Some(profile) => icc::is_hdr(profile),
            None => decode::numbers(&file)?
                .is_some_and(|(primaries, transfer)| Description::of_codes(primaries, transfer).is_hdr()),
        },
        gain_map: has_gain_map(&file, id)?,
        motion_photo: false,
        metadata: descriptions(&file).any(|(_, item)| is_exif(&item) || is_xmp(&item)),
        jpeg: None,
        carried: carried(&file)?,
        density: CODED_DENSITY,
        plain: true,
        may_be_anew: true,
        decoder_memory: part.beside().saturating_add(file.memory()),
    })
}

/// Whether an auxiliary picture of `id` is a gain map.
fn has_gain_map(file: &Container<'_>, id: u32) -> Result<bool, Error> {
    for auxiliary in file.referrers(id, *b"auxl") {
        let kind = file.property(auxiliary, |p| match p {
            Property::Auxiliary(kind) => Some(kind),
            _ => None,
        })?;
        if kind == Some(b"urn:com:apple:photo:2020:aux:hdrgainmap") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The ICC profile of the primary picture, or of the first part of it that has one.
fn profile<'a>(file: &Container<'a>) -> Result<Option<&'a [u8]>, Error> {
    let mut id = file.primary;
    for _ in 0..=MAX_DEPTH {
        let own = file.property(id, |p| match p {
            Property::Icc(profile) if !profile.is_empty() => Some(profile),
            _ => None,
        })?;
        match (own, file.references(id, *b"dimg").next()) {
            (None, Some(first)) => id = first,
            _ => return Ok(own),
        }
    }
    Ok(None)
}

/// The items that describe the primary picture, or where there are none its first part.
fn descriptions<'a>(file: &Container<'a>) -> impl Iterator<Item = (u32, Item<'a>)> {
    let described = |id| file.referrers(id, *b"cdsc").next().map(|_| id);
    let first = file.references(file.primary, *b"dimg").next();
    let id = described(file.primary).or_else(|| described(first?));
    id.into_iter()
        .flat_map(|id| file.referrers(id, *b"cdsc"))
        // A reference to an item that is not there describes nothing.
        .filter_map(|id| Some((id, file.item(id).ok()?)))
}

/// Bytes of what describes the primary picture.
fn carried(file: &Container<'_>) -> Result<u64, Error> {
    let profile = profile(file)?.map_or(0, <[u8]>::len);
    let mut bytes = profile as u64;
    for (id, item) in descriptions(file) {
        if is_exif(&item) || is_xmp(&item) {
            // Data that is not there describes nothing.
            bytes = bytes.saturating_add(file.item_len(id).map_or(0, |len| len as u64));
        }
    }
    Ok(bytes)
}

fn is_exif(item: &Item<'_>) -> bool {
    &item.kind == b"Exif"
}

fn is_xmp(item: &Item<'_>) -> bool {
    &item.kind == b"mime" && item.content_type == b"application/rdf+xml"
}

/// What the primary picture says about its colours: by a profile, or else by numbers, which may be its stream's.
fn colour(data: &[u8]) -> Description {
    let read = || -> Result<Description, Error> {
        let file = Container::parse(data)?;
        Ok(match profile(&file)? {
            Some(profile) => Description::of_profile(Some(profile)),
            None => decode::numbers(&file)?.map_or(Description::Unsaid, |(primaries, transfer)| {
                Description::of_codes(primaries, transfer)
            }),
        })
    };
    // The header has been read, and what it is told here has been read with it.
    read().unwrap_or(Description::Unusable)
}

/// The EXIF block of the primary picture: a TIFF structure, behind its offset (ISO/IEC 23008-12, A.2.1).
fn exif(data: &[u8]) -> Exif<'_> {
    let Ok(file) = Container::parse(data) else {
        return Exif::None;
    };
    let mut found = Exif::None;
    for (id, _) in descriptions(&file).filter(|(_, item)| is_exif(item)) {
        match exif_block(&file, id) {
            Some(block) if is_readable(&block) => return Exif::Block(Cow::Owned(block)),
            _ => found = Exif::Broken,
        }
    }
    found
}

/// The block that an item of EXIF holds.
fn exif_block(file: &Container<'_>, id: u32) -> Option<Vec<u8>> {
    let block = file.item_data(id, file.len()).ok()?;
    let offset = u32::from_be_bytes(block.get(..4)?.try_into().ok()?);
    let start = usize::try_from(offset).ok()?.checked_add(4)?;
    Some(strip_exif_header(block.get(start..)?).to_vec())
}

fn is_readable(block: &[u8]) -> bool {
    (block.starts_with(b"II*\0") || block.starts_with(b"MM\0*"))
        && Tiff::parse(block).is_some_and(|tiff| tiff.first_ifd().is_some())
}

/// Takes over XMP, if it is kept.
fn rest(data: &[u8], policy: Metadata, carried: &mut Carried) {
    if policy != Metadata::Keep {
        return;
    }
    let Ok(file) = Container::parse(data) else { return };
    for (id, _) in descriptions(&file).filter(|(_, item)| is_xmp(item)) {
        match file.item_data(id, MAX_PACKET) {
            Ok(packet) if carried.xmp.is_none() && !packet.is_empty() => carried.xmp = Some(packet.into_owned()),
            _ => carried.lose(LostMetadata::Xmp),
        }
    }
}

/// A HEIC is returned as it is or not at all: its items stand where lists say, all of which would change.
fn clean(data: &[u8], policy: Metadata) -> Result<Cleaned, Error> {
    let file = Container::parse(data)?;
    if !file.is_sound() {
        return Ok(Cleaned::Anew);
    }
    if policy == Metadata::Keep {
        return Ok(Cleaned::AsItIs);
    }
    let allowed = |id| {
        // The offset before the block may leave room for something.
        let length = file.item_len(id).unwrap_or(usize::MAX);
        exif_block(&file, id).is_some_and(|block| {
            length <= block.len() + 10 && exif_policy::rewrite(&block, policy).is_some_and(|kept| kept == block)
        })
    };
    let clean = !file.has_other_items() && !file.has_more_than_pictures() && file.exif_items().all(allowed);
    Ok(if clean { Cleaned::AsItIs } else { Cleaned::Anew })
}
