//! Quantisation tables and qualities (T.81 B.2.4.1, K.1).

use super::EncodeError;

/// T.81 Table K.1, natural order.
const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// T.81 Table K.2, natural order.
const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// The step of a photo's mean value at quality 50.
const PHOTO_STEP: f64 = 9.0;
/// By how much the steps of luma and of chroma grow from there with each cycle per 16 samples.
const PHOTO_GROWTH_LUMA: f64 = 6.3;
const PHOTO_GROWTH_CHROMA: f64 = 1.9;

/// A quality from 1 (smallest) to 100 (best), on the scale of the Independent
/// JPEG Group that nearly every encoder uses. Fractions are allowed, so that a
/// byte budget can be met closely; whole numbers give everybody's tables.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Quality(f32);

impl Quality {
    /// # Errors
    ///
    /// [`EncodeError::Quality`] if `quality` is not a number from 1 to 100.
    pub fn new(quality: f32) -> Result<Self, EncodeError> {
        if (1.0..=100.0).contains(&quality) {
            Ok(Self(quality))
        } else {
            Err(EncodeError::Quality(quality))
        }
    }

    /// The number, from 1 to 100.
    #[must_use]
    pub const fn get(self) -> f32 {
        self.0
    }

    /// The factor, in percent, by which the tables of the standard are scaled.
    fn percent(self) -> f64 {
        let quality = f64::from(self.0);
        if quality < 50.0 {
            // Truncated, because everybody's integer division does so.
            (5000.0 / quality).floor()
        } else {
            200.0 - 2.0 * quality
        }
    }
}

impl Default for Quality {
    /// 90.
    fn default() -> Self {
        Self(90.0)
    }
}

/// The quantisation tables of luma and chroma, in natural (row-major) order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantTables {
    pub(crate) luma: [u16; 64],
    pub(crate) chroma: [u16; 64],
}

impl QuantTables {
    /// The tables K.1 and K.2 of the standard scaled to `quality`, each entry
    /// 1 to 255, so that the file stays baseline.
    #[must_use]
    pub fn from_quality(quality: Quality) -> Self {
        Self {
            luma: scaled(&LUMA.map(f64::from), quality),
            chroma: scaled(&CHROMA.map(f64::from), quality),
        }
    }

    /// Custom tables. Entries above 255 make the file extended sequential
    /// instead of baseline, which not every decoder reads.
    ///
    /// # Errors
    ///
    /// [`EncodeError::ZeroQuantiser`] if an entry is 0.
    pub fn custom(luma: [u16; 64], chroma: [u16; 64]) -> Result<Self, EncodeError> {
        for table in [&luma, &chroma] {
            if let Some(index) = table.iter().position(|&q| q == 0) {
                return Err(EncodeError::ZeroQuantiser { index });
            }
        }
        Ok(Self { luma, chroma })
    }

    /// Tables that give a photo more likeness for its bytes than those of the standard, which
    /// [`from_quality`](Self::from_quality) has; at the same quality there are about as many bytes.
    ///
    /// Steps grow in a straight line with the frequency, those of chroma more slowly than those of luma, where the
    /// standard's are far coarser. Chosen by SSIMULACRA2 on photos of 10 megapixels.
    #[must_use]
    pub fn photographic(quality: Quality) -> Self {
        let table = |growth| scaled(&photo_base(growth), quality);
        Self {
            luma: table(PHOTO_GROWTH_LUMA),
            chroma: table(PHOTO_GROWTH_CHROMA),
        }
    }

    /// The table of a component by its index.
    pub(crate) fn of(&self, component: usize) -> &[u16; 64] {
        if component == 0 { &self.luma } else { &self.chroma }
    }

    /// The table of luma (and gray), natural order.
    #[must_use]
    pub const fn luma(&self) -> &[u16; 64] {
        &self.luma
    }

    /// The table of both chroma components, natural order.
    #[must_use]
    pub const fn chroma(&self) -> &[u16; 64] {
        &self.chroma
    }
}

impl From<Quality> for QuantTables {
    fn from(quality: Quality) -> Self {
        Self::from_quality(quality)
    }
}

fn photo_base(growth: f64) -> [f64; 64] {
    std::array::from_fn(|i| {
        let (v, u) = ((i / 8) as f64, (i % 8) as f64);
        PHOTO_STEP + growth * (u * u + v * v).sqrt()
    })
}

fn scaled(base: &[f64; 64], quality: Quality) -> [u16; 64] {
    let percent = quality.percent();
    base.map(|q| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 1..=255, and a fraction is to be cut off"
        )]
        let value = ((q * percent + 50.0) / 100.0).clamp(1.0, 255.0) as u16;
        value
    })
}

/// What a file's quantisation table tells about the quality it was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QualityEstimate {
    /// The whole-numbered quality whose table comes closest, 1 to 100; the
    /// higher one if two are equally close.
    pub quality: u8,
    /// Whether the table is exactly the one of that quality.
    pub exact: bool,
}

/// Estimates the quality from the quantisation table of luma, given in natural
/// order: the quality whose table, of [`QuantTables::from_quality`] or of
/// [`QuantTables::photographic`], has the least sum of absolute differences.
#[must_use]
pub fn estimate_quality(luma: &[u16; 64]) -> QualityEstimate {
    let bases = [LUMA.map(f64::from), photo_base(PHOTO_GROWTH_LUMA)];
    let mut best = (u64::MAX, 1);
    for base in &bases {
        // The higher of two that are equally close, but the standard's first.
        for quality in (1..=100_u8).rev() {
            let table = scaled(base, Quality(f32::from(quality)));
            let distance = table.iter().zip(luma).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
            if distance < best.0 {
                best = (distance, quality);
            }
        }
    }
    QualityEstimate {
        quality: best.1,
        exact: best.0 == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_qualities_give_the_tables_of_integer_arithmetic() {
        for quality in 1..=100_u16 {
            let percent = if quality < 50 {
                5000 / quality
            } else {
                200 - 2 * quality
            };
            let tables = QuantTables::from_quality(Quality(f32::from(quality)));
            for (base, table) in [(LUMA, tables.luma), (CHROMA, tables.chroma)] {
                let expected = base.map(|q| ((u32::from(q) * u32::from(percent) + 50) / 100).clamp(1, 255));
                assert_eq!(table.map(u32::from), expected, "quality {quality}");
            }
        }
    }

    #[test]
    fn tables_never_grow_with_the_quality() {
        for tables in [QuantTables::from_quality, QuantTables::photographic] {
            let mut last = tables(Quality(1.0));
            for step in 10..=1000_u16 {
                let next = tables(Quality(f32::from(step) / 10.0));
                let coarser = |a: &[u16; 64], b: &[u16; 64]| a.iter().zip(b).all(|(a, b)| a >= b);
                assert!(coarser(&last.luma, &next.luma), "{step}");
                assert!(coarser(&last.chroma, &next.chroma), "{step}");
                last = next;
            }
            assert_eq!((last.luma, last.chroma), ([1; 64], [1; 64]));
        }
    }

    #[test]
    fn steps_for_photos_grow_with_the_frequency_and_are_symmetric() {
        let QuantTables { luma, chroma } = QuantTables::photographic(Quality(50.0));
        assert_eq!((luma[0], luma[1], luma[8], luma[63]), (9, 15, 15, 71));
        assert_eq!((chroma[0], chroma[1], chroma[8], chroma[63]), (9, 11, 11, 28));
        for i in 0..64 {
            let turned = i % 8 * 8 + i / 8;
            assert_eq!((luma[i], chroma[i]), (luma[turned], chroma[turned]));
            assert!(i % 8 == 7 || luma[i] <= luma[i + 1]);
        }
    }

    #[test]
    fn estimate_finds_the_quality() {
        for quality in 1..=100_u8 {
            let table = scaled(&LUMA.map(f64::from), Quality(f32::from(quality)));
            let estimate = estimate_quality(&table);
            assert!(estimate.exact);
            assert_eq!(
                table,
                scaled(&LUMA.map(f64::from), Quality(f32::from(estimate.quality))),
                "{quality}"
            );
            let table = QuantTables::photographic(Quality(f32::from(quality))).luma;
            let estimate = estimate_quality(&table);
            assert!(estimate.exact);
            let estimated = QuantTables::photographic(Quality(f32::from(estimate.quality)));
            assert_eq!(estimated.luma, table, "{quality}");
        }
        let mut near = scaled(&LUMA.map(f64::from), Quality(80.0));
        near[10] += 1;
        let expected = QualityEstimate {
            quality: 80,
            exact: false,
        };
        assert_eq!(estimate_quality(&near), expected);
    }

    #[test]
    fn qualities_outside_the_scale_are_refused() {
        for wrong in [0.0, 0.99, 100.1, -5.0, f32::NAN, f32::INFINITY] {
            assert!(Quality::new(wrong).is_err(), "{wrong}");
        }
    }
}
