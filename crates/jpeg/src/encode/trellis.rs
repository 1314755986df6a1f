//! Quantisation that weighs what a coefficient costs against what it brings.
//!
//! Each AC coefficient may be the nearest multiple of its step, or, where that takes fewer bits, a smaller one or zero.
//! Of all ways through a block's zigzag sequence the one with the least `bits + weight · error²` is taken, found by
//! dynamic programming over the coefficients that are not zero (Crouse and Ramchandran, "Joint thresholding and
//! quantizer selection for transform image coding", IEEE Transactions on Image Processing 6, 1997). Bits are those of
//! the standard's typical tables, errors are in steps; where a block has much detail, errors weigh less, as the detail
//! hides them.

use super::huffman::HuffmanSpec;
use super::quant::QuantTables;
use super::quantise::Block;
use crate::zigzag::ZIGZAG;

/// What an error of one step weighs in a flat block, in bits.
const WEIGHT: f32 = 19.0;
/// The mean square of a block's AC coefficients that halves the weight.
const MASKING: f32 = 400.0;
/// From here on values are not made zero.
const KEPT: u16 = 3;

/// The quantiser of a frame.
pub(crate) struct Trellis([Table; 2]);

/// One quantisation table with the costs of its values.
struct Table {
    /// Reciprocals of the steps of values that are 8 times too large, in zigzag order.
    reciprocals: [f32; 64],
    dc_step: i32,
    /// Bits of a value: by the run of zeros before it and by its size.
    bits: [[f32; 16]; 16],
    zero_run: f32,
    end_of_block: f32,
}

impl Trellis {
    pub(crate) fn new(tables: &QuantTables) -> Self {
        Self([Table::new(&tables.luma, false), Table::new(&tables.chroma, true)])
    }

    /// Quantises blocks as the forward transform gives them; `masks` become the zigzag masks of what is not zero.
    pub(crate) fn quantise(&self, component: usize, blocks: &mut [Block], masks: &mut [u64]) {
        let table = &self.0[component.min(1)];
        for (block, mask) in blocks.iter_mut().zip(masks) {
            (*block, *mask) = table.quantise(block);
        }
    }
}

/// A coefficient that may stay.
#[derive(Clone, Copy, Default)]
struct Node {
    k: usize,
    /// The least cost of all up to here, this one included.
    cost: f32,
    value: u16,
    /// The one before it that stays.
    before: usize,
    kept: bool,
}

impl Table {
    fn new(quant: &[u16; 64], chroma: bool) -> Self {
        let lengths = HuffmanSpec::typical_ac(chroma).codes().lengths;
        let bits = std::array::from_fn(|run: usize| {
            std::array::from_fn(|size: usize| match lengths[run << 4 | size] {
                // No baseline file has sizes of more than ten bits.
                0 => 32.0,
                length => f32::from(length) + size as f32,
            })
        });
        Self {
            reciprocals: std::array::from_fn(|k| 1.0 / (8.0 * f32::from(quant[usize::from(ZIGZAG[k])]))),
            dc_step: 8 * i32::from(quant[0]),
            bits,
            zero_run: f32::from(lengths[0xF0]),
            end_of_block: f32::from(lengths[0]),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "quantised values have at most 11 bits"
    )]
    fn quantise(&self, block: &Block) -> (Block, u64) {
        let mut energy = 0.0;
        for &value in block.iter().skip(1) {
            let value = f32::from(value) / 8.0;
            energy += value * value;
        }
        let weight = WEIGHT / (1.0 + energy / (63.0 * MASKING));

        let mut nodes = [Node::default(); 65];
        let mut count = 1;
        // What it costs to make all coefficients up to here zero.
        let mut zeroed = [0.0_f32; 64];
        for k in 1..64 {
            let exact = f32::from(block[usize::from(ZIGZAG[k])].unsigned_abs()) * self.reciprocals[k];
            zeroed[k] = zeroed[k - 1] + weight * exact * exact;
            let nearest = (exact + 0.5) as u16;
            if nearest == 0 {
                continue;
            }
            // One size less may be worth it; within a size the nearest value is as cheap as any.
            let smaller = (nearest.is_power_of_two() && nearest > 1).then(|| nearest - 1);
            let mut best = Node {
                k,
                cost: f32::INFINITY,
                kept: nearest >= KEPT,
                ..Node::default()
            };
            for value in [Some(nearest), smaller].into_iter().flatten() {
                let error = f32::from(value) - exact;
                let own = weight * error * error;
                let size = 16 - value.leading_zeros() as usize;
                for before in (0..count).rev() {
                    let from = nodes[before];
                    let run = k - from.k - 1;
                    let between = zeroed[k - 1] - zeroed[from.k];
                    let bits = self.bits[run & 15][size & 15] + (run / 16) as f32 * self.zero_run;
                    let cost = from.cost + between + own + bits;
                    if cost < best.cost {
                        (best.cost, best.value, best.before) = (cost, value, before);
                    }
                    if from.kept {
                        break;
                    }
                }
            }
            nodes[count] = best;
            count += 1;
        }

        let mut last = 0;
        let mut least = f32::INFINITY;
        for index in (0..count).rev() {
            let node = nodes[index];
            let end = if node.k == 63 { 0.0 } else { self.end_of_block };
            let cost = node.cost + zeroed[63] - zeroed[node.k] + end;
            if cost < least {
                (least, last) = (cost, index);
            }
            if node.kept {
                break;
            }
        }

        let mut out = [0; 64];
        let mut mask = 0;
        let dc = i32::from(block[0]);
        let dc = (dc.abs() + self.dc_step / 2) / self.dc_step * dc.signum();
        out[0] = dc as i16;
        mask |= u64::from(dc != 0);
        while last > 0 {
            let node = nodes[last];
            let at = usize::from(ZIGZAG[node.k]);
            let value = node.value as i16;
            out[at] = if block[at] < 0 { -value } else { value };
            mask |= 1 << node.k;
            last = node.before;
        }
        (out, mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::quant::Quality;

    /// Blocks that fall off with the frequency as those of photos do, some of them flat and some busy.
    fn blocks(count: usize) -> Vec<Block> {
        let mut seed = 5_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1 << 24) * 2.0 - 1.0
        };
        (0..count)
            .map(|n| {
                let strength = [60.0, 400.0, 3000.0, 8000.0][n % 4];
                std::array::from_fn(|i| {
                    let frequency = (i / 8 + i % 8) as f64;
                    (random().powi(3) * strength / (1.0 + frequency)) as i16
                })
            })
            .collect()
    }

    /// Where the AC coefficients are, and the reciprocals of their steps.
    fn places(table: &Table) -> impl Iterator<Item = (usize, f64)> {
        let places = ZIGZAG.iter().map(|&at| usize::from(at));
        places.zip(table.reciprocals.map(f64::from)).skip(1)
    }

    /// What the quantised block costs, counted coefficient by coefficient.
    fn cost(table: &Table, block: &Block, quantised: &Block) -> f64 {
        let energy: f64 = block[1..].iter().map(|&v| (f64::from(v) / 8.0).powi(2)).sum();
        let weight = f64::from(WEIGHT) / (1.0 + energy / 63.0 / f64::from(MASKING));
        let (mut bits, mut errors, mut run) = (0.0, 0.0, 0);
        for (at, reciprocal) in places(table) {
            let exact = f64::from(block[at]) * reciprocal;
            errors += (exact - f64::from(quantised[at])).powi(2);
            if quantised[at] == 0 {
                run += 1;
                continue;
            }
            let size = 16 - quantised[at].unsigned_abs().leading_zeros() as usize;
            bits += f64::from(table.zero_run) * (run / 16) as f64 + f64::from(table.bits[run % 16][size]);
            run = 0;
        }
        if run > 0 {
            bits += f64::from(table.end_of_block);
        }
        bits + weight * errors
    }

    fn plain(table: &Table, block: &Block) -> Block {
        let mut out = [0; 64];
        for (at, reciprocal) in places(table) {
            out[at] = (f64::from(block[at]) * reciprocal).round() as i16;
        }
        out
    }

    #[test]
    fn values_are_the_nearest_or_closer_to_zero_and_cost_no_more() {
        let tables = QuantTables::photographic(Quality::new(85.0).unwrap());
        let trellis = Trellis::new(&tables);
        let (mut cheaper, mut made_zero) = (0, 0);
        for (n, block) in blocks(2000).iter().enumerate() {
            let table = &trellis.0[n % 2];
            let (out, mask) = table.quantise(block);
            let plain = plain(table, block);
            for (k, (at, _)) in (1..).zip(places(table)) {
                assert!(out[at].unsigned_abs() <= plain[at].unsigned_abs());
                assert!(out[at] == 0 || out[at].signum() == plain[at].signum());
                assert!(plain[at].unsigned_abs() < KEPT || out[at] != 0);
                assert_eq!(mask >> k & 1 == 1, out[at] != 0);
                made_zero += usize::from(out[at] == 0 && plain[at] != 0);
            }
            assert_eq!(mask & 1 == 1, out[0] != 0);
            let nearest = (f64::from(block[0]) / f64::from(table.dc_step)).abs().round();
            assert_eq!(f64::from(out[0].unsigned_abs()), nearest);
            let (before, after) = (cost(table, block, &plain), cost(table, block, &out));
            assert!(after <= before + before * 1e-4, "{after} for {before}");
            cheaper += usize::from(after < before * 0.99);
        }
        assert!(cheaper > 200 && made_zero > 500, "{cheaper} {made_zero}");
    }

    #[test]
    fn no_other_choice_costs_less() {
        let tables = QuantTables::photographic(Quality::new(80.0).unwrap());
        let trellis = Trellis::new(&tables);
        let table = &trellis.0[0];
        let mut tried = 0;
        for block in blocks(4000) {
            let plain = plain(table, &block);
            let small: Vec<usize> = (1..64).filter(|&i| matches!(plain[i].abs(), 1 | 2)).collect();
            if plain.iter().any(|v| v.unsigned_abs() >= KEPT) || !(2..=7).contains(&small.len()) {
                continue;
            }
            tried += 1;
            let chosen = cost(table, &block, &table.quantise(&block).0);
            // Each of them as it is, one less, or zero.
            for choice in 0..3_usize.pow(small.len() as u32) {
                let mut other = plain;
                let mut rest = choice;
                for &at in &small {
                    match rest % 3 {
                        0 => {}
                        1 => other[at] -= other[at].signum(),
                        _ => other[at] = 0,
                    }
                    rest /= 3;
                }
                let least = cost(table, &block, &other);
                assert!(chosen <= least * 1.0001, "{chosen} for {least}");
            }
        }
        assert!(tried > 100, "{tried}");
    }
}
