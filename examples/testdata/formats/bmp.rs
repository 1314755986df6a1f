//! Windows bitmaps.

use crate::picture::Picture;

/// A file: its two headers, whatever stands between them and the pixels (`extra`), and the pixels.
///
/// `header` is the size of the second header, 40 or 124 bytes; a negative height says that the top row comes first.
pub(crate) fn file(size: (i32, i32), bits: u16, compression: u32, header: u32, extra: &[u8], pixels: &[u8]) -> Vec<u8> {
    let start = 14 + header + extra.len() as u32;
    let mut out = b"BM".to_vec();
    out.extend((start + pixels.len() as u32).to_le_bytes());
    out.extend([0; 4]);
    out.extend(start.to_le_bytes());
    out.extend(header.to_le_bytes());
    out.extend(size.0.to_le_bytes());
    out.extend(size.1.to_le_bytes());
    out.extend(1u16.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(compression.to_le_bytes());
    out.extend((pixels.len() as u32).to_le_bytes());
    // 2,835 pixels a metre are 72 an inch.
    out.extend(2835u32.to_le_bytes());
    out.extend(2835u32.to_le_bytes());
    let colors = if bits <= 8 { extra.len() as u32 / 4 } else { 0 };
    out.extend(colors.to_le_bytes());
    out.extend(0u32.to_le_bytes());
    if header == 124 {
        for mask in [0x00FF_0000u32, 0x0000_FF00, 0x0000_00FF, 0xFF00_0000] {
            out.extend(mask.to_le_bytes());
        }
        out.extend(b"BGRs");
        out.resize(14 + 124, 0);
    }
    out.extend_from_slice(extra);
    out.extend_from_slice(pixels);
    out
}

/// Rows of `bytes` a pixel, bottom row first unless `top_down`, each filled up to four bytes.
pub(crate) fn rows(pixels: &[u8], width: usize, bytes: usize, top_down: bool) -> Vec<u8> {
    let mut rows: Vec<Vec<u8>> = pixels.chunks_exact(width * bytes).map(<[u8]>::to_vec).collect();
    if !top_down {
        rows.reverse();
    }
    for row in &mut rows {
        row.resize(row.len().next_multiple_of(4), 0);
    }
    rows.concat()
}

/// The picture's pixels in the order blue, green, red.
pub(crate) fn bgr(picture: &Picture) -> Vec<u8> {
    picture.rgb.chunks_exact(3).flat_map(|p| [p[2], p[1], p[0]]).collect()
}

/// A palette of 256 grays, bluish in the shadows and yellowish in the lights.
pub(crate) fn tinted_grays() -> Vec<u8> {
    (0..=255u8).flat_map(|v| [v / 2 + 64, v, v, 0]).collect()
}

/// Indices in run-length coding (BI_RLE8), bottom row first: runs where there are some, else absolute stretches.
pub(crate) fn rle8(indices: &[u8], width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for row in indices.chunks_exact(width).rev() {
        let mut at = 0;
        while at < row.len() {
            let run = row[at..].iter().take(255).take_while(|&&v| v == row[at]).count();
            let rest = row.len() - at;
            if run >= 3 || rest < 3 {
                out.extend([run as u8, row[at]]);
                at += run;
                continue;
            }
            // An absolute stretch has at least three pixels and fills up to two bytes.
            let changes = row[at..]
                .windows(3)
                .take(252)
                .take_while(|w| w[0] != w[1] || w[1] != w[2])
                .count();
            let stretch = changes.max(3).min(rest);
            out.extend([0, stretch as u8]);
            out.extend_from_slice(&row[at..at + stretch]);
            if stretch % 2 == 1 {
                out.push(0);
            }
            at += stretch;
        }
        out.extend([0, 0]);
    }
    out.extend([0, 1]);
    out
}
