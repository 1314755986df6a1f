//! JPEG inside TIFF: streams whose tables stand apart (TIFF Technical Note 2), through the codec.

use photofit_jpeg::decode::{Declined, DecodeError, Decoder, Limits, Planes, Scale};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::compression::Broken;
use super::layout::Page;
use crate::CancelToken;
use crate::error::Error;
use crate::formats::jpeg::{MAX_SCANS, frame_size, upsample, ycbcr_to_rgb};
use crate::formats::watched::Watched;
use crate::pixels::zeros;

/// The most that the samples of a stream may exceed their strip or tile: they may fill MCUs up.
const PADDING: u32 = 64;

/// Why a stream gives no rows.
pub(super) enum Trouble {
    /// It is broken; others may be whole.
    Broken(Broken),
    /// All are of such a kind, or there is no point in going on.
    Fatal(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

fn broken<T>(what: impl Into<Broken>) -> Result<T, Trouble> {
    Err(Trouble::Broken(what.into()))
}

/// A stream that was decoded.
pub(super) struct Stream {
    width: usize,
    height: usize,
    picture: Picture,
    /// The part that could be read, 0 to 1, and what was wrong with the rest.
    pub(super) readable: f64,
    pub(super) problem: Option<Broken>,
}

enum Picture {
    /// Planes of one or three components, each so many times smaller across and down; converted to RGB or not.
    Planes {
        planes: Planes,
        factors: Vec<(usize, usize)>,
        to_rgb: bool,
        lines: [Vec<u8>; 3],
        blend: Vec<u16>,
    },
    /// Samples side by side, so many a pixel.
    Samples(Vec<u8>, usize),
}

/// A stream with the tables that it needs in front: its own bytes where it has them all.
pub(super) fn complete(page: &Page<'_>, stream: &[u8], joined: &mut Vec<u8>) -> Result<bool, Trouble> {
    // What begins with no start of image has no tables.
    let Some(tables) = page.jpeg_tables.and_then(|tables| tables.strip_prefix(&[0xFF, 0xD8])) else {
        return Ok(false);
    };
    // Far more than four tables of each kind have.
    if tables.len() > 1 << 16 {
        return broken("its JPEG tables are larger than tables can be");
    }
    let tables = tables.strip_suffix(&[0xFF, 0xD9]).unwrap_or(tables);
    let Some(body) = stream.strip_prefix(&[0xFF, 0xD8]) else {
        return broken("a strip or tile is no JPEG");
    };
    joined.clear();
    let len = 2 + tables.len() + body.len();
    joined
        .try_reserve_exact(len)
        .map_err(|_| Trouble::Fatal(Error::OutOfMemory { bytes: len as u64 }))?;
    for part in [&[0xFF, 0xD8], tables, body] {
        joined.extend_from_slice(part);
    }
    Ok(true)
}

/// Decodes a stream of `components` samples a pixel for a strip or tile of `size`. `to_rgb`: its components are YCbCr,
/// whatever markers it has.
pub(super) fn decode(
    stream: &[u8],
    components: usize,
    size: (u32, u32),
    to_rgb: bool,
    memory: u64,
    cancel: &CancelToken,
) -> Result<Stream, Trouble> {
    if stream.is_empty() {
        return broken("a strip or tile has no bytes");
    }
    let Some((w, h)) = frame_size(stream) else {
        return broken("a JPEG stream has no frame header");
    };
    let (w, h) = (u32::from(w), u32::from(h));
    if w > size.0.saturating_add(PADDING) || h > size.1.saturating_add(PADDING) {
        return broken("a JPEG stream is larger than its strip or tile");
    }
    if components == 4 {
        return by_zune(stream, (w, h), cancel);
    }
    let limits = Limits::default().max_memory(memory).max_scans(MAX_SCANS);
    let mut decoder = Decoder::new(limits);
    decoder.set_cancel(cancel.clone());
    let mut planes = Planes::new();
    let (header, report) = decoder
        .planes(stream, Scale::Full, &mut planes)
        .map_err(|error| match error {
            DecodeError::Cancelled => Trouble::Fatal(Error::Cancelled),
            DecodeError::Memory { bytes } => Trouble::Fatal(Error::OutOfMemory { bytes: bytes as u64 }),
            DecodeError::Declined(what) => Trouble::Fatal(decline(what)),
            other => Trouble::Broken(other.into()),
        })?;
    if header.components.len() != components {
        return broken("a JPEG stream has another number of components than its picture");
    }
    let largest = |side: &dyn Fn(usize) -> u8| (0..components).map(side).max().map_or(1, usize::from);
    let across = largest(&|i| header.components[i].h);
    let down = largest(&|i| header.components[i].v);
    let alone = components == 1;
    let factors = header.components.iter().map(|c| match alone {
        // Its factors have no effect.
        true => (1, 1),
        false => (across / usize::from(c.h.max(1)), down / usize::from(c.v.max(1))),
    });
    let readable = report.readable_fraction();
    Ok(Stream {
        width: header.width.into(),
        height: header.height.into(),
        readable,
        problem: report
            .places()
            .first()
            .filter(|_| readable < 1.0)
            .map(|place| place.to_string().into()),
        picture: Picture::Planes {
            factors: factors.collect(),
            planes,
            to_rgb: to_rgb && !alone,
            lines: Default::default(),
            blend: Vec::new(),
        },
    })
}

/// Four components, which the codec declines: inks, or RGB with alpha.
fn by_zune(stream: &[u8], (width, height): (u32, u32), cancel: &CancelToken) -> Result<Stream, Trouble> {
    use photofit_jpeg::decode::{ColorModel, Process};
    use photofit_jpeg::header::FileHeader;
    let header = FileHeader::read(stream).map_err(|error| Trouble::Broken(error.into()))?;
    // They come out as they are stored if they go in and out as the same.
    let color = match header.color() {
        Some(ColorModel::Cmyk) => ColorSpace::CMYK,
        Some(ColorModel::Ycck) => ColorSpace::YCCK,
        _ => return broken("a JPEG stream has another number of components than its picture"),
    };
    match (header.process, header.precision) {
        (Process::Baseline | Process::ExtendedSequential | Process::Progressive, 8) => {}
        (Process::Arithmetic, _) => return Err(decline(Declined::Arithmetic).into()),
        (Process::Baseline | Process::ExtendedSequential | Process::Progressive, bits) => {
            return Err(decline(Declined::Precision(bits)).into());
        }
        _ => return Err(decline(Declined::Lossless).into()),
    }
    let len = width as usize * height as usize * 4;
    let mut samples = zeros(len)?;
    let options = DecoderOptions::new_fast()
        .set_max_width(width as usize)
        .set_max_height(height as usize)
        .set_strict_mode(true)
        .jpeg_set_max_scans(MAX_SCANS as usize)
        .jpeg_set_out_colorspace(color);
    let decoded = JpegDecoder::new_with_options(Watched::new(stream, cancel), options).decode_into(&mut samples);
    cancel.check().map_err(Error::from)?;
    if let Err(error) = decoded {
        return broken(error.to_string());
    }
    Ok(Stream {
        width: width as usize,
        height: height as usize,
        picture: Picture::Samples(samples, 4),
        readable: 1.0,
        problem: None,
    })
}

fn decline(what: Declined) -> Error {
    let name = match what {
        Declined::Arithmetic => "arithmetic-coded JPEG".to_owned(),
        Declined::Lossless => "lossless JPEG".to_owned(),
        Declined::Hierarchical => "hierarchical JPEG".to_owned(),
        Declined::Precision(bits) => format!("{bits}-bit JPEG"),
        Declined::Components(count) => format!("JPEG of {count} components"),
        other => format!("JPEG ({other})"),
    };
    Error::unsupported(format!("a TIFF with {name}"))
}

impl Stream {
    /// A row of samples side by side, as many pixels as `out` holds.
    pub(super) fn row(&mut self, y: usize, out: &mut [u8]) -> Result<(), Broken> {
        let small = || Err("a JPEG stream is smaller than its strip or tile".into());
        if y >= self.height {
            return small();
        }
        match &mut self.picture {
            Picture::Samples(samples, n) => {
                let start = y * self.width * *n;
                let row = samples.get(start..start + self.width * *n).unwrap_or_default();
                let Some(row) = row.get(..out.len()) else {
                    return small();
                };
                out.copy_from_slice(row);
            }
            Picture::Planes {
                planes,
                factors,
                to_rgb,
                lines,
                blend,
            } => {
                let n = factors.len().max(1);
                let width = out.len() / n;
                if width > self.width {
                    return small();
                }
                for ((line, plane), &factors) in lines.iter_mut().zip(planes.planes()).zip(&*factors) {
                    line.resize(width, 0);
                    upsample(plane, factors, y, blend, line);
                }
                let [first, second, third] = lines;
                if n == 1 {
                    out.copy_from_slice(first);
                    return Ok(());
                }
                let samples = first.iter().zip(&*second).zip(&*third);
                for (pixel, ((&a, &b), &c)) in out.as_chunks_mut::<3>().0.iter_mut().zip(samples) {
                    *pixel = if *to_rgb { ycbcr_to_rgb(a, b, c) } else { [a, b, c] };
                }
            }
        }
        Ok(())
    }
}
