//! Lists of objects, a page at a time.

use std::fmt;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::{ObjectMeta, ObjectStore as _};

use super::client::Store;
use super::error::StoreError;
use super::object::Object;
use super::uri::Uri;

/// The objects below a prefix: asked for as they are taken, some hundreds at a time.
pub struct Listing {
    store: Store,
    prefix: Uri,
    stream: BoxStream<'static, object_store::Result<ObjectMeta>>,
}

impl Store {
    /// Lists the objects below a prefix, as the service sends them: those of S3, Google and Azure in the order of their
    /// keys, files in any.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] for a web address, [`StoreError::Address`] for what is no prefix, and those of the
    /// client's settings. What goes wrong later comes out of the list.
    pub fn list(&self, prefix: &Uri) -> Result<Listing, StoreError> {
        let client = self.inner().client(prefix)?;
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

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listing").field(&self.prefix).finish()
    }
}

impl Iterator for Listing {
    type Item = Result<Object, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.store.runtime().block_on(self.stream.next())?;
            let object = match next.map_err(|e| StoreError::of_store(&self.prefix, e)) {
                Ok(meta) => self
                    .prefix
                    .with_key(&meta.location)
                    .map(|uri| Object::of_store(&uri, meta)),
                Err(error) => Err(error),
            };
            // What some tools write to have the prefix shown as an empty folder.
            let marks_the_prefix = |object: &Object| object.uri.key() == self.prefix.key().trim_end_matches('/');
            if !object.as_ref().is_ok_and(marks_the_prefix) {
                return Some(object);
            }
        }
    }
}
