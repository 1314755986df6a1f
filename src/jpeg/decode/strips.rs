//! Planes in strips of MCU rows, pulled by the caller.

use std::ops::Range;

use super::chunk::Chunk;
use super::error::{DamageReport, DecodeError, Problem};
use super::header::{Geometry, Header};
use super::idct::{Steps, steps};
use super::limits::Limits;
use super::parser::{Event, Parser};
use super::planes::{Planes, Scale};
use super::reduced::inverse_row_at;
use super::scans::{Scratch, check, missing_quant, record_end};

/// Decodes a picture strip by strip; made by [`Decoder::strips`](super::Decoder::strips).
///
/// If [`Header::streams`] says so, memory does not depend on the picture's height: each strip is read from
/// the file when it is asked for. Else all scans have been read beforehand and their coefficients are held.
#[derive(Debug)]
pub struct StripDecoder<'a> {
    scratch: &'a mut Scratch,
    limits: Limits,
    header: Header,
    geometry: Geometry,
    scale: Scale,
    /// Quantisation steps of each component.
    steps: Vec<Steps>,
    /// The parser, standing behind the scan header, of a picture that streams.
    stream: Option<Parser<'a>>,
    report: DamageReport,
    mcu_rows: usize,
    next_mcu_row: usize,
}

impl<'a> StripDecoder<'a> {
    pub(super) fn new(
        scratch: &'a mut Scratch,
        limits: Limits,
        bytes: &'a [u8],
        scale: Scale,
    ) -> Result<Self, DecodeError> {
        let (header, parser, scan) = Header::parse(bytes, &limits)?;
        let geometry = header.geometry();
        let mut report = DamageReport::default();
        let mut stream = None;
        let mut quants = Vec::with_capacity(3);
        if header.streams() {
            for component in &header.components {
                quants.push(component.quant.ok_or_else(|| missing_quant(&scan))?);
            }
            scratch.prepare_sequential(&parser.tables, &scan, &geometry)?;
            let total = geometry.mcus_wide * geometry.mcus_high;
            let interval = parser.tables.restart_interval;
            scratch.intervals.start(parser.pos, 0, total, interval, &mut report);
            stream = Some(parser);
        } else {
            scratch.read_all(&header, parser, scan, &limits, &mut report)?;
            quants.extend(scratch.picture.iter().map(|component| component.quant));
        }
        Ok(Self {
            scratch,
            limits,
            header,
            geometry,
            scale,
            steps: quants.iter().map(steps).collect(),
            stream,
            report,
            mcu_rows: 1,
            next_mcu_row: 0,
        })
    }

    /// Sets how many MCU rows a strip has, at least 1 (default 1). An MCU row is eight pixels high, times the
    /// largest vertical sampling factor.
    #[must_use]
    pub fn mcu_rows(mut self, rows: usize) -> Self {
        self.mcu_rows = rows.max(1);
        self
    }

    /// The picture's header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What could not be read so far; final when [`next_strip`](Self::next_strip) has returned `None`.
    #[must_use]
    pub fn damage(&self) -> &DamageReport {
        &self.report
    }

    /// Ends decoding and hands out header and report.
    #[must_use]
    pub fn into_parts(self) -> (Header, DamageReport) {
        (self.header, self.report)
    }

    /// Decodes the next strip into `planes`, whose memory is used again.
    ///
    /// Returns the rows of the picture that the strip covers, in pixels at the chosen scale, or `None`
    /// behind the last strip. What cannot be read is mid-gray (128), or as much as earlier scans told.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Limit`] and [`DecodeError::Memory`] if `planes` cannot hold a strip, [`DecodeError::Cancelled`].
    pub fn next_strip(&mut self, planes: &mut Planes) -> Result<Option<Range<usize>>, DecodeError> {
        let first = self.next_mcu_row;
        let rows = self.mcu_rows.min(self.geometry.mcus_high - first);
        if rows == 0 {
            return Ok(None);
        }
        planes.shape(&self.geometry, self.scale, first, rows, &self.limits)?;
        for row in 0..rows {
            check(&self.scratch.cancel)?;
            match &self.stream {
                Some(parser) => {
                    let file = parser.bytes();
                    self.stream_row(file, row, planes);
                }
                None => self.held_row(first + row, row, planes),
            }
        }
        self.next_mcu_row += rows;
        if self.next_mcu_row == self.geometry.mcus_high {
            self.finish();
        }
        let size = self.scale.block_size();
        let whole = (self.geometry.height * size).div_ceil(8);
        let mcu_height = self.geometry.v_max * size;
        let start = first * mcu_height;
        Ok(Some(start..(start + rows * mcu_height).min(whole)))
    }

    /// Reads an MCU row from the file; it is row `row` of the strip.
    fn stream_row(&mut self, file: &[u8], row: usize, planes: &mut Planes) {
        let wide = self.geometry.mcus_wide;
        let mut column = 0;
        while column < wide {
            let Scratch {
                chunk,
                intervals,
                tables,
                ..
            } = &mut *self.scratch;
            chunk.read(file, intervals, tables, &mut self.report, column, wide - column);
            put_chunk(chunk, &self.steps, self.scale, row, planes);
            column += chunk.mcus;
        }
    }

    /// Transforms MCU row `mcu_row` of the held coefficients; it is row `row` of the strip.
    fn held_row(&self, mcu_row: usize, row: usize, planes: &mut Planes) {
        let size = self.scale.block_size();
        for ((plane, component), steps) in planes
            .planes_mut()
            .iter_mut()
            .zip(&self.scratch.picture)
            .zip(&self.steps)
        {
            let v = usize::from(component.v);
            let stride = plane.stride();
            for y in 0..v {
                let start = (mcu_row * v + y) * component.blocks_wide;
                let blocks = component.blocks.get(start..start + component.blocks_wide);
                let at = (row * v + y) * size * stride;
                if let (Some(blocks), Some(out)) = (blocks, plane.samples_mut().get_mut(at..)) {
                    inverse_row_at(self.scale, blocks, steps, out, stride);
                }
            }
        }
    }

    /// Sees what follows the scan of a picture that streams.
    fn finish(&mut self) {
        if let Some(mut parser) = self.stream.take() {
            parser.pos = self.scratch.intervals.finish(parser.bytes(), &mut self.report);
            let offset = parser.pos;
            if let Ok(Event::End { marked: false }) = parser.next_event(&self.limits) {
                record_end(&mut self.report, 0, offset, Problem::MissingEndOfImage);
            }
        }
    }
}

/// Transforms a chunk into row `row` of the strip.
fn put_chunk(chunk: &Chunk, steps: &[Steps], scale: Scale, row: usize, planes: &mut Planes) {
    let size = scale.block_size();
    for (place, blocks) in chunk.rows() {
        let (Some(plane), Some(steps)) = (planes.planes_mut().get_mut(place.component), steps.get(place.component))
        else {
            continue;
        };
        let stride = plane.stride();
        let at = (row * place.v + place.y) * size * stride + chunk.column * place.h * size;
        if let Some(out) = plane.samples_mut().get_mut(at..) {
            inverse_row_at(scale, blocks, steps, out, stride);
        }
    }
}
