//! Objects as the photos of a batch, read ahead of the workers in bounded memory.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::client::Store;
use super::error::StoreError;
use super::object::{Contents, Object};
use super::read::unless_cancelled;
use super::room::Room;
use super::uri::Uri;
use crate::CancelToken;
use crate::pool::Source;

/// An object as a photo of a [`Batch`](crate::Batch): it may be on its way already when a worker asks for it.
///
/// Of an object that is no photo by its first bytes, or larger than the limit, only those are read: what comes after them is an
/// error.
pub struct Fetch {
    store: Store,
    uri: Uri,
    limit: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    reading: Option<Reading>,
    object: Option<Object>,
}

/// A read that has begun.
struct Reading {
    wanted: Arc<Notify>,
    task: JoinHandle<Result<(Contents, Room), StoreError>>,
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetch").field(&self.uri).finish()
    }
}

impl Store {
    /// An object as a photo of a batch, of which at most `limit` bytes are read when it is opened.
    #[must_use]
    pub fn source(&self, uri: Uri, limit: u64) -> Fetch {
        Fetch {
            store: self.clone(),
            uri,
            limit,
            state: Mutex::default(),
        }
    }

    /// The objects as photos of a batch, read [ahead](super::StoreBuilder::ahead) of the workers.
    ///
    /// `limit` is the most bytes of an object that are read: [`Options::max_memory`](crate::Options::max_memory) is what
    /// a batch takes.
    ///
    /// ```no_run
    /// use photofit::store::{Store, StoreBuilder};
    /// use photofit::{Batch, Options};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = StoreBuilder::from_env().build()?;
    /// let listed: Result<Vec<_>, _> = store.list(&"s3://album/in/".parse()?)?.collect();
    /// let (uris, options) = (listed?.into_iter().map(|object| object.uri), Options::default());
    /// let photos = store.sources(uris, options.max_memory());
    /// Batch::new(options).run(photos, |index, result| match result {
    ///     Ok(prepared) => println!("{index}: {} bytes", prepared.bytes().len()),
    ///     Err(error) => println!("{index}: {error}"),
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn sources<I: IntoIterator<Item = Uri>>(&self, uris: I, limit: u64) -> impl Iterator<Item = Fetch> + use<I>
    where
        I::IntoIter: Send,
    {
        let store = self.clone();
        self.ahead(uris, move |uri| Some(store.source(uri.clone(), limit)))
            .filter_map(|(_, fetch)| fetch)
    }

    /// The same for items of which some have an object, given by `source`: each comes with its object.
    pub fn ahead<I: IntoIterator, F>(&self, items: I, source: F) -> Ahead<I::IntoIter, F>
    where
        F: FnMut(&I::Item) -> Option<Fetch>,
    {
        Ahead {
            most: self.inner().builder.ahead,
            items: items.into_iter(),
            source,
            begun: VecDeque::new(),
        }
    }
}

/// Items whose objects are read ahead: see [`Store::ahead`].
pub struct Ahead<I: Iterator, F> {
    most: usize,
    items: I,
    source: F,
    begun: VecDeque<(I::Item, Option<Fetch>)>,
}

impl<I: Iterator, F> fmt::Debug for Ahead<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead")
            .field("begun", &self.begun.len())
            .finish_non_exhaustive()
    }
}

impl<I: Iterator, F: FnMut(&I::Item) -> Option<Fetch>> Iterator for Ahead<I, F> {
    type Item = (I::Item, Option<Fetch>);

    fn next(&mut self) -> Option<Self::Item> {
        // The one that is given out now, and those after it.
        while self.begun.len() <= self.most {
            let Some(item) = self.items.next() else { break };
            let fetch = (self.source)(&item);
            if let Some(fetch) = &fetch {
                fetch.begin();
            }
            self.begun.push_back((item, fetch));
        }
        self.begun.pop_front()
    }
}

impl Fetch {
    /// The object's address.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// What was read, once it was opened.
    #[must_use]
    pub fn object(&self) -> Option<Object> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).object.clone()
    }

    /// Begins to read.
    fn begin(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.reading.get_or_insert_with(|| {
            let wanted = Arc::new(Notify::new());
            let inner = Arc::clone(self.store.inner());
            let (uri, limit) = (self.uri.clone(), self.limit);
            let mut room = Room::new(&inner.memory, &wanted);
            let task = self.store.runtime().spawn(async move {
                let contents = inner.read(&uri, limit, Some(&mut room)).await?;
                Ok((contents, room))
            });
            Reading { wanted, task }
        });
    }
}

impl Source for Fetch {
    fn name(&self) -> Cow<'_, str> {
        Cow::Owned(self.uri.to_string())
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        self.open_until(&CancelToken::new())
    }

    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        let (size, reader) = self.open_owned(cancel)?;
        Ok((size, Box::new(reader)))
    }
}

impl Fetch {
    /// [`Source::open_until`] with a reader that outlives it.
    pub(crate) fn open_owned(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Reader)> {
        self.begin();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut reading) = state.reading.take() else {
            return Err(io::Error::other("it is read on another thread"));
        };
        reading.wanted.notify_one();
        let done = self.store.runtime().block_on(async {
            match unless_cancelled(cancel, &self.uri, &mut reading.task).await {
                Ok(done) => Ok(done.map_err(io::Error::other)??),
                Err(given_up) => {
                    reading.task.abort();
                    Err(io::Error::from(given_up))
                }
            }
        });
        let (contents, room) = done?;
        let size = contents.object.size;
        state.object = Some(contents.object);
        let reader = Reader {
            whole: size == Some(contents.bytes.len() as u64),
            bytes: io::Cursor::new(contents.bytes),
            _room: room,
        };
        Ok((size, reader))
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = &state.reading {
            reading.task.abort();
        }
    }
}

/// The bytes of an object; they are in memory until it is dropped.
pub(crate) struct Reader {
    bytes: io::Cursor<Vec<u8>>,
    whole: bool,
    _room: Room,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.bytes.read(buffer)? {
            0 if !self.whole && !buffer.is_empty() => Err(io::Error::other(
                "only its first bytes were read: it is no photo, or too large",
            )),
            read => Ok(read),
        }
    }
}
