//! A PNG with other metadata, the chunks of its picture copied as they are.

use std::borrow::Cow;

use super::chunks::{Chunk, Chunks, SIGNATURE, is_checked, is_color};
use super::metadata::{MAX_CHUNK, RIGHTS, build};
use super::text::{self, MAX_INFLATED, MAX_TEXT, Text, Unread};
use crate::error::Error;
use crate::formats::bytes::be32;
use crate::formats::exif;
use crate::formats::ifd::strip_exif_header;
use crate::formats::pieces::Pieces;
use crate::formats::row::{Cleaned, Exif};
use crate::options::Metadata;
use crate::report::{Loss, LostMetadata};

/// The most bytes of texts that Pillow reads of a file; it refuses files with more.
const MAX_TEXTS: usize = 64 << 20;

/// The file with its metadata chunks as `policy` wants them; the picture's chunks are copied as they are. Chunks that are
/// broken go under every policy, as some readers refuse the file for them and others pass over them. A file without an end is
/// left as it is, as it is not passed on so.
pub(super) fn clean(data: &[u8], policy: Metadata) -> Result<Cleaned, Error> {
    if !super::chunks::is_complete(data) {
        return Ok(Cleaned::AsItIs);
    }
    let mut filter = Filter {
        data,
        policy,
        animated: animation_is_sound(data),
        has_exif: Chunks::new(data).any(|chunk| &chunk.name == b"eXIf"),
        texts_left: MAX_TEXTS,
        losses: Vec::new(),
    };
    let mut out = Pieces::of(data);
    out.keep(0..SIGNATURE.len());
    let mut at = SIGNATURE.len();
    for chunk in Chunks::new(data) {
        let range = at..at + chunk.whole.len();
        at = range.end;
        match filter.chunk(&chunk) {
            Some(Cow::Borrowed(_)) => out.keep(range),
            Some(Cow::Owned(chunk)) => out.put(chunk, range),
            None => {}
        }
    }
    if policy == Metadata::Keep {
        out.keep(at..data.len());
    }
    Ok(Cleaned::of(out.finish()?, filter.losses))
}

struct Filter<'a> {
    data: &'a [u8],
    policy: Metadata,
    /// Whether the chunks of an animation fit together.
    animated: bool,
    has_exif: bool,
    /// Bytes that texts may still have.
    texts_left: usize,
    losses: Vec<Loss>,
}

impl Filter<'_> {
    /// The chunk as it stays.
    fn chunk<'c>(&mut self, chunk: &Chunk<'c>) -> Option<Cow<'c, [u8]>> {
        let whole = Some(Cow::Borrowed(chunk.whole));
        // Of these the decoder knows whether they are whole.
        if matches!(&chunk.name, b"IHDR" | b"PLTE" | b"IDAT" | b"IEND") {
            return whole;
        }
        if !self.is_sound(chunk) {
            return None;
        }
        match &chunk.name {
            b"acTL" | b"fcTL" | b"fdAT" => whole,
            b"tRNS" | b"cHRM" | b"gAMA" | b"iCCP" | b"sBIT" | b"sRGB" | b"cICP" | b"mDCV" | b"cLLI" | b"bKGD"
            | b"hIST" | b"pHYs" => whole,
            b"tEXt" | b"zTXt" | b"iTXt" => self.text(chunk),
            _ if self.policy == Metadata::Keep => whole,
            b"eXIf" if self.policy == Metadata::Privacy => {
                let block = strip_exif_header(chunk.body);
                let kept = exif::rewrite(block, self.policy)?;
                if kept == block {
                    whole
                } else {
                    Some(Cow::Owned(build(*b"eXIf", &[&kept])))
                }
            }
            _ => None,
        }
    }

    /// Whether readers can make something of a chunk; what is lost where they cannot is noted.
    fn is_sound(&mut self, chunk: &Chunk<'_>) -> bool {
        let body = chunk.body;
        let length = body.len();
        // 5.3: a lower-case letter says that a picture can be shown without the chunk; others are of a future version.
        let ancillary = chunk.name[0].is_ascii_lowercase();
        let whole = ancillary && chunk.name.iter().all(u8::is_ascii_alphabetic) && is_checked(chunk);
        let sound = whole
            && match &chunk.name {
                b"acTL" | b"fcTL" | b"fdAT" => self.animated,
                b"gAMA" | b"cICP" | b"cHRM" | b"sRGB" => is_color(chunk),
                b"pHYs" => length == 9,
                b"tIME" => length == 7,
                b"sBIT" => (1..=4).contains(&length),
                b"mDCV" => length == 24,
                b"cLLI" => length == 8,
                b"iCCP" => super::metadata::deflated_profile(body)
                    .is_some_and(|profile| text::inflated_len(profile, MAX_INFLATED).is_ok_and(|length| length >= 128)),
                b"eXIf" => {
                    length <= MAX_CHUNK
                        && matches!(Exif::of(Some(Cow::Borrowed(strip_exif_header(body)))), Exif::Block(_))
                }
                _ => true,
            };
        if !sound {
            self.note(chunk);
        }
        sound
    }

    fn note(&mut self, chunk: &Chunk<'_>) {
        let keeps_exif = self.policy != Metadata::Strip;
        let loss = match &chunk.name {
            b"iCCP" => Some(Loss::Profile),
            b"acTL" => Some(Loss::Animation {
                frames: be32(chunk.body, 0).unwrap_or(1).max(1),
            }),
            b"fcTL" | b"fdAT" => None,
            b"eXIf" => keeps_exif.then_some(Loss::Metadata {
                what: LostMetadata::Exif,
            }),
            _ => {
                let text = matches!(&chunk.name, b"tEXt" | b"zTXt" | b"iTXt");
                let what = if text { LostMetadata::Text } else { LostMetadata::Other };
                (self.policy == Metadata::Keep).then_some(Loss::Metadata { what })
            }
        };
        if let Some(loss) = loss
            && !self.losses.contains(&loss)
        {
            self.losses.push(loss);
        }
    }

    /// A text: what is too large for readers once inflated is written as it is, if that is not too large either.
    fn text<'c>(&mut self, chunk: &Chunk<'c>) -> Option<Cow<'c, [u8]>> {
        let text = Text::of(chunk);
        let stays = match self.policy {
            Metadata::Keep => true,
            Metadata::Privacy => text.is_some_and(|text| RIGHTS.contains(&text.keyword)),
            Metadata::Strip => false,
        };
        if !stays {
            return self.exif_of_profile(text).map(Cow::Owned);
        }
        let read = match text {
            Some(text) => text.read(MAX_TEXT.min(self.texts_left)).map(|read| (text, read)),
            None => Err(Unread::Broken),
        };
        // Pillow refuses the file for an EXIF block in a text that is none.
        let is_exif = |text: &Text<'_>| matches!(text::profile_type(text.keyword), Some(b"exif"));
        let read = read.and_then(|(text, read)| {
            if is_exif(&text) && !text::unhex(&read).is_some_and(|block| is_exif_block(&block)) {
                return Err(Unread::Broken);
            }
            Ok((text, read))
        });
        let Ok((text, read)) = read else {
            let exif = text.as_ref().is_some_and(is_exif);
            let what = if exif { LostMetadata::Exif } else { LostMetadata::Text };
            if !self.losses.contains(&Loss::Metadata { what }) {
                self.losses.push(Loss::Metadata { what });
            }
            return None;
        };
        self.texts_left -= read.len();
        if text.deflated && read.len() > MAX_INFLATED {
            let (name, body) = text.uncompressed(&read);
            return Some(Cow::Owned(build(name, &[&body])));
        }
        Some(Cow::Borrowed(chunk.whole))
    }

    /// What the policy keeps of an EXIF block that stands in a text, where there is no chunk of it.
    fn exif_of_profile(&mut self, text: Option<Text<'_>>) -> Option<Vec<u8>> {
        if self.policy != Metadata::Privacy || self.has_exif {
            return None;
        }
        let kind = text::profile_type(text?.keyword)?;
        if !matches!(kind, b"exif" | b"APP1") {
            return None;
        }
        let block = text::raw_exif(self.data)?.ok()?;
        self.has_exif = true;
        let kept = exif::rewrite(strip_exif_header(&block), self.policy)?;
        Some(build(*b"eXIf", &[&kept]))
    }
}

/// Whether something can be read of an EXIF block, with or without its `Exif\0\0`.
fn is_exif_block(block: &[u8]) -> bool {
    matches!(Exif::of(Some(Cow::Borrowed(strip_exif_header(block)))), Exif::Block(_))
}

/// Whether the chunks of an animation fit together, as readers check it: numbered without a gap, each frame within the
/// picture, each chunk whole.
fn animation_is_sound(data: &[u8]) -> bool {
    let mut size = (0, 0);
    let mut sequence = 0;
    let mut announced = false;
    let mut sound = true;
    for chunk in Chunks::new(data) {
        let body = chunk.body;
        let field = |at| be32(body, at);
        match &chunk.name {
            b"IHDR" => size = (field(0).unwrap_or(0), field(4).unwrap_or(0)),
            b"acTL" => {
                announced = true;
                sound &= body.len() == 8 && field(0).is_some_and(|frames| frames > 0) && is_checked(&chunk);
            }
            b"fcTL" | b"fdAT" => {
                sound &= announced && field(0) == Some(sequence) && is_checked(&chunk);
                sequence = sequence.wrapping_add(1);
                if &chunk.name == b"fcTL" {
                    let end = |at: usize, side: usize| Some(u64::from(field(at)?) + u64::from(field(side)?));
                    sound &= body.len() == 26
                        && end(12, 4).is_some_and(|right| right <= u64::from(size.0))
                        && end(16, 8).is_some_and(|bottom| bottom <= u64::from(size.1));
                }
            }
            _ => {}
        }
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(chunks: &[([u8; 4], &[u8])]) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        out.extend(build(*b"IHDR", &[&[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]]));
        for (name, body) in chunks {
            out.extend(build(*name, &[body]));
        }
        out.extend(build(*b"IEND", &[]));
        out
    }

    fn cleaned(data: &[u8], policy: Metadata) -> (Option<Vec<u8>>, Vec<Loss>) {
        match clean(data, policy).unwrap() {
            Cleaned::AsItIs => (None, Vec::new()),
            Cleaned::Changed { file, losses } => (Some(file), losses),
            Cleaned::Anew => panic!("a PNG can be cleaned"),
        }
    }

    fn rewrite(data: &[u8], policy: Metadata) -> Option<Vec<u8>> {
        cleaned(data, policy).0
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
        assert_eq!(rewrite(&full, Metadata::Keep), None);
        assert_eq!(rewrite(&lean, Metadata::Privacy), None);
        let trailing = [lean.as_slice(), b"appended"].concat();
        assert_eq!(rewrite(&trailing, Metadata::Privacy), Some(lean.clone()));
        let bare = file(&[(*b"gAMA", &[0, 0, 1, 2]), (*b"IDAT", b"data")]);
        assert_eq!(rewrite(&lean, Metadata::Strip), Some(bare));
        assert_eq!(rewrite(&full[..full.len() - 3], Metadata::Privacy), None);
    }

    #[test]
    fn broken_chunks_go_under_every_policy_and_are_named() {
        let lean = file(&[(*b"IDAT", b"data")]);
        let cases: [(&[u8; 4], &[u8], Option<Loss>); 5] = [
            (
                b"gAMA",
                b"123",
                Some(Loss::Metadata {
                    what: LostMetadata::Other,
                }),
            ),
            (b"iCCP", b"name\0\0no deflate", Some(Loss::Profile)),
            (
                b"eXIf",
                b"II*\0\xFF\xFF\xFF\xFF",
                Some(Loss::Metadata {
                    what: LostMetadata::Exif,
                }),
            ),
            (
                b"zTXt",
                b"Comment\0\0no deflate",
                Some(Loss::Metadata {
                    what: LostMetadata::Text,
                }),
            ),
            (b"acTL", &[0, 0, 0, 0, 0, 0, 0, 0], Some(Loss::Animation { frames: 1 })),
        ];
        for (name, body, loss) in cases {
            let broken = file(&[(*name, body), (*b"IDAT", b"data")]);
            for policy in [Metadata::Keep, Metadata::Privacy, Metadata::Strip] {
                assert_eq!(rewrite(&broken, policy), Some(lean.clone()), "{policy:?}");
            }
            assert_eq!(cleaned(&broken, Metadata::Keep).1, Vec::from_iter(loss));
        }
        let mut wrong_sum = file(&[(*b"tEXt", b"Comment\0text"), (*b"IDAT", b"data")]);
        let at = memchr::memmem::find(&wrong_sum, b"text").unwrap();
        wrong_sum[at + 4] ^= 1;
        assert_eq!(rewrite(&wrong_sum, Metadata::Keep), Some(lean));
    }

    #[test]
    fn an_animation_whose_numbers_have_a_gap_becomes_a_still_picture() {
        let control = |sequence: u8| {
            let mut body = [0; 26];
            (body[3], body[7], body[11]) = (sequence, 1, 1);
            body
        };
        let sound = file(&[
            (*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
            (*b"fcTL", &control(0)),
            (*b"IDAT", b"data"),
            (*b"fcTL", &control(1)),
            (*b"fdAT", b"\0\0\0\x02data"),
        ]);
        assert_eq!(rewrite(&sound, Metadata::Privacy), None);
        let gap = file(&[
            (*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
            (*b"fcTL", &control(0)),
            (*b"IDAT", b"data"),
            (*b"fcTL", &control(2)),
            (*b"fdAT", b"\0\0\0\x03data"),
        ]);
        let still = file(&[(*b"IDAT", b"data")]);
        let losses = vec![Loss::Animation { frames: 2 }];
        assert_eq!(cleaned(&gap, Metadata::Keep), (Some(still), losses));
    }

    #[test]
    fn a_text_that_readers_do_not_inflate_is_written_as_it_is() {
        let deflated = |len: usize| {
            let mut out = flate2::write::ZlibEncoder::new(b"Comment\0\0".to_vec(), flate2::Compression::fast());
            std::io::Write::write_all(&mut out, &vec![b't'; len]).unwrap();
            out.finish().unwrap()
        };
        let small = file(&[(*b"zTXt", &deflated(MAX_INFLATED)), (*b"IDAT", b"data")]);
        assert_eq!(rewrite(&small, Metadata::Keep), None);
        let large = file(&[(*b"zTXt", &deflated(MAX_INFLATED + 1)), (*b"IDAT", b"data")]);
        let text = [b"Comment\0".as_slice(), &vec![b't'; MAX_INFLATED + 1]].concat();
        let plain = file(&[(*b"tEXt", &text), (*b"IDAT", b"data")]);
        assert_eq!(cleaned(&large, Metadata::Keep), (Some(plain), Vec::new()));
        let huge = file(&[(*b"zTXt", &deflated(MAX_TEXT + 1)), (*b"IDAT", b"data")]);
        let what = LostMetadata::Text;
        let losses = vec![Loss::Metadata { what }];
        assert_eq!(
            cleaned(&huge, Metadata::Keep),
            (Some(file(&[(*b"IDAT", b"data")])), losses)
        );
        assert!(cleaned(&huge, Metadata::Privacy).1.is_empty());
    }

    #[test]
    fn an_exif_block_in_a_text_is_filtered_like_any_other() {
        let block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0";
        let raw = [b"Raw profile type exif\0".as_slice(), &text::hex("exif", block)].concat();
        let source = file(&[(*b"tEXt", &raw), (*b"IDAT", b"data")]);
        let wanted = file(&[(*b"eXIf", block), (*b"IDAT", b"data")]);
        assert_eq!(rewrite(&source, Metadata::Privacy), Some(wanted));
        assert_eq!(rewrite(&source, Metadata::Strip), Some(file(&[(*b"IDAT", b"data")])));
        assert_eq!(rewrite(&source, Metadata::Keep), None);
    }
}
