//! Pictures coded by HEVC as HEIF items hold them, and parameter sets that say another size than what is coded.

use heifer::heifer_hevc_enc::encoder::{EncoderConfig, Planes, encode_picture};

use super::sps::{SPS, nal_type, rewrite};
use crate::entry::Result;

/// NAL unit types of the other parameter sets (H.265, table 7-1).
const VPS: u8 = 32;
const PPS: u8 = 34;

/// A coded picture.
#[derive(Clone)]
pub(crate) struct Coded {
    /// NAL units of parameter sets.
    pub(crate) sets: Vec<Vec<u8>>,
    /// Slices, each behind its length in four bytes.
    pub(crate) data: Vec<u8>,
    pub(crate) size: (u32, u32),
    profile: u8,
    level: u8,
    chroma: u8,
}

/// Codes a flat gray picture; both sides are multiples of 8.
pub(crate) fn flat(width: u32, height: u32) -> Result<Coded> {
    let pixels = width as usize * height as usize;
    let (luma, chroma) = (vec![128; pixels], vec![128; pixels / 4]);
    code(width, height, &luma, Some((&chroma, &chroma)))
}

/// Codes a flat plane without chroma, as alpha planes are.
pub(crate) fn plane(width: u32, height: u32) -> Result<Coded> {
    code(width, height, &vec![200; width as usize * height as usize], None)
}

fn code(width: u32, height: u32, y: &[u8], chroma: Option<(&[u8], &[u8])>) -> Result<Coded> {
    let picture = encode_picture(width, height, Planes { y, chroma }, &EncoderConfig::default())?;
    Ok(Coded {
        sets: picture.parameter_sets,
        data: with_lengths(&picture.slices),
        size: (picture.width, picture.height),
        profile: picture.profile_idc,
        level: picture.level_idc,
        chroma: picture.chroma_format,
    })
}

/// NAL units behind lengths of four bytes.
pub(crate) fn with_lengths(units: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for unit in units {
        out.extend((unit.len() as u32).to_be_bytes());
        out.extend_from_slice(unit);
    }
    out
}

impl Coded {
    /// The body of `hvcC` (ISO/IEC 14496-15, 8.3.3.1).
    pub(crate) fn config(&self) -> Vec<u8> {
        let mut out = self.config_head();
        out.push(3);
        for kind in [VPS, SPS, PPS] {
            let units: Vec<&Vec<u8>> = self.sets.iter().filter(|set| nal_type(set) == kind).collect();
            out.push(0x80 | kind);
            out.extend((units.len() as u16).to_be_bytes());
            for unit in units {
                out.extend((unit.len() as u16).to_be_bytes());
                out.extend_from_slice(unit);
            }
        }
        out
    }

    /// What stands in `hvcC` in front of the number of arrays.
    pub(crate) fn config_head(&self) -> Vec<u8> {
        let mut out = vec![1, self.profile, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, self.level];
        out.extend([0xF0, 0, 0xFC, 0xFC | self.chroma, 0xF8, 0xF8, 0, 0]);
        // One temporal layer, nested; lengths of four bytes.
        out.push(0x0F);
        out
    }

    /// The same slices under a sequence parameter set that says another size.
    pub(crate) fn saying(&self, size: (u32, u32)) -> Self {
        self.with_sps(size, u32::from(self.chroma))
    }

    /// Likewise, with another chroma format: 3 is 4:4:4.
    pub(crate) fn with_sps(&self, size: (u32, u32), chroma: u32) -> Self {
        let mut out = self.clone();
        for set in &mut out.sets {
            if nal_type(set) == SPS {
                *set = rewrite(set, size, chroma);
            }
        }
        out.size = size;
        out
    }
}
