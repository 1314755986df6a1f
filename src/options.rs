//! What a caller may choose. Every field has a default that suits an upload; see [`Options`].

use std::str::FromStr;

use crate::invalid_option::InvalidOption;
use crate::limits::Limits;
use crate::report::LossKind;

/// How a photo is prepared.
///
/// Start from [`Options::default`] and change what matters:
///
/// ```
/// use photofit::{Limits, Metadata, Options, Quality};
/// # fn main() -> Result<(), photofit::InvalidOption> {
/// let options = Options::default()
///     .with_limits(Limits::bigin().with_max_bytes(2_000_000))
///     .with_quality(Quality::fixed(82)?)
///     .with_metadata(Metadata::Strip);
/// # let _ = options; Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    limits: Limits,
    format: OutputFormat,
    quality: Quality,
    min_quality: u8,
    chroma: Chroma,
    filter: Filter,
    light: Light,
    colour: Colour,
    effort: Effort,
    metadata: Metadata,
    check: Check,
    on_damage: OnDamage,
    deny_loss: Vec<LossKind>,
    background: [u8; 3],
    max_source_pixels: u64,
    max_memory: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::bigin(),
            format: OutputFormat::Auto,
            quality: Quality::Auto,
            min_quality: 60,
            chroma: Chroma::Auto,
            filter: Filter::Lanczos3,
            light: Light::Linear,
            colour: Colour::Keep,
            effort: Effort::Balanced,
            metadata: Metadata::Privacy,
            check: Check::Full,
            on_damage: OnDamage::Refuse,
            deny_loss: Vec::new(),
            background: [255; 3],
            max_source_pixels: 300_000_000,
            max_memory: 2_000_000_000,
        }
    }
}

impl Options {
    /// The default options: the same as [`Options::default`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The limits of the service. Default: [`Limits::bigin`].
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The format of what is written. Default: [`OutputFormat::Auto`].
    #[must_use]
    pub fn with_format(mut self, format: OutputFormat) -> Self {
        self.format = format;
        self
    }

    /// The JPEG quality. Default: [`Quality::Auto`].
    #[must_use]
    pub fn with_quality(mut self, quality: Quality) -> Self {
        self.quality = quality;
        self
    }

    /// The quality (1 to 100) below which a photo that has too many bytes is made smaller instead of coarser.
    /// Default: 60. A [`Quality::fixed`] below it lowers it.
    ///
    /// # Errors
    /// [`InvalidOption`] outside 1 to 100.
    pub fn with_min_quality(mut self, quality: u8) -> Result<Self, InvalidOption> {
        self.min_quality = checked_quality(quality)?;
        Ok(self)
    }

    /// The chroma subsampling of a JPEG that is written. Default: [`Chroma::Auto`].
    #[must_use]
    pub fn with_chroma(mut self, chroma: Chroma) -> Self {
        self.chroma = chroma;
        self
    }

    /// The resampling filter. Default: [`Filter::Lanczos3`].
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// The light in which pixels are averaged. Default: [`Light::Linear`].
    #[must_use]
    pub fn with_light(mut self, light: Light) -> Self {
        self.light = light;
        self
    }

    /// What becomes of colours that are not sRGB's. Default: [`Colour::Keep`].
    #[must_use]
    pub fn with_colour(mut self, colour: Colour) -> Self {
        self.colour = colour;
        self
    }

    /// How hard a JPEG that is written is compressed. Default: [`Effort::Balanced`].
    #[must_use]
    pub fn with_effort(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }

    /// Which metadata the result carries. Default: [`Metadata::Privacy`].
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// How a photo that already conforms is checked before it is returned as it is. Default: [`Check::Full`].
    #[must_use]
    pub fn with_check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// What happens to a photo of which only a part can be read. Default: [`OnDamage::Refuse`].
    #[must_use]
    pub fn with_on_damage(mut self, on_damage: OnDamage) -> Self {
        self.on_damage = on_damage;
        self
    }

    /// Losses that are errors instead of notes in the report. Default: none.
    #[must_use]
    pub fn with_deny_loss(mut self, kinds: impl IntoIterator<Item = LossKind>) -> Self {
        self.deny_loss = kinds.into_iter().collect();
        self
    }

    /// The colour (sRGB) behind transparent pixels when the result cannot hold alpha. Default: white.
    #[must_use]
    pub fn with_background(mut self, rgb: [u8; 3]) -> Self {
        self.background = rgb;
        self
    }

    /// The most pixels a source may claim; more is refused before anything is allocated. Default: 300,000,000.
    #[must_use]
    pub fn with_max_source_pixels(mut self, pixels: u64) -> Self {
        self.max_source_pixels = pixels;
        self
    }

    /// The most bytes that the pixels of one photo may take while it is prepared, as estimated from its header; more
    /// is refused before anything is allocated. Default: 2,000,000,000, which lets panoramas of 200 MP through in every
    /// format.
    #[must_use]
    pub fn with_max_memory(mut self, bytes: u64) -> Self {
        self.max_memory = bytes;
        self
    }

    /// See [`with_limits`](Self::with_limits).
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// See [`with_format`](Self::with_format).
    #[must_use]
    pub fn format(&self) -> OutputFormat {
        self.format
    }

    /// See [`with_quality`](Self::with_quality).
    #[must_use]
    pub fn quality(&self) -> Quality {
        self.quality
    }

    /// See [`with_min_quality`](Self::with_min_quality).
    #[must_use]
    pub fn min_quality(&self) -> u8 {
        self.min_quality
    }

    /// See [`with_chroma`](Self::with_chroma).
    #[must_use]
    pub fn chroma(&self) -> Chroma {
        self.chroma
    }

    /// See [`with_filter`](Self::with_filter).
    #[must_use]
    pub fn filter(&self) -> Filter {
        self.filter
    }

    /// See [`with_light`](Self::with_light).
    #[must_use]
    pub fn light(&self) -> Light {
        self.light
    }

    /// See [`with_colour`](Self::with_colour).
    #[must_use]
    pub fn colour(&self) -> Colour {
        self.colour
    }

    /// See [`with_effort`](Self::with_effort).
    #[must_use]
    pub fn effort(&self) -> Effort {
        self.effort
    }

    /// See [`with_metadata`](Self::with_metadata).
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        self.metadata
    }

    /// See [`with_check`](Self::with_check).
    #[must_use]
    pub fn check(&self) -> Check {
        self.check
    }

    /// See [`with_on_damage`](Self::with_on_damage).
    #[must_use]
    pub fn on_damage(&self) -> OnDamage {
        self.on_damage
    }

    /// See [`with_deny_loss`](Self::with_deny_loss).
    #[must_use]
    pub fn deny_loss(&self) -> &[LossKind] {
        &self.deny_loss
    }

    /// See [`with_background`](Self::with_background).
    #[must_use]
    pub fn background(&self) -> [u8; 3] {
        self.background
    }

    /// See [`with_max_source_pixels`](Self::with_max_source_pixels).
    #[must_use]
    pub fn max_source_pixels(&self) -> u64 {
        self.max_source_pixels
    }

    /// See [`with_max_memory`](Self::with_max_memory).
    #[must_use]
    pub fn max_memory(&self) -> u64 {
        self.max_memory
    }
}

/// The quality of a JPEG that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Quality(Option<u8>);

impl Quality {
    /// 90, but never above the source's own quality where that can be estimated from its quantisation tables: bytes
    /// above the source's quality buy nothing.
    #[allow(non_upper_case_globals)]
    pub const Auto: Self = Self(None);

    /// A quality from 1 (smallest) to 100 (best), on the scale of the Independent JPEG Group. It is taken as given, and
    /// lowered only when the photo would otherwise have more bytes than the limit.
    ///
    /// # Errors
    /// [`InvalidOption`] outside 1 to 100.
    pub fn fixed(quality: u8) -> Result<Self, InvalidOption> {
        checked_quality(quality).map(|q| Self(Some(q)))
    }

    /// The number, or `None` for [`Quality::Auto`].
    #[must_use]
    pub fn value(self) -> Option<u8> {
        self.0
    }
}

fn checked_quality(quality: u8) -> Result<u8, InvalidOption> {
    if (1..=100).contains(&quality) {
        Ok(quality)
    } else {
        Err(InvalidOption::new("quality", quality, "a number from 1 to 100"))
    }
}

impl FromStr for Quality {
    type Err = InvalidOption;

    /// `auto` or a number from 1 to 100.
    fn from_str(s: &str) -> Result<Self, InvalidOption> {
        if s == "auto" {
            return Ok(Self::Auto);
        }
        s.parse::<u8>()
            .ok()
            .and_then(|q| Self::fixed(q).ok())
            .ok_or_else(|| InvalidOption::new("quality", s, "auto, or a number from 1 to 100"))
    }
}

/// Defines a choice of named values: the enum, its names, and `FromStr` that lists them when it refuses.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident, $option:literal, { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vmeta])* $variant),+
        }

        impl $name {
            /// Every choice, by the name that the command line takes.
            pub const ALL: &[(Self, &str)] = &[$((Self::$variant, $text)),+];

            /// The name that the command line takes.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl FromStr for $name {
            type Err = InvalidOption;

            fn from_str(s: &str) -> Result<Self, InvalidOption> {
                Self::ALL.iter().find(|(_, name)| *name == s).map(|(v, _)| *v).ok_or_else(|| {
                    let names: Vec<&str> = Self::ALL.iter().map(|(_, name)| *name).collect();
                    InvalidOption::new($option, s, format!("one of {}", names.join(", ")))
                })
            }
        }
    };
}

choice! {
    /// The format of what is written.
    OutputFormat, "format", {
        /// The source's if it is accepted, can be written and fits; otherwise PNG with alpha and JPEG without.
        #[default]
        Auto = "auto",
        /// JPEG; transparent pixels are laid on the background, which is recorded as a loss.
        Jpeg = "jpeg",
        /// PNG, 8 bits a channel.
        Png = "png",
    }
}

choice! {
    /// The chroma subsampling of a JPEG that is written.
    Chroma, "chroma", {
        /// The source's if it is a JPEG, otherwise 4:2:0.
        #[default]
        Auto = "auto",
        /// Chroma at full resolution.
        Full = "444",
        /// Chroma at half the horizontal resolution.
        Half = "422",
        /// Chroma at half the resolution in both directions.
        Quarter = "420",
    }
}

choice! {
    /// The resampling filter.
    Filter, "filter", {
        /// Windowed sinc with three lobes: the field's standard, sharp.
        #[default]
        Lanczos3 = "lanczos3",
        /// Cubic by Catmull and Rom: a little softer, rings less.
        CatmullRom = "catmull-rom",
        /// Triangle: soft, never rings.
        Bilinear = "bilinear",
        /// Average of the pixels under each target pixel: fastest.
        Box = "box",
    }
}

choice! {
    /// The light in which pixels are averaged.
    Light, "light", {
        /// Linear light, through the sRGB curve at 16 bits: fine detail keeps its brightness.
        #[default]
        Linear = "linear",
        /// The stored, gamma-coded values, as most tools do: a little faster, darkens fine detail.
        Gamma = "gamma",
    }
}

choice! {
    /// What becomes of colours that are not sRGB's. Whatever is said about them, a viewer that heeds profiles shows the same.
    Colour, "colour", {
        /// They stay, with their profile. What no profile of a JPEG or PNG can say is converted to sRGB: values of high
        /// dynamic range, which is a loss, inks, and linear light.
        #[default]
        Keep = "keep",
        /// They are converted to sRGB, for services that ignore profiles: a photo with another profile is encoded anew, and
        /// what is encoded has none.
        Srgb = "srgb",
    }
}

choice! {
    /// How hard a JPEG that is written is compressed. `Fastest` and `Balanced` write the same coefficients in different bytes;
    /// `Smallest` also changes coefficients (trellis quantisation).
    Effort, "effort", {
        /// Sequential with the standard's typical Huffman tables: written as it is made, in the least time and memory.
        Fastest = "fastest",
        /// Sequential with Huffman tables of the picture's own. Over 23 camera photos and an upload at 20 Mbit/s this
        /// takes the least time in all: 2.3% fewer bytes than `Fastest` for 3.5% more processor time.
        #[default]
        Balanced = "balanced",
        /// Progressive, with Huffman tables for each scan and trellis quantisation, which leaves out coefficients that cost more
        /// bits than they bring likeness: about a fifth fewer bytes than `Balanced` and a little less likeness, for three
        /// times the processor time. The picture's coefficients are held.
        Smallest = "smallest",
    }
}

choice! {
    /// Which metadata the result carries. The orientation is always resolved, and a colour profile always kept.
    Metadata, "metadata", {
        /// Everything that stays true: also the place, serial numbers and comments.
        Keep = "keep",
        /// Copyright, artist, camera, lens, exposure and the time taken; nothing that tells where it was or whose it
        /// is: no GPS, serial numbers, owner, maker notes, thumbnails, XMP, IPTC, comments.
        #[default]
        Privacy = "privacy",
        /// Nothing but the colour profile.
        Strip = "strip",
    }
}

choice! {
    /// How a photo that already conforms is checked before it is returned as it is.
    Check, "check", {
        /// It is decoded, so that a broken photo is never passed on.
        #[default]
        Full = "full",
        /// Only its structure is read: much faster, misses damage inside the compressed data.
        Header = "header",
    }
}

choice! {
    /// What happens to a photo of which only a part can be read.
    OnDamage, "on-damage", {
        /// It is an error that says how much could be read.
        #[default]
        Refuse = "refuse",
        /// The readable part is kept, the rest is gray, and the loss is recorded.
        Keep = "keep",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_refusals_list_what_is_accepted() {
        for &(value, name) in Metadata::ALL {
            assert_eq!(name.parse(), Ok(value));
            assert_eq!(value.name(), name);
        }
        let message = "all".parse::<Metadata>().unwrap_err().to_string();
        assert_eq!(message, "metadata cannot be all: one of keep, privacy, strip");
    }

    #[test]
    fn quality_is_auto_or_1_to_100() {
        assert_eq!("auto".parse(), Ok(Quality::Auto));
        assert_eq!("1".parse::<Quality>().unwrap().value(), Some(1));
        for bad in ["0", "101", "256", "-1", "best", ""] {
            assert!(bad.parse::<Quality>().is_err(), "{bad}");
        }
        assert!(Options::default().with_min_quality(0).is_err());
    }
}
