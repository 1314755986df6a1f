//! One photo, one call: `cargo run --release --example prepare -- photo.heic ready`
//!
//! Writes `ready.jpg` (or whatever format came out) for Zoho Bigin, and says on standard output what was done.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use photofit::{Limits, Options};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, target] = arguments.as_slice() else {
        return Err("usage: prepare PHOTO TARGET_WITHOUT_EXTENSION".into());
    };
    let photo = std::fs::read(source)?;

    // What the service takes. `Limits::preset` knows others by name, and each limit can be set on its own.
    let options = Options::default().with_limits(Limits::bigin());

    let prepared = match photofit::prepare(&photo, &options) {
        Ok(prepared) => prepared,
        Err(error) => {
            // The message is for people, the kind is for programs.
            eprintln!("{}: {error}", error.kind());
            return Ok(ExitCode::FAILURE);
        }
    };

    // The source's format decides what comes out, so the extension is the result's.
    let report = prepared.report();
    let target = Path::new(target).with_extension(report.result.format.extension());
    std::fs::write(&target, prepared.bytes())?;

    println!(
        "{}: {}, {} × {} pixels, {} bytes",
        target.display(),
        report.action.name(),
        report.result.width,
        report.result.height,
        report.result.bytes
    );
    for loss in &report.losses {
        println!("  lost: {loss}");
    }
    Ok(ExitCode::SUCCESS)
}
