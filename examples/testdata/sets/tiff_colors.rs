//! TIFFs whose colours are no plain RGB.

use super::tiff::SIZE;
use crate::entry::{Result, Shelf};
use crate::formats::bmp;
use crate::formats::ifd::Value;
use crate::formats::tiff::{Page, file};
use crate::picture::{Picture, chart};

/// Colours that are no RGB.
pub(super) fn add(shelf: &mut Shelf) -> Result<()> {
    let mut add = |name: &str, special: &str, bytes: Vec<u8>| shelf.ok(name, "TIFF", SIZE, special, bytes);
    let picture = chart();
    for (across, down) in [(1, 1), (2, 1), (2, 2), (4, 4)] {
        let page = Page {
            extra: vec![(0x0212, Value::Short(vec![across as u16, down as u16]))],
            ..ycbcr(&picture, (across, down), &[0.0, 255.0, 128.0, 255.0, 128.0, 255.0])
        };
        let special = format!("YCbCr, chroma shared by {across} × {down}");
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

/// A page of YCbCr with shared chroma, in strips of 16 rows.
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
