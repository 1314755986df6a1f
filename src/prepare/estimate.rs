//! What preparing a photo may take of the memory, told from its header.

use super::plan::{self, Plan};
use super::planes;
use crate::error::Error;
use crate::formats::{self, ColorModel, Format, ImageInfo, JpegInfo, JpegProcess};
use crate::options::{Check, Chroma, Colour, Effort, Metadata, Options};

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

/// Tables and data of the scans of a progressive picture that are read in step, of about as many as there are.
const SCANS: u64 = 300_000;

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
    let transcoded = |plan| match plan {
        Ok(Plan::Transcode { format, width, height }) => anew(info, options, (format, width, height), threads),
        // Nothing is begun.
        _ => 0,
    };
    let road = match plan::plan(info, info.bytes, false, options) {
        Ok(Plan::Keep | Plan::Rewrite) if info.may_be_anew || options.colour() == Colour::Srgb => {
            stored(info, options).max(transcoded(plan::anew(info, options)))
        }
        Ok(Plan::Keep | Plan::Rewrite) => stored(info, options),
        plan => transcoded(plan),
    };
    let inks = info.color.is_inks() && info.profile.is_some();
    let copies = if options.metadata() == Metadata::Keep { 7 } else { 4 };
    BASE.saturating_add(PER_THREAD * (threads - 1))
        .saturating_add(road)
        // The block, what is taken of it, and the segments or chunks that it becomes, which grow; packets are edited too.
        .saturating_add(info.carried.saturating_mul(copies))
        .saturating_add(if inks { INKS } else { 0 })
}

/// Whether the colours of a photo may have to be converted before it becomes a JPEG again, as far as its header tells.
pub(super) fn may_convert(info: &ImageInfo, options: &Options) -> bool {
    // A colour space may also be said by EXIF.
    info.hdr || (options.colour() == Colour::Srgb && (info.profile.is_some() || info.metadata))
}

/// A photo that is encoded anew, to a format and a size.
fn anew(info: &ImageInfo, options: &Options, (format, width, height): (Format, u32, u32), threads: u64) -> u64 {
    let target = Picture {
        pixels: u64::from(width) * u64::from(height),
        width: u64::from(width),
    };
    match &info.jpeg {
        Some(jpeg) if format == Format::Jpeg && planes::may_cover(info) => {
            let planar = planar(info, jpeg, options, &target, threads);
            if may_convert(info, options) {
                planar.max(interleaved(info, options, format, &target, threads))
            } else {
                planar
            }
        }
        _ => interleaved(info, options, format, &target, threads),
    }
}

/// Refuses by the header what the options do not allow, before anything is allocated.
pub(crate) fn check_limits(info: &ImageInfo, options: &Options) -> Result<(), Error> {
    if info.pixels() > options.max_source_pixels() {
        return Err(Error::TooManyPixels {
            width: info.width,
            height: info.height,
            limit: options.max_source_pixels(),
        });
    }
    let needed = estimate(info, options, 1);
    if needed > options.max_memory() {
        return Err(Error::TooMuchMemory {
            needed,
            limit: options.max_memory(),
        });
    }
    Ok(())
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

/// A photo that stays as it is, or gets other metadata: what checking it takes, and its copy.
fn stored(info: &ImageInfo, options: &Options) -> u64 {
    let checked = match &info.jpeg {
        _ if options.check() != Check::Full => 0,
        // At an eighth of its size.
        Some(jpeg) if planes::may_cover(info) => {
            let source = info.pixels().saturating_mul(jpeg.samples()) / 64;
            let held = if jpeg.by_coefficients() {
                source.saturating_mul(2)
            } else {
                0
            };
            let scans = if jpeg.process == JpegProcess::Progressive {
                SCANS
            } else {
                0
            };
            held + source / 64 + scans
        }
        _ => (formats::row(info.format).memory)(info).total(info),
    };
    // The rows of a PNG are held while its copy is made.
    if info.format == Format::Png {
        checked + info.bytes
    } else {
        checked.max(info.bytes)
    }
}

/// JPEG to JPEG on planes.
fn planar(info: &ImageInfo, jpeg: &JpegInfo, options: &Options, target: &Picture, threads: u64) -> u64 {
    // Samples of the source, and of the result, which has the same sampling or less.
    let samples = |pixels: u64| pixels.saturating_mul(jpeg.samples()) / 64;
    let (source, result) = (samples(info.pixels()), samples(target.pixels));
    let coefficients = source.saturating_mul(2);
    let held = if jpeg.by_coefficients() { coefficients } else { 0 };
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
    let progressive = jpeg.process == JpegProcess::Progressive;
    if progressive {
        road += SCANS;
    }
    // A piece of the source and one of the target, and the filter's window in between.
    let width = u32::try_from(target.width).unwrap_or(u32::MAX);
    let height = u32::try_from(target.height()).unwrap_or(u32::MAX);
    let scale = 8 / planes::scale(info.upright_size(), (width, height)).block_size() as u64;
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
        // Pieces are larger then, and some of each wait between the stages, with their coefficients.
        let coefficients = if progressive && scale == 1 { 2 * source_row } else { 0 };
        road += (source_row + target_row + coefficients) * WAITING;
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
fn interleaved(info: &ImageInfo, options: &Options, format: Format, target: &Picture, threads: u64) -> u64 {
    let memory = (formats::row(info.format).memory)(info);
    let decoded = memory.total(info);
    let channels = memory.channels;
    let held = info.pixels().saturating_mul(memory.samples);
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
    let coded = if format == Format::Png {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::probe;

    #[test]
    fn panoramas_of_200_megapixels_pass_by_default() {
        for name in [
            "jpeg/sampling-420.jpg",
            "jpeg/progressive-444.jpg",
            "png/rgba-8.png",
            "png/rgb-16.png",
        ] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("testdata")
                .join(name);
            let mut info = probe(&std::fs::read(path).unwrap()).unwrap();
            (info.width, info.height) = (20_000, 10_000);
            assert!(check_limits(&info, &Options::default()).is_ok(), "{name}");
        }
    }
}
