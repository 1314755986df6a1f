//! Component planes as the decoder hands them out: no upsampling, no colour conversion.

use bytemuck::Zeroable;

use super::error::DecodeError;
use super::header::Geometry;
use super::limits::Limits;
use crate::zeroed::{self, NoMemory};

/// The size that planes are decoded to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Every sample.
    #[default]
    Full,
    /// Half the width and height: four by four samples of a block.
    Half,
    /// A quarter: two by two samples of a block.
    Quarter,
    /// An eighth: one sample of a block, its mean.
    Eighth,
}

impl Scale {
    /// Width and height of a block in samples: 8, 4, 2 or 1.
    #[must_use]
    pub fn block_size(self) -> usize {
        match self {
            Self::Full => 8,
            Self::Half => 4,
            Self::Quarter => 2,
            Self::Eighth => 1,
        }
    }
}

/// Samples of one component, or some rows of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plane {
    samples: Vec<u8>,
    width: usize,
    height: usize,
    stride: usize,
    first_row: usize,
}

impl Plane {
    /// Width in samples: that of the picture times the component's share of the largest sampling factor,
    /// scaled, rounded up.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows held.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Samples from one row to the next; what is behind `width` pads the last blocks.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Which row of the whole plane the first one held is.
    #[must_use]
    pub fn first_row(&self) -> usize {
        self.first_row
    }

    /// The rows, `stride` samples each, the padding included; there may be rows of padding behind the last.
    #[must_use]
    pub fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// The rows held, `width` samples each.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.samples
            .chunks_exact(self.stride.max(1))
            .take(self.height)
            .map(|row| row.get(..self.width).unwrap_or(row))
    }

    pub(super) fn samples_mut(&mut self) -> &mut [u8] {
        &mut self.samples
    }
}

/// The planes of a picture, or a strip of them, in the order of the components.
///
/// Made empty, filled by the decoder, and meant to be used again: memory once had is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planes {
    planes: Vec<Plane>,
}

impl Planes {
    /// No planes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The planes, one or three.
    #[must_use]
    pub fn planes(&self) -> &[Plane] {
        &self.planes
    }

    pub(super) fn planes_mut(&mut self) -> &mut [Plane] {
        &mut self.planes
    }

    /// Makes room for the MCU rows `first_mcu_row` and following, `mcu_rows` of them.
    pub(super) fn shape(
        &mut self,
        geometry: &Geometry,
        scale: Scale,
        first_mcu_row: usize,
        mcu_rows: usize,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        let size = scale.block_size();
        let bytes: u64 = geometry
            .components
            .iter()
            .map(|c| (c.blocks_wide * size) as u64 * (mcu_rows * usize::from(c.v) * size) as u64)
            .sum();
        limits.check_memory(bytes)?;
        self.planes.resize_with(geometry.components.len(), Plane::default);
        for (plane, component) in self.planes.iter_mut().zip(&geometry.components) {
            let rows_per_mcu = usize::from(component.v) * size;
            let whole_height = (geometry.height * rows_per_mcu).div_ceil(8 * geometry.v_max);
            plane.width = (geometry.width * usize::from(component.h) * size).div_ceil(8 * geometry.h_max);
            plane.stride = component.blocks_wide * size;
            plane.first_row = first_mcu_row * rows_per_mcu;
            plane.height = whole_height
                .saturating_sub(plane.first_row)
                .min(mcu_rows * rows_per_mcu);
            resize(&mut plane.samples, plane.stride * mcu_rows * rows_per_mcu)?;
        }
        Ok(())
    }
}

/// Resizes without ending the program when memory is short; what is there already stays as it is.
pub(super) fn resize<T: Zeroable + Clone>(items: &mut Vec<T>, len: usize) -> Result<(), DecodeError> {
    zeroed::resize(items, len).map_err(|NoMemory(bytes)| DecodeError::Memory { bytes })
}
