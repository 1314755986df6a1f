//! One JPEG attempt, through `jpeg-encoder`.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, QuantizationTableType, SamplingFactor};

use super::bytes;
use crate::error::Error;
use crate::format::Format;
use crate::options::Chroma;
use crate::pixels::{Layout, Raster};
use crate::probe::ImageInfo;
use crate::probe::jpeg::STANDARD_LUMA;

/// The longest side that a frame header can state (T.81, B.2.2).
pub(crate) const MAX_SIDE: u32 = 65_535;

/// The chroma table of T.81, table K.2, in natural order.
const STANDARD_CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// A quality in tenths, 10 to 1000: fine enough to come close to a byte limit, as the tables it scales have whole
/// numbers anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tenths(u16);

impl Tenths {
    pub(crate) fn of(quality: u8) -> Self {
        Self(u16::from(quality.clamp(1, 100)) * 10)
    }

    /// The nearest tenth below or at `quality`.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
    pub(crate) fn floor(quality: f64) -> Self {
        Self((quality.clamp(1.0, 100.0) * 10.0 + 1e-6) as u16)
    }

    /// A tenth more.
    pub(crate) fn next(self) -> Self {
        Self((self.0 + 1).min(1000))
    }

    /// A tenth less.
    pub(crate) fn previous(self) -> Self {
        Self((self.0 - 1).max(10))
    }

    pub(crate) fn quality(self) -> f32 {
        f32::from(self.0) / 10.0
    }

    /// The IJG's scaling of the standard tables, carried on to tenths: 5000/q below 50, 200 − 2q from there, percent.
    fn table(self, standard: &[u16; 64]) -> [u16; 64] {
        let tenths = u32::from(self.0);
        let permille = if tenths < 500 {
            500_000 / tenths
        } else {
            2000 - 2 * tenths
        };
        standard.map(|v| {
            let scaled = (u32::from(v) * permille + 500) / 1000;
            u16::try_from(scaled.clamp(1, 255)).unwrap_or(255)
        })
    }
}

/// The chroma sampling factors of the output: what the caller wants, else the source's, else 4:2:0.
pub(crate) fn sampling(info: &ImageInfo, chroma: Chroma) -> (u8, u8) {
    match chroma {
        Chroma::Full => (1, 1),
        Chroma::Half => (2, 1),
        Chroma::Quarter => (2, 2),
        Chroma::Auto => {
            let name = info.jpeg.as_ref().map(|j| j.subsampling());
            let (h, v) = match name {
                Some(Some("4:4:4")) => (1, 1),
                Some(Some("4:2:2")) => (2, 1),
                Some(Some("4:4:0")) => (1, 2),
                Some(Some("4:1:1")) => (4, 1),
                _ => (2, 2),
            };
            if info.orientation.swaps_axes() { (v, h) } else { (h, v) }
        }
    }
}

/// Encodes an 8-bit picture without alpha: baseline, standard Huffman tables, chroma averaged over its pixels.
pub(crate) fn encode(raster: &Raster, quality: Tenths, sampling: (u8, u8)) -> Result<Vec<u8>, Error> {
    let (Ok(width), Ok(height)) = (u16::try_from(raster.width()), u16::try_from(raster.height())) else {
        return Err(Error::unsupported(format!(
            "a JPEG with a side of more than {MAX_SIDE} pixels"
        )));
    };
    let color = if raster.layout() == Layout::Gray {
        ColorType::Luma
    } else {
        ColorType::Rgb
    };
    let factor = SamplingFactor::from_factors(sampling.0, sampling.1).unwrap_or(SamplingFactor::F_2_2);
    // A third of a byte a pixel is what photos take at the default quality.
    let mut out = Vec::with_capacity(bytes(raster).len() / 8 + 4096);
    let mut encoder = Encoder::new(&mut out, 100);
    encoder.set_quantization_tables(
        QuantizationTableType::Custom(Box::new(quality.table(&STANDARD_LUMA))),
        QuantizationTableType::Custom(Box::new(quality.table(&STANDARD_CHROMA))),
    );
    encoder.set_sampling_factor(factor);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder
        .encode(bytes(raster), width, height, color)
        .map_err(|e| Error::decode(Format::Jpeg, e))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Samples;
    use crate::probe::probe;

    #[test]
    fn quality_and_sampling_come_back_from_the_header() {
        let samples = (0..40 * 30 * 3).map(|i| (i * 7 % 256) as u8).collect();
        let raster = Raster::new(40, 30, Layout::Rgb, Samples::U8(samples)).unwrap();
        for quality in [5, 49, 50, 75, 90, 100] {
            for (sampling, name) in [
                ((1, 1), "4:4:4"),
                ((2, 1), "4:2:2"),
                ((1, 2), "4:4:0"),
                ((2, 2), "4:2:0"),
            ] {
                let info = probe(&encode(&raster, Tenths::of(quality), sampling).unwrap()).unwrap();
                let jpeg = info.jpeg.unwrap();
                assert_eq!((jpeg.quality, jpeg.subsampling()), (Some(quality), Some(name)));
            }
        }
    }

    #[test]
    fn tenths_lie_between_whole_qualities() {
        let sum = |t: Tenths| t.table(&STANDARD_LUMA).iter().map(|&v| u32::from(v)).sum::<u32>();
        for q in 10..1000 {
            assert!(sum(Tenths(q)) >= sum(Tenths(q + 1)), "{q}");
        }
        assert_eq!(Tenths::floor(87.49).quality(), 87.4);
    }
}
