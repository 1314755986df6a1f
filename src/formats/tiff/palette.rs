//! The colour map (TIFF 6.0, section 5): all reds, all greens, all blues.

use super::layout::Page;
use crate::error::Error;
use crate::formats::format::Format;
use crate::pixels::{narrow_sample, zeros};

const COLOR_MAP: u16 = 0x0140;

/// The colours that indices stand for, three bytes each. What lies behind them is black.
pub(super) fn colors(page: &Page<'_>) -> Result<Vec<u8>, Error> {
    let unreadable = || Error::malformed(Format::Tiff, "its colour map cannot be read");
    let map = page.with_fields(|fields| {
        let entry = fields.find(COLOR_MAP)?;
        Some((entry, usize::try_from(entry.count).ok()? / 3))
    });
    let (entry, count) = map.ok_or_else(unreadable)?;
    let levels = page.tiff.bytes(entry).ok_or_else(unreadable)?.len();
    let used = count.min(1 << page.bits.min(16)).min(levels);
    let mut map = zeros(used * 3)?;
    for (i, color) in map.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        for (channel, level) in color.iter_mut().enumerate() {
            let value = page.tiff.uint(entry, i + channel * count);
            *level = value.and_then(|v| u16::try_from(v).ok()).ok_or_else(unreadable)?;
        }
    }
    // Levels have 16 bits. Where none needs more than 8, the writer has left them as they are (libtiff looks at it so).
    let is_narrow = map.iter().all(|&level| level < 256);
    let level = |level: u16| match u8::try_from(level) {
        Ok(level) if is_narrow => level,
        _ => narrow_sample(level),
    };
    let mut colors = zeros(map.len())?;
    for (out, &wide) in colors.iter_mut().zip(&map) {
        *out = level(wide);
    }
    Ok(colors)
}
