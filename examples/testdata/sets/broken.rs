//! `broken/`: what is no photo, no longer one, or claims to be more than it is.

use jpeg_encoder::SamplingFactor;

use crate::entry::{Result, Shelf};
use crate::formats::ifd::{Fields, Structure, Value};
use crate::formats::jpeg::{self, Coding, YCBCR_420, header_only, jfif};
use crate::formats::png::{self, chunk};
use crate::formats::{bmp, gif, heic, tiff, webp};
use crate::math::Rng;
use crate::picture::{CHART_HEIGHT, CHART_WIDTH, chart, chart_sized};

const SIZE: (usize, usize) = (CHART_WIDTH, CHART_HEIGHT);
/// A side of more pixels than any photo, squared.
const HUGE: u16 = 65_535;
const HUGE_SIZE: (usize, usize) = (65_535, 65_535);
const NONE: (usize, usize) = (0, 0);

pub(crate) fn shelf() -> Result<Shelf> {
    let mut shelf = Shelf::new("broken");
    shelf.refuse("empty.jpg", "-", NONE, &["empty"], "no bytes", Vec::new());
    let text = b"This is a text.\nSomebody has given it the name of a photo.\n".to_vec();
    shelf.refuse(
        "text.jpg",
        "-",
        NONE,
        &["unknown-format"],
        "text under the name of a JPEG",
        text,
    );
    let noise = Rng::new(42).bytes(300);
    shelf.refuse(
        "noise.png",
        "-",
        NONE,
        &["unknown-format"],
        "random bytes under the name of a PNG",
        noise,
    );
    truncated(&mut shelf)?;
    huge(&mut shelf);
    malformed(&mut shelf)?;
    unsupported(&mut shelf);
    Ok(shelf)
}

fn truncated(shelf: &mut Shelf) -> Result<()> {
    let mut cut = |name: &str, format: &'static str, size: (usize, usize), special: &str, whole: &[u8]| {
        let half = whole[..whole.len() / 2].to_vec();
        shelf.refuse(name, format, size, &["damaged"], special, half);
    };
    let picture = chart_sized(141, 93);
    let size = (141, 93);
    let coding = Coding {
        sampling: SamplingFactor::R_4_2_0,
        ..Coding::default()
    };
    let whole = jpeg::with_segments(&jpeg::encode_rgb(&picture, coding)?, &[jfif()]);
    cut(
        "truncated-baseline.jpg",
        "JPEG",
        size,
        "the first half of a baseline JPEG",
        &whole,
    );
    let coding = Coding {
        progressive: true,
        ..coding
    };
    let whole = jpeg::with_segments(&jpeg::encode_rgb(&picture, coding)?, &[jfif()]);
    cut(
        "truncated-progressive.jpg",
        "JPEG",
        size,
        "the first half of a progressive JPEG",
        &whole,
    );
    let header = png::Header::new(size, 2, 8);
    let data = png::picture_data(&header, &png::wide(&picture.rgb));
    let pieces: Vec<u8> = data.chunks(200).flat_map(|piece| chunk(b"IDAT", piece)).collect();
    let whole = [png::SIGNATURE, &header.chunk(), &pieces, &chunk(b"IEND", &[])].concat();
    cut("truncated.png", "PNG", size, "the first half of a PNG", &whole);
    let whole = gif::file(size, &[gif::Part::new(&picture)], None)?;
    // Two thirds, as the first half is mostly palette.
    let two_thirds = whole[..whole.len() * 2 / 3].to_vec();
    shelf.refuse(
        "truncated.gif",
        "GIF",
        size,
        &["damaged", "decode"],
        "the first two thirds of a GIF",
        two_thirds,
    );
    let rows = bmp::rows(&bmp::bgr(&picture), size.0, 3, false);
    let whole = bmp::file((size.0 as i32, size.1 as i32), 24, 0, 40, &[], &rows);
    let half = whole[..whole.len() / 2].to_vec();
    shelf.refuse(
        "truncated.bmp",
        "BMP",
        size,
        &["damaged", "decode"],
        "the first half of a BMP",
        half,
    );
    let whole = webp::file(&[webp::lossless(&picture.rgb, size, false)?]);
    let half = whole[..whole.len() / 2].to_vec();
    shelf.refuse(
        "truncated.webp",
        "WebP",
        size,
        &["damaged", "decode"],
        "the first half of a WebP",
        half,
    );
    let whole = tiff::file(&[tiff::Page::new(size, 3, 2, picture.rgb.clone())])?;
    let half = whole[..whole.len() / 2].to_vec();
    let special = "the first half of a TIFF, whose directory stood at its end";
    shelf.refuse("truncated.tif", "TIFF", NONE, &["malformed"], special, half);
    let whole = heic::encode_rgb(&picture, 80, &heifer::Metadata::default())?;
    let most = whole[..whole.len() * 9 / 10].to_vec();
    let kinds = &["malformed", "damaged", "decode"];
    shelf.refuse(
        "truncated.heic",
        "HEIC",
        size,
        kinds,
        "a HEIC without its last tenth",
        most,
    );
    Ok(())
}

/// A few bytes that claim 65,535 × 65,535 pixels.
fn huge(shelf: &mut Shelf) {
    let mut add = |name: &str, format: &'static str, special: &str, bytes: Vec<u8>| {
        let special = format!("{special} that claims 65,535 × 65,535 pixels");
        shelf.refuse(name, format, HUGE_SIZE, &["too-many-pixels"], &special, bytes);
    };
    let side = usize::from(HUGE);
    add(
        "huge-baseline.jpg",
        "JPEG",
        "a baseline JPEG",
        header_only(0xC0, 8, (HUGE, HUGE), &YCBCR_420),
    );
    add(
        "huge-progressive.jpg",
        "JPEG",
        "a progressive JPEG",
        header_only(0xC2, 8, (HUGE, HUGE), &YCBCR_420),
    );
    let header = png::Header::new((side, side), 6, 16);
    let tiny = png::picture_data(&png::Header::new((1, 1), 6, 16), &[0; 4]);
    let bytes = [
        png::SIGNATURE,
        &header.chunk(),
        &chunk(b"IDAT", &tiny),
        &chunk(b"IEND", &[]),
    ]
    .concat();
    add("huge.png", "PNG", "a PNG", bytes);
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend([HUGE.to_le_bytes(), HUGE.to_le_bytes()].concat());
    bytes.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    // A frame of one pixel: clear, 0, end.
    bytes.extend(b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3B");
    add("huge.gif", "GIF", "a GIF canvas", bytes);
    add(
        "huge.bmp",
        "BMP",
        "a BMP",
        bmp::file((i32::from(HUGE), i32::from(HUGE)), 24, 0, 40, &[], &[0; 64]),
    );
    let mut s = Structure::new(false, false);
    s.chain(&tiff_tags(side, side));
    add("huge.tif", "TIFF", "a TIFF", s.out);
    let bytes = webp::file(&[
        webp::extended(0, (side, side)),
        webp::chunk(b"VP8L", b"\x2F\0\0\0\0\0\0\0"),
    ]);
    add("huge.webp", "WebP", "a WebP canvas", bytes);
}

/// The tags of an uncompressed gray page whose strip is the file's first bytes.
fn tiff_tags(width: usize, height: usize) -> Fields {
    vec![
        (0x0100, Value::long(width)),
        (0x0101, Value::long(height)),
        (0x0102, Value::short(8)),
        (0x0103, Value::short(1)),
        (0x0106, Value::short(1)),
        (0x0111, Value::long(8)),
        (0x0115, Value::short(1)),
        (0x0116, Value::long(height)),
        (0x0117, Value::long(width * height % 4_000_000)),
    ]
}

fn malformed(shelf: &mut Shelf) -> Result<()> {
    let picture = chart();
    let whole = jpeg::with_segments(&jpeg::encode_rgb(&picture, Coding::default())?, &[jfif()]);
    let mut add = |name: &str, format: &'static str, size: (usize, usize), kinds, special: &str, bytes: Vec<u8>| {
        shelf.refuse(name, format, size, kinds, special, bytes);
    };

    let mut bytes = whole[..20].to_vec();
    bytes.extend([0xFF, 0xE1, 0xFF, 0xFF]);
    bytes.extend(b"Exif\0\0 and then nothing");
    let special = "an APP1 segment longer than the file";
    add("segment-too-long.jpg", "JPEG", NONE, &["malformed"], special, bytes);
    let without_frame = without_segments(&whole, 0xC0);
    add(
        "no-sof.jpg",
        "JPEG",
        NONE,
        &["malformed"],
        "a JPEG without a frame header",
        without_frame,
    );
    let without_codes = without_segments(&whole, 0xC4);
    add(
        "no-dht.jpg",
        "JPEG",
        SIZE,
        &["decode", "damaged", "malformed"],
        "a JPEG without Huffman tables",
        without_codes,
    );
    add(
        "only-soi.jpg",
        "JPEG",
        NONE,
        &["malformed"],
        "the first two bytes of a JPEG",
        whole[..2].to_vec(),
    );
    let bytes = header_only(0xC0, 8, (0, 48), &YCBCR_420);
    add(
        "zero-width.jpg",
        "JPEG",
        (0, 48),
        &["malformed"],
        "a JPEG of width 0",
        bytes,
    );

    let header = png::Header::new(SIZE, 2, 8);
    let whole = png::file(&header, &png::wide(&picture.rgb), &[], &[]);
    let mut bytes = whole.clone();
    // The checksum of IDAT stands in front of IEND's twelve bytes.
    let last = bytes.len() - 13;
    bytes[last] ^= 0x55;
    let kinds = &["damaged", "decode"];
    add(
        "bad-crc.png",
        "PNG",
        SIZE,
        kinds,
        "a wrong checksum behind the picture's data",
        bytes,
    );
    let mut bytes = whole.clone();
    let middle = whole.len() / 2;
    for b in &mut bytes[middle..middle + 4] {
        *b ^= 0xFF;
    }
    add(
        "bad-data.png",
        "PNG",
        SIZE,
        kinds,
        "four wrong bytes in the middle of the picture's data",
        bytes,
    );
    let mut bytes = whole.clone();
    // IDAT follows signature and IHDR.
    bytes[33..37].copy_from_slice(&0x7FFF_FFFFu32.to_be_bytes());
    let special = "an IDAT chunk that claims 2,147,483,647 bytes and holds the whole picture";
    add("huge-chunk.png", "PNG", SIZE, &[], special, bytes);
    let zero = png::Header::new((0, CHART_HEIGHT), 2, 8);
    let bytes = [png::SIGNATURE, &zero.chunk(), &chunk(b"IEND", &[])].concat();
    add(
        "zero-width.png",
        "PNG",
        (0, CHART_HEIGHT),
        &["malformed"],
        "a PNG of width 0",
        bytes,
    );
    let odd = png::Header::new(SIZE, 3, 16);
    let bytes = [png::SIGNATURE, &odd.chunk(), &chunk(b"IEND", &[])].concat();
    add(
        "no-such-depth.png",
        "PNG",
        SIZE,
        &["malformed"],
        "a palette with 16 bits, which does not exist",
        bytes,
    );
    let bytes = [png::SIGNATURE, &header.chunk(), &chunk(b"IEND", &[])].concat();
    add(
        "no-idat.png",
        "PNG",
        SIZE,
        &["damaged", "decode", "malformed"],
        "a PNG without a picture",
        bytes,
    );

    let mut s = Structure::new(false, false);
    s.append(&[0x80; 64]);
    let mut tags = tiff_tags(8, 8);
    tags[8].1 = Value::long(64);
    let directory = s.chain(&tags);
    s.link(directory.at);
    shelf.ok(
        "ifd-loop.tif",
        "TIFF",
        (8, 8),
        "a directory that is its own successor, around a sound picture",
        s.out,
    );
    let mut s = Structure::new(false, false);
    s.link(0x00FF_FFFF);
    let special = "a TIFF whose first directory lies outside the file";
    shelf.refuse("no-ifd.tif", "TIFF", NONE, &["malformed"], special, s.out);
    Ok(())
}

/// A JPEG without the segments of one marker.
fn without_segments(whole: &[u8], marker: u8) -> Vec<u8> {
    let mut out = whole[..2].to_vec();
    let mut at = 2;
    while whole[at + 1] != 0xDA {
        let end = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
        if whole[at + 1] != marker {
            out.extend_from_slice(&whole[at..end]);
        }
        at = end;
    }
    out.extend_from_slice(&whole[at..]);
    out
}

/// Starts of files that photofit names and does not read.
fn unsupported(shelf: &mut Shelf) {
    let mut add = |name: &str, format: &'static str, bytes: Vec<u8>| {
        let special = format!("signature of {format}, no picture");
        shelf.refuse(name, format, NONE, &["unsupported"], &special, bytes);
    };
    let media = |brands: &[u8]| {
        let mut bytes = heic::make_box(b"ftyp", brands);
        bytes.extend(heic::make_box(b"mdat", &[0; 16]));
        bytes
    };
    add("signature.avif", "AVIF", media(b"avif\0\0\0\0avifmif1miaf"));
    add(
        "signature-generic-brand.avif",
        "AVIF",
        media(b"mif1\0\0\0\0mif1avifmiaf"),
    );
    add("signature.cr3", "Canon CR3", media(b"crx \0\0\0\x01crx isom"));
    add("signature.mp4", "MP4", media(b"isom\0\0\x02\0isomiso2mp41"));
    let mut bytes = vec![0xFF, 0x0A];
    bytes.extend([0; 30]);
    add("signature.jxl", "JPEG XL codestream", bytes);
    let mut bytes = b"\0\0\0\x0CJXL \r\n\x87\n".to_vec();
    bytes.extend(heic::make_box(b"ftyp", b"jxl \0\0\0\0jxl "));
    add("signature-container.jxl", "JPEG XL container", bytes);
    let mut bytes = b"\0\0\0\x0CjP  \r\n\x87\n".to_vec();
    bytes.extend(heic::make_box(b"ftyp", b"jp2 \0\0\0\0jp2 "));
    add("signature.jp2", "JPEG 2000", bytes);
    let svg = b"<?xml version=\"1.0\"?>\n<!-- a drawing -->\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" \
                height=\"30\">\n  <rect width=\"40\" height=\"30\" fill=\"#3a7\"/>\n</svg>\n";
    add("drawing.svg", "SVG", svg.to_vec());
    add("signature.pdf", "PDF", b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n%%EOF\n".to_vec());
    add(
        "signature.psd",
        "Photoshop PSD",
        b"8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0\0\x10\0\0\0\x10\0\x08\0\x03".to_vec(),
    );
    let mut bytes = b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0".to_vec();
    bytes.extend([16, 0, 0, 0, 22, 0, 0, 0]);
    bytes.extend([0; 16]);
    add("signature.ico", "ICO", bytes);

    let mut bytes = b"FUJIFILMCCD-RAW 0201FF000000Model T".to_vec();
    bytes.resize(160, 0);
    add("signature.raf", "Fujifilm RAF", bytes);
    let mut bytes = b"IIRO\x08\0\0\0\0\0".to_vec();
    bytes.resize(32, 0);
    add("signature.orf", "Olympus ORF", bytes);
    let mut bytes = b"IIU\0\x08\0\0\0\0\0".to_vec();
    bytes.resize(32, 0);
    add("signature.rw2", "Panasonic RW2", bytes);
    let mut cr2 = Structure::new(false, false);
    cr2.append(b"CR\x02\0\0\0\0\0");
    cr2.chain(&tiff_tags(8, 8));
    add("signature.cr2", "Canon CR2", cr2.out);
    let raw = |make: Option<&'static str>, more: Fields| {
        let mut s = Structure::new(false, false);
        let mut tags = tiff_tags(8, 8);
        // A reduced picture, with the full one in a sub-directory.
        tags.push((0x00FE, Value::long(1)));
        tags.push((0x014A, Value::long(8)));
        tags.extend(make.map(|name| (0x010F, Value::Ascii(name))));
        tags.extend(more);
        tags.sort_by_key(|t| t.0);
        s.chain(&tags);
        s.out
    };
    add("signature.nef", "Nikon NEF", raw(Some("NIKON CORPORATION"), Vec::new()));
    add(
        "signature.dng",
        "DNG",
        raw(None, vec![(0xC612, Value::Byte(vec![1, 4, 0, 0]))]),
    );
    add(
        "signature.arw",
        "Sony ARW",
        raw(Some("SONY"), vec![(0xC634, Value::long(8))]),
    );
}
