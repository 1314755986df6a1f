//! What a caller lets a file cost.

use super::error::DecodeError;

/// Bounds on what a file may ask for; checked before anything is allocated.
///
/// Whatever the limits are, a file may not declare more than twice the blocks that its length can
/// hold, nor have its scans visit more than 128 blocks per byte: neither ever happens in a picture that is
/// not made to hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pixels: u64,
    memory: u64,
    scans: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pixels: 1 << 28,
            memory: 2 << 30,
            scans: 256,
        }
    }
}

impl Limits {
    /// Sets the largest width times height in pixels (default 2^28, 268 megapixels).
    #[must_use]
    pub fn max_pixels(mut self, pixels: u64) -> Self {
        self.pixels = pixels;
        self
    }

    /// Sets the most memory for coefficients or planes in bytes (default 2 GiB).
    #[must_use]
    pub fn max_memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// Sets the largest number of scans (default 256).
    #[must_use]
    pub fn max_scans(mut self, scans: u32) -> Self {
        self.scans = scans;
        self
    }

    pub(super) fn check_pixels(&self, pixels: u64) -> Result<(), DecodeError> {
        check("the picture's size in pixels", pixels, self.pixels)
    }

    pub(super) fn check_memory(&self, bytes: u64) -> Result<(), DecodeError> {
        check("the memory for the picture in bytes", bytes, self.memory)
    }

    pub(super) fn check_scans(&self, scans: u32) -> Result<(), DecodeError> {
        check("the number of scans", u64::from(scans), u64::from(self.scans))
    }

    /// Each block costs at least one bit, that of its DC code (T.81 F.1.2.1, G.1.2.1), so that a complete
    /// file has at most 8 blocks per byte. Twice that leaves room for files that are cut off.
    pub(super) fn check_density(blocks: u64, bytes: usize) -> Result<(), DecodeError> {
        check(
            "the number of blocks declared by a file of this length",
            blocks,
            16 * bytes as u64,
        )
    }

    /// End-of-band runs make a block of a progressive scan nearly free in bytes, but not in time. Even a
    /// picture of one colour has at most 8 blocks per byte, each visited by about ten scans.
    pub(super) fn check_visits(visits: u64, bytes: usize) -> Result<(), DecodeError> {
        check(
            "the number of blocks visited by the scans of a file of this length",
            visits,
            128 * bytes as u64 + 65_536,
        )
    }
}

fn check(what: &'static str, value: u64, limit: u64) -> Result<(), DecodeError> {
    if value > limit {
        return Err(DecodeError::Limit { what, value, limit });
    }
    Ok(())
}
