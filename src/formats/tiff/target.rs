//! The picture that is being made: a row of unpacked samples becomes a row of its pixels.

use super::color::{LabCode, YCbCr, byte, lab_to_srgb};
use super::layout::{Alpha, Meaning, Page};
use super::palette;
use crate::colour::inks::Inks;
use crate::error::Error;
use crate::formats::format::Format;
use crate::pixels::{Layout, Palette, Raster, Samples, narrow_sample, sample_count, zeros};

/// The colour of what could not be read: mid gray.
const UNREAD: u8 = 128;

/// Samples of pixels, 8 or 16 bits each.
enum Buffer {
    Narrow(Vec<u8>),
    Wide(Vec<u16>),
}

/// What becomes of the samples of a pixel.
enum Convert {
    /// They are indices, and stay so.
    Index(Palette),
    /// They are colours as they should be, or inverted.
    Plain {
        inverted: bool,
    },
    /// They are indices, and become colours.
    Colors(Vec<u8>),
    Inks(Inks, Vec<u8>),
    YCbCr(Box<YCbCr>),
    Lab(LabCode),
}

/// The picture, and how it is made.
pub(super) struct Target {
    width: usize,
    layout: Layout,
    buffer: Buffer,
    convert: Convert,
    /// Samples of a pixel in a row that is put in, and which of them is alpha.
    stride: usize,
    alpha: Option<Alpha>,
    /// The largest value of a sample that is put in.
    top: u16,
}

/// A part of a row of the picture.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) len: usize,
}

/// A part of a row of the picture that takes stored samples as they are.
pub(super) enum Direct<'a> {
    Narrow(&'a mut [u8]),
    Wide(&'a mut [u16]),
}

impl Target {
    /// The picture of a page whose rows have samples of these places in a pixel. `may_be_gray`: a palette of grays is gray.
    pub(super) fn new(page: &Page<'_>, used: &[usize], may_be_gray: bool, icc: Option<&[u8]>) -> Result<Self, Error> {
        let alpha = page.alpha.and_then(|alpha| {
            let at = used.iter().position(|&at| at == alpha.at)?;
            Some(Alpha { at, ..alpha })
        });
        let wide = page.bits > 8;
        let rgb = if alpha.is_some() { Layout::Rgba } else { Layout::Rgb };
        let (layout, convert) = match page.meaning {
            Meaning::Gray { inverted } if alpha.is_some() => (Layout::GrayAlpha, Convert::Plain { inverted }),
            Meaning::Gray { inverted } => (Layout::Gray, Convert::Plain { inverted }),
            Meaning::Rgb => (rgb, Convert::Plain { inverted: false }),
            // The codec has made RGB of it.
            Meaning::YCbCr { .. } if page.compression.is_jpeg() && !page.planar => {
                (rgb, Convert::Plain { inverted: false })
            }
            Meaning::YCbCr { .. } => {
                let table = page.with_fields(|fields| Some(YCbCr::new(fields)));
                let table = table.ok_or_else(|| Error::malformed(Format::Tiff, "its first directory is gone"))?;
                (rgb, Convert::YCbCr(Box::new(table)))
            }
            Meaning::Palette => {
                let colors = palette::colors(page)?;
                if alpha.is_none() && !wide {
                    let palette = Palette::new(&colors, |_| u8::MAX);
                    (palette.layout(may_be_gray), Convert::Index(palette))
                } else {
                    (rgb, Convert::Colors(colors))
                }
            }
            Meaning::Cmyk => {
                let len = page.chunk.0.min(page.width) as usize;
                (rgb, Convert::Inks(Inks::new(icc), zeros(len * 7)?))
            }
            Meaning::Lab { icc } => (rgb, Convert::Lab(LabCode { wide, icc })),
        };
        let channels = match convert {
            Convert::Index(_) => 1,
            _ => layout.channels(),
        };
        let len = sample_count(page.width, page.height, channels).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let keeps_depth = matches!(convert, Convert::Plain { .. } | Convert::Lab(_));
        let top = match page.meaning {
            // Indices are not stretched, and neither is what stands beside them.
            Meaning::Palette => u16::try_from((1u32 << page.bits) - 1).unwrap_or(u16::MAX),
            _ if wide => u16::MAX,
            _ => u16::from(u8::MAX),
        };
        Ok(Self {
            width: page.width as usize,
            layout,
            buffer: if wide && keeps_depth {
                Buffer::Wide(zeros(len)?)
            } else {
                Buffer::Narrow(zeros(len)?)
            },
            convert,
            stride: used.len(),
            alpha,
            top,
        })
    }

    /// Whether an ICC profile of the file still describes the pixels.
    pub(super) fn description_holds(&self) -> bool {
        !matches!(self.convert, Convert::Inks(..) | Convert::Lab(_))
    }

    /// Whether samples can be stored as they come.
    pub(super) fn is_direct(&self) -> bool {
        match &self.convert {
            Convert::Index(_) => self.stride == 1,
            Convert::Plain { inverted } => {
                let premultiplied = self.alpha.is_some_and(|alpha| alpha.premultiplied);
                !inverted && !premultiplied && self.stride == self.layout.channels()
            }
            _ => false,
        }
    }

    /// Samples of a pixel in the picture.
    fn channels(&self) -> usize {
        match self.convert {
            Convert::Index(_) => 1,
            _ => self.layout.channels(),
        }
    }

    /// A part of a row, to be filled with samples as they are stored.
    pub(super) fn direct(&mut self, span: Span) -> Option<Direct<'_>> {
        let n = self.channels();
        let start = (span.y * self.width + span.x) * n;
        let range = start..start + span.len * n;
        match &mut self.buffer {
            Buffer::Narrow(v) => v.get_mut(range).map(Direct::Narrow),
            Buffer::Wide(v) => v.get_mut(range).map(Direct::Wide),
        }
    }

    /// Puts a row in, whose samples were unpacked.
    pub(super) fn put(&mut self, line: &[u16], span: Span) {
        let (stride, alpha, top, n) = (self.stride.max(1), self.alpha, self.top, self.channels());
        let start = (span.y * self.width + span.x) * n;
        let range = start..start + span.len * n;
        let pixels = line.chunks_exact(stride).take(span.len);
        let colors = n - usize::from(alpha.is_some());
        let opacity = |pixel: &[u16]| alpha.and_then(|alpha| pixel.get(alpha.at)).copied().unwrap_or(top);
        let narrow = |v: u16| match top {
            u16::MAX => narrow_sample(v),
            255 => u8::try_from(v).unwrap_or(u8::MAX),
            top => u8::try_from(u32::from(v) * 255 / u32::from(top.max(1))).unwrap_or(u8::MAX),
        };
        let out = match &mut self.buffer {
            Buffer::Wide(out) => {
                let Some(out) = out.get_mut(range) else { return };
                let out = out.chunks_exact_mut(n).zip(pixels);
                if let Convert::Lab(code) = self.convert {
                    for (out, pixel) in out {
                        let rgb = lab_to_srgb([pixel[0], pixel[1], pixel[2]], code);
                        for (out, v) in out.iter_mut().zip(rgb) {
                            *out = word(v);
                        }
                        if let Some(out) = out.get_mut(3) {
                            *out = opacity(pixel);
                        }
                    }
                } else {
                    plain(out, |v| v, &self.convert, alpha, top, colors);
                }
                return;
            }
            Buffer::Narrow(out) => out.get_mut(range).unwrap_or_default(),
        };
        let width = span.len;
        let out = out.chunks_exact_mut(n).zip(pixels);
        match &mut self.convert {
            Convert::Index(_) => out.for_each(|(out, pixel)| out[0] = u8::try_from(pixel[0]).unwrap_or(u8::MAX)),
            Convert::Plain { .. } => {
                plain(
                    out,
                    |v| u8::try_from(v).unwrap_or(u8::MAX),
                    &self.convert,
                    alpha,
                    top,
                    colors,
                );
            }
            Convert::Colors(map) => out.for_each(|(out, pixel)| {
                let at = usize::from(pixel[0]) * 3;
                let color = map.get(at..at + 3).unwrap_or(&[0; 3]);
                out[..3].copy_from_slice(color);
                if let Some(out) = out.get_mut(3) {
                    *out = narrow(opacity(pixel));
                }
            }),
            Convert::Inks(inks, scratch) => {
                let Some((cmyk, rest)) = scratch.split_at_mut_checked(4 * width) else {
                    return;
                };
                let Some(rgb) = rest.get_mut(..3 * width) else { return };
                for (ink, pixel) in cmyk.chunks_exact_mut(4).zip(line.chunks_exact(stride)) {
                    for (ink, &v) in ink.iter_mut().zip(pixel) {
                        *ink = narrow(v);
                    }
                }
                inks.to_rgb(cmyk, rgb);
                for ((out, pixel), rgb) in out.zip(rgb.chunks_exact(3)) {
                    out[..3].copy_from_slice(rgb);
                    if let Some(out) = out.get_mut(3) {
                        *out = narrow(opacity(pixel));
                    }
                }
            }
            Convert::YCbCr(table) => out.for_each(|(out, pixel)| {
                let rgb = table.rgb([narrow(pixel[0]), narrow(pixel[1]), narrow(pixel[2])]);
                out.copy_from_slice(&rgb);
            }),
            Convert::Lab(code) => out.for_each(|(out, pixel)| {
                let rgb = lab_to_srgb([pixel[0], pixel[1], pixel[2]], *code);
                for (out, v) in out.iter_mut().zip(rgb) {
                    *out = byte(v * 255.0);
                }
                if let Some(out) = out.get_mut(3) {
                    *out = narrow(opacity(pixel));
                }
            }),
        }
    }

    /// Fills a part of a row that could not be read.
    pub(super) fn blank(&mut self, span: Span) {
        let (n, has_alpha) = (self.channels(), self.layout.has_alpha());
        let unread = match self.convert {
            Convert::Index(_) => 0,
            _ => UNREAD,
        };
        match self.direct(span) {
            Some(Direct::Narrow(out)) => {
                out.fill(unread);
                if has_alpha && n > 1 {
                    out.chunks_exact_mut(n).for_each(|pixel| pixel[n - 1] = u8::MAX);
                }
            }
            Some(Direct::Wide(out)) => {
                out.fill(u16::from(unread) * 257);
                if has_alpha {
                    out.chunks_exact_mut(n).for_each(|pixel| pixel[n - 1] = u16::MAX);
                }
            }
            None => {}
        }
    }

    /// The picture.
    pub(super) fn raster(self, page: &Page<'_>) -> Option<Raster> {
        let samples = match (self.buffer, self.convert) {
            (Buffer::Narrow(v), Convert::Index(palette)) => Samples::Indexed(v, palette),
            (Buffer::Narrow(v), _) => Samples::U8(v),
            (Buffer::Wide(v), _) => Samples::U16(v),
        };
        Raster::new(page.width, page.height, self.layout, samples)
    }
}

/// Colours as they are stored, those that are inverted or multiplied by alpha set right.
fn plain<'a, T: 'a>(
    pixels: impl Iterator<Item = (&'a mut [T], &'a [u16])>,
    store: impl Fn(u16) -> T,
    convert: &Convert,
    alpha: Option<Alpha>,
    top: u16,
    colors: usize,
) {
    let inverted = matches!(convert, Convert::Plain { inverted: true });
    let set = |v: u16| if inverted { top - v.min(top) } else { v };
    let Some(Alpha { at, premultiplied }) = alpha else {
        for (out, pixel) in pixels {
            for (out, &v) in out.iter_mut().zip(pixel) {
                *out = store(set(v));
            }
        }
        return;
    };
    for (out, pixel) in pixels {
        let opacity = pixel[at];
        let divided = |v: u16| {
            let (v, by) = (u64::from(v), u64::from(opacity.max(1)));
            let v = (v * u64::from(top) + by / 2) / by;
            u16::try_from(v).unwrap_or(u16::MAX).min(top)
        };
        for (out, &v) in out.iter_mut().zip(&pixel[..colors]) {
            let v = set(v);
            *out = store(if premultiplied { divided(v) } else { v });
        }
        out[colors] = store(opacity);
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the range of u16
fn word(v: f32) -> u16 {
    (v * 65_535.0).round().clamp(0.0, 65_535.0) as u16
}
