//! The photo API on this machine, to try the upload without an account: `cargo run --example bigin_server [ADDRESS]`.
//!
//! It keeps the service's contract as the tests know it, stores photos in memory and forgets them at the end.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../tests/support/contract.rs"]
#[allow(dead_code)]
mod contract;

use std::time::Duration;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8765".to_owned());
    let server = contract::Contract::start_at(&address)?;
    let url = server.url();
    println!("export BIGIN_ACCESS_TOKEN=1000.access.0");
    println!("photofit upload --api-url {url} --accounts-url {url} --record Contacts/3000000038009 photo.jpg");
    let mut told = 0;
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let state = server.state();
        if state.requests.len() > told {
            told = state.requests.len();
            let photos: usize = state.photos.values().map(|(count, _)| count).sum();
            println!(
                "{told} requests, {} records with a photo, {photos} photos stored",
                state.photos.len()
            );
        }
    }
}
