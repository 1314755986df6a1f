//! What is known of a coded picture from its HEVC decoder configuration record (ISO/IEC 14496-15, 8.3.3.1).

use heifer::heifer_hevc_dec::nal::{NalUnit, NalUnitType};
use heifer::heifer_hevc_dec::params::Sps;

use super::boxes::Fields;
use super::limits::{cut, malformed, too_many};
use crate::error::Error;
use crate::formats::Format;

/// The most units of parameter sets: there are three, and one for each layer or message.
const MAX_UNITS: usize = 1000;

/// Parameter sets, and how the units of the picture's data are delimited.
pub(crate) struct Configuration<'a> {
    /// Bytes of the length in front of each unit: 1, 2 or 4.
    pub(crate) length_size: usize,
    arrays: Fields<'a>,
    count: u8,
}

impl<'a> Configuration<'a> {
    pub(crate) fn parse(record: &'a [u8]) -> Result<Self, Error> {
        let mut fields = Fields::new(record);
        let header = fields.take(23).ok_or_else(|| cut("hvcC"))?;
        if header[0] != 1 {
            return Err(Error::unsupported(format!("an hvcC box of version {}", header[0])));
        }
        let length_size = usize::from(header[21] & 3) + 1;
        if length_size == 3 {
            return Err(malformed("its hvcC box has lengths of 3 bytes"));
        }
        Ok(Self {
            length_size,
            arrays: fields,
            count: header[22],
        })
    }

    /// The units of parameter sets, in their order.
    pub(crate) fn units(&self) -> Result<Vec<&'a [u8]>, Error> {
        let mut fields = self.arrays;
        let mut units = Vec::new();
        let mut read = || {
            for _ in 0..self.count {
                // Their type, which each has itself.
                fields.u8()?;
                for _ in 0..fields.u16()? {
                    let length = usize::from(fields.u16()?);
                    units.push(fields.take(length)?);
                    if units.len() > MAX_UNITS {
                        return Some(());
                    }
                }
            }
            Some(())
        };
        read().ok_or_else(|| cut("hvcC"))?;
        if units.len() > MAX_UNITS {
            return Err(too_many("parameter sets"));
        }
        Ok(units)
    }

    /// The first sequence parameter set.
    pub(crate) fn sps(&self) -> Result<Sps, Error> {
        for unit in self.units()? {
            let unit = NalUnit::parse(unit).map_err(broken)?;
            if unit.header.unit_type == NalUnitType::Sps {
                return Sps::parse(&unit.rbsp).map_err(broken);
            }
        }
        Err(malformed("its hvcC box has no sequence parameter set"))
    }
}

/// What a sequence parameter set says about a picture.
#[derive(Clone, Copy)]
pub(super) struct Coding {
    pub(super) coded: (u32, u32),
    /// Without the padding that the set itself names.
    pub(super) size: (u32, u32),
    pub(super) depth: u8,
    pub(super) memory: u64,
}

impl Coding {
    pub(super) fn of(sps: &Sps) -> Self {
        let coded = (sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples);
        Self {
            coded,
            size: sps.output_size(),
            depth: sps.bit_depth_luma.max(sps.bit_depth_chroma),
            memory: hevc_memory(sps, coded),
        }
    }
}

/// What decoding a coded picture takes, in bytes, as counted in heifer 0.3.
fn hevc_memory(sps: &Sps, coded: (u32, u32)) -> u64 {
    let pixels = u64::from(coded.0) * u64::from(coded.1);
    // Samples of 16 bits, in eighths of a byte.
    let chroma: u64 = match sps.chroma_format_idc {
        0 => 0,
        1 => 8,
        2 => 16,
        _ => 32,
    };
    let planes = pixels.saturating_mul(16 + chroma) / 8;
    // The decoder's notes on each block of 4 × 4 pixels, and on each coding tree block of 16 × 16 or more.
    let blocks = (pixels / 16).saturating_mul(17);
    let notes = blocks.saturating_add((pixels >> (2 * sps.log2_ctb_size)).saturating_mul(90));
    // The filter for sample-adaptive offsets copies one plane, and a strip of rows is held as planes and as RGBA.
    let copies = pixels.saturating_mul(2).saturating_add(u64::from(coded.0) * 1000);
    planes.saturating_add(notes).saturating_add(copies)
}

/// What the decoder says of a broken stream.
pub(crate) fn broken(error: heifer::heifer_hevc_dec::Error) -> Error {
    match error {
        heifer::heifer_hevc_dec::Error::Unimplemented(what) => Error::unsupported(format!("this HEIC ({what})")),
        other => Error::decode(Format::Heif, other),
    }
}
