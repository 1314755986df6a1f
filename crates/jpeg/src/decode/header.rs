//! The frame: what a JPEG says about itself before its first scan (T.81 B.2).

use super::error::{Declined, DecodeError};
use super::limits::Limits;
use super::parser::{Event, Parser};
use crate::orientation::Orientation;
use crate::transform;

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

/// What a JPEG says about itself before its first scan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Width in pixels, at least 1.
    pub width: u16,
    /// Height in pixels, at least 1; from the DNL segment behind the first scan if the frame leaves it open.
    pub height: u16,
    /// The coding process.
    pub process: Process,
    /// What the components are, by JFIF and Adobe segments and component identifiers.
    pub color: ColorModel,
    /// The components, one or three.
    pub components: Vec<FrameComponent>,
    /// MCUs between restart markers in the first scan; 0 if there are none.
    pub restart_interval: u16,
    /// Number of components in the first scan. If it is all of them and the process is sequential, the
    /// picture is decoded in strips without holding it.
    pub first_scan_components: u8,
    /// The JFIF segment, if there is one.
    pub jfif: Option<Jfif>,
    /// The colour transform of an Adobe APP14 segment, if there is one: 0 none, 1 YCbCr, 2 YCCK.
    pub adobe_transform: Option<u8>,
}

impl Header {
    /// Reads the header, without decoding any picture data.
    ///
    /// # Errors
    ///
    /// [`DecodeError::NotJpeg`], [`DecodeError::Truncated`] or [`DecodeError::Malformed`] if it is no
    /// sound JPEG header, [`DecodeError::Declined`] if this codec does not decode such a file,
    /// [`DecodeError::Limit`] if the picture exceeds `limits`.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        Self::parse(bytes, limits).map(|(header, _, _)| header)
    }

    /// As [`Header::read`]; also hands out the parser behind the first scan header and that header.
    pub(super) fn parse<'a>(
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<(Self, Parser<'a>, super::parser::ScanHeader), DecodeError> {
        let mut parser = Parser::new(bytes)?;
        let scan = match parser.next_event(limits)? {
            Event::Scan(scan) => scan,
            Event::End { .. } => {
                return Err(DecodeError::Truncated { offset: bytes.len() });
            }
        };
        let frame = parser.frame(scan.offset)?;
        let components = frame
            .components
            .iter()
            .map(|component| FrameComponent {
                quant: parser
                    .tables
                    .quant
                    .get(usize::from(component.quant_selector))
                    .copied()
                    .flatten(),
                ..*component
            })
            .collect();
        let header = Self {
            width: frame.width,
            height: frame.height,
            process: frame.process,
            color: parser.color_model(frame),
            components,
            restart_interval: parser.tables.restart_interval,
            first_scan_components: scan.count(),
            jfif: parser.jfif,
            adobe_transform: parser.adobe_transform,
        };
        Limits::check_density(header.geometry().blocks(), bytes.len())?;
        Ok((header, parser, scan))
    }

    /// Whether the picture is decoded in strips without holding its coefficients: a sequential process
    /// whose first scan has every component.
    #[must_use]
    pub fn streams(&self) -> bool {
        self.process != Process::Progressive && usize::from(self.first_scan_components) == self.components.len()
    }

    /// The layout of blocks and MCUs.
    pub(super) fn geometry(&self) -> Geometry {
        Geometry::new(self.width, self.height, &self.components)
    }

    /// Whether the coefficients may be held within `limits` and turned without loss.
    #[must_use]
    pub fn can_turn(&self, orientation: Orientation, limits: &Limits) -> bool {
        let geometry = self.geometry();
        let max = |factor: fn(&ComponentGeometry) -> u8| geometry.components.iter().map(factor).max().unwrap_or(1);
        let factors = (max(|c| c.h), max(|c| c.v));
        geometry.check_held(limits).is_ok()
            && transform::check_size((self.width, self.height), factors, orientation).is_ok()
    }
}

/// The layout of one component's blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ComponentGeometry {
    pub(super) h: u8,
    pub(super) v: u8,
    /// Size in blocks, padded to whole MCUs of an interleaved scan (A.2.4).
    pub(super) blocks_wide: usize,
    pub(super) blocks_high: usize,
    /// Size in blocks of a scan of this component alone (A.2.2).
    pub(super) own_blocks_wide: usize,
    pub(super) own_blocks_high: usize,
}

/// The layout of blocks and MCUs of a frame (A.1.1, A.2).
///
/// A picture of one component has no interleaving: whatever sampling factors it declares, they are taken as 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) h_max: usize,
    pub(super) v_max: usize,
    pub(super) mcus_wide: usize,
    pub(super) mcus_high: usize,
    pub(super) components: Vec<ComponentGeometry>,
}

impl Geometry {
    pub(super) fn new(width: u16, height: u16, components: &[FrameComponent]) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        let factors: Vec<(u8, u8)> = if components.len() == 1 {
            vec![(1, 1)]
        } else {
            components.iter().map(|c| (c.h, c.v)).collect()
        };
        let h_max = usize::from(factors.iter().map(|f| f.0).max().unwrap_or(1));
        let v_max = usize::from(factors.iter().map(|f| f.1).max().unwrap_or(1));
        let mcus_wide = width.div_ceil(8 * h_max);
        let mcus_high = height.div_ceil(8 * v_max);
        let components = factors
            .iter()
            .map(|&(h, v)| ComponentGeometry {
                h,
                v,
                blocks_wide: mcus_wide * usize::from(h),
                blocks_high: mcus_high * usize::from(v),
                own_blocks_wide: (width * usize::from(h)).div_ceil(h_max).div_ceil(8),
                own_blocks_high: (height * usize::from(v)).div_ceil(v_max).div_ceil(8),
            })
            .collect();
        Self {
            width,
            height,
            h_max,
            v_max,
            mcus_wide,
            mcus_high,
            components,
        }
    }

    /// Checks that all coefficients may be held at once, at 16 bits.
    pub(super) fn check_held(&self, limits: &Limits) -> Result<(), DecodeError> {
        limits.check_memory(self.blocks() * 128)
    }

    /// Number of blocks of all components.
    pub(super) fn blocks(&self) -> u64 {
        self.components
            .iter()
            .map(|c| c.blocks_wide as u64 * c.blocks_high as u64)
            .sum()
    }
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
