//! WebP: canvases and frames that claim what no bytes hold (RFC 9649).

use super::{Answers, Bombs, CLAIM, EITHER, HEAVY, OK, REFUSED};
use crate::entry::Result;
use crate::formats::webp::{ALPHA, ANIMATION, EXIF, ICC, animation, chunk, extended, file, frame};

/// The longest side that the formats of both pictures can say.
const SIDE: usize = 16_383;

pub(super) fn bombs() -> Result<Bombs> {
    let mut set = Bombs::new("WebP", "webp", "webp");
    let mut add = |name: &str, size: (usize, usize), answers: Answers, special: &str, bytes: Vec<u8>| {
        set.add(name, size, answers, special, bytes);
    };
    let large = (SIDE, SIDE);
    let one = chunk(b"VP8L", &lossless((1, 1), &[]));
    // Every prefix code has one symbol, so that no pixel takes a bit (clause 3.7.2.1.1): the file is valid.
    add(
        "lossless-no-bits",
        large,
        HEAVY,
        "a lossless picture of 16,383 squared whose pixels take no bits",
        file(&[chunk(b"VP8L", &lossless(large, &[]))]),
    );
    add(
        "lossless-wide",
        (16_384, 16_384),
        HEAVY,
        "the same of 16,384 squared",
        file(&[chunk(b"VP8L", &lossless((16_384, 16_384), &[]))]),
    );
    add(
        "lossless-subtract",
        large,
        HEAVY,
        "the same with green to be added to red and blue",
        file(&[chunk(b"VP8L", &lossless(large, &[Transform::SubtractGreen]))]),
    );
    add(
        "lossless-palette",
        large,
        HEAVY,
        "the same through a palette of 256 colours",
        file(&[chunk(b"VP8L", &lossless(large, &[Transform::Palette]))]),
    );
    add(
        "lossless-cut",
        large,
        REFUSED,
        "a lossless picture of 16,383 squared that ends behind its header",
        file(&[chunk(b"VP8L", &lossless(large, &[])[..5])]),
    );
    let special = "a lossless picture that claims 65,536 groups of prefix codes";
    add(
        "lossless-groups",
        (1024, 1024),
        REFUSED,
        special,
        file(&[chunk(b"VP8L", &groups())]),
    );
    add(
        "lossy-claims",
        large,
        REFUSED,
        "a lossy key frame of 16,383 squared in 30 bytes",
        file(&[chunk(b"VP8 ", &lossy(large))]),
    );
    add(
        "lossy-claims-row",
        (16_383, 1),
        REFUSED,
        "a lossy key frame of 16,383 × 1 in 30 bytes",
        file(&[chunk(b"VP8 ", &lossy((16_383, 1)))]),
    );
    for (name, size, answers) in [
        ("canvas-16384", (16_384, 16_384), CLAIM),
        ("canvas-row", (1 << 24, 1), REFUSED),
        ("canvas-2-24", (1 << 24, 1 << 24), CLAIM),
    ] {
        add(
            name,
            size,
            answers,
            "a canvas around a picture of one pixel",
            file(&[extended(0, size), one.clone()]),
        );
    }
    let still = |size: (usize, usize), picture: &[u8]| frame((0, 0), size, picture);
    let moving =
        |canvas: (usize, usize), frames: &[Vec<u8>]| file(&[extended(ANIMATION, canvas), animation(), frames.concat()]);
    add(
        "frame-one-pixel",
        large,
        REFUSED,
        "an animation of 16,383 squared whose frame is one pixel",
        moving(large, &[still((1, 1), &one)]),
    );
    let all = chunk(b"VP8L", &lossless(large, &[]));
    add(
        "frame-larger",
        (16, 16),
        REFUSED,
        "an animation of 16 × 16 whose frame has 16,383 squared",
        moving((16, 16), &[still(large, &all)]),
    );
    add(
        "frame-no-bits",
        large,
        HEAVY,
        "an animation of 16,383 squared whose pixels take no bits",
        moving(large, &[still(large, &all)]),
    );
    add(
        "frame-lies",
        (16, 16),
        REFUSED,
        "a frame of 16 × 16 around a picture of 16,383 squared",
        moving((16, 16), &[still((16, 16), &all)]),
    );
    add(
        "frame-2-24",
        (1 << 24, 1 << 8),
        CLAIM,
        "a frame of 2^24 × 2^8 around one pixel",
        moving((1 << 24, 1 << 8), &[still((1 << 24, 1 << 8), &one)]),
    );
    let tiny = chunk(b"VP8L", &lossless((16, 16), &[]));
    add(
        "frames-150",
        (16, 16),
        OK,
        "150 frames",
        moving((16, 16), &vec![still((16, 16), &tiny); 150]),
    );
    add(
        "frames-50000",
        (16, 16),
        EITHER,
        "50,000 frames",
        moving((16, 16), &vec![still((16, 16), &tiny); 50_000]),
    );
    add(
        "frames-none",
        (16, 16),
        REFUSED,
        "an animation without frames",
        moving((16, 16), &[]),
    );
    let deep = (0..40).fold(tiny.clone(), |inner, _| still((16, 16), &inner));
    add(
        "frame-in-frame",
        (16, 16),
        REFUSED,
        "40 frames within each other",
        moving((16, 16), &[deep]),
    );
    // An alpha plane of its own size, in front of a lossy picture that is not there.
    let claims = chunk(b"ALPH", &[&[1], &lossless(large, &[])[5..]].concat());
    let bytes = file(&[extended(ALPHA, large), claims, chunk(b"VP8 ", &lossy(large))]);
    add(
        "alpha-no-bits",
        large,
        REFUSED,
        "an alpha plane of 16,383 squared whose pixels take no bits, and no picture",
        bytes,
    );
    let plain = |head: u8, more: &[Vec<u8>]| {
        let parts = [vec![extended(head, (16, 16)), tiny.clone()], more.to_vec()].concat();
        file(&parts)
    };
    add(
        "chunks-300",
        (16, 16),
        OK,
        "300 empty chunks of no known kind",
        plain(0, &vec![chunk(b"ABCD", &[]); 300]),
    );
    add(
        "chunks-200000",
        (16, 16),
        EITHER,
        "200,000 empty chunks of no known kind",
        plain(0, &vec![chunk(b"ABCD", &[]); 200_000]),
    );
    let exif = chunk(b"EXIF", b"II*\0\x08\0\0\0\0\0\0\0\0\0");
    add(
        "exif-100",
        (16, 16),
        OK,
        "100 EXIF chunks",
        plain(EXIF, &vec![exif; 100]),
    );
    let mut long = chunk(b"EXIF", &[0; 16]);
    long[4..8].fill(0xFF);
    add(
        "chunk-4294967295",
        (16, 16),
        EITHER,
        "a chunk of 2^32 - 1 bytes behind the picture",
        plain(EXIF, &[long]),
    );
    let profile = chunk(b"ICCP", &vec![9; 3000]);
    let bytes = file(&[extended(ICC, (16, 16)), profile, tiny.clone()]);
    add(
        "icc-junk",
        (16, 16),
        OK,
        "a colour profile of 3,000 bytes of nothing",
        bytes,
    );
    for (name, size) in [("riff-zero", 0u32), ("riff-huge", u32::MAX), ("riff-short", 12)] {
        let mut bytes = file(std::slice::from_ref(&tiny));
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        add(
            name,
            (16, 16),
            EITHER,
            "a length of the whole that is not its length",
            bytes,
        );
    }
    let twice = file(&[extended(0, (16, 16)), extended(0, large), tiny]);
    add(
        "header-twice",
        (16, 16),
        EITHER,
        "two extended headers, the second of 16,383 squared",
        twice,
    );
    Ok(set)
}

/// Transforms of a lossless picture (clause 3.5).
#[derive(Clone, Copy)]
enum Transform {
    SubtractGreen,
    Palette,
}

/// A lossless picture of one colour: prefix codes of one symbol each.
fn lossless((width, height): (usize, usize), transforms: &[Transform]) -> Vec<u8> {
    let mut bits = Bits::default();
    header(&mut bits, (width, height));
    for transform in transforms {
        bits.put(1, 1);
        match transform {
            Transform::SubtractGreen => bits.put(2, 2),
            Transform::Palette => {
                bits.put(3, 2);
                bits.put(255, 8);
                bits.put(0, 1);
                codes(&mut bits, [7, 7, 7, 255, 0]);
            }
        }
    }
    // No more transforms, no colour cache, one group of codes.
    bits.put(0, 3);
    codes(&mut bits, [9, 9, 9, 255, 0]);
    bits.out
}

/// A header whose group image has the same large number in each of its pixels (clause 3.7.2.2).
fn groups() -> Vec<u8> {
    let mut bits = Bits::default();
    header(&mut bits, (1024, 1024));
    // No transforms, no colour cache; groups for blocks of 4 × 4; the group image has no colour cache.
    bits.put(0, 2);
    bits.put(1, 1);
    bits.put(0, 3);
    bits.put(0, 1);
    codes(&mut bits, [255, 255, 0, 0, 0]);
    bits.out.resize(bits.out.len() + 40, 0);
    bits.out
}

fn header(bits: &mut Bits, (width, height): (usize, usize)) {
    bits.put(0x2F, 8);
    bits.put(width as u32 - 1, 14);
    bits.put(height as u32 - 1, 14);
    bits.put(0, 1);
    bits.put(0, 3);
}

/// Five simple prefix codes of one symbol.
fn codes(bits: &mut Bits, symbols: [u32; 5]) {
    for symbol in symbols {
        // Simple, one symbol, of eight bits.
        bits.put(1, 1);
        bits.put(0, 1);
        bits.put(1, 1);
        bits.put(symbol, 8);
    }
}

/// A lossy key frame's header (RFC 6386, 9.1) and some bytes.
fn lossy((width, height): (usize, usize)) -> Vec<u8> {
    // A key frame that is shown, with a first partition of 16 bytes.
    let tag = 1u32 << 4 | 16 << 5;
    let mut out = tag.to_le_bytes()[..3].to_vec();
    out.extend([0x9D, 0x01, 0x2A]);
    out.extend((width as u16).to_le_bytes());
    out.extend((height as u16).to_le_bytes());
    out.extend([0; 20]);
    out
}

/// Bits, packed from the least significant one.
#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    used: usize,
}

impl Bits {
    fn put(&mut self, value: u32, count: usize) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.out.push(0);
            }
            if let Some(last) = self.out.last_mut() {
                *last |= ((value >> i & 1) as u8) << (self.used % 8);
            }
            self.used += 1;
        }
    }
}
