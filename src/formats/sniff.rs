//! The format by a file's first bytes, never by its name.

use super::brand::{brand, has_brand};
use super::format::{Format, READABLE};
use super::table::row;
use crate::error::Error;

/// The format that `data` starts like.
///
/// # Errors
/// [`Error::Empty`], [`Error::Unsupported`] for formats that are recognised and not read, [`Error::UnknownFormat`].
pub(super) fn sniff(data: &[u8]) -> Result<Format, Error> {
    if data.is_empty() {
        return Err(Error::Empty);
    }
    if let Some(format) = Format::ALL.iter().copied().find(|&format| (row(format).begins)(data)) {
        return match format.lacks() {
            None => Ok(format),
            Some(feature) => Err(Error::unsupported(format!(
                "{format} (this build lacks the feature {feature:?})"
            ))),
        };
    }
    Err(match recognised(data) {
        Some(name) => Error::unsupported(name),
        None => Error::UnknownFormat {
            start: describe(data),
            accepted: READABLE,
        },
    })
}

/// Formats that are named in the refusal, so that nobody has to guess what the file is.
fn recognised(data: &[u8]) -> Option<&'static str> {
    if let Some(brand) = brand(data) {
        return Some(match brand {
            _ if has_brand(data, b"avif") || has_brand(data, b"avis") => "AVIF",
            b"crx " => "Canon CR3 raw",
            b"jp2 " | b"jpx " | b"jpm " => "JPEG 2000",
            b"qt  " => "QuickTime video",
            [b'h' | b'm', ..] if has_brand(data, b"heic") || has_brand(data, b"mif1") => "this kind of HEIF",
            _ => "video or another ISO media file (MP4)",
        });
    }
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"\xFF\x0A", "JPEG XL"),
        (b"\0\0\0\x0CJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xFF\x4F\xFF\x51", "JPEG 2000"),
        (b"FUJIFILMCCD-RAW", "Fujifilm RAF raw"),
        (b"IIRO", "Olympus ORF raw"),
        (b"IIRS", "Olympus ORF raw"),
        (b"MMOR", "Olympus ORF raw"),
        (b"IIU\0", "Panasonic RW2 raw"),
        (b"II\x1A\0\0\0HEAPCCDR", "Canon CRW raw"),
        (b"FOVb", "Sigma X3F raw"),
        (b"\0MRM", "Minolta MRW raw"),
        (b"II\xBC\x01", "JPEG XR"),
        (b"%PDF", "PDF"),
        (b"%!PS", "PostScript"),
        (b"\xC5\xD0\xD3\xC6", "EPS"),
        (b"8BPS", "Photoshop PSD"),
        (b"gimp xcf", "GIMP XCF"),
        (b"qoif", "QOI"),
        (b"DDS ", "DDS"),
        (b"\x76\x2F\x31\x01", "OpenEXR"),
        (b"#?RADIANCE", "Radiance HDR"),
        (b"#?RGBE", "Radiance HDR"),
        (b"farbfeld", "farbfeld"),
        (b"\x8AMNG\r\n\x1A\n", "MNG"),
        (b"\x8BJNG\r\n\x1A\n", "JNG"),
        (b"\x1A\x45\xDF\xA3", "Matroska or WebM video"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1F\x8B", "gzip data"),
    ];
    if let Some((_, name)) = SIGNATURES.iter().find(|(magic, _)| data.starts_with(magic)) {
        return Some(name);
    }
    // The header of an icon file counts its pictures; a TGA that starts alike has zeros there.
    if let [0, 0, kind @ (1 | 2), 0, count, 0, ..] = data
        && *count > 0
    {
        return Some(if *kind == 1 { "ICO" } else { "CUR" });
    }
    if let [b'P', b'1'..=b'7', b' ' | b'\t' | b'\r' | b'\n' | b'#', ..] = data {
        return Some("PNM");
    }
    // SVG is text: an XML prologue, a comment or a doctype may come first.
    let head = data.get(..data.len().min(1024))?;
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    (text.starts_with(b"<") && super::bytes::contains(head, b"<svg")).then_some("SVG")
}

/// The first bytes for a message: as text if they are text, else in hexadecimal.
fn describe(data: &[u8]) -> String {
    let head = &data[..data.len().min(16)];
    if head.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) {
        format!("the text {:?}", String::from_utf8_lossy(head))
    } else {
        let hex: Vec<String> = head.iter().take(8).map(|b| format!("{b:02X}")).collect();
        format!("the bytes {}", hex.join(" "))
    }
}
