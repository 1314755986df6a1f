//! The frame: what a JPEG says about itself before its first scan (T.81 B.2).

use super::error::DecodeError;
use super::frame::{ColorModel, FrameComponent, Jfif, Process};
use super::limits::Limits;
use super::parser::{Event, Parser};
use crate::orientation::Orientation;
use crate::transform;

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
