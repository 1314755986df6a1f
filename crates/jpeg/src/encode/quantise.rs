//! Quantisation (T.81 A.3.4) of what the forward DCT gives, by reciprocals.

use crate::zigzag::ZIGZAG;
use multiversion::{multiversion, target::match_target};

/// 64 coefficients in natural order.
pub(crate) type Block = [i16; 64];

/// Divisors of one quantisation table for values that are 8 times too large.
///
/// `value / (8 * quantiser)`, rounded with halves away from zero, is had by two
/// high multiplies of 16 bits: a reciprocal `r = 2^(16 + s) / d` rounded to 16
/// bits, then a shift by `s`, itself a multiply because a shift of each lane by
/// its own number does not exist for 16 bits. Rounding `r` down is repaired by
/// adding 1 to the dividend first, where `r` has less than half a unit of
/// fraction (the classic division by invariant integers, exact for all 16 bits).
#[derive(Clone, Debug)]
#[repr(C, align(32))]
pub(crate) struct Divisors {
    pub(super) bias: [u16; 64],
    pub(super) reciprocal: [u16; 64],
    pub(super) scale: [u16; 64],
}

impl Divisors {
    /// Divisors for a table in natural order whose entries are not 0.
    pub(crate) fn new(table: &[u16; 64]) -> Self {
        let mut this = Self {
            bias: [0; 64],
            reciprocal: [0; 64],
            scale: [0; 64],
        };
        for (i, &quantiser) in table.iter().enumerate() {
            // The transform's results end at 8,200, half of this largest
            // divisor is more: whatever is beyond quantises to 0 as well, and
            // dividend and divisor stay within 16 bits.
            let divisor = 8 * u32::from(quantiser.clamp(1, 4095));
            let log = divisor.ilog2();
            let (quotient, rest) = ((1 << (16 + log)) / divisor, (1 << (16 + log)) % divisor);
            let (reciprocal, repair, shift) = if rest == 0 {
                // A power of two: 2^16 itself does not fit.
                (1 << 15, 0, log - 1)
            } else if rest <= divisor / 2 {
                (quotient, 1, log)
            } else {
                (quotient + 1, 0, log)
            };
            let fits = |x: u32| u16::try_from(x).unwrap_or(u16::MAX);
            this.bias[i] = fits(divisor / 2 + repair);
            this.reciprocal[i] = fits(reciprocal);
            this.scale[i] = fits(1 << (16 - shift));
        }
        this
    }

    /// Quantises a block; returns it with the mask of its non-zero
    /// coefficients in zigzag order.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_wrap,
        reason = "high halves of products; `high` and `scale` are below 2^15"
    )]
    pub(super) fn quantise_scalar(&self, block: &Block) -> (Block, u64) {
        let mut out = [0; 64];
        for (i, out) in out.iter_mut().enumerate() {
            // In 16 bits throughout, which makes twice the lanes.
            let value = block[i];
            let biased = value.unsigned_abs().wrapping_add(self.bias[i]);
            let high = ((u32::from(biased) * u32::from(self.reciprocal[i])) >> 16) as u16;
            let quotient = ((i32::from(high as i16) * i32::from(self.scale[i] as i16)) >> 16) as i16;
            *out = if value < 0 { -quotient } else { quotient };
        }
        (out, mask_scalar(&out, 0))
    }
}

/// Zigzag masks of the rows of a natural-order mask: entry `[row][bits]` holds
/// the zigzag bits of the coefficients of that row.
const ROW_TO_ZIGZAG: [[u64; 256]; 8] = {
    let mut table = [[0; 256]; 8];
    let mut k = 0;
    while k < 64 {
        let (row, bit) = (ZIGZAG[k] as usize / 8, ZIGZAG[k] as usize % 8);
        let mut bits = 0;
        while bits < 256 {
            if bits >> bit & 1 == 1 {
                table[row][bits] |= 1 << k;
            }
            bits += 1;
        }
        k += 1;
    }
    table
};

/// Permutes a mask from natural to zigzag order.
#[inline(always)]
pub(super) fn zigzag_mask(natural: u64) -> u64 {
    let bytes = natural.to_le_bytes();
    let mut mask = 0;
    for (row, bits) in ROW_TO_ZIGZAG.iter().zip(bytes) {
        mask |= row[usize::from(bits)];
    }
    mask
}

/// The zigzag mask of the coefficients whose magnitude is above `threshold`.
#[inline(always)]
pub(super) fn mask_scalar(block: &Block, threshold: u16) -> u64 {
    let mut bytes = [0_u8; 64];
    for (byte, &c) in bytes.iter_mut().zip(block) {
        *byte = u8::from(c.unsigned_abs() > threshold);
    }
    let mut natural = [0; 8];
    for (bits, bytes) in natural.iter_mut().zip(bytes.as_chunks().0) {
        // Eight bytes of 0 or 1: the multiply brings bit i of the sum to the top byte.
        let gathered = u64::from_le_bytes(*bytes).wrapping_mul(0x0102_0408_1020_4080);
        *bits = gathered.to_be_bytes()[0];
    }
    zigzag_mask(u64::from_le_bytes(natural))
}

/// Quantises held results of the transform, block by block.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt", "x86_64+sse3+ssse3+sse4.1+popcnt",))]
pub(super) fn quantise_row(held: &[Block], divisors: &Divisors, blocks: &mut [Block], masks: &mut [u64]) {
    for ((held, block), mask) in held.iter().zip(blocks).zip(masks) {
        (*block, *mask) = match_target! {
            "x86_64+avx+avx2" => super::avx2::quantise(held, divisors),
            _ => divisors.quantise_scalar(held),
        };
    }
}

/// Finds the zigzag masks of the non-zero coefficients.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn masks_row(blocks: &[Block], masks: &mut [u64]) {
    for (block, mask) in blocks.iter().zip(masks) {
        *mask = match_target! {
            "x86_64+avx+avx2" => super::avx2::masks::<1>(block)[0],
            _ => mask_scalar(block, 0),
        };
    }
}

/// Finds the zigzag masks of the coefficients that are not 0 once their lowest
/// 0, 1 and 2 bits are gone: what the scans of a progressive picture see.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn point_masks_row(blocks: &[Block], masks: &mut [[u64; 3]]) {
    for (block, mask) in blocks.iter().zip(masks) {
        *mask = match_target! {
            "x86_64+avx+avx2" => super::avx2::masks::<3>(block),
            _ => [0, 1, 3].map(|threshold| mask_scalar(block, threshold)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(value: i16, quantiser: u16) -> i32 {
        let divisor = 8 * i32::from(quantiser);
        let quotient = (i32::from(value.unsigned_abs()) + divisor / 2) / divisor;
        if value < 0 { -quotient } else { quotient }
    }

    #[test]
    fn reciprocals_divide_exactly() {
        let quantisers = (1..=300).chain([511, 512, 1000, 2048, 4095, 4096, 30000, 65535]);
        for quantiser in quantisers {
            let divisors = Divisors::new(&[quantiser; 64]);
            for start in (-8200..=8200_i16).step_by(64) {
                let held: Block = std::array::from_fn(|i| start + i as i16);
                let wanted = held.map(|value| divided(value, quantiser));
                let (scalar, mask) = divisors.quantise_scalar(&held);
                assert_eq!(scalar.map(i32::from), wanted, "{quantiser}");
                let (mut block, mut masks) = ([[0; 64]], [0]);
                quantise_row(&[held], &divisors, &mut block, &mut masks);
                assert_eq!(block[0], scalar, "{quantiser}");
                assert_eq!(masks[0], mask, "{quantiser}");
            }
        }
    }

    #[test]
    fn masks_name_the_coefficients_in_zigzag_order() {
        for (k, &natural) in ZIGZAG.iter().enumerate() {
            for value in [1, -1, 2, -3, 4, i16::MAX, i16::MIN] {
                let mut block = [0; 64];
                block[usize::from(natural)] = value;
                let mut masks = [0];
                masks_row(&[block], &mut masks);
                assert_eq!(masks, [1 << k]);
                let mut points = [[0; 3]];
                point_masks_row(&[block], &mut points);
                let wanted = [0, 1, 2].map(|al| u64::from(value.unsigned_abs() >> al > 0) << k);
                assert_eq!(points, [wanted], "{value}");
                let scalar = [0, 1, 3].map(|threshold| mask_scalar(&block, threshold));
                assert_eq!(points, [scalar]);
            }
        }
    }
}
