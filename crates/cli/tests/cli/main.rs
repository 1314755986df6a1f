//! The command line, from outside: the program is run on small photos that the tests make.

#![allow(clippy::unwrap_used)]
#![allow(clippy::cast_possible_truncation, reason = "made-up pixels")]
#![allow(clippy::print_stdout, reason = "tells what is left out")]

mod batch;
#[cfg_attr(not(unix), allow(dead_code, reason = "signals and FIFOs are those of Unix"))]
mod bounded;
mod journals;
#[cfg(unix)]
mod signals;
#[cfg(target_os = "linux")]
mod space;
#[cfg(unix)]
mod streams;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder that is removed at the end of the test, and the program run in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a file on the desk, with the folders above it.
    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}; there are {:?}", self.files("")))
    }

    /// Every file below a folder, by its path in it, sorted.
    fn files(&self, folder: &str) -> Vec<String> {
        fn walk(root: &Path, folder: &Path, files: &mut Vec<String>) {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(root, &path, files);
                } else {
                    files.push(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"));
                }
            }
        }
        let mut files = Vec::new();
        walk(&self.path(folder), &self.path(folder), &mut files);
        files.sort();
        files
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_photofit"));
        command.args(args).current_dir(self.0.path());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    fn run_with_input(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(input);
        Ran(child.wait_with_output().unwrap())
    }
}

/// A run of the program that came to its end.
struct Ran(Output);

impl Ran {
    #[track_caller]
    fn code(self, expected: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(expected), "{}\n{}", self.out(), self.err());
        self
    }

    fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    fn lines(&self) -> Vec<Value> {
        json_lines(&self.out())
    }
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// RGB pixels with a gradient and some texture, different for each seed.
fn pixels(width: u16, height: u16, seed: u32) -> Vec<u8> {
    let mut pixels = Vec::new();
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            let texture = (x * 7 + y * 13 + seed * 31) % 23;
            pixels.extend([x * 3 + texture, y * 5 + seed, x + y + texture].map(|v| v.to_le_bytes()[0]));
        }
    }
    pixels
}

fn jpeg(width: u16, height: u16, seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 85);
    encoder
        .encode(
            &pixels(width, height, seed),
            width,
            height,
            jpeg_encoder::ColorType::Rgb,
        )
        .unwrap();
    bytes
}

/// The JPEG with an EXIF segment that says how it is to be turned.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

fn png(width: u16, height: u16, color: png::ColorType, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width.into(), height.into());
    encoder.set_color(color);
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    bytes
}

/// A PNG of noise, which no compression makes smaller.
fn noise_png(width: u16, height: u16) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let data: Vec<u8> = (0..usize::from(width) * usize::from(height) * 3)
        .map(|_| next())
        .collect();
    png(width, height, png::ColorType::Rgb, &data)
}

fn statuses(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["status"].as_str().unwrap()).collect()
}

#[test]
fn a_folder_keeps_its_structure_and_every_file_is_answered() {
    let desk = Desk::new();
    desk.put("in/a.JPG", &jpeg(40, 30, 1));
    desk.put("in/b/c/turned.jpeg", &with_orientation(&jpeg(40, 30, 2), 6));
    desk.put("in/b/large.jpg", &jpeg(200, 150, 3));
    desk.put("in/b/wrong-name.dat", &jpeg(20, 20, 4));
    desk.put("in/b/notes.txt", b"milk, bread");
    desk.put("in/.hidden/secret.jpg", &jpeg(20, 20, 5));
    let ran = desk.run(&["prep", "in", "-o", "out", "--max-pixels", "10_000"]).code(0);

    assert_eq!(
        desk.files("out"),
        ["a.JPG", "b/c/turned.jpeg", "b/large.jpg", "b/wrong-name.dat.jpg"]
    );
    assert_eq!(desk.get("out/a.JPG"), desk.get("in/a.JPG"));
    let lines = ran.lines();
    let inputs: Vec<&str> = lines.iter().map(|line| line["input"].as_str().unwrap()).collect();
    assert_eq!(
        inputs,
        [
            "in/.hidden",
            "in/a.JPG",
            "in/b/c/turned.jpeg",
            "in/b/large.jpg",
            "in/b/notes.txt",
            "in/b/wrong-name.dat"
        ]
    );
    assert_eq!(statuses(&lines), ["skipped", "ok", "ok", "ok", "skipped", "ok"]);
    assert_eq!(lines[0]["reason"]["kind"], "hidden");
    assert_eq!(lines[4]["reason"]["kind"], "not-a-photo");
    let turned = photofit::probe(&desk.get("out/b/c/turned.jpeg")).unwrap();
    assert_eq!((turned.width, turned.height), (30, 40));
    assert_eq!(turned.orientation, photofit::Orientation::Upright);
    let large = photofit::probe(&desk.get("out/b/large.jpg")).unwrap();
    assert!(large.pixels() <= 10_000 && large.pixels() > 9_000);
    assert!(ran.err().contains("2 kept"), "{}", ran.err());
    assert!(ran.err().contains("2 skipped (1 not photos)"), "{}", ran.err());
}

#[test]
fn a_report_line_has_the_stable_fields() {
    let desk = Desk::new();
    desk.put("large.jpg", &with_orientation(&jpeg(200, 150, 1), 8));
    desk.put("text.jpg", b"not a photo at all");
    let ran = desk
        .run(&["prep", "large.jpg", "text.jpg", "-o", "out", "--max-pixels", "10kP"])
        .code(1);
    let lines = ran.lines();

    let mut fields: Vec<&str> = lines[0].as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    let expected = [
        "action",
        "elapsed_ms",
        "encodes",
        "input",
        "losses",
        "output",
        "result",
        "source",
        "status",
    ];
    assert_eq!(fields, expected);
    assert_eq!(lines[0]["input"], "large.jpg");
    assert_eq!(lines[0]["output"], Path::new("out").join("large.jpg").to_str().unwrap());
    assert_eq!(lines[0]["action"], "transcoded");
    assert_eq!(lines[0]["source"]["orientation"], 8);
    assert_eq!(lines[0]["source"]["width"], 200);
    assert_eq!(lines[0]["result"]["format"], "jpeg");
    assert_eq!(lines[0]["result"]["bytes"], desk.get("out/large.jpg").len());

    assert_eq!(lines[1]["status"], "failed");
    assert_eq!(lines[1]["output"], Value::Null);
    assert_eq!(lines[1]["error"]["kind"], "unknown-format");
    assert!(lines[1]["error"]["message"].as_str().unwrap().contains("not a photo a"));
}

#[test]
fn a_second_run_over_the_results_keeps_them_byte_for_byte() {
    let desk = Desk::new();
    desk.put("in/large.jpg", &jpeg(200, 150, 1));
    desk.put("in/turned.jpg", &with_orientation(&jpeg(60, 40, 2), 3));
    desk.put("in/noise.png", &noise_png(100, 100));
    desk.put(
        "in/alpha.png",
        &png(50, 50, png::ColorType::Rgba, &[90, 120, 30, 128].repeat(2500)),
    );
    let limits = ["--max-pixels", "8kP", "--max-bytes", "12kB"];
    desk.run(&[&["prep", "in", "-o", "one"], &limits[..]].concat()).code(0);
    let ran = desk.run(&[&["prep", "one", "-o", "two"], &limits[..]].concat()).code(0);

    assert!(ran.lines().iter().all(|line| line["action"] == "kept"), "{}", ran.out());
    assert_eq!(desk.files("one"), desk.files("two"));
    for file in desk.files("one") {
        assert_eq!(
            desk.get(&format!("one/{file}")),
            desk.get(&format!("two/{file}")),
            "{file}"
        );
    }
}

#[test]
fn failures_do_not_stop_the_others() {
    let desk = Desk::new();
    desk.put("in/a.jpg", b"text");
    desk.put("in/b.jpg", &jpeg(30, 30, 1));
    let whole = jpeg(120, 90, 2);
    desk.put("in/c.jpg", &whole[..whole.len() / 2]);
    desk.put("in/d.png", b"");
    desk.put("in/e.jpg", &jpeg(30, 30, 3));
    let ran = desk.run(&["prep", "in", "gone.jpg", "-o", "out"]).code(1);

    assert_eq!(
        statuses(&ran.lines()),
        ["failed", "ok", "failed", "failed", "ok", "failed"]
    );
    let kinds: Vec<Value> = ran.lines().iter().map(|line| line["error"]["kind"].clone()).collect();
    assert_eq!(
        (kinds[0].as_str(), kinds[3].as_str(), kinds[5].as_str()),
        (Some("unknown-format"), Some("empty"), Some("io"))
    );
    // Nothing half written either: what is there is what was answered with ok.
    assert_eq!(desk.files("out"), ["b.jpg", "e.jpg"]);
    assert!(ran.err().contains("4 refused"), "{}", ran.err());
    assert!(ran.err().contains("a.jpg: not a photo"), "{}", ran.err());
}

#[test]
fn standard_input_to_standard_output() {
    let desk = Desk::new();
    let source = with_orientation(&jpeg(64, 48, 1), 6);
    let ran = desk.run_with_input(&["prep", "-", "-o", "-"], &source).code(0);
    let result = photofit::probe(&ran.0.stdout).unwrap();
    assert_eq!((result.width, result.height), (48, 64));
    let lines = json_lines(&ran.err());
    assert_eq!(
        (lines[0]["input"].as_str(), lines[0]["output"].as_str()),
        (Some("-"), Some("-"))
    );

    // The report may go elsewhere, and then standard error stays empty.
    let ran = desk
        .run_with_input(&["prep", "-", "-o", "-", "--report", "r.jsonl"], &source)
        .code(0);
    assert_eq!(ran.err(), "");
    assert_eq!(
        json_lines(&String::from_utf8(desk.get("r.jsonl")).unwrap())[0]["status"],
        "ok"
    );

    desk.run_with_input(&["prep", "-", "-o", "out"], &source).code(0);
    assert_eq!(desk.files("out"), ["stdin.jpg"]);
    assert_eq!(desk.get("out/stdin.jpg"), ran.0.stdout);

    let ran = desk.run_with_input(&["prep", "-", "-o", "-"], b"text").code(1);
    assert!(ran.0.stdout.is_empty());
}

#[test]
fn one_photo_only_goes_to_standard_output() {
    let desk = Desk::new();
    desk.put("a.jpg", &jpeg(30, 30, 1));
    desk.put("b.jpg", &jpeg(30, 30, 2));
    let ran = desk.run(&["prep", "a.jpg", "-o", "-"]).code(0);
    assert_eq!(ran.0.stdout, desk.get("a.jpg"));
    assert!(
        desk.run(&["prep", "a.jpg", "b.jpg", "-o", "-"])
            .code(2)
            .0
            .stdout
            .is_empty()
    );
    desk.run(&["prep", "a.jpg", "-o", "-", "--report", "-"]).code(2);
}

#[test]
fn paths_from_a_list_keep_their_folders() {
    let desk = Desk::new();
    desk.put("x/a.jpg", &jpeg(30, 30, 1));
    desk.put("y/a.jpg", &jpeg(30, 30, 2));
    desk.put("y/line\nbreak.jpg", &jpeg(30, 30, 3));
    desk.put("list", b"x/a.jpg\r\n\n./y/a.jpg\n");
    desk.run(&["prep", "--files-from", "list", "-o", "lines"]).code(0);
    assert_eq!(desk.files("lines"), ["x/a.jpg", "y/a.jpg"]);

    let list = b"x/a.jpg\0y/line\nbreak.jpg\0";
    desk.run_with_input(&["prep", "--files-from", "-", "-0", "-o", "nul"], list)
        .code(0);
    assert_eq!(desk.files("nul"), ["x/a.jpg", "y/line\nbreak.jpg"]);

    // An empty list is no mistake: there was nothing to do.
    desk.run_with_input(&["prep", "--files-from", "-", "-o", "none"], b"")
        .code(0);
    assert!(!desk.path("none").exists());
}

#[test]
fn wrong_usage_is_told_before_any_work() {
    let desk = Desk::new();
    desk.put("a.jpg", &jpeg(30, 30, 1));
    desk.put("in/a.jpg", &jpeg(30, 30, 1));
    for wrong in [
        &["prep"][..],
        &["prep", "a.jpg"],
        &["prep", "-o", "out"],
        &["prep", "a.jpg", "-o", "out", "--max-bytes", "tiny"],
        &["prep", "a.jpg", "-o", "out", "--files-from", "missing"],
        &["prep", "a.jpg", "-o", "out", "--report", "missing/report.jsonl"],
        &["prep", "a.jpg", "-o", "a.jpg"],
        &["prep", "a.jpg", "-o", "a.jpg/out"],
        &["prep", "a.jpg", "-o", "."],
        &["prep", "in", "-o", "in"],
        &["prep", "-", "-", "-o", "out"],
        &["prep", "-", "--files-from", "-", "-o", "out"],
        &["prep", "a.jpg", "-o", "out", "-0"],
        &["probe"],
        &["shrink"],
        &[],
    ] {
        let ran = desk.run(wrong).code(2);
        assert!(ran.out().is_empty() && !ran.err().is_empty(), "{wrong:?}");
        assert_eq!(desk.files(""), ["a.jpg", "in/a.jpg"], "{wrong:?}");
    }
}

#[test]
fn photos_that_would_collide_are_refused_before_any_work() {
    let desk = Desk::new();
    desk.put("in/other.jpg", &jpeg(30, 30, 1));
    desk.put("in/same.jpg", &jpeg(30, 30, 2));
    desk.put("in/same.bmp", &bmp(20, 20));
    desk.put("in/Same.png", &png(20, 20, png::ColorType::Rgb, &pixels(20, 20, 3)));
    // These two do not collide: the broken one comes to nothing.
    desk.put("in/pair.png", b"broken");
    desk.put("in/pair.jpg", &jpeg(30, 30, 4));
    // A BMP is accepted as it is, and a PNG too.
    desk.run(&["prep", "in", "-o", "apart"]).code(1);
    assert_eq!(
        desk.files("apart"),
        ["Same.png", "other.jpg", "pair.jpg", "same.bmp", "same.jpg"]
    );

    let jpeg_only = ["prep", "in", "-o", "out", "--accept", "jpeg"];
    let ran = desk.run(&jpeg_only).code(1);
    let lines = ran.lines();
    let collided: Vec<&Value> = lines.iter().filter(|l| l["error"]["kind"] == "collision").collect();
    assert_eq!(collided.len(), 3, "{lines:?}");
    for line in collided {
        let message = line["error"]["message"].as_str().unwrap();
        assert!(
            message.to_lowercase().contains("same.") && message.contains("--on-collision rename"),
            "{message}"
        );
    }
    // The others go on.
    assert_eq!(desk.files("out"), ["other.jpg", "pair.jpg"]);
    fs::remove_dir_all(desk.path("out")).unwrap();

    desk.run(&[&jpeg_only[..], &["--on-collision", "rename"]].concat())
        .code(1);
    assert_eq!(
        desk.files("out"),
        ["Same.png.jpg", "other.jpg", "pair.jpg", "same.bmp.jpg", "same.jpg"]
    );

    // One file twice, and files of one name from different folders.
    desk.put("more/other.jpg", &jpeg(30, 30, 5));
    desk.run(&["prep", "in/other.jpg", "in/other.jpg", "-o", "twice"])
        .code(1);
    desk.run(&["prep", "in/other.jpg", "more/other.jpg", "-o", "two"])
        .code(1);
    assert!(desk.files("twice").is_empty() && desk.files("two").is_empty());
    desk.run(&[
        "prep",
        "in/other.jpg",
        "more/other.jpg",
        "-o",
        "two",
        "--on-collision",
        "rename",
    ])
    .code(0);
    assert_eq!(desk.files("two"), ["other.jpg", "other.jpg.jpg"]);
}

fn bmp(width: u16, height: u16) -> Vec<u8> {
    let image = image::RgbImage::from_raw(width.into(), height.into(), pixels(width, height, 9)).unwrap();
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Bmp).unwrap();
    bytes.into_inner()
}

#[test]
fn a_name_that_turns_out_to_be_taken_is_a_failure() {
    let desk = Desk::new();
    // From its header the PNG stays a PNG; only its bytes make it a JPEG.
    desk.put("in/a.png", &noise_png(120, 120));
    desk.put("in/a.jpg", &jpeg(30, 30, 1));
    let ran = desk.run(&["prep", "in", "-o", "out", "--max-bytes", "20kB"]).code(1);
    let lines = ran.lines();
    assert_eq!(statuses(&lines), ["ok", "failed"]);
    assert_eq!(lines[1]["error"]["kind"], "collision");
    assert_eq!(desk.get("out/a.jpg"), desk.get("in/a.jpg"));
}

#[test]
fn existing_outputs_are_treated_as_asked() {
    let desk = Desk::new();
    desk.put("in/a.jpg", &jpeg(30, 30, 1));
    let run = |overwrite: &str| desk.run(&["prep", "in", "-o", "out", "--overwrite", overwrite]).code(0);
    let modified = || fs::metadata(desk.path("out/a.jpg")).unwrap().modified().unwrap();
    run("changed");
    let first = modified();

    // The same bytes: not touched, unless asked.
    std::thread::sleep(std::time::Duration::from_millis(20));
    run("changed");
    assert_eq!(modified(), first);
    run("always");
    assert_ne!(modified(), first);

    // Other bytes: replaced, unless asked.
    desk.put("out/a.jpg", b"something else");
    let ran = run("never");
    assert_eq!(statuses(&ran.lines()), ["skipped"]);
    assert_eq!(ran.lines()[0]["reason"]["kind"], "exists");
    assert_eq!(desk.get("out/a.jpg"), b"something else");
    run("changed");
    assert_eq!(desk.get("out/a.jpg"), desk.get("in/a.jpg"));
    assert_eq!(desk.files("out"), ["a.jpg"]);
}

#[test]
fn no_source_is_ever_written_over() {
    let desk = Desk::new();
    desk.put("a.jpg", &with_orientation(&jpeg(30, 20, 1), 6));
    desk.put("a.bmp", &bmp(20, 20));
    let sources = [desk.get("a.jpg"), desk.get("a.bmp")];
    // Onto itself.
    desk.run(&["prep", "a.jpg", "-o", ".", "--overwrite", "always"]).code(2);
    // Onto its neighbour, which is no input of this run.
    let ran = desk.run(&["prep", "a.bmp", "-o", ".", "--accept", "jpeg"]).code(1);
    assert_eq!(ran.lines()[0]["error"]["kind"], "exists");
    assert_eq!([desk.get("a.jpg"), desk.get("a.bmp")], sources);
    // A free name beside the source is fine, also the second time.
    fs::remove_file(desk.path("a.jpg")).unwrap();
    for _ in 0..2 {
        desk.run(&["prep", "a.bmp", "-o", ".", "--accept", "jpeg"]).code(0);
        assert_eq!(desk.files(""), ["a.bmp", "a.jpg"]);
    }
}

#[test]
fn a_dry_run_plans_and_writes_nothing() {
    let desk = Desk::new();
    desk.put("in/a.jpg", &jpeg(30, 30, 1));
    desk.put("in/b.jpg", &jpeg(200, 150, 2));
    desk.put("in/c.jpg", b"text");
    let ran = desk
        .run(&["prep", "in", "-o", "out", "--max-pixels", "10kP", "--dry-run"])
        .code(1);
    let lines = ran.lines();
    assert_eq!(statuses(&lines), ["ok", "ok", "failed"]);
    assert_eq!(
        (lines[0]["action"].as_str(), lines[1]["action"].as_str()),
        (Some("kept"), Some("transcoded"))
    );
    assert_eq!(lines[1]["dry_run"], true);
    assert_eq!(lines[1]["output"], Path::new("out").join("b.jpg").to_str().unwrap());
    assert!(lines[1]["result"]["width"].as_u64().unwrap() < 200);
    assert!(!desk.path("out").exists());
    desk.run(&["prep", "in", "--dry-run"]).code(1);
    assert_eq!(desk.files(""), ["in/a.jpg", "in/b.jpg", "in/c.jpg"]);
}

#[test]
fn the_output_folder_inside_the_input_folder_is_no_input() {
    let desk = Desk::new();
    desk.put("in/a.jpg", &jpeg(30, 30, 1));
    desk.put("in/sub/b.jpg", &jpeg(30, 30, 2));
    for _ in 0..2 {
        let ran = desk.run(&["prep", "in", "-o", "in/ready"]).code(0);
        assert_eq!(ran.lines().len(), 2);
        assert_eq!(desk.files("in/ready"), ["a.jpg", "sub/b.jpg"]);
    }
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let desk = Desk::new();
    for i in 0..12_u16 {
        desk.put(&format!("in/{i}.jpg"), &jpeg(60 + i * 17, 90, i.into()));
    }
    desk.put("in/n.png", &noise_png(150, 100));
    let run = |jobs: &str, out: &str| {
        let args = [
            "prep",
            "in",
            "-o",
            out,
            "-j",
            jobs,
            "--max-pixels",
            "9kP",
            "--max-bytes",
            "9kB",
        ];
        let mut lines = desk.run(&args).code(0).lines();
        for line in &mut lines {
            line["elapsed_ms"] = Value::Null;
            line["output"] = Value::Null;
        }
        lines
    };
    assert_eq!(run("1", "one"), run("4", "four"));
    assert_eq!(desk.files("one"), desk.files("four"));
    for file in desk.files("one") {
        assert_eq!(
            desk.get(&format!("one/{file}")),
            desk.get(&format!("four/{file}")),
            "{file}"
        );
    }
}

#[test]
fn quiet_leaves_only_failures_and_the_report_asked_for() {
    let desk = Desk::new();
    desk.put("a.jpg", &jpeg(30, 30, 1));
    desk.put("b.jpg", b"text");
    let ran = desk.run(&["prep", "a.jpg", "-o", "out", "--quiet"]).code(0);
    assert_eq!((ran.out(), ran.err()), (String::new(), String::new()));
    let ran = desk.run(&["prep", "a.jpg", "b.jpg", "-o", "out", "-q"]).code(1);
    assert_eq!(ran.out(), "");
    assert!(
        ran.err().starts_with("failed      b.jpg: not a photo") && ran.err().lines().count() == 1,
        "{}",
        ran.err()
    );
    let ran = desk
        .run(&["prep", "a.jpg", "b.jpg", "-o", "out", "-q", "--report", "-"])
        .code(1);
    assert_eq!((ran.lines().len(), ran.err()), (2, String::new()));
}

#[test]
fn options_reach_the_library() {
    let desk = Desk::new();
    desk.put(
        "alpha.png",
        &png(50, 50, png::ColorType::Rgba, &[90, 120, 30, 128].repeat(2500)),
    );
    let prep = |more: &[&str]| desk.run(&[&["prep", "alpha.png", "-o", "out"], more].concat());
    let ran = prep(&["--format", "jpeg", "--quality", "40", "--background", "#000"]).code(0);
    assert_eq!(ran.lines()[0]["result"]["quality"], 40.0);
    assert_eq!(ran.lines()[0]["losses"][0]["kind"], "alpha");
    let decoded = image_of(&desk.get("out/alpha.jpg"));
    assert!(
        decoded[0].abs_diff(45) < 8 && decoded[1].abs_diff(60) < 8,
        "{decoded:?}"
    );
    let ran = prep(&["--format", "jpeg", "--deny-loss", "animation,alpha"]).code(1);
    assert_eq!(ran.lines()[0]["error"]["kind"], "loss-denied");
    let ran = prep(&["--max-source-pixels", "2000"]).code(1);
    assert_eq!(ran.lines()[0]["error"]["kind"], "too-many-pixels");
}

/// The first pixel of a JPEG.
fn image_of(jpeg: &[u8]) -> Vec<u8> {
    let mut decoder = zune_jpeg::JpegDecoder::new(zune_core::bytestream::ZCursor::new(jpeg));
    decoder.decode().unwrap()[..3].to_vec()
}

#[test]
fn probe_prints_a_table_or_lines() {
    let desk = Desk::new();
    desk.put("in/a.jpg", &with_orientation(&jpeg(200, 150, 1), 6));
    desk.put("in/b.png", &png(20, 20, png::ColorType::Rgb, &pixels(20, 20, 3)));
    desk.put("in/notes.txt", b"milk");
    let ran = desk.run(&["probe", "in"]).code(0);
    let table = ran.out();
    assert!(table.starts_with("file"), "{table}");
    let row: Vec<&str> = table
        .lines()
        .nth(1)
        .unwrap()
        .split("  ")
        .map(str::trim)
        .filter(|c| !c.is_empty())
        .collect();
    assert_eq!(&row[1..3], ["JPEG", "150x200"]);
    assert_eq!(row[5], "6");
    assert_eq!(row.last(), Some(&"transcode to JPEG 150x200"));
    assert_eq!(table.lines().count(), 3);
    assert!(ran.err().contains("1 skipped"));

    desk.put("in/c.jpg", b"text");
    let lines = desk.run(&["probe", "in", "--json"]).code(1).lines();
    assert_eq!(lines[0]["info"]["format"], "jpeg");
    assert_eq!(
        (lines[0]["info"]["width"].as_u64(), lines[0]["plan"]["width"].as_u64()),
        (Some(200), Some(150))
    );
    assert_eq!(lines[0]["plan"]["action"], "transcode");
    assert_eq!(lines[1]["plan"]["action"], "keep");
    assert_eq!(lines[2]["error"]["kind"], "unknown-format");
    assert_eq!(lines[3]["reason"]["kind"], "not-a-photo");
}

#[test]
fn the_presets_are_listed() {
    let desk = Desk::new();
    let table = desk.run(&["limits"]).code(0).out();
    let lines = desk.run(&["limits", "--json"]).code(0).lines();
    assert_eq!(lines.len(), photofit::Limits::presets().len());
    for (line, preset) in lines.iter().zip(photofit::Limits::presets()) {
        assert_eq!(line["name"], preset.name);
        assert!(table.contains(preset.name));
    }
    assert_eq!(lines[0]["max_bytes"], 10_000_000);
}

#[test]
fn help_teaches() {
    let desk = Desk::new();
    let prep = [
        "PATH",
        "--files-from",
        "--null",
        "--output",
        "--overwrite",
        "--on-collision",
        "--dry-run",
        "--report",
        "--quiet",
        "--limits",
        "--max-pixels",
        "--max-bytes",
        "--max-side",
        "--accept",
        "--format",
        "--metadata",
        "--max-source-pixels",
        "--max-memory",
        "--quality",
        "--min-quality",
        "--chroma",
        "--filter",
        "--light",
        "--effort",
        "--background",
        "--check",
        "--on-damage",
        "--deny-loss",
        "--jobs",
        "10MP",
        "10MB",
        "[default: bigin]",
        "Exit codes",
    ];
    let probe = [
        "PATH",
        "--json",
        "--limits",
        "--max-pixels",
        "--metadata",
        "--format",
        "Exit codes",
    ];
    for (args, mentioned) in [
        (&["prep", "--help"][..], &prep[..]),
        (&["probe", "--help"], &probe),
        (&["limits", "--help"], &["--json"]),
        (&["--help"], &["prep", "probe", "limits"]),
    ] {
        let help = desk.run(args).code(0).out();
        assert!(help.contains("Examples:"), "{args:?}");
        for word in mentioned {
            assert!(help.contains(word), "{args:?} does not mention {word}");
        }
    }
}

#[cfg(unix)]
#[test]
fn names_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    let name = OsStr::from_bytes(b"caf\xE9.jpg");
    fs::create_dir(desk.path("in")).unwrap();
    if fs::write(desk.path("in").join(name), jpeg(30, 30, 1)).is_err() {
        return; // Some file systems take UTF-8 only.
    }
    let ran = desk.run(&["prep", "in", "-o", "out"]).code(0);
    assert_eq!(ran.lines()[0]["input"], "in/caf\u{FFFD}.jpg");
    assert!(desk.path("out").join(name).exists());
    desk.run_with_input(&["prep", "--files-from", "-", "-o", "list"], b"in/caf\xE9.jpg\n")
        .code(0);
    assert!(desk.path("list/in").join(name).exists());
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends() {
    let desk = Desk::new();
    desk.put("in/sub/a.jpg", &jpeg(30, 30, 1));
    std::os::unix::fs::symlink(desk.path("in"), desk.path("in/sub/up")).unwrap();
    let ran = desk.run(&["prep", "in", "-o", "out"]).code(0);
    assert_eq!(statuses(&ran.lines()), ["ok", "skipped"]);
    assert_eq!(ran.lines()[1]["reason"]["kind"], "loop");
    assert_eq!(desk.files("out"), ["sub/a.jpg"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    desk.put("a.jpg", &jpeg(30, 30, 1));
    fs::create_dir(desk.path("out")).unwrap();
    fs::set_permissions(desk.path("out"), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(desk.path("out/probe"), b"").is_ok() {
        return; // For root there are no read-only folders.
    }
    let ran = desk.run(&["prep", "a.jpg", "-o", "out"]).code(1);
    assert_eq!(ran.lines()[0]["error"]["kind"], "io");
    assert!(desk.files("out").is_empty());
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_finishes_the_photos_in_work() {
    use std::io::{BufRead, BufReader, Read};
    let desk = Desk::new();
    let photo = jpeg(1200, 900, 1);
    for i in 0..150 {
        desk.put(&format!("in/{i:03}.jpg"), &photo);
    }
    let mut command = desk.command(&["prep", "in", "-o", "out", "--jobs", "1", "--max-pixels", "500kP"]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let ran = Ran(child.wait_with_output().unwrap()).code(1);
    let answered = 1 + rest.lines().count();
    assert!(answered < 150);
    assert!(
        ran.err()
            .contains(&format!("interrupted: {} not started", 150 - answered)),
        "{}",
        ran.err()
    );
    // Every photo that was started is whole, and there is nothing beside them.
    assert_eq!(desk.files("out").len(), answered);
    assert!(json_lines(&rest).iter().all(|line| line["status"] == "ok"));
}

#[test]
fn every_shell_gets_completions_and_every_command_a_manual_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = Command::new(env!("CARGO_BIN_EXE_photofit"))
            .args(["completions", shell])
            .output()
            .unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("max-pixels"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man");
    let status = Command::new(env!("CARGO_BIN_EXE_photofit"))
        .arg("man")
        .arg(&pages)
        .status()
        .unwrap();
    assert!(status.success());
    for (page, told) in [
        ("photofit.1", "photofit"),
        ("photofit-prep.1", "max\\-pixels"),
        ("photofit-probe.1", "probe"),
    ] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.starts_with(".ie") && text.contains(told), "{page}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_photofit"))
        .arg("--version")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with(concat!("photofit ", env!("CARGO_PKG_VERSION"), "\n")),
        "{text}"
    );
    assert_eq!(text.contains("heic"), cfg!(feature = "heic"), "{text}");
}
