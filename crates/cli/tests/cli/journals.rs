//! Files that are named as journals: only a journal is ever changed.

use super::bounded::{fifo, run};
use super::*;

const PREP: [&str; 5] = ["prep", "in", "-o", "out", "--journal"];

fn prep<'a>(journal: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&PREP[..], &[journal], more].concat()
}

fn with_photos(count: u32) -> Desk {
    let desk = Desk::new();
    for i in 0..count {
        desk.put(&format!("in/{i}.jpg"), &jpeg(60, 40, i));
    }
    desk
}

#[test]
fn a_file_that_is_no_journal_is_left_as_it_is() {
    let desk = with_photos(1);
    let upload = b"{\"record\":\"Contacts/1\",\"input\":\"in/0.jpg\"}\n";
    let report = run(&desk, &["prep", "in", "-o", "first"]).code(0).out();
    let long = [&b"{\"input\":\""[..], &[b'x'; 3 << 20]].concat();
    let files: [(&str, &[u8]); 8] = [
        ("photo.jpg", &jpeg(90, 60, 7)),
        ("line", b"one line without its end"),
        ("text", b"some text\nof two lines\n"),
        ("half", b"some text\nof two lines, of which the last one has no end"),
        ("blank", b"\n"),
        ("upload", upload),
        ("report", report.as_bytes()),
        ("long", &long),
    ];
    for (name, bytes) in files {
        desk.put(name, bytes);
        for more in [&["--resume"][..], &[]] {
            let ran = run(&desk, &prep(name, more)).code(2);
            let told = format!("{name} is no journal of this command and was left as it is");
            assert!(ran.err().contains(&told), "{}", ran.err());
            assert!(desk.get(name) == bytes, "{name} was changed");
        }
    }
    assert!(desk.files("out").is_empty());
}

#[cfg(unix)]
#[test]
fn a_journal_is_a_regular_file() {
    let desk = with_photos(1);
    fs::create_dir(desk.path("folder")).unwrap();
    fifo(&desk, "fifo");
    let _socket = std::os::unix::net::UnixListener::bind(desk.path("socket")).unwrap();
    std::os::unix::fs::symlink("/dev/null", desk.path("link")).unwrap();
    for (name, kind) in [
        ("/dev/full", "a character device"),
        ("/dev/null", "a character device"),
        ("link", "a character device"),
        ("folder", "a folder"),
        ("fifo", "a FIFO"),
        ("socket", "a socket"),
    ] {
        for more in [&["--resume"][..], &[]] {
            let ran = run(&desk, &prep(name, more)).code(2);
            let told = format!("{name} is {kind}: a journal is a regular file");
            assert!(ran.err().contains(&told), "{}", ran.err());
        }
    }
    assert!(desk.files("out").is_empty());
}

#[test]
fn a_broken_line_is_told_and_its_photo_done_again() {
    let desk = with_photos(4);
    run(&desk, &prep("journal", &["--jobs", "1"])).code(0);
    let text = String::from_utf8(desk.get("journal")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let cut = &lines[3][..40];
    lines[1] = "\0\0\0\0\0\0";
    lines[3] = cut;
    // The last line was in the writing.
    desk.put("journal", lines.join("\n").as_bytes());
    let ran = run(&desk, &prep("journal", &["--resume"])).code(0);
    let told = ran.err();
    assert!(told.contains("journal line 2 is no entry"), "{told}");
    assert!(!told.contains("line 4"), "{told}");
    assert!(told.contains("2 were done by an earlier run"), "{told}");
    // What was cut off is gone, the broken line stays and is told again, and nothing is left to be done.
    let text = desk.get("journal");
    let text = String::from_utf8_lossy(&text);
    let whole = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok());
    assert_eq!((text.lines().count(), whole.count()), (5, 4));
    let ran = run(&desk, &prep("journal", &["--resume"])).code(0);
    assert!(ran.err().contains("4 were done by an earlier run"), "{}", ran.err());
}

#[test]
fn a_run_that_was_killed_in_its_first_line_is_resumed() {
    let desk = with_photos(2);
    for begun in ["", "{\"inp", "{\"input\":\"in/0.jpg\",\"size\":12"] {
        desk.put("journal", begun.as_bytes());
        run(&desk, &prep("journal", &["--resume"])).code(0);
        assert_eq!(json_lines(&String::from_utf8(desk.get("journal")).unwrap()).len(), 2);
    }
}
