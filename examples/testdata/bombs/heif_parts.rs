//! HEIF: pictures that lack something, decoder configurations, metadata, and much of everything (ISO/IEC 23008-12;
//! 14496-15).

use super::heif_boxes::in_idat;
use super::heif_references::sound;
use super::{Answers, Bombs, EITHER, MALFORMED, OK, REFUSED};
use crate::entry::Result;
use crate::formats::hevc::{self, Coded};
use crate::formats::isobmff::{ESSENTIAL, Heif, Place, full_box, ispe, make_box};

const SIZE: (u32, u32) = (64, 64);
const SHOWN: (usize, usize) = (64, 64);

pub(super) fn bombs() -> Result<Bombs> {
    let mut set = Bombs::new("HEIC", "heif", "heic");
    let coded = hevc::flat(64, 64)?;
    missing(&mut set, &coded);
    configurations(&mut set, &coded);
    metadata(&mut set, &coded);
    many(&mut set, &coded);
    Ok(set)
}

/// What a picture cannot be without.
fn missing(set: &mut Bombs, coded: &Coded) {
    let mut add =
        |name: &str, answers: Answers, special: &str, heif: &Heif| set.add(name, SHOWN, answers, special, heif.file());
    let mut heif = in_idat(coded);
    heif.associations[0].1.remove(0);
    add(
        "no-hvcc",
        REFUSED,
        "a picture without its decoder's configuration",
        &heif,
    );
    let mut heif = in_idat(coded);
    heif.associations[0].1.remove(1);
    add("no-ispe", EITHER, "a picture without its size", &heif);
    let mut heif = in_idat(coded);
    let unknown = heif.property(make_box(b"wow!", &[0; 4])) | ESSENTIAL;
    heif.associate(1, &[unknown]);
    add(
        "essential-unknown",
        EITHER,
        "an essential property that nobody knows",
        &heif,
    );
    let mut heif = Heif::new(1);
    heif.grid(1, (2, 2), SIZE, &[]);
    add("grid-of-none", MALFORMED, "a grid of four tiles without any", &heif);
    let mut heif = Heif::new(1);
    heif.overlay(1, SIZE, (0, 0), &[]);
    add("overlay-of-none", EITHER, "an overlay without layers", &heif);
    let mut heif = Heif::new(1);
    heif.grid(1, (1, 1), SIZE, &[77]);
    add(
        "grid-of-nobody",
        MALFORMED,
        "a grid of an item that does not exist",
        &heif,
    );
    let mut heif = in_idat(coded);
    for _ in 0..300 {
        heif.item(1, b"hvc1", Place::Idat(Vec::new()));
    }
    add("same-id", EITHER, "301 items with one number", &heif);
}

/// Decoder configurations (ISO/IEC 14496-15, 8.3.3.1).
fn configurations(set: &mut Bombs, coded: &Coded) {
    let mut add = |name: &str, answers: Answers, special: &str, config: &[u8]| {
        let mut heif = Heif::new(1);
        heif.hevc(1, config, &coded.data, SIZE);
        set.add(name, SHOWN, answers, special, heif.file());
    };
    let head = coded.config_head();
    let claim = [head.as_slice(), &[255, 0xA0, 0xFF, 0xFF]].concat();
    add(
        "hvcc-claims",
        REFUSED,
        "255 arrays of 65,535 NAL units in four bytes",
        &claim,
    );
    let long = [head.as_slice(), &[1, 0xA1, 0, 1, 0xFF, 0xFF, 0x42]].concat();
    add("hvcc-nal-beyond", REFUSED, "a NAL unit of 65,535 bytes in one", &long);
    let mut units = [head.as_slice(), &[1, 0xA1, 0xFF, 0xFF]].concat();
    units.extend([0; 65_535 * 2]);
    add("hvcc-65535-empty", REFUSED, "65,535 NAL units of no bytes", &units);
    let mut arrays = [head.as_slice(), &[255]].concat();
    arrays.extend([0xA1, 0, 0].repeat(255));
    add("hvcc-255-arrays", REFUSED, "255 arrays of none", &arrays);
    add("hvcc-empty", REFUSED, "a configuration of no bytes", &[]);
    add(
        "hvcc-none",
        REFUSED,
        "a configuration without parameter sets",
        &[head.as_slice(), &[0]].concat(),
    );
    let mut sets = coded.clone();
    for i in 0..500u32 {
        sets.sets.extend(coded.saying((16_384, 16_384 - 8 * (i % 16))).sets);
    }
    add(
        "hvcc-1500-sets",
        REFUSED,
        "1,500 parameter sets that claim 16,384 squared",
        &sets.config(),
    );
}

/// EXIF, profiles and groups.
fn metadata(set: &mut Bombs, coded: &Coded) {
    let mut add =
        |name: &str, answers: Answers, special: &str, heif: &Heif| set.add(name, SHOWN, answers, special, heif.file());
    let exif = |place: Place| {
        let mut heif = sound(coded);
        heif.item(2, b"Exif", place).refer(b"cdsc", 2, &[1]);
        heif
    };
    let far = [&[0xFF; 4], b"II*\0\x08\0\0\0\0\0".as_slice()].concat();
    add(
        "exif-offset",
        OK,
        "an EXIF item whose TIFF header is 2^32 - 1 bytes behind",
        &exif(Place::Mdat(far)),
    );
    add(
        "exif-short",
        OK,
        "an EXIF item of three bytes",
        &exif(Place::Mdat(vec![0; 3])),
    );
    add(
        "exif-beyond",
        EITHER,
        "an EXIF item behind the file's end",
        &exif(Place::Extents(0, 0, vec![(0, u32::MAX, 9)])),
    );
    let many = Place::Extents(0, 0, vec![(0, 0, 0); 500]);
    add(
        "exif-extents",
        EITHER,
        "an EXIF item of 500 times the whole file",
        &exif(many),
    );
    add("exif-of-itself", EITHER, "an EXIF item made of its own data", &{
        let mut heif = exif(Place::Extents(2, 0, vec![(1, 0, 0)]));
        heif.refer(b"iloc", 2, &[2]);
        heif
    });
    for (name, length) in [("icc-junk", 3000), ("icc-4-megabytes", 4_000_000)] {
        let mut heif = sound(coded);
        heif.give(1, make_box(b"colr", &[b"prof".as_slice(), &vec![7; length]].concat()));
        let special = format!("a colour profile of {length} bytes of nothing");
        add(name, EITHER, &special, &heif);
    }
    let mut heif = sound(coded);
    heif.more = full_box(
        b"grpl",
        0,
        0,
        &full_box(b"altr", 0, 0, &[0, 0, 0, 9, 0xFF, 0xFF, 0xFF, 0xFF]),
    );
    add(
        "group-4294967295",
        EITHER,
        "a group that claims 2^32 - 1 members",
        &heif,
    );
}

/// Much of everything: linear work is soon done, quadratic is not.
fn many(set: &mut Bombs, coded: &Coded) {
    for (name, count) in [("items-60", 60), ("items-20000", 20_000)] {
        let mut heif = sound(coded);
        for id in 2..count + 2 {
            heif.properties.push(ispe((id, id)));
            heif.associate_new(id, &[(heif.properties.len() as u16) & 0x7FFF, 1, 2]);
            heif.item(id, b"hvc1", Place::Within(vec![(0, 10)]));
            heif.references.push((*b"thmb", id, vec![1]));
        }
        let special = format!("{count} thumbnails, each with properties of its own");
        set.add(
            name,
            SHOWN,
            if count < 100 { OK } else { EITHER },
            &special,
            heif.file(),
        );
    }
    let mut heif = sound(coded);
    for id in 2..20_002 {
        heif.associate_new(id, &[1; 20]);
        heif.item(id, b"Exif", Place::Within(vec![(0, 10)]));
        heif.references.push((*b"cdsc", id, vec![1]));
    }
    set.add(
        "exif-20000",
        SHOWN,
        EITHER,
        "20,000 EXIF items of one picture",
        heif.file(),
    );
    let mut heif = sound(coded);
    for id in 2..20_002 {
        heif.associate_new(id, &[1, 2]);
        heif.item(id, b"hvc1", Place::Nowhere);
        heif.references.push((*b"auxl", id, vec![1]));
    }
    set.add(
        "auxiliaries-20000",
        SHOWN,
        EITHER,
        "20,000 auxiliaries of no known kind",
        heif.file(),
    );
}
