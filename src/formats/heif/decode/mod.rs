//! HEIC: the coded parts of a picture through `heifer`'s HEVC decoder, put together as `heif` has checked them.

mod canvas;
mod color;
mod hevc;

pub(super) use color::numbers;

use heifer::color::ColorParams;

use self::canvas::{Area, Canvas, Sample};
use crate::CancelToken;
use crate::error::Error;
use crate::formats::format::Format;
use crate::formats::isobmff::{Container, Derivation, Nclx, Part, Pictures, Property};
use crate::formats::row::{Decoded, Reading};
use crate::options::Options;
use crate::pixels::{Layout, Raster, Samples};

pub(super) fn decode(reading: &Reading<'_>, _: &Options, cancel: &CancelToken) -> Result<Decoded, Error> {
    let (data, info) = (reading.data, &reading.info);
    let file = Container::parse(data)?;
    let parts = Pictures::of_primary(&file)?;
    let part = parts.get(file.primary)?;
    let composer = Composer {
        file: &file,
        parts: &parts,
        cancel,
    };
    let (alpha, samples) = if part.depth > 8 {
        let canvas = composer.shown::<u16>(part)?;
        let (alpha, depth) = (canvas.alpha(), canvas.depth());
        let mut samples = canvas.into_samples();
        widen(&mut samples, depth);
        (alpha, Samples::U16(samples))
    } else {
        let canvas = composer.shown::<u8>(part)?;
        (canvas.alpha(), Samples::U8(canvas.into_samples()))
    };
    let layout = if alpha { Layout::Rgba } else { Layout::Rgb };
    let raster = Raster::new(info.width, info.height, layout, samples)
        .ok_or_else(|| Error::malformed(Format::Heif, "its header and its pixels differ in size"))?;
    Ok(Decoded::whole(raster, info))
}

/// Samples of `depth` bits at 16: the largest value becomes the largest.
fn widen(samples: &mut [u16], depth: u8) {
    let top = u32::from(u16::MAX >> (16 - depth)).max(1);
    for v in samples {
        *v = u16::try_from((u32::from(*v) * 65_535 + top / 2) / top).unwrap_or(u16::MAX);
    }
}

/// Decodes parts and puts them together.
struct Composer<'f, 'a> {
    file: &'f Container<'a>,
    parts: &'f Pictures,
    cancel: &'f CancelToken,
}

impl Composer<'_, '_> {
    /// What is shown of the primary picture, not turned yet.
    fn shown<S: Sample>(&self, part: &Part) -> Result<Canvas<S>, Error> {
        let canvas = self.compose(self.file.primary, part)?;
        canvas.transformed(part.shown, crate::Orientation::Upright)
    }

    /// A part as it is shown, on a canvas of its own.
    fn upright<S: Sample>(&self, id: u32) -> Result<Canvas<S>, Error> {
        let part = self.parts.get(id)?;
        self.compose(id, part)?.transformed(part.shown, part.orientation)
    }

    /// A part with its alpha, before its own properties cut and turn it.
    fn compose<S: Sample>(&self, id: u32, part: &Part) -> Result<Canvas<S>, Error> {
        self.cancel.check()?;
        let mut canvas = Canvas::new((part.width, part.height), part.alpha, part.depth)?;
        let whole = canvas.whole();
        match &part.derivation {
            Derivation::Coded => self.color(id, &mut canvas, whole)?,
            Derivation::Grid { columns } => {
                for (tile, area) in self.tiles(id, *columns, &canvas)? {
                    if self.parts.get(tile)?.plain {
                        self.color(tile, &mut canvas, area)?;
                    } else {
                        canvas.place(&self.upright(tile)?, area);
                    }
                }
            }
            Derivation::Overlay { fill, offsets } => {
                canvas.fill(*fill);
                for (layer, offset) in self.file.references(id, *b"dimg").zip(offsets) {
                    canvas.blend(&self.upright(layer)?, *offset);
                }
            }
            Derivation::Identity => {
                for source in self.file.references(id, *b"dimg") {
                    canvas.place(&self.upright(source)?, whole);
                }
            }
        }
        if let Some(plane) = part.alpha_plane {
            self.alpha(plane, &mut canvas)?;
            // A reference of this type says that the colours were multiplied by alpha (ISO/IEC 23008-12, 6.4.4).
            if self.file.references(id, *b"prem").any(|to| to == plane) {
                canvas.divide_by_alpha();
            }
        }
        Ok(canvas)
    }

    /// The tiles of a grid, with the areas that they cover.
    fn tiles<S: Sample>(&self, id: u32, columns: u32, canvas: &Canvas<S>) -> Result<Vec<(u32, Area)>, Error> {
        let tiles = self.file.references(id, *b"dimg");
        let columns = columns.max(1) as usize;
        tiles
            .enumerate()
            .map(|(i, tile)| {
                let (width, height) = self.parts.get(tile)?.upright_size();
                let (width, height) = (width as usize, height as usize);
                let area = canvas.clip(i % columns * width, i / columns * height, width, height);
                Ok((tile, area))
            })
            // Tiles beyond the canvas are not shown.
            .filter(|tile| !matches!(tile, Ok((_, area)) if area.width == 0 || area.height == 0))
            .collect()
    }

    /// Decodes a coded part into `area`.
    fn color<S: Sample>(&self, id: u32, canvas: &mut Canvas<S>, area: Area) -> Result<(), Error> {
        let coded = self.coded(id)?;
        let params = self.nclx(id)?.map_or_else(
            || ColorParams::from_frame(&coded.frame),
            |nclx| ColorParams {
                matrix: nclx.matrix,
                full_range: nclx.full_range,
            },
        );
        canvas.draw_frame(&coded.frame, coded.origin, params, area)
    }

    /// Decodes the alpha plane of a picture, as both are stored.
    fn alpha<S: Sample>(&self, id: u32, canvas: &mut Canvas<S>) -> Result<(), Error> {
        let part = self.parts.get(id)?;
        if !matches!(part.derivation, Derivation::Coded) {
            canvas.place_alpha(&self.compose(id, part)?);
            return Ok(());
        }
        let coded = self.coded(id)?;
        let full_range = self.nclx(id)?.map_or(coded.frame.full_range, |nclx| nclx.full_range);
        canvas.draw_alpha_frame(&coded.frame, coded.origin, full_range, canvas.whole())
    }

    fn coded(&self, id: u32) -> Result<hevc::Coded, Error> {
        self.cancel.check()?;
        let record = self.file.property(id, |p| match p {
            Property::Hevc(record) => Some(record),
            _ => None,
        })?;
        let data = self.file.item_data(id, self.file.len())?;
        hevc::decode(record.unwrap_or_default(), &data, self.cancel)
    }

    fn nclx(&self, id: u32) -> Result<Option<Nclx>, Error> {
        color::nclx(self.file, id)
    }
}
