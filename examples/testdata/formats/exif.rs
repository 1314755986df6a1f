//! EXIF blocks (CIPA DC-008) from bare orientation tags to what a camera writes, and the XMP, IPTC and MPF that stand
//! beside them.

use super::ifd::{Fields, Structure, Value};

const ORIENTATION: u16 = 0x0112;
const EXIF_IFD: u16 = 0x8769;
const GPS_IFD: u16 = 0x8825;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;

/// An EXIF block that says nothing but the orientation.
pub(crate) fn orientation(value: u16) -> Vec<u8> {
    orientation_as(false, Value::short(value))
}

/// An EXIF block whose orientation has an odd type, count or byte order.
pub(crate) fn orientation_as(big_endian: bool, value: Value) -> Vec<u8> {
    let mut s = Structure::new(big_endian, false);
    s.chain(&[(ORIENTATION, value)]);
    s.out
}

/// An EXIF block that has an orientation only for its thumbnail.
pub(crate) fn thumbnail_orientation(value: u16, thumbnail: &[u8]) -> Vec<u8> {
    let mut s = Structure::new(false, false);
    s.chain(&[(0x010F, Value::Ascii("Fictional")), (0x0110, Value::Ascii("Model T"))]);
    add_thumbnail(&mut s, Some(value), thumbnail);
    s.out
}

fn add_thumbnail(s: &mut Structure, orientation: Option<u16>, thumbnail: &[u8]) {
    let mut fields: Fields = vec![(0x0103, Value::short(6))];
    if let Some(value) = orientation {
        fields.push((ORIENTATION, Value::short(value)));
    }
    fields.push((THUMBNAIL_OFFSET, Value::long(0)));
    fields.push((THUMBNAIL_LENGTH, Value::long(thumbnail.len())));
    let directory = s.chain(&fields);
    let at = s.append(thumbnail);
    s.point(&directory, THUMBNAIL_OFFSET, at);
}

/// What a camera writes.
#[derive(Clone)]
pub(crate) struct Camera {
    pub(crate) big_endian: bool,
    pub(crate) orientation: u16,
    pub(crate) size: (usize, usize),
    pub(crate) taken: &'static str,
    /// Degrees north and east in units of 1/10,000, and metres above the sea.
    pub(crate) place: Option<(i32, i32, u32)>,
    /// Serial numbers, owner and maker's note.
    pub(crate) personal: bool,
    pub(crate) thumbnail: Option<Vec<u8>>,
    pub(crate) exposure: (u32, u32),
    pub(crate) f_number: (u32, u32),
    pub(crate) iso: u16,
    pub(crate) focal_length: (u32, u32),
}

impl Default for Camera {
    fn default() -> Self {
        Self {
            big_endian: false,
            orientation: 1,
            size: (0, 0),
            taken: "2024:06:21 05:12:48",
            place: None,
            personal: false,
            thumbnail: None,
            exposure: (1, 250),
            f_number: (8, 1),
            iso: 100,
            focal_length: (24, 1),
        }
    }
}

impl Camera {
    /// The block, starting with the TIFF header.
    pub(crate) fn block(&self) -> Vec<u8> {
        let mut s = Structure::new(self.big_endian, false);
        let mut first: Fields = vec![
            (0x010E, Value::Ascii("A picture made by the test data generator")),
            (0x010F, Value::Ascii("Fictional")),
            (0x0110, Value::Ascii("Model T")),
            (ORIENTATION, Value::short(self.orientation)),
            (0x011A, Value::Rational(vec![(72, 1)])),
            (0x011B, Value::Rational(vec![(72, 1)])),
            (0x0128, Value::short(2)),
            (0x0131, Value::Ascii("photofit testdata")),
            (0x0132, Value::Ascii(self.taken)),
            (0x013B, Value::Ascii("Ada Example")),
            (0x8298, Value::Ascii("(c) 2024 Ada Example")),
            (EXIF_IFD, Value::long(0)),
        ];
        if self.place.is_some() {
            first.push((GPS_IFD, Value::long(0)));
        }
        let first = s.chain(&first);
        let exif = s.directory(&self.exif_fields());
        s.point(&first, EXIF_IFD, exif.at);
        if let Some(place) = self.place {
            let gps = s.directory(&gps_fields(place));
            s.point(&first, GPS_IFD, gps.at);
        }
        if let Some(thumbnail) = &self.thumbnail {
            add_thumbnail(&mut s, None, thumbnail);
        }
        s.out
    }

    fn exif_fields(&self) -> Fields {
        let mut fields: Fields = vec![
            (0x829A, Value::Rational(vec![self.exposure])),
            (0x829D, Value::Rational(vec![self.f_number])),
            (0x8827, Value::short(self.iso)),
            (0x9000, Value::Undefined(b"0232".to_vec())),
            (0x9003, Value::Ascii(self.taken)),
            (0x9004, Value::Ascii(self.taken)),
            (0x9010, Value::Ascii("+02:00")),
            (0x920A, Value::Rational(vec![self.focal_length])),
        ];
        if self.personal {
            fields.push((0x927C, Value::Undefined(maker_note())));
            fields.push((
                0x9286,
                Value::Undefined(b"ASCII\0\0\0Call me at home, secret-comment".to_vec()),
            ));
        }
        fields.push((0xA001, Value::short(1)));
        fields.push((0xA002, Value::long(self.size.0)));
        fields.push((0xA003, Value::long(self.size.1)));
        if self.personal {
            fields.push((0xA420, Value::Ascii("0123456789abcdef0123456789abcdef")));
            fields.push((0xA430, Value::Ascii("secret-owner Ada Example")));
            fields.push((0xA431, Value::Ascii("secret-serial-4711")));
        }
        fields.push((0xA433, Value::Ascii("Fictional")));
        fields.push((0xA434, Value::Ascii("Prime 24mm F8")));
        if self.personal {
            fields.push((0xA435, Value::Ascii("secret-lens-serial-0815")));
        }
        fields
    }
}

/// A maker's note: opaque bytes with a text that must not get out.
fn maker_note() -> Vec<u8> {
    let mut note = b"FICTIONAL\0\x01\0secret-maker-note ".to_vec();
    note.extend((0..200u8).map(|i| i.wrapping_mul(37)));
    note
}

fn gps_fields((north, east, altitude): (i32, i32, u32)) -> Fields {
    let degrees = |v: i32| {
        let v = v.unsigned_abs();
        let (whole, rest) = (v / 10_000, v % 10_000);
        let minutes = rest * 60;
        let seconds = (minutes % 10_000) * 60;
        Value::Rational(vec![(whole, 1), (minutes / 10_000, 1), (seconds / 100, 100)])
    };
    vec![
        (0, Value::Byte(vec![2, 3, 0, 0])),
        (1, Value::Ascii(if north < 0 { "S" } else { "N" })),
        (2, degrees(north)),
        (3, Value::Ascii(if east < 0 { "W" } else { "E" })),
        (4, degrees(east)),
        (5, Value::Byte(vec![0])),
        (6, Value::Rational(vec![(altitude, 1)])),
        (7, Value::Rational(vec![(3, 1), (12, 1), (48, 1)])),
        (18, Value::Ascii("WGS-84")),
        (29, Value::Ascii("2024:06:21")),
    ]
}

/// The description that stands in front of every XMP packet's attributes.
fn xmp_packet(namespaces: &str, attributes: &str, body: &str) -> Vec<u8> {
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" {namespaces} {attributes}>{body}</rdf:Description>\
         </rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
    )
    .into_bytes()
}

/// An XMP packet with a place, a creator and a rating.
pub(crate) fn xmp_private() -> Vec<u8> {
    xmp_packet(
        "xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\"",
        "exif:GPSLatitude=\"46,33.3480N\" exif:GPSLongitude=\"7,58.8120E\" xmp:Rating=\"5\" \
         photoshop:City=\"secret-city\"",
        "<dc:creator><rdf:Seq><rdf:li>Ada Example</rdf:li></rdf:Seq></dc:creator>",
    )
}

/// An XMP packet that says nothing but the orientation, as an attribute or as an element.
pub(crate) fn xmp_orientation(value: u16, element: bool) -> Vec<u8> {
    let namespaces = "xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\"";
    if element {
        xmp_packet(namespaces, "", &format!("<tiff:Orientation>{value}</tiff:Orientation>"))
    } else {
        xmp_packet(namespaces, &format!("tiff:Orientation=\"{value}\""), "")
    }
}

/// An XMP packet and its extension, which has the GUID `guid`.
pub(crate) fn xmp_extended(guid: &str) -> (Vec<u8>, Vec<u8>) {
    let main = xmp_packet(
        "xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"",
        &format!("xmpNote:HasExtendedXMP=\"{guid}\" dc:source=\"in-the-packet\""),
        "",
    );
    let extension = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
         xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\" photoshop:Headline=\"in-the-extension\"/></rdf:RDF></x:xmpmeta>";
    (main, extension.as_bytes().to_vec())
}

/// The XMP of an Ultra HDR picture: it has a gain map of `length` bytes behind it.
pub(crate) fn xmp_ultra_hdr(length: usize) -> Vec<u8> {
    xmp_packet(
        "xmlns:Container=\"http://ns.google.com/photos/1.0/container/\" \
         xmlns:Item=\"http://ns.google.com/photos/1.0/container/item/\" \
         xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\"",
        "hdrgm:Version=\"1.0\"",
        &format!(
            "<Container:Directory><rdf:Seq>\
             <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"Primary\" Item:Mime=\"image/jpeg\"/></rdf:li>\
             <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"GainMap\" Item:Mime=\"image/jpeg\" \
             Item:Length=\"{length}\"/></rdf:li></rdf:Seq></Container:Directory>"
        ),
    )
}

/// The XMP of the gain map itself.
pub(crate) fn xmp_gain_map() -> Vec<u8> {
    xmp_packet(
        "xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\"",
        "hdrgm:Version=\"1.0\" hdrgm:GainMapMin=\"0\" hdrgm:GainMapMax=\"2\" hdrgm:Gamma=\"1\" \
         hdrgm:OffsetSDR=\"0.015625\" hdrgm:OffsetHDR=\"0.015625\" hdrgm:HDRCapacityMin=\"0\" hdrgm:HDRCapacityMax=\"2\" \
         hdrgm:BaseRenditionIsHDR=\"False\"",
        "",
    )
}

/// The XMP of a motion photo whose video has `length` bytes.
pub(crate) fn xmp_motion_photo(length: usize) -> Vec<u8> {
    xmp_packet(
        "xmlns:GCamera=\"http://ns.google.com/photos/1.0/camera/\" \
         xmlns:Container=\"http://ns.google.com/photos/1.0/container/\" \
         xmlns:Item=\"http://ns.google.com/photos/1.0/container/item/\"",
        "GCamera:MotionPhoto=\"1\" GCamera:MotionPhotoVersion=\"1\" GCamera:MotionPhotoPresentationTimestampUs=\"500000\"",
        &format!(
            "<Container:Directory><rdf:Seq>\
             <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Mime=\"image/jpeg\" Item:Semantic=\"Primary\" \
             Item:Length=\"0\" Item:Padding=\"0\"/></rdf:li>\
             <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Mime=\"video/mp4\" Item:Semantic=\"MotionPhoto\" \
             Item:Length=\"{length}\" Item:Padding=\"0\"/></rdf:li></rdf:Seq></Container:Directory>"
        ),
    )
}

/// A Photoshop resource block with IPTC records: by-line, city, caption.
pub(crate) fn iptc() -> Vec<u8> {
    let mut records = Vec::new();
    for (dataset, text) in [
        (5u8, "Chart"),
        (80, "Ada Example"),
        (90, "secret-city"),
        (120, "secret-caption"),
    ] {
        records.extend([0x1C, 2, dataset]);
        records.extend((text.len() as u16).to_be_bytes());
        records.extend(text.as_bytes());
    }
    let mut block = b"Photoshop 3.0\08BIM\x04\x04\0\0".to_vec();
    block.extend((records.len() as u32).to_be_bytes());
    if records.len() % 2 == 1 {
        records.push(0);
    }
    block.extend(records);
    block
}

/// An MPF index (CIPA DC-007) for two pictures; `kind` is the second's type code, `offset` counts from the block's
/// TIFF header. The block has the same length for all values.
pub(crate) fn mpf(first_length: usize, second_length: usize, offset: usize, kind: u32) -> Vec<u8> {
    let mut entries = Vec::new();
    for (attribute, length, offset) in [(0x2003_0000, first_length, 0), (kind, second_length, offset)] {
        entries.extend(u32::to_be_bytes(attribute));
        entries.extend((length as u32).to_be_bytes());
        entries.extend((offset as u32).to_be_bytes());
        entries.extend([0; 4]);
    }
    let mut s = Structure::new(true, false);
    s.chain(&[
        (0xB000, Value::Undefined(b"0100".to_vec())),
        (0xB001, Value::long(2)),
        (0xB002, Value::Undefined(entries)),
    ]);
    s.out
}
