//! GIF (GIF89a specification): its blocks, and through `gif` its first frame, laid on the canvas as viewers show it.

mod clean;

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use crate::colour::Description;
use crate::error::Error;
use crate::formats::bytes::le16;
use crate::formats::carried::Carried;
use crate::formats::format::Format;
use crate::formats::info::{ColorModel, ImageInfo};
use crate::formats::row::{Damage, Decoded, Exif, Memory, Reading, Row, check_by_decoding};
use crate::options::{Metadata, Options};
use crate::pixels::{Layout, Palette, Raster, Samples, sample_count, zeros};
use crate::report::LostMetadata;
use crate::{CancelToken, Orientation};

pub(super) const ROW: Row = Row {
    begins: |data| data.starts_with(b"GIF87a") || data.starts_with(b"GIF89a"),
    header,
    // Frames are counted.
    header_is_whole: |_, _| None,
    is_whole: is_complete,
    exif: |_| Exif::None,
    // The extension for a profile is one that no browser heeds.
    colour: |_| Description::Unsaid,
    rest,
    clean: clean::clean,
    memory,
    check: check_by_decoding,
    decode,
};

/// A frame that covers the canvas and hides nothing stays at one index a pixel.
fn memory(info: &ImageInfo) -> Memory {
    let all = Memory::of(info).beside(1);
    Memory {
        samples: if info.alpha { all.samples } else { 1 },
        ..all
    }
}

fn header(data: &[u8]) -> Result<ImageInfo, Error> {
    let malformed = |what: &str| Error::malformed(Format::Gif, what);
    let cut = || malformed("it is cut short before its first picture");
    let (mut width, mut height) = (le16(data, 6).ok_or_else(cut)?, le16(data, 8).ok_or_else(cut)?);
    data.get(10).ok_or_else(cut)?;
    let walk = walk(data);
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
        hdr: false,
        gain_map: false,
        motion_photo: false,
        metadata: walk.metadata,
        carried: walk.carried,
        // LZW codes of at most 12 bits stand for at most 4,096 pixels (GIF89a, appendix F).
        density: 4096 * 1000,
        plain: true,
        may_be_anew: false,
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

/// A block of the file.
#[derive(Clone, Copy, Debug)]
enum Block<'a> {
    /// What says how the next frame is shown.
    Control,
    Frame,
    Comment,
    /// A text that is to be drawn.
    Text,
    /// An extension of the program that is named by these 11 bytes.
    Application(&'a [u8]),
    Unknown,
}

/// How the blocks of a file end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With their trailer.
    Trailer,
    /// With the data, between two blocks.
    Data,
    /// In a block, or in bytes that are none.
    Cut,
}

/// The whole blocks of a file, with where they stand.
struct Blocks<'a> {
    data: &'a [u8],
    /// Where the next one begins.
    at: usize,
    frames: u32,
    /// How they have ended, once they have.
    end: End,
}

impl<'a> Blocks<'a> {
    fn of(data: &'a [u8]) -> Self {
        let packed = data.get(10).copied().unwrap_or(0);
        Self {
            data,
            at: (13 + color_table(packed)).min(data.len()),
            frames: 0,
            end: End::Cut,
        }
    }

    /// Where the block ends that begins at `at`.
    fn block(&self, at: usize) -> Option<(Block<'a>, usize)> {
        let data = self.data;
        match *data.get(at)? {
            0x21 => {
                let block = match *data.get(at + 1)? {
                    0xF9 => Block::Control,
                    0xFE => Block::Comment,
                    0x01 => Block::Text,
                    0xFF if data.get(at + 2) == Some(&11) => Block::Application(data.get(at + 3..at + 14)?),
                    _ => Block::Unknown,
                };
                Some((block, skip_sub_blocks(data, at + 2)?))
            }
            0x2C => {
                let packed = *data.get(at + 9)?;
                Some((Block::Frame, skip_sub_blocks(data, at + 11 + color_table(packed))?))
            }
            _ => None,
        }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = (Block<'a>, std::ops::Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        match self.data.get(start) {
            None => {
                self.end = End::Data;
                None
            }
            Some(0x3B) => {
                self.at += 1;
                self.end = End::Trailer;
                None
            }
            Some(_) => {
                let (block, end) = self.block(start)?;
                self.at = end;
                self.frames = self.frames.saturating_add(u32::from(matches!(block, Block::Frame)));
                Some((block, start..end))
            }
        }
    }
}

#[derive(Default)]
struct Walk {
    first: Option<FirstFrame>,
    frames: u32,
    metadata: bool,
    carried: u64,
}

/// Walks the blocks to the trailer or to the end of the data. The head of a frame counts even if the rest of it is cut.
fn walk(data: &[u8]) -> Walk {
    let mut result = Walk::default();
    let mut transparent = false;
    let mut blocks = Blocks::of(data);
    let mut frame = |at: usize, transparent: bool| {
        let packed = *data.get(at + 9)?;
        result.first.get_or_insert(FirstFrame {
            left: le16(data, at + 1)?,
            top: le16(data, at + 3)?,
            width: le16(data, at + 5)?,
            height: le16(data, at + 7)?,
            transparent,
        });
        Some(packed)
    };
    while let Some((block, range)) = blocks.next() {
        match block {
            Block::Control => transparent = data.get(range.start + 3).is_some_and(|flags| flags & 1 != 0),
            Block::Frame => {
                frame(range.start, transparent);
                result.frames = blocks.frames;
                transparent = false;
            }
            Block::Comment | Block::Text | Block::Unknown => result.metadata = true,
            Block::Application(name) => result.metadata |= name == XMP,
        }
        if matches!(block, Block::Comment | Block::Application(XMP)) {
            result.carried += range.len() as u64;
        }
    }
    if blocks.end == End::Cut && data.get(blocks.at) == Some(&0x2C) && frame(blocks.at, transparent).is_some() {
        result.frames = blocks.frames + 1;
    }
    result
}

/// The name of the extension that holds XMP.
const XMP: &[u8] = b"XMP DataXMP";

/// Takes over comments and XMP, if they are kept.
fn rest(data: &[u8], policy: Metadata, carried: &mut Carried) {
    if policy != Metadata::Keep {
        return;
    }
    for (block, range) in Blocks::of(data) {
        let Some(bytes) = data.get(range) else { continue };
        match block {
            Block::Comment => carried.comments.push((b"Comment".to_vec(), sub_blocks(bytes, 2))),
            Block::Application(XMP) => match packet(bytes) {
                Some(packet) if carried.xmp.is_none() => carried.xmp = Some(packet.to_vec()),
                _ => carried.lose(LostMetadata::Xmp),
            },
            Block::Text => carried.lose(LostMetadata::Text),
            _ => {}
        }
    }
}

/// The XMP packet of an extension: as it is, without sub-blocks, and behind it 258 bytes that lead readers of sub-blocks to its
/// end (Adobe's XMP specification, part 3, 1.1.2).
fn packet(extension: &[u8]) -> Option<&[u8]> {
    const TRAILER: usize = 258;
    extension.get(14..extension.len().checked_sub(TRAILER)?)
}

/// What a chain of sub-blocks holds.
fn sub_blocks(data: &[u8], mut at: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(&length) = data.get(at) {
        let Some(block) = data.get(at + 1..at + 1 + usize::from(length)).filter(|b| !b.is_empty()) else {
            break;
        };
        out.extend_from_slice(block);
        at += 1 + usize::from(length);
    }
    out
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

/// Whether all its blocks are whole; a trailer that is wanting can be written.
fn is_complete(data: &[u8]) -> bool {
    let mut blocks = Blocks::of(data);
    while blocks.next().is_some() {}
    blocks.end != End::Cut
}

fn decode(reading: &Reading<'_>, _: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    let (data, info) = (reading.data, &reading.info);
    let refuse = |e: gif::DecodingError| Error::decode(Format::Gif, e);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // The size was checked against the caller's limits already.
    options.set_memory_limit(MemoryLimit::Unlimited);
    let mut reader = options.read_info(Cursor::new(data)).map_err(refuse)?;
    let frame = reader
        .next_frame_info()
        .map_err(refuse)?
        .ok_or_else(|| Error::malformed(Format::Gif, "it has no frame"))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (frame_width, frame_height) = (usize::from(frame.width), usize::from(frame.height));
    let (interlaced, transparent) = (frame.interlaced, frame.transparent);
    let (width, height) = (info.width as usize, info.height as usize);
    let palette = reader.palette().map_err(refuse)?.to_vec();

    let palette = Palette::new(&palette, |i| {
        if Some(i) == transparent.map(usize::from) {
            0
        } else {
            u8::MAX
        }
    });
    let covers = left == 0 && top == 0 && frame_width >= width && frame_height >= height;
    // A frame that covers the canvas stays indices; elsewhere the canvas shows through, which no index stands for.
    let (layout, pixel) = if covers {
        (palette.layout(true), 1)
    } else {
        (Layout::Rgba, 4)
    };
    let len = sample_count(info.width, info.height, pixel).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    let mut pixels: Vec<u8> = zeros(len)?;
    let mut line = zeros(frame_width)?;
    let mut rows = 0;
    let mut error = None;
    for y in row_order(frame_height, interlaced) {
        cancel.check()?;
        match reader.fill_buffer(&mut line) {
            Ok(true) => {}
            Ok(false) => break,
            Err(e) => {
                error = Some(e);
                break;
            }
        }
        rows += 1;
        // What lies outside the canvas is not shown.
        if top + y >= height {
            continue;
        }
        let row = &mut pixels[(top + y) * width * pixel..(top + y + 1) * width * pixel];
        if let Some(row) = row.get_mut(left * pixel..) {
            let shown = frame_width.min(row.len() / pixel);
            if covers {
                row.copy_from_slice(&line[..shown]);
            } else {
                palette.expand(&line[..shown], layout, row);
            }
        }
    }
    if rows == 0 {
        return Err(error.map_or_else(
            || Error::malformed(Format::Gif, "its first frame has no pixels"),
            refuse,
        ));
    }
    let readable = rows as f64 / frame_height as f64;
    let damage = (rows < frame_height).then(|| Damage {
        readable,
        source: error.map(Into::into),
    });
    let samples = if covers {
        Samples::Indexed(pixels, palette)
    } else {
        Samples::U8(pixels)
    };
    let raster = Raster::new(info.width, info.height, layout, samples)
        .ok_or_else(|| Error::malformed(Format::Gif, "its size is 0"))?;
    Ok(Decoded {
        damage,
        ..Decoded::whole(raster, info)
    })
}

/// The order in which a frame's rows are stored (GIF89a, appendix E).
fn row_order(height: usize, interlaced: bool) -> Box<dyn Iterator<Item = usize>> {
    if !interlaced {
        return Box::new(0..height);
    }
    Box::new(
        [(0, 8), (4, 8), (2, 4), (1, 2)]
            .into_iter()
            .flat_map(move |(first, step)| (first..height).step_by(step)),
    )
}
