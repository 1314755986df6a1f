//! Planes of samples, in strips of MCU rows, as the source of blocks.

use super::bits::Bytes;
use super::fdct::{Rows, forward_quantised_row, forward_row};
use super::frame::{Frame, Layout};
use super::group::BlockSource;
use super::picture::Picture;
use super::quant::QuantTables;
use super::quantise::{Block, Divisors, quantise_row};
use super::trellis::Trellis;
use super::{EncodeError, EncodeOptions, Encoder};

/// Samples of one component, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    samples: &'a [u8],
    stride: usize,
}

impl<'a> Plane<'a> {
    /// Rows of samples that begin `stride` samples apart. How many rows there
    /// are and how wide, says the [`Frame`]; the last row may end with its width.
    #[must_use]
    pub const fn new(samples: &'a [u8], stride: usize) -> Self {
        Self { samples, stride }
    }
}

/// Walks down a picture by strips and checks them.
#[derive(Debug)]
pub(crate) struct Strips {
    frame: Frame,
    done: usize,
}

/// A strip that was checked: for each plane its samples, stride, width and rows.
pub(crate) struct Strip<'a> {
    planes: [Option<(Plane<'a>, usize, usize)>; 3],
    /// The first row of MCUs in it and how many it has.
    pub(crate) first_mcu_row: usize,
    pub(crate) mcu_rows: usize,
    v: usize,
}

impl Strips {
    pub(crate) const fn new(frame: Frame) -> Self {
        Self { frame, done: 0 }
    }

    /// Checks the next strip of `rows` pixel rows.
    pub(crate) fn next<'a>(&mut self, rows: usize, planes: &[Plane<'a>]) -> Result<Strip<'a>, EncodeError> {
        let frame = self.frame;
        let (height, mcu_height) = (usize::from(frame.height()), frame.mcu_height());
        let done = self.done;
        let expected = frame.sampling().planes();
        if planes.len() != expected {
            return Err(EncodeError::PlaneCount {
                given: planes.len(),
                expected,
            });
        }
        let left = height - done;
        if rows > left || (rows < left && !rows.is_multiple_of(mcu_height)) {
            return Err(EncodeError::StripHeight {
                rows,
                done,
                height,
                mcu_height,
            });
        }
        let mut checked = [None; 3];
        for (index, (&plane, checked)) in planes.iter().zip(&mut checked).enumerate() {
            let (width, _) = frame.plane_size(index);
            let v = if index == 0 { 1 } else { mcu_height / 8 };
            let rows = rows.div_ceil(v);
            if rows > 1 && plane.stride < width {
                return Err(EncodeError::Stride {
                    plane: index,
                    stride: plane.stride,
                    width,
                });
            }
            let needed = match rows.checked_sub(1) {
                Some(full) => full.saturating_mul(plane.stride).saturating_add(width),
                None => 0,
            };
            if plane.samples.len() < needed {
                return Err(EncodeError::PlaneTooShort {
                    plane: index,
                    given: plane.samples.len(),
                    needed,
                });
            }
            *checked = Some((plane, width, rows));
        }
        self.done += rows;
        Ok(Strip {
            planes: checked,
            first_mcu_row: done / mcu_height,
            mcu_rows: rows.div_ceil(mcu_height),
            v: mcu_height / 8,
        })
    }

    /// Checks that all rows were there.
    pub(crate) fn end(&self) -> Result<(), EncodeError> {
        let (done, height) = (self.done, usize::from(self.frame.height()));
        if done < height {
            return Err(EncodeError::MissingRows { done, height });
        }
        Ok(())
    }
}

impl Strip<'_> {
    /// The samples of a row of blocks from block `col` on; below the picture the
    /// last row is repeated. `None` if there are none.
    fn rows(&self, component: usize, row: usize, col: usize) -> Option<Rows<'_>> {
        let v = if component == 0 { self.v } else { 1 };
        let (plane, width, rows) = (*self.planes.get(component)?)?;
        let top = row.checked_sub(self.first_mcu_row * v)? * 8;
        let last = rows.checked_sub(1)?;
        let mut out: Rows<'_> = [&[]; 8];
        for (i, out) in out.iter_mut().enumerate() {
            let start = (top + i).min(last) * plane.stride;
            *out = plane.samples.get(start + col * 8..start + width)?;
        }
        Some(out)
    }

    /// The transform of a row of blocks without quantisation.
    pub(crate) fn transform(&self, component: usize, row: usize, blocks: &mut [Block]) {
        if let Some(rows) = self.rows(component, row, 0) {
            forward_row(&rows, blocks);
        }
    }
}

/// How the blocks of a frame are quantised.
pub(crate) struct Quantiser {
    /// Of luma and chroma.
    divisors: [Divisors; 2],
    trellis: Option<Trellis>,
}

impl Quantiser {
    pub(crate) fn new(tables: &QuantTables, trellis: bool) -> Self {
        Self {
            divisors: [Divisors::new(&tables.luma), Divisors::new(&tables.chroma)],
            trellis: trellis.then(|| Trellis::new(tables)),
        }
    }

    fn divisors(&self, component: usize) -> &Divisors {
        &self.divisors[component.min(1)]
    }

    /// Quantises what the transform gave.
    pub(crate) fn quantise(&self, component: usize, held: &[Block], blocks: &mut [Block], masks: &mut [u64]) {
        if let Some(trellis) = &self.trellis {
            blocks.copy_from_slice(held);
            trellis.quantise(component, blocks, masks);
        } else {
            quantise_row(held, self.divisors(component), blocks, masks);
        }
    }

    /// Transforms and quantises samples.
    fn transform(&self, component: usize, rows: &Rows<'_>, blocks: &mut [Block], masks: &mut [u64]) {
        if let Some(trellis) = &self.trellis {
            forward_row(rows, blocks);
            trellis.quantise(component, blocks, masks);
        } else {
            forward_quantised_row(rows, self.divisors(component), blocks, masks);
        }
    }
}

/// A strip that is transformed and quantised as its blocks are asked for.
struct QuantisedStrip<'a> {
    strip: &'a Strip<'a>,
    quantiser: &'a Quantiser,
}

impl BlockSource for QuantisedStrip<'_> {
    fn fill(&self, component: usize, row: usize, col: usize, blocks: &mut [Block], masks: &mut [u64]) {
        if let Some(rows) = self.strip.rows(component, row, col) {
            self.quantiser.transform(component, &rows, blocks, masks);
        }
    }
}

/// Encodes a picture whose planes come in strips, from top to bottom: see
/// [`Encoder::start`].
pub struct StripEncoder<'a> {
    picture: Picture<'a, Bytes<'a>>,
    strips: Strips,
    quantiser: Quantiser,
}

impl<'a> StripEncoder<'a> {
    pub(crate) fn new(
        encoder: &'a mut Encoder,
        frame: Frame,
        options: &EncodeOptions<'a>,
        out: &'a mut Vec<u8>,
    ) -> Result<Self, EncodeError> {
        let tables = options.tables();
        let layout = Layout::of_frame(frame, &tables.luma, &tables.chroma);
        let sink = Bytes::new(out);
        Ok(Self {
            picture: Picture::start(layout, options, &mut encoder.scratch, sink)?,
            strips: Strips::new(frame),
            quantiser: Quantiser::new(tables, options.trellis),
        })
    }

    /// Takes the next `rows` rows of the picture. `planes` hold just these rows,
    /// subsampled planes accordingly fewer (`rows / 2`, rounded up). Every strip
    /// but the last is a multiple of [`Frame::mcu_height`].
    ///
    /// # Errors
    ///
    /// [`EncodeError::PlaneCount`], [`EncodeError::StripHeight`],
    /// [`EncodeError::Stride`] and [`EncodeError::PlaneTooShort`] if the strip is
    /// not what the frame says; the encoder can go on with a right one.
    /// [`EncodeError::OutOfMemory`] if the output or what is held of the picture
    /// cannot grow.
    pub fn push(&mut self, rows: usize, planes: &[Plane<'_>]) -> Result<(), EncodeError> {
        let strip = self.strips.next(rows, planes)?;
        let source = QuantisedStrip {
            strip: &strip,
            quantiser: &self.quantiser,
        };
        for _ in 0..strip.mcu_rows {
            self.picture.push_row(&source)?;
        }
        Ok(())
    }

    /// Writes what is left of the picture.
    ///
    /// # Errors
    ///
    /// [`EncodeError::MissingRows`] if not all rows were pushed,
    /// [`EncodeError::OutOfMemory`] if the output cannot grow.
    pub fn finish(self) -> Result<(), EncodeError> {
        self.strips.end()?;
        self.picture.finish()?;
        Ok(())
    }
}
