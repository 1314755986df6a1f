//! What a picture is made of, and what decoding it will take: told before anything is decoded.
//!
//! A coded picture has pixels of its own; a grid, an overlay or an identity is made of other pictures (ISO/IEC 23008-12,
//! 6.6.2), and each may have an auxiliary picture for its alpha plane (6.4.5). Parts may be shared, so that a few bytes
//! can ask for any number of decodes: each part is looked at once here, and what it takes is added up by how often it
//! is used.

use std::collections::HashMap;

use super::boxes::Fields;
use super::container::Container;
use super::hevc::{Coding, Configuration};
use super::limits::{MAX_DEPTH, cut, malformed, name};
use super::property::{Aperture, Property};
use crate::Orientation;
use crate::error::Error;

/// How often its own pixels a picture may have to be decoded: with alpha and the edges of a grid's tiles that are not
/// shown, real ones come to three.
const MAX_LAYERS: u64 = 4;

/// Pixels that may be decoded in any case: tiles, of up to 1,024 pixels squared, are larger than the smallest pictures.
const FREE_PIXELS: u64 = 2_000_000;

/// Bytes that may be read in any case, beside four times the file: tiles of one colour may share their data.
const FREE_BYTES: u64 = 16_000_000;

/// How a picture comes about.
#[derive(Clone, Debug)]
pub(crate) enum Derivation {
    /// Coded by HEVC.
    Coded,
    /// Tiles of equal size, row by row, as many a row as said.
    Grid { columns: u32 },
    /// Layers on a canvas of one colour (RGBA at 16 bits), each at its offset.
    Overlay { fill: [u16; 4], offsets: Vec<(i64, i64)> },
    /// Another picture.
    Identity,
}

/// A picture as it is before its own properties turn and cut it.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) derivation: Derivation,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bits a sample.
    pub(crate) depth: u8,
    /// Width and height of what there is of it, which may be more than is meant to be shown.
    stored: (u32, u32),
    /// Whether any of its pixels may be transparent.
    pub(crate) alpha: bool,
    /// The item that is its alpha plane.
    pub(crate) alpha_plane: Option<u32>,
    /// Whether it is a coded picture that is shown as it is.
    pub(crate) plain: bool,
    /// What turns it upright.
    pub(crate) orientation: Orientation,
    /// What is shown of it, in its own pixels: left, top, width and height.
    pub(crate) shown: [u32; 4],
    /// Pixels decoded or composed for it.
    pixels: u64,
    /// Bytes of data read for it.
    bytes: u64,
    /// The most memory at a time that its parts and its decoder take beside its own samples, in bytes.
    memory: u64,
    /// How many pictures deep it is.
    depth_of_parts: u32,
}

impl Part {
    /// Width and height once it is cut and turned.
    pub(crate) fn upright_size(&self) -> (u32, u32) {
        let [_, _, width, height] = self.shown;
        self.orientation.apply_to_size(width, height)
    }

    /// The samples of this picture as a part of another, in bytes: two each, as the other may have more bits.
    fn samples(&self) -> u64 {
        let channels = 3 + u64::from(self.alpha);
        pixels(self.width, self.height).saturating_mul(channels * 2)
    }

    /// The most memory that making this picture takes at a time beside the samples that are shown, in bytes.
    pub(crate) fn beside(&self) -> u64 {
        let [_, _, width, height] = self.shown;
        let channels = 3 + u64::from(self.alpha);
        let cut_away = pixels(self.width, self.height) - pixels(width, height);
        self.memory.saturating_add(cut_away.saturating_mul(channels * 2))
    }
}

/// The parts of a file's primary picture.
pub(crate) struct Pictures(HashMap<u32, Part>);

impl Pictures {
    /// Follows the primary picture of `file` to all its parts.
    ///
    /// # Errors
    /// [`Error::Malformed`] for parts that are missing, that contain themselves, or that add up to many times the
    /// picture; [`Error::Unsupported`] for codings other than HEVC.
    pub(crate) fn of_primary(file: &Container<'_>) -> Result<Self, Error> {
        let mut walk = Walk {
            file,
            parts: HashMap::new(),
            configurations: HashMap::new(),
        };
        walk.visit(file.primary, 0)?;
        let parts = Self(walk.parts.into_iter().filter_map(|(id, p)| Some((id, p?))).collect());
        let primary = parts.get(file.primary)?;
        let [_, _, width, height] = primary.shown;
        let own = pixels(width, height);
        if primary.pixels > own.saturating_mul(MAX_LAYERS).saturating_add(FREE_PIXELS) {
            return Err(malformed(format!(
                "its parts add up to {} pixels, and the picture has {own}",
                primary.pixels
            )));
        }
        let bytes = file.len() as u64;
        if primary.bytes > bytes.saturating_mul(MAX_LAYERS).saturating_add(FREE_BYTES) {
            return Err(malformed(format!(
                "its parts add up to {} bytes, and the file has {bytes}",
                primary.bytes
            )));
        }
        Ok(parts)
    }

    /// A part that the walk has met.
    pub(crate) fn get(&self, id: u32) -> Result<&Part, Error> {
        self.0
            .get(&id)
            .ok_or_else(|| malformed(format!("it has no picture {id}")))
    }
}

fn pixels(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

struct Walk<'f, 'a> {
    file: &'f Container<'a>,
    /// `None` while a picture is looked at: whoever meets that has come in a circle.
    parts: HashMap<u32, Option<Part>>,
    /// What the records of HEVC say, by where they stand: tiles share one.
    configurations: HashMap<usize, Coding>,
}

/// What all parts of a picture have in common or add up to.
#[derive(Default)]
struct Sum {
    count: usize,
    /// Of the first part, upright.
    size: (u32, u32),
    equal: bool,
    depth: u8,
    equal_depth: bool,
    alpha: bool,
    pixels: u64,
    bytes: u64,
    memory: u64,
    depth_of_parts: u32,
}

impl Walk<'_, '_> {
    fn visit(&mut self, id: u32, depth: u32) -> Result<&Part, Error> {
        let item = self.file.item(id)?;
        match self.parts.get(&id) {
            Some(None) => return Err(malformed(format!("its picture {id} is made of itself"))),
            Some(Some(part)) if depth + part.depth_of_parts <= MAX_DEPTH => {}
            _ if depth > MAX_DEPTH => return Err(malformed("its pictures are nested too deeply")),
            Some(Some(_)) => return Err(malformed("its pictures are nested too deeply")),
            None => {
                self.parts.insert(id, None);
                let mut part = match &item.kind {
                    b"hvc1" => self.coded(id)?,
                    b"grid" => self.grid(id, depth)?,
                    b"iovl" => self.overlay(id, depth)?,
                    b"iden" => self.identity(id, depth)?,
                    b"av01" => return Err(Error::unsupported("AVIF")),
                    other => {
                        return Err(Error::unsupported(format!(
                            "a HEIF picture coded as {:?}",
                            name(*other)
                        )));
                    }
                };
                self.alpha_plane(id, &mut part, depth)?;
                self.transform(id, &mut part)?;
                self.parts.insert(id, Some(part));
            }
        }
        match self.parts.get(&id) {
            Some(Some(part)) => Ok(part),
            _ => Err(malformed(format!("it has no picture {id}"))),
        }
    }

    /// A picture with pixels of its own.
    fn coded(&mut self, id: u32) -> Result<Part, Error> {
        let record = self.file.property(id, |p| match p {
            Property::Hevc(record) => Some(record),
            _ => None,
        })?;
        let record = record.ok_or_else(|| malformed(format!("its picture {id} has no hvcC property")))?;
        let at = record.as_ptr().addr();
        let coding = match self.configurations.get(&at) {
            Some(known) => *known,
            None => *self
                .configurations
                .entry(at)
                .or_insert(Coding::of(&Configuration::parse(record)?.sps()?)),
        };
        // What is coded beyond the size that the property says is padding.
        let (width, height) = self.size(id)?.unwrap_or(coding.size);
        if width > coding.size.0 || height > coding.size.1 {
            return Err(malformed(format!(
                "its picture {id} of {width} × {height} pixels is coded with {} × {}",
                coding.size.0, coding.size.1
            )));
        }
        let data = self.file.item_len(id)? as u64;
        Ok(Part {
            stored: coding.size,
            plain: true,
            pixels: pixels(coding.coded.0, coding.coded.1),
            bytes: data + record.len() as u64,
            // The data is copied where it was kept in pieces, and where bytes are taken out of it.
            memory: coding.memory.saturating_add(2 * data),
            ..Part::new(Derivation::Coded, width, height, coding.depth)?
        })
    }

    /// `grid` (ISO/IEC 23008-12, 6.6.2.3).
    fn grid(&mut self, id: u32, depth: u32) -> Result<Part, Error> {
        let data = self.file.item_data(id, 12)?;
        let mut fields = Fields::new(&data);
        let header = fields.array::<4>().and_then(|[version, flags, rows, columns]| {
            let wide = flags & 1 != 0;
            let size = (fields.id(wide)?, fields.id(wide)?);
            Some((version, u32::from(rows) + 1, u32::from(columns) + 1, size))
        });
        let (version, rows, columns, (width, height)) = header.ok_or_else(|| cut("grid"))?;
        if version != 0 {
            return Err(Error::unsupported(format!("a HEIF grid of version {version}")));
        }
        let tiles = self.sum_of_parts(id, depth)?;
        if tiles.count != (rows * columns) as usize {
            return Err(malformed(format!(
                "its grid of {columns} × {rows} tiles has {}",
                tiles.count
            )));
        }
        if !tiles.equal || !tiles.equal_depth {
            return Err(malformed("the tiles of its grid differ in size or depth"));
        }
        let covers = |tile: u32, count: u32, side: u32| u64::from(tile) * u64::from(count) >= u64::from(side);
        if !covers(tiles.size.0, columns, width) || !covers(tiles.size.1, rows, height) {
            return Err(malformed("the tiles of its grid do not cover it"));
        }
        self.derived(id, Derivation::Grid { columns }, (width, height), tiles)
    }

    /// `iovl` (ISO/IEC 23008-12, 6.6.2.2).
    fn overlay(&mut self, id: u32, depth: u32) -> Result<Part, Error> {
        let layers = self.file.references(id, *b"dimg").len();
        let data = self.file.item_data(id, 18 + 8 * layers)?;
        let mut fields = Fields::new(&data);
        let mut read = || {
            let [version, flags] = fields.array()?;
            let wide = flags & 1 != 0;
            let fill = [fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?];
            let size = (fields.id(wide)?, fields.id(wide)?);
            let mut offset = || {
                Some(if wide {
                    i64::from(fields.u32()?.cast_signed())
                } else {
                    i64::from(fields.u16()?.cast_signed())
                })
            };
            let offsets = (0..layers)
                .map(|_| Some((offset()?, offset()?)))
                .collect::<Option<Vec<_>>>()?;
            Some((version, fill, size, offsets))
        };
        let (version, fill, size, offsets) = read().ok_or_else(|| cut("iovl"))?;
        if version != 0 {
            return Err(Error::unsupported(format!("a HEIF overlay of version {version}")));
        }
        let mut parts = self.sum_of_parts(id, depth)?;
        // A layer may lie anywhere, and is blended from a picture of its own.
        parts.alpha |= fill[3] != u16::MAX;
        self.derived(id, Derivation::Overlay { fill, offsets }, size, parts)
    }

    /// `iden` (ISO/IEC 23008-12, 6.6.2.1).
    fn identity(&mut self, id: u32, depth: u32) -> Result<Part, Error> {
        let parts = self.sum_of_parts(id, depth)?;
        if parts.count != 1 {
            return Err(malformed(format!(
                "its picture {id} is the same as {} others",
                parts.count
            )));
        }
        let size = parts.size;
        self.derived(id, Derivation::Identity, size, parts)
    }

    /// A picture that `parts` make.
    fn derived(&self, id: u32, derivation: Derivation, size: (u32, u32), parts: Sum) -> Result<Part, Error> {
        if self.size(id)?.is_some_and(|said| said != size) {
            return Err(malformed(format!(
                "the sizes of its picture {id} contradict each other"
            )));
        }
        Ok(Part {
            alpha: parts.alpha,
            pixels: parts.pixels.saturating_add(pixels(size.0, size.1)),
            bytes: parts.bytes,
            memory: parts.memory,
            depth_of_parts: parts.depth_of_parts + 1,
            ..Part::new(derivation, size.0, size.1, parts.depth.max(8))?
        })
    }

    /// Visits the parts that `id` is made of.
    fn sum_of_parts(&mut self, id: u32, depth: u32) -> Result<Sum, Error> {
        let mut sum = Sum {
            equal: true,
            equal_depth: true,
            ..Sum::default()
        };
        for source in self.file.references(id, *b"dimg") {
            let part = self.visit(source, depth + 1)?;
            let size = part.upright_size();
            if sum.count == 0 {
                (sum.size, sum.depth) = (size, part.depth);
            }
            sum.count += 1;
            sum.equal &= size == sum.size;
            sum.equal_depth &= part.depth == sum.depth;
            sum.depth = sum.depth.max(part.depth);
            sum.alpha |= part.alpha;
            sum.pixels = sum.pixels.saturating_add(part.pixels);
            sum.bytes = sum.bytes.saturating_add(part.bytes);
            // One after another; what is not plain is a picture of its own, and is turned into a second one.
            let own = if part.plain {
                0
            } else {
                part.samples().saturating_mul(2)
            };
            sum.memory = sum.memory.max(part.memory.saturating_add(own));
            sum.depth_of_parts = sum.depth_of_parts.max(part.depth_of_parts);
        }
        if sum.count == 0 {
            return Err(malformed(format!("its picture {id} is made of nothing")));
        }
        Ok(sum)
    }

    /// Adds the auxiliary picture that is the alpha plane of `id`, if there is one.
    fn alpha_plane(&mut self, id: u32, part: &mut Part, depth: u32) -> Result<(), Error> {
        for auxiliary in self.file.referrers(id, *b"auxl") {
            if !is_alpha(self.file, auxiliary)? {
                continue;
            }
            // It lies on the picture as both are stored: what cuts and turns the one does the same to the other.
            let plane = self.visit(auxiliary, depth + 1)?;
            if plane.stored.0 < part.width || plane.stored.1 < part.height {
                return Err(Error::unsupported(
                    "a HEIF whose alpha plane is smaller than its picture",
                ));
            }
            let own = match plane.derivation {
                Derivation::Coded => 0,
                _ => plane.samples(),
            };
            part.pixels = part.pixels.saturating_add(plane.pixels);
            part.bytes = part.bytes.saturating_add(plane.bytes);
            part.memory = part.memory.max(plane.memory.saturating_add(own));
            part.depth_of_parts = part.depth_of_parts.max(plane.depth_of_parts + 1);
            part.alpha = true;
            part.alpha_plane = Some(auxiliary);
            part.plain = false;
            break;
        }
        Ok(())
    }

    /// What the transformative properties of `id` do, in their order: each applies to what those before it made.
    fn transform(&self, id: u32, part: &mut Part) -> Result<(), Error> {
        for property in self.file.properties(id) {
            match property? {
                Property::Turn(turn) => part.orientation = part.orientation.then(turn),
                Property::Aperture(aperture) => part.cut(&aperture)?,
                _ => {}
            }
        }
        let [left, top, width, height] = part.shown;
        part.plain &=
            part.orientation == Orientation::Upright && (left, top, width, height) == (0, 0, part.width, part.height);
        Ok(())
    }

    /// The `ispe` property: width and height in pixels.
    fn size(&self, id: u32) -> Result<Option<(u32, u32)>, Error> {
        self.file.property(id, |p| match p {
            Property::Size(width, height) => Some((width, height)),
            _ => None,
        })
    }
}

impl Part {
    fn new(derivation: Derivation, width: u32, height: u32, depth: u8) -> Result<Self, Error> {
        if width == 0 || height == 0 {
            return Err(malformed("its width or height is 0"));
        }
        Ok(Self {
            derivation,
            width,
            height,
            depth,
            stored: (width, height),
            alpha: false,
            alpha_plane: None,
            plain: false,
            orientation: Orientation::Upright,
            shown: [0, 0, width, height],
            pixels: 0,
            bytes: 0,
            memory: 0,
            depth_of_parts: 0,
        })
    }

    /// Shows only what `aperture` says of the picture as it is turned by now.
    fn cut(&mut self, aperture: &Aperture) -> Result<(), Error> {
        let (width, height) = self.upright_size();
        let [left, top, shown_width, shown_height] = aperture.within(width, height)?;
        let right = width - left - shown_width;
        let bottom = height - top - shown_height;
        // Back to the stored picture: first the mirrorings, then the transposition.
        let steps = self.orientation.steps();
        let (left, width) = (if steps.flip_horizontal { right } else { left }, shown_width);
        let (top, height) = (if steps.flip_vertical { bottom } else { top }, shown_height);
        let (left, top, width, height) = if steps.transpose {
            (top, left, height, width)
        } else {
            (left, top, width, height)
        };
        self.shown = [self.shown[0] + left, self.shown[1] + top, width, height];
        Ok(())
    }
}

/// Whether an item is an auxiliary picture of the kind alpha.
fn is_alpha(file: &Container<'_>, id: u32) -> Result<bool, Error> {
    let kind = file.property(id, |p| match p {
        Property::Auxiliary(kind) => Some(kind),
        _ => None,
    })?;
    Ok(kind.is_some_and(|kind| {
        kind == b"urn:mpeg:hevc:2015:auxid:1" || kind == b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::isobmff::property::tests::aperture;
    use crate::pixels::turn;

    /// Columns `left..left + width` and rows `top..top + height` of a picture with `stride` columns.
    fn crop(pixels: &[u8], stride: u32, [left, top, width, height]: [u32; 4]) -> Vec<u8> {
        let row = |y: u32| {
            let at = (y * stride + left) as usize;
            &pixels[at..at + width as usize]
        };
        (top..top + height).flat_map(row).copied().collect()
    }

    #[test]
    fn an_aperture_behind_a_turn_cuts_what_the_turn_shows() {
        let (width, height) = (9, 6);
        let stored: Vec<u8> = (0..54).collect();
        for first in Orientation::ALL {
            for second in Orientation::ALL {
                let mut part = Part::new(Derivation::Identity, width, height, 8).unwrap();
                part.orientation = first;
                let shown = aperture((4, 1), (3, 1), (1, 2), (-1, 2));
                part.cut(&shown).unwrap();
                part.orientation = part.orientation.then(second);

                // The same, one after another.
                let turned = turn(&stored, width, height, 1, first).unwrap();
                let (across, down) = first.apply_to_size(width, height);
                let area = shown.within(across, down).unwrap();
                let cut = crop(&turned, across, area);
                let expected = turn(&cut, area[2], area[3], 1, second).unwrap();

                let [_, _, w, h] = part.shown;
                let cut = crop(&stored, width, part.shown);
                let found = turn(&cut, w, h, 1, part.orientation).unwrap();
                assert_eq!(found, expected, "{first:?}, then {second:?}");
                assert_eq!(part.upright_size(), second.apply_to_size(area[2], area[3]));
            }
        }
    }
}
