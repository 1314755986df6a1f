//! The metadata of a TIFF: what a new picture takes over of it, and what a file that is passed on may have of it.

use crate::error::Error;
use crate::formats::carried::Carried;
use crate::formats::exif;
use crate::formats::ifd::{self, Ifd, Tiff};
use crate::formats::photoshop;
use crate::formats::row::Cleaned;
use crate::options::Metadata;
use crate::report::LostMetadata;

pub(super) const IPTC: u16 = 0x83BB;
pub(super) const PHOTOSHOP: u16 = 0x8649;

/// The fields that say how the samples are stored and what they mean (TIFF 6.0, and its technical notes).
const PICTURE: &[u16] = &[
    0x00FE, 0x00FF, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x0107, 0x010A, 0x0111, 0x0112, 0x0115, 0x0116, 0x0117,
    0x0118, 0x0119, 0x011A, 0x011B, 0x011C, 0x0122, 0x0123, 0x0124, 0x0125, 0x0128, 0x0129, 0x012D, 0x013D, 0x013E,
    0x013F, 0x0140, 0x0142, 0x0143, 0x0144, 0x0145, 0x014C, 0x0152, 0x0153, 0x0154, 0x0155, 0x015B, 0x0211, 0x0212,
    0x0213, 0x0214, 0x8773,
];

/// The most pages of a file that is passed on.
const MAX_PAGES: usize = 256;

/// Takes over XMP, IPTC and Photoshop's resources, if they are kept.
pub(super) fn rest(data: &[u8], policy: Metadata, carried: &mut Carried) {
    let Some((tiff, first)) = Tiff::parse(data).and_then(|tiff| Some((tiff, tiff.first_ifd()?))) else {
        return;
    };
    if policy != Metadata::Keep {
        return;
    }
    let mut bytes = |tag, what| {
        let entry = first.find(tag)?;
        let bytes = tiff.bytes(entry);
        if bytes.is_none() {
            carried.lose(what);
        }
        bytes
    };
    let packet = bytes(ifd::XMP, LostMetadata::Xmp);
    let resources = bytes(PHOTOSHOP, LostMetadata::Iptc);
    let record = bytes(IPTC, LostMetadata::Iptc);
    carried.xmp = packet.map(<[u8]>::to_vec);
    let (mut kept, unread) = resources.map_or((None, false), photoshop::for_new_picture);
    // The record stands in the resources too, where both are.
    if let Some(record) = record
        && !kept.as_deref().is_some_and(photoshop::has_iptc)
        && let Some(record) = photoshop::of_iptc(without_zeros(record))
    {
        kept.get_or_insert_default().extend(record);
    }
    carried.resources = kept;
    if unread {
        carried.lose(LostMetadata::Iptc);
    }
}

/// A record without the zeros that fill it up where it is stored as whole words.
fn without_zeros(record: &[u8]) -> &[u8] {
    let end = record.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
    &record[..end]
}

/// A TIFF whose fields are all of its picture or allowed is passed on. In others the entries of the rest are taken out of the
/// directories and every byte that nothing points at becomes 0, so that all offsets stay true. `Anew` where the directories
/// are not as plain as that needs.
pub(super) fn clean(data: &[u8], policy: Metadata) -> Result<Cleaned, Error> {
    if policy == Metadata::Keep {
        // Some readers follow a chain that bites its tail.
        let ends = Tiff::parse(data).is_some_and(|tiff| tiff.chain_ends(MAX_PAGES));
        return Ok(if ends { Cleaned::AsItIs } else { Cleaned::Anew });
    }
    let Some(cleaner) = Cleaner::of(data, policy) else {
        return Ok(Cleaned::Anew);
    };
    cleaner.finish()
}

/// What of a file stays.
struct Cleaner<'a> {
    tiff: Tiff<'a>,
    policy: Metadata,
    /// The bytes that are used.
    used: Vec<std::ops::Range<usize>>,
    /// Directories with entries that go: where each stands, and the entries that stay.
    changed: Vec<(usize, Vec<u8>)>,
    /// Entries that may still be looked at: directories that share bytes have more than there is room for.
    entries_left: usize,
}

impl<'a> Cleaner<'a> {
    fn of(data: &'a [u8], policy: Metadata) -> Option<Self> {
        let tiff = Tiff::parse(data)?;
        let mut cleaner = Self {
            tiff,
            policy,
            used: Vec::new(),
            changed: Vec::new(),
            entries_left: data.len() / 12 + 16,
        };
        cleaner.mark(0..tiff.header_len())?;
        let mut at = Some(tiff.first_offset());
        let mut pages = 0;
        while let Some(offset) = at {
            pages += 1;
            if pages > MAX_PAGES {
                return None;
            }
            let page = tiff.ifd(offset)?;
            let next_at = page.next_at?;
            cleaner.directory(offset, &page, false)?;
            at = if tiff.is_last(next_at) {
                None
            } else {
                Some(tiff.offset(next_at)?)
            };
        }
        Some(cleaner)
    }

    /// Looks at a directory; `None` if it is not plain.
    fn directory(&mut self, offset: usize, directory: &Ifd<'_>, is_exif: bool) -> Option<()> {
        let tiff = self.tiff;
        let next_at = directory.next_at?;
        let end = next_at.checked_add(tiff.offset_size())?;
        self.used.push(offset..end.min(tiff.data.len()));
        let mut stays = Vec::new();
        let mut all = true;
        let mut lists = Vec::new();
        for entry in directory.entries() {
            self.entries_left = self.entries_left.checked_sub(1)?;
            let allowed = match entry.tag {
                ifd::EXIF_IFD if !is_exif && self.policy == Metadata::Privacy => {
                    let at = usize::try_from(tiff.uint(entry, 0)?).ok()?;
                    let below = tiff.ifd(at)?;
                    self.directory(at, &below, true)?;
                    true
                }
                tag if !is_exif && PICTURE.contains(&tag) => true,
                tag => self.policy == Metadata::Privacy && exif::is_allowed_tag(tag, is_exif),
            };
            if !allowed {
                all = false;
                continue;
            }
            let range = tiff.value_range(entry)?;
            tiff.data.get(range.clone())?;
            self.mark(range)?;
            stays.extend_from_slice(tiff.entry_bytes(entry)?);
            if matches!(
                entry.tag,
                ifd::STRIP_OFFSETS | ifd::STRIP_BYTE_COUNTS | ifd::TILE_OFFSETS | ifd::TILE_BYTE_COUNTS
            ) && !is_exif
            {
                lists.push(entry);
            }
        }
        if !is_exif {
            self.pixels(&lists)?;
        }
        if !all {
            self.changed.push((offset, stays));
        }
        Some(())
    }

    /// Notes where the strips or tiles of a page stand.
    fn pixels(&mut self, lists: &[ifd::Entry]) -> Option<()> {
        let [offsets, lengths] = lists else { return None };
        let (offsets, lengths) = if matches!(offsets.tag, ifd::STRIP_OFFSETS | ifd::TILE_OFFSETS) {
            (*offsets, *lengths)
        } else {
            (*lengths, *offsets)
        };
        let count = usize::try_from(offsets.count).ok()?;
        if offsets.count != lengths.count {
            return None;
        }
        for index in 0..count {
            let start = usize::try_from(self.tiff.uint(offsets, index)?).ok()?;
            let length = usize::try_from(self.tiff.uint(lengths, index)?).ok()?;
            let end = start.checked_add(length)?;
            self.tiff.data.get(start..end)?;
            self.mark(start..end)?;
        }
        Some(())
    }

    /// Notes that bytes are used. A range takes four bytes of a plain file at least; only directories that share bytes have
    /// more of them.
    fn mark(&mut self, range: std::ops::Range<usize>) -> Option<()> {
        self.used.push(range);
        (self.used.len() <= self.tiff.data.len() / 4 + 16).then_some(())
    }

    fn finish(mut self) -> Result<Cleaned, Error> {
        let data = self.tiff.data;
        self.used.sort_unstable_by_key(|range| range.start);
        let mut gaps = Vec::new();
        let mut at = 0;
        for range in &self.used {
            if range.start > at {
                gaps.push(at..range.start);
            }
            at = at.max(range.end);
        }
        gaps.push(at..data.len());
        let hides = |gap: &std::ops::Range<usize>| data.get(gap.clone()).is_some_and(|gap| gap.iter().any(|&b| b != 0));
        if self.changed.is_empty() && !gaps.iter().any(hides) {
            return Ok(Cleaned::AsItIs);
        }
        let mut file = crate::pixels::zeros::<u8>(data.len())?;
        file.copy_from_slice(data);
        for gap in gaps {
            if let Some(gap) = file.get_mut(gap) {
                gap.fill(0);
            }
        }
        for (offset, entries) in &self.changed {
            if self.tiff.put_entries(&mut file, *offset, entries).is_none() {
                return Ok(Cleaned::Anew);
            }
        }
        // Trailing zeros belong to nothing either.
        file.truncate(at.max(1));
        Ok(Cleaned::of(Some(file), Vec::new()))
    }
}

/// Whether common readers open such a picture: chunky samples of usual depths, in the usual colours and codings.
pub(super) fn is_plain(tiff: &Tiff<'_>, first: &Ifd<'_>) -> bool {
    let uint = |tag, or| first.find(tag).map_or(Some(or), |entry| tiff.uint(entry, 0));
    let samples = uint(ifd::SAMPLES_PER_PIXEL, 1);
    let bits = uint(ifd::BITS_PER_SAMPLE, 1);
    let compression = uint(ifd::COMPRESSION, 1);
    let kind = match (uint(ifd::PHOTOMETRIC, u64::MAX), samples, bits) {
        (Some(0 | 1), Some(1), Some(1 | 8 | 16)) => true,
        (Some(0 | 1), Some(2), Some(8)) => true,
        (Some(2), Some(3 | 4), Some(8)) => true,
        (Some(2), Some(3), Some(16)) => compression == Some(1),
        (Some(3), Some(1), Some(1 | 4 | 8)) => true,
        (Some(5), Some(4), Some(8)) => true,
        (Some(6), Some(3), Some(8)) => compression == Some(7),
        _ => false,
    };
    let coding = match compression {
        Some(1 | 5 | 8 | 32_773) => true,
        Some(7) => bits == Some(8),
        Some(4) => bits == Some(1),
        _ => false,
    };
    let plain = |tag, value| uint(tag, value) == Some(value);
    kind && coding
        && plain(ifd::PLANAR_CONFIGURATION, 1)
        && plain(FILL_ORDER, 1)
        && plain(SAMPLE_FORMAT, 1)
        && first.find(ifd::SUB_IFDS).is_none()
}

const FILL_ORDER: u16 = 0x010A;
const SAMPLE_FORMAT: u16 = 0x0153;
