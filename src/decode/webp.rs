//! WebP through `image`: the first frame of an animation.

use image::codecs::webp::WebPDecoder;
use image::{ImageDecoder, Limits};

use super::Decoded;
use super::bmp::{read, refuse};
use super::watched::Watched;
use crate::CancelToken;
use crate::error::Error;
use crate::format::Format;
use crate::probe::ImageInfo;

pub(super) fn decode(data: &[u8], info: &ImageInfo, max_memory: u64, cancel: &CancelToken) -> Result<Decoded, Error> {
    let mut decoder = WebPDecoder::new(Watched::new(data, cancel)).map_err(|e| refuse(Format::WebP, e))?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(max_memory);
    decoder.set_limits(limits).map_err(|e| refuse(Format::WebP, e))?;
    let raster = read(decoder, Format::WebP)?;
    if (raster.width(), raster.height()) != (info.width, info.height) {
        return Err(Error::malformed(
            Format::WebP,
            "its header and its pixels differ in size",
        ));
    }
    Ok(Decoded::whole(raster, info))
}
