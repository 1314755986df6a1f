//! The log, on standard error.

use std::io;

use tracing::Level;

use super::args::{LogArgs, LogFormat};

/// Starts logging as the command line asks: warnings without `-v`, what is done with it, every step with `-vv`.
pub(super) fn start(args: &LogArgs) {
    let level = match args.verbose {
        0 => Level::WARN,
        1 => Level::INFO,
        _ => Level::DEBUG,
    };
    let log = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(level)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_target(false);
    match args.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Whether anything beside warnings is logged.
pub(super) fn is_verbose() -> bool {
    tracing::enabled!(Level::INFO)
}
