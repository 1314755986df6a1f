//! `gif/`, `bmp/`, `webp/` and `heic/`.

use heifer::Metadata;

use crate::entry::{Result, Shelf};
use crate::formats::gif::{self as gif_file, Part, TRANSPARENT};
use crate::formats::webp::{self as webp_file, chunk, extended, frame, lossless};
use crate::formats::{bmp as bmp_file, exif, heic as heic_file, icc, png};
use crate::picture::{CHART_HEIGHT, CHART_WIDTH, Picture, chart, chart_alpha, chart_sized};

const SIZE: (usize, usize) = (CHART_WIDTH, CHART_HEIGHT);

/// The chart moved to the left by `i` steps, and around.
fn moved(picture: &Picture, i: usize) -> Picture {
    Picture::from_fn(SIZE.0, SIZE.1, |x, y| picture.pixel((x + i * 10) % SIZE.0, y))
}

pub(crate) fn gif() -> Result<Shelf> {
    let mut shelf = Shelf::new("gif");
    let picture = chart();
    let mut add = |name: &str, special: &str, parts: &[Part], comment: Option<&str>| -> Result<()> {
        shelf.ok(name, "GIF", SIZE, special, gif_file::file(SIZE, parts, comment)?);
        Ok(())
    };
    add("still.gif", "one frame", &[Part::new(&picture)], None)?;
    add(
        "comment.gif",
        "one frame and a comment",
        &[Part::new(&picture)],
        Some("secret-comment of the owner"),
    )?;
    let frames: Vec<Part> = (0..2).map(|i| Part::new(&moved(&picture, i))).collect();
    let whole = gif_file::file(SIZE, &frames, None)?;
    let cut = whole[..whole.len() - 1].to_vec();
    shelf.ok("no-trailer.gif", "GIF", SIZE, "two frames and no trailer", cut);
    let xmp = gif_file::with_xmp(&whole, &exif::xmp_private());
    shelf.ok("xmp.gif", "GIF", SIZE, "two frames, and XMP with a place", xmp);
    let mut add = |name: &str, special: &str, parts: &[Part], comment: Option<&str>| -> Result<()> {
        shelf.ok(name, "GIF", SIZE, special, gif_file::file(SIZE, parts, comment)?);
        Ok(())
    };
    let interlaced = Part {
        interlaced: true,
        ..Part::new(&picture)
    };
    add("interlaced.gif", "rows in four passes", &[interlaced], None)?;
    let alpha = chart_alpha(SIZE.0, SIZE.1);
    let mut clear = Part {
        transparent: true,
        ..Part::new(&picture)
    };
    for (i, index) in clear.indices.iter_mut().enumerate() {
        if alpha(i % SIZE.0, i / SIZE.0) < 128 {
            *index = TRANSPARENT;
        }
    }
    add("transparent.gif", "a transparent colour", &[clear], None)?;
    let frames: Vec<Part> = (0..4).map(|i| Part::new(&moved(&picture, i))).collect();
    add("animated.gif", "four frames without end", &frames, None)?;
    let small = Part {
        at: (13, 9),
        ..Part::new(&chart_sized(31, 23))
    };
    add(
        "small-frame.gif",
        "one frame, smaller than the canvas: the rest is transparent",
        &[small],
        None,
    )?;
    let small = Part {
        at: (13, 9),
        ..Part::new(&chart_sized(31, 23))
    };
    let parts = [small, Part::new(&picture)];
    add(
        "animated-small-frame.gif",
        "two frames, the first smaller than the canvas",
        &parts,
        None,
    )?;
    Ok(shelf)
}

pub(crate) fn bmp() -> Shelf {
    let mut shelf = Shelf::new("bmp");
    let picture = chart();
    let (width, height) = SIZE;
    let sides = (width as i32, height as i32);
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "BMP", SIZE, special, bytes);
    let bgr = bmp_file::bgr(&picture);
    let rows = bmp_file::rows(&bgr, width, 3, false);
    add("rgb-24.bmp", "24 bits", bmp_file::file(sides, 24, 0, 40, &[], &rows));
    let rows = bmp_file::rows(&bgr, width, 3, true);
    let bytes = bmp_file::file((sides.0, -sides.1), 24, 0, 40, &[], &rows);
    add("top-down.bmp", "24 bits, top row first", bytes);
    let alpha = chart_alpha(width, height);
    let bgra: Vec<u8> = picture
        .rgba(alpha)
        .chunks_exact(4)
        .flat_map(|p| [p[2], p[1], p[0], p[3]])
        .collect();
    let rows = bmp_file::rows(&bgra, width, 4, false);
    add(
        "rgba-32.bmp",
        "32 bits with alpha (BITMAPV5HEADER)",
        bmp_file::file(sides, 32, 3, 124, &[], &rows),
    );
    let bgrx: Vec<u8> = picture
        .rgb
        .chunks_exact(3)
        .flat_map(|p| [p[2], p[1], p[0], 0])
        .collect();
    let rows = bmp_file::rows(&bgrx, width, 4, false);
    add(
        "rgb-32.bmp",
        "32 bits, the fourth byte unused and 0",
        bmp_file::file(sides, 32, 0, 40, &[], &rows),
    );

    let mut linked = bmp_file::file(sides, 32, 3, 124, &[], &bmp_file::rows(&bgra, width, 4, false));
    // The place of a profile counts from the second header.
    let at = linked.len() as u32 - 14;
    let path = b"C:\\Users\\secret-owner\\camera.icm\0";
    linked[70..74].copy_from_slice(b"KNIL");
    linked[126..130].copy_from_slice(&at.to_le_bytes());
    linked[130..134].copy_from_slice(&(path.len() as u32).to_le_bytes());
    linked.extend(path);
    let size = linked.len() as u32;
    linked[2..6].copy_from_slice(&size.to_le_bytes());
    add("linked-profile.bmp", "32 bits, and the path of a profile", linked);
    // Red first, as few writers have it.
    let rgbx: Vec<u8> = picture
        .rgb
        .chunks_exact(3)
        .flat_map(|p| [p[0], p[1], p[2], 0])
        .collect();
    let masks: Vec<u8> = [0xFFu32, 0xFF00, 0x00FF_0000]
        .iter()
        .flat_map(|m| m.to_le_bytes())
        .collect();
    let rows = bmp_file::rows(&rgbx, width, 4, false);
    add(
        "masks-32.bmp",
        "32 bits, the masks in an unusual order",
        bmp_file::file(sides, 32, 3, 40, &masks, &rows),
    );

    let gray = picture.gray();
    let palette = bmp_file::tinted_grays();
    let rows = bmp_file::rows(&gray, width, 1, false);
    add(
        "palette-8.bmp",
        "palette of 256 colours",
        bmp_file::file(sides, 8, 0, 40, &palette, &rows),
    );
    // Steps of 16 make runs, as drawings have them.
    let steps: Vec<u8> = gray.iter().map(|v| v & 0xF0).collect();
    let packed = bmp_file::rle8(&steps, width);
    add(
        "rle-8.bmp",
        "palette of 256 colours, run lengths (BI_RLE8)",
        bmp_file::file(sides, 8, 1, 40, &palette, &packed),
    );
    for (depth, special) in [(4u8, "palette of 16 colours"), (1, "palette of 2 colours")] {
        let colors = 1usize << depth;
        let palette: Vec<u8> = (0..colors)
            .flat_map(|i| palette[i * 255 / (colors - 1) * 4..][..4].to_vec())
            .collect();
        let packed: Vec<u8> = gray
            .chunks_exact(width)
            .flat_map(|row| png::pack(row.iter().map(|&v| u16::from(v >> (8 - depth))), depth))
            .collect();
        let rows = bmp_file::rows(&packed, (width * usize::from(depth)).div_ceil(8), 1, false);
        let bytes = bmp_file::file(sides, depth.into(), 0, 40, &palette, &rows);
        add(&format!("palette-{depth}.bmp"), special, bytes);
    }
    let high = picture.rgb.chunks_exact(3).flat_map(|p| {
        let [r, g, b] = [p[0], p[1], p[2]].map(|v| u16::from(v >> 3));
        (r << 10 | g << 5 | b).to_le_bytes()
    });
    let rows = bmp_file::rows(&high.collect::<Vec<u8>>(), width, 2, false);
    add(
        "rgb-16.bmp",
        "16 bits, 5 a colour",
        bmp_file::file(sides, 16, 0, 40, &[], &rows),
    );
    shelf
}

pub(crate) fn webp() -> Result<Shelf> {
    let mut shelf = Shelf::new("webp");
    let picture = chart();
    let alpha = picture.rgba(chart_alpha(SIZE.0, SIZE.1));
    let mut add = |name: &str, special: &str, chunks: &[Vec<u8>]| {
        shelf.ok(name, "WebP", SIZE, special, webp_file::file(chunks));
    };
    let plain = lossless(&picture.rgb, SIZE, false)?;
    let clear = lossless(&alpha, SIZE, true)?;
    add("lossless.webp", "lossless", std::slice::from_ref(&plain));
    add(
        "lossless-alpha.webp",
        "lossless with alpha",
        std::slice::from_ref(&clear),
    );
    let header = extended(webp_file::ALPHA, SIZE);
    add(
        "extended-alpha.webp",
        "lossless with alpha in the extended format",
        &[header, clear.clone()],
    );
    let camera = exif::Camera {
        size: SIZE,
        place: Some((465_558, 79_802, 2061)),
        personal: true,
        ..exif::Camera::default()
    };
    let chunks = [
        extended(webp_file::ICC | webp_file::EXIF | webp_file::XMP, SIZE),
        chunk(b"ICCP", &icc::rgb()),
        plain.clone(),
        chunk(b"EXIF", &camera.block()),
        chunk(b"XMP ", &exif::xmp_private()),
    ];
    add("metadata.webp", "ICC, EXIF with GPS and serial numbers, XMP", &chunks);
    let block = [b"Exif\0\0".as_slice(), &camera.block()].concat();
    let chunks = [extended(webp_file::EXIF, SIZE), plain.clone(), chunk(b"EXIF", &block)];
    add(
        "exif-prefix.webp",
        "EXIF with the Exif\\0\\0 that only JPEG should have",
        &chunks,
    );
    let mut chunks = vec![extended(webp_file::ANIMATION, SIZE), webp_file::animation()];
    for i in 0..3 {
        chunks.push(frame((0, 0), SIZE, &lossless(&moved(&picture, i).rgb, SIZE, false)?));
    }
    add("animated.webp", "three frames without end", &chunks);
    let small = (31, 23);
    let chunks = [
        extended(webp_file::ANIMATION | webp_file::ALPHA, SIZE),
        webp_file::animation(),
        frame(
            (14, 8),
            small,
            &lossless(&chart_sized(small.0, small.1).rgb, small, false)?,
        ),
        frame((0, 0), SIZE, &clear),
    ];
    add(
        "animated-small-frame.webp",
        "two frames with alpha, the first smaller than the canvas",
        &chunks,
    );
    Ok(shelf)
}

pub(crate) fn heic() -> Result<Shelf> {
    let mut shelf = Shelf::new("heic");
    let picture = chart();
    let mut add = |name: &str, size: (usize, usize), special: &str, bytes: Vec<u8>| {
        shelf.ok(name, "HEIC", size, special, bytes);
    };
    let none = Metadata::default();
    add(
        "still.heic",
        SIZE,
        "8 bits, 4:2:0, clap for the odd size",
        heic_file::encode_rgb(&picture, 90, &none)?,
    );
    let rgba = picture.rgba(|_, _| 255);
    add(
        "10-bit.heic",
        SIZE,
        "10 bits a sample",
        heic_file::encode(&rgba, SIZE, 10, 90, &none)?,
    );
    let clear = picture.rgba(chart_alpha(SIZE.0, SIZE.1));
    add(
        "alpha.heic",
        SIZE,
        "an alpha plane",
        heic_file::encode(&clear, SIZE, 8, 90, &none)?,
    );
    let large = chart_sized(700, 530);
    let bytes = heic_file::encode_rgb(&large, 60, &none)?;
    add("grid.heic", (700, 530), "a grid of four tiles, and a thumbnail", bytes);
    let camera = exif::Camera {
        size: SIZE,
        place: Some((465_558, 79_802, 2061)),
        personal: true,
        ..exif::Camera::default()
    };
    let metadata = Metadata {
        exif: Some(camera.block()),
        xmp: Some(exif::xmp_private()),
        icc_profile: Some(icc::rgb()),
    };
    let special = "EXIF with GPS and serial numbers, XMP, ICC";
    add(
        "metadata.heic",
        SIZE,
        special,
        heic_file::encode_rgb(&picture, 90, &metadata)?,
    );
    Ok(shelf)
}
