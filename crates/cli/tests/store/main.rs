//! Photos in object storage, against a server of the test's own and against an independent one.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "request counts, and what is left out")]
#![allow(clippy::cast_possible_truncation, reason = "made-up data")]
#![allow(unreachable_pub, reason = "one test in several files")]

mod client;
mod command;
#[cfg(feature = "upload")]
#[allow(dead_code, reason = "shared with another test")]
#[path = "../support/contract.rs"]
mod contract;
mod http;
mod moto;
mod probe;
mod proxy;
mod s3;
#[cfg(feature = "upload")]
mod upload;

use std::time::Duration;

use photofit::store::{Store, StoreBuilder, Uri};

use s3::S3;

/// A JPEG that differs by `seed`.
fn jpeg(width: u16, height: u16, seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixel = |i: usize| [(i % 251) as u8, seed as u8, (i / usize::from(width)) as u8];
    let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height)).flat_map(pixel).collect();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 80);
    let encoded = encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb);
    encoded.unwrap();
    bytes
}

/// Bytes that no two places have in common.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap()
}

fn builder(server: &S3) -> StoreBuilder {
    let with = |builder: StoreBuilder, (name, value): (&str, String)| builder.setting(name, value).unwrap();
    let builder = server.environment().into_iter().fold(Store::builder(), with);
    builder.retries(4).timeout(Duration::from_secs(20))
}

fn store(server: &S3) -> Store {
    builder(server).build().unwrap()
}
