//! JPEG: scans, markers and segments by the thousand, and frames of extreme sides (ITU-T T.81).

use jpeg_encoder::{ColorType, SamplingFactor};

use super::{Answers, BROKEN, Bombs, CLAIM, EITHER, HEAVY, MALFORMED, OK, REFUSED};
use crate::entry::Result;
use crate::formats::exif::mpf;
use crate::formats::jpeg::{
    self, Coding, Segment, YCBCR_420, frame_header, header_only, jfif, segment_bytes, with_segments,
};
use crate::picture::chart;

pub(super) fn bombs() -> Result<Bombs> {
    let mut set = Bombs::new("JPEG", "jpeg", "jpg");
    frames(&mut set)?;
    scans(&mut set);
    segments(&mut set)?;
    markers(&mut set)?;
    Ok(set)
}

/// Frames that claim much (T.81, B.2.2).
fn frames(set: &mut Bombs) -> Result<()> {
    let mut add = |name: &str, size: (u16, u16), answers: Answers, special: &str, bytes: Vec<u8>| {
        set.add(name, (size.0.into(), size.1.into()), answers, special, bytes);
    };
    for (kind, marker) in [("baseline", 0xC0), ("progressive", 0xC2)] {
        for (name, size) in [
            ("wide", (65_535, 4500)),
            ("high", (4500, 65_535)),
            ("square", (17_000, 17_000)),
        ] {
            let special = format!("{kind}: 290 megapixels in a few bytes");
            let bytes = header_only(marker, 8, size, &YCBCR_420);
            add(&format!("{name}-{kind}"), size, REFUSED, &special, bytes);
            let inks = [(1, 0x22, 0), (2, 0x11, 0), (3, 0x11, 0), (4, 0x22, 0)];
            let special = format!("{kind}: 290 megapixels of four inks in a few bytes");
            add(
                &format!("{name}-inks-{kind}"),
                size,
                REFUSED,
                &special,
                header_only(marker, 8, size, &inks),
            );
        }
    }
    let many: Vec<(u8, u8, u8)> = (0..255).map(|i| (i, 0x44, 0)).collect();
    add(
        "components-255",
        (64, 64),
        REFUSED,
        "255 components",
        header_only(0xC0, 8, (64, 64), &many),
    );
    let odd = [(1, 0xFF, 0), (2, 0x11, 0), (3, 0x11, 0)];
    add(
        "sampling-15",
        (64, 64),
        REFUSED,
        "sampling factors of 15",
        header_only(0xC0, 8, (64, 64), &odd),
    );
    let none = [(1, 0x00, 0), (2, 0x11, 0), (3, 0x11, 0)];
    add(
        "sampling-0",
        (64, 64),
        REFUSED,
        "sampling factors of 0",
        header_only(0xC0, 8, (64, 64), &none),
    );
    add(
        "height-0",
        (64, 0),
        &["malformed", "unsupported"],
        "a height of 0 without a DNL",
        header_only(0xC0, 8, (64, 0), &YCBCR_420),
    );
    let mut lines = header_only(0xC0, 8, (64, 0), &YCBCR_420);
    lines.truncate(lines.len() - 2);
    lines.extend([0xFF, 0xDC, 0, 4, 0xFF, 0xFF, 0xFF, 0xD9]);
    add("dnl-65535", (64, 0), REFUSED, "a DNL of 65,535 lines", lines);
    for (name, width, height) in [("row", 65_500, 1), ("column", 1, 65_500)] {
        let picture = vec![120; usize::from(width) * usize::from(height)];
        let coded = jpeg::encode(
            &picture,
            (width.into(), height.into()),
            ColorType::Luma,
            Coding::default(),
        )?;
        add(name, (width, height), EITHER, "a picture of one row or column", coded);
    }
    Ok(())
}

/// Gray progressive pictures of `size` whose scans say that nothing comes (G.1.2.2): an end of band for as many blocks
/// as one code can say, over and over.
fn progressive(size: (u16, u16), components: &[(u8, u8, u8)], scans: usize) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    let mut table = vec![0];
    table.extend([16; 64]);
    out.extend(segment_bytes(&(0xDB, table)));
    if components.len() == 4 {
        out.extend(segment_bytes(&jpeg::adobe(0)));
    }
    out.extend(segment_bytes(&(0xC2, frame_header(8, size, components))));
    // DC: one code, of category 0. AC: 0 is the end of band for 2^14 blocks and more, 10 that for one.
    let table = |class: u8, codes: &[u8], lengths: [u8; 2]| {
        let mut body = vec![class, lengths[0], lengths[1]];
        body.resize(17, 0);
        body.extend_from_slice(codes);
        segment_bytes(&(0xC4, body))
    };
    out.extend(table(0x00, &[0], [1, 0]));
    out.extend(table(0x10, &[0xE0, 0x00], [1, 1]));
    let blocks = usize::from(size.0.div_ceil(8)) * usize::from(size.1.div_ceil(8));
    let mut first = vec![components.len() as u8];
    first.extend(components.iter().flat_map(|c| [c.0, 0]));
    first.extend([0, 0, 0]);
    out.extend(segment_bytes(&(0xDA, first)));
    // A bit for each block.
    out.extend(vec![0; (blocks * components.len()).div_ceil(8)]);
    let run: Vec<u8> = {
        let mut bits = Vec::new();
        let mut left = blocks;
        while left > 0 {
            if left >= 32_767 {
                // The code, and 14 ones: 2^14 + 16,383 blocks.
                bits.extend([0; 1]);
                bits.extend([1; 14]);
                left -= 32_767;
            } else if left >= 16_384 {
                let rest = left - 16_384;
                bits.push(0);
                bits.extend((0..14).rev().map(|i| (rest >> i & 1) as u8));
                left = 0;
            } else {
                bits.extend([1, 0]);
                left -= 1;
            }
        }
        let mut bytes = Vec::new();
        for bits in bits.chunks(8) {
            let byte = (0..8).fold(0, |v, i| v << 1 | bits.get(i).unwrap_or(&1));
            bytes.push(byte);
            if byte == 0xFF {
                bytes.push(0);
            }
        }
        bytes
    };
    for i in 0..scans {
        let component = components[i % components.len()].0;
        // The first over all coefficients, then refinements of them.
        let approximation = if i < components.len() {
            0x0D
        } else {
            let low = 12 - ((i / components.len() - 1) % 13) as u8;
            (low + 1) << 4 | low
        };
        out.extend(segment_bytes(&(0xDA, vec![1, component, 0, 1, 63, approximation])));
        out.extend_from_slice(&run);
    }
    out.extend([0xFF, 0xD9]);
    out
}

/// Scans by the thousand.
fn scans(set: &mut Bombs) {
    let mut add = |name: &str, size: (u16, u16), answers: Answers, special: &str, bytes: Vec<u8>| {
        set.add(name, (size.0.into(), size.1.into()), answers, special, bytes);
    };
    let gray = [(1, 0x11, 0)];
    let inks = [(1, 0x11, 0), (2, 0x11, 0), (3, 0x11, 0), (4, 0x11, 0)];
    add(
        "scans-14",
        (2048, 2048),
        EITHER,
        "14 progressive scans, as they should be",
        progressive((2048, 2048), &gray, 14),
    );
    add(
        "scans-1000",
        (2048, 2048),
        HEAVY,
        "1,000 progressive scans",
        progressive((2048, 2048), &gray, 1000),
    );
    add(
        "scans-10000",
        (4096, 4096),
        HEAVY,
        "10,000 progressive scans",
        progressive((4096, 4096), &gray, 10_000),
    );
    add(
        "scans-10000-inks",
        (4096, 4096),
        HEAVY,
        "10,000 progressive scans of four inks",
        progressive((4096, 4096), &inks, 10_000),
    );
    add(
        "scans-100000-small",
        (8, 8),
        HEAVY,
        "100,000 progressive scans of one block",
        progressive((8, 8), &gray, 100_000),
    );
}

/// Segments by the thousand, and what they say.
fn segments(set: &mut Bombs) -> Result<()> {
    let picture = chart();
    let size = (picture.width, picture.height);
    let coding = Coding {
        quality: 60,
        sampling: SamplingFactor::R_4_2_0,
        ..Coding::default()
    };
    let coded = jpeg::encode_rgb(&picture, coding)?;
    let mut add = |name: &str, answers: Answers, special: &str, segments: &[Segment]| {
        let all = [&[jfif()], segments].concat();
        set.add(name, size, answers, special, with_segments(&coded, &all));
    };
    add(
        "app-1500",
        OK,
        "1,500 empty APP5 segments",
        &vec![(0xE5, Vec::new()); 1500],
    );
    add(
        "app-500000",
        EITHER,
        "500,000 empty APP5 segments",
        &vec![(0xE5, Vec::new()); 500_000],
    );
    add(
        "comments-1500",
        OK,
        "1,500 empty comments",
        &vec![(0xFE, Vec::new()); 1500],
    );
    add(
        "tables-1000",
        EITHER,
        "1,000 restart intervals",
        &vec![(0xDD, vec![0, 0]); 1000],
    );
    let table = (0xC4, [&[0x03, 0, 1], [0; 14].as_slice(), &[0]].concat());
    add("dht-100000", EITHER, "100,000 Huffman tables", &vec![table; 100_000]);
    let icc = |parts: &[(u8, u8)], body: &[u8]| -> Vec<Segment> {
        let segment =
            |&(number, count): &(u8, u8)| (0xE2, [b"ICC_PROFILE\0".as_slice(), &[number, count], body].concat());
        parts.iter().map(segment).collect()
    };
    let whole: Vec<(u8, u8)> = (1..=255).map(|i| (i, 255)).collect();
    add(
        "icc-255-tiny",
        OK,
        "a profile in 255 segments of four bytes",
        &icc(&whole, &[1, 2, 3, 4]),
    );
    add(
        "icc-255-full",
        EITHER,
        "a profile in 255 segments of 65 KB",
        &icc(&whole, &[7; 65_519]),
    );
    add(
        "icc-same-number",
        OK,
        "300 segments of a profile with the same number",
        &icc(&[(1, 255); 300], &[1, 2, 3, 4]),
    );
    add(
        "icc-number-0",
        OK,
        "segment 0 of 0 of a profile",
        &icc(&[(0, 0)], &[1, 2, 3, 4]),
    );
    let mp = |bytes: Vec<u8>| vec![(0xE2, [b"MPF\0".as_slice(), &bytes].concat())];
    add(
        "mpf-itself",
        OK,
        "an MPF index whose second picture is the index",
        &mp(mpf(100, 0xFFFF_FFFF, 0, 0)),
    );
    let mut loops = mpf(100, 100, 100, 0);
    let next = 8 + 2 + 36;
    loops[next..next + 4].copy_from_slice(&8u32.to_be_bytes());
    add("mpf-loop", OK, "an MPF index that is its own successor", &mp(loops));
    let mut claims = mpf(100, 100, 100, 0);
    claims[26..30].fill(0xFF);
    claims[30..34].fill(0xFF);
    claims[38..42].fill(0xFF);
    add("mpf-claims", OK, "an MPF index of 2^32 - 1 pictures", &mp(claims));
    let extended = |offset: u32| -> Segment {
        let mut body = b"http://ns.adobe.com/xmp/extension/\0".to_vec();
        body.extend([b'A'; 32]);
        body.extend([u32::MAX, offset].map(u32::to_be_bytes).concat());
        (0xE1, body)
    };
    add(
        "xmp-extended",
        OK,
        "parts of an XMP packet of 2^32 - 1 bytes",
        &(0..50).map(|i| extended(i * 80_000_000)).collect::<Vec<_>>(),
    );
    let iptc = [b"Photoshop 3.0\08BIM\x04\x04\0\0".as_slice(), &[0xFF; 4], &[0; 8]].concat();
    add(
        "iptc-claims",
        OK,
        "a Photoshop block of 2^32 - 1 bytes",
        &[(0xED, iptc)],
    );
    let resources = [b"Photoshop 3.0\0".as_slice(), &b"8BIM\x04\x04\0\0\0\0\0\0".repeat(600)].concat();
    add("iptc-600", OK, "600 Photoshop blocks of no bytes", &[(0xED, resources)]);
    Ok(())
}

/// Markers in and around the coded data.
fn markers(set: &mut Bombs) -> Result<()> {
    let gray = vec![120; 1024 * 1024];
    let size = (1024, 1024);
    let coding = Coding {
        restart: 1,
        ..Coding::default()
    };
    let coded = jpeg::encode(&gray, size, ColorType::Luma, coding)?;
    set.add(
        "restart-16384",
        size,
        OK,
        "a restart marker behind each of 16,384 blocks",
        coded,
    );
    let small = jpeg::encode(&gray[..4096], (64, 64), ColorType::Luma, Coding::default())?;
    let scan = &small[..small.len() - 2];
    let mut add = |name: &str, answers: Answers, special: &str, more: Vec<u8>| {
        set.add(name, (64, 64), answers, special, [scan, &more, &[0xFF, 0xD9]].concat());
    };
    let cycle: Vec<u8> = (0..8).flat_map(|i| [0xFF, 0xD0 + i]).collect();
    add(
        "restarts-behind",
        EITHER,
        "a million restart markers behind the picture",
        cycle.repeat(125_000),
    );
    add(
        "fill-bytes",
        EITHER,
        "four million fill bytes behind the picture",
        vec![0xFF; 4_000_000],
    );
    add(
        "pictures-100000",
        EITHER,
        "100,000 starts of pictures behind the picture",
        [0xFF, 0xD9, 0xFF, 0xD8].repeat(100_000),
    );
    let header = frame_header(8, (65_535, 65_535), &YCBCR_420);
    add(
        "frame-behind",
        EITHER,
        "a frame of 65,535 squared behind the picture",
        segment_bytes(&(0xC0, header.clone())),
    );
    let lines = segment_bytes(&(0xDC, vec![0xFF, 0xFF]));
    add(
        "dnl-behind",
        EITHER,
        "a DNL of 65,535 lines behind a picture of 64",
        lines,
    );
    let frame = segment_bytes(&(0xC0, header));
    let bytes = [&small[..2], &frame, &small[2..]].concat();
    set.add(
        "frame-twice",
        (65_535, 65_535),
        CLAIM,
        "a frame of 65,535 squared in front of that of the picture",
        bytes,
    );
    // Codes that claim more than there can be (C.2).
    let table = segment_bytes(&(0xC4, [&[0u8], [255; 16].as_slice(), &[0; 200]].concat()));
    let bytes = [&small[..2], &table, &small[2..]].concat();
    set.add(
        "dht-claims",
        (64, 64),
        BROKEN,
        "a Huffman table of 4,080 codes in 200 bytes",
        bytes,
    );
    let start = [0xFF, 0xD8].repeat(2000);
    set.add(
        "soi-2000",
        (64, 64),
        EITHER,
        "2,000 starts in front of the picture",
        [start, small].concat(),
    );
    let endless = [vec![0xFF, 0xD8], vec![0xFF; 3_000_000]].concat();
    set.add(
        "fill-endless",
        (0, 0),
        MALFORMED,
        "a start and three million fill bytes",
        endless,
    );
    Ok(())
}
