//! Whether a file has more than what its pictures are made of.

use std::collections::HashSet;

use super::boxes::{Boxes, Fields};
use super::container::Container;
use super::property::Property;
use crate::formats::bytes::be32;

/// The most bytes that may belong to no item: padding.
const SLACK: usize = 64;

/// The properties of pictures; others describe them in words or say when they were made.
const PROPERTIES: &[&[u8; 4]] = &[
    b"ispe", b"hvcC", b"lhvC", b"av1C", b"avcC", b"a1op", b"a1lx", b"pixi", b"colr", b"irot", b"imir", b"clap",
    b"pasp", b"auxC", b"rloc", b"lsel", b"mdcv", b"clli", b"cclv", b"amve", b"oinf", b"tols", b"rref", b"subs",
    b"free",
];

impl Container<'_> {
    /// Whether a file, apart from its items of metadata, has boxes, properties or data that no picture needs: these may hold
    /// anything.
    pub(crate) fn has_more_than_pictures(&self) -> bool {
        self.looks_further().unwrap_or(true)
    }

    fn looks_further(&self) -> Option<bool> {
        let mut data = 0_usize;
        for found in Boxes::new(self.data) {
            let found = found.ok()?;
            match &found.kind {
                b"ftyp" => {}
                b"mdat" => data = data.checked_add(found.content.len())?,
                b"free" | b"skip" if found.content.iter().all(|&b| b == 0) => {}
                b"meta" => {
                    let mut fields = Fields::new(found.content);
                    fields.full()?;
                    for inner in Boxes::new(fields.rest) {
                        let inner = inner.ok()?;
                        match &inner.kind {
                            b"hdlr" | b"pitm" | b"iinf" | b"iloc" | b"iref" | b"iprp" | b"dinf" | b"grpl" => {}
                            b"idat" => data = data.checked_add(inner.content.len())?,
                            b"free" | b"skip" if inner.content.iter().all(|&b| b == 0) => {}
                            _ => return Some(true),
                        }
                    }
                }
                _ => return Some(true),
            }
        }
        if self
            .properties
            .iter()
            .any(|property| !PROPERTIES.contains(&&property.kind))
        {
            return Some(true);
        }
        let mut used = 0_usize;
        for (id, _) in self.items.iter() {
            used = used.checked_add(self.item_len(*id).ok()?)?;
        }
        Some(data > used.saturating_add(SLACK))
    }

    /// Whether its boxes and references are such that libheif reads the file: thumbnails and descriptions of pictures alone,
    /// auxiliary pictures that say what they are, and metadata in a box that states its size.
    pub(crate) fn is_sound(&self) -> bool {
        let is_picture = |id| {
            self.items
                .get(id)
                .is_some_and(|item| item.is_picture() || &item.kind == b"tmap")
        };
        let of_kind = |kind: [u8; 4]| self.references.iter().filter(move |r| r.kind == kind);
        let thumbnails: HashSet<u32> = of_kind(*b"thmb").map(|r| r.from).collect();
        let thumbnails_are = of_kind(*b"thmb").all(|r| r.ids().all(|id| is_picture(id) && !thumbnails.contains(&id)));
        let described_are = of_kind(*b"cdsc").all(|r| !is_picture(r.from) && r.ids().all(is_picture));
        let auxiliary_are = of_kind(*b"auxl").all(|r| {
            let kind = self.property(r.from, |p| matches!(p, Property::Auxiliary(_)).then_some(()));
            matches!(kind, Ok(Some(())))
        });
        thumbnails_are && described_are && auxiliary_are && self.metadata_states_its_size()
    }

    fn metadata_states_its_size(&self) -> bool {
        let mut at = 0_usize;
        while let Some(size) = be32(self.data, at) {
            let size = match size {
                0 => return self.data.get(at + 4..at + 8) != Some(b"meta"),
                1 => be32(self.data, at + 12).filter(|_| be32(self.data, at + 8) == Some(0)),
                size => Some(size),
            };
            let next = size.and_then(|size| at.checked_add(usize::try_from(size).ok()?));
            match next {
                Some(next) if next > at => at = next,
                // Of such a size only data can be, and nothing follows it.
                _ => break,
            }
        }
        true
    }

    /// The items that are neither pictures nor EXIF, by their number.
    pub(crate) fn has_other_items(&self) -> bool {
        self.items
            .iter()
            .any(|(_, item)| !item.is_picture() && !matches!(&item.kind, b"Exif" | b"tmap"))
    }

    /// The numbers of the items of EXIF.
    pub(crate) fn exif_items(&self) -> impl Iterator<Item = u32> {
        self.items
            .iter()
            .filter(|(_, item)| &item.kind == b"Exif")
            .map(|(id, _)| *id)
    }
}
