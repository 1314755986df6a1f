//! A WebP with other metadata, its pictures copied as they are.

use super::{Found, build as chunk, chunks_from, riff_end};
use crate::error::Error;
use crate::formats::exif;
use crate::formats::ifd::strip_exif_header;
use crate::formats::pieces::Pieces;
use crate::formats::row::{Cleaned, Exif};
use crate::options::Metadata;
use crate::report::{Loss, LostMetadata};

/// Flags of the extended header (RFC 9649, 2.7).
const ICC_FLAG: u8 = 0x20;
const EXIF_FLAG: u8 = 0x08;
const XMP_FLAG: u8 = 0x04;

/// Where the chunks begin, behind `RIFF`, the size and `WEBP`.
const CHUNKS: usize = 12;

/// What stands in the chunk of a frame before its own chunks: its place, its size, how long it is shown, and flags.
const FRAME_HEAD: usize = 16;

/// The file with its metadata chunks as `policy` wants them, the flags that announce them true, and nothing behind its end.
/// `Anew` if its chunks do not end where they say.
pub(super) fn clean(data: &[u8], policy: Metadata) -> Result<Cleaned, Error> {
    let Some(end) = riff_end(data) else {
        return Ok(Cleaned::AsItIs);
    };
    if policy == Metadata::Keep {
        return Ok(Cleaned::AsItIs);
    }
    let mut body = Body {
        policy,
        out: Pieces::of(data),
        flags: 0,
        pictures: 0,
        seen_exif: false,
        losses: Vec::new(),
    };
    let simple = data.get(CHUNKS..CHUNKS + 4).is_some_and(|name| name != b"VP8X");
    let mut extended = None;
    for found in chunks_from(&data[..end], CHUNKS) {
        // A file that begins with its picture has nothing else.
        if simple && body.pictures > 0 {
            break;
        }
        if !found.whole {
            return Ok(Cleaned::Anew);
        }
        if !simple && extended.is_none() {
            extended = Some(found.start..found.start + found.len());
            continue;
        }
        body.chunk(&found);
    }
    if body.pictures == 0 {
        return Ok(Cleaned::Anew);
    }
    let mut chunks = Pieces::of(data);
    if let Some(range) = extended {
        let mut header = data.get(range.clone()).unwrap_or_default().to_vec();
        if let Some(flags) = header.get_mut(8) {
            *flags &= !(ICC_FLAG | EXIF_FLAG | XMP_FLAG) | body.flags;
        }
        chunks.put(header, range);
    }
    chunks.append(body.out);
    let Ok(size) = u32::try_from(chunks.len() + 4) else {
        return Ok(Cleaned::Anew);
    };
    let mut whole = Pieces::of(data);
    whole.put([b"RIFF".as_slice(), &size.to_le_bytes(), b"WEBP"].concat(), 0..CHUNKS);
    whole.append(chunks);
    // Padding hides nothing.
    if data.get(end..).is_some_and(|rest| rest.iter().all(|&b| b == 0)) {
        whole.keep(end..data.len());
    }
    Ok(Cleaned::of(whole.finish()?, body.losses))
}

struct Body<'a> {
    policy: Metadata,
    out: Pieces<'a>,
    /// What of metadata there is.
    flags: u8,
    pictures: usize,
    seen_exif: bool,
    losses: Vec<Loss>,
}

impl<'a> Body<'a> {
    /// Takes a chunk over, with the byte that fills it up, if the policy wants it.
    fn chunk(&mut self, found: &Found<'a>) {
        let body = found.body;
        let range = found.start..found.start + found.len();
        match &found.name {
            b"VP8 " | b"VP8L" => {
                self.pictures += 1;
                self.out.keep(range);
            }
            b"ANMF" => {
                self.pictures += 1;
                self.frame(found);
            }
            b"ALPH" | b"ANIM" => self.out.keep(range),
            b"ICCP" => {
                self.flags |= ICC_FLAG;
                self.out.keep(range);
            }
            b"EXIF" if self.policy == Metadata::Privacy && !self.seen_exif => {
                self.seen_exif = true;
                let block = strip_exif_header(body);
                if matches!(Exif::of(Some(block.into())), Exif::Broken) {
                    self.losses.push(Loss::Metadata {
                        what: LostMetadata::Exif,
                    });
                }
                if let Some(kept) = exif::rewrite(block, self.policy) {
                    self.flags |= EXIF_FLAG;
                    if kept == block {
                        self.out.keep(range);
                    } else {
                        self.out.put(chunk(*b"EXIF", &[&kept]), range);
                    }
                }
            }
            _ => {}
        }
    }

    /// A frame of an animation, with the chunks that belong to its picture alone.
    fn frame(&mut self, frame: &Found<'a>) {
        let is_picture = |inner: &Found<'_>| inner.whole && matches!(&inner.name, b"VP8 " | b"VP8L" | b"ALPH");
        let range = frame.start..frame.start + frame.len();
        let inner = || chunks_from(frame.body, FRAME_HEAD);
        if inner().all(|inner| is_picture(&inner)) {
            self.out.keep(range);
            return;
        }
        let mut body = frame.body.get(..FRAME_HEAD).unwrap_or(frame.body).to_vec();
        for inner in inner().filter(is_picture) {
            body.extend(chunk(inner.name, &[inner.body]));
        }
        self.out.put(chunk(*b"ANMF", &[&body]), range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::bytes::le32;

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        let body = chunks.concat();
        let size = u32::try_from(body.len() + 4).unwrap();
        [b"RIFF".as_slice(), &size.to_le_bytes(), b"WEBP", &body].concat()
    }

    fn extended(flags: u8) -> Vec<u8> {
        chunk(*b"VP8X", &[&[flags, 0, 0, 0, 0, 0, 0, 0, 0, 0]])
    }

    fn rewrite(data: &[u8], policy: Metadata) -> Option<Vec<u8>> {
        match clean(data, policy).unwrap() {
            Cleaned::AsItIs => None,
            Cleaned::Changed { file, .. } => Some(file),
            Cleaned::Anew => panic!("such a WebP can be cleaned"),
        }
    }

    #[test]
    fn metadata_unknown_chunks_and_what_is_behind_the_end_go() {
        let picture = chunk(*b"VP8L", &[b"pixels!"]);
        let profile = chunk(*b"ICCP", &[b"profile"]);
        let full = file(&[
            extended(0x3E),
            profile.clone(),
            chunk(*b"abcd", &[b"unknown"]),
            picture.clone(),
            chunk(
                *b"EXIF",
                &[b"II*\0\x08\0\0\0\x01\0\x25\x88\x04\0\x01\0\0\0\x1A\0\0\0\0\0\0\0\0\0\0\0\0\0"],
            ),
            chunk(*b"XMP ", &[b"packet"]),
        ]);
        let lean = file(&[extended(0x32), profile, picture.clone()]);
        let full = [full.as_slice(), b"behind"].concat();
        for policy in [Metadata::Privacy, Metadata::Strip] {
            assert_eq!(rewrite(&full, policy), Some(lean.clone()));
            assert_eq!(rewrite(&lean, policy), None);
        }
        assert_eq!(rewrite(&full, Metadata::Keep), None);
        let simple = file(&[picture.clone(), chunk(*b"XMP ", &[b"packet"])]);
        assert_eq!(rewrite(&simple, Metadata::Privacy), Some(file(&[picture])));
    }

    #[test]
    fn what_hides_in_a_frame_goes() {
        let picture = chunk(*b"VP8L", &[b"pixels"]);
        let head = [0; FRAME_HEAD];
        let frame = |more: &[u8]| chunk(*b"ANMF", &[&head, &picture, more]);
        let with = |frame: Vec<u8>| file(&[extended(2), chunk(*b"ANIM", &[&[0; 6]]), frame]);
        let hiding = with(frame(&chunk(*b"EXIF", &[b"secret"])));
        let lean = with(frame(&[]));
        assert_eq!(rewrite(&hiding, Metadata::Strip), Some(lean.clone()));
        assert_eq!(rewrite(&lean, Metadata::Strip), None);
    }

    #[test]
    fn every_prefix_is_survived() {
        let whole = file(&[extended(0), chunk(*b"VP8L", &[b"pixels"]), chunk(*b"XMP ", &[b"x"])]);
        for end in 12..whole.len() {
            let _ = clean(&whole[..end], Metadata::Privacy);
        }
        assert_eq!(le32(&whole, 4), u32::try_from(whole.len() - 8).ok());
    }
}
