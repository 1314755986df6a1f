//! Where photos come from and go to: a path, an object in storage, a web address, standard input.
//!
//! ```no_run
//! use photofit::place::{Existing, Mark, Places, Writer};
//! use photofit::{Batch, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let places = Places::from_env(); // AWS_ACCESS_KEY_ID and the like, HTTPS_PROXY
//! let photo = places.find("s3://album/in/dunes.heic".as_ref())?;
//! let options = Options::default();
//! println!("{:?}", photo.look(&options)?.plan); // reads no more of it than it takes to tell
//!
//! let (bytes, _version) = photo.read(options.max_memory())?;
//! let prepared = photofit::prepare(&bytes, &options)?;
//! let ready = places.find("ready".as_ref())?.join("dunes.jpg".as_ref())?;
//! ready.write(prepared.bytes(), Existing::Replace, &Writer::new(Mark::of_this_process()))?;
//! # Ok(())
//! # }
//! ```
//!
//! * [`Places`] finds a [`Place`] by what it is called, and has the settings that reaching it takes. Without the feature
//!   `object-store` there are paths and standard input, and addresses are refused by name.
//! * [`Place`] reads, looks, writes and says which [`Version`] is there. It is a source of a [`Batch`](crate::Batch).
//! * [`Places::ahead`] has what takes the network read ahead of a batch.
//! * [`Writer`] writes files whole or not at all; [`mod@file`] opens what may be a FIFO, and no device.

mod address;
mod atomic;
#[cfg(feature = "object-store")]
mod client;
mod error;
pub mod file;
mod look;
#[cfg(feature = "object-store")]
mod object;
mod places;
mod source;
mod version;

#[cfg(any(feature = "object-store", feature = "upload"))]
pub use address::WebRef;
pub use address::{Place, STDIN};
pub use atomic::{Existing, Mark, Unfinished, Writer};
pub use error::PlaceError;
pub use look::{Look, LookError};
#[cfg(feature = "object-store")]
pub use object::ObjectRef;
pub use places::{Places, PlacesBuilder, SCHEMES};
pub use source::PlaceSource;
pub use version::Version;
