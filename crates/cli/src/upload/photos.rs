//! The photos of the uploads that are left, as the pipeline asks for them: files and objects are opened by its workers, and
//! what comes from the web is fetched before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::Metadata;
use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use photofit::CancelToken;
use photofit::bigin::{BoxError, Fetcher};
use photofit::pool::Source;

use super::super::files;
use super::super::storage::{Fetch, Storage, Version, version_of};
use super::journal::Stamp;
use super::records::{Item, Photo};

/// Any photo.
type AnySource = Box<dyn Source + Send>;

/// What becomes one.
type Asked = Pin<Box<dyn Future<Output = Result<AnySource, BoxError>> + Send>>;

/// The photos that are read and not yet done with, as the journal notes them.
#[derive(Clone, Default)]
pub(super) struct Stamps(Arc<Mutex<HashMap<usize, Stamp>>>);

impl Stamps {
    fn put(&self, index: usize, stamp: Stamp) {
        let mut stamps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stamps.insert(index, stamp);
    }

    /// That of an upload which is done.
    pub(super) fn take(&self, index: usize) -> Option<Stamp> {
        let mut stamps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stamps.remove(&index)
    }
}

/// What gives the photo of each upload that is left, of which at most `limit` bytes are read.
pub(super) fn source(
    items: &[Item],
    left: &[usize],
    fetcher: Option<Fetcher>,
    storage: &Storage,
    limit: u64,
    stamps: Option<Stamps>,
) -> impl Fn(usize) -> Asked + Send + Sync + 'static {
    let photos: Arc<[Photo]> = left.iter().map(|&i| items[i].photo.clone()).collect();
    let objects = Objects::new(&photos, storage, limit);
    move |index| {
        let note = stamps.clone().map(|stamps| Note { stamps, index });
        let source: AnySource = match &photos[index] {
            Photo::File(path) => Box::new(File {
                path: path.clone(),
                note,
            }),
            Photo::Object(spot) => Box::new(Remote {
                fetch: objects.take(index).unwrap_or_else(|| spot.fetch(limit)),
                note,
            }),
            Photo::Url(url) => {
                let (url, fetcher) = (url.clone(), fetcher.clone());
                return Box::pin(async move {
                    let fetcher = fetcher.ok_or("no fetcher")?;
                    let photo: AnySource = Box::new(fetcher.get(&url).await?);
                    Ok(photo)
                });
            }
        };
        Box::pin(std::future::ready(Ok(source)))
    }
}

/// The objects among the photos, read ahead in their order.
struct Objects(Mutex<Ahead>);

struct Ahead {
    coming: Box<dyn Iterator<Item = (usize, Option<Fetch>)> + Send>,
    /// Those that were passed over, as photos are not always asked for in order.
    passed: HashMap<usize, Fetch>,
}

impl Objects {
    fn new(photos: &Arc<[Photo]>, storage: &Storage, limit: u64) -> Self {
        let (photos, count) = (Arc::clone(photos), photos.len());
        let fetch = move |index: &usize| match &photos[*index] {
            Photo::Object(spot) => Some(spot.fetch(limit)),
            Photo::File(_) | Photo::Url(_) => None,
        };
        Self(Mutex::new(Ahead {
            coming: storage.ahead(0..count, fetch),
            passed: HashMap::new(),
        }))
    }

    /// The object with an index, the first time that it is asked for.
    fn take(&self, index: usize) -> Option<Fetch> {
        let mut ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = ahead.passed.remove(&index) {
            return Some(fetch);
        }
        while let Some((next, fetch)) = ahead.coming.next() {
            if next == index {
                return fetch;
            }
            if let Some(fetch) = fetch {
                ahead.passed.insert(next, fetch);
            }
        }
        None
    }
}

/// Where the stamp of a photo goes.
#[derive(Clone)]
struct Note {
    stamps: Stamps,
    index: usize,
}

/// A file, as a photo that is noted once it is read.
struct File {
    path: PathBuf,
    note: Option<Note>,
}

impl Source for File {
    fn name(&self) -> Cow<'_, str> {
        self.path.to_string_lossy()
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        let file = files::open_regular(&self.path)?;
        // As it is before it is read: what changes from now on has changed.
        let before = file.metadata()?;
        let size = Some(before.len());
        Ok((size, noted(file, self.note.as_ref(), Origin::File(before))))
    }
}

/// An object, as a photo that is noted once it is read.
struct Remote {
    fetch: Fetch,
    note: Option<Note>,
}

impl Source for Remote {
    fn name(&self) -> Cow<'_, str> {
        self.fetch.name()
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        self.open_until(&CancelToken::new())
    }

    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        let (size, reader) = self.fetch.open_until(cancel)?;
        let origin = Origin::Object(version_of(&self.fetch));
        Ok((size, noted(reader, self.note.as_ref(), origin)))
    }
}

/// What is known of a photo before it is read.
enum Origin {
    File(Metadata),
    Object(Version),
}

/// `reader`, with what it read noted when it is dropped.
fn noted<'r>(reader: impl Read + 'r, note: Option<&Note>, origin: Origin) -> Box<dyn Read + 'r> {
    match note {
        None => Box::new(reader),
        Some(note) => Box::new(Noted {
            reader,
            note: note.clone(),
            origin,
            size: 0,
            hasher: blake3::Hasher::new(),
        }),
    }
}

struct Noted<R> {
    reader: R,
    note: Note,
    origin: Origin,
    size: u64,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Noted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.size += read as u64;
        Ok(read)
    }
}

impl<R> Drop for Noted<R> {
    fn drop(&mut self) {
        // Of a photo that was not read to its end this is not its stamp; it is not sent either.
        let hash = self.hasher.finalize().to_hex().to_string();
        let stamp = match &self.origin {
            Origin::File(before) => Stamp::of_file(before, self.size, hash),
            Origin::Object(version) => Stamp::of_object(version.clone(), self.size, hash),
        };
        self.note.stamps.put(self.note.index, stamp);
    }
}
