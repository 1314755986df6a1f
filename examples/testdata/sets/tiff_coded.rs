//! TIFFs whose strips are faxes and JPEGs.

use fax::maps::{black, white};
use fax::{BitWriter, Bits, VecWriter};
use jpeg_encoder::{ColorType, SamplingFactor};

use super::tiff::{SIZE, bits_of};
use crate::entry::{Result, Shelf};
use crate::formats::ifd::{Fields, Structure, Value};
use crate::formats::jpeg::{self, Coding};
use crate::formats::tiff::{Layout, Page, file};
use crate::picture::{Picture, chart};

/// A row of two shades as runs: white and black in turn, beginning with white.
fn runs(row: &[bool]) -> Vec<u16> {
    let mut runs = Vec::new();
    let mut at = 0;
    let mut color = false;
    while at < row.len() {
        let run = row[at..].iter().take_while(|&&v| v == color).count();
        runs.push(run as u16);
        at += run;
        color = !color;
    }
    runs
}

/// Rows of the one-dimensional code of faxes, each with an end of line in front or on whole bytes.
fn fax_rows(rows: &[Vec<bool>], marks: bool) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut writer = VecWriter::new();
    for row in rows {
        if marks {
            writer.write(Bits { data: 1, len: 12 })?;
        }
        for (i, run) in runs(row).into_iter().enumerate() {
            let code = if i % 2 == 0 {
                white::encode(run)
            } else {
                black::encode(run)
            };
            writer.write(code.ok_or("a run of a fax")?)?;
        }
        if !marks {
            all.extend(std::mem::replace(&mut writer, VecWriter::new()).finish());
        }
    }
    if marks {
        all = writer.finish();
    }
    Ok(all)
}

/// Two shades, as faxes code them.
pub(super) fn faxes(shelf: &mut Shelf) -> Result<()> {
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "TIFF", SIZE, special, bytes);
    let gray = chart().gray();
    let rows: Vec<Vec<bool>> = gray
        .chunks_exact(SIZE.0)
        .map(|row| row.iter().map(|&v| v < 128).collect())
        .collect();
    let page = |method: u16, coded: Vec<u8>| Page {
        bits: vec![1],
        layout: Layout::Strips(SIZE.1),
        coded: Some((method, vec![coded])),
        ..Page::new(SIZE, 1, 0, Vec::new())
    };
    add(
        "fax-rows.tif",
        "two shades, modified Huffman rows",
        file(&[page(2, fax_rows(&rows, false)?)])?,
    );
    add(
        "fax-3.tif",
        "two shades, CCITT group 3",
        file(&[page(3, fax_rows(&rows, true)?)])?,
    );
    let mut encoder = fax::encoder::Encoder::new(VecWriter::new());
    for row in &rows {
        let colors = row
            .iter()
            .map(|&v| if v { fax::Color::Black } else { fax::Color::White });
        encoder.encode_line(colors, SIZE.0 as u16)?;
    }
    let coded = encoder.finish()?.finish();
    add(
        "fax-4.tif",
        "two shades, CCITT group 4",
        file(&[page(4, coded.clone())])?,
    );
    let page = Page {
        reversed: true,
        ..page(4, coded)
    };
    let special = "two shades, CCITT group 4, the bits of each byte from the lowest";
    add("fax-4-fill-order.tif", special, file(&[page])?);
    let bits = rows
        .iter()
        .flat_map(|row| bits_of(row.iter().map(|&v| u32::from(!v)), 1))
        .collect();
    let page = Page {
        bits: vec![1],
        reversed: true,
        ..Page::new(SIZE, 1, 1, bits)
    };
    add(
        "gray-1-fill-order.tif",
        "gray, 1 bit, the bits of each byte from the lowest",
        file(&[page])?,
    );
    Ok(())
}

/// A JPEG's tables as a stream of their own, and the stream without them.
fn abbreviated(whole: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut tables, mut rest) = (vec![0xFF, 0xD8], vec![0xFF, 0xD8]);
    let mut at = 2;
    while whole[at + 1] != 0xDA {
        let end = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
        let is_table = matches!(whole[at + 1], 0xDB | 0xC4);
        if is_table {
            tables.extend_from_slice(&whole[at..end]);
        } else if !(0xE0..=0xEF).contains(&whole[at + 1]) {
            rest.extend_from_slice(&whole[at..end]);
        }
        at = end;
    }
    tables.extend([0xFF, 0xD9]);
    rest.extend_from_slice(&whole[at..]);
    (tables, rest)
}

/// JPEG inside TIFF, new style and old.
pub(super) fn jpegs(shelf: &mut Shelf) -> Result<()> {
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "TIFF", SIZE, special, bytes);
    let picture = chart();
    let coding = Coding {
        sampling: SamplingFactor::R_4_2_0,
        quality: 95,
        ..Coding::default()
    };
    let whole = jpeg::encode_rgb(&picture, coding)?;
    let (_, stream) = abbreviated(&whole);
    let page = |method: u16, photometric: u16, pieces: Vec<Vec<u8>>, extra: Fields| Page {
        layout: Layout::Strips(SIZE.1.div_ceil(pieces.len()).next_multiple_of(16)),
        coded: Some((method, pieces)),
        extra,
        ..Page::new(SIZE, 3, photometric, Vec::new())
    };
    let tables = |tables: Vec<u8>| (0x015B, Value::Undefined(tables));
    let bytes = file(&[page(7, 6, vec![stream], vec![tables(tables_of(&whole))])])?;
    add(
        "jpeg-ycbcr.tif",
        "JPEG in YCbCr, 4:2:0, its tables apart, without markers that say so",
        bytes,
    );
    let strips = (0..SIZE.1).step_by(16).map(|y| {
        let height = (SIZE.1 - y).min(16);
        let strip = Picture::from_fn(SIZE.0, height, |x, dy| picture.pixel(x, y + dy));
        jpeg::encode(
            &strip.rgb,
            (SIZE.0, height),
            ColorType::Ycbcr,
            Coding {
                sampling: SamplingFactor::F_1_1,
                ..coding
            },
        )
    });
    let strips = strips.collect::<Result<Vec<_>>>()?;
    let pieces = strips.iter().map(|strip| abbreviated(strip).1).collect();
    let bytes = file(&[page(7, 2, pieces, vec![tables(tables_of(&strips[0]))])])?;
    add("jpeg-rgb.tif", "JPEG in RGB, in strips of 16 rows", bytes);
    let gray = jpeg::encode(&picture.gray(), SIZE, ColorType::Luma, coding)?;
    let mut gray = page(7, 1, vec![gray], Vec::new());
    gray.bits = vec![8];
    add("jpeg-gray.tif", "JPEG in gray, its tables within", file(&[gray])?);
    // An old-style JPEG: the stream stands whole where two fields say.
    let mut s = Structure::new(false, false);
    let at = s.append(&whole);
    let fields = vec![
        (0x0200, Value::short(1)),
        (0x0201, Value::long(at)),
        (0x0202, Value::long(whole.len())),
        (0x0212, Value::Short(vec![2, 2])),
    ];
    page(6, 6, vec![scan_of(&whole).to_vec()], fields).write(&mut s)?;
    add("old-jpeg.tif", "old-style JPEG, a whole stream", s.out);
    // Its tables in fields, and the scan's data alone.
    let mut s = Structure::new(false, false);
    let [steps, dc, ac] = tables_by_class(&whole).map(|tables| {
        let places: Vec<u32> = tables.iter().map(|table| s.append(table) as u32).collect();
        // The chroma shares its tables.
        Value::Long(vec![places[0], places[1], places[1]])
    });
    let fields = vec![
        (0x0200, Value::short(1)),
        (0x0207, steps),
        (0x0208, dc),
        (0x0209, ac),
        (0x0212, Value::Short(vec![2, 2])),
    ];
    page(6, 6, vec![scan_of(&whole).to_vec()], fields).write(&mut s)?;
    add("old-jpeg-tables.tif", "old-style JPEG, its tables in fields", s.out);
    Ok(())
}

fn tables_of(whole: &[u8]) -> Vec<u8> {
    abbreviated(whole).0
}

/// The entropy-coded data of a JPEG with one scan.
fn scan_of(whole: &[u8]) -> &[u8] {
    let at = whole.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap_or(0);
    let start = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
    &whole[start..whole.len() - 2]
}

/// The quantisation, DC and AC tables of a JPEG, each by its number, without their heads.
fn tables_by_class(whole: &[u8]) -> [Vec<Vec<u8>>; 3] {
    let mut classes = [Vec::new(), Vec::new(), Vec::new()];
    let mut at = 2;
    while whole[at + 1] != 0xDA {
        let end = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
        let mut body = &whole[at + 4..end];
        while whole[at + 1] == 0xDB && !body.is_empty() {
            classes[0].push(body[1..65].to_vec());
            body = &body[65..];
        }
        while whole[at + 1] == 0xC4 && !body.is_empty() {
            let length = 16 + body[1..17].iter().map(|&count| usize::from(count)).sum::<usize>();
            let class = 1 + usize::from(body[0] >> 4);
            classes[class].push(body[1..1 + length].to_vec());
            body = &body[1 + length..];
        }
        at = end;
    }
    classes
}
