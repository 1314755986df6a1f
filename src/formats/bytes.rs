//! Checked reading of integers at any offset: out of range is `None`, never a panic.

/// Byte order of multi-byte integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endian {
    Little,
    Big,
}

fn array<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at.checked_add(N)?)?.try_into().ok()
}

impl Endian {
    pub(crate) fn u16(self, data: &[u8], at: usize) -> Option<u16> {
        array(data, at).map(|b| match self {
            Self::Little => u16::from_le_bytes(b),
            Self::Big => u16::from_be_bytes(b),
        })
    }

    pub(crate) fn u32(self, data: &[u8], at: usize) -> Option<u32> {
        array(data, at).map(|b| match self {
            Self::Little => u32::from_le_bytes(b),
            Self::Big => u32::from_be_bytes(b),
        })
    }

    pub(crate) fn u64(self, data: &[u8], at: usize) -> Option<u64> {
        array(data, at).map(|b| match self {
            Self::Little => u64::from_le_bytes(b),
            Self::Big => u64::from_be_bytes(b),
        })
    }

    pub(crate) fn put_u16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn put_u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }
}

pub(crate) fn be16(data: &[u8], at: usize) -> Option<u16> {
    Endian::Big.u16(data, at)
}

pub(crate) fn be32(data: &[u8], at: usize) -> Option<u32> {
    Endian::Big.u32(data, at)
}

pub(crate) fn le16(data: &[u8], at: usize) -> Option<u16> {
    Endian::Little.u16(data, at)
}

pub(crate) fn le32(data: &[u8], at: usize) -> Option<u32> {
    Endian::Little.u32(data, at)
}

/// The 24-bit integers of WebP.
pub(crate) fn le24(data: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = array(data, at)?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

/// Whether `needle` occurs in `haystack`.
pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}
