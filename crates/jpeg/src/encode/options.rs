//! What a caller may choose.

use super::markers::Metadata;
use super::quant::{Quality, QuantTables};
use std::num::NonZeroU16;

/// How the coefficients are coded. All modes give the same pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One sequential scan with the typical Huffman tables of the standard
    /// (T.81 K.3): the fastest, and needs no memory for the picture.
    #[default]
    Sequential,
    /// One sequential scan with optimal Huffman tables: some percent smaller;
    /// holds the symbols of the picture.
    Optimised,
    /// Ten progressive scans (six for gray) with optimal Huffman tables: the
    /// smallest; holds the coefficients of the picture.
    Progressive,
}

/// Where restart markers go. The default is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RestartInterval {
    /// No restart markers.
    #[default]
    None,
    /// After so many MCUs, in progressive scans of one component after so many blocks.
    Mcus(NonZeroU16),
    /// After so many rows of MCUs; at most 65,535 MCUs.
    Rows(NonZeroU16),
}

impl RestartInterval {
    /// The interval in MCUs for a scan of this width; 0 for none.
    pub(crate) fn interval(self, mcus_wide: usize) -> u16 {
        match self {
            Self::None => 0,
            Self::Mcus(mcus) => mcus.get(),
            Self::Rows(rows) => u16::try_from(usize::from(rows.get()) * mcus_wide).unwrap_or(u16::MAX),
        }
    }
}

/// What three components mean. A single component is always gray.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Colour {
    /// Y, Cb, Cr; the file gets a JFIF segment.
    #[default]
    YCbCr,
    /// R, G, B; the file gets Adobe's APP14 segment instead of JFIF.
    Rgb,
}

/// How to encode. By default: quality 90, sequential with typical tables, no
/// restart markers, YCbCr, JFIF with a density of 1:1 and no other metadata.
#[derive(Clone, Debug)]
pub struct EncodeOptions<'a> {
    tables: QuantTables,
    pub(crate) mode: Mode,
    pub(crate) restart: RestartInterval,
    pub(crate) colour: Colour,
    pub(crate) metadata: Metadata<'a>,
    pub(crate) trellis: bool,
}

impl Default for EncodeOptions<'_> {
    fn default() -> Self {
        Self {
            tables: Quality::default().into(),
            mode: Mode::default(),
            restart: RestartInterval::default(),
            colour: Colour::default(),
            metadata: Metadata::default(),
            trellis: false,
        }
    }
}

impl<'a> EncodeOptions<'a> {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the quantisation tables from a quality. No effect on
    /// [`Coefficients`](crate::Coefficients), which have tables of their own.
    #[must_use]
    pub fn quality(self, quality: Quality) -> Self {
        self.quant_tables(quality.into())
    }

    /// Sets the quantisation tables.
    #[must_use]
    pub fn quant_tables(mut self, tables: QuantTables) -> Self {
        self.tables = tables;
        self
    }

    /// Sets the mode of coding.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets where restart markers go.
    #[must_use]
    pub fn restart(mut self, restart: RestartInterval) -> Self {
        self.restart = restart;
        self
    }

    /// Sets what three components mean.
    #[must_use]
    pub fn colour(mut self, colour: Colour) -> Self {
        self.colour = colour;
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata<'a>) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sets whether quantisation may leave out, or make smaller, coefficients that cost more bits than they bring
    /// quality (default no): fewer bytes for the same look, and more work. No effect on
    /// [`Coefficients`](crate::Coefficients), which are quantised already.
    #[must_use]
    pub fn trellis(mut self, trellis: bool) -> Self {
        self.trellis = trellis;
        self
    }

    /// The quantisation tables.
    #[must_use]
    pub const fn tables(&self) -> &QuantTables {
        &self.tables
    }
}
