//! A BMP without what its picture does not need, and which kinds of it common readers open.

use super::Fields;
use crate::error::Error;
use crate::formats::bytes::{Endian, le32};
use crate::formats::pieces::Pieces;
use crate::formats::row::Cleaned;
use crate::options::Metadata;

/// Bytes of the file header.
const FILE_HEADER: usize = 14;

/// The colour space of a profile that is named and not embedded (BITMAPV5HEADER: `PROFILE_LINKED`), and of none (`LCS_sRGB`).
const LINKED: u32 = u32::from_be_bytes(*b"LINK");
const EMBEDDED: u32 = u32::from_be_bytes(*b"MBED");
const SRGB: u32 = u32::from_be_bytes(*b"sRGB");

/// The headers that readers agree on: BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER.
pub(super) fn is_plain(data: &[u8]) -> bool {
    let Some(fields) = Fields::of(data) else { return false };
    let masks = || [0, 4, 8].map(|at| le32(data, FILE_HEADER + 40 + at).unwrap_or(0));
    let kind = match (fields.compression, fields.bits) {
        (0, 1 | 4 | 8 | 24) => true,
        (0, 16 | 32) => fields.header != 12,
        // Run lengths go from the bottom row up.
        (1, 8) | (2, 4) => fields.header != 12 && !fields.top_down,
        (3, 16) => matches!(masks(), [0x7C00, 0x03E0, 0x001F] | [0xF800, 0x07E0, 0x001F]),
        (3, 32) => masks() == [0x00FF_0000, 0x0000_FF00, 0x0000_00FF] && matches!(fields.alpha(data), 0 | 0xFF00_0000),
        _ => false,
    };
    let colors = fields.bits > 8 || fields.colors <= 1 << fields.bits;
    let in_order = fields.header_end <= fields.offset;
    kind && colors && in_order && matches!(fields.header, 12 | 40 | 108 | 124) && fields.planes == 1
}

/// The file without a profile that only names a file, and without bytes that belong to nothing; `Anew` if its runs are not
/// what every reader makes of them.
pub(super) fn clean(data: &[u8], policy: Metadata) -> Result<Cleaned, Error> {
    let Some(fields) = Fields::of(data).filter(|_| is_plain(data)) else {
        return Ok(Cleaned::Anew);
    };
    let Some(rows) = fields.rows(data) else {
        return Ok(Cleaned::Anew);
    };
    // ImageMagick refuses a file of another size than it says.
    let states_its_size = le32(data, 2).is_some_and(|size| size as usize == data.len());
    if policy == Metadata::Keep {
        let mut out = Pieces::of(data);
        out.keep(0..2);
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        out.put(size.to_le_bytes().to_vec(), 2..6);
        out.keep(6..data.len());
        return Ok(Cleaned::of(out.finish()?, Vec::new()));
    }
    let (Some(pixels_end), header_end) = (fields.offset.checked_add(rows), fields.header_end) else {
        return Ok(Cleaned::Anew);
    };
    if header_end > fields.offset || pixels_end > data.len() {
        return Ok(Cleaned::Anew);
    }
    let hides = |range: std::ops::Range<usize>| data.get(range).is_some_and(|gap| gap.iter().any(|&b| b != 0));
    let color_space = (fields.header >= 108).then(|| le32(data, FILE_HEADER + 56)).flatten();
    // The profile stands behind the pixels, its place counted from the header (BITMAPV5HEADER).
    let profile = (fields.header == 124)
        .then(|| {
            let at = usize::try_from(le32(data, FILE_HEADER + 112)?)
                .ok()?
                .checked_add(FILE_HEADER)?;
            let end = at.checked_add(usize::try_from(le32(data, FILE_HEADER + 116)?).ok()?)?;
            (end > at && end <= data.len()).then_some(at..end)
        })
        .flatten();
    let linked = color_space == Some(LINKED);
    let embedded = profile.filter(|range| color_space == Some(EMBEDDED) && range.start >= pixels_end);
    let behind = embedded.as_ref().map_or(pixels_end, |range| range.end);
    let between = pixels_end..embedded.as_ref().map_or(pixels_end, |range| range.start);
    let names = linked && fields.header == 124;
    if states_its_size
        && !names
        && !hides(header_end..fields.offset)
        && !hides(between.clone())
        && !hides(behind..data.len())
    {
        return Ok(Cleaned::AsItIs);
    }
    let mut header = data.get(..header_end).unwrap_or_default().to_vec();
    let profile_len = embedded.as_ref().map_or(0, |range| range.len());
    let size = header_end + rows + profile_len;
    let mut put = |at: usize, value: usize| {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        if let Some(field) = header.get_mut(at..at + 4) {
            field.copy_from_slice(&Endian::Little.put_u32(value));
        }
    };
    put(2, size);
    put(10, header_end);
    if linked {
        put(FILE_HEADER + 56, SRGB as usize);
    }
    if fields.header == 124 {
        let at = if profile_len > 0 {
            header_end + rows - FILE_HEADER
        } else {
            0
        };
        put(FILE_HEADER + 112, at);
        put(FILE_HEADER + 116, profile_len);
    }
    let mut out = Pieces::of(data);
    out.put(header, 0..header_end);
    out.keep(fields.offset..pixels_end);
    if let Some(range) = embedded {
        out.keep(range);
    }
    Ok(Cleaned::of(out.finish()?, Vec::new()))
}

impl Fields {
    /// The bytes of the pixels; `None` if they are run lengths that some readers refuse or draw otherwise.
    fn rows(&self, data: &[u8]) -> Option<usize> {
        if matches!(self.compression, 1 | 2) {
            return self.runs(data.get(self.offset..)?);
        }
        let row = u64::from(self.width)
            .checked_mul(u64::from(self.bits))?
            .div_ceil(32)
            .checked_mul(4)?;
        usize::try_from(row.checked_mul(u64::from(self.height))?).ok()
    }

    /// The bytes of run lengths that fill each row to its end, and no more, without jumps (BI_RLE8, BI_RLE4).
    fn runs(&self, data: &[u8]) -> Option<usize> {
        let (mut x, mut y, mut at) = (0_u32, 0_u32, 0_usize);
        loop {
            let (&count, &value) = (data.get(at)?, data.get(at + 1)?);
            at += 2;
            match (count, value) {
                // The end of a row, and that of the picture, where the last row need not have its own.
                (0, 0) => {
                    if x != self.width {
                        return None;
                    }
                    (x, y) = (0, y + 1);
                }
                (0, 1) => {
                    let whole = (x == 0 && y == self.height) || (x == self.width && y + 1 == self.height);
                    return whole.then_some(at);
                }
                (0, 2) => return None,
                (0, pixels) => {
                    x += u32::from(pixels);
                    let bytes = if self.compression == 1 {
                        usize::from(pixels)
                    } else {
                        usize::from(pixels).div_ceil(2)
                    };
                    at += bytes.next_multiple_of(2);
                }
                (count, _) => x += u32::from(count),
            }
            if x > self.width || y > self.height {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A BMP of 2 × 2 pixels with 24 bits.
    fn file(header: u32, gap: &[u8], behind: &[u8]) -> Vec<u8> {
        let offset = 14 + header as usize + gap.len();
        let mut out = b"BM".to_vec();
        out.extend(((offset + 16 + behind.len()) as u32).to_le_bytes());
        out.extend([0; 4]);
        out.extend((offset as u32).to_le_bytes());
        out.extend(header.to_le_bytes());
        out.extend([2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0]);
        out.resize(14 + header as usize, 0);
        out.extend_from_slice(gap);
        out.extend([7; 16]);
        out.extend_from_slice(behind);
        out
    }

    fn rewrite(data: &[u8], policy: Metadata) -> Option<Vec<u8>> {
        match clean(data, policy).unwrap() {
            Cleaned::AsItIs => None,
            Cleaned::Changed { file, .. } => Some(file),
            Cleaned::Anew => panic!("it can be cleaned"),
        }
    }

    #[test]
    fn bytes_that_belong_to_nothing_go() {
        let lean = file(40, b"", b"");
        let full = file(40, b"hidden", b"behind");
        assert_eq!(rewrite(&full, Metadata::Privacy), Some(lean.clone()));
        assert_eq!(rewrite(&full, Metadata::Keep), None);
        assert_eq!(rewrite(&lean, Metadata::Strip), None);
        assert_eq!(rewrite(&file(40, &[0; 6], &[0; 3]), Metadata::Privacy), None);
    }

    #[test]
    fn a_size_that_is_wrong_is_put_right() {
        let right = file(40, b"", b"");
        let mut wrong = right.clone();
        wrong[2..6].fill(0);
        for policy in [Metadata::Privacy, Metadata::Strip, Metadata::Keep] {
            assert_eq!(rewrite(&wrong, policy), Some(right.clone()));
        }
    }

    #[test]
    fn a_linked_profile_goes_and_an_embedded_one_stays() {
        let with = |space: &[u8; 4]| {
            let mut out = file(124, b"", b"C:\\Users\\me\\x");
            out[70..74].copy_from_slice(&u32::from_be_bytes(*space).to_le_bytes());
            out[126..130].copy_from_slice(&140_u32.to_le_bytes());
            out[130..134].copy_from_slice(&13_u32.to_le_bytes());
            out
        };
        let out = rewrite(&with(b"LINK"), Metadata::Privacy).unwrap();
        assert!(!String::from_utf8_lossy(&out).contains("Users"));
        assert_eq!(rewrite(&out, Metadata::Privacy), None);
        assert_eq!(rewrite(&with(b"MBED"), Metadata::Privacy), None);
        assert_eq!(rewrite(&with(b"LINK"), Metadata::Keep), None);
    }

    #[test]
    fn runs_are_followed_to_their_end() {
        let fields = Fields::of(&file(40, b"", b"")).unwrap();
        let fields = Fields {
            compression: 1,
            bits: 8,
            ..fields
        };
        let whole = [2, 5, 0, 0, 0, 2, 7, 7, 0, 1];
        assert_eq!(fields.runs(&[2, 5, 0, 0, 2, 7, 0, 1]), Some(8));
        assert_eq!(fields.runs(&[2, 5, 0, 0, 2, 7, 0, 0, 0, 1, 9]), Some(10));
        for broken in [
            &whole[..],
            &[2, 5, 0, 1],
            &[3, 5, 0, 0],
            &[2, 5, 0, 0, 1, 7, 0, 0],
            &[2, 5, 0, 0, 2],
        ] {
            assert_eq!(fields.runs(broken), None, "{broken:?}");
        }
    }
}
