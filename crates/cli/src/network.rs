//! How the program reaches what is not on this machine: by what the environment says and the command line adds.

use std::path::Path;

use photofit::place::{Places, file};

use super::Error;

/// The most bytes of a file of certificates: all that browsers trust take a quarter of a megabyte.
const LARGEST_CA_FILE: u64 = 16 << 20;

/// How many objects are read ahead of the workers.
#[cfg(feature = "object-store")]
const AHEAD: usize = 16;

/// What a command says about reaching places.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    #[cfg_attr(not(feature = "object-store"), allow(dead_code, reason = "nothing is reached there"))]
    ahead: u64,
    #[cfg_attr(not(feature = "object-store"), allow(dead_code, reason = "nothing is reached there"))]
    private: bool,
    certificates: Option<Vec<u8>>,
}

impl Network {
    /// `ahead` is the bytes of memory that objects may take that are read ahead; `private` allows web addresses inside one's
    /// own network; the certificates of `ca_file`, which may be a FIFO and is read once, are trusted beside the system's.
    ///
    /// # Errors
    /// [`Error::Usage`] for certificates that cannot be read.
    pub(super) fn new(ahead: u64, private: bool, ca_file: Option<&Path>) -> Result<Self, Error> {
        let read = |path: &Path| {
            file::read(path, LARGEST_CA_FILE)
                .map_err(|e| Error::usage(format!("cannot read the certificates of {}: {e}", path.display())))
        };
        Ok(Self {
            ahead,
            private,
            certificates: ca_file.map(read).transpose()?,
        })
    }

    /// The certificates that are trusted beside the system's, as they stand in their file.
    #[cfg_attr(
        not(any(feature = "object-store", feature = "upload")),
        allow(dead_code, reason = "nobody asks")
    )]
    pub(super) fn certificates(&self) -> Option<&[u8]> {
        self.certificates.as_deref()
    }

    /// What finds places. Nothing is set up before an argument asks for it.
    #[cfg(feature = "object-store")]
    pub(super) fn places(&self) -> Places {
        let mut store = photofit::store::StoreBuilder::from_env()
            .ahead(AHEAD, self.ahead)
            .private_urls(self.private);
        if let Some(pem) = self.certificates() {
            store = store.root_certificates(pem);
        }
        Places::builder().store(store).build()
    }

    /// What finds places: nothing has to be reached for them.
    #[cfg(not(feature = "object-store"))]
    #[allow(clippy::unused_self, reason = "as with the feature")]
    pub(super) fn places(&self) -> Places {
        Places::from_env()
    }
}
