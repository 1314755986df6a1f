//! Tells the program which commit it is made from, in release builds out of a repository.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build need not be made anew with each commit.
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_release {
        let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_default();
        println!("cargo::rustc-env=PHOTOFIT_COMMIT={commit}");
        // It gets a line whenever HEAD moves.
        if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists()) {
            println!("cargo::rerun-if-changed={log}");
        }
    }
}

/// What git says, if it is there and the workspace is the root of a repository and not a folder in somebody else's.
fn git(args: &[&str]) -> Option<String> {
    if !Path::new("../../.git").exists() {
        return None;
    }
    let output = Command::new("git").args(args).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}
