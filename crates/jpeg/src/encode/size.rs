//! Size before bytes: the forward DCT of a picture, held so that any quality
//! can be tried on it.

use super::EncodeError;
use super::frame::{Frame, Layout};
use super::group::BlockSource;
use super::planes::{Plane, Quantiser, Strips};
use super::quant::QuantTables;
use super::quantise::Block;
use crate::zeroed;
use crate::{Coefficients, Component};

/// The coefficients of a picture before quantisation: 2 bytes for each sample.
///
/// Give it to [`Encoder::unquantised_size`](super::Encoder::unquantised_size)
/// with one quality after the other, then to
/// [`Encoder::encode_unquantised`](super::Encoder::encode_unquantised).
#[derive(Debug)]
pub struct UnquantisedCoefficients {
    frame: Frame,
    strips: Strips,
    components: Vec<Unquantised>,
}

/// The blocks of one component that hold samples, row by row.
#[derive(Debug, Default)]
struct Unquantised {
    cols: usize,
    rows: usize,
    blocks: Vec<Block>,
}

impl UnquantisedCoefficients {
    /// Gets memory for a picture whose planes will be pushed.
    ///
    /// # Errors
    ///
    /// [`EncodeError::OutOfMemory`].
    pub fn new(frame: Frame) -> Result<Self, EncodeError> {
        let mut this = Self {
            frame,
            strips: Strips::new(frame),
            components: Vec::new(),
        };
        this.reset(frame)?;
        Ok(this)
    }

    /// Begins another picture and keeps the memory of the last one.
    ///
    /// # Errors
    ///
    /// [`EncodeError::OutOfMemory`]; reset it to a smaller picture then, before
    /// anything else is done with it.
    pub fn reset(&mut self, frame: Frame) -> Result<(), EncodeError> {
        let layout = Layout::of_frame(frame, &[1; 64], &[1; 64]);
        (self.frame, self.strips) = (frame, Strips::new(frame));
        let count = layout.components.len();
        self.components.resize_with(count, Unquantised::default);
        for (component, placed) in self.components.iter_mut().zip(&layout.components) {
            (component.cols, component.rows) = (placed.cols, placed.rows);
            let count = placed.cols.checked_mul(placed.rows);
            let count = count.ok_or(EncodeError::OutOfMemory)?;
            // What is there will be written over.
            zeroed::resize(&mut component.blocks, count)?;
        }
        Ok(())
    }

    /// Transforms whole planes.
    ///
    /// # Errors
    ///
    /// [`EncodeError::PlaneCount`], [`EncodeError::Stride`] or
    /// [`EncodeError::PlaneTooShort`] if the planes do not fit the frame,
    /// [`EncodeError::OutOfMemory`].
    pub fn from_planes(frame: Frame, planes: &[Plane<'_>]) -> Result<Self, EncodeError> {
        let mut this = Self::new(frame)?;
        this.push(usize::from(frame.height()), planes)?;
        Ok(this)
    }

    /// Transforms the next `rows` rows of the picture; see
    /// [`StripEncoder::push`](super::StripEncoder::push).
    ///
    /// # Errors
    ///
    /// [`EncodeError::PlaneCount`], [`EncodeError::StripHeight`],
    /// [`EncodeError::Stride`] or [`EncodeError::PlaneTooShort`] if the strip is
    /// not what the frame says.
    pub fn push(&mut self, rows: usize, planes: &[Plane<'_>]) -> Result<(), EncodeError> {
        let strip = self.strips.next(rows, planes)?;
        let (_, v) = self.frame.sampling().factors();
        for (index, component) in self.components.iter_mut().enumerate() {
            let v = if index == 0 { usize::from(v) } else { 1 };
            let first = strip.first_mcu_row * v;
            let end = (first + strip.mcu_rows * v).min(component.rows);
            for row in first..end {
                let start = row * component.cols;
                let blocks = &mut component.blocks[start..start + component.cols];
                strip.transform(index, row, blocks);
            }
        }
        Ok(())
    }

    /// The size and sampling.
    #[must_use]
    pub const fn frame(&self) -> Frame {
        self.frame
    }

    /// Quantises: what a decoder would read from the encoded picture, except
    /// that blocks which only fill an MCU are 0.
    ///
    /// # Errors
    ///
    /// [`EncodeError::MissingRows`] if not all rows were pushed,
    /// [`EncodeError::OutOfMemory`].
    pub fn quantise(&self, tables: &QuantTables) -> Result<Coefficients, EncodeError> {
        let source = self.source(tables, false)?;
        let layout = self.layout(tables);
        let mut components = Vec::with_capacity(layout.components.len());
        for (index, placed) in layout.components.iter().enumerate() {
            let blocks_wide = layout.mcus_wide * placed.h;
            let blocks_high = layout.mcus_high * placed.v;
            let count = blocks_wide.checked_mul(blocks_high).ok_or(EncodeError::OutOfMemory)?;
            let mut blocks = Vec::new();
            zeroed::resize(&mut blocks, count)?;
            let mut masks = vec![0; placed.cols];
            for (row, line) in blocks.chunks_exact_mut(blocks_wide).take(placed.rows).enumerate() {
                source.fill(index, row, 0, &mut line[..placed.cols], &mut masks);
            }
            let factor = |f: usize| u8::try_from(f).unwrap_or(u8::MAX);
            components.push(Component {
                id: placed.id,
                h: factor(placed.h),
                v: factor(placed.v),
                quant: layout.tables[placed.quant],
                blocks_wide,
                blocks_high,
                blocks,
            });
        }
        Ok(Coefficients {
            width: layout.width,
            height: layout.height,
            components,
        })
    }

    pub(crate) fn layout(&self, tables: &QuantTables) -> Layout {
        Layout::of_frame(self.frame, &tables.luma, &tables.chroma)
    }

    pub(crate) fn source(&self, tables: &QuantTables, trellis: bool) -> Result<impl BlockSource, EncodeError> {
        self.strips.end()?;
        Ok(Quantised {
            components: &self.components,
            quantiser: Quantiser::new(tables, trellis),
        })
    }
}

/// Held coefficients, quantised as they are asked for.
struct Quantised<'a> {
    components: &'a [Unquantised],
    quantiser: Quantiser,
}

impl BlockSource for Quantised<'_> {
    fn fill(&self, component: usize, row: usize, col: usize, blocks: &mut [Block], masks: &mut [u64]) {
        let held = &self.components[component];
        let start = row * held.cols + col;
        let held = &held.blocks[start..start + blocks.len()];
        self.quantiser.quantise(component, held, blocks, masks);
    }
}
