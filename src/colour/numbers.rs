//! Colours by numbers: chromaticities of the primaries, and the function from values to light (ITU-T H.273, tables 2 and 3).

use std::sync::Arc;

/// Primaries and white as CIE 1931 x and y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Primaries {
    pub(crate) red: [f64; 2],
    pub(crate) green: [f64; 2],
    pub(crate) blue: [f64; 2],
    pub(crate) white: [f64; 2],
}

const D65: [f64; 2] = [0.3127, 0.329];

impl Primaries {
    /// Those of sRGB, which are BT.709's.
    pub(crate) const SRGB: Self = Self {
        red: [0.64, 0.33],
        green: [0.3, 0.6],
        blue: [0.15, 0.06],
        white: D65,
    };
    /// Those of Adobe RGB (1998).
    pub(crate) const ADOBE_RGB: Self = Self {
        green: [0.21, 0.71],
        ..Self::SRGB
    };
    /// Those of BT.2020 and BT.2100.
    pub(crate) const BT2020: Self = Self {
        red: [0.708, 0.292],
        green: [0.17, 0.797],
        blue: [0.131, 0.046],
        white: D65,
    };

    /// Those of a code point of ITU-T H.273, table 2, if it has any that are known.
    pub(crate) fn of_code(code: u16) -> Option<Self> {
        const C: [f64; 2] = [0.31, 0.316];
        let of = |red, green, blue, white| Self {
            red,
            green,
            blue,
            white,
        };
        Some(match code {
            1 => Self::SRGB,
            4 => of([0.67, 0.33], [0.21, 0.71], [0.14, 0.08], C),
            5 => of([0.64, 0.33], [0.29, 0.6], [0.15, 0.06], D65),
            6 | 7 => of([0.63, 0.34], [0.31, 0.595], [0.155, 0.07], D65),
            8 => of([0.681, 0.319], [0.243, 0.692], [0.145, 0.049], C),
            9 => Self::BT2020,
            11 => of([0.68, 0.32], [0.265, 0.69], [0.15, 0.06], [0.314, 0.351]),
            12 => of([0.68, 0.32], [0.265, 0.69], [0.15, 0.06], D65),
            22 => of([0.63, 0.34], [0.295, 0.605], [0.155, 0.077], D65),
            _ => return None,
        })
    }

    /// Chromaticities as a file gives them; `None` for those that span no colours.
    pub(crate) fn checked(self) -> Option<Self> {
        let points = [self.red, self.green, self.blue, self.white];
        let sound = points
            .iter()
            .all(|[x, y]| x.is_finite() && y.is_finite() && (-0.2..=1.1).contains(x) && (0.0005..=1.1).contains(y));
        let [r, g, b] = [self.red, self.green, self.blue];
        let area = (g[0] - r[0]) * (b[1] - r[1]) - (b[0] - r[0]) * (g[1] - r[1]);
        (sound && area.abs() > 0.01).then_some(self)
    }

    /// Whether nobody could tell them from those of sRGB: rounded in whatever way.
    pub(crate) fn is_srgb(&self) -> bool {
        let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).abs() < 0.005 && (a[1] - b[1]).abs() < 0.005;
        near(self.red, Self::SRGB.red)
            && near(self.green, Self::SRGB.green)
            && near(self.blue, Self::SRGB.blue)
            && near(self.white, Self::SRGB.white)
    }

    /// The matrix from light of these primaries to CIE XYZ, white at a luminance of 1, row by row (SMPTE RP 177).
    pub(crate) fn to_xyz(self) -> Option<[[f64; 3]; 3]> {
        let column = |[x, y]: [f64; 2]| [x / y, 1.0, (1.0 - x - y) / y];
        let [r, g, b, w] = [self.red, self.green, self.blue, self.white].map(column);
        let columns = [[r[0], g[0], b[0]], [r[1], g[1], b[1]], [r[2], g[2], b[2]]];
        let scale = apply(&invert(&columns)?, w);
        Some(columns.map(|row| [row[0] * scale[0], row[1] * scale[1], row[2] * scale[2]]))
    }
}

/// The matrix times a column.
pub(super) fn apply(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// The inverse of a matrix, if it has one.
pub(super) fn invert(m: &[[f64; 3]; 3]) -> Option<[[f64; 3]; 3]> {
    let minor = |r: usize, c: usize| {
        let (r1, r2) = ((r + 1) % 3, (r + 2) % 3);
        let (c1, c2) = ((c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant: f64 = (0..3).map(|c| m[0][c] * minor(0, c)).sum();
    if determinant.abs() < 1e-9 {
        return None;
    }
    Some([0, 1, 2].map(|r| [0, 1, 2].map(|c| minor(c, r) / determinant)))
}

/// The function from coded values to light.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Transfer {
    /// That of sRGB (IEC 61966-2-1).
    Srgb,
    /// A power.
    Gamma(f64),
    /// The light of values at equal distances, for red, green and blue: of 65,535.
    Tables([Arc<[u16]>; 3]),
    /// The perceptual quantiser of BT.2100 (SMPTE ST 2084).
    Pq,
    /// Hybrid log-gamma of BT.2100.
    Hlg,
}

impl Transfer {
    /// That of a code point of ITU-T H.273, table 3, if it is known.
    pub(crate) fn of_code(code: u16) -> Option<Self> {
        Some(match code {
            // BT.709, BT.601, SMPTE 240M and BT.2020 for a camera's light. Those who name them for a photo mean a screen's,
            // which is sRGB's.
            1 | 6 | 7 | 13 | 14 | 15 => Self::Srgb,
            4 => Self::Gamma(2.2),
            5 => Self::Gamma(2.8),
            8 => Self::Gamma(1.0),
            16 => Self::Pq,
            17 => Self::Gamma(2.6),
            18 => Self::Hlg,
            _ => return None,
        })
    }

    /// A power as a file gives it; `None` for one that no picture has.
    pub(crate) fn of_gamma(gamma: f64) -> Option<Self> {
        (0.2..=8.0).contains(&gamma).then_some(Self::Gamma(gamma))
    }

    /// The light of a value from 0 to 1, of the first channel: display light, 1 for white. Not for high dynamic range.
    pub(crate) fn decode(&self, v: f64) -> f64 {
        match self {
            Self::Srgb | Self::Pq | Self::Hlg => srgb_decode(v),
            Self::Gamma(gamma) => v.powf(*gamma),
            Self::Tables([table, ..]) => at(table, v),
        }
    }

    /// Whether it is taken for sRGB's by everybody: powers from 2.1 to 2.32 are within the 5 percent that libpng calls
    /// insignificant.
    pub(crate) fn is_like_srgb(&self) -> bool {
        match self {
            Self::Srgb => true,
            Self::Gamma(gamma) => (2.09..=2.32).contains(gamma),
            Self::Tables(tables) => tables.iter().all(|table| {
                let n = table.len().max(2) - 1;
                let far = |(i, &light): (usize, &u16)| {
                    (srgb_encode(f64::from(light) / 65_535.0) - i as f64 / n as f64).abs() > 0.04
                };
                !table.iter().enumerate().any(far)
            }),
            Self::Pq | Self::Hlg => false,
        }
    }

    /// Whether 8 bits of such values are enough: equal steps look about equal.
    pub(crate) fn is_perceptual(&self) -> bool {
        match self {
            Self::Srgb => true,
            Self::Gamma(gamma) => (1.7..=2.9).contains(gamma),
            Self::Tables(_) | Self::Pq | Self::Hlg => false,
        }
    }
}

/// A table's value at `v` of its length, between its entries.
fn at(table: &[u16], v: f64) -> f64 {
    let Some(last) = table.len().checked_sub(1) else {
        return v;
    };
    let place = v.clamp(0.0, 1.0) * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the table"
    )]
    let below = (place.floor() as usize).min(last);
    let [a, b] = [below, (below + 1).min(last)].map(|i| f64::from(table[i]));
    (a + (b - a) * (place - below as f64)) / 65_535.0
}

/// sRGB's light of a value.
pub(super) fn srgb_decode(v: f64) -> f64 {
    if v <= 0.040_45 {
        v / 12.92
    } else {
        ((v + 0.055) / 1.055).powf(2.4)
    }
}

/// sRGB's value for light.
pub(super) fn srgb_encode(light: f64) -> f64 {
    if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}

/// Colours by numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) primaries: Primaries,
    pub(crate) transfer: Transfer,
}

impl Numbers {
    /// Adobe RGB (1998), 4.3.
    pub(crate) const ADOBE_RGB: Self = Self {
        primaries: Primaries::ADOBE_RGB,
        transfer: Transfer::Gamma(563.0 / 256.0),
    };

    pub(crate) const SRGB: Self = Self {
        primaries: Primaries::SRGB,
        transfer: Transfer::Srgb,
    };

    /// Those of two code points (ITU-T H.273, tables 2 and 3). What is not known of them is sRGB's; `None` if nothing is.
    pub(crate) fn of_codes(primaries: u16, transfer: u16) -> Option<Self> {
        let (primaries, transfer) = (Primaries::of_code(primaries), Transfer::of_code(transfer));
        (primaries.is_some() || transfer.is_some()).then(|| Self {
            primaries: primaries.unwrap_or(Primaries::SRGB),
            transfer: transfer.unwrap_or(Transfer::Srgb),
        })
    }

    pub(crate) fn is_hdr(&self) -> bool {
        matches!(self.transfer, Transfer::Pq | Transfer::Hlg)
    }

    pub(crate) fn is_like_srgb(&self) -> bool {
        self.primaries.is_srgb() && self.transfer.is_like_srgb()
    }

    /// The same primaries with the curve of sRGB.
    pub(super) fn with_srgb_transfer(&self) -> Self {
        Self {
            primaries: self.primaries,
            transfer: Transfer::Srgb,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_of_srgb_is_that_of_its_standard() {
        let matrix = Primaries::SRGB.to_xyz().unwrap();
        let standard = [
            [0.4124, 0.3576, 0.1805],
            [0.2126, 0.7152, 0.0722],
            [0.0193, 0.1192, 0.9505],
        ];
        for (row, standard) in matrix.iter().zip(&standard) {
            for (v, standard) in row.iter().zip(standard) {
                assert!((v - standard).abs() < 2e-4, "{matrix:?}");
            }
        }
        let there_and_back = apply(&invert(&matrix).unwrap(), apply(&matrix, [0.2, 0.5, 0.9]));
        assert!((there_and_back[1] - 0.5).abs() < 1e-9);
    }

    #[test]
    fn chromaticities_that_span_nothing_are_refused() {
        assert!(Primaries::SRGB.checked().is_some());
        for broken in [
            Primaries {
                green: [0.64, 0.33],
                ..Primaries::SRGB
            },
            Primaries {
                white: [0.3, 0.0],
                ..Primaries::SRGB
            },
            Primaries {
                red: [f64::NAN, 0.3],
                ..Primaries::SRGB
            },
        ] {
            assert!(broken.checked().is_none(), "{broken:?}");
        }
    }

    #[test]
    fn curves_are_told_apart() {
        let table = |gamma: f64| -> Transfer {
            let levels: Vec<u16> = (0..256)
                .map(|i| ((f64::from(i) / 255.0).powf(gamma) * 65_535.0) as u16)
                .collect();
            let levels: Arc<[u16]> = levels.into();
            Transfer::Tables([levels.clone(), levels.clone(), levels])
        };
        assert!(table(2.2).is_like_srgb() && !table(1.0).is_like_srgb());
        assert!((table(1.8).decode(0.5) - 0.5_f64.powf(1.8)).abs() < 1e-4);
        assert!(Transfer::Gamma(2.2).is_like_srgb() && !Transfer::Gamma(1.8).is_like_srgb());
        assert!(Transfer::Gamma(1.8).is_perceptual() && !Transfer::Gamma(1.0).is_perceptual());
        assert!((srgb_encode(srgb_decode(0.3)) - 0.3).abs() < 1e-9);
        assert_eq!(Transfer::of_gamma(1e9), None);
    }
}
