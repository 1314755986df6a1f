//! What may keep its reader waiting, or never end: FIFOs, standard input, sockets and devices.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use super::bounded::{ended, fifo, run, send, start, start_with};
use super::*;

/// Writes to a FIFO once somebody reads it.
fn write_later(desk: &Desk, name: &str, bytes: Vec<u8>) {
    let path = desk.path(name);
    std::thread::spawn(move || fs::write(path, bytes));
}

#[test]
fn a_fifo_that_nobody_writes_to_takes_no_longer_than_its_time() {
    let desk = Desk::new();
    fifo(&desk, "silent");
    desk.put("a.jpg", &jpeg(40, 30, 1));
    desk.put("list", b"silent\na.jpg\n");
    for named in [&["silent", "a.jpg"][..], &["--files-from", "list"]] {
        let start = Instant::now();
        let ran = run(&desk, &[&["prep", "-o", "out", "--timeout", "1"], named].concat()).code(1);
        assert!(start.elapsed() < Duration::from_secs(10));
        let lines = ran.lines();
        assert_eq!(statuses(&lines), ["failed", "ok"]);
        assert_eq!(lines[0]["error"]["kind"], "timed-out");
    }
    // Nor does standard input.
    let mut command = desk.command(&["prep", "-", "-o", "out", "--timeout", "1"]);
    let mut child = start_with(command.stdin(Stdio::piped()));
    let stdin = child.stdin.take();
    let ran = ended(child).code(1);
    drop(stdin);
    assert_eq!(ran.lines()[0]["error"]["kind"], "timed-out");
}

#[test]
fn a_signal_ends_the_waiting_for_a_fifo_and_for_standard_input() {
    let desk = Desk::new();
    fifo(&desk, "silent");
    for (signal, name) in [("TERM", "silent"), ("INT", "-")] {
        let mut command = desk.command(&["prep", name, "-o", "out"]);
        let mut child = start_with(command.stdin(Stdio::piped()));
        let stdin = child.stdin.take();
        std::thread::sleep(Duration::from_millis(500));
        assert!(child.try_wait().unwrap().is_none(), "{name}");
        send(&child, signal);
        let ran = ended(child).code(1);
        drop(stdin);
        let lines = ran.lines();
        let message = lines[0]["error"]["message"].as_str().unwrap();
        assert!(message.contains("nothing more came"), "{message}");
    }
}

#[test]
fn a_fifo_with_a_writer_is_read_as_a_file_is() {
    let desk = Desk::new();
    let photo = jpeg(400, 300, 1);
    desk.put("photo.jpg", &photo);
    let prep = |name, out| ["prep", name, "-o", out, "--max-pixels", "10kP", "--quiet"];
    run(&desk, &prep("photo.jpg", "file")).code(0);
    fifo(&desk, "fifo.jpg");
    write_later(&desk, "fifo.jpg", photo.clone());
    run(&desk, &prep("fifo.jpg", "fifo")).code(0);
    assert!(desk.get("file/photo.jpg") == desk.get("fifo/fifo.jpg"));

    // A writer that takes its time, and a name that is looked at before: beside its output.
    fifo(&desk, "slow");
    let (path, bytes) = (desk.path("slow"), photo.clone());
    std::thread::spawn(move || {
        let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
        for piece in bytes.chunks(bytes.len() / 3) {
            file.write_all(piece).unwrap();
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    run(&desk, &prep("slow", ".")).code(0);
    assert!(desk.get("file/photo.jpg") == desk.get("slow.jpg"));

    // What shells make of <(command).
    let script = "cat photo.jpg | \"$0\" prep /dev/fd/0 -o fd --max-pixels 10kP --quiet";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_photofit")]);
    ended(start_with(command.current_dir(desk.path("")))).code(0);
    assert!(desk.get("file/photo.jpg") == desk.get("fd/0.jpg"));

    // A list too; one that is empty names nothing.
    fifo(&desk, "list");
    write_later(&desk, "list", b"photo.jpg\n".to_vec());
    run(&desk, &["prep", "--files-from", "list", "-o", "listed"]).code(0);
    assert_eq!(desk.files("listed"), ["photo.jpg"]);
}

#[test]
fn what_lies_in_a_folder_and_is_no_file_is_skipped_by_name() {
    let desk = Desk::new();
    desk.put("in/a.jpg", &jpeg(40, 30, 1));
    fifo(&desk, "in/b.jpg");
    let _socket = UnixListener::bind(desk.path("in/c.jpg")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", desk.path("in/d.jpg")).unwrap();
    for command in [&["prep", "in", "-o", "out"][..], &["probe", "--json", "in"]] {
        let lines = run(&desk, command).code(0).lines();
        let reasons: Vec<&str> = lines
            .iter()
            .filter_map(|line| line["reason"]["message"].as_str())
            .collect();
        let expected = [
            "not a file: a FIFO",
            "not a file: a socket",
            "not a file: a character device",
        ];
        assert_eq!(reasons, expected);
    }
}

#[test]
fn devices_and_sockets_that_are_named_are_refused_by_what_they_are() {
    let desk = Desk::new();
    let _socket = UnixListener::bind(desk.path("socket")).unwrap();
    desk.put("list", b"/dev/zero\nsocket\n");
    let ran = run(&desk, &["prep", "--files-from", "list", "-o", "out", "/dev/full"]).code(1);
    let lines = ran.lines();
    let messages: Vec<&str> = lines
        .iter()
        .map(|line| line["error"]["message"].as_str().unwrap())
        .collect();
    let accepted = "a regular file or a FIFO is needed";
    assert_eq!(
        messages,
        [
            format!("cannot read: it is a character device: {accepted}"),
            format!("cannot read: it is a character device: {accepted}"),
            format!("cannot read: it is a socket: {accepted}"),
        ]
    );
    run(&desk, &["probe", "/dev/zero", "socket"]).code(1);
    // Standard input may be anything, and is bounded by what a photo is.
    for endless in ["/dev/zero", "/dev/urandom"] {
        let mut command = desk.command(&["prep", "-", "-o", "out"]);
        let ran = ended(start_with(command.stdin(fs::File::open(endless).unwrap()))).code(1);
        assert_eq!(ran.lines()[0]["error"]["kind"], "unknown-format", "{endless}");
    }
}

#[test]
fn lists_are_files_or_fifos() {
    let desk = Desk::new();
    fs::create_dir(desk.path("folder")).unwrap();
    for (list, told) in [
        ("/dev/zero", "it is a character device"),
        ("folder", "it is a folder"),
        ("missing", "cannot read missing"),
    ] {
        let ran = run(&desk, &["prep", "--files-from", list, "-o", "out"]).code(2);
        assert!(ran.err().contains(told), "{}", ran.err());
    }
}

#[test]
fn an_output_that_became_a_fifo_is_not_read() {
    let desk = Desk::new();
    desk.put("in/a.jpg", &jpeg(40, 30, 1));
    let prep = ["prep", "in", "-o", "out", "--journal", "journal", "--resume", "--quiet"];
    run(&desk, &prep).code(0);
    fs::remove_file(desk.path("out/a.jpg")).unwrap();
    fifo(&desk, "out/a.jpg");
    run(&desk, &prep).code(0);
    assert_eq!(desk.get("out/a.jpg"), desk.get("in/a.jpg"));
}

#[test]
fn a_probe_that_waits_for_a_fifo_is_ended_by_a_signal() {
    let desk = Desk::new();
    fifo(&desk, "silent");
    let child = start(&desk, &["probe", "silent"]);
    std::thread::sleep(Duration::from_millis(300));
    send(&child, "TERM");
    assert_eq!(ended(child).0.status.code(), None);
}
