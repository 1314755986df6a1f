//! The pixels of a JPEG: through the codec, and where that declines (inks, uneven sampling) through `zune-jpeg`.

use photofit_jpeg::decode::{self as codec, DamageReport, DecodeError, Decoder, Limits, Planes, Scale};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::header::{has_huffman_tables, icc_profile};
use super::ycbcr;
use crate::CancelToken;
use crate::colour::inks;
use crate::error::Error;
use crate::formats::format::Format;
use crate::formats::info::{ColorModel, ImageInfo, JpegInfo, JpegProcess};
use crate::formats::row::{Damage, Decoded, Reading};
use crate::formats::watched::Watched;
use crate::options::Options;
use crate::pixels::{Layout, Raster, Samples, sample_count, zeros};

/// The most scans of a progressive JPEG: real ones have about ten; each costs a walk over all coefficients.
pub(crate) const MAX_SCANS: u32 = 100;

/// What stands where nothing could be read: mid gray.
const UNREAD: u8 = 128;

pub(super) fn decode(reading: &Reading<'_>, options: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    let (data, info) = (reading.data, &reading.info);
    if let Some(jpeg) = &info.jpeg {
        decline(jpeg, info)?;
    }
    let inks = info.color.is_inks();
    if !inks && let Some((header, planes, damage)) = by_codec(data, info, options, cancel, Scale::Full)? {
        let (layout, samples) = ycbcr::interleave(&header, &planes)?;
        return Ok(Decoded {
            damage,
            ..Decoded::whole(raster(info, layout, samples)?, info)
        });
    }
    let (color, layout) = match info.color {
        ColorModel::Gray => (ColorSpace::Luma, Layout::Gray),
        // Both come out as four raw channels; what YCCK needs on top is done below.
        ColorModel::Cmyk => (ColorSpace::CMYK, Layout::Rgba),
        ColorModel::Ycck => (ColorSpace::YCCK, Layout::Rgba),
        _ => (ColorSpace::RGB, Layout::Rgb),
    };
    let (mut samples, damage) = by_zune(data, info, color, layout, cancel)?;
    if inks {
        if info.color == ColorModel::Ycck {
            ycck_to_cmyk(&mut samples);
        }
        // Adobe stores inks inverted, and everybody who writes CMYK JPEGs follows.
        for v in &mut samples {
            *v = 255 - *v;
        }
        samples = inks::to_rgb(&samples, icc_profile(data).as_deref())?;
    }
    let layout = if inks { Layout::Rgb } else { layout };
    Ok(Decoded {
        description_holds: !inks,
        damage,
        ..Decoded::whole(raster(info, layout, samples)?, info)
    })
}

/// Reads the whole picture and keeps nothing of it: says what could not be read.
pub(super) fn check(reading: &Reading<'_>, options: &Options, cancel: &CancelToken) -> Result<Option<Damage>, Error> {
    let (data, info) = (reading.data, &reading.info);
    if let Some(jpeg) = &info.jpeg {
        decline(jpeg, info)?;
    }
    // At an eighth of the size the transform costs next to nothing.
    match by_codec(data, info, options, cancel, Scale::Eighth)? {
        Some((_, _, damage)) => Ok(damage),
        None => decode(reading, options, cancel).map(|decoded| decoded.damage),
    }
}

fn raster(info: &ImageInfo, layout: Layout, samples: Vec<u8>) -> Result<Raster, Error> {
    Raster::new(info.width, info.height, layout, Samples::U8(samples))
        .ok_or_else(|| Error::malformed(Format::Jpeg, "its header and its pixels differ in size"))
}

/// The picture's planes; `None` if the codec declines it.
fn by_codec(
    data: &[u8],
    info: &ImageInfo,
    options: &Options,
    cancel: &CancelToken,
    scale: Scale,
) -> Result<Option<(codec::Header, Planes, Option<Damage>)>, Error> {
    // Without Huffman tables a file is a frame of a video, for which the codec would take the standard's.
    if info.color.is_inks() || !has_huffman_tables(data) {
        return Ok(None);
    }
    let limits = Limits::default()
        .max_pixels(options.max_source_pixels())
        .max_memory(options.max_memory())
        .max_scans(MAX_SCANS);
    let mut planes = Planes::new();
    let mut decoder = Decoder::new(limits);
    decoder.set_cancel(cancel.clone());
    match decoder.planes(data, scale, &mut planes) {
        Ok((header, report)) => Ok(Some((header, planes, damage(&report)))),
        Err(DecodeError::Declined(_)) => Ok(None),
        Err(error) => Err(refuse(error)),
    }
}

/// What a report says was lost, if anything was.
pub(crate) fn damage(report: &DamageReport) -> Option<Damage> {
    let readable = report.readable_fraction();
    (readable < 1.0).then(|| Damage {
        readable,
        source: report.places().first().map(|place| place.to_string().into()),
    })
}

/// What the codec reports, as ours.
pub(crate) fn refuse(error: DecodeError) -> Error {
    match error {
        DecodeError::Cancelled => Error::Cancelled,
        DecodeError::Memory { bytes } => Error::OutOfMemory { bytes: bytes as u64 },
        error => Error::decode(Format::Jpeg, error),
    }
}

/// The picture's samples through `zune-jpeg`. What is damaged is told by the gray that stands for it.
fn by_zune(
    data: &[u8],
    info: &ImageInfo,
    color: ColorSpace,
    layout: Layout,
    cancel: &CancelToken,
) -> Result<(Vec<u8>, Option<Damage>), Error> {
    let len = sample_count(info.width, info.height, layout.channels()).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    let mut samples = zeros(len)?;
    let Err(strict) = read(Watched::new(data, cancel), color, true, &mut samples) else {
        return Ok((samples, None));
    };
    // Rubbish between header segments is common and harms nothing, so strictness alone is no reason to refuse.
    cancel.check()?;
    samples.fill(UNREAD);
    read(Watched::new(data, cancel), color, false, &mut samples)
        .map_err(|e| Error::decode(Format::Jpeg, e.to_string()))?;
    let tail = samples.iter().rev().take_while(|&&v| v == UNREAD).count();
    let damage = (tail > 0).then(|| Damage {
        readable: 1.0 - tail as f64 / samples.len() as f64,
        source: Some(strict.to_string().into()),
    });
    Ok((samples, damage))
}

/// Refuses by name what the decoder does not read.
fn decline(jpeg: &JpegInfo, info: &ImageInfo) -> Result<(), Error> {
    let refuse = |what: &str| Err(Error::unsupported(format!("{what} JPEG")));
    match jpeg.process {
        JpegProcess::Lossless => refuse("lossless"),
        JpegProcess::Hierarchical => refuse("hierarchical"),
        JpegProcess::Arithmetic => refuse("arithmetic-coded"),
        _ if info.bit_depth != 8 => refuse(&format!("{}-bit", info.bit_depth)),
        _ => Ok(()),
    }
}

fn read(
    data: Watched<'_>,
    color: ColorSpace,
    strict: bool,
    out: &mut [u8],
) -> Result<(), zune_jpeg::errors::DecodeErrors> {
    let options = DecoderOptions::new_fast()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(strict)
        .jpeg_set_max_scans(MAX_SCANS as usize)
        .jpeg_set_out_colorspace(color);
    JpegDecoder::new_with_options(data, options).decode_into(out)
}

/// Undoes the YCbCr coding of the first three channels (JFIF 1.02, full range), which gives inverted inks.
fn ycck_to_cmyk(samples: &mut [u8]) {
    for p in samples.chunks_exact_mut(4) {
        let (y, cb, cr) = (f32::from(p[0]), f32::from(p[1]) - 128.0, f32::from(p[2]) - 128.0);
        let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
        for (out, v) in p.iter_mut().zip(rgb) {
            *out = 255 - round(v);
        }
    }
}

#[allow(clippy::cast_possible_truncation)] // clamped to the range of u8
fn round(v: f32) -> u8 {
    v.round().clamp(0.0, 255.0) as u8
}
