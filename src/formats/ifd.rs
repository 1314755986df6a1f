//! Image file directories (TIFF 6.0, section 2; BigTIFF), read so that a broken one costs no more than itself.
//!
//! EXIF, TIFF and MPF all keep their tags in such directories. Real files have wrong types, wrong counts and offsets
//! that point nowhere; each entry stands for itself here, and what cannot be read is left out.

use super::bytes::Endian;
use crate::Orientation;

pub(crate) const IMAGE_WIDTH: u16 = 0x0100;
pub(crate) const IMAGE_LENGTH: u16 = 0x0101;
pub(crate) const BITS_PER_SAMPLE: u16 = 0x0102;
pub(crate) const COMPRESSION: u16 = 0x0103;
pub(crate) const PHOTOMETRIC: u16 = 0x0106;
pub(crate) const MAKE: u16 = 0x010F;
pub(crate) const ORIENTATION: u16 = 0x0112;
pub(crate) const SAMPLES_PER_PIXEL: u16 = 0x0115;
pub(crate) const PLANAR_CONFIGURATION: u16 = 0x011C;
pub(crate) const STRIP_OFFSETS: u16 = 0x0111;
pub(crate) const STRIP_BYTE_COUNTS: u16 = 0x0117;
pub(crate) const TILE_OFFSETS: u16 = 0x0144;
pub(crate) const TILE_BYTE_COUNTS: u16 = 0x0145;
pub(crate) const SUB_IFDS: u16 = 0x014A;
pub(crate) const EXTRA_SAMPLES: u16 = 0x0152;
pub(crate) const EXIF_IFD: u16 = 0x8769;
pub(crate) const GPS_IFD: u16 = 0x8825;
pub(crate) const INTEROP_IFD: u16 = 0xA005;
pub(crate) const ICC_PROFILE: u16 = 0x8773;
pub(crate) const XMP: u16 = 0x02BC;
pub(crate) const TRANSFER_FUNCTION: u16 = 0x012D;
pub(crate) const WHITE_POINT: u16 = 0x013E;
pub(crate) const PRIMARY_CHROMATICITIES: u16 = 0x013F;
pub(crate) const DNG_VERSION: u16 = 0xC612;
pub(crate) const SR2_PRIVATE: u16 = 0xC634;
pub(crate) const PIXEL_X_DIMENSION: u16 = 0xA002;
pub(crate) const PIXEL_Y_DIMENSION: u16 = 0xA003;

/// The most directories of one chain that are visited: more is a loop or an attack.
const MAX_IFDS: usize = 4096;

/// A TIFF structure: header, then directories that point at each other by offsets from its first byte.
#[derive(Clone, Copy)]
pub(crate) struct Tiff<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) endian: Endian,
    big: bool,
    first: usize,
}

/// One directory entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) tag: u16,
    pub(crate) kind: u16,
    pub(crate) count: u64,
    /// Where the entry's value, or its offset, stands.
    pub(crate) value_at: usize,
    /// How many bytes stand there: 4, or 8 in a BigTIFF.
    inline: usize,
}

/// One directory. Its entries stay where they are: it may have as many as the file has room for.
pub(crate) struct Ifd<'a> {
    tiff: Tiff<'a>,
    extent: Extent,
    /// Where the offset of its successor stands, if all its entries are there.
    pub(crate) next_at: Option<usize>,
}

/// The entries of a directory: how many, where the first stands, and the bytes of each.
#[derive(Clone, Copy)]
struct Extent {
    count: u64,
    start: usize,
    size: usize,
}

impl Extent {
    /// Where the last entry ends, if there can be so many.
    fn end(&self) -> Option<usize> {
        let bytes = usize::try_from(self.count).ok()?.checked_mul(self.size)?;
        self.start.checked_add(bytes)
    }
}

/// Bytes of one value of a field type (TIFF 6.0, section 2); 0 for types that do not exist.
const fn type_size(kind: u16) -> usize {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 0,
    }
}

impl<'a> Tiff<'a> {
    /// Reads the header; `None` if this is not TIFF or BigTIFF.
    pub(crate) fn parse(data: &'a [u8]) -> Option<Self> {
        let endian = match data.get(..2)? {
            b"II" => Endian::Little,
            b"MM" => Endian::Big,
            _ => return None,
        };
        let (big, first) = match endian.u16(data, 2)? {
            42 => (false, usize::try_from(endian.u32(data, 4)?).ok()?),
            43 if endian.u16(data, 4)? == 8 => (true, usize::try_from(endian.u64(data, 8)?).ok()?),
            _ => return None,
        };
        Some(Self {
            data,
            endian,
            big,
            first,
        })
    }

    /// The directory at `offset`; entries beyond the end of the data are left out.
    pub(crate) fn ifd(&self, offset: usize) -> Option<Ifd<'a>> {
        let extent = self.extent(offset)?;
        Some(Ifd {
            tiff: *self,
            next_at: extent.end().filter(|&end| end <= self.data.len()),
            extent,
        })
    }

    /// What the head of the directory at `offset` says about its entries.
    fn extent(&self, offset: usize) -> Option<Extent> {
        Some(if self.big {
            Extent {
                count: self.endian.u64(self.data, offset)?,
                start: offset.checked_add(8)?,
                size: 20,
            }
        } else {
            Extent {
                count: u64::from(self.endian.u16(self.data, offset)?),
                start: offset.checked_add(2)?,
                size: 12,
            }
        })
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let end = at.checked_add(if self.big { 20 } else { 12 })?;
        self.data.get(at..end)?;
        let tag = self.endian.u16(self.data, at)?;
        let kind = self.endian.u16(self.data, at + 2)?;
        let (count, value_at, inline) = if self.big {
            (self.endian.u64(self.data, at + 4)?, at + 12, 8)
        } else {
            (u64::from(self.endian.u32(self.data, at + 4)?), at + 8, 4)
        };
        Some(Entry {
            tag,
            kind,
            count,
            value_at,
            inline,
        })
    }

    /// The first directory.
    pub(crate) fn first_ifd(&self) -> Option<Ifd<'a>> {
        self.ifd(self.first)
    }

    /// Where the first directory stands.
    pub(crate) fn first_offset(&self) -> usize {
        self.first
    }

    /// Bytes of the header.
    pub(crate) fn header_len(&self) -> usize {
        if self.big { 16 } else { 8 }
    }

    /// The bytes of an entry.
    pub(crate) fn entry_bytes(&self, entry: Entry) -> Option<&'a [u8]> {
        let end = entry.value_at.checked_add(entry.inline)?;
        self.data.get(end.checked_sub(if self.big { 20 } else { 12 })?..end)
    }

    /// Gives the directory at `offset` these entries instead, which are fewer, in a copy of the data; the offset of the next
    /// directory moves up behind them, and zeros fill what they took.
    pub(crate) fn put_entries(&self, copy: &mut [u8], offset: usize, entries: &[u8]) -> Option<()> {
        let extent = self.extent(offset)?;
        let next_at = extent.end()?;
        let next = self.data.get(next_at..next_at.checked_add(self.offset_size())?)?;
        let count = entries.len() / extent.size;
        let target = copy.get_mut(offset..next_at.checked_add(next.len())?)?;
        target.fill(0);
        let head = extent.start - offset;
        if self.big {
            let low = self.endian.put_u32(u32::try_from(count).ok()?);
            let at = if self.endian == Endian::Little { 0 } else { 4 };
            target.get_mut(at..at + 4)?.copy_from_slice(&low);
        } else {
            let count = self.endian.put_u16(u16::try_from(count).ok()?);
            target.get_mut(..2)?.copy_from_slice(&count);
        }
        let behind = head.checked_add(entries.len())?;
        target.get_mut(head..behind)?.copy_from_slice(entries);
        target.get_mut(behind..behind + next.len())?.copy_from_slice(next);
        Some(())
    }

    /// The offset that stands at `at`, if it leads somewhere.
    pub(crate) fn offset(&self, at: usize) -> Option<usize> {
        let offset = if self.big {
            usize::try_from(self.endian.u64(self.data, at)?).ok()?
        } else {
            usize::try_from(self.endian.u32(self.data, at)?).ok()?
        };
        (offset != 0 && offset < self.data.len()).then_some(offset)
    }

    /// Bytes of an offset: 4, or 8 in a BigTIFF.
    pub(crate) fn offset_size(&self) -> usize {
        if self.big { 8 } else { 4 }
    }

    /// How many directories the main chain has; a chain that bites its tail ends there. No entry is read: directories may
    /// overlap, so that each could have all bytes of the file.
    pub(crate) fn count_ifds(&self) -> usize {
        let mut seen = std::collections::HashSet::new();
        let mut next = Some(self.first);
        while let Some(offset) = next {
            let Some(directory) = self.extent(offset) else { break };
            if seen.len() >= MAX_IFDS || !seen.insert(offset) {
                break;
            }
            next = directory.end().and_then(|at| self.offset(at));
        }
        seen.len()
    }

    /// Whether the main chain comes to its end within so many directories.
    pub(crate) fn chain_ends(&self, most: usize) -> bool {
        let mut next = Some(self.first);
        for _ in 0..most {
            let Some(at) = next.and_then(|offset| self.ifd(offset)?.next_at) else {
                return false;
            };
            if self.is_last(at) {
                return true;
            }
            next = self.offset(at);
        }
        false
    }

    /// Whether the offset at `at`, behind a directory's entries, says that no other directory follows.
    pub(crate) fn is_last(&self, at: usize) -> bool {
        let offset = at
            .checked_add(self.offset_size())
            .and_then(|end| self.data.get(at..end));
        offset.is_some_and(|offset| offset.iter().all(|&byte| byte == 0))
    }

    /// The bytes of an entry's value; `None` if they lie outside the data.
    pub(crate) fn bytes(&self, entry: Entry) -> Option<&'a [u8]> {
        self.data.get(self.value_range(entry)?)
    }

    /// Where an entry's value ends, which may be in the entry itself; `None` if it lies outside the data.
    pub(crate) fn value_end(&self, entry: Entry) -> Option<usize> {
        let range = self.value_range(entry)?;
        self.data.get(range.clone())?;
        Some(range.end.max(entry.value_at.checked_add(self.offset_size())?))
    }

    /// Where an entry's value stands.
    pub(crate) fn value_range(&self, entry: Entry) -> Option<std::ops::Range<usize>> {
        let len = usize::try_from(entry.count).ok()?.checked_mul(type_size(entry.kind))?;
        let start = if len <= entry.inline {
            entry.value_at
        } else {
            self.offset(entry.value_at)?
        };
        Some(start..start.checked_add(len)?)
    }

    /// The entry's `index`-th value as an unsigned integer, whatever its width (BYTE, SHORT, LONG, LONG8).
    pub(crate) fn uint(&self, entry: Entry, index: usize) -> Option<u64> {
        let bytes = self.bytes(entry)?;
        match entry.kind {
            1 | 6 | 7 => bytes.get(index).map(|&b| u64::from(b)),
            3 | 8 => self.endian.u16(bytes, index.checked_mul(2)?).map(u64::from),
            4 | 9 | 13 => self.endian.u32(bytes, index.checked_mul(4)?).map(u64::from),
            16..=18 => self.endian.u64(bytes, index.checked_mul(8)?),
            _ => None,
        }
    }

    /// The EXIF orientation that the directory holds. A wrong type or count does not matter as long as a number can be
    /// read where a SHORT would stand; 0, 9 and other values outside 1 to 8 say nothing.
    pub(crate) fn orientation(&self, ifd: &Ifd<'_>) -> Option<Orientation> {
        let entry = ifd.find(ORIENTATION)?;
        let value = match entry.kind {
            1 | 6 | 7 => u32::from(*self.data.get(entry.value_at)?),
            4 | 9 => self.endian.u32(self.data, entry.value_at)?,
            _ => u32::from(self.endian.u16(self.data, entry.value_at)?),
        };
        Orientation::from_exif(value)
    }
}

impl Ifd<'_> {
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> {
        let Extent { count, start, size } = self.extent;
        // The data bounds the walk, whatever the count claims.
        (0..count).map_while(move |i| {
            let at = usize::try_from(i).ok()?.checked_mul(size)?.checked_add(start)?;
            self.tiff.entry(at)
        })
    }

    /// The first entry with `tag`.
    pub(crate) fn find(&self, tag: u16) -> Option<Entry> {
        self.entries().find(|e| e.tag == tag)
    }
}

/// Whether an EXIF block, or a TIFF, says that its colours are Adobe RGB's: by the index of its interoperability
/// directory (CIPA DC-008, 4.6.6; "R03" is the DCF's optional colour space), unless it says that they are sRGB's.
pub(crate) fn is_adobe_rgb(block: &[u8]) -> bool {
    const INTEROPERABILITY_IFD: u16 = 0xA005;
    const INTEROPERABILITY_INDEX: u16 = 1;
    const COLOR_SPACE: u16 = 0xA001;
    const SRGB: u64 = 1;
    let read = || {
        let tiff = Tiff::parse(block)?;
        let directory = |ifd: &Ifd<'_>, tag| {
            let offset = tiff.uint(ifd.find(tag)?, 0)?;
            tiff.ifd(usize::try_from(offset).ok()?)
        };
        let exif = directory(&tiff.first_ifd()?, EXIF_IFD)?;
        if exif.find(COLOR_SPACE).and_then(|space| tiff.uint(space, 0)) == Some(SRGB) {
            return None;
        }
        let index = directory(&exif, INTEROPERABILITY_IFD)?.find(INTEROPERABILITY_INDEX)?;
        tiff.bytes(index).map(|text| text.starts_with(b"R03"))
    };
    read().unwrap_or(false)
}

/// The orientation in an EXIF block (a TIFF structure, with or without the `Exif\0\0` in front): that of the first
/// directory, as the one of the thumbnail says nothing about the picture.
pub(crate) fn exif_orientation(block: &[u8]) -> Option<Orientation> {
    let tiff = Tiff::parse(strip_exif_header(block))?;
    tiff.orientation(&tiff.first_ifd()?)
}

/// The block without the `Exif\0\0` that JPEG puts in front, and that some writers put into PNG and WebP too.
pub(crate) fn strip_exif_header(block: &[u8]) -> &[u8] {
    block.strip_prefix(b"Exif\0\0").unwrap_or(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little- or big-endian EXIF block with one orientation entry.
    fn block(endian: Endian, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
        let mut b = match endian {
            Endian::Little => b"II".to_vec(),
            Endian::Big => b"MM".to_vec(),
        };
        b.extend(endian.put_u16(42));
        b.extend(endian.put_u32(8));
        b.extend(endian.put_u16(1));
        b.extend(endian.put_u16(ORIENTATION));
        b.extend(endian.put_u16(kind));
        b.extend(endian.put_u32(count));
        b.extend(value);
        b.extend(endian.put_u32(0));
        b
    }

    #[test]
    fn orientation_is_read_through_odd_types_and_counts() {
        use Endian::{Big, Little};
        let six = Some(Orientation::Rotate90);
        for (endian, kind, count, value, want) in [
            (Little, 3, 1, [6, 0, 0, 0], six),
            (Big, 3, 1, [0, 6, 0, 0], six),
            (Little, 4, 1, [6, 0, 0, 0], six),
            (Big, 4, 1, [0, 0, 0, 6], six),
            (Big, 1, 1, [6, 0, 0, 0], six),
            (Little, 3, 0, [6, 0, 0, 0], six),
            (Little, 3, 1, [0, 0, 0, 0], None),
            (Little, 3, 1, [9, 0, 0, 0], None),
            (Little, 3, 1, [6, 1, 0, 0], None),
        ] {
            assert_eq!(
                exif_orientation(&block(endian, kind, count, value)),
                want,
                "{endian:?} {kind} {count} {value:?}"
            );
        }
    }

    #[test]
    fn every_prefix_is_survived_and_a_loop_ends() {
        let b = block(Endian::Little, 3, 1, [6, 0, 0, 0]);
        for end in 0..b.len() {
            let _ = exif_orientation(&b[..end]);
        }
        let mut looped = b.clone();
        let at = looped.len() - 4;
        looped[at..].copy_from_slice(&8u32.to_le_bytes());
        assert_eq!(Tiff::parse(&looped).map(|t| t.count_ifds()), Some(1));
    }
}
