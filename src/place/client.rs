//! The client of storage, made when it is first needed.

use std::sync::{Arc, OnceLock};

use crate::store::{Store, StoreBuilder, StoreError};

/// The client of storage and web addresses. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Client(Arc<Lazy>);

#[derive(Debug, Default)]
struct Lazy {
    store: OnceLock<Store>,
    builder: StoreBuilder,
}

impl Client {
    /// One with these settings, of which nothing is set up yet.
    pub(super) fn new(builder: StoreBuilder) -> Self {
        Self(Arc::new(Lazy {
            store: OnceLock::new(),
            builder,
        }))
    }

    /// The client.
    ///
    /// # Errors
    /// Those of [`StoreBuilder::build`].
    pub(super) fn store(&self) -> Result<Store, StoreError> {
        if let Some(store) = self.0.store.get() {
            return Ok(store.clone());
        }
        let store = self.0.builder.clone().build()?;
        // Another thread may have been faster: then its client is taken.
        Ok(self.0.store.get_or_init(|| store).clone())
    }

    /// The client, if there is one by now.
    pub(super) fn made(&self) -> Option<&Store> {
        self.0.store.get()
    }
}
