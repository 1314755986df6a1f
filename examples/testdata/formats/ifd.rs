//! TIFF structures: a header and directories of tagged values (TIFF 6.0, section 2; BigTIFF). EXIF, MPF and TIFF
//! pictures are all made of them.

/// The value of a tag.
#[derive(Clone)]
pub(crate) enum Value {
    Byte(Vec<u8>),
    /// A text; its closing zero is added.
    Ascii(&'static str),
    Short(Vec<u16>),
    Long(Vec<u32>),
    Rational(Vec<(u32, u32)>),
    Undefined(Vec<u8>),
    /// Type, count and bytes as given, for what should not exist.
    Raw(u16, u64, Vec<u8>),
}

impl Value {
    pub(crate) fn short(v: u16) -> Self {
        Self::Short(vec![v])
    }

    pub(crate) fn long(v: usize) -> Self {
        Self::Long(vec![v as u32])
    }
}

/// A directory's tags, in ascending order.
pub(crate) type Fields = Vec<(u16, Value)>;

/// Where the parts of a written directory stand, to be patched.
pub(crate) struct Directory {
    pub(crate) at: usize,
    next_at: usize,
    /// Each tag with where its value, or the value's offset, stands.
    values: Vec<(u16, usize)>,
}

/// A TIFF structure that is being written.
pub(crate) struct Structure {
    pub(crate) out: Vec<u8>,
    big_endian: bool,
    big: bool,
    /// Where the offset of the next directory goes.
    link_at: usize,
}

impl Structure {
    pub(crate) fn new(big_endian: bool, big: bool) -> Self {
        let mut s = Self {
            out: if big_endian { b"MM".to_vec() } else { b"II".to_vec() },
            big_endian,
            big,
            link_at: if big { 8 } else { 4 },
        };
        if big {
            s.out.extend(s.number(43, 2));
            s.out.extend(s.number(8, 2));
            s.out.extend(s.number(0, 2));
            s.out.extend(s.number(0, 8));
        } else {
            s.out.extend(s.number(42, 2));
            s.out.extend(s.number(0, 4));
        }
        s
    }

    /// `v` in `bytes` bytes of the structure's order.
    fn number(&self, v: u64, bytes: usize) -> Vec<u8> {
        if self.big_endian {
            v.to_be_bytes()[8 - bytes..].to_vec()
        } else {
            v.to_le_bytes()[..bytes].to_vec()
        }
    }

    /// Type, count and bytes of a value.
    fn encode(&self, value: &Value) -> (u16, u64, Vec<u8>) {
        let shorts = |v: &[u16]| v.iter().flat_map(|&x| self.number(x.into(), 2)).collect();
        let longs = |v: &[u32]| v.iter().flat_map(|&x| self.number(x.into(), 4)).collect();
        match value {
            Value::Byte(v) => (1, v.len() as u64, v.clone()),
            Value::Ascii(text) => (2, text.len() as u64 + 1, [text.as_bytes(), &[0]].concat()),
            Value::Short(v) => (3, v.len() as u64, shorts(v)),
            Value::Long(v) => (4, v.len() as u64, longs(v)),
            Value::Rational(v) => (
                5,
                v.len() as u64,
                v.iter().flat_map(|&(n, d)| longs(&[n, d]) as Vec<u8>).collect(),
            ),
            Value::Undefined(v) => (7, v.len() as u64, v.clone()),
            Value::Raw(kind, count, bytes) => (*kind, *count, bytes.clone()),
        }
    }

    /// Appends bytes at an even offset, which is returned.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> usize {
        if self.out.len() % 2 == 1 {
            self.out.push(0);
        }
        let at = self.out.len();
        self.out.extend_from_slice(bytes);
        at
    }

    /// Appends a directory that nothing points at yet, and the values that do not fit into its entries.
    pub(crate) fn directory(&mut self, fields: &[(u16, Value)]) -> Directory {
        let (count_size, inline) = if self.big { (8, 8) } else { (2, 4) };
        let at = self.append(&[]);
        let entry_size = 4 + 2 * inline;
        let next_at = at + count_size + fields.len() * entry_size;
        let mut extra_at = next_at + inline;
        let mut entries = self.number(fields.len() as u64, count_size);
        let mut extra = Vec::new();
        let mut values = Vec::new();
        for (tag, value) in fields {
            let (kind, count, mut bytes) = self.encode(value);
            entries.extend(self.number(u64::from(*tag), 2));
            entries.extend(self.number(u64::from(kind), 2));
            entries.extend(self.number(count, inline));
            values.push((*tag, at + entries.len()));
            if bytes.len() <= inline {
                bytes.resize(inline, 0);
                entries.extend(bytes);
            } else {
                entries.extend(self.number(extra_at as u64, inline));
                bytes.resize(bytes.len().next_multiple_of(2), 0);
                extra_at += bytes.len();
                extra.extend(bytes);
            }
        }
        entries.extend(self.number(0, inline));
        self.out.extend(entries);
        self.out.extend(extra);
        Directory { at, next_at, values }
    }

    /// Appends a directory and hangs it at the end of the chain.
    pub(crate) fn chain(&mut self, fields: &[(u16, Value)]) -> Directory {
        let directory = self.directory(fields);
        self.link(directory.at);
        self.link_at = directory.next_at;
        directory
    }

    /// Makes the chain's last link point to `offset`.
    pub(crate) fn link(&mut self, offset: usize) {
        let size = if self.big { 8 } else { 4 };
        self.patch(self.link_at, offset, size);
    }

    /// Makes the LONG value of `tag` in `directory` be `offset`.
    pub(crate) fn point(&mut self, directory: &Directory, tag: u16, offset: usize) {
        for &(_, at) in directory.values.iter().filter(|v| v.0 == tag) {
            self.patch(at, offset, 4);
        }
    }

    fn patch(&mut self, at: usize, value: usize, size: usize) {
        let bytes = self.number(value as u64, size);
        self.out[at..at + size].copy_from_slice(&bytes);
    }
}
