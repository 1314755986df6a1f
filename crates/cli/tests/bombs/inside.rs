//! The library on every bomb, with its allocations counted: the probe takes little, and preparing what is estimated.
//!
//! The files are handed to this test program itself, run as a child, so that an abort or an endless loop is told of one
//! file and not of all.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use photofit::{CancelToken, Metadata, Options, Preparer};

use crate::ALLOCATOR;
use crate::support::{alone, cases};

/// What a probe may take beside the file's own size, and what preparing may take where there is no estimate.
const PROBE: u64 = 64_000_000;
/// Beyond an estimate, which is of the pixels: what threads and the standard library hold, and for each byte of the file
/// what lists of boxes, chunks and directories take. That is linear, and no bomb.
const MARGIN: u64 = 2_000_000;
const A_BYTE: u64 = 8;
/// The address space of the child, in KiB: above what the options allow for a photo, far below the machine's.
const ADDRESS_SPACE: &str = "3000000";
/// When the token of a photo ends its work, and when the child is ended.
const CANCEL: Duration = Duration::from_secs(2);
const ENDLESS: Duration = Duration::from_secs(12);
/// The variable with the list of files, for the child.
const LIST: &str = "PHOTOFIT_BOMB_LIST";

#[test]
fn memory_stays_within_the_estimate() {
    let _alone = alone();
    let cases = cases();
    let mut left: VecDeque<&PathBuf> = cases.all.iter().map(|case| &case.path).collect();
    let mut wrong = Vec::new();
    let (mut files, mut most) = (0, Vec::new());
    while !left.is_empty() {
        let list = cases.folder.path().join("list");
        let names: Vec<&str> = left.iter().map(|path| path.to_str().unwrap()).collect();
        std::fs::write(&list, names.join("\n")).unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -v \"$1\" && shift && exec \"$@\"", "sh", ADDRESS_SPACE])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "inside::child",
                "--ignored",
                "--nocapture",
                "--test-threads",
                "1",
            ])
            .env(LIST, &list)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (sender, receiver) = mpsc::channel();
        let out = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        loop {
            match receiver.recv_timeout(ENDLESS) {
                Ok(line) => {
                    let Some(figures) = line.strip_prefix("figures ") else {
                        continue;
                    };
                    let path = left.pop_front().unwrap();
                    let name = path.file_name().unwrap().to_string_lossy();
                    files += 1;
                    let columns: Vec<&str> = figures.split('\t').collect();
                    let bytes: u64 = columns[0].parse().unwrap();
                    most.push((bytes, format!("{name}: {figures}")));
                    if columns[1] != "fine" {
                        wrong.push(format!("{name}: {figures}"));
                    }
                }
                Err(error) => {
                    child.kill().unwrap();
                    let status = child.wait().unwrap();
                    // With all answered it has ended by itself; else the next file is the one that it was at.
                    if let Some(path) = left.pop_front() {
                        files += 1;
                        let name = path.file_name().unwrap().to_string_lossy();
                        let symptom = match error {
                            mpsc::RecvTimeoutError::Timeout => "endless".to_owned(),
                            mpsc::RecvTimeoutError::Disconnected => format!("ended the process: {status}"),
                        };
                        wrong.push(format!("{name}: {symptom}"));
                    }
                    break;
                }
            }
        }
    }
    most.sort();
    println!("{files} files, {} surprises; the most memory:", wrong.len());
    for (_, line) in most.iter().rev().take(8) {
        println!("{line}");
    }
    assert!(wrong.is_empty(), "{} of {files}\n{}", wrong.len(), wrong.join("\n"));
}

/// Measures the files of the list; run by the test above.
#[test]
#[ignore = "a part of the test of memory, which runs it"]
fn child() {
    let Some(list) = std::env::var_os(LIST) else { return };
    for path in std::fs::read_to_string(list).unwrap().lines() {
        let bytes = std::fs::read(path).unwrap();
        println!("\nfigures {}", measure(&bytes));
    }
}

/// Bytes of the highest peak, `fine` or what was too much, and what was measured.
fn measure(bytes: &[u8]) -> String {
    let size = bytes.len() as u64;
    let start = Instant::now();
    let (probed, probe_peak) = counted(|| photofit::probe(bytes).map(|_| ()));
    let mut most = probe_peak;
    let mut wrong = Vec::new();
    if probe_peak > PROBE + size {
        wrong.push(format!("the probe took {probe_peak}"));
    }
    let mut told = format!(
        "{}, probe {probe_peak}",
        probed.as_ref().map_or_else(|e| e.kind(), |()| "ok")
    );
    for policy in [Metadata::Privacy, Metadata::Keep] {
        let options = Options::default().with_metadata(policy);
        let (estimate, _) = counted(|| photofit::estimate_memory(bytes, &options));
        // What is refused for its estimate takes no more than what is refused for its header.
        let allowed = match &estimate {
            Ok(estimate) if *estimate <= options.max_memory() => *estimate + MARGIN + A_BYTE * size,
            _ => PROBE + size,
        };
        let mut preparer = Preparer::new(options).with_cancel(CancelToken::new().with_timeout(CANCEL));
        let (prepared, peak) = counted(|| preparer.prepare(bytes).map(|_| ()));
        drop(preparer);
        most = most.max(peak);
        let answer = prepared.map_or_else(|e| e.kind(), |()| "ok");
        told += &format!(", {answer} {peak} of {allowed}");
        if peak > allowed {
            wrong.push(format!("{answer} took {peak} of {allowed}"));
        }
        if ["panicked", "broken-promise", "out-of-memory"].contains(&answer) {
            wrong.push(answer.to_owned());
        }
    }
    if start.elapsed() > 4 * CANCEL {
        wrong.push(format!("{:.1} s", start.elapsed().as_secs_f64()));
    }
    let verdict = if wrong.is_empty() {
        "fine".to_owned()
    } else {
        wrong.join("; ")
    };
    format!("{most}\t{verdict}\t{told}")
}

/// What `work` gives, and the most bytes that it held at a time.
fn counted<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let result = work();
    (result, ALLOCATOR.peak_usage().saturating_sub(before) as u64)
}
