//! A picture as JPEG, at the quality that fits: through the codec's encoder.

use super::budget::{self, Search, Tenths};
use super::bytes;
pub(crate) use super::ycbcr::Planes;
use crate::CancelToken;
use crate::Orientation;
use crate::error::Error;
use crate::formats::Format;
use crate::formats::ImageInfo;
use crate::jpeg::encode::{
    EncodeError, EncodeOptions, Encoder, Frame, Metadata, Mode, Plane, Quality, QuantTables, Sampling,
    UnquantisedCoefficients,
};
use crate::jpeg::{Coefficients, transform};
use crate::options::{Chroma, Effort};
use crate::pixels::{Layout, Raster};

/// The longest side that a frame header can state (T.81, B.2.2).
pub(crate) const MAX_SIDE: u32 = 65_500;

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

/// What takes the strips of a picture: how many rows, and the planes with just these; see [`StripEncoder::push`].
///
/// [`StripEncoder::push`]: crate::jpeg::encode::StripEncoder::push
pub(crate) type Take<'t> = dyn FnMut(usize, &[Plane<'_>]) -> Result<(), Error> + Send + 't;

/// A picture as planes, which it gives from top to bottom as often as it is asked.
pub(crate) trait PlaneSource {
    /// Its size and sampling.
    fn frame(&self) -> Frame;

    /// Gives all rows in strips.
    fn strips(&mut self, take: &mut Take<'_>) -> Result<(), Error>;
}

impl PlaneSource for Planes {
    fn frame(&self) -> Frame {
        self.frame()
    }

    fn strips(&mut self, take: &mut Take<'_>) -> Result<(), Error> {
        take(usize::from(self.frame().height()), &self.views())
    }
}

/// The range of qualities to look in.
#[derive(Clone, Debug)]
pub(crate) struct Qualities {
    /// The lowest that is acceptable.
    pub(crate) floor: Tenths,
    /// The one to begin with.
    pub(crate) start: Tenths,
    /// Tables to begin with instead of those of `start`, for which that quality stands.
    pub(crate) tables: Option<QuantTables>,
}

impl Qualities {
    /// One quality and no other.
    pub(crate) fn only(quality: Tenths) -> Self {
        Self {
            floor: quality,
            start: quality,
            tables: None,
        }
    }

    /// The options of the first attempt.
    fn first<'m>(&self, mode: Mode) -> Result<EncodeOptions<'m>, Error> {
        let options = options(self.start, mode)?;
        Ok(match &self.tables {
            Some(tables) => options.quant_tables(tables.clone()),
            None => options,
        })
    }
}

/// Encodes JPEGs, and keeps its buffers between them.
pub(crate) struct JpegEncoder {
    encoder: Encoder,
    mode: Mode,
}

impl JpegEncoder {
    pub(crate) fn new(effort: Effort) -> Self {
        Self {
            encoder: Encoder::new(),
            mode: match effort {
                Effort::Fastest => Mode::Sequential,
                Effort::Balanced => Mode::Optimised,
                Effort::Smallest => Mode::Progressive,
            },
        }
    }

    /// Ends with [`Error::Cancelled`] once `token` is cancelled.
    pub(crate) fn set_cancel(&mut self, token: &CancelToken) {
        self.encoder.set_cancel(token.clone());
    }

    /// Encodes a picture with `metadata` in at most `limit` bytes: at the first quality, if that fits, else at the highest one from the
    /// floor on that does. The first attempt holds nothing of the picture; for the search the transformed picture is
    /// held and sizes are counted, so that nothing is written but the result.
    pub(crate) fn within(
        &mut self,
        source: &mut dyn PlaneSource,
        qualities: &Qualities,
        metadata: &Metadata<'_>,
        limit: u64,
        encodes: &mut u32,
    ) -> Result<Attempt, Error> {
        let (floor, start) = (qualities.floor, qualities.start);
        let first = self.encode(source, &qualities.first(self.mode)?.metadata(metadata.clone()))?;
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
        let mut held = UnquantisedCoefficients::new(source.frame()).map_err(refuse)?;
        source.strips(&mut |rows, planes| held.push(rows, planes).map_err(refuse))?;
        // The metadata is the same at every quality: it is left out of the counting.
        let beside = metadata.size() as u64;
        let (within, size) = (limit.saturating_sub(beside), size.saturating_sub(beside));
        let search = budget::by_quality(within, (floor, start), size, |quality| {
            let counted = self
                .encoder
                .unquantised_size(&held, &options(quality, self.mode)?)
                .map_err(refuse)?;
            Ok(counted as u64)
        })?;
        match search {
            Search::TooLarge(size) => Ok(Attempt::TooLarge(size + beside)),
            Search::Fits { quality, size } => {
                let mut bytes = with_capacity(size + beside)?;
                let options = options(quality, self.mode)?.metadata(metadata.clone());
                self.encoder
                    .encode_unquantised(&held, &options, &mut bytes)
                    .map_err(refuse)?;
                *encodes += 1;
                Ok(Attempt::Fits(Encoded { bytes, quality }))
            }
        }
    }

    /// Writes held coefficients turned upright, without loss and with Huffman tables of their own; `None` if an edge
    /// that would move does not fall on a whole MCU.
    pub(crate) fn turned(
        &mut self,
        coefficients: &Coefficients,
        orientation: Orientation,
        mode: Mode,
        metadata: &Metadata<'_>,
        bytes: u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        let mut out = with_capacity(bytes + metadata.size() as u64)?;
        let options = EncodeOptions::new().mode(mode).metadata(metadata.clone());
        match self
            .encoder
            .encode_oriented(coefficients, orientation, &options, &mut out)
        {
            Ok(()) => Ok(Some(out)),
            Err(error @ (EncodeError::OutOfMemory | EncodeError::Cancelled)) => Err(refuse(error)),
            // Partial MCUs, or coefficients that a file may hold and none of ours may.
            Err(_) => Ok(None),
        }
    }

    /// Writes held coefficients with `metadata`, turned upright and requantised: to the first quality, if that fits, else to the highest
    /// one from the floor on that does; `None` if none does, or for the reasons that [`turned`](Self::turned) has.
    pub(crate) fn coarser(
        &mut self,
        coefficients: &Coefficients,
        orientation: Orientation,
        qualities: &Qualities,
        metadata: &Metadata<'_>,
        limit: u64,
    ) -> Result<Option<Encoded>, Error> {
        let beside = metadata.size() as u64;
        let limit = limit.saturating_sub(beside);
        let Qualities { floor, start, .. } = *qualities;
        // The bytes are what is wanting, and a progressive file has the fewest.
        // The source's tables will mostly be the standard's.
        let progressive = |quality: Tenths| {
            let quality = Quality::new(quality.quality()).map_err(refuse)?;
            Ok::<_, Error>(EncodeOptions::new().quality(quality).mode(Mode::Progressive))
        };
        let mut count = |quality| {
            let size = self
                .encoder
                .coarser_size(coefficients, orientation, &progressive(quality)?);
            size.map(|size| size as u64).map_err(refuse)
        };
        let first = match count(start) {
            Ok(first) => first,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            // Partial MCUs, or coefficients that a file may hold and none of ours may.
            Err(_) => return Ok(None),
        };
        let (quality, size) = if first <= limit {
            (start, first)
        } else if start <= floor {
            return Ok(None);
        } else {
            match budget::by_quality(limit, (floor, start), first, count)? {
                Search::TooLarge(_) => return Ok(None),
                Search::Fits { quality, size } => (quality, size),
            }
        };
        let mut bytes = with_capacity(size + beside)?;
        let options = progressive(quality)?.metadata(metadata.clone());
        self.encoder
            .encode_coarser(coefficients, orientation, &options, &mut bytes)
            .map_err(refuse)?;
        Ok(Some(Encoded { bytes, quality }))
    }

    fn encode(&mut self, source: &mut dyn PlaneSource, options: &EncodeOptions<'_>) -> Result<Vec<u8>, Error> {
        // A first guess; more is grown to.
        let frame = source.frame();
        let samples: usize = (0..frame.sampling().planes())
            .map(|i| frame.plane_size(i))
            .map(|(w, h)| w * h)
            .sum();
        let mut out = with_capacity(samples as u64 / 5 + 4096)?;
        let mut strips = self.encoder.start(frame, options, &mut out).map_err(refuse)?;
        source.strips(&mut |rows, planes| strips.push(rows, planes).map_err(refuse))?;
        strips.finish().map_err(refuse)?;
        Ok(out)
    }
}

/// The planes of an 8-bit picture without alpha.
pub(crate) fn planes(raster: &Raster, sampling: Sampling) -> Result<Planes, Error> {
    let sampling = if raster.layout() == Layout::Gray {
        Sampling::Gray
    } else {
        sampling
    };
    Planes::new(bytes(raster), frame(raster.width(), raster.height(), sampling)?)
}

/// A frame of this size, if a JPEG can have it.
pub(crate) fn frame(width: u32, height: u32, sampling: Sampling) -> Result<Frame, Error> {
    let (Ok(width), Ok(height)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(Error::unsupported(format!(
            "a JPEG with a side of more than {MAX_SIDE} pixels"
        )));
    };
    Frame::new(width, height, sampling).map_err(refuse)
}

/// The source's own quantisation tables, as its upright picture needs them, if a baseline JPEG of ours can have them.
pub(crate) fn source_tables(info: &ImageInfo) -> Option<QuantTables> {
    let tables: Option<Vec<[u16; 64]>> = info.jpeg.as_ref()?.quantisation.iter().copied().collect();
    let (luma, chroma) = match tables?[..] {
        [luma] => (luma, luma),
        [luma, cb, cr] if cb == cr => (luma, cb),
        _ => return None,
    };
    let baseline = luma.iter().chain(&chroma).all(|&q| q <= 255);
    let turned = |table| transform::turn_table(&table, info.orientation);
    baseline
        .then(|| QuantTables::custom(turned(luma), turned(chroma)).ok())
        .flatten()
}

fn options<'m>(quality: Tenths, mode: Mode) -> Result<EncodeOptions<'m>, Error> {
    let quality = Quality::new(quality.quality()).map_err(refuse)?;
    let tables = QuantTables::photographic(quality);
    // Who wants the fewest bytes has time for the trellis.
    let trellis = mode == Mode::Progressive;
    Ok(EncodeOptions::new().quant_tables(tables).mode(mode).trellis(trellis))
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
    match error {
        EncodeError::Cancelled => Error::Cancelled,
        error => Error::encode(Format::Jpeg, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::probe;
    use crate::jpeg::decode::{Decoder, Limits};
    use crate::pixels::Samples;

    fn raster() -> Raster {
        let samples = (0..240 * 130 * 3).map(|i| ((i * 7) ^ (i >> 5)) as u8).collect();
        Raster::new(240, 130, Layout::Rgb, Samples::U8(samples)).unwrap()
    }

    fn within(limit: u64, floor: u8, start: u8) -> (Option<Encoded>, u32) {
        let mut encodes = 0;
        let qualities = Qualities {
            floor: Tenths::of(floor),
            start: Tenths::of(start),
            tables: None,
        };
        let mut planes = planes(&raster(), Sampling::S420).unwrap();
        let attempt =
            JpegEncoder::new(Effort::Fastest).within(&mut planes, &qualities, &Metadata::new(), limit, &mut encodes);
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
                let mut planes = planes(&raster(), sampling).unwrap();
                let options = options(Tenths::of(quality), Mode::Sequential).unwrap();
                let bytes = JpegEncoder::new(Effort::Fastest).encode(&mut planes, &options).unwrap();
                let jpeg = probe(&bytes).unwrap().jpeg.unwrap();
                assert_eq!((jpeg.quality, jpeg.subsampling()), (Some(quality), Some(name)));
            }
        }
    }

    #[test]
    fn more_effort_gives_fewer_bytes_and_the_same_coefficients_but_for_the_trellis() {
        // Soft shapes with some grain, large enough for the scans' headers not to matter.
        let sample = |i: usize| {
            let (x, y) = (i / 3 % 800, i / 2400);
            let shape = (x as f64 / 40.0).sin() * 60.0 + (y as f64 / 25.0).cos() * 40.0;
            let grain = (i.wrapping_mul(2_654_435_761) >> 9) % 17;
            (shape + grain as f64 + 120.0) as u8
        };
        let samples = (0..800 * 600 * 3).map(sample).collect();
        let raster = Raster::new(800, 600, Layout::Rgb, Samples::U8(samples)).unwrap();
        let made = [Effort::Fastest, Effort::Balanced, Effort::Smallest].map(|effort| {
            let mut planes = planes(&raster, Sampling::S420).unwrap();
            let only = Qualities::only(Tenths::of(85));
            match JpegEncoder::new(effort).within(&mut planes, &only, &Metadata::new(), u64::MAX, &mut 0) {
                Ok(Attempt::Fits(encoded)) => encoded.bytes,
                _ => panic!("{effort:?} is not encoded"),
            }
        });
        let sizes = made.each_ref().map(Vec::len);
        assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
        let read = made.map(|bytes| {
            let mut decoder = Decoder::new(Limits::default());
            decoder.coefficients(&bytes).unwrap().0
        });
        let [fastest, balanced, smallest] = read.map(|read| read.components);
        for ((a, b), c) in fastest.iter().zip(&balanced).zip(&smallest) {
            assert!(a.blocks == b.blocks && a.quant == b.quant && a.quant == c.quant);
            let pairs = a.blocks.as_flattened().iter().zip(c.blocks.as_flattened());
            let (mut less, mut all) = (0, 0);
            for (a, c) in pairs {
                assert!(c.unsigned_abs() <= a.unsigned_abs());
                less += u32::from(a != c);
                all += u32::from(*a != 0);
            }
            assert!(less > 0 && less < all / 2, "{less} of {all}");
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
