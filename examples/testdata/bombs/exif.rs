//! EXIF whose directories lead in circles, and whose values lie over each other (TIFF 6.0, section 2; CIPA DC-008).
//!
//! All of it stands beside sound pictures: a photo must not fail for what its metadata says.

use jpeg_encoder::SamplingFactor;

use super::{Bombs, OK};
use crate::entry::Result;
use crate::formats::jpeg::{self, Coding, exif_segment, jfif};
use crate::picture::chart;

const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;
const UNDEFINED: u16 = 7;
const ORIENTATION: u16 = 0x0112;
const MAKE: u16 = 0x010F;
const MODEL: u16 = 0x0110;
const EXPOSURE_TIME: u16 = 0x829A;
const EXIF_IFD: u16 = 0x8769;
const GPS_IFD: u16 = 0x8825;
const INTEROPERABILITY_IFD: u16 = 0xA005;
const SUB_IFDS: u16 = 0x014A;
/// What an APP1 segment holds behind its identifier (T.81, B.2.4.6).
const SEGMENT: usize = 65_535 - 2 - 6;

/// An entry: tag, type, count, and the value or its offset.
pub(super) type Entry = (u16, u16, u32, u32);

/// A little-endian directory.
pub(super) fn directory(entries: &[Entry], next: u32) -> Vec<u8> {
    let mut out = (entries.len() as u16).to_le_bytes().to_vec();
    for &(tag, kind, count, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend(next.to_le_bytes());
    out
}

/// A block: the TIFF header, its first directory at 8, and what follows.
pub(super) fn block(parts: &[&[u8]]) -> Vec<u8> {
    [b"II*\0\x08\0\0\0".as_slice(), &parts.concat()].concat()
}

/// A block of one directory whose entries all name the same `zone` bytes behind it.
pub(super) fn over_one_zone(tags: &[u16], kind: u16, entries: usize, zone: usize) -> Vec<u8> {
    let unit = match kind {
        SHORT => 2,
        LONG => 4,
        RATIONAL => 8,
        _ => 1,
    };
    let at = (8 + 2 + entries * 12 + 4) as u32;
    let count = (zone / unit) as u32;
    let entry = |i: usize| (tags[i % tags.len()], kind, count, at);
    let entries: Vec<Entry> = (0..entries).map(entry).collect();
    // Zeros end texts: a reader that takes them apart has one for each byte.
    block(&[&directory(&entries, 0), &vec![0; zone]])
}

/// Blocks with what is special about them: those that any wrapping can carry.
pub(super) fn blocks() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let orientation = (ORIENTATION, SHORT, 1, 1);
    let text = |count: u32, at: u32| (MAKE, ASCII, count, at);
    let mut all: Vec<(&str, &str, Vec<u8>)> = Vec::new();
    let mut add = |name, special, bytes| all.push((name, special, bytes));
    add("count-huge", "counts of 2^32 - 1 of every type", {
        let kinds = [1, ASCII, SHORT, LONG, RATIONAL, 6, UNDEFINED, 8, 9, 10, 11, 12, 13, 16];
        let entries: Vec<Entry> = kinds.iter().map(|&kind| (MAKE, kind, u32::MAX, 8)).collect();
        block(&[&directory(&entries, 0)])
    });
    add(
        "count-product",
        "counts whose product with the size of a value is 2^32",
        {
            let entries = [
                (EXPOSURE_TIME, RATIONAL, 0x2000_0000, 8),
                (MODEL, LONG, 0x4000_0000, 8),
                (MAKE, SHORT, 0x8000_0000, 8),
            ];
            block(&[&directory(&entries, 0)])
        },
    );
    add("types-unknown", "types that do not exist", {
        let kinds = [0, 13, 14, 17, 129, 255, 256, u16::MAX];
        let entries: Vec<Entry> = kinds.iter().map(|&kind| (MODEL, kind, 1000, 8)).collect();
        block(&[&directory(&entries, 0)])
    });
    add(
        "next-itself",
        "a directory that is its own successor",
        block(&[&directory(&[orientation], 8)]),
    );
    add(
        "exif-is-first",
        "the EXIF directory is the first directory",
        block(&[&directory(
            &[orientation, (EXIF_IFD, LONG, 1, 8), (GPS_IFD, LONG, 1, 8)],
            8,
        )]),
    );
    add(
        "exif-circle",
        "an EXIF directory that has itself for its EXIF, GPS and interoperability directories",
        {
            let first = directory(&[(EXIF_IFD, LONG, 1, 26)], 0);
            let second = directory(
                &[
                    (EXIF_IFD, LONG, 1, 26),
                    (GPS_IFD, LONG, 1, 26),
                    (INTEROPERABILITY_IFD, LONG, 1, 26),
                ],
                26,
            );
            block(&[&first, &second])
        },
    );
    add(
        "directories-fan-out",
        "directories with 20 pointers each to the next, six levels deep",
        {
            let level = 2 + 20 * 12 + 4;
            let tags = [EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD, SUB_IFDS];
            let levels: Vec<Vec<u8>> = (0..6u32)
                .map(|i| {
                    let next = 8 + (i + 1) % 6 * level;
                    let entries: Vec<Entry> = (0..20).map(|j| (tags[j % 4], LONG, 1, next)).collect();
                    directory(&entries, next)
                })
                .collect();
            block(&levels.iter().map(Vec::as_slice).collect::<Vec<_>>())
        },
    );
    add(
        "directory-chain",
        "400 directories without entries, one behind the other",
        {
            let links: Vec<u8> = (1..=400u32)
                .flat_map(|i| directory(&[], if i == 400 { 0 } else { 8 + i * 6 }))
                .collect();
            block(&[&links])
        },
    );
    add(
        "pointers-as-array",
        "500 offsets as the value of one EXIF pointer, all to the first directory",
        {
            let at = 8 + 2 + 24 + 4;
            block(&[
                &directory(&[(SUB_IFDS, LONG, 500, at), (EXIF_IFD, LONG, 500, at)], 0),
                &8u32.to_le_bytes().repeat(500),
            ])
        },
    );
    add(
        "entries-beyond",
        "a directory that claims 65,535 entries and has one",
        {
            let mut bytes = directory(&[orientation], 0);
            bytes[..2].copy_from_slice(&[0xFF, 0xFF]);
            block(&[&bytes])
        },
    );
    add("thumbnail-huge", "a thumbnail of 2^32 - 1 bytes at 2^32 - 1", {
        let first = directory(&[orientation], 8 + 18);
        let second = directory(
            &[
                (0x0103, SHORT, 1, 6),
                (0x0201, LONG, 1, u32::MAX),
                (0x0202, LONG, 1, u32::MAX),
            ],
            0,
        );
        block(&[&first, &second])
    });
    add(
        "values-in-directory",
        "values that are the directory itself",
        block(&[&directory(&[text(40, 8), (MODEL, ASCII, 42, 8), orientation], 0)]),
    );
    add(
        "same-tag-300",
        "the same tag 300 times over one zone of 4,000 bytes",
        over_one_zone(&[MAKE], ASCII, 300, 4000),
    );
    all
}

/// Larger blocks, each filling what `room` bytes hold: as many entries as zone, which is the largest product.
pub(super) fn filling(room: usize) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let entries = (room / 2 / 12).min(65_000);
    let zone = room - 16 - entries * 12;
    let kinds = [
        ("ascii", "texts", ASCII, vec![MAKE, MODEL, 0x0131, 0x010E]),
        ("one-ascii", "times the same text", ASCII, vec![MAKE]),
        ("short", "arrays of SHORT", SHORT, vec![ORIENTATION, 0x0128, 0x0213]),
        ("long", "arrays of LONG", LONG, vec![0x0100, 0x0101, EXIF_IFD, GPS_IFD]),
        (
            "rational",
            "arrays of RATIONAL",
            RATIONAL,
            vec![0x011A, 0x011B, EXPOSURE_TIME],
        ),
        (
            "undefined",
            "values of no type",
            UNDEFINED,
            vec![0x9000, 0x927C, 0x9286, 0xA000],
        ),
    ];
    let mut all: Vec<_> = kinds
        .into_iter()
        .map(|(name, special, kind, tags)| (name, special, over_one_zone(&tags, kind, entries, zone)))
        .collect();
    // All tags there are, in ascending order as they should be.
    let tags: Vec<u16> = (0..65_000).collect();
    all.push((
        "all-tags",
        "texts under all tags",
        over_one_zone(&tags, ASCII, entries, zone),
    ));
    // In the EXIF directory, behind a first one that has nothing else.
    let exposure = over_one_zone(&[EXPOSURE_TIME, 0x829D, 0x920A], RATIONAL, entries - 10, zone);
    let mut inner = exposure[8..].to_vec();
    for entry in inner[2..].chunks_exact_mut(12).take(entries - 10) {
        let at = u32::from_le_bytes([entry[8], entry[9], entry[10], entry[11]]) + 18;
        entry[8..].copy_from_slice(&at.to_le_bytes());
    }
    let first = directory(&[(EXIF_IFD, LONG, 1, 26)], 0);
    all.push((
        "exif-rational",
        "arrays of RATIONAL in the EXIF directory",
        block(&[&first, &inner]),
    ));
    // Directories that begin at every second byte of the same zeros.
    let steps = room / 2 - 40;
    let mut bytes = block(&[&vec![0; room - 8]]);
    let mut at = 8;
    for _ in 0..steps / 4 {
        let next = at + 6;
        if next + 6 > bytes.len() {
            break;
        }
        bytes[at + 2..at + 6].copy_from_slice(&(next as u32).to_le_bytes());
        at = next;
    }
    all.push(("long-chain", "directories without entries, one behind the other", bytes));
    all
}

/// In JPEG: as they stand, and turned, so that the picture has to be made anew.
pub(super) fn bombs() -> Result<Bombs> {
    let mut set = Bombs::new("JPEG", "exif", "jpg");
    let picture = chart();
    let size = (picture.width, picture.height);
    let coding = Coding {
        quality: 60,
        sampling: SamplingFactor::R_4_2_0,
        ..Coding::default()
    };
    let coded = jpeg::encode_rgb(&picture, coding)?;
    let file = |block: &[u8]| jpeg::with_segments(&coded, &[jfif(), exif_segment(block)]);
    for (name, special, bytes) in blocks() {
        set.add(name, size, OK, special, file(&bytes));
    }
    for (name, special, bytes) in filling(7000) {
        let special = format!("300 entries over one zone, or as many bytes: {special}");
        set.add(&format!("7k-{name}"), size, OK, &special, file(&bytes));
    }
    for (name, special, bytes) in filling(SEGMENT) {
        let special = format!("65 KB of EXIF, thousands of entries over one zone: {special}");
        set.add(&format!("64k-{name}"), size, OK, &special, file(&bytes));
    }
    // Forty segments of EXIF.
    let (_, _, whole) = filling(SEGMENT).swap_remove(0);
    let segments = vec![exif_segment(&whole); 40];
    set.add(
        "64k-40-segments",
        size,
        OK,
        "40 segments of EXIF of 65 KB",
        jpeg::with_segments(&coded, &segments),
    );
    Ok(set)
}
