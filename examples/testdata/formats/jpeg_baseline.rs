//! A plain sequential JPEG coder (ITU-T T.81) for what the library does not write: interleaved scans with any sampling
//! factors, any component identifiers, the extended process. Slow and simple.

use super::jpeg::{frame_header, segment_bytes};
use crate::picture::Picture;

/// A component: identifier, horizontal and vertical sampling factor, and which channel it takes.
#[derive(Clone, Copy)]
pub(crate) struct Component {
    pub(crate) id: u8,
    pub(crate) sampling: (usize, usize),
    pub(crate) channel: usize,
}

/// How a picture is coded.
pub(crate) struct Plan<'a> {
    /// The frame header's marker: 0xC0 baseline, 0xC1 extended.
    pub(crate) marker: u8,
    pub(crate) components: &'a [Component],
    /// One quantiser for all coefficients.
    pub(crate) quantiser: u8,
    /// Whether channels are Y, Cb, Cr; else R, G, B.
    pub(crate) ycbcr: bool,
}

/// T.81, figure A.6: the natural place of each coefficient in zigzag order.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// The coded picture, without application segments.
pub(crate) fn encode(picture: &Picture, plan: &Plan<'_>) -> Vec<u8> {
    let largest = plan
        .components
        .iter()
        .fold((1, 1), |m, c| (m.0.max(c.sampling.0), m.1.max(c.sampling.1)));
    let mut out = vec![0xFF, 0xD8];
    let mut table = vec![0];
    table.extend([plan.quantiser; 64]);
    out.extend(segment_bytes(&(0xDB, table)));
    let headers: Vec<(u8, u8, u8)> = plan
        .components
        .iter()
        .map(|c| (c.id, (c.sampling.0 << 4 | c.sampling.1) as u8, 0))
        .collect();
    let size = (picture.width as u16, picture.height as u16);
    out.extend(segment_bytes(&(plan.marker, frame_header(8, size, &headers))));
    for (class, code) in [(0x00, dc_code()), (0x10, ac_code())] {
        let mut payload = vec![class];
        payload.extend(code.counts);
        payload.extend(&code.symbols);
        out.extend(segment_bytes(&(0xC4, payload)));
    }
    let mut scan = vec![plan.components.len() as u8];
    scan.extend(plan.components.iter().flat_map(|c| [c.id, 0]));
    scan.extend([0, 63, 0]);
    out.extend(segment_bytes(&(0xDA, scan)));

    let planes: Vec<Plane> = plan
        .components
        .iter()
        .map(|c| Plane::new(picture, plan.ycbcr, *c, largest))
        .collect();
    let across = picture.width.div_ceil(8 * largest.0);
    let down = picture.height.div_ceil(8 * largest.1);
    let mut bits = Bits::default();
    let mut predicted = vec![0; planes.len()];
    let (dc, ac) = (dc_code(), ac_code());
    for mcu in 0..across * down {
        for (plane, dc_before) in planes.iter().zip(&mut predicted) {
            let (h, v) = plane.sampling;
            for block in 0..h * v {
                let x = (mcu % across * h + block % h) * 8;
                let y = (mcu / across * v + block / h) * 8;
                let quantised = plane.block(x, y, plan.quantiser);
                write_block(&quantised, dc_before, &dc, &ac, &mut bits);
            }
        }
    }
    out.extend(bits.finish());
    out.extend([0xFF, 0xD9]);
    out
}

/// A component's samples: box averages of the channel.
struct Plane {
    sampling: (usize, usize),
    width: usize,
    height: usize,
    samples: Vec<i32>,
}

impl Plane {
    fn new(picture: &Picture, ycbcr: bool, component: Component, largest: (usize, usize)) -> Self {
        let step = (largest.0 / component.sampling.0, largest.1 / component.sampling.1);
        let (width, height) = (picture.width.div_ceil(step.0), picture.height.div_ceil(step.1));
        let sample = |i: usize| {
            let (x, y) = (i % width * step.0, i / width * step.1);
            let mut sum = 0;
            for k in 0..step.0 * step.1 {
                let px = (x + k % step.0).min(picture.width - 1);
                let py = (y + k / step.0).min(picture.height - 1);
                let [r, g, b] = picture.pixel(px, py);
                let (yy, cb, cr) = if ycbcr {
                    jpeg_encoder::rgb_to_ycbcr(r, g, b)
                } else {
                    (r, g, b)
                };
                sum += i32::from([yy, cb, cr][component.channel]);
            }
            let n = (step.0 * step.1) as i32;
            (sum + n / 2) / n
        };
        Self {
            sampling: component.sampling,
            width,
            height,
            samples: (0..width * height).map(sample).collect(),
        }
    }

    /// The quantised coefficients of the block at (`x`, `y`), in zigzag order; edges repeat.
    fn block(&self, x: usize, y: usize, quantiser: u8) -> [i32; 64] {
        // cos(k π / 16), for k 0 to 8.
        const COS: [f64; 9] = [
            1.0,
            0.980_785_280_403_230_4,
            0.923_879_532_511_286_7,
            0.831_469_612_302_545_2,
            std::f64::consts::FRAC_1_SQRT_2,
            0.555_570_233_019_602_2,
            0.382_683_432_365_089_8,
            0.195_090_322_016_128_27,
            0.0,
        ];
        // The cosine of any whole multiple, by its symmetries.
        let cos = |k: usize| match k % 32 {
            k @ 0..=8 => COS[k],
            k @ 9..=16 => -COS[16 - k],
            k @ 17..=24 => -COS[k - 16],
            k => COS[32 - k],
        };
        let weight = |u: usize| {
            if u == 0 {
                std::f64::consts::FRAC_1_SQRT_2 / 2.0
            } else {
                0.5
            }
        };
        let at = |i: usize, j: usize| {
            let sample = self.samples[(y + j).min(self.height - 1) * self.width + (x + i).min(self.width - 1)];
            f64::from(sample - 128)
        };
        // T.81, A.3.3, rows first.
        let mut rows = [[0.0; 8]; 8];
        for (j, row) in rows.iter_mut().enumerate() {
            for (u, value) in row.iter_mut().enumerate() {
                *value = weight(u) * (0..8).map(|i| at(i, j) * cos((2 * i + 1) * u)).sum::<f64>();
            }
        }
        ZIGZAG.map(|natural| {
            let (u, v) = (natural % 8, natural / 8);
            let value = weight(v) * (0..8).map(|j| rows[j][u] * cos((2 * j + 1) * v)).sum::<f64>();
            (value / f64::from(quantiser) + 0.5).floor() as i32
        })
    }
}

/// Sequential coding of a block (T.81, F.1.2).
fn write_block(zigzag: &[i32; 64], dc_before: &mut i32, dc: &Code, ac: &Code, bits: &mut Bits) {
    let difference = zigzag[0] - *dc_before;
    *dc_before = zigzag[0];
    let category = category(difference);
    dc.write(category, bits);
    bits.put_value(difference, category);
    let mut zeros = 0u8;
    for &value in &zigzag[1..] {
        if value == 0 {
            zeros += 1;
            continue;
        }
        while zeros >= 16 {
            ac.write(0xF0, bits);
            zeros -= 16;
        }
        let size = self::category(value);
        ac.write(zeros << 4 | size, bits);
        bits.put_value(value, size);
        zeros = 0;
    }
    if zeros > 0 {
        ac.write(0, bits);
    }
}

/// How many bits the magnitude takes.
fn category(value: i32) -> u8 {
    (32 - value.unsigned_abs().leading_zeros()) as u8
}

/// A Huffman table: how many codes there are of each length, and their symbols in order (T.81, C.2).
struct Code {
    counts: [u8; 16],
    symbols: Vec<u8>,
}

/// All twelve DC categories, with codes of four bits: far from the best, and legal.
fn dc_code() -> Code {
    let mut counts = [0; 16];
    counts[3] = 12;
    Code {
        counts,
        symbols: (0..12).collect(),
    }
}

/// All 162 run and size pairs, with codes of eight bits: likewise.
fn ac_code() -> Code {
    let mut symbols: Vec<u8> = (1..=10)
        .flat_map(|size| (0..16).map(move |run| run << 4 | size))
        .collect();
    symbols.insert(0, 0x00);
    symbols.push(0xF0);
    let mut counts = [0; 16];
    counts[7] = symbols.len() as u8;
    Code { counts, symbols }
}

impl Code {
    fn write(&self, symbol: u8, bits: &mut Bits) {
        // Every code of these tables has the same length, so a code is its place.
        let length = self.counts.iter().position(|&n| n > 0).unwrap_or(0) + 1;
        let place = self.symbols.iter().position(|&s| s == symbol).unwrap_or(0);
        bits.put(place as u32, length as u8);
    }
}

/// Bits, packed from the most significant one, with a zero stuffed behind every 0xFF (T.81, F.1.2.3).
#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    pending: u32,
    count: u8,
}

impl Bits {
    fn put(&mut self, value: u32, count: u8) {
        for i in (0..count).rev() {
            self.pending = self.pending << 1 | (value >> i & 1);
            self.count += 1;
            if self.count == 8 {
                let byte = self.pending as u8;
                self.out.push(byte);
                if byte == 0xFF {
                    self.out.push(0);
                }
                (self.pending, self.count) = (0, 0);
            }
        }
    }

    /// The additional bits of a value of a category (T.81, F.1.2.1).
    fn put_value(&mut self, value: i32, category: u8) {
        let bits = if value < 0 { value - 1 } else { value };
        self.put(bits as u32, category);
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count != 0 {
            self.put(1, 1);
        }
        self.out
    }
}
