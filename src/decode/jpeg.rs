//! JPEG through `zune-jpeg`.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Damage, Decoded, cmyk};
use crate::error::Error;
use crate::format::Format;
use crate::jpeg::decode::{Decoder, Limits, Planes, Scale};
use crate::pixels::{Layout, Raster, Samples, sample_count, zeros};
use crate::probe::jpeg::icc_profile;
use crate::probe::{ColorModel, ImageInfo, JpegInfo, JpegProcess};

/// The most scans of a progressive JPEG: real ones have about ten; each costs a walk over all coefficients.
const MAX_SCANS: usize = 100;

/// What stands where nothing could be read: mid gray.
const UNREAD: u8 = 128;

pub(super) fn decode(data: &[u8], info: &ImageInfo) -> Result<Decoded, Error> {
    if let Some(jpeg) = &info.jpeg {
        decline(jpeg, info)?;
    }
    let (color, layout) = match info.color {
        ColorModel::Gray => (ColorSpace::Luma, Layout::Gray),
        // Both come out as four raw channels; what YCCK needs on top is done below.
        ColorModel::Cmyk => (ColorSpace::CMYK, Layout::Rgba),
        ColorModel::Ycck => (ColorSpace::YCCK, Layout::Rgba),
        _ => (ColorSpace::RGB, Layout::Rgb),
    };
    let len = sample_count(info.width, info.height, layout.channels()).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    let mut samples = zeros(len)?;
    let damage = match read(data, color, true, &mut samples) {
        Ok(()) => None,
        // Rubbish between header segments is common and harms nothing, so strictness alone is no reason to refuse:
        // what counts is whether the scans hold what they should.
        Err(strict) => {
            samples.fill(UNREAD);
            read(data, color, false, &mut samples).map_err(|e| Error::decode(Format::Jpeg, e.to_string()))?;
            let readable = readable(data, info, &samples);
            (readable < 1.0).then(|| Damage {
                readable,
                source: Some(strict.to_string().into()),
            })
        }
    };
    let inks = layout == Layout::Rgba;
    if inks {
        if info.color == ColorModel::Ycck {
            ycck_to_cmyk(&mut samples);
        }
        // Adobe stores inks inverted, and everybody who writes CMYK JPEGs follows.
        for v in &mut samples {
            *v = 255 - *v;
        }
        samples = cmyk::to_rgb(&samples, icc_profile(data).as_deref())?;
    }
    let layout = if inks { Layout::Rgb } else { layout };
    let raster = Raster::new(info.width, info.height, layout, Samples::U8(samples))
        .ok_or_else(|| Error::malformed(Format::Jpeg, "its size is 0"))?;
    Ok(Decoded {
        profile_holds: !inks,
        damage,
        ..Decoded::whole(raster, info)
    })
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

fn read(data: &[u8], color: ColorSpace, strict: bool, out: &mut [u8]) -> Result<(), zune_jpeg::errors::DecodeErrors> {
    let options = DecoderOptions::new_fast()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(strict)
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(color);
    JpegDecoder::new_with_options(ZCursor::new(data), options).decode_into(out)
}

/// The fraction of the picture that can be read: of its MCUs where our own decoder takes the file, else of the samples
/// before the gray that stands for the rest.
fn readable(data: &[u8], info: &ImageInfo, samples: &[u8]) -> f64 {
    let limits = Limits::default().max_pixels(info.pixels()).max_memory(u64::MAX);
    // At an eighth of the size the transform costs next to nothing.
    match Decoder::new(limits).planes(data, Scale::Eighth, &mut Planes::default()) {
        Ok((_, report)) => report.readable_fraction(),
        Err(_) => {
            let tail = samples.iter().rev().take_while(|&&v| v == UNREAD).count();
            1.0 - tail as f64 / samples.len() as f64
        }
    }
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

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the range of u8
fn round(v: f32) -> u8 {
    v.round().clamp(0.0, 255.0) as u8
}
