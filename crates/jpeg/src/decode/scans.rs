//! Scans into held coefficients: progressive pictures, pictures of several scans, and whoever wants the
//! coefficients themselves.

use super::chunk::{Chunk, ScanPart};
use super::error::{Damage, DamageReport, DecodeError, Problem};
use super::frame::Process;
use super::header::{Geometry, Header};
use super::intervals::{Intervals, Run};
use super::limits::Limits;
use super::parser::{Event, Parser, ScanHeader, Tables};
use super::planes::resize;
use super::progressive::{Band, DcComponent, MAX_MCUS, decode_ac, decode_dc};
use super::sequential::{MAX_BLOCK_BYTES, SequentialTables};
use super::standard::standard_table;
use crate::cancel::CancelToken;
use crate::coefficients::Component;

/// Memory of a decoder that outlives a picture.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) intervals: Intervals,
    pub(super) tables: SequentialTables,
    pub(super) parts: Vec<ScanPart>,
    pub(super) chunk: Chunk,
    /// The held picture.
    pub(super) picture: Vec<Component>,
    pub(super) cancel: CancelToken,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self {
            intervals: Intervals::default(),
            tables: SequentialTables::new(),
            parts: Vec::with_capacity(3),
            chunk: Chunk::default(),
            picture: Vec::new(),
            cancel: CancelToken::new(),
        }
    }

    /// Fills the tables that a sequential scan uses and lays out the chunk.
    pub(super) fn prepare_sequential(
        &mut self,
        tables: &Tables,
        scan: &ScanHeader,
        geometry: &Geometry,
    ) -> Result<(), DecodeError> {
        self.parts.clear();
        for component in scan.components() {
            let (dc, ac) = (component.dc_table, component.ac_table);
            // Motion JPEG frames go without the tables of annex K.
            let dc_spec = tables.dc.get(dc).and_then(Option::as_ref);
            let dc_spec = dc_spec.or_else(|| standard_table(0, dc));
            let ac_spec = tables.ac.get(ac).and_then(Option::as_ref);
            let ac_spec = ac_spec.or_else(|| standard_table(1, ac));
            match (
                self.tables.dc.get_mut(dc).zip(dc_spec),
                self.tables.ac.get_mut(ac).zip(ac_spec),
            ) {
                (Some((dc, dc_spec)), Some((ac, ac_spec))) => {
                    dc.fill(dc_spec);
                    ac.fill(ac_spec);
                }
                _ => return Err(missing_table(scan)),
            }
            let (h, v) = factors(geometry, scan, component.index);
            self.parts.push(ScanPart {
                index: component.index,
                dc_table: dc,
                ac_table: ac,
                h,
                v,
            });
        }
        self.chunk.lay_out(&self.parts)
    }

    /// Reads every scan of a picture into `self.picture`.
    pub(super) fn read_all(
        &mut self,
        header: &Header,
        mut parser: Parser<'_>,
        first: ScanHeader,
        limits: &Limits,
        report: &mut DamageReport,
    ) -> Result<(), DecodeError> {
        let geometry = header.geometry();
        self.make_room(header, &geometry, limits)?;
        let mut seen = [false; 3];
        let mut visits = 0;
        let mut number = 0;
        let mut scan = first;
        loop {
            limits.check_scans(number + 1)?;
            for component in scan.components() {
                let layout = geometry.components.get(component.index);
                visits += layout.map_or(0, |c| c.blocks_wide as u64 * c.blocks_high as u64);
            }
            Limits::check_visits(visits, parser.bytes().len())?;
            match self.read_scan(header, &geometry, &mut parser, &scan, number, &mut seen, report) {
                Ok(()) => {}
                Err(error) if number == 0 || error == DecodeError::Cancelled => return Err(error),
                Err(_) => {
                    record_end(report, number, scan.offset, Problem::ScanHeader);
                    break;
                }
            }
            number += 1;
            let offset = parser.pos;
            match parser.next_event(limits) {
                Ok(Event::Scan(next)) => scan = next,
                Ok(Event::End { marked: true }) => break,
                Ok(Event::End { marked: false }) => {
                    record_end(report, number, offset, Problem::MissingEndOfImage);
                    break;
                }
                Err(_) => {
                    record_end(report, number, offset, Problem::ScanHeader);
                    break;
                }
            }
        }
        for (index, (seen, component)) in (0u8..).zip(seen.iter().zip(&geometry.components)) {
            if !seen {
                let mcus = component.own_blocks_wide * component.own_blocks_high;
                report.add_mcus(mcus);
                report.record(Damage {
                    scan: number,
                    first_mcu: 0,
                    mcus: u32::try_from(mcus).unwrap_or(u32::MAX),
                    offset: parser.pos,
                    problem: Problem::MissingScan(index),
                });
            }
        }
        Ok(())
    }

    fn make_room(&mut self, header: &Header, geometry: &Geometry, limits: &Limits) -> Result<(), DecodeError> {
        geometry.check_held(limits)?;
        make_rows(&mut self.picture, header, geometry, geometry.mcus_high)
    }

    #[expect(clippy::too_many_arguments, reason = "one caller, and each is a part of its state")]
    fn read_scan(
        &mut self,
        header: &Header,
        geometry: &Geometry,
        parser: &mut Parser<'_>,
        scan: &ScanHeader,
        number: u32,
        seen: &mut [bool; 3],
        report: &mut DamageReport,
    ) -> Result<(), DecodeError> {
        for part in scan.components() {
            let selector = header.components.get(part.index).map(|c| c.quant_selector);
            let table = selector.and_then(|s| parser.tables.quant.get(usize::from(s)).copied());
            if let (Some(component), Some(seen)) = (self.picture.get_mut(part.index), seen.get_mut(part.index)) {
                // The table that counts is the one in force when the component first appears.
                if !*seen {
                    component.quant = table.flatten().ok_or_else(|| missing_quant(scan))?;
                    *seen = true;
                }
            }
        }
        let single = match scan.components() {
            [part] => geometry.components.get(part.index),
            _ => None,
        };
        let (wide, high) = match single {
            Some(layout) => (layout.own_blocks_wide, layout.own_blocks_high),
            None => (geometry.mcus_wide, geometry.mcus_high),
        };
        let interval = parser.tables.restart_interval;
        let total = wide * high;
        let file = parser.bytes();
        if header.process == Process::Progressive {
            let band = Band {
                first: usize::from(scan.band.0),
                last: usize::from(scan.band.1),
                low: u32::from(scan.approximation.1),
                refines: scan.approximation.0 > 0,
            };
            self.fill_progressive(&parser.tables, scan, band)?;
            self.intervals.start(parser.pos, number, total, interval, report);
            if band.first == 0 {
                self.read_dc(file, geometry, scan, band, (wide, total), report)?;
            } else {
                self.read_ac(file, scan, band, (wide, total), report)?;
            }
        } else {
            self.prepare_sequential(&parser.tables, scan, geometry)?;
            self.intervals.start(parser.pos, number, total, interval, report);
            for row in 0..high {
                check(&self.cancel)?;
                self.read_sequential_row(file, row, wide, report);
            }
        }
        parser.pos = self.intervals.finish(file, report);
        Ok(())
    }

    /// Reads an MCU row of a sequential scan into the held picture.
    fn read_sequential_row(&mut self, file: &[u8], row: usize, wide: usize, report: &mut DamageReport) {
        let mut column = 0;
        while column < wide {
            self.chunk
                .read(file, &mut self.intervals, &self.tables, report, column, wide - column);
            for (place, blocks) in self.chunk.rows() {
                let Some(component) = self.picture.get_mut(place.component) else {
                    continue;
                };
                let start = (row * place.v + place.y) * component.blocks_wide + column * place.h;
                if let Some(to) = component.blocks.get_mut(start..start + blocks.len()) {
                    to.copy_from_slice(blocks);
                }
            }
            column += self.chunk.mcus;
        }
    }

    /// Fills the tables that a progressive scan uses; refinement of DC uses none.
    fn fill_progressive(&mut self, tables: &Tables, scan: &ScanHeader, band: Band) -> Result<(), DecodeError> {
        for component in scan.components() {
            let filled = if band.first > 0 {
                let table = self.tables.ac.get_mut(component.ac_table);
                let spec = tables.ac.get(component.ac_table).and_then(Option::as_ref);
                table.zip(spec).map(|(table, spec)| table.symbols.fill(spec))
            } else if !band.refines {
                let table = self.tables.dc.get_mut(component.dc_table);
                let spec = tables.dc.get(component.dc_table).and_then(Option::as_ref);
                table.zip(spec).map(|(table, spec)| table.fill(spec))
            } else {
                Some(())
            };
            filled.ok_or_else(|| missing_table(scan))?;
        }
        Ok(())
    }

    fn read_dc(
        &mut self,
        file: &[u8],
        geometry: &Geometry,
        scan: &ScanHeader,
        band: Band,
        (wide, total): (usize, usize),
        report: &mut DamageReport,
    ) -> Result<(), DecodeError> {
        let parts: Vec<DcComponent> = scan
            .components()
            .iter()
            .map(|component| {
                let (h, v) = factors(geometry, scan, component.index);
                DcComponent {
                    index: component.index,
                    table: component.dc_table,
                    h,
                    v,
                }
            })
            .collect();
        let mut predictions = [0; 4];
        let mut mcu = 0;
        while mcu < total {
            check(&self.cancel)?;
            let want = MAX_MCUS.min(total - mcu);
            match self.intervals.next_run(file, want, report) {
                Run::Lost(lost) => mcu += lost,
                Run::Read { mcus, reset } => {
                    if reset {
                        predictions = [0; 4];
                    }
                    // A DC coefficient takes at most 31 bits, an MCU has at most 48.
                    self.intervals.entropy.ensure(file, mcus * 48 * 4 + 8);
                    let range = mcu..mcu + mcus;
                    let (read, problem) = decode_dc(
                        &mut self.intervals.entropy,
                        self.tables.dc.each_ref(),
                        &parts,
                        band,
                        &mut predictions,
                        &mut self.picture,
                        (range, wide),
                    );
                    self.intervals.advance(read);
                    mcu += read;
                    if let Some(problem) = problem {
                        self.intervals.fail(file, problem, report);
                    }
                }
            }
        }
        Ok(())
    }

    fn read_ac(
        &mut self,
        file: &[u8],
        scan: &ScanHeader,
        band: Band,
        (wide, total): (usize, usize),
        report: &mut DamageReport,
    ) -> Result<(), DecodeError> {
        let Some((part, component)) = scan
            .components()
            .first()
            .and_then(|part| Some((part, self.picture.get_mut(part.index)?)))
        else {
            return Ok(());
        };
        let Some(table) = self.tables.ac.get(part.ac_table) else {
            return Ok(());
        };
        let mut end_of_band = 0;
        let mut mcu = 0;
        while mcu < total {
            let (row, column) = (mcu / wide, mcu % wide);
            if column == 0 {
                check(&self.cancel)?;
            }
            let want = MAX_MCUS.min(wide - column);
            match self.intervals.next_run(file, want, report) {
                Run::Lost(lost) => mcu += lost,
                Run::Read { mcus, reset } => {
                    if reset {
                        end_of_band = 0;
                    }
                    self.intervals.entropy.ensure(file, mcus * MAX_BLOCK_BYTES + 8);
                    let start = row * component.blocks_wide + column;
                    let range = start..start + mcus;
                    let blocks = component.blocks.get_mut(range).unwrap_or_default();
                    let (read, problem) = decode_ac(
                        &mut self.intervals.entropy,
                        &table.symbols,
                        band,
                        &mut end_of_band,
                        blocks,
                    );
                    self.intervals.advance(read);
                    mcu += read;
                    if let Some(problem) = problem {
                        self.intervals.fail(file, problem, report);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Components that hold `rows` rows of MCUs, in the memory that they had.
pub(super) fn make_rows(
    picture: &mut Vec<Component>,
    header: &Header,
    geometry: &Geometry,
    rows: usize,
) -> Result<(), DecodeError> {
    picture.truncate(geometry.components.len());
    for (index, (layout, component)) in geometry.components.iter().zip(&header.components).enumerate() {
        let mut blocks = match picture.get_mut(index) {
            Some(old) => std::mem::take(&mut old.blocks),
            None => Vec::new(),
        };
        let high = rows * usize::from(layout.v);
        blocks.clear();
        resize(&mut blocks, layout.blocks_wide * high)?;
        let new = Component {
            id: component.id,
            h: layout.h,
            v: layout.v,
            quant: [1; 64],
            blocks_wide: layout.blocks_wide,
            blocks_high: high,
            blocks,
        };
        match picture.get_mut(index) {
            Some(slot) => *slot = new,
            None => picture.push(new),
        }
    }
    Ok(())
}

/// Ends what was cancelled.
pub(super) fn check(cancel: &CancelToken) -> Result<(), DecodeError> {
    if cancel.is_cancelled() {
        return Err(DecodeError::Cancelled);
    }
    Ok(())
}

/// Blocks of a component in an MCU of a scan (A.2.2, A.2.3).
pub(super) fn factors(geometry: &Geometry, scan: &ScanHeader, index: usize) -> (usize, usize) {
    match geometry.components.get(index) {
        Some(layout) if scan.count() > 1 => (usize::from(layout.h), usize::from(layout.v)),
        _ => (1, 1),
    }
}

/// Notes something about the file as a whole that loses no MCU of a scan that was begun.
pub(super) fn record_end(report: &mut DamageReport, scan: u32, offset: usize, problem: Problem) {
    report.record(Damage {
        scan,
        first_mcu: 0,
        mcus: 0,
        offset,
        problem,
    });
}

pub(super) fn missing_quant(scan: &ScanHeader) -> DecodeError {
    DecodeError::Malformed {
        segment: "SOS",
        offset: scan.offset,
        reason: "a component's quantisation table is not defined",
    }
}

pub(super) fn missing_table(scan: &ScanHeader) -> DecodeError {
    DecodeError::Malformed {
        segment: "SOS",
        offset: scan.offset,
        reason: "a component's Huffman table is not defined",
    }
}
