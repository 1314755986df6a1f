//! What preparing takes of the memory beside the source's own bytes, counted by the allocator.
//!
//! One test after the other, as they all look at the same counter.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "the figures")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made-up pixels")]

use std::sync::{Mutex, PoisonError};

use peak_alloc::PeakAlloc;
use photofit::{Colour, Effort, Options, OutputFormat, Preparer};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const MEGABYTE: usize = 1_000_000;

/// Where the first segment with this code begins.
fn segment(jpeg: &[u8], code: u8) -> usize {
    let mut at = 2;
    while jpeg[at + 1] != code {
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    at
}

/// A baseline JPEG of one shade of gray, 4:2:0 with standard tables, four bytes for each MCU of 16 by 16 pixels; with an
/// EXIF orientation.
fn flat(width: u16, height: u16, orientation: u8) -> Vec<u8> {
    let mut bmp = b"BM".to_vec();
    bmp.extend([0; 8]);
    bmp.extend(54_u32.to_le_bytes());
    bmp.extend(40_u32.to_le_bytes());
    bmp.extend([16, 0, 0, 0, 16, 0, 0, 0, 1, 0, 24, 0]);
    bmp.extend([0; 24]);
    bmp.extend([128; 16 * 16 * 3]);
    let options = Options::default()
        .with_effort(Effort::Fastest)
        .with_format(OutputFormat::Jpeg);
    let template = photofit::prepare(&bmp, &options).unwrap().into_bytes();

    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xE1, 0, 34];
    jpeg.extend(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    jpeg.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let scan = segment(&template, 0xDA);
    let scan = scan + 2 + usize::from(template[scan + 3]);
    let head = jpeg.len();
    jpeg.extend(&template[2..scan]);
    let frame = segment(&template, 0xC0) - 2 + head;
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    // Six blocks without any change: 00 1010 of luma four times, 00 00 of chroma twice (T.81, Annex K).
    let mcus = usize::from(width.div_ceil(16)) * usize::from(height.div_ceil(16));
    jpeg.extend([0x28, 0xA2, 0x8A, 0x00].repeat(mcus));
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

/// The most bytes that were held while a photo was prepared, its result included.
fn peak(jpeg: &[u8], options: &Options) -> usize {
    let mut preparer = Preparer::new(options.clone());
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let prepared = preparer.prepare(jpeg).unwrap();
    let report = prepared.report();
    assert!(u64::from(report.result.width) * u64::from(report.result.height) <= 10_000_000);
    ALLOCATOR.peak_usage() - before
}

fn large() -> Options {
    Options::default()
        .with_effort(Effort::Fastest)
        .with_max_source_pixels(2_000_000_000)
        .with_max_memory(8_000_000_000)
}

#[test]
fn memory_does_not_depend_on_the_height_of_a_baseline_photo() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // Both end with ten megapixels. The higher one shrinks three times as much, and the filter reaches as much farther;
    // its planes alone would take 156 MB.
    for orientation in [1, 2] {
        let low = peak(&flat(4000, 2600, orientation), &large());
        let high = peak(&flat(4000, 26_000, orientation), &large());
        assert!(
            high <= 8 * MEGABYTE,
            "orientation {orientation}: {low} bytes, ten times as high {high}"
        );
    }
}

#[test]
fn turned_photos_hold_no_more_than_the_target() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for orientation in 3..=8 {
        let turned = peak(&flat(8000, 6000, orientation), &large());
        // Ten megapixels in 4:2:0 are 15 MB; the result's first guess is 3 MB, strips and windows are the rest.
        assert!(turned <= 24 * MEGABYTE, "orientation {orientation}: {turned}");
    }
}

#[test]
fn a_gigapixel_takes_less_than_150_megabytes() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let jpeg = flat(40_000, 25_000, 1);
    let taken = peak(&jpeg, &large());
    assert!(
        taken + jpeg.len() < 150 * MEGABYTE,
        "{taken} bytes beside {} of the source",
        jpeg.len()
    );
    println!("{taken} bytes beside {} of the source", jpeg.len());
}

#[test]
fn a_preparer_that_is_warm_allocates_little_more_than_its_results() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let jpeg = flat(4000, 3000, 1);
    let mut preparer = Preparer::new(large());
    let bytes = preparer.prepare(&jpeg).unwrap().into_bytes().len();
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    drop(preparer.prepare(&jpeg).unwrap());
    let more = ALLOCATOR.peak_usage() - before;
    println!("{more} bytes for a result of {bytes}");
    assert!(more <= 4 * MEGABYTE, "{more} bytes for a result of {bytes}");
    // The test runner allocates a little beside it.
    let after = ALLOCATOR.current_usage();
    assert!(
        after < before + MEGABYTE / 10,
        "{after} bytes are held, {before} were before"
    );
}

/// A picture with edges, texture and grain, 8-bit RGB.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut seed = 1_u32;
    let mut samples = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let shape = (f64::from(x) / 90.0).sin() * 50.0 + (f64::from(y) / 60.0).cos() * 40.0;
            let edge = if (x / 200 + y / 150) % 2 == 0 { 30.0 } else { 0.0 };
            let value = 110.0 + shape + edge + f64::from(seed >> 27);
            for channel in 0..3 {
                samples.push((value + f64::from(channel) * 9.0) as u8);
            }
        }
    }
    samples
}

/// An uncompressed or compressed picture in one strip.
struct Tiff<'a> {
    samples: &'a [u8],
    bits: u32,
    channels: u32,
    photometric: u32,
    compression: u32,
    planar: u32,
    fill_order: u32,
}

impl<'a> Tiff<'a> {
    fn new(samples: &'a [u8], bits: u32, channels: u32) -> Self {
        Self {
            samples,
            bits,
            channels,
            photometric: 2,
            compression: 1,
            planar: 1,
            fill_order: 1,
        }
    }

    fn file(&self, width: u32, height: u32) -> Vec<u8> {
        let strip = match self.compression {
            5 => weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
                .encode(self.samples)
                .unwrap(),
            8 => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                std::io::Write::write_all(&mut encoder, self.samples).unwrap();
                encoder.finish().unwrap()
            }
            _ if self.fill_order == 2 => self.samples.iter().map(|v| v.reverse_bits()).collect(),
            _ => self.samples.to_vec(),
        };
        let planes = if self.planar == 2 { self.channels } else { 1 };
        let (length, strips) = (strip.len() as u32 / planes, 8);
        let mut out = b"II*\0".to_vec();
        let behind = strips + strip.len() as u32 + strip.len() as u32 % 2;
        out.extend(behind.to_le_bytes());
        out.extend(&strip);
        out.resize(behind as usize, 0);
        let mut lists = Vec::new();
        let mut fields = vec![
            (0x0100, width),
            (0x0101, height),
            (0x0103, self.compression),
            (0x0106, self.photometric),
            (0x010A, self.fill_order),
            (0x0115, self.channels),
            (0x0116, height),
            (0x011C, self.planar),
        ];
        // One number of bits for all samples is enough.
        fields.insert(2, (0x0102, self.bits));
        let count = fields.len() as u32 + 2;
        let lists_at = behind + 2 + 12 * count + 4;
        out.extend((count as u16).to_le_bytes());
        let mut entry = |tag: u16, count: u32, value: u32| {
            out.extend(tag.to_le_bytes());
            out.extend([4, 0]);
            out.extend(count.to_le_bytes());
            out.extend(value.to_le_bytes());
        };
        for (tag, value) in fields {
            if tag == 0x0115 {
                entry(0x0111, planes, if planes == 1 { strips } else { lists_at });
            }
            entry(tag, 1, value);
            if tag == 0x0116 {
                entry(0x0117, planes, if planes == 1 { length } else { lists_at + 4 * planes });
            }
        }
        if planes > 1 {
            lists.extend((0..planes).flat_map(|i| (strips + i * length).to_le_bytes()));
            lists.extend((0..planes).flat_map(|_| length.to_le_bytes()));
        }
        out.extend([0; 4]);
        out.extend(lists);
        out
    }
}

/// One file of each format and kind that takes memory in its own way: a name and its bytes.
fn classes(width: u32, height: u32) -> Vec<(String, Vec<u8>)> {
    use image::{DynamicImage, ImageBuffer, ImageFormat};
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
    let rgb = picture(width, height);
    let mut classes = Vec::new();
    let (w, h) = (u16::try_from(width).unwrap(), u16::try_from(height).unwrap());
    let samplings = [
        ("420", SamplingFactor::R_4_2_0),
        ("422", SamplingFactor::R_4_2_2),
        ("444", SamplingFactor::R_4_4_4),
    ];
    for (name, sampling) in samplings {
        for progressive in [false, true] {
            let mut bytes = Vec::new();
            let mut encoder = Encoder::new(&mut bytes, 90);
            encoder.set_sampling_factor(sampling);
            encoder.set_progressive(progressive);
            encoder.encode(&rgb, w, h, ColorType::Rgb).unwrap();
            classes.push((
                format!("{name}{}.jpg", if progressive { "-progressive" } else { "" }),
                bytes,
            ));
        }
    }
    for orientation in [3, 6] {
        let mut bytes = classes[0].1[..2].to_vec();
        bytes.extend([0xFF, 0xE1, 0, 34]);
        bytes.extend(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
        bytes.extend([orientation, 0, 0, 0, 0, 0, 0]);
        bytes.extend(&classes[0].1[2..]);
        classes.push((format!("orientation-{orientation}.jpg"), bytes));
    }
    let gray: Vec<u8> = rgb.iter().step_by(3).copied().collect();
    let inks: Vec<u8> = gray.iter().flat_map(|&v| [v, v / 2, v / 3, 9]).collect();
    for (name, samples, color) in [
        ("gray.jpg", &gray, ColorType::Luma),
        ("cmyk.jpg", &inks, ColorType::Cmyk),
    ] {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, 90).encode(samples, w, h, color).unwrap();
        classes.push((name.to_owned(), bytes));
    }
    let wide: Vec<u8> = rgb.iter().flat_map(|&v| [v, v]).collect();
    let planes: Vec<u8> = (0..3).flat_map(|c| rgb.iter().skip(c).step_by(3).copied()).collect();
    let inks: Vec<u8> = rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 0]).collect();
    let tiffs = [
        ("rgb.tif", Tiff::new(&rgb, 8, 3)),
        ("rgb-16.tif", Tiff::new(&wide, 16, 3)),
        (
            "planes.tif",
            Tiff {
                planar: 2,
                ..Tiff::new(&planes, 8, 3)
            },
        ),
        (
            "cmyk.tif",
            Tiff {
                photometric: 5,
                ..Tiff::new(&inks, 8, 4)
            },
        ),
        (
            "lzw.tif",
            Tiff {
                compression: 5,
                ..Tiff::new(&rgb, 8, 3)
            },
        ),
        (
            "deflate.tif",
            Tiff {
                compression: 8,
                ..Tiff::new(&rgb, 8, 3)
            },
        ),
        (
            "reversed.tif",
            Tiff {
                fill_order: 2,
                ..Tiff::new(&rgb, 8, 3)
            },
        ),
        (
            "jpeg.tif",
            Tiff {
                compression: 7,
                photometric: 6,
                ..Tiff::new(&classes[0].1, 8, 3)
            },
        ),
        (
            "progressive-jpeg.tif",
            Tiff {
                compression: 7,
                photometric: 6,
                ..Tiff::new(&classes[1].1, 8, 3)
            },
        ),
    ]
    .map(|(name, kind)| (name.to_owned(), kind.file(width, height)));
    classes.extend(tiffs);
    let rgb = DynamicImage::from(ImageBuffer::<image::Rgb<u8>, _>::from_raw(width, height, rgb).unwrap());
    let mut rgba = rgb.to_rgba8();
    for (x, _, pixel) in rgba.enumerate_pixels_mut() {
        pixel.0[3] = x.to_le_bytes()[0];
    }
    let pictures = [
        ("rgb.png", rgb.clone(), ImageFormat::Png),
        ("rgba.png", DynamicImage::from(rgba), ImageFormat::Png),
        ("rgb-16.png", DynamicImage::from(rgb.to_rgb16()), ImageFormat::Png),
        ("gray.png", DynamicImage::from(rgb.to_luma8()), ImageFormat::Png),
        ("rgb.bmp", rgb.clone(), ImageFormat::Bmp),
        ("lossless.webp", rgb.clone(), ImageFormat::WebP),
        ("rgb.gif", rgb, ImageFormat::Gif),
    ];
    for (name, picture, format) in pictures {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        classes.push((name.to_owned(), bytes.into_inner()));
    }
    let described = described(&classes);
    classes.extend(described);
    classes
}

/// Photos whose colours are converted.
fn described(classes: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let file = |name: &str| classes.iter().find(|class| class.0 == name).unwrap().1.clone();
    let with_chunk = |mut png: Vec<u8>, name: &[u8; 4], body: &[u8]| {
        let mut chunk = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        chunk.extend(name);
        chunk.extend(body);
        let checksum = crc32fast::hash(&chunk[4..]);
        chunk.extend(checksum.to_be_bytes());
        png.splice(33..33, chunk);
        png
    };
    let linear = 100_000_u32.to_be_bytes();
    let mut described = Vec::new();
    for name in ["rgb.png", "rgba.png", "rgb-16.png", "gray.png"] {
        described.push((format!("linear-{name}"), with_chunk(file(name), b"gAMA", &linear)));
        described.push((format!("pq-{name}"), with_chunk(file(name), b"cICP", &[9, 16, 0, 1])));
    }
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let mut jpeg = file("420.jpg");
    let mut segment = [0xFF, 0xE2].to_vec();
    segment.extend(u16::try_from(profile.len() + 16).unwrap().to_be_bytes());
    segment.extend(b"ICC_PROFILE\0\x01\x01");
    segment.extend(profile);
    jpeg.splice(2..2, segment);
    described.push(("p3.jpg".to_owned(), jpeg));
    described
}

#[test]
fn estimates_are_never_under_and_at_most_twice_what_is_taken() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut photos = classes(2200, 1500);
    // HEVC is encoded by nobody here: the samples are small, and cover what else the formats have.
    for folder in [
        "bmp",
        "gif",
        "heic",
        "jpeg",
        "orientation",
        "photos",
        "png",
        "tiff",
        "webp",
    ] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("testdata")
            .join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            photos.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    let made = photos.len();
    // Real photos, of a folder that whoever runs the test names.
    if let Some(folder) = std::env::var_os("PHOTOFIT_CORPUS") {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                photos.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut wrong = Vec::new();
    let pools = [1, 2].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    for (index, (name, bytes)) in photos.iter().enumerate() {
        // Real photos of quality 100, or without any detail, may turn out to take a third.
        let most = if index < made { 2 } else { 3 };
        for (limits, megapixels) in [
            ("kept", u64::MAX),
            ("smaller", 1_100_000),
            ("tiny", 50_000),
            ("a speck", 150),
        ] {
            for effort in [Effort::Fastest, Effort::Balanced, Effort::Smallest] {
                if megapixels != 1_100_000 && effort != Effort::Balanced {
                    continue;
                }
                let colour = if name == "p3.jpg" { Colour::Srgb } else { Colour::Keep };
                let options = Options::default()
                    .with_limits(photofit::Limits::bigin().with_max_pixels(megapixels.min(10_000_000)))
                    .with_colour(colour)
                    .with_effort(effort);
                for pool in &pools {
                    let threads = pool.current_num_threads();
                    let Ok(estimate) = pool.install(|| photofit::estimate_memory(bytes, &options)) else {
                        continue;
                    };
                    let before = ALLOCATOR.current_usage();
                    ALLOCATOR.reset_peak_usage();
                    let mut preparer = Preparer::new(options.clone());
                    let Ok(prepared) = pool.install(|| preparer.prepare(bytes)) else {
                        continue;
                    };
                    let size = prepared.into_bytes().len();
                    let taken = (ALLOCATOR.peak_usage() - before) as u64;
                    let ratio = estimate as f64 / taken as f64;
                    // How many pieces wait between two threads is up to the scheduler: there may be few.
                    let slack = (threads * MEGABYTE) as u64;
                    let fine = estimate >= taken && estimate <= most * taken + slack;
                    println!(
                        "{} {ratio:5.2} {estimate:>10} for {taken:>10}, {size:>8} of {:>8}, {limits} {effort:?} \
                         {threads} {name}",
                        if fine { " " } else { "!" },
                        bytes.len()
                    );
                    if !fine {
                        wrong.push(name);
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
