//! What decoding holds beside the picture.

use photofit_jpeg::decode::Process;
use photofit_jpeg::header::FileHeader;

use super::compression::Compression;
use super::layout::{Meaning, Page};

/// The most stored bytes of a strip or tile that are read: compressed ones may be more than what they stand for, those of a
/// fax up to five bits for one.
pub(super) fn most_stored(page: &Page<'_>) -> usize {
    // A JPEG may have tables and some metadata in front.
    let slack = if page.compression.is_jpeg() { 1 << 16 } else { 4096 };
    let groups = u64::from(page.chunk.1.min(page.height)).div_ceil(page.group_rows() as u64);
    let whole = page.group_bytes().saturating_mul(groups);
    usize::try_from(whole.saturating_mul(8).saturating_add(slack)).unwrap_or(usize::MAX)
}

/// Pixels of a strip or tile, as far as they may be decoded: whole MCUs.
fn chunk_pixels(page: &Page<'_>) -> u64 {
    let whole = |side: u32, most: u32| u64::from(side.min(most)).next_multiple_of(32);
    // A tile's stream is as large as the tile, however small the picture.
    let (width, height) = page.chunk;
    whole(width, u32::from(u16::MAX)).saturating_mul(whole(height, u32::from(u16::MAX)))
}

/// The most that decoding one JPEG stream takes for its planes, or for its coefficients.
pub(super) fn of_stream(page: &Page<'_>) -> u64 {
    let samples = chunk_pixels(page).saturating_mul(page.interleaved() as u64);
    if by_coefficients(page) { 2 * samples } else { samples }
}

/// Whether the first stream is of a kind whose coefficients are all held; others are taken to be like it.
fn by_coefficients(page: &Page<'_>) -> bool {
    if page.compression == Compression::OldJpeg {
        return true;
    }
    let Ok(header) = FileHeader::read(page.stored(0)) else {
        return false;
    };
    let alone = header.first_scan_components.map(usize::from) != Some(header.components.len());
    header.process == Process::Progressive || alone
}

/// Samples of all components for each pixel, in 64ths, by the first stream.
fn density(page: &Page<'_>) -> u64 {
    let all = 64 * page.interleaved() as u64;
    let Ok(header) = FileHeader::read(page.stored(0)) else {
        return all;
    };
    let product = |h: u8, v: u8| u64::from(h) * u64::from(v);
    let largest =
        |side: fn(&photofit_jpeg::decode::FrameComponent) -> u8| header.components.iter().map(side).max().unwrap_or(1);
    let sum: u64 = header.components.iter().map(|c| product(c.h, c.v)).sum();
    match product(largest(|c| c.h), largest(|c| c.v)) {
        0 => all,
        _ if header.components.len() == 1 => 64,
        whole => (64 * sum).div_ceil(whole).min(all),
    }
}

/// Bytes beside the samples of the picture.
pub(super) fn beside(page: &Page<'_>) -> u64 {
    let used = used_samples(page).len() as u64;
    let planes = if page.planar { used } else { 1 };
    let shown = u64::from(page.chunk.0.min(page.width));
    let raw = page.group_bytes().saturating_mul(planes);
    // Stored rows, the same once more for a predictor that shuffles, and unpacked ones; inks with their colours.
    let mut rows = raw + page.group_bytes() + 2 * used * shown;
    if page.meaning == Meaning::Cmyk {
        rows += 7 * shown;
    }
    if page.meaning == Meaning::Palette {
        rows += 9 << page.bits.min(16);
    }
    let longest = page.longest();
    let decoder = match page.compression {
        Compression::None | Compression::PackBits => 0,
        Compression::Lzw => 80_000,
        Compression::Deflate => 60_000,
        Compression::Jpeg | Compression::OldJpeg => {
            let samples = chunk_pixels(page) * density(page).div_ceil(8) / 8;
            let coefficients = if by_coefficients(page) { 2 * samples } else { 0 };
            // A row of MCUs, and what a stream is put together from.
            let joined = match page.compression {
                Compression::OldJpeg => page.tiff.data.len() as u64,
                _ => longest.min(most_stored(page) as u64) + (1 << 16),
            };
            samples + coefficients + joined + 400_000 + 64 * shown
        }
        // Two lists of changes of colour, which may have grown to twice their size.
        _ => 16 * u64::from(page.chunk.0),
    };
    let reversed = if page.reversed && !page.compression.is_jpeg() {
        longest.min(most_stored(page) as u64)
    } else {
        0
    };
    rows.saturating_add(planes.saturating_mul(decoder.saturating_add(reversed)))
}

/// The places in a pixel of the samples that are unpacked: with planes only those that are shown, each with its own strips.
pub(super) fn used_samples(page: &Page<'_>) -> Vec<usize> {
    if !page.planar {
        return (0..page.samples).collect();
    }
    let colors = 0..page.meaning.channels();
    colors.chain(page.alpha.map(|alpha| alpha.at)).collect()
}
