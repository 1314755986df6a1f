//! TIFF: pictures whose strips and tiles are sound, shared, or swell when they are read (TIFF 6.0; BigTIFF).

use std::borrow::Cow;

use super::{Answers, Bombs, EITHER, HEAVY, OK, REFUSED};
use crate::entry::Result;
use crate::formats::deflate::zlib;
use crate::formats::ifd::{Fields, Structure, Value};
use crate::formats::tiff::lzw;

/// A picture's tags, to be changed before they are written.
pub(super) struct Tags {
    pub(super) fields: Fields,
}

impl Tags {
    /// Eight bits a sample, gray or RGB, not compressed.
    pub(super) fn new((width, height): (usize, usize), samples: usize) -> Self {
        let photometric = if samples >= 3 { 2 } else { 1 };
        Self {
            fields: vec![
                (0x0100, Value::long(width)),
                (0x0101, Value::long(height)),
                (0x0102, Value::Short(vec![8; samples])),
                (0x0103, Value::short(1)),
                (0x0106, Value::short(photometric)),
                (0x0115, Value::long(samples)),
            ],
        }
    }

    /// Sets a tag, or adds it.
    pub(super) fn set(mut self, tag: u16, value: Value) -> Self {
        self.fields.retain(|f| f.0 != tag);
        self.fields.push((tag, value));
        self.fields.sort_by_key(|f| f.0);
        self
    }

    /// Strips at these places.
    pub(super) fn strips(self, rows: usize, offsets: &[u32], lengths: &[u32]) -> Self {
        self.set(0x0111, Value::Long(offsets.to_vec()))
            .set(0x0116, Value::long(rows))
            .set(0x0117, Value::Long(lengths.to_vec()))
    }

    pub(super) fn tiles(self, (width, height): (usize, usize), offsets: &[u32], lengths: &[u32]) -> Self {
        self.set(0x0142, Value::long(width))
            .set(0x0143, Value::long(height))
            .set(0x0144, Value::Long(offsets.to_vec()))
            .set(0x0145, Value::Long(lengths.to_vec()))
    }

    /// The file: `data` at offset 8, and the directory behind it.
    pub(super) fn file(&self, data: &[u8]) -> Vec<u8> {
        let mut s = Structure::new(false, false);
        s.append(data);
        s.chain(&self.fields);
        s.out
    }
}

pub(super) fn bombs() -> Result<Bombs> {
    let mut set = Bombs::new("TIFF", "tiff", "tif");
    planar(&mut set)?;
    shared(&mut set);
    swelling(&mut set);
    directories(&mut set);
    Ok(set)
}

/// Ordinary pictures with a plane for each sample (PlanarConfiguration 2), in strips and in tiles.
fn planar(set: &mut Bombs) -> Result<()> {
    const SIDE: usize = 32;
    let size = (48, 48);
    for samples in [3, 4] {
        for (name, method) in [("none", 1), ("lzw", 5), ("deflate", 8)] {
            for tiled in [true, false] {
                let mut data = Vec::new();
                let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
                let (count, bytes) = if tiled { (4, SIDE * SIDE) } else { (3, 16 * size.0) };
                for plane in 0..samples {
                    for piece in 0..count {
                        let pixels: Vec<u8> = (0..bytes).map(|i| (i / 8 + plane * 60 + piece * 9) as u8).collect();
                        let packed = packed(&pixels, method)?;
                        offsets.push(8 + data.len() as u32);
                        lengths.push(packed.len() as u32);
                        data.extend_from_slice(&packed);
                        data.resize(data.len().next_multiple_of(2), 0);
                    }
                }
                let mut tags = Tags::new(size, samples)
                    .set(0x0103, Value::short(method))
                    .set(0x011C, Value::short(2));
                if samples == 4 {
                    tags = tags.set(0x0152, Value::short(2));
                }
                let (tags, layout) = if tiled {
                    (tags.tiles((SIDE, SIDE), &offsets, &lengths), "tiles")
                } else {
                    (tags.strips(16, &offsets, &lengths), "strips")
                };
                let special = format!("an ordinary picture of {samples} planes in {layout}, compression {method}");
                set.add(
                    &format!("planar-{layout}-{samples}-{name}"),
                    size,
                    EITHER,
                    &special,
                    tags.file(&data),
                );
            }
        }
    }
    // The planes' bits differ, which only planes could have.
    let tags = Tags::new(size, 3)
        .set(0x011C, Value::short(2))
        .set(0x0102, Value::Short(vec![8, 16, 1]));
    let tags = tags.tiles((32, 32), &[8; 12], &[2048; 12]);
    set.add(
        "planar-mixed-bits",
        size,
        REFUSED,
        "planes of 8, 16 and 1 bits",
        tags.file(&[9; 2048]),
    );
    let tags = Tags::new((8192, 8192), 3)
        .set(0x011C, Value::short(2))
        .tiles((16, 16), &[8; 4], &[256; 4]);
    set.add(
        "planar-few-tiles",
        (8192, 8192),
        REFUSED,
        "four tiles of 786,432",
        tags.file(&[9; 256]),
    );
    Ok(())
}

fn packed(data: &[u8], method: u16) -> Result<Cow<'_, [u8]>> {
    Ok(match method {
        5 => lzw(data)?.into(),
        8 => zlib(data).into(),
        _ => data.into(),
    })
}

/// Strips and tiles over the same bytes.
fn shared(set: &mut Bombs) {
    let mut add = |name: &str, size: (usize, usize), answers: Answers, special: &str, bytes: Vec<u8>| {
        set.add(name, size, answers, special, bytes);
    };
    let row = vec![9; 16_000];
    let tags = Tags::new((16_000, 8000), 1).strips(1, &[8; 8000], &[16_000; 8000]);
    add(
        "strips-8000-shared",
        (16_000, 8000),
        HEAVY,
        "8,000 strips over the same row",
        tags.file(&row),
    );
    let tags = Tags::new((1000, 400), 1).strips(1, &[8; 400], &[1000; 400]);
    add(
        "strips-400-shared",
        (1000, 400),
        EITHER,
        "400 strips over the same row",
        tags.file(&row[..1000]),
    );
    let tags = Tags::new((8192, 8192), 1).tiles((16, 16), &vec![8; 262_144], &vec![256; 262_144]);
    add(
        "tiles-262144-shared",
        (8192, 8192),
        HEAVY,
        "262,144 tiles over the same bytes",
        tags.file(&row[..256]),
    );
    // Every strip's bytes are the whole file's.
    let tags = Tags::new((16, 300), 1).strips(1, &[0; 300], &[5000; 300]);
    add(
        "strips-whole-file",
        (16, 300),
        EITHER,
        "300 strips, each over the whole file",
        tags.file(&row[..3000]),
    );
}

/// Compressed strips that are much larger than what they are read for, or than their bytes.
fn swelling(set: &mut Bombs) {
    let mut add = |name: &str, size: (usize, usize), answers: Answers, special: &str, bytes: Vec<u8>| {
        set.add(name, size, answers, special, bytes);
    };
    let one = |size: (usize, usize), method: u16, data: &[u8]| {
        let tags = Tags::new(size, 1).set(0x0103, Value::short(method));
        tags.strips(size.1, &[8], &[data.len() as u32]).file(data)
    };
    let zeros = zlib(&vec![0; 8_000_000]);
    add(
        "deflate-longer",
        (16, 16),
        EITHER,
        "8 MB in a strip of 256 bytes",
        one((16, 16), 8, &zeros),
    );
    add(
        "deflate-shorter",
        (16_000, 16_000),
        REFUSED,
        "8 MB in a strip of 256 MB",
        one((16_000, 16_000), 8, &zeros),
    );
    let shared = Tags::new((4000, 4000), 1).set(0x0103, Value::short(8));
    let shared = shared.strips(1, &[8; 4000], &vec![zeros.len() as u32; 4000]);
    add(
        "deflate-4000-shared",
        (4000, 4000),
        HEAVY,
        "4,000 rows, each the beginning of the same 8 MB",
        shared.file(&zeros),
    );
    let runs = [0x81, 0].repeat(2500);
    add(
        "packbits-longer",
        (16, 16),
        EITHER,
        "320 KB of runs in a strip of 256 bytes",
        one((16, 16), 32_773, &runs),
    );
    let nothing = vec![0x80; 3_000_000];
    add(
        "packbits-nothing",
        (16, 16),
        REFUSED,
        "three million bytes that stand for nothing",
        one((16, 16), 32_773, &nothing),
    );
    let clears: Vec<u8> = [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01, 0x00].repeat(100_000);
    add(
        "lzw-clears",
        (16, 16),
        REFUSED,
        "800,000 clear codes",
        one((16, 16), 5, &clears),
    );
    let frame = crate::formats::jpeg::header_only(0xC0, 8, (65_535, 4500), &[(1, 0x11, 0)]);
    add(
        "jpeg-larger",
        (16, 16),
        REFUSED,
        "a strip of 16 × 16 that is a JPEG of 65,535 × 4,500",
        one((16, 16), 7, &frame),
    );
    for (method, name) in [
        (2, "ccitt-rle"),
        (3, "ccitt-3"),
        (4, "ccitt-4"),
        (34_712, "jpeg-2000"),
        (34_925, "lzma"),
        (50_000, "zstd"),
        (50_001, "webp"),
    ] {
        let special = format!("16,000 squared in 64 bytes of compression {method}");
        let tags = Tags::new((16_000, 16_000), 1)
            .set(0x0103, Value::short(method))
            .set(0x0102, Value::short(1));
        let bytes = tags.strips(16_000, &[8], &[64]).file(&[0xFF; 64]);
        add(name, (16_000, 16_000), REFUSED, &special, bytes);
    }
}

/// Chains and trees of directories.
fn directories(set: &mut Bombs) {
    let size = (16, 16);
    let sound = || Tags::new(size, 1).strips(16, &[8], &[256]);
    let data = [77; 256];
    let chain = |big: bool, count: usize, back: bool| {
        let mut s = Structure::new(false, big);
        let at = s.append(&data) as u32;
        let first = s.chain(&sound().strips(16, &[at], &[256]).fields);
        for _ in 0..count {
            s.chain(&[]);
        }
        if back {
            s.link(first.at);
        }
        s.out
    };
    set.add(
        "chain-loop",
        size,
        OK,
        "a chain of directories that leads back to the first",
        chain(false, 40, true),
    );
    set.add(
        "chain-900",
        size,
        OK,
        "900 directories without entries behind the picture",
        chain(false, 900, false),
    );
    set.add(
        "chain-200000",
        size,
        EITHER,
        "200,000 directories without entries behind the picture",
        chain(false, 200_000, false),
    );
    set.add(
        "big-chain-loop",
        size,
        OK,
        "a BigTIFF chain of directories that leads back to the first",
        chain(true, 40, true),
    );
    set.add(
        "big-chain-300000",
        size,
        EITHER,
        "300,000 directories of a BigTIFF behind the picture",
        chain(true, 300_000, false),
    );
    set.add(
        "sub-ifds-self",
        size,
        EITHER,
        "1,000 sub-directories that are the first directory",
        {
            let mut s = Structure::new(false, false);
            s.append(&data);
            let at = 8 + 256;
            s.chain(&sound().set(0x014A, Value::Long(vec![at; 1000])).fields);
            s.out
        },
    );
    set.add(
        "sub-ifds-300000",
        size,
        EITHER,
        "300,000 sub-directories that are the first directory",
        {
            let mut s = Structure::new(false, false);
            s.append(&data);
            let at = 8 + 256;
            s.chain(&sound().set(0x014A, Value::Long(vec![at; 300_000])).fields);
            s.out
        },
    );
    let many = (0x8000..0x8000 + 700).fold(sound(), |tags, tag| {
        tags.set(tag, Value::Raw(2, 2000, 0u32.to_le_bytes().to_vec()))
    });
    set.add(
        "tags-700",
        size,
        EITHER,
        "700 unknown tags over the file's first 2,000 bytes",
        many.file(&data),
    );
}
