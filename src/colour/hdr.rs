//! High dynamic range to sRGB: PQ and HLG (ITU-R BT.2100-2) by the tone mapping of BT.2390-11, section 5.4, with white at
//! 203 cd/m² (BT.2408-7, section 2.1).
//!
//! The curve is applied to the largest of a pixel's three lights, and the pixel scaled with it, so that hues stay. It ends
//! at the brightest light that the picture has: one without highlights is not darkened for their sake.

use super::numbers::{Numbers, Primaries, Transfer, apply, invert, srgb_encode};
use crate::CancelToken;
use crate::error::Error;
use crate::pixels::{Layout, zeros};
use crate::threads::for_each_chunk;

/// The light of white in the result, in cd/m².
const WHITE: f64 = 203.0;

/// The light of the brightest display that HLG is made for here, in cd/m², and the power that goes with it (BT.2100, table 5).
const HLG_PEAK: f64 = 1000.0;
const HLG_GAMMA: f64 = 1.2;

/// Entries of tables by the root of light.
const ENTRIES: usize = 4096;

/// One in so many pixels may be brighter than what counts as the brightest light.
const OUTLIERS: u64 = 10_000;

/// Samples that are converted at a time: whole pixels of any layout.
const PIECE: usize = 12 * 1024;

/// A coded sample of 8 or 16 bits.
pub(super) trait Sample: Copy + Send + Sync {
    const TOP: u16;
    fn index(self) -> usize;
    fn of(v: f32) -> Self;
}

impl Sample for u8 {
    const TOP: u16 = 255;

    fn index(self) -> usize {
        usize::from(self)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a conversion that saturates"
    )]
    fn of(v: f32) -> Self {
        (v * 255.0 + 0.5) as Self
    }
}

impl Sample for u16 {
    const TOP: u16 = 65_535;

    fn index(self) -> usize {
        usize::from(self)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a conversion that saturates"
    )]
    fn of(v: f32) -> Self {
        (v * 65_535.0 + 0.5) as Self
    }
}

/// Values of PQ or HLG to values of sRGB.
pub(super) struct ToneMap {
    layout: Layout,
    /// The light of each value, as [`light`](Self::light) takes it.
    decoded: Vec<f32>,
    /// Whether the lights of a pixel are a scene's and not yet a display's.
    scene: bool,
    /// What a pixel is multiplied with, by the root of its largest light.
    scale: Vec<f32>,
    /// The light of the last entry of `scale`.
    peak: f32,
    /// The value of sRGB by the root of its light.
    encoded: Vec<f32>,
    /// From the source's primaries to sRGB's.
    matrix: [[f32; 3]; 3],
    /// The luminance of the source's primaries.
    luminance: [f32; 3],
}

impl ToneMap {
    /// The mapping for a picture of these samples.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(super) fn new<S: Sample>(numbers: &Numbers, samples: &[S], layout: Layout) -> Result<Self, Error> {
        let top = f64::from(S::TOP);
        let scene = numbers.transfer == Transfer::Hlg;
        let mut decoded = zeros(usize::from(S::TOP) + 1)?;
        for (v, light) in (0..=S::TOP).zip(&mut decoded) {
            let v = f64::from(v) / top;
            *light = single(if scene { hlg(v) } else { pq(v) / WHITE });
        }
        let to_xyz = numbers.primaries.to_xyz();
        let from_xyz = Primaries::SRGB.to_xyz().and_then(|m| invert(&m));
        // Primaries that span colours have both; were they to have none, values would stay as they are.
        let unit = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let (to_xyz, from_xyz) = (to_xyz.unwrap_or(unit), from_xyz.unwrap_or(unit));
        // Column by column.
        let columns = [0, 1, 2].map(|c| apply(&from_xyz, [to_xyz[0][c], to_xyz[1][c], to_xyz[2][c]]));
        let mut encoded = zeros(ENTRIES)?;
        for (i, value) in encoded.iter_mut().enumerate() {
            let root = i as f64 / (ENTRIES - 1) as f64;
            *value = single(srgb_encode(root * root));
        }
        let mut map = Self {
            layout,
            decoded,
            scene,
            scale: Vec::new(),
            peak: 1.0,
            encoded,
            matrix: [0, 1, 2].map(|r| [0, 1, 2].map(|c| single(columns[c][r]))),
            luminance: to_xyz[1].map(single),
        };
        let peak = map.brightest(samples)?.max(1.0);
        map.peak = single(peak);
        map.scale = zeros(ENTRIES)?;
        for (i, scale) in map.scale.iter_mut().enumerate() {
            let root = i as f64 / (ENTRIES - 1) as f64;
            let light = root * root * peak;
            *scale = single(if light > 0.0 { shown(light, peak) / light } else { 1.0 });
        }
        Ok(map)
    }

    /// The lights of a pixel on a display, white at 1.
    fn light<S: Sample>(&self, pixel: &[S]) -> [f32; 3] {
        let at = |i: usize| self.decoded[pixel[i].index()];
        let light = match self.layout {
            Layout::Gray | Layout::GrayAlpha => [at(0); 3],
            Layout::Rgb | Layout::Rgba => [at(0), at(1), at(2)],
        };
        if !self.scene {
            return light;
        }
        let [r, g, b] = self.luminance;
        let luminance = (r * light[0] + g * light[1] + b * light[2]).max(0.0);
        let factor = luminance.powf(single(HLG_GAMMA - 1.0)) * single(HLG_PEAK / WHITE);
        light.map(|v| v * factor)
    }

    /// The brightest light of all pixels but a few.
    fn brightest<S: Sample>(&self, samples: &[S]) -> Result<f64, Error> {
        const BINS: usize = 2048;
        let most = 10_000.0 / WHITE;
        let mut counts: Vec<u64> = zeros(BINS)?;
        for pixel in samples.chunks_exact(self.layout.channels()) {
            let [r, g, b] = self.light(pixel);
            let root = (f64::from(r.max(g).max(b)) / most).sqrt();
            counts[place(single(root), BINS)] += 1;
        }
        let mut left = counts.iter().sum::<u64>() / OUTLIERS;
        for (bin, &count) in counts.iter().enumerate().rev() {
            if count > left {
                let root = (bin + 1) as f64 / BINS as f64;
                return Ok(root * root * most);
            }
            left -= count;
        }
        Ok(0.0)
    }

    /// Converts the samples, alpha excepted.
    pub(super) fn apply<S: Sample>(&self, samples: &mut [S], cancel: &CancelToken) -> Result<(), Error> {
        for_each_chunk(
            samples,
            PIECE,
            &mut (),
            || (),
            |(), _, piece| {
                cancel.check()?;
                for pixel in piece.chunks_exact_mut(self.layout.channels()) {
                    let shown = self.pixel(self.light(pixel));
                    match self.layout {
                        Layout::Gray | Layout::GrayAlpha => pixel[0] = S::of(shown[1]),
                        Layout::Rgb | Layout::Rgba => {
                            for (v, shown) in pixel.iter_mut().zip(shown) {
                                *v = S::of(shown);
                            }
                        }
                    }
                }
                Ok(())
            },
        )
    }

    /// The values of sRGB for lights on a display.
    fn pixel(&self, light: [f32; 3]) -> [f32; 3] {
        let largest = light[0].max(light[1]).max(light[2]);
        let scale = between(&self.scale, (largest / self.peak).sqrt()) * (self.peak / largest).min(1.0);
        let light = light.map(|v| v * scale);
        let mut srgb = self
            .matrix
            .map(|row| row[0] * light[0] + row[1] * light[1] + row[2] * light[2]);
        let (least, most) = (srgb[0].min(srgb[1]).min(srgb[2]), srgb[0].max(srgb[1]).max(srgb[2]));
        if least < 0.0 || most > 1.0 {
            // Colours that sRGB does not have keep their luminance and hue, and lose strength.
            let gray = (0.2126 * srgb[0] + 0.7152 * srgb[1] + 0.0722 * srgb[2]).clamp(0.0, 1.0);
            let below = if least < 0.0 { gray / (gray - least) } else { 1.0 };
            let above = if most > 1.0 { (1.0 - gray) / (most - gray) } else { 1.0 };
            let keep = below.min(above).clamp(0.0, 1.0);
            srgb = srgb.map(|v| gray + (v - gray) * keep);
        }
        srgb.map(|v| between(&self.encoded, v.clamp(0.0, 1.0).sqrt()))
    }
}

/// The light that a picture whose brightest light is `peak` shows for one of `light`, white at 1 (BT.2390-11, 5.4.1).
fn shown(light: f64, peak: f64) -> f64 {
    if peak <= 1.0 {
        return light;
    }
    let source = inverse_pq(peak * WHITE);
    let e1 = inverse_pq(light * WHITE) / source;
    let most = inverse_pq(WHITE) / source;
    let knee = 1.5 * most - 0.5;
    if e1 < knee {
        return light;
    }
    let t = (e1 - knee) / (1.0 - knee);
    let (t2, t3) = (t * t, t * t * t);
    let e2 = (2.0 * t3 - 3.0 * t2 + 1.0) * knee + (t3 - 2.0 * t2 + t) * (1.0 - knee) + (3.0 * t2 - 2.0 * t3) * most;
    pq(e2 * source) / WHITE
}

/// The light of a value of PQ, in cd/m² (BT.2100-2, table 4).
fn pq(v: f64) -> f64 {
    let root = v.max(0.0).powf(1.0 / M2);
    10_000.0 * ((root - C1).max(0.0) / (C2 - C3 * root)).powf(1.0 / M1)
}

/// The value of PQ for a light in cd/m².
fn inverse_pq(light: f64) -> f64 {
    let power = (light.max(0.0) / 10_000.0).powf(M1);
    ((C1 + C2 * power) / (1.0 + C3 * power)).powf(M2)
}

const M1: f64 = 2610.0 / 16_384.0;
const M2: f64 = 2523.0 / 4096.0 * 128.0;
const C1: f64 = 3424.0 / 4096.0;
const C2: f64 = 2413.0 / 4096.0 * 32.0;
const C3: f64 = 2392.0 / 4096.0 * 32.0;

/// The scene's light of a value of HLG, from 0 to 1 (BT.2100-2, table 5).
fn hlg(v: f64) -> f64 {
    const A: f64 = 0.178_832_77;
    let b = 1.0 - 4.0 * A;
    let c = 0.5 - A * (4.0 * A).ln();
    if v <= 0.5 {
        v * v / 3.0
    } else {
        (((v - c) / A).exp() + b) / 12.0
    }
}

/// The entry of a table for a place from 0 to 1, between two of them.
fn between(table: &[f32], at: f32) -> f32 {
    let last = table.len() - 1;
    let place = at.clamp(0.0, 1.0) * last as f32;
    let below = place_of(place).min(last);
    let (a, b) = (table[below], table[(below + 1).min(last)]);
    a + (b - a) * (place - below as f32)
}

/// The bin of a value from 0 to 1.
fn place(v: f32, bins: usize) -> usize {
    place_of(v * bins as f32).min(bins - 1)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion that saturates"
)]
fn place_of(v: f32) -> usize {
    v as usize
}

#[expect(clippy::cast_possible_truncation, reason = "less precision is enough")]
fn single(v: f64) -> f32 {
    v as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const PQ: Numbers = Numbers {
        primaries: Primaries::BT2020,
        transfer: Transfer::Pq,
    };

    fn coded(light: f64) -> u16 {
        (inverse_pq(light) * 65_535.0).round() as u16
    }

    fn mapped(numbers: &Numbers, mut samples: Vec<u16>) -> Vec<u16> {
        let map = ToneMap::new(numbers, &samples, Layout::Rgb).unwrap();
        map.apply(&mut samples, &CancelToken::new()).unwrap();
        samples
    }

    #[test]
    fn the_transfer_functions_have_the_values_of_their_standard() {
        // BT.2408-7, table 1: 203 cd/m² are 58% of PQ and 75% of HLG.
        assert!((inverse_pq(203.0) - 0.5807).abs() < 1e-4);
        assert!((pq(inverse_pq(77.0)) - 77.0).abs() < 1e-6);
        let display = HLG_PEAK * hlg(0.75).powf(HLG_GAMMA);
        assert!((display - 203.0).abs() < 1.0, "{display}");
        assert!((hlg(1.0) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_picture_without_highlights_is_that_of_srgb() {
        for level in [0.0, 0.1, 0.5, 0.9, 1.0] {
            let light = super::super::numbers::srgb_decode(level) * WHITE;
            let out = mapped(&PQ, vec![coded(light); 3]);
            let expected = level * 65_535.0;
            assert!(
                out.iter().all(|&v| (f64::from(v) - expected).abs() < 260.0),
                "{level}: {out:?}"
            );
        }
    }

    #[test]
    fn highlights_are_drawn_in_and_order_is_kept() {
        let lights = [1.0, 20.0, 100.0, 203.0, 400.0, 700.0, 1000.0];
        let samples: Vec<u16> = lights.iter().flat_map(|&light| [coded(light); 3]).collect();
        let values: Vec<u16> = mapped(&PQ, samples).into_iter().step_by(3).collect();
        assert!(values.windows(2).all(|w| w[0] < w[1]), "{values:?}");
        assert!(values[6] > 64_000, "the brightest is about white: {values:?}");
        let white = values[3] / 257;
        assert!((215..=240).contains(&white), "white makes room for highlights: {white}");
    }

    #[test]
    fn strong_colours_stay_colours() {
        let out = mapped(&PQ, [vec![coded(150.0), 0, 0], vec![coded(203.0); 3]].concat());
        assert!(out[0] > 3 * out[1].max(1) && out[0] > 3 * out[2].max(1), "{out:?}");
        let hlg = Numbers {
            transfer: Transfer::Hlg,
            ..PQ
        };
        let out = mapped(&hlg, vec![49_151; 3]);
        assert!(out.iter().all(|v| v.abs_diff(65_535) < 600), "75% are white: {out:?}");
    }
}
