//! Reading an object: from a service or the web, again where it broke off, and no further than is worth it.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::{GetOptions, GetRange, ObjectStore as _, ObjectStoreExt};
use reqwest::Method;
use tokio::time;

use super::cloud::RETRY_TIME;
use super::error::{StoreError, is_empty};
use super::inner::Inner;
use super::object::{Contents, Object};
use super::room::Room;
use super::uri::{Scheme, Uri};
use crate::CancelToken;
use crate::net::{Incoming, Retries};

/// How much is read before it is decided whether the rest is worth it, as in a batch.
const HEAD: usize = 64 * 1024;

/// How long it may take until it is noticed that nobody waits any more.
const PATIENCE: Duration = Duration::from_millis(20);

/// The result of `work`; [`StoreError::Cancelled`] or [`StoreError::TimedOut`] soon after `cancel` has ended it.
pub(super) async fn unless_cancelled<T>(
    cancel: &CancelToken,
    uri: &Uri,
    work: impl Future<Output = T>,
) -> Result<T, StoreError> {
    let cancelled = async {
        while !cancel.is_cancelled() {
            time::sleep(PATIENCE).await;
        }
    };
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = cancelled => {
            let uri = uri.to_string();
            Err(if cancel.timed_out() { StoreError::TimedOut { uri } } else { StoreError::Cancelled { uri } })
        }
    }
}

impl Inner {
    /// Reads an object; once its size is known, there has to be `room` for it. Of one that is larger than `limit`, or
    /// for which there is room only ahead of its turn and that is no photo, only the first bytes are read.
    pub(super) async fn read(
        &self,
        uri: &Uri,
        limit: u64,
        mut room: Option<&mut Room>,
    ) -> Result<Contents, StoreError> {
        if uri.scheme() != Scheme::Web {
            // The clients of services try again themselves.
            return self.read_once(uri, limit, room).await;
        }
        let mut retries = self.retries();
        loop {
            let error = match self.read_once(uri, limit, room.as_deref_mut()).await {
                Ok(contents) => return Ok(contents),
                Err(error) => error,
            };
            let (transient, asked) = error.may_pass();
            if !retries.wait(transient, asked).await {
                return Err(error);
            }
        }
    }

    /// Reads a part of an object, as much as there is of it.
    pub(super) async fn read_range(
        &self,
        uri: &Uri,
        range: Range<u64>,
        etag: Option<&str>,
    ) -> Result<Contents, StoreError> {
        let mut retries = self.retries();
        loop {
            let error = match self.read_range_once(uri, range.clone(), etag).await {
                Ok(contents) => return Ok(contents),
                Err(error) => error,
            };
            let (transient, asked) = error.may_pass();
            if uri.scheme() != Scheme::Web || !retries.wait(transient, asked).await {
                return Err(error);
            }
        }
    }

    async fn read_range_once(&self, uri: &Uri, range: Range<u64>, etag: Option<&str>) -> Result<Contents, StoreError> {
        let (object, mut body) = if uri.scheme() == Scheme::Web {
            let web = self.web()?;
            let incoming = web.open(Method::GET, uri.as_str(), Some(range), u64::MAX).await;
            let incoming = incoming.map_err(|e| StoreError::of_web(uri, e))?;
            (Object::of_web(uri, &incoming), Body::Web(incoming))
        } else {
            let options = GetOptions {
                range: Some(GetRange::Bounded(range)),
                if_match: etag.map(str::to_owned),
                ..GetOptions::default()
            };
            let result = self.client(uri)?.get_opts(&uri.to_key()?, options).await;
            let result = match result {
                // No range lies in it.
                Err(error) if is_empty(&error) => return self.read_once(uri, 0, None).await,
                result => result.map_err(|e| StoreError::of_part(uri, e))?,
            };
            let object = Object::of_store(uri, result.meta.clone());
            (object, Body::Store(result.into_stream()))
        };
        if etag.is_some() && object.etag.is_some() && object.etag.as_deref() != etag {
            return Err(StoreError::changed(uri));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next(uri).await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(Contents { object, bytes })
    }

    /// What is known of a web address without its bytes.
    pub(super) async fn head_web(&self, uri: &Uri) -> Result<Object, StoreError> {
        let mut retries = self.retries();
        loop {
            let error = match self.open_web(Method::HEAD, uri, u64::MAX).await {
                Ok(incoming) => return Ok(Object::of_web(uri, &incoming)),
                Err(error) => error,
            };
            let (transient, asked) = error.may_pass();
            if !retries.wait(transient, asked).await {
                return Err(error);
            }
        }
    }

    /// How often a web address is asked again.
    fn retries(&self) -> Retries {
        Retries::new(u32::try_from(self.builder.retries).unwrap_or(u32::MAX), RETRY_TIME)
    }

    async fn read_once(&self, uri: &Uri, limit: u64, room: Option<&mut Room>) -> Result<Contents, StoreError> {
        let (object, mut body) = self.open(uri, limit).await?;
        let only_photos = room.is_some();
        if let Some(room) = room {
            room.take(object.size.map(|size| size.min(limit))).await;
        }
        let mut bytes = Vec::new();
        let too_large = object.size.is_some_and(|size| size > limit);
        let expected = if too_large { 0 } else { object.size.unwrap_or(0) };
        let reserved = bytes.try_reserve_exact(usize::try_from(expected).unwrap_or(usize::MAX));
        reserved.map_err(|source| StoreError::Unavailable {
            uri: uri.to_string(),
            source: source.into(),
        })?;
        let mut undecided = only_photos || too_large;
        while let Some(chunk) = body.next(uri).await? {
            bytes.extend_from_slice(&chunk);
            if undecided && bytes.len() >= HEAD {
                undecided = false;
                if too_large || is_no_photo(&bytes[..HEAD]) {
                    bytes.truncate(HEAD);
                    return Ok(Contents { object, bytes });
                }
            }
        }
        let read = bytes.len() as u64;
        if !too_large && object.size.is_some_and(|size| size != read) {
            let source = format!("{read} bytes came of {expected}").into();
            let uri = uri.to_string();
            return Err(StoreError::Unavailable { uri, source });
        }
        let size = object.size.or(Some(read));
        Ok(Contents {
            object: Object { size, ..object },
            bytes,
        })
    }

    async fn open(&self, uri: &Uri, limit: u64) -> Result<(Object, Body), StoreError> {
        if uri.scheme() == Scheme::Web {
            let incoming = self.open_web(Method::GET, uri, limit).await?;
            return Ok((Object::of_web(uri, &incoming), Body::Web(incoming)));
        }
        let key = uri.to_key()?;
        let result = self.client(uri)?.get(&key).await;
        let result = result.map_err(|e| StoreError::of_store(uri, e))?;
        let object = Object::of_store(uri, result.meta.clone());
        Ok((object, Body::Store(result.into_stream())))
    }

    pub(super) async fn open_web(&self, method: Method, uri: &Uri, limit: u64) -> Result<Incoming, StoreError> {
        let opened = self.web()?.open(method, uri.as_str(), None, limit).await;
        opened.map_err(|e| StoreError::of_web(uri, e))
    }
}

/// What is left of an object to be read.
enum Body {
    Store(BoxStream<'static, object_store::Result<Bytes>>),
    Web(Incoming),
}

impl Body {
    async fn next(&mut self, uri: &Uri) -> Result<Option<Bytes>, StoreError> {
        match self {
            Self::Store(stream) => stream
                .next()
                .await
                .transpose()
                .map_err(|e| StoreError::of_store(uri, e)),
            Self::Web(incoming) => incoming.chunk().await.map_err(|e| StoreError::of_web(uri, e)),
        }
    }
}

/// Whether a batch would refuse what begins like this.
fn is_no_photo(head: &[u8]) -> bool {
    use crate::Error;
    matches!(
        crate::probe(head),
        Err(Error::Empty | Error::UnknownFormat { .. } | Error::Unsupported { .. })
    )
}
