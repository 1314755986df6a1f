//! Runs of the program that must not hang: each ends within a limit, or fails its test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Desk, Ran};

/// Longer than any run of these tests takes, on a machine that has other things to do.
const LONGEST: Duration = Duration::from_secs(30);

/// Starts the program with nothing on its standard input.
pub(crate) fn start(desk: &Desk, args: &[&str]) -> Child {
    start_with(desk.command(args).stdin(Stdio::null()))
}

/// Starts a command whose output is to be looked at.
pub(crate) fn start_with(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end; what is printed must fit into pipes.
#[track_caller]
pub(crate) fn ended(mut child: Child) -> Ran {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > LONGEST {
            child.kill().unwrap();
            let ran = Ran(child.wait_with_output().unwrap());
            panic!("it did not end\n{}\n{}", ran.out(), ran.err());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ran(child.wait_with_output().unwrap())
}

/// Runs the program with nothing on its standard input.
#[track_caller]
pub(crate) fn run(desk: &Desk, args: &[&str]) -> Ran {
    ended(start(desk, args))
}

/// Sends a signal such as `TERM`.
pub(crate) fn send(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-s", signal, &id]).status().unwrap();
    assert!(sent.success(), "{signal}");
}

/// The first line of the report, once it is there, and what reads the others.
pub(crate) fn first_line(child: &mut Child) -> (String, impl Read + use<>) {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    (first, lines)
}

/// Makes a FIFO.
pub(crate) fn fifo(desk: &Desk, name: &str) {
    let made = Command::new("mkfifo").arg(desk.path(name)).status().unwrap();
    assert!(made.success());
}
