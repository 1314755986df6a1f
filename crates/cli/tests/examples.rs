//! The examples, run as a newcomer would run them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use photofit::{Action, Format};

/// Lies on its side, so that it has to be turned.
const PHOTO: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../testdata/orientation/orientation-6.jpg"
);

/// The example's program: `cargo test` builds it beside the tests.
fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().and_then(Path::parent).unwrap();
    let program = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is missing: `cargo test` builds it, and so does `cargo build --examples`",
        program.display()
    );
    Command::new(program)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn succeeded(output: &Output) -> &str {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A server that ends with the test.
struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// `ADDRESS:PORT`.
    address: String,
}

impl Server {
    fn start(name: &str) -> Self {
        let mut child = example(name).arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "{name} ended");
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
        };
        Self { child, lines, address }
    }

    /// Status, headers and body of the answer to one request.
    fn ask(&self, head: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let length = body.len();
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = text(&answer[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head, answer[end + 4..].to_vec())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn one_call_writes_a_photo_and_names_what_is_wrong_with_another() {
    let folder = folder();
    let target = folder.path().join("ready");
    let output = example("prepare").arg(PHOTO).arg(&target).output().unwrap();
    assert!(succeeded(&output).contains("ready.jpg"));
    let info = photofit::probe(&fs::read(target.with_extension("jpg")).unwrap()).unwrap();
    assert_eq!((info.format, info.orientation.to_exif()), (Format::Jpeg, 1));

    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = example("prepare").arg(list).arg(&target).output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output.stderr).starts_with("unknown-format: "));
}

#[test]
fn the_importer_goes_on_after_bad_photos_and_lists_them() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("bad.jpg"), "no photo").unwrap();
    let rows = format!(
        "id,photo\n1,{PHOTO}\n2,{}\n3,nowhere.jpg\n4,{PHOTO}\n",
        path("bad.jpg").display()
    );
    fs::write(path("list.csv"), rows).unwrap();
    let output = example("import")
        .arg(path("list.csv"))
        .arg(path("out"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("2 of 4 photos are ready"),
        "{}",
        text(&output.stdout)
    );

    let mut written: Vec<PathBuf> = fs::read_dir(path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    written.sort();
    assert_eq!(
        written,
        ["1.jpg", "4.jpg", "failed.csv"].map(|name| path("out").join(name))
    );
    let failed = fs::read_to_string(path("out/failed.csv")).unwrap();
    let reasons: Vec<&str> = failed.lines().collect();
    assert_eq!(reasons.len(), 3, "{failed}");
    assert!(
        reasons[1].starts_with("2,") && reasons[1].contains("not a photo"),
        "{failed}"
    );
    assert!(
        reasons[2].starts_with("3,nowhere.jpg,") && reasons[2].contains("cannot read"),
        "{failed}"
    );
}

#[test]
fn the_importer_refuses_a_list_before_it_begins() {
    let folder = folder();
    let list = folder.path().join("list.csv");
    for (rows, reason) in [
        ("id,photo\n../1,a.jpg\n", "the id \"../1\""),
        ("id,photo\n1,a.jpg\n1,b.jpg\n", "in the list already"),
        ("name,photo\n1,a.jpg\n", "the columns must be"),
    ] {
        fs::write(&list, rows).unwrap();
        let out = folder.path().join("out");
        let output = example("import").arg(&list).arg(&out).output().unwrap();
        assert!(!output.status.success());
        assert!(
            text(&output.stderr).replace('\\', "").contains(reason),
            "{}",
            text(&output.stderr)
        );
        assert!(!out.exists());
    }
}

#[test]
fn the_service_answers_with_a_photo_that_conforms_or_with_the_reason() {
    let server = Server::start("service");
    assert_eq!(server.ask("GET /health", b"").0, 200);

    let photo = fs::read(PHOTO).unwrap();
    let (status, head, body) = server.ask("POST /prepare", &photo);
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    assert!(head.contains("content-type: image/jpeg"), "{head}");
    assert!(head.contains("photofit-report: {"), "{head}");
    let again = photofit::prepare(&body, &photofit::Options::default()).unwrap();
    assert_eq!(again.report().action, Action::Kept);

    for (photo, status, kind) in [
        (&b""[..], 400, "empty"),
        (b"hello, this is no photo", 415, "unknown-format"),
        (&photo[..photo.len() / 2], 422, "damaged"),
    ] {
        let (answered, head, body) = server.ask("POST /prepare", photo);
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (answered, body["error"]["kind"].as_str()),
            (status, Some(kind)),
            "{body}"
        );
        assert!(
            body["error"]["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        assert!(head.contains("content-type: application/json"), "{head}");
    }
    assert_eq!(server.ask("GET /prepare", b"").0, 405);
    assert_eq!(server.ask("POST /prepare", &photo).0, 200, "still there");
}

#[test]
fn the_service_reads_no_more_than_it_may_and_outlives_those_who_hang_up() {
    let server = Server::start("service");
    let (status, _, body) = server.ask("POST /prepare", &vec![0xFF; 64_000_001]);
    assert_eq!(status, 413, "{}", String::from_utf8_lossy(&body));
    // More than there are places for: if one of them kept its place, the last request would be refused.
    for _ in 0..500 {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream
            .write_all(b"POST /prepare HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
            .unwrap();
    }
    let photo = fs::read(PHOTO).unwrap();
    let answered = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        server.ask("POST /prepare", &photo).0 == 200
    });
    assert!(answered);
}

#[cfg(unix)]
#[test]
fn the_service_ends_when_it_is_asked_to() {
    let mut server = Server::start("service");
    let asked = Command::new("kill")
        .arg(server.child.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    let mut rest = String::new();
    server.lines.read_to_string(&mut rest).unwrap();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_photo_is_uploaded_to_the_server_of_the_examples() {
    let server = Server::start("bigin_server");
    let url = format!("http://{}", server.address);
    let upload = |token: &str| {
        let arguments = ["Contacts", "3000000038009", PHOTO, &url];
        let mut command = example("upload");
        command
            .args(arguments)
            .env("BIGIN_ACCESS_TOKEN", token)
            .env("NO_PROXY", "*");
        command.output().unwrap()
    };
    assert!(succeeded(&upload("1000.access.0")).starts_with("SUCCESS after 1 request"));
    let refused = upload("1000.wrong");
    assert!(!refused.status.success());
    assert!(
        text(&refused.stderr).contains("no other photo would fare better"),
        "{}",
        text(&refused.stderr)
    );
}
