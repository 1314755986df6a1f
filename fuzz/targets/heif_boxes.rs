//! HEIF files made from a grammar: items, types, references, properties and extents as the fuzzer chooses, around pictures
//! that are really coded. Flipped bytes find little in boxes, as most of them break a size and nothing behind it is read.
#![no_main]

#[allow(dead_code, reason = "a writer of test data, of which this takes a part")]
#[path = "../../examples/testdata/formats/isobmff.rs"]
mod isobmff;
#[allow(dead_code, reason = "a writer of test data, of which this takes a part")]
#[path = "../../examples/testdata/formats/sps.rs"]
mod sps;
mod support;

use std::sync::LazyLock;

use isobmff::{ALPHA, ESSENTIAL, Heif, Name, Place, auxiliary, claiming, clap, full_box, ispe, large_box, make_box};
use libfuzzer_sys::fuzz_target;
use photofit::Metadata;
use support::choices::Choices;

fuzz_target!(|data: &[u8]| {
    let file = build(&mut Choices::new(data));
    if let Some(path) = std::env::var_os("PHOTOFIT_FUZZ_KEEP") {
        std::fs::write(path, &file).expect("the file that the input stands for is written");
    }
    support::road::travel(&file, &[Metadata::Privacy]);
});

/// A coded picture: the body of `hvcC`, the data, and the size.
struct Sample {
    config: Vec<u8>,
    data: Vec<u8>,
    size: (u32, u32),
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let files = [
        include_bytes!("../../testdata/heic/still.heic").as_slice(),
        include_bytes!("../../testdata/heic/10-bit.heic"),
    ];
    files.map(sample).into()
});

/// The first coded picture of a file that the library's writer has made, whose `mdat` begins with it.
fn sample(file: &[u8]) -> Sample {
    let body = |name: &[u8]| {
        let at = file
            .windows(4)
            .position(|w| w == name)
            .expect("the sample has this box");
        let size = u32::from_be_bytes(file[at - 4..at].try_into().expect("four bytes"));
        &file[at + 4..at - 4 + size as usize]
    };
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().expect("four bytes"));
    let size = body(b"ispe");
    Sample {
        config: body(b"hvcC").to_vec(),
        data: body(b"mdat").to_vec(),
        size: (number(&size[4..8]), number(&size[8..12])),
    }
}

/// `hvcC` with another size in its sequence parameter sets.
fn saying(config: &[u8], size: (u32, u32), chroma: u32) -> Vec<u8> {
    let mut out = config[..23].to_vec();
    let mut at = 23;
    while at + 3 <= config.len() {
        let units = u16::from_be_bytes([config[at + 1], config[at + 2]]);
        out.extend_from_slice(&config[at..at + 3]);
        at += 3;
        for _ in 0..units {
            let length = usize::from(u16::from_be_bytes([config[at], config[at + 1]]));
            let unit = &config[at + 2..at + 2 + length];
            at += 2 + length;
            let unit = if sps::nal_type(unit) == sps::SPS {
                sps::rewrite(unit, size, chroma)
            } else {
                unit.to_vec()
            };
            out.extend((unit.len() as u16).to_be_bytes());
            out.extend(unit);
        }
    }
    out
}

const KINDS: [Name; 12] = [
    *b"hvc1", *b"hvc1", *b"grid", *b"iovl", *b"iden", *b"Exif", *b"mime", *b"data", *b"tmap", *b"av01", *b"unci",
    *b"jpeg",
];
const REFERENCES: [Name; 8] = [
    *b"dimg", *b"auxl", *b"thmb", *b"cdsc", *b"iloc", *b"prem", *b"base", *b"tbas",
];
const CHILDREN: [Name; 7] = [*b"pitm", *b"iinf", *b"iloc", *b"iprp", *b"iref", *b"idat", *b"hdlr"];

fn build(c: &mut Choices<'_>) -> Vec<u8> {
    let mut heif = Heif::new(1);
    let count = 1 + c.below(10) as u32;
    let pool = properties(c, &mut heif);
    for index in 0..count {
        let id = c.odd(index + 1, 40);
        item(c, &mut heif, id, count, &pool);
    }
    for _ in 0..c.below(6) {
        let kind = c.pick(&REFERENCES);
        let from = anybody(c, count);
        let to = many(c, count);
        heif.refer(&kind, from, &to);
    }
    if c.rare(12) {
        heif.primary = c.rare(3).then(|| anybody(c, count));
    }
    for _ in 0..c.below(4) * usize::from(c.rare(4)) {
        let name = c.pick(&CHILDREN);
        let bytes = other_box(c, &heif, &name);
        heif.instead(&name, bytes);
    }
    let mut file = heif.file();
    // A few numbers anywhere in the boxes: counts, sizes, versions and flags among them.
    for _ in 0..c.below(5) * usize::from(c.rare(3)) {
        let limit = (file.len() - 4).min(2000);
        let at = c.below(limit);
        let value = c.edge().to_be_bytes();
        match c.below(3) {
            0 => file[at] = value[3],
            1 => file[at..at + 2].copy_from_slice(&value[2..]),
            _ => file[at..at + 4].copy_from_slice(&value),
        }
    }
    if c.rare(10) {
        let length = c.below(60);
        file.extend((0..length).map(|_| c.byte()));
    }
    file
}

/// An item's number: one of those that there are, or another.
fn anybody(c: &mut Choices<'_>, count: u32) -> u32 {
    let sound = 1 + c.below(count as usize) as u32;
    c.odd(sound, 30)
}

fn many(c: &mut Choices<'_>, count: u32) -> Vec<u32> {
    if c.rare(12) {
        let id = anybody(c, count);
        return vec![id; c.below(2000)];
    }
    (0..1 + c.below(4)).map(|_| anybody(c, count)).collect()
}

fn side(c: &mut Choices<'_>) -> u32 {
    let sound = c.pick(&[64, 64, 61, 43, 16, 128, 1024]);
    c.odd(sound, 8)
}

/// Properties that any item may have, by their index in `ipco`.
fn properties(c: &mut Choices<'_>, heif: &mut Heif) -> Vec<u16> {
    (0..c.below(8))
        .map(|_| {
            let whole = match c.below(9) {
                0 => ispe((side(c), side(c))),
                1 => clap([0; 4].map(|_| (side(c), c.odd(1, 4)))),
                2 => make_box(b"irot", &[c.byte()]),
                3 => make_box(b"imir", &[c.byte()]),
                4 => auxiliary(if c.rare(3) { "urn:mpeg:hevc:2015:auxid:2" } else { ALPHA }),
                5 => make_box(b"colr", &[b"prof".as_slice(), &vec![c.byte(); c.below(3000)]].concat()),
                6 => make_box(
                    b"colr",
                    &[b'n', b'c', b'l', b'x', 0, c.byte(), 0, c.byte(), 0, c.byte(), 0x80],
                ),
                7 => full_box(b"pixi", 0, 0, &[3, c.byte(), c.byte(), c.byte()]),
                _ => make_box(&[c.byte(), b'b', b'o', b'x'], &vec![0; c.below(40)]),
            };
            heif.property(whole)
        })
        .collect()
}

fn item(c: &mut Choices<'_>, heif: &mut Heif, id: u32, count: u32, pool: &[u16]) {
    let kind = c.pick(&KINDS);
    match &kind {
        b"grid" => {
            let (columns, rows) = (1 + c.odd(id % 3, 10) % 256, 1 + c.odd(0, 10) % 256);
            let tiles = if c.rare(3) {
                many(c, count)
            } else {
                vec![anybody(c, count); (columns * rows).min(60_000) as usize]
            };
            heif.grid(id, (columns, rows), (side(c), side(c)), &tiles);
        }
        b"iovl" => {
            let layers = many(c, count);
            let at = c.odd(0, 4).cast_signed();
            heif.overlay(id, (side(c), side(c)), (at, at), &layers);
        }
        b"iden" => {
            heif.identity(id, (side(c), side(c)), anybody(c, count));
        }
        b"hvc1" => {
            let sample = &SAMPLES[c.below(SAMPLES.len())];
            let config = if c.rare(4) {
                saying(&sample.config, (side(c), side(c)), c.below(4) as u32)
            } else {
                sample.config.clone()
            };
            let size = if c.rare(4) { (side(c), side(c)) } else { sample.size };
            let mut data = sample.data.clone();
            if c.rare(6) {
                let at = c.below(data.len());
                data[at] ^= c.byte();
            }
            if c.rare(8) {
                data.truncate(c.below(sample.data.len()));
            }
            heif.hevc(id, &config, &data, size);
        }
        b"Exif" => {
            let head = c.odd(0, 4).to_be_bytes();
            heif.item(
                id,
                &kind,
                Place::Idat([head.as_slice(), b"II*\0\x08\0\0\0\0\0\0\0\0\0"].concat()),
            );
            heif.refer(b"cdsc", id, &[1]);
        }
        _ => {
            let length = c.below(100);
            heif.item(id, &kind, Place::Idat(vec![c.byte(); length]));
        }
    }
    for _ in 0..c.below(4) * usize::from(!pool.is_empty()) {
        let index = c.pick(pool);
        let index = c.odd(index.into(), 30) as u16;
        heif.associate(id, &[index | if c.rare(2) { ESSENTIAL } else { 0 }]);
    }
    if c.rare(6) {
        let extents = (0..1 + c.below(300) * usize::from(c.rare(4)))
            .map(|_| (anybody(c, count), c.edge(), c.edge()))
            .collect();
        let method = c.pick(&[0, 1, 2, 2, 3, 15]);
        let base = c.odd(0, 4);
        if let Some(last) = heif.items.last_mut() {
            last.place = Place::Extents(method, base, extents);
        }
        if method == 2 {
            let to = many(c, count);
            heif.refer(b"iloc", id, &to);
        }
    }
}

/// Something else in the place of a box: nothing, a claim, the same within itself, or the same with another size.
fn other_box(c: &mut Choices<'_>, heif: &Heif, name: &Name) -> Vec<u8> {
    let body = [c.edge().to_be_bytes(), c.edge().to_be_bytes(), c.edge().to_be_bytes()].concat();
    match c.below(6) {
        0 => Vec::new(),
        1 => full_box(name, c.byte() % 4, 1, &body),
        2 => claiming(c.edge(), name, &body),
        3 => large_box(u64::from(c.edge()) << c.below(33), name, &body),
        4 => (0..c.below(300)).fold(body, |inner, _| make_box(name, &inner)),
        _ => make_box(b"iprp", &[heif.ipco(), heif.ipco(), heif.ipma()].concat()),
    }
}
