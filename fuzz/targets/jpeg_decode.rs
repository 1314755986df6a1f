//! The codec's decoder: strips equal the whole, and luma of what is sound is that of other decoders.
//!
//! zune-jpeg is asked about every file, and is near enough within two levels on average. Where it differs by more,
//! libjpeg-turbo's djpeg decides, with which samples agree exactly: of damaged files zune-jpeg now and then loses a
//! part without a word. djpeg is a process each time, so that it is asked about one sound file in 64 beside those.
#![no_main]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use libfuzzer_sys::fuzz_target;
use photofit::jpeg::decode::{ColorModel, Decoder, Header, Limits, Planes, Scale};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default()
        .max_pixels(1_000_000)
        .max_memory(50_000_000)
        .max_scans(30);
    let mut decoder = Decoder::new(limits);
    let mut whole = Planes::new();
    let Ok((header, report)) = decoder.planes(data, Scale::Full, &mut whole) else {
        return;
    };
    in_strips(&mut decoder, data, &whole);
    for scale in [Scale::Half, Scale::Quarter, Scale::Eighth] {
        let mut planes = Planes::new();
        decoder
            .planes(data, scale, &mut planes)
            .expect("what decodes at full size decodes at any");
    }
    // Red is no luma. Of files with several scans zune-jpeg loses some, and djpeg smooths what progressive ones lack.
    // Where a fill byte stands between FF and 00, which no encoder writes, libjpeg-turbo begins the block once more and
    // leaves in it what it had decoded of it the first time.
    let has_fill_bytes = data.windows(2).any(|pair| pair == [0xFF, 0xFF]);
    let comparable = report.is_empty() && header.color != ColorModel::Rgb && header.streams() && !has_fill_bytes;
    if comparable && is_tame(&mut decoder, data) {
        let luma = Luma::of(&header, &whole);
        if differs_from_zune(data, &luma) || is_sampled(data) {
            against_djpeg(data, &luma);
        }
    }
});

fn in_strips(decoder: &mut Decoder, data: &[u8], whole: &Planes) {
    let mut strips = decoder
        .strips(data, Scale::Full)
        .expect("what decodes whole decodes in strips")
        .mcu_rows(2);
    let mut strip = Planes::new();
    while strips.next_strip(&mut strip).expect("a strip").is_some() {
        for (strip, whole) in strip.planes().iter().zip(whole.planes()) {
            for (row, expected) in strip.rows().zip(whole.rows().skip(strip.first_row())) {
                assert!(row == expected, "row {}", strip.first_row());
            }
        }
    }
}

/// Whether the coefficients are such as an encoder writes: beyond, every transform has its own way to saturate.
fn is_tame(decoder: &mut Decoder, data: &[u8]) -> bool {
    let Ok((coefficients, _)) = decoder.coefficients(data) else {
        return false;
    };
    coefficients.components.iter().all(|component| {
        component.blocks.iter().all(|block| {
            let values = block.iter().zip(&component.quant);
            values.map(|(&c, &q)| i32::from(c).abs() * i32::from(q)).sum::<i32>() < 4000
        })
    })
}

/// The first plane, if it has the picture's size.
struct Luma {
    width: usize,
    samples: Vec<u8>,
}

impl Luma {
    fn of(header: &Header, planes: &Planes) -> Self {
        let (luma, width) = (&planes.planes()[0], usize::from(header.width));
        let whole = luma.width() == width && luma.height() == usize::from(header.height);
        Self {
            width,
            samples: if whole {
                luma.rows().flatten().copied().collect()
            } else {
                Vec::new()
            },
        }
    }
}

fn differs_from_zune(data: &[u8], luma: &Luma) -> bool {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut theirs = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(data), options);
    let Ok(samples) = theirs.decode() else {
        return false;
    };
    let pairs = luma.samples.iter().zip(&samples);
    let sum: u64 = pairs.map(|(ours, theirs)| u64::from(ours.abs_diff(*theirs))).sum();
    samples.len() == luma.samples.len() && sum > 2 * samples.len() as u64
}

/// One file in 64, by what is in it, so that a file is always treated alike.
fn is_sampled(data: &[u8]) -> bool {
    let hash = data.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    hash >> 58 == 0
}

/// Samples of a file that djpeg reads without a warning are the same to the last bit.
fn against_djpeg(data: &[u8], luma: &Luma) {
    let path: PathBuf = std::env::temp_dir().join(format!("photofit-fuzz-{}.jpg", std::process::id()));
    std::fs::write(&path, data).expect("a temporary file");
    let djpeg = Command::new("djpeg")
        .args(["-grayscale", "-dct", "int", "-pnm"])
        .arg(&path)
        .stderr(Stdio::null())
        .output()
        .expect("djpeg is installed");
    let _ = std::fs::remove_file(&path);
    if !djpeg.status.success() {
        return;
    }
    let header = djpeg.stdout.len().saturating_sub(luma.samples.len());
    let (header, theirs) = djpeg.stdout.split_at(header);
    if !header.starts_with(format!("P5\n{} ", luma.width).as_bytes()) || !header.ends_with(b"\n255\n") {
        return;
    }
    let first = luma.samples.iter().zip(theirs).position(|(ours, theirs)| ours != theirs);
    assert!(first.is_none(), "luma differs from djpeg's at sample {first:?}");
}
