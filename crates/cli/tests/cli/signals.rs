//! Runs that are asked to end.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use super::bounded::{ended, fifo, first_line, run, send, start, start_with};
use super::*;

const PREP: [&str; 8] = ["prep", "in", "-o", "out", "--jobs", "1", "--journal", "journal"];

/// A desk with photos that take a while.
fn desk() -> Desk {
    let desk = Desk::new();
    let photo = jpeg(1200, 900, 1);
    for i in 0..150 {
        desk.put(&format!("in/{i:03}.jpg"), &photo);
    }
    desk
}

fn prep<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let slow = ["--max-pixels", "500kP"];
    PREP.into_iter().chain(slow).chain(more.iter().copied()).collect()
}

fn journal(desk: &Desk) -> usize {
    json_lines(&String::from_utf8(desk.get("journal")).unwrap()).len()
}

#[test]
fn every_signal_finishes_the_photos_in_work() {
    for signal in ["INT", "TERM", "HUP"] {
        let desk = desk();
        let mut child = start(&desk, &prep(&[]));
        let (_, mut lines) = first_line(&mut child);
        send(&child, signal);
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        let ran = ended(child).code(1);
        let answered = 1 + rest.lines().count();
        assert!(answered < 150, "{signal}");
        let told = format!("interrupted: {} not started", 150 - answered);
        assert!(ran.err().contains(&told), "{signal}: {}", ran.err());
        assert_eq!((desk.files("out").len(), journal(&desk)), (answered, answered));
        // The rest is done by the next run, and nothing twice.
        if signal == "TERM" {
            run(&desk, &prep(&["--resume", "--quiet"])).code(0);
            assert_eq!((desk.files("out").len(), journal(&desk)), (150, 150));
        }
    }
}

#[test]
fn a_second_signal_of_any_kind_stops_at_once() {
    for (first, second, code) in [("TERM", "TERM", 143), ("HUP", "TERM", 143), ("TERM", "INT", 130)] {
        let desk = Desk::new();
        let photo = jpeg(3000, 2000, 1);
        for i in 0..40 {
            desk.put(&format!("in/{i:03}.jpg"), &photo);
        }
        // One that is in work whatever the others do, as it comes in byte by byte.
        fifo(&desk, "slow");
        let path = desk.path("slow");
        std::thread::spawn(move || {
            let mut slow = fs::OpenOptions::new().write(true).open(path).unwrap();
            for byte in photo {
                std::thread::sleep(Duration::from_millis(100));
                if slow.write_all(&[byte]).is_err() {
                    break;
                }
            }
        });
        let args = ["prep", "slow", "in", "-o", "out", "--journal", "journal", "--jobs", "2"];
        let mut child = start(&desk, &[&args[..], &["--effort", "smallest"]].concat());
        let begun = Instant::now();
        while !desk.files("out").iter().any(|file| file.ends_with(".jpg")) {
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing was done");
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut messages = BufReader::new(child.stderr.take().unwrap()).lines();
        send(&child, first);
        assert!(messages.any(|line| line.unwrap().contains("send the signal again to stop at once")));
        send(&child, second);
        ended(child).code(code);
        let files = desk.files("out");
        assert!((1..40).contains(&files.len()), "{files:?}");
        for file in files {
            assert!(!file.starts_with('.'), "{file} is unfinished");
            assert!(desk.get(&format!("out/{file}")).ends_with(&[0xFF, 0xD9]), "{file}");
        }
        // Each line is whole.
        journal(&desk);
    }
}

#[test]
fn a_terminal_that_closes_hangs_up_twice_and_hears_nothing_more() {
    let desk = desk();
    let mut child = start(&desk, &prep(&[]));
    let (_, lines) = first_line(&mut child);
    drop(child.stderr.take());
    drop(lines);
    send(&child, "HUP");
    std::thread::sleep(Duration::from_millis(20));
    // It may have ended by now.
    let _ = Command::new("kill")
        .args(["-s", "HUP", &child.id().to_string()])
        .output();
    ended(child).code(1);
    let files = desk.files("out");
    assert!((1..150).contains(&files.len()), "{}", files.len());
    assert_eq!(journal(&desk), files.len());
}

#[cfg(target_os = "linux")]
#[test]
fn who_was_told_not_to_hear_that_its_terminal_closes_goes_on() {
    let desk = desk();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_photofit")]);
    command.args(prep(&[])).current_dir(desk.path("")).stdin(Stdio::null());
    let mut child = start_with(&mut command);
    let (_, mut lines) = first_line(&mut child);
    send(&child, "HUP");
    send(&child, "HUP");
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    ended(child).code(0);
    assert_eq!(rest.lines().count(), 149);
}

#[test]
fn before_there_is_anything_to_finish_a_signal_ends_the_program_as_any_other() {
    let desk = Desk::new();
    fifo(&desk, "list");
    for (signal, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let child = start(&desk, &["prep", "--files-from", "list", "-o", "out"]);
        std::thread::sleep(Duration::from_millis(300));
        send(&child, signal);
        assert_eq!(ended(child).0.status.signal(), Some(number));
    }
    assert_eq!(desk.files(""), ["list"]);
}
