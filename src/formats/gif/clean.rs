//! A GIF with other metadata, its frames copied as they are.

use std::ops::Range;

use super::{Block, Blocks, End};
use crate::error::Error;
use crate::formats::pieces::Pieces;
use crate::formats::row::Cleaned;
use crate::options::Metadata;

/// The application extensions that belong to the picture: how often it is shown, by two names, and its profile.
const LOOPS: &[&[u8]] = &[b"NETSCAPE2.0", b"ANIMEXTS1.0"];
const PROFILE: &[u8] = b"ICCRGBG1012";

/// The file with its extensions as `policy` wants them. A trailer that is wanting is written, as some readers refuse a file
/// without. What does not end with a whole block is left as it is, as it is not passed on so.
pub(super) fn clean(data: &[u8], policy: Metadata) -> Result<Cleaned, Error> {
    let mut out = Pieces::of(data);
    let mut blocks = Blocks::of(data);
    out.keep(0..blocks.at);
    // What says how the next block is shown, as it goes with that.
    let mut control: Option<Range<usize>> = None;
    let keeps = policy == Metadata::Keep;
    for (block, range) in blocks.by_ref() {
        let kept = match block {
            Block::Control if control.is_none() => {
                control = Some(range);
                continue;
            }
            // Two in a row: the last one counts.
            Block::Control => {
                if let (true, Some(first)) = (keeps, control.replace(range.clone())) {
                    out.keep(first);
                }
                control = Some(range);
                continue;
            }
            Block::Frame => true,
            Block::Application(name) if LOOPS.contains(&name) => {
                // The number of repetitions is one sub-block of three bytes; whatever follows it nobody reads.
                if let Some(first) = control.take() {
                    out.keep(first);
                }
                let whole = data.get(range.clone()).unwrap_or_default();
                let loops = whole.get(..18).filter(|head| head[14..16] == [3, 1]);
                match loops {
                    Some(head) if !keeps => out.put([head, &[0]].concat(), range),
                    _ if keeps => out.keep(range),
                    _ => {}
                }
                continue;
            }
            Block::Application(name) => keeps || name == PROFILE,
            // No common reader shows text blocks.
            Block::Comment | Block::Text | Block::Unknown => keeps,
        };
        let first = control.take();
        if kept {
            if let Some(first) = first {
                out.keep(first);
            }
            out.keep(range);
        } else if !matches!(block, Block::Text)
            && let Some(first) = first
        {
            // It was meant for the frame behind what goes.
            control = Some(first);
        }
    }
    if let Some(first) = control {
        out.keep(first);
    }
    match blocks.end {
        End::Trailer => {
            let end = blocks.at;
            let padding = data.get(end..).is_some_and(|rest| rest.iter().all(|&b| b == 0));
            out.keep(end.saturating_sub(1)..if keeps || padding { data.len() } else { end });
        }
        End::Data if blocks.frames > 0 => out.put([0x3B].as_slice(), data.len()..data.len()),
        End::Data | End::Cut => return Ok(Cleaned::AsItIs),
    }
    Ok(Cleaned::of(out.finish()?, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF";
    const LOOP: &[u8] = b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0";
    const CONTROL: &[u8] = b"\x21\xF9\x04\0\x0A\0\0\0";
    const FRAME: &[u8] = b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";

    fn rewrite(data: &[u8], policy: Metadata) -> Option<Vec<u8>> {
        match clean(data, policy).unwrap() {
            Cleaned::AsItIs => None,
            Cleaned::Changed { file, .. } => Some(file),
            Cleaned::Anew => panic!("a GIF can be cleaned"),
        }
    }

    #[test]
    fn texts_packets_and_trailers_go_and_the_frames_stay() {
        let lean = [HEAD, LOOP, CONTROL, FRAME, CONTROL, FRAME, b";"].concat();
        let full = [
            HEAD,
            b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\x06hidden\0",
            b"\x21\xFE\x05hello\0",
            CONTROL,
            b"\x21\xFF\x0BXMP DataXMP\x03xmp\0",
            FRAME,
            CONTROL,
            b"\x21\x01\x0C\0\0\0\0\0\0\0\0\0\0\0\0\x04text\0",
            CONTROL,
            FRAME,
            b"\x21\x77\x01x\0;behind it",
        ]
        .concat();
        for policy in [Metadata::Privacy, Metadata::Strip] {
            assert_eq!(rewrite(&full, policy), Some(lean.clone()));
            assert_eq!(rewrite(&lean, policy), None);
            assert_eq!(rewrite(&[lean.as_slice(), &[0, 0]].concat(), policy), None);
        }
        assert_eq!(rewrite(&full, Metadata::Keep), None);
    }

    #[test]
    fn a_trailer_that_is_wanting_is_written() {
        let lean = [HEAD, LOOP, CONTROL, FRAME, b";"].concat();
        for policy in [Metadata::Privacy, Metadata::Keep] {
            assert_eq!(rewrite(&lean[..lean.len() - 1], policy), Some(lean.clone()));
            // Not where the last frame is cut.
            assert_eq!(rewrite(&lean[..lean.len() - 3], policy), None);
        }
    }
}
