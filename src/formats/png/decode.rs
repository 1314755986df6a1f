//! PNG through `png`.

use std::io::Cursor;

use png::{
    BitDepth, ColorType, Decoder, DecodingError, InterlaceInfo, Limits, Reader, Transformations, expand_interlaced_row,
};

use super::chunks::{Chunks, up_to_picture};
use crate::CancelToken;
use crate::error::Error;
use crate::formats::format::Format;
use crate::formats::row::{Damage, Decoded, Reading};
use crate::options::Options;
use crate::pixels::{Layout, Palette, Raster, Samples, sample_count, zeros};

pub(super) fn decode(reading: &Reading<'_>, options: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    let (data, info) = (reading.data, &reading.info);
    let limits = Limits {
        bytes: usize::try_from(options.max_memory()).unwrap_or(usize::MAX),
    };
    // What stands behind the picture's own data is not its picture: the decoder would stop at a broken frame of an animation.
    let mut decoder = Decoder::new_with_limits(Cursor::new(up_to_picture(data)), limits);
    // Low depths become 8 bits, transparent colours alpha; 16 bits stay, and so do indices into a palette unless the
    // picture comes in passes.
    let header = decoder.read_header_info().map_err(|e| Error::decode(Format::Png, e))?;
    let indexed = header.color_type == ColorType::Indexed && !header.interlaced;
    if !indexed {
        decoder.set_transformations(Transformations::EXPAND);
    }
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(|e| Error::decode(Format::Png, e))?;
    let (color, depth) = reader.output_color_type();
    let bytes = if depth == BitDepth::Sixteen { 2 } else { 1 };
    let pixel = color.samples() * bytes;
    let len = sample_count(info.width, info.height, pixel).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    // Wide samples are turned to the machine's order of bytes where they are.
    let (mut wide, mut narrow): (Vec<u16>, Vec<u8>) = match bytes {
        2 => (zeros(len / 2)?, Vec::new()),
        _ => (Vec::new(), zeros(len)?),
    };
    let buffer = match bytes {
        2 => bytemuck::cast_slice_mut(&mut wide),
        _ => &mut narrow[..],
    };
    let (done, error) = read_rows(&mut reader, buffer, info.width as usize, pixel, cancel)?;
    let damage = match error {
        Some(e) if done == 0 => return Err(Error::decode(Format::Png, e)),
        Some(e) => Some(e),
        // The checksum of the last data stands behind the last row. A missing end, on the other hand, costs nothing.
        None => reader
            .finish()
            .err()
            .filter(|e| !matches!(e, DecodingError::IoError(_))),
    }
    .map(|e| Damage {
        readable: done as f64 / info.pixels() as f64,
        source: Some(e.into()),
    });
    let mut layout = match color {
        ColorType::Grayscale => Layout::Gray,
        ColorType::GrayscaleAlpha => Layout::GrayAlpha,
        ColorType::Rgba => Layout::Rgba,
        ColorType::Rgb | ColorType::Indexed => Layout::Rgb,
    };
    let samples = if indexed {
        let palette = palette(&reader)?;
        // A profile for RGB says nothing about grays.
        layout = palette.layout(info.profile.is_none());
        Samples::Indexed(narrow, palette)
    } else if bytes == 2 {
        for sample in &mut wide {
            *sample = u16::from_be(*sample);
        }
        Samples::U16(wide)
    } else {
        Samples::U8(narrow)
    };
    let raster = Raster::new(info.width, info.height, layout, samples)
        .ok_or_else(|| Error::malformed(Format::Png, "its size is 0"))?;
    Ok(Decoded {
        damage,
        ..Decoded::whole(raster, info)
    })
}

/// Decodes the picture, and looks whether its palette has a colour for each of its indices: ImageMagick refuses it otherwise,
/// and other readers show what they like.
pub(super) fn check(reading: &Reading<'_>, options: &Options, cancel: &CancelToken) -> Result<Option<Damage>, Error> {
    let decoded = decode(reading, options, cancel)?;
    let colors = || Chunks::new(reading.data).find(|chunk| &chunk.name == b"PLTE");
    let odd = match decoded.raster.samples() {
        Samples::Indexed(indices, _) => colors().is_some_and(|chunk| {
            let count = chunk.body.len() / 3;
            indices.iter().any(|&index| usize::from(index) >= count)
        }),
        _ => false,
    };
    Ok(decoded.damage.or_else(|| odd.then(Damage::none_but_odd)))
}

/// The palette with its transparencies (PNG specification, 11.2.2 and 11.3.1.1).
fn palette<R: std::io::BufRead + std::io::Seek>(reader: &Reader<R>) -> Result<Palette, Error> {
    let info = reader.info();
    let colors = info
        .palette
        .as_ref()
        .ok_or_else(|| Error::malformed(Format::Png, "it has indices and no palette"))?;
    let alpha = info.trns.as_deref().unwrap_or_default();
    Ok(Palette::new(colors, |i| alpha.get(i).copied().unwrap_or(u8::MAX)))
}

/// Indices of fewer than 8 bits, packed from the high bits down, one a byte.
fn unpack(packed: &[u8], bits: usize, out: &mut [u8]) {
    let per_byte = 8 / bits;
    let mask = u8::MAX >> (8 - bits);
    for (out, &byte) in out.chunks_mut(per_byte).zip(packed) {
        for (i, out) in out.iter_mut().enumerate() {
            *out = (byte >> (8 - bits * (i + 1))) & mask;
        }
    }
}

/// Reads rows of `width` pixels of `pixel` bytes until the end or the first error; gives the number of pixels read.
fn read_rows<R: std::io::BufRead + std::io::Seek>(
    reader: &mut Reader<R>,
    buffer: &mut [u8],
    width: usize,
    pixel: usize,
    cancel: &CancelToken,
) -> Result<(u64, Option<DecodingError>), Error> {
    let stride = width * pixel;
    let mut done = 0;
    let bits = reader.output_color_type().1 as usize;
    if reader.info().interlaced {
        let pixel_bits = u8::try_from(pixel * 8).unwrap_or(u8::MAX);
        loop {
            cancel.check()?;
            match reader.next_interlaced_row() {
                Ok(Some(row)) => {
                    if let InterlaceInfo::Adam7(pass) = row.interlace() {
                        expand_interlaced_row(buffer, stride, row.data(), pass, pixel_bits);
                    }
                    done += (row.data().len() / pixel) as u64;
                }
                Ok(None) => return Ok((done, None)),
                Err(error) => return Ok((done, Some(error))),
            }
        }
    }
    for target in buffer.chunks_exact_mut(stride) {
        cancel.check()?;
        match reader.next_row() {
            Ok(Some(row)) if bits < 8 => unpack(row.data(), bits, target),
            Ok(Some(row)) => target.copy_from_slice(row.data()),
            Ok(None) => break,
            Err(error) => return Ok((done, Some(error))),
        }
        done += width as u64;
    }
    Ok((done, None))
}
