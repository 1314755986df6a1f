//! The items of a file: where their data stands, what describes them, and how they refer to each other.

use std::borrow::Cow;

use super::boxes::{Boxes, Fields, RawBox};
use super::by_id::ById;
use super::limits::{MAX_ENTRIES, MAX_REFERENCES, cut, malformed, too_many};
use super::property::Property;
use crate::error::Error;

/// A file taken apart. Lists whose lengths the file chooses stay in the file, and are read where they are asked for.
pub(crate) struct Container<'a> {
    pub(super) data: &'a [u8],
    /// The box of data inside the metadata.
    idat: &'a [u8],
    pub(crate) primary: u32,
    pub(super) items: ById<Item<'a>>,
    locations: ById<Location<'a>>,
    /// What `ipco` has, to which associations point by their place in it.
    pub(super) properties: Vec<RawBox<'a>>,
    associations: ById<Association<'a>>,
    /// Sorted by item and kind.
    pub(super) references: Vec<References<'a>>,
    /// References that are followed against their direction, as (kind, to, from), sorted.
    referrers: Vec<([u8; 4], u32, u32)>,
}

/// An item of `iinf`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) kind: [u8; 4],
    hidden: bool,
    /// The media type of an item of kind `mime`.
    pub(crate) content_type: &'a [u8],
}

/// An item's line of `iloc`.
#[derive(Clone, Copy)]
struct Location<'a> {
    method: u8,
    /// Whether the data stands in another file.
    external: bool,
    base: u64,
    count: usize,
    extents: &'a [u8],
    sizes: Sizes,
}

/// Bytes of an extent's fields.
#[derive(Clone, Copy)]
struct Sizes {
    index: usize,
    offset: usize,
    length: usize,
}

impl Sizes {
    fn sum(self) -> usize {
        self.index + self.offset + self.length
    }
}

/// An item's line of `ipma`.
#[derive(Clone, Copy)]
struct Association<'a> {
    indices: &'a [u8],
    wide: bool,
}

/// One box of `iref`: what an item refers to.
#[derive(Clone, Copy)]
pub(super) struct References<'a> {
    pub(super) from: u32,
    pub(super) kind: [u8; 4],
    to: &'a [u8],
    wide: bool,
}

impl<'a> References<'a> {
    pub(super) fn ids(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        let size = if self.wide { 4 } else { 2 };
        self.to
            .chunks_exact(size)
            .map(|id| id.iter().fold(0, |id, &byte| id << 8 | u32::from(byte)))
    }
}

impl<'a> Container<'a> {
    /// Takes a file apart.
    pub(crate) fn parse(data: &'a [u8]) -> Result<Self, Error> {
        let mut meta = None;
        for found in Boxes::new(data) {
            let found = found?;
            if &found.kind == b"meta" {
                meta = Some(found.content);
            }
        }
        let meta = meta.ok_or_else(|| malformed("it has no meta box"))?;
        let mut fields = Fields::new(meta);
        fields.full().ok_or_else(|| cut("meta"))?;
        let mut container = Self {
            data,
            idat: &[],
            primary: 0,
            items: ById::default(),
            locations: ById::default(),
            properties: Vec::new(),
            associations: ById::default(),
            references: Vec::new(),
            referrers: Vec::new(),
        };
        let (mut handler, mut primary) = (None, None);
        for found in Boxes::new(fields.rest) {
            let RawBox { kind, content } = found?;
            match &kind {
                b"hdlr" => handler = content.get(8..12),
                b"pitm" => primary = Some(primary_item(content).ok_or_else(|| cut("pitm"))?),
                b"iinf" => container.read_items(content)?,
                b"iloc" => container.read_locations(content)?,
                b"iref" => container.read_references(content)?,
                b"iprp" => container.read_properties(content)?,
                b"idat" => container.idat = content,
                _ => {}
            }
        }
        if handler != Some(b"pict") {
            return Err(malformed("its handler is not for pictures"));
        }
        container.primary = primary.ok_or_else(|| malformed("it names no primary picture"))?;
        container.items.sort();
        container.locations.sort();
        container.associations.sort();
        // What an item has twice counts once, and lists keep their order.
        container.references.sort_by_key(|r| (r.from, r.kind));
        container.referrers.sort_unstable();
        container.item(container.primary)?;
        Ok(container)
    }

    /// `iinf` (ISO/IEC 14496-12, 8.11.6).
    fn read_items(&mut self, content: &'a [u8]) -> Result<(), Error> {
        let mut fields = Fields::new(content);
        fields
            .full()
            .and_then(|(version, _)| fields.id(version > 0))
            .ok_or_else(|| cut("iinf"))?;
        for entry in Boxes::new(fields.rest) {
            let entry = entry?;
            if &entry.kind == b"infe"
                && let Some((id, item)) = item_entry(entry.content).ok_or_else(|| cut("infe"))?
            {
                self.items.push(id, item, "items")?;
            }
        }
        Ok(())
    }

    /// `iloc` (ISO/IEC 14496-12, 8.11.3).
    fn read_locations(&mut self, content: &'a [u8]) -> Result<(), Error> {
        let mut fields = Fields::new(content);
        let header = fields.full().zip(fields.u16());
        let ((version, _), sizes) = header.ok_or_else(|| cut("iloc"))?;
        let nibble = |shift: u32| usize::from(sizes >> shift & 15);
        let base_size = nibble(4);
        let sizes = Sizes {
            offset: nibble(12),
            length: nibble(8),
            index: if version == 0 { 0 } else { nibble(0) },
        };
        if [sizes.offset, sizes.length, sizes.index, base_size]
            .iter()
            .any(|size| !matches!(size, 0 | 4 | 8))
        {
            return Err(malformed(
                "its iloc box has fields of other sizes than 0, 4 and 8 bytes",
            ));
        }
        let count = fields.id(version > 1).ok_or_else(|| cut("iloc"))?;
        for _ in 0..count {
            let (id, location) = location(&mut fields, version, base_size, sizes).ok_or_else(|| cut("iloc"))?;
            let location = location.ok_or_else(|| malformed("its iloc box has extents that take no bytes"))?;
            self.locations.push(id, location, "locations")?;
        }
        Ok(())
    }

    /// `iref` (ISO/IEC 14496-12, 8.11.12).
    fn read_references(&mut self, content: &'a [u8]) -> Result<(), Error> {
        let mut fields = Fields::new(content);
        let (version, _) = fields.full().ok_or_else(|| cut("iref"))?;
        let wide = version > 0;
        let mut total = 0;
        for found in Boxes::new(fields.rest) {
            let RawBox { kind, content } = found?;
            let mut fields = Fields::new(content);
            let from = fields.id(wide).ok_or_else(|| cut("iref"))?;
            let count = fields.u16().map(usize::from).ok_or_else(|| cut("iref"))?;
            let to = fields
                .take(count * if wide { 4 } else { 2 })
                .ok_or_else(|| cut("iref"))?;
            total += count;
            if self.references.len() >= MAX_ENTRIES || total > MAX_REFERENCES {
                return Err(too_many("references"));
            }
            let references = References { from, kind, to, wide };
            self.references.push(references);
            if matches!(&kind, b"auxl" | b"cdsc") {
                self.referrers.extend(references.ids().map(|to| (kind, to, from)));
            }
        }
        Ok(())
    }

    /// `iprp` (ISO/IEC 23008-12, 9.3).
    fn read_properties(&mut self, content: &'a [u8]) -> Result<(), Error> {
        for found in Boxes::new(content) {
            let RawBox { kind, content } = found?;
            match &kind {
                b"ipco" => {
                    for property in Boxes::new(content) {
                        if self.properties.len() >= MAX_ENTRIES {
                            return Err(too_many("properties"));
                        }
                        self.properties.push(property?);
                    }
                }
                b"ipma" => self.read_associations(content)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_associations(&mut self, content: &'a [u8]) -> Result<(), Error> {
        let mut fields = Fields::new(content);
        let header = fields.full().zip(fields.u32());
        let ((version, flags), count) = header.ok_or_else(|| cut("ipma"))?;
        let wide = flags & 1 != 0;
        for _ in 0..count {
            let entry = fields.id(version > 0).and_then(|id| {
                let indices = usize::from(fields.u8()?);
                let indices = fields.take(indices * if wide { 2 } else { 1 })?;
                Some((id, Association { indices, wide }))
            });
            let (id, association) = entry.ok_or_else(|| cut("ipma"))?;
            self.associations.push(id, association, "associations")?;
        }
        Ok(())
    }

    /// What its lists take, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let lists = self.items.memory()
            + self.locations.memory()
            + self.associations.memory()
            + self.properties.capacity() * size_of::<RawBox<'_>>()
            + self.references.capacity() * size_of::<References<'_>>()
            + self.referrers.capacity() * size_of::<([u8; 4], u32, u32)>();
        // Lists that grow or are sorted are held twice for a while.
        2 * lists as u64
    }

    /// Bytes of the whole file.
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    pub(crate) fn item(&self, id: u32) -> Result<Item<'a>, Error> {
        self.items
            .get(id)
            .copied()
            .ok_or_else(|| malformed(format!("it refers to the item {id}, which it does not have")))
    }

    /// The properties of an item, in the order in which they apply.
    pub(crate) fn properties(&self, id: u32) -> impl Iterator<Item = Result<Property<'a>, Error>> {
        let (indices, wide) = self
            .associations
            .get(id)
            .map_or((&[][..], false), |a| (a.indices, a.wide));
        indices
            .chunks_exact(if wide { 2 } else { 1 })
            .map(|index| match *index {
                [high, low] => usize::from(high & 0x7F) << 8 | usize::from(low),
                [index] => usize::from(index & 0x7F),
                _ => 0,
            })
            // No property.
            .filter(|&index| index > 0)
            .map(|index| {
                let property = self.properties.get(index - 1);
                let property = property.ok_or_else(|| malformed(format!("it has no property {index}")))?;
                Property::parse(*property)
            })
    }

    /// What `pick` makes of the first property that it knows.
    pub(crate) fn property<T>(
        &self,
        id: u32,
        mut pick: impl FnMut(Property<'a>) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        for property in self.properties(id) {
            if let Some(picked) = pick(property?) {
                return Ok(Some(picked));
            }
        }
        Ok(None)
    }

    /// The items that `from` refers to by `kind`, in their order.
    pub(crate) fn references(&self, from: u32, kind: [u8; 4]) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        let at = self.references.partition_point(|r| (r.from, r.kind) < (from, kind));
        let none = References {
            from,
            kind,
            to: &[],
            wide: false,
        };
        let found = self.references.get(at).filter(|r| (r.from, r.kind) == (from, kind));
        found.unwrap_or(&none).ids()
    }

    /// The items that refer to `to` as its auxiliary pictures (`auxl`) or its descriptions (`cdsc`).
    pub(crate) fn referrers(&self, to: u32, kind: [u8; 4]) -> impl Iterator<Item = u32> {
        let at = self.referrers.partition_point(|r| (r.0, r.1) < (kind, to));
        self.referrers[at..]
            .iter()
            .take_while(move |r| (r.0, r.1) == (kind, to))
            .map(|r| r.2)
    }

    /// The data of an item, its extents one after another, but no more than the first `most` bytes.
    pub(crate) fn item_data(&self, id: u32, most: usize) -> Result<Cow<'a, [u8]>, Error> {
        let mut whole: Cow<'a, [u8]> = Cow::Borrowed(&[]);
        for part in self.extents(id)? {
            let part = part?;
            let part = &part[..part.len().min(most - whole.len())];
            if whole.is_empty() {
                whole = Cow::Borrowed(part);
            } else {
                whole.to_mut().extend_from_slice(part);
            }
            if whole.len() == most {
                break;
            }
        }
        Ok(whole)
    }

    /// How many bytes of data an item has: never more than the file.
    pub(crate) fn item_len(&self, id: u32) -> Result<usize, Error> {
        let mut length = 0_usize;
        for part in self.extents(id)? {
            length = length.saturating_add(part?.len());
        }
        if length > self.data.len() {
            return Err(malformed(format!("the data of its item {id} is larger than the file")));
        }
        Ok(length)
    }

    fn extents(&self, id: u32) -> Result<impl Iterator<Item = Result<&'a [u8], Error>>, Error> {
        let location = self.locations.get(id);
        let source = match location.map(|l| (l.external, l.method)) {
            Some((true, _)) => return Err(Error::unsupported("a HEIF whose pictures stand in another file")),
            None | Some((_, 0)) => self.data,
            Some((_, 1)) => self.idat,
            Some(_) => return Err(Error::unsupported("a HEIF whose items are made of other items")),
        };
        Ok(location.into_iter().flat_map(move |location| {
            (0..location.count).map(move |index| {
                location
                    .extent(index, source)
                    .ok_or_else(|| malformed(format!("the data of its item {id} lies outside the file")))
            })
        }))
    }

    /// How many pictures are meant to be seen: those that are not hidden, not a part of another, and not its thumbnail or
    /// auxiliary picture.
    pub(crate) fn count_pictures(&self) -> usize {
        let mut parts = vec![false; self.items.len()];
        let mut mark = |id: u32| {
            if let Some(at) = self.items.place(id) {
                parts[at] = true;
            }
        };
        for references in &self.references {
            match &references.kind {
                b"dimg" => references.ids().for_each(&mut mark),
                b"thmb" | b"auxl" => mark(references.from),
                _ => {}
            }
        }
        let seen = |(id, item): &(u32, Item<'_>), part: bool| {
            *id == self.primary || !part && !item.hidden && item.is_picture()
        };
        self.items.iter().zip(parts).filter(|&(i, part)| seen(i, part)).count()
    }
}

impl Location<'_> {
    /// The bytes of an extent; `None` if `source` has not so many.
    fn extent<'s>(&self, index: usize, source: &'s [u8]) -> Option<&'s [u8]> {
        let mut fields = Fields::new(self.extents.get(index * self.sizes.sum()..)?);
        fields.uint(self.sizes.index)?;
        let offset = self.base.checked_add(fields.uint(self.sizes.offset)?)?;
        let length = usize::try_from(fields.uint(self.sizes.length)?).ok()?;
        let from = source.get(usize::try_from(offset).ok()?..)?;
        // No length: all that follows.
        if length == 0 { Some(from) } else { from.get(..length) }
    }
}

impl Item<'_> {
    pub(super) fn is_picture(&self) -> bool {
        matches!(
            &self.kind,
            b"hvc1" | b"hev1" | b"avc1" | b"av01" | b"jpeg" | b"unci" | b"grid" | b"iovl" | b"iden"
        )
    }
}

/// `pitm` (ISO/IEC 14496-12, 8.11.4).
fn primary_item(content: &[u8]) -> Option<u32> {
    let mut fields = Fields::new(content);
    let (version, _) = fields.full()?;
    fields.id(version > 0)
}

/// `infe` (ISO/IEC 14496-12, 8.11.6); the inner `None` stands for the old versions, which know no types.
fn item_entry(content: &[u8]) -> Option<Option<(u32, Item<'_>)>> {
    let mut fields = Fields::new(content);
    let (version, flags) = fields.full()?;
    if version < 2 {
        return Some(None);
    }
    let id = fields.id(version > 2)?;
    // The index of its protection.
    fields.u16()?;
    let kind = fields.array()?;
    let content_type = if &kind == b"mime" {
        // Behind its name.
        fields.text();
        fields.text()
    } else {
        &[]
    };
    let hidden = flags & 1 != 0;
    Some(Some((
        id,
        Item {
            kind,
            hidden,
            content_type,
        },
    )))
}

/// One line of `iloc`; the inner `None` stands for more than one extent of no bytes each, which a few bytes could have
/// by the ten thousand.
fn location<'a>(
    fields: &mut Fields<'a>,
    version: u8,
    base_size: usize,
    sizes: Sizes,
) -> Option<(u32, Option<Location<'a>>)> {
    let id = fields.id(version > 1)?;
    let method = if version == 0 { 0 } else { fields.u16()? & 15 };
    let external = fields.u16()? != 0;
    let base = fields.uint(base_size)?;
    let count = usize::from(fields.u16()?);
    if sizes.sum() == 0 && count > 1 {
        return Some((id, None));
    }
    let location = Location {
        method: u8::try_from(method).unwrap_or(u8::MAX),
        external,
        base,
        count,
        extents: fields.take(count * sizes.sum())?,
        sizes,
    };
    Some((id, Some(location)))
}
