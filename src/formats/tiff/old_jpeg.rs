//! The JPEG of TIFF 6.0, section 22, put together as one stream: its writers left parts of it in fields, parts in an
//! "interchange format" stream and parts in the strips, as libtiff describes it.

use photofit_jpeg::header::{Segment, Segments};

use super::jpeg::Trouble;
use super::layout::{Fields, Meaning, Page};
use crate::error::Error;
use crate::formats::ifd;

const PROCESS: u16 = 0x0200;
const INTERCHANGE: u16 = 0x0201;
const INTERCHANGE_LENGTH: u16 = 0x0202;
const QUANTISATION_TABLES: u16 = 0x0207;
const DC_TABLES: u16 = 0x0208;
const AC_TABLES: u16 = 0x0209;
const ROWS_PER_STRIP: u16 = 0x0116;

/// The most segments before a scan: tables, and a frame header.
const MAX_SEGMENTS: usize = 1000;

const SOI: [u8; 2] = [0xFF, 0xD8];
const EOI: [u8; 2] = [0xFF, 0xD9];
const DQT: u8 = 0xDB;
const DHT: u8 = 0xC4;
const DRI: u8 = 0xDD;
const SOS: u8 = 0xDA;
const SOF0: u8 = 0xC0;

fn broken<T>(what: &'static str) -> Result<T, Trouble> {
    Err(Trouble::Broken(what.into()))
}

/// The picture's stream: a part of the file, or else `joined`.
pub(super) fn assemble<'a>(page: &Page<'a>, joined: &mut Vec<u8>) -> Result<Option<&'a [u8]>, Trouble> {
    if page.planar {
        return Err(Error::unsupported("a TIFF with planes of old-style JPEG").into());
    }
    if page.with_fields(|fields| fields.uint(PROCESS)) == Some(14) {
        return Err(Error::unsupported("a TIFF with lossless JPEG").into());
    }
    let interchange = page.with_fields(interchange);
    let segments: Vec<Segment<'a>> = interchange
        .map(|stream| Segments::new(stream).take(MAX_SEGMENTS).collect())
        .unwrap_or_default();
    let scan = segments.last().filter(|s| s.marker == SOS);
    if let (Some(stream), Some(scan)) = (interchange, scan)
        && stream.len() > scan.end + 2
    {
        return Ok(Some(stream));
    }
    let strips = Strips::of(page);
    let first = page.stored(0);
    if strips.count == 1 && first.starts_with(&SOI) {
        return Ok(Some(first));
    }
    joined.clear();
    let mut out = Joined { bytes: joined };
    out.put(&SOI)?;
    let has_frame = segments.iter().any(|s| (0xC0..=0xC2).contains(&s.marker));
    let from_strips = first.starts_with(&[0xFF, SOS]);
    if has_frame {
        let head = segments.iter().filter(|s| !matches!(s.marker, 0xD8 | 0xD9 | DRI | SOS));
        for segment in head {
            out.segment(segment.marker, segment.payload)?;
        }
    } else {
        page.with_fields(|fields| Some(tables(fields, page, &mut out)))
            .unwrap_or_else(|| broken("its directory cannot be read"))?;
    }
    if strips.count > 1 {
        out.segment(DRI, &strips.interval(page)?.to_be_bytes())?;
    }
    match scan {
        Some(scan) => out.segment(SOS, scan.payload)?,
        None if from_strips => {}
        None => {
            let components: Vec<u8> = segments.iter().find(|s| (0xC0..=0xC2).contains(&s.marker)).map_or_else(
                || (0..sample_count(page)).collect(),
                |frame| {
                    let ids = frame.payload.get(6..).unwrap_or_default();
                    ids.chunks_exact(3).map(|c| c[0]).collect()
                },
            );
            out.scan(&components, |i| [i.min(1); 2])?;
        }
    }
    strips.join(page, &mut out)?;
    out.put(&EOI)?;
    Ok(None)
}

/// Samples as a JPEG counts them.
fn sample_count(page: &Page<'_>) -> u8 {
    u8::try_from(page.samples).unwrap_or(u8::MAX)
}

/// The stream that two fields name, as far as it is in the file.
fn interchange<'a>(fields: &Fields<'_, 'a>) -> Option<&'a [u8]> {
    let start = usize::try_from(fields.uint(INTERCHANGE)?).ok()?;
    let rest = fields.tiff.data.get(start..)?;
    let length = fields.uint(INTERCHANGE_LENGTH).and_then(|v| usize::try_from(v).ok());
    let stream = match length {
        Some(length) if length > 0 => rest.get(..length).unwrap_or(rest),
        _ => rest,
    };
    stream.starts_with(&SOI).then_some(stream)
}

/// A stream that is being put together, in memory that may be refused.
struct Joined<'o> {
    bytes: &'o mut Vec<u8>,
}

impl Joined<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.bytes.try_reserve(bytes.len()).map_err(|_| Error::OutOfMemory {
            bytes: bytes.len() as u64,
        })?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn segment(&mut self, marker: u8, payload: &[u8]) -> Result<(), Trouble> {
        let Ok(length) = u16::try_from(payload.len() + 2) else {
            return broken("its JPEG tables are larger than tables can be");
        };
        self.put(&[0xFF, marker])?;
        self.put(&length.to_be_bytes())?;
        self.put(payload)
    }

    /// The header of a scan (T.81 B.2.3) of these components, with the DC and AC tables of each by its place.
    fn scan(&mut self, components: &[u8], tables: impl Fn(u8) -> [u8; 2]) -> Result<(), Trouble> {
        let mut payload = vec![u8::try_from(components.len()).unwrap_or(u8::MAX)];
        for (i, &id) in (0..=u8::MAX).zip(components) {
            let [dc, ac] = tables(i);
            payload.extend([id, dc << 4 | ac]);
        }
        payload.extend([0, 63, 0]);
        self.segment(SOS, &payload)
    }
}

/// Tables and frame header from the fields. Components may share a table by its offset.
fn tables(fields: &Fields<'_, '_>, page: &Page<'_>, out: &mut Joined<'_>) -> Result<(), Trouble> {
    let n = sample_count(page);
    // A table of each component: the bytes, and which of the tables they are.
    let each = |tag: u16| -> Option<Vec<(&[u8], u8)>> {
        let entry = fields.find(tag)?;
        let offset = |i: u8| fields.tiff.uint(entry, i.into());
        let own = (0..n).map(|i| {
            let at = offset(i)?;
            let first = (0..i).find(|&j| offset(j) == Some(at)).unwrap_or(i);
            Some((fields.tiff.data.get(usize::try_from(at).ok()?..)?, first))
        });
        own.collect()
    };
    let (Some(steps), Some(dc), Some(ac)) = (each(QUANTISATION_TABLES), each(DC_TABLES), each(AC_TABLES)) else {
        return broken("its old-style JPEG has no tables");
    };
    for (i, &(table, number)) in (0..n).zip(&steps) {
        if number == i {
            let Some(table) = table.get(..64) else {
                return broken("its old-style JPEG has no tables");
            };
            out.segment(DQT, &[&[i], table].concat())?;
        }
    }
    for (class, tables) in [(0u8, &dc), (0x10, &ac)] {
        for (i, &(table, number)) in (0..n).zip(tables) {
            if number == i {
                let symbols = table.iter().take(16).map(|&count| usize::from(count)).sum::<usize>();
                let Some(table) = table.get(..16 + symbols) else {
                    return broken("its old-style JPEG has no tables");
                };
                out.segment(DHT, &[&[class | i], table].concat())?;
            }
        }
    }
    let side = |v: u32| u16::try_from(v).map(u16::to_be_bytes);
    let (Ok(height), Ok(width)) = (side(page.height), side(page.width)) else {
        return broken("its old-style JPEG is larger than a JPEG can be");
    };
    let mut frame = [&[8], &height[..], &width[..], &[n]].concat();
    for (i, &(_, table)) in (0..n).zip(&steps) {
        let (h, v) = if i == 0 { factors(page) } else { (1, 1) };
        let factors = u8::try_from(h << 4 | v).unwrap_or(0x11);
        frame.extend([i, factors, table]);
    }
    out.segment(SOF0, &frame)?;
    if !page.stored(0).starts_with(&[0xFF, SOS]) {
        // The scan's header is written by the caller: tables that are not its first two are given other numbers here.
        let needs = |tables: &[(&[u8], u8)]| tables.iter().zip(0..n).any(|(&(_, table), i)| table != i.min(1));
        if needs(&dc) || needs(&ac) {
            return other_tables(&dc, &ac, n, out);
        }
    }
    Ok(())
}

/// Where components share tables otherwise than usual, each has its tables defined again under the number that the scan's
/// header asks for.
fn other_tables(dc: &[(&[u8], u8)], ac: &[(&[u8], u8)], n: u8, out: &mut Joined<'_>) -> Result<(), Trouble> {
    // The last two have to be the same, as there are but two of a class in a baseline scan.
    if n == 3
        && [dc, ac]
            .iter()
            .any(|tables| tables[1].0 != tables[2].0 && tables[1].1 != tables[2].1)
    {
        let same = |tables: &[(&[u8], u8)]| {
            let len = |t: &[u8]| 16 + t.iter().take(16).map(|&c| usize::from(c)).sum::<usize>();
            tables[1].0.get(..len(tables[1].0)) == tables[2].0.get(..len(tables[2].0))
        };
        if !same(dc) || !same(ac) {
            return Err(Error::unsupported("a TIFF whose old-style JPEG has three tables of a kind").into());
        }
    }
    for (class, tables) in [(0u8, dc), (0x10, ac)] {
        for (i, &(table, _)) in (0..n.min(2)).zip(tables) {
            let symbols = table.iter().take(16).map(|&count| usize::from(count)).sum::<usize>();
            let table = table.get(..16 + symbols).unwrap_or_default();
            out.segment(DHT, &[&[class | i], table].concat())?;
        }
    }
    Ok(())
}

/// How often luma is sampled across and down for each chroma sample.
fn factors(page: &Page<'_>) -> (usize, usize) {
    match page.meaning {
        Meaning::YCbCr { across, down } => (across, down),
        _ => (1, 1),
    }
}

/// The strips, each of which begins with a new prediction.
struct Strips {
    rows: u32,
    count: u32,
}

impl Strips {
    fn of(page: &Page<'_>) -> Self {
        let rows = page.with_fields(|fields| fields.uint(ROWS_PER_STRIP));
        let rows = rows.and_then(|v| u32::try_from(v).ok()).filter(|&v| v > 0);
        let rows = rows.unwrap_or(page.height).min(page.height);
        let listed = page.with_fields(|fields| Some(fields.find(ifd::STRIP_OFFSETS)?.count));
        let listed = listed.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX));
        Self {
            rows,
            count: page.height.div_ceil(rows).min(listed),
        }
    }

    /// MCUs of a strip.
    fn interval(&self, page: &Page<'_>) -> Result<u16, Trouble> {
        let (across, down) = factors(page);
        let mcus = page.width.div_ceil(8 * u32::try_from(across).unwrap_or(1));
        let rows = self.rows / (8 * u32::try_from(down).unwrap_or(1));
        match u16::try_from(u64::from(mcus) * u64::from(rows)) {
            Ok(interval) if interval > 0 => Ok(interval),
            _ => broken("its old-style JPEG has strips of no whole blocks"),
        }
    }

    /// Their bytes, with restart markers between them.
    fn join(&self, page: &Page<'_>, out: &mut Joined<'_>) -> Result<(), Trouble> {
        // Strips do not overlap where they are sound.
        let most = page.tiff.data.len();
        let mut total = 0usize;
        for i in 0..self.count {
            let strip = page.stored(i as usize);
            let strip = strip.strip_suffix(&EOI).unwrap_or(strip);
            let strip = match strip {
                [rest @ .., 0xFF, 0xD0..=0xD7] => rest,
                strip => strip,
            };
            total = total.saturating_add(strip.len());
            if total > most {
                return broken("its strips have more bytes than the file");
            }
            if i > 0 {
                let marker = u8::try_from((i - 1) % 8).unwrap_or(0);
                out.put(&[0xFF, 0xD0 + marker])?;
            }
            out.put(strip)?;
        }
        Ok(())
    }
}
