//! Makes every file of `testdata/`, from nothing but code.
//!
//! ```text
//! cargo run --release --example testdata              write testdata/
//! cargo run --release --example testdata -- --check   compare with testdata/, exit 1 on any difference
//! ```
//!
//! It does not use photofit's own library, so that the data is independent of what it tests. Containers are written
//! byte by byte here; only the compression of JPEG, HEIC, lossless WebP, GIF and TIFF-LZW comes from libraries.

// A generator talks to who runs it, and narrows pixel values that it has bounded itself.
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::cast_possible_truncation)]

mod bombs;
mod entry;
mod formats;
mod math;
mod picture;
mod sets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use entry::{Entry, Result};

/// Files in `testdata/` that are written by hand.
const BY_HAND: [&str; 1] = ["README.md"];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let done = match args[..] {
        [] => write(&root).map(|()| true),
        ["--check"] => check(&root),
        _ => {
            eprintln!("usage: testdata [--check]");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("testdata: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Every file, with the manifest last.
fn generate() -> Result<Vec<(String, Vec<u8>)>> {
    let entries = sets::all()?;
    let manifest = entry::manifest(&entries).into_bytes();
    let mut files: Vec<(String, Vec<u8>)> = entries
        .into_iter()
        .map(|Entry { path, bytes, .. }| (path, bytes))
        .collect();
    files.push(("MANIFEST.tsv".to_owned(), manifest));
    let names: BTreeSet<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    if names.len() != files.len() {
        return Err("two files have the same name".into());
    }
    Ok(files)
}

/// Writes every file, and removes what is no longer made.
fn write(root: &Path) -> Result<()> {
    let files = generate()?;
    for path in present(root)? {
        if !files.iter().any(|(name, _)| *name == path) {
            fs::remove_file(root.join(&path))?;
            println!("removed {path}");
        }
    }
    let mut total = 0;
    for (path, bytes) in &files {
        let target = root.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(target, bytes)?;
        total += bytes.len();
    }
    println!("{} files, {total} bytes", files.len());
    Ok(())
}

/// Whether `root` holds exactly the files that would be written.
fn check(root: &Path) -> Result<bool> {
    let files = generate()?;
    let present = present(root)?;
    let mut differences = 0;
    let mut differs = |path: &str, how: &str| {
        eprintln!("testdata/{path} {how}");
        differences += 1;
    };
    for (path, bytes) in &files {
        match fs::read(root.join(path)) {
            Ok(on_disk) if on_disk == *bytes => {}
            Ok(_) => differs(path, "differs from what the generator makes"),
            Err(_) => differs(path, "is missing"),
        }
    }
    for path in present.iter().filter(|p| !files.iter().any(|(name, _)| name == *p)) {
        differs(path, "is not made by the generator");
    }
    if differences == 0 {
        println!("{} files are as the generator makes them", files.len());
    } else {
        eprintln!("run `cargo run --release --example testdata` and look at what has changed");
    }
    Ok(differences == 0)
}

/// The generated files that are there now, as sorted paths below `root`.
fn present(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        for item in fs::read_dir(folder)? {
            let item = item?;
            if item.file_type()?.is_dir() {
                folders.push(item.path());
                continue;
            }
            let path = item.path();
            let parts: Vec<_> = path
                .strip_prefix(root)?
                .components()
                .map(|c| c.as_os_str().to_string_lossy())
                .collect();
            let name = parts.join("/");
            if !BY_HAND.contains(&name.as_str()) {
                found.push(name);
            }
        }
    }
    found.sort();
    Ok(found)
}
