//! TIFF structures made from a grammar: directories whose entries point at each other, over each other and past the end,
//! as TIFF files and as the EXIF of JPEG, PNG, WebP and HEIC (TIFF 6.0, section 2; CIPA DC-008).
#![no_main]

#[allow(dead_code, reason = "a writer of test data, of which this takes a part")]
#[path = "../../examples/testdata/formats/isobmff.rs"]
mod isobmff;
mod support;

use libfuzzer_sys::fuzz_target;
use photofit::Metadata;
use support::choices::Choices;

fuzz_target!(|data: &[u8]| {
    let mut c = Choices::new(data);
    let wrapping = c.below(6);
    let block = Block::build(&mut c, wrapping == 0);
    let file = match wrapping {
        0 | 1 => block,
        2 => jpeg(&block),
        3 => png(&block),
        4 => webp(&block),
        _ => heic(&block),
    };
    if let Some(path) = std::env::var_os("PHOTOFIT_FUZZ_KEEP") {
        std::fs::write(path, &file).expect("the file that the input stands for is written");
    }
    support::road::travel(&file, &[Metadata::Privacy, Metadata::Strip, Metadata::Keep]);
});

/// Tags that mean something to readers of TIFF and EXIF: layout, pointers, and fields of all policies.
const TAGS: [u16; 56] = [
    0x00FE, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x010A, 0x010E, 0x010F, 0x0110, 0x0111, 0x0112, 0x0115, 0x0116,
    0x0117, 0x011A, 0x011C, 0x0128, 0x0131, 0x0132, 0x013B, 0x013D, 0x0140, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A,
    0x0152, 0x0153, 0x015B, 0x0201, 0x0202, 0x0211, 0x0212, 0x0213, 0x02BC, 0x8298, 0x829A, 0x829D, 0x83BB, 0x8649,
    0x8769, 0x8773, 0x8825, 0x8827, 0x9000, 0x9003, 0x920A, 0x927C, 0x9286, 0xA001, 0xA005, 0xA430, 0xC612, 0xC634,
];
/// Tags whose values are offsets of directories.
const POINTERS: [u16; 4] = [0x8769, 0x8825, 0xA005, 0x014A];
/// The side of the picture that a TIFF file has beside all else.
const SIDE: u64 = 16;

struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    value: Value,
}

/// What an entry's value is, or where it is.
#[derive(Clone, Copy)]
enum Value {
    Number(u64),
    /// The offset of a directory.
    Directory(usize),
    /// An offset within the bytes behind the directories.
    Zone(usize),
}

/// A structure that is laid out once all directories are known.
struct Block {
    big_endian: bool,
    big: bool,
    /// Directories, each with what stands for its successor.
    directories: Vec<(Vec<Entry>, Value)>,
    zone: Vec<u8>,
}

impl Block {
    /// `picture`: the first directory is that of a sound picture, with more in it.
    fn build(c: &mut Choices<'_>, picture: bool) -> Vec<u8> {
        let flags = c.byte();
        let mut block = Self {
            big_endian: flags & 1 == 1,
            // EXIF has no 64-bit form; whether readers mind is part of what is tried.
            big: flags & 6 == 6,
            directories: Vec::new(),
            zone: vec![c.byte(); SIDE as usize * SIDE as usize * 4],
        };
        let count = 1 + c.below(6);
        let length = if c.rare(4) { 30_000 } else { 300 };
        block.zone.resize(block.zone.len() + c.below(length), 0);
        for index in 0..count {
            let mut entries = Vec::new();
            if index == 0 && picture {
                entries = sound(c);
            }
            for _ in 0..c.below(12) {
                entries.push(entry(c, count));
            }
            // One entry many times: over the same zone, or to the same directory.
            if c.rare(6) {
                let (tag, kind) = (c.pick(&TAGS), kind(c));
                let (count, value) = (u64::from(c.edge()), value(c, count));
                let same = |_| Entry {
                    tag,
                    kind,
                    count,
                    value,
                };
                entries.extend((0..c.below(2700)).map(same));
            }
            let next = if c.rare(3) { value(c, count) } else { Value::Number(0) };
            block.directories.push((entries, next));
        }
        block.lay_out(c)
    }

    fn lay_out(&self, c: &mut Choices<'_>) -> Vec<u8> {
        let word = if self.big { 8 } else { 4 };
        let header = if self.big { 16 } else { 8 };
        let size = |entries: &[Entry]| {
            if self.big {
                8 + 20 * entries.len() + 8
            } else {
                2 + 12 * entries.len() + 4
            }
        };
        let mut places = Vec::new();
        let mut end = header;
        for (entries, _) in &self.directories {
            places.push(end as u64);
            end += size(entries);
        }
        let resolve = |value: Value| match value {
            Value::Number(number) => number,
            Value::Directory(index) => places[index % places.len()],
            Value::Zone(offset) => end as u64 + offset as u64,
        };
        let mut out = if self.big_endian {
            b"MM".to_vec()
        } else {
            b"II".to_vec()
        };
        let mut put = |value: u64, bytes: usize| {
            if self.big_endian {
                out.extend(&value.to_be_bytes()[8 - bytes..]);
            } else {
                out.extend(&value.to_le_bytes()[..bytes]);
            }
        };
        put(if self.big { 43 } else { 42 }, 2);
        if self.big {
            put(8, 2);
            put(0, 2);
        }
        put(resolve(Value::Directory(0)), word);
        for (entries, next) in &self.directories {
            let claimed = c.odd(entries.len() as u32, 40);
            put(claimed.into(), if self.big { 8 } else { 2 });
            for entry in entries {
                put(entry.tag.into(), 2);
                put(entry.kind.into(), 2);
                put(entry.count, word);
                // Short values stand at the beginning of their field.
                match (entry.value, entry.kind) {
                    (Value::Number(number), 3) if entry.count == 1 => {
                        put(number, 2);
                        put(0, word - 2);
                    }
                    (value, _) => put(resolve(value), word),
                }
            }
            put(resolve(*next), word);
        }
        out.extend_from_slice(&self.zone);
        out
    }
}

/// The tags of a gray picture whose strip is the zone, some of them changed.
fn sound(c: &mut Choices<'_>) -> Vec<Entry> {
    let strip = SIDE * SIDE;
    let mut short = |tag: u16, value: u64| {
        let number = u64::from(c.odd(value as u32, 20));
        Entry {
            tag,
            kind: 3,
            count: 1,
            value: Value::Number(number),
        }
    };
    let mut all = vec![
        short(0x0100, SIDE),
        short(0x0101, SIDE),
        short(0x0102, 8),
        short(0x0103, 1),
        short(0x0106, 1),
        short(0x0115, 1),
        short(0x0116, SIDE),
    ];
    let mut long = |tag: u16, value: Value| {
        let count = u64::from(c.odd(1, 20));
        all.push(Entry {
            tag,
            kind: 4,
            count,
            value,
        });
    };
    long(0x0111, Value::Zone(0));
    long(0x0117, Value::Number(strip));
    if c.rare(4) {
        // In tiles, and with a plane for each sample.
        for (tag, value) in [(0x0142, SIDE), (0x0143, SIDE), (0x011C, 2)] {
            let value = Value::Number(u64::from(c.odd(value as u32, 8)));
            all.push(Entry {
                tag,
                kind: 3,
                count: 1,
                value,
            });
        }
        for (tag, value) in [(0x0144, Value::Zone(0)), (0x0145, Value::Number(strip))] {
            let count = u64::from(c.odd(1, 8));
            all.push(Entry {
                tag,
                kind: 4,
                count,
                value,
            });
        }
    }
    if c.rare(4) {
        let method = c.pick(&[1u64, 2, 3, 4, 5, 6, 7, 8, 32_773, 32_946, 34_712, 50_000]);
        all[3].value = Value::Number(method);
    }
    all
}

fn kind(c: &mut Choices<'_>) -> u16 {
    c.pick(&[1, 2, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 0, 255])
}

fn entry(c: &mut Choices<'_>, directories: usize) -> Entry {
    if c.rare(4) {
        let count = u64::from(c.odd(1, 8));
        let value = Value::Directory(c.below(directories));
        return Entry {
            tag: c.pick(&POINTERS),
            kind: 4,
            count,
            value,
        };
    }
    let tag = c.pick(&TAGS);
    let sound = c.below(40) as u32;
    Entry {
        tag,
        kind: kind(c),
        count: u64::from(c.odd(sound, 4)),
        value: value(c, directories),
    }
}

fn value(c: &mut Choices<'_>, directories: usize) -> Value {
    match c.below(6) {
        0 => Value::Directory(c.below(directories)),
        1 => Value::Number(c.edge().into()),
        2 => Value::Number(u64::from(c.edge()) << 32 | u64::from(c.edge())),
        _ => Value::Zone(c.below(1200)),
    }
}

/// Behind SOI of a JPEG, as far as a segment holds it.
fn jpeg(block: &[u8]) -> Vec<u8> {
    let file = include_bytes!("../../testdata/jpeg/tiny-8x8.jpg");
    let block = &block[..block.len().min(65_527)];
    let length = (block.len() as u16 + 8).to_be_bytes();
    [&file[..2], &[0xFF, 0xE1], &length, b"Exif\0\0", block, &file[2..]].concat()
}

/// Behind IHDR of a PNG.
fn png(block: &[u8]) -> Vec<u8> {
    let file = include_bytes!("../../testdata/png/gray-8.png");
    let body = [b"eXIf".as_slice(), block].concat();
    let checksum = body.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    });
    let length = (block.len() as u32).to_be_bytes();
    [&file[..33], &length, &body, &(!checksum).to_be_bytes(), &file[33..]].concat()
}

/// Behind the picture of a WebP.
fn webp(block: &[u8]) -> Vec<u8> {
    let file = include_bytes!("../../testdata/orientation/orientation-1.webp");
    let at = file.windows(4).position(|w| w == b"EXIF").expect("the sample has EXIF");
    let length = (block.len() as u32).to_le_bytes();
    let padding = &[0][..block.len() % 2];
    let mut out = [&file[..at + 4], &length, block, padding].concat();
    let whole = (out.len() as u32 - 8).to_le_bytes();
    out[4..8].copy_from_slice(&whole);
    out
}

/// As an item beside the picture of a HEIC.
fn heic(block: &[u8]) -> Vec<u8> {
    let file = include_bytes!("../../testdata/heic/still.heic");
    let body = |name: &[u8]| {
        let at = file
            .windows(4)
            .position(|w| w == name)
            .expect("the sample has this box");
        let size = u32::from_be_bytes(file[at - 4..at].try_into().expect("four bytes"));
        &file[at + 4..at - 4 + size as usize]
    };
    let mut heif = isobmff::Heif::new(1);
    heif.hevc(1, body(b"hvcC"), body(b"mdat"), (64, 48));
    let item = [&[0; 4], block].concat();
    heif.item(2, b"Exif", isobmff::Place::Mdat(item))
        .refer(b"cdsc", 2, &[1]);
    heif.file()
}
