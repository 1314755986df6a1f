//! `tiff/`: every kind of pixel, compression and layout. All but two show the same chart, or its grays, or its two shades.

use super::{tiff_coded, tiff_colors};
use crate::entry::{Result, Shelf};
use crate::formats::ifd::{Fields, Structure, Value};
use crate::formats::tiff::{Compression, Layout, Page, file};
use crate::formats::{bmp, icc, png};
use crate::picture::{CHART_HEIGHT, CHART_WIDTH, chart, chart_alpha, chart_sized};

pub(super) const SIZE: (usize, usize) = (CHART_WIDTH, CHART_HEIGHT);

pub(crate) fn shelf() -> Result<Shelf> {
    let mut shelf = Shelf::new("tiff");
    ordinary(&mut shelf)?;
    depths(&mut shelf)?;
    layouts(&mut shelf)?;
    tiff_coded::faxes(&mut shelf)?;
    tiff_coded::jpegs(&mut shelf)?;
    tiff_colors::add(&mut shelf)?;
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
pub(super) fn bits_of(values: impl Iterator<Item = u32>, bits: u16) -> Vec<u8> {
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
