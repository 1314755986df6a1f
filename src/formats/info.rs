//! What the probe says about a photo.

use serde::Serialize;

use super::format::Format;
use crate::Orientation;

/// The density of formats whose coders spend next to nothing on an area of one colour. So many pixels in so few bytes are
/// no photo: a WebP or HEIC of one colour has a third of them, and 20 megapixels are let pass whatever their bytes.
pub(crate) const CODED_DENSITY: u64 = 20_000_000;

/// What a photo's header says, without a pixel decoded.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ImageInfo {
    /// The format, by the file's first bytes.
    pub format: Format,
    /// Width in pixels, as stored (before orientation).
    pub width: u32,
    /// Height in pixels, as stored (before orientation).
    pub height: u32,
    /// What turns the stored picture upright. For HEIC this is always upright: its turns belong to the picture, and
    /// `width` and `height` are those after them.
    #[serde(serialize_with = "as_exif")]
    pub orientation: Orientation,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Bits a channel, as stored.
    pub bit_depth: u8,
    /// The colour model of the stored pixels.
    pub color: ColorModel,
    /// Whether there is an alpha channel or a transparent colour.
    pub alpha: bool,
    /// Frames of an animation; 1 for a still picture.
    pub frames: u32,
    /// Pictures in the file (TIFF pages, MPO pictures); 1 for most photos.
    pub images: u32,
    /// The description of the embedded ICC profile, or an empty text where it has none; `None` without a profile.
    pub profile: Option<String>,
    /// Whether the values are of a transfer function for high dynamic range: PQ or HLG.
    pub hdr: bool,
    /// Whether an Ultra HDR gain map comes with the picture.
    pub gain_map: bool,
    /// Whether the video of a motion photo comes with the picture.
    pub motion_photo: bool,
    /// Whether the file has metadata beside the profile: EXIF, XMP, IPTC or comments.
    pub metadata: bool,
    /// What only a JPEG has.
    pub jpeg: Option<JpegInfo>,
    /// Bytes of the metadata and of the profile, some of which a new picture takes over.
    #[serde(skip)]
    pub(crate) carried: u64,
    /// The most pixels that 1,000 bytes of such a file can hold.
    #[serde(skip)]
    pub(crate) density: u64,
    /// Whether such files, where they conform, may be kept: common readers open them.
    #[serde(skip)]
    pub(crate) plain: bool,
    /// Whether a file that may be kept by its header can still turn out to be one that is encoded anew: as it has metadata that
    /// cannot be taken out, or run lengths that only some readers follow.
    #[serde(skip)]
    pub(crate) may_be_anew: bool,
    /// Bytes that its decoder holds beside the samples of the picture, where only the file tells.
    #[serde(skip)]
    pub(crate) decoder_memory: u64,
}

fn as_exif<S: serde::Serializer>(orientation: &Orientation, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_u8(orientation.to_exif())
}

impl ImageInfo {
    /// Width and height in pixels once the picture is upright.
    #[must_use]
    pub fn upright_size(&self) -> (u32, u32) {
        self.orientation.apply_to_size(self.width, self.height)
    }

    /// Width × height, in pixels.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// The colour model of stored pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ColorModel {
    /// One channel of gray.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Indices into a palette of RGB colours.
    Palette,
    /// Luma and two chroma channels.
    YCbCr,
    /// Four inks.
    Cmyk,
    /// Four inks, the first three coded as YCbCr (Adobe).
    Ycck,
    /// L*a*b*.
    Lab,
}

impl ColorModel {
    /// Whether it is inks and no light.
    pub(crate) const fn is_inks(self) -> bool {
        matches!(self, Self::Cmyk | Self::Ycck)
    }

    /// The usual name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gray => "gray",
            Self::Rgb => "RGB",
            Self::Palette => "palette",
            Self::YCbCr => "YCbCr",
            Self::Cmyk => "CMYK",
            Self::Ycck => "YCCK",
            Self::Lab => "Lab",
        }
    }
}

/// The coding process of a JPEG frame (ITU-T T.81, table B.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum JpegProcess {
    /// Baseline DCT (SOF0).
    Baseline,
    /// Extended sequential DCT, Huffman coding (SOF1).
    Extended,
    /// Progressive DCT, Huffman coding (SOF2).
    Progressive,
    /// Lossless, Huffman coding (SOF3).
    Lossless,
    /// Any of the hierarchical processes (SOF5 to SOF7, SOF13 to SOF15).
    Hierarchical,
    /// Sequential or progressive DCT or lossless, arithmetic coding (SOF9 to SOF11).
    Arithmetic,
}

impl JpegInfo {
    /// Whether decoding holds all coefficients, at 16 bits: of a sequential picture in several scans. Those of a progressive
    /// one are read in step.
    pub(crate) fn by_coefficients(&self) -> bool {
        self.process != JpegProcess::Progressive && !self.interleaved
    }

    /// Samples of its components for each 64 pixels: 192 for 4:4:4, 96 for 4:2:0.
    pub(crate) fn samples(&self) -> u64 {
        let product = |&(h, v): &(u8, u8)| u64::from(h) * u64::from(v);
        let largest = |side: fn(&(u8, u8)) -> u8| self.sampling.iter().map(side).max().map_or(1, u64::from).max(1);
        let all: u64 = self.sampling.iter().map(product).sum();
        (64 * all).div_ceil(largest(|s| s.0) * largest(|s| s.1))
    }
}

impl JpegProcess {
    /// The usual name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Extended => "extended",
            Self::Progressive => "progressive",
            Self::Lossless => "lossless",
            Self::Hierarchical => "hierarchical",
            Self::Arithmetic => "arithmetic-coded",
        }
    }
}

/// What the header of a JPEG says beside its size.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JpegInfo {
    /// The coding process.
    pub process: JpegProcess,
    /// The sampling factors (horizontal, vertical) of each component, in the frame's order.
    pub sampling: Vec<(u8, u8)>,
    /// The quantisation table of each component in natural (row-major) order; `None` where the header lacks it.
    #[serde(skip)]
    pub quantisation: Vec<Option<[u16; 64]>>,
    /// The quality that the luma table stands for on the scale of the Independent JPEG Group, 1 to 100; `None` where
    /// there is no table.
    pub quality: Option<u8>,
    /// MCUs between restart markers; 0 without.
    pub restart_interval: u16,
    /// Whether the first scan has all components. A baseline JPEG without, which is rare, is decoded through its
    /// coefficients, all of them held at once; the scans of a progressive one are read in step.
    pub interleaved: bool,
}

impl JpegInfo {
    /// The usual name of the chroma subsampling (`4:4:4`, `4:2:2`, `4:4:0`, `4:2:0`, `4:1:1`, `4:1:0`), or `None`
    /// for gray and for arrangements without a name.
    #[must_use]
    pub fn subsampling(&self) -> Option<&'static str> {
        let [(h, v), cb, cr] = self.sampling[..] else {
            return None;
        };
        if cb != cr || cb.0 == 0 || cb.1 == 0 || h % cb.0 != 0 || v % cb.1 != 0 {
            return None;
        }
        match (h / cb.0, v / cb.1) {
            (1, 1) => Some("4:4:4"),
            (2, 1) => Some("4:2:2"),
            (1, 2) => Some("4:4:0"),
            (2, 2) => Some("4:2:0"),
            (4, 1) => Some("4:1:1"),
            (4, 2) => Some("4:1:0"),
            _ => None,
        }
    }
}
