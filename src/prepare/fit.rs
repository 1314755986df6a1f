//! The search for the bytes: a picture that can be had at any size, and the attempts to bring it within the limit.

use super::picture::Picture;
use super::plan;
use super::rows::{Converted, InterleavedPicture};
use crate::encode::budget::{self, Attempts, Tenths};
use crate::encode::jpeg::{self, Attempt, JpegEncoder, Qualities};
use crate::encode::png;
use crate::error::Error;
use crate::formats::{self, Carried, Format};
use crate::options::{Options, OutputFormat};
use crate::pixels::Raster;
use crate::report::Loss;

/// The upright size with the source's aspect ratio within a number of pixels.
fn size_within(source: (u32, u32), pixels: u64, options: &Options) -> (u32, u32) {
    let limits = options.limits();
    let limits = limits.with_max_pixels(pixels.min(limits.max_pixels()));
    plan::fit(source.0, source.1, &limits)
}

/// How to make attempts, and how many were made.
pub(crate) struct Job<'a> {
    pub(crate) carried: Carried,
    pub(crate) qualities: Qualities,
    pub(crate) options: &'a Options,
    pub(crate) encoder: &'a mut JpegEncoder,
    pub(crate) attempts: Attempts,
    /// What of the metadata the file that was made has no room for.
    pub(crate) lost: Vec<Loss>,
}

impl Job<'_> {
    /// The best attempt within the byte limit, from interleaved pixels.
    pub(crate) fn encode(
        &mut self,
        mut picture: InterleavedPicture<'_>,
        format: Format,
        (width, height): (u32, u32),
    ) -> Result<(Vec<u8>, Option<Tenths>), Error> {
        let limit = self.options.limits().max_bytes();
        let raster = picture.raster(width, height)?;
        if format == Format::Png {
            let may_be_jpeg = self.options.format() == OutputFormat::Auto
                && !raster.layout().has_alpha()
                && raster.width().max(raster.height()) <= jpeg::MAX_SIDE
                && self.options.limits().formats().contains(Format::Jpeg);
            if !(may_be_jpeg && hopeless_as_png(&raster, limit)?) {
                let bytes = self.png(&raster, png::Effort::Balanced)?;
                let size = self.attempts.note(&bytes);
                if size <= limit {
                    return Ok((bytes, None));
                }
                if !may_be_jpeg {
                    return Ok((self.smaller_png(&mut picture, raster, size)?, None));
                }
            }
        }
        let mut converted = Converted::new(&mut picture, &raster)?;
        drop(raster);
        let (bytes, quality) = self.jpeg(&mut converted)?;
        Ok((bytes, Some(quality)))
    }

    /// The best JPEG within the byte limit: coarser down to the floor, then smaller.
    pub(crate) fn jpeg(&mut self, picture: &mut impl Picture) -> Result<(Vec<u8>, Tenths), Error> {
        let limit = self.options.limits().max_bytes();
        let (metadata, lost) = formats::jpeg::for_encoder(&self.carried);
        self.lost = lost;
        let attempt = self
            .encoder
            .within(picture, &self.qualities, &metadata, limit, &mut self.attempts.count)?;
        let size = match attempt {
            Attempt::Fits(encoded) => return Ok((encoded.bytes, encoded.quality)),
            Attempt::TooLarge(size) => size,
        };
        let floor = Qualities::only(self.qualities.floor);
        let pixels = u64::from(picture.frame().width()) * u64::from(picture.frame().height());
        drop(metadata);
        let Self {
            carried,
            options,
            encoder,
            attempts,
            ..
        } = self;
        let bytes = budget::by_size(limit, pixels, size, attempts, |pixels| {
            let (width, height) = size_within(picture.upright_size(), pixels, options);
            picture.shape(width, height)?;
            carried.set_size(width, height);
            let (metadata, _) = formats::jpeg::for_encoder(carried);
            // Counted by the search itself.
            let mut uncounted = 0;
            let attempt = encoder.within(picture, &floor, &metadata, u64::MAX, &mut uncounted)?;
            Ok(match attempt {
                Attempt::Fits(encoded) => encoded.bytes,
                Attempt::TooLarge(_) => Vec::new(),
            })
        })?;
        Ok((bytes, floor.start))
    }

    fn png(&mut self, raster: &Raster, effort: png::Effort) -> Result<Vec<u8>, Error> {
        let (bytes, lost) = png(raster, effort, &self.carried)?;
        self.lost = lost;
        Ok(bytes)
    }

    /// A PNG that was too large: first tried harder if it was close, then made smaller.
    fn smaller_png(
        &mut self,
        picture: &mut InterleavedPicture<'_>,
        raster: Raster,
        size: u64,
    ) -> Result<Vec<u8>, Error> {
        // Beyond this a harder try is not expected to be enough.
        const GAIN: f64 = 1.15;
        let limit = self.options.limits().max_bytes();
        if (size as f64) <= limit as f64 * GAIN {
            let bytes = self.png(&raster, png::Effort::High)?;
            if self.attempts.note(&bytes) <= limit {
                return Ok(bytes);
            }
        }
        let pixels = u64::from(raster.width()) * u64::from(raster.height());
        drop(raster);
        let (carried, options) = (&mut self.carried, self.options);
        budget::by_size(limit, pixels, size, &mut self.attempts, |pixels| {
            let (width, height) = size_within(picture.upright_size(), pixels, options);
            carried.set_size(width, height);
            let raster = picture.raster(width, height)?;
            png(&raster, png::Effort::Balanced, carried).map(|(bytes, _)| bytes)
        })
    }
}

/// Whether a picture is by far too large for a PNG within so many bytes, as a photo often is: trying takes most of the time
/// that it takes to prepare it.
fn hopeless_as_png(raster: &Raster, limit: u64) -> Result<bool, Error> {
    // An estimate is off by a few percent for a photo, and by up to a third for a drawing that repeats itself.
    const MARGIN: f64 = 1.4;
    let samples = raster.stride() as u64 * u64::from(raster.height());
    Ok(samples > limit && png::estimate(raster)? as f64 > limit as f64 * MARGIN)
}

fn png(raster: &Raster, effort: png::Effort, carried: &Carried) -> Result<(Vec<u8>, Vec<Loss>), Error> {
    png::encode(raster, effort).map(|bytes| formats::png::insert(bytes, carried))
}
