//! Headers of files of which only the beginning is at hand: what it says, or what more of the file it takes.

use super::format::Format;
use super::info::ImageInfo;
use super::table::row;
use super::{jpeg, probe, sniff};
use crate::error::Error;

/// How many of the last bytes of a file are asked for: what phones append there lists itself at the very end.
pub(crate) const TAIL: u64 = 4096;

/// What the beginning of a file says.
#[derive(Debug)]
pub(crate) enum Seen {
    /// All that the whole file would.
    Info(Box<ImageInfo>),
    /// The last [`TAIL`] bytes are needed too.
    NeedsTail,
    /// The header goes on behind it.
    NeedsMore,
    /// It takes the whole file: frames are counted, directories may stand anywhere, and so may what they name.
    NeedsAll,
}

/// What the first bytes of a file of `size` bytes say; with its last bytes too, where they were asked for.
///
/// # Errors
/// Those of [`probe`], of which the whole file would have the same.
pub(crate) fn probe_head(head: &[u8], tail: Option<&[u8]>, size: u64) -> Result<Seen, Error> {
    if head.len() as u64 >= size {
        return probe(head).map(|info| Seen::Info(Box::new(info)));
    }
    let Some(whole_header) = (row(sniff::sniff(head)?).header_is_whole)(head, size) else {
        return Ok(Seen::NeedsAll);
    };
    if !whole_header {
        return Ok(Seen::NeedsMore);
    }
    let mut info = probe(head)?;
    info.bytes = size;
    if info.format == Format::Jpeg && !info.motion_photo {
        match tail.map(jpeg::is_motion_photo_by) {
            None => return Ok(Seen::NeedsTail),
            Some(None) => return Ok(Seen::NeedsMore),
            Some(Some(motion_photo)) => info.motion_photo = motion_photo,
        }
    }
    Ok(Seen::Info(Box::new(info)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every file of the test data that is probed at all, from every head and from its end.
    #[test]
    fn a_head_says_what_the_whole_file_says_or_nothing() {
        let mut looked_at = 0;
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let mut folders = vec![root];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("the test data") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let whole = std::fs::read(&path).expect("a file");
                let size = whole.len() as u64;
                let expected = probe(&whole);
                for len in [1, 16, 64, 200, 1000, 4000, 20_000, 64 * 1024] {
                    let head = &whole[..whole.len().min(len)];
                    let tail = &whole[whole.len().saturating_sub(4096)..];
                    // What begins like nothing is refused by its first bytes, and by no fewer than the smallest head that is read.
                    if len < 4000 && head.len() < whole.len() {
                        continue;
                    }
                    match probe_head(head, Some(tail), size) {
                        Ok(Seen::Info(info)) => {
                            looked_at += 1;
                            assert_eq!(Some(&*info), expected.as_ref().ok(), "{} by {len}", path.display());
                        }
                        Ok(Seen::NeedsTail | Seen::NeedsMore | Seen::NeedsAll) => assert!((head.len() as u64) < size),
                        Err(error) => assert_eq!(
                            Some(error.to_string()),
                            expected.as_ref().err().map(ToString::to_string),
                            "{} by {len}",
                            path.display()
                        ),
                    }
                }
            }
        }
        assert!(looked_at > 100, "{looked_at}");
    }
}
