//! The namespaces of XMP properties whose values have to change with the picture.

use std::collections::HashMap;

use super::tags::{Attribute, Attributes, Tags};

/// A namespace that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    Tiff,
    Exif,
    Xmp,
    XmpNote,
    /// Google's panoramas.
    Panorama,
    /// Google's list of what stands behind the picture, and its entries.
    Container,
    Item,
    /// Adobe's and Apple's gain maps.
    GainMap,
    /// Depth maps and pictures inside the packet.
    Depth,
    /// Faces and other parts of the picture.
    Regions,
    OppoCamera,
    Other,
}

/// Each with its URI and the prefix that it usually has.
const KNOWN: &[(Namespace, &[u8], &[u8])] = &[
    (Namespace::Tiff, b"http://ns.adobe.com/tiff/1.0/", b"tiff"),
    (Namespace::Exif, b"http://ns.adobe.com/exif/1.0/", b"exif"),
    (Namespace::Xmp, b"http://ns.adobe.com/xap/1.0/", b"xmp"),
    (Namespace::XmpNote, b"http://ns.adobe.com/xmp/note/", b"xmpNote"),
    (
        Namespace::Panorama,
        b"http://ns.google.com/photos/1.0/panorama/",
        b"GPano",
    ),
    (
        Namespace::Container,
        b"http://ns.google.com/photos/1.0/container/",
        b"Container",
    ),
    (
        Namespace::Item,
        b"http://ns.google.com/photos/1.0/container/item/",
        b"Item",
    ),
    (Namespace::GainMap, b"http://ns.adobe.com/hdr-gain-map/1.0/", b"hdrgm"),
    (
        Namespace::GainMap,
        b"http://ns.apple.com/HDRGainMap/1.0/",
        b"HDRGainMap",
    ),
    (Namespace::GainMap, b"http://ns.apple.com/pixeldatainfo/1.0/", b"apdi"),
    (
        Namespace::Depth,
        b"http://ns.google.com/photos/1.0/depthmap/",
        b"GDepth",
    ),
    (Namespace::Depth, b"http://ns.google.com/photos/1.0/image/", b"GImage"),
    (
        Namespace::Regions,
        b"http://www.metadataworkinggroup.com/schemas/regions/",
        b"mwg-rs",
    ),
    (Namespace::Regions, b"http://ns.microsoft.com/photo/1.2/", b"MP"),
    (
        Namespace::OppoCamera,
        b"http://ns.oplus.com/photos/1.0/camera/",
        b"OpCamera",
    ),
];

/// What the prefixes of a packet stand for.
pub(super) struct Names<'a>(HashMap<&'a [u8], Namespace>);

impl<'a> Names<'a> {
    /// Those of a packet. Prefixes are taken for the same in all of it, as every writer has them.
    pub(super) fn of(packet: &'a [u8]) -> Self {
        let mut names = HashMap::new();
        for tag in Tags::new(packet) {
            for attribute in Attributes::of(packet, &tag) {
                if let Some(prefix) = attribute.name.strip_prefix(b"xmlns:") {
                    let found = namespace(&packet[attribute.value]);
                    let entry = names.entry(prefix).or_insert(found);
                    if *entry == Namespace::Other {
                        *entry = found;
                    }
                }
            }
        }
        Self(names)
    }

    /// The namespace and the local part of a qualified name. A prefix that was never declared is read as it is usually meant.
    pub(super) fn of_name<'n>(&self, name: &'n [u8]) -> Option<(Namespace, &'n [u8])> {
        let colon = name.iter().position(|&b| b == b':')?;
        let (prefix, local) = (&name[..colon], &name[colon + 1..]);
        let usual = || {
            KNOWN
                .iter()
                .find(|known| known.2 == prefix)
                .map_or(Namespace::Other, |k| k.0)
        };
        Some((self.0.get(prefix).copied().unwrap_or_else(usual), local))
    }

    /// Whether a qualified name is this one.
    pub(super) fn is(&self, name: &[u8], namespace: Namespace, local: &[u8]) -> bool {
        self.of_name(name) == Some((namespace, local))
    }

    /// Whether an attribute declares a prefix all of whose properties go.
    pub(super) fn declares_what_goes(&self, packet: &[u8], attribute: &Attribute<'_>) -> bool {
        attribute.name.starts_with(b"xmlns:")
            && packet.get(attribute.value.clone()).is_some_and(|uri| {
                matches!(
                    namespace(uri),
                    Namespace::Container | Namespace::Item | Namespace::GainMap
                )
            })
    }
}

fn namespace(uri: &[u8]) -> Namespace {
    KNOWN
        .iter()
        .find(|known| known.1 == uri)
        .map_or(Namespace::Other, |k| k.0)
}

/// A name without its prefix.
pub(super) fn local(name: &[u8]) -> &[u8] {
    let colon = name.iter().position(|&b| b == b':');
    colon.map_or(name, |colon| &name[colon + 1..])
}
