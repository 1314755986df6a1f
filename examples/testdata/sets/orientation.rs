//! `orientation/`: one picture, stored in every way that a reader has to turn.

use heifer::Metadata;

use crate::entry::{Result, Shelf};
use crate::formats::ifd::Value;
use crate::formats::jpeg::{self, Coding, exif_segment, jfif, segment_bytes, xmp_segment};
use crate::formats::{exif, heic, icc, png, tiff, webp};
use crate::picture::{CHART_HEIGHT, CHART_WIDTH, Picture, chart};

/// The picture's size once upright.
const UPRIGHT: (usize, usize) = (CHART_WIDTH, CHART_HEIGHT);

pub(crate) fn shelf() -> Result<Shelf> {
    let mut shelf = Shelf::new("orientation");
    let upright = chart();
    shelf.ok(
        "upright.png",
        "PNG",
        UPRIGHT,
        "the reference: what every file here shows",
        png_of(&upright, &[]),
    );
    for orientation in 1..=8 {
        each_format(&mut shelf, &upright, orientation)?;
    }
    odd(&mut shelf, &upright)?;
    described(&mut shelf, &upright)?;
    Ok(shelf)
}

fn png_of(picture: &Picture, before: &[Vec<u8>]) -> Vec<u8> {
    let header = png::Header::new((picture.width, picture.height), 2, 8);
    png::file(&header, &png::wide(&picture.rgb), before, &[])
}

fn fine_jpeg(picture: &Picture) -> Result<Vec<u8>> {
    let coding = Coding {
        quality: 98,
        ..Coding::default()
    };
    jpeg::encode_rgb(picture, coding)
}

fn each_format(shelf: &mut Shelf, upright: &Picture, orientation: u16) -> Result<()> {
    let stored = upright.stored(orientation);
    let size = (stored.width, stored.height);
    let block = exif::orientation(orientation);
    let name = |extension: &str| format!("orientation-{orientation}.{extension}");

    let bytes = jpeg::with_segments(&fine_jpeg(&stored)?, &[jfif(), exif_segment(&block)]);
    shelf.turned(
        &name("jpg"),
        "JPEG",
        size,
        orientation,
        "EXIF orientation, 4:4:4",
        bytes,
    );

    let bytes = png_of(&stored, &[png::chunk(b"eXIf", &block)]);
    shelf.turned(&name("png"), "PNG", size, orientation, "eXIf orientation", bytes);

    let chunks = [
        webp::extended(webp::EXIF, size),
        webp::lossless(&stored.rgb, size, false)?,
        webp::chunk(b"EXIF", &block),
    ];
    shelf.turned(
        &name("webp"),
        "WebP",
        size,
        orientation,
        "EXIF chunk behind a lossless picture",
        webp::file(&chunks),
    );

    let mut page = tiff::Page::new(size, 3, 2, stored.rgb.clone());
    page.extra.push((0x0112, Value::short(orientation)));
    shelf.turned(
        &name("tif"),
        "TIFF",
        size,
        orientation,
        "orientation tag",
        tiff::file(&[page])?,
    );

    let coded = heic::encode_rgb(&stored, 98, &Metadata::default())?;
    let bytes = heic::turn(&coded, orientation)?;
    shelf.turned(
        &name("heic"),
        "HEIC",
        size,
        orientation,
        "irot and imir properties, clap for the odd size",
        bytes,
    );
    Ok(())
}

/// Files that say their orientation elsewhere than in an EXIF block of their own.
fn described(shelf: &mut Shelf, upright: &Picture) -> Result<()> {
    let stored = upright.stored(6);
    let size = (stored.width, stored.height);
    let mut as_six = |name: &str, format: &'static str, special: &str, bytes: Vec<u8>| {
        shelf.turned(&format!("described-{name}"), format, size, 6, special, bytes);
    };
    let digits = |block: &[u8]| {
        let hex: String = block.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("\nexif\n{:8}\n{hex}\n", block.len())
    };
    let block = [b"Exif\0\0".as_slice(), &exif::orientation(6)].concat();
    as_six(
        "profile.png",
        "PNG",
        "EXIF in a compressed text, as ImageMagick writes it",
        png_of(
            &stored,
            &[png::compressed_text("Raw profile type exif", &digits(&block))],
        ),
    );
    as_six(
        "profile-app1.png",
        "PNG",
        "EXIF in a text under the name APP1",
        png_of(&stored, &[png::text("Raw profile type APP1", &digits(&block))]),
    );
    let attribute = exif::xmp_orientation(6, false);
    let element = exif::xmp_orientation(6, true);
    as_six(
        "xmp.png",
        "PNG",
        "orientation in XMP",
        png_of(&stored, &[png::international_text("XML:com.adobe.xmp", &attribute)]),
    );
    let jpeg_with =
        |segments: &[jpeg::Segment]| -> Result<Vec<u8>> { Ok(jpeg::with_segments(&fine_jpeg(&stored)?, segments)) };
    as_six(
        "xmp.jpg",
        "JPEG",
        "orientation in XMP",
        jpeg_with(&[jfif(), xmp_segment(&attribute)])?,
    );
    as_six(
        "xmp-element.jpg",
        "JPEG",
        "orientation in XMP, as an element",
        jpeg_with(&[jfif(), xmp_segment(&element)])?,
    );
    let three = exif::xmp_orientation(3, false);
    as_six(
        "twice.jpg",
        "JPEG",
        "orientation 6 in EXIF and 3 in XMP: EXIF counts",
        jpeg_with(&[jfif(), exif_segment(&exif::orientation(6)), xmp_segment(&three)])?,
    );
    let chunks = [
        webp::extended(webp::XMP, size),
        webp::lossless(&stored.rgb, size, false)?,
        webp::chunk(b"XMP ", &element),
    ];
    as_six("xmp.webp", "WebP", "orientation in XMP", webp::file(&chunks));
    let mut page = tiff::Page::new(size, 3, 2, stored.rgb.clone());
    page.extra.push((0x02BC, Value::Byte(attribute)));
    as_six("xmp.tif", "TIFF", "orientation in XMP", tiff::file(&[page])?);
    Ok(())
}

/// JPEGs whose EXIF is not as it should be, as real files have it.
fn odd(shelf: &mut Shelf, upright: &Picture) -> Result<()> {
    let turned = fine_jpeg(&upright.stored(6))?;
    let plain = fine_jpeg(upright)?;
    let six = exif::orientation(6);
    let flat = (CHART_HEIGHT, CHART_WIDTH);

    let mut as_six = |name: &str, special: &str, bytes: Vec<u8>| {
        shelf.turned(&format!("odd-{name}.jpg"), "JPEG", flat, 6, special, bytes);
    };
    let with_block = |block: Vec<u8>| jpeg::with_segments(&turned, &[jfif(), exif_segment(&block)]);
    as_six(
        "long",
        "orientation is a LONG instead of a SHORT",
        with_block(exif::orientation_as(false, Value::long(6))),
    );
    let long = exif::orientation_as(true, Value::long(6));
    as_six("long-big-endian", "orientation is a LONG, big endian", with_block(long));
    as_six(
        "byte",
        "orientation is a BYTE",
        with_block(exif::orientation_as(false, Value::Byte(vec![6]))),
    );
    as_six(
        "big-endian",
        "big endian EXIF",
        with_block(exif::orientation_as(true, Value::short(6))),
    );
    let none = exif::orientation_as(false, Value::Raw(3, 0, vec![6, 0, 0, 0]));
    as_six(
        "count-0",
        "orientation has a count of 0, the value stands there all the same",
        with_block(none),
    );
    let two = [jfif(), exif_segment(&six), exif_segment(&exif::orientation(3))];
    as_six(
        "two-exif",
        "two EXIF segments, 6 and then 3: the first counts",
        jpeg::with_segments(&turned, &two),
    );
    let mut late = vec![jfif()];
    late.extend(jpeg::icc_segments(&icc::rgb(), 1));
    late.extend([(0xED, exif::iptc()), (0xFE, b"a comment".to_vec()), exif_segment(&six)]);
    as_six(
        "late",
        "EXIF behind JFIF, ICC, IPTC and a comment",
        jpeg::with_segments(&turned, &late),
    );
    as_six(
        "no-jfif",
        "EXIF right behind SOI, as cameras write it",
        jpeg::with_segments(&turned, &[exif_segment(&six)]),
    );
    let filled = [
        segment_bytes(&jfif()),
        vec![0xFF; 5],
        segment_bytes(&exif_segment(&six)),
    ]
    .concat();
    as_six(
        "fill-bytes",
        "five fill bytes 0xFF in front of the EXIF marker",
        jpeg::with_raw(&turned, &filled),
    );
    as_six(
        "truncated-behind",
        "EXIF ends right behind the orientation entry",
        with_block(six[..22].to_vec()),
    );

    let mut as_plain = |name: &str, special: &str, block: Vec<u8>| {
        let bytes = jpeg::with_segments(&plain, &[jfif(), exif_segment(&block)]);
        shelf.ok(&format!("odd-{name}.jpg"), "JPEG", UPRIGHT, special, bytes);
    };
    as_plain("value-0", "orientation 0, which says nothing", exif::orientation(0));
    as_plain("value-9", "orientation 9, which says nothing", exif::orientation(9));
    as_plain(
        "truncated-before",
        "EXIF ends inside its only entry, in front of the orientation",
        six[..12].to_vec(),
    );
    as_plain("empty", "EXIF segment without a block", Vec::new());
    let thumbnail = jpeg::bare(&jpeg::encode_rgb(&upright.stored(6), Coding::default())?);
    let block = exif::thumbnail_orientation(6, &thumbnail);
    as_plain(
        "thumbnail-only",
        "orientation 6 in the thumbnail's directory only, which does not count",
        block,
    );
    Ok(())
}
