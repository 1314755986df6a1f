//! One coded picture through `heifer`'s HEVC decoder, so that it can be stopped and does no more work than its size says.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use heifer::heifer_hevc_dec::nal::NalUnit;
use heifer::heifer_hevc_dec::params::{ParameterSets, Sps};
use heifer::heifer_hevc_dec::recon::{Frame, Reconstructor};
use heifer::heifer_hevc_dec::slice::SliceHeader;
use heifer::heifer_hevc_dec::syntax::{CodingUnit, Picture, SaoParams, Sink, TransformBlock, decode_slice_segment};

use crate::CancelToken;
use crate::error::Error;
use crate::formats::Format;
use crate::formats::isobmff::{Configuration, broken};

/// Columns and rows of tiles inside a coded picture; the highest level has 40 and 44 (ITU-T H.265, table A.8).
const MAX_TILES: u32 = 64;

/// A decoded picture, still with its padding.
pub(super) struct Coded {
    pub(super) frame: Frame,
    /// The first column and row that are shown.
    pub(super) origin: (usize, usize),
}

/// Decodes the first picture of an item: `record` is its decoder configuration, and `data` its units.
pub(super) fn decode(record: &[u8], data: &[u8], cancel: &CancelToken) -> Result<Coded, Error> {
    let configuration = Configuration::parse(record)?;
    let announced = configuration.sps()?;
    let mut sets = ParameterSets::default();
    for unit in configuration.units()? {
        sets.add(&NalUnit::parse(unit).map_err(broken)?).map_err(broken)?;
    }
    let mut units = Units {
        rest: data,
        length_size: configuration.length_size,
    };
    // Parameter sets may also stand in front of the picture.
    let first = loop {
        let unit = units
            .next()
            .ok_or_else(|| malformed("a coded picture has no slice"))??;
        if unit.header.unit_type.is_slice() {
            break unit;
        }
        sets.add(&unit).map_err(broken)?;
    };
    let header = SliceHeader::parse(&first.rbsp, &first.header, &sets, None).map_err(broken)?;
    let (pps, sps) = sets
        .get(usize::from(header.slice_pic_parameter_set_id))
        .map_err(broken)?;
    // What the picture takes was told by the set that was announced.
    let samples = |sps: &Sps| {
        let size = (sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples);
        let depth = (sps.bit_depth_luma, sps.bit_depth_chroma);
        (
            size,
            sps.conf_win_offsets,
            depth,
            sps.chroma_format_idc,
            sps.log2_ctb_size,
        )
    };
    if samples(sps) != samples(&announced) {
        return Err(malformed("the parameter sets of a coded picture contradict each other"));
    }
    // Sizes are counted with 32 bits below.
    let size = (sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples);
    if u64::from(size.0) * u64::from(size.1) > 1 << 30 {
        return Err(Error::unsupported(format!(
            "a HEIC coded with {} × {} pixels",
            size.0, size.1
        )));
    }
    if let Some(tiles) = &pps.tiles
        && tiles.num_columns.max(tiles.num_rows) > MAX_TILES
    {
        return Err(Error::unsupported(format!(
            "a HEIC coded in {} × {} tiles",
            tiles.num_columns, tiles.num_rows
        )));
    }

    let mut picture = Picture::new(sps, pps);
    let mut sink = Watched {
        inner: Reconstructor::new(sps, pps),
        cancel,
        units: 0,
        // Every pixel once; a second time only where a slice was sent again.
        left: 2 * u64::from(size.0) * u64::from(size.1) + 64 * 64,
    };
    let mut slice = Some((first, header));
    let mut previous = None;
    while let Some((unit, header)) = slice.take() {
        let payload = unit
            .rbsp
            .get(header.header_size..)
            .ok_or_else(|| malformed("a slice is cut short"))?;
        sink.inner.start_slice(&header);
        let quantiser = header.slice_qp_y(&sets).map_err(broken)?;
        stoppable(|| decode_slice_segment(&mut picture, &header, quantiser, payload, &mut sink))?.map_err(broken)?;
        if let Some(error) = sink.inner.error.take() {
            return Err(broken(error));
        }
        if !header.dependent_slice_segment_flag {
            previous = Some(header);
        }
        for unit in units.by_ref() {
            let unit = unit?;
            if !unit.header.unit_type.is_slice() {
                continue;
            }
            // The first bit of a slice says that a picture begins: the next one.
            if unit.rbsp.first().is_some_and(|byte| byte & 0x80 != 0) {
                break;
            }
            let header = SliceHeader::parse(&unit.rbsp, &unit.header, &sets, previous.as_ref()).map_err(broken)?;
            slice = Some((unit, header));
            break;
        }
    }
    if !picture.is_complete() {
        return Err(malformed("a part of a coded picture is missing"));
    }
    drop(picture);
    let (across, down) = sps.chroma_subsampling();
    let [left, _, top, _] = sps.conf_win_offsets;
    let origin = ((left * across) as usize, (top * down) as usize);
    Ok(Coded {
        frame: sink.inner.finish(false),
        origin,
    })
}

fn malformed(what: &str) -> Error {
    Error::malformed(Format::Heif, what)
}

/// The units of an item's data, each behind its length.
struct Units<'a> {
    rest: &'a [u8],
    length_size: usize,
}

impl<'a> Iterator for Units<'a> {
    type Item = Result<NalUnit<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let unit = self.rest.split_at_checked(self.length_size).and_then(|(length, rest)| {
            let length = length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
            rest.split_at_checked(length)
        });
        let Some((unit, rest)) = unit else {
            self.rest = &[];
            return Some(Err(malformed("the data of a coded picture is cut short")));
        };
        self.rest = rest;
        Some(NalUnit::parse(unit).map_err(broken))
    }
}

/// Takes what the parser finds to the reconstruction, as long as nobody stops it.
struct Watched<'a, 'c> {
    inner: Reconstructor<'a>,
    cancel: &'c CancelToken,
    units: u32,
    /// Pixels that may still be decoded.
    left: u64,
}

/// Why a slice was left in the middle.
enum Stopped {
    Cancelled,
    TooMuch,
}

impl Watched<'_, '_> {
    /// Leaves the parser, which knows no other way out, by unwinding; where panics end the program it goes on instead.
    fn stop(why: Stopped) {
        if cfg!(panic = "unwind") {
            resume_unwind(Box::new(why));
        }
    }
}

/// Runs the parser until its end or until its sink stops it.
fn stoppable<T>(work: impl FnOnce() -> T) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| match panic.downcast::<Stopped>().map(|why| *why) {
        Ok(Stopped::Cancelled) => Error::Cancelled,
        Ok(Stopped::TooMuch) => malformed("slices of a coded picture overlap"),
        Err(panic) => resume_unwind(panic),
    })
}

impl Sink for Watched<'_, '_> {
    fn sao(&mut self, x: u32, y: u32, params: &SaoParams) {
        self.inner.sao(x, y, params);
    }

    fn transform_block(&mut self, block: &TransformBlock<'_>) {
        self.inner.transform_block(block);
    }

    fn pcm(&mut self, x: u32, y: u32, log2_size: u8, samples: [&[u16]; 3]) {
        self.inner.pcm(x, y, log2_size, samples);
    }

    fn coding_unit(&mut self, unit: &CodingUnit) {
        let pixels = 1 << (2 * unit.log2_size);
        match self.left.checked_sub(pixels) {
            Some(left) => self.left = left,
            None => Self::stop(Stopped::TooMuch),
        }
        // Units have 64 pixels or more: this is a look for each 4,096 or more.
        self.units = self.units.wrapping_add(1);
        if self.units.is_multiple_of(64) && self.cancel.is_cancelled() {
            Self::stop(Stopped::Cancelled);
        }
        self.inner.coding_unit(unit);
    }
}

#[cfg(test)]
mod tests {
    use heifer::heifer_hevc_dec::nal::NalUnitType;

    use super::*;

    #[test]
    fn units_stand_behind_their_lengths() {
        let two = Units {
            rest: &[0, 3, 0x40, 1, 9, 0, 2, 0x42, 1],
            length_size: 2,
        };
        let kinds: Vec<_> = two.map(|unit| unit.unwrap().header.unit_type).collect();
        assert_eq!(kinds, [NalUnitType::Vps, NalUnitType::Sps]);
        let cut = Units {
            rest: &[0, 9, 0x40],
            length_size: 2,
        };
        assert!(matches!(cut.collect::<Vec<_>>()[..], [Err(_)]));
    }

    #[test]
    fn what_stops_the_parser_is_an_error_and_a_panic_stays_one() {
        let stop = |why| stoppable(|| Watched::stop(why)).unwrap_err().kind();
        assert_eq!(stop(Stopped::Cancelled), "cancelled");
        assert_eq!(stop(Stopped::TooMuch), "malformed");
        let panic = catch_unwind(|| stoppable(|| resume_unwind(Box::new("defect")))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"defect"));
    }
}
