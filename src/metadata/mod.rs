//! What a photo carries beside its pixels: which of it is kept, dropped and rewritten under each policy.

mod exif;
mod jpeg;
mod png;

pub(crate) use jpeg::{insert as insert_into_jpeg, size as size_in_jpeg};
pub(crate) use png::insert as insert_into_png;

use crate::format::Format;
use crate::options::Metadata;
use crate::probe::icc::{self, ProfileSpace};
use crate::probe::{self, ImageInfo, ifd, webp};

/// The file with its metadata as `policy` wants it and its compressed picture untouched; `None` if that is the file as
/// it is. Only JPEG and PNG are rewritten: a GIF or BMP that conforms is kept whole.
pub(crate) fn rewrite(data: &[u8], info: &ImageInfo, policy: Metadata) -> Option<Vec<u8>> {
    if policy == Metadata::Keep {
        return None;
    }
    match info.format {
        Format::Jpeg => jpeg::rewrite(data, policy),
        Format::Png => png::rewrite(data, policy),
        _ => None,
    }
}

/// What a new picture takes over from its source, already filtered by the policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    /// An EXIF block: a TIFF structure without `Exif\0\0`.
    pub(crate) exif: Option<Vec<u8>>,
    /// An ICC profile that suits the picture's channels.
    pub(crate) icc: Option<Vec<u8>>,
    /// An XMP packet.
    xmp: Option<Vec<u8>>,
    /// The payload of a JPEG's APP13: Photoshop resources with IPTC.
    iptc: Option<Vec<u8>>,
    /// Comments, as (keyword, text) in Latin-1 or UTF-8 as they were.
    comments: Vec<(Vec<u8>, Vec<u8>)>,
    /// Chunks of a PNG that say how its samples are to be read (sRGB, gAMA, cHRM, cICP).
    png_color: Vec<Vec<u8>>,
}

impl Carried {
    /// Collects from `data` what a new picture of `width` × `height` pixels carries on.
    pub(crate) fn collect(data: &[u8], info: &ImageInfo, policy: Metadata, width: u32, height: u32) -> Self {
        let mut carried = Self {
            icc: profile(data, info),
            ..Self::default()
        };
        if info.format == Format::Png {
            carried.png_color = png::color_chunks(data);
        }
        if policy == Metadata::Strip {
            return carried;
        }
        carried.exif = match info.format {
            Format::Tiff => exif::from_tiff(data, policy, width, height),
            _ => exif_block(data, info.format).and_then(|b| exif::for_new_picture(&b, policy, width, height)),
        };
        match (policy, info.format) {
            (Metadata::Keep, Format::Jpeg) => jpeg::collect_rest(data, &mut carried),
            (Metadata::Keep | Metadata::Privacy, Format::Png) => png::collect_rest(data, policy, &mut carried),
            (Metadata::Keep, Format::WebP) => carried.xmp = webp::chunk(data, b"XMP ").map(<[u8]>::to_vec),
            _ => {}
        }
        if let Some(xmp) = &mut carried.xmp {
            set_upright(xmp);
        }
        carried
    }
}

/// The EXIF block of a JPEG, PNG, WebP or HEIC: a TIFF structure.
fn exif_block(data: &[u8], format: Format) -> Option<Vec<u8>> {
    match format {
        Format::Jpeg => probe::jpeg::exif(data).map(<[u8]>::to_vec),
        Format::Png => probe::png::Chunks::new(data)
            .find(|c| &c.name == b"eXIf")
            .map(|c| ifd::strip_exif_header(c.body).to_vec()),
        Format::WebP => webp::chunk(data, b"EXIF").map(|b| ifd::strip_exif_header(b).to_vec()),
        #[cfg(feature = "heic")]
        Format::Heif => probe::heif::exif(data),
        _ => None,
    }
}

/// The embedded ICC profile.
pub(crate) fn profile(data: &[u8], info: &ImageInfo) -> Option<Vec<u8>> {
    match info.format {
        Format::Jpeg => probe::jpeg::icc_profile(data),
        Format::Png => png::icc_profile(data),
        Format::WebP => webp::chunk(data, b"ICCP").map(<[u8]>::to_vec),
        Format::Tiff => probe::tiff::icc_profile(data),
        #[cfg(feature = "heic")]
        Format::Heif => probe::heif::icc_profile(data),
        _ => None,
    }
}

/// Whether a profile describes pictures with (or without) colour: one for RGB means nothing on a gray picture.
pub(crate) fn suits(profile: &[u8], gray: bool) -> bool {
    match icc::space(profile) {
        Some(ProfileSpace::Gray) => gray,
        Some(ProfileSpace::Rgb) => !gray,
        _ => false,
    }
}

/// Sets the orientation that an XMP packet states to upright, where it stands as RDF writers put it.
fn set_upright(xmp: &mut [u8]) {
    for pattern in [
        b"tiff:Orientation=\"".as_slice(),
        b"tiff:Orientation='",
        b"tiff:Orientation>",
    ] {
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&xmp[from..], pattern) {
            from += at + pattern.len();
            if let Some(digit) = xmp.get_mut(from)
                && digit.is_ascii_digit()
            {
                *digit = b'1';
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmp_orientation_is_reset_in_each_notation() {
        let mut xmp = b"<x tiff:Orientation=\"6\" a='8'/><tiff:Orientation>3</tiff:Orientation>".to_vec();
        set_upright(&mut xmp);
        assert_eq!(
            xmp,
            b"<x tiff:Orientation=\"1\" a='8'/><tiff:Orientation>1</tiff:Orientation>"
        );
    }
}
