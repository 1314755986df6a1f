//! Planes in strips of MCU rows, pulled by the caller.

use std::ops::Range;

use super::chunk::{Chunk, ScanPart};
use super::error::{DamageReport, DecodeError, Problem};
use super::frame::Process;
use super::header::{Geometry, Header};
use super::idct::{Steps, steps};
use super::in_step::InStep;
use super::intervals::Intervals;
use super::limits::Limits;
use super::parser::{Event, Parser};
use super::planes::{Planes, Scale};
use super::reduced::inverse_row_at;
use super::scans::{Scratch, check, make_rows, missing_quant, record_end};
use super::sequential::SequentialTables;
use crate::cancel::CancelToken;
use crate::coefficients::Component;

/// Decodes a picture strip by strip; made by [`Decoder::strips`](super::Decoder::strips).
///
/// If [`Header::streams`] says so, or if the process is progressive, memory does not depend on the picture's height: each
/// strip is read from the file when it is asked for, from all scans of a progressive picture in step. Else all scans have been
/// read beforehand and their coefficients are held.
#[derive(Debug)]
pub struct StripDecoder<'a> {
    picture: StripFiller<'a>,
    walk: StripReader<'a>,
    report: DamageReport,
}

/// What all strips of a picture have in common.
#[derive(Debug)]
pub struct StripFiller<'a> {
    file: &'a [u8],
    limits: Limits,
    header: Header,
    geometry: Geometry,
    scale: Scale,
    /// Quantisation steps of each component.
    steps: Vec<Steps>,
    /// Of the scan of a picture that streams.
    tables: &'a SequentialTables,
    parts: &'a [ScanPart],
    interval: u16,
    /// The coefficients of a picture that does not.
    held: &'a [Component],
    cancel: &'a CancelToken,
}

/// How far the picture has been read.
#[derive(Debug)]
pub struct StripReader<'a> {
    intervals: &'a mut Intervals,
    chunk: &'a mut Chunk,
    /// The parser, standing behind the scan header, of a picture that streams.
    stream: Option<Parser<'a>>,
    /// The scans of a progressive picture, and room for a row of its MCUs.
    in_step: Option<(InStep, Vec<Component>)>,
    mcu_rows: usize,
    next_mcu_row: usize,
    /// Whether restart intervals are left to others: until a marker is not where it should be.
    by_intervals: bool,
}

/// A strip that [`StripReader::begin`] begins and [`StripFiller::fill`] fills, and the memory for that.
#[derive(Debug, Default)]
pub struct Strip {
    /// Its samples.
    pub planes: Planes,
    /// MCU rows of the picture, and what is to be done to have them.
    rows: Range<usize>,
    todo: Todo,
    intervals: Intervals,
    chunk: Chunk,
    /// Coefficients of its rows, of a progressive picture.
    coefficients: Vec<Component>,
    /// What was met in it.
    pub report: DamageReport,
}

#[derive(Clone, Copy, Debug, Default)]
enum Todo {
    #[default]
    Nothing,
    /// To be read from this place of the file.
    Read(usize),
    /// To be transformed from the held coefficients.
    Transform,
    /// To be transformed from the strip's own.
    TransformOwn,
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
        let interval = parser.tables.restart_interval;
        let mut report = DamageReport::default();
        let mut stream = None;
        let mut in_step = None;
        let mut quants = Vec::with_capacity(3);
        if header.streams() {
            for component in &header.components {
                quants.push(component.quant.ok_or_else(|| missing_quant(&scan))?);
            }
            scratch.prepare_sequential(&parser.tables, &scan, &geometry)?;
            let total = geometry.mcus_wide * geometry.mcus_high;
            scratch.intervals.start(parser.pos, 0, total, interval, &mut report);
            stream = Some(parser);
        } else if header.process == Process::Progressive {
            let scans = InStep::new(&header, parser, scan, &limits, &mut report)?;
            quants.extend(scans.quants(header.components.len()));
            let mut row = std::mem::take(&mut scratch.picture);
            make_rows(&mut row, &header, &geometry, 1)?;
            in_step = Some((scans, row));
        } else {
            scratch.read_all(&header, parser, scan, &limits, &mut report)?;
            quants.extend(scratch.picture.iter().map(|component| component.quant));
        }
        let Scratch {
            intervals,
            tables,
            parts,
            chunk,
            picture,
            cancel,
        } = scratch;
        Ok(Self {
            picture: StripFiller {
                file: bytes,
                limits,
                header,
                geometry,
                scale,
                steps: quants.iter().map(steps).collect(),
                tables,
                parts,
                interval,
                held: picture,
                cancel,
            },
            walk: StripReader {
                intervals,
                chunk,
                stream,
                in_step,
                mcu_rows: 1,
                next_mcu_row: 0,
                by_intervals: false,
            },
            report,
        })
    }

    /// Sets how many MCU rows a strip has, at least 1 (default 1). An MCU row is eight pixels high, times the
    /// largest vertical sampling factor.
    #[must_use]
    pub fn mcu_rows(mut self, rows: usize) -> Self {
        self.walk.mcu_rows = rows.max(1);
        self
    }

    /// The picture's header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.picture.header
    }

    /// What could not be read so far; final when [`next_strip`](Self::next_strip) has returned `None`.
    #[must_use]
    pub fn damage(&self) -> &DamageReport {
        &self.report
    }

    /// Ends decoding and hands out header and report.
    #[must_use]
    pub fn into_parts(self) -> (Header, DamageReport) {
        (self.picture.header, self.report)
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
        let (picture, walk) = (&self.picture, &mut self.walk);
        let rows = walk.next_rows(picture);
        if rows.is_empty() {
            return Ok(None);
        }
        if walk.stream.is_some() {
            walk.read(picture, &rows, planes, &mut self.report)?;
        } else if walk.in_step.is_some() {
            walk.read_in_step(picture, &rows, planes, &mut self.report)?;
        } else {
            picture.transform(&rows, planes)?;
        }
        let size = picture.scale.block_size();
        let whole = (picture.geometry.height * size).div_ceil(8);
        let mcu_height = picture.geometry.v_max * size;
        Ok(Some(rows.start * mcu_height..(rows.end * mcu_height).min(whole)))
    }

    /// Lets restart intervals be read by several threads, in strips of so many MCU rows or of fewer, if that makes
    /// them end where an interval ends.
    pub fn by_intervals(mut self, mcu_rows: usize) -> Self {
        let (interval, wide) = (usize::from(self.picture.interval), self.picture.geometry.mcus_wide);
        let unit = (1..=mcu_rows).find(|rows| interval > 0 && (rows * wide).is_multiple_of(interval));
        self.walk.by_intervals = unit.is_some();
        self.mcu_rows(mcu_rows - mcu_rows % unit.unwrap_or(1))
    }

    /// The parts for several threads: one of them walks over the picture and begins strips, any of them fills those.
    ///
    /// What the strips met is theirs; what is met before and behind them is in [`into_parts`](Self::into_parts).
    pub fn parts(&mut self) -> (&StripFiller<'a>, &mut StripReader<'a>) {
        (&self.picture, &mut self.walk)
    }
}

impl StripReader<'_> {
    /// Takes the MCU rows of the next strip; there are none behind the last.
    fn next_rows(&mut self, picture: &StripFiller<'_>) -> Range<usize> {
        let first = self.next_mcu_row;
        self.next_mcu_row = first.saturating_add(self.mcu_rows).min(picture.geometry.mcus_high);
        first..self.next_mcu_row
    }

    /// Begins the next strip; `false` if there are no more.
    ///
    /// What only one thread can do is done here: all, unless the strip consists of whole restart intervals or of held
    /// coefficients.
    ///
    /// # Errors
    /// Those of [`Decoder::planes`](super::Decoder::planes).
    pub fn begin(&mut self, picture: &StripFiller<'_>, strip: &mut Strip) -> Result<bool, DecodeError> {
        let rows = self.next_rows(picture);
        strip.rows = rows.clone();
        strip.report = DamageReport::default();
        if rows.is_empty() {
            return Ok(false);
        }
        if self.in_step.is_some() && picture.scale != Scale::Full {
            // A transform to fewer samples takes next to nothing, and the coefficients much more room than they.
            strip.todo = Todo::Nothing;
            self.read_in_step(picture, &rows, &mut strip.planes, &mut strip.report)?;
            return Ok(true);
        }
        if let Some((scans, row_of_all)) = &mut self.in_step {
            make_rows(&mut strip.coefficients, &picture.header, &picture.geometry, rows.len())?;
            for (row, mcu_row) in rows.clone().enumerate() {
                check(picture.cancel)?;
                scans.read_row(picture.file, &picture.geometry, mcu_row, row_of_all);
                for (to, from) in strip.coefficients.iter_mut().zip(row_of_all.iter()) {
                    let start = row * from.blocks.len();
                    if let Some(to) = to.blocks.get_mut(start..start + from.blocks.len()) {
                        to.copy_from_slice(&from.blocks);
                    }
                }
            }
            strip.todo = Todo::TransformOwn;
            self.finish_in_step(picture, &rows, &mut strip.report);
            return Ok(true);
        }
        if self.stream.is_none() {
            strip.todo = Todo::Transform;
            return Ok(true);
        }
        if self.by_intervals && rows.end < picture.geometry.mcus_high {
            let mcus = rows.len() * picture.geometry.mcus_wide;
            if let Some(start) = self.intervals.pass_over(picture.file, mcus, &mut strip.report) {
                strip.todo = Todo::Read(start);
                return Ok(true);
            }
            // No second look: it might go over the whole file each time.
            self.by_intervals = false;
        }
        strip.todo = Todo::Nothing;
        self.read(picture, &rows, &mut strip.planes, &mut strip.report)?;
        Ok(true)
    }

    /// Reads the next MCU rows of a progressive picture, and transforms them.
    fn read_in_step(
        &mut self,
        picture: &StripFiller<'_>,
        rows: &Range<usize>,
        planes: &mut Planes,
        report: &mut DamageReport,
    ) -> Result<(), DecodeError> {
        picture.shape(rows, planes)?;
        if let Some((scans, coefficients)) = &mut self.in_step {
            for (row, mcu_row) in rows.clone().enumerate() {
                check(picture.cancel)?;
                scans.read_row(picture.file, &picture.geometry, mcu_row, coefficients);
                picture.transform_row(coefficients, 0, row, planes);
            }
        }
        self.finish_in_step(picture, rows, report);
        Ok(())
    }

    /// Behind the last row of a progressive picture: tells what was met in its scans.
    fn finish_in_step(&mut self, picture: &StripFiller<'_>, rows: &Range<usize>, report: &mut DamageReport) {
        if rows.end == picture.geometry.mcus_high
            && let Some((scans, _)) = self.in_step.take()
        {
            scans.finish(picture.file, report);
        }
    }

    /// Reads the next MCU rows from the file, and what follows the last of them.
    fn read(
        &mut self,
        picture: &StripFiller<'_>,
        rows: &Range<usize>,
        planes: &mut Planes,
        report: &mut DamageReport,
    ) -> Result<(), DecodeError> {
        picture.read(self.intervals, self.chunk, rows, planes, report)?;
        if rows.end == picture.geometry.mcus_high
            && let Some(mut parser) = self.stream.take()
        {
            parser.pos = self.intervals.finish(picture.file, report);
            let offset = parser.pos;
            if let Ok(Event::End { marked: false }) = parser.next_event(&picture.limits) {
                record_end(report, 0, offset, Problem::MissingEndOfImage);
            }
        }
        Ok(())
    }
}

impl StripFiller<'_> {
    /// Does what is left to do for a strip.
    ///
    /// # Errors
    /// Those of [`Decoder::planes`](super::Decoder::planes).
    pub fn fill(&self, strip: &mut Strip) -> Result<(), DecodeError> {
        match std::mem::take(&mut strip.todo) {
            Todo::Nothing => Ok(()),
            Todo::Transform => self.transform(&strip.rows, &mut strip.planes),
            Todo::TransformOwn => {
                self.shape(&strip.rows, &mut strip.planes)?;
                for row in 0..strip.rows.len() {
                    check(self.cancel)?;
                    self.transform_row(&strip.coefficients, row, row, &mut strip.planes);
                }
                Ok(())
            }
            Todo::Read(start) => {
                strip.chunk.lay_out(self.parts)?;
                let wide = self.geometry.mcus_wide;
                let mcus = (strip.rows.start * wide, wide * self.geometry.mcus_high);
                let (intervals, report) = (&mut strip.intervals, &mut strip.report);
                intervals.start_at(start, 0, mcus, self.interval);
                self.read(intervals, &mut strip.chunk, &strip.rows, &mut strip.planes, report)?;
                intervals.finish(self.file, report);
                Ok(())
            }
        }
    }

    fn shape(&self, rows: &Range<usize>, planes: &mut Planes) -> Result<(), DecodeError> {
        planes.shape(&self.geometry, self.scale, rows.start, rows.len(), &self.limits)
    }

    /// Reads MCU rows from the file, where `intervals` stands.
    fn read(
        &self,
        intervals: &mut Intervals,
        chunk: &mut Chunk,
        rows: &Range<usize>,
        planes: &mut Planes,
        report: &mut DamageReport,
    ) -> Result<(), DecodeError> {
        self.shape(rows, planes)?;
        let wide = self.geometry.mcus_wide;
        for row in 0..rows.len() {
            check(self.cancel)?;
            let mut column = 0;
            while column < wide {
                chunk.read(self.file, intervals, self.tables, report, column, wide - column);
                self.put_chunk(chunk, row, planes);
                column += chunk.mcus;
            }
        }
        Ok(())
    }

    /// Transforms a chunk into row `row` of the strip.
    fn put_chunk(&self, chunk: &Chunk, row: usize, planes: &mut Planes) {
        let size = self.scale.block_size();
        for (place, blocks) in chunk.rows() {
            let plane = planes.planes_mut().get_mut(place.component);
            let Some((plane, steps)) = plane.zip(self.steps.get(place.component)) else {
                continue;
            };
            let stride = plane.stride();
            let at = (row * place.v + place.y) * size * stride + chunk.column * place.h * size;
            if let Some(out) = plane.samples_mut().get_mut(at..) {
                inverse_row_at(self.scale, blocks, steps, out, stride);
            }
        }
    }

    /// Transforms MCU rows of the held coefficients.
    fn transform(&self, rows: &Range<usize>, planes: &mut Planes) -> Result<(), DecodeError> {
        self.shape(rows, planes)?;
        for (row, mcu_row) in rows.clone().enumerate() {
            check(self.cancel)?;
            self.transform_row(self.held, mcu_row, row, planes);
        }
        Ok(())
    }

    /// Transforms row `from` of MCUs of `coefficients` into row `row` of the strip.
    fn transform_row(&self, coefficients: &[Component], from: usize, row: usize, planes: &mut Planes) {
        let size = self.scale.block_size();
        let planes = planes.planes_mut().iter_mut();
        for ((plane, component), steps) in planes.zip(coefficients).zip(&self.steps) {
            let v = usize::from(component.v);
            let stride = plane.stride();
            for y in 0..v {
                let start = (from * v + y) * component.blocks_wide;
                let blocks = component.blocks.get(start..start + component.blocks_wide);
                let at = (row * v + y) * size * stride;
                if let (Some(blocks), Some(out)) = (blocks, plane.samples_mut().get_mut(at..)) {
                    inverse_row_at(self.scale, blocks, steps, out, stride);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    use super::super::{Decoder, Limits};
    use super::*;

    /// A picture of noise, 6 by 20 MCUs, with restart intervals of so many MCUs.
    fn picture(interval: u16) -> Vec<u8> {
        let (width, height) = (90, 318);
        let samples: Vec<u8> = (0..width * height * 3_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3] / 2)
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 80);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.set_restart_interval(interval);
        encoder.encode(&samples, 90, 318, ColorType::Rgb).unwrap();
        bytes
    }

    /// Strip by strip on one thread.
    fn one_by_one(bytes: &[u8], rows: usize) -> (Vec<Planes>, DamageReport) {
        let mut decoder = Decoder::new(Limits::default());
        let mut strips = decoder.strips(bytes, Scale::Full).unwrap().mcu_rows(rows);
        let mut all = Vec::new();
        let mut planes = Planes::new();
        while strips.next_strip(&mut planes).unwrap().is_some() {
            all.push(planes.clone());
        }
        (all, strips.into_parts().1)
    }

    /// All begun first, then filled from the last to the first; how many were left to others, too.
    fn in_parts(bytes: &[u8], rows: usize) -> (Vec<Planes>, DamageReport, usize, usize) {
        let mut decoder = Decoder::new(Limits::default());
        let mut source = decoder.strips(bytes, Scale::Full).unwrap().by_intervals(rows);
        let (picture, walk) = source.parts();
        let rows = walk.mcu_rows;
        let mut strips = Vec::new();
        let mut strip = Strip::default();
        while walk.begin(picture, &mut strip).unwrap() {
            strips.push(std::mem::take(&mut strip));
        }
        let left = strips
            .iter()
            .filter(|strip| matches!(strip.todo, Todo::Read(_)))
            .count();
        for strip in strips.iter_mut().rev() {
            picture.fill(strip).unwrap();
        }
        let mut report = source.into_parts().1;
        for strip in &mut strips {
            report.absorb(&mut strip.report);
        }
        let all = strips.into_iter().map(|strip| strip.planes).collect();
        (all, report, left, rows)
    }

    #[test]
    fn intervals_read_in_any_order_give_the_same_picture() {
        // Strips of four rows (or three, to hold whole intervals) are all left to others, but for the last.
        for (interval, rows, expected) in [(6, 4, 4), (12, 4, 4), (2, 4, 4), (4, 4, 4), (18, 3, 6), (24, 4, 4)] {
            let bytes = picture(interval);
            let (all, report, left, strip_rows) = in_parts(&bytes, 4);
            assert_eq!((left, strip_rows), (expected, rows), "interval {interval}");
            assert!((all, report) == one_by_one(&bytes, rows), "interval {interval}");
        }
        // None, and those that end with too few strips.
        for interval in [0, 5, 7, 30, 1000] {
            let bytes = picture(interval);
            let (all, report, left, rows) = in_parts(&bytes, 4);
            assert_eq!((left, rows), (0, 4), "interval {interval}");
            assert!((all, report) == one_by_one(&bytes, 4), "interval {interval}");
        }
    }

    #[test]
    fn damage_is_the_same_whoever_reads_the_intervals() {
        let mut seed = 9_u32;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below
        };
        let (mut damaged, mut left_of_damaged) = (0, 0);
        for round in 0..300 {
            let interval = [2, 6, 12][round % 3];
            let mut bytes = picture(interval);
            let scan = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 14;
            for _ in 0..=random(3) {
                let at = scan + random(bytes.len() - scan);
                match random(4) {
                    0 => bytes[at] = 0xFF,
                    1 => bytes[at] ^= 1 << random(8),
                    2 => drop(bytes.drain(at..(at + random(2000)).min(bytes.len()))),
                    // A restart marker, due or not.
                    _ => drop(bytes.splice(at..at, [0xFF, 0xD0 + random(8).to_le_bytes()[0]])),
                }
            }
            let (all, report, left, rows) = in_parts(&bytes, 4);
            if !report.is_empty() {
                damaged += 1;
                left_of_damaged += usize::from(left > 0);
            }
            assert!((all, report) == one_by_one(&bytes, rows), "round {round}");
        }
        assert!(damaged > 200 && left_of_damaged > 100, "{damaged} {left_of_damaged}");
    }
}
