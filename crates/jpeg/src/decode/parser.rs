//! The parser of everything that is not entropy-coded: frame, tables, scan headers (T.81 B.2.2 to B.2.5).

use super::error::{Declined, DecodeError};
use super::frame::{ColorModel, FrameComponent, Jfif, Process, check_frame};
use super::huffman::HuffmanSpec;
use super::limits::Limits;
use super::markers::{Marker, Parameters, SegmentError, code, is_standalone, next_marker, segment_payload};
use crate::zigzag::ZIGZAG;

/// The frame header (B.2.2).
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) process: Process,
    pub(super) components: Vec<FrameComponent>,
}

/// The tables in force; later segments redefine them (B.2.4).
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    /// Quantisation tables in natural order.
    pub(super) quant: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<HuffmanSpec>; 4],
    pub(super) ac: [Option<HuffmanSpec>; 4],
    pub(super) restart_interval: u16,
}

/// One component of a scan (B.2.3).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScanComponent {
    /// Index in the frame.
    pub(super) index: usize,
    pub(super) dc_table: usize,
    pub(super) ac_table: usize,
}

/// A scan header (B.2.3).
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanHeader {
    components: [ScanComponent; 3],
    count: u8,
    /// First and last coefficient of the band in zigzag order (`Ss`, `Se`).
    pub(super) band: (u8, u8),
    /// Successive approximation, previous and present (`Ah`, `Al`).
    pub(super) approximation: (u8, u8),
    /// Position of the SOS marker.
    pub(super) offset: usize,
}

impl ScanHeader {
    pub(super) fn components(&self) -> &[ScanComponent] {
        self.components.get(..usize::from(self.count)).unwrap_or_default()
    }

    pub(super) fn count(&self) -> u8 {
        self.count
    }
}

/// What the parser stops at.
pub(super) enum Event {
    /// A scan header; its data starts at the parser's position.
    Scan(ScanHeader),
    /// The end of the picture, with or without an end-of-image marker.
    End { marked: bool },
}

/// Reads marker segments in order and keeps what they define.
#[derive(Clone, Debug)]
pub(super) struct Parser<'a> {
    bytes: &'a [u8],
    pub(super) pos: usize,
    frame: Option<Frame>,
    pub(super) tables: Tables,
    pub(super) jfif: Option<Jfif>,
    pub(super) adobe_transform: Option<u8>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if !bytes.starts_with(&[0xFF, code::SOI]) {
            return Err(DecodeError::NotJpeg);
        }
        Ok(Self {
            bytes,
            pos: 2,
            frame: None,
            tables: Tables::default(),
            jfif: None,
            adobe_transform: None,
        })
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The frame header; an error if a scan came before it.
    pub(super) fn frame(&self, offset: usize) -> Result<&Frame, DecodeError> {
        self.frame.as_ref().ok_or(DecodeError::Malformed {
            segment: "SOS",
            offset,
            reason: "a scan before the frame header",
        })
    }

    /// Reads segments until a scan starts or the picture ends.
    pub(super) fn next_event(&mut self, limits: &Limits) -> Result<Event, DecodeError> {
        loop {
            let Some((marker, after)) = next_marker(self.bytes, self.pos) else {
                self.pos = self.bytes.len();
                return Ok(Event::End { marked: false });
            };
            self.pos = after;
            if marker.code == code::EOI {
                return Ok(Event::End { marked: true });
            }
            if is_standalone(marker.code) {
                // A restart marker or a second SOI out of place; nothing follows from it.
                continue;
            }
            if (code::RES_FIRST..=code::RES_LAST).contains(&marker.code) {
                // No file has one (T.81 table B.1): a damaged marker, of a scan perhaps, which must not go unseen.
                return Err(malformed("RES", marker, "a reserved marker"));
            }
            let payload = segment_payload(self.bytes, self.pos).map_err(|error| match error {
                SegmentError::Truncated => DecodeError::Truncated {
                    offset: self.bytes.len(),
                },
                SegmentError::Length => malformed(name(marker.code), marker, "length below 2"),
            })?;
            self.pos = payload.end;
            let parameters = Parameters::new(self.bytes.get(payload).unwrap_or_default());
            match marker.code {
                code::DQT => self.quantisation_tables(marker, parameters)?,
                code::DHT => self.huffman_tables(marker, parameters)?,
                code::DRI => self.restart_interval(marker, parameters)?,
                code::SOS => return self.scan(marker, parameters).map(Event::Scan),
                // JPG is reserved; DAC conditions arithmetic coding, which a frame header would have declared.
                code::JPG | code::DAC => {}
                code::DHP | code::EXP => {
                    return Err(DecodeError::Declined(Declined::Hierarchical));
                }
                0xC0..=0xCF => self.frame_header(marker, parameters, limits)?,
                code::APP0 => self.app0(parameters),
                code::APP14 => self.app14(parameters),
                // DNL is looked up by the frame header; other APPn, COM and reserved segments do not
                // concern the decoding.
                _ => {}
            }
        }
    }

    /// DQT (B.2.4.1).
    fn quantisation_tables(&mut self, marker: Marker, mut p: Parameters<'_>) -> Result<(), DecodeError> {
        let bad = |reason| malformed("DQT", marker, reason);
        while !p.is_empty() {
            let (precision, selector) = p.nibbles().ok_or(bad("cut off"))?;
            if precision > 1 {
                return Err(bad("precision is neither 0 nor 1"));
            }
            let slot = self
                .tables
                .quant
                .get_mut(usize::from(selector))
                .ok_or(bad("table selector above 3"))?;
            let mut table = [0; 64];
            for &natural in &ZIGZAG {
                let step = if precision == 0 { p.u8().map(u16::from) } else { p.u16() };
                let step = step.ok_or(bad("fewer than 64 steps"))?;
                if step == 0 {
                    return Err(bad("a step of 0, at least 1 is needed"));
                }
                table[usize::from(natural)] = step;
            }
            *slot = Some(table);
        }
        Ok(())
    }

    /// DHT (B.2.4.2).
    fn huffman_tables(&mut self, marker: Marker, mut p: Parameters<'_>) -> Result<(), DecodeError> {
        let bad = |reason| malformed("DHT", marker, reason);
        while !p.is_empty() {
            let (class, selector) = p.nibbles().ok_or(bad("cut off"))?;
            let tables = match class {
                0 => &mut self.tables.dc,
                1 => &mut self.tables.ac,
                _ => return Err(bad("table class is neither 0 nor 1")),
            };
            let slot = tables
                .get_mut(usize::from(selector))
                .ok_or(bad("table selector above 3"))?;
            let counts: [u8; 16] = p.array().ok_or(bad("fewer than 16 code counts"))?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let symbols = p.take(total).ok_or(bad("fewer symbols than codes"))?;
            *slot = Some(HuffmanSpec::new(counts, symbols).map_err(bad)?);
        }
        Ok(())
    }

    /// DRI (B.2.4.4).
    fn restart_interval(&mut self, marker: Marker, mut p: Parameters<'_>) -> Result<(), DecodeError> {
        match (p.u16(), p.is_empty()) {
            (Some(interval), true) => {
                self.tables.restart_interval = interval;
                Ok(())
            }
            _ => Err(malformed("DRI", marker, "length is not 4")),
        }
    }

    /// SOF0 to SOF15 (B.2.2).
    fn frame_header(&mut self, marker: Marker, mut p: Parameters<'_>, limits: &Limits) -> Result<(), DecodeError> {
        let bad = |reason| malformed("SOF", marker, reason);
        if self.frame.is_some() {
            return Err(bad("a second frame header"));
        }
        let precision = p.u8().ok_or(bad("cut off"))?;
        let declared_height = p.u16().ok_or(bad("cut off"))?;
        let width = p.u16().ok_or(bad("cut off"))?;
        let count = p.u8().ok_or(bad("cut off"))?;
        let process = check_frame(marker.code, precision, count)?;
        if width == 0 {
            return Err(bad("width is 0"));
        }
        let mut components: Vec<FrameComponent> = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let id = p.u8().ok_or(bad("cut off"))?;
            let (h, v) = p.nibbles().ok_or(bad("cut off"))?;
            let quant_selector = p.u8().ok_or(bad("cut off"))?;
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
                return Err(bad("a sampling factor is not within 1 to 4"));
            }
            if quant_selector > 3 {
                return Err(bad("quantisation table selector above 3"));
            }
            if components.iter().any(|other| other.id == id) {
                return Err(bad("two components of the same identifier"));
            }
            components.push(FrameComponent {
                id,
                h,
                v,
                quant_selector,
                quant: None,
            });
        }
        if !p.is_empty() {
            return Err(bad("longer than its components"));
        }
        let h_max = components.iter().map(|c| c.h).max().unwrap_or(1);
        let v_max = components.iter().map(|c| c.v).max().unwrap_or(1);
        if components.iter().any(|c| h_max % c.h != 0 || v_max % c.v != 0) {
            return Err(DecodeError::Declined(Declined::Sampling));
        }
        let height = match declared_height {
            0 => number_of_lines(self.bytes, self.pos).ok_or(bad("height is 0 and no DNL segment defines it"))?,
            height => height,
        };
        limits.check_pixels(u64::from(width) * u64::from(height))?;
        self.frame = Some(Frame {
            width,
            height,
            process,
            components,
        });
        Ok(())
    }

    /// SOS (B.2.3).
    fn scan(&mut self, marker: Marker, mut p: Parameters<'_>) -> Result<ScanHeader, DecodeError> {
        let bad = |reason| malformed("SOS", marker, reason);
        let frame = self.frame(marker.offset)?;
        let count = p.u8().ok_or(bad("cut off"))?;
        if count == 0 || usize::from(count) > frame.components.len() {
            return Err(bad("number of components is not within 1 to that of the frame"));
        }
        let mut scan = ScanHeader {
            components: [ScanComponent::default(); 3],
            count,
            band: (0, 63),
            approximation: (0, 0),
            offset: marker.offset,
        };
        let mut previous = None;
        for slot in scan.components.iter_mut().take(usize::from(count)) {
            let id = p.u8().ok_or(bad("cut off"))?;
            let (dc_table, ac_table) = p.nibbles().ok_or(bad("cut off"))?;
            let index = frame
                .components
                .iter()
                .position(|component| component.id == id)
                .ok_or(bad("a component that the frame does not have"))?;
            if previous.is_some_and(|previous| index <= previous) {
                return Err(bad("components are not in the order of the frame"));
            }
            if dc_table > 3 || ac_table > 3 {
                return Err(bad("Huffman table selector above 3"));
            }
            previous = Some(index);
            *slot = ScanComponent {
                index,
                dc_table: usize::from(dc_table),
                ac_table: usize::from(ac_table),
            };
        }
        let band = (p.u8().ok_or(bad("cut off"))?, p.u8().ok_or(bad("cut off"))?);
        let approximation = p.nibbles().ok_or(bad("cut off"))?;
        if frame.process == Process::Progressive {
            let (first, last) = band;
            let (high, low) = approximation;
            if last > 63 || first > last || (first == 0 && last != 0) {
                return Err(bad("the band is neither 0 to 0 nor within 1 to 63"));
            }
            if first > 0 && count != 1 {
                return Err(bad("AC coefficients of more than one component"));
            }
            if low > 13 || (high != 0 && high != low + 1) {
                return Err(bad("successive approximation does not go bit by bit"));
            }
            scan.band = band;
            scan.approximation = approximation;
        }
        // A sequential scan always holds all coefficients; writers that put other numbers there
        // (G.1.1.1 does not apply to them) mean the same.
        Ok(scan)
    }

    /// The JFIF segment (ITU-T T.871 10.1); anything else in APP0 is passed over.
    fn app0(&mut self, mut p: Parameters<'_>) {
        if p.array() != Some(*b"JFIF\0") || self.jfif.is_some() {
            return;
        }
        let Some([major, minor, unit]) = p.array() else {
            return;
        };
        let (Some(x_density), Some(y_density)) = (p.u16(), p.u16()) else {
            return;
        };
        self.jfif = Some(Jfif {
            version: (major, minor),
            unit,
            x_density,
            y_density,
        });
    }

    /// The Adobe segment (ITU-T T.872 6.5.3).
    fn app14(&mut self, mut p: Parameters<'_>) {
        if p.array() != Some(*b"Adobe") {
            return;
        }
        // Version and two words of flags come first.
        if let Some([_, _, _, _, _, _, transform]) = p.array() {
            self.adobe_transform = Some(transform);
        }
    }

    /// What the components are.
    pub(super) fn color_model(&self, frame: &Frame) -> ColorModel {
        let ids: Vec<u8> = frame.components.iter().map(|component| component.id).collect();
        // A frame that was accepted has one or three.
        ColorModel::of(&ids, self.jfif.is_some(), self.adobe_transform).unwrap_or(ColorModel::YCbCr)
    }
}

/// The height in the DNL segment, which stands directly behind the data of the first scan (B.2.5), from somewhere before
/// that scan on.
pub(crate) fn number_of_lines(bytes: &[u8], mut pos: usize) -> Option<u16> {
    let mut in_scan = false;
    loop {
        let (marker, after) = next_marker(bytes, pos)?;
        pos = after;
        match marker.code {
            code::DNL => {
                let payload = segment_payload(bytes, pos).ok()?;
                let lines = Parameters::new(bytes.get(payload)?).u16()?;
                return (lines > 0).then_some(lines);
            }
            code::RST0..=code::RST7 if in_scan => {}
            _ if in_scan || marker.code == code::EOI => return None,
            _ if is_standalone(marker.code) => {}
            _ => {
                in_scan = marker.code == code::SOS;
                pos = segment_payload(bytes, pos).ok()?.end;
            }
        }
    }
}

fn malformed(segment: &'static str, marker: Marker, reason: &'static str) -> DecodeError {
    DecodeError::Malformed {
        segment,
        offset: marker.offset,
        reason,
    }
}

/// The mnemonic of a marker with parameters (table B.1).
fn name(marker: u8) -> &'static str {
    match marker {
        code::DHT => "DHT",
        code::DAC => "DAC",
        0xC0..=0xCF => "SOF",
        code::SOS => "SOS",
        code::DQT => "DQT",
        code::DNL => "DNL",
        code::DRI => "DRI",
        code::DHP => "DHP",
        code::EXP => "EXP",
        code::APP0..=code::APP15 => "APP",
        code::COM => "COM",
        _ => "reserved",
    }
}
