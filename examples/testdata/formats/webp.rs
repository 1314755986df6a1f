//! WebP files (RFC 9649): lossless pictures from a library, the container written here.

use image::ExtendedColorType;
use image::codecs::webp::WebPEncoder;

use crate::entry::Result;

/// The VP8L chunk of a picture, with four channels if `alpha`, else three.
pub(crate) fn lossless(pixels: &[u8], (width, height): (usize, usize), alpha: bool) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let color = if alpha {
        ExtendedColorType::Rgba8
    } else {
        ExtendedColorType::Rgb8
    };
    WebPEncoder::new_lossless(&mut file).encode(pixels, u32::try_from(width)?, u32::try_from(height)?, color)?;
    let at = file
        .windows(4)
        .position(|w| w == b"VP8L")
        .ok_or("the encoder wrote no VP8L chunk")?;
    Ok(file[at..].to_vec())
}

/// A chunk, filled up to an even length.
pub(crate) fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = name.to_vec();
    out.extend((body.len() as u32).to_le_bytes());
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

/// A file of these chunks.
pub(crate) fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    let mut out = b"RIFF".to_vec();
    out.extend((body.len() as u32 + 4).to_le_bytes());
    out.extend(b"WEBP");
    out.extend(body);
    out
}

/// Flags of the extended header.
pub(crate) const ICC: u8 = 0x20;
pub(crate) const ALPHA: u8 = 0x10;
pub(crate) const EXIF: u8 = 0x08;
pub(crate) const XMP: u8 = 0x04;
pub(crate) const ANIMATION: u8 = 0x02;

/// The extended header.
pub(crate) fn extended(flags: u8, (width, height): (usize, usize)) -> Vec<u8> {
    let mut body = vec![flags, 0, 0, 0];
    body.extend(three_bytes(width - 1));
    body.extend(three_bytes(height - 1));
    chunk(b"VP8X", &body)
}

/// The chunk that makes a file an animation: a clear background, no end.
pub(crate) fn animation() -> Vec<u8> {
    chunk(b"ANIM", &[0; 6])
}

/// A frame at an even place, a tenth of a second long, that replaces what it covers.
pub(crate) fn frame(at: (usize, usize), size: (usize, usize), picture: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for v in [at.0 / 2, at.1 / 2, size.0 - 1, size.1 - 1, 100] {
        body.extend(three_bytes(v));
    }
    body.push(0x02);
    body.extend_from_slice(picture);
    chunk(b"ANMF", &body)
}

fn three_bytes(v: usize) -> [u8; 3] {
    let [a, b, c, ..] = v.to_le_bytes();
    [a, b, c]
}
