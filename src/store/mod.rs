//! Photos in object storage: Amazon S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage, files, and
//! web addresses to read from.
//!
//! ```no_run
//! use photofit::store::{StoreBuilder, Uri};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = StoreBuilder::from_env().build()?; // AWS_ACCESS_KEY_ID and the like
//! let photo = store.read(&"s3://album/in/dunes.heic".parse()?, 100_000_000)?;
//! let prepared = photofit::prepare(&photo.bytes, &photofit::Options::default())?;
//! store.write(&"s3://album/out/dunes.jpg".parse()?, prepared.bytes())?;
//! # Ok(())
//! # }
//! ```
//!
//! * [`Uri`] is an address, or the prefix of many.
//! * [`Store`] reads, writes and lists: for threads that may wait, with connections that they share.
//! * [`StoreBuilder`] has the settings. The environment is read by [`StoreBuilder::from_env`] alone.
//! * [`Store::sources`] makes photos of a [`Batch`](crate::Batch) of objects, read ahead of its workers.
//!
//! What may pass (a time-out, a connection that breaks, 408, 429, 5xx) is tried again, after as long as the service asks. A write is complete or absent: large objects go in parts
//! that become an object with the last one, files beside their place and then renamed.

mod ahead;
mod builder;
mod client;
mod cloud;
mod error;
mod inner;
mod listing;
mod object;
mod read;
mod room;
mod uri;

pub use ahead::{Ahead, Fetch};
pub use builder::StoreBuilder;
pub use client::Store;
pub use error::{BoxError, StoreError};
pub use listing::Listing;
pub use object::{Contents, Object};
pub use uri::{Scheme, Uri};
