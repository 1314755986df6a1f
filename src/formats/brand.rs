//! The brands of ISO base media files (ISO/IEC 14496-12, 4.3).

/// Whether a file begins as a HEIF file of HEVC pictures does.
pub(super) fn is_heif(data: &[u8]) -> bool {
    match brand(data) {
        // Generic brands name the coding only among the compatible ones.
        Some(b"heic" | b"heix" | b"heim" | b"heis" | b"mif1" | b"mif2" | b"mif3" | b"msf1" | b"hevc" | b"hevx") => {
            !has_brand(data, b"avif") && !has_brand(data, b"avis")
        }
        _ => false,
    }
}

/// The major brand of an ISO base media file (ISO/IEC 14496-12, 4.3).
pub(super) fn brand(data: &[u8]) -> Option<&[u8; 4]> {
    (data.get(4..8)? == b"ftyp").then_some(())?;
    data.get(8..12)?.try_into().ok()
}

/// Whether `name` is among the brands of an ISO base media file.
pub(super) fn has_brand(data: &[u8], name: &[u8; 4]) -> bool {
    let length = super::bytes::be32(data, 0)
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(0);
    let brands = data.get(8..length.min(data.len())).unwrap_or_default();
    brands.chunks_exact(4).any(|b| b == name)
}
