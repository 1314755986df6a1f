//! `orientation/`: one picture, stored in every way that a reader has to turn.

use heifer::Metadata;

use crate::entry::{Result, Shelf};
use crate::formats::ifd::Value;
use crate::formats::jpeg::{self, Coding, exif_segment, jfif, segment_bytes};
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
