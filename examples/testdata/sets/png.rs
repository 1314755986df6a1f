//! `png/`: every colour type and depth, interlacing, animation, metadata.

use crate::entry::Shelf;
use crate::formats::png::{self, Header, chunk};
use crate::formats::{exif, icc};
use crate::picture::{CHART_HEIGHT, CHART_WIDTH, Picture, chart, chart_alpha};

const SIZE: (usize, usize) = (CHART_WIDTH, CHART_HEIGHT);

pub(crate) fn shelf() -> Shelf {
    let mut shelf = Shelf::new("png");
    let picture = chart();
    plain(&mut shelf, &picture);
    palettes(&mut shelf, &picture);
    interlaced(&mut shelf, &picture);
    companions(&mut shelf, &picture);
    shelf
}

/// The alpha of the chart as a plane.
fn alpha() -> Vec<u8> {
    let alpha = chart_alpha(SIZE.0, SIZE.1);
    (0..SIZE.0 * SIZE.1).map(|i| alpha(i % SIZE.0, i / SIZE.0)).collect()
}

/// Sixteen bits whose high byte is the sample; the low byte differs, so that a reader that mixes them up shows.
fn deep(samples: &[u8]) -> Vec<u16> {
    samples
        .iter()
        .enumerate()
        .map(|(i, &v)| u16::from(v) << 8 | (i * 37 % 256) as u16)
        .collect()
}

fn interleave(a: &[u8], channels: usize, b: &[u8]) -> Vec<u8> {
    a.chunks_exact(channels)
        .zip(b)
        .flat_map(|(p, &x)| [p, &[x]].concat())
        .collect()
}

fn plain(shelf: &mut Shelf, picture: &Picture) {
    let gray = picture.gray();
    let alpha = alpha();
    let gray_alpha = interleave(&gray, 1, &alpha);
    let rgba = interleave(&picture.rgb, 3, &alpha);
    let mut add = |name: &str, color: u8, depth: u8, samples: &[u16]| {
        let header = Header::new(SIZE, color, depth);
        let special = format!("colour type {color}, {depth} bits");
        shelf.ok(name, "PNG", SIZE, &special, png::file(&header, samples, &[], &[]));
    };
    for depth in [1u8, 2, 4] {
        let samples: Vec<u16> = gray.iter().map(|&v| u16::from(v >> (8 - depth))).collect();
        add(&format!("gray-{depth}.png"), 0, depth, &samples);
    }
    add("gray-8.png", 0, 8, &png::wide(&gray));
    add("gray-16.png", 0, 16, &deep(&gray));
    add("gray-alpha-8.png", 4, 8, &png::wide(&gray_alpha));
    add("gray-alpha-16.png", 4, 16, &deep(&gray_alpha));
    add("rgb-8.png", 2, 8, &png::wide(&picture.rgb));
    add("rgb-16.png", 2, 16, &deep(&picture.rgb));
    add("rgba-8.png", 6, 8, &png::wide(&rgba));
    add("rgba-16.png", 6, 16, &deep(&rgba));

    let key: Vec<u8> = picture.pixel(30, 20).iter().flat_map(|&v| [0, v]).collect();
    let header = Header::new(SIZE, 2, 8);
    let bytes = png::file(&header, &png::wide(&picture.rgb), &[chunk(b"tRNS", &key)], &[]);
    shelf.ok(
        "rgb-8-trns.png",
        "PNG",
        SIZE,
        "RGB with one transparent colour (tRNS)",
        bytes,
    );
    let header = Header::new(SIZE, 0, 8);
    let key = [0, picture.gray()[20 * SIZE.0 + 30]];
    let bytes = png::file(&header, &png::wide(&gray), &[chunk(b"tRNS", &key)], &[]);
    shelf.ok(
        "gray-8-trns.png",
        "PNG",
        SIZE,
        "gray with one transparent shade (tRNS)",
        bytes,
    );
}

/// A palette of 2 to the power of `depth` colours, and the index of each pixel: the darker, the lower.
fn indexed(picture: &Picture, depth: u8) -> (Vec<u8>, Vec<u16>) {
    let last = (1u16 << depth) - 1;
    let palette = (0..=last).flat_map(|i| {
        let v = i * 255 / last;
        // Blue shadows, yellow lights.
        [v, (v + 255 * (v / 2 + 32) / 255) / 2, 255 - v].map(|c| c.min(255) as u8)
    });
    let indices = picture
        .gray()
        .iter()
        .map(|&v| u16::from(v) * (last + 1) / 256)
        .collect();
    (palette.collect(), indices)
}

fn palettes(shelf: &mut Shelf, picture: &Picture) {
    for depth in [1u8, 2, 4, 8] {
        let (palette, indices) = indexed(picture, depth);
        let header = Header::new(SIZE, 3, depth);
        let before = [chunk(b"PLTE", &palette)];
        let special = format!("palette of {} colours", palette.len() / 3);
        let bytes = png::file(&header, &indices, &before, &[]);
        shelf.ok(&format!("palette-{depth}.png"), "PNG", SIZE, &special, bytes);
        // The dark half fades out; the list of alphas is shorter than the palette, the rest is opaque.
        let alphas: Vec<u8> = (0..palette.len() / 6)
            .map(|i| (i * 511 / (palette.len() / 3)) as u8)
            .collect();
        let before = [chunk(b"PLTE", &palette), chunk(b"tRNS", &alphas)];
        let bytes = png::file(&header, &indices, &before, &[]);
        let special = format!("{special}, the dark half transparent (tRNS)");
        shelf.ok(&format!("palette-{depth}-trns.png"), "PNG", SIZE, &special, bytes);
    }
    let (palette, indices) = indexed(picture, 4);
    let before = [chunk(b"PLTE", &palette[..palette.len() / 2])];
    let bytes = png::file(&Header::new(SIZE, 3, 4), &indices, &before, &[]);
    let special = "indices beyond the palette, which ImageMagick refuses";
    shelf.ok("palette-short.png", "PNG", SIZE, special, bytes);
}

fn interlaced(shelf: &mut Shelf, picture: &Picture) {
    let header = |color, depth| Header {
        interlaced: true,
        ..Header::new(SIZE, color, depth)
    };
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "PNG", SIZE, special, bytes);
    let bytes = png::file(&header(2, 8), &png::wide(&picture.rgb), &[], &[]);
    add("interlaced-rgb-8.png", "RGB, Adam7", bytes);
    let rgba = interleave(&picture.rgb, 3, &alpha());
    add(
        "interlaced-rgba-16.png",
        "RGB with alpha, 16 bits, Adam7",
        png::file(&header(6, 16), &deep(&rgba), &[], &[]),
    );
    let samples: Vec<u16> = picture.gray().iter().map(|&v| u16::from(v >> 7)).collect();
    add(
        "interlaced-gray-1.png",
        "gray, 1 bit, Adam7",
        png::file(&header(0, 1), &samples, &[], &[]),
    );
    let (palette, indices) = indexed(picture, 4);
    let bytes = png::file(&header(3, 4), &indices, &[chunk(b"PLTE", &palette)], &[]);
    add("interlaced-palette-4.png", "palette of 16 colours, Adam7", bytes);
    let tiny = Header {
        size: (1, 1),
        ..header(2, 8)
    };
    let bytes = png::file(&tiny, &[200, 100, 50], &[], &[]);
    shelf.ok("interlaced-1x1.png", "PNG", (1, 1), "one pixel, Adam7", bytes);
}

fn companions(shelf: &mut Shelf, picture: &Picture) {
    let header = Header::new(SIZE, 6, 8);
    let frames: Vec<Vec<u16>> = (0..3usize)
        .map(|i| {
            // The picture moves to the left.
            let moved = Picture::from_fn(SIZE.0, SIZE.1, |x, y| picture.pixel((x + i * 10) % SIZE.0, y));
            png::wide(&moved.rgba(chart_alpha(SIZE.0, SIZE.1)))
        })
        .collect();
    let bytes = png::animation(&header, &frames);
    shelf.ok("animated.png", "PNG", SIZE, "APNG of three frames with alpha", bytes);

    let header = Header::new(SIZE, 2, 8);
    let samples = png::wide(&picture.rgb);
    let camera = exif::Camera {
        size: SIZE,
        place: Some((465_558, 79_802, 2061)),
        personal: true,
        ..exif::Camera::default()
    };
    let before = [
        png::profile("Testdata wide RGB", &icc::rgb()),
        chunk(b"eXIf", &camera.block()),
        // 72 pixels an inch.
        chunk(b"pHYs", &[0, 0, 0x0B, 0x13, 0, 0, 0x0B, 0x13, 1]),
        png::text("Author", "Ada Example"),
        png::text("Copyright", "(c) 2024 Ada Example"),
        png::text("Comment", "secret-comment of the owner"),
        png::compressed_text("Description", "secret-description, compressed"),
        png::international_text("XML:com.adobe.xmp", &exif::xmp_private()),
        chunk(b"tIME", &[0x07, 0xE8, 6, 21, 5, 12, 48]),
    ];
    let after = [png::text("Software", "photofit testdata")];
    let bytes = png::file(&header, &samples, &before, &after);
    let special = "eXIf with GPS and serial numbers, tEXt, zTXt, iTXt XMP, tIME, iCCP";
    shelf.ok("metadata.png", "PNG", SIZE, special, bytes);

    let gray = Header::new(SIZE, 0, 8);
    let before = [png::profile("Testdata gray 2.2", &icc::gray())];
    let bytes = png::file(&gray, &png::wide(&picture.gray()), &before, &[]);
    shelf.ok("gray-icc.png", "PNG", SIZE, "gray with a gray ICC profile", bytes);

    // gAMA 0.45455 and sRGB's chromaticities: nothing that changes the picture.
    let before = [chunk(b"gAMA", &45_455u32.to_be_bytes()), chunk(b"sRGB", &[0])];
    let bytes = png::file(&header, &samples, &before, &[]);
    shelf.ok(
        "srgb-chunk.png",
        "PNG",
        SIZE,
        "sRGB and gAMA chunks, no metadata",
        bytes,
    );

    let mut broken = png::profile("Testdata wide RGB", &icc::rgb());
    if let Some(sum) = broken.last_mut() {
        *sum ^= 1;
    }
    let bytes = png::file(&header, &samples, &[broken], &[]);
    let special = "a profile whose checksum is wrong: Pillow refuses the file";
    shelf.ok("profile-checksum.png", "PNG", SIZE, special, bytes);

    let data = png::picture_data(&header, &samples);
    let pieces: Vec<u8> = data.chunks(100).flat_map(|piece| chunk(b"IDAT", piece)).collect();
    let bytes = [png::SIGNATURE, &header.chunk(), &pieces, &chunk(b"IEND", &[])].concat();
    shelf.ok(
        "many-idat.png",
        "PNG",
        SIZE,
        "the picture in IDAT chunks of 100 bytes",
        bytes,
    );
}
