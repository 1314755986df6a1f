//! The codec's decoder: strips equal the whole, and luma of what is sound is that of zune-jpeg.
#![no_main]

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
    if report.is_empty() && is_tame(&mut decoder, data) {
        against_zune(data, &header, &whole);
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

fn against_zune(data: &[u8], header: &Header, whole: &Planes) {
    // Red is no luma. Of files with several scans zune-jpeg loses some, and others where data between them is damaged.
    if header.color == ColorModel::Rgb || !header.streams() {
        return;
    }
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut theirs = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(data), options);
    let Ok(samples) = theirs.decode() else {
        return;
    };
    let luma = &whole.planes()[0];
    if samples.len() != luma.width() * luma.height() {
        return;
    }
    let mut sum = 0_u64;
    for (ours, theirs) in luma.rows().flatten().zip(&samples) {
        sum += u64::from(ours.abs_diff(*theirs));
    }
    assert!(
        sum <= 2 * samples.len() as u64,
        "luma differs by {sum} over {} samples",
        samples.len()
    );
}
