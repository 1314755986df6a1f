//! HEIF: pictures that claim more pixels than they hold, layers that hold more than the picture shows, and sizes that
//! contradict each other (ISO/IEC 23008-12, 6.5 and 6.6; H.265, 7.4.3.2.1).

use super::heif_references::sound;
use super::{Answers, Bombs, CLAIM, EITHER, HEAVY, MALFORMED, OK, REFUSED};
use crate::entry::Result;
use crate::formats::hevc::{self, Coded};
use crate::formats::isobmff::{ALPHA, ESSENTIAL, Heif, Place, auxiliary, clap, ispe, make_box};

const SIZE: (u32, u32) = (64, 64);
const SHOWN: (usize, usize) = (64, 64);

pub(super) fn bombs() -> Result<Bombs> {
    let mut set = Bombs::new("HEIC", "heif", "heic");
    let coded = hevc::flat(64, 64)?;
    sizes(&mut set, &coded)?;
    canvases(&mut set, &coded)?;
    alpha(&mut set, &coded)?;
    turns(&mut set, &coded);
    streams(&mut set, &coded)?;
    Ok(set)
}

fn picture(coded: &Coded, size: (u32, u32)) -> Vec<u8> {
    let mut heif = Heif::new(1);
    heif.hevc(1, &coded.config(), &coded.data, size);
    heif.file()
}

/// What `ispe` says and what is coded.
fn sizes(set: &mut Bombs, coded: &Coded) -> Result<()> {
    let mut add = |name: &str, size: (u32, u32), answers: Answers, special: &str, bytes: Vec<u8>| {
        set.add(name, (size.0 as usize, size.1 as usize), answers, special, bytes);
    };
    let size = (u32::MAX, u32::MAX);
    add(
        "ispe-4294967295",
        size,
        CLAIM,
        "64 × 64 coded pixels under an ispe of 2^32 - 1 squared",
        picture(coded, size),
    );
    let size = (u32::MAX, 1);
    add(
        "ispe-row",
        size,
        CLAIM,
        "64 × 64 coded pixels under an ispe of 2^32 - 1 in a row",
        picture(coded, size),
    );
    add(
        "ispe-zero",
        (0, 64),
        MALFORMED,
        "an ispe of width 0",
        picture(coded, (0, 64)),
    );
    let size = (16_384, 16_384);
    add(
        "ispe-larger",
        size,
        REFUSED,
        "64 × 64 coded pixels under an ispe of 16,384 squared",
        picture(coded, size),
    );
    let claimed = coded.saying(size);
    add(
        "both-claim",
        size,
        REFUSED,
        "ispe and parameter set claim 16,384 squared, the slice has 64 × 64",
        picture(&claimed, size),
    );
    let special = "an ispe of 64 × 64 over a parameter set of 16,384 squared";
    add("sps-larger", SIZE, REFUSED, special, picture(&claimed, SIZE));
    let sps = coded.with_sps((8192, 8192), 3);
    add(
        "sps-444",
        SIZE,
        REFUSED,
        "an ispe of 64 × 64 over a parameter set of 8,192 squared in 4:4:4",
        picture(&sps, SIZE),
    );
    let sps = coded.saying((65_528, 65_528));
    add(
        "sps-65528",
        SIZE,
        REFUSED,
        "an ispe of 64 × 64 over a parameter set of 65,528 squared",
        picture(&sps, SIZE),
    );
    let sps = coded.saying((8, 134_217_720));
    add(
        "sps-column",
        SIZE,
        REFUSED,
        "an ispe of 64 × 64 over a parameter set of 8 × 134,217,720",
        picture(&sps, SIZE),
    );
    let sps = coded.saying((0, 0));
    add(
        "sps-zero",
        SIZE,
        REFUSED,
        "a parameter set of 0 × 0",
        picture(&sps, SIZE),
    );
    // The pixels are all there, for once.
    let large = hevc::flat(4096, 4096)?;
    add(
        "coded-larger",
        SIZE,
        EITHER,
        "an ispe of 64 × 64 over 4,096 × 4,096 coded pixels",
        picture(&large, SIZE),
    );
    let large = hevc::flat(2048, 2048)?;
    add(
        "flat-2048",
        large.size,
        OK,
        "2,048 × 2,048 flat pixels, all of them coded",
        picture(&large, large.size),
    );
    Ok(())
}

/// Grids and overlays whose canvas and whose parts do not go together.
fn canvases(set: &mut Bombs, coded: &Coded) -> Result<()> {
    let mut add = |name: &str, size: (u32, u32), answers: Answers, special: &str, heif: &Heif| {
        set.add(name, (size.0 as usize, size.1 as usize), answers, special, heif.file());
    };
    let with = |coded: &Coded, id: u32, make: &dyn Fn(&mut Heif)| {
        let mut heif = Heif::new(1);
        make(&mut heif);
        heif.hevc(id, &coded.config(), &coded.data, coded.size);
        heif
    };
    let large = hevc::flat(2048, 2048)?;
    let heif = with(&large, 2, &|heif| {
        heif.overlay(1, SIZE, (0, 0), &[2; 200]);
    });
    add(
        "overlay-200-large",
        SIZE,
        REFUSED,
        "an overlay of 64 × 64 with 200 layers of 2,048 × 2,048",
        &heif,
    );
    // The same with an item for each layer, so that none can be decoded once for all.
    let mut heif = Heif::new(1);
    let ids: Vec<u32> = (2..202).collect();
    heif.overlay(1, SIZE, (0, 0), &ids);
    let config = heif.property(make_box(b"hvcC", &large.config())) | ESSENTIAL;
    let size = heif.property(ispe(large.size));
    heif.associate(2, &[config, size])
        .item(2, b"hvc1", Place::Mdat(large.data.clone()));
    for id in 3..202 {
        heif.associate_new(id, &[config, size]);
        heif.item(id, b"hvc1", Place::Within(vec![(0, large.data.len() as u32)]));
    }
    add(
        "overlay-200-items",
        SIZE,
        REFUSED,
        "200 items of 2,048 × 2,048 over the same bytes, layers of 64 × 64",
        &heif,
    );
    let heif = with(coded, 2, &|heif| {
        heif.overlay(1, (u32::MAX, u32::MAX), (0, 0), &[2]);
        heif.properties[0] = ispe(SIZE);
    });
    add(
        "overlay-canvas",
        SIZE,
        CLAIM,
        "an overlay's canvas of 2^32 - 1 squared under an ispe of 64 × 64",
        &heif,
    );
    for (name, side) in [("overlay-cut-2-32", u32::MAX), ("overlay-cut-16000", 16_000)] {
        let heif = with(coded, 2, &|heif| {
            heif.overlay(1, (side, side), (0, 0), &[2]);
            heif.give(1, clap([(1, 1), (1, 1), (0, 1), (0, 1)]));
        });
        add(
            name,
            (1, 1),
            REFUSED,
            "an overlay's large canvas, of which one pixel is shown",
            &heif,
        );
    }
    let size = (17_000, 17_000);
    let heif = with(coded, 2, &|heif| {
        heif.overlay(1, size, (0, 0), &[2]);
    });
    add(
        "overlay-empty-canvas",
        size,
        REFUSED,
        "a canvas of 17,000 squared with one layer of 64 × 64",
        &heif,
    );
    for (name, at) in [("overlay-far", i32::MAX), ("overlay-far-back", i32::MIN)] {
        let heif = with(coded, 2, &|heif| {
            heif.overlay(1, SIZE, (at, at), &[2, 2]);
        });
        add(
            name,
            SIZE,
            EITHER,
            "an overlay's layers at the end of the 32-bit numbers",
            &heif,
        );
    }
    let tiles = vec![2; 65_536];
    let heif = with(coded, 2, &|heif| {
        heif.grid(1, (256, 256), SIZE, &[2; 100]);
        heif.references[0].2 = tiles[..65_535].to_vec();
    });
    add(
        "grid-256-missing",
        SIZE,
        REFUSED,
        "256 × 256 tiles of 64 × 64 in a grid of 64 × 64, one of them missing",
        &heif,
    );
    let heif = with(coded, 2, &|heif| {
        heif.grid(1, (255, 257), SIZE, &tiles[..65_535]);
        heif.references[0].2 = tiles[..65_535].to_vec();
    });
    add(
        "grid-65535-for-64",
        SIZE,
        REFUSED,
        "65,535 tiles of 64 × 64 for a grid of 64 × 64",
        &heif,
    );
    let size = (64 * 250, 64 * 250);
    let heif = with(coded, 2, &|heif| {
        heif.grid(1, (250, 250), size, &tiles[..62_500]);
    });
    add(
        "grid-250",
        size,
        HEAVY,
        "250 × 250 tiles that are one item: 256 megapixels",
        &heif,
    );
    let heif = with(coded, 2, &|heif| {
        heif.grid(1, (30, 30), SIZE, &tiles[..900]);
    });
    add(
        "grid-900-for-64",
        SIZE,
        EITHER,
        "900 tiles of 64 × 64 for a grid of 64 × 64",
        &heif,
    );
    let size = (16_384, 16_384);
    let heif = with(coded, 2, &|heif| {
        heif.grid(1, (1, 1), size, &[2]);
    });
    add(
        "grid-too-large",
        size,
        REFUSED,
        "a grid of 16,384 squared with one tile of 64 × 64",
        &heif,
    );
    let claimed = coded.saying((8192, 8192));
    let heif = with(&claimed, 2, &|heif| {
        heif.grid(1, (4, 4), SIZE, &[2; 16]);
    });
    add(
        "grid-claims",
        SIZE,
        REFUSED,
        "16 tiles that claim 8,192 squared, in a grid of 64 × 64",
        &heif,
    );
    Ok(())
}

/// Alpha planes of another size than their picture.
fn alpha(set: &mut Bombs, coded: &Coded) -> Result<()> {
    let plane = hevc::plane(64, 64)?;
    let with = |plane: &Coded, size: (u32, u32)| {
        let mut heif = sound(coded);
        heif.hevc(2, &plane.config(), &plane.data, size);
        heif.give(2, auxiliary(ALPHA)).refer(b"auxl", 2, &[1]);
        heif.file()
    };
    let large = hevc::plane(512, 512)?;
    let mut add =
        |name: &str, answers: Answers, special: &str, bytes: Vec<u8>| set.add(name, SHOWN, answers, special, bytes);
    add(
        "alpha",
        OK,
        "a picture with an alpha plane of its size",
        with(&plane, SIZE),
    );
    add(
        "alpha-larger",
        EITHER,
        "an alpha plane of 512 × 512 for 64 × 64",
        with(&large, (512, 512)),
    );
    let tiny = hevc::plane(8, 8)?;
    add(
        "alpha-smaller",
        EITHER,
        "an alpha plane of 8 × 8 for 64 × 64",
        with(&tiny, (8, 8)),
    );
    let claimed = plane.saying((16_384, 16_384));
    add(
        "alpha-claims",
        REFUSED,
        "an alpha plane that claims 16,384 squared for 64 × 64",
        with(&claimed, (16_384, 16_384)),
    );
    add(
        "alpha-sps",
        REFUSED,
        "an alpha plane of 64 × 64 over a parameter set of 16,384 squared",
        with(&claimed, SIZE),
    );
    // Each auxiliary is a whole picture; the first is the alpha plane.
    let mut heif = sound(coded);
    for id in 2..=60 {
        heif.hevc(id, &plane.config(), &plane.data, SIZE);
        heif.give(id, auxiliary(ALPHA)).refer(b"auxl", id, &[1]);
    }
    add("alpha-59", EITHER, "59 alpha planes", heif.file());
    Ok(())
}

/// Apertures and turns (14496-12, 12.1.4; 23008-12, 6.5.10 and 6.5.12).
fn turns(set: &mut Bombs, coded: &Coded) {
    let mut add =
        |name: &str, answers: Answers, special: &str, heif: &Heif| set.add(name, SHOWN, answers, special, heif.file());
    let negative = |v: i32| v.cast_unsigned();
    let apertures = [
        (
            "clap-huge",
            [(u32::MAX, 1), (u32::MAX, 1), (0, 1), (0, 1)],
            "an aperture of 2^32 - 1 squared",
        ),
        ("clap-zero", [(0, 1), (0, 1), (0, 1), (0, 1)], "an aperture of 0 × 0"),
        (
            "clap-by-zero",
            [(64, 0), (64, 0), (0, 0), (0, 0)],
            "an aperture of fractions by 0",
        ),
        (
            "clap-far",
            [(32, 1), (32, 1), (negative(i32::MIN), 1), (negative(i32::MAX), 1)],
            "an aperture far outside",
        ),
        (
            "clap-tiny",
            [(1, u32::MAX), (1, u32::MAX), (1, u32::MAX), (1, u32::MAX)],
            "an aperture of 2^-32 pixels",
        ),
        (
            "clap-product",
            [
                (u32::MAX, u32::MAX - 1),
                (u32::MAX, 3),
                (u32::MAX, u32::MAX),
                (negative(-1), u32::MAX),
            ],
            "fractions of 2^32 - 1",
        ),
    ];
    for (name, fractions, special) in apertures {
        let mut heif = sound(coded);
        heif.give(1, clap(fractions));
        add(name, EITHER, special, &heif);
    }
    for (name, entries) in [("irot-2550", 10), ("irot-102000", 400)] {
        let mut heif = sound(coded);
        let turn = heif.property(make_box(b"irot", &[1])) | ESSENTIAL;
        for _ in 0..entries {
            heif.associate_new(1, &[turn; 255]);
        }
        let special = format!("{} quarter turns", entries * 255);
        add(name, EITHER, &special, &heif);
    }
    let mut heif = sound(coded);
    let crop = heif.property(clap([(64, 1), (64, 1), (0, 1), (0, 1)])) | ESSENTIAL;
    heif.associate(1, &[crop; 250]);
    add("clap-250", EITHER, "the same aperture 250 times", &heif);
}

/// What stands in the coded data.
fn streams(set: &mut Bombs, coded: &Coded) -> Result<()> {
    let mut add =
        |name: &str, answers: Answers, special: &str, bytes: Vec<u8>| set.add(name, SHOWN, answers, special, bytes);
    let with = |data: Vec<u8>| {
        let mut heif = Heif::new(1);
        heif.hevc(1, &coded.config(), &data, SIZE);
        heif.file()
    };
    let unit = [&[0xFF; 4], &coded.data[4..]].concat();
    add("nal-4294967295", REFUSED, "a NAL unit of 2^32 - 1 bytes", with(unit));
    add("nal-empty", REFUSED, "2,000 NAL units of no bytes", with(vec![0; 8000]));
    add("nal-none", REFUSED, "a picture without coded data", with(Vec::new()));
    add(
        "nal-repeated",
        EITHER,
        "the same coded picture 100 times in an item",
        with(coded.data.repeat(100)),
    );
    // Extents over the same bytes: a picture of four megapixels, 3,000 times over.
    let large = hevc::flat(2048, 2048)?;
    let mut heif = Heif::new(1);
    heif.hevc(1, &large.config(), &large.data, large.size);
    heif.items[0].place = Place::Within(vec![(0, large.data.len() as u32); 3000]);
    heif.item(2, b"data", Place::Mdat(large.data.clone()));
    let special = "3,000 extents over the same picture of 2,048 squared";
    set.add("extents-same-picture", (2048, 2048), HEAVY, special, heif.file());
    Ok(())
}
