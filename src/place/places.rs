//! What leads to places: settings, and the client of storage once it is needed.

use std::ffi::OsStr;
use std::path::PathBuf;

#[cfg(any(feature = "object-store", feature = "upload"))]
use super::address::WebRef;
use super::address::{Place, STDIN};
#[cfg(feature = "object-store")]
use super::client::Client;
use super::error::PlaceError;
#[cfg(feature = "object-store")]
use super::object::ObjectRef;
use super::source::PlaceSource;
#[cfg(feature = "object-store")]
use crate::store::{Store, StoreBuilder, Uri};

/// How the addresses begin that are no paths.
pub const SCHEMES: [&str; 6] = ["s3://", "gs://", "az://", "file://", "http://", "https://"];

/// What [`Places`] are found with.
///
/// Without the feature `object-store` there are no settings but for their defaults: files need none.
#[derive(Clone, Debug, Default)]
pub struct PlacesBuilder {
    #[cfg(feature = "object-store")]
    store: StoreBuilder,
}

impl PlacesBuilder {
    /// The settings of the client of storage and web addresses: credentials, retries, proxies, certificates.
    #[cfg(feature = "object-store")]
    #[must_use]
    pub fn store(mut self, settings: StoreBuilder) -> Self {
        self.store = settings;
        self
    }

    /// What finds places with these settings. Nothing is set up before an address asks for it.
    #[must_use]
    pub fn build(self) -> Places {
        Places {
            #[cfg(feature = "object-store")]
            client: Client::new(self.store),
        }
    }
}

/// Finds places by what they are called. Clones are the same one: they share its connections.
#[derive(Clone, Debug, Default)]
pub struct Places {
    #[cfg(feature = "object-store")]
    client: Client,
}

impl Places {
    /// Settings that are the defaults: no credentials, and nothing of the environment.
    #[must_use]
    pub fn builder() -> PlacesBuilder {
        PlacesBuilder::default()
    }

    /// With the settings that the environment has: see [`StoreBuilder::from_env`](crate::store::StoreBuilder::from_env).
    #[must_use]
    pub fn from_env() -> Self {
        #[cfg(feature = "object-store")]
        return Self::builder().store(StoreBuilder::from_env()).build();
        #[cfg(not(feature = "object-store"))]
        Self::builder().build()
    }

    /// The place that is called so: `-` is standard input, and what begins with `s3://`, `gs://`, `az://`, `file://`,
    /// `http://` or `https://` is an address. Everything else is a path. What an address says is checked as far as that takes
    /// no connection.
    ///
    /// # Errors
    /// [`PlaceError`] for an address that cannot be one, whose settings are missing, or whose kind this build does not
    /// know.
    pub fn find(&self, name: &OsStr) -> Result<Place, PlaceError> {
        let Some(text) = name.to_str() else {
            return Ok(Place::Path(PathBuf::from(name)));
        };
        if text == STDIN {
            return Ok(Place::Stdin);
        }
        if SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            return self.address(text);
        }
        Ok(Place::Path(PathBuf::from(name)))
    }

    #[cfg(feature = "object-store")]
    fn address(&self, text: &str) -> Result<Place, PlaceError> {
        let uri = Uri::parse(text)?;
        if let Some(path) = uri.to_file_path() {
            return Ok(Place::Path(path));
        }
        let is_web = uri.scheme() == crate::store::Scheme::Web;
        let object = ObjectRef::new(self.store()?, uri)?;
        Ok(if is_web {
            Place::Web(WebRef::new(text, &self.client))
        } else {
            Place::Object(object)
        })
    }

    /// The one place that refuses what this build does not know.
    #[cfg(not(feature = "object-store"))]
    fn address(&self, text: &str) -> Result<Place, PlaceError> {
        Err(PlaceError::NoFeature {
            address: text.to_owned(),
            feature: "object-store",
        })
    }

    /// A web address that a [`Fetcher`](crate::bigin::Fetcher) is to fetch. What it says is not checked: the fetcher does that.
    #[cfg(feature = "upload")]
    #[must_use]
    pub fn web(&self, url: &str) -> Place {
        #[cfg(feature = "object-store")]
        return Place::Web(WebRef::new(url, &self.client));
        #[cfg(not(feature = "object-store"))]
        Place::Web(WebRef::new(url))
    }

    /// The client of storage and web addresses, made when it is first asked for.
    ///
    /// # Errors
    /// Those of [`StoreBuilder::build`].
    #[cfg(feature = "object-store")]
    pub fn store(&self) -> Result<Store, crate::store::StoreError> {
        self.client.store()
    }

    /// A place as a photo of a batch, of which at most `limit` bytes are read if it is an object or a web address; files are
    /// limited by the batch.
    #[must_use]
    pub fn source(&self, place: &Place, limit: u64) -> PlaceSource {
        PlaceSource::new(place.clone(), limit)
    }

    /// The items, each with its photo on its way where `source` gives one that takes the network: read
    /// [ahead](crate::store::StoreBuilder::ahead) of those who ask for it, in bounded memory.
    pub fn ahead<'a, T: Send + 'a>(
        &self,
        items: impl Iterator<Item = T> + Send + 'a,
        mut source: impl FnMut(&T) -> Option<PlaceSource> + Send + 'a,
    ) -> Box<dyn Iterator<Item = (T, Option<PlaceSource>)> + Send + 'a> {
        let items = items.map(move |item| {
            let source = source(&item);
            (item, source)
        });
        #[cfg(feature = "object-store")]
        if let Some(store) = self.client.made() {
            // Why one cannot be read is said where it is opened.
            let fetch = |(_, source): &(T, Option<PlaceSource>)| source.as_ref()?.fetch().ok()?;
            let begun = store.ahead(items, fetch);
            return Box::new(begun.map(|((item, source), fetch)| (item, source.map(|source| source.begun(fetch)))));
        }
        Box::new(items)
    }
}
