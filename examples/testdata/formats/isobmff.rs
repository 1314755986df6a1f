//! HEIF files box by box (ISO/IEC 14496-12 and 23008-12), as they should be or as nobody should write them.
//!
//! [`Heif`] holds the items, their properties and references, and lays them out; every box of `meta` can be left out or
//! put in another's place, so that a file can claim what it does not hold.

/// A box's type, an item's type or a reference's type: four characters.
pub(crate) type Name = [u8; 4];

/// A box: size, name, body.
pub(crate) fn make_box(name: &Name, body: &[u8]) -> Vec<u8> {
    claiming(body.len() as u32 + 8, name, body)
}

/// A box that says it has `size` bytes.
pub(crate) fn claiming(size: u32, name: &Name, body: &[u8]) -> Vec<u8> {
    [&size.to_be_bytes(), name.as_slice(), body].concat()
}

/// A box whose size stands in the 64 bits behind its name (14496-12, 4.2).
pub(crate) fn large_box(size: u64, name: &Name, body: &[u8]) -> Vec<u8> {
    [&1u32.to_be_bytes(), name.as_slice(), &size.to_be_bytes(), body].concat()
}

/// A box with a version and flags.
pub(crate) fn full_box(name: &Name, version: u8, flags: u32, body: &[u8]) -> Vec<u8> {
    let [_, flags @ ..] = flags.to_be_bytes();
    make_box(name, &[&[version], flags.as_slice(), body].concat())
}

/// Where an item's bytes are (`iloc`, 8.11.3).
#[derive(Clone)]
pub(crate) enum Place {
    /// In `idat`: construction method 1.
    Idat(Vec<u8>),
    /// In `mdat`: construction method 0.
    Mdat(Vec<u8>),
    /// Extents of offset and length within the body of `mdat`, which other items fill.
    Within(Vec<(u32, u32)>),
    /// As said: the construction method, the base offset, and extents of index, offset and length.
    Extents(u16, u32, Vec<(u32, u32, u32)>),
    /// Nowhere: no entry in `iloc`.
    Nowhere,
}

#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) id: u32,
    pub(crate) kind: Name,
    pub(crate) place: Place,
}

/// A file that is being put together.
#[derive(Clone, Default)]
pub(crate) struct Heif {
    /// Without one there is no `pitm`.
    pub(crate) primary: Option<u32>,
    pub(crate) items: Vec<Item>,
    /// Whole boxes of `ipco`; the first has the index 1.
    pub(crate) properties: Vec<Vec<u8>>,
    /// An item's properties by index; [`ESSENTIAL`] is added to those that a reader must know.
    pub(crate) associations: Vec<(u32, Vec<u16>)>,
    /// Type, from, to.
    pub(crate) references: Vec<(Name, u32, Vec<u32>)>,
    /// Bytes to stand in the place of the box of this name in `meta`.
    pub(crate) instead: Vec<(Name, Vec<u8>)>,
    /// More boxes at the end of `meta`.
    pub(crate) more: Vec<u8>,
}

/// The bit of an association that says that a reader must understand the property (23008-12, 9.3.2).
pub(crate) const ESSENTIAL: u16 = 0x8000;

impl Heif {
    pub(crate) fn new(primary: u32) -> Self {
        Self {
            primary: Some(primary),
            ..Self::default()
        }
    }

    pub(crate) fn item(&mut self, id: u32, kind: &Name, place: Place) -> &mut Self {
        self.items.push(Item { id, kind: *kind, place });
        self
    }

    /// Adds a property, and gives its index.
    pub(crate) fn property(&mut self, whole: Vec<u8>) -> u16 {
        self.properties.push(whole);
        self.properties.len() as u16
    }

    /// Adds a property to an item.
    pub(crate) fn give(&mut self, id: u32, whole: Vec<u8>) -> &mut Self {
        let index = self.property(whole);
        self.associate(id, &[index])
    }

    pub(crate) fn associate(&mut self, id: u32, indices: &[u16]) -> &mut Self {
        match self.associations.iter_mut().find(|a| a.0 == id) {
            Some(entry) => entry.1.extend_from_slice(indices),
            None => self.associations.push((id, indices.to_vec())),
        }
        self
    }

    /// Likewise for an item that has none yet, without looking for it.
    pub(crate) fn associate_new(&mut self, id: u32, indices: &[u16]) -> &mut Self {
        self.associations.push((id, indices.to_vec()));
        self
    }

    pub(crate) fn refer(&mut self, kind: &Name, from: u32, to: &[u32]) -> &mut Self {
        self.references.push((*kind, from, to.to_vec()));
        self
    }

    /// Puts other bytes in the place of a box of `meta`; none leave it out.
    pub(crate) fn instead(&mut self, name: &Name, bytes: Vec<u8>) -> &mut Self {
        self.instead.push((*name, bytes));
        self
    }

    /// Adds a picture coded by HEVC: its configuration, and the size that `ispe` says.
    pub(crate) fn hevc(&mut self, id: u32, config: &[u8], data: &[u8], size: (u32, u32)) -> &mut Self {
        let config = self.property(make_box(b"hvcC", config)) | ESSENTIAL;
        let extents = self.property(ispe(size));
        self.associate(id, &[config, extents]);
        self.item(id, b"hvc1", Place::Mdat(data.to_vec()))
    }

    /// Adds a grid (23008-12, 6.6.2.3) of `columns` by `rows` tiles.
    pub(crate) fn grid(&mut self, id: u32, (columns, rows): (u32, u32), size: (u32, u32), tiles: &[u32]) -> &mut Self {
        let mut body = vec![0, 1, (rows - 1) as u8, (columns - 1) as u8];
        body.extend([size.0.to_be_bytes(), size.1.to_be_bytes()].concat());
        self.derived(id, b"grid", body, size, tiles)
    }

    /// Adds an overlay (6.6.2.2) with all its layers at the same place.
    pub(crate) fn overlay(&mut self, id: u32, canvas: (u32, u32), at: (i32, i32), layers: &[u32]) -> &mut Self {
        let mut body = vec![0, 1, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];
        body.extend([canvas.0.to_be_bytes(), canvas.1.to_be_bytes()].concat());
        for _ in layers {
            body.extend([at.0.to_be_bytes(), at.1.to_be_bytes()].concat());
        }
        self.derived(id, b"iovl", body, canvas, layers)
    }

    /// Adds an identity (6.6.2.1) of another picture.
    pub(crate) fn identity(&mut self, id: u32, size: (u32, u32), of: u32) -> &mut Self {
        self.give(id, ispe(size));
        self.item(id, b"iden", Place::Nowhere).refer(b"dimg", id, &[of])
    }

    fn derived(&mut self, id: u32, kind: &Name, body: Vec<u8>, size: (u32, u32), from: &[u32]) -> &mut Self {
        self.give(id, ispe(size));
        self.item(id, kind, Place::Idat(body)).refer(b"dimg", id, from)
    }

    /// The whole file.
    pub(crate) fn file(&self) -> Vec<u8> {
        let brands = ftyp();
        // Nothing in `meta` changes its length with where `mdat` stands.
        let draft = self.meta(0);
        let meta = self.meta(brands.len() + draft.len() + 8);
        [brands, meta, self.mdat()].concat()
    }

    pub(crate) fn mdat(&self) -> Vec<u8> {
        let bodies = self.items.iter().filter_map(|item| match &item.place {
            Place::Mdat(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        make_box(b"mdat", &bodies.collect::<Vec<_>>().concat())
    }

    /// `meta`, with the body of `mdat` at this offset of the file.
    pub(crate) fn meta(&self, mdat_at: usize) -> Vec<u8> {
        full_box(b"meta", 0, 0, &self.meta_body(mdat_at))
    }

    /// What stands in `meta` behind its version and flags.
    pub(crate) fn meta_body(&self, mdat_at: usize) -> Vec<u8> {
        let mut handler = vec![0; 4];
        handler.extend(b"pict");
        handler.resize(4 + 4 + 12 + 1, 0);
        let mut boxes: Vec<(Name, Vec<u8>)> = vec![(*b"hdlr", full_box(b"hdlr", 0, 0, &handler))];
        if let Some(id) = self.primary {
            boxes.push((*b"pitm", full_box(b"pitm", 1, 0, &id.to_be_bytes())));
        }
        boxes.push((*b"iinf", self.item_info()));
        boxes.push((*b"iloc", self.item_locations(mdat_at)));
        boxes.push((*b"iprp", make_box(b"iprp", &[self.ipco(), self.ipma()].concat())));
        if !self.references.is_empty() {
            boxes.push((*b"iref", self.item_references()));
        }
        let data = self.idat();
        if !data.is_empty() {
            boxes.push((*b"idat", make_box(b"idat", &data)));
        }
        let mut out = Vec::new();
        for (name, bytes) in boxes {
            let other = self.instead.iter().find(|i| i.0 == name);
            out.extend(other.map_or(bytes, |i| i.1.clone()));
        }
        out.extend_from_slice(&self.more);
        out
    }

    fn item_info(&self) -> Vec<u8> {
        let mut body = (self.items.len() as u32).to_be_bytes().to_vec();
        for item in &self.items {
            body.extend(info_entry(item.id, &item.kind));
        }
        full_box(b"iinf", 1, 0, &body)
    }

    fn item_locations(&self, mdat_at: usize) -> Vec<u8> {
        let placed = |item: &&Item| !matches!(item.place, Place::Nowhere);
        let mut body = vec![0x44, 0x44];
        body.extend((self.items.iter().filter(placed).count() as u32).to_be_bytes());
        let (mut in_idat, mut in_mdat) = (0, mdat_at);
        for item in self.items.iter().filter(placed) {
            body.extend(item.id.to_be_bytes());
            let (method, base, extents) = match &item.place {
                Place::Idat(bytes) => {
                    in_idat += bytes.len();
                    let at = in_idat - bytes.len();
                    (1, 0, vec![(0, at as u32, bytes.len() as u32)])
                }
                Place::Mdat(bytes) => {
                    in_mdat += bytes.len();
                    let at = in_mdat - bytes.len();
                    (0, 0, vec![(0, at as u32, bytes.len() as u32)])
                }
                Place::Within(extents) => {
                    let moved = |&(at, length)| (0, mdat_at as u32 + at, length);
                    (0, 0, extents.iter().map(moved).collect())
                }
                Place::Extents(method, base, extents) => (*method, *base, extents.clone()),
                Place::Nowhere => continue,
            };
            body.extend(method.to_be_bytes());
            body.extend([0, 0]);
            body.extend(base.to_be_bytes());
            body.extend((extents.len() as u16).to_be_bytes());
            for (index, offset, length) in extents {
                body.extend([index, offset, length].map(u32::to_be_bytes).concat());
            }
        }
        full_box(b"iloc", 2, 0, &body)
    }

    pub(crate) fn ipco(&self) -> Vec<u8> {
        make_box(b"ipco", &self.properties.concat())
    }

    pub(crate) fn ipma(&self) -> Vec<u8> {
        let mut body = (self.associations.len() as u32).to_be_bytes().to_vec();
        for (id, indices) in &self.associations {
            body.extend(id.to_be_bytes());
            body.push(indices.len() as u8);
            body.extend(indices.iter().flat_map(|i| i.to_be_bytes()));
        }
        full_box(b"ipma", 1, 1, &body)
    }

    fn item_references(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, from, to) in &self.references {
            let mut one = from.to_be_bytes().to_vec();
            one.extend((to.len() as u16).to_be_bytes());
            one.extend(to.iter().flat_map(|id| id.to_be_bytes()));
            body.extend(make_box(kind, &one));
        }
        full_box(b"iref", 1, 0, &body)
    }

    fn idat(&self) -> Vec<u8> {
        let bodies = self.items.iter().filter_map(|item| match &item.place {
            Place::Idat(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        bodies.collect::<Vec<_>>().concat()
    }
}

/// The brands of a HEIC file.
pub(crate) fn ftyp() -> Vec<u8> {
    make_box(b"ftyp", b"heic\0\0\0\0mif1heic")
}

/// An item's entry in `iinf` (14496-12, 8.11.6), version 3.
pub(crate) fn info_entry(id: u32, kind: &Name) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    body.extend([0, 0]);
    body.extend(kind);
    body.push(0);
    full_box(b"infe", 3, 0, &body)
}

/// The size of a picture (23008-12, 6.5.3).
pub(crate) fn ispe(size: (u32, u32)) -> Vec<u8> {
    full_box(b"ispe", 0, 0, &[size.0.to_be_bytes(), size.1.to_be_bytes()].concat())
}

/// The type of an auxiliary picture (6.5.8).
pub(crate) fn auxiliary(urn: &str) -> Vec<u8> {
    full_box(b"auxC", 0, 0, &[urn.as_bytes(), &[0]].concat())
}

/// The type of an auxiliary picture that is the alpha plane.
pub(crate) const ALPHA: &str = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";

/// A clean aperture (14496-12, 12.1.4): width, height, horizontal and vertical offset, as fractions.
pub(crate) fn clap(fractions: [(u32, u32); 4]) -> Vec<u8> {
    let numbers = fractions.iter().flat_map(|&(n, d)| [n, d]);
    make_box(b"clap", &numbers.flat_map(u32::to_be_bytes).collect::<Vec<_>>())
}
