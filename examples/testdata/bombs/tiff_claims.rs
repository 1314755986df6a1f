//! TIFF: tags that claim sides, counts and sizes that nothing in the file can have (TIFF 6.0, sections 2 and 8).

use super::tiff::Tags;
use super::{Answers, Bombs, CLAIM, EITHER, OK, REFUSED};
use crate::formats::ifd::{Structure, Value};

const LONG: u16 = 4;
const DATA: [u8; 256] = [77; 256];
/// The side of a picture that stays below the default limit of pixels.
const SIDE: usize = 16_000;
const LARGE: (usize, usize) = (SIDE, SIDE);

pub(super) fn bombs() -> Bombs {
    let mut set = Bombs::new("TIFF", "tiff", "tif");
    sides(&mut set);
    strips(&mut set);
    tiles(&mut set);
    samples(&mut set);
    big(&mut set);
    set
}

fn sound() -> Tags {
    Tags::new((16, 16), 1).strips(16, &[8], &[256])
}

/// A value of so many LONGs at offset 8, whatever is there.
fn claim(count: u64) -> Value {
    Value::Raw(LONG, count, 8u32.to_le_bytes().to_vec())
}

fn sides(set: &mut Bombs) {
    let mut add = |name: &str, size: (usize, usize), answers: Answers, special: &str, tags: &Tags| {
        set.add(name, size, answers, special, tags.file(&DATA))
    };
    let largest = u32::MAX as usize;
    for (name, size) in [
        ("sides-2-32", (largest, largest)),
        ("row-2-32", (largest, 1)),
        ("column-2-32", (1, largest)),
    ] {
        add(
            name,
            size,
            CLAIM,
            "sides of 2^32 - 1",
            &Tags::new(size, 1).strips(16, &[8], &[256]),
        );
    }
    for (name, size) in [
        ("column", (1, 100_000_000)),
        ("row", (100_000_000, 1)),
        ("large", LARGE),
    ] {
        for (kind, samples) in [("gray", 1), ("rgb", 3)] {
            let tags = Tags::new(size, samples).strips(size.1, &[8], &[256]);
            add(
                &format!("{name}-{kind}"),
                size,
                REFUSED,
                "one strip of 256 bytes",
                &tags,
            );
            let tags = Tags::new(size, samples)
                .strips(size.1, &[8], &[256])
                .set(0x0103, Value::short(8));
            add(
                &format!("{name}-{kind}-deflate"),
                size,
                REFUSED,
                "one strip of 256 bytes, deflated",
                &tags,
            );
        }
    }
    let wide = Tags::new(LARGE, 4)
        .set(0x0102, Value::Short(vec![32; 4]))
        .strips(SIDE, &[8], &[256]);
    add(
        "large-rgba-32",
        LARGE,
        REFUSED,
        "one strip of 256 bytes for 16 bytes a pixel",
        &wide,
    );
}

fn strips(set: &mut Bombs) {
    let size = (16, 16);
    let mut add = |name: &str, size: (usize, usize), answers: Answers, special: &str, tags: &Tags| {
        set.add(name, size, answers, special, tags.file(&DATA))
    };
    add(
        "rows-0",
        size,
        REFUSED,
        "strips of no rows",
        &sound().set(0x0116, Value::long(0)),
    );
    add(
        "rows-2-32",
        size,
        OK,
        "strips of 2^32 - 1 rows, which is the default",
        &sound().set(0x0116, Value::long(u32::MAX as usize)),
    );
    let absent = sound().set(0x0116, Value::long(17));
    add("rows-17", size, OK, "a strip of 17 rows for 16", &absent);
    add(
        "strips-too-few",
        size,
        REFUSED,
        "strips of a row, and one of them",
        &sound().set(0x0116, Value::long(1)),
    );
    add(
        "strips-too-many",
        size,
        EITHER,
        "500 strips for one",
        &Tags::new(size, 1).strips(16, &[8; 500], &[256; 500]),
    );
    add(
        "offsets-2-32",
        size,
        REFUSED,
        "2^32 - 1 strips",
        &sound().set(0x0111, claim(u32::MAX.into())),
    );
    add(
        "lengths-2-32",
        size,
        EITHER,
        "2^32 - 1 lengths of strips",
        &sound().set(0x0117, claim(u32::MAX.into())),
    );
    let tags = Tags::new(LARGE, 1)
        .strips(1, &[8], &[256])
        .set(0x0111, claim(16_000))
        .set(0x0117, claim(16_000));
    add(
        "offsets-beyond",
        LARGE,
        REFUSED,
        "16,000 strips whose places are not in the file",
        &tags,
    );
    add(
        "length-2-32",
        size,
        EITHER,
        "a strip of 2^32 - 1 bytes",
        &sound().strips(16, &[8], &[u32::MAX]),
    );
    add(
        "offset-2-32",
        size,
        REFUSED,
        "a strip at 2^32 - 1",
        &sound().strips(16, &[u32::MAX], &[256]),
    );
    add(
        "icc-2-32",
        size,
        EITHER,
        "a colour profile of 2^32 - 1 bytes",
        &sound().set(0x8773, Value::Raw(7, u32::MAX.into(), vec![8, 0, 0, 0])),
    );
    add(
        "xmp-2-32",
        size,
        EITHER,
        "an XMP packet of 2^32 - 1 bytes",
        &sound().set(0x02BC, Value::Raw(1, u32::MAX.into(), vec![8, 0, 0, 0])),
    );
    let map = sound()
        .set(0x0106, Value::short(3))
        .set(0x0140, Value::Raw(3, u32::MAX.into(), vec![8, 0, 0, 0]));
    add("palette-2-32", size, REFUSED, "a palette of 2^32 - 1 values", &map);
    add(
        "tables-2-32",
        size,
        REFUSED,
        "JPEG tables of 2^32 - 1 bytes",
        &sound()
            .set(0x0103, Value::short(7))
            .set(0x015B, Value::Raw(7, u32::MAX.into(), vec![8, 0, 0, 0])),
    );
}

fn tiles(set: &mut Bombs) {
    let size = (16, 16);
    let mut add = |name: &str, size: (usize, usize), answers: Answers, special: &str, tags: &Tags| {
        set.add(name, size, answers, special, tags.file(&DATA))
    };
    for (name, side) in [
        ("tile-2-31", 1 << 31),
        ("tile-2-16", 1 << 16),
        ("tile-16000", 16_000),
        ("tile-0", 0),
        ("tile-7", 7),
    ] {
        let tags = Tags::new(size, 1).tiles((side, side), &[8], &[256]);
        let answers = if side == 7 { EITHER } else { REFUSED };
        add(name, size, answers, "a tile whose side is unlike the picture's", &tags);
        if side > 7 {
            let tags = Tags::new(size, 1)
                .tiles((side, side), &[8], &[256])
                .set(0x0103, Value::short(8));
            add(
                &format!("{name}-deflate"),
                size,
                REFUSED,
                "a deflated tile whose side is unlike the picture's",
                &tags,
            );
        }
    }
    add(
        "tile-row",
        size,
        REFUSED,
        "a tile of 2^32 - 16 × 16",
        &Tags::new(size, 1).tiles((u32::MAX as usize - 15, 16), &[8], &[256]),
    );
    let tags = Tags::new((64, 64), 1).tiles((16, 16), &[8], &[256]);
    add("tiles-too-few", (64, 64), REFUSED, "one tile of 16", &tags);
    let tags = Tags::new(size, 1).tiles((16, 16), &[8; 600], &[256; 600]);
    add("tiles-too-many", size, EITHER, "600 tiles for one", &tags);
    let tags = Tags::new(LARGE, 1)
        .tiles((16, 16), &[8], &[256])
        .set(0x0144, claim(1_000_000))
        .set(0x0145, claim(1_000_000));
    add(
        "tiles-claimed",
        LARGE,
        REFUSED,
        "1,000,000 tiles whose places are not in the file",
        &tags,
    );
    let both = sound().tiles((16, 16), &[8], &[256]);
    add("tiles-and-strips", size, EITHER, "tiles and strips at once", &both);
}

fn samples(set: &mut Bombs) {
    let size = (16, 16);
    let mut add = |name: &str, answers: Answers, special: &str, tags: &Tags| {
        set.add(name, size, answers, special, tags.file(&DATA))
    };
    add(
        "samples-65535",
        REFUSED,
        "65,535 samples a pixel",
        &sound().set(0x0115, Value::short(u16::MAX)),
    );
    add(
        "samples-0",
        REFUSED,
        "no samples",
        &sound().set(0x0115, Value::short(0)),
    );
    add(
        "samples-300",
        REFUSED,
        "300 samples a pixel of 65,535 bits",
        &Tags::new(size, 300)
            .set(0x0102, Value::Short(vec![u16::MAX; 300]))
            .strips(16, &[8], &[256]),
    );
    add(
        "bits-65535",
        REFUSED,
        "65,535 bits a sample",
        &sound().set(0x0102, Value::short(u16::MAX)),
    );
    add("bits-0", REFUSED, "no bits", &sound().set(0x0102, Value::short(0)));
    add(
        "bits-count",
        EITHER,
        "2^32 - 1 numbers of bits",
        &sound().set(0x0102, Value::Raw(3, u32::MAX.into(), vec![8, 0, 0, 0])),
    );
    add(
        "predictor-9",
        REFUSED,
        "a predictor that does not exist",
        &sound().set(0x0103, Value::short(8)).set(0x013D, Value::short(9)),
    );
    add(
        "float-predictor",
        REFUSED,
        "a predictor of numbers with a point for bytes",
        &sound().set(0x0103, Value::short(8)).set(0x013D, Value::short(3)),
    );
    let extra = Tags::new(size, 4)
        .set(0x0152, Value::Short(vec![2; 3000]))
        .strips(16, &[8], &[1024]);
    add("extra-samples-3000", EITHER, "3,000 extra samples in four", &extra);
    let chroma = Tags::new(size, 3)
        .set(0x0106, Value::short(6))
        .set(0x0212, Value::Short(vec![u16::MAX, u16::MAX]));
    add(
        "subsampling-65535",
        REFUSED,
        "chroma shared by 65,535 squared pixels",
        &chroma.strips(16, &[8], &[256]),
    );
}

/// BigTIFF, whose counts and offsets have 64 bits.
fn big(set: &mut Bombs) {
    let size = (16, 16);
    let mut add = |name: &str, answers: Answers, special: &str, tags: Tags| {
        let mut s = Structure::new(false, true);
        let at = s.append(&DATA);
        let tags = if tags.fields.iter().any(|f| f.0 == 0x0111) {
            tags
        } else {
            tags.set(0x0111, Value::long(at))
        };
        s.chain(&tags.fields);
        set.add(name, size, answers, special, s.out);
    };
    let base = || {
        Tags::new(size, 1)
            .set(0x0116, Value::long(16))
            .set(0x0117, Value::long(256))
    };
    let long8 = |count: u64, value: u64| Value::Raw(16, count, value.to_le_bytes().to_vec());
    add("big-sound", OK, "a BigTIFF as it should be", base());
    add(
        "big-sides",
        REFUSED,
        "sides of 2^64 - 1",
        base().set(0x0100, long8(1, u64::MAX)).set(0x0101, long8(1, u64::MAX)),
    );
    add(
        "big-offset",
        REFUSED,
        "a strip at 2^64 - 1",
        base().set(0x0111, long8(1, u64::MAX)),
    );
    add(
        "big-length",
        EITHER,
        "a strip of 2^64 - 1 bytes",
        base().set(0x0117, long8(1, u64::MAX)),
    );
    add(
        "big-count",
        EITHER,
        "2^61 lengths of strips",
        base().set(0x0117, long8(1 << 61, 16)),
    );
    add(
        "big-count-overflow",
        EITHER,
        "2^64 - 1 lengths of strips",
        base().set(0x0117, long8(u64::MAX, 16)),
    );
    add(
        "big-offsets",
        REFUSED,
        "2^61 strips",
        base().set(0x0111, long8(1 << 61, 16)),
    );
    let mut s = Structure::new(false, true);
    s.append(&[0xFF; 64]);
    s.link(16);
    set.add("big-entries", (0, 0), REFUSED, "a directory of 2^64 - 1 entries", s.out);
    let mut s = Structure::new(false, true);
    s.link(usize::MAX);
    set.add("big-first", (0, 0), REFUSED, "a first directory at 2^64 - 1", s.out);
}
