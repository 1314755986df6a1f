//! The planar road: a JPEG's planes, resampled and turned on their way from the decoder to the encoder.
//!
//! No colour is converted and no chroma brought to full size: Y, Cb and Cr pass in strips, each with its own target
//! size. Upright pictures and those mirrored left to right are never held; for the other orientations the target planes
//! are, as their first row needs the source's last one, or a column of it.

use super::picture::Picture;
use crate::CancelToken;
use crate::Orientation;
use crate::encode::jpeg::{self, PlaneSource, Take};
use crate::error::Error;
use crate::formats::jpeg::{MAX_SCANS, damage, has_huffman_tables, refuse};
use crate::formats::{ColorModel, Damage, Format, ImageInfo, Reading};
use crate::jpeg::decode::{self, DamageReport, Decoder, Header, Limits, Scale, Strip};
use crate::jpeg::encode::{Frame, Plane, Sampling};
use crate::options::{Light, OnDamage, Options};
use crate::pixels;
use crate::resample::planes::{Band, Job, LINES, PlaneResampler, Span};
use crate::threads;

/// MCU rows in a strip where threads share the work: enough for one to be worth the handing over.
const STRIP_ROWS: usize = 4;

/// The memory of this road, kept from photo to photo.
pub(crate) struct Scratch {
    decoder: Decoder,
    /// Pieces of the source.
    strips: Vec<Strip>,
    resamplers: [PlaneResampler; 3],
    /// The target planes: as a whole, or what is not yet a row of MCUs.
    whole: [Vec<u8>; 3],
    /// Pieces of the target.
    bands: Vec<Rows>,
    lines: Vec<u8>,
}

impl Scratch {
    /// Empty, for photos within the options' limits.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            decoder: Decoder::new(limits(options)),
            strips: Vec::new(),
            resamplers: Default::default(),
            whole: Default::default(),
            bands: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Ends with [`Error::Cancelled`] once `token` is cancelled.
    pub(crate) fn set_cancel(&mut self, token: &CancelToken) {
        self.decoder.set_cancel(token.clone());
    }

    /// The decoder, for those who want its coefficients.
    pub(crate) fn decoder(&mut self) -> &mut Decoder {
        &mut self.decoder
    }
}

/// The decoder's limits.
fn limits(options: &Options) -> Limits {
    Limits::default()
        .max_pixels(options.max_source_pixels())
        .max_memory(options.max_memory())
        .max_scans(MAX_SCANS)
}

/// Whether the codec may take the file whole, as far as `info` tells.
pub(crate) fn may_cover(info: &ImageInfo) -> bool {
    covered_color(info).is_some()
}

/// The colours that a covered file has for the codec.
fn covered_color(info: &ImageInfo) -> Option<decode::ColorModel> {
    let named = info.jpeg.as_ref()?.subsampling();
    match (info.color, named) {
        (ColorModel::Gray, _) => Some(decode::ColorModel::Gray),
        (ColorModel::YCbCr, Some("4:4:4" | "4:2:2" | "4:4:0" | "4:2:0")) => Some(decode::ColorModel::YCbCr),
        _ => None,
    }
}

/// By how much the decoder scales a picture that is to have another size. A scaled decode averages by the transform,
/// for next to nothing, and leaves at least a half to the filter.
pub(crate) fn scale(source: (u32, u32), target: (u32, u32)) -> Scale {
    match (source.0 / target.0.max(1)).min(source.1 / target.1.max(1)) {
        0..4 => Scale::Full,
        4..8 => Scale::Half,
        8..16 => Scale::Quarter,
        _ => Scale::Eighth,
    }
}

/// Whether the codec takes the file whole: gray or YCbCr, chroma at full size or at half of it in either direction.
pub(crate) fn covers(reading: &Reading<'_>, options: &Options) -> bool {
    covered(reading, options).is_some()
}

/// Whether the header of a file that [`covers`] accepts lets it be turned upright without loss.
pub(crate) fn can_turn(reading: &Reading<'_>, options: &Options) -> bool {
    covered(reading, options).is_some_and(|header| header.can_turn(reading.info.orientation, &limits(options)))
}

/// The codec's own header of a file that it takes whole.
fn covered(reading: &Reading<'_>, options: &Options) -> Option<Header> {
    let (data, info) = (reading.data, &reading.info);
    let color = covered_color(info)?;
    // Without Huffman tables a file is a frame of a video, for which the codec would take the standard's.
    if !has_huffman_tables(data) {
        return None;
    }
    Header::read(data, &limits(options)).ok().filter(|header| {
        let size = (u32::from(header.width), u32::from(header.height));
        header.color == color && size == (info.width, info.height)
    })
}

/// A JPEG that gives its planes at any size.
pub(crate) struct PlanarPicture<'a> {
    data: &'a [u8],
    info: &'a ImageInfo,
    options: &'a Options,
    scratch: &'a mut Scratch,
    frame: Frame,
    scale: Scale,
    jobs: Vec<Job>,
    damage: Option<Damage>,
}

impl<'a> PlanarPicture<'a> {
    /// A picture that [`covers`] accepts, at an upright size. However much it shrinks by, the filter's reach is held of
    /// the source: at most its planes at an eighth of their size.
    pub(crate) fn new(
        data: &'a [u8],
        info: &'a ImageInfo,
        options: &'a Options,
        scratch: &'a mut Scratch,
        (width, height): (u32, u32),
    ) -> Result<Self, Error> {
        let sampling = match info.color {
            ColorModel::Gray => Sampling::Gray,
            _ => jpeg::sampling(info, options.chroma()),
        };
        let mut picture = Self {
            data,
            info,
            options,
            scratch,
            frame: jpeg::frame(width, height, sampling)?,
            scale: Scale::Full,
            jobs: Vec::new(),
            damage: None,
        };
        picture.shape(width, height)?;
        Ok(picture)
    }

    /// What could not be read, once the planes have been given.
    pub(crate) fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// What is to be done with each plane.
    fn jobs(&self) -> Vec<Job> {
        let (info, frame) = (self.info, self.frame);
        let steps = info.orientation.steps();
        let factors = match &info.jpeg {
            Some(jpeg) if jpeg.sampling.len() == frame.sampling().planes() && jpeg.sampling.len() > 1 => {
                jpeg.sampling.clone()
            }
            _ => vec![(1, 1)],
        };
        let most = |factor: fn(&(u8, u8)) -> u8| factors.iter().map(factor).max().unwrap_or(1);
        let most = (most(|f| f.0), most(|f| f.1));
        let block = self.scale.block_size();
        let (target_h, target_v) = frame.sampling().factors();
        let planes = factors.iter().enumerate().map(|(index, &(h, v))| {
            let (columns, rows) = frame.plane_size(index);
            let target_factor = |factor: u8| if index == 0 { 1 } else { factor };
            let upright_x = (columns, frame.width(), target_factor(target_h), steps.flip_horizontal);
            let upright_y = (rows, frame.height(), target_factor(target_v), steps.flip_vertical);
            let (along_x, along_y) = if steps.transpose {
                (upright_y, upright_x)
            } else {
                (upright_x, upright_y)
            };
            let span =
                |size: u32, factor: u8, most: u8, (target, pixels, subsampled, flipped): (usize, u16, u8, bool)| {
                    let samples = size as usize * usize::from(factor) * block;
                    let parts = 8 * usize::from(most);
                    Span {
                        source: samples.div_ceil(parts),
                        covered: samples as f64 / parts as f64,
                        target,
                        target_covered: f64::from(pixels) / f64::from(subsampled),
                        flipped,
                    }
                };
            Job {
                across: span(info.width, h, most.0, along_x),
                down: span(info.height, v, most.1, along_y),
                filter: self.options.filter(),
                // Chroma is no light: it stays as it is coded.
                linear: index == 0 && self.options.light() == Light::Linear,
            }
        });
        planes.collect()
    }

    /// Notes what could not be read, or refuses it.
    fn judge(&mut self, report: &DamageReport) -> Result<(), Error> {
        let Some(damage) = damage(report) else {
            return Ok(());
        };
        if self.options.on_damage() == OnDamage::Refuse {
            return Err(Error::Damaged {
                format: Format::Jpeg,
                readable: damage.readable,
                source: damage.source,
            });
        }
        self.damage = Some(damage);
        Ok(())
    }
}

impl Picture for PlanarPicture<'_> {
    fn upright_size(&self) -> (u32, u32) {
        self.info.upright_size()
    }

    fn shape(&mut self, width: u32, height: u32) -> Result<(), Error> {
        self.frame = jpeg::frame(width, height, self.frame.sampling())?;
        self.scale = scale(self.info.upright_size(), (width, height));
        self.jobs = self.jobs();
        Ok(())
    }
}

impl PlaneSource for PlanarPicture<'_> {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn strips(&mut self, take: &mut Take<'_>) -> Result<(), Error> {
        let Scratch {
            decoder,
            strips,
            resamplers,
            whole,
            bands,
            lines,
            ..
        } = &mut *self.scratch;
        let (frame, jobs) = (self.frame, &self.jobs);
        let orientation = self.info.orientation;
        let steps = orientation.steps();
        let streams = !steps.transpose && !steps.flip_vertical;
        for (index, (job, resampler)) in jobs.iter().zip(&mut *resamplers).enumerate() {
            resampler.start(job)?;
            if streams {
                // What a turned photo needed is more than this one ever will.
                whole[index] = Vec::new();
            } else {
                whole[index].clear();
                let (width, height) = frame.plane_size(index);
                pixels::resize(&mut whole[index], width * height)?;
            }
        }
        let mut source = decoder.strips(self.data, self.scale).map_err(refuse)?;
        if threads::threads() > 1 {
            source = source.by_intervals(STRIP_ROWS);
        }
        let (picture, walk) = source.parts();
        let mut met = DamageReport::default();
        let mut left = usize::from(frame.height());
        let mut begin = |strip: &mut Strip| walk.begin(picture, strip).map_err(refuse);
        let fill = |strip: &mut Strip| picture.fill(strip).map_err(refuse);
        let mut resample = |strip: &mut Strip, band: &mut Rows| {
            met.absorb(&mut strip.report);
            for (index, plane) in strip.planes.planes().iter().enumerate().take(jobs.len()) {
                let (width, height) = frame.plane_size(index);
                let out = &mut whole[index];
                resamplers[index].push(plane.rows(), |band| {
                    if streams {
                        let at = out.len();
                        pixels::resize(out, at + band.rows * width)?;
                        band.write_rows(&mut out[at..], width);
                    } else {
                        turn(&band, orientation, (width, height), lines, out);
                    }
                    Ok(())
                })?;
            }
            Ok(streams && band.cut_off(frame, &mut left, whole)?)
        };
        let mut encode = |band: &mut Rows| take(band.count, &views(frame, &band.planes));
        threads::relay((strips, bands), &mut begin, &fill, &mut resample, &mut encode)?;
        let (_, mut report) = source.into_parts();
        report.absorb(&mut met);
        if !streams {
            take(usize::from(frame.height()), &views(frame, whole))?;
        }
        self.judge(&report)
    }
}

/// Rows of the target, in whole MCU rows but for the last ones.
#[derive(Default)]
struct Rows {
    planes: [Vec<u8>; 3],
    /// How many there are of the picture.
    count: usize,
}

impl Rows {
    /// Takes the whole MCU rows that all planes have by now, or what is left at the end; `false` if there are none.
    fn cut_off(&mut self, frame: Frame, left: &mut usize, planes: &mut [Vec<u8>; 3]) -> Result<bool, Error> {
        let mcu_height = frame.mcu_height();
        let down = |index: usize| if index == 0 { 1 } else { mcu_height / 8 };
        let mut ready = *left;
        for (index, plane) in planes.iter().enumerate().take(frame.sampling().planes()) {
            ready = ready.min(plane.len() / frame.plane_size(index).0 * down(index));
        }
        if ready < *left {
            ready -= ready % mcu_height;
        }
        if ready == 0 {
            return Ok(false);
        }
        for (index, (from, to)) in planes.iter_mut().zip(&mut self.planes).enumerate() {
            if index == frame.sampling().planes() {
                break;
            }
            // The rows behind change place instead, as they are fewer.
            let rest = &from[ready.div_ceil(down(index)) * frame.plane_size(index).0..];
            to.clear();
            pixels::resize(to, rest.len())?;
            to.copy_from_slice(rest);
            std::mem::swap(from, to);
        }
        *left -= ready;
        self.count = ready;
        Ok(true)
    }
}

fn views(frame: Frame, out: &[Vec<u8>; 3]) -> Vec<Plane<'_>> {
    let planes = out.iter().enumerate().take(frame.sampling().planes());
    planes
        .map(|(index, samples)| Plane::new(samples, frame.plane_size(index).0))
        .collect()
}

/// Puts a band where it belongs in the upright plane. Mirroring along the rows has been done by the resampler.
fn turn(
    band: &Band<'_>,
    orientation: Orientation,
    (width, height): (usize, usize),
    lines: &mut Vec<u8>,
    out: &mut [u8],
) {
    let steps = orientation.steps();
    if steps.transpose {
        // A row of the band is a column of the upright picture, and what is a column here is a piece of a row.
        let from = if steps.flip_horizontal {
            width - band.first - band.rows
        } else {
            band.first
        };
        for (row, &column) in out.chunks_exact_mut(width).zip(band.columns) {
            let piece = &mut row[from..from + band.rows];
            // Sixteen at once is a single move, where the length is known.
            if let Ok(whole) = <&mut [u8; LINES]>::try_from(&mut *piece) {
                let bytes = u128::from_le_bytes(column);
                *whole = if steps.flip_horizontal {
                    bytes.swap_bytes().to_le_bytes()
                } else {
                    column
                };
                continue;
            }
            piece.copy_from_slice(&column[..band.rows]);
            if steps.flip_horizontal {
                piece.reverse();
            }
        }
    } else if steps.flip_vertical {
        lines.resize(band.rows * width, 0);
        band.write_rows(lines, width);
        let top = height - band.first - band.rows;
        let rows = out[top * width..(top + band.rows) * width].chunks_exact_mut(width);
        for (row, line) in rows.rev().zip(lines.chunks_exact(width)) {
            row.copy_from_slice(line);
        }
    } else {
        band.write_rows(&mut out[band.first * width..], width);
    }
}
