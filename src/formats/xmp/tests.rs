//! Packets as phones and programs write them.

use super::*;

fn packet(inside: &str) -> Vec<u8> {
    format!(
        "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">{inside}</rdf:RDF></x:xmpmeta>\
         <?xpacket end=\"w\"?>"
    )
    .into_bytes()
}

/// A description with the namespaces that the tests use.
fn description(attributes: &str, elements: &str) -> Vec<u8> {
    packet(&format!(
        "<rdf:Description rdf:about=\"\" xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" \
         xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" xmlns:GPano=\"http://ns.google.com/photos/1.0/panorama/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" {attributes}>{elements}</rdf:Description>"
    ))
}

fn edited(packet: &[u8], change: Change) -> String {
    String::from_utf8(for_new_picture(packet, &change).unwrap().0).unwrap()
}

const HALF: Change = Change {
    from: (640, 320),
    to: (320, 160),
    turned: false,
};

#[test]
fn orientation_is_read_in_each_notation() {
    let six = Some(Orientation::Rotate90);
    for (packet, wanted) in [
        (description("tiff:Orientation=\"6\"", ""), six),
        (description("tiff:Orientation = ' 6 '", ""), six),
        (description("", "<tiff:Orientation>6</tiff:Orientation>"), six),
        (description("", "<tiff:Orientation>\n 6\n</tiff:Orientation>"), six),
        (description("tiff:Orientation=\"9\"", ""), None),
        (description("dc:Orientation=\"6\"", ""), None),
        // Of a picture that this one was made of.
        (
            description("", "<dc:source><rdf:Description tiff:Orientation=\"6\"/></dc:source>"),
            None,
        ),
        (description("", "<!-- <tiff:Orientation>6</tiff:Orientation> -->"), None),
        (
            packet("<rdf:Description xmlns:t=\"http://ns.adobe.com/tiff/1.0/\" t:Orientation=\"6\"/>"),
            six,
        ),
        (
            packet("<rdf:Description xmlns:tiff=\"http://example.com/\" tiff:Orientation=\"6\"/>"),
            None,
        ),
        (packet("<rdf:Description tiff:Orientation=\"6\"/>"), six),
    ] {
        assert_eq!(orientation(&packet), wanted, "{}", String::from_utf8_lossy(&packet));
        if wanted.is_some() {
            let (out, lost) = for_new_picture(&packet, &HALF).unwrap();
            assert!(!lost);
            assert_eq!(orientation(&out), Some(Orientation::Upright));
        }
    }
    let wide: Vec<u8> = String::from_utf8(description("tiff:Orientation=\"6\"", ""))
        .unwrap()
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    assert_eq!(orientation(&wide), six, "the packet is UTF-16");
}

#[test]
fn sizes_follow_the_picture() {
    let source = description(
        "tiff:ImageWidth=\"640\" exif:PixelXDimension='640' GPano:FullPanoWidthPixels=\"1001\"",
        "<tiff:ImageLength>320</tiff:ImageLength><GPano:CroppedAreaTopPixels>81</GPano:CroppedAreaTopPixels>\
         <GPano:ProjectionType>equirectangular</GPano:ProjectionType>\
         <exif:SubjectArea><rdf:Seq><rdf:li>5</rdf:li></rdf:Seq></exif:SubjectArea>",
    );
    let out = edited(&source, HALF);
    for wanted in [
        "tiff:ImageWidth=\"320\"",
        "exif:PixelXDimension='320'",
        "GPano:FullPanoWidthPixels=\"501\"",
        "<tiff:ImageLength>160</tiff:ImageLength>",
        "<GPano:CroppedAreaTopPixels>41</GPano:CroppedAreaTopPixels>",
        "equirectangular",
    ] {
        assert!(out.contains(wanted), "{wanted} in {out}");
    }
    assert!(!out.contains("SubjectArea"), "{out}");
    let turned = edited(&source, Change { turned: true, ..HALF });
    assert!(
        !turned.contains("GPano:F") && !turned.contains("equirectangular"),
        "{turned}"
    );
    assert!(
        for_new_picture(&source, &Change { turned: true, ..HALF }).unwrap().1,
        "it is named"
    );
    let same = Change { to: HALF.from, ..HALF };
    assert_eq!(
        for_new_picture(&source, &same),
        Some((source.clone(), false)),
        "what is true stays as it is"
    );
}

#[test]
fn claims_of_videos_and_gain_maps_go_and_the_rest_stays() {
    let source = packet(
        "<rdf:Description rdf:about=\"\" xmlns:GCamera=\"http://ns.google.com/photos/1.0/camera/\"\
         \n xmlns:C=\"http://ns.google.com/photos/1.0/container/\" xmlns:Item=\"http://ns.google.com/photos/1.0/container/item/\"\
         \n xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\
         \n GCamera:MotionPhoto=\"1\" GCamera:MicroVideoOffset='4000' GCamera:SpecialTypeID=\"stays\" hdrgm:Version=\"1.0\">\
         <C:Directory><rdf:Seq><rdf:li rdf:parseType=\"Resource\"><C:Item Item:Mime=\"video/mp4\" Item:Length=\"4000\"/>\
         </rdf:li></rdf:Seq></C:Directory><hdrgm:GainMapMax><rdf:Seq><rdf:li>3</rdf:li></rdf:Seq></hdrgm:GainMapMax>\
         <GCamera:MotionPhotoVersion>1</GCamera:MotionPhotoVersion><dc:title>a &lt; b</dc:title></rdf:Description>",
    );
    let out = edited(&source, HALF);
    for gone in ["MotionPhoto", "MicroVideo", "hdr", "container", "video", "GainMap"] {
        assert!(!out.contains(gone), "{gone} in {out}");
    }
    assert!(out.contains("GCamera:SpecialTypeID=\"stays\"") && out.contains("<dc:title>a &lt; b</dc:title>"));
}

#[test]
fn packets_are_put_together_and_named() {
    let main = description("dc:source=\"main\"", "");
    let more = description("dc:title=\"more\"", "");
    let extension = without_wrapper(&more).unwrap();
    assert!(extension.starts_with(b"<x:xmpmeta") && extension.ends_with(b"</x:xmpmeta>"));
    let both = String::from_utf8(merged(&main, extension).unwrap()).unwrap();
    assert!(both.contains("main") && both.contains("more") && both.matches("</rdf:RDF>").count() == 1);
    let guid = "0123456789ABCDEF0123456789ABCDEF";
    for packet in [with_extension(&main, guid).unwrap(), only_extension(guid).unwrap()] {
        assert_eq!(
            extension_guid(&packet).as_ref().map(<[u8; 32]>::as_slice),
            Some(guid.as_bytes())
        );
        assert!(!edited(&packet, HALF).contains(guid), "whoever writes it says so anew");
    }
    // Its prefixes stand around the properties and would be lost.
    let around = b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\" xmlns:a=\"b\"><rdf:RDF><a:c/></rdf:RDF></x:xmpmeta>";
    assert_eq!(merged(&main, around), None);
}

#[test]
fn broken_packets_never_panic_and_end_soon() {
    let source = description(
        "tiff:Orientation=\"6\" GPano:FullPanoWidthPixels=\"99999999999\"",
        "<tiff:ImageWidth>640</tiff:ImageWidth><a><![CDATA[<b>]]></a>",
    );
    for end in 0..source.len() {
        let cut = &source[..end];
        let _ = (
            orientation(cut),
            for_new_picture(cut, &HALF),
            extension_guid(cut),
            merged(cut, cut),
        );
    }
    assert_eq!(for_new_picture(b"no XML", &HALF), None);
    let deep = [b"<a>".repeat(100_000), b"</a>".repeat(100_000)].concat();
    assert_eq!(for_new_picture(&deep, &HALF), None);
    let many = [b"<a b='".as_slice(), &b"<".repeat(1_000_000)].concat();
    assert_eq!(for_new_picture(&many, &HALF), None);
}
