//! One transcoding: a picture that can be had at any size, and the attempts to bring it within the byte limit.

use crate::Orientation;
use crate::encode::budget::{self, Attempts, Tenths};
use crate::encode::jpeg::{self, Attempt, JpegEncoder, PlaneSource, Planes, Qualities, Take};
use crate::encode::png;
use crate::error::Error;
use crate::format::Format;
use crate::jpeg::encode::{Frame, Sampling};
use crate::metadata::{self, Carried};
use crate::options::{Options, OutputFormat};
use crate::pixels::Raster;
use crate::plan;
use crate::resample::{Resampler, Target};

/// An upright picture that gives its planes at any size, each time made from the source.
pub(crate) trait Picture: PlaneSource {
    /// The source's upright size in pixels.
    fn upright_size(&self) -> (u32, u32);

    /// Sets the upright size, in pixels, of the planes to be given.
    fn shape(&mut self, width: u32, height: u32) -> Result<(), Error>;
}

/// The upright size with the source's aspect ratio within a number of pixels.
fn size_within(source: (u32, u32), pixels: u64, options: &Options) -> (u32, u32) {
    let limits = options.limits();
    let limits = limits.with_max_pixels(pixels.min(limits.max_pixels()));
    plan::fit(source.0, source.1, &limits)
}

/// The interleaved road: pixels of any source, resampled in linear light and turned as a whole.
pub(crate) struct InterleavedPicture<'a> {
    pub(crate) source: Raster,
    pub(crate) orientation: Orientation,
    pub(crate) sampling: Sampling,
    pub(crate) options: &'a Options,
    pub(crate) resampler: &'a mut Resampler,
}

impl InterleavedPicture<'_> {
    /// The upright picture at a size, with 8 bits a channel: made from the source each time.
    fn raster(&mut self, width: u32, height: u32) -> Result<Raster, Error> {
        let (width, height) = self.orientation.apply_to_size(width, height);
        let small = if (width, height) == (self.source.width(), self.source.height()) {
            self.source.to_8_bits()?
        } else {
            let target = Target {
                width,
                height,
                filter: self.options.filter(),
                light: self.options.light(),
            };
            self.resampler.resample(&self.source, target)?
        };
        small.oriented(self.orientation)
    }

    fn upright_size(&self) -> (u32, u32) {
        self.orientation
            .apply_to_size(self.source.width(), self.source.height())
    }
}

/// The same with its planes in hand.
struct Converted<'p, 'a> {
    picture: &'p mut InterleavedPicture<'a>,
    planes: Planes,
}

impl<'p, 'a> Converted<'p, 'a> {
    fn new(picture: &'p mut InterleavedPicture<'a>, raster: &Raster) -> Result<Self, Error> {
        let planes = jpeg::planes(raster, picture.sampling)?;
        Ok(Self { picture, planes })
    }
}

impl PlaneSource for Converted<'_, '_> {
    fn frame(&self) -> Frame {
        self.planes.frame()
    }

    fn strips(&mut self, take: &mut Take<'_>) -> Result<(), Error> {
        self.planes.strips(take)
    }
}

impl Picture for Converted<'_, '_> {
    fn upright_size(&self) -> (u32, u32) {
        self.picture.upright_size()
    }

    fn shape(&mut self, width: u32, height: u32) -> Result<(), Error> {
        let raster = self.picture.raster(width, height)?;
        self.planes = jpeg::planes(&raster, self.picture.sampling)?;
        Ok(())
    }
}

/// How to make attempts, and how many were made.
pub(crate) struct Job<'a> {
    pub(crate) carried: Carried,
    pub(crate) qualities: Qualities,
    pub(crate) options: &'a Options,
    pub(crate) encoder: &'a mut JpegEncoder,
    pub(crate) attempts: Attempts,
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
            let bytes = self.png(&raster, png::Effort::Balanced)?;
            let size = self.attempts.note(&bytes);
            if size <= limit {
                return Ok((bytes, None));
            }
            let may_be_jpeg = self.options.format() == OutputFormat::Auto
                && !raster.layout().has_alpha()
                && raster.width().max(raster.height()) <= jpeg::MAX_SIDE
                && self.options.limits().formats().contains(Format::Jpeg);
            if !may_be_jpeg {
                return Ok((self.smaller_png(&mut picture, raster, size)?, None));
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
        // What goes in besides the picture is the same at every quality.
        let overhead = metadata::size_in_jpeg(&self.carried);
        let within = limit.saturating_sub(overhead);
        let attempt = self
            .encoder
            .within(picture, &self.qualities, within, &mut self.attempts.count)?;
        let size = match attempt {
            Attempt::Fits(encoded) => {
                return Ok((
                    metadata::insert_into_jpeg(encoded.bytes, &self.carried),
                    encoded.quality,
                ));
            }
            Attempt::TooLarge(size) => size + overhead,
        };
        let floor = Qualities::only(self.qualities.floor);
        let pixels = u64::from(picture.frame().width()) * u64::from(picture.frame().height());
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
            // Counted by the search itself.
            let mut uncounted = 0;
            let attempt = encoder.within(picture, &floor, u64::MAX, &mut uncounted)?;
            Ok(match attempt {
                Attempt::Fits(encoded) => metadata::insert_into_jpeg(encoded.bytes, carried),
                Attempt::TooLarge(_) => Vec::new(),
            })
        })?;
        Ok((bytes, floor.start))
    }

    fn png(&self, raster: &Raster, effort: png::Effort) -> Result<Vec<u8>, Error> {
        png(raster, effort, &self.carried)
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
        let (carried, options) = (&self.carried, self.options);
        budget::by_size(limit, pixels, size, &mut self.attempts, |pixels| {
            let (width, height) = size_within(picture.upright_size(), pixels, options);
            png(&picture.raster(width, height)?, png::Effort::Balanced, carried)
        })
    }
}

fn png(raster: &Raster, effort: png::Effort, carried: &Carried) -> Result<Vec<u8>, Error> {
    png::encode(raster, effort).map(|bytes| metadata::insert_into_png(bytes, carried))
}
