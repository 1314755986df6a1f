//! A picture as JPEG, at the quality that fits: through the codec's encoder.

use super::budget::{self, Search, Tenths};
use super::bytes;
use super::ycbcr::Planes;
use crate::error::Error;
use crate::format::Format;
use crate::jpeg::encode::{EncodeError, EncodeOptions, Encoder, Frame, Quality, Sampling, UnquantisedCoefficients};
use crate::options::Chroma;
use crate::pixels::{Layout, Raster};
use crate::probe::ImageInfo;

/// The longest side that a frame header can state (T.81, B.2.2).
pub(crate) const MAX_SIDE: u32 = 65_535;

/// The chroma sampling of the output: what the caller wants, else the source's, else 4:2:0.
pub(crate) fn sampling(info: &ImageInfo, chroma: Chroma) -> Sampling {
    match chroma {
        Chroma::Full => Sampling::S444,
        Chroma::Half => Sampling::S422,
        Chroma::Quarter => Sampling::S420,
        Chroma::Auto => {
            let name = info.jpeg.as_ref().and_then(|j| j.subsampling());
            match (name, info.orientation.swaps_axes()) {
                (Some("4:4:4"), _) => Sampling::S444,
                // A quarter across is written as a half: nothing is lost.
                (Some("4:2:2" | "4:1:1"), false) | (Some("4:4:0"), true) => Sampling::S422,
                (Some("4:2:2" | "4:1:1"), true) | (Some("4:4:0"), false) => Sampling::S440,
                _ => Sampling::S420,
            }
        }
    }
}

/// An encoded picture.
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) quality: Tenths,
}

/// Why no quality fits.
pub(crate) enum Attempt {
    Fits(Encoded),
    /// Even the floor has this many bytes.
    TooLarge(u64),
}

/// Encodes JPEGs, and keeps its buffers between them.
#[derive(Default)]
pub(crate) struct JpegEncoder {
    encoder: Encoder,
}

impl JpegEncoder {
    /// Encodes an 8-bit picture without alpha in at most `limit` bytes: at `start`, if that fits, else at the highest
    /// quality from `floor` on that does. For the search the transformed picture is held and sizes are counted, so that
    /// nothing is written but the result.
    pub(crate) fn within(
        &mut self,
        raster: &Raster,
        sampling: Sampling,
        (floor, start): (Tenths, Tenths),
        limit: u64,
        encodes: &mut u32,
    ) -> Result<Attempt, Error> {
        let planes = planes(raster, sampling)?;
        let frame = planes.frame();
        let first = self.encode(&planes, start)?;
        *encodes += 1;
        let size = first.len() as u64;
        if size <= limit {
            return Ok(Attempt::Fits(Encoded {
                bytes: first,
                quality: start,
            }));
        }
        if start <= floor {
            return Ok(Attempt::TooLarge(size));
        }
        drop(first);
        let held = UnquantisedCoefficients::from_planes(frame, &planes.views()).map_err(refuse)?;
        drop(planes);
        let search = budget::by_quality(limit, (floor, start), size, |quality| {
            let counted = self
                .encoder
                .unquantised_size(&held, &options(quality)?)
                .map_err(refuse)?;
            Ok(counted as u64)
        })?;
        match search {
            Search::TooLarge(size) => Ok(Attempt::TooLarge(size)),
            Search::Fits { quality, size } => {
                let mut bytes = with_capacity(size)?;
                self.encoder
                    .encode_unquantised(&held, &options(quality)?, &mut bytes)
                    .map_err(refuse)?;
                *encodes += 1;
                Ok(Attempt::Fits(Encoded { bytes, quality }))
            }
        }
    }

    fn encode(&mut self, planes: &Planes, quality: Tenths) -> Result<Vec<u8>, Error> {
        // A bit and a half a sample is what photos take at high quality; more is grown to.
        let samples: usize = (0..planes.views().len())
            .map(|i| planes.frame().plane_size(i))
            .map(|(w, h)| w * h)
            .sum();
        let mut out = with_capacity(samples as u64 / 5 + 4096)?;
        self.encoder
            .encode_planes(planes.frame(), &planes.views(), &options(quality)?, &mut out)
            .map_err(refuse)?;
        Ok(out)
    }
}

fn planes(raster: &Raster, sampling: Sampling) -> Result<Planes, Error> {
    let (Ok(width), Ok(height)) = (u16::try_from(raster.width()), u16::try_from(raster.height())) else {
        return Err(Error::unsupported(format!(
            "a JPEG with a side of more than {MAX_SIDE} pixels"
        )));
    };
    let sampling = if raster.layout() == Layout::Gray {
        Sampling::Gray
    } else {
        sampling
    };
    let frame = Frame::new(width, height, sampling).map_err(refuse)?;
    Planes::new(bytes(raster), frame)
}

fn options(quality: Tenths) -> Result<EncodeOptions<'static>, Error> {
    Ok(EncodeOptions::new().quality(Quality::new(quality.quality()).map_err(refuse)?))
}

fn with_capacity(bytes: u64) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let refused = Error::OutOfMemory { bytes };
    match usize::try_from(bytes) {
        Ok(n) if out.try_reserve_exact(n).is_ok() => Ok(out),
        _ => Err(refused),
    }
}

fn refuse(error: EncodeError) -> Error {
    Error::decode(Format::Jpeg, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Samples;
    use crate::probe::probe;

    fn raster() -> Raster {
        let samples = (0..240 * 130 * 3).map(|i| ((i * 7) ^ (i >> 5)) as u8).collect();
        Raster::new(240, 130, Layout::Rgb, Samples::U8(samples)).unwrap()
    }

    fn within(limit: u64, floor: u8, start: u8) -> (Option<Encoded>, u32) {
        let mut encodes = 0;
        let qualities = (Tenths::of(floor), Tenths::of(start));
        let attempt = JpegEncoder::default().within(&raster(), Sampling::S420, qualities, limit, &mut encodes);
        match attempt.unwrap() {
            Attempt::Fits(encoded) => (Some(encoded), encodes),
            Attempt::TooLarge(size) => {
                assert!(size > limit);
                (None, encodes)
            }
        }
    }

    #[test]
    fn quality_and_sampling_come_back_from_the_header() {
        for quality in [5, 49, 50, 75, 90, 100] {
            for (sampling, name) in [
                (Sampling::S444, "4:4:4"),
                (Sampling::S422, "4:2:2"),
                (Sampling::S440, "4:4:0"),
                (Sampling::S420, "4:2:0"),
            ] {
                let planes = planes(&raster(), sampling).unwrap();
                let bytes = JpegEncoder::default().encode(&planes, Tenths::of(quality)).unwrap();
                let jpeg = probe(&bytes).unwrap().jpeg.unwrap();
                assert_eq!((jpeg.quality, jpeg.subsampling()), (Some(quality), Some(name)));
            }
        }
    }

    #[test]
    fn the_limit_is_met_closely_with_two_encodes() {
        let (whole, encodes) = within(u64::MAX, 1, 100);
        assert_eq!(encodes, 1);
        let full = whole.unwrap().bytes.len() as u64;
        for share in [90, 60, 30] {
            let limit = full * share / 100;
            let (encoded, encodes) = within(limit, 1, 100);
            let size = encoded.unwrap().bytes.len() as u64;
            assert!(
                encodes == 2 && size <= limit && size * 100 >= limit * 97,
                "{size} of {limit}"
            );
        }
        assert!(within(1000, 60, 90).0.is_none());
    }
}
