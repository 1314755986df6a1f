//! Progressive pictures without holding them: all scans in step. Each scan has a reader of its own, and a row of MCUs is
//! read from all of them before the next row is begun.

use super::bits::ends_scan;
use super::error::{Damage, DamageReport, DecodeError, Problem};
use super::frame::Process;
use super::header::{Geometry, Header};
use super::huffman::SymbolTable;
use super::intervals::{Intervals, Run};
use super::limits::Limits;
use super::markers::{code, next_marker};
use super::parser::{Event, Parser, ScanHeader, Tables};
use super::progressive::{Band, DcComponent, decode_ac, decode_dc};
use super::scans::{factors, missing_quant, missing_table, record_end};
use super::sequential::MAX_BLOCK_BYTES;
use crate::coefficients::Component;

/// Bytes of entropy-coded data that all scans have in hand together, in as many parts as there are scans.
const DATA: usize = 1 << 18;
/// The most and the fewest bytes of one scan: half of them must hold the MCUs that are read at a time.
const MOST: usize = 1 << 14;
const FEWEST: usize = 1 << 10;
/// Bytes of data for each MCU that is read at a time.
const FOR_EACH: usize = 2 * (MAX_BLOCK_BYTES + 8);

/// The scans of a picture, read row by row.
#[derive(Debug)]
pub(super) struct InStep {
    scans: Vec<Scan>,
    /// The quantisation table of each component that has been seen.
    quants: [Option<[u16; 64]>; 3],
    /// What was met behind the scans, or in their headers.
    end: DamageReport,
    /// MCUs that are read at a time.
    most: usize,
    /// The table of scans that use none.
    unused: SymbolTable,
}

/// A scan, and how far it has been read.
#[derive(Debug)]
struct Scan {
    intervals: Intervals,
    band: Band,
    coded: Coded,
    /// MCUs in a row of the scan.
    wide: usize,
    /// The component of a scan of one component, whose blocks are its MCUs (T.81 A.2.2).
    single: Option<usize>,
    /// Where a marker stands in or behind the data that no scan has.
    odd: Option<usize>,
    report: DamageReport,
}

#[derive(Debug)]
enum Coded {
    Dc {
        parts: Vec<DcComponent>,
        /// Those that it uses, at their selectors.
        tables: [Option<Box<SymbolTable>>; 4],
        predictions: [i32; 4],
    },
    Ac {
        component: usize,
        table: Box<SymbolTable>,
        end_of_band: u32,
    },
}

impl InStep {
    /// Finds all scans of a progressive picture, of which `first` is the first; `report` gets the count of their MCUs.
    ///
    /// # Errors
    /// Those of the first scan, and [`DecodeError::Limit`]; what is wrong with a later scan ends the picture there.
    pub(super) fn new(
        header: &Header,
        mut parser: Parser<'_>,
        first: ScanHeader,
        limits: &Limits,
        report: &mut DamageReport,
    ) -> Result<Self, DecodeError> {
        debug_assert_eq!(header.process, Process::Progressive);
        let geometry = header.geometry();
        let mut all = Self {
            scans: Vec::new(),
            quants: [None; 3],
            end: DamageReport::default(),
            most: 1,
            unused: SymbolTable::new(),
        };
        let mut visits = 0;
        let mut scan = first;
        loop {
            let number = u32::try_from(all.scans.len()).unwrap_or(u32::MAX);
            limits.check_scans(number + 1)?;
            for component in scan.components() {
                let layout = geometry.components.get(component.index);
                visits += layout.map_or(0, |c| c.blocks_wide as u64 * c.blocks_high as u64);
            }
            Limits::check_visits(visits, parser.bytes().len())?;
            match all.add(header, &geometry, &mut parser, &scan, number, report) {
                Ok(()) => {}
                Err(error) if number == 0 => return Err(error),
                Err(_) => {
                    record_end(&mut all.end, number, scan.offset, Problem::ScanHeader);
                    break;
                }
            }
            let (number, offset) = (number + 1, parser.pos);
            match parser.next_event(limits) {
                Ok(Event::Scan(next)) => scan = next,
                Ok(Event::End { marked: true }) => break,
                Ok(Event::End { marked: false }) => {
                    record_end(&mut all.end, number, offset, Problem::MissingEndOfImage);
                    break;
                }
                Err(_) => {
                    record_end(&mut all.end, number, offset, Problem::ScanHeader);
                    break;
                }
            }
        }
        let count = u32::try_from(all.scans.len()).unwrap_or(u32::MAX);
        for (index, (quant, component)) in (0u8..).zip(all.quants.iter().zip(&geometry.components)) {
            if quant.is_none() {
                let mcus = component.own_blocks_wide * component.own_blocks_high;
                report.add_mcus(mcus);
                all.end.record(Damage {
                    scan: count,
                    first_mcu: 0,
                    mcus: u32::try_from(mcus).unwrap_or(u32::MAX),
                    offset: parser.pos,
                    problem: Problem::MissingScan(index),
                });
            }
        }
        let capacity = (DATA / all.scans.len().max(1)).clamp(FEWEST, MOST);
        all.most = (capacity / FOR_EACH).max(1);
        for scan in &mut all.scans {
            scan.intervals.entropy.hold(capacity);
        }
        Ok(all)
    }

    /// Adds a scan, behind whose header the parser stands, and takes the parser behind its data.
    fn add(
        &mut self,
        header: &Header,
        geometry: &Geometry,
        parser: &mut Parser<'_>,
        scan: &ScanHeader,
        number: u32,
        report: &mut DamageReport,
    ) -> Result<(), DecodeError> {
        let mut quants = self.quants;
        for part in scan.components() {
            let selector = header.components.get(part.index).map(|c| c.quant_selector);
            let table = selector.and_then(|s| parser.tables.quant.get(usize::from(s)).copied());
            if let Some(quant @ None) = quants.get_mut(part.index) {
                // The table that counts is the one in force when the component first appears.
                *quant = Some(table.flatten().ok_or_else(|| missing_quant(scan))?);
            }
        }
        let single = match scan.components() {
            [part] => geometry.components.get(part.index).map(|layout| (part.index, layout)),
            _ => None,
        };
        let (wide, high) = match single {
            Some((_, layout)) => (layout.own_blocks_wide, layout.own_blocks_high),
            None => (geometry.mcus_wide, geometry.mcus_high),
        };
        let band = Band {
            first: usize::from(scan.band.0),
            last: usize::from(scan.band.1),
            low: u32::from(scan.approximation.1),
            refines: scan.approximation.0 > 0,
        };
        let coded = Coded::of(geometry, &parser.tables, scan, band)?;
        self.quants = quants;
        let interval = parser.tables.restart_interval;
        let start = parser.pos;
        let (end, odd) = behind(parser.bytes(), start, interval > 0);
        parser.pos = end;
        let mut intervals = Intervals::default();
        // Data that fits whole is in hand whole.
        intervals.entropy.hold(MOST.min(end - start + 8));
        intervals.start_at(start, number, (0, wide * high), interval);
        report.add_mcus(wide * high);
        self.scans.push(Scan {
            intervals,
            band,
            coded,
            wide,
            single: single.map(|(index, _)| index),
            odd,
            report: DamageReport::default(),
        });
        Ok(())
    }

    /// The quantisation table of each component; ones for those that no scan has.
    pub(super) fn quants(&self, components: usize) -> impl Iterator<Item = [u16; 64]> {
        self.quants
            .into_iter()
            .take(components)
            .map(|quant| quant.unwrap_or([1; 64]))
    }

    /// Reads row `row` of MCUs from every scan into components that hold that row alone.
    pub(super) fn read_row(&mut self, file: &[u8], geometry: &Geometry, row: usize, picture: &mut [Component]) {
        for component in &mut *picture {
            component.blocks.fill([0; 64]);
        }
        for scan in &mut self.scans {
            match scan.single.and_then(|index| geometry.components.get(index)) {
                None => scan.read_row(file, 0, self.most, picture, &self.unused),
                Some(layout) => {
                    let v = usize::from(layout.v);
                    for block_row in row * v..((row + 1) * v).min(layout.own_blocks_high) {
                        scan.read_row(file, block_row - row * v, self.most, picture, &self.unused);
                    }
                }
            }
        }
    }

    /// Ends all scans, and tells what was met in them, scan by scan.
    pub(super) fn finish(mut self, file: &[u8], report: &mut DamageReport) {
        for (number, scan) in (1..).zip(&mut self.scans) {
            scan.intervals.finish(file, &mut scan.report);
            if let Some(offset) = scan.odd
                && scan.report.is_empty()
            {
                // It stands behind the data, where the next header should be.
                record_end(&mut scan.report, number, offset, Problem::ScanHeader);
            }
            report.absorb(&mut scan.report);
        }
        report.absorb(&mut self.end);
    }
}

impl Coded {
    fn of(geometry: &Geometry, tables: &Tables, scan: &ScanHeader, band: Band) -> Result<Self, DecodeError> {
        if band.first > 0 {
            let Some(part) = scan.components().first() else {
                return Err(missing_table(scan));
            };
            let spec = tables.ac.get(part.ac_table).and_then(Option::as_ref);
            let mut table = Box::new(SymbolTable::new());
            table.fill(spec.ok_or_else(|| missing_table(scan))?);
            return Ok(Self::Ac {
                component: part.index,
                table,
                end_of_band: 0,
            });
        }
        let mut filled = [const { None }; 4];
        let parts = scan.components().iter().map(|part| {
            // Refinement of DC uses no table.
            if !band.refines {
                let spec = tables.dc.get(part.dc_table).and_then(Option::as_ref);
                let slot: Option<&mut Option<Box<SymbolTable>>> = filled.get_mut(part.dc_table);
                let (slot, spec) = slot.zip(spec).ok_or_else(|| missing_table(scan))?;
                slot.get_or_insert_with(|| Box::new(SymbolTable::new())).fill(spec);
            }
            let (h, v) = factors(geometry, scan, part.index);
            Ok(DcComponent {
                index: part.index,
                table: part.dc_table,
                h,
                v,
            })
        });
        Ok(Self::Dc {
            parts: parts.collect::<Result<_, DecodeError>>()?,
            tables: filled,
            predictions: [0; 4],
        })
    }
}

impl Scan {
    /// Reads the next row of MCUs, which is row `row` of what `picture` holds.
    fn read_row(&mut self, file: &[u8], row: usize, most: usize, picture: &mut [Component], unused: &SymbolTable) {
        let mut column = 0;
        while column < self.wide {
            let want = most.min(self.wide - column);
            let (mcus, reset) = match self.intervals.next_run(file, want, &mut self.report) {
                Run::Lost(lost) => {
                    column += lost;
                    continue;
                }
                Run::Read { mcus, reset } => (mcus, reset),
            };
            let entropy = &mut self.intervals.entropy;
            let (read, problem) = match &mut self.coded {
                Coded::Dc {
                    parts,
                    tables,
                    predictions,
                } => {
                    if reset {
                        *predictions = [0; 4];
                    }
                    // A DC coefficient takes at most 31 bits, an MCU has at most 48.
                    entropy.ensure(file, mcus * 48 * 4 + 8);
                    let start = row * self.wide + column;
                    let range = (start..start + mcus, self.wide);
                    let tables = tables.each_ref().map(|table| table.as_deref().unwrap_or(unused));
                    decode_dc(entropy, tables, parts, self.band, predictions, picture, range)
                }
                Coded::Ac {
                    component,
                    table,
                    end_of_band,
                } => {
                    if reset {
                        *end_of_band = 0;
                    }
                    entropy.ensure(file, mcus * MAX_BLOCK_BYTES + 8);
                    let blocks = picture.get_mut(*component).and_then(|component| {
                        let start = row * component.blocks_wide + column;
                        component.blocks.get_mut(start..start + mcus)
                    });
                    decode_ac(entropy, table, self.band, end_of_band, blocks.unwrap_or_default())
                }
            };
            self.intervals.advance(read);
            column += read;
            if let Some(problem) = problem {
                self.intervals.fail(file, problem, &mut self.report);
            } else if read == 0 {
                // Never, as what is wanted is there: but a loop must end.
                break;
            }
        }
    }
}

/// Where the data of a scan that begins at `pos` ends: at the first marker, or where the scan has restart markers at the
/// first one that may follow a scan. The second result is the last marker that was passed over and is no restart marker.
fn behind(file: &[u8], mut pos: usize, restarts: bool) -> (usize, Option<usize>) {
    let mut odd = None;
    while let Some((marker, after)) = next_marker(file, pos) {
        if ends_scan(marker) || !restarts {
            return (marker.offset, odd);
        }
        if !(code::RST0..=code::RST7).contains(&marker.code) {
            odd = Some(marker.offset);
        }
        pos = after;
    }
    (file.len(), odd)
}

#[cfg(test)]
mod tests {
    use super::super::scans::make_rows;
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    use super::super::Decoder;
    use super::*;

    /// The coefficients of all rows, and what was met.
    fn in_step(bytes: &[u8]) -> Result<(Vec<Component>, DamageReport), DecodeError> {
        let limits = Limits::default();
        let (header, parser, scan) = Header::parse(bytes, &limits)?;
        let geometry = header.geometry();
        let mut report = DamageReport::default();
        let mut scans = InStep::new(&header, parser, scan, &limits, &mut report)?;
        let (mut row, mut all) = (Vec::new(), Vec::new());
        make_rows(&mut row, &header, &geometry, 1)?;
        make_rows(&mut all, &header, &geometry, geometry.mcus_high)?;
        for (component, quant) in all.iter_mut().zip(scans.quants(3)) {
            component.quant = quant;
        }
        for mcu_row in 0..geometry.mcus_high {
            scans.read_row(bytes, &geometry, mcu_row, &mut row);
            for (to, from) in all.iter_mut().zip(&row) {
                let start = mcu_row * from.blocks.len();
                to.blocks[start..start + from.blocks.len()].copy_from_slice(&from.blocks);
            }
        }
        scans.finish(bytes, &mut report);
        Ok((all, report))
    }

    fn held(bytes: &[u8]) -> Result<(Vec<Component>, DamageReport), DecodeError> {
        let mut decoder = Decoder::new(Limits::default());
        decoder.coefficients(bytes).map(|(c, report)| (c.components, report))
    }

    /// Progressive pictures of noise, of several samplings and restart intervals.
    fn pictures() -> Vec<Vec<u8>> {
        let mut pictures = Vec::new();
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_2_2] {
            for (width, height, restart, scans) in
                [(90_u16, 318_u16, 0, 6), (131, 77, 7, 4), (640, 33, 0, 10), (8, 8, 1, 3)]
            {
                let samples: Vec<u8> = (0..u32::from(width) * u32::from(height) * 3)
                    .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3] / 2)
                    .collect();
                let mut bytes = Vec::new();
                let mut encoder = Encoder::new(&mut bytes, 80);
                encoder.set_sampling_factor(sampling);
                encoder.set_restart_interval(restart);
                encoder.set_progressive_scans(scans);
                encoder.encode(&samples, width, height, ColorType::Rgb).unwrap();
                pictures.push(bytes);
            }
        }
        // With refinement, as cameras and libjpeg write it.
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/jpeg");
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().contains("progressive") {
                pictures.push(std::fs::read(path).unwrap());
            }
        }
        pictures.retain(|bytes| {
            Header::read(bytes, &Limits::default()).is_ok_and(|header| header.process == Process::Progressive)
        });
        pictures
    }

    #[test]
    fn rows_read_in_step_are_those_of_the_held_picture() {
        let pictures = pictures();
        assert!(pictures.len() >= 12, "{}", pictures.len());
        for bytes in &pictures {
            let (all, report) = in_step(bytes).unwrap();
            let held = held(bytes).unwrap();
            assert!(
                report.is_empty(),
                "{report:?} {:?} {:?}",
                held.1,
                Header::read(bytes, &Limits::default())
            );
            assert!((all, report) == held);
        }
    }

    #[test]
    fn damage_is_that_of_the_held_picture() {
        let mut seed = 9_u32;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below
        };
        let pictures = pictures();
        let (mut damaged, mut other) = (0, 0);
        for round in 0..1500 {
            let mut bytes = pictures[round % pictures.len()].clone();
            let scan = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 14;
            for _ in 0..=random(3) {
                if bytes.len() < scan + 2 {
                    break;
                }
                let at = scan + random(bytes.len() - scan);
                match random(4) {
                    0 => bytes[at] = 0xFF,
                    1 => bytes[at] ^= 1 << random(8),
                    2 => drop(bytes.drain(at..(at + random(200)).min(bytes.len()))),
                    _ => drop(bytes.splice(at..at, [0xFF, 0xD0 + random(8).to_le_bytes()[0]])),
                }
            }
            let (mine, theirs) = (in_step(&bytes), held(&bytes));
            match (mine, theirs) {
                (Ok(mine), Ok(theirs)) => {
                    damaged += u32::from(!theirs.1.is_empty());
                    assert!(!mine.1.is_empty() || theirs.1.is_empty(), "round {round}");
                    // A marker that no scan has, in or behind one with restart markers: for the held picture it ends the file, or is
                    // not seen at all.
                    other += u32::from(mine != theirs);
                }
                (mine, theirs) => assert_eq!(mine.err(), theirs.err()),
            }
        }
        assert!(damaged > 1000 && other < 10, "{damaged} damaged, {other} otherwise");
    }
}
