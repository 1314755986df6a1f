//! Uploads that are asked to end, and files that they must not wait for, read without end, or change.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::command::{Desk, read};
use super::contract::Fault;
use super::jpeg;

/// Longer than any run of these tests takes.
const LONGEST: Duration = Duration::from_secs(30);

fn start(desk: &Desk, args: &[&str]) -> Child {
    let mut command = desk.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[track_caller]
fn ended(mut child: Child) -> (i32, String) {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > LONGEST {
            child.kill().unwrap();
            panic!("it did not end: {:?}", read(child.wait_with_output().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let (code, _, told) = read(child.wait_with_output().unwrap());
    (code, told)
}

fn send(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", signal, &id])
            .status()
            .unwrap()
            .success()
    );
}

fn fifo(desk: &Desk, name: &str) {
    assert!(Command::new("mkfifo").arg(desk.path(name)).status().unwrap().success());
}

#[test]
fn signals_finish_the_uploads_in_flight() {
    for signal in ["INT", "TERM", "HUP"] {
        let desk = Desk::new(60);
        desk.server.state().fault_at = Some(|_| Some(Fault::Slow(Duration::from_millis(100))));
        let args = ["--records", "list.csv", "--journal", "done", "--resume", "--quiet"];
        let child = start(&desk, &args);
        while desk.requests() < 10 {
            std::thread::sleep(Duration::from_millis(5));
        }
        send(&child, signal);
        let (code, told) = ended(child);
        assert!(
            code == 1 && told.contains("not sent; go on with --resume"),
            "{signal}: {code} {told}"
        );
        // What was in flight came to its end and stands in the journal.
        let stored = desk.server.state().photos.len();
        let noted = fs::read_to_string(desk.path("done")).unwrap().lines().count();
        assert_eq!(stored, noted, "{signal}");
        assert!((1..60).contains(&stored), "{signal}: {stored}");
        if signal == "TERM" {
            assert_eq!(ended(start(&desk, &args)).0, 0);
            assert!(desk.server.state().photos.values().all(|(count, _)| *count == 1));
        }
    }
}

#[test]
fn a_second_signal_stops_at_once() {
    let desk = Desk::new(10);
    desk.server.state().fault_at = Some(|_| Some(Fault::Slow(Duration::from_secs(20))));
    let mut child = start(&desk, &["--records", "list.csv", "--journal", "done"]);
    while desk.requests() < 1 {
        std::thread::sleep(Duration::from_millis(5));
    }
    send(&child, "TERM");
    let mut told = child.stderr.take().unwrap();
    let mut message = Vec::new();
    while !message.ends_with(b"at once\n") {
        let mut byte = [0];
        told.read_exact(&mut byte).unwrap();
        message.push(byte[0]);
    }
    let asked = Instant::now();
    send(&child, "TERM");
    assert_eq!(ended(child).0, 143);
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_file_that_is_no_journal_is_left_as_it_is() {
    let desk = Desk::new(1);
    let prep = b"{\"input\":\"1.jpg\",\"size\":1,\"mtime\":1,\"hash\":\"\",\"options\":\"\",\"status\":\"ok\"}\n";
    for (name, bytes) in [("photo", &jpeg(40, 30, 1)[..]), ("text", b"two\nlines"), ("prep", prep)] {
        fs::write(desk.path(name), bytes).unwrap();
        let (code, told) = ended(start(&desk, &["--records", "list.csv", "--journal", name, "--resume"]));
        assert!(code == 2 && told.contains("is no journal of this command"), "{told}");
        assert!(fs::read(desk.path(name)).unwrap() == bytes, "{name} was changed");
    }
    fifo(&desk, "fifo");
    for (name, kind) in [
        ("/dev/full", "a character device"),
        ("fifo", "a FIFO"),
        (".", "a folder"),
    ] {
        let (code, told) = ended(start(&desk, &["--records", "list.csv", "--journal", name, "--resume"]));
        assert!(code == 2 && told.contains(&format!("{name} is {kind}")), "{told}");
    }
    assert_eq!(desk.requests(), 0);
}

#[test]
fn a_broken_line_of_the_journal_is_told_and_its_photo_sent_again() {
    let desk = Desk::new(3);
    let args = [
        "--records",
        "list.csv",
        "--journal",
        "done",
        "--resume",
        "--quiet",
        "--concurrency",
        "1",
    ];
    assert_eq!(ended(start(&desk, &args)).0, 0);
    let text = fs::read_to_string(desk.path("done")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1] = "{\"record\":\"Conta";
    fs::write(desk.path("done"), lines.join("\n") + "\n").unwrap();
    let (code, told) = ended(start(&desk, &args));
    assert!(code == 0 && told.contains("done line 2 is no entry"), "{told}");
    assert_eq!(desk.requests(), 4);
}

#[test]
fn lists_and_credentials_may_come_out_of_a_fifo_and_nothing_is_read_without_end() {
    let desk = Desk::new(2);
    for (name, text) in [
        ("list", "module,record_id,photo\nContacts,1,1.jpg\n"),
        ("credentials", "BIGIN_ACCESS_TOKEN=1000.access.0\n"),
        ("ca", "none"),
    ] {
        fifo(&desk, name);
        fs::set_permissions(desk.path(name), fs::Permissions::from_mode(0o600)).unwrap();
        let path = desk.path(name);
        std::thread::spawn(move || fs::write(path, text));
    }
    let (code, told) = ended(start(&desk, &["--records", "list", "--credentials", "credentials"]));
    assert!(code == 0 && desk.requests() == 1, "{told}");

    for (option, file, kind) in [
        ("--records", "/dev/zero", "it is a character device"),
        ("--credentials", "/dev/zero", "it is a character device"),
        ("--ca-file", "/dev/zero", "it is a character device"),
        ("--ca-file", ".", "it is a folder"),
    ] {
        let list = if option == "--records" {
            &[][..]
        } else {
            &["--records", "list.csv"]
        };
        let (code, told) = ended(start(&desk, &[list, &[option, file]].concat()));
        assert!(code == 2 && told.contains(kind), "{option} {file}: {told}");
    }
    let large = fs::File::create(desk.path("large")).unwrap();
    large.set_len(1 << 40).unwrap();
    large.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
    for option in ["--credentials", "--ca-file"] {
        let (code, told) = ended(start(&desk, &["--records", "list.csv", option, "large"]));
        assert!(
            code == 2 && told.contains("bytes, which is the most that is read"),
            "{told}"
        );
    }
    // A photo is read when its turn comes, and may be read again: it is no FIFO.
    let (code, told) = ended(start(&desk, &["--record", "Contacts/1", "ca"]));
    assert!(code == 2 && told.contains("it is a FIFO"), "{told}");
}
