//! What a service accepts: bytes, pixels, sides and formats. The presets are data.

use crate::formats::format::{Format, FormatSet};

/// The limits of an upload service.
///
/// A photo conforms when it has at most [`max_bytes`](Self::max_bytes) bytes, at most
/// [`max_pixels`](Self::max_pixels) pixels (width × height), no side longer than
/// [`max_side`](Self::max_side) pixels, and an accepted format.
///
/// ```
/// use photofit::Limits;
/// let limits = Limits::bigin().with_max_bytes(2_000_000);
/// assert_eq!(limits.max_pixels(), 10_000_000);
/// assert!(Limits::preset("bluesky-avatar").is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    max_bytes: u64,
    max_pixels: u64,
    max_side: u32,
    formats: FormatSet,
}

/// A named preset: a service and its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preset {
    /// The name by which [`Limits::preset`] finds it.
    pub name: &'static str,
    /// The service, in a few words.
    pub service: &'static str,
    /// Its limits.
    pub limits: Limits,
}

const ZOHO: FormatSet = FormatSet::of(&[Format::Jpeg, Format::Png, Format::Gif, Format::Bmp]);
const WEB: FormatSet = FormatSet::of(&[Format::Jpeg, Format::Png, Format::Gif, Format::WebP]);

const fn preset(
    name: &'static str,
    service: &'static str,
    max_bytes: u64,
    max_pixels: u64,
    max_side: u32,
    formats: FormatSet,
) -> Preset {
    Preset {
        name,
        service,
        limits: Limits {
            max_bytes,
            max_pixels,
            max_side,
            formats,
        },
    }
}

/// Every preset; the first is the default.
const PRESETS: [Preset; 8] = [
    preset(
        "bigin",
        "Zoho Bigin, photo of a record",
        10_000_000,
        10_000_000,
        u32::MAX,
        ZOHO,
    ),
    preset(
        "zoho-crm",
        "Zoho CRM, photo of a record",
        10_000_000,
        10_000_000,
        u32::MAX,
        ZOHO,
    ),
    preset(
        "zoho-org-photo",
        "Zoho, photo of an organisation",
        1_000_000,
        10_000_000,
        u32::MAX,
        ZOHO,
    ),
    preset(
        "cloudflare-images",
        "Cloudflare Images",
        10_000_000,
        100_000_000,
        12_000,
        WEB,
    ),
    preset("x-post", "X, picture in a post", 5_242_880, u64::MAX, u32::MAX, WEB),
    preset(
        "bluesky-avatar",
        "Bluesky, avatar",
        1_000_000,
        u64::MAX,
        u32::MAX,
        FormatSet::of(&[Format::Jpeg, Format::Png]),
    ),
    preset(
        "mastodon",
        "Mastodon, attachment",
        16_777_216,
        33_177_600,
        u32::MAX,
        WEB,
    ),
    preset(
        "microsoft-graph-photo",
        "Microsoft Graph, photo of a person",
        4_000_000,
        u64::MAX,
        u32::MAX,
        FormatSet::of(&[Format::Jpeg]),
    ),
];

impl Limits {
    /// Zoho Bigin: at most 10,000,000 bytes and 10,000,000 pixels, JPEG, PNG, GIF or BMP.
    ///
    /// The service says "10 MB" and "10 MP" without saying which kind of mega: the decimal reading is the smaller one
    /// and so the safe one.
    #[must_use]
    pub const fn bigin() -> Self {
        PRESETS[0].limits
    }

    /// Only the formats are limited (JPEG, PNG, GIF, BMP): a start for limits of one's own.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            max_bytes: u64::MAX,
            max_pixels: u64::MAX,
            max_side: u32::MAX,
            formats: ZOHO,
        }
    }

    /// The limits of the preset called `name`, or `None`; [`presets`](Self::presets) lists the names.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        PRESETS.iter().find(|p| p.name == name).map(|p| p.limits)
    }

    /// Every preset, the default first.
    #[must_use]
    pub const fn presets() -> &'static [Preset] {
        &PRESETS
    }

    /// Limits the size of a file, in bytes.
    #[must_use]
    pub const fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Limits width × height, in pixels; at least 1 pixel is always allowed.
    #[must_use]
    pub const fn with_max_pixels(mut self, pixels: u64) -> Self {
        self.max_pixels = if pixels == 0 { 1 } else { pixels };
        self
    }

    /// Limits the longer side, in pixels; at least 1 pixel is always allowed.
    #[must_use]
    pub const fn with_max_side(mut self, side: u32) -> Self {
        self.max_side = if side == 0 { 1 } else { side };
        self
    }

    /// Sets the accepted formats. JPEG or PNG must be among them for anything but [`Action::Kept`](crate::Action::Kept)
    /// to be possible, as these two are what photofit writes.
    #[must_use]
    pub const fn with_formats(mut self, formats: FormatSet) -> Self {
        self.formats = formats;
        self
    }

    /// The most bytes a file may have.
    #[must_use]
    pub const fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// The most pixels (width × height) a photo may have.
    #[must_use]
    pub const fn max_pixels(&self) -> u64 {
        self.max_pixels
    }

    /// The longest side, in pixels, a photo may have.
    #[must_use]
    pub const fn max_side(&self) -> u32 {
        self.max_side
    }

    /// The formats that the service accepts.
    #[must_use]
    pub const fn formats(&self) -> FormatSet {
        self.formats
    }

    /// Whether a picture of `width` × `height` pixels is within the pixel and side limits.
    #[must_use]
    pub fn allow_size(&self, width: u32, height: u32) -> bool {
        u64::from(width) * u64::from(height) <= self.max_pixels && width.max(height) <= self.max_side
    }
}

impl Default for Limits {
    /// [`Limits::bigin`].
    fn default() -> Self {
        Self::bigin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_bigin_and_names_are_unique() {
        assert_eq!(Limits::preset("bigin"), Some(Limits::default()));
        for (i, p) in Limits::presets().iter().enumerate() {
            assert!(
                Limits::presets()[..i].iter().all(|q| q.name != p.name),
                "{} twice",
                p.name
            );
        }
        assert_eq!(Limits::preset("nobody"), None);
    }

    #[test]
    fn size_is_allowed_up_to_the_limit_and_not_beyond() {
        let l = Limits::unlimited().with_max_pixels(100).with_max_side(25);
        assert!(l.allow_size(10, 10));
        assert!(!l.allow_size(10, 11));
        assert!(!l.allow_size(26, 1));
        assert!(!Limits::bigin().allow_size(u32::MAX, u32::MAX));
    }
}
