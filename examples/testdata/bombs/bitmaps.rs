//! BMP and GIF: giant sides over few bytes (Windows' BITMAPINFOHEADER; GIF89a).

use super::{Answers, Bombs, CLAIM, EITHER, HEAVY, OK, REFUSED};
use crate::formats::bmp;

const RGB: u32 = 0;
const RLE8: u32 = 1;
const RLE4: u32 = 2;
const BITFIELDS: u32 = 3;

pub(super) fn bmp() -> Bombs {
    let mut set = Bombs::new("BMP", "bmp", "bmp");
    let mut add = |name: &str, size: (i32, i32), answers: Answers, special: &str, bytes: Vec<u8>| {
        let side = |v: i32| v.unsigned_abs() as usize;
        set.add(name, (side(size.0), side(size.1)), answers, special, bytes);
    };
    let palette = |colors: usize| vec![80; colors * 4];
    let file = |size, bits, compression, pixels: &[u8]| {
        let colors = if bits <= 8 { 1usize << bits } else { 0 };
        bmp::file(size, bits, compression, 40, &palette(colors), pixels)
    };
    // Sixteen thousand squared stays below the default limit of pixels.
    let large = (16_000, 16_000);
    add(
        "rle8-end",
        large,
        REFUSED,
        "run lengths that end at once, 16,000 squared",
        file(large, 8, RLE8, &[0, 1]),
    );
    add(
        "rle8-down",
        large,
        REFUSED,
        "the same with the top row first",
        file((16_000, -16_000), 8, RLE8, &[0, 1]),
    );
    add(
        "rle4-end",
        large,
        REFUSED,
        "run lengths of four bits that end at once",
        file(large, 4, RLE4, &[0, 1]),
    );
    let jumps = [[0, 2, 255, 255].repeat(70).as_slice(), &[1, 1, 0, 1]].concat();
    add(
        "rle8-jumps",
        large,
        REFUSED,
        "run lengths that jump over the picture",
        file(large, 8, RLE8, &jumps),
    );
    let column = (1, 100_000_000);
    add(
        "rle8-column",
        column,
        REFUSED,
        "run lengths of 100,000,000 rows of one pixel",
        file(column, 8, RLE8, &[0, 1]),
    );
    for (bits, name) in [
        (1, "bits-1"),
        (4, "bits-4"),
        (8, "bits-8"),
        (16, "bits-16"),
        (24, "bits-24"),
        (32, "bits-32"),
    ] {
        add(
            name,
            large,
            REFUSED,
            "64 bytes that claim 16,000 squared",
            file(large, bits, RGB, &[0; 64]),
        );
        add(
            &format!("{name}-column"),
            column,
            REFUSED,
            "64 bytes that claim 1 × 100,000,000",
            file(column, bits, RGB, &[0; 64]),
        );
    }
    let row = (i32::MAX, 1);
    add(
        "row",
        row,
        CLAIM,
        "a row of 2^31 - 1 pixels",
        file(row, 24, RGB, &[0; 64]),
    );
    let row = (200_000_000, 1);
    add(
        "row-200000000",
        row,
        REFUSED,
        "a row of 200,000,000 pixels",
        file(row, 1, RGB, &[0; 64]),
    );
    add(
        "height-lowest",
        (8, i32::MIN),
        REFUSED,
        "a height of -2^31",
        file((8, i32::MIN), 24, RGB, &[0; 64]),
    );
    add(
        "width-negative",
        (8, 8),
        REFUSED,
        "a width of -8",
        file((-8, 8), 24, RGB, &[0; 256]),
    );
    let mut bytes = file((8, 8), 8, RGB, &[1; 64]);
    bytes[46..50].fill(0xFF);
    add(
        "colors-4294967295",
        (8, 8),
        EITHER,
        "a palette of 2^32 - 1 colours",
        bytes,
    );
    let mut bytes = file((8, 8), 24, RGB, &[1; 192]);
    bytes[10..14].fill(0xFF);
    add("pixels-beyond", (8, 8), REFUSED, "pixels at 2^32 - 1", bytes);
    let mut bytes = file((8, 8), 24, RGB, &[1; 192]);
    bytes[14..18].fill(0xFF);
    add(
        "header-4294967295",
        (8, 8),
        &["malformed", "unsupported", "unknown-format"],
        "a header of 2^32 - 1 bytes",
        bytes,
    );
    let masks = [0xFFFF_FFFFu32; 4].map(u32::to_le_bytes).concat();
    add(
        "masks-all",
        large,
        REFUSED,
        "masks that are all bits, 16,000 squared",
        bmp::file(large, 32, BITFIELDS, 40, &masks, &[0; 64]),
    );
    for (name, compression) in [("inner-jpeg", 4), ("inner-png", 5)] {
        add(
            name,
            large,
            REFUSED,
            "a bitmap around a file of another format",
            file(large, 24, compression, b"\xFF\xD8\xFF\xE0"),
        );
    }
    set
}

pub(super) fn gif() -> Bombs {
    let mut set = Bombs::new("GIF", "gif", "gif");
    let mut add = |name: &str, size: (u16, u16), answers: Answers, special: &str, bytes: Vec<u8>| {
        set.add(name, (size.0.into(), size.1.into()), answers, special, bytes);
    };
    let large = (16_000, 16_000);
    let one = frame((0, 0), (1, 1), &lzw_run(1));
    add(
        "canvas",
        large,
        REFUSED,
        "a canvas of 16,000 squared around one pixel",
        file(large, std::slice::from_ref(&one)),
    );
    let row = (65_535, 4500);
    add(
        "canvas-row",
        row,
        REFUSED,
        "a canvas of 65,535 × 4,500 around one pixel",
        file(row, std::slice::from_ref(&one)),
    );
    let empty = frame((0, 0), large, &lzw_run(1));
    add(
        "frame-empty",
        large,
        REFUSED,
        "a frame of 16,000 squared with one pixel in it",
        file(large, std::slice::from_ref(&empty)),
    );
    add(
        "frame-larger",
        (16, 16),
        REFUSED,
        "a frame of 16,000 squared on a canvas of 16 × 16",
        file((16, 16), &[empty]),
    );
    add(
        "frame-far",
        (16, 16),
        EITHER,
        "a frame of one pixel at 65,535, 65,535",
        file((16, 16), &[frame((65_535, 65_535), (1, 1), &lzw_run(1))]),
    );
    let whole = frame((0, 0), (16, 16), &lzw_run(256));
    add(
        "frames-100",
        (16, 16),
        OK,
        "100 frames of 16 × 16",
        file((16, 16), &vec![whole.clone(); 100]),
    );
    let frames = [vec![whole.clone()], vec![one; 200_000]].concat();
    add(
        "frames-200000",
        (16, 16),
        EITHER,
        "200,000 frames of one pixel",
        file((16, 16), &frames),
    );
    add(
        "flat-256",
        large,
        HEAVY,
        "a frame of 16,000 squared in long runs",
        file(large, &[frame((0, 0), large, &lzw_run(256_000_000))]),
    );
    let comments = b"\x21\xFE\x01a\0".repeat(1500);
    add(
        "comments-1500",
        (16, 16),
        OK,
        "1,500 comments",
        file((16, 16), &[comments.clone(), whole.clone()]),
    );
    add(
        "comments-300000",
        (16, 16),
        EITHER,
        "300,000 comments",
        file((16, 16), &[comments.repeat(200), whole.clone()]),
    );
    let blocks = [b"\x21\xFF\x0BNETSCAPE2.0".as_slice(), &[1; 400_000], &[0]].concat();
    add(
        "sub-blocks-200000",
        (16, 16),
        EITHER,
        "200,000 blocks of an extension",
        file((16, 16), &[blocks, whole.clone()]),
    );
    // Clear codes and nothing else: work without pixels.
    let clears = [0b1001_0010, 0b0100_1001, 0b0010_0100].repeat(100_000);
    add(
        "clear-codes",
        (16, 16),
        REFUSED,
        "100,000 clear codes",
        file((16, 16), &[frame((0, 0), (16, 16), &clears)]),
    );
    let mut bytes = file((16, 16), &[]);
    bytes.pop();
    bytes.extend([0x21, 0xF9]);
    bytes.extend([0xFF; 600]);
    add(
        "blocks-endless",
        (16, 16),
        REFUSED,
        "an extension that does not end",
        bytes,
    );
    set
}

/// A file of four colours with these blocks.
fn file(canvas: (u16, u16), blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"GIF89a".to_vec();
    out.extend([canvas.0.to_le_bytes(), canvas.1.to_le_bytes()].concat());
    out.extend([0x81, 0, 0]);
    out.extend([20, 40, 60, 200, 150, 100, 0, 0, 0, 255, 255, 255]);
    out.extend(blocks.concat());
    out.push(0x3B);
    out
}

/// A frame whose compressed data is given.
fn frame(at: (u16, u16), size: (u16, u16), data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x2C];
    out.extend([at.0, at.1, size.0, size.1].map(u16::to_le_bytes).concat());
    out.extend([0, 2]);
    for block in data.chunks(255) {
        out.push(block.len() as u8);
        out.extend_from_slice(block);
    }
    out.push(0);
    out
}

/// So many pixels of colour 0 in LZW of two bits: each code stands for one pixel more than the one before.
fn lzw_run(pixels: u64) -> Vec<u8> {
    const CLEAR: u64 = 4;
    let mut bits = (Vec::new(), 0u64, 0);
    let mut put = |value: u64, count: u32| {
        bits.1 |= value << bits.2;
        bits.2 += count;
        while bits.2 >= 8 {
            bits.0.push(bits.1 as u8);
            bits.1 >>= 8;
            bits.2 -= 8;
        }
    };
    let mut left = pixels;
    while left > 0 {
        put(CLEAR, if left == pixels { 3 } else { 12 });
        let mut next = 6;
        let mut length = 1;
        while left > 0 && next < 4096 {
            // The first code is the colour itself, the second names the string that it adds to the table itself.
            let code = if length == 1 { 0 } else { next - 1 };
            let width = 64 - u64::max(next - 1, 4).leading_zeros();
            put(if length <= left { code } else { 0 }, width.min(12));
            left -= if length <= left { length } else { 1 };
            next += 1;
            length += 1;
        }
    }
    put(CLEAR + 1, 12);
    put(0, 12);
    bits.0
}
