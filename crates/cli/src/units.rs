//! Numbers with units, read from the command line and written for people.

use parse_size::{ByteSuffix, Config};

/// Reads a number of bytes: `10MB`, `500 kB`, `9.5MiB`, `10_000_000`. MB is 1,000,000 bytes and MiB 1,048,576.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    match Config::new().with_decimal().parse_size(text) {
        Ok(0) | Err(_) => Err("a number of bytes is expected, such as 10MB, 500kB, 9.5MiB or 10_000_000".to_owned()),
        Ok(bytes) => Ok(bytes),
    }
}

/// Reads a number of pixels: `10MP`, `12.5 MP`, `640kP`, `10_000_000`.
pub(super) fn parse_pixels(text: &str) -> Result<u64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let number = lower.strip_suffix('p').unwrap_or(&lower);
    // A lone "P" would pass for peta, and "10 P" for ten pixels: neither is meant by anybody.
    let plain = lower.ends_with(|c: char| c.is_ascii_digit());
    let prefixed = number.ends_with(['k', 'm', 'g']);
    let pixels = Config::new().with_byte_suffix(ByteSuffix::Deny).parse_size(number);
    match pixels {
        Ok(pixels) if pixels > 0 && (plain || prefixed) => Ok(pixels),
        _ => Err("a number of pixels is expected, such as 10MP, 12.5MP or 10_000_000".to_owned()),
    }
}

/// Reads a colour: `#rrggbb`, `#rgb`, `white` or `black`.
pub(super) fn parse_color(text: &str) -> Result<[u8; 3], String> {
    let refuse = || "a colour is expected: #rrggbb, #rgb, white or black".to_owned();
    let hex = match text {
        "white" => "ffffff",
        "black" => "000000",
        _ => text.strip_prefix('#').unwrap_or(text),
    };
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    match digits.ok_or_else(refuse)?[..] {
        [r, g, b] => Ok([r * 17, g * 17, b * 17]),
        [r, s, g, h, b, c] => Ok([r * 16 + s, g * 16 + h, b * 16 + c]),
        _ => Err(refuse()),
    }
}

/// A number of bytes for people, in decimal units: `812 B`, `3.2 MB`.
pub(super) fn bytes(bytes: u64) -> String {
    scaled(bytes, "B")
}

/// A number of pixels for people: `12.2 MP`; small pictures in pixels.
pub(super) fn megapixels(pixels: u64) -> String {
    if pixels < 10_000 {
        format!("{pixels} px")
    } else {
        let mega = pixels as f64 / 1e6;
        trimmed(mega, if mega < 1.0 { 2 } else { 1 }) + " MP"
    }
}

fn scaled(number: u64, unit: &str) -> String {
    let value = number as f64;
    match number {
        0..1_000 => format!("{number} {unit}"),
        1_000..1_000_000 => format!("{} k{unit}", trimmed(value / 1e3, 1)),
        1_000_000..1_000_000_000 => format!("{} M{unit}", trimmed(value / 1e6, 1)),
        _ => format!("{} G{unit}", trimmed(value / 1e9, 2)),
    }
}

/// The number with at most `places` digits behind the point and no zeros at its end.
fn trimmed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_decimal_unless_they_say_otherwise() {
        for (text, expected) in [
            ("10MB", 10_000_000),
            ("10 mb", 10_000_000),
            ("10M", 10_000_000),
            ("500kB", 500_000),
            ("9.5MiB", 9_961_472),
            ("64KiB", 65_536),
            ("10_000_000", 10_000_000),
            ("1", 1),
        ] {
            assert_eq!(parse_bytes(text), Ok(expected), "{text}");
        }
        for bad in ["", "0", "MB", "ten", "-1", "10MP", "1,5MB"] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pixels_are_plain_or_in_kilo_mega_giga() {
        for (text, expected) in [
            ("10MP", 10_000_000),
            ("10 MP", 10_000_000),
            ("12.5mp", 12_500_000),
            ("640kP", 640_000),
            ("0.2GP", 200_000_000),
            ("10M", 10_000_000),
            ("10_000_000", 10_000_000),
            ("1", 1),
        ] {
            assert_eq!(parse_pixels(text), Ok(expected), "{text}");
        }
        for bad in ["", "0", "0MP", "MP", "10P", "10MB", "10MiP", "p", "-5MP"] {
            assert!(parse_pixels(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn colors_are_hexadecimal_or_named() {
        assert_eq!(parse_color("white"), Ok([255; 3]));
        assert_eq!(parse_color("#0af"), Ok([0, 170, 255]));
        assert_eq!(parse_color("#102030"), Ok([16, 32, 48]));
        for bad in ["", "#", "#12", "#12345", "#ééé", "red", "#gggggg"] {
            assert!(parse_color(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(bytes(812), "812 B");
        assert_eq!(bytes(1_234_567), "1.2 MB");
        assert_eq!(bytes(10_000_000), "10 MB");
        assert_eq!(bytes(2_500_000_000), "2.5 GB");
        assert_eq!(megapixels(12_192_768), "12.2 MP");
        assert_eq!(megapixels(480_000), "0.48 MP");
        assert_eq!(megapixels(6), "6 px");
    }
}
