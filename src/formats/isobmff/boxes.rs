//! Boxes one after another (ISO/IEC 14496-12, 4.2), and the fields inside them.

use super::limits::{malformed, name};
use crate::error::Error;

/// A box: its type, and what stands behind its header.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawBox<'a> {
    pub(super) kind: [u8; 4],
    pub(super) content: &'a [u8],
}

/// The boxes that fill `data`; the first broken one ends the walk.
pub(super) struct Boxes<'a> {
    rest: &'a [u8],
}

impl<'a> Boxes<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    fn read(&mut self) -> Result<RawBox<'a>, Error> {
        let data = std::mem::take(&mut self.rest);
        let mut fields = Fields::new(data);
        let header = |v: Option<u64>| v.ok_or_else(|| malformed("the header of a box is cut short"));
        let size = header(fields.u32().map(u64::from))?;
        let kind = fields
            .array::<4>()
            .ok_or_else(|| malformed("the header of a box is cut short"))?;
        let size = match size {
            // To the end of what it stands in.
            0 => data.len() as u64,
            1 => header(fields.u64())?,
            size => size,
        };
        if &kind == b"uuid" {
            header(fields.take(16).map(|_| 0))?;
        }
        let start = data.len() - fields.rest.len();
        let end = usize::try_from(size).unwrap_or(usize::MAX);
        if end < start || end > data.len() {
            return Err(malformed(format!(
                "its {} box claims {size} bytes, and there are {}",
                name(kind),
                data.len()
            )));
        }
        self.rest = &data[end..];
        Ok(RawBox {
            kind,
            content: &data[start..end],
        })
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<RawBox<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.read())
    }
}

/// Big-endian fields one after another; `None` once the data has no more.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(count)?;
        self.rest = tail;
        Some(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// An integer of 0, 4 or 8 bytes; one of 0 bytes is 0.
    pub(super) fn uint(&mut self, size: usize) -> Option<u64> {
        match size {
            0 => Some(0),
            4 => self.u32().map(u64::from),
            _ => self.u64(),
        }
    }

    /// An integer of 2 bytes, or of 4 where `wide`.
    pub(super) fn id(&mut self, wide: bool) -> Option<u32> {
        if wide { self.u32() } else { self.u16().map(u32::from) }
    }

    /// Version and flags of a full box.
    pub(super) fn full(&mut self) -> Option<(u8, u32)> {
        let word = self.u32()?;
        Some((word.to_be_bytes()[0], word & 0x00FF_FFFF))
    }

    /// A text up to its zero, or to the end of the data.
    pub(super) fn text(&mut self) -> &'a [u8] {
        let end = memchr::memchr(0, self.rest).unwrap_or(self.rest.len());
        let text = &self.rest[..end];
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(data: &[u8]) -> Vec<Result<(String, usize), String>> {
        Boxes::new(data)
            .map(|b| b.map(|b| (name(b.kind), b.content.len())).map_err(|e| e.to_string()))
            .collect()
    }

    #[test]
    fn sizes_of_each_kind_are_read() {
        let mut data = b"\0\0\0\x0afreeab".to_vec();
        data.extend(b"\0\0\0\x01wide\0\0\0\0\0\0\0\x11x");
        data.extend(b"\0\0\0\0lastabc");
        let named = |n: &str, len| Ok((n.to_owned(), len));
        assert_eq!(walk(&data), [named("free", 2), named("wide", 1), named("last", 3)]);
    }

    #[test]
    fn a_broken_size_ends_the_walk() {
        for broken in [
            b"\0\0\0\x07free".as_slice(),
            b"\0\0\0\x09free",
            b"\0\0\0\x01wide\0\0\0\0\0\0\0\x0f",
            b"\0\0\0\x01wide\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\0\0\0\x01wid",
            b"\0\0\0\x10uuid01234567",
            b"\0\0",
        ] {
            let found = walk(broken);
            assert!(matches!(found[..], [Err(_)]), "{broken:?}: {found:?}");
        }
    }
}
