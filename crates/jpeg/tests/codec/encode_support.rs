//! Made-up pictures and other people's programs.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    reason = "made-up samples; a skipped test says why"
)]

use photofit_jpeg::encode::{EncodeOptions, Encoder, Frame, Plane, Sampling};
use photofit_jpeg::{Coefficients, Component};
use std::io::Write as _;
use std::process::{Command, Stdio};

pub(crate) const SAMPLINGS: [Sampling; 5] = [
    Sampling::Gray,
    Sampling::S444,
    Sampling::S422,
    Sampling::S440,
    Sampling::S420,
];

/// A small generator of the xorshift family: the same pictures on every run.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.word() >> 20) % limit
    }
}

/// Noise, black and white noise, waves, ramps or flat areas with an edge.
pub(crate) fn plane(rng: &mut Rng, width: usize, height: usize) -> Vec<u8> {
    let kind = rng.below(5);
    let (fx, fy) = (rng.below(20) as f64 / 20.0, rng.below(20) as f64 / 20.0);
    let offset = rng.below(256) as f64;
    let mut samples = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (wave, ramp) = (
                60.0 * ((x as f64 * fx).sin() + (y as f64 * fy).cos()),
                x as f64 * fx + y as f64 * fy,
            );
            samples.push(match kind {
                0 => rng.word() as u8,
                1 => 255 * (rng.word() >> 30 & 1) as u8,
                2 => (offset + wave) as u8,
                3 => (offset + ramp) as u8,
                _ => offset as u8 ^ if 2 * x > width + y { 0xA0 } else { 0 },
            });
        }
    }
    samples
}

/// The planes of a frame, without padding.
pub(crate) fn planes(rng: &mut Rng, frame: Frame) -> Vec<Vec<u8>> {
    (0..frame.sampling().planes())
        .map(|index| {
            let (width, height) = frame.plane_size(index);
            plane(rng, width, height)
        })
        .collect()
}

pub(crate) fn borrowed(frame: Frame, planes: &[Vec<u8>]) -> Vec<Plane<'_>> {
    let strides = (0..planes.len()).map(|index| frame.plane_size(index).0);
    let pairs = planes.iter().zip(strides);
    pairs.map(|(samples, stride)| Plane::new(samples, stride)).collect()
}

pub(crate) fn encode(frame: Frame, planes: &[Vec<u8>], options: &EncodeOptions<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new()
        .encode_planes(frame, &borrowed(frame, planes), options, &mut out)
        .expect("the planes fit the frame");
    out
}

/// Random coefficients with any sampling factors; `parts` are `(h, v)`.
pub(crate) fn coefficients(rng: &mut Rng, width: u16, height: u16, parts: &[(u8, u8)]) -> Coefficients {
    let max = |f: fn(&(u8, u8)) -> u8| parts.iter().map(f).max().expect("some parts");
    let (h_max, v_max) = (max(|p| p.0), max(|p| p.1));
    let mcus_wide = usize::from(width).div_ceil(8 * usize::from(h_max));
    let mcus_high = usize::from(height).div_ceil(8 * usize::from(v_max));
    let components = (1..).zip(parts).map(|(id, &(h, v))| {
        let (blocks_wide, blocks_high) = (mcus_wide * usize::from(h), mcus_high * usize::from(v));
        let density = 1 + rng.below(20);
        let mut block = || {
            let mut block = [0; 64];
            block[0] = rng.below(400) as i16 - 200;
            for _ in 0..rng.below(density) {
                let at = rng.below(64) as usize;
                let width = 1 + rng.below(6);
                block[at] = rng.below(1 << width) as i16 - (1 << (width - 1));
            }
            block
        };
        Component {
            id,
            h,
            v,
            blocks: (0..blocks_wide * blocks_high).map(|_| block()).collect(),
            quant: std::array::from_fn(|i| 3 + u16::from(id) + i as u16 / 2),
            blocks_wide,
            blocks_high,
        }
    });
    Coefficients {
        width,
        height,
        components: components.collect(),
    }
}

/// Whether a program can be run; says so if not.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        eprintln!("skipped: {program} (libjpeg-turbo's programs) is not installed");
    }
    found
}

/// Runs a filter; `None` if it is not there or fails.
pub(crate) fn filter(program: &str, args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().expect("its input is piped");
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the program ends");
    // A program that refuses its input may close it early.
    drop(feeder.join().expect("the feeder ends"));
    let clean = output.status.success() && output.stderr.is_empty();
    clean.then_some(output.stdout)
}

/// The pixels of a JPEG as libjpeg-turbo decodes it, as PNM.
pub(crate) fn djpeg(jpeg: &[u8]) -> Vec<u8> {
    filter("djpeg", &["-dct", "int", "-pnm"], jpeg).expect("djpeg reads it without a warning")
}

/// Gray samples as a file.
pub(crate) fn pgm(width: u16, height: u16, samples: &[u8]) -> Vec<u8> {
    let mut out = format!("P5\n{width} {height}\n255\n").into_bytes();
    out.extend_from_slice(samples);
    out
}
