//! The command line with objects as inputs and outputs.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::jpeg;
use super::s3::{Fault, S3};

const SMALL: [&str; 2] = ["--max-pixels", "20kP"];

/// The program, in a folder of its own and with the environment that leads to the server alone.
pub struct Desk {
    pub folder: TempDir,
    pub environment: Vec<(&'static str, String)>,
}

impl Desk {
    pub fn new(server: &S3) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            environment: server.environment().into(),
        }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_photofit"));
        let others = std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy().to_lowercase();
            name.starts_with("aws_") || name.ends_with("_proxy")
        });
        for (name, _) in others {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().cloned());
        command.args(args).args(SMALL).current_dir(self.folder.path());
        command
    }

    #[track_caller]
    pub fn run(&self, args: &[&str], code: i32) -> Ran {
        let ran = Ran(self.command(args).stdin(Stdio::null()).output().unwrap());
        assert_eq!(
            ran.0.status.code(),
            Some(code),
            "{args:?}\n{}\n{}",
            ran.out(),
            ran.err()
        );
        ran
    }

    /// What the program makes of the same photos in a folder, by their paths there.
    pub fn local(&self, photos: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
        for (name, bytes) in photos {
            let path = self.folder.path().join("local").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let lines = self.run(&["prep", "local", "-o", "expected"], 0).lines();
        let read = |line: &Value| {
            let output = line["output"].as_str().unwrap();
            let bytes = fs::read(self.folder.path().join(output)).unwrap();
            (output.strip_prefix("expected/").unwrap().to_owned(), bytes)
        };
        lines.iter().map(read).collect()
    }
}

pub struct Ran(Output);

impl Ran {
    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    pub fn lines(&self) -> Vec<Value> {
        self.out()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Photos by their names, some in a folder.
pub fn photos(count: u32) -> BTreeMap<String, Vec<u8>> {
    let name = |n| format!("{}{n:03}.jpg", if n % 3 == 0 { "sub/" } else { "" });
    (0..count).map(|n| (name(n), jpeg(300, 200, n))).collect()
}

pub fn put(server: &S3, photos: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in photos {
        server.put(&format!("b/in/{name}"), bytes);
    }
}

/// What is below a prefix of the server, by the names there.
fn below(server: &S3, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let name = |key: String| (key.strip_prefix(prefix).unwrap().to_owned(), server.get(&key).unwrap());
    server.keys(prefix).into_iter().map(name).collect()
}

/// The report's lines without what differs from run to run.
fn comparable(mut lines: Vec<Value>) -> Vec<Value> {
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("elapsed_ms");
    }
    lines
}

#[test]
fn a_prefix_is_prepared_into_another_as_a_folder_would_be() {
    let server = S3::start();
    let desk = Desk::new(&server);
    let photos = photos(10);
    let expected = desk.local(&photos);
    put(&server, &photos);
    server.put("b/in/sub/", b"");
    server.put("b/in/notes.txt", b"nothing to see");
    server.put("b/in/.hidden/a.jpg", &jpeg(30, 20, 1));
    let ran = desk.run(&["prep", "s3://b/in/", "-o", "s3://b/in/out"], 0);
    println!("10 photos and 2 others: {:?}", server.counts());
    assert_eq!(below(&server, "b/in/out/"), expected);
    let lines = ran.lines();
    let statuses = |status: &str| lines.iter().filter(|line| line["status"] == status).count();
    assert_eq!((statuses("ok"), statuses("skipped"), lines.len()), (10, 3, 13));
    let line = lines
        .iter()
        .find(|line| line["input"] == "s3://b/in/sub/000.jpg")
        .unwrap();
    assert_eq!(line["output"], "s3://b/in/out/sub/000.jpg");

    // Again: the same keys with the same bytes, and what was written is no input.
    let again = desk.run(&["prep", "s3://b/in/", "-o", "s3://b/in/out/"], 0);
    assert_eq!(comparable(again.lines()), comparable(lines));
    let counts = server.counts();
    assert_eq!(
        (counts["GET"], counts["PUT"], counts.get("HEAD")),
        (11, 10, None),
        "{counts:?}"
    );
    assert_eq!(below(&server, "b/in/out/"), expected);
}

#[test]
fn objects_files_and_web_addresses_go_together() {
    let server = S3::start();
    let desk = Desk::new(&server);
    server.put("b/in/one.jpg", &jpeg(300, 200, 1));
    server.put("public/two.jpg", &jpeg(300, 200, 2));
    fs::write(desk.folder.path().join("three.jpg"), jpeg(300, 200, 3)).unwrap();
    fs::write(desk.folder.path().join("four.jpg"), jpeg(300, 200, 4)).unwrap();
    let four = format!("file://{}/four.jpg", desk.folder.path().display());
    let two = format!("http://{}/public/two.jpg?key=1", server.address);
    let inputs = ["s3://b/in/one.jpg", two.as_str(), "three.jpg", four.as_str()];
    let args = |output| [&["prep"][..], &inputs[..], &["-o", output][..]].concat();

    let refused = desk.run(&args("s3://b/out"), 2);
    assert!(refused.err().contains("private or local"), "{}", refused.err());
    let args = |output| [&args(output)[..], &["--allow-private-urls"][..]].concat();
    let lines = desk.run(&args("s3://b/out"), 0).lines();
    let told: Vec<_> = lines.iter().map(|line| line["output"].as_str().unwrap()).collect();
    let names = ["one.jpg", "two.jpg", "three.jpg", "four.jpg"];
    assert_eq!(told, names.map(|name| format!("s3://b/out/{name}")));
    desk.run(&args("out"), 0);
    desk.run(&args(&format!("file://{}/out2", desk.folder.path().display())), 0);
    for name in names {
        let bytes = server.get(&format!("b/out/{name}")).unwrap();
        assert_eq!(fs::read(desk.folder.path().join("out").join(name)).unwrap(), bytes);
        assert_eq!(fs::read(desk.folder.path().join("out2").join(name)).unwrap(), bytes);
    }

    // A list keeps the keys, and a single object may go to standard output.
    fs::write(desk.folder.path().join("list"), "s3://b/in/one.jpg\nthree.jpg\n").unwrap();
    desk.run(&["prep", "--files-from", "list", "-o", "s3://b/listed"], 0);
    assert_eq!(server.keys("b/listed"), ["b/listed/in/one.jpg", "b/listed/three.jpg"]);
    let ran = desk.run(&["prep", "s3://b/in/one.jpg", "-o", "-", "-q"], 0);
    assert_eq!(ran.0.stdout, server.get("b/out/one.jpg").unwrap());
}

#[test]
fn nothing_is_written_that_was_not_asked_for() {
    let server = S3::start();
    let desk = Desk::new(&server);
    let photos = photos(5);
    put(&server, &photos);
    let lines = desk
        .run(&["prep", "s3://b/in/", "-o", "s3://b/out", "--dry-run"], 0)
        .lines();
    assert_eq!(lines[0]["output"], "s3://b/out/001.jpg");
    let probed = desk.run(&["probe", "s3://b/in/", "--json"], 0).lines();
    assert_eq!(
        (&probed[0]["input"], &probed[0]["info"]["width"]),
        (&"s3://b/in/001.jpg".into(), &300.into())
    );
    assert_eq!(server.counts().get("PUT"), None);

    // What is there already stays with `never`, also if it appears in between.
    server.put("b/out/001.jpg", b"somebody's");
    let lines = desk
        .run(&["prep", "s3://b/in/", "-o", "s3://b/out", "--overwrite", "never"], 0)
        .lines();
    assert_eq!(
        (&lines[0]["status"], &lines[0]["reason"]["kind"]),
        (&"skipped".into(), &"exists".into())
    );
    assert_eq!(server.get("b/out/001.jpg").unwrap(), b"somebody's");
    assert_eq!(server.keys("b/out/").len(), 5);

    // A source is never written over.
    let same = desk.run(&["prep", "s3://b/in/", "-o", "s3://b/in"], 2);
    assert!(same.err().contains("both input and output"), "{}", same.err());
    let same = desk.run(&["prep", "s3://b/in/001.jpg", "-o", "s3://b/in"], 2);
    assert!(same.err().contains("over itself"), "{}", same.err());
    server.put("b/in/a.png", b"");
    server.put("b/in/a.bmp", &bmp());
    server.put("b/in/a.jpg", b"somebody's");
    let beside = desk
        .run(&["prep", "s3://b/in/a.bmp", "-o", "s3://b/in", "--format", "jpeg"], 1)
        .lines();
    assert_eq!(beside[0]["error"]["kind"], "exists", "{beside:?}");
    assert_eq!(server.get("b/in/a.jpg").unwrap(), b"somebody's");
    assert_eq!(below(&server, "b/in/").len(), 8);

    // What cannot be an output is refused before anything is read.
    server.counts();
    for output in ["https://example.com/out", "s3://", "s3://b//x"] {
        desk.run(&["prep", "s3://b/in/", "-o", output], 2);
    }
    assert_eq!(server.counts(), BTreeMap::new());
}

/// A BMP that has to be made smaller.
fn bmp() -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([x as u8, y as u8, 7]));
    pixels
        .write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Bmp)
        .unwrap();
    bytes
}

#[test]
fn what_cannot_be_read_or_written_is_that_photo_s_failure() {
    let server = S3::start();
    let desk = Desk::new(&server);
    put(&server, &photos(4));
    server.state().fault_at = Some(|request| {
        let (path, put) = (request.path(), request.method == "PUT");
        let denied = (path.contains("in/001") && !put) || (path.contains("out/002") && put);
        denied.then_some(Fault::Status(403))
    });
    let lines = desk
        .run(&["prep", "s3://b/in/", "s3://b/none.jpg", "-o", "s3://b/out"], 1)
        .lines();
    let errors: Vec<_> = lines
        .iter()
        .filter(|line| line["status"] == "failed")
        .map(|l| &l["error"]["message"])
        .collect();
    let told = |n: usize| errors[n].as_str().unwrap();
    assert_eq!(errors.len(), 3, "{lines:?}");
    assert!(
        told(0).starts_with("cannot read: s3://b/in/001.jpg: access is denied: "),
        "{}",
        told(0)
    );
    assert!(told(1).starts_with("cannot write s3://b/out/002.jpg: "), "{}", told(1));
    assert_eq!(told(2), "cannot read: s3://b/none.jpg does not exist");
    assert_eq!(server.keys("b/out/"), ["b/out/sub/000.jpg", "b/out/sub/003.jpg"]);

    // A list of which a part is missing is none.
    server.state().fault_at = Some(|request| request.parameter("list-type").map(|_| Fault::Status(403)));
    let ran = desk.run(&["prep", "s3://b/in/", "-o", "s3://b/out2"], 2);
    assert!(ran.err().contains("access is denied"), "{}", ran.err());
}

#[test]
fn parts_make_the_whole() {
    let server = S3::start();
    let desk = Desk::new(&server);
    let photos = photos(12);
    put(&server, &photos);
    let mut inputs = Vec::new();
    for part in ["1/3", "2/3", "3/3"] {
        let lines = desk
            .run(&["prep", "s3://b/in/", "-o", "s3://b/out", "--shard", part], 0)
            .lines();
        inputs.extend(lines.iter().map(|line| line["input"].as_str().unwrap().to_owned()));
    }
    inputs.sort();
    let expected: Vec<String> = photos.keys().map(|name| format!("s3://b/in/{name}")).collect();
    assert_eq!(inputs, expected);
    assert_eq!(server.keys("b/out/").len(), 12);
}

#[test]
fn what_is_done_and_unchanged_is_not_done_again() {
    let server = S3::start();
    let desk = Desk::new(&server);
    put(&server, &photos(6));
    let args = ["prep", "s3://b/in/", "-o", "s3://b/out", "--journal", "journal"];
    let first = desk.run(&args, 0);
    let resumed = [&args[..], &["--resume"]].concat();
    server.counts();
    let again = desk.run(&resumed, 0);
    assert_eq!(comparable(again.lines()), comparable(first.lines()));
    assert!(again.err().contains("6 were done by an earlier run"), "{}", again.err());
    let counts = server.counts();
    assert_eq!(
        (counts["HEAD"], counts.get("GET"), counts.get("PUT")),
        (6, None, None),
        "{counts:?}"
    );

    // Another input, a missing output, and an output that is another one.
    server.put("b/in/001.jpg", &jpeg(300, 200, 50));
    server.state().objects.remove("b/out/002.jpg");
    server.put("b/out/sub/003.jpg", b"somebody's");
    desk.run(&resumed, 0);
    let counts = server.counts();
    assert_eq!((counts["GET"], counts["PUT"]), (3, 3), "{counts:?}");
    let redone: Vec<_> = {
        let state = server.state();
        let puts = state.log.iter().filter(|(kind, _)| *kind == "PUT").rev().take(3);
        let mut puts: Vec<String> = puts.map(|(_, target)| target.clone()).collect();
        puts.sort();
        puts
    };
    assert_eq!(redone, ["/b/out/001.jpg", "/b/out/002.jpg", "/b/out/sub/003.jpg"]);
    desk.run(&resumed, 0);
    assert_eq!(server.counts().get("GET"), None);

    // The journal also knows an object that was named, and its output in a folder.
    let args = ["prep", "s3://b/in/001.jpg", "-o", "out", "--journal", "other"];
    desk.run(&args, 0);
    server.counts();
    desk.run(&[&args[..], &["--resume"]].concat(), 0);
    assert_eq!(server.counts(), BTreeMap::from([("HEAD", 1)]));
}

#[test]
fn a_run_that_is_killed_goes_on() {
    let server = S3::start();
    let desk = Desk::new(&server);
    let photos = photos(40);
    let expected = desk.local(&photos);
    put(&server, &photos);
    let args = [
        "prep",
        "s3://b/in/",
        "-o",
        "s3://b/out",
        "--journal",
        "journal",
        "--jobs",
        "2",
    ];
    server.state().fault_at =
        Some(|request| (request.method == "PUT").then_some(Fault::Slow(Duration::from_millis(30))));
    let mut child = desk
        .command(&args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while server.keys("b/out/").len() < 5 {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is written");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What was on its way to the server comes to an end there.
    thread::sleep(Duration::from_millis(200));
    let done = server.keys("b/out/").len();
    let noted = fs::read_to_string(desk.folder.path().join("journal")).unwrap();
    let noted = noted.matches('\n').count();
    assert!(
        (3..40).contains(&noted) && done <= noted + 2,
        "{done} written, {noted} noted"
    );
    server.counts();
    let ran = desk.run(&[&args[..], &["--resume"]].concat(), 0);
    assert!(
        ran.err().contains(&format!("{noted} were done by an earlier run")),
        "{}",
        ran.err()
    );
    let counts = server.counts();
    assert_eq!((counts["GET"], counts["PUT"]), (40 - noted, 40 - noted), "{counts:?}");
    assert_eq!(below(&server, "b/out/"), expected);
}
