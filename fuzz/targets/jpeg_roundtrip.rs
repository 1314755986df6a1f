//! The codec's encoder: whatever the samples, every mode writes the same coefficients, and the decoder reads them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use photofit::Orientation;
use photofit::jpeg::decode::{Decoder, Limits};
use photofit::jpeg::encode::UnquantisedCoefficients;
use photofit::jpeg::encode::{
    EncodeOptions, Encoder, Frame, Mode, Plane, Quality, QuantTables, RestartInterval, Sampling,
};
use photofit::jpeg::transform;

fuzz_target!(|data: &[u8]| {
    let Some((head, samples)) = data.split_first_chunk::<6>() else {
        return;
    };
    let [width, height, sampling, quality, restart, choice] = *head;
    let sampling = [
        Sampling::Gray,
        Sampling::S444,
        Sampling::S422,
        Sampling::S440,
        Sampling::S420,
    ][usize::from(sampling) % 5];
    let frame = Frame::new(u16::from(width % 70) + 1, u16::from(height % 70) + 1, sampling).expect("a size");
    // The samples as often as it takes.
    let planes: Vec<(Vec<u8>, usize)> = (0..sampling.planes())
        .map(|index| {
            let (width, height) = frame.plane_size(index);
            let source = samples
                .iter()
                .copied()
                .chain([u8::try_from(index * 50).unwrap_or(0)])
                .cycle();
            (source.take(width * height).collect(), width)
        })
        .collect();
    let views: Vec<Plane<'_>> = planes
        .iter()
        .map(|(samples, stride)| Plane::new(samples, *stride))
        .collect();
    let quality = Quality::new(f32::from(quality % 100) + 1.0).expect("1 to 100");
    let tables = if choice & 1 == 0 {
        QuantTables::from_quality(quality)
    } else {
        QuantTables::photographic(quality)
    };
    let restart =
        std::num::NonZeroU16::new(u16::from(restart % 8)).map_or(RestartInterval::None, RestartInterval::Mcus);

    let held = UnquantisedCoefficients::from_planes(frame, &views).expect("planes of its own size");
    let mut encoder = Encoder::new();
    let mut decoder = Decoder::new(Limits::default());
    for trellis in [false, true] {
        let mut first = None;
        for mode in [Mode::Sequential, Mode::Optimised, Mode::Progressive] {
            let options = EncodeOptions::new()
                .quant_tables(tables.clone())
                .mode(mode)
                .restart(restart)
                .trellis(trellis);
            let mut file = Vec::new();
            encoder
                .encode_planes(frame, &views, &options, &mut file)
                .expect("it encodes");
            assert_eq!(
                encoder.unquantised_size(&held, &options).expect("it counts"),
                file.len()
            );
            let (read, report) = decoder.coefficients(&file).expect("it decodes");
            assert!(report.is_empty(), "{report:?}");
            if mode == Mode::Progressive {
                // Turned and turned back it is itself, where its edges allow that.
                if let Ok(turned) = transform::apply(&read, Orientation::Rotate90) {
                    let back = transform::apply(&turned, Orientation::Rotate270);
                    assert!(back.is_ok_and(|back| back == read));
                }
            }
            let inside = inside(&read);
            match &first {
                None => first = Some(inside),
                Some(first) => assert!(*first == inside, "{mode:?}"),
            }
        }
    }
});

/// The blocks that hold samples: those that only fill an MCU may differ.
fn inside(read: &photofit::jpeg::Coefficients) -> Vec<[i16; 64]> {
    let h = read.components.iter().map(|c| usize::from(c.h)).max().unwrap_or(1);
    let v = read.components.iter().map(|c| usize::from(c.v)).max().unwrap_or(1);
    let mut blocks = Vec::new();
    for component in &read.components {
        let wide = (usize::from(read.width) * usize::from(component.h)).div_ceil(8 * h);
        let high = (usize::from(read.height) * usize::from(component.v)).div_ceil(8 * v);
        for row in component.blocks.chunks(component.blocks_wide).take(high) {
            blocks.extend_from_slice(&row[..wide]);
        }
    }
    blocks
}
