//! A differential run against zune-jpeg: what one reads and the other refuses is listed.
#![allow(clippy::print_stdout, reason = "a test tells what it left out")]

use photofit_jpeg::decode::{ColorModel, Decoder, Planes, Scale};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Luma, or all three components of a picture without subsampling, as zune-jpeg reads them.
fn zune(jpeg: &[u8], space: ColorSpace) -> Result<Vec<u8>, String> {
    let options = DecoderOptions::default()
        .set_max_width(1 << 14)
        .set_max_height(1 << 14)
        .jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decoder.decode()))
        .map_err(|_| "panics".to_string())?
        .map_err(|error| format!("{error:?}"))
}

#[test]
fn photos() {
    let mut decoder = Decoder::default();
    let mut planes = Planes::new();
    let (mut both, mut neither) = (0, 0);
    for path in crate::decode_support::photos() {
        let jpeg = std::fs::read(&path).expect("a photo");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ours = decoder.planes(&jpeg, Scale::Full, &mut planes);
        let space = match &ours {
            Ok((header, _)) if header.color == ColorModel::Rgb => ColorSpace::RGB,
            _ => ColorSpace::Luma,
        };
        let theirs = zune(&jpeg, space);
        match (ours, theirs) {
            (Ok((header, report)), Ok(samples)) => {
                both += 1;
                let channels = if space == ColorSpace::Luma { 1 } else { 3 };
                let luma: Vec<u8> = planes.planes()[0].rows().flatten().copied().collect();
                if header.components[0].h * header.components[0].v == 1 || channels == 1 {
                    let (mut most, mut differing) = (0, 0);
                    for (a, b) in luma.iter().zip(samples.iter().step_by(channels)) {
                        most = most.max(a.abs_diff(*b));
                        differing += usize::from(a != b);
                    }
                    let equal_size = luma.len() * channels == samples.len();
                    if most > 2 || !equal_size {
                        println!(
                            "DIFFERS {name}: by up to {most}, {differing} of {} samples, same size {equal_size}, {:.3} readable, {:?}",
                            luma.len(),
                            report.readable_fraction(),
                            report.places().first().map(ToString::to_string)
                        );
                    }
                }
            }
            (Ok((_, report)), Err(error)) => println!(
                "ONLY HERE {name}: {:.3} readable; zune-jpeg: {error}",
                report.readable_fraction()
            ),
            (Err(error), Ok(_)) => println!("ONLY ZUNE {name}: {error}"),
            (Err(_), Err(_)) => neither += 1,
        }
    }
    println!("both read {both}, neither {neither}");
}
