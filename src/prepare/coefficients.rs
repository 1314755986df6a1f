//! JPEG to JPEG, in the gentlest way that conforms: its coefficients turned, coded anew or made coarser; else its planes.

use std::borrow::Cow;

use photofit_jpeg::decode::DecodeError;
use photofit_jpeg::encode::Mode;

use super::fit::Job;
use super::planes::{self, PlanarPicture};
use super::{Made, Preparer, estimate, must_convert, qualities};
use crate::Orientation;
use crate::colour::{self, Treatment};
use crate::encode::budget::{Attempts, Tenths};
use crate::encode::jpeg;
use crate::error::Error;
use crate::formats::{self, Carried, ColorModel, Format, ImageInfo, Reading, metadata};
use crate::options::{Chroma, Options};
use crate::report::{Action, Loss};

/// A picture made of the source's coefficients.
struct Recoded {
    bytes: Vec<u8>,
    /// The quality to which it was requantised, if it was.
    quality: Option<Tenths>,
    encodes: u32,
    /// What of the metadata it has no room for.
    lost: Vec<Loss>,
}

impl Preparer {
    /// JPEG to JPEG without going through RGB; `None` if the codec does not take the file.
    pub(super) fn transcode_jpeg<'a>(
        &mut self,
        reading: &Reading<'_>,
        (width, height): (u32, u32),
        losses: &[Loss],
    ) -> Result<Option<Made<'a>>, Error> {
        let (data, info) = (reading.data, &reading.info);
        if !planes::covers(reading, &self.options) {
            return Ok(None);
        }
        let gray = info.color == ColorModel::Gray;
        let description = reading.description();
        let mut colours = colour::treatment(description.clone(), gray, self.options.colour());
        if colours.convert.is_some() {
            if estimate::may_convert(info, &self.options) {
                // That takes pixels.
                return Ok(None);
            }
            // Linear light in 8 bits has lost its shadows already.
            colours = Treatment::as_described(description);
        }
        let mut carried = metadata::collect(reading, self.options.metadata(), width, height);
        carried.icc = colours.profile;
        let unfit = colours.loss;
        let same_size = (width, height) == info.upright_size();
        if same_size && let Some(recoded) = self.recode(data, info, &carried)? {
            let losses: Vec<Loss> = losses.iter().copied().chain(unfit).chain(recoded.lost).collect();
            self.deny(&losses)?;
            return Ok(Some(Made {
                action: match recoded.quality {
                    None => Action::Rewritten,
                    Some(_) => Action::Transcoded,
                },
                bytes: Cow::Owned(recoded.bytes),
                quality: recoded.quality,
                losses,
                encodes: recoded.encodes,
            }));
        }
        let mut qualities = qualities(info, &self.options);
        let only_turned = same_size && fits(info, &self.options);
        if only_turned
            && self.options.quality().value().is_none()
            && let Some(tables) = jpeg::source_tables(info)
            && let Some(quality) = info.jpeg.as_ref().and_then(|jpeg| jpeg.quality)
        {
            qualities.tables = Some(tables);
            qualities.start = Tenths::of(quality);
            qualities.floor = qualities.floor.min(qualities.start);
        }
        let size = (width, height);
        let mut picture = PlanarPicture::new(data, info, &self.options, &mut self.planar, size)?;
        let mut job = Job {
            carried,
            qualities,
            options: &self.options,
            encoder: &mut self.encoder,
            attempts: Attempts::default(),
            lost: Vec::new(),
        };
        let (bytes, quality) = job.jpeg(&mut picture)?;
        let (encodes, lost) = (job.attempts.count, std::mem::take(&mut job.lost));
        let damage = picture.damage().map(|damage| Loss::Damage {
            readable: damage.readable,
        });
        let losses: Vec<Loss> = losses.iter().copied().chain(damage).chain(unfit).chain(lost).collect();
        self.deny(&losses)?;
        Ok(Some(Made {
            action: Action::Transcoded,
            bytes: Cow::Owned(bytes),
            quality: Some(quality),
            losses,
            encodes,
        }))
    }

    /// A JPEG of which the pixels fit, upright and within the bytes, from its coefficients: as they are if that is
    /// enough, else requantised. `None` if an edge that would move does not fall on a whole MCU, if a part of it cannot
    /// be read, if another chroma sampling is wanted, or if it comes out too large at the lowest quality.
    fn recode(&mut self, data: &[u8], info: &ImageInfo, carried: &Carried) -> Result<Option<Recoded>, Error> {
        let limit = self.options.limits().max_bytes();
        let (metadata, lost) = formats::jpeg::for_encoder(carried);
        let fits = fits(info, &self.options);
        if fits && info.orientation == Orientation::Upright {
            // It conforms, but for what is missing of it.
            return Ok(None);
        }
        let wanted = jpeg::sampling(info, self.options.chroma());
        if !fits && info.color != ColorModel::Gray && wanted != jpeg::sampling(info, Chroma::Auto) {
            return Ok(None);
        }
        let (coefficients, report) = match self.planar.decoder().coefficients(data) {
            Ok(read) => read,
            Err(DecodeError::Cancelled) => return Err(Error::Cancelled),
            Err(_) => return Ok(None),
        };
        if report.readable_fraction() < 1.0 {
            return Ok(None);
        }
        let mut encodes = 0;
        if fits || self.options.quality().value().is_none() {
            // Where bytes are what is wanting, a progressive file has the fewest.
            let mode = if fits { Mode::Optimised } else { Mode::Progressive };
            let turned = self
                .encoder
                .turned(&coefficients, info.orientation, mode, &metadata, info.bytes)?;
            encodes += 1;
            match turned {
                None => return Ok(None),
                Some(bytes) if bytes.len() as u64 <= limit => {
                    return Ok(Some(Recoded {
                        bytes,
                        quality: None,
                        encodes,
                        lost,
                    }));
                }
                Some(_) => {}
            }
        }
        let qualities = qualities(info, &self.options);
        let coarser = self
            .encoder
            .coarser(&coefficients, info.orientation, &qualities, &metadata, limit)?;
        Ok(coarser.map(|encoded| Recoded {
            bytes: encoded.bytes,
            quality: Some(encoded.quality),
            encodes: encodes + 1,
            lost,
        }))
    }
}

/// Whether a plan to transcode to `format` and an upright size comes down to turning a JPEG without loss, as far as the
/// header tells: [`Preparer::recode`] has the last word, once it has read the coefficients.
pub(super) fn only_turns(reading: &Reading<'_>, options: &Options, format: Format, size: (u32, u32)) -> bool {
    may_only_turn(&reading.info, options, format, size)
        && planes::can_turn(reading, options)
        && !must_convert(reading, options)
}

/// Whether it may be one that [`only_turns`], as far as its header tells.
pub(super) fn may_only_turn(info: &ImageInfo, options: &Options, format: Format, size: (u32, u32)) -> bool {
    (info.format, format) == (Format::Jpeg, Format::Jpeg)
        && info.orientation != Orientation::Upright
        && size == info.upright_size()
        && fits(info, options)
}

/// Whether the file as it is keeps within the bytes.
fn fits(info: &ImageInfo, options: &Options) -> bool {
    info.bytes <= options.limits().max_bytes()
}
