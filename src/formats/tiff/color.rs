//! Colours that are no RGB: YCbCr (TIFF 6.0, section 21) and CIE L*a*b* (section 23).

use super::layout::Fields;

const COEFFICIENTS: u16 = 0x0211;
const REFERENCE_BLACK_WHITE: u16 = 0x0214;

/// From YCbCr to RGB, as libtiff does it: by the luma coefficients and the values that stand for black and white.
pub(super) struct YCbCr {
    luma: [f32; 256],
    /// What each value of Cb and Cr adds.
    red: [f32; 256],
    green: [[f32; 256]; 2],
    blue: [f32; 256],
}

impl YCbCr {
    pub(super) fn new(fields: &Fields<'_, '_>) -> Self {
        // ITU-R BT.601 and the full range, unless the file says otherwise in a way that makes sense.
        let [red, green, blue] = fields
            .numbers(COEFFICIENTS)
            .filter(|c: &[f32; 3]| c[1] != 0.0)
            .unwrap_or([0.299, 0.587, 0.114]);
        let reference = fields
            .numbers(REFERENCE_BLACK_WHITE)
            .unwrap_or([0.0, 255.0, 128.0, 255.0, 128.0, 255.0]);
        let stretched = |code: usize, black: f32, white: f32, range: f32| {
            let span = if white == black { 1.0 } else { white - black };
            ((code as f32 - black) * range / span).clamp(-4096.0, 4096.0)
        };
        let table = |f: &dyn Fn(usize) -> f32| std::array::from_fn(f);
        let [y0, y1, cb0, cb1, cr0, cr1] = reference;
        let cb = |code| stretched(code, cb0, cb1, 127.0);
        let cr = |code| stretched(code, cr0, cr1, 127.0);
        let (to_red, to_blue) = (2.0 - 2.0 * red, 2.0 - 2.0 * blue);
        Self {
            luma: table(&|code| stretched(code, y0, y1, 255.0)),
            red: table(&|code| to_red.clamp(0.0, 2.0) * cr(code)),
            green: [
                table(&|code| -(blue * to_blue / green).clamp(0.0, 2.0) * cb(code)),
                table(&|code| -(red * to_red / green).clamp(0.0, 2.0) * cr(code)),
            ],
            blue: table(&|code| to_blue.clamp(0.0, 2.0) * cb(code)),
        }
    }

    /// One pixel.
    pub(super) fn rgb(&self, [y, cb, cr]: [u8; 3]) -> [u8; 3] {
        let (y, cb, cr) = (self.luma[usize::from(y)], usize::from(cb), usize::from(cr));
        [
            byte(y + self.red[cr]),
            byte(y + self.green[0][cb] + self.green[1][cr]),
            byte(y + self.blue[cb]),
        ]
    }
}

/// Lays out a row of pixels from units of `across` × `down` lumas, row by row, and one Cb and Cr. Chroma is repeated.
pub(super) fn spread_units(units: &[u8], (across, down): (usize, usize), row: usize, out: &mut [u16]) {
    let unit = across * down + 2;
    let (pixels, _) = out.as_chunks_mut::<3>();
    for (pixels, unit) in pixels.chunks_mut(across).zip(units.chunks_exact(unit)) {
        let (lumas, chroma) = unit.split_at(across * down);
        for (pixel, &luma) in pixels.iter_mut().zip(lumas.iter().skip(row * across)) {
            *pixel = [luma.into(), chroma[0].into(), chroma[1].into()];
        }
    }
}

/// How the samples of a Lab picture are coded.
#[derive(Clone, Copy)]
pub(super) struct LabCode {
    /// Whether they have 16 bits, or 8.
    pub(super) wide: bool,
    /// Whether as in ICC profiles, where a and b have an offset.
    pub(super) icc: bool,
}

/// From CIE L*a*b* under the white of D50 to sRGB, 0 to 1: to XYZ (CIE 15), to the white of sRGB by the Bradford matrix and
/// to its primaries at once, and through its curve (IEC 61966-2-1).
pub(super) fn lab_to_srgb(samples: [u16; 3], code: LabCode) -> [f32; 3] {
    const D50: [f32; 3] = [0.964_22, 1.0, 0.825_21];
    const TO_SRGB: [[f32; 3]; 3] = [
        [3.133_856, -1.616_867, -0.490_615],
        [-0.978_768, 1.916_142, 0.033_454],
        [0.071_945, -0.228_991, 1.405_243],
    ];
    let [l, a, b] = samples;
    let signed = |v: u16| match (code.icc, code.wide) {
        (true, false) => f32::from(v) - 128.0,
        (true, true) => (f32::from(v) - 32_768.0) / 256.0,
        (false, false) => f32::from(v) - if v > 127 { 256.0 } else { 0.0 },
        (false, true) => (f32::from(v) - if v > 32_767 { 65_536.0 } else { 0.0 }) / 256.0,
    };
    let lightness = match (code.wide, code.icc) {
        (false, _) => f32::from(l) * 100.0 / 255.0,
        (true, false) => f32::from(l) * 100.0 / 65_535.0,
        // FF00 is white.
        (true, true) => f32::from(l) * 100.0 / 65_280.0,
    };
    let y = (lightness + 16.0) / 116.0;
    let f = [y + signed(a) / 500.0, y, y - signed(b) / 200.0];
    let mut xyz = [0.0; 3];
    for ((out, f), white) in xyz.iter_mut().zip(f).zip(D50) {
        let cube = f * f * f;
        *out = white
            * if f > 6.0 / 29.0 {
                cube
            } else {
                (f - 4.0 / 29.0) * 108.0 / 841.0
            };
    }
    TO_SRGB.map(|row| {
        let linear: f32 = row.iter().zip(xyz).map(|(m, v)| m * v).sum();
        let linear = linear.clamp(0.0, 1.0);
        if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        }
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the range of u8
pub(super) fn byte(v: f32) -> u8 {
    v.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::ifd::Tiff;

    /// The table of a file without fields that say otherwise.
    fn plain() -> YCbCr {
        let empty = b"II*\0\x08\0\0\0\0\0\0\0\0\0";
        let tiff = Tiff::parse(empty).unwrap();
        let first = tiff.first_ifd().unwrap();
        YCbCr::new(&Fields {
            tiff: &tiff,
            first: &first,
        })
    }

    #[test]
    fn ycbcr_is_that_of_bt_601_unless_a_field_says_otherwise() {
        for (ycc, rgb) in [
            ([255, 128, 128], [255, 255, 255]),
            ([0, 128, 128], [0, 0, 0]),
            ([76, 85, 255], [254, 0, 0]),
            ([29, 255, 107], [0, 0, 254]),
        ] {
            let got = plain().rgb(ycc);
            assert!(got.iter().zip(rgb).all(|(a, b)| a.abs_diff(b) <= 1), "{ycc:?}: {got:?}");
        }
    }

    #[test]
    fn units_are_laid_out_row_by_row() {
        // Two units of 2 × 2: four lumas, Cb, Cr.
        let units = [1, 2, 3, 4, 50, 60, 5, 6, 7, 8, 70, 80];
        let mut row = [0; 9];
        spread_units(&units, (2, 2), 1, &mut row);
        assert_eq!(row, [3, 50, 60, 4, 50, 60, 7, 70, 80]);
    }

    #[test]
    fn lab_white_is_white_whatever_its_coding() {
        for (samples, wide, icc) in [
            ([255, 0, 0], false, false),
            ([255, 128, 128], false, true),
            ([65_535, 0, 0], true, false),
            ([65_280, 32_768, 32_768], true, true),
        ] {
            let rgb = lab_to_srgb(samples, LabCode { wide, icc }).map(|v| byte(v * 255.0));
            assert_eq!(rgb, [255; 3], "{samples:?}");
        }
        // The red of sRGB (54.29, 80.81, 69.89), rounded.
        let red = lab_to_srgb(
            [138, 81, 70],
            LabCode {
                wide: false,
                icc: false,
            },
        );
        assert!(red[0] > 0.98 && red[1] < 0.03 && red[2] < 0.03, "{red:?}");
    }
}
