//! `jpeg/`: samplings, processes, colour models, and what cameras put around a picture.

use jpeg_encoder::{ColorType, SamplingFactor as S};

use crate::entry::{Result, Shelf};
use crate::formats::jpeg::{self, Coding, YCBCR_420, adobe, exif_segment, header_only, jfif, xmp_segment};
use crate::formats::jpeg_baseline::{self, Component, Plan};
use crate::formats::{exif, heic, icc};
use crate::math::{fbm, hex, mix, smoothstep};
use crate::picture::{Picture, chart, chart_sized};

/// Larger than a few MCUs of every sampling, and whole MCUs of none.
const WIDTH: usize = 141;
const HEIGHT: usize = 93;
const SIZE: (usize, usize) = (WIDTH, HEIGHT);

pub(crate) fn shelf() -> Result<Shelf> {
    let mut shelf = Shelf::new("jpeg");
    let picture = hills();
    samplings(&mut shelf, &picture)?;
    processes(&mut shelf, &picture)?;
    color_models(&mut shelf, &picture)?;
    companions(&mut shelf, &picture)?;
    refused(&mut shelf);
    Ok(shelf)
}

/// Soft hills with the chart's F on them: continuous tones and edges.
fn hills() -> Picture {
    let soft = Picture::render(WIDTH, HEIGHT, 1.0, |x, y| {
        let hill = 0.55 + 0.3 * fbm(x * 2.3, 1.7, 4, 11);
        let grass = mix(hex(0x3F6F2A), hex(0x9DB04A), 0.5 + fbm(x * 9.0, y * 16.0, 3, 12));
        let sky = mix(hex(0x4E8FD8), hex(0xF3E3C8), y / 0.7);
        mix(sky, grass, smoothstep(hill - 0.01, hill + 0.01, y))
    });
    let letter = chart_sized(WIDTH, HEIGHT);
    Picture::from_fn(WIDTH, HEIGHT, |x, y| {
        let p = letter.pixel(x, y);
        if p == [20, 24, 32] || (x * 5 < WIDTH && y * 4 < HEIGHT) {
            p
        } else {
            soft.pixel(x, y)
        }
    })
}

fn samplings(shelf: &mut Shelf, picture: &Picture) -> Result<()> {
    for (name, sampling, special) in [
        ("444", S::R_4_4_4, "4:4:4"),
        ("422", S::R_4_2_2, "4:2:2"),
        ("440", S::R_4_4_0, "4:4:0"),
        ("420", S::R_4_2_0, "4:2:0"),
        ("411-by-component", S::R_4_1_1, "4:1:1, one scan a component"),
        ("410-by-component", S::R_4_1_0, "4:1:0, one scan a component"),
    ] {
        let coding = Coding {
            sampling,
            ..Coding::default()
        };
        shelf.ok(
            &format!("sampling-{name}.jpg"),
            "JPEG",
            SIZE,
            special,
            jpeg::encode_rgb(picture, coding)?,
        );
        let coding = Coding {
            progressive: true,
            ..coding
        };
        let special = format!("{special}, progressive").replace(", one scan a component", "");
        let name = name.replace("-by-component", "");
        shelf.ok(
            &format!("progressive-{name}.jpg"),
            "JPEG",
            SIZE,
            &special,
            jpeg::encode_rgb(picture, coding)?,
        );
    }
    let three = |luma: (usize, usize), chroma: (usize, usize)| {
        [(luma, 0), (chroma, 1), (chroma, 2)].map(|(sampling, channel)| Component {
            id: channel as u8 + 1,
            sampling,
            channel,
        })
    };
    for (name, luma, chroma, special) in [
        ("411", (4, 1), (1, 1), "4:1:1, interleaved"),
        ("410", (4, 2), (1, 1), "4:1:0, interleaved"),
        ("441", (1, 4), (1, 1), "4:4:1, chroma at a quarter of the height"),
        ("444-by-2", (2, 1), (2, 1), "4:4:4 written with horizontal factors of 2"),
        ("422-by-2", (2, 2), (1, 2), "4:2:2 written with factors of 2"),
    ] {
        let bytes = baseline(picture, 0xC0, &three(luma, chroma), true);
        shelf.ok(&format!("sampling-{name}.jpg"), "JPEG", SIZE, special, bytes);
    }
    let mut uneven = three((2, 2), (1, 1));
    uneven[2].sampling = (1, 2);
    let bytes = baseline(picture, 0xC0, &uneven, true);
    shelf.ok(
        "sampling-uneven.jpg",
        "JPEG",
        SIZE,
        "Cb at a quarter, Cr at half of the samples",
        bytes,
    );
    Ok(())
}

fn baseline(picture: &Picture, marker: u8, components: &[Component], ycbcr: bool) -> Vec<u8> {
    let plan = Plan {
        marker,
        components,
        quantiser: 6,
        ycbcr,
    };
    jpeg_baseline::encode(picture, &plan)
}

fn processes(shelf: &mut Shelf, picture: &Picture) -> Result<()> {
    let mut add = |name: &str, special: &str, coding: Coding| -> Result<()> {
        shelf.ok(name, "JPEG", SIZE, special, jpeg::encode_rgb(picture, coding)?);
        Ok(())
    };
    let usual = Coding {
        sampling: S::R_4_2_0,
        ..Coding::default()
    };
    add(
        "restart-1.jpg",
        "a restart marker behind every MCU",
        Coding { restart: 1, ..usual },
    )?;
    add(
        "restart-7.jpg",
        "a restart marker every 7 MCUs",
        Coding { restart: 7, ..usual },
    )?;
    let progressive = Coding {
        progressive: true,
        restart: 5,
        ..usual
    };
    add(
        "progressive-restart.jpg",
        "progressive, a restart marker every 5 MCUs",
        progressive,
    )?;
    let optimized = Coding {
        optimized: true,
        ..usual
    };
    add(
        "optimized.jpg",
        "Huffman tables made for the picture, one scan a component",
        optimized,
    )?;
    for quality in [1, 25, 50, 75, 100] {
        add(
            &format!("quality-{quality}.jpg"),
            &format!("quality {quality}"),
            Coding { quality, ..usual },
        )?;
    }
    let ycbcr = [0, 1, 2].map(|channel| Component {
        id: channel as u8 + 1,
        sampling: if channel == 0 { (2, 2) } else { (1, 1) },
        channel,
    });
    let extended = baseline(picture, 0xC1, &ycbcr, true);
    shelf.ok(
        "extended.jpg",
        "JPEG",
        SIZE,
        "extended sequential process (SOF1), 8 bits",
        extended,
    );
    for (name, size) in [
        ("1x1", (1, 1)),
        ("8x8", (8, 8)),
        ("1x40", (1, 40)),
        ("40x1", (40, 1)),
        ("17x9", (17, 9)),
    ] {
        let tiny = chart_sized(61, 43);
        let tiny = Picture::from_fn(size.0, size.1, |x, y| tiny.pixel(x, y));
        shelf.ok(
            &format!("tiny-{name}.jpg"),
            "JPEG",
            size,
            "hardly any pixels, 4:2:0",
            jpeg::encode_rgb(&tiny, usual)?,
        );
    }
    Ok(())
}

fn color_models(shelf: &mut Shelf, picture: &Picture) -> Result<()> {
    let gray = jpeg::encode(&picture.gray(), SIZE, ColorType::Luma, Coding::default())?;
    let progressive = Coding {
        progressive: true,
        ..Coding::default()
    };
    shelf.ok("gray.jpg", "JPEG", SIZE, "one component", gray.clone());
    let bytes = jpeg::encode(&picture.gray(), SIZE, ColorType::Luma, progressive)?;
    shelf.ok(
        "gray-progressive.jpg",
        "JPEG",
        SIZE,
        "one component, progressive",
        bytes,
    );
    let mut segments = vec![jfif()];
    segments.extend(jpeg::icc_segments(&icc::gray(), 1));
    let bytes = jpeg::with_segments(&gray, &segments);
    shelf.ok("gray-icc.jpg", "JPEG", SIZE, "one component, gray ICC profile", bytes);
    let factors = [Component {
        id: 1,
        sampling: (2, 2),
        channel: 0,
    }];
    let bytes = jpeg::with_segments(&baseline(picture, 0xC0, &factors, true), &[jfif()]);
    let special = "one component with sampling factors of 2, which mean nothing in a scan of one";
    shelf.ok(
        "gray-factors-2.jpg",
        "JPEG",
        SIZE,
        special,
        interleave_free(picture, &bytes),
    );

    // The library takes amounts of ink and stores them as Adobe does, inverted: 255 is no ink.
    let inks: Vec<u8> = picture.rgb.chunks_exact(3).flat_map(inks).collect();
    let profile = icc::cmyk();
    for (name, color, transform, special) in [
        ("cmyk", ColorType::Cmyk, 0, "CMYK, inverted as Adobe writes it"),
        ("ycck", ColorType::CmykAsYcck, 2, "YCCK, inverted as Adobe writes it"),
    ] {
        let coded = jpeg::encode(&inks, SIZE, color, Coding::default())?;
        shelf.ok(
            &format!("{name}.jpg"),
            "JPEG",
            SIZE,
            special,
            jpeg::with_segments(&coded, &[adobe(transform)]),
        );
        let mut segments = vec![adobe(transform)];
        segments.extend(jpeg::icc_segments(&profile, 1));
        let special = format!("{special}, with an ICC profile of its inks");
        shelf.ok(
            &format!("{name}-icc.jpg"),
            "JPEG",
            SIZE,
            &special,
            jpeg::with_segments(&coded, &segments),
        );
    }
    let rgb = |ids: [u8; 3]| {
        [0, 1, 2].map(|channel| Component {
            id: ids[channel],
            sampling: (1, 1),
            channel,
        })
    };
    let bytes = baseline(picture, 0xC0, &rgb([1, 2, 3]), false);
    let special = "RGB without a transform, as Adobe's segment says";
    shelf.ok(
        "rgb-adobe.jpg",
        "JPEG",
        SIZE,
        special,
        jpeg::with_segments(&bytes, &[adobe(0)]),
    );
    let bytes = baseline(picture, 0xC0, &rgb(*b"RGB"), false);
    shelf.ok(
        "rgb-ids.jpg",
        "JPEG",
        SIZE,
        "RGB by its component identifiers alone",
        bytes,
    );
    Ok(())
}

/// A scan of one component is never interleaved (T.81, A.2.2): its blocks run row by row whatever the factors. So the
/// factors are written into a file that was coded with factors of 1.
fn interleave_free(picture: &Picture, with_factors: &[u8]) -> Vec<u8> {
    let plain = [Component {
        id: 1,
        sampling: (1, 1),
        channel: 0,
    }];
    let mut bytes = jpeg::with_segments(&baseline(picture, 0xC0, &plain, true), &[jfif()]);
    if let Some(at) = with_factors.windows(2).position(|w| w == [0xFF, 0xC0]) {
        // Marker, length, precision, sides, count, identifier: then the factors.
        bytes[at + 11] = with_factors[at + 11];
    }
    bytes
}

/// Cyan, magenta, yellow, black of an sRGB pixel, with as much black as can be.
fn inks(p: &[u8]) -> [u8; 4] {
    let light = p[0].max(p[1]).max(p[2]);
    let ink = |v: u8| {
        if light == 0 {
            0
        } else {
            255 - (u16::from(v) * 255 / u16::from(light)) as u8
        }
    };
    [ink(p[0]), ink(p[1]), ink(p[2]), 255 - light]
}

/// Pictures with company: a gain map, a video, a second view, and every kind of metadata.
fn companions(shelf: &mut Shelf, picture: &Picture) -> Result<()> {
    let coding = Coding {
        sampling: S::R_4_2_0,
        ..Coding::default()
    };
    let coded = jpeg::encode_rgb(picture, coding)?;

    let map = Picture::from_fn(71, 47, |x, _| [(x * 3) as u8; 3]);
    let map = jpeg::encode(&map.gray(), (71, 47), ColorType::Luma, Coding::default())?;
    let map = jpeg::with_segments(&map, &[jfif(), xmp_segment(&exif::xmp_gain_map())]);
    let camera = exif::Camera {
        size: SIZE,
        ..exif::Camera::default()
    };
    let segments = [
        exif_segment(&camera.block()),
        xmp_segment(&exif::xmp_ultra_hdr(map.len())),
    ];
    let bytes = jpeg::with_second(&coded, &segments, &map, 0);
    let special = "Ultra HDR: hdrgm XMP, MPF index, a gain map as second JPEG behind EOI";
    shelf.ok("ultra-hdr.jpg", "JPEG", SIZE, special, bytes);

    let second = jpeg::with_segments(&jpeg::encode_rgb(&chart(), coding)?, &[jfif()]);
    let bytes = jpeg::with_second(&coded, &[exif_segment(&camera.block())], &second, 0x0002_0002);
    shelf.ok("mpo.jpg", "JPEG", SIZE, "MPO: two views and an MPF index", bytes);

    let mut video = heic::make_box(b"ftyp", b"isom\0\0\x02\0isomiso2mp41");
    video.extend(heic::make_box(b"free", &[0; 64]));
    video.extend(heic::make_box(b"mdat", &[0x55; 400]));
    let segments = [
        exif_segment(&camera.block()),
        xmp_segment(&exif::xmp_motion_photo(video.len())),
    ];
    let mut bytes = jpeg::with_segments(&coded, &segments);
    bytes.extend(video);
    shelf.ok(
        "motion-photo.jpg",
        "JPEG",
        SIZE,
        "motion photo: GCamera XMP and an MP4 behind EOI",
        bytes,
    );

    let thumbnail = Picture::from_fn(40, 26, |x, y| picture.pixel(x * WIDTH / 40, y * HEIGHT / 26));
    let thumbnail = jpeg::bare(&jpeg::encode_rgb(&thumbnail, coding)?);
    let rich = exif::Camera {
        place: Some((465_558, 79_802, 2061)),
        personal: true,
        thumbnail: Some(thumbnail),
        ..camera
    };
    for (name, big_endian, special) in [
        (
            "metadata",
            false,
            "EXIF with GPS, serial numbers, owner, maker note, thumbnail; XMP, IPTC, comment, ICC in two parts",
        ),
        ("metadata-big-endian", true, "the same with big endian EXIF"),
    ] {
        let block = exif::Camera {
            big_endian,
            ..rich.clone()
        };
        let mut segments = vec![jfif(), exif_segment(&block.block()), xmp_segment(&exif::xmp_private())];
        segments.extend(jpeg::icc_segments(&icc::rgb(), 2));
        segments.extend([(0xED, exif::iptc()), (0xFE, b"secret-comment of the owner".to_vec())]);
        shelf.ok(
            &format!("{name}.jpg"),
            "JPEG",
            SIZE,
            special,
            jpeg::with_segments(&coded, &segments),
        );
    }
    let guid = "0123456789ABCDEF0123456789ABCDEF";
    let (packet, extension) = exif::xmp_extended(guid);
    let mut part = [b"http://ns.adobe.com/xmp/extension/\0", guid.as_bytes()].concat();
    part.extend((extension.len() as u32).to_be_bytes());
    part.extend([0; 4]);
    part.extend(&extension);
    shelf.ok(
        "xmp-extension.jpg",
        "JPEG",
        SIZE,
        "XMP with an extension in a segment of its own",
        jpeg::with_segments(&coded, &[jfif(), xmp_segment(&packet), (0xE1, part)]),
    );
    let progressive = Coding {
        progressive: true,
        ..coding
    };
    let scans = jpeg::encode_rgb(picture, progressive)?;
    let last = scans
        .windows(2)
        .rposition(|marker| marker == [0xFF, 0xDA])
        .ok_or("the picture has no scan")?;
    let hidden = [
        jpeg::segment_bytes(&exif_segment(&rich.block())),
        jpeg::segment_bytes(&(0xFE, b"secret-comment between scans".to_vec())),
    ];
    shelf.ok(
        "between-scans.jpg",
        "JPEG",
        SIZE,
        "EXIF with GPS and a comment before the last scan",
        [&scans[..last], &hidden.concat(), &scans[last..]].concat(),
    );
    let mut tail = jpeg::with_segments(&coded, &[jfif()]);
    tail.extend(b"\r\nsecret-trailer: bytes that a program left behind the picture\r\n");
    shelf.ok("trailer.jpg", "JPEG", SIZE, "text behind EOI", tail);
    Ok(())
}

/// Headers of JPEGs that no camera makes; they have no picture.
fn refused(shelf: &mut Shelf) {
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| {
        shelf.refuse(
            &format!("refused-{name}.jpg"),
            "JPEG",
            (64, 48),
            &["unsupported"],
            special,
            bytes,
        );
    };
    let size = (64, 48);
    add(
        "arithmetic",
        "arithmetic coding (SOF9), header only",
        header_only(0xC9, 8, size, &YCBCR_420),
    );
    let bytes = header_only(0xCA, 8, size, &YCBCR_420);
    add(
        "arithmetic-progressive",
        "progressive arithmetic coding (SOF10), header only",
        bytes,
    );
    add(
        "12-bit",
        "12 bits a sample (SOF1), header only",
        header_only(0xC1, 12, size, &YCBCR_420),
    );
    add(
        "lossless",
        "lossless process (SOF3), header only",
        header_only(0xC3, 8, size, &YCBCR_420),
    );
    add(
        "hierarchical",
        "hierarchical process (SOF5), header only",
        header_only(0xC5, 8, size, &YCBCR_420),
    );
    let two = [(1, 0x11, 0), (2, 0x11, 0)];
    add(
        "two-components",
        "two components, header only",
        header_only(0xC0, 8, size, &two),
    );
    let bytes = header_only(0xC0, 8, (64, 0), &YCBCR_420);
    shelf.refuse(
        "refused-dnl.jpg",
        "JPEG",
        (64, 0),
        &["malformed"],
        "a height of 0, which a DNL marker would have to define, header only",
        bytes,
    );
}
