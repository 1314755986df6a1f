//! The chunks of a PNG (PNG specification, third edition, 5.3).

use crate::formats::bytes::be32;

pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'a> {
    /// The chunk type.
    pub(crate) name: [u8; 4],
    /// What it holds.
    pub(crate) body: &'a [u8],
    /// Length, type, body and checksum as they stand in the file.
    pub(crate) whole: &'a [u8],
    /// Where the next chunk begins in the file.
    end: usize,
}

/// The complete chunks of a PNG, up to and including IEND. A chunk that reaches beyond the data ends the walk.
pub(crate) struct Chunks<'a> {
    data: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Chunks<'a> {
    /// `data` starts with the signature.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: SIGNATURE.len(),
            done: false,
        }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        if self.done {
            return None;
        }
        let length = usize::try_from(be32(self.data, self.at)?).ok()?;
        let end = self.at.checked_add(12)?.checked_add(length)?;
        let whole = self.data.get(self.at..end)?;
        let name = whole[4..8].try_into().ok()?;
        self.at = end;
        self.done = &name == b"IEND";
        Some(Chunk {
            name,
            body: &whole[8..8 + length],
            whole,
            end,
        })
    }
}

/// Whether the file has its last chunk: if not, it was cut short.
pub(super) fn is_complete(data: &[u8]) -> bool {
    Chunks::new(data).last().is_some_and(|c| &c.name == b"IEND")
}

/// The file up to the end of the data of its picture, with the length and the type of the chunk that follows: a decoder
/// takes that for the end.
pub(super) fn up_to_picture(data: &[u8]) -> &[u8] {
    const HEADER: usize = 8;
    let mut end = None;
    for chunk in Chunks::new(data) {
        if &chunk.name == b"IDAT" {
            end = Some(chunk.end);
        } else if let Some(end) = end {
            return &data[..data.len().min(end + HEADER)];
        }
    }
    data
}

/// Whether a chunk that says how samples are to be read is whole.
pub(super) fn is_color(chunk: &Chunk<'_>) -> bool {
    let length = match &chunk.name {
        b"gAMA" | b"cICP" => 4,
        b"cHRM" => 32,
        b"sRGB" => 1,
        _ => return false,
    };
    chunk.body.len() == length && is_checked(chunk)
}

/// Whether a chunk has the checksum of what it holds.
pub(super) fn is_checked(chunk: &Chunk<'_>) -> bool {
    let (covered, sum) = chunk.whole.split_at(chunk.whole.len() - 4);
    covered.get(4..).map(crc32fast::hash) == be32(sum, 0)
}
