//! Runs within a limited address space: what does not fit is refused, and the run goes on.

use super::bounded::{ended, start_with};
use super::*;

/// Runs the program within so many KiB of address space.
fn within(kib: u32, desk: &Desk, args: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    let script = "ulimit -v \"$1\" && shift && exec \"$@\"";
    command.args(["-c", script, "sh", &kib.to_string(), env!("CARGO_BIN_EXE_photofit")]);
    ended(start_with(
        command.args(args).current_dir(desk.path("")).stdin(Stdio::null()),
    ))
}

#[test]
fn a_photo_that_the_address_space_has_no_room_for_is_refused_and_the_others_are_done() {
    let desk = Desk::new();
    let badge = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/photos/badge.png");
    desk.put("in/1.jpg", &jpeg(400, 300, 1));
    desk.put("in/2.png", &fs::read(badge).unwrap());
    desk.put("in/3.jpg", &jpeg(400, 300, 2));
    // With half of it an arena of the allocator, of 64 MiB, would leave no room if it found a place, which is chance.
    let ran = within(200_000, &desk, &["prep", "in", "-o", "out", "--jobs", "1"]).code(1);
    let lines = ran.lines();
    assert_eq!(statuses(&lines), ["ok", "failed", "ok"]);
    assert_eq!(lines[1]["error"]["kind"], "too-much-memory");
}

#[test]
fn many_photos_share_the_address_space_that_there_is() {
    let desk = Desk::new();
    // Each takes about 220 MB: one at a time there is room for, beside 40 MB of program and up to five arenas of 64 MiB
    // that its threads map, and two there is not.
    let row: Vec<u8> = (0..8000 * 3_u32).map(|i| (i * 7 % 251) as u8).collect();
    let photo = png(8000, 8000, png::ColorType::Rgb, &row.repeat(8000));
    for i in 0..4 {
        desk.put(&format!("in/{i}.png"), &photo);
    }
    let args = [
        "prep",
        "in",
        "-o",
        "out",
        "--jobs",
        "2",
        "--max-pixels",
        "1MP",
        "--quiet",
    ];
    within(650_000, &desk, &args).code(0);
    assert_eq!(desk.files("out").len(), 4);
}

#[test]
fn without_room_for_threads_the_program_says_so() {
    let desk = Desk::new();
    desk.put("a.jpg", &jpeg(40, 30, 1));
    let ran = within(200_000, &desk, &["prep", "a.jpg", "-o", "out", "--jobs", "1000"]).code(2);
    assert!(ran.err().contains("cannot start the worker threads"), "{}", ran.err());
}
