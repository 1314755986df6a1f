//! TIFF pictures (TIFF 6.0), with every tag chosen by hand.

use super::deflate::zlib;
use super::ifd::{Fields, Structure, Value};
use crate::entry::Result;

/// How strips or tiles are compressed.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
}

/// How a page's pixels are laid out.
#[derive(Clone, Copy)]
pub(crate) enum Layout {
    /// So many rows a strip.
    Strips(usize),
    /// Square tiles of so many pixels; a multiple of 16.
    Tiles(usize),
}

/// A page: what its tags say, and its rows.
pub(crate) struct Page {
    pub(crate) size: (usize, usize),
    /// Bits of each channel.
    pub(crate) bits: Vec<u16>,
    /// 0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK.
    pub(crate) photometric: u16,
    pub(crate) compression: Compression,
    pub(crate) layout: Layout,
    /// Rows of packed pixels in the file's byte order.
    pub(crate) pixels: Vec<u8>,
    /// Whether each channel has strips or tiles of its own; whole bytes a channel only.
    pub(crate) planar: bool,
    /// Whether the bits of each byte are stored from the lowest.
    pub(crate) reversed: bool,
    /// The number of another compression, and strips that are coded in it, instead of `pixels`.
    pub(crate) coded: Option<(u16, Vec<Vec<u8>>)>,
    /// More tags, or others.
    pub(crate) extra: Fields,
    /// Tags that are not there.
    pub(crate) left_out: Vec<u16>,
}

impl Page {
    /// Eight bits a channel, in strips of 16 rows.
    pub(crate) fn new(size: (usize, usize), channels: usize, photometric: u16, pixels: Vec<u8>) -> Self {
        Self {
            size,
            bits: vec![8; channels],
            photometric,
            compression: Compression::None,
            layout: Layout::Strips(16),
            pixels,
            planar: false,
            reversed: false,
            coded: None,
            extra: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Appends the page to the structure's chain.
    pub(crate) fn write(&self, s: &mut Structure) -> Result<()> {
        let pieces = match &self.coded {
            Some((_, pieces)) => pieces.clone(),
            None => self.pieces()?,
        };
        let mut offsets = Vec::new();
        let mut lengths = Vec::new();
        for mut piece in pieces {
            if self.reversed {
                piece.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
            }
            offsets.push(s.append(&piece) as u32);
            lengths.push(piece.len() as u32);
        }
        let method = match self.compression {
            _ if self.coded.is_some() => self.coded.as_ref().map_or(1, |(method, _)| *method),
            Compression::None => 1,
            Compression::Lzw => 5,
            Compression::Deflate => 8,
            Compression::PackBits => 32_773,
        };
        let mut fields: Fields = vec![
            (0x0100, Value::long(self.size.0)),
            (0x0101, Value::long(self.size.1)),
            (0x0102, Value::Short(self.bits.clone())),
            (0x0103, Value::short(method)),
            (0x0106, Value::short(self.photometric)),
            (0x0115, Value::short(u16::try_from(self.bits.len())?)),
            (0x011C, Value::short(if self.planar { 2 } else { 1 })),
        ];
        match self.layout {
            Layout::Strips(rows) => fields.extend([
                (0x0111, Value::Long(offsets)),
                (0x0116, Value::long(rows)),
                (0x0117, Value::Long(lengths)),
            ]),
            Layout::Tiles(side) => fields.extend([
                (0x0142, Value::long(side)),
                (0x0143, Value::long(side)),
                (0x0144, Value::Long(offsets)),
                (0x0145, Value::Long(lengths)),
            ]),
        }
        if self.reversed {
            fields.push((0x010A, Value::short(2)));
        }
        fields.retain(|field| !self.left_out.contains(&field.0) && self.extra.iter().all(|extra| extra.0 != field.0));
        fields.extend(self.extra.iter().cloned());
        fields.sort_by_key(|f| f.0);
        s.chain(&fields);
        Ok(())
    }

    /// The strips or tiles, compressed.
    fn pieces(&self) -> Result<Vec<Vec<u8>>> {
        if !self.planar {
            return self.pieces_of(&self.pixels, self.bits.iter().map(|&b| usize::from(b)).sum());
        }
        let bytes = usize::from(self.bits[0]) / 8;
        let mut pieces = Vec::new();
        for plane in 0..self.bits.len() {
            let samples = self.pixels.chunks_exact(bytes).skip(plane).step_by(self.bits.len());
            pieces.extend(self.pieces_of(&samples.flatten().copied().collect::<Vec<u8>>(), 8 * bytes)?);
        }
        Ok(pieces)
    }

    /// Those of pixels of so many bits.
    fn pieces_of(&self, pixels: &[u8], bits: usize) -> Result<Vec<Vec<u8>>> {
        let row = (self.size.0 * bits).div_ceil(8);
        let (pieces, piece_row): (Vec<Vec<u8>>, usize) = match self.layout {
            Layout::Strips(rows) => (pixels.chunks(row * rows).map(<[u8]>::to_vec).collect(), row),
            Layout::Tiles(side) => (self.tiles(pixels, side), side * row / self.size.0),
        };
        pieces
            .iter()
            .map(|piece| compress(piece, piece_row, self.compression))
            .collect()
    }

    /// The pixels cut into tiles, filled up with zeros at the edges; whole bytes a pixel only.
    fn tiles(&self, pixels: &[u8], side: usize) -> Vec<Vec<u8>> {
        let (width, height) = self.size;
        let bytes = pixels.len() / (width * height);
        let mut tiles = Vec::new();
        for y in (0..height).step_by(side) {
            for x in (0..width).step_by(side) {
                let mut tile = vec![0; side * side * bytes];
                let length = (width - x).min(side) * bytes;
                for dy in 0..side.min(height - y) {
                    let from = ((y + dy) * width + x) * bytes;
                    tile[dy * side * bytes..][..length].copy_from_slice(&pixels[from..from + length]);
                }
                tiles.push(tile);
            }
        }
        tiles
    }
}

/// A little-endian file of these pages.
pub(crate) fn file(pages: &[Page]) -> Result<Vec<u8>> {
    let mut s = Structure::new(false, false);
    for page in pages {
        page.write(&mut s)?;
    }
    Ok(s.out)
}

fn compress(data: &[u8], row: usize, compression: Compression) -> Result<Vec<u8>> {
    Ok(match compression {
        Compression::None => data.to_vec(),
        Compression::Deflate => zlib(data),
        Compression::Lzw => lzw(data)?,
        // Each row by itself (TIFF 6.0, section 9).
        Compression::PackBits => data.chunks(row).flat_map(pack_bits).collect(),
    })
}

/// LZW (TIFF 6.0, section 13).
pub(crate) fn lzw(data: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    Ok(encoder.encode(data)?)
}

/// PackBits: runs of up to 128 bytes, and stretches without runs.
fn pack_bits(row: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < row.len() {
        let run = row[at..].iter().take(128).take_while(|&&v| v == row[at]).count();
        if run >= 2 {
            out.extend([(257 - run) as u8, row[at]]);
            at += run;
            continue;
        }
        let changes = row[at..].windows(2).take(127).take_while(|w| w[0] != w[1]).count();
        // The last byte of the row starts no pair.
        let stretch = if at + changes + 1 == row.len() {
            changes + 1
        } else {
            changes
        };
        out.push((stretch - 1) as u8);
        out.extend_from_slice(&row[at..at + stretch]);
        at += stretch;
    }
    out
}
