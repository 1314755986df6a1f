//! A marker, a place and a serial number are planted wherever a file has room for them, and looked for in what is returned.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use crate::support::{exiftool, testdata};
use photofit::{Action, Format, FormatSet, Limits, Metadata, Options, OutputFormat, Preparer};

/// What is looked for.
const MARKER: &[u8] = b"PLANTED-7f3a";

/// What ExifTool is told to write, where a format has room for it.
const TAGS: &[&str] = &[
    "-EXIF:SerialNumber=PLANTED-7f3a",
    "-EXIF:OwnerName=PLANTED-7f3a",
    "-EXIF:UserComment=PLANTED-7f3a",
    "-EXIF:ImageDescription=PLANTED-7f3a",
    "-EXIF:XPComment=PLANTED-7f3a",
    "-EXIF:LensSerialNumber=PLANTED-7f3a",
    "-GPSLatitude=52.52",
    "-GPSLatitudeRef=N",
    "-GPSLongitude=13.4",
    "-GPSLongitudeRef=E",
    "-GPSAreaInformation=PLANTED-7f3a",
    "-XMP:City=PLANTED-7f3a",
    "-XMP:GPSLatitude=52.52",
    "-XMP:SerialNumber=PLANTED-7f3a",
    "-IPTC:City=PLANTED-7f3a",
    "-Comment=PLANTED-7f3a",
    "-PNG:Description=PLANTED-7f3a",
    "-Photoshop:CopyrightFlag=0",
];

/// A source: where it comes from, and whether ExifTool has written to it.
struct Source {
    name: String,
    bytes: Vec<u8>,
    by_exiftool: bool,
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(testdata().join(name)).unwrap()
}

/// What ExifTool makes of a file; `None` if it does not write such files.
fn tagged(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let path = folder.join(name.replace('/', "-"));
    std::fs::write(&path, read(name)).unwrap();
    // Where a tag has no place it is left out, with a warning.
    exiftool()?
        .args(["-q", "-q", "-m", "-overwrite_original"])
        .args(TAGS)
        .arg(&path)
        .output()
        .unwrap();
    let bytes = std::fs::read(&path).unwrap();
    memchr::memmem::find(&bytes, MARKER).is_some().then_some(bytes)
}

/// The file with `piece` put in at `at`.
fn with(bytes: &[u8], at: usize, piece: &[u8]) -> Vec<u8> {
    [&bytes[..at], piece, &bytes[at..]].concat()
}

fn riff(bytes: &[u8], chunks: &[u8]) -> Vec<u8> {
    let mut out = [bytes, chunks].concat();
    let size = u32::try_from(out.len() - 8).unwrap();
    out[4..8].copy_from_slice(&size.to_le_bytes());
    out
}

fn png_chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    let covered = [name.as_slice(), body].concat();
    let sum = crc32fast::hash(&covered);
    [&length.to_be_bytes()[..], &covered, &sum.to_be_bytes()[..]].concat()
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut out, text).unwrap();
    out.finish().unwrap()
}

/// Places that ExifTool does not write to.
fn by_hand() -> Vec<(&'static str, Vec<u8>)> {
    let trailer = |name| [&read(name)[..], MARKER].concat();
    let jpeg = read("jpeg/progressive-444.jpg");
    let segment = [&[0xFF, 0xE7, 0, 14][..], MARKER].concat();
    // Before the last start of a scan.
    let last_scan = memchr::memmem::rfind(&jpeg, &[0xFF, 0xDA]).unwrap();
    let comment = [&[0xFF, 0xFE, 0, 14][..], MARKER].concat();
    let png = read("png/rgb-8.png");
    let hex: String = MARKER.iter().map(|byte| format!("{byte:02x}")).collect();
    let raw = format!("\niptc\n{:8}\n{hex}\n", MARKER.len());
    let chunks: [(&'static str, Vec<u8>); 5] = [
        ("text", png_chunk(b"tEXt", &[b"Software\0", MARKER].concat())),
        (
            "deflated text",
            png_chunk(b"zTXt", &[b"Comment\0\0".as_slice(), &deflated(MARKER)].concat()),
        ),
        (
            "international text",
            png_chunk(b"iTXt", &[b"Title\0\x01\0\0\0".as_slice(), &deflated(MARKER)].concat()),
        ),
        ("chunk", png_chunk(b"prVt", MARKER)),
        (
            "profile",
            png_chunk(
                b"zTXt",
                &[b"Raw profile type iptc\0\0".as_slice(), &deflated(raw.as_bytes())].concat(),
            ),
        ),
    ];
    let webp = read("webp/lossless.webp");
    let extended = read("webp/extended-alpha.webp");
    let chunk = [b"prVt\x0C\0\0\0".as_slice(), MARKER].concat();
    let gif = read("gif/animated.gif");
    let end = gif.len() - 1;
    let sub_block = [&[0x0C][..], MARKER, &[0]].concat();
    let bmp = read("bmp/rgb-24.bmp");
    let mut gap = with(&bmp, 54, MARKER);
    gap[10] += 12;
    let mut linked = read("bmp/rgba-32.bmp");
    linked[70..74].copy_from_slice(b"KNIL");
    let at = u32::try_from(linked.len() - 14).unwrap();
    linked[126..130].copy_from_slice(&at.to_le_bytes());
    linked[130..134].copy_from_slice(&12_u32.to_le_bytes());
    linked.extend(MARKER);
    let heic = read("heic/metadata.heic");
    let mut out = vec![
        ("jpeg, behind the picture", trailer("jpeg/sampling-420.jpg")),
        ("jpeg, segment", with(&jpeg, 2, &segment)),
        (
            "jpeg, between scans",
            with(&jpeg, last_scan, &[segment.clone(), comment].concat()),
        ),
        ("png, behind the picture", trailer("png/rgb-8.png")),
        ("webp, chunk of a simple file", riff(&webp, &chunk)),
        ("webp, chunk", riff(&extended, &chunk)),
        ("webp, behind the file", trailer("webp/lossless.webp")),
        ("gif, behind the picture", trailer("gif/animated.gif")),
        (
            "gif, comment",
            with(&gif, end, &[b"\x21\xFE".as_slice(), &sub_block].concat()),
        ),
        (
            "gif, unknown extension",
            with(&gif, end, &[b"\x21\x77".as_slice(), &sub_block].concat()),
        ),
        (
            "gif, application",
            with(&gif, end, &[b"\x21\xFF\x0BPROGRAM1.23".as_slice(), &sub_block].concat()),
        ),
        ("bmp, behind the picture", trailer("bmp/rgb-24.bmp")),
        ("bmp, before the pixels", gap),
        ("bmp, linked profile", linked),
        ("tiff, behind the picture", trailer("tiff/none.tif")),
        ("heic, box", [&heic[..], b"\0\0\0\x14free", MARKER].concat()),
    ];
    out.extend(chunks.map(|(name, chunk)| (name, with(&png, 33, &chunk))));
    out
}

/// The bytes of a result with all that is deflated in the chunks of a PNG.
fn searchable(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    if !bytes.starts_with(b"\x89PNG") {
        return out;
    }
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let body = bytes.get(at + 8..at + 8 + length).unwrap_or_default();
        if matches!(&head[4..8], b"zTXt" | b"iTXt" | b"iCCP") {
            for start in 0..body.len().min(100) {
                let mut inflated = Vec::new();
                let _ = flate2::read::ZlibDecoder::new(&body[start..]).read_to_end(&mut inflated);
                // Profiles stand there in hexadecimal digits.
                let digits: Vec<u8> = inflated.iter().copied().filter(u8::is_ascii_hexdigit).collect();
                let pairs = digits.chunks_exact(2).filter_map(|pair| {
                    let text = std::str::from_utf8(pair).ok()?;
                    u8::from_str_radix(text, 16).ok()
                });
                out.extend(pairs);
                out.extend(inflated);
            }
        }
        at += 12 + length;
    }
    out
}

#[test]
fn what_is_planted_is_gone_or_kept_as_the_policy_says() {
    if exiftool().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut sources: Vec<Source> = by_hand()
        .into_iter()
        .map(|(name, bytes)| Source {
            name: name.to_owned(),
            bytes,
            by_exiftool: false,
        })
        .collect();
    for name in [
        "jpeg/sampling-420.jpg",
        "jpeg/metadata.jpg",
        "orientation/orientation-6.jpg",
        "png/rgb-8.png",
        "orientation/orientation-6.png",
        "webp/lossless.webp",
        "webp/extended-alpha.webp",
        "gif/still.gif",
        "gif/animated.gif",
        "tiff/none.tif",
        "heic/metadata.heic",
    ] {
        let Some(bytes) = tagged(folder.path(), name) else {
            println!("ExifTool does not write to {name}");
            continue;
        };
        sources.push(Source {
            name: name.to_owned(),
            bytes,
            by_exiftool: true,
        });
    }
    let all = FormatSet::of(Format::ALL);
    let any = Limits::unlimited().with_formats(all);
    let small = Limits::bigin().with_max_pixels(1000);
    let roads = [
        ("stored", Options::default().with_limits(any)),
        (
            "jpeg",
            Options::default().with_limits(small).with_format(OutputFormat::Jpeg),
        ),
        (
            "png",
            Options::default().with_limits(small).with_format(OutputFormat::Png),
        ),
    ];
    let results = folder.path().join("results");
    std::fs::create_dir(&results).unwrap();
    let mut expected = BTreeMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for source in &sources {
        if !cfg!(feature = "heic") && source.name.starts_with("heic") {
            continue;
        }
        for policy in [Metadata::Privacy, Metadata::Strip, Metadata::Keep] {
            for (road, options) in &roads {
                let name = format!("{}, {policy:?}, {road}", source.name);
                let prepared = Preparer::new(options.clone().with_metadata(policy))
                    .prepare(&source.bytes)
                    .unwrap_or_else(|error| panic!("{name}: {error}"))
                    .into_owned();
                let report = prepared.report();
                *counts
                    .entry(format!("{policy:?} {}", report.action.name()))
                    .or_default() += 1;
                let found = memchr::memmem::find(&searchable(prepared.bytes()), MARKER).is_some();
                if policy != Metadata::Keep {
                    assert!(!found, "{name}: {:?}, and the marker is in it", report.action);
                    assert!(report.action != Action::Kept, "{name}: kept");
                } else if *road == "stored" && report.action == Action::Kept {
                    assert!(prepared.bytes() == source.bytes, "{name}: changed");
                } else if !found && report.losses.is_empty() {
                    // What a format has no word for, and no program reads, is no metadata.
                    let nobody_reads = [
                        "behind",
                        "before",
                        "linked",
                        "box",
                        "chunk",
                        "unknown",
                        "application",
                        "between",
                    ];
                    assert!(
                        nobody_reads.iter().any(|word| source.name.contains(word)),
                        "{name}: the marker is gone without a word"
                    );
                }
                let file = format!("{:04}.{}", expected.len(), report.result.format.extension());
                std::fs::write(results.join(&file), prepared.bytes()).unwrap();
                expected.insert(file, (name, policy, source.by_exiftool, report.losses.clone()));
            }
        }
    }
    let output = exiftool()
        .unwrap()
        .args(["-a", "-u", "-U", "-ee", "-G1", "-s", "-fast0"])
        .arg(&results)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let mut problems = String::new();
    let mut looked_at = 0;
    for part in text.split("======== ").skip(1) {
        let (path, tags) = part.split_once('\n').unwrap_or((part, ""));
        let file = Path::new(path.trim())
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let (name, policy, by_exiftool, losses) = &expected[&file];
        looked_at += 1;
        let has = |word: &str| {
            tags.lines()
                .any(|line| !line.starts_with("[Composite]") && line.contains(word))
        };
        if *policy != Metadata::Keep {
            for word in [
                "PLANTED",
                "GPSL",
                "SerialNumber",
                "OwnerName",
                "[XMP",
                "[IPTC]",
                "Warning",
            ] {
                if has(word) {
                    let line = tags.lines().find(|line| line.contains(word)).unwrap_or_default();
                    writeln!(problems, "{name}: {line}").unwrap();
                }
            }
        } else if *by_exiftool && losses.is_empty() {
            let is_gif = name.starts_with("gif");
            for word in ["GPSLatitude", "SerialNumber", "[XMP-photoshop] City"] {
                let word = word.split_whitespace().last().unwrap_or_default();
                let written = !is_gif || word != "SerialNumber";
                if written && !has(word) {
                    writeln!(problems, "{name}: {word} is gone").unwrap();
                }
            }
        }
    }
    println!("{} sources, {looked_at} results: {counts:?}", sources.len());
    assert_eq!(looked_at, expected.len());
    assert!(problems.is_empty(), "{problems}");
}
