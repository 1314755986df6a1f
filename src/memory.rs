//! What preparing a photo may take of the memory, told from its header.

use crate::Orientation;
use crate::error::Error;
use crate::format::Format;
use crate::options::{Check, Chroma, Effort, Options, OutputFormat};
use crate::plan;
use crate::probe::{ColorModel, ImageInfo, JpegInfo, JpegProcess};

/// What every preparer has: tables, and buffers that do not depend on the photo.
const BASE: u64 = 800_000;

/// Pixels of which no picture is held.
const MAX_PIXELS: u64 = 1 << 48;

/// What each further thread has of its own.
const PER_THREAD: u64 = 100_000;

/// The tables that turn inks into RGB by a profile.
const INKS: u64 = 2_500_000;

/// Rows of the source and of the target that the planar road has in hand: pieces, and the filter's window.
const WINDOW: u64 = 240;

/// Rows that the filter's window has for each target row that a source row is a part of: six for the filter's reach, and
/// those of the sixteen target rows that are made at once.
const REACH: u64 = 24;

/// The sums of one row of the window, for as many columns as the cache takes.
const SUMS: u64 = 256;

/// Rows of the source and of the target in the pieces that wait where threads share the work.
const WAITING: u64 = 256;

/// The bytes that preparing takes beside the source's own, the result included: what is held at the same time on the
/// road that the photo will take, where so many threads may share the work.
pub(crate) fn estimate(info: &ImageInfo, options: &Options, threads: usize) -> u64 {
    // More than any memory has; what is counted below then stays within 64 bits.
    if info.pixels() > MAX_PIXELS {
        return u64::MAX;
    }
    let threads = threads.max(1) as u64;
    let (width, height) = info.upright_size();
    let (width, height) = plan::fit(width, height, options.limits());
    let target = Picture {
        pixels: u64::from(width) * u64::from(height),
        width: u64::from(width),
    };
    let conforms = (width, height) == info.upright_size()
        && info.bytes <= options.limits().max_bytes()
        && info.orientation == Orientation::Upright
        && options.limits().formats().contains(info.format);
    let road = match &info.jpeg {
        Some(jpeg) if info.format == Format::Jpeg && is_planar(info) => {
            planar(info, jpeg, options, &target, conforms, threads)
        }
        _ => interleaved(info, options, &target, conforms, threads),
    };
    let inks = matches!(info.color, ColorModel::Cmyk | ColorModel::Ycck) && info.profile.is_some();
    BASE.saturating_add(PER_THREAD * (threads - 1))
        .saturating_add(road)
        // The block, what is taken of it, and the segments or chunks that it becomes, which grow.
        .saturating_add(info.carried.saturating_mul(4))
        .saturating_add(if inks { INKS } else { 0 })
}

/// Whether the system would give what decoding takes. Decoders of others end the program where it does not, so that it
/// is asked before: for as long as it takes to answer.
pub(crate) fn ensure(info: &ImageInfo) -> Result<(), Error> {
    let Decoding { source, beside, .. } = decoding(info);
    let decoded = info.pixels().saturating_mul(source + beside);
    let bytes = decoded.saturating_add(info.decoder_memory);
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

/// A target's size in pixels.
struct Picture {
    pixels: u64,
    width: u64,
}

impl Picture {
    fn height(&self) -> u64 {
        self.pixels / self.width.max(1)
    }
}

/// By how much the decoder scales, as the planar road has it.
fn scale(info: &ImageInfo, target: &Picture) -> u64 {
    let (width, height) = info.upright_size();
    let across = u64::from(width) / target.width.max(1);
    let down = u64::from(height) / target.height().max(1);
    match across.min(down) {
        0..4 => 1,
        4..8 => 2,
        8..16 => 4,
        _ => 8,
    }
}

/// Whether decoding holds all coefficients, at 16 bits.
fn by_coefficients(jpeg: &JpegInfo) -> bool {
    jpeg.process == JpegProcess::Progressive || !jpeg.interleaved
}

fn is_planar(info: &ImageInfo) -> bool {
    matches!(info.color, ColorModel::Gray | ColorModel::YCbCr)
}

/// JPEG to JPEG on planes.
fn planar(info: &ImageInfo, jpeg: &JpegInfo, options: &Options, target: &Picture, conforms: bool, threads: u64) -> u64 {
    // Samples of the source, and of the result, which has the same sampling or less.
    let samples = |pixels: u64| pixels.saturating_mul(jpeg.samples()) / 64;
    let (source, result) = (samples(info.pixels()), samples(target.pixels));
    let coefficients = source.saturating_mul(2);
    let held = if by_coefficients(jpeg) { coefficients } else { 0 };
    if conforms {
        // Checked at an eighth of its size, and kept or given other metadata.
        let checked = if options.check() == Check::Full {
            held + source / 64
        } else {
            0
        };
        return checked.max(info.bytes);
    }
    // Fewer pixels have hardly more detail each, and never more than noise has; what a source has above the quality
    // that is written goes.
    let above = match jpeg.quality {
        Some(99..) if options.quality().value().is_none_or(|quality| quality <= 92) => 0.45,
        Some(94..) if options.quality().value().is_none_or(|quality| quality <= 90) => 0.9,
        _ => 1.1,
    };
    let detail = info.bytes as f64 / source.max(1) as f64;
    let size = bytes(result, (detail * above + 0.01).min(0.75));
    let mut road = held + encoded(options, result, size);
    // A piece of the source and one of the target, and the filter's window in between.
    let scale = scale(info, target);
    let (source_row, target_row) = (samples(u64::from(info.width)) / scale, samples(target.width));
    road += (source_row + target_row) * WINDOW;
    let stored_height = if info.orientation.swaps_axes() {
        target.width
    } else {
        target.height()
    };
    let rows = u64::from(info.height) / scale;
    let reach = (REACH * rows.div_ceil(stored_height.max(1))).min(rows);
    if reach > WINDOW {
        // It shrinks by so much that the window is larger than all else.
        road += (source_row + SUMS) * reach;
    }
    if threads > 1 {
        // Pieces are larger then, and some of each wait between the stages.
        road += (source_row + target_row) * WAITING;
    }
    let steps = info.orientation.steps();
    if steps.transpose || steps.flip_vertical {
        road += result;
    }
    if source == result {
        // Turned or requantised by its coefficients, with Huffman tables of its own or in several scans.
        let recoded = coefficients + tokens(info.bytes) + 2 * info.bytes;
        let scans = if info.bytes > options.limits().max_bytes() {
            coefficients
        } else {
            0
        };
        road = road.max(recoded + scans);
    }
    road
}

/// What encoding this many samples to about `size` bytes takes, with the result.
fn encoded(options: &Options, samples: u64, size: u64) -> u64 {
    let effort = match options.effort() {
        Effort::Fastest => 0,
        Effort::Balanced => tokens(size),
        // Coefficients at 16 bits, and the tokens of a scan.
        Effort::Smallest => samples * 2 + tokens(size),
    };
    // For the search of a quality the transformed picture is held.
    let searched = if size > options.limits().max_bytes() {
        samples * 2
    } else {
        0
    };
    // The first guess of the result's size, or what it grew to, and the copy that has the metadata.
    effort + searched + (samples * 2 / 5).max(2 * size) + size
}

/// Tokens of four bytes that stand for five bits or more of a file.
fn tokens(size: u64) -> u64 {
    size * 13 / 2 + 300_000
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a size"
)]
fn bytes(samples: u64, share: f64) -> u64 {
    (samples as f64 * share) as u64
}

/// Everything else: through interleaved pixels.
fn interleaved(info: &ImageInfo, options: &Options, target: &Picture, conforms: bool, threads: u64) -> u64 {
    let Decoding { source, beside, .. } = decoding(info);
    let decoded = info
        .pixels()
        .saturating_mul(source + beside)
        .saturating_add(info.decoder_memory);
    if conforms {
        let checked = if options.check() == Check::Full { decoded } else { 0 };
        return if info.format == Format::Png {
            checked + info.bytes
        } else {
            checked.max(info.bytes)
        };
    }
    let Decoding { channels, .. } = decoding(info);
    let held = info.pixels().saturating_mul(source);
    let small = target.pixels * channels;
    // Bands of 64 target rows in linear light at 16 bits; with alpha they are multiplied by it in a copy.
    let (width, height) = (u64::from(info.width), u64::from(info.height));
    let (across, down) = if info.orientation.swaps_axes() {
        (target.height(), target.width)
    } else {
        (target.width, target.height())
    };
    let rows = (72 * height.div_ceil(down.max(1)) + 8).min(height);
    let copies = if info.alpha { 4 } else { 1 };
    let colors = if info.color == ColorModel::Palette {
        rows * channels * width
    } else {
        0
    };
    // What lies between the two passes may double as it grows: bands differ by a few rows.
    let band = colors + rows * channels * 2 * (width * copies + 2 * across) + 72 * across * channels * 2;
    // The weights of each column, at eight bytes.
    let band = band + across * 48 * width.div_ceil(across.max(1));
    // One for each thread, as far as there are so many.
    let bands = band * threads.min(down.div_ceil(64));
    // Small, turned, and as planes.
    let samples = match options.chroma() {
        _ if channels < 3 => target.pixels,
        Chroma::Full => target.pixels * 3,
        Chroma::Half => target.pixels * 2,
        _ => target.pixels * 3 / 2,
    };
    let as_png = options.format() != OutputFormat::Jpeg && (info.alpha || info.format == Format::Png);
    let coded = if as_png {
        png(info, target, small)
    } else {
        samples + encoded(options, samples, bytes(samples, 0.35))
    };
    // A file with too many bytes is tried without its metadata.
    let rewritten = if (width, height) == (target.width, target.height()) {
        info.bytes
    } else {
        0
    };
    decoded
        .max(rewritten)
        .max(held + bands + small)
        .max(held + 2 * small + 2 * samples)
        .max(held + small + coded)
}

/// What writing a PNG of so many samples takes beside them, with the result.
fn png(info: &ImageInfo, target: &Picture, samples: u64) -> u64 {
    // A drawing has the denser edges the smaller it gets, with shades that it did not have. Other formats compress
    // better: nothing is known from their size.
    let source = info.pixels() * (samples / target.pixels.max(1)).max(1);
    let density = match info.format {
        Format::Png => info.bytes as f64 / source.max(1) as f64,
        _ => 1.0,
    };
    let shrink = info.pixels() as f64 / target.pixels.max(1) as f64;
    let size = bytes(samples, (density * shrink.sqrt() * 4.0 + 0.02).min(1.0));
    // The first guess of the file's size, and how it and what is not yet written into it grow.
    (samples / 4 + 5 * size).min(9 * samples / 2)
}

/// Bytes a pixel while an interleaved picture is decoded.
struct Decoding {
    channels: u64,
    /// Its samples.
    source: u64,
    /// What the decoder holds beside them.
    beside: u64,
}

fn decoding(info: &ImageInfo) -> Decoding {
    let channels = match info.color {
        ColorModel::Gray => 1 + u64::from(info.alpha),
        _ => 3 + u64::from(info.alpha),
    };
    let wide = info.bit_depth > 8;
    let inks = matches!(info.color, ColorModel::Cmyk | ColorModel::Ycck);
    let source = match info.color {
        // One index a pixel, where the format's decoder leaves it at that.
        ColorModel::Palette if info.format == Format::Png || info.format == Format::Gif && !info.alpha => 1,
        _ => channels * if wide { 2 } else { 1 },
    };
    let beside = match (info.format, &info.jpeg) {
        (Format::Jpeg, Some(jpeg)) if by_coefficients(jpeg) => 4 * u64::from(inks) + 2 * jpeg.samples().div_ceil(64),
        // Inks are held beside the RGB made of them.
        (Format::Jpeg | Format::Tiff, _) if inks => 4,
        (Format::Jpeg, Some(jpeg)) => jpeg.samples().div_ceil(64),
        (Format::WebP, _) => 4,
        (Format::Gif, _) => 1,
        _ => 0,
    };
    Decoding {
        channels,
        source,
        beside,
    }
}

#[cfg(test)]
mod tests {
    use super::can_have;

    #[test]
    fn the_system_is_really_asked() {
        assert!(can_have(1_000_000));
        // Fewer than a vector may have, and more than any address space.
        assert!(!can_have(1 << 62));
        assert!(!can_have(u64::MAX));
    }
}
