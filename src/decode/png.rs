//! PNG through `png`.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, InterlaceInfo, Limits, Reader, Transformations, expand_interlaced_row};

use super::{Damage, Decoded};
use crate::error::Error;
use crate::format::Format;
use crate::pixels::{Layout, Raster, Samples, sample_count, zeros};
use crate::probe::ImageInfo;

pub(super) fn decode(data: &[u8], info: &ImageInfo, max_memory: u64) -> Result<Decoded, Error> {
    let limits = Limits {
        bytes: usize::try_from(max_memory).unwrap_or(usize::MAX),
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(data), limits);
    // Palettes and low depths become 8 bits, transparent colours alpha; 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(|e| Error::decode(Format::Png, e))?;
    let (color, depth) = reader.output_color_type();
    let layout = match color {
        ColorType::Grayscale => Layout::Gray,
        ColorType::GrayscaleAlpha => Layout::GrayAlpha,
        ColorType::Rgba => Layout::Rgba,
        // A palette of grays takes a third of the memory as what it is.
        ColorType::Rgb | ColorType::Indexed if has_gray_palette(&reader) => Layout::Gray,
        ColorType::Rgb | ColorType::Indexed => Layout::Rgb,
    };
    let bytes = if depth == BitDepth::Sixteen { 2 } else { 1 };
    let pixel = layout.channels() * bytes;
    let len = sample_count(info.width, info.height, pixel).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    let mut buffer: Vec<u8> = zeros(len)?;
    let (done, error) = read_rows(&mut reader, &mut buffer, info.width as usize, pixel);
    let damage = match error {
        Some(e) if done == 0 => return Err(Error::decode(Format::Png, e)),
        // An error behind the last row costs nothing that can be seen.
        Some(e) if done < info.pixels() => Some(Damage {
            readable: done as f64 / info.pixels() as f64,
            source: Some(e.into()),
        }),
        _ => None,
    };
    let samples = if bytes == 2 {
        let (pairs, _) = buffer.as_chunks();
        let mut wide = zeros(pairs.len())?;
        for (wide, pair) in wide.iter_mut().zip(pairs) {
            *wide = u16::from_be_bytes(*pair);
        }
        Samples::U16(wide)
    } else {
        Samples::U8(buffer)
    };
    let raster = Raster::new(info.width, info.height, layout, samples)
        .ok_or_else(|| Error::malformed(Format::Png, "its size is 0"))?;
    Ok(Decoded {
        damage,
        ..Decoded::whole(raster, info)
    })
}

/// Whether the picture has a palette of nothing but grays, and rows that come in order.
fn has_gray_palette<R: std::io::BufRead + std::io::Seek>(reader: &Reader<R>) -> bool {
    let info = reader.info();
    !info.interlaced
        && info.color_type == ColorType::Indexed
        && info
            .palette
            .as_ref()
            .is_some_and(|p| p.chunks_exact(3).all(|c| c[0] == c[1] && c[1] == c[2]))
}

/// Reads rows of `width` pixels of `pixel` bytes until the end or the first error; gives the number of pixels read.
fn read_rows<R: std::io::BufRead + std::io::Seek>(
    reader: &mut Reader<R>,
    buffer: &mut [u8],
    width: usize,
    pixel: usize,
) -> (u64, Option<png::DecodingError>) {
    let stride = width * pixel;
    let mut done = 0;
    let mut rows = buffer.chunks_exact_mut(stride);
    let (color, depth) = reader.output_color_type();
    let decoded = color.samples() * if depth == BitDepth::Sixteen { 2 } else { 1 };
    if reader.info().interlaced {
        let bits = u8::try_from(decoded * 8).unwrap_or(u8::MAX);
        loop {
            match reader.next_interlaced_row() {
                Ok(Some(row)) => {
                    if let InterlaceInfo::Adam7(pass) = row.interlace() {
                        expand_interlaced_row(buffer, stride, row.data(), pass, bits);
                    }
                    done += (row.data().len() / decoded) as u64;
                }
                Ok(None) => return (done, None),
                Err(error) => return (done, Some(error)),
            }
        }
    }
    loop {
        match reader.next_row() {
            Ok(Some(row)) => {
                let Some(target) = rows.next() else { return (done, None) };
                if decoded == pixel {
                    target.copy_from_slice(row.data());
                } else {
                    for (gray, rgb) in target.iter_mut().zip(row.data().chunks_exact(decoded)) {
                        *gray = rgb[0];
                    }
                }
                done += width as u64;
            }
            Ok(None) => return (done, None),
            Err(error) => return (done, Some(error)),
        }
    }
}
