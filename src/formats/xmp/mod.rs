//! XMP packets (ISO 16684-1): the orientation that they state, and the edits that make them true of a new picture.
//!
//! A packet is RDF in XML, and a property of it is an attribute or an element. It is read here as a row of tags, without a
//! tree: what is not looked for stays as it is, byte for byte, and what is no XML costs no more than itself.

mod names;
mod tags;

use std::borrow::Cow;
use std::ops::Range;

use crate::Orientation;
use names::{Names, Namespace, local};
use tags::{Attributes, Tag, Tags};

/// The most bytes of a packet that are read: real ones with depth maps have a few million.
pub(super) const MAX_PACKET: usize = 16_000_000;

/// The most elements that may stand in each other: real packets have about ten.
const MAX_DEPTH: usize = 128;

/// What a new picture is to its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Width and height of the source in pixels, as stored.
    pub(super) from: (u32, u32),
    /// Width and height of the new picture in pixels.
    pub(super) to: (u32, u32),
    /// Whether it was turned or mirrored.
    pub(super) turned: bool,
}

/// What becomes of a property.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    Goes,
    /// It is dropped although it said something: it cannot be made true.
    Lost,
    /// It gets this value.
    Becomes(String),
    /// Its value, a number of pixels, is multiplied by this fraction.
    Scaled(u32, u32),
}

impl Change {
    /// What becomes of a property of the packet's own, or with `nested` of one inside another property.
    fn fate(&self, namespace: Namespace, name: &[u8], nested: bool) -> Fate {
        let moved = self.turned || self.from != self.to;
        match namespace {
            // A directory of what stood behind the picture, and how its gain map was to be used.
            Namespace::Container | Namespace::Item | Namespace::GainMap => Fate::Goes,
            _ if name.starts_with(b"MotionPhoto") || name.starts_with(b"MicroVideo") => Fate::Goes,
            Namespace::OppoCamera if matches!(name, b"OLivePhotoVersion" | b"VideoLength") => Fate::Goes,
            Namespace::Xmp if name == b"Thumbnails" => Fate::Goes,
            // Whoever writes an extension says so anew.
            Namespace::XmpNote if name == b"HasExtendedXMP" => Fate::Goes,
            // Depths, faces and the sphere of a panorama lie in the picture as it was.
            Namespace::Depth | Namespace::Regions | Namespace::Panorama if self.turned => Fate::Lost,
            Namespace::Panorama => {
                let across = name.ends_with(b"WidthPixels") || name.ends_with(b"LeftPixels");
                let down = name.ends_with(b"HeightPixels") || name.ends_with(b"TopPixels");
                let valid = name.starts_with(b"LargestValidInteriorRect");
                if across || (valid && (name.ends_with(b"Left") || name.ends_with(b"Width"))) {
                    Fate::Scaled(self.to.0, self.from.0)
                } else if down || (valid && (name.ends_with(b"Top") || name.ends_with(b"Height"))) {
                    Fate::Scaled(self.to.1, self.from.1)
                } else {
                    Fate::Stays
                }
            }
            _ if nested => Fate::Stays,
            Namespace::Tiff => match name {
                b"Orientation" => Fate::Becomes("1".to_owned()),
                b"ImageWidth" => Fate::Becomes(self.to.0.to_string()),
                b"ImageLength" => Fate::Becomes(self.to.1.to_string()),
                _ => Fate::Stays,
            },
            Namespace::Exif => match name {
                b"PixelXDimension" => Fate::Becomes(self.to.0.to_string()),
                b"PixelYDimension" => Fate::Becomes(self.to.1.to_string()),
                // In pixels of the source.
                b"SubjectArea" | b"SubjectLocation" if moved => Fate::Goes,
                _ => Fate::Stays,
            },
            _ => Fate::Stays,
        }
    }
}

/// The orientation that a packet states for its picture.
pub(super) fn orientation(packet: &[u8]) -> Option<Orientation> {
    // Most packets are asked in vain; this is quicker than reading them.
    let packet = utf8(packet)?;
    memchr::memmem::find(&packet, b"Orientation")?;
    let names = Names::of(&packet);
    let mut nested = Nested::default();
    for tag in Tags::new(&packet) {
        if nested.properties == 0 {
            for attribute in Attributes::of(&packet, &tag) {
                if names.is(attribute.name, Namespace::Tiff, b"Orientation")
                    && let Some(found) = parse(&packet[attribute.value])
                {
                    return Some(found);
                }
            }
            if tag.opens && names.is(tag.name, Namespace::Tiff, b"Orientation") {
                let text = packet.get(tag.range.end..)?.split(|&b| b == b'<').next()?;
                if let Some(found) = parse(text) {
                    return Some(found);
                }
            }
        }
        nested.pass(&tag)?;
    }
    None
}

fn parse(text: &[u8]) -> Option<Orientation> {
    Orientation::from_exif(number(text)?)
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// How deep a walk over tags is inside properties.
#[derive(Default)]
struct Nested {
    depth: usize,
    properties: usize,
}

impl Nested {
    /// Passes a tag; `None` beyond [`MAX_DEPTH`].
    fn pass(&mut self, tag: &Tag<'_>) -> Option<()> {
        if tag.is_empty() {
            return Some(());
        }
        let step = usize::from(!is_frame(tag.name));
        if tag.opens {
            self.depth += 1;
            self.properties += step;
        } else {
            self.depth = self.depth.saturating_sub(1);
            self.properties = self.properties.saturating_sub(step);
        }
        (self.depth <= MAX_DEPTH).then_some(())
    }
}

/// Whether an element is one of those that stand around properties.
fn is_frame(name: &[u8]) -> bool {
    matches!(local(name), b"xmpmeta" | b"xapmeta" | b"RDF" | b"Description")
}

/// The packet as UTF-8, which it is in nearly all files; `None` if it is too large.
fn utf8(packet: &[u8]) -> Option<Cow<'_, [u8]>> {
    if packet.len() > MAX_PACKET {
        return None;
    }
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units = packet.chunks_exact(2).map(|b| unit([b[0], b[1]]));
        let text: String = char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        Some(Cow::Owned(text.trim_start_matches('\u{FEFF}').as_bytes().to_vec()))
    };
    match packet {
        [0xFE, 0xFF, ..] | [0, b'<', ..] => wide(u16::from_be_bytes),
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => wide(u16::from_le_bytes),
        _ => Some(Cow::Borrowed(packet)),
    }
}

/// The packet made true of a new picture, and whether something that it said is lost by that; `None` if it cannot be read
/// well enough.
pub(super) fn for_new_picture(packet: &[u8], change: &Change) -> Option<(Vec<u8>, bool)> {
    struct Open<'a> {
        name: &'a [u8],
        tag: Range<usize>,
        property: bool,
        fate: Fate,
    }
    let packet = utf8(packet)?;
    let names = Names::of(&packet);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut stack: Vec<Open<'_>> = Vec::new();
    let mut elements = 0_usize;
    let mut lost = false;
    for tag in Tags::new(&packet) {
        elements += 1;
        if !tag.opens {
            let Some(at) = stack.iter().rposition(|open| open.name == tag.name) else {
                continue;
            };
            // Elements that were never closed end with the one around them.
            let unclosed = stack.get(at + 1..)?;
            if unclosed.iter().any(|open| open.fate != Fate::Stays) {
                return None;
            }
            stack.truncate(at + 1);
            let open = stack.pop()?;
            let inside = open.tag.end..tag.range.start;
            match edit(packet.get(inside.clone())?, open.fate) {
                Edit::None => {}
                Edit::Remove => edits.push((open.tag.start..tag.range.end, String::new())),
                Edit::Replace(value) => edits.push((inside, value)),
            }
            continue;
        }
        let nested = stack.iter().any(|open| open.property);
        for attribute in Attributes::of(&packet, &tag) {
            if names.declares_what_goes(&packet, &attribute) {
                edits.push((attribute.range, String::new()));
                continue;
            }
            let Some((namespace, name)) = names.of_name(attribute.name) else {
                continue;
            };
            // An attribute of a property's element is a qualifier or a field of it.
            let nested = nested || !is_frame(tag.name);
            let value = attribute.value;
            let fate = change.fate(namespace, name, nested);
            lost |= fate == Fate::Lost;
            match edit(packet.get(value.clone())?, fate) {
                Edit::None => {}
                Edit::Remove => edits.push((attribute.range, String::new())),
                Edit::Replace(text) => edits.push((value, text)),
            }
        }
        let fate = names
            .of_name(tag.name)
            .map_or(Fate::Stays, |(namespace, name)| change.fate(namespace, name, nested));
        lost |= fate == Fate::Lost;
        if !tag.is_empty() {
            if stack.len() >= MAX_DEPTH {
                return None;
            }
            stack.push(Open {
                name: tag.name,
                tag: tag.range,
                property: !is_frame(tag.name),
                fate,
            });
        } else if fate != Fate::Stays {
            edits.push((tag.range, String::new()));
        }
    }
    if elements == 0 || stack.iter().any(|open| open.fate != Fate::Stays) {
        return None;
    }
    Some((apply(&packet, edits), lost))
}

/// What is done to a value.
enum Edit {
    None,
    Remove,
    Replace(String),
}

fn edit(value: &[u8], fate: Fate) -> Edit {
    match fate {
        Fate::Stays => Edit::None,
        Fate::Goes | Fate::Lost => Edit::Remove,
        _ if value.contains(&b'<') => Edit::Remove,
        Fate::Becomes(text) if value.trim_ascii() == text.as_bytes() => Edit::None,
        Fate::Becomes(text) => Edit::Replace(text),
        Fate::Scaled(to, from) if to == from => Edit::None,
        Fate::Scaled(to, from) => match number(value) {
            Some(number) if from > 0 => {
                let scaled = (u64::from(number) * u64::from(to) + u64::from(from) / 2) / u64::from(from);
                Edit::Replace(scaled.to_string())
            }
            _ => Edit::Remove,
        },
    }
}

/// The packet with `edits`; those inside a range that goes go with it.
fn apply(packet: &[u8], mut edits: Vec<(Range<usize>, String)>) -> Vec<u8> {
    edits.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut out = Vec::with_capacity(packet.len());
    let mut at = 0;
    for (range, text) in edits {
        if range.start < at {
            continue;
        }
        out.extend_from_slice(packet.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(text.as_bytes());
        at = range.end;
    }
    out.extend_from_slice(packet.get(at..).unwrap_or_default());
    out
}

/// What a packet says of its extension (Adobe's XMP specification, part 3, 1.1.3.1): the GUID, 32 hexadecimal digits.
pub(super) fn extension_guid(packet: &[u8]) -> Option<[u8; 32]> {
    memchr::memmem::find(packet, b"HasExtendedXMP")?;
    let names = Names::of(packet);
    for tag in Tags::new(packet) {
        for attribute in Attributes::of(packet, &tag) {
            if names.is(attribute.name, Namespace::XmpNote, b"HasExtendedXMP") {
                return packet[attribute.value].trim_ascii().try_into().ok();
            }
        }
        if tag.opens && names.is(tag.name, Namespace::XmpNote, b"HasExtendedXMP") {
            let text = packet.get(tag.range.end..)?.split(|&b| b == b'<').next()?;
            return text.trim_ascii().try_into().ok();
        }
    }
    None
}

/// The range between the tags of `rdf:RDF`, and that of the outermost element; `None` if there are none.
fn ranges(packet: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let (mut start, mut root) = (None, None);
    let mut inside = None;
    for tag in Tags::new(packet) {
        if tag.opens {
            root.get_or_insert(tag.range.start);
        }
        if tag.name == b"rdf:RDF" && !tag.is_empty() {
            if tag.opens {
                start.get_or_insert(tag.range.end);
            } else {
                inside = Some((start?..tag.range.start, tag.range.end));
            }
        }
        if let (Some((inside, _)), Some(root)) = (&inside, root)
            && !tag.opens
        {
            let whole = (root, tag.range.end);
            if matches!(local(tag.name), b"xmpmeta" | b"xapmeta") {
                return Some((inside.clone(), whole.0..whole.1));
            }
        }
    }
    let (inside, end) = inside?;
    (inside.start < inside.end).then(|| (inside, root.unwrap_or(0)..end))
}

/// One packet with the properties of both; `None` if they cannot be put together without reading all of them.
pub(super) fn merged(packet: &[u8], extension: &[u8]) -> Option<Vec<u8>> {
    let (inside, _) = ranges(packet)?;
    let (more, _) = ranges(extension)?;
    // Prefixes that are declared around the properties would be lost.
    let around = |tag: &Tag<'_>| tag.range.end <= more.start;
    let declares = |tag: Tag<'_>| {
        Attributes::of(extension, &tag)
            .any(|a| a.name.starts_with(b"xmlns:") && !matches!(a.name, b"xmlns:rdf" | b"xmlns:x"))
    };
    if Tags::new(extension).take_while(around).any(declares) {
        return None;
    }
    let (before, behind) = packet.split_at_checked(inside.end)?;
    Some([before, extension.get(more)?, behind].concat())
}

/// The packet with the name of its extension.
pub(super) fn with_extension(packet: &[u8], guid: &str) -> Option<Vec<u8>> {
    let (inside, _) = ranges(packet)?;
    let (before, behind) = packet.split_at_checked(inside.end)?;
    let note = format!(
        "<rdf:Description rdf:about=\"\" xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\" \
         xmpNote:HasExtendedXMP=\"{guid}\"/>"
    );
    Some([before, note.as_bytes(), behind].concat())
}

/// A packet that has nothing but the name of its extension.
pub(super) fn only_extension(guid: &str) -> Option<Vec<u8>> {
    let empty = "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
        <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
        <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"></rdf:RDF>\
        </x:xmpmeta><?xpacket end=\"w\"?>";
    let at = empty.find("</rdf:RDF>")?;
    let (before, behind) = empty.split_at(at);
    with_extension([before, "\n", behind].concat().as_bytes(), guid)
}

/// The outermost element of a packet, which an extension is, without the wrapper and its padding.
pub(super) fn without_wrapper(packet: &[u8]) -> Option<&[u8]> {
    packet.get(ranges(packet)?.1)
}

#[cfg(test)]
mod tests;
