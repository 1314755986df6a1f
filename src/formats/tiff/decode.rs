//! From the strips or tiles of the first page to its pixels, row by row: what is held beside the picture is a row of a
//! strip or tile, and of those that are JPEGs their samples.

use super::codecs::Bytes;
use super::color::spread_units;
use super::compression::{Broken, Compression};
use super::header::icc_profile;
use super::jpeg::{self, Stream, Trouble};
use super::layout::{Meaning, Page};
use super::memory::{self, used_samples};
use super::old_jpeg;
use super::samples::{Undo, Unpacker};
use super::target::{Direct, Span, Target};
use crate::CancelToken;
use crate::error::Error;
use crate::formats::format::Format;
use crate::formats::row::{Damage, Decoded, Reading};
use crate::options::Options;
use crate::pixels::zeros;

pub(super) fn decode(reading: &Reading<'_>, _: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    let (data, info) = (reading.data, &reading.info);
    let page = Page::read(data)?;
    let used = used_samples(&page);
    let profile = icc_profile(data);
    let mut target = Target::new(&page, &used, info.profile.is_none(), profile.as_deref())?;
    let mut reader = Reader::new(&page, &used, cancel)?;
    let blocks =
        |columns: u32, rows: u32| (0..rows).flat_map(move |band| (0..columns).map(move |column| (band, column)));
    let (columns, bands) = page.grid;
    for (band, column) in blocks(columns, bands) {
        // As long as nothing was read there may be no picture at all, whose parts need no gray.
        let begun = reader.readable > 0.0;
        let rows = reader.block(band, column, &mut target)?;
        if begun || reader.readable > 0.0 {
            reader.blank(band, column, rows, &mut target);
        } else {
            reader.lost_before = (band, column);
        }
    }
    if reader.unpacker.is_beyond() {
        return Err(Error::unsupported("a TIFF with floating-point samples beyond 0 to 1"));
    }
    let all = info.pixels() as f64;
    let damage = (reader.problem.is_some() && reader.readable < all).then(|| reader.readable / all);
    if let Some(readable) = damage
        && readable > 0.0
        && reader.lost_first
    {
        let last = reader.lost_before;
        for (band, column) in blocks(columns, bands) {
            reader.blank(band, column, 0, &mut target);
            if (band, column) == last {
                break;
            }
        }
    }
    let source = reader.problem.take();
    let damage = match damage {
        Some(readable) if readable <= 0.0 => {
            return Err(Error::decode(
                Format::Tiff,
                source.unwrap_or_else(|| "nothing can be read".into()),
            ));
        }
        damage => damage.map(|readable| Damage { readable, source }),
    };
    let description_holds = target.description_holds();
    let raster = target
        .raster(&page)
        .ok_or_else(|| Error::malformed(Format::Tiff, "it has fewer samples than its size needs"))?;
    Ok(Decoded {
        description_holds,
        damage,
        ..Decoded::whole(raster, info)
    })
}

/// Reads strips or tiles of a page.
struct Reader<'p, 'a> {
    page: &'p Page<'a>,
    /// Planes that are read.
    planes: Vec<usize>,
    /// Samples of a pixel in `line`.
    stride: usize,
    unpacker: Unpacker,
    undo: Undo,
    /// A stored row, or rows that are coded together, of each plane.
    raw: Vec<Vec<u8>>,
    /// A row of unpacked samples.
    line: Vec<u16>,
    /// Stored bytes that had to be changed before they could be read.
    changed: Vec<Vec<u8>>,
    cancel: &'p CancelToken,
    /// Pixels that could be read, and what was first wrong with others.
    readable: f64,
    problem: Option<Broken>,
    /// Whether all before the first that could be read is blank, and where that ends.
    lost_first: bool,
    lost_before: (u32, u32),
}

/// The rows of a strip or tile.
enum Rows<'r> {
    Bytes(Bytes<'r>),
    Stream(Box<Stream>),
}

impl<'p, 'a> Reader<'p, 'a> {
    fn new(page: &'p Page<'a>, used: &[usize], cancel: &'p CancelToken) -> Result<Self, Error> {
        let planes = if page.planar { used.to_vec() } else { vec![0] };
        let group = usize::try_from(page.group_bytes()).unwrap_or(usize::MAX);
        let mut raw = Vec::new();
        for _ in &planes {
            raw.push(zeros(group)?);
        }
        let shown = page.chunk.0.min(page.width) as usize;
        Ok(Self {
            page,
            stride: used.len(),
            unpacker: Unpacker::new(page),
            undo: Undo::new(page)?,
            raw,
            line: zeros(shown * used.len())?,
            changed: vec![Vec::new(); planes.len()],
            planes,
            cancel,
            readable: 0.0,
            problem: None,
            lost_first: false,
            lost_before: (0, 0),
        })
    }

    /// The part of the picture that a strip or tile covers: left, top, width and height.
    fn place(&self, band: u32, column: u32) -> (usize, usize, usize, usize) {
        let page = self.page;
        let (left, top) = (column * page.chunk.0, band * page.chunk.1);
        let width = page.chunk.0.min(page.width - left);
        let height = page.chunk.1.min(page.height - top);
        (left as usize, top as usize, width as usize, height as usize)
    }

    /// Makes those rows blank that a strip or tile has behind its first `rows`.
    fn blank(&self, band: u32, column: u32, rows: usize, target: &mut Target) {
        let (x, top, len, height) = self.place(band, column);
        for y in top + rows..top + height {
            target.blank(Span { x, y, len });
        }
    }

    /// Reads a strip or tile, of each plane that there is, into the picture, and says how many rows it gave.
    fn block(&mut self, band: u32, column: u32, target: &mut Target) -> Result<usize, Error> {
        self.cancel.check()?;
        let (x, top, len, height) = self.place(band, column);
        let mut changed = std::mem::take(&mut self.changed);
        let read = self.rows(band, column, &mut changed, target, (x, top, len, height));
        self.changed = changed;
        let (rows, readable) = match read {
            Ok(read) => read,
            Err(Trouble::Fatal(error)) => return Err(error),
            Err(Trouble::Broken(problem)) => {
                self.problem.get_or_insert(problem);
                (0, 0.0)
            }
        };
        self.lost_first |= self.readable == 0.0 && readable == 0.0;
        self.readable += readable * len as f64;
        Ok(rows)
    }

    /// The rows of a block that were read, and how many were worth.
    fn rows(
        &mut self,
        band: u32,
        column: u32,
        changed: &mut [Vec<u8>],
        target: &mut Target,
        (x, top, len, height): (usize, usize, usize, usize),
    ) -> Result<(usize, f64), Trouble> {
        let each = self.page.grid.0 as usize * self.page.grid.1 as usize;
        let index = band as usize * self.page.grid.0 as usize + column as usize;
        let mut sources = Vec::with_capacity(self.planes.len());
        let mut share = 1.0f64;
        for (&plane, changed) in self.planes.iter().zip(changed) {
            let (rows, problem) = open(self.page, plane * each + index, changed, self.cancel)?;
            if let Rows::Stream(stream) = &rows {
                share = share.min(stream.readable);
            }
            if let Some(problem) = problem {
                self.problem.get_or_insert(problem);
            }
            sources.push(rows);
        }
        let mut bad = 0;
        let mut done = 0;
        let group = self.page.group_rows();
        for first in (0..height).step_by(group) {
            self.cancel.check().map_err(Error::from)?;
            let count = group.min(height - first);
            let span = Span { x, y: top + first, len };
            if let Err(problem) = self.group(&mut sources, first, count, span, target) {
                self.problem.get_or_insert(problem);
                break;
            }
            done += count;
        }
        for source in &sources {
            if let Rows::Bytes(bytes) = source {
                bad = bytes.bad_rows().max(bad);
            }
        }
        if bad > 0 {
            self.problem
                .get_or_insert_with(|| "a fax row has no code where one should be".into());
        }
        let sound = done.saturating_sub(bad as usize) as f64;
        Ok((done, sound * share))
    }

    /// Reads rows that are coded together: one, but where chroma is shared.
    fn group(
        &mut self,
        sources: &mut [Rows<'_>],
        first: usize,
        count: usize,
        span: Span,
        target: &mut Target,
    ) -> Result<(), Broken> {
        if target.is_direct()
            && self.takes_stored(span.len)
            && let [source] = sources
            && let Some(out) = target.direct(span)
        {
            return self.direct(source, first, out);
        }
        let page = self.page;
        let (n, planar) = (self.stride, page.planar);
        if planar && page.bits == 8 && target.is_direct() {
            return self.interleave(sources, first, span, target);
        }
        for (plane, (source, raw)) in sources.iter_mut().zip(&mut self.raw).enumerate() {
            match source {
                Rows::Bytes(bytes) => {
                    bytes.read(raw)?;
                    self.undo.row(raw);
                }
                Rows::Stream(stream) => {
                    let row = raw.get_mut(..span.len * page.interleaved()).unwrap_or_default();
                    stream.row(first, row)?;
                }
            }
            match page.meaning {
                Meaning::YCbCr { across, down } if !planar && !page.compression.is_jpeg() => {
                    for row in 0..count {
                        let line = self.line.get_mut(..span.len * n).unwrap_or_default();
                        spread_units(raw, (across, down), row, line);
                        target.put(
                            line,
                            Span {
                                y: span.y + row,
                                ..span
                            },
                        );
                    }
                    return Ok(());
                }
                _ if planar => {
                    let line = self.line.get_mut(plane..span.len * n).unwrap_or_default();
                    self.unpacker.unpack(raw, line, n);
                }
                _ => {
                    let line = self.line.get_mut(..span.len * n).unwrap_or_default();
                    self.unpacker.unpack(raw, line, 1);
                }
            }
        }
        target.put(self.line.get(..span.len * n).unwrap_or_default(), span);
        Ok(())
    }

    /// Reads a row of planes of 8 bits to where their samples belong.
    fn interleave(
        &mut self,
        sources: &mut [Rows<'_>],
        first: usize,
        span: Span,
        target: &mut Target,
    ) -> Result<(), Broken> {
        let n = self.stride;
        for (plane, (source, raw)) in sources.iter_mut().zip(&mut self.raw).enumerate() {
            match source {
                Rows::Bytes(bytes) => {
                    bytes.read(raw)?;
                    self.undo.row(raw);
                }
                Rows::Stream(stream) => stream.row(first, raw.get_mut(..span.len).unwrap_or_default())?,
            }
            if let Some(Direct::Narrow(out)) = target.direct(span) {
                for (pixel, &sample) in out.chunks_exact_mut(n).zip(&*raw) {
                    pixel[plane] = sample;
                }
            }
        }
        Ok(())
    }

    /// Whether stored samples are those of the picture, in whole rows.
    fn takes_stored(&self, len: usize) -> bool {
        let page = self.page;
        matches!((page.bits, page.float), (8 | 16, false))
            && (page.compression.is_jpeg() || len == page.chunk.0 as usize)
    }

    /// Reads a row to where it belongs.
    fn direct(&mut self, source: &mut Rows<'_>, row: usize, out: Direct<'_>) -> Result<(), Broken> {
        match (source, out) {
            (Rows::Stream(stream), Direct::Narrow(out)) => stream.row(row, out)?,
            (Rows::Bytes(bytes), Direct::Narrow(out)) => {
                bytes.read(out)?;
                self.undo.row(out);
            }
            (Rows::Bytes(bytes), Direct::Wide(out)) => {
                let stored: &mut [u8] = bytemuck::cast_slice_mut(out);
                bytes.read(stored)?;
                self.undo.row(stored);
                self.unpacker.reorder(out);
            }
            // A JPEG has 8 bits.
            (Rows::Stream(_), Direct::Wide(_)) => return Err("a JPEG has 8 bits a sample".into()),
        }
        Ok(())
    }
}

/// Opens a strip or tile; also says what is wrong with it although it has rows.
fn open<'r>(
    page: &Page<'r>,
    index: usize,
    changed: &'r mut Vec<u8>,
    cancel: &CancelToken,
) -> Result<(Rows<'r>, Option<Broken>), Trouble> {
    // What is longer than any sound strip is not looked at to its end: many may share it.
    let stored = page.stored(index);
    let stored = stored.get(..memory::most_stored(page)).unwrap_or(stored);
    let (compression, options) = (page.compression, page.t4_options);
    if compression.is_jpeg() {
        let stream = match compression {
            Compression::OldJpeg => old_jpeg::assemble(page, changed)?.unwrap_or(changed),
            _ if jpeg::complete(page, stored, changed)? => changed,
            _ => stored,
        };
        let to_rgb = matches!(page.meaning, Meaning::YCbCr { .. });
        let size = (page.chunk.0, page.chunk.1);
        let memory = memory::of_stream(page);
        let mut decoded = jpeg::decode(stream, page.interleaved(), size, to_rgb, memory, cancel)?;
        let problem = decoded.problem.take();
        return Ok((Rows::Stream(Box::new(decoded)), problem));
    }
    let stored = if page.reversed {
        changed.clear();
        changed
            .try_reserve_exact(stored.len())
            .map_err(|_| Error::OutOfMemory {
                bytes: stored.len() as u64,
            })?;
        changed.extend(stored.iter().map(|byte| byte.reverse_bits()));
        changed
    } else {
        stored
    };
    Ok((
        Rows::Bytes(Bytes::new(compression, stored, page.chunk.0, options)),
        None,
    ))
}
