//! Reads, writes and lists objects, for threads that may wait.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::{ObjectStore as _, ObjectStoreExt, PutMode, PutPayload, WriteMultipart};
use tokio::runtime::{Builder, Runtime};

use super::builder::StoreBuilder;
use super::error::StoreError;
use super::inner::Inner;
use super::object::{Contents, Object};
use super::read::unless_cancelled;
use super::uri::{Scheme, Uri};
use crate::CancelToken;

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

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.inner.builder).finish()
    }
}

impl StoreBuilder {
    /// Makes the client, and the threads for its connections. No connection is made yet.
    ///
    /// # Errors
    /// [`StoreError::Setup`] for certificates that are none, and if the system gives no threads.
    pub fn build(self) -> Result<Store, StoreError> {
        Store::new(self)
    }
}

impl Store {
    /// What a client is made with. Without settings there are no credentials: see [`StoreBuilder::from_env`].
    #[must_use]
    pub fn builder() -> StoreBuilder {
        StoreBuilder::default()
    }

    fn new(builder: StoreBuilder) -> Result<Self, StoreError> {
        let inner = Arc::new(Inner::new(builder)?);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("photofit-store")
            .enable_all()
            .build()
            .map_err(|source| StoreError::setup("the runtime", source))?;
        Ok(Self {
            runtime: Arc::new(runtime),
            inner,
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
}
