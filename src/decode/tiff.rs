//! TIFF through `tiff`: the first page.

use std::borrow::Cow;
use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::{ColorType, TiffError};

use super::{Decoded, cmyk};
use crate::error::Error;
use crate::format::Format;
use crate::pixels::{Layout, Raster, Samples, narrow_sample, sample_count, zeros};
use crate::probe::ifd::{self, Tiff};
use crate::probe::tiff::icc_profile;
use crate::probe::{ColorModel, ImageInfo};

pub(super) fn decode(data: &[u8], info: &ImageInfo, max_memory: u64) -> Result<Decoded, Error> {
    let palette = (info.color == ColorModel::Palette).then(|| Palette::read(data)).transpose()?;
    // `tiff` reads no palettes, but the indices are gray samples to it once the directory says so.
    let data = if palette.is_some() { as_gray(data) } else { Cow::Borrowed(data) };
    let memory = usize::try_from(max_memory).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = memory;
    limits.intermediate_buffer_size = memory;
    limits.ifd_value_size = memory.min(16 << 20);
    let mut decoder = Decoder::new(Cursor::new(&*data)).map_err(refuse)?.with_limits(limits);
    if decoder.dimensions().map_err(refuse)? != (info.width, info.height) {
        return Err(Error::malformed(Format::Tiff, "its directories differ in size"));
    }
    let color = decoder.colortype().map_err(refuse)?;
    let bits = color.bit_depth();
    let channels = usize::from(color.num_samples());
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(refuse)?;
    let planes = layout.planes;
    let mut samples = if bits < 8 {
        unpack(result, info, channels, bits, palette.is_some())?
    } else {
        to_16_or_8(result)?
    };
    if planes > 1 {
        samples = match samples {
            Samples::U8(v) => Samples::U8(interleave(&v, planes)?),
            Samples::U16(v) => Samples::U16(interleave(&v, planes)?),
        };
    }
    let pixels = sample_count(info.width, info.height, 1).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    let mut profile_holds = true;
    let (layout, samples) = if let Some(palette) = palette {
        (Layout::Rgb, palette.apply(&samples, pixels)?)
    } else {
        match (color, channels) {
            (ColorType::Gray(_), _) => (Layout::Gray, samples),
            (ColorType::GrayA(_), _) => (Layout::GrayAlpha, samples),
            (ColorType::Multiband { .. }, n) if info.color == ColorModel::Gray && info.alpha => {
                (Layout::GrayAlpha, first_channels(samples, n, 2))
            }
            (ColorType::Multiband { .. }, n) if info.color == ColorModel::Gray => {
                (Layout::Gray, first_channels(samples, n, 1))
            }
            (ColorType::RGB(_), _) => (Layout::Rgb, samples),
            // Four samples of which none is said to be alpha: the fourth means nothing.
            (ColorType::RGBA(_), n) if !info.alpha => (Layout::Rgb, first_channels(samples, n, 3)),
            (ColorType::RGBA(_), _) => (Layout::Rgba, samples),
            (ColorType::YCbCr(8), _) => (Layout::Rgb, samples),
            (ColorType::CMYK(_) | ColorType::CMYKA(_), n) => {
                profile_holds = false;
                let inks = match first_channels(samples, n, 4) {
                    Samples::U8(v) => v,
                    Samples::U16(v) => v.into_iter().map(narrow_sample).collect(),
                };
                let rgb = cmyk::to_rgb(&inks, icc_profile(&data).as_deref())?;
                (Layout::Rgb, Samples::U8(rgb))
            }
            _ => return Err(Error::unsupported(format!("a TIFF with {color:?} pixels"))),
        }
    };
    let samples = if layout.has_alpha() && is_premultiplied(&data) {
        divide_alpha(samples, layout.channels())
    } else {
        samples
    };
    let raster = Raster::new(info.width, info.height, layout, samples)
        .ok_or_else(|| Error::malformed(Format::Tiff, "it has fewer samples than its size needs"))?;
    Ok(Decoded {
        profile_holds,
        ..Decoded::whole(raster, info)
    })
}

/// Whole samples of any type as 8 or 16 bits.
fn to_16_or_8(result: DecodingResult) -> Result<Samples, Error> {
    Ok(match result {
        DecodingResult::U8(v) => Samples::U8(v),
        DecodingResult::U16(v) => Samples::U16(v),
        DecodingResult::U32(v) => Samples::U16(v.into_iter().map(|v| high_half(u64::from(v) << 32)).collect()),
        DecodingResult::U64(v) => Samples::U16(v.into_iter().map(high_half).collect()),
        DecodingResult::F32(v) => Samples::U16(v.into_iter().map(from_unit).collect()),
        _ => return Err(Error::unsupported("a TIFF with signed or half-precision samples")),
    })
}

/// The 16 highest bits.
fn high_half(v: u64) -> u16 {
    u16::try_from(v >> 48).unwrap_or(u16::MAX)
}

/// A float from 0 to 1, as such files hold it, in 16 bits.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the range of u16; NaN becomes 0
fn from_unit(v: f32) -> u16 {
    (v.clamp(0.0, 1.0) * 65_535.0).round() as u16
}

/// Samples of fewer than 8 bits, packed into rows of whole bytes: indices as they are, grays widened to 8 bits.
fn unpack(result: DecodingResult, info: &ImageInfo, channels: usize, bits: u8, indices: bool) -> Result<Samples, Error> {
    let DecodingResult::U8(packed) = result else {
        return Err(Error::unsupported(format!("a TIFF with {bits}-bit samples of another kind than integers")));
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
    Ok(Samples::U8(out))
}

/// Planes one after another as channels side by side.
fn interleave<T: Copy + Default>(planar: &[T], planes: usize) -> Result<Vec<T>, Error> {
    let mut out = zeros(planar.len() / planes * planes)?;
    for (i, plane) in planar.chunks_exact(planar.len() / planes).enumerate() {
        for (out, &v) in out.iter_mut().skip(i).step_by(planes).zip(plane) {
            *out = v;
        }
    }
    Ok(out)
}

/// The first `keep` of `n` channels.
fn first_channels(samples: Samples, n: usize, keep: usize) -> Samples {
    fn cut<T: Copy>(v: Vec<T>, n: usize, keep: usize) -> Vec<T> {
        if n == keep { v } else { v.chunks_exact(n).flat_map(|p| &p[..keep]).copied().collect() }
    }
    match samples {
        Samples::U8(v) => Samples::U8(cut(v, n, keep)),
        Samples::U16(v) => Samples::U16(cut(v, n, keep)),
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

fn divide_alpha(mut samples: Samples, n: usize) -> Samples {
    match &mut samples {
        Samples::U8(v) => v.chunks_exact_mut(n).for_each(|p| {
            let alpha = u32::from(p[n - 1]).max(1);
            for v in &mut p[..n - 1] {
                *v = u8::try_from((u32::from(*v) * 255 + alpha / 2) / alpha).unwrap_or(u8::MAX);
            }
        }),
        Samples::U16(v) => v.chunks_exact_mut(n).for_each(|p| {
            let alpha = u64::from(p[n - 1]).max(1);
            for v in &mut p[..n - 1] {
                *v = u16::try_from((u64::from(*v) * 65_535 + alpha / 2) / alpha).unwrap_or(u16::MAX);
            }
        }),
    }
    samples
}

/// A colour map (TIFF 6.0, section 5): all reds, all greens, all blues, 16 bits each.
struct Palette(Vec<[u8; 3]>);

impl Palette {
    fn read(data: &[u8]) -> Result<Self, Error> {
        const COLOR_MAP: u16 = 0x0140;
        let read = || {
            let tiff = Tiff::parse(data)?;
            let first = tiff.first_ifd()?;
            let entry = first.find(COLOR_MAP)?;
            let count = usize::try_from(entry.count).ok()? / 3;
            let level = |i: usize| tiff.uint(entry, i).and_then(|v| u16::try_from(v).ok()).map(narrow_sample);
            (0..count.min(256))
                .map(|i| Some([level(i)?, level(i + count)?, level(i + 2 * count)?]))
                .collect::<Option<Vec<_>>>()
        };
        read().map(Self).ok_or_else(|| Error::malformed(Format::Tiff, "its colour map cannot be read"))
    }

    fn apply(&self, indices: &Samples, pixels: usize) -> Result<Samples, Error> {
        let Samples::U8(indices) = indices else {
            return Err(Error::unsupported("a TIFF with a palette of more than 256 colours"));
        };
        let mut rgb = zeros(pixels * 3)?;
        for (out, &index) in rgb.chunks_exact_mut(3).zip(indices) {
            out.copy_from_slice(self.0.get(usize::from(index)).unwrap_or(&[0; 3]));
        }
        Ok(Samples::U8(rgb))
    }
}

/// The file with its first directory saying that 0 is black instead of that there is a palette.
fn as_gray(data: &[u8]) -> Cow<'_, [u8]> {
    let place = || {
        let tiff = Tiff::parse(data)?;
        let first = tiff.first_ifd()?;
        Some((first.find(ifd::PHOTOMETRIC)?.value_at, tiff.endian))
    };
    let Some((at, endian)) = place() else {
        return Cow::Borrowed(data);
    };
    let mut patched = data.to_vec();
    patched[at..at + 2].copy_from_slice(&endian.put_u16(1));
    Cow::Owned(patched)
}

fn refuse(error: TiffError) -> Error {
    match error {
        TiffError::UnsupportedError(e) => Error::unsupported(format!("this TIFF ({e})")),
        TiffError::LimitsExceeded => Error::malformed(Format::Tiff, "it asks for more memory than its size explains"),
        other => Error::decode(Format::Tiff, other),
    }
}
