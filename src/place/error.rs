//! Why something names no place.

/// Why something names no place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The address is of a kind that this build does not know: build with the feature.
    #[error("{address}: this photofit was built without the feature {feature}, which reads such addresses")]
    NoFeature {
        /// What was given.
        address: String,
        /// The feature that knows such addresses.
        feature: &'static str,
    },

    /// The name has characters that no address can have.
    #[error("its name is not UTF-8, which keys have to be")]
    NotUtf8 {
        /// The name, as far as it can be shown.
        name: String,
    },

    /// There is nothing below it: standard input, or a web address.
    #[error("there is nothing below {place}: a folder is needed, or a prefix such as s3://bucket/ready/")]
    NothingBelow {
        /// What was given.
        place: String,
    },

    /// The address cannot be one, or its settings are missing.
    #[cfg(feature = "object-store")]
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

impl PlaceError {
    /// A stable name for programs, in kebab case: `bad-address`, or that of the storage's error.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoFeature { .. } | Self::NotUtf8 { .. } | Self::NothingBelow { .. } => "bad-address",
            #[cfg(feature = "object-store")]
            Self::Store(error) => error.kind(),
        }
    }
}

impl From<PlaceError> for std::io::Error {
    fn from(error: PlaceError) -> Self {
        match error {
            #[cfg(feature = "object-store")]
            PlaceError::Store(error) => error.into(),
            error => Self::new(std::io::ErrorKind::InvalidInput, error),
        }
    }
}
