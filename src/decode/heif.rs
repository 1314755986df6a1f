//! HEIC through `heifer`, which gives the picture turned upright already.

use bytemuck::Zeroable;

use super::Decoded;
use crate::error::Error;
use crate::format::Format;
use crate::orient::Orientation;
use crate::pixels::{Layout, Raster, Samples, zeros};
use crate::probe::ImageInfo;

pub(super) fn decode(data: &[u8], info: &ImageInfo, max_pixels: u64) -> Result<Decoded, Error> {
    let options = heifer::Options {
        // Parallel work is the caller's to give, through its own pool.
        max_threads: 1,
        max_pixels,
    };
    // Colours said by number alone (nclx) are converted to sRGB; an ICC profile is carried along as it is.
    let by_number = info.profile.is_none();
    let (width, height, layout, samples) = if info.bit_depth > 8 {
        let image = by_number
            .then(|| heifer::decode_srgb_with_options(data, &options).ok())
            .flatten()
            .map_or_else(|| heifer::decode_with_options(data, &options), Ok)
            .map_err(refuse)?;
        let layout = layout(image.has_alpha);
        // Samples of 9 to 16 bits are widened so that their largest value is the largest of 16 bits.
        let top = u32::from(image.max_value()).max(1);
        let widen = |v: u16| u16::try_from((u32::from(v) * 65_535 + top / 2) / top).unwrap_or(u16::MAX);
        let samples = channels(&image.data, layout, widen)?;
        (image.width, image.height, layout, Samples::U16(samples))
    } else {
        let image = by_number
            .then(|| heifer::decode_srgb_rgba8(data, &options).ok())
            .flatten()
            .map_or_else(|| heifer::decode_rgba8(data, &options), Ok)
            .map_err(refuse)?;
        let layout = layout(image.has_alpha);
        let samples = channels(&image.data, layout, |v: u8| v)?;
        (image.width, image.height, layout, Samples::U8(samples))
    };
    if (width, height) != info.upright_size() {
        return Err(Error::malformed(
            Format::Heif,
            "its header and its pixels differ in size",
        ));
    }
    let raster =
        Raster::new(width, height, layout, samples).ok_or_else(|| Error::malformed(Format::Heif, "its size is 0"))?;
    Ok(Decoded {
        orientation: Orientation::Upright,
        ..Decoded::whole(raster, info)
    })
}

const fn layout(alpha: bool) -> Layout {
    if alpha { Layout::Rgba } else { Layout::Rgb }
}

/// The channels that `layout` wants of RGBA samples.
fn channels<T: Copy + Zeroable>(rgba: &[T], layout: Layout, map: impl Fn(T) -> T) -> Result<Vec<T>, Error> {
    let n = layout.channels();
    let mut out = zeros(rgba.len() / 4 * n)?;
    for (out, pixel) in out.chunks_exact_mut(n).zip(rgba.chunks_exact(4)) {
        for (out, &v) in out.iter_mut().zip(pixel) {
            *out = map(v);
        }
    }
    Ok(out)
}

fn refuse(error: heifer::Error) -> Error {
    match error {
        heifer::Error::Unsupported(what) => Error::unsupported(format!("this HEIC ({what})")),
        other => Error::decode(Format::Heif, other),
    }
}
