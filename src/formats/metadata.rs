//! The metadata of a file under each policy: what a new picture takes over of it, and a file that conforms without the rest.

use super::carried::Carried;
use super::exif;
use super::row::{Clean, Exif, Reading};
use crate::options::Metadata;

/// The file with its metadata as `policy` wants it and its compressed picture untouched; `None` if that is the file as
/// it is, or if such files are kept whole.
pub(crate) fn rewrite(reading: &Reading<'_>, policy: Metadata) -> Option<Vec<u8>> {
    match reading.row.clean {
        Clean::By(clean) if policy != Metadata::Keep => clean(reading.data, policy),
        Clean::By(_) | Clean::Never => None,
    }
}

/// Collects what a new picture of `width` × `height` pixels carries on beside its profile.
pub(crate) fn collect(reading: &Reading<'_>, policy: Metadata, width: u32, height: u32) -> Carried {
    let (row, data) = (reading.row, reading.data);
    let mut carried = Carried::default();
    if policy != Metadata::Strip {
        carried.exif = match (row.exif)(data) {
            Exif::None => None,
            Exif::Block(block) => exif::for_new_picture(&block, policy, width, height),
            Exif::FirstDirectory(file) => exif::from_tiff(file, policy, width, height),
        };
    }
    (row.rest)(data, policy, &mut carried);
    if let Some(xmp) = &mut carried.xmp {
        set_upright(xmp);
    }
    carried
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
