//! The road of rows: pixels of any source, resampled in linear light and turned as a whole, for a PNG, or for a JPEG's
//! planes.

use super::picture::Picture;
use crate::Orientation;
use crate::encode::jpeg::{self, PlaneSource, Planes, Take};
use crate::error::Error;
use crate::options::Options;
use crate::pixels::Raster;
use crate::resample::{Resampler, Target};
use photofit_jpeg::encode::{Frame, Sampling};

/// Pixels of any source, at any size.
pub(crate) struct InterleavedPicture<'a> {
    pub(crate) source: Raster,
    pub(crate) orientation: Orientation,
    pub(crate) sampling: Sampling,
    pub(crate) options: &'a Options,
    pub(crate) resampler: &'a mut Resampler,
}

impl InterleavedPicture<'_> {
    /// The upright picture at a size, with 8 bits a channel: made from the source each time.
    pub(super) fn raster(&mut self, width: u32, height: u32) -> Result<Raster, Error> {
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

    pub(super) fn upright_size(&self) -> (u32, u32) {
        self.orientation
            .apply_to_size(self.source.width(), self.source.height())
    }
}

/// The same with its planes in hand.
pub(super) struct Converted<'p, 'a> {
    picture: &'p mut InterleavedPicture<'a>,
    planes: Planes,
}

impl<'p, 'a> Converted<'p, 'a> {
    pub(super) fn new(picture: &'p mut InterleavedPicture<'a>, raster: &Raster) -> Result<Self, Error> {
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
