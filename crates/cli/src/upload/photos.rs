//! The photos of the uploads that are left, as the pipeline asks for them: files and objects are opened by its workers, and
//! what comes from the web is fetched before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use photofit::CancelToken;
use photofit::bigin::{BoxError, Fetcher};
use photofit::place::{Place, PlaceSource, Places, Version};
use photofit::pool::Source;

use super::super::stamp::Stamp;
use super::records::Item;

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
    places: &Places,
    limit: u64,
    stamps: Option<Stamps>,
) -> impl Fn(usize) -> Asked + Send + Sync + 'static {
    let photos: Arc<[Place]> = left.iter().map(|&i| items[i].photo.clone()).collect();
    let coming = Coming::new(&photos, places, limit);
    move |index| {
        let note = stamps.clone().map(|stamps| Note { stamps, index });
        if let Place::Web(web) = &photos[index] {
            let (url, fetcher) = (web.url().to_owned(), fetcher.clone());
            return Box::pin(async move {
                let fetcher = fetcher.ok_or("no fetcher")?;
                let photo: AnySource = Box::new(fetcher.get(&url).await?);
                Ok(photo)
            });
        }
        let source = coming.take(index).ok_or_else(|| "it is read already".into());
        Box::pin(std::future::ready(source.map(|source| {
            let photo: AnySource = Box::new(Photo { source, note });
            photo
        })))
    }
}

/// The photos in their order, objects among them read ahead.
struct Coming(Mutex<Ahead>);

struct Ahead {
    coming: Box<dyn Iterator<Item = (usize, Option<PlaceSource>)> + Send>,
    /// Those that were passed over, as photos are not always asked for in order.
    passed: HashMap<usize, PlaceSource>,
    /// What reads a photo once more.
    again: Box<dyn Fn(usize) -> Option<PlaceSource> + Send>,
}

impl Coming {
    fn new(photos: &Arc<[Place]>, places: &Places, limit: u64) -> Self {
        let make = {
            let (photos, places) = (Arc::clone(photos), places.clone());
            move |index: usize| match &photos[index] {
                Place::Web(_) => None,
                // A FIFO is no photo of a list: it can be read only once.
                place => Some(places.source(place, limit).streams(false)),
            }
        };
        let again = Box::new(make.clone());
        Self(Mutex::new(Ahead {
            coming: places.ahead(0..photos.len(), move |&index| make(index)),
            passed: HashMap::new(),
            again,
        }))
    }

    /// The photo with an index: as it is read ahead the first time that it is asked for, and anew from then on.
    fn take(&self, index: usize) -> Option<PlaceSource> {
        let mut ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = ahead.passed.remove(&index) {
            return Some(source);
        }
        while let Some((next, source)) = ahead.coming.next() {
            if next == index {
                return source;
            }
            if let Some(source) = source {
                ahead.passed.insert(next, source);
            }
        }
        (ahead.again)(index)
    }
}

/// Where the stamp of a photo goes.
#[derive(Clone)]
struct Note {
    stamps: Stamps,
    index: usize,
}

/// A file or an object, as a photo that is noted once it is read.
struct Photo {
    source: PlaceSource,
    note: Option<Note>,
}

impl Source for Photo {
    fn name(&self) -> Cow<'_, str> {
        self.source.name()
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        self.open_until(&CancelToken::new())
    }

    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        let (size, reader) = self.source.open_until(cancel)?;
        let Some(note) = self.note.clone() else {
            return Ok((size, reader));
        };
        let noted = Noted {
            reader,
            note,
            version: self.source.version(),
            size: 0,
            hasher: blake3::Hasher::new(),
        };
        Ok((size, Box::new(noted)))
    }
}

/// A reader that notes what it has read when it is dropped.
struct Noted<R> {
    reader: R,
    note: Note,
    version: Version,
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
        let stamp = Stamp::of_hash(&self.version, self.size, hash);
        self.note.stamps.put(self.note.index, stamp);
    }
}
