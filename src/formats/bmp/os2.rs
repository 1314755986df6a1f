//! The headers of OS/2 2.x, which `image` does not read, as the Windows header of 40 bytes that has the same fields.

use std::borrow::Cow;

use crate::formats::bytes::{Endian, le32};

/// Where the second header begins, and how long the Windows one is.
const START: usize = 14;
const WINDOWS: usize = 40;

/// Whether a header of so many bytes is one of OS/2 2.x: the whole one, or its first 16 bytes.
pub(super) const fn is_os2(header: u32) -> bool {
    matches!(header, 16 | 64)
}

/// The file with a Windows header; as it is if it has one, or if it is coded as only OS/2 knows (compression 3 and 4 are
/// Huffman's code and runs of 24 bits there).
pub(super) fn as_windows(data: &[u8]) -> Option<Cow<'_, [u8]>> {
    let header = le32(data, START)?;
    if !is_os2(header) || (header == 64 && le32(data, 30)? > 2) {
        return Some(Cow::Borrowed(data));
    }
    let length = usize::try_from(header).ok()?;
    let offset = usize::try_from(le32(data, 10)?).ok()?;
    let end = START + length;
    let mut fields = data.get(START..end)?.to_vec();
    // What the short header leaves out is 0.
    fields.resize(WINDOWS, 0);
    fields.get_mut(..4)?.copy_from_slice(&[40, 0, 0, 0]);
    let offset = u32::try_from(offset.checked_add(WINDOWS)?.checked_sub(length)?).ok()?;
    let mut out = Vec::new();
    out.try_reserve_exact(data.len() + WINDOWS).ok()?;
    out.extend_from_slice(data.get(..10)?);
    out.extend(Endian::Little.put_u32(offset));
    out.extend(fields);
    out.extend_from_slice(data.get(end..)?);
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use image::ImageDecoder;
    use image::codecs::bmp::BmpDecoder;

    use super::*;

    #[test]
    fn both_headers_become_one_that_is_read() {
        for length in [16_u32, 64] {
            let mut file = b"BM".to_vec();
            file.extend([0; 8]);
            file.extend((14 + length + 1024).to_le_bytes());
            file.extend(length.to_le_bytes());
            file.extend([2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 8, 0]);
            file.resize(14 + length as usize, 0);
            file.extend((0..=255).flat_map(|v| [v, v / 2, 7, 0]));
            file.extend([10, 200, 0, 0]);
            let windows = as_windows(&file).unwrap();
            let decoder = BmpDecoder::new(std::io::Cursor::new(&*windows)).unwrap();
            let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).unwrap()];
            decoder.read_image(&mut pixels).unwrap();
            assert_eq!(pixels, [7, 5, 10, 7, 100, 200], "{length} bytes");
            for end in 0..file.len() {
                let _ = as_windows(&file[..end]);
            }
        }
    }
}
