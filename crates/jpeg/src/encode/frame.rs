//! The geometry of a frame: sizes of planes, blocks and MCUs (T.81 A.1, A.2).

use super::EncodeError;
use crate::Coefficients;
use crate::orientation::Orientation;
use crate::transform::turn_table;

/// The colour components of a picture and how the chroma planes are subsampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sampling {
    /// One component.
    Gray,
    /// Y, Cb, Cr of the same size.
    S444,
    /// Chroma at half the width.
    S422,
    /// Chroma at half the height.
    S440,
    /// Chroma at half the width and half the height.
    S420,
}

impl Sampling {
    /// Horizontal and vertical sampling factors of the luma component; those
    /// of chroma are 1.
    #[must_use]
    pub const fn factors(self) -> (u8, u8) {
        match self {
            Self::Gray | Self::S444 => (1, 1),
            Self::S422 => (2, 1),
            Self::S440 => (1, 2),
            Self::S420 => (2, 2),
        }
    }

    /// Number of planes: 1 or 3.
    #[must_use]
    pub const fn planes(self) -> usize {
        match self {
            Self::Gray => 1,
            _ => 3,
        }
    }
}

/// Size and sampling of a picture that is given as planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    width: u16,
    height: u16,
    sampling: Sampling,
}

impl Frame {
    /// A picture of `width` × `height` pixels.
    ///
    /// # Errors
    ///
    /// [`EncodeError::EmptyPicture`] if a side is 0.
    pub const fn new(width: u16, height: u16, sampling: Sampling) -> Result<Self, EncodeError> {
        if width == 0 || height == 0 {
            return Err(EncodeError::EmptyPicture { width, height });
        }
        Ok(Self {
            width,
            height,
            sampling,
        })
    }

    /// Width in pixels.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub const fn height(&self) -> u16 {
        self.height
    }

    /// The sampling.
    #[must_use]
    pub const fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// Rows of pixels in a row of MCUs, 8 or 16: strips are multiples of it.
    #[must_use]
    pub const fn mcu_height(&self) -> usize {
        8 * self.sampling.factors().1 as usize
    }

    /// Columns and rows of samples in plane `plane`: `ceil(width / 2)` where
    /// chroma has half the width, and likewise for the height (T.81 A.1.1).
    #[must_use]
    pub const fn plane_size(&self, plane: usize) -> (usize, usize) {
        let (h, v) = self.sampling.factors();
        let (width, height) = (self.width as usize, self.height as usize);
        if plane == 0 {
            (width, height)
        } else {
            (width.div_ceil(h as usize), height.div_ceil(v as usize))
        }
    }
}

/// One component as it is laid out in blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComponentLayout {
    pub(crate) id: u8,
    pub(crate) h: usize,
    pub(crate) v: usize,
    /// Which of the frame's quantisation tables it uses.
    pub(crate) quant: usize,
    /// Which Huffman tables it uses: 0 for the first component, 1 for the others.
    pub(crate) huffman: u32,
    /// Blocks in a row that hold samples; those behind them only fill an MCU.
    pub(crate) cols: usize,
    /// Rows of blocks that hold samples.
    pub(crate) rows: usize,
}

/// A frame laid out in MCUs, with the quantisation tables that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) mcus_wide: usize,
    pub(crate) mcus_high: usize,
    pub(crate) components: Vec<ComponentLayout>,
    /// In natural order, at most three.
    pub(crate) tables: Vec<[u16; 64]>,
}

impl Layout {
    /// Lays out components given as `(id, h, v, quantisation table)`.
    ///
    /// A single component is never interleaved, so that its sampling factors
    /// have no effect (T.81 A.2.2); they are set to 1.
    fn new(width: u16, height: u16, parts: &[(u8, u8, u8, usize)], tables: Vec<[u16; 64]>) -> Self {
        let single = parts.len() == 1;
        let factor = |f: u8| if single { 1 } else { usize::from(f) };
        let h_max = parts.iter().map(|p| factor(p.1)).max().unwrap_or(1);
        let v_max = parts.iter().map(|p| factor(p.2)).max().unwrap_or(1);
        let blocks = |size: u16, f: usize, max: usize| (usize::from(size) * f).div_ceil(max * 8);
        let components = parts
            .iter()
            .enumerate()
            .map(|(index, &(id, h, v, quant))| ComponentLayout {
                id,
                h: factor(h),
                v: factor(v),
                quant,
                huffman: u32::from(index > 0),
                cols: blocks(width, factor(h), h_max),
                rows: blocks(height, factor(v), v_max),
            })
            .collect();
        Self {
            width,
            height,
            mcus_wide: usize::from(width).div_ceil(h_max * 8),
            mcus_high: usize::from(height).div_ceil(v_max * 8),
            components,
            tables,
        }
    }

    /// The layout of planes: components 1, 2, 3 with a luma and a chroma table.
    pub(crate) fn of_frame(frame: Frame, luma: &[u16; 64], chroma: &[u16; 64]) -> Self {
        let (h, v) = frame.sampling.factors();
        let (width, height) = (frame.width, frame.height);
        match frame.sampling {
            Sampling::Gray => Self::new(width, height, &[(1, 1, 1, 0)], vec![*luma]),
            _ => Self::new(
                width,
                height,
                &[(1, h, v, 0), (2, 1, 1, 1), (3, 1, 1, 1)],
                vec![*luma, *chroma],
            ),
        }
    }

    /// The layout of `coefficients`, once they are found to agree with
    /// themselves and with the standard.
    pub(crate) fn of_coefficients(coefficients: &Coefficients) -> Result<Self, EncodeError> {
        let invalid = |what| Err(EncodeError::InvalidCoefficients(what));
        let &Coefficients { width, height, .. } = coefficients;
        if width == 0 || height == 0 {
            return Err(EncodeError::EmptyPicture { width, height });
        }
        let components = &coefficients.components;
        if components.len() != 1 && components.len() != 3 {
            return invalid("the number of components is neither 1 nor 3");
        }
        let mut tables: Vec<[u16; 64]> = Vec::with_capacity(3);
        let mut parts = Vec::with_capacity(3);
        for (index, component) in components.iter().enumerate() {
            if !(1..=4).contains(&component.h) || !(1..=4).contains(&component.v) {
                return invalid("a sampling factor is not 1 to 4");
            }
            if components[..index].iter().any(|c| c.id == component.id) {
                return invalid("two components have the same identifier");
            }
            if let Some(index) = component.quant.iter().position(|&q| q == 0) {
                return Err(EncodeError::ZeroQuantiser { index });
            }
            let known = tables.iter().position(|t| *t == component.quant);
            let quant = known.unwrap_or_else(|| {
                tables.push(component.quant);
                tables.len() - 1
            });
            parts.push((component.id, component.h, component.v, quant));
        }
        let layout = Self::new(width, height, &parts, tables);
        // T.81 B.2.3: an interleaved MCU has at most ten blocks.
        if layout.components.iter().map(|c| c.h * c.v).sum::<usize>() > 10 {
            return invalid("an MCU has more than ten blocks");
        }
        for (component, placed) in components.iter().zip(&layout.components) {
            let (wide, high) = (component.blocks_wide, component.blocks_high);
            if wide < placed.cols || high < placed.rows {
                return invalid("a component has fewer blocks than the picture needs");
            }
            if wide.checked_mul(high) != Some(component.blocks.len()) {
                return invalid("a component's blocks are not blocks_wide * blocks_high");
            }
        }
        Ok(layout)
    }

    /// Gives each component a quantisation table.
    pub(crate) fn set_tables(&mut self, tables: impl Iterator<Item = [u16; 64]>) {
        self.tables.clear();
        for (component, table) in self.components.iter_mut().zip(tables) {
            let known = self.tables.iter().position(|t| *t == table);
            component.quant = known.unwrap_or_else(|| {
                self.tables.push(table);
                self.tables.len() - 1
            });
        }
    }

    /// The layout once the picture is turned.
    pub(crate) fn oriented(&self, orientation: Orientation) -> Self {
        let swap = orientation.swaps_axes();
        let parts: Vec<_> = self
            .components
            .iter()
            .map(|c| {
                let factor = |f: usize| u8::try_from(f).unwrap_or(u8::MAX);
                let (h, v) = if swap { (c.v, c.h) } else { (c.h, c.v) };
                (c.id, factor(h), factor(v), c.quant)
            })
            .collect();
        let tables = self.tables.iter().map(|t| turn_table(t, orientation));
        let (width, height) = if swap {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        };
        Self::new(width, height, &parts, tables.collect())
    }

    /// Whether baseline decoders read it: all quantisers fit 8 bits (T.81 B.2.4.1).
    pub(crate) fn is_baseline(&self) -> bool {
        self.tables.iter().flatten().all(|&q| q <= 255)
    }
}
