//! The terms of a frame header: process, colour model, components (T.81 B.2.2).

use super::error::{Declined, DecodeError};

/// The coding process of the frame (T.81 B.1.1.3, table B.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Process {
    /// Baseline sequential, SOF0.
    Baseline,
    /// Extended sequential with Huffman coding and 8 bits, SOF1.
    ExtendedSequential,
    /// Progressive with Huffman coding and 8 bits, SOF2.
    Progressive,
    /// Lossless with Huffman coding, SOF3; declined.
    Lossless,
    /// Sequential, progressive or lossless with arithmetic coding, SOF9 to SOF11; declined.
    Arithmetic,
    /// Any of the hierarchical processes, SOF5 to SOF7 and SOF13 to SOF15; declined.
    Hierarchical,
}

impl Process {
    /// That of a frame header with this marker.
    pub(crate) fn of(marker: u8) -> Self {
        match marker {
            0xC0 => Self::Baseline,
            0xC1 => Self::ExtendedSequential,
            0xC2 => Self::Progressive,
            0xC3 => Self::Lossless,
            0xC9..=0xCB => Self::Arithmetic,
            _ => Self::Hierarchical,
        }
    }
}

/// What the components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColorModel {
    /// One component, luma.
    Gray,
    /// Luma and two differences, as JFIF and ITU-R BT.601 define them, full range.
    YCbCr,
    /// Red, green, blue.
    Rgb,
    /// Four inks; declined.
    Cmyk,
    /// Four inks, the first three coded as YCbCr (Adobe); declined.
    Ycck,
}

impl ColorModel {
    /// What components with these identifiers are: JFIF says YCbCr; else the Adobe segment decides; else the identifiers.
    /// `None` for two, and for more than four.
    pub(crate) fn of(ids: &[u8], jfif: bool, adobe_transform: Option<u8>) -> Option<Self> {
        Some(match (ids.len(), adobe_transform) {
            (1, _) => Self::Gray,
            (3, _) if jfif => Self::YCbCr,
            (3, Some(0)) => Self::Rgb,
            (3, None) if ids == b"RGB" => Self::Rgb,
            (3, _) => Self::YCbCr,
            (4, Some(2)) => Self::Ycck,
            (4, _) => Self::Cmyk,
            _ => return None,
        })
    }
}

/// The sample density of a JFIF APP0 segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Jfif {
    /// Major and minor version.
    pub version: (u8, u8),
    /// Unit of the densities: 0 none (an aspect ratio), 1 dots per inch, 2 dots per centimetre.
    pub unit: u8,
    /// Horizontal density.
    pub x_density: u16,
    /// Vertical density.
    pub y_density: u16,
}

/// One component of the frame header (T.81 B.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameComponent {
    /// Component identifier (`C_i`).
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4 (`H_i`).
    pub h: u8,
    /// Vertical sampling factor, 1 to 4 (`V_i`).
    pub v: u8,
    /// Selector of its quantisation table, 0 to 3 (`Tq_i`).
    pub quant_selector: u8,
    /// That table in natural order, if it is defined before the first scan.
    pub quant: Option<[u16; 64]>,
}

/// Checks the parameters of a frame header that decide whether this codec takes the file.
pub(super) fn check_frame(marker: u8, precision: u8, components: u8) -> Result<Process, DecodeError> {
    let process = Process::of(marker);
    match process {
        Process::Baseline | Process::ExtendedSequential | Process::Progressive => {}
        Process::Lossless => return Err(DecodeError::Declined(Declined::Lossless)),
        Process::Arithmetic => return Err(DecodeError::Declined(Declined::Arithmetic)),
        Process::Hierarchical => return Err(DecodeError::Declined(Declined::Hierarchical)),
    }
    if precision != 8 {
        return Err(DecodeError::Declined(Declined::Precision(precision)));
    }
    if !matches!(components, 1 | 3) {
        return Err(DecodeError::Declined(Declined::Components(components)));
    }
    Ok(process)
}
