//! The command line of photofit, one module for each step: arguments, inputs, names, preparing or probing, writing,
//! reporting. It stands on the public API of the library alone.

// This is the program that talks to people; the library never does.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod destination;
mod help;
mod inputs;
mod journal;
mod logs;
mod names;
mod network;
mod output;
mod page;
mod prep;
mod probe;
mod progress;
mod report;
mod resume;
mod shard;
mod shell;
mod signals;
mod source;
mod stamp;
mod units;
#[cfg(feature = "upload")]
mod upload;
mod verdict;
mod version;

use std::fmt::Display;
use std::io::{self, Write};
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use photofit::Limits;
use photofit::pool::THREAD_NAME;

use args::{Args, Command};

/// The exit code when every photo was done.
pub(crate) const ALL_DONE: u8 = 0;
/// The exit code when some photos failed.
pub(crate) const SOME_FAILED: u8 = 1;
/// The exit code when nothing was started because the command line asks for something impossible.
pub(crate) const WRONG_USAGE: u8 = 2;

/// The exit code when the service refused the caller: scope, permission or token.
#[cfg(feature = "upload")]
pub(crate) const NOT_AUTHORIZED: u8 = 3;

/// Why the command did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line contradicts itself or the file system.
    #[error("{0}")]
    Usage(String),

    /// A file that the command itself needs cannot be used.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was tried: "read", "create".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },

    /// The worker threads could not be started.
    #[error("cannot start the worker threads (--jobs takes fewer)")]
    Workers(#[source] io::Error),
}

impl Error {
    /// A wrong use of the command line, in words.
    fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    run(args).unwrap_or_else(|error| {
        tell(format_args!("photofit: {}", verdict::chain(&error)));
        ExitCode::from(WRONG_USAGE)
    })
}

/// Does what the command line says.
///
/// # Errors
/// [`Error`] when nothing was started; photos that fail are answered in the report and in the exit code.
fn run(args: Args) -> Result<ExitCode, Error> {
    quiet_workers();
    logs::start(&args.logs);
    let code = match args.command {
        Command::Prep(args) => prep::run(*args)?,
        #[cfg(feature = "upload")]
        Command::Upload(args) => upload::run(*args)?,
        Command::Probe(args) => probe::run(*args)?,
        Command::Limits(args) => {
            print_limits(args.json);
            ALL_DONE
        }
        Command::Completions { shell } => {
            shell::completions(shell)?;
            ALL_DONE
        }
        Command::Man { folder } => {
            shell::manual(&folder)?;
            ALL_DONE
        }
    };
    Ok(ExitCode::from(code))
}

/// Tells people something on standard error. That nobody can hear it any more, as their terminal was closed, does not end
/// the work.
pub(crate) fn tell(message: impl Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// Panics on worker threads are caught and reported with their photo: they need no second message in between.
fn quiet_workers() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !thread::current()
            .name()
            .is_some_and(|name| name.starts_with(THREAD_NAME))
        {
            loud(info);
        }
    }));
}

/// Prints the presets as a table or as JSON lines.
fn print_limits(json: bool) {
    let mut table = probe::table(["preset", "service", "pixels", "side", "bytes", "formats"]);
    for preset in Limits::presets() {
        let limits = &preset.limits;
        let pixels = (limits.max_pixels() < u64::MAX).then_some(limits.max_pixels());
        let side = (limits.max_side() < u32::MAX).then_some(limits.max_side());
        let bytes = (limits.max_bytes() < u64::MAX).then_some(limits.max_bytes());
        if json {
            let formats: Vec<_> = limits.formats().iter().collect();
            let line = serde_json::json!({
                "name": preset.name, "service": preset.service,
                "max_pixels": pixels, "max_side": side, "max_bytes": bytes, "formats": formats,
            });
            println!("{line}");
        } else {
            let any = || "any".to_owned();
            table.add_row([
                preset.name.to_owned(),
                preset.service.to_owned(),
                pixels.map_or_else(any, units::megapixels),
                side.map_or_else(any, |s| format!("{s} px")),
                bytes.map_or_else(any, units::bytes),
                limits.formats().to_string(),
            ]);
        }
    }
    if !json {
        println!("{}", probe::text(table));
    }
}
