//! The command line of photofit: parses, runs, and prints what could not be started. Everything else is in [`cli`].

// This is the program that talks to people; the library never does.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = cli::args::Args::parse();
    cli::run(args).unwrap_or_else(|error| {
        cli::tell(format_args!("photofit: {}", cli::verdict::chain(&error)));
        ExitCode::from(cli::WRONG_USAGE)
    })
}
