//! The clients behind a store, by place: what work in the background has of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use object_store::ObjectStore;
use tokio::sync::Semaphore;

use super::builder::StoreBuilder;
use super::cloud;
use super::error::StoreError;
use super::room;
use super::uri::Uri;
use crate::net::{Connections, Web};

/// What work in the background has of a client: not the runtime, which cannot be dropped on a thread of its own.
pub(super) struct Inner {
    pub(super) builder: StoreBuilder,
    /// Memory for what is read ahead.
    pub(super) memory: Arc<Semaphore>,
    /// By scheme and bucket: each has its own credentials and connections.
    clients: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
    web: OnceLock<Web>,
}

impl Inner {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// [`StoreError::Setup`] for certificates that are none.
    pub(super) fn new(builder: StoreBuilder) -> Result<Self, StoreError> {
        // What is wrong with them is said before anything is asked for.
        builder.roots()?;
        Ok(Self {
            memory: room::memory(builder.ahead_memory),
            clients: Mutex::default(),
            web: OnceLock::new(),
            builder,
        })
    }

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
