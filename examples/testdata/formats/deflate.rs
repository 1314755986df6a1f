//! Deflate (RFC 1951) in a zlib wrapper (RFC 1950): greedy matches, one block with dynamic Huffman codes.
//!
//! Compression libraries pick their code by the processor, and some give other bytes on another processor. This one
//! does not.

/// The end-of-block symbol.
const END: usize = 256;
/// Lengths 3 to 258: the first length of each code from 257 on, and its extra bits.
const LENGTHS: [(usize, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// Distances 1 to 32768, likewise.
const DISTANCES: [(usize, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
const WINDOW: usize = 32_768;
const LONGEST: usize = 258;
/// How many earlier places with the same three bytes are tried.
const TRIES: usize = 48;

enum Token {
    Literal(u8),
    Match { length: usize, distance: usize },
}

/// `data` as a zlib stream.
pub(crate) fn zlib(data: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    block(&tokens(data), &mut bits);
    let mut out = vec![0x78, 0x9C];
    out.extend(bits.finish());
    out.extend(adler32(data).to_be_bytes());
    out
}

fn adler32(data: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for chunk in data.chunks(5000) {
        for &byte in chunk {
            a += u32::from(byte);
            b += a;
        }
        a %= 65_521;
        b %= 65_521;
    }
    b << 16 | a
}

/// Greedy parsing with hash chains.
fn tokens(data: &[u8]) -> Vec<Token> {
    const NONE: usize = usize::MAX;
    let mut head = vec![NONE; 1 << 15];
    let mut previous = vec![NONE; WINDOW];
    let slot = |at: usize| {
        let key = u32::from_le_bytes([data[at], data[at + 1], data[at + 2], 0]);
        (key.wrapping_mul(0x9E37_79B1) >> 17) as usize
    };
    let mut out = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let (mut length, mut distance) = (0, 0);
        if at + 3 <= data.len() {
            let limit = LONGEST.min(data.len() - at);
            let mut candidate = head[slot(at)];
            for _ in 0..TRIES {
                if candidate == NONE || at - candidate > WINDOW - 1 {
                    break;
                }
                let same = (0..limit).take_while(|&i| data[candidate + i] == data[at + i]).count();
                if same > length {
                    (length, distance) = (same, at - candidate);
                    if same == limit {
                        break;
                    }
                }
                let next = previous[candidate % WINDOW];
                if next == NONE || next >= candidate {
                    break;
                }
                candidate = next;
            }
        }
        let step = if length >= 3 {
            out.push(Token::Match { length, distance });
            length
        } else {
            out.push(Token::Literal(data[at]));
            1
        };
        for i in at..at + step {
            if i + 3 <= data.len() {
                let s = slot(i);
                previous[i % WINDOW] = head[s];
                head[s] = i;
            }
        }
        at += step;
    }
    out
}

/// The code (as an index) whose range holds `value`.
fn code_of(table: &[(usize, u8)], value: usize) -> usize {
    table.iter().rposition(|&(first, _)| first <= value).unwrap_or(0)
}

/// One final block with dynamic codes (RFC 1951, 3.2.7).
fn block(tokens: &[Token], bits: &mut Bits) {
    let mut literal_counts = [0u32; 286];
    let mut distance_counts = [0u32; 30];
    literal_counts[END] = 1;
    for token in tokens {
        match *token {
            Token::Literal(byte) => literal_counts[usize::from(byte)] += 1,
            Token::Match { length, distance } => {
                literal_counts[257 + code_of(&LENGTHS, length)] += 1;
                distance_counts[code_of(&DISTANCES, distance)] += 1;
            }
        }
    }
    // A code needs two symbols to be complete.
    distance_counts[0] += 1;
    distance_counts[1] += 1;
    literal_counts[0] += 1;
    let literals = Code::new(&literal_counts, 15);
    let distances = Code::new(&distance_counts, 15);

    // The lengths of both codes, written plainly: a code of their own without runs.
    let lengths: Vec<u8> = literals.lengths.iter().chain(&distances.lengths).copied().collect();
    let mut length_counts = [0u32; 19];
    for &l in &lengths {
        length_counts[usize::from(l)] += 1;
    }
    length_counts[0] += 1;
    length_counts[1] += 1;
    let meta = Code::new(&length_counts, 7);

    bits.put(1, 1);
    bits.put(2, 2);
    bits.put(286 - 257, 5);
    bits.put(30 - 1, 5);
    bits.put(19 - 4, 4);
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
        bits.put(u32::from(meta.lengths[symbol]), 3);
    }
    for l in lengths {
        meta.write(usize::from(l), bits);
    }
    for token in tokens {
        match *token {
            Token::Literal(byte) => literals.write(usize::from(byte), bits),
            Token::Match { length, distance } => {
                let code = code_of(&LENGTHS, length);
                literals.write(257 + code, bits);
                bits.put((length - LENGTHS[code].0) as u32, LENGTHS[code].1);
                let code = code_of(&DISTANCES, distance);
                distances.write(code, bits);
                bits.put((distance - DISTANCES[code].0) as u32, DISTANCES[code].1);
            }
        }
    }
    literals.write(END, bits);
}

/// A canonical Huffman code.
struct Code {
    lengths: Vec<u8>,
    codes: Vec<u32>,
}

impl Code {
    /// The code for symbols with these counts, none longer than `longest` bits.
    fn new(counts: &[u32], longest: u8) -> Self {
        let mut counts = counts.to_vec();
        let lengths = loop {
            let lengths = huffman_lengths(&counts);
            if lengths.iter().all(|&l| l <= longest) {
                break lengths;
            }
            // Flatter counts give a flatter tree; one step is almost always enough.
            for c in counts.iter_mut().filter(|c| **c > 0) {
                *c = *c / 4 + 1;
            }
        };
        // RFC 1951, 3.2.2: codes of one length are consecutive, in the order of the symbols.
        let mut codes = vec![0; counts.len()];
        let mut next = 0;
        for bits in 1..=longest {
            for (symbol, _) in lengths.iter().enumerate().filter(|&(_, &l)| l == bits) {
                codes[symbol] = next;
                next += 1;
            }
            next <<= 1;
        }
        Self { lengths, codes }
    }

    /// Huffman codes are written from their most significant bit, all else from the least.
    fn write(&self, symbol: usize, bits: &mut Bits) {
        let length = self.lengths[symbol];
        bits.put(self.codes[symbol].reverse_bits() >> (32 - u32::from(length)), length);
    }
}

/// Code lengths by Huffman's algorithm; ties go to the node made first, so the result is unique.
fn huffman_lengths(counts: &[u32]) -> Vec<u8> {
    let mut parents: Vec<usize> = vec![0; counts.len()];
    let mut heap: std::collections::BinaryHeap<std::cmp::Reverse<(u64, usize)>> = counts
        .iter()
        .enumerate()
        .filter(|&(_, &c)| c > 0)
        .map(|(symbol, &c)| std::cmp::Reverse((u64::from(c), symbol)))
        .collect();
    while let (Some(std::cmp::Reverse(a)), Some(std::cmp::Reverse(b))) = (heap.pop(), heap.pop()) {
        let node = parents.len();
        parents.push(0);
        parents[a.1] = node;
        parents[b.1] = node;
        if heap.is_empty() {
            break;
        }
        heap.push(std::cmp::Reverse((a.0 + b.0, node)));
    }
    let depth = |mut node: usize| {
        let mut depth = 0;
        while parents[node] != 0 {
            node = parents[node];
            depth += 1;
        }
        depth
    };
    counts
        .iter()
        .enumerate()
        .map(|(symbol, &c)| if c > 0 { depth(symbol) } else { 0 })
        .collect()
}

/// Bits, packed from the least significant one.
#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    pending: u64,
    count: u8,
}

impl Bits {
    fn put(&mut self, value: u32, count: u8) {
        self.pending |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.out.push(self.pending as u8);
        }
        self.out
    }
}
