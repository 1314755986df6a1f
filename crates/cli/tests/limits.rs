//! Limits seen from outside the process: its address space, and its time.

#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The address space that a refusal may take, in KiB: 50 MB.
const ADDRESS_SPACE: u32 = 50_000_000 / 1024;
/// The longest that a file below a megabyte may take.
const LONGEST: Duration = Duration::from_secs(5);

fn broken() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/broken")
}

/// Files below `testdata/broken` whose names begin so, in order.
fn files(prefix: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(broken())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Whether the manifest expects a refusal: of the bombs, only the one whose huge chunk is no part of the picture passes.
fn refused(file: &Path) -> bool {
    let manifest = std::fs::read_to_string(broken().join("../MANIFEST.tsv")).unwrap();
    let name = format!("broken/{}\t", file.file_name().unwrap().to_string_lossy());
    let line = manifest.lines().find(|line| line.starts_with(&name)).unwrap();
    line.split('\t').next_back().unwrap().starts_with("refuse:")
}

/// `photofit prep FILE` on one worker within `kib` of address space.
fn prep(file: &Path, kib: Option<u32>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let limit = kib.map_or_else(|| "unlimited".to_owned(), |kib| kib.to_string());
    Command::new("sh")
        .args(["-c", "ulimit -v \"$1\" && shift && exec \"$@\"", "sh", &limit])
        .arg(env!("CARGO_BIN_EXE_photofit"))
        .args(["prep", "--jobs", "1", "-o"])
        .args([folder.path(), file])
        .output()
        .unwrap()
}

#[test]
fn bombs_are_refused_within_fifty_megabytes() {
    for bomb in files("huge") {
        let free = prep(&bomb, None);
        let tight = prep(&bomb, Some(ADDRESS_SPACE));
        let said = String::from_utf8_lossy(&tight.stderr).into_owned() + &String::from_utf8_lossy(&tight.stdout);
        // 1: the photo was refused. An abort for want of memory would be a signal.
        let expected = if refused(&bomb) { 1 } else { 0 };
        assert_eq!(tight.status.code(), Some(expected), "{}: {said}", bomb.display());
        assert_eq!(free.status.code(), Some(expected), "{}", bomb.display());
        assert!(!said.contains("out of memory"), "{}: {said}", bomb.display());
    }
}

#[test]
fn the_limit_on_the_address_space_is_felt() {
    // A picture of 11.8 megapixels with alpha cannot be prepared within it: else the test above would prove nothing.
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/photos/badge.png");
    assert!(prep(&photo, None).status.success());
    assert!(!prep(&photo, Some(ADDRESS_SPACE)).status.success());
}

#[test]
fn no_hostile_file_takes_long() {
    for file in files("") {
        let start = Instant::now();
        assert!(
            prep(&file, None).status.code().is_some(),
            "{}: ended by a signal",
            file.display()
        );
        assert!(start.elapsed() < LONGEST, "{}: {:?}", file.display(), start.elapsed());
    }
}
