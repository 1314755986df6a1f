//! Photos onto records of Zoho Bigin: each once, whatever the network does.
//!
//! ```no_run
//! use photofit::bigin::{Client, Credentials, DataCenter, Module, Record};
//!
//! # async fn upload(photo: &[u8], token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let prepared = photofit::prepare(photo, &photofit::Options::default())?;
//! let client = Client::builder(DataCenter::Eu)
//!     .credentials(Credentials::access_token(token))
//!     .build()?;
//! let receipt = client
//!     .upload_photo(&Record::new(Module::Contacts, 3000000038009), &prepared)
//!     .await?;
//! assert_eq!(receipt.code(), "SUCCESS");
//! # Ok(())
//! # }
//! ```
//!
//! * [`Client`] sends one photo, and again what may pass; [`blocking::Client`] is the same without a runtime.
//! * [`Pipeline`] prepares and uploads many, both at the same time.
//! * [`Fetcher`] gets photos from web addresses, and from none inside one's own network.
//! * [`Receipt`] and [`ApiError`] tell what the service answered: HTTP status, status, code, message, details.
//!
//! Secrets are never part of an error, of a receipt or of what `Debug` prints, even where the server repeats them.

mod answer;
pub mod blocking;
mod client;
mod code;
mod data_center;
mod error;
mod http;
mod line;
mod multipart;
mod pipeline;
mod rate_limiter;
mod record;
mod secret;
mod stop_flag;
mod token;
mod upload;

pub use answer::{ApiError, Receipt};
pub use client::{Client, ClientBuilder};
pub use code::{ErrorCode, Scope};
pub use data_center::DataCenter;
pub use error::{BoxError, BuildError, Failure, InvalidSetting, TokenError, UploadError};
pub use pipeline::Pipeline;
pub use record::{ApiVersion, Module, ModuleName, Record};
pub use secret::Secret;
pub use token::Credentials;
pub use upload::{Event, PhotoError, Upload, tightened};

pub use crate::net::{FetchError, Fetcher, FetcherBuilder};

/// The way in for the fuzz targets, of what is nobody else's.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    /// Reads an answer of the service.
    pub fn answer(http_status: u16, body: &[u8]) {
        let _either = super::answer::Answer::parse(http_status, body);
    }
}
