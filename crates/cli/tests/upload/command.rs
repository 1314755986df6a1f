//! The command, from outside.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::contract::{Contract, Fault};
use super::{SECRETS, jpeg};

/// A folder with `count` photos and their list, and a server.
pub(super) struct Desk {
    folder: TempDir,
    pub(super) server: Contract,
}

impl Desk {
    pub(super) fn new(count: u8) -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            server: Contract::start(),
        };
        let mut list = "module,record_id,photo\n".to_owned();
        for n in 1..=count {
            fs::write(desk.path(&format!("{n}.jpg")), jpeg(40, 30, n)).unwrap();
            list += &format!("Contacts,{n},{n}.jpg\n");
        }
        fs::write(desk.path("list.csv"), list).unwrap();
        desk
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command with a valid access token.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let url = self.server.url();
        let mut command = Command::new(env!("CARGO_BIN_EXE_photofit"));
        command
            .args(["upload", "--api-url", &url, "--accounts-url", &url])
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("BIGIN_") || name.to_lowercase().ends_with("_proxy"))
        {
            command.env_remove(name);
        }
        command.env("BIGIN_ACCESS_TOKEN", "1000.access.0");
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> (i32, Vec<Value>, String) {
        read(self.command(args).output().unwrap())
    }

    pub(super) fn requests(&self) -> usize {
        self.server.state().requests.len()
    }
}

/// Exit code, lines of the report, and standard error.
pub(super) fn read(output: Output) -> (i32, Vec<Value>, String) {
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (
        output.status.code().unwrap_or(-1),
        lines,
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_list_is_stored_and_reported_in_its_order() {
    let desk = Desk::new(12);
    let (code, lines, _) = desk.run(&["--records", "list.csv"]);
    assert_eq!((code, lines.len()), (0, 12));
    for (n, line) in (1..).zip(&lines) {
        assert_eq!(line["input"], format!("{n}.jpg"));
        assert_eq!((&line["status"], &line["action"]), (&"ok".into(), &"kept".into()));
        let upload = &line["upload"];
        assert_eq!(upload["record"], format!("Contacts/{n}"));
        assert_eq!(
            (upload["http_status"].as_u64(), upload["code"].as_str()),
            (Some(200), Some("SUCCESS"))
        );
        assert_eq!(upload["attempts"], 1);
        assert!(upload["elapsed_ms"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(desk.server.state().photos.len(), 12);
}

#[test]
fn the_log_tells_of_each_photo() {
    let desk = Desk::new(2);
    let (code, _, told) = desk.run(&["--records", "list.csv", "-v", "--log-format", "json"]);
    let lines: Vec<Value> = told
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let photos: Vec<&Value> = lines.iter().filter(|line| line["message"] == "ok").collect();
    assert_eq!((code, photos.len()), (0, 2), "{told}");
    assert!(
        photos
            .iter()
            .all(|line| line["code"] == "SUCCESS" && line["attempts"] == 1)
    );
    assert!(!told.contains("DEBUG"), "{told}");
    let (_, _, told) = desk.run(&["--records", "list.csv", "-vv"]);
    assert!(told.contains("prepared") && !told.contains(SECRETS[0]), "{told}");
}

#[test]
fn one_record_is_named_on_the_command_line() {
    let desk = Desk::new(1);
    let (code, lines, _) = desk.run(&["--record", "Contacts/3000000038009", "1.jpg"]);
    assert_eq!((code, lines.len()), (0, 1));
    assert!(desk.server.state().photos.contains_key("Contacts/3000000038009"));
}

#[test]
fn mistakes_of_a_list_are_told_by_line_before_anything_is_sent() {
    let desk = Desk::new(2);
    let list = "\u{feff}Photo,module,record_id,note\n1.jpg,Contacts,1,\"two\nlines\"\n1.jpg,Contacts,x,\n,Contacts,2,\n\
                2.jpg,Con tacts,3,\n2.jpg,Contacts\n2.jpg,contacts,1,\n";
    fs::write(desk.path("bad.csv"), list).unwrap();
    let (code, lines, told) = desk.run(&["--records", "bad.csv"]);
    assert_eq!((code, lines.len(), desk.requests()), (2, 0, 0), "{told}");
    for line in [
        "line 4: record id",
        "line 5: no photo",
        "line 6: module",
        "line 7: ",
        "line 8: Contacts/1 has a photo on line 2",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    let list = "module,record_id,photo\nContacts,1,gone.jpg\nContacts,2,http://127.0.0.1/a.jpg\nContacts,3,.\n";
    fs::write(desk.path("bad.csv"), list).unwrap();
    let (code, _, told) = desk.run(&["--records", "bad.csv"]);
    assert_eq!((code, desk.requests()), (2, 0));
    for line in [
        "line 2: photo gone.jpg",
        "line 3: photo http://127.0.0.1/a.jpg: 127.0.0.1 is a private",
        "line 4: photo .",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    fs::write(desk.path("bad.csv"), "module,photo\n").unwrap();
    assert!(desk.run(&["--records", "bad.csv"]).2.contains("no column record_id"));
}

#[test]
fn a_dry_run_sends_nothing_and_needs_no_credentials() {
    let desk = Desk::new(3);
    let output = desk
        .command(&["--records", "list.csv", "--dry-run"])
        .env_remove("BIGIN_ACCESS_TOKEN")
        .output();
    let (code, lines, told) = read(output.unwrap());
    assert_eq!((code, lines.len(), desk.requests()), (0, 3, 0), "{told}");
    assert!(
        lines
            .iter()
            .all(|line| line["dry_run"] == true && line["upload"]["attempts"] == 0)
    );
}

#[test]
fn what_concerns_everything_stops_at_once_with_exit_code_3() {
    for (status, code) in [
        (403, "NO_PERMISSION"),
        (401, "OAUTH_SCOPE_MISMATCH"),
        (400, "AUTHORIZATION_FAILED"),
    ] {
        let desk = Desk::new(60);
        desk.server.misbehave((0..60).map(|_| Fault::code(status, code, "no")));
        let (exit, lines, told) = desk.run(&["--records", "list.csv", "--journal", "done"]);
        assert_eq!((exit, lines.len()), (3, desk.requests()), "{told}");
        assert!(desk.requests() <= 10 && told.contains("--resume"), "{told}");
        desk.server.state().faults.clear();
        let (exit, lines, told) = desk.run(&["--records", "list.csv", "--journal", "done", "--resume"]);
        assert_eq!((exit, lines.len()), (0, 60), "{told}");
        assert_eq!(desk.server.state().photos.len(), 60);
    }
}

#[test]
fn one_record_that_does_not_exist_does_not_stop_the_others() {
    let desk = Desk::new(5);
    desk.server.state().missing.push(3);
    let (code, lines, _) = desk.run(&["--records", "list.csv"]);
    assert_eq!((code, lines[2]["upload"]["code"].as_str()), (1, Some("INVALID_DATA")));
    assert_eq!(
        (lines[2]["status"].as_str(), lines[2]["error"]["kind"].as_str()),
        (Some("failed"), Some("api"))
    );
    assert_eq!(desk.server.state().photos.len(), 4);
}

#[test]
fn a_journal_of_an_earlier_run_is_not_written_over_and_what_it_has_is_not_sent() {
    let desk = Desk::new(4);
    assert_eq!(desk.run(&["--records", "list.csv", "--journal", "done"]).0, 0);
    let (code, _, told) = desk.run(&["--records", "list.csv", "--journal", "done"]);
    assert!(code == 2 && told.contains("--resume"), "{told}");
    let (code, lines, _) = desk.run(&["--records", "list.csv", "--journal", "done", "--resume"]);
    assert!(code == 0 && lines.iter().all(|line| line["status"] == "skipped"));
    assert_eq!(desk.requests(), 4);
}

#[test]
fn runs_that_are_killed_are_resumed_and_nothing_seen_is_sent_again() {
    const PHOTOS: u8 = 80;
    // Other moments each time, of a run that takes about half a second.
    let random = RandomState::new();
    for moment in (0..5).map(|index| random.hash_one(index) % 400) {
        println!("killed after {moment} ms:");
        let desk = Desk::new(PHOTOS);
        desk.server.state().fault_at = Some(|_| Some(Fault::Slow(Duration::from_millis(20))));
        let args = ["--records", "list.csv", "--journal", "done", "--resume", "--quiet"];
        let mut child = desk.command(&args).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
        // What was in flight comes to its end on the server.
        std::thread::sleep(Duration::from_millis(200));
        let entries = fs::read_to_string(desk.path("done")).unwrap_or_default();
        let seen: Vec<String> = entries
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["record"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let before = desk.server.state().photos.len();
        assert_eq!(desk.run(&args).0, 0);
        let state = desk.server.state();
        assert_eq!(state.photos.len(), usize::from(PHOTOS));
        assert!(
            seen.iter().all(|record| state.photos[record].0 == 1),
            "a success that was seen is not sent again"
        );
        let twice = state.photos.values().filter(|(count, _)| *count > 1).count();
        assert!(
            twice <= 5,
            "only what was in flight is sent twice, and that is five at most: {twice}"
        );
        println!("{before} stored, {} seen, {twice} sent twice", seen.len());
    }
}

#[test]
fn a_file_that_became_another_one_is_sent_again() {
    let desk = Desk::new(3);
    let args = ["--records", "list.csv", "--journal", "done", "--resume", "--quiet"];
    assert_eq!(desk.run(&args).0, 0);
    // One is another picture, one has only been touched, one is as it was.
    fs::write(desk.path("1.jpg"), jpeg(40, 30, 200)).unwrap();
    let touched = fs::File::options().append(true).open(desk.path("2.jpg")).unwrap();
    touched.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(desk.run(&args).0, 0);
    let state = desk.server.state();
    let sent = |record: &str| state.photos[record].0;
    assert_eq!(["Contacts/1", "Contacts/2", "Contacts/3"].map(sent), [2, 1, 1]);
}

#[test]
fn photos_come_from_urls_if_private_ones_are_allowed() {
    let desk = Desk::new(0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let photo = jpeg(40, 30, 9);
    let sent = photo.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(4) {
            let mut stream = stream.unwrap();
            let mut request = [0; 2048];
            let read = stream.read(&mut request).unwrap();
            let answer = match &request[..read] {
                r if r.starts_with(b"GET /moved ") => {
                    b"HTTP/1.1 302 X\r\nLocation: /a.jpg\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
                }
                r if r.starts_with(b"GET /file ") => {
                    b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        .to_vec()
                }
                r if r.starts_with(b"GET /a.jpg ") => {
                    let head = format!(
                        "HTTP/1.1 200 X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                        sent.len()
                    );
                    [head.as_bytes(), &sent].concat()
                }
                _ => b"HTTP/1.1 404 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
            };
            stream.write_all(&answer).unwrap();
        }
    });
    let list = format!("module,record_id,photo\nContacts,1,http://{address}/moved\n");
    fs::write(desk.path("list.csv"), list).unwrap();
    let (code, lines, told) = desk.run(&["--records", "list.csv", "--allow-private-urls"]);
    assert_eq!(code, 0, "{told} {lines:?}");
    assert_eq!(desk.server.state().photos["Contacts/1"].1, photo);
    let local = format!("http://localhost:{}/a.jpg", address.port());
    let (code, lines, _) = desk.run(&["--record", "Contacts/2", &local]);
    let message = lines[0]["error"]["message"].as_str().unwrap();
    assert!(
        code == 1 && message.contains("private or local"),
        "a name that resolves to this machine: {message}"
    );
    for place in ["file", "gone"] {
        let url = format!("http://{address}/{place}");
        assert_eq!(
            desk.run(&["--record", "Contacts/3", &url, "--allow-private-urls"]).0,
            1,
            "{place}"
        );
    }
    assert_eq!(desk.requests(), 1);
}

#[test]
fn a_list_is_done_in_parts() {
    let desk = Desk::new(20);
    let mut sent = Vec::new();
    for part in ["1/3", "2/3", "3/3"] {
        let (code, lines, told) = desk.run(&["--records", "list.csv", "--shard", part]);
        assert_eq!(code, 0, "{told}");
        sent.extend(lines.iter().map(|line| line["input"].as_str().unwrap().to_owned()));
    }
    // The parts of the photos are those of `prep`, by the hash of the path alone.
    let args = [
        "prep",
        "1.jpg",
        "2.jpg",
        "3.jpg",
        "--dry-run",
        "-o",
        "out",
        "--shard",
        "2/3",
    ];
    let mut prep = Command::new(env!("CARGO_BIN_EXE_photofit"));
    let prep = read(prep.args(args).current_dir(desk.path("")).output().unwrap()).1;
    let (_, lines, _) = desk.run(&["--records", "list.csv", "--shard", "2/3", "--dry-run"]);
    let first = ["1.jpg", "2.jpg", "3.jpg"].map(Value::from);
    let inputs = |lines: &[Value]| lines.iter().map(|line| line["input"].clone()).collect::<Vec<_>>();
    let of_upload: Vec<Value> = inputs(&lines)
        .into_iter()
        .filter(|input| first.contains(input))
        .collect();
    assert_eq!(of_upload, inputs(&prep));
    sent.sort();
    sent.dedup();
    assert_eq!(
        (sent.len(), desk.requests(), desk.server.state().photos.len()),
        (20, 20, 20)
    );
    let (code, _, told) = desk.run(&["--records", "list.csv", "--shard", "4/3"]);
    assert!(code == 2 && told.contains("a part is expected"), "{told}");
}

#[test]
fn memory_and_time_are_limited_as_by_prep() {
    let desk = Desk::new(3);
    let (code, lines, told) = desk.run(&["--records", "list.csv", "--memory", "1", "--timeout", "60"]);
    assert_eq!((code, lines.len()), (0, 3), "{told}");
    fs::write(desk.path("1.jpg"), super::many::plain(6000, 4000)).unwrap();
    let args = ["--records", "list.csv", "--dry-run", "--timeout", "0.001"];
    let (code, lines, told) = desk.run(&args);
    assert_eq!(
        (code, lines[0]["error"]["kind"].as_str()),
        (1, Some("timed-out")),
        "{told}"
    );
    let (code, lines, _) = desk.run(&["--records", "list.csv", "--dry-run", "--max-memory", "1000"]);
    let error = &lines[0]["error"];
    assert_eq!((code, error["kind"].as_str()), (1, Some("too-much-memory")), "{error}");
    assert!(
        error["message"].as_str().unwrap().ends_with("(--max-memory)"),
        "{error}"
    );
}

#[test]
fn limits_wider_than_the_service_s_are_refused() {
    let desk = Desk::new(1);
    for args in [["--max-bytes", "11MB"], ["--limits", "mastodon"], ["--accept", "webp"]] {
        let (code, _, told) = desk.run(&[&["--records", "list.csv"], &args[..]].concat());
        assert!(
            code == 2 && told.contains("more than the service takes"),
            "{args:?}: {told}"
        );
    }
}

#[cfg(unix)]
#[test]
fn secrets_are_in_nothing_that_is_written() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new(6);
    let echo = SECRETS.join(" and ");
    desk.server.misbehave([
        Fault::Answer(502, Vec::new(), format!("<html>{echo}</html>")),
        Fault::code(400, "INVALID_DATA", &echo),
        Fault::Answer(400, Vec::new(), echo.clone()),
        Fault::Slow(Duration::from_millis(300)),
    ]);
    let secrets = "BIGIN_REFRESH_TOKEN=1000.refresh.secret\nBIGIN_CLIENT_ID=1000.CLIENTID\n# a comment\n\
                   BIGIN_CLIENT_SECRET=clientsecret0123456789\n";
    fs::write(desk.path("credentials"), secrets).unwrap();
    let args = [
        "--records",
        "list.csv",
        "--credentials",
        "credentials",
        "--journal",
        "done",
        "--report",
        "report",
    ];
    fs::set_permissions(desk.path("credentials"), fs::Permissions::from_mode(0o640)).unwrap();
    let (code, _, told) = desk.run(&args);
    assert!(code == 2 && told.contains("can be read by others"), "{told}");
    fs::set_permissions(desk.path("credentials"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = desk.command(&args);
    let child = command
        .env_remove("BIGIN_ACCESS_TOKEN")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let seen = fs::read(format!("/proc/{}/cmdline", child.id())).unwrap_or_default();
    assert!(!cfg!(target_os = "linux") || !seen.is_empty(), "it is over already");
    let output = child.wait_with_output().unwrap();
    let mut all = [seen, output.stdout, output.stderr].concat();
    for name in ["done", "report"] {
        all.extend(fs::read(desk.path(name)).unwrap());
    }
    let all = String::from_utf8_lossy(&all);
    assert!(all.contains("INVALID_DATA"), "{all}");
    // The server made 1000.access.1; 1000.access.0 is one that this run never had, and could not know.
    for secret in SECRETS.iter().filter(|secret| **secret != "1000.access.0") {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}
