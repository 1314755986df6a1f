//! The metadata chunks of a PNG.

use std::io::Write;

use super::header::{Chunk, Chunks, SIGNATURE};
use crate::formats::carried::Carried;
use crate::formats::exif;
use crate::formats::ifd::strip_exif_header;
use crate::options::Metadata;

/// Chunks that belong to the picture: what it is made of, how its samples are read, how it moves.
const PICTURE: &[&[u8; 4]] = &[
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
    b"cLLI", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
];

/// Chunks that say how samples are to be read, beside the profile.
const COLOR: &[&[u8; 4]] = &[b"sRGB", b"gAMA", b"cHRM", b"cICP"];

/// The text keywords that `Privacy` keeps (PNG specification, 11.3.3.1).
const RIGHTS: &[&[u8]] = &[b"Copyright", b"Author"];

/// The file with its metadata chunks as `policy` wants them; the picture's chunks are copied as they are. `None` if
/// nothing would change, or if the file has no end.
pub(super) fn rewrite(data: &[u8], policy: Metadata) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(data.len());
    out.extend_from_slice(SIGNATURE);
    let mut ended = false;
    for chunk in Chunks::new(data) {
        ended = &chunk.name == b"IEND";
        out.extend(kept(&chunk, policy).unwrap_or_default());
    }
    (ended && out != data).then_some(out)
}

fn kept(chunk: &Chunk<'_>, policy: Metadata) -> Option<Vec<u8>> {
    if PICTURE.contains(&&chunk.name) {
        return Some(chunk.whole.to_vec());
    }
    if policy == Metadata::Strip {
        return None;
    }
    match &chunk.name {
        b"eXIf" => {
            let block = strip_exif_header(chunk.body);
            let kept = exif::rewrite(block, policy)?;
            Some(if kept == block {
                chunk.whole.to_vec()
            } else {
                build(*b"eXIf", &[&kept])
            })
        }
        b"tEXt" | b"zTXt" | b"iTXt" => RIGHTS.contains(&keyword(chunk.body)).then(|| chunk.whole.to_vec()),
        _ => None,
    }
}

fn keyword(body: &[u8]) -> &[u8] {
    body.split(|&b| b == 0).next().unwrap_or_default()
}

/// A chunk of `parts`, with its length and checksum.
fn build(name: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|p| p.len()).sum();
    let mut out = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    out.extend(name);
    for part in parts {
        out.extend_from_slice(part);
    }
    let checksum = crc32fast::hash(&out[4..]);
    out.extend(checksum.to_be_bytes());
    out
}

/// Takes over the chunks that say how the samples are to be read, and under a policy that keeps any, texts.
pub(super) fn rest(data: &[u8], policy: Metadata, carried: &mut Carried) {
    carried.png_color = Chunks::new(data)
        .filter(|c| COLOR.contains(&&c.name))
        .map(|c| c.whole.to_vec())
        .collect();
    if policy != Metadata::Strip {
        collect_texts(data, policy, carried);
    }
}

/// Takes over XMP and texts, or under `Privacy` the texts of [`RIGHTS`] alone. Compressed texts are left behind.
fn collect_texts(data: &[u8], policy: Metadata, carried: &mut Carried) {
    const XMP: &[u8] = b"XML:com.adobe.xmp";
    for chunk in Chunks::new(data) {
        let word = keyword(chunk.body);
        let text = match &chunk.name {
            b"tEXt" => chunk.body.get(word.len() + 1..),
            b"iTXt" => international_text(&chunk.body[word.len()..]),
            _ => None,
        };
        let Some(text) = text else { continue };
        if word == XMP {
            if policy == Metadata::Keep {
                carried.xmp.get_or_insert_with(|| text.to_vec());
            }
        } else if policy == Metadata::Keep || RIGHTS.contains(&word) {
            carried.comments.push((word.to_vec(), text.to_vec()));
        }
    }
}

/// The text of an uncompressed iTXt chunk (11.3.3.4), from behind its keyword.
fn international_text(rest: &[u8]) -> Option<&[u8]> {
    // Null, compression flag, method, language, null, translated keyword, null, text.
    let rest = rest.strip_prefix(&[0, 0])?.get(1..)?;
    let language = rest.iter().position(|&b| b == 0)?;
    let rest = &rest[language + 1..];
    let translated = rest.iter().position(|&b| b == 0)?;
    Some(&rest[translated + 1..])
}

/// Puts metadata into a PNG that an encoder has just written, behind its IHDR.
pub(crate) fn insert(mut encoded: Vec<u8>, carried: &Carried) -> Vec<u8> {
    const AFTER_IHDR: usize = 33;
    let mut chunks = Vec::new();
    if let Some(profile) = &carried.icc {
        let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        if deflated.write_all(profile).is_ok()
            && let Ok(body) = deflated.finish()
        {
            chunks.extend(build(*b"iCCP", &[b"ICC profile\0\0", &body]));
        }
    }
    for chunk in &carried.png_color {
        // 11.3.2.5: a file has either a profile or the sRGB chunk.
        if carried.icc.is_none() || &chunk[4..8] != b"sRGB" {
            chunks.extend_from_slice(chunk);
        }
    }
    if let Some(block) = &carried.exif {
        chunks.extend(build(*b"eXIf", &[block]));
    }
    if let Some(packet) = &carried.xmp {
        chunks.extend(build(*b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", packet]));
    }
    for (keyword, text) in &carried.comments {
        // An international text may be UTF-8, which is what iTXt holds; tEXt holds Latin-1.
        if text.is_ascii() || std::str::from_utf8(text).is_err() {
            chunks.extend(build(*b"tEXt", &[keyword, b"\0", text]));
        } else {
            chunks.extend(build(*b"iTXt", &[keyword, b"\0\0\0\0\0", text]));
        }
    }
    if encoded.len() >= AFTER_IHDR {
        encoded.splice(AFTER_IHDR..AFTER_IHDR, chunks);
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::png::colour::inflated;

    fn file(chunks: &[([u8; 4], &[u8])]) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        out.extend(build(*b"IHDR", &[&[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]]));
        for (name, body) in chunks {
            out.extend(build(*name, &[body]));
        }
        out.extend(build(*b"IEND", &[]));
        out
    }

    #[test]
    fn privacy_keeps_the_picture_and_the_rights() {
        let full = file(&[
            (*b"gAMA", &[0, 0, 1, 2]),
            (*b"tEXt", b"Copyright\0me"),
            (*b"tEXt", b"Comment\0at home"),
            (*b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0packet"),
            (*b"tIME", b"1234567"),
            (*b"prVt", b"unknown"),
            (*b"IDAT", b"data"),
        ]);
        let lean = file(&[
            (*b"gAMA", &[0, 0, 1, 2]),
            (*b"tEXt", b"Copyright\0me"),
            (*b"IDAT", b"data"),
        ]);
        assert_eq!(rewrite(&full, Metadata::Privacy), Some(lean.clone()));
        assert_eq!(rewrite(&lean, Metadata::Privacy), None);
        let trailing = [lean.as_slice(), b"appended"].concat();
        assert_eq!(rewrite(&trailing, Metadata::Privacy), Some(lean.clone()));
        let bare = file(&[(*b"gAMA", &[0, 0, 1, 2]), (*b"IDAT", b"data")]);
        assert_eq!(rewrite(&lean, Metadata::Strip), Some(bare));
        assert_eq!(rewrite(&full[..full.len() - 3], Metadata::Privacy), None);
    }

    #[test]
    fn a_profile_goes_in_and_comes_out() {
        let mut profile = b"not really a profile, but long enough to deflate".repeat(9);
        let length = u32::try_from(profile.len()).unwrap();
        profile[..4].copy_from_slice(&length.to_be_bytes());
        profile[36..40].copy_from_slice(b"acsp");
        let carried = Carried {
            icc: Some(profile.clone()),
            ..Carried::default()
        };
        let out = insert(file(&[(*b"IDAT", b"data")]), &carried);
        let chunk = Chunks::new(&out).find(|chunk| &chunk.name == b"iCCP").unwrap();
        assert_eq!(inflated(&chunk), Some(profile));
    }

    #[test]
    fn texts_are_read_in_both_notations() {
        let mut carried = Carried::default();
        let data = file(&[
            (*b"tEXt", b"Author\0A"),
            (*b"iTXt", b"Copyright\0\0\0de\0Urheber\0\xC2\xA9 B"),
            (*b"iTXt", b"Title\0\x01\0\0\0compressed"),
        ]);
        collect_texts(&data, Metadata::Keep, &mut carried);
        assert_eq!(
            carried.comments,
            [
                (b"Author".to_vec(), b"A".to_vec()),
                (b"Copyright".to_vec(), "© B".as_bytes().to_vec())
            ]
        );
    }
}
