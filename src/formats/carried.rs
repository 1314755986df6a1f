//! What a new picture carries beside its pixels.

use super::exif;
use super::xmp::{self, Change};
use crate::report::{Loss, LostMetadata};

/// What a new picture takes over from its source, already filtered by the policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    /// An EXIF block: a TIFF structure without `Exif\0\0`.
    pub(crate) exif: Option<Vec<u8>>,
    /// An ICC profile that describes the picture.
    pub(crate) icc: Option<Vec<u8>>,
    /// An XMP packet, as the source has it, and what a JPEG has of it in further segments.
    pub(super) xmp: Option<Vec<u8>>,
    pub(super) xmp_extension: Option<Vec<u8>>,
    /// Photoshop resources, IPTC among them.
    pub(super) resources: Option<Vec<u8>>,
    /// Comments, as (keyword, text) in Latin-1 or UTF-8 as they were.
    pub(super) comments: Vec<(Vec<u8>, Vec<u8>)>,
    /// Application segments of a JPEG that other programs have put there, by their number.
    pub(super) segments: Vec<(u8, Vec<u8>)>,
    /// Chunks of a PNG that say how its samples are to be read (sRGB, gAMA, cHRM, cICP).
    pub(crate) png_color: Vec<Vec<u8>>,
    /// What the new picture is to its source: XMP is made true of it when it is written.
    pub(super) change: Change,
    /// What the policy keeps and could not be read.
    pub(super) lost: Vec<LostMetadata>,
}

/// XMP as it is written.
pub(super) struct WrittenXmp {
    pub(super) packet: Option<Vec<u8>>,
    pub(super) extension: Option<Vec<u8>>,
    /// Whether there was more of it.
    pub(super) lost: bool,
}

impl Carried {
    /// The picture has become smaller than was planned.
    pub(crate) fn set_size(&mut self, width: u32, height: u32) {
        if let Some(block) = &mut self.exif {
            *block = exif::with_size(block, width, height);
        }
        self.change.to = (width, height);
    }

    /// Notes that something which the policy keeps could not be taken over.
    pub(super) fn lose(&mut self, what: LostMetadata) {
        self.lost.push(what);
    }

    /// XMP made true of the new picture.
    pub(super) fn written_xmp(&self) -> WrittenXmp {
        let written = |packet: &Option<Vec<u8>>| {
            let packet = packet.as_deref()?;
            Some(xmp::for_new_picture(packet, &self.change))
        };
        let parts = [written(&self.xmp), written(&self.xmp_extension)];
        let lost = |part: &Option<Option<(Vec<u8>, bool)>>| match part {
            Some(Some((_, lost))) => *lost,
            Some(None) => true,
            None => false,
        };
        let lost = parts.iter().any(lost);
        let [packet, extension] = parts.map(|part| part.flatten().map(|(packet, _)| packet));
        WrittenXmp {
            packet,
            extension,
            lost,
        }
    }
}

/// The losses of these parts, each once.
pub(super) fn losses(parts: impl IntoIterator<Item = LostMetadata>) -> Vec<Loss> {
    let mut losses: Vec<Loss> = Vec::new();
    for what in parts {
        let loss = Loss::Metadata { what };
        if !losses.contains(&loss) {
            losses.push(loss);
        }
    }
    losses
}
