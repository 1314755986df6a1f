//! What a photo is and what would be done with it, from as little of it as tells.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::address::Place;
use super::file::{self, Opened, Stream};
#[cfg(feature = "object-store")]
use super::object::ObjectRef;
use super::version::Version;
use crate::CancelToken;
use crate::error::Error;
use crate::formats::head::{Seen, TAIL, probe_head};
use crate::formats::{ImageInfo, png, probe};
use crate::options::Options;
use crate::prepare::Plan;
use crate::prepare::{plan, plan_by_header};

/// How much is read at first: the header of nearly every photo, and more than any signature needs.
const HEAD: u64 = 64 * 1024;

/// Each further part is so many times as large as what is there.
const GROWTH: u64 = 8;

/// What a photo is, and what would be done with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Look {
    /// What its header says.
    pub info: ImageInfo,
    /// What would be done with it, or why it would be refused.
    pub plan: Result<Plan, Error>,
    /// How many bytes were read to tell.
    pub read: u64,
}

/// Why it cannot be told what a photo is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookError {
    /// It could not be read: the message is the system's or the service's.
    #[error("cannot read")]
    Read(#[source] io::Error),

    /// It has more bytes than are read. Raise the limit if it is a photo.
    #[error("it has {size} bytes or more; at most {limit} are read")]
    TooLarge {
        /// Its bytes, as far as they are known.
        size: u64,
        /// The most bytes that are read.
        limit: u64,
    },

    /// It is no photo that can be prepared.
    #[error(transparent)]
    Photo(#[from] Error),
}

impl Place {
    /// The first `count` bytes of it, or all if there are fewer, and which version they are of: a service is asked for
    /// no more. What can be read only once has no head that could be read for itself.
    ///
    /// # Errors
    /// The system's or the service's; [`io::ErrorKind::Unsupported`] for standard input and FIFOs.
    pub fn read_head(&self, count: u64) -> io::Result<(Vec<u8>, Version)> {
        let mut parts = Parts::open(self, &CancelToken::new())?;
        let bytes = parts.read(0..count)?;
        Ok((bytes, parts.version().clone()))
    }

    /// What the photo is and what would be done with it, of at most [`Options::max_memory`] bytes.
    ///
    /// Its first 64 KiB are read, and more only where its header goes on: eight times as much each time. A PNG is read
    /// from chunk to chunk, of a JPEG also the last 4 KiB. Where it takes the whole file to tell (a TIFF, a GIF, a HEIC, a photo that
    /// may stay as it is) the whole file is read, and so is what can be read only once.
    ///
    /// ```
    /// use photofit::place::Place;
    /// use photofit::Options;
    ///
    /// let place = Place::Path("testdata/orientation/orientation-6.jpg".into());
    /// let look = place.look(&Options::default())?;
    /// assert_eq!(look.info.orientation.to_exif(), 6); // it lies on its side
    /// # Ok::<(), photofit::place::LookError>(())
    /// ```
    ///
    /// # Errors
    /// [`LookError`]; why a photo that can be read would be refused stands in [`Look::plan`].
    pub fn look(&self, options: &Options) -> Result<Look, LookError> {
        let cancel = CancelToken::new();
        let stream = match self {
            Self::Stdin => Some(Stream::stdin(&cancel, &cancel).map_err(LookError::Read)?),
            Self::Path(path) if file::is_stream(path) => match file::open(path, &cancel, &cancel) {
                Ok(Opened::Stream(stream)) => Some(stream),
                // By now it is another one.
                Ok(Opened::File(..)) => None,
                Err(error) => return Err(LookError::Read(error)),
            },
            _ => None,
        };
        match stream {
            Some(stream) => look_at_stream(stream, options),
            None => look_at(Parts::open(self, &cancel).map_err(LookError::Read)?, options),
        }
    }
}

/// What can be read only once is read to its end, unless its beginning is that of no photo.
fn look_at_stream(mut stream: impl Read, options: &Options) -> Result<Look, LookError> {
    let limit = options.max_memory();
    let mut bytes = Vec::new();
    stream
        .by_ref()
        .take(HEAD)
        .read_to_end(&mut bytes)
        .map_err(LookError::Read)?;
    refuse_others(&bytes)?;
    let room = limit.saturating_sub(bytes.len() as u64).saturating_add(1);
    stream.take(room).read_to_end(&mut bytes).map_err(LookError::Read)?;
    whole(&bytes, bytes.len() as u64, options)
}

fn look_at(mut parts: Parts, options: &Options) -> Result<Look, LookError> {
    let limit = options.max_memory();
    let mut head = parts.read(0..HEAD).map_err(LookError::Read)?;
    refuse_others(&head)?;
    let Some(size) = parts.size() else {
        // A server that does not say it is asked for all.
        parts
            .extend(&mut head, limit.saturating_add(1))
            .map_err(LookError::Read)?;
        return whole(&head, parts.read, options);
    };
    if size > limit {
        return Err(LookError::TooLarge { size, limit });
    }
    let mut tail = None;
    let info = loop {
        match probe_head(&head, tail.as_deref(), size)? {
            Seen::Info(info) => break *info,
            Seen::NeedsTail => tail = Some(parts.read(size.saturating_sub(TAIL)..size).map_err(LookError::Read)?),
            Seen::NeedsMore if head.starts_with(png::SIGNATURE) => {
                let outline = outline(&mut parts, &head, size).map_err(LookError::Read)?;
                let mut info = probe(&outline)?;
                info.bytes = size;
                break info;
            }
            seen @ (Seen::NeedsMore | Seen::NeedsAll) => {
                let more = match seen {
                    Seen::NeedsAll => size,
                    _ => (head.len() as u64).saturating_mul(GROWTH),
                };
                let before = head.len();
                parts.extend(&mut head, more.min(size)).map_err(LookError::Read)?;
                if head.len() == before {
                    // It became shorter meanwhile: what came is all.
                    return whole(&head, parts.read, options);
                }
            }
        }
    };
    if let Some(plan) = plan_by_header(&info, options).transpose() {
        let read = parts.read;
        return Ok(Look { info, plan, read });
    }
    parts.extend(&mut head, size).map_err(LookError::Read)?;
    whole(&head, parts.read, options)
}

/// Says of the whole file what it is.
fn whole(bytes: &[u8], read: u64, options: &Options) -> Result<Look, LookError> {
    let (size, limit) = (bytes.len() as u64, options.max_memory());
    if size > limit {
        return Err(LookError::TooLarge { size, limit });
    }
    Ok(Look {
        info: probe(bytes)?,
        plan: plan(bytes, options),
        read,
    })
}

/// Refuses what no more bytes make a photo of.
fn refuse_others(head: &[u8]) -> Result<(), Error> {
    match probe(head) {
        Err(error @ (Error::Empty | Error::UnknownFormat { .. } | Error::Unsupported { .. })) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A PNG without its pixels: the chunks of them have no bodies. Of a large file with few chunks little is read.
fn outline(parts: &mut Parts, head: &[u8], size: u64) -> io::Result<Vec<u8>> {
    const FRAME: u64 = 12;
    let mut window = Window {
        start: 0,
        bytes: head.to_vec(),
        next: HEAD,
    };
    let mut outline = png::SIGNATURE.to_vec();
    let mut at = outline.len() as u64;
    while at.checked_add(FRAME).is_some_and(|end| end <= size) {
        let frame = window.get(parts, at, 8, size)?;
        let Some((length, name)) = frame.split_first_chunk::<4>() else {
            break;
        };
        let length = u64::from(u32::from_be_bytes(*length));
        let Some(end) = at.checked_add(FRAME + length).filter(|end| *end <= size) else {
            break;
        };
        let is_end = name == b"IEND";
        if matches!(name, b"IDAT" | b"fdAT") {
            outline.extend_from_slice(&0_u32.to_be_bytes());
            outline.extend_from_slice(name);
            outline.extend_from_slice(&[0; 4]);
        } else {
            outline.extend_from_slice(window.get(parts, at, FRAME + length, size)?);
        }
        at = end;
        if is_end {
            break;
        }
    }
    Ok(outline)
}

/// The part of a file that is at hand, which moves on.
struct Window {
    start: u64,
    bytes: Vec<u8>,
    /// How much is read next: chunks that are many and small take few requests so.
    next: u64,
}

impl Window {
    /// The `count` bytes from `at` on, or fewer if the file became shorter.
    fn get(&mut self, parts: &mut Parts, at: u64, count: u64, size: u64) -> io::Result<&[u8]> {
        let held = self.start..self.start.saturating_add(self.bytes.len() as u64);
        let end = at.saturating_add(count);
        if at < held.start || end > held.end {
            self.bytes = parts.read(at..at.saturating_add(count.max(self.next)).min(size))?;
            self.start = at;
            self.next = self.next.saturating_mul(2);
        }
        let from = usize::try_from(at - self.start)
            .unwrap_or(usize::MAX)
            .min(self.bytes.len());
        let to = usize::try_from(end - self.start)
            .unwrap_or(usize::MAX)
            .min(self.bytes.len());
        Ok(&self.bytes[from..to])
    }
}

/// Parts of what is at a place, all of one version.
pub(super) struct Parts {
    from: From,
    version: Version,
    /// How many bytes were read.
    read: u64,
    #[cfg_attr(
        not(feature = "object-store"),
        allow(dead_code, reason = "files do not keep their reader waiting")
    )]
    cancel: CancelToken,
}

enum From {
    File(File),
    #[cfg(feature = "object-store")]
    Object(ObjectRef),
}

impl Parts {
    /// Opens a file or object.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::Unsupported`] for standard input and FIFOs, whose parts can be read only once.
    pub(super) fn open(place: &Place, cancel: &CancelToken) -> io::Result<Self> {
        let (from, version) = match place {
            Place::Stdin => return Err(io::ErrorKind::Unsupported.into()),
            Place::Path(path) => {
                let file = file::open_regular(path)?;
                let version = Version::of_file(&file.metadata()?);
                (From::File(file), version)
            }
            #[cfg(feature = "object-store")]
            Place::Object(_) | Place::Web(_) => match place.remote()? {
                Some(object) => (From::Object(object.into_owned()), Version::default()),
                None => return Err(io::ErrorKind::Unsupported.into()),
            },
            #[cfg(all(feature = "upload", not(feature = "object-store")))]
            Place::Web(web) => return Err(super::address::unreadable(web)),
        };
        Ok(Self {
            from,
            version,
            read: 0,
            cancel: cancel.clone(),
        })
    }

    /// The version that the parts are of: of an object once one was read.
    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    fn size(&self) -> Option<u64> {
        self.version.size
    }

    /// The bytes of this range, as many as there are.
    fn read(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.append(&mut bytes, range)?;
        Ok(bytes)
    }

    /// Reads on until `bytes`, which are the first of it, are `count`, or all.
    fn extend(&mut self, bytes: &mut Vec<u8>, count: u64) -> io::Result<()> {
        let range = bytes.len() as u64..count;
        self.append(bytes, range)
    }

    fn append(&mut self, bytes: &mut Vec<u8>, range: Range<u64>) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let before = bytes.len();
        match &mut self.from {
            From::File(file) => {
                file.seek(SeekFrom::Start(range.start))?;
                file.take(range.end - range.start).read_to_end(bytes)?;
            }
            #[cfg(feature = "object-store")]
            From::Object(object) => {
                let etag = self.version.etag.as_deref();
                let (mut more, version) = object.read_range(range, etag, &self.cancel)?;
                self.version = version;
                if bytes.is_empty() {
                    *bytes = more;
                } else {
                    bytes.append(&mut more);
                }
            }
        }
        self.read = self.read.saturating_add((bytes.len() - before) as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::limits::Limits;

    fn samples(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the test data") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                samples(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn a_look_says_what_the_whole_file_says() {
        let mut found = Vec::new();
        samples(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"), &mut found);
        let small = Options::default().with_limits(Limits::bigin().with_max_pixels(1000));
        let (mut less, mut seen) = (0, 0);
        for path in found {
            let bytes = std::fs::read(&path).expect("a file");
            for options in [&Options::default(), &small] {
                let look = Place::Path(path.clone()).look(options);
                let name = path.display();
                match (probe(&bytes), look) {
                    (Ok(info), Ok(look)) => {
                        assert_eq!(info, look.info, "{name}");
                        let (one, other) = (plan(&bytes, options), look.plan);
                        assert_eq!(format!("{one:?}"), format!("{other:?}"), "{name}");
                        seen += 1;
                        less += usize::from(look.read < bytes.len() as u64);
                    }
                    (Err(one), Err(LookError::Photo(other))) => {
                        assert_eq!(one.to_string(), other.to_string(), "{name}");
                    }
                    (one, other) => panic!("{name}: {one:?} and {other:?}"),
                }
            }
        }
        assert!(seen > 100 && less > 0, "{less} of {seen}");
    }

    #[test]
    fn a_png_of_many_chunks_is_walked_through() {
        let chunk = |name: &[u8], body: &[u8]| {
            let length = u32::try_from(body.len()).expect("short").to_be_bytes();
            [&length[..], name, body, &[0; 4]].concat()
        };
        let mut file = png::SIGNATURE.to_vec();
        file.extend(chunk(b"IHDR", &[0, 0, 16, 0, 0, 0, 16, 0, 8, 2, 0, 0, 0]));
        for _ in 0..200 {
            file.extend(chunk(b"IDAT", &[7; 8192]));
        }
        file.extend(chunk(b"tEXt", b"Comment\0hello"));
        let whole = [&file[..], &chunk(b"IEND", b"")].concat();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.png");
        // Whole, and cut in each kind of place.
        for len in [whole.len(), whole.len() - 5, file.len() - 3, 100_000] {
            std::fs::write(&path, &whole[..len]).expect("written");
            let look = Place::Path(path.clone()).look(&Options::default()).expect("a PNG");
            assert_eq!(look.info, probe(&whole[..len]).expect("a PNG"), "{len}");
        }
    }

    #[test]
    fn what_is_larger_than_may_be_read_is_refused_by_its_size() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/orientation/orientation-6.jpg");
        let size = std::fs::metadata(&path).expect("there").len();
        let options = Options::default().with_max_memory(size - 1);
        let refused = Place::Path(path).look(&options).expect_err("too large");
        assert!(
            matches!(refused, LookError::TooLarge { size: found, .. } if found == size),
            "{refused:?}"
        );
    }
}
