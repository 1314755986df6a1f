//! The folders of the test data.

mod bombs;
mod broken;
mod jpeg;
mod orientation;
mod others;
mod photos;
mod png;
mod scenes;
mod still_life;
mod tiff;
mod tiff_coded;
mod tiff_colors;

use crate::entry::{Entry, Result};

/// Every file, folder by folder.
pub(crate) fn all() -> Result<Vec<Entry>> {
    let shelves = [
        orientation::shelf()?,
        jpeg::shelf()?,
        png::shelf(),
        others::gif()?,
        others::bmp(),
        others::webp()?,
        tiff::shelf()?,
        others::heic()?,
        broken::shelf()?,
        bombs::shelf()?,
        photos::shelf()?,
    ];
    Ok(shelves.into_iter().flat_map(|s| s.entries).collect())
}
