//! TIFF through `tiff`: the first page.

use std::borrow::Cow;

use bytemuck::Zeroable;
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::{ColorType, TiffError};

use super::header::{chunk_count, icc_profile, stored_bytes};
use crate::CancelToken;
use crate::colour::inks;
use crate::error::Error;
use crate::formats::format::Format;
use crate::formats::ifd::{self, Tiff};
use crate::formats::info::{ColorModel, ImageInfo};
use crate::formats::jpeg::frame_size;
use crate::formats::row::{Decoded, Reading};
use crate::formats::watched::Watched;
use crate::options::Options;
use crate::pixels::{Layout, Palette, Raster, Samples, narrow_sample, sample_count, zeros};

/// The colours that indices stand for (TIFF 6.0, section 5).
const COLOR_MAP: u16 = 0x0140;

/// Samples at the depth at which they were stored.
enum Depth {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

impl From<Depth> for Samples {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Eight(v) => Self::U8(v),
            Depth::Sixteen(v) => Self::U16(v),
        }
    }
}

pub(super) fn decode(reading: &Reading<'_>, options: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    let (data, info) = (reading.data, &reading.info);
    let palette = (info.color == ColorModel::Palette).then(|| palette(data)).transpose()?;
    let data = first_page(data, palette.is_some());
    let (color, samples) = read(&data, info, options.max_memory(), palette.is_some(), cancel)?;
    let mut description_holds = true;
    let (layout, samples) = match (palette, samples) {
        (Some(palette), Depth::Eight(indices)) => (
            palette.layout(info.profile.is_none()),
            Samples::Indexed(indices, palette),
        ),
        (Some(_), Depth::Sixteen(_)) => {
            return Err(Error::unsupported("a TIFF with a palette of more than 256 colours"));
        }
        (None, samples) => {
            if let ColorType::CMYK(_) | ColorType::CMYKA(_) = color {
                description_holds = false;
                (Layout::Rgb, Samples::U8(from_cmyk(samples, color, &data)?))
            } else {
                let (layout, samples) = by_channels(color, samples, info)?;
                let premultiplied = layout.has_alpha() && is_premultiplied(&data);
                let samples = if premultiplied {
                    divide_alpha(samples, layout.channels())
                } else {
                    samples
                };
                (layout, samples.into())
            }
        }
    };
    let raster = Raster::new(info.width, info.height, layout, samples)
        .ok_or_else(|| Error::malformed(Format::Tiff, "it has fewer samples than its size needs"))?;
    Ok(Decoded {
        description_holds,
        ..Decoded::whole(raster, info)
    })
}

/// Reads the first page: channels side by side, one sample an item.
fn read(
    data: &[u8],
    info: &ImageInfo,
    max_memory: u64,
    indices: bool,
    cancel: &CancelToken,
) -> Result<(ColorType, Depth), Error> {
    let memory = usize::try_from(max_memory).unwrap_or(usize::MAX);
    check_fields(data)?;
    let mut limits = Limits::default();
    // Values are held to it too, at 32 bytes each: of lists of strips or tiles, or else of tables of a JPEG.
    let values = chunk_count(data).max(1 << 14).saturating_mul(32);
    let rows = stored_bytes(data, info.width, info.height);
    limits.decoding_buffer_size = usize::try_from(rows.max(values)).map_or(memory, |bytes| bytes.min(memory));
    limits.intermediate_buffer_size = memory;
    let mut decoder = Decoder::new(Watched::new(data, cancel))
        .map_err(refuse)?
        .with_limits(limits);
    if decoder.dimensions().map_err(refuse)? != (info.width, info.height) {
        return Err(Error::malformed(Format::Tiff, "its directories differ in size"));
    }
    let color = decoder.colortype().map_err(refuse)?;
    let chunk = decoder.chunk_dimensions();
    check_streams(data, (chunk.0.min(info.width), chunk.1.min(info.height)), cancel)?;
    let (result, planes) = if decoder.get_chunk_type() == ChunkType::Tile && is_planar(data) {
        let planes = usize::from(color.num_samples());
        (planar_tiles(&mut decoder, info, planes, cancel)?, planes)
    } else {
        let mut result = DecodingResult::U8(Vec::new());
        let planes = decoder.read_image_to_buffer(&mut result).map_err(refuse)?.planes;
        (result, planes)
    };
    let bits = color.bit_depth();
    let samples = if bits < 8 {
        unpack(result, info, usize::from(color.num_samples()), bits, indices)?
    } else {
        whole_samples(result)?
    };
    let samples = match samples {
        samples if planes <= 1 => samples,
        Depth::Eight(v) => Depth::Eight(interleave(&v, planes)?),
        Depth::Sixteen(v) => Depth::Sixteen(interleave(&v, planes)?),
    };
    Ok((color, samples))
}

/// Refuses fields with more values than they have use for: `tiff` reads those that describe the picture before it takes
/// limits, and holds 32 bytes for each value.
fn check_fields(data: &[u8]) -> Result<(), Error> {
    // The fields of TIFF 6.0 that are about pixels.
    const DESCRIPTIVE: std::ops::RangeInclusive<u16> = ifd::IMAGE_WIDTH..=0x0213;
    // Those that may be of any length: names, descriptions and dates, whatever type they claim.
    const TEXTS: [u16; 11] = [
        0x010D, 0x010E, 0x010F, 0x0110, 0x011D, 0x0131, 0x0132, 0x013B, 0x013C, 0x014D, 0x0151,
    ];
    // Beside the lists of strips and tiles the longest are the tables of a JPEG, by their bytes.
    const MOST: u64 = 1 << 16;
    let most = chunk_count(data).max(MOST);
    let first = Tiff::parse(data).and_then(|tiff| tiff.first_ifd());
    let Some(first) = first else { return Ok(()) };
    let many = first
        .entries()
        .find(|e| DESCRIPTIVE.contains(&e.tag) && e.tag != COLOR_MAP && !TEXTS.contains(&e.tag) && e.count > most);
    match many {
        Some(field) => {
            let what = format!("its field {} has {} values", field.tag, field.count);
            Err(Error::malformed(Format::Tiff, what))
        }
        None => Ok(()),
    }
}

/// Whether each channel has strips or tiles of its own.
fn is_planar(data: &[u8]) -> bool {
    let value = || {
        let tiff = Tiff::parse(data)?;
        tiff.uint(tiff.first_ifd()?.find(ifd::PLANAR_CONFIGURATION)?, 0)
    };
    value() == Some(2)
}

/// The planes of a picture in tiles, one after another. `tiff` reads such tiles one by one, and panics at the whole.
fn planar_tiles(
    decoder: &mut Decoder<Watched<'_>>,
    info: &ImageInfo,
    planes: usize,
    cancel: &CancelToken,
) -> Result<DecodingResult, Error> {
    let (width, height) = (info.width as usize, info.height as usize);
    let (tile_width, tile_height) = decoder.chunk_dimensions();
    if tile_width == 0 || tile_height == 0 {
        return Err(Error::malformed(Format::Tiff, "its tiles have no size"));
    }
    let (across, down) = (info.width.div_ceil(tile_width), info.height.div_ceil(tile_height));
    let each = across.checked_mul(down).filter(|each| {
        let all = u64::from(*each) * planes as u64;
        decoder.tile_count().is_ok_and(|count| u64::from(count) == all)
    });
    let each = each.ok_or_else(|| Error::malformed(Format::Tiff, "it has not as many tiles as its size needs"))?;
    let mut result: Option<DecodingResult> = None;
    for index in 0..each * u32::try_from(planes).unwrap_or(u32::MAX) {
        cancel.check()?;
        let tile = decoder.read_chunk(index).map_err(refuse)?;
        let (shown, _) = decoder.chunk_data_dimensions(index);
        let (plane, place) = (index / each, index % each);
        let left = (place % across * tile_width) as usize;
        let top = plane as usize * height + (place / across * tile_height) as usize;
        let len = sample_count(info.width, info.height, planes).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let at = (top * width + left, width, shown as usize);
        match (tile, &mut result) {
            (DecodingResult::U8(tile), Some(DecodingResult::U8(all))) => place_rows(&tile, all, at),
            (DecodingResult::U16(tile), Some(DecodingResult::U16(all))) => place_rows(&tile, all, at),
            (DecodingResult::U8(tile), none @ None) => {
                let mut all = zeros(len)?;
                place_rows(&tile, &mut all, at);
                *none = Some(DecodingResult::U8(all));
            }
            (DecodingResult::U16(tile), none @ None) => {
                let mut all = zeros(len)?;
                place_rows(&tile, &mut all, at);
                *none = Some(DecodingResult::U16(all));
            }
            _ => {
                return Err(Error::unsupported(
                    "a TIFF with planes in tiles of other samples than 8 or 16 bits",
                ));
            }
        }
    }
    result.ok_or_else(|| Error::malformed(Format::Tiff, "it has no tile"))
}

/// Lays the rows of a tile, of `shown` samples each, into rows of `stride` samples from `at` on.
fn place_rows<T: Copy>(tile: &[T], all: &mut [T], (at, stride, shown): (usize, usize, usize)) {
    let rows = all.get_mut(at..).unwrap_or_default().chunks_mut(stride);
    for (row, out) in tile.chunks_exact(shown.max(1)).zip(rows) {
        let len = shown.min(out.len());
        out[..len].copy_from_slice(&row[..len]);
    }
}

/// Refuses strips and tiles whose JPEG streams are larger than they: each would be decoded whole.
fn check_streams(data: &[u8], (width, height): (u32, u32), cancel: &CancelToken) -> Result<(), Error> {
    // A stream may be filled up to whole MCUs.
    const PADDING: u32 = 64;
    let Some(tiff) = Tiff::parse(data) else { return Ok(()) };
    let Some(first) = tiff.first_ifd() else { return Ok(()) };
    if first.find(ifd::COMPRESSION).and_then(|e| tiff.uint(e, 0)) != Some(7) {
        return Ok(());
    }
    for (offsets, counts) in [
        (ifd::STRIP_OFFSETS, ifd::STRIP_BYTE_COUNTS),
        (ifd::TILE_OFFSETS, ifd::TILE_BYTE_COUNTS),
    ] {
        let (Some(offsets), Some(counts)) = (first.find(offsets), first.find(counts)) else {
            continue;
        };
        let range = |i: usize| {
            let start = usize::try_from(tiff.uint(offsets, i)?).ok()?;
            let len = usize::try_from(tiff.uint(counts, i)?).ok()?;
            data.get(start..start.checked_add(len)?)
        };
        // A stream that is not there is refused where it is decoded.
        for stream in (0..).map_while(range) {
            cancel.check()?;
            // None of the tiles that were never written.
            if stream.is_empty() {
                continue;
            }
            let broken = |what| Error::malformed(Format::Tiff, what);
            let (w, h) = frame_size(stream).ok_or_else(|| broken("one of its JPEG streams has no frame header"))?;
            if u32::from(w) > width + PADDING || u32::from(h) > height + PADDING {
                return Err(broken("its JPEG streams are larger than its strips or tiles"));
            }
        }
    }
    Ok(())
}

/// The layout of samples that are no inks and no indices, and of them the channels that it holds.
fn by_channels(color: ColorType, samples: Depth, info: &ImageInfo) -> Result<(Layout, Depth), Error> {
    let n = usize::from(color.num_samples());
    let layout = match color {
        ColorType::Gray(_) => Layout::Gray,
        ColorType::GrayA(_) => Layout::GrayAlpha,
        ColorType::Multiband { .. } if info.color == ColorModel::Gray && info.alpha => Layout::GrayAlpha,
        ColorType::Multiband { .. } if info.color == ColorModel::Gray => Layout::Gray,
        ColorType::RGB(_) | ColorType::YCbCr(8) => Layout::Rgb,
        // A fourth sample that is not said to be alpha means nothing.
        ColorType::RGBA(_) if !info.alpha => Layout::Rgb,
        ColorType::RGBA(_) => Layout::Rgba,
        _ => return Err(Error::unsupported(format!("a TIFF with {color:?} pixels"))),
    };
    Ok((layout, first_channels(samples, n, layout.channels())))
}

fn from_cmyk(samples: Depth, color: ColorType, data: &[u8]) -> Result<Vec<u8>, Error> {
    let inks = match first_channels(samples, usize::from(color.num_samples()), 4) {
        Depth::Eight(v) => v,
        Depth::Sixteen(v) => v.into_iter().map(narrow_sample).collect(),
    };
    inks::to_rgb(&inks, icc_profile(data).as_deref())
}

/// Whole samples of any type as 8 or 16 bits.
fn whole_samples(result: DecodingResult) -> Result<Depth, Error> {
    Ok(match result {
        DecodingResult::U8(v) => Depth::Eight(v),
        DecodingResult::U16(v) => Depth::Sixteen(v),
        DecodingResult::U32(v) => Depth::Sixteen(v.into_iter().map(|v| high_half(u64::from(v) << 32)).collect()),
        DecodingResult::U64(v) => Depth::Sixteen(v.into_iter().map(high_half).collect()),
        DecodingResult::F32(v) => Depth::Sixteen(v.into_iter().map(from_unit).collect()),
        _ => return Err(Error::unsupported("a TIFF with signed or half-precision samples")),
    })
}

/// The 16 highest bits.
fn high_half(v: u64) -> u16 {
    u16::try_from(v >> 48).unwrap_or(u16::MAX)
}

/// A float from 0 to 1, as such files hold it, in 16 bits.
#[allow(clippy::cast_possible_truncation)] // clamped to the range of u16; NaN becomes 0
fn from_unit(v: f32) -> u16 {
    (v.clamp(0.0, 1.0) * 65_535.0).round() as u16
}

/// Samples of fewer than 8 bits, packed into rows of whole bytes: indices as they are, grays widened to 8 bits.
fn unpack(result: DecodingResult, info: &ImageInfo, channels: usize, bits: u8, indices: bool) -> Result<Depth, Error> {
    let DecodingResult::U8(packed) = result else {
        return Err(Error::unsupported(format!(
            "a TIFF with {bits}-bit samples of another kind than integers"
        )));
    };
    let row = info.width as usize * channels;
    let row_bytes = (row * usize::from(bits)).div_ceil(8);
    let mut out = zeros(row * info.height as usize)?;
    let top = (1u16 << bits) - 1;
    for (out, packed) in out.chunks_exact_mut(row).zip(packed.chunks_exact(row_bytes)) {
        for (i, out) in out.iter_mut().enumerate() {
            let at = i * usize::from(bits);
            let pair = [packed[at / 8], packed.get(at / 8 + 1).copied().unwrap_or(0)];
            let shift = 16 - usize::from(bits) - at % 8;
            let value = (u16::from_be_bytes(pair) >> shift) & top;
            let value = if indices { value } else { (value * 255 + top / 2) / top };
            *out = u8::try_from(value).unwrap_or(u8::MAX);
        }
    }
    Ok(Depth::Eight(out))
}

/// Planes one after another as channels side by side.
fn interleave<T: Copy + Zeroable>(planar: &[T], planes: usize) -> Result<Vec<T>, Error> {
    let mut out = zeros(planar.len() / planes * planes)?;
    for (i, plane) in planar.chunks_exact(planar.len() / planes).enumerate() {
        for (out, &v) in out.iter_mut().skip(i).step_by(planes).zip(plane) {
            *out = v;
        }
    }
    Ok(out)
}

/// The first `keep` of `n` channels.
fn first_channels(samples: Depth, n: usize, keep: usize) -> Depth {
    fn cut<T: Copy>(v: Vec<T>, n: usize, keep: usize) -> Vec<T> {
        if n == keep {
            v
        } else {
            v.chunks_exact(n).flat_map(|p| &p[..keep]).copied().collect()
        }
    }
    match samples {
        Depth::Eight(v) => Depth::Eight(cut(v, n, keep)),
        Depth::Sixteen(v) => Depth::Sixteen(cut(v, n, keep)),
    }
}

/// Whether alpha was multiplied into the colours (TIFF 6.0, ExtraSamples 1).
fn is_premultiplied(data: &[u8]) -> bool {
    let find = || {
        let tiff = Tiff::parse(data)?;
        let first = tiff.first_ifd()?;
        tiff.uint(first.find(ifd::EXTRA_SAMPLES)?, 0)
    };
    find() == Some(1)
}

fn divide_alpha(mut samples: Depth, n: usize) -> Depth {
    match &mut samples {
        Depth::Eight(v) => v.chunks_exact_mut(n).for_each(|p| {
            let alpha = u32::from(p[n - 1]).max(1);
            for v in &mut p[..n - 1] {
                *v = u8::try_from((u32::from(*v) * 255 + alpha / 2) / alpha).unwrap_or(u8::MAX);
            }
        }),
        Depth::Sixteen(v) => v.chunks_exact_mut(n).for_each(|p| {
            let alpha = u64::from(p[n - 1]).max(1);
            for v in &mut p[..n - 1] {
                *v = u16::try_from((u64::from(*v) * 65_535 + alpha / 2) / alpha).unwrap_or(u16::MAX);
            }
        }),
    }
    samples
}

/// The colour map (TIFF 6.0, section 5): all reds, all greens, all blues, 16 bits each.
fn palette(data: &[u8]) -> Result<Palette, Error> {
    let read = || {
        let tiff = Tiff::parse(data)?;
        let first = tiff.first_ifd()?;
        let entry = first.find(COLOR_MAP)?;
        let count = usize::try_from(entry.count).ok()? / 3;
        let level = |i: usize| {
            tiff.uint(entry, i)
                .and_then(|v| u16::try_from(v).ok())
                .map(narrow_sample)
        };
        (0..count.min(256))
            .flat_map(|i| [level(i), level(i + count), level(i + 2 * count)])
            .collect::<Option<Vec<u8>>>()
    };
    let colors = read().ok_or_else(|| Error::malformed(Format::Tiff, "its colour map cannot be read"))?;
    Ok(Palette::new(&colors, |_| u8::MAX))
}

/// The file as `tiff` reads it best: with its first directory as the last one, as a chain that bites its tail would be
/// refused, and where there is a palette with that directory saying that samples are gray.
fn first_page(data: &[u8], palette: bool) -> Cow<'_, [u8]> {
    let mut patched = Cow::Borrowed(data);
    let Some(tiff) = Tiff::parse(data) else { return patched };
    let Some(first) = tiff.first_ifd() else { return patched };
    if let Some(at) = first.next_at
        && tiff.offset(at).is_some()
    {
        patched.to_mut()[at..at + tiff.offset_size()].fill(0);
    }
    if palette && let Some(entry) = first.find(ifd::PHOTOMETRIC) {
        patched.to_mut()[entry.value_at..entry.value_at + 2].copy_from_slice(&tiff.endian.put_u16(1));
    }
    patched
}

fn refuse(error: TiffError) -> Error {
    match error {
        TiffError::UnsupportedError(e) => Error::unsupported(format!("this TIFF ({e})")),
        TiffError::LimitsExceeded => Error::malformed(Format::Tiff, "it asks for more memory than its size explains"),
        other => Error::decode(Format::Tiff, other),
    }
}
