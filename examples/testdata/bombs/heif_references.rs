//! HEIF: references that go in circles, and derivations that multiply (ISO/IEC 23008-12, 6.6; 14496-12, 8.11.12).

use super::{Answers, Bombs, EITHER, MALFORMED, OK, REFUSED};
use crate::entry::Result;
use crate::formats::hevc::{self, Coded};
use crate::formats::isobmff::{Heif, Name, Place, auxiliary, ispe};

const SIDE: u32 = 64;
const SIZE: (u32, u32) = (SIDE, SIDE);
const SHOWN: (usize, usize) = (64, 64);

/// A sound picture as item 1, to which something else is added.
pub(super) fn sound(coded: &Coded) -> Heif {
    let mut heif = Heif::new(1);
    heif.hevc(1, &coded.config(), &coded.data, coded.size);
    heif
}

pub(super) fn bombs() -> Result<Bombs> {
    let mut set = Bombs::new("HEIC", "heif", "heic");
    let coded = hevc::flat(SIDE, SIDE)?;
    circles(&mut set);
    beside(&mut set, &coded);
    in_locations(&mut set, &coded);
    nested(&mut set, &coded);
    chains(&mut set, &coded);
    Ok(set)
}

/// Derivations that lead back to themselves.
fn circles(set: &mut Bombs) {
    let mut add = |name: &str, special: &str, heif: &Heif| set.add(name, SHOWN, MALFORMED, special, heif.file());
    let mut heif = Heif::new(1);
    heif.grid(1, (1, 1), SIZE, &[1]);
    add("grid-of-itself", "a grid whose tile is the grid", &heif);
    let mut heif = Heif::new(1);
    heif.grid(1, (1, 1), SIZE, &[2]).grid(2, (1, 1), SIZE, &[1]);
    add("grid-circle", "two grids, each the tile of the other", &heif);
    let mut heif = Heif::new(1);
    for id in 1..=3 {
        heif.overlay(id, SIZE, (0, 0), &[id % 3 + 1, id % 3 + 1]);
    }
    let special = "three overlays in a circle, with two layers each";
    add("overlay-circle", special, &heif);
    let mut heif = Heif::new(1);
    heif.identity(1, SIZE, 2).identity(2, SIZE, 1);
    add("identity-circle", "two identities, each of the other", &heif);
    let mut heif = Heif::new(1);
    for id in 1..=300 {
        heif.identity(id, SIZE, id % 300 + 1);
    }
    set.add(
        "identity-circle-300",
        SHOWN,
        MALFORMED,
        "a circle of 300 identities",
        heif.file(),
    );
}

/// Circles among what stands beside a sound picture and adds nothing to its pixels.
fn beside(set: &mut Bombs, coded: &Coded) {
    let mut add = |name: &str, answers: Answers, special: &str, heif: &Heif| {
        set.add(name, SHOWN, answers, special, heif.file());
    };
    let other = |kind: &Name| {
        let mut heif = sound(coded);
        heif.hevc(2, &coded.config(), &coded.data, SIZE);
        heif.refer(kind, 2, &[1]).refer(kind, 1, &[2]).refer(kind, 2, &[2]);
        heif
    };
    let mut heif = other(b"auxl");
    heif.give(2, auxiliary("urn:example:depth"));
    let special = "a sound picture and an unknown auxiliary, each an auxiliary of the other";
    add("auxiliary-circle", OK, special, &heif);
    let special = "a sound picture and its thumbnail, each a thumbnail of the other";
    add("thumbnail-circle", OK, special, &other(b"thmb"));
    let mut heif = sound(coded);
    let exif = [0, 0, 0, 0]
        .iter()
        .chain(b"II*\0\x08\0\0\0\0\0\0\0\0\0")
        .copied()
        .collect();
    heif.item(2, b"Exif", Place::Mdat(exif));
    heif.refer(b"cdsc", 2, &[1, 2]).refer(b"cdsc", 1, &[2, 1]);
    let special = "EXIF that describes the picture and itself, and a picture that describes both";
    add("description-circle", OK, special, &heif);
    // The alpha plane is a grid of itself: the picture is known, its transparency never will be.
    let mut heif = sound(coded);
    heif.grid(2, (1, 1), SIZE, &[2]);
    heif.give(2, auxiliary(crate::formats::isobmff::ALPHA));
    heif.refer(b"auxl", 2, &[1]);
    let special = "an alpha plane that is a grid of itself";
    add("alpha-circle", MALFORMED, special, &heif);
    let mut heif = sound(coded);
    heif.give(1, auxiliary(crate::formats::isobmff::ALPHA));
    heif.refer(b"auxl", 1, &[1]);
    add(
        "alpha-of-itself",
        EITHER,
        "a picture that is its own alpha plane",
        &heif,
    );
    let mut heif = sound(coded);
    for _ in 0..2000 {
        heif.refer(b"cdsc", 1, &[1]);
    }
    add(
        "references-2000",
        EITHER,
        "2,000 references of a picture to itself",
        &heif,
    );
    let mut heif = sound(coded);
    let many = vec![1; 65_535];
    for kind in [b"cdsc", b"auxl", b"thmb", b"prem"] {
        heif.refer(kind, 1, &many);
    }
    let special = "four references of 65,535 targets each, all the picture itself";
    add("reference-targets", EITHER, special, &heif);
}

/// Data that is made of other items' data (14496-12, 8.11.3: construction method 2).
fn in_locations(set: &mut Bombs, coded: &Coded) {
    let data = coded.data.len() as u32;
    let of_items = |links: &[(u32, u32)], times: usize, length: u32| {
        let mut heif = Heif::new(1);
        heif.hevc(1, &coded.config(), &coded.data, SIZE);
        heif.items.clear();
        for &(id, to) in links {
            let kind: &Name = if id == 1 { b"hvc1" } else { b"data" };
            heif.item(id, kind, Place::Extents(2, 0, vec![(1, 0, length); times]));
            heif.refer(b"iloc", id, &[to]);
        }
        heif
    };
    let heif = of_items(&[(1, 1)], 1, data);
    let special = "an item whose data is its own data";
    set.add("located-in-itself", SHOWN, REFUSED, special, heif.file());
    let heif = of_items(&[(1, 2), (2, 1)], 1, 0);
    let special = "two items, each made of the other's data";
    set.add("located-in-a-circle", SHOWN, REFUSED, special, heif.file());
    let levels: Vec<(u32, u32)> = (1..=12).map(|id| (id, id + 1)).collect();
    let mut heif = of_items(&levels, 20, 0);
    heif.item(13, b"data", Place::Mdat(coded.data.clone()));
    let special = "an item made of 20 times the data of another, which is made of 20 times another's: 12 levels";
    set.add("located-20-to-the-12", SHOWN, REFUSED, special, heif.file());
    let links: Vec<(u32, u32)> = (1..=20_000).map(|id| (id, id + 1)).collect();
    let mut heif = of_items(&links, 1, 0);
    heif.item(20_001, b"data", Place::Mdat(coded.data.clone()));
    let special = "data that is another item's data, 20,000 items deep";
    set.add("located-20000-deep", SHOWN, EITHER, special, heif.file());
}

/// Few items whose derivations multiply.
fn nested(set: &mut Bombs, coded: &Coded) {
    let mut add = |name: &str, special: &str, heif: &Heif| set.add(name, SHOWN, REFUSED, special, heif.file());
    let coded_as = |heif: &mut Heif, id: u32| {
        heif.hevc(id, &coded.config(), &coded.data, SIZE);
    };
    let mut heif = Heif::new(1);
    for id in 1..=5 {
        heif.overlay(id, SIZE, (0, 0), &[id + 1; 40]);
    }
    coded_as(&mut heif, 6);
    add(
        "overlay-40-to-the-5",
        "overlays of 40 overlays, five levels deep",
        &heif,
    );
    let mut heif = Heif::new(1);
    for id in 1..=4 {
        heif.grid(id, (12, 12), SIZE, &vec![id + 1; 144]);
    }
    coded_as(&mut heif, 5);
    add("grid-144-to-the-4", "grids of 144 grids, four levels deep", &heif);
    let mut heif = Heif::new(1);
    for id in 1..=30 {
        heif.overlay(id, SIZE, (0, 0), &[id + 1, id + 1]);
    }
    coded_as(&mut heif, 31);
    add("overlay-2-to-the-30", "overlays of two overlays, 30 levels deep", &heif);
    let mut heif = Heif::new(1);
    for id in 1..=60 {
        if id % 2 == 0 {
            heif.grid(id, (2, 1), SIZE, &[id + 1, id + 1]);
        } else {
            heif.overlay(id, SIZE, (0, 0), &[id + 1, id + 1]);
        }
    }
    coded_as(&mut heif, 61);
    let special = "grids of overlays of grids, 60 levels deep, two each";
    add("mixed-2-to-the-60", special, &heif);
    // The same through the alpha plane, which is derived besides the picture.
    let mut heif = sound(coded);
    for id in 2..=5 {
        heif.overlay(id, SIZE, (0, 0), &[id + 1; 40]);
    }
    coded_as(&mut heif, 6);
    heif.give(2, auxiliary(crate::formats::isobmff::ALPHA));
    heif.refer(b"auxl", 2, &[1]);
    let special = "a sound picture whose alpha plane is overlays of 40 overlays, four levels deep";
    add("alpha-40-to-the-4", special, &heif);
    // Layers of layers that have alpha planes with alpha planes.
    let mut heif = Heif::new(1);
    for id in 1..=40 {
        coded_as(&mut heif, id);
        heif.give(id, auxiliary(crate::formats::isobmff::ALPHA));
        if id > 1 {
            heif.refer(b"auxl", id, &[id - 1, id - 1]);
        }
    }
    set.add(
        "alpha-of-alpha",
        SHOWN,
        EITHER,
        "40 pictures, each the alpha plane of the one before",
        heif.file(),
    );
}

/// Long ways that end.
fn chains(set: &mut Bombs, coded: &Coded) {
    for (name, length) in [("identity-chain-150", 150), ("identity-chain-20000", 20_000)] {
        let mut heif = Heif::new(1);
        let size = heif.property(ispe(SIZE));
        for id in 1..=length {
            heif.associate_new(id, &[size]);
            heif.item(id, b"iden", Place::Nowhere).refer(b"dimg", id, &[id + 1]);
        }
        heif.hevc(length + 1, &coded.config(), &coded.data, SIZE);
        let special = format!("{length} identities, one behind the other, in front of a picture");
        set.add(name, SHOWN, EITHER, &special, heif.file());
    }
    let mut heif = Heif::new(1);
    heif.overlay(1, SIZE, (0, 0), &[2]);
    heif.hevc(2, &coded.config(), &coded.data, SIZE);
    for _ in 0..3000 {
        heif.refer(b"dimg", 1, &[2]);
    }
    let special = "an overlay of one layer with 3,000 dimg references to it";
    set.add("overlay-3000-references", SHOWN, EITHER, special, heif.file());
}
