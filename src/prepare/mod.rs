//! The road of a photo: read, plan, and then keep, rewrite or transcode; verify at the end.

mod coefficients;
pub(crate) mod estimate;
mod fit;
mod picture;
mod plan;
mod planes;
mod prepared;
mod rows;
#[cfg(test)]
mod tests;
mod verify;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

pub use plan::Plan;
pub use prepared::Prepared;

use crate::CancelToken;
use crate::colour::{self, Description};
use crate::encode::budget::{Attempts, Tenths};
use crate::encode::jpeg::{JpegEncoder, Qualities, sampling};
use crate::error::Error;
use crate::formats::{self, Cleaned, ColorModel, Damage, Decoded, Format, ImageInfo, Reading, metadata, probe};
use crate::options::{Check, Colour, Metadata, OnDamage, Options, OutputFormat};
use crate::report::{Action, Loss, Report, SourceSummary};
use crate::resample::Resampler;
use crate::threads;

/// The quality that [`Quality::Auto`](crate::Quality::Auto) starts from.
const DEFAULT_QUALITY: u8 = 90;

/// Prepares one photo: [`Preparer`] does the same for many and keeps its scratch memory between them.
///
/// # Errors
/// See [`Preparer::prepare`].
pub fn prepare<'a>(data: &'a [u8], options: &Options) -> Result<Prepared<'a>, Error> {
    Preparer::new(options.clone()).prepare(data)
}

/// What [`prepare`] would do with the photo, from its header alone. Only its pixels tell the rest: a photo that would be
/// kept or rewritten may turn out damaged, or to use colours that its palette lacks, and a JPEG too large by its bytes alone, for which [`Plan::Transcode`] is the
/// answer here, may fit once it is coded anew without loss.
///
/// # Errors
/// Those of [`probe`], [`Error::NoOutputFormat`], [`Error::TooManyPixels`] or [`Error::TooMuchMemory`], and
/// [`Error::Panicked`].
pub fn plan(data: &[u8], options: &Options) -> Result<Plan, Error> {
    caught(|| {
        let reading = formats::read(data)?;
        estimate::check_limits(&reading.info, options)?;
        Ok(match decide(&reading, options)?.0 {
            Plan::Transcode { format, width, height }
                if coefficients::only_turns(&reading, options, format, (width, height)) =>
            {
                Plan::Rewrite
            }
            plan => plan,
        })
    })
}

/// The same from the header alone, where that is enough: `None` where it takes the whole file to tell, as for one whose
/// picture may stay as it is.
pub(crate) fn plan_by_header(info: &ImageInfo, options: &Options) -> Result<Option<Plan>, Error> {
    caught(|| {
        estimate::check_limits(info, options)?;
        Ok(match plan::plan(info, 0, false, options)? {
            Plan::Transcode { format, width, height }
                if coefficients::may_only_turn(info, options, format, (width, height)) =>
            {
                None
            }
            plan @ Plan::Transcode { .. } => Some(plan),
            Plan::Keep | Plan::Rewrite => None,
        })
    })
}

/// The bytes of memory that preparing this photo takes beside the source's own, its result included: estimated from the
/// header, for fresh scratch memory. It is meant to be what the photo may take, so most take less; called on a thread of a
/// rayon pool it is what the photo takes there, where the pool's idle threads help.
///
/// # Errors
/// Those of [`probe`], and [`Error::Panicked`].
pub fn estimate_memory(data: &[u8], options: &Options) -> Result<u64, Error> {
    caught(|| Ok(estimate::estimate(&probe(data)?, options, threads::threads())))
}

/// Does `work`, and makes an error of a panic in it.
fn caught<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_default();
        Err(Error::Panicked { message })
    })
}

/// Prepares photos with the same options, one after another, and keeps its scratch memory between them: one for each
/// worker thread.
///
/// On a thread of a rayon pool the work inside a photo is shared with the pool's idle threads; elsewhere it stays on
/// the calling thread. The result never depends on the number of threads.
///
/// ```
/// use photofit::{Options, Preparer};
/// # let photo = include_bytes!("../../testdata/orientation/orientation-6.jpg");
/// let mut preparer = Preparer::new(Options::default());
/// let prepared = preparer.prepare(photo)?;
/// assert!(prepared.bytes().len() <= 10_000_000);
/// println!("{:?}: {} losses", prepared.report().action, prepared.report().losses.len());
/// # Ok::<(), photofit::Error>(())
/// ```
pub struct Preparer {
    options: Options,
    resampler: Resampler,
    encoder: JpegEncoder,
    planar: planes::Scratch,
    /// Whether JPEGs take the road of planes: the tests compare it with that of rows.
    #[cfg(test)]
    by_planes: bool,
    cancel: CancelToken,
}

impl std::fmt::Debug for Preparer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preparer")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Preparer {
    /// A preparer that works as `options` say.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            planar: planes::Scratch::new(&options),
            resampler: Resampler::default(),
            encoder: JpegEncoder::new(options.effort()),
            options,
            #[cfg(test)]
            by_planes: true,
            cancel: CancelToken::new(),
        }
    }

    /// Looks at `token` between the steps and inside them, and ends with [`Error::Cancelled`] or [`Error::TimedOut`].
    #[must_use]
    pub fn with_cancel(mut self, token: CancelToken) -> Self {
        self.set_cancel(token);
        self
    }

    /// The same as [`with_cancel`](Self::with_cancel), between two photos.
    pub fn set_cancel(&mut self, token: CancelToken) {
        self.resampler.set_cancel(&token);
        self.encoder.set_cancel(&token);
        self.planar.set_cancel(&token);
        self.cancel = token;
    }

    /// The options it works with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Makes the photo conform: what is returned has been re-read and is of an accepted format, within the limits'
    /// pixels, sides and bytes, and upright. A photo that conforms already comes back byte for byte.
    ///
    /// # Errors
    /// Every [`Error`]: what cannot be read, what the options do not allow, and what cannot be brought within the
    /// limits. A panic below is caught and becomes [`Error::Panicked`].
    pub fn prepare<'a>(&mut self, data: &'a [u8]) -> Result<Prepared<'a>, Error> {
        let outcome = caught(|| self.walk(data));
        if let Err(Error::Panicked { .. }) = outcome {
            // Whatever the panic left half done in the scratch memory goes with it.
            self.clear();
        }
        match outcome {
            Err(Error::Cancelled) if self.cancel.timed_out() => Err(Error::TimedOut),
            outcome => outcome,
        }
    }

    /// Gives the scratch memory back.
    pub fn clear(&mut self) {
        self.resampler = Resampler::default();
        self.encoder = JpegEncoder::new(self.options.effort());
        self.planar = planes::Scratch::new(&self.options);
        self.set_cancel(self.cancel.clone());
    }

    fn walk<'a>(&mut self, data: &'a [u8]) -> Result<Prepared<'a>, Error> {
        let start = Instant::now();
        self.cancel.check()?;
        let reading = formats::read(data)?;
        let info = &reading.info;
        self.cancel.check()?;
        estimate::check_limits(info, &self.options)?;
        let (plan, cleaned) = decide(&reading, &self.options)?;
        self.cancel.check()?;
        let stored = match plan {
            Plan::Transcode { .. } => None,
            Plan::Keep | Plan::Rewrite => self.as_stored(&reading, cleaned)?,
        };
        self.cancel.check()?;
        let mut made = match (stored, plan) {
            (Some(made), _) => made,
            (None, Plan::Transcode { format, width, height }) => self.transcode(&reading, format, width, height)?,
            // It would have conformed, but a part of it is missing: what there is is encoded anew.
            (None, Plan::Keep | Plan::Rewrite) => {
                let format = if info.format == Format::Png {
                    Format::Png
                } else {
                    Format::Jpeg
                };
                self.transcode(&reading, format, info.width, info.height)?
            }
        };
        let result = verify::verify(&made, info, &self.options)?;
        made.losses.dedup();
        Ok(Prepared {
            report: Report {
                action: made.action,
                source: SourceSummary {
                    format: info.format,
                    width: info.width,
                    height: info.height,
                    bytes: info.bytes,
                    orientation: info.orientation.to_exif(),
                },
                result,
                losses: made.losses,
                encodes: made.encodes,
                elapsed: start.elapsed(),
            },
            bytes: made.bytes,
        })
    }

    /// The photo with its compressed picture untouched; `None` if a part of it is missing and may be, or if other readers make
    /// something else of it.
    fn as_stored<'a>(&self, reading: &Reading<'a>, cleaned: Option<Changed>) -> Result<Option<Made<'a>>, Error> {
        let info = &reading.info;
        if !(reading.row.is_whole)(reading.data) {
            return Ok(None);
        }
        if self.options.check() == Check::Full {
            let damage = formats::check(reading, &self.options, &self.cancel)?;
            if let Some(damage) = damage {
                if damage.is_none() || self.options.on_damage() == OnDamage::Keep {
                    return Ok(None);
                }
                return Err(refuse_damage(info, damage));
            }
        }
        let mut losses = Vec::new();
        let (action, bytes) = match cleaned {
            None => (Action::Kept, Cow::Borrowed(reading.data)),
            Some(changed) => {
                if info.format == Format::Jpeg && self.options.metadata() != Metadata::Keep {
                    // What follows the picture goes with its metadata.
                    losses = companions(info);
                }
                losses.extend(changed.losses);
                self.deny(&losses)?;
                (Action::Rewritten, Cow::Owned(changed.file))
            }
        };
        Ok(Some(Made {
            action,
            bytes,
            quality: None,
            losses,
            encodes: 0,
        }))
    }

    /// Decodes, resamples, turns and encodes.
    fn transcode<'a>(
        &mut self,
        reading: &Reading<'_>,
        format: Format,
        width: u32,
        height: u32,
    ) -> Result<Made<'a>, Error> {
        let info = &reading.info;
        let mut losses = companions(info);
        if info.frames > 1 {
            losses.push(Loss::Animation { frames: info.frames });
        }
        if info.color.is_inks() {
            losses.push(Loss::Cmyk);
        }
        if info.bit_depth > 8 {
            losses.push(Loss::BitDepth { bits: info.bit_depth });
        }
        self.deny(&losses)?;
        if info.format == Format::Jpeg
            && format == Format::Jpeg
            && self.may_take_planes()
            && let Some(made) = self.transcode_jpeg(reading, (width, height), &losses)?
        {
            return Ok(made);
        }

        let decoded = formats::decode(reading, &self.options, &self.cancel)?;
        let Decoded {
            raster,
            orientation,
            description_holds,
            damage,
        } = decoded;
        if let Some(damage) = damage {
            if self.options.on_damage() == OnDamage::Refuse {
                return Err(refuse_damage(info, damage));
            }
            losses.push(Loss::Damage {
                readable: damage.readable,
            });
        }
        let mut carried = metadata::collect(reading, self.options.metadata(), width, height);
        let mut source = raster.drop_opaque_alpha();
        if description_holds {
            let description = reading.description();
            let said_by_chunks = matches!(description, Description::Numbers(_));
            let colours = colour::treatment(description, source.layout().is_gray(), self.options.colour());
            losses.extend(colours.loss);
            if let Some(conversion) = &colours.convert {
                conversion.apply(&mut source, &self.cancel)?;
            }
            if colours.convert.is_some() || (said_by_chunks && colours.profile.is_some()) {
                // They describe what the colours were.
                carried.png_color.clear();
            }
            carried.icc = colours.profile;
        }
        let mut format = format;
        if source.layout().has_alpha() {
            if format == Format::Jpeg {
                losses.push(Loss::Alpha);
                source = source.flatten(self.options.background());
            }
        } else if self.options.format() == OutputFormat::Auto
            && info.format != Format::Png
            && self.options.limits().formats().contains(Format::Jpeg)
        {
            // An alpha channel that hides nothing is no reason for a PNG.
            format = Format::Jpeg;
        }
        self.deny(&losses)?;

        self.cancel.check()?;
        let picture = rows::InterleavedPicture {
            source,
            orientation,
            sampling: sampling(info, self.options.chroma()),
            options: &self.options,
            resampler: &mut self.resampler,
        };
        let mut job = fit::Job {
            carried,
            qualities: qualities(info, &self.options),
            options: &self.options,
            encoder: &mut self.encoder,
            attempts: Attempts::default(),
            lost: Vec::new(),
        };
        let (bytes, quality) = job.encode(picture, format, (width, height))?;
        let encodes = job.attempts.count;
        losses.append(&mut job.lost);
        self.deny(&losses)?;
        Ok(Made {
            action: Action::Transcoded,
            bytes: Cow::Owned(bytes),
            quality,
            losses,
            encodes,
        })
    }

    /// Whether a JPEG may take the road of planes: only a test says no.
    #[cfg_attr(not(test), allow(clippy::unused_self, reason = "a test has a switch"))]
    fn may_take_planes(&self) -> bool {
        #[cfg(test)]
        return self.by_planes;
        #[cfg(not(test))]
        true
    }

    fn deny(&self, losses: &[Loss]) -> Result<(), Error> {
        match losses.iter().find(|l| self.options.deny_loss().contains(&l.kind())) {
            Some(&loss) => Err(Error::LossDenied { loss }),
            None => Ok(()),
        }
    }
}

/// A result before it is verified.
struct Made<'a> {
    action: Action,
    bytes: Cow<'a, [u8]>,
    quality: Option<Tenths>,
    losses: Vec<Loss>,
    encodes: u32,
}

/// Whether the options want a photo's colours converted, which takes its pixels.
fn must_convert(reading: &Reading<'_>, options: &Options) -> bool {
    let gray = reading.info.color == ColorModel::Gray;
    let converts = || {
        colour::treatment(reading.description(), gray, Colour::Srgb)
            .convert
            .is_some()
    };
    options.colour() == Colour::Srgb && (reading.info.color.is_inks() || converts())
}

/// A photo with other metadata, its coded picture untouched.
struct Changed {
    file: Vec<u8>,
    losses: Vec<Loss>,
}

/// Decides what to do; the second result is the file with its metadata changed, where that is all there is to do.
fn decide(reading: &Reading<'_>, options: &Options) -> Result<(Plan, Option<Changed>), Error> {
    let (data, info) = (reading.data, &reading.info);
    // Metadata is looked at only where the picture itself could stay.
    if let plan @ Plan::Transcode { .. } = plan::plan(info, 0, false, options)? {
        return Ok((plan, None));
    }
    if must_convert(reading, options) {
        return Ok((plan::anew(info, options)?, None));
    }
    let changed = match (reading.row.clean)(data, options.metadata())? {
        Cleaned::AsItIs => None,
        // A JPEG gets a profile in exchange for the EXIF fields that say its colours; elsewhere that takes a new picture.
        Cleaned::Changed { .. } if info.format != Format::Jpeg && reading.needs_exif_for_colours() => {
            return Ok((plan::anew(info, options)?, None));
        }
        Cleaned::Changed { file, losses } => Some(Changed { file, losses }),
        Cleaned::Anew => return Ok((plan::anew(info, options)?, None)),
    };
    let stored = changed.as_ref().map_or(data.len(), |changed| changed.file.len()) as u64;
    let plan = plan::plan(info, stored, changed.is_some(), options)?;
    // What is encoded anew has no use for it.
    let changed = changed.filter(|_| !matches!(plan, Plan::Transcode { .. }));
    Ok((plan, changed))
}

/// What comes with the picture of a JPEG or HEIC, or behind the first page, and is left out of the result.
fn companions(info: &ImageInfo) -> Vec<Loss> {
    let mut losses = Vec::new();
    if info.gain_map {
        losses.push(Loss::GainMap);
    }
    if info.motion_photo {
        losses.push(Loss::MotionPhoto);
    }
    if info.images > 1 {
        losses.push(Loss::ExtraImages { images: info.images });
    }
    losses
}

/// The qualities to look in: from the caller's, or the best that the source has use for, down to the floor.
fn qualities(info: &ImageInfo, options: &Options) -> Qualities {
    let source = info.jpeg.as_ref().and_then(|j| j.quality).unwrap_or(100);
    let start = Tenths::of(options.quality().value().unwrap_or(DEFAULT_QUALITY.min(source)));
    Qualities {
        floor: Tenths::of(options.min_quality()).min(start),
        start,
        tables: None,
    }
}

fn refuse_damage(info: &ImageInfo, damage: Damage) -> Error {
    Error::Damaged {
        format: info.format,
        readable: damage.readable,
        source: damage.source,
    }
}
