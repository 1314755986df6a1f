//! Huffman tables: the typical ones of the standard, and optimal ones for
//! given frequencies (T.81 Annex C, K.2, K.3).

use crate::typical::{AC_CHROMINANCE, AC_LUMINANCE, DC_CHROMINANCE, DC_LUMINANCE, Table};

/// A table as a DHT segment gives it (T.81 B.2.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HuffmanSpec {
    /// Number of codes of 1 to 16 bits (`L_i`).
    pub(crate) counts: [u8; 16],
    /// The symbols in order of increasing code (`V_i,j`).
    pub(crate) values: Vec<u8>,
}

/// Codes by symbol; a length of 0 means that the symbol has none.
#[derive(Clone, Debug)]
pub(crate) struct Codes {
    pub(crate) codes: [u16; 256],
    pub(crate) lengths: [u8; 256],
}

impl HuffmanSpec {
    fn typical((counts, values): Table) -> Self {
        Self {
            counts,
            values: values.to_vec(),
        }
    }

    /// The typical table for DC differences, T.81 Table K.3 (luma) or K.4.
    pub(crate) fn typical_dc(chroma: bool) -> Self {
        Self::typical(if chroma { DC_CHROMINANCE } else { DC_LUMINANCE })
    }

    /// The typical table for AC coefficients, T.81 Table K.5 (luma) or K.6.
    pub(crate) fn typical_ac(chroma: bool) -> Self {
        Self::typical(if chroma { AC_CHROMINANCE } else { AC_LUMINANCE })
    }

    /// The table with the fewest bits for symbols of these frequencies, no code
    /// longer than 16 bits and none of ones only (T.81 K.2).
    pub(crate) fn optimal(frequencies: &[u32]) -> Self {
        // One symbol more than bytes have takes the code of ones only.
        const RESERVED: usize = 256;
        let mut weight = [0_u64; RESERVED + 1];
        for (weight, &frequency) in weight.iter_mut().zip(frequencies) {
            *weight = u64::from(frequency);
        }
        weight[RESERVED] = 1;

        // Figure K.1: join the two rarest, each symbol in them gets a bit more.
        // Among equals the highest is taken, so that the reserved symbol is
        // among the longest codes.
        let mut size = [0_usize; RESERVED + 1];
        let mut next = [usize::MAX; RESERVED + 1];
        let rarest = |weight: &[u64; RESERVED + 1], except: usize| {
            (0..=RESERVED)
                .rev()
                .filter(|&i| weight[i] > 0 && i != except)
                .min_by_key(|&i| weight[i])
        };
        while let Some(first) = rarest(&weight, usize::MAX) {
            let Some(second) = rarest(&weight, first) else {
                break;
            };
            weight[first] += weight[second];
            weight[second] = 0;
            let mut at = first;
            loop {
                size[at] += 1;
                if next[at] == usize::MAX {
                    break;
                }
                at = next[at];
            }
            next[at] = second;
            at = second;
            while at != usize::MAX {
                size[at] += 1;
                at = next[at];
            }
        }

        // Figure K.2 and K.3: codes of each length, moved up until 16 is the most.
        let mut bits = [0_usize; RESERVED + 2];
        for &size in size.iter().filter(|&&size| size > 0) {
            bits[size] += 1;
        }
        for i in (17..bits.len()).rev() {
            while bits[i] > 0 {
                let mut j = i - 2;
                while bits[j] == 0 {
                    j -= 1;
                }
                bits[i] -= 2;
                bits[i - 1] += 1;
                bits[j + 1] += 2;
                bits[j] -= 1;
            }
        }
        // Take the reserved symbol out again: it has the longest code.
        if let Some(longest) = bits.iter().rposition(|&count| count > 0) {
            bits[longest] -= 1;
        }

        // Figure K.4: symbols in order of length, then of value.
        let mut values: Vec<u8> = (0..=255).filter(|&s| size[usize::from(s)] > 0).collect();
        values.sort_by_key(|&s| size[usize::from(s)]);
        let counts = std::array::from_fn(|i| u8::try_from(bits[i + 1]).unwrap_or(u8::MAX));
        Self { counts, values }
    }

    /// The codes of the table (T.81 Annex C).
    pub(crate) fn codes(&self) -> Codes {
        let mut this = Codes {
            codes: [0; 256],
            lengths: [0; 256],
        };
        let mut values = self.values.iter();
        let mut code = 0_u16;
        for (length, &count) in (1..).zip(&self.counts) {
            for &value in values.by_ref().take(usize::from(count)) {
                this.codes[usize::from(value)] = code;
                this.lengths[usize::from(value)] = length;
                code = code.wrapping_add(1);
            }
            code = code.wrapping_shl(1);
        }
        this
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spec: &HuffmanSpec, used: &[u8]) {
        let total: usize = spec.counts.iter().map(|&c| usize::from(c)).sum();
        assert_eq!(total, spec.values.len());
        let kraft: u32 = (0..16).map(|i| u32::from(spec.counts[i]) << (15 - i)).sum();
        assert!(kraft < 1 << 16, "the code of ones only must stay free");
        let codes = spec.codes();
        for &symbol in used {
            let length = codes.lengths[usize::from(symbol)];
            assert!((1..=16).contains(&length));
            let ones = ((1_u32 << length) - 1) as u16;
            assert_ne!(codes.codes[usize::from(symbol)], ones);
        }
    }

    #[test]
    fn typical_tables_are_whole() {
        for chroma in [false, true] {
            let dc = HuffmanSpec::typical_dc(chroma);
            check(&dc, &(0..=11).collect::<Vec<_>>());
            let ac = HuffmanSpec::typical_ac(chroma);
            let mut sorted = ac.values.clone();
            sorted.sort_unstable();
            let all = (0..=255_u8).filter(|s| (1..=10).contains(&(s & 15)) || *s == 0 || *s == 0xF0);
            assert_eq!(sorted, all.collect::<Vec<_>>());
            check(&ac, &sorted);
        }
    }

    #[test]
    fn optimal_tables_hold_every_symbol_within_16_bits() {
        // Fibonacci frequencies make the longest codes.
        let mut frequencies = [0_u32; 256];
        let (mut a, mut b) = (1_u32, 1_u32);
        for frequency in frequencies.iter_mut().take(45) {
            *frequency = a;
            (a, b) = (b, a.saturating_add(b));
        }
        let spec = HuffmanSpec::optimal(&frequencies);
        check(&spec, &(0..45).collect::<Vec<_>>());
        assert_eq!(spec.values.len(), 45);

        check(&HuffmanSpec::optimal(&[1; 256]), &(0..=255).collect::<Vec<_>>());
        check(&HuffmanSpec::optimal(&[u32::MAX; 256]), &[0, 255]);
        let one = HuffmanSpec::optimal(&[0, 0, 7]);
        assert_eq!((one.values.as_slice(), one.counts[0]), ([2].as_slice(), 1));
        assert!(HuffmanSpec::optimal(&[]).values.is_empty());
    }

    #[test]
    fn frequent_symbols_get_short_codes() {
        let codes = HuffmanSpec::optimal(&[100, 1, 50, 1, 25]).codes();
        assert!(codes.lengths[0] < codes.lengths[2]);
        assert!(codes.lengths[2] < codes.lengths[4]);
        assert!(codes.lengths[4] < codes.lengths[1]);
    }
}
