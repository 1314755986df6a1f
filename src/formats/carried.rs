//! What a new picture carries beside its pixels.

/// What a new picture takes over from its source, already filtered by the policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    /// An EXIF block: a TIFF structure without `Exif\0\0`.
    pub(crate) exif: Option<Vec<u8>>,
    /// An ICC profile that describes the picture.
    pub(crate) icc: Option<Vec<u8>>,
    /// An XMP packet.
    pub(super) xmp: Option<Vec<u8>>,
    /// The payload of a JPEG's APP13: Photoshop resources with IPTC.
    pub(super) iptc: Option<Vec<u8>>,
    /// Comments, as (keyword, text) in Latin-1 or UTF-8 as they were.
    pub(super) comments: Vec<(Vec<u8>, Vec<u8>)>,
    /// Chunks of a PNG that say how its samples are to be read (sRGB, gAMA, cHRM, cICP).
    pub(crate) png_color: Vec<Vec<u8>>,
}
