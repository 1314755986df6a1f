//! The file formats that photofit knows, by name.

use std::fmt;
use std::str::FromStr;

use crate::invalid_option::InvalidOption;

/// A file format that photofit reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// JPEG (ITU-T T.81), with MPO, Ultra HDR and motion photos, whose first picture is a plain JPEG.
    Jpeg,
    /// PNG, also animated.
    Png,
    /// GIF, also animated.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// WebP, also animated.
    WebP,
    /// TIFF and BigTIFF; the first page counts.
    Tiff,
    /// HEIF with HEVC coding (HEIC), as phones write it.
    Heif,
}

impl Format {
    /// Every format, in a fixed order.
    pub const ALL: &[Self] = &[
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::Bmp,
        Self::WebP,
        Self::Tiff,
        Self::Heif,
    ];

    /// Its usual name, its usual file name extension and its media type.
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Jpeg => ("JPEG", "jpg", "image/jpeg"),
            Self::Png => ("PNG", "png", "image/png"),
            Self::Gif => ("GIF", "gif", "image/gif"),
            Self::Bmp => ("BMP", "bmp", "image/bmp"),
            Self::WebP => ("WebP", "webp", "image/webp"),
            Self::Tiff => ("TIFF", "tif", "image/tiff"),
            Self::Heif => ("HEIC", "heic", "image/heic"),
        }
    }

    /// The feature without which it is not read, if this build was made so.
    pub(crate) const fn lacks(self) -> Option<&'static str> {
        match self {
            Self::Heif if !cfg!(feature = "heic") => Some("heic"),
            _ => None,
        }
    }

    /// The usual name, as in "a PNG file".
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.names().0
    }

    /// The usual file name extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        self.names().1
    }

    /// The media type, as a `Content-Type` header wants it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        self.names().2
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = InvalidOption;

    /// The name that the command line takes, in lower case: `jpeg`, `heic`; `heif`, as reports say it, is the same.
    fn from_str(s: &str) -> Result<Self, InvalidOption> {
        let named = |format: &Self| s == format.name().to_ascii_lowercase() || (s == "heif" && *format == Self::Heif);
        Self::ALL.iter().copied().find(named).ok_or_else(|| {
            let names: Vec<_> = Self::ALL
                .iter()
                .map(|format| format.name().to_ascii_lowercase())
                .collect();
            InvalidOption::new("accept", s, format!("one of {}", names.join(", ")))
        })
    }
}

/// The formats that this build reads.
pub(crate) const READABLE: FormatSet = {
    let mut readable = FormatSet(0);
    let mut i = 0;
    while i < Format::ALL.len() {
        if Format::ALL[i].lacks().is_none() {
            readable.0 |= 1 << Format::ALL[i] as u16;
        }
        i += 1;
    }
    readable
};

/// A set of [`Format`]s.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct FormatSet(u16);

impl FormatSet {
    /// The set of the formats listed.
    #[must_use]
    pub const fn of(formats: &[Format]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < formats.len() {
            bits |= 1 << formats[i] as u16;
            i += 1;
        }
        Self(bits)
    }

    /// Whether `format` is in the set.
    #[must_use]
    pub const fn contains(self, format: Format) -> bool {
        self.0 & (1 << format as u16) != 0
    }

    /// The formats of the set, in the order of [`Format::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Format> {
        Format::ALL.iter().copied().filter(move |&f| self.contains(f))
    }
}

impl fmt::Display for FormatSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, format) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            f.write_str(format.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for FormatSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_refusals_list_what_is_accepted() {
        for &format in Format::ALL {
            assert_eq!(format.name().to_lowercase().parse(), Ok(format));
            let reported = serde_json::to_value(format).unwrap();
            assert_eq!(reported.as_str().unwrap().parse(), Ok(format));
        }
        let message = "JPEG".parse::<Format>().unwrap_err().to_string();
        assert_eq!(
            message,
            "accept cannot be JPEG: one of jpeg, png, gif, bmp, webp, tiff, heic"
        );
    }
}
