//! `tiff/`: every kind of pixel, compression and layout. All but two show the same chart, or its grays, or its two shades.

use fax::maps::{black, white};
use fax::{BitWriter, Bits, VecWriter};
use jpeg_encoder::{ColorType, SamplingFactor};

use crate::entry::{Result, Shelf};
use crate::formats::ifd::{Fields, Structure, Value};
use crate::formats::jpeg::{self, Coding};
use crate::formats::tiff::{Compression, Layout, Page, file};
use crate::formats::{bmp, icc, png};
use crate::picture::{CHART_HEIGHT, CHART_WIDTH, Picture, chart, chart_alpha, chart_sized};

const SIZE: (usize, usize) = (CHART_WIDTH, CHART_HEIGHT);

pub(crate) fn shelf() -> Result<Shelf> {
    let mut shelf = Shelf::new("tiff");
    ordinary(&mut shelf)?;
    depths(&mut shelf)?;
    layouts(&mut shelf)?;
    faxes(&mut shelf)?;
    jpegs(&mut shelf)?;
    colors(&mut shelf)?;
    extra_samples(&mut shelf)?;
    broken(&mut shelf)?;
    Ok(shelf)
}

/// What most programs write.
fn ordinary(shelf: &mut Shelf) -> Result<()> {
    let picture = chart();
    let rgb = || Page::new(SIZE, 3, 2, picture.rgb.clone());
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "TIFF", SIZE, special, bytes);
    for (name, compression, special) in [
        ("none", Compression::None, "RGB, uncompressed"),
        ("lzw", Compression::Lzw, "RGB, LZW"),
        ("deflate", Compression::Deflate, "RGB, deflate"),
        ("packbits", Compression::PackBits, "RGB, PackBits"),
    ] {
        let page = Page { compression, ..rgb() };
        add(&format!("{name}.tif"), special, file(&[page])?);
    }
    let page = Page {
        layout: Layout::Tiles(16),
        ..rgb()
    };
    add("tiled.tif", "RGB in tiles of 16 × 16", file(&[page])?);
    let page = Page {
        layout: Layout::Tiles(32),
        compression: Compression::Lzw,
        ..rgb()
    };
    add("tiled-lzw.tif", "RGB in tiles of 32 × 32, LZW", file(&[page])?);
    let page = Page {
        layout: Layout::Strips(SIZE.1),
        ..rgb()
    };
    add("one-strip.tif", "RGB in one strip", file(&[page])?);

    let gray = picture.gray();
    let bits = |invert: u16| {
        let rows = gray.chunks_exact(SIZE.0);
        rows.flat_map(move |row| png::pack(row.iter().map(move |&v| u16::from(v >> 7) ^ invert), 1))
            .collect()
    };
    let one_bit = |photometric: u16, invert: u16| Page {
        bits: vec![1],
        ..Page::new(SIZE, 1, photometric, bits(invert))
    };
    add("gray-1.tif", "gray, 1 bit, black is zero", file(&[one_bit(1, 0)])?);
    add(
        "gray-1-white-is-zero.tif",
        "gray, 1 bit, white is zero",
        file(&[one_bit(0, 1)])?,
    );
    add(
        "gray-8.tif",
        "gray, 8 bits",
        file(&[Page::new(SIZE, 1, 1, gray.clone())])?,
    );
    let inverted = gray.iter().map(|v| 255 - v).collect();
    let bytes = file(&[Page::new(SIZE, 1, 0, inverted)])?;
    add("gray-8-white-is-zero.tif", "gray, 8 bits, white is zero", bytes);
    let deep = |samples: &[u8], big_endian: bool| -> Vec<u8> {
        let wide = samples.iter().map(|&v| u16::from(v) << 8 | u16::from(v));
        wide.flat_map(|v| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() })
            .collect()
    };
    let page = Page {
        bits: vec![16],
        ..Page::new(SIZE, 1, 1, deep(&gray, false))
    };
    add("gray-16.tif", "gray, 16 bits", file(&[page])?);
    let rgb_16 = |big_endian: bool| Page {
        bits: vec![16; 3],
        ..Page::new(SIZE, 3, 2, deep(&picture.rgb, big_endian))
    };
    add("rgb-16.tif", "RGB, 16 bits", file(&[rgb_16(false)])?);
    let page = Page {
        extra: vec![(0x0152, Value::short(2))],
        ..Page::new(SIZE, 4, 2, picture.rgba(chart_alpha(SIZE.0, SIZE.1)))
    };
    add("rgba-8.tif", "RGB with alpha", file(&[page])?);
    // A palette of TIFF: all reds, all greens, all blues, 16 bits each.
    let colors = bmp::tinted_grays();
    let map = [2usize, 1, 0]
        .iter()
        .flat_map(|&c| colors.chunks_exact(4).map(move |p| u16::from(p[c]) * 257))
        .collect();
    let page = Page {
        extra: vec![(0x0140, Value::Short(map))],
        ..Page::new(SIZE, 1, 3, gray.clone())
    };
    add("palette-8.tif", "palette of 256 colours", file(&[page])?);
    let inks = picture
        .rgb
        .chunks_exact(3)
        .flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], 0])
        .collect();
    let bytes = file(&[Page::new(SIZE, 4, 5, inks)])?;
    add("cmyk.tif", "CMYK, 8 bits, 0 is no ink", bytes);

    let mut big_endian = Structure::new(true, false);
    rgb_16(true).write(&mut big_endian)?;
    add("big-endian.tif", "RGB, 16 bits, big endian", big_endian.out);
    let mut big = Structure::new(false, true);
    rgb().write(&mut big)?;
    add("bigtiff.tif", "RGB, BigTIFF", big.out);
    let pages = [
        rgb(),
        Page::new((31, 23), 3, 2, chart_sized(31, 23).rgb),
        Page::new(SIZE, 1, 1, gray.clone()),
    ];
    add(
        "multi-page.tif",
        "three pages of different kinds; the first counts",
        file(&pages)?,
    );
    let page = Page {
        extra: vec![(0x8773, Value::Undefined(icc::rgb()))],
        ..rgb()
    };
    add("icc.tif", "RGB with an ICC profile", file(&[page])?);
    Ok(())
}

/// Grays and colours of other depths.
fn depths(shelf: &mut Shelf) -> Result<()> {
    let picture = chart();
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "TIFF", SIZE, special, bytes);
    let packed = |samples: &[u8], channels: usize, bits: u16| -> Vec<u8> {
        // As many bits as 16 have, from above.
        let rows = samples.chunks_exact(SIZE.0 * channels);
        rows.flat_map(|row| bits_of(row.iter().map(|&v| (u32::from(v) * 257) >> (16 - bits)), bits))
            .collect()
    };
    let gray = picture.gray();
    for bits in [2, 4, 6, 12] {
        let page = Page {
            bits: vec![bits],
            ..Page::new(SIZE, 1, 1, packed(&gray, 1, bits))
        };
        add(
            &format!("gray-{bits}.tif"),
            &format!("gray, {bits} bits"),
            file(&[page])?,
        );
    }
    for bits in [4, 12] {
        let page = Page {
            bits: vec![bits; 3],
            ..Page::new(SIZE, 3, 2, packed(&picture.rgb, 3, bits))
        };
        add(&format!("rgb-{bits}.tif"), &format!("RGB, {bits} bits"), file(&[page])?);
    }
    let wide = |samples: &[u8], of: &dyn Fn(u8) -> Vec<u8>| samples.iter().flat_map(|&v| of(v)).collect::<Vec<u8>>();
    let whole = |v: u8| (u32::from(v) * 0x0101_0101).to_be_bytes().to_vec();
    let page = Page {
        bits: vec![32],
        ..Page::new(SIZE, 1, 1, wide(&gray, &whole))
    };
    let mut big_endian = Structure::new(true, false);
    page.write(&mut big_endian)?;
    add("gray-32-big-endian.tif", "gray, 32 bits, big endian", big_endian.out);
    let page = Page {
        bits: vec![24; 3],
        ..Page::new(SIZE, 3, 2, wide(&picture.rgb, &|v| vec![v; 3]))
    };
    add("rgb-24.tif", "RGB, 24 bits a sample", file(&[page])?);
    let float = |v: u8| (f32::from(v) / 255.0).to_le_bytes().to_vec();
    let page = |scale: f32| Page {
        bits: vec![32; 3],
        extra: vec![(0x0153, Value::Short(vec![3; 3]))],
        ..Page::new(
            SIZE,
            3,
            2,
            wide(&picture.rgb, &|v| (f32::from(v) / 255.0 * scale).to_le_bytes().to_vec()),
        )
    };
    add("float-32.tif", "RGB, floating point, 0 to 1", file(&[page(1.0)])?);
    // The highest bytes of a row first, each less the one before it.
    let rows = picture.rgb.chunks_exact(SIZE.0 * 3).flat_map(|row| {
        let values: Vec<Vec<u8>> = row.iter().map(|&v| float(v)).collect();
        let mut bytes: Vec<u8> = (0..4).rev().flat_map(|i| values.iter().map(move |v| v[i])).collect();
        differences(&mut bytes, 3);
        bytes
    });
    let predicted = Page {
        pixels: rows.collect(),
        compression: Compression::Lzw,
        extra: vec![(0x013D, Value::short(3)), (0x0153, Value::Short(vec![3; 3]))],
        ..page(1.0)
    };
    add(
        "float-32-predictor.tif",
        "RGB, floating point, LZW with its predictor",
        file(&[predicted])?,
    );
    let refused = &["unsupported"];
    let bytes = file(&[page(900.0)])?;
    shelf.refuse(
        "float-beyond.tif",
        "TIFF",
        SIZE,
        refused,
        "RGB, floating point, 0 to 900",
        bytes,
    );
    let signed = Page {
        extra: vec![(0x0153, Value::Short(vec![2; 3]))],
        ..Page::new(SIZE, 3, 2, picture.rgb.iter().map(|v| v >> 1).collect())
    };
    shelf.refuse(
        "signed.tif",
        "TIFF",
        SIZE,
        refused,
        "RGB, signed samples",
        file(&[signed])?,
    );
    Ok(())
}

/// Whole numbers of so many bits, the highest first, filled up to a byte.
fn bits_of(values: impl Iterator<Item = u32>, bits: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut held, mut count) = (0u64, 0);
    for v in values {
        held = held << bits | u64::from(v);
        count += u32::from(bits);
        while count >= 8 {
            count -= 8;
            out.push((held >> count) as u8);
        }
    }
    if count > 0 {
        out.push((held << (8 - count)) as u8);
    }
    out
}

/// Each byte less the one so many before it.
fn differences(row: &mut [u8], stride: usize) {
    for i in (stride..row.len()).rev() {
        row[i] = row[i].wrapping_sub(row[i - stride]);
    }
}

/// Planes, predictors, orders of bits, counts.
fn layouts(shelf: &mut Shelf) -> Result<()> {
    let picture = chart();
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "TIFF", SIZE, special, bytes);
    let rgb = || Page::new(SIZE, 3, 2, picture.rgb.clone());
    let planar = || Page { planar: true, ..rgb() };
    add("planar.tif", "RGB in planes", file(&[planar()])?);
    let page = Page {
        layout: Layout::Tiles(16),
        compression: Compression::Lzw,
        ..planar()
    };
    add("planar-tiled.tif", "RGB in planes of tiles, LZW", file(&[page])?);
    let deep = picture.rgb.iter().flat_map(|&v| [v, v]).collect();
    let page = Page {
        bits: vec![16; 3],
        planar: true,
        ..Page::new(SIZE, 3, 2, deep)
    };
    add("planar-16.tif", "RGB in planes, 16 bits", file(&[page])?);
    let mut predicted = picture.rgb.clone();
    predicted
        .chunks_exact_mut(SIZE.0 * 3)
        .for_each(|row| differences(row, 3));
    let page = Page {
        compression: Compression::Lzw,
        extra: vec![(0x013D, Value::short(2))],
        ..Page::new(SIZE, 3, 2, predicted)
    };
    add("predictor.tif", "RGB, LZW with the predictor", file(&[page])?);
    let mut wide: Vec<u16> = picture.rgb.iter().map(|&v| u16::from(v) * 257).collect();
    for row in wide.chunks_exact_mut(SIZE.0 * 3) {
        for i in (3..row.len()).rev() {
            row[i] = row[i].wrapping_sub(row[i - 3]);
        }
    }
    let page = Page {
        bits: vec![16; 3],
        compression: Compression::Deflate,
        extra: vec![(0x013D, Value::short(2))],
        ..Page::new(SIZE, 3, 2, wide.iter().flat_map(|v| v.to_be_bytes()).collect())
    };
    let mut big_endian = Structure::new(true, false);
    page.write(&mut big_endian)?;
    add(
        "predictor-16-big-endian.tif",
        "RGB, 16 bits, deflate with the predictor, big endian",
        big_endian.out,
    );
    let reversed = |page: Page| Page { reversed: true, ..page };
    add(
        "fill-order.tif",
        "RGB, the bits of each byte from the lowest",
        file(&[reversed(rgb())])?,
    );
    let page = reversed(Page {
        compression: Compression::Lzw,
        ..rgb()
    });
    add(
        "fill-order-lzw.tif",
        "RGB, LZW, the bits of each byte from the lowest",
        file(&[page])?,
    );
    // As GIMP writes it: one number of bits for all samples.
    let mut page = rgb();
    page.extra.push((0x0102, Value::short(8)));
    add(
        "bits-count-1.tif",
        "RGB, one number of bits for three samples",
        file(&[page])?,
    );
    let mut without = rgb();
    without.layout = Layout::Strips(SIZE.1);
    without.left_out = vec![0x0116, 0x0117, 0x0106];
    let special = "RGB, no lengths of strips, no rows per strip, no photometric interpretation";
    add("few-tags.tif", special, file(&[without])?);
    Ok(())
}

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
fn faxes(shelf: &mut Shelf) -> Result<()> {
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
fn jpegs(shelf: &mut Shelf) -> Result<()> {
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

/// Colours that are no RGB.
fn colors(shelf: &mut Shelf) -> Result<()> {
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "TIFF", SIZE, special, bytes);
    let picture = chart();
    for (across, down) in [(1, 1), (2, 1), (2, 2), (4, 4)] {
        let page = Page {
            extra: vec![(0x0212, Value::Short(vec![across as u16, down as u16]))],
            ..ycbcr(&picture, (across, down), &[0.0, 255.0, 128.0, 255.0, 128.0, 255.0])
        };
        let special = format!("YCbCr, chroma shared by {across} × {down}, LZW");
        add(&format!("ycbcr-{across}x{down}.tif"), &special, file(&[page])?);
    }
    let video = [16, 235, 128, 240, 128, 240];
    let mut page = ycbcr(&picture, (1, 1), &video.map(f64::from));
    page.extra = vec![
        (0x0212, Value::Short(vec![1, 1])),
        (0x0214, Value::Rational(video.map(|v| (v, 1)).to_vec())),
    ];
    add(
        "ycbcr-video-range.tif",
        "YCbCr, black is 16 and white 235",
        file(&[page])?,
    );
    let map = |of: &dyn Fn(u8) -> u16| {
        let colors = bmp::tinted_grays();
        let channels = [2usize, 1, 0].iter();
        Value::Short(
            channels
                .flat_map(|&c| colors.chunks_exact(4).map(move |p| of(p[c])).collect::<Vec<_>>())
                .collect(),
        )
    };
    let page = Page {
        extra: vec![(0x0140, map(&|v| u16::from(v)))],
        ..Page::new(SIZE, 1, 3, picture.gray())
    };
    add(
        "palette-8-bit-map.tif",
        "palette of 256 colours whose levels have 8 bits",
        file(&[page])?,
    );
    let wide = picture
        .rgb
        .chunks_exact(3)
        .flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], 0].map(|v| [v, v]));
    let page = Page {
        bits: vec![16; 4],
        planar: true,
        ..Page::new(SIZE, 4, 5, wide.flatten().collect())
    };
    add("cmyk-16-planar.tif", "CMYK in planes, 16 bits", file(&[page])?);
    let gray = picture.gray();
    let lab = |icc: bool| {
        gray.iter()
            .flat_map(|&v| [lightness(v), if icc { 128 } else { 0 }, if icc { 128 } else { 0 }])
            .collect()
    };
    add(
        "gray-lab.tif",
        "CIE L*a*b* of the chart's grays",
        file(&[Page::new(SIZE, 3, 8, lab(false))])?,
    );
    add(
        "gray-lab-icc.tif",
        "ICC L*a*b* of the chart's grays",
        file(&[Page::new(SIZE, 3, 9, lab(true))])?,
    );
    Ok(())
}

/// CIE L* of a gray of sRGB, 0 to 255.
fn lightness(v: u8) -> u8 {
    let v = f64::from(v) / 255.0;
    let linear = if v <= 0.04045 {
        v / 12.92
    } else {
        ((v + 0.055) / 1.055).powf(2.4)
    };
    let f = if linear > 216.0 / 24389.0 {
        linear.cbrt()
    } else {
        (24389.0 / 27.0 * linear + 16.0) / 116.0
    };
    ((116.0 * f - 16.0) * 2.55).round() as u8
}

/// A page of YCbCr with shared chroma, LZW, in strips of 16 rows.
fn ycbcr(picture: &Picture, (across, down): (usize, usize), range: &[f64; 6]) -> Page {
    let code = |v: f64, i: usize, span: f64| {
        (v * (range[i + 1] - range[i]) / span + range[i])
            .round()
            .clamp(0.0, 255.0) as u8
    };
    let mut strips = Vec::new();
    for top in (0..SIZE.1).step_by(16) {
        let mut strip = Vec::new();
        for uy in (top..SIZE.1.min(top + 16)).step_by(down) {
            for ux in (0..SIZE.0).step_by(across) {
                let pixels: Vec<[f64; 3]> = (0..across * down)
                    .map(|i| picture.pixel((ux + i % across).min(SIZE.0 - 1), (uy + i / across).min(SIZE.1 - 1)))
                    .map(|p| p.map(f64::from))
                    .collect();
                let luma = |p: &[f64; 3]| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
                let mean = |c: usize| pixels.iter().map(|p| p[c]).sum::<f64>() / pixels.len() as f64;
                let shade = luma(&[mean(0), mean(1), mean(2)]);
                strip.extend(pixels.iter().map(|p| code(luma(p), 0, 255.0)));
                strip.extend([
                    code((mean(2) - shade) / 1.772, 2, 127.0),
                    code((mean(0) - shade) / 1.402, 4, 127.0),
                ]);
            }
        }
        strips.push(strip);
    }
    Page {
        coded: Some((1, strips)),
        ..Page::new(SIZE, 3, 6, Vec::new())
    }
}

/// Samples beside the colours: alpha, and what is none.
fn extra_samples(shelf: &mut Shelf) -> Result<()> {
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "TIFF", SIZE, special, bytes);
    let picture = chart();
    let alpha = chart_alpha(SIZE.0, SIZE.1);
    let straight = picture.rgba(&alpha);
    let premultiplied = straight.chunks_exact(4).flat_map(|p| {
        let times = |v: u8| ((u32::from(v) * u32::from(p[3]) + 127) / 255) as u8;
        [times(p[0]), times(p[1]), times(p[2]), p[3]]
    });
    let page = |pixels: Vec<u8>, extra: Fields| Page {
        extra,
        ..Page::new(SIZE, 4, 2, pixels)
    };
    let bytes = file(&[page(premultiplied.collect(), vec![(0x0152, Value::short(1))])])?;
    add("rgba-premultiplied.tif", "RGB multiplied by its alpha", bytes);
    let bytes = file(&[page(straight.clone(), Vec::new())])?;
    add(
        "rgba-unsaid.tif",
        "RGB and a fourth sample of which nothing is said: alpha",
        bytes,
    );
    let bytes = file(&[page(straight.clone(), vec![(0x0152, Value::short(0))])])?;
    add(
        "rgb-unspecified.tif",
        "RGB and a fourth sample that is said to be no alpha",
        bytes,
    );
    let gray: Vec<u8> = picture
        .gray()
        .iter()
        .zip(straight.chunks_exact(4))
        .flat_map(|(&v, p)| [v, p[3]])
        .collect();
    let page = Page {
        extra: vec![(0x0152, Value::short(2))],
        ..Page::new(SIZE, 2, 1, gray)
    };
    add("gray-alpha.tif", "gray with alpha", file(&[page])?);
    let further = picture
        .rgb
        .chunks_exact(3)
        .flat_map(|p| [p[0], p[1], p[2], 7, 9])
        .collect();
    let page = Page {
        extra: vec![(0x0152, Value::Short(vec![0, 0]))],
        ..Page::new(SIZE, 5, 2, further)
    };
    add("rgb-five.tif", "RGB and two further samples", file(&[page])?);
    Ok(())
}

/// Strips that are broken, and what is refused by name.
fn broken(shelf: &mut Shelf) -> Result<()> {
    let picture = chart();
    let row = SIZE.0 * 3;
    let strips: Vec<Vec<u8>> = picture.rgb.chunks(row * 16).map(<[u8]>::to_vec).collect();
    let page = |method: u16, strips: Vec<Vec<u8>>| Page {
        coded: Some((method, strips)),
        ..Page::new(SIZE, 3, 2, Vec::new())
    };
    let mut cut = strips.clone();
    cut[2].truncate(row * 5 + 7);
    let bytes = file(&[page(1, cut)])?;
    shelf.refuse(
        "cut-strip.tif",
        "TIFF",
        SIZE,
        &["damaged"],
        "RGB, the last strip cut short",
        bytes,
    );
    let mut packed = strips
        .iter()
        .map(|strip| crate::formats::deflate::zlib(strip))
        .collect::<Vec<_>>();
    packed[0][10..30].fill(0x55);
    let bytes = file(&[page(8, packed)])?;
    shelf.refuse(
        "broken-strip.tif",
        "TIFF",
        SIZE,
        &["damaged"],
        "RGB, deflate, the first strip broken",
        bytes,
    );
    for (method, name) in [(50_000, "zstd"), (34_712, "jpeg-2000"), (34_925, "lzma")] {
        let bytes = file(&[page(method, strips.clone())])?;
        shelf.refuse(
            &format!("{name}.tif"),
            "TIFF",
            SIZE,
            &["unsupported"],
            &format!("compression {method}"),
            bytes,
        );
    }
    Ok(())
}
