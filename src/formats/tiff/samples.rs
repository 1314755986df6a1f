//! From stored rows to samples: predictors undone, bits unpacked, every depth widened or narrowed to 8 or 16 bits.

use super::layout::{Meaning, Page, Predictor};
use crate::error::Error;
use crate::formats::bytes::Endian;
use crate::pixels::zeros;

/// How the samples of a row are stored, and what becomes of them.
pub(super) struct Unpacker {
    bits: u32,
    float: bool,
    order: Endian,
    /// Indices stay as they are; other samples are stretched over the range of 8 or 16 bits.
    is_index: bool,
    /// Whether a floating-point sample lay far outside 0 to 1.
    beyond: bool,
}

/// How far a number with a point may lie outside 0 to 1: sharpening overshoots a little.
const OVERSHOOT: f64 = 0.1;

impl Unpacker {
    pub(super) fn new(page: &Page<'_>) -> Self {
        Self {
            bits: page.bits,
            float: page.float,
            order: page.sample_order(),
            is_index: page.meaning == Meaning::Palette,
            beyond: false,
        }
    }

    /// Whether a floating-point sample lay so far outside 0 to 1 that the picture is none of such values.
    pub(super) fn is_beyond(&self) -> bool {
        self.beyond
    }

    /// Turns samples of 16 bits that were read as they are stored to the machine's byte order.
    pub(super) fn reorder(&self, samples: &mut [u16]) {
        for sample in samples {
            *sample = match self.order {
                Endian::Big => u16::from_be(*sample),
                Endian::Little => u16::from_le(*sample),
            };
        }
    }

    /// Unpacks a stored row into every `stride`-th of `out`: 8 bits where samples have at most as many, else 16.
    pub(super) fn unpack(&mut self, row: &[u8], out: &mut [u16], stride: usize) {
        let out = out.iter_mut().step_by(stride.max(1));
        let order = self.order;
        match (self.bits, self.float) {
            (8, false) => out.zip(row).for_each(|(out, &v)| *out = v.into()),
            (16, false) => {
                let (pairs, _) = row.as_chunks::<2>();
                out.zip(pairs).for_each(|(out, &pair)| *out = word(pair, order));
            }
            (16 | 24 | 32 | 64, true) => {
                let bytes = (self.bits / 8) as usize;
                for (out, sample) in out.zip(row.chunks_exact(bytes)) {
                    let value = float(sample, order);
                    // Also where it is no number.
                    self.beyond |= !(-OVERSHOOT..=1.0 + OVERSHOOT).contains(&value);
                    *out = from_unit(value);
                }
            }
            // The two highest bytes: the others are less than a step of 16 bits.
            (24 | 32 | 64, false) => {
                let bytes = (self.bits / 8) as usize;
                for (out, sample) in out.zip(row.chunks_exact(bytes)) {
                    let pair = match (order, sample) {
                        (Endian::Big, [high, next, ..]) => [*high, *next],
                        (Endian::Little, [.., next, high]) => [*high, *next],
                        _ => [0, 0],
                    };
                    *out = u16::from_be_bytes(pair);
                }
            }
            _ => self.unpack_bits(row, out),
        }
    }

    /// Samples that do not end with bytes: packed from the highest bit down, whatever the byte order.
    fn unpack_bits<'o>(&self, row: &[u8], out: impl Iterator<Item = &'o mut u16>) {
        let top = (1u64 << self.bits) - 1;
        let full = if self.bits <= 8 { 255 } else { 65_535 };
        let (mut held, mut count) = (0u64, 0);
        let mut bytes = row.iter();
        for out in out {
            while count < self.bits {
                let Some(&byte) = bytes.next() else { return };
                held = held << 8 | u64::from(byte);
                count += 8;
            }
            count -= self.bits;
            let value = held >> count & top;
            let value = if self.is_index {
                value
            } else {
                (value * full + top / 2) / top
            };
            *out = u16::try_from(value).unwrap_or(u16::MAX);
        }
    }
}

fn word(pair: [u8; 2], order: Endian) -> u16 {
    match order {
        Endian::Big => u16::from_be_bytes(pair),
        Endian::Little => u16::from_le_bytes(pair),
    }
}

/// A floating-point number of 16, 24, 32 or 64 bits. Those of 24 have 7 bits of exponent and 16 of fraction (TIFF Technical
/// Note 3).
fn float(bytes: &[u8], order: Endian) -> f64 {
    let bits = bytes.iter().enumerate().fold(0u64, |bits, (i, &byte)| {
        let place = match order {
            Endian::Big => bytes.len() - 1 - i,
            Endian::Little => i,
        };
        bits | u64::from(byte) << (8 * place)
    });
    match bytes.len() {
        2 => small_float(bits, 5, 10),
        3 => small_float(bits, 7, 16),
        4 => f32::from_bits(u32::try_from(bits).unwrap_or(0)).into(),
        _ => f64::from_bits(bits),
    }
}

/// A number of a sign, so many bits of exponent and so many of fraction (IEEE 754).
fn small_float(bits: u64, exponent_bits: u32, fraction_bits: u32) -> f64 {
    let ones = (1u64 << exponent_bits) - 1;
    let exponent = bits >> fraction_bits & ones;
    let fraction = (bits & ((1 << fraction_bits) - 1)) as f64 / (1u64 << fraction_bits) as f64;
    let bias = i32::try_from(ones >> 1).unwrap_or(0);
    let power = |e: u64| 2f64.powi(i32::try_from(e).unwrap_or(0) - bias);
    let size = match exponent {
        0 => fraction * power(1),
        e if e == ones => f64::NAN,
        e => (1.0 + fraction) * power(e),
    };
    if bits >> (exponent_bits + fraction_bits) & 1 == 1 {
        -size
    } else {
        size
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the range of u16; NaN becomes 0
fn from_unit(v: f64) -> u16 {
    (v.clamp(0.0, 1.0) * 65_535.0).round() as u16
}

/// Undoes a predictor in rows of strips or tiles.
pub(super) struct Undo {
    predictor: Predictor,
    bits: u32,
    order: Endian,
    /// Samples from a value to its neighbour.
    stride: usize,
    /// Rows that are coded together are each predicted by themselves.
    parts: usize,
    shuffled: Vec<u8>,
}

impl Undo {
    pub(super) fn new(page: &Page<'_>) -> Result<Self, Error> {
        let row = usize::try_from(page.group_bytes()).unwrap_or(usize::MAX);
        Ok(Self {
            predictor: page.predictor,
            bits: page.bits,
            order: page.tiff.endian,
            stride: page.interleaved(),
            parts: page.group_rows(),
            shuffled: match page.predictor {
                Predictor::Float => zeros(row)?,
                _ => Vec::new(),
            },
        })
    }

    /// Undoes it in a row as it is stored.
    pub(super) fn row(&mut self, row: &mut [u8]) {
        let stride = self.stride;
        match (self.predictor, self.bits) {
            (Predictor::None, _) => {}
            (Predictor::Horizontal, 8) => {
                for part in row.chunks_mut((row.len() / self.parts.max(1)).max(1)) {
                    match stride {
                        1 => add_bytes::<1>(part),
                        3 => add_bytes::<3>(part),
                        4 => add_bytes::<4>(part),
                        _ => add_any(part, stride),
                    }
                }
            }
            (Predictor::Horizontal, 16) => add_words(row, stride, self.order),
            (Predictor::Horizontal, 32) => add_wide::<4>(row, stride, self.order),
            (Predictor::Horizontal, _) => add_wide::<8>(row, stride, self.order),
            (Predictor::Float, bits) => {
                // Bytes of one significance stand together, the highest first (TIFF Technical Note 3).
                add_any(row, stride);
                let bytes = (bits / 8) as usize;
                let count = row.len() / bytes.max(1);
                let Some(shuffled) = self.shuffled.get_mut(..row.len()) else {
                    return;
                };
                shuffled.copy_from_slice(row);
                for (significance, plane) in shuffled.chunks_exact(count.max(1)).take(bytes).enumerate() {
                    for (sample, &byte) in row.chunks_exact_mut(bytes).zip(plane) {
                        sample[significance] = byte;
                    }
                }
            }
        }
    }
}

fn add_bytes<const N: usize>(row: &mut [u8]) {
    let mut last = [0u8; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for (v, last) in pixel.iter_mut().zip(&mut last) {
            *v = v.wrapping_add(*last);
            *last = *v;
        }
    }
}

fn add_any(row: &mut [u8], stride: usize) {
    for i in stride..row.len() {
        row[i] = row[i].wrapping_add(row[i - stride]);
    }
}

fn add_words(row: &mut [u8], stride: usize, order: Endian) {
    let (words, _) = row.as_chunks_mut::<2>();
    for i in stride..words.len() {
        let sum = word(words[i], order).wrapping_add(word(words[i - stride], order));
        words[i] = order.put_u16(sum);
    }
}

fn add_wide<const N: usize>(row: &mut [u8], stride: usize, order: Endian) {
    let (values, _) = row.as_chunks_mut::<N>();
    for i in stride..values.len() {
        let mut carry = 0;
        for k in 0..N {
            let k = match order {
                Endian::Big => N - 1 - k,
                Endian::Little => k,
            };
            let sum = u16::from(values[i][k]) + u16::from(values[i - stride][k]) + carry;
            let [low, high] = sum.to_le_bytes();
            (values[i][k], carry) = (low, high.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(row: &[u8], bits: u32, is_float: bool, order: Endian) -> Vec<u16> {
        let mut unpacker = Unpacker {
            bits,
            float: is_float,
            order,
            is_index: false,
            beyond: false,
        };
        let mut out = vec![0; row.len() * 8 / bits as usize];
        unpacker.unpack(row, &mut out, 1);
        out
    }

    #[test]
    fn every_depth_reaches_from_black_to_white() {
        for bits in (1..=32).chain([64]) {
            let row = [vec![0u8; bits as usize], vec![0xFF; bits as usize]].concat();
            let white = if bits <= 8 { 255 } else { 65_535 };
            for order in [Endian::Little, Endian::Big] {
                let out = unpacked(&row, bits, false, order);
                assert_eq!((out.first(), out.last()), (Some(&0), Some(&white)), "{bits} bits");
            }
        }
        assert_eq!(
            unpacked(&[0x12, 0x34, 0x56], 12, false, Endian::Little),
            [0x1231, 0x4564]
        );
        assert_eq!(unpacked(&[0x12, 0x34, 0x56], 24, false, Endian::Little), [0x5634]);
        assert_eq!(unpacked(&[0x12, 0x34, 0x56], 24, false, Endian::Big), [0x1234]);
    }

    #[test]
    fn floats_of_every_width_are_the_same_number() {
        // 0.5, with one digit of the exponent's and none of the fraction's.
        for half in [
            &[0x38, 0x00][..],
            &[0x3E, 0, 0],
            &0.5f32.to_be_bytes(),
            &0.5f64.to_be_bytes(),
        ] {
            assert_eq!(float(half, Endian::Big), 0.5, "{half:?}");
            let reversed: Vec<u8> = half.iter().rev().copied().collect();
            assert_eq!(float(&reversed, Endian::Little), 0.5, "{half:?}");
        }
        assert_eq!(float(&[0x00, 0x01], Endian::Big), 2f64.powi(-24));
        assert_eq!(float(&[0xBC, 0x00], Endian::Big), -1.0);
        assert!(float(&[0x7C, 0x00], Endian::Big).is_nan());
    }

    #[test]
    fn differences_add_up_across_bytes_in_either_order() {
        for order in [Endian::Little, Endian::Big] {
            let bytes = |v: u32| match order {
                Endian::Little => v.to_le_bytes(),
                Endian::Big => v.to_be_bytes(),
            };
            let mut row = [bytes(0x00FF_FFFF), bytes(1), bytes(u32::MAX)].concat();
            add_wide::<4>(&mut row, 1, order);
            assert_eq!(
                row,
                [bytes(0x00FF_FFFF), bytes(0x0100_0000), bytes(0x00FF_FFFF)].concat()
            );
        }
    }
}
