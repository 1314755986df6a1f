//! What was done to a photo, in a form that programs read: the field names are stable.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::formats::format::Format;
use crate::invalid_option::InvalidOption;

/// What was done to one photo.
///
/// ```
/// use photofit::{Limits, Options};
///
/// let photo = include_bytes!("../testdata/orientation/orientation-6.jpg");
/// let limits = Limits::bigin().with_max_side(20);
/// let prepared = photofit::prepare(photo, &Options::default().with_limits(limits))?;
/// let report = prepared.report();
/// assert!(report.result.width.max(report.result.height) <= 20);
/// for loss in &report.losses {
///     println!("{loss}"); // "gain-map: the picture is the standard-range one", say
/// }
/// # Ok::<(), photofit::Error>(())
/// ```
///
/// Serialises to
/// `{"action","source":{"format","width","height","bytes","orientation"},"result":{"format","width","height","bytes",
/// "quality"},"losses":[…],"encodes","elapsed_ms"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Whether the photo came back as it was, with other metadata, or encoded anew.
    pub action: Action,
    /// The photo as it came.
    pub source: SourceSummary,
    /// The photo as it is returned.
    pub result: Outcome,
    /// What the result lacks that the source had; empty for most photos.
    pub losses: Vec<Loss>,
    /// How many times the pixels were encoded to meet the limits; 0 unless transcoded.
    pub encodes: u32,
    /// The time it took.
    #[serde(
        rename = "elapsed_ms",
        serialize_with = "as_milliseconds",
        deserialize_with = "from_milliseconds"
    )]
    pub elapsed: Duration,
}

fn as_milliseconds<S: serde::Serializer>(elapsed: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64((elapsed.as_secs_f64() * 1e4).round() / 10.0)
}

fn from_milliseconds<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    let milliseconds = f64::deserialize(d)?;
    Duration::try_from_secs_f64(milliseconds / 1e3).map_err(serde::de::Error::custom)
}

/// What had to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Action {
    /// Nothing: the bytes are the source's.
    Kept,
    /// Metadata was changed, or a JPEG turned upright by its coefficients: nothing of the picture is lost, and it was not
    /// encoded anew. Where only metadata was changed, the compressed picture is the source's, byte for byte.
    Rewritten,
    /// The picture was decoded and encoded anew.
    Transcoded,
}

impl Action {
    /// The name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Rewritten => "rewritten",
            Self::Transcoded => "transcoded",
        }
    }
}

/// A photo as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceSummary {
    /// Its format.
    pub format: Format,
    /// Width in pixels, as stored (before orientation).
    pub width: u32,
    /// Height in pixels, as stored (before orientation).
    pub height: u32,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// The EXIF orientation, 1 to 8; 1 where the file has none.
    pub orientation: u8,
}

/// A photo as it is returned: always upright.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Its format.
    pub format: Format,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// The JPEG quality it was encoded at, 1 to 100, in steps of a tenth when the byte limit decided; `None` unless a
    /// JPEG was encoded.
    pub quality: Option<f32>,
}

/// Something that the source had and the result lacks. A smaller size is no loss: it is what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Loss {
    /// Only the first frame was kept.
    Animation {
        /// The frames of the source.
        frames: u32,
    },
    /// Only the first page or picture was kept (multi-page TIFF, MPO, HEIF collections).
    ExtraImages {
        /// The pictures of the source.
        images: u32,
    },
    /// Transparent pixels were laid on the background.
    Alpha,
    /// More than 8 bits a channel were reduced to 8.
    BitDepth {
        /// Bits a channel in the source.
        bits: u8,
    },
    /// CMYK inks were converted to RGB.
    Cmyk,
    /// The colour profile did not suit the result, or could not be used, and was dropped.
    Profile,
    /// The gain map of an Ultra HDR photo was dropped: the picture is the standard-range one.
    GainMap,
    /// The video of a motion photo was dropped.
    MotionPhoto,
    /// High dynamic range (PQ or HLG) was tone-mapped to sRGB.
    Hdr,
    /// Only a part of the picture could be read.
    Damage {
        /// The readable fraction, 0 to 1.
        readable: f64,
    },
    /// Metadata that the policy keeps could not be kept: it is broken, or the result's format has no room for it. What the
    /// policy removes is no loss.
    Metadata {
        /// What was lost.
        what: LostMetadata,
    },
}

/// The metadata that a [`Loss::Metadata`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LostMetadata {
    /// The EXIF block, or fields of it.
    Exif,
    /// The maker note of the EXIF block.
    MakerNote,
    /// The XMP packet.
    Xmp,
    /// IPTC and other Photoshop resources.
    Iptc,
    /// Comments and other texts.
    Text,
    /// What only the source's format has: segments or chunks of other programs.
    Other,
}

impl LostMetadata {
    /// What it is called in a sentence.
    const fn words(self) -> &'static str {
        match self {
            Self::Exif => "EXIF fields",
            Self::MakerNote => "the maker note",
            Self::Xmp => "the XMP packet",
            Self::Iptc => "IPTC or Photoshop resources",
            Self::Text => "comments or texts",
            Self::Other => "segments or chunks of other programs",
        }
    }
}

impl Loss {
    /// Which kind of loss it is.
    #[must_use]
    pub const fn kind(&self) -> LossKind {
        match self {
            Self::Animation { .. } => LossKind::Animation,
            Self::ExtraImages { .. } => LossKind::ExtraImages,
            Self::Alpha => LossKind::Alpha,
            Self::BitDepth { .. } => LossKind::BitDepth,
            Self::Cmyk => LossKind::Cmyk,
            Self::Profile => LossKind::Profile,
            Self::GainMap => LossKind::GainMap,
            Self::MotionPhoto => LossKind::MotionPhoto,
            Self::Hdr => LossKind::Hdr,
            Self::Damage { .. } => LossKind::Damage,
            Self::Metadata { .. } => LossKind::Metadata,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Animation { frames } => write!(f, "animation: 1 of {frames} frames kept"),
            Self::ExtraImages { images } => write!(f, "extra-images: 1 of {images} pictures kept"),
            Self::Alpha => f.write_str("alpha: transparent pixels laid on the background"),
            Self::BitDepth { bits } => write!(f, "bit-depth: {bits} bits a channel reduced to 8"),
            Self::Cmyk => f.write_str("cmyk: inks converted to RGB"),
            Self::Profile => f.write_str("profile: the colour profile does not suit the result or cannot be used"),
            Self::GainMap => f.write_str("gain-map: the picture is the standard-range one"),
            Self::MotionPhoto => f.write_str("motion-photo: the video was dropped"),
            Self::Hdr => f.write_str("hdr: high dynamic range tone-mapped to sRGB"),
            Self::Damage { readable } => write!(f, "damage: {}", readable_part(*readable)),
            Self::Metadata { what } => write!(f, "metadata: {} could not be kept", what.words()),
        }
    }
}

/// How much of a damaged picture can be read, in words: never all of it as a number.
pub(crate) fn readable_part(readable: f64) -> String {
    if readable >= 1.0 {
        return "every row can be read, but its checksum says that they are not what was written".to_owned();
    }
    format!("{:.1}% of the picture can be read", (readable * 1000.0).floor() / 10.0)
}

/// A kind of [`Loss`], to be denied by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LossKind {
    /// See [`Loss::Animation`].
    Animation,
    /// See [`Loss::ExtraImages`].
    ExtraImages,
    /// See [`Loss::Alpha`].
    Alpha,
    /// See [`Loss::BitDepth`].
    BitDepth,
    /// See [`Loss::Cmyk`].
    Cmyk,
    /// See [`Loss::Profile`].
    Profile,
    /// See [`Loss::GainMap`].
    GainMap,
    /// See [`Loss::MotionPhoto`].
    MotionPhoto,
    /// See [`Loss::Hdr`].
    Hdr,
    /// See [`Loss::Damage`].
    Damage,
    /// See [`Loss::Metadata`].
    Metadata,
}

impl LossKind {
    /// Every kind, in a fixed order.
    pub const ALL: &[Self] = &[
        Self::Animation,
        Self::ExtraImages,
        Self::Alpha,
        Self::BitDepth,
        Self::Cmyk,
        Self::Profile,
        Self::GainMap,
        Self::MotionPhoto,
        Self::Hdr,
        Self::Damage,
        Self::Metadata,
    ];

    /// The name that the command line and reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Animation => "animation",
            Self::ExtraImages => "extra-images",
            Self::Alpha => "alpha",
            Self::BitDepth => "bit-depth",
            Self::Cmyk => "cmyk",
            Self::Profile => "profile",
            Self::GainMap => "gain-map",
            Self::MotionPhoto => "motion-photo",
            Self::Hdr => "hdr",
            Self::Damage => "damage",
            Self::Metadata => "metadata",
        }
    }
}

impl fmt::Display for LossKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LossKind {
    type Err = InvalidOption;

    fn from_str(s: &str) -> Result<Self, InvalidOption> {
        Self::ALL.iter().copied().find(|k| k.name() == s).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|k| k.name()).collect();
            InvalidOption::new("deny-loss", s, format!("one of {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_serialises_under_the_name_that_denies_it() {
        let losses = [
            Loss::Animation { frames: 3 },
            Loss::ExtraImages { images: 2 },
            Loss::Alpha,
            Loss::BitDepth { bits: 16 },
            Loss::Cmyk,
            Loss::Profile,
            Loss::GainMap,
            Loss::MotionPhoto,
            Loss::Hdr,
            Loss::Damage { readable: 0.5 },
            Loss::Metadata {
                what: LostMetadata::Exif,
            },
        ];
        assert_eq!(losses.len(), LossKind::ALL.len());
        for (loss, kind) in losses.iter().zip(LossKind::ALL.iter().copied()) {
            assert_eq!(loss.kind(), kind);
            assert_eq!(kind.name().parse(), Ok(kind));
            let json = serde_json::to_value(loss).unwrap();
            assert_eq!(json["kind"], kind.name());
            assert!(loss.to_string().starts_with(kind.name()));
        }
    }
}
