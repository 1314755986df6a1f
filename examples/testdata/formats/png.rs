//! PNG files (PNG specification, third edition), chunk by chunk.

use super::deflate::zlib;

/// What IHDR says.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    pub(crate) size: (usize, usize),
    pub(crate) depth: u8,
    /// 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGB with alpha.
    pub(crate) color: u8,
    pub(crate) interlaced: bool,
}

impl Header {
    pub(crate) const fn new(size: (usize, usize), color: u8, depth: u8) -> Self {
        Self {
            size,
            depth,
            color,
            interlaced: false,
        }
    }

    const fn channels(&self) -> usize {
        match self.color {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        }
    }

    /// The IHDR chunk.
    pub(crate) fn chunk(&self) -> Vec<u8> {
        let mut body = (self.size.0 as u32).to_be_bytes().to_vec();
        body.extend((self.size.1 as u32).to_be_bytes());
        body.extend([self.depth, self.color, 0, 0, u8::from(self.interlaced)]);
        chunk(b"IHDR", &body)
    }
}

pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A chunk: length, type, body, checksum.
pub(crate) fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = (body.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(name);
    out.extend_from_slice(body);
    let checksum = crc32(&out[4..]);
    out.extend(checksum.to_be_bytes());
    out
}

/// The checksum of annex D, bit by bit.
fn crc32(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in data {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

/// A file of one picture; `before` and `after` are whole chunks on either side of its data.
pub(crate) fn file(header: &Header, samples: &[u16], before: &[Vec<u8>], after: &[Vec<u8>]) -> Vec<u8> {
    let data = chunk(b"IDAT", &picture_data(header, samples));
    [
        SIGNATURE.to_vec(),
        header.chunk(),
        before.concat(),
        data,
        after.concat(),
        chunk(b"IEND", &[]),
    ]
    .concat()
}

/// 8-bit samples as those that [`file`] takes.
pub(crate) fn wide(samples: &[u8]) -> Vec<u16> {
    samples.iter().map(|&v| v.into()).collect()
}

/// The compressed picture, as IDAT holds it. `samples` are interleaved channels.
pub(crate) fn picture_data(header: &Header, samples: &[u16]) -> Vec<u8> {
    let (width, height) = header.size;
    // Adam7 (clause 8.2): first column and row of each pass, and its steps.
    const PASSES: [(usize, usize, usize, usize); 7] = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];
    let passes: &[_] = if header.interlaced { &PASSES } else { &[(0, 0, 1, 1)] };
    let channels = header.channels();
    let mut raw = Vec::new();
    for &(x0, y0, dx, dy) in passes {
        if x0 >= width {
            continue;
        }
        let mut above = Vec::new();
        for y in (y0..height).step_by(dy) {
            let start = y * width;
            let row = (x0..width)
                .step_by(dx)
                .flat_map(|x| &samples[(start + x) * channels..(start + x + 1) * channels]);
            let row = pack(row.copied(), header.depth);
            above.resize(row.len(), 0);
            let distance = (channels * usize::from(header.depth)).div_ceil(8);
            // Filtering helps continuous tones only (clause 12.7).
            let adaptive = header.color != 3 && header.depth >= 8;
            filter(&row, &above, distance, adaptive, &mut raw);
            above = row;
        }
    }
    zlib(&raw)
}

/// Samples in `depth` bits each, the first in the highest bits.
pub(crate) fn pack(samples: impl Iterator<Item = u16>, depth: u8) -> Vec<u8> {
    if depth == 16 {
        return samples.flat_map(u16::to_be_bytes).collect();
    }
    if depth == 8 {
        return samples.map(|v| v as u8).collect();
    }
    let mut out = Vec::new();
    let mut used = 0;
    for sample in samples {
        if used % 8 == 0 {
            out.push(0);
        }
        if let Some(last) = out.last_mut() {
            *last |= (sample as u8) << (8 - depth - used % 8);
        }
        used = (used + depth) % 8;
    }
    out
}

/// Appends the filter type and the filtered row: the one of the five filters with the least sum of magnitudes.
fn filter(row: &[u8], above: &[u8], distance: usize, adaptive: bool, out: &mut Vec<u8>) {
    let filtered = |kind: u8| -> Vec<u8> {
        let predicted = |i: usize| {
            let left = if i >= distance { row[i - distance] } else { 0 };
            let up = above[i];
            let corner = if i >= distance { above[i - distance] } else { 0 };
            match kind {
                0 => 0,
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                _ => paeth(left, up, corner),
            }
        };
        row.iter()
            .enumerate()
            .map(|(i, &v)| v.wrapping_sub(predicted(i)))
            .collect()
    };
    let cost = |row: &[u8]| {
        row.iter()
            .map(|&v| u64::from(v.cast_signed().unsigned_abs()))
            .sum::<u64>()
    };
    let kinds = if adaptive { 0..5 } else { 0..1 };
    let best = kinds
        .map(|kind| (kind, filtered(kind)))
        .min_by_key(|(_, row)| cost(row));
    if let Some((kind, row)) = best {
        out.push(kind);
        out.extend(row);
    }
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let estimate = a + b - c;
    let (pa, pb, pc) = ((estimate - a).abs(), (estimate - b).abs(), (estimate - c).abs());
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        up
    } else {
        corner
    }
}

/// A text chunk: keyword and text in Latin-1.
pub(crate) fn text(keyword: &str, value: &str) -> Vec<u8> {
    chunk(b"tEXt", &[keyword.as_bytes(), &[0], value.as_bytes()].concat())
}

/// A compressed text chunk.
pub(crate) fn compressed_text(keyword: &str, value: &str) -> Vec<u8> {
    chunk(
        b"zTXt",
        &[keyword.as_bytes(), &[0, 0], &zlib(value.as_bytes())].concat(),
    )
}

/// An international text chunk, uncompressed, as XMP wants it.
pub(crate) fn international_text(keyword: &str, value: &[u8]) -> Vec<u8> {
    chunk(b"iTXt", &[keyword.as_bytes(), &[0, 0, 0, 0, 0], value].concat())
}

/// A colour profile chunk.
pub(crate) fn profile(name: &str, icc: &[u8]) -> Vec<u8> {
    chunk(b"iCCP", &[name.as_bytes(), &[0, 0], &zlib(icc)].concat())
}

/// The frames of an animation over `header.size`, a tenth of a second each; the first is also the still picture.
pub(crate) fn animation(header: &Header, frames: &[Vec<u16>]) -> Vec<u8> {
    let mut out = [SIGNATURE, &header.chunk()].concat();
    out.extend(chunk(b"acTL", &[(frames.len() as u32).to_be_bytes(), [0; 4]].concat()));
    let mut sequence = 0u32;
    for (i, frame) in frames.iter().enumerate() {
        let mut control = sequence.to_be_bytes().to_vec();
        control.extend((header.size.0 as u32).to_be_bytes());
        control.extend((header.size.1 as u32).to_be_bytes());
        control.extend([0; 8]);
        // A delay of 1/10 second, no disposal, no blending.
        control.extend([0, 1, 0, 10, 0, 0]);
        out.extend(chunk(b"fcTL", &control));
        sequence += 1;
        let data = picture_data(header, frame);
        if i == 0 {
            out.extend(chunk(b"IDAT", &data));
        } else {
            out.extend(chunk(b"fdAT", &[sequence.to_be_bytes().as_slice(), &data].concat()));
            sequence += 1;
        }
    }
    out.extend(chunk(b"IEND", &[]));
    out
}
