//! From pixels to bytes, one file per format; [`budget`] looks for the quality or the size that fits.

pub(crate) mod budget;
pub(crate) mod jpeg;
pub(crate) mod png;
mod ycbcr;

use crate::pixels::{Raster, Samples};

/// The 8-bit samples of a picture that is ready to be encoded.
fn bytes(raster: &Raster) -> &[u8] {
    match raster.samples() {
        Samples::U8(v) => v,
        // Pictures are reduced to 8 bits before they come here.
        Samples::U16(_) | Samples::Indexed(..) => &[],
    }
}
