//! The text chunks of a PNG (PNG specification, 11.3.3), and the profiles that ImageMagick and others keep in them.

use std::borrow::Cow;
use std::io::Read;

use super::chunks::{Chunk, Chunks};

/// The most bytes of a text: libpng holds no chunk of more than 8,000,000.
pub(super) const MAX_TEXT: usize = 4_000_000;

/// The most bytes that Pillow inflates of a text or of a profile; it refuses files with more.
pub(super) const MAX_INFLATED: usize = 1 << 20;

/// The keyword of XMP.
pub(super) const XMP: &[u8] = b"XML:com.adobe.xmp";

/// Where the text of a chunk stands.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) keyword: &'a [u8],
    /// The text, deflated or not.
    pub(super) body: &'a [u8],
    pub(super) deflated: bool,
    /// What stands before it in an uncompressed chunk of the same kind, the keyword included.
    international: bool,
}

/// Why a text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    Broken,
    TooLarge,
}

impl<'a> Text<'a> {
    /// The text of a chunk; `None` if it is no text chunk or is cut short.
    pub(super) fn of(chunk: &Chunk<'a>) -> Option<Self> {
        let end = memchr::memchr(0, chunk.body)?;
        let (keyword, rest) = chunk.body.split_at_checked(end)?;
        let rest = rest.get(1..)?;
        let text = |body, deflated, international| {
            Some(Self {
                keyword,
                body,
                deflated,
                international,
            })
        };
        match &chunk.name {
            b"tEXt" => text(rest, false, false),
            b"zTXt" => text(rest.strip_prefix(&[0])?, true, false),
            b"iTXt" => {
                // Compression flag, method, language, null, translated keyword, null, text.
                let (flag, rest) = rest.split_first()?;
                let mut parts = rest.get(1..)?.splitn(3, |&b| b == 0);
                let (_, _, body) = (parts.next()?, parts.next()?, parts.next()?);
                text(body, *flag != 0, true)
            }
            _ => None,
        }
    }

    /// The text, of at most so many bytes.
    pub(super) fn read(&self, most: usize) -> Result<Cow<'a, [u8]>, Unread> {
        if !self.deflated {
            return if self.body.len() <= most {
                Ok(Cow::Borrowed(self.body))
            } else {
                Err(Unread::TooLarge)
            };
        }
        inflate(self.body, most).map(Cow::Owned)
    }

    /// The content of a chunk that has this text uncompressed, with the chunk's name.
    pub(super) fn uncompressed(&self, text: &[u8]) -> ([u8; 4], Vec<u8>) {
        if self.international {
            (*b"iTXt", [self.keyword, b"\0\0\0\0\0", text].concat())
        } else {
            (*b"tEXt", [self.keyword, b"\0", text].concat())
        }
    }
}

/// What a deflated text or profile holds, of at most so many bytes.
pub(super) fn inflate(deflated: &[u8], most: usize) -> Result<Vec<u8>, Unread> {
    let mut out = Vec::new();
    let read = flate2::read::ZlibDecoder::new(deflated)
        .take(most as u64 + 1)
        .read_to_end(&mut out);
    match read {
        _ if out.len() > most => Err(Unread::TooLarge),
        Ok(_) => Ok(out),
        Err(_) => Err(Unread::Broken),
    }
}

/// How many bytes a deflated profile has, if these are at most so many: none of them is kept.
pub(super) fn inflated_len(deflated: &[u8], most: usize) -> Result<u64, Unread> {
    let mut inflated = flate2::read::ZlibDecoder::new(deflated).take(most as u64 + 1);
    match std::io::copy(&mut inflated, &mut std::io::sink()) {
        Ok(length) if length > most as u64 => Err(Unread::TooLarge),
        Ok(length) => Ok(length),
        Err(_) => Err(Unread::Broken),
    }
}

/// The XMP packet: that under its own keyword, or else a profile of ImageMagick's.
pub(super) fn xmp(data: &[u8]) -> Option<Result<Vec<u8>, Unread>> {
    let own = texts(data).find(|text| text.keyword == XMP);
    let read = |text: Text<'_>| text.read(MAX_TEXT).map(Cow::into_owned);
    own.map(read).or_else(|| profile(data, &[b"xmp"])).or_else(|| {
        let block = profile(data, &[b"APP1"])?.ok()?;
        Some(Ok(block.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0")?.to_vec()))
    })
}

/// The EXIF block in a profile of ImageMagick's, with or without its `Exif\0\0`.
pub(super) fn raw_exif(data: &[u8]) -> Option<Result<Vec<u8>, Unread>> {
    profile(data, &[b"exif"]).or_else(|| {
        let block = profile(data, &[b"APP1"])?;
        match block {
            Ok(block) if !block.starts_with(b"Exif\0\0") => None,
            block => Some(block),
        }
    })
}

/// The text chunks of a file.
pub(super) fn texts(data: &[u8]) -> impl Iterator<Item = Text<'_>> {
    Chunks::new(data).filter_map(|chunk| Text::of(&chunk))
}

/// The type of a profile that stands in a text as ImageMagick writes it.
pub(super) fn profile_type(keyword: &[u8]) -> Option<&[u8]> {
    keyword.strip_prefix(b"Raw profile type ")
}

/// The first profile of one of these types.
pub(super) fn profile(data: &[u8], types: &[&[u8]]) -> Option<Result<Vec<u8>, Unread>> {
    let text = texts(data).find(|text| profile_type(text.keyword).is_some_and(|kind| types.contains(&kind)))?;
    // Two digits for each byte, and a new line behind every 72.
    let read = text.read(MAX_TEXT);
    Some(read.and_then(|text| unhex(&text).ok_or(Unread::Broken)))
}

/// The bytes of a profile: a line with its type, one with their number, and then hexadecimal digits.
pub(super) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_prefix(b"\n").unwrap_or(text);
    let mut lines = text.splitn(3, |&b| b == b'\n');
    let (_, number, digits) = (lines.next()?, lines.next()?, lines.next()?);
    let length: usize = std::str::from_utf8(number.trim_ascii()).ok()?.parse().ok()?;
    let mut digits = digits
        .iter()
        .filter(|b| !b.is_ascii_whitespace())
        .map(|&b| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
    let mut out = Vec::with_capacity(length.min(text.len() / 2));
    for _ in 0..length {
        let (high, low) = (digits.next()??, digits.next()??);
        out.push(high << 4 | low);
    }
    Some(out)
}

/// The text of a profile, as ImageMagick writes it.
pub(super) fn hex(kind: &str, bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = format!("\n{kind}\n{:8}", bytes.len()).into_bytes();
    for (i, &byte) in bytes.iter().enumerate() {
        if i % 36 == 0 {
            out.push(b'\n');
        }
        out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_in_digits_comes_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex("exif", &bytes)), Some(bytes));
        for broken in [&b""[..], b"\nexif\n 3\n0102", b"\nexif\n x\n0102", b"\nexif\n 1\n0g"] {
            assert_eq!(unhex(broken), None);
        }
    }
}
