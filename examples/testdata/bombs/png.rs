//! PNG: rows without end, compressed chunks that swell, and chunks by the thousand (PNG, third edition).

use super::{Answers, Bombs, CLAIM, EITHER, HEAVY, OK, REFUSED};
use crate::formats::deflate::zlib;
use crate::formats::png::{self, Header, SIGNATURE, chunk};

pub(super) fn bombs() -> Bombs {
    let mut set = Bombs::new("PNG", "png", "png");
    sides(&mut set);
    compressed(&mut set);
    chunks(&mut set);
    set
}

/// Zeros, compressed by a factor of a thousand: a zlib stream of `length` of them in dynamic codes.
fn zeros(length: usize) -> Vec<u8> {
    zlib(&vec![0; length])
}

fn headed(header: &Header, data: &[u8]) -> Vec<u8> {
    [SIGNATURE, &header.chunk(), &chunk(b"IDAT", data), &chunk(b"IEND", &[])].concat()
}

/// Sides that are far from square.
fn sides(set: &mut Bombs) {
    let mut add = |name: &str, size: (usize, usize), answers: Answers, special: &str, bytes: Vec<u8>| {
        set.add(name, size, answers, special, bytes);
    };
    let some = zeros(200_000);
    for (name, size) in [
        ("column", (1, 100_000_000)),
        ("row", (100_000_000, 1)),
        ("narrow", (3, 50_000_000)),
        ("flat", (50_000_000, 3)),
    ] {
        for (kind, color, depth) in [
            ("gray-1", 0, 1),
            ("gray-8", 0, 8),
            ("rgba-16", 6, 16),
            ("palette", 3, 8),
        ] {
            for interlaced in [false, true] {
                let header = Header {
                    interlaced,
                    ..Header::new(size, color, depth)
                };
                let palette = if color == 3 {
                    chunk(b"PLTE", &[0; 768])
                } else {
                    Vec::new()
                };
                let bytes = [
                    SIGNATURE,
                    &header.chunk(),
                    &palette,
                    &chunk(b"IDAT", &some),
                    &chunk(b"IEND", &[]),
                ]
                .concat();
                let ways = if interlaced { "-interlaced" } else { "" };
                let special = "200,000 bytes of its pixels";
                add(&format!("{name}-{kind}{ways}"), size, REFUSED, special, bytes);
            }
        }
    }
    let size = (0x7FFF_FFFF, 0x7FFF_FFFF);
    add(
        "sides-2-31",
        size,
        CLAIM,
        "a picture of 2^31 - 1 squared",
        headed(&Header::new(size, 0, 1), &some),
    );
    let size = (16_000, 16_000);
    add(
        "all-missing",
        size,
        REFUSED,
        "16,000 squared in 12 bytes",
        headed(&Header::new(size, 6, 16), &zeros(1)),
    );
    // The pixels are there: a bit each, and a byte for each row's filter.
    let header = Header::new((1, 4_000_000), 0, 1);
    add(
        "column-4000000",
        header.size,
        HEAVY,
        "1 × 4,000,000 pixels, all there",
        headed(&header, &zeros(8_000_000)),
    );
    let header = Header {
        interlaced: true,
        ..Header::new((3, 1_000_000), 0, 1)
    };
    add(
        "interlaced-3000000",
        header.size,
        HEAVY,
        "3 × 1,000,000 pixels in seven passes, all there",
        headed(&header, &zeros(6_500_000)),
    );
    let header = Header::new((8, 8), 0, 8);
    add(
        "data-longer",
        header.size,
        EITHER,
        "8 × 8 pixels and 8,000,000 bytes behind them",
        headed(&header, &zeros(8_000_000)),
    );
}

/// A sound picture with chunks in front of its data.
fn sound(before: &[Vec<u8>]) -> Vec<u8> {
    let header = Header::new((16, 16), 0, 8);
    png::file(&header, &[90; 256], before, &[])
}

const SIZE: (usize, usize) = (16, 16);

/// Chunks that hold compressed bytes.
fn compressed(set: &mut Bombs) {
    let mut add = |name: &str, answers: Answers, special: &str, chunks: &[Vec<u8>]| {
        set.add(name, SIZE, answers, special, sound(chunks))
    };
    let swollen = zeros(8_000_000);
    let named = |keyword: &[u8], more: &[u8]| [keyword, more, &swollen].concat();
    let profile = chunk(b"iCCP", &named(b"icc", &[0, 0]));
    add(
        "iccp-8-megabytes",
        OK,
        "a colour profile of 8 MB of zeros in 8 KB",
        std::slice::from_ref(&profile),
    );
    add("iccp-100", EITHER, "100 such profiles", &vec![profile; 100]);
    let text = chunk(b"zTXt", &named(b"Comment", &[0, 0]));
    add(
        "ztxt-8-megabytes",
        OK,
        "a text of 8 MB of zeros in 8 KB",
        std::slice::from_ref(&text),
    );
    add("ztxt-200", EITHER, "200 such texts", &vec![text; 200]);
    let text = chunk(b"iTXt", &named(b"XML:com.adobe.xmp", &[0, 1, 0, 0, 0]));
    add(
        "itxt-8-megabytes",
        OK,
        "an XMP packet of 8 MB of zeros in 8 KB",
        std::slice::from_ref(&text),
    );
    add("itxt-200", EITHER, "200 such packets", &vec![text; 200]);
    let raw = chunk(b"zTXt", &named(b"Raw profile type exif", &[0, 0]));
    add("raw-profile", OK, "EXIF in a text of 8 MB of zeros", &[raw]);
    let claims = chunk(
        b"zTXt",
        &[
            b"Raw profile type exif\0\0".as_slice(),
            &zlib(b"\nexif\n4294967295\n4578696600004d4d"),
        ]
        .concat(),
    );
    add(
        "raw-profile-claims",
        OK,
        "EXIF in a text that claims 2^32 - 1 bytes",
        &[claims],
    );
    let cut = chunk(b"iCCP", &[b"icc\0\0".as_slice(), &swollen[..40]].concat());
    add("iccp-cut", OK, "a colour profile that is cut", &[cut]);
}

/// Chunks and what they say.
fn chunks(set: &mut Bombs) {
    let mut add = |name: &str, answers: Answers, special: &str, chunks: &[Vec<u8>]| {
        set.add(name, SIZE, answers, special, sound(chunks))
    };
    let text = png::text("a", "b");
    add("text-300", OK, "300 texts", &vec![text.clone(); 300]);
    add("text-300000", EITHER, "300,000 texts", &vec![text; 300_000]);
    let empty = chunk(b"teSt", &[]);
    add(
        "empty-500",
        OK,
        "500 empty chunks of no known kind",
        &vec![empty.clone(); 500],
    );
    add(
        "empty-1000000",
        EITHER,
        "a million empty chunks of no known kind",
        &vec![empty; 1_000_000],
    );
    add(
        "gama-300",
        EITHER,
        "300 chunks of one kind that stands once",
        &vec![chunk(b"gAMA", &[0, 0, 0xB1, 0x8F]); 300],
    );
    let animated = |frames: u32| chunk(b"acTL", &[frames.to_be_bytes(), [0; 4]].concat());
    add(
        "actl-claims",
        EITHER,
        "an animation of 2^32 - 1 frames with none",
        &[animated(u32::MAX)],
    );
    let control = |size: u32| {
        let mut body = [0, size, size, 0, 0].map(u32::to_be_bytes).concat();
        body.extend([0, 1, 0, 10, 0, 0]);
        chunk(b"fcTL", &body)
    };
    add(
        "fctl-claims",
        EITHER,
        "a frame of 2^31 - 1 squared in a picture of 16 × 16",
        &[animated(1), control(0x7FFF_FFFF)],
    );
    add(
        "fctl-200",
        EITHER,
        "200 frames' headers in front of the picture",
        &[vec![animated(200)], vec![control(16); 200]].concat(),
    );
    add(
        "plte-empty",
        EITHER,
        "a palette without colours",
        &[chunk(b"PLTE", &[])],
    );
    add(
        "trns-long",
        EITHER,
        "a transparent colour of 5,000 bytes",
        &[chunk(b"tRNS", &[0; 5000])],
    );
    let header = Header::new(SIZE, 0, 8);
    let data = png::picture_data(&header, &[90; 256]);
    let empty = chunk(b"IDAT", &[]);
    let with = |count: usize| {
        [
            SIGNATURE,
            &header.chunk(),
            &empty.repeat(count),
            &chunk(b"IDAT", &data),
            &chunk(b"IEND", &[]),
        ]
        .concat()
    };
    set.add(
        "idat-empty-500",
        SIZE,
        OK,
        "500 empty IDAT chunks in front of the picture",
        with(500),
    );
    set.add(
        "idat-empty-500000",
        SIZE,
        EITHER,
        "500,000 empty IDAT chunks in front of the picture",
        with(500_000),
    );
    let single: Vec<u8> = data.chunks(1).flat_map(|byte| chunk(b"IDAT", byte)).collect();
    let bytes = [SIGNATURE, &header.chunk(), &single, &chunk(b"IEND", &[])].concat();
    set.add("idat-bytes", SIZE, OK, "an IDAT chunk for each byte", bytes);
    let headers = [
        SIGNATURE,
        &header.chunk().repeat(300),
        &chunk(b"IDAT", &data),
        &chunk(b"IEND", &[]),
    ]
    .concat();
    set.add("ihdr-300", SIZE, EITHER, "300 headers", headers);
}
