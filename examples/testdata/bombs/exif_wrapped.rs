//! The same EXIF where segments do not limit it: in PNG, WebP and HEIC, and the tags of TIFF itself.

use super::exif::{blocks, directory, filling};
use super::{Bombs, EITHER, OK};
use crate::entry::Result;
use crate::formats::isobmff::{Heif, Place};
use crate::formats::{hevc, png as png_format, webp as webp_format};
use crate::picture::chart;

/// Enough for 40,000 entries over half a megabyte: 20 GB if each is taken for itself.
const MEGABYTE: usize = 1_000_000;

type Block = (String, String, Vec<u8>);

/// The small blocks, and those that fill a megabyte.
fn all() -> Vec<Block> {
    let small = blocks()
        .into_iter()
        .map(|(name, special, bytes)| (name.to_owned(), special.to_owned(), bytes));
    let large = filling(MEGABYTE)
        .into_iter()
        .map(|(name, special, bytes)| (format!("1m-{name}"), format!("a megabyte of EXIF: {special}"), bytes));
    small.chain(large).collect()
}

pub(super) fn png() -> Result<Bombs> {
    let mut set = Bombs::new("PNG", "exif", "png");
    let picture = chart();
    let size = (picture.width, picture.height);
    let header = png_format::Header::new(size, 0, 8);
    let samples = png_format::wide(&picture.gray());
    for (name, special, bytes) in all() {
        let exif = png_format::chunk(b"eXIf", &bytes);
        set.add(
            &name,
            size,
            OK,
            &special,
            png_format::file(&header, &samples, &[exif], &[]),
        );
    }
    Ok(set)
}

pub(super) fn webp() -> Result<Bombs> {
    let mut set = Bombs::new("WebP", "exif", "webp");
    let size = (16, 16);
    let picture = webp_format::lossless(&[90; 16 * 16 * 3], size, false)?;
    for (name, special, bytes) in all() {
        let exif = webp_format::chunk(b"EXIF", &bytes);
        let head = webp_format::extended(webp_format::EXIF, size);
        set.add(
            &name,
            size,
            OK,
            &special,
            webp_format::file(&[head, picture.clone(), exif]),
        );
    }
    Ok(set)
}

pub(super) fn heic() -> Result<Bombs> {
    let mut set = Bombs::new("HEIC", "exif", "heic");
    let coded = hevc::flat(64, 64)?;
    for (name, special, bytes) in all() {
        let mut heif = Heif::new(1);
        heif.hevc(1, &coded.config(), &coded.data, coded.size);
        heif.item(2, b"Exif", Place::Mdat([&[0; 4], bytes.as_slice()].concat()));
        heif.refer(b"cdsc", 2, &[1]);
        set.add(&name, (64, 64), OK, &special, heif.file());
    }
    Ok(set)
}

/// TIFF files of 16 × 16 gray pixels with the blocks' directories behind their own.
pub(super) fn tiff() -> Bombs {
    let mut set = Bombs::new("TIFF", "exif", "tif");
    for (name, special, bytes) in all() {
        // The block's own offsets hold, as it stands at the file's beginning; its header gets another first directory.
        let mut file = bytes;
        file.resize(file.len().next_multiple_of(2), 0);
        let strip = file.len() as u32;
        file.extend([77; 256]);
        let at = file.len() as u32;
        let entries = [
            (0x0100, 3, 1, 16),
            (0x0101, 3, 1, 16),
            (0x0102, 3, 1, 8),
            (0x0103, 3, 1, 1),
            (0x0106, 3, 1, 1),
            (0x0111, 4, 1, strip),
            (0x0115, 3, 1, 1),
            (0x0116, 3, 1, 16),
            (0x0117, 4, 1, 256),
            (0x014A, 4, 1, 8),
            (0x8769, 4, 1, 8),
            (0x8825, 4, 1, 8),
        ];
        file.extend(directory(&entries, 8));
        file[4..8].copy_from_slice(&at.to_le_bytes());
        // Some read a file with sub-directories as a camera's raw data, which has another reader.
        set.add(&name, (16, 16), EITHER, &special, file);
    }
    set
}
