//! What the search for the bytes asks of a picture, on whichever road it comes.

use crate::encode::jpeg::PlaneSource;
use crate::error::Error;

/// An upright picture that gives its planes at any size, each time made from the source.
pub(crate) trait Picture: PlaneSource {
    /// The source's upright size in pixels.
    fn upright_size(&self) -> (u32, u32);

    /// Sets the upright size, in pixels, of the planes to be given.
    fn shape(&mut self, width: u32, height: u32) -> Result<(), Error>;
}
