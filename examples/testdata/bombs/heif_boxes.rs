//! HEIF: boxes and counts that claim more than the bytes that hold them (ISO/IEC 14496-12, 4.2 and 8.11).

use super::heif_references::sound;
use super::{Answers, Bombs, EITHER, MALFORMED, OK, REFUSED};
use crate::entry::Result;
use crate::formats::hevc::{self, Coded};
use crate::formats::isobmff::{Heif, Name, Place, claiming, ftyp, full_box, info_entry, large_box, make_box};

const SHOWN: (usize, usize) = (64, 64);
const NONE: (usize, usize) = (0, 0);

pub(super) fn bombs() -> Result<Bombs> {
    let mut set = Bombs::new("HEIC", "heif", "heic");
    let coded = hevc::flat(64, 64)?;
    sizes(&mut set, &coded);
    counts(&mut set, &coded);
    locations(&mut set, &coded);
    Ok(set)
}

/// A sound picture with its data in `idat`, so that nothing depends on where `meta` ends.
pub(super) fn in_idat(coded: &Coded) -> Heif {
    let mut heif = sound(coded);
    heif.items[0].place = Place::Idat(coded.data.clone());
    heif
}

/// Box sizes.
fn sizes(set: &mut Bombs, coded: &Coded) {
    let heif = in_idat(coded);
    let body = [&[0; 4], heif.meta_body(0).as_slice()].concat();
    let mut add = |name: &str, answers: Answers, special: &str, meta: Vec<u8>| {
        let size = if answers == OK { SHOWN } else { NONE };
        set.add(name, size, answers, special, [ftyp(), meta].concat());
    };
    add(
        "meta-to-the-end",
        OK,
        "a meta box of size 0, which reaches to the end",
        claiming(0, b"meta", &body),
    );
    add(
        "meta-64-bit",
        OK,
        "a meta box with its size in 64 bits",
        large_box(body.len() as u64 + 16, b"meta", &body),
    );
    add(
        "meta-64-bit-huge",
        MALFORMED,
        "a meta box of 2^64 - 1 bytes",
        large_box(u64::MAX, b"meta", &body),
    );
    add(
        "meta-64-bit-small",
        MALFORMED,
        "a meta box of 64-bit size 8",
        large_box(8, b"meta", &body),
    );
    add(
        "meta-small",
        MALFORMED,
        "a meta box of size 4",
        claiming(4, b"meta", &body),
    );
    add(
        "meta-beyond",
        MALFORMED,
        "a meta box that ends 2 GB behind the file",
        claiming(u32::MAX / 2, b"meta", &body),
    );
    let size = body.len() as u32 + 8;
    add(
        "meta-empty",
        MALFORMED,
        "a meta box of nothing",
        claiming(8, b"meta", &[]),
    );
    add(
        "meta-cut",
        MALFORMED,
        "a meta box that is cut in its middle",
        claiming(size, b"meta", &body[..body.len() / 2]),
    );
    add("no-meta", MALFORMED, "brands and nothing else", Vec::new());
    let twice = make_box(b"meta", &body).repeat(2);
    add("meta-twice", EITHER, "two meta boxes", twice);
    add(
        "free-endless",
        EITHER,
        "a free box of size 4 behind the picture",
        [make_box(b"meta", &body), claiming(4, b"free", &[])].concat(),
    );
    add(
        "mdat-huge",
        EITHER,
        "an mdat of 2^62 bytes behind the picture",
        [make_box(b"meta", &body), large_box(1 << 62, b"mdat", &[])].concat(),
    );
    let behind: Vec<u8> = make_box(b"free", &[]).repeat(100_000);
    add(
        "free-100000",
        EITHER,
        "100,000 free boxes behind the picture",
        [make_box(b"meta", &body), behind].concat(),
    );

    let mut child = |name: &str, answers: Answers, special: &str, bytes: Vec<u8>| {
        let mut heif = in_idat(coded);
        heif.more = bytes;
        set.add(name, SHOWN, answers, special, heif.file());
    };
    child(
        "child-zero",
        EITHER,
        "a box of size 0 within meta",
        claiming(0, b"free", &[0; 8]),
    );
    child(
        "child-small",
        MALFORMED,
        "a box of size 4 within meta",
        claiming(4, b"free", &[0; 8]),
    );
    child(
        "child-beyond",
        MALFORMED,
        "a box within meta that ends behind it",
        claiming(1000, b"free", &[0; 8]),
    );
    let deep = |name: &Name, levels: usize| (0..levels).fold(Vec::new(), |inner, _| make_box(name, &inner));
    child(
        "nested-900",
        OK,
        "900 boxes within each other, of a kind that nobody reads",
        deep(b"skip", 900),
    );
    child(
        "nested-iprp-900",
        EITHER,
        "900 iprp boxes within each other",
        deep(b"iprp", 900),
    );
    child(
        "nested-iprp-100000",
        EITHER,
        "100,000 iprp boxes within each other",
        nested(b"iprp", 100_000),
    );
    child(
        "nested-meta-100000",
        EITHER,
        "100,000 meta boxes within each other",
        nested(b"meta", 100_000),
    );
    let mut heif = in_idat(coded);
    heif.property(nested(b"ipco", 1000));
    set.add(
        "nested-ipco-1000",
        SHOWN,
        EITHER,
        "1,000 ipco boxes within each other as a property",
        heif.file(),
    );
    let brands = [b"heic\0\0\0\0".as_slice(), &b"mif1".repeat(2000)].concat();
    let file = [make_box(b"ftyp", &brands), heif.meta(0)].concat();
    set.add("brands-2000", SHOWN, EITHER, "2,000 brands", file);
}

/// Boxes within each other, without copying each level into the next.
fn nested(name: &Name, levels: u32) -> Vec<u8> {
    let level = |i: u32| claiming(8 * (levels - i), name, &[]);
    (0..levels).flat_map(level).collect()
}

/// Counts in the boxes of `meta`.
fn counts(set: &mut Bombs, coded: &Coded) {
    let mut add = |name: &str, answers: Answers, special: &str, instead: &Name, bytes: Vec<u8>| {
        let mut heif = in_idat(coded);
        heif.refer(b"cdsc", 1, &[1]);
        heif.instead(instead, bytes);
        set.add(name, SHOWN, answers, special, heif.file());
    };
    let huge = u32::MAX.to_be_bytes();
    let items = |count: [u8; 4]| full_box(b"iinf", 1, 0, &[count.as_slice(), &info_entry(1, b"hvc1")].concat());
    add("iinf-4294967295", EITHER, "one item of 2^32 - 1", b"iinf", items(huge));
    add(
        "iinf-none",
        REFUSED,
        "no item of none",
        b"iinf",
        full_box(b"iinf", 1, 0, &[0; 4]),
    );
    let located =
        |count: [u8; 4], rest: &[u8]| full_box(b"iloc", 2, 0, &[&[0x44, 0x44], count.as_slice(), rest].concat());
    add(
        "iloc-4294967295",
        MALFORMED,
        "iloc claims 2^32 - 1 items and has none",
        b"iloc",
        located(huge, &[]),
    );
    let short = full_box(b"iloc", 1, 0, &[0x44, 0x44, 0xFF, 0xFF, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    add(
        "iloc-65535",
        MALFORMED,
        "iloc claims 65,535 items in 6 bytes",
        b"iloc",
        short,
    );
    let mut entry = vec![0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];
    entry.extend([0; 24]);
    add(
        "iloc-extents",
        MALFORMED,
        "65,535 extents in 24 bytes",
        b"iloc",
        located([0, 0, 0, 1], &entry),
    );
    let odd = full_box(
        b"iloc",
        2,
        0,
        &[0x35, 0x79, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0],
    );
    add(
        "iloc-odd-sizes",
        MALFORMED,
        "offsets of 3 and lengths of 5 bytes",
        b"iloc",
        odd,
    );
    let associated = |count: [u8; 4], rest: &[u8]| {
        let ipma = full_box(b"ipma", 1, 1, &[count.as_slice(), rest].concat());
        make_box(b"iprp", &[in_idat(coded).ipco(), ipma].concat())
    };
    add(
        "ipma-4294967295",
        MALFORMED,
        "ipma claims 2^32 - 1 items and has none",
        b"iprp",
        associated(huge, &[]),
    );
    let entry = [0, 0, 0, 1, 255, 0x80, 1, 0, 2];
    add(
        "ipma-255",
        MALFORMED,
        "ipma claims 255 properties and has two",
        b"iprp",
        associated([0, 0, 0, 1], &entry),
    );
    let entry = [0, 0, 0, 1, 3, 0x80, 1, 0, 2, 0xFF, 0xFF];
    add(
        "ipma-past-ipco",
        MALFORMED,
        "an essential property 32,767 of two",
        b"iprp",
        associated([0, 0, 0, 1], &entry),
    );
    let twice = [in_idat(coded).ipco(), in_idat(coded).ipco(), in_idat(coded).ipma()].concat();
    add(
        "ipco-twice",
        EITHER,
        "two ipco boxes",
        b"iprp",
        make_box(b"iprp", &twice),
    );
    let refs = |count: u16, rest: &[u8]| {
        let one = [&[0, 0, 0, 1], count.to_be_bytes().as_slice(), rest].concat();
        full_box(b"iref", 1, 0, &make_box(b"dimg", &one))
    };
    add(
        "iref-65535",
        MALFORMED,
        "a reference that claims 65,535 targets and has one",
        b"iref",
        refs(65_535, &[0, 0, 0, 1]),
    );
    add("iref-none", EITHER, "a reference to nothing", b"iref", refs(0, &[]));
    add("pitm-none", MALFORMED, "no primary item", b"pitm", Vec::new());
    add(
        "pitm-absent",
        MALFORMED,
        "a primary item that does not exist",
        b"pitm",
        full_box(b"pitm", 1, 0, &huge),
    );
    add("iinf-absent", MALFORMED, "no list of items", b"iinf", Vec::new());
    add("iloc-absent", MALFORMED, "no list of locations", b"iloc", Vec::new());
    add("iprp-absent", MALFORMED, "no properties", b"iprp", Vec::new());
    add(
        "idat-absent",
        MALFORMED,
        "data in an idat that is not there",
        b"idat",
        Vec::new(),
    );
}

/// Extents.
fn locations(set: &mut Bombs, coded: &Coded) {
    let length = coded.data.len() as u32;
    let mut add = |name: &str, answers: Answers, special: &str, place: Place| {
        let mut heif = in_idat(coded);
        heif.items[0].place = place;
        heif.item(2, b"data", Place::Idat(coded.data.clone()));
        set.add(name, SHOWN, answers, special, heif.file());
    };
    add(
        "extents-whole-file",
        REFUSED,
        "600 extents of offset 0 and length 0, each the whole file",
        Place::Extents(0, 0, vec![(0, 0, 0); 600]),
    );
    add(
        "extents-whole-idat",
        EITHER,
        "600 extents that are the whole idat",
        Place::Extents(1, 0, vec![(0, 0, 0); 600]),
    );
    add(
        "extents-same",
        REFUSED,
        "600 extents over the file's first 1,000 bytes",
        Place::Extents(0, 0, vec![(0, 0, 1000); 600]),
    );
    add(
        "extents-65535",
        REFUSED,
        "65,535 extents over the whole file",
        Place::Extents(0, 0, vec![(0, 0, 0); 65_535]),
    );
    add(
        "extents-empty",
        REFUSED,
        "600 extents of no bytes behind the end",
        Place::Extents(0, u32::MAX, vec![(0, u32::MAX, 0); 600]),
    );
    add(
        "extent-beyond",
        REFUSED,
        "an extent of 2^32 - 1 bytes",
        Place::Extents(0, 0, vec![(0, 0, u32::MAX)]),
    );
    add(
        "extent-overflow",
        REFUSED,
        "a base and an offset that add up to 2^33",
        Place::Extents(1, u32::MAX, vec![(0, u32::MAX, length)]),
    );
    add(
        "extent-method-3",
        REFUSED,
        "a construction method that does not exist",
        Place::Extents(3, 0, vec![(0, 0, length)]),
    );
    let none = Place::Extents(0, 0, Vec::new());
    add("extents-none", REFUSED, "no extents", none);
    // Neither offsets nor lengths: an item's extents take no bytes at all (the sizes may be 0).
    for (name, items) in [("extents-of-nothing", 500u32), ("extents-of-nothing-20000", 20_000)] {
        let mut heif = in_idat(coded);
        let mut body = vec![0, 0];
        body.extend(items.to_be_bytes());
        for id in 1..=items {
            body.extend(id.to_be_bytes());
            body.extend([0, 1, 0, 0, 0xFF, 0xFF]);
        }
        heif.instead(b"iloc", full_box(b"iloc", 2, 0, &body));
        let special = format!("{items} items of 65,535 extents each, of which none takes a byte");
        set.add(name, SHOWN, REFUSED, &special, heif.file());
    }
    let mut heif = in_idat(coded);
    let mut body = vec![0x88, 0x88, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0];
    body.extend(u64::MAX.to_be_bytes());
    body.extend([0, 1]);
    body.extend([u64::MAX; 3].map(u64::to_be_bytes).concat());
    heif.instead(b"iloc", full_box(b"iloc", 2, 0, &body));
    set.add(
        "extent-64-bit",
        SHOWN,
        MALFORMED,
        "base, offset and length of 2^64 - 1",
        heif.file(),
    );
}
