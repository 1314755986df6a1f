//! Lists of objects, a page at a time.

use std::fmt;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::ObjectMeta;

use super::client::Store;
use super::error::StoreError;
use super::object::Object;
use super::uri::Uri;

/// The objects below a prefix: asked for as they are taken, some hundreds at a time.
pub struct Listing {
    pub(super) store: Store,
    pub(super) prefix: Uri,
    pub(super) stream: BoxStream<'static, object_store::Result<ObjectMeta>>,
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
