//! HEIC files: coded by a library, with the turns of its container added here (ISO/IEC 23008-12, 6.5.10 and 6.5.12).

use heifer::{EncodeOptions, Image, Metadata};

use crate::entry::Result;
use crate::picture::Picture;

/// Codes a picture with RGBA samples of `bit_depth` bits; alpha is stored if it is not opaque everywhere.
pub(crate) fn encode(
    rgba: &[u8],
    (width, height): (usize, usize),
    bit_depth: u8,
    quality: u8,
    metadata: &Metadata,
) -> Result<Vec<u8>> {
    let image = Image {
        width: u32::try_from(width)?,
        height: u32::try_from(height)?,
        bit_depth,
        has_alpha: rgba.chunks_exact(4).any(|p| p[3] != 255),
        data: rgba
            .iter()
            .map(|&v| u16::from(v) << (bit_depth - 8) | u16::from(v) >> (16 - bit_depth))
            .collect(),
    };
    let options = EncodeOptions {
        quality,
        ..EncodeOptions::default()
    };
    Ok(heifer::encode_with_metadata(&image, metadata, &options)?)
}

/// Codes an opaque picture.
pub(crate) fn encode_rgb(picture: &Picture, quality: u8, metadata: &Metadata) -> Result<Vec<u8>> {
    encode(
        &picture.rgba(|_, _| 255),
        (picture.width, picture.height),
        8,
        quality,
        metadata,
    )
}

/// Quarter turns (counter-clockwise) and mirror axis (0 exchanges top and bottom, 1 left and right) that do what an
/// EXIF orientation does.
fn transforms(orientation: u16) -> (u8, Option<u8>) {
    match orientation {
        2 => (0, Some(1)),
        3 => (2, None),
        4 => (0, Some(0)),
        5 => (3, Some(1)),
        6 => (3, None),
        7 => (1, Some(1)),
        8 => (1, None),
        _ => (0, None),
    }
}

/// Adds `irot` and `imir` properties to the primary picture of a file, so that it shows as EXIF
/// `orientation` would turn it. The file is laid out as the library lays it out.
pub(crate) fn turn(file: &[u8], orientation: u16) -> Result<Vec<u8>> {
    let (quarters, axis) = transforms(orientation);
    let mut boxes = Vec::new();
    if quarters != 0 {
        boxes.push(make_box(b"irot", &[quarters]));
    }
    if let Some(axis) = axis {
        boxes.push(make_box(b"imir", &[axis]));
    }
    let meta = find(file, 0..file.len(), b"meta")?;
    let children = meta.start + 12..meta.end;
    let primary = find(file, children.clone(), b"pitm")?;
    let primary = [file[primary.start + 12], file[primary.start + 13]];
    let properties = find(file, children.clone(), b"iprp")?;
    let container = find(file, properties.start + 8..properties.end, b"ipco")?;
    let associations = find(file, properties.start + 8..properties.end, b"ipma")?;

    let mut count = 0u8;
    let mut at = container.start + 8;
    while at < container.end {
        at += be32(file, at);
        count += 1;
    }
    let new_container = make_box(
        b"ipco",
        &[&file[container.start + 8..container.end], &boxes.concat()].concat(),
    );

    // ipma version 0 with one byte a property: item, count, then the essential bit and the property's number.
    let body = &file[associations.start + 8..associations.end];
    if body[..4] != [0; 4] {
        return Err("only ipma version 0 without large indices is known".into());
    }
    let mut new_body = body[..8].to_vec();
    let mut at = 8;
    while at < body.len() {
        let entry = &body[at..at + 3 + usize::from(body[at + 2])];
        at += entry.len();
        new_body.extend_from_slice(&entry[..2]);
        let mut numbers = entry[3..].to_vec();
        if entry[..2] == primary {
            numbers.extend((1..=boxes.len() as u8).map(|i| 0x80 | (count + i)));
        }
        new_body.push(numbers.len() as u8);
        new_body.extend(numbers);
    }
    let new_associations = make_box(b"ipma", &new_body);

    let growth = new_container.len() + new_associations.len() - container.len() - associations.len();
    let mut new_meta = file[meta.start + 8..properties.start].to_vec();
    new_meta.extend(make_box(b"iprp", &[new_container, new_associations].concat()));
    new_meta.extend_from_slice(&file[properties.end..meta.end]);
    let mut out = file[..meta.start].to_vec();
    out.extend(make_box(b"meta", &new_meta));
    out.extend_from_slice(&file[meta.end..]);

    // iloc version 0 with offsets and lengths of four bytes, one extent an item: every offset moves.
    let locations = find(file, children, b"iloc")?;
    if locations.end > properties.start || file[locations.start + 8..locations.start + 14] != [0, 0, 0, 0, 0x44, 0] {
        return Err("only iloc version 0 in front of the properties is known".into());
    }
    let mut at = locations.start + 16;
    while at < locations.end {
        let offset = at + 6;
        let moved = (be32(file, offset) + growth) as u32;
        out[offset..offset + 4].copy_from_slice(&moved.to_be_bytes());
        at += 14;
    }
    Ok(out)
}

fn be32(data: &[u8], at: usize) -> usize {
    u32::from_be_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]) as usize
}

/// A box: size, name, body.
pub(crate) fn make_box(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = (body.len() as u32 + 8).to_be_bytes().to_vec();
    out.extend_from_slice(name);
    out.extend_from_slice(body);
    out
}

/// Where the first box called `name` stands within `range`.
fn find(data: &[u8], range: std::ops::Range<usize>, name: &[u8; 4]) -> Result<std::ops::Range<usize>> {
    let mut at = range.start;
    while at + 8 <= range.end {
        let size = be32(data, at);
        if size < 8 {
            break;
        }
        if &data[at + 4..at + 8] == name {
            return Ok(at..at + size);
        }
        at += size;
    }
    Err(format!("no {} box", String::from_utf8_lossy(name)).into())
}
