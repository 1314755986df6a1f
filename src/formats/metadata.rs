//! What a new picture takes over of the metadata of its source under each policy.

use super::carried::Carried;
use super::exif;
use super::row::{Exif, Reading};
use super::xmp::Change;
use crate::Orientation;
use crate::options::Metadata;
use crate::report::LostMetadata;

/// Collects what a new picture of `width` × `height` pixels carries on beside its profile.
pub(crate) fn collect(reading: &Reading<'_>, policy: Metadata, width: u32, height: u32) -> Carried {
    let (row, data, info) = (reading.row, reading.data, &reading.info);
    let mut carried = Carried {
        change: Change {
            from: (info.width, info.height),
            to: (width, height),
            turned: info.orientation != Orientation::Upright,
        },
        ..Carried::default()
    };
    if policy != Metadata::Strip {
        carried.exif = match (row.exif)(data) {
            Exif::None => None,
            Exif::Broken => {
                carried.lose(LostMetadata::Exif);
                None
            }
            Exif::Block(block) => exif::for_new_picture(&block, policy, width, height),
            Exif::FirstDirectory(file) => exif::from_tiff(file, policy, width, height),
        };
    }
    (row.rest)(data, policy, &mut carried);
    carried
}
