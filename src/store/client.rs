//! Reads, writes and lists objects, for threads that may wait.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload, WriteMultipart};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use super::ahead::UNIT;
use super::builder::StoreBuilder;
use super::cloud;
use super::error::StoreError;
use super::listing::Listing;
use super::object::{Contents, Object};
use super::read::unless_cancelled;
use super::uri::{Scheme, Uri};
use crate::cancel::CancelToken;
use crate::net::{Connections, Web};

/// More bytes than this are written in parts.
const WHOLE: usize = 16 << 20;

/// The size of a part: a service takes 10,000 at most, of 5 MiB at least.
const PART: usize = 8 << 20;

/// How many parts of an object are sent at a time.
const PARTS: usize = 4;

/// Reads, writes and lists objects of all places. Clones are the same client.
///
/// Its methods wait for the network. They can be called from any number of threads at a time, but not on a thread of an
/// asynchronous runtime, where the last clone must not be dropped either.
#[derive(Clone)]
pub struct Store {
    runtime: Arc<Runtime>,
    inner: Arc<Inner>,
}

/// What work in the background has of a client: not the runtime, which cannot be dropped on a thread of its own.
pub(super) struct Inner {
    pub(super) builder: StoreBuilder,
    /// Memory for what is read ahead, in [`UNIT`]s.
    pub(super) room: Arc<Semaphore>,
    /// By scheme and bucket: each has its own credentials and connections.
    clients: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
    web: OnceLock<Web>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.inner.builder).finish()
    }
}

impl Store {
    /// What a client is made with. Without settings there are no credentials: see [`StoreBuilder::from_env`].
    #[must_use]
    pub fn builder() -> StoreBuilder {
        StoreBuilder::default()
    }

    pub(super) fn new(builder: StoreBuilder) -> Result<Self, StoreError> {
        // What is wrong with them is said before anything is asked for.
        builder.roots()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("photofit-store")
            .enable_all()
            .build()
            .map_err(|source| StoreError::setup("the runtime", source))?;
        let units = usize::try_from(builder.ahead_memory / UNIT).unwrap_or(usize::MAX);
        Ok(Self {
            runtime: Arc::new(runtime),
            inner: Arc::new(Inner {
                room: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))),
                clients: Mutex::default(),
                web: OnceLock::new(),
                builder,
            }),
        })
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Says without any connection what can be said against an address: settings that are missing, or a private network.
    ///
    /// # Errors
    /// [`StoreError::Setup`], [`StoreError::Address`] and [`StoreError::Denied`].
    pub fn check(&self, uri: &Uri) -> Result<(), StoreError> {
        match uri.scheme() {
            Scheme::Web => {
                let checked = self.inner.web()?.check(uri.as_str());
                checked.map_err(|e| StoreError::of_web(uri, e))
            }
            _ => self.inner.client(uri).map(drop),
        }
    }

    /// What is known of an object, without its bytes.
    ///
    /// # Errors
    /// Every [`StoreError`] that reading has.
    pub fn head(&self, uri: &Uri) -> Result<Object, StoreError> {
        self.runtime.block_on(async {
            if uri.scheme() == Scheme::Web {
                return self.inner.head_web(uri).await;
            }
            let key = uri.to_key()?;
            let meta = self.inner.client(uri)?.head(&key).await;
            meta.map(|meta| Object::of_store(uri, meta))
                .map_err(|e| StoreError::of_store(uri, e))
        })
    }

    /// Reads an object of at most `limit` bytes. A connection that breaks is taken up again where it broke.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::TooLarge`] before the bytes are read, where the service says the size.
    pub fn read(&self, uri: &Uri, limit: u64) -> Result<Contents, StoreError> {
        self.read_until(uri, limit, &CancelToken::new())
    }

    /// The same, given up soon after `cancel`.
    ///
    /// # Errors
    /// Those of [`Store::read`], [`StoreError::Cancelled`] and [`StoreError::TimedOut`].
    pub fn read_until(&self, uri: &Uri, limit: u64, cancel: &CancelToken) -> Result<Contents, StoreError> {
        let read = unless_cancelled(cancel, uri, self.inner.read(uri, limit, None));
        let contents = self.runtime.block_on(read)??;
        let size = contents.object.size;
        if size.is_some_and(|size| size > limit) {
            let uri = uri.to_string();
            return Err(StoreError::TooLarge { uri, size, limit });
        }
        Ok(contents)
    }

    /// Reads a part of an object, as much as there is of it: the service sends no more. With `etag` of that version alone.
    /// The object that comes with it has the size of the whole.
    ///
    /// # Errors
    /// Those of [`Store::read_until`]; [`StoreError::Unavailable`] if the object is another one by now.
    pub fn read_range(
        &self,
        uri: &Uri,
        range: Range<u64>,
        etag: Option<&str>,
        cancel: &CancelToken,
    ) -> Result<Contents, StoreError> {
        let read = unless_cancelled(cancel, uri, self.inner.read_range(uri, range, etag));
        self.runtime.block_on(read)?
    }

    /// Writes an object, or writes over it: nobody ever sees a part of it, and if it fails, what was there is there still.
    /// Returns what is known of it now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn write(&self, uri: &Uri, bytes: &[u8]) -> Result<Object, StoreError> {
        self.put(uri, bytes, PutMode::Overwrite)
    }

    /// Writes an object unless there is one.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is one, also if another caller was faster; and those of [`Store::write`].
    pub fn create(&self, uri: &Uri, bytes: &[u8]) -> Result<Object, StoreError> {
        self.put(uri, bytes, PutMode::Create)
    }

    fn put(&self, uri: &Uri, bytes: &[u8], mode: PutMode) -> Result<Object, StoreError> {
        if uri.is_prefix() {
            let why = "it ends in /, as a prefix of many does: a name is expected behind it".to_owned();
            return Err(StoreError::address(&uri.to_string(), why));
        }
        let client = self.inner.client(uri)?;
        let key = uri.to_key()?;
        let written = self.runtime.block_on(async {
            // What must not be there already cannot be written in parts.
            if bytes.len() <= WHOLE || mode == PutMode::Create {
                let payload = PutPayload::from(Bytes::copy_from_slice(bytes));
                return client.put_opts(&key, payload, mode.into()).await;
            }
            let upload = client.put_multipart(&key).await?;
            let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
            for part in bytes.chunks(PART) {
                parts.wait_for_capacity(PARTS).await?;
                parts.write(part);
            }
            parts.finish().await
        });
        let written = written.map_err(|e| StoreError::of_store(uri, e))?;
        Ok(Object {
            uri: uri.clone(),
            size: Some(bytes.len() as u64),
            etag: written.e_tag,
        })
    }

    /// Lists the objects below a prefix, as the service sends them: those of S3, Google and Azure in the order of their
    /// keys, files in any.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] for a web address, [`StoreError::Address`] for what is no prefix, and those of the
    /// client's settings. What goes wrong later comes out of the list.
    pub fn list(&self, prefix: &Uri) -> Result<Listing, StoreError> {
        let client = self.inner.client(prefix)?;
        if !prefix.is_prefix() {
            let why = "a prefix ends in /".to_owned();
            return Err(StoreError::address(&prefix.to_string(), why));
        }
        let key = prefix.to_key()?;
        Ok(Listing {
            store: self.clone(),
            prefix: prefix.clone(),
            stream: client.list(Some(&key)),
        })
    }
}

impl Inner {
    pub(super) fn client(&self, uri: &Uri) -> Result<Arc<dyn ObjectStore>, StoreError> {
        // A panic while it was held cannot have left it half changed.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(uri.place()) {
            return Ok(client.clone());
        }
        let client = cloud::client(uri, &self.builder)?;
        clients.insert(uri.place().to_owned(), client.clone());
        Ok(client)
    }

    /// The client of web addresses.
    pub(super) fn web(&self) -> Result<&Web, StoreError> {
        if let Some(web) = self.web.get() {
            return Ok(web);
        }
        let connections = Connections {
            tls: true,
            roots: self.builder.roots()?,
            environment_proxy: self.builder.environment_proxy,
            private: self.builder.private_urls,
        };
        let web = Web::new(&connections, self.builder.timeout);
        let web = web.map_err(|source| StoreError::setup("the HTTP client", source))?;
        Ok(self.web.get_or_init(|| web))
    }
}
