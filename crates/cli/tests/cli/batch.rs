//! Runs that end early and are resumed, that are split, and that have little memory or time.

use super::*;

/// A desk with photos in `in`, all different.
fn with_photos(count: u32) -> Desk {
    let desk = Desk::new();
    for i in 0..count {
        desk.put(&format!("in/{i:03}.jpg"), &jpeg(600, 400, i));
    }
    desk
}

const PREP: [&str; 6] = ["prep", "in", "-o", "out", "--max-pixels", "100kP"];

fn prep<'a>(more: &[&'a str]) -> Vec<&'a str> {
    PREP.iter().copied().chain(more.iter().copied()).collect()
}

/// The report's lines without what differs from run to run.
fn comparable(text: &str) -> Vec<Value> {
    let mut lines = json_lines(text);
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("elapsed_ms");
    }
    lines
}

fn journal(desk: &Desk) -> Vec<Value> {
    json_lines(&String::from_utf8(desk.get("journal")).unwrap())
}

#[test]
fn what_is_done_and_unchanged_is_not_done_again() {
    let desk = with_photos(6);
    desk.put("in/notes.txt", b"nothing to see");
    desk.put("in/broken.jpg", b"\xFF\xD8\xFF\xE0nothing to see");
    let first = desk.run(&prep(&["--journal", "journal"])).code(1);
    let unbroken: Vec<_> = desk
        .files("out")
        .iter()
        .map(|f| desk.get(&format!("out/{f}")))
        .collect();
    assert_eq!(journal(&desk).len(), 8);

    // Nothing has changed: only what failed or was skipped is looked at again.
    let again = desk.run(&prep(&["--journal", "journal", "--resume"])).code(1);
    assert_eq!(comparable(&first.out()), comparable(&again.out()));
    assert!(again.err().contains("6 were done by an earlier run"), "{}", again.err());
    assert_eq!(journal(&desk).len(), 10);

    // Another input, a missing output, a damaged output, and an input that is only as new.
    desk.put("in/000.jpg", &jpeg(600, 400, 100));
    fs::remove_file(desk.path("out/001.jpg")).unwrap();
    let mut damaged = desk.get("out/002.jpg");
    damaged[300] ^= 1;
    desk.put("out/002.jpg", &damaged);
    let same = desk.get("in/003.jpg");
    desk.put("in/003.jpg", &same);
    desk.run(&prep(&["--journal", "journal", "--resume"])).code(1);
    let redone: Vec<Value> = journal(&desk).split_off(10);
    let mut names: Vec<&str> = redone
        .iter()
        .filter(|line| line["status"] == "ok")
        .map(|line| line["input"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["in/000.jpg", "in/001.jpg", "in/002.jpg"]);
    for (index, file) in desk.files("out").iter().enumerate() {
        assert_eq!(
            desk.get(&format!("out/{file}")) == unbroken[index],
            index != 0,
            "{file}"
        );
    }

    // Other options are another job.
    let other = prep(&["--journal", "journal", "--resume", "--quality", "70"]);
    let ran = desk.run(&other).code(1);
    assert!(!ran.err().contains("earlier run"), "{}", ran.err());
}

#[test]
fn a_journal_belongs_to_one_run() {
    let desk = with_photos(1);
    desk.run(&prep(&["--journal", "journal"])).code(0);
    let ran = desk.run(&prep(&["--journal", "journal"])).code(2);
    assert!(ran.err().contains("--resume"), "{}", ran.err());
    let file = fs::File::open(desk.path("journal")).unwrap();
    file.lock().unwrap();
    let ran = desk.run(&prep(&["--journal", "journal", "--resume"])).code(2);
    assert!(ran.err().contains("in use by another run"), "{}", ran.err());
    file.unlock().unwrap();
    desk.put("journal", b"{\"record\":\"Contacts/1\",\"input\":\"in/000.jpg\"}\n");
    let ran = desk.run(&prep(&["--journal", "journal", "--resume"])).code(2);
    assert!(ran.err().contains("no journal of this command"), "{}", ran.err());
}

#[test]
fn a_killed_run_loses_only_what_was_in_flight() {
    let desk = with_photos(60);
    let whole = desk
        .run(&["prep", "in", "-o", "whole", "--max-pixels", "100kP"])
        .code(0);
    let arguments = prep(&["--journal", "journal", "--jobs", "2"]);
    let mut child = desk.command(&arguments).stdout(Stdio::null()).spawn().unwrap();
    while desk.path("journal").metadata().map_or(0, |m| m.len()) < 10_000 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // As if the last line had been in the writing.
    let text = desk.get("journal");
    let torn = text.len() - 20;
    desk.put("journal", &text[..torn]);
    let before = text[..torn].iter().filter(|&&b| b == b'\n').count();
    assert!((1..60).contains(&before), "{before}");

    let resumed = desk.run(&prep(&["--journal", "journal", "--resume"])).code(0);
    assert!(
        resumed.err().contains(&format!("{before} were done by an earlier run")),
        "{}",
        resumed.err()
    );
    assert_eq!(journal(&desk).len(), 60, "nothing was prepared twice");
    assert_eq!(desk.files("out"), desk.files("whole"), "nothing unfinished is left");
    for file in desk.files("out") {
        assert!(
            desk.get(&format!("out/{file}")) == desk.get(&format!("whole/{file}")),
            "{file}"
        );
    }
    let text = whole.out().replace("\"whole/", "\"out/");
    assert_eq!(comparable(&text), comparable(&resumed.out()));
}

#[cfg(unix)]
#[test]
fn ctrl_c_pressed_twice_leaves_no_half_written_file() {
    use std::io::{BufRead, BufReader};
    let desk = Desk::new();
    let photo = jpeg(3000, 2000, 1);
    for i in 0..40 {
        desk.put(&format!("in/{i:03}.jpg"), &photo);
    }
    let mut child = desk
        .command(&["prep", "in", "-o", "out", "--jobs", "2", "--effort", "smallest"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    let id = child.id().to_string();
    let interrupt = || {
        let status = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(status.success());
    };
    let mut messages = BufReader::new(child.stderr.take().unwrap()).lines();
    interrupt();
    assert!(messages.any(|line| line.unwrap().contains("press Ctrl-C again")));
    interrupt();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let files = desk.files("out");
    assert!(files.len() < 40);
    for file in files {
        assert!(file.ends_with(".jpg") && !file.starts_with('.'), "{file}");
        assert!(desk.get(&format!("out/{file}")).ends_with(&[0xFF, 0xD9]), "{file}");
    }
}

/// Runs the program with `out` on a file system of its own, which has 256 KiB, and copies what is there at the end to
/// `kept`. `None`, with the reason printed, where the system lets nobody mount one.
#[cfg(target_os = "linux")]
fn on_a_small_disk(desk: &Desk, args: &[&str]) -> Option<Ran> {
    let mount = "mkdir -p out kept && mount -t tmpfs -o size=256k tmpfs out";
    let unshared = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command.current_dir(desk.path("")).stdin(Stdio::null());
        command
    };
    if !unshared(mount).output().is_ok_and(|ran| ran.status.success()) {
        println!("skipped: no file system can be mounted here");
        return None;
    }
    let script = format!("{mount} && {{ \"$@\"; code=$?; cp -a out/. kept; exit $code; }}");
    let mut command = unshared(&script);
    command.arg(env!("CARGO_BIN_EXE_photofit")).args(args);
    Some(Ran(command.output().unwrap()))
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_the_photo_that_finds_no_room_and_no_other() {
    let desk = with_photos(4);
    // Noise that a PNG keeps: larger than the whole disk.
    desk.put("in/001-large.png", &noise_png(360, 270));
    let Some(ran) = on_a_small_disk(&desk, &prep(&["--journal", "journal"])) else {
        return;
    };
    let lines = ran.code(1).lines();
    assert_eq!(statuses(&lines), ["ok", "failed", "ok", "ok", "ok"]);
    assert_eq!(lines[1]["error"]["kind"], "io");
    let message = lines[1]["error"]["message"].as_str().unwrap();
    assert!(message.contains("No space left on device"), "{message}");
    // Of what had been written until then nothing is left.
    let kept = desk.files("kept");
    assert_eq!(kept, ["000.jpg", "001.jpg", "002.jpg", "003.jpg"]);

    // The disk is gone as after a power cut: what the journal says is done is looked for, and made again.
    let ran = desk.run(&prep(&["--journal", "journal", "--resume"])).code(0);
    assert!(!ran.err().contains("earlier run"), "{}", ran.err());
    assert_eq!(desk.files("out").len(), 5);
    for name in &kept {
        assert_eq!(
            desk.get(&format!("out/{name}")),
            desk.get(&format!("kept/{name}")),
            "{name}"
        );
    }
}

#[test]
fn parts_are_disjoint_and_make_the_whole() {
    let desk = with_photos(30);
    desk.run(&["prep", "in", "-o", "whole", "--max-pixels", "100kP"])
        .code(0);
    let mut inputs = Vec::new();
    for part in ["1/3", "2/3", "3/3"] {
        let ran = desk.run(&prep(&["--shard", part])).code(0);
        let lines = json_lines(&ran.out());
        assert!((1..30).contains(&lines.len()), "{part}: {}", lines.len());
        inputs.extend(lines.iter().map(|line| line["input"].to_string()));
    }
    inputs.sort();
    inputs.dedup();
    assert_eq!(inputs.len(), 30);
    assert_eq!(desk.files("out"), desk.files("whole"));
    let ran = desk.run(&prep(&["--shard", "4/3"])).code(2);
    assert!(ran.err().contains("1/4, 2/4"), "{}", ran.err());
}

#[test]
fn memory_and_time_have_their_limits() {
    let desk = with_photos(8);
    desk.run(&["prep", "in", "-o", "whole", "--max-pixels", "100kP"])
        .code(0);
    // Too little for even one: each is prepared alone.
    desk.run(&prep(&["--memory", "1kB", "--jobs", "4"])).code(0);
    for file in desk.files("whole") {
        assert!(
            desk.get(&format!("out/{file}")) == desk.get(&format!("whole/{file}")),
            "{file}"
        );
    }
    let ran = desk.run(&["prep", "in", "-o", "late", "--timeout", "0.000001"]).code(1);
    for line in json_lines(&ran.out()) {
        assert_eq!(line["error"]["kind"], "timed-out", "{line}");
    }
    assert!(desk.files("late").is_empty());
}

#[test]
fn the_log_goes_to_standard_error() {
    let desk = with_photos(2);
    let ran = desk
        .run(&prep(&["-v", "--log-format", "json", "--report", "report", "-q"]))
        .code(0);
    let lines = json_lines(&ran.err());
    let done: Vec<_> = lines.iter().filter(|line| line["message"] == "transcoded").collect();
    assert_eq!(done.len(), 2, "{}", ran.err());
    assert!(done.iter().all(|line| line["prepare_ms"].as_f64().unwrap() > 0.0));
    assert!(!ran.err().contains("DEBUG"));
    assert!(ran.out().is_empty());
    let ran = desk.run(&prep(&["-vv"])).code(0);
    assert!(ran.err().contains("stage=Preparing"), "{}", ran.err());
    let ran = desk.run(&prep(&[])).code(0);
    assert!(!ran.err().contains("INFO"), "{}", ran.err());
}

/// Chromium, if there is one.
#[allow(clippy::print_stderr, reason = "why it is skipped")]
fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| {
        let asked = Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        asked.is_ok_and(|status| status.success())
    });
    if found.is_none() {
        eprintln!("skipped in a browser: no Chromium here (Debian's package is called chromium)");
    }
    found
}

#[test]
fn the_page_lists_photos_and_failures_and_works_in_a_browser() {
    let desk = with_photos(3);
    desk.put("in/<b>.jpg", b"\xFF\xD8\xFF\xE0nothing to see");
    desk.run(&prep(&["--html", "page.html"])).code(1);
    let html = String::from_utf8(desk.get("page.html")).unwrap();
    assert_eq!(html.matches("<tr data-name").count(), 4);
    assert_eq!(html.matches("<img src=\"data:image").count(), 3);
    assert!(html.contains("&lt;b&gt;.jpg") && !html.contains("<b>.jpg"));
    let Some(browser) = browser() else { return };
    // The filter is set as somebody would, and the table sorted.
    let script = "<script>field('result').value = 'failed'; filter();\
        document.querySelectorAll('th button')[3].click();</script></body>";
    desk.put("tried.html", html.replace("</body>", script).as_bytes());
    let shown = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!("--user-data-dir={}", desk.path("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", desk.path("tried.html").display()))
        .output()
        .unwrap();
    let dom = String::from_utf8(shown.stdout).unwrap();
    assert!(dom.contains("1 of 4 listed"), "{dom}");
    let hidden: Vec<bool> = dom
        .match_indices("<tr data-name")
        .map(|(at, _)| {
            let end = at + dom[at..].find('>').unwrap();
            dom[at..end].contains("hidden")
        })
        .collect();
    // Largest first: the file that failed has no size and comes last.
    assert_eq!(hidden, [true, true, true, false]);
}

#[cfg(unix)]
#[test]
fn paths_may_be_as_long_as_the_system_allows() {
    let desk = Desk::new();
    let folder = vec!["f".repeat(200); 18].join("/");
    let name = "n".repeat(240);
    desk.put(&format!("in/{folder}/{name}.jpg"), &jpeg(60, 40, 1));
    desk.put("in/short.jpg", &jpeg(60, 40, 2));
    let ran = desk.run(&["prep", "in", "-o", "out", "--journal", "journal"]).code(0);
    assert_eq!(statuses(&json_lines(&ran.out())), ["ok", "ok"]);
    // With a longer output folder the system refuses the path: that photo fails by name, and the other is done.
    let longer = "o".repeat(250);
    let ran = desk.run(&["prep", "in", "-o", &format!("{longer}/{longer}")]).code(1);
    let lines = json_lines(&ran.out());
    assert_eq!(statuses(&lines), ["failed", "ok"]);
    assert!(
        lines[0]["error"]["message"].to_string().contains("too long"),
        "{}",
        lines[0]
    );
}
