//! Uploading, against a server that keeps the contract strictly and misbehaves when told to.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "the figures of the soak")]
#![allow(clippy::cast_possible_truncation, reason = "made-up data")]

mod client;
mod command;
#[path = "../support/contract.rs"]
mod contract;
#[cfg(unix)]
mod ending;
mod fetch;
#[cfg(feature = "parquet")]
mod lists;
mod many;
mod tls;

use std::time::Duration;

use photofit::bigin::{Client, ClientBuilder, Credentials, DataCenter, Module, Record, UploadError};
use photofit::{Options, Prepared};

use contract::Contract;

const SECRETS: [&str; 5] = [
    "1000.access.0",
    "1000.access.1",
    "1000.refresh.secret",
    "1000.CLIENTID",
    "clientsecret0123456789",
];

/// A JPEG of noise-free stripes that differs by `seed`.
fn jpeg(width: u16, height: u16, seed: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixel = |i: usize| [(i % 251) as u8, seed, (i / usize::from(width)) as u8];
    let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height)).flat_map(pixel).collect();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 80);
    encoder
        .encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    bytes
}

fn prepared(seed: u8) -> Prepared<'static> {
    photofit::prepare(&jpeg(40, 30, seed), &Options::default())
        .unwrap()
        .into_owned()
}

fn contact(id: u64) -> Record {
    Record::new(Module::Contacts, id)
}

fn builder(server: &Contract) -> ClientBuilder {
    Client::builder(DataCenter::Eu)
        .api_url(server.url())
        .accounts_url(server.url())
        .credentials(Credentials::access_token("1000.access.0"))
        .backoff(Duration::from_millis(2), Duration::from_millis(20))
}

fn with_refresh(server: &Contract) -> ClientBuilder {
    builder(server).credentials(Credentials::refresh_token(
        "1000.refresh.secret",
        "1000.CLIENTID",
        "clientsecret0123456789",
    ))
}

/// Runs on a runtime, and ends by itself should a wait never end.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(120), work).await.unwrap() })
}

/// Uploads one photo with the client of `builder`.
fn upload(builder: ClientBuilder) -> Result<photofit::bigin::Receipt, UploadError> {
    let client = builder.build().unwrap();
    run(async { client.upload_photo(&contact(7), &prepared(1)).await })
}
