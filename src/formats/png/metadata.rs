//! The metadata chunks of a PNG: what a new picture takes over of them, and what is written of it.

use std::borrow::Cow;
use std::io::Write;

use super::chunks::{Chunk, Chunks, is_color};
use super::text::{self, MAX_INFLATED, MAX_TEXT, Text};
use crate::formats::carried::{Carried, losses};
use crate::formats::ifd::strip_exif_header;
use crate::formats::row::Exif;
use crate::formats::{photoshop, xmp};
use crate::options::Metadata;
use crate::report::{Loss, LostMetadata};

/// The text keywords that `Privacy` keeps (PNG specification, 11.3.3.1).
pub(super) const RIGHTS: &[&[u8]] = &[b"Copyright", b"Author"];

/// Texts that say of the source what the new picture has otherwise, as ImageMagick writes them.
const OF_THE_SOURCE: &[&[u8]] = &[
    b"exif:Orientation",
    b"exif:PixelXDimension",
    b"exif:PixelYDimension",
    b"tiff:Orientation",
];

/// The most bytes of a chunk that is written: libpng holds none of more than 8,000,000.
pub(super) const MAX_CHUNK: usize = 4_000_000;

/// A chunk of `parts`, with its length and checksum.
pub(super) fn build(name: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
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

/// The profile that an iCCP chunk holds (11.3.2.3), deflated.
pub(super) fn deflated_profile(body: &[u8]) -> Option<&[u8]> {
    let name = memchr::memchr(0, body)?;
    body.get(name + 1..)?.strip_prefix(&[0])
}

/// The EXIF block: that of its chunk, or else one in a text of ImageMagick's.
pub(super) fn exif(data: &[u8]) -> Exif<'_> {
    let own = Chunks::new(data)
        .filter(|chunk| &chunk.name == b"eXIf")
        .map(|chunk| Exif::of(Some(Cow::Borrowed(strip_exif_header(chunk.body)))));
    let raw = || match text::raw_exif(data)? {
        Ok(block) => Some(Exif::of(Some(Cow::Owned(strip_exif_header(&block).to_vec())))),
        Err(_) => Some(Exif::Broken),
    };
    let mut found = Exif::None;
    for exif in own.chain(std::iter::once_with(raw).flatten()) {
        match exif {
            Exif::Block(_) => return exif,
            Exif::None => {}
            _ => found = Exif::Broken,
        }
    }
    found
}

/// Takes over the chunks that say how the samples are to be read, and under a policy that keeps any, texts.
pub(super) fn rest(data: &[u8], policy: Metadata, carried: &mut Carried) {
    carried.png_color = Chunks::new(data).filter(is_color).map(|c| c.whole.to_vec()).collect();
    if policy != Metadata::Strip {
        collect_texts(data, policy, carried);
    }
    if policy == Metadata::Keep {
        match text::xmp(data) {
            Some(Ok(packet)) => carried.xmp = Some(packet),
            Some(Err(_)) => carried.lose(LostMetadata::Xmp),
            None => {}
        }
        match text::profile(data, &[b"iptc", b"8bim", b"APP13"]) {
            Some(Ok(block)) => take_resources(&block, carried),
            Some(Err(_)) => carried.lose(LostMetadata::Iptc),
            None => {}
        }
        // A signature is no longer one of what is there; others say nothing to anybody else.
        if Chunks::new(data).any(|chunk| is_foreign(&chunk)) {
            carried.lose(LostMetadata::Other);
        }
    }
}

/// Takes over Photoshop resources from a profile: with or without their header, or a bare IPTC record.
fn take_resources(block: &[u8], carried: &mut Carried) {
    let block = block.strip_prefix(photoshop::HEADER).unwrap_or(block);
    let wrapped = (block.first() == Some(&0x1C))
        .then(|| photoshop::of_iptc(block))
        .flatten();
    let (kept, unread) = photoshop::for_new_picture(wrapped.as_deref().unwrap_or(block));
    carried.resources = kept;
    if unread {
        carried.lose(LostMetadata::Iptc);
    }
}

/// Whether a chunk is none that the specification or an extension of it names.
fn is_foreign(chunk: &Chunk<'_>) -> bool {
    const KNOWN: &[&[u8; 4]] = &[
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
        b"cLLI", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT", b"tIME", b"eXIf", b"tEXt", b"zTXt",
        b"iTXt", b"oFFs", b"pCAL", b"sCAL", b"sTER", b"gIFg", b"gIFx", b"gIFt", b"vpAg", b"caNv", b"orNT", b"iDOT",
    ];
    !KNOWN.contains(&&chunk.name) && !chunk.body.is_empty()
}

/// Takes over texts, or under `Privacy` those of [`RIGHTS`] alone.
fn collect_texts(data: &[u8], policy: Metadata, carried: &mut Carried) {
    // All that is inflated, together.
    let mut left = MAX_TEXT;
    for chunk in Chunks::new(data) {
        if !matches!(&chunk.name, b"tEXt" | b"zTXt" | b"iTXt") {
            continue;
        }
        let Some(text) = Text::of(&chunk) else {
            if policy == Metadata::Keep {
                carried.lose(LostMetadata::Text);
            }
            continue;
        };
        let word = text.keyword;
        let wanted = match policy {
            Metadata::Keep => word != text::XMP && text::profile_type(word).is_none() && !OF_THE_SOURCE.contains(&word),
            _ => RIGHTS.contains(&word),
        };
        if !wanted {
            continue;
        }
        match text.read(left) {
            Ok(read) => {
                if text.deflated {
                    left -= read.len();
                }
                carried.comments.push((word.to_vec(), read.into_owned()));
            }
            Err(_) => carried.lose(LostMetadata::Text),
        }
    }
}

/// Puts metadata into a PNG that an encoder has just written, behind its IHDR; the second result is what there was no room
/// for.
pub(crate) fn insert(mut encoded: Vec<u8>, carried: &Carried) -> (Vec<u8>, Vec<Loss>) {
    const AFTER_IHDR: usize = 33;
    let mut chunks = Vec::new();
    let mut lost = carried.lost.clone();
    let mut profile_lost = false;
    if let Some(profile) = &carried.icc {
        match deflate(profile).filter(|_| profile.len() <= MAX_INFLATED) {
            Some(body) => chunks.extend(build(*b"iCCP", &[b"ICC profile\0\0", &body])),
            None => profile_lost = true,
        }
    }
    for chunk in &carried.png_color {
        // 11.3.2.5: a file has either a profile or the sRGB chunk.
        if carried.icc.is_none() || &chunk[4..8] != b"sRGB" {
            chunks.extend_from_slice(chunk);
        }
    }
    if let Some(block) = &carried.exif {
        if block.len() <= MAX_CHUNK {
            chunks.extend(build(*b"eXIf", &[block]));
        } else {
            lost.push(LostMetadata::Exif);
        }
    }
    let written = carried.written_xmp();
    let packet = match (written.packet, written.extension) {
        // A PNG has no extensions, and room for all of it.
        (Some(packet), Some(extension)) => xmp::merged(&packet, &extension).or_else(|| {
            lost.push(LostMetadata::Xmp);
            Some(packet)
        }),
        (packet, _) => packet,
    };
    match packet {
        Some(packet) if packet.len() <= MAX_TEXT => {
            chunks.extend(build(*b"iTXt", &[text::XMP, b"\0\0\0\0\0", &packet]));
        }
        None => {}
        Some(_) => lost.push(LostMetadata::Xmp),
    }
    if written.lost {
        lost.push(LostMetadata::Xmp);
    }
    if let Some(resources) = &carried.resources {
        // There is no chunk of it; this is how ImageMagick and ExifTool keep it.
        let digits = text::hex("iptc", resources);
        match deflate(&digits).filter(|_| digits.len() <= MAX_INFLATED) {
            Some(body) => chunks.extend(build(*b"zTXt", &[b"Raw profile type iptc\0\0", &body])),
            None => lost.push(LostMetadata::Iptc),
        }
    }
    if !carried.segments.is_empty() {
        lost.push(LostMetadata::Other);
    }
    for (keyword, text) in &carried.comments {
        if text.len() > MAX_TEXT {
            lost.push(LostMetadata::Text);
        } else if text.is_ascii() || std::str::from_utf8(text).is_err() {
            // An international text may be UTF-8, which is what iTXt holds; tEXt holds Latin-1.
            chunks.extend(build(*b"tEXt", &[keyword, b"\0", text]));
        } else {
            chunks.extend(build(*b"iTXt", &[keyword, b"\0\0\0\0\0", text]));
        }
    }
    if encoded.len() >= AFTER_IHDR {
        encoded.splice(AFTER_IHDR..AFTER_IHDR, chunks);
    }
    let mut lost = losses(lost);
    if profile_lost {
        lost.push(Loss::Profile);
    }
    (encoded, lost)
}

fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    deflated.write_all(bytes).ok()?;
    deflated.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::png::SIGNATURE;
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
    fn a_profile_goes_in_and_comes_out() {
        let mut profile = b"not really a profile, but long enough to deflate".repeat(9);
        let length = u32::try_from(profile.len()).unwrap();
        profile[..4].copy_from_slice(&length.to_be_bytes());
        profile[36..40].copy_from_slice(b"acsp");
        let carried = Carried {
            icc: Some(profile.clone()),
            ..Carried::default()
        };
        let (out, lost) = insert(file(&[(*b"IDAT", b"data")]), &carried);
        assert!(lost.is_empty());
        let chunk = Chunks::new(&out).find(|chunk| &chunk.name == b"iCCP").unwrap();
        assert_eq!(inflated(&chunk), Some(profile));
    }

    #[test]
    fn texts_are_read_in_both_notations() {
        let mut carried = Carried::default();
        let data = file(&[
            (*b"tEXt", b"Author\0A"),
            (*b"iTXt", b"Copyright\0\0\0de\0Urheber\0\xC2\xA9 B"),
            (
                *b"zTXt",
                &[b"Title\0\0".as_slice(), &deflate(b"deflated").unwrap()].concat(),
            ),
            (*b"iTXt", b"Title\0\x01\0\0\0no deflate"),
        ]);
        collect_texts(&data, Metadata::Keep, &mut carried);
        assert_eq!(
            carried.comments,
            [
                (b"Author".to_vec(), b"A".to_vec()),
                (b"Copyright".to_vec(), "© B".as_bytes().to_vec()),
                (b"Title".to_vec(), b"deflated".to_vec())
            ]
        );
        assert_eq!(carried.lost, [LostMetadata::Text]);
    }
}
