//! The same for programs without a runtime.
//!
//! ```no_run
//! use photofit::bigin::{Credentials, DataCenter, Module, Record, blocking::Client};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let token = std::env::var("BIGIN_ACCESS_TOKEN")?;
//! let client = Client::new(Client::builder(DataCenter::Eu).credentials(Credentials::access_token(token)))?;
//! let photo = std::fs::read("photo.jpg")?;
//! let prepared = photofit::prepare(&photo, &photofit::Options::default())?;
//! client.upload_photo(&Record::new(Module::Contacts, 3000000038009), &prepared)?;
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::answer::Receipt;
use super::client::ClientBuilder;
use super::data_center::DataCenter;
use super::error::{BuildError, UploadError};
use super::record::Record;
use crate::prepare::Prepared;

/// A [`bigin::Client`](super::Client) with a runtime of its own, for threads that may wait. Clones are the same client.
///
/// It must not be used, nor its last clone dropped, on a thread of an asynchronous runtime: take
/// [`bigin::Client`](super::Client) there.
#[derive(Clone, Debug)]
pub struct Client {
    client: super::Client,
    runtime: Arc<Runtime>,
}

impl Client {
    /// What a client of this data centre is made with: give it to [`Client::new`].
    #[must_use]
    pub fn builder(data_center: DataCenter) -> ClientBuilder {
        super::Client::builder(data_center)
    }

    /// Makes the client, and a thread for its connections.
    ///
    /// # Errors
    /// [`BuildError`] for settings that cannot be used, or if the system gives no thread.
    pub fn new(builder: ClientBuilder) -> Result<Self, BuildError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("photofit-upload")
            .enable_all()
            .build()
            .map_err(|source| BuildError::Setup {
                what: "the runtime",
                source: source.into(),
            })?;
        Ok(Self {
            client: builder.build()?,
            runtime: Arc::new(runtime),
        })
    }

    /// See [`bigin::Client::upload_photo`](super::Client::upload_photo).
    ///
    /// # Errors
    /// [`UploadError`] with what happened last.
    ///
    /// # Panics
    /// On a thread of an asynchronous runtime.
    pub fn upload_photo(&self, record: &Record, photo: &Prepared<'_>) -> Result<Receipt, UploadError> {
        self.runtime.block_on(self.client.upload_photo(record, photo))
    }

    /// The asynchronous client that this one wraps.
    #[must_use]
    pub fn inner(&self) -> &super::Client {
        &self.client
    }
}
