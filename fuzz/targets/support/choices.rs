//! The fuzzer's bytes as a sequence of choices.

/// Reads choices; behind the end all are 0, so that short inputs are small files.
pub struct Choices<'a> {
    left: &'a [u8],
}

/// Numbers at which counters, sizes and offsets break.
const EDGES: [u32; 24] = [
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    16,
    63,
    64,
    65,
    255,
    256,
    512,
    4096,
    16_383,
    16_384,
    65_535,
    65_536,
    1 << 20,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFF0,
    u32::MAX,
];

impl<'a> Choices<'a> {
    pub fn new(left: &'a [u8]) -> Self {
        Self { left }
    }

    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.left.split_first() else {
            return 0;
        };
        self.left = rest;
        first
    }

    /// A number below `limit`, which is at most 65,536.
    pub fn below(&mut self, limit: usize) -> usize {
        let wide = limit > 256;
        let value = usize::from(self.byte()) | if wide { usize::from(self.byte()) << 8 } else { 0 };
        value % limit.max(1)
    }

    /// True for one value in `of`, and never behind the end.
    pub fn rare(&mut self, of: u8) -> bool {
        self.byte() % of == of - 1
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A number as it should be, or one in `of` times one of the edges.
    pub fn odd(&mut self, sound: u32, of: u8) -> u32 {
        if self.rare(of) { self.edge() } else { sound }
    }

    pub fn edge(&mut self) -> u32 {
        match self.below(EDGES.len() + 2) {
            i if i < EDGES.len() => EDGES[i],
            24 => u32::from(self.byte()),
            _ => u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]),
        }
    }
}
