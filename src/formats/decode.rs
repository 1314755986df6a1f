//! From bytes to pixels, whatever the format: refused is what no decoder should see.

use super::format::Format;
use super::info::ImageInfo;
use super::row::{Damage, Decoded, Reading};
use crate::CancelToken;
use crate::error::Error;
use crate::options::Options;

/// Decodes the picture (an animation's first frame, as shown; a file's first page). `cancel` is looked at with each row
/// or strip, and by other decoders wherever they read on: of a WebP without data, not before its end.
pub(crate) fn decode(reading: &Reading<'_>, options: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    check_density(&reading.info)?;
    ensure(reading)?;
    let decoded = (reading.row.decode)(reading, options, cancel);
    // Whatever a decoder made of it that its file could not be read any further.
    cancel.check()?;
    decoded
}

/// Reads the picture whole without keeping it, as cheaply as its format allows: says what could not be read.
pub(crate) fn check(reading: &Reading<'_>, options: &Options, cancel: &CancelToken) -> Result<Option<Damage>, Error> {
    check_density(&reading.info)?;
    // A JPEG's is at an eighth of its size, in strips.
    if reading.info.format != Format::Jpeg {
        ensure(reading)?;
    }
    let damage = (reading.row.check)(reading, options, cancel);
    cancel.check()?;
    damage
}

/// Whether the system would give what decoding takes. Decoders of others end the program where it does not, so that it
/// is asked before: for as long as it takes to answer.
fn ensure(reading: &Reading<'_>) -> Result<(), Error> {
    let bytes = (reading.row.memory)(&reading.info).total(&reading.info);
    if can_have(bytes) {
        Ok(())
    } else {
        Err(Error::OutOfMemory { bytes })
    }
}

/// Whether the system gives so many bytes at this moment.
fn can_have(bytes: u64) -> bool {
    let mut room: Vec<u8> = Vec::new();
    let had = usize::try_from(bytes).is_ok_and(|len| room.try_reserve_exact(len).is_ok());
    // Memory that nobody uses the compiler would not even ask for.
    std::hint::black_box(&room);
    had
}

/// The longest side that is read, in pixels: each row costs something, however short it is.
const MAX_SIDE: u32 = 1_000_000;

/// Refuses a file that claims more pixels than its bytes can stand for: memory is not given out on a header's word.
fn check_density(info: &ImageInfo) -> Result<(), Error> {
    let (width, height, bytes) = (info.width, info.height, info.bytes);
    // A picture of a megapixel or so may have as few bytes as it likes.
    let most = u128::from(info.density) * (u128::from(bytes) + 1000);
    if u128::from(info.pixels()) * 1000 > most {
        let what = format!("it claims {width} × {height} pixels, more than {bytes} bytes of a photo hold");
        return Err(Error::malformed(info.format, what));
    }
    if width.max(height) > MAX_SIDE {
        let what = format!(
            "a {} of {width} × {height} pixels (at most {MAX_SIDE} a side)",
            info.format
        );
        return Err(Error::unsupported(what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::probe;

    fn info(name: &str) -> ImageInfo {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("testdata")
            .join(name);
        probe(&std::fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn the_system_is_really_asked() {
        assert!(can_have(1_000_000));
        // Fewer than a vector may have, and more than any address space.
        assert!(!can_have(1 << 62));
        assert!(!can_have(u64::MAX));
    }

    #[test]
    fn a_few_bytes_hold_only_so_many_pixels() {
        for name in [
            "jpeg/sampling-420.jpg",
            "jpeg/progressive-444.jpg",
            "png/rgb-8.png",
            "gif/still.gif",
        ] {
            let mut info = info(name);
            assert!(check_density(&info).is_ok(), "{name}");
            (info.width, info.height) = (15_000, 15_000);
            assert!(matches!(check_density(&info), Err(Error::Malformed { .. })), "{name}");
        }
    }
}
