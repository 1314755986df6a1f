//! GIF files: a palette of 8 × 8 × 4 colours for everything.

use std::borrow::Cow;

use gif::{DisposalMethod, Encoder, Frame, Repeat};

use crate::entry::Result;
use crate::picture::Picture;

/// The index that stands for a transparent pixel: the palette's darkest blue, which no chart has.
pub(crate) const TRANSPARENT: u8 = 1;

/// Red and green in steps of 1/7, blue in steps of 1/3.
fn palette() -> Vec<u8> {
    let level = |v: u16, top: u16| (v * 255 / top) as u8;
    (0..256u16)
        .flat_map(|i| [level(i >> 5, 7), level(i >> 2 & 7, 7), level(i & 3, 3)])
        .collect()
}

/// The picture's pixels as indices into the palette.
pub(crate) fn indices(picture: &Picture) -> Vec<u8> {
    let nearest = |v: u8, top: u32| (u32::from(v) * top + 127) / 255;
    let index = |p: &[u8]| (nearest(p[0], 7) << 5 | nearest(p[1], 7) << 2 | nearest(p[2], 3)) as u8;
    picture
        .rgb
        .chunks_exact(3)
        .map(index)
        .map(|i| if i == TRANSPARENT { 0 } else { i })
        .collect()
}

/// One frame of a file.
pub(crate) struct Part {
    pub(crate) at: (u16, u16),
    pub(crate) size: (usize, usize),
    pub(crate) indices: Vec<u8>,
    pub(crate) transparent: bool,
    pub(crate) interlaced: bool,
}

impl Part {
    pub(crate) fn new(picture: &Picture) -> Self {
        Self {
            at: (0, 0),
            size: (picture.width, picture.height),
            indices: indices(picture),
            transparent: false,
            interlaced: false,
        }
    }
}

/// A file with a canvas of `canvas` pixels; more than one frame makes it an animation without end.
pub(crate) fn file(canvas: (usize, usize), parts: &[Part], comment: Option<&str>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, u16::try_from(canvas.0)?, u16::try_from(canvas.1)?, &palette())?;
    if parts.len() > 1 {
        encoder.set_repeat(Repeat::Infinite)?;
    }
    if let Some(text) = comment {
        encoder.write_raw_extension(gif::Extension::Comment.into(), &[text.as_bytes()])?;
    }
    for part in parts {
        let (width, height) = part.size;
        let rows: Vec<usize> = if part.interlaced {
            interlaced_rows(height)
        } else {
            (0..height).collect()
        };
        let buffer: Vec<u8> = rows
            .iter()
            .flat_map(|y| &part.indices[y * width..(y + 1) * width])
            .copied()
            .collect();
        encoder.write_frame(&Frame {
            delay: 10,
            dispose: DisposalMethod::Keep,
            transparent: part.transparent.then_some(TRANSPARENT),
            left: part.at.0,
            top: part.at.1,
            width: u16::try_from(width)?,
            height: u16::try_from(height)?,
            interlaced: part.interlaced,
            buffer: Cow::Owned(buffer),
            ..Frame::default()
        })?;
    }
    drop(encoder);
    Ok(out)
}

/// The file with an XMP packet before its trailer: the packet as it is, and 258 bytes that lead readers of sub-blocks out of it.
pub(crate) fn with_xmp(file: &[u8], packet: &[u8]) -> Vec<u8> {
    let mut out = file[..file.len() - 1].to_vec();
    out.extend(b"\x21\xFF\x0BXMP DataXMP");
    out.extend(packet);
    out.push(1);
    out.extend((0..=255).rev());
    out.extend([0, 0x3B]);
    out
}

/// The order in which an interlaced frame stores its rows (GIF89a, appendix E).
fn interlaced_rows(height: usize) -> Vec<usize> {
    let pass = |start: usize, step: usize| (start..height).step_by(step);
    pass(0, 8)
        .chain(pass(4, 8))
        .chain(pass(2, 4))
        .chain(pass(1, 2))
        .collect()
}
