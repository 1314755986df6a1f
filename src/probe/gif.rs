//! The blocks of a GIF (GIF89a specification).

use super::bytes::le16;
use super::info::{ColorModel, ImageInfo};
use crate::Orientation;
use crate::error::Error;
use crate::format::Format;

pub(super) fn probe(data: &[u8]) -> Result<ImageInfo, Error> {
    let malformed = |what: &str| Error::malformed(Format::Gif, what);
    let cut = || malformed("it is cut short before its first picture");
    let (mut width, mut height) = (le16(data, 6).ok_or_else(cut)?, le16(data, 8).ok_or_else(cut)?);
    let packed = *data.get(10).ok_or_else(cut)?;
    let walk = walk(data, 13 + color_table(packed));
    let first = walk.first.ok_or_else(cut)?;
    if width == 0 || height == 0 {
        // Viewers take the first frame's size for a canvas without one.
        (width, height) = (
            first.left.saturating_add(first.width),
            first.top.saturating_add(first.height),
        );
    }
    if width == 0 || height == 0 {
        return Err(malformed("its width or height is 0"));
    }
    let covers = first.left == 0 && first.top == 0 && first.width >= width && first.height >= height;
    Ok(ImageInfo {
        format: Format::Gif,
        width: u32::from(width),
        height: u32::from(height),
        orientation: Orientation::Upright,
        bytes: data.len() as u64,
        bit_depth: 8,
        color: ColorModel::Palette,
        alpha: first.transparent || !covers,
        frames: walk.frames,
        images: 1,
        profile: None,
        gain_map: false,
        motion_photo: false,
        metadata: walk.comments,
        carried: 0,
        // LZW codes of at most 12 bits stand for at most 4,096 pixels (GIF89a, appendix F).
        density: 4096 * 1000,
        decoder_memory: 0,
        jpeg: None,
    })
}

/// Bytes of the colour table that a packed field announces.
fn color_table(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

struct FirstFrame {
    left: u16,
    top: u16,
    width: u16,
    height: u16,
    transparent: bool,
}

#[derive(Default)]
struct Walk {
    first: Option<FirstFrame>,
    frames: u32,
    comments: bool,
}

/// Walks the blocks from `at` to the trailer or to the end of the data.
fn walk(data: &[u8], mut at: usize) -> Walk {
    let mut result = Walk::default();
    let mut transparent = false;
    let mut step = || -> Option<bool> {
        match *data.get(at)? {
            0x21 => {
                match *data.get(at + 1)? {
                    0xF9 => transparent = data.get(at + 3)? & 1 != 0,
                    0xFE => result.comments = true,
                    _ => {}
                }
                at = skip_sub_blocks(data, at + 2)?;
            }
            0x2C => {
                let packed = *data.get(at + 9)?;
                result.first.get_or_insert(FirstFrame {
                    left: le16(data, at + 1)?,
                    top: le16(data, at + 3)?,
                    width: le16(data, at + 5)?,
                    height: le16(data, at + 7)?,
                    transparent,
                });
                result.frames += 1;
                transparent = false;
                at = skip_sub_blocks(data, at + 11 + color_table(packed))?;
            }
            _ => return None,
        }
        Some(true)
    };
    while step().is_some() {}
    result
}

/// The offset behind a chain of sub-blocks.
fn skip_sub_blocks(data: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*data.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// Whether the file has its trailer: if not, it was cut short.
pub(crate) fn is_complete(data: &[u8]) -> bool {
    // Some writers pad behind the trailer.
    data.iter().rev().find(|&&b| b != 0) == Some(&0x3B)
}
