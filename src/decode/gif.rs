//! GIF through `gif`: the first frame, laid on the canvas as viewers show it.

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use super::{Damage, Decoded};
use crate::CancelToken;
use crate::error::Error;
use crate::format::Format;
use crate::pixels::{Layout, Palette, Raster, Samples, sample_count, zeros};
use crate::probe::ImageInfo;

pub(super) fn decode(data: &[u8], info: &ImageInfo, cancel: &CancelToken) -> Result<Decoded, Error> {
    let refuse = |e: gif::DecodingError| Error::decode(Format::Gif, e);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // The size was checked against the caller's limits already.
    options.set_memory_limit(MemoryLimit::Unlimited);
    let mut reader = options.read_info(Cursor::new(data)).map_err(refuse)?;
    let frame = reader
        .next_frame_info()
        .map_err(refuse)?
        .ok_or_else(|| Error::malformed(Format::Gif, "it has no frame"))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (frame_width, frame_height) = (usize::from(frame.width), usize::from(frame.height));
    let (interlaced, transparent) = (frame.interlaced, frame.transparent);
    let (width, height) = (info.width as usize, info.height as usize);
    let palette = reader.palette().map_err(refuse)?.to_vec();

    let palette = Palette::new(&palette, |i| {
        if Some(i) == transparent.map(usize::from) {
            0
        } else {
            u8::MAX
        }
    });
    let covers = left == 0 && top == 0 && frame_width >= width && frame_height >= height;
    // A frame that covers the canvas stays indices; elsewhere the canvas shows through, which no index stands for.
    let (layout, pixel) = if covers {
        (palette.layout(true), 1)
    } else {
        (Layout::Rgba, 4)
    };
    let len = sample_count(info.width, info.height, pixel).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    let mut pixels: Vec<u8> = zeros(len)?;
    let mut line = zeros(frame_width)?;
    let mut rows = 0;
    let mut error = None;
    for y in row_order(frame_height, interlaced) {
        cancel.check()?;
        match reader.fill_buffer(&mut line) {
            Ok(true) => {}
            Ok(false) => break,
            Err(e) => {
                error = Some(e);
                break;
            }
        }
        rows += 1;
        // What lies outside the canvas is not shown.
        if top + y >= height {
            continue;
        }
        let row = &mut pixels[(top + y) * width * pixel..(top + y + 1) * width * pixel];
        if let Some(row) = row.get_mut(left * pixel..) {
            let shown = frame_width.min(row.len() / pixel);
            if covers {
                row.copy_from_slice(&line[..shown]);
            } else {
                palette.expand(&line[..shown], layout, row);
            }
        }
    }
    if rows == 0 {
        return Err(error.map_or_else(
            || Error::malformed(Format::Gif, "its first frame has no pixels"),
            refuse,
        ));
    }
    let readable = rows as f64 / frame_height as f64;
    let damage = (rows < frame_height).then(|| Damage {
        readable,
        source: error.map(Into::into),
    });
    let samples = if covers {
        Samples::Indexed(pixels, palette)
    } else {
        Samples::U8(pixels)
    };
    let raster = Raster::new(info.width, info.height, layout, samples)
        .ok_or_else(|| Error::malformed(Format::Gif, "its size is 0"))?;
    Ok(Decoded {
        damage,
        ..Decoded::whole(raster, info)
    })
}

/// The order in which a frame's rows are stored (GIF89a, appendix E).
fn row_order(height: usize, interlaced: bool) -> Box<dyn Iterator<Item = usize>> {
    if !interlaced {
        return Box::new(0..height);
    }
    Box::new(
        [(0, 8), (4, 8), (2, 4), (1, 2)]
            .into_iter()
            .flat_map(move |(first, step)| (first..height).step_by(step)),
    )
}
