//! What the integration tests share: the test data with what is expected of it, and independent programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use photofit::{Error, Limits, Orientation, Prepared, probe};

/// A row of `testdata/MANIFEST.tsv`.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) format: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) orientation: u8,
    pub(crate) special: String,
    /// `Ok`, or the kind of error that must come.
    pub(crate) expected: Result<(), String>,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Every file of the manifest; HEIC only where this build reads it.
pub(crate) fn samples() -> Vec<Sample> {
    let manifest = std::fs::read_to_string(testdata().join("MANIFEST.tsv")).expect("testdata has a manifest");
    let samples: Vec<Sample> = manifest
        .lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let number = |i: usize| columns[i].parse().unwrap_or(0);
            Sample {
                name: columns[0].to_owned(),
                format: columns[1].to_owned(),
                width: number(2),
                height: number(3),
                orientation: columns[4].parse().unwrap_or(1),
                special: columns[5].to_owned(),
                expected: match columns[6].strip_prefix("refuse:") {
                    None => Ok(()),
                    Some(kind) => Err(kind.to_owned()),
                },
                bytes: std::fs::read(testdata().join(columns[0])).expect("a file of the manifest"),
            }
        })
        .filter(|s| cfg!(feature = "heic") || s.format != "HEIC")
        .collect();
    assert!(samples.len() > 150, "the manifest lists {} files", samples.len());
    samples
}

/// Checks the promise on a result from outside, and that an error is none of photofit's own defects.
pub(crate) fn check(name: &str, result: &Result<Prepared<'_>, Error>, limits: &Limits) {
    match result {
        Ok(prepared) => {
            let info = probe(prepared.bytes()).unwrap_or_else(|e| panic!("{name}: the result is unreadable: {e}"));
            assert!(limits.formats().contains(info.format), "{name}: {}", info.format);
            assert!(
                limits.allow_size(info.width, info.height),
                "{name}: {} x {}",
                info.width,
                info.height
            );
            assert!(info.bytes <= limits.max_bytes(), "{name}: {} bytes", info.bytes);
            assert_eq!(info.orientation, Orientation::Upright, "{name}");
        }
        Err(error) => {
            let defect = matches!(error, Error::Panicked { .. } | Error::BrokenPromise { .. });
            assert!(!defect, "{name}: {error}");
        }
    }
}

/// A small sequence of numbers that is the same in every run.
pub(crate) struct Sequence(pub(crate) u64);

impl Sequence {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

/// A Python with Pillow: `PHOTOFIT_PYTHON`, or `python3`. `None`, with the reason printed, where there is none.
pub(crate) fn pillow() -> Option<Command> {
    let python = std::env::var_os("PHOTOFIT_PYTHON").unwrap_or_else(|| "python3".into());
    let found = Command::new(&python)
        .args(["-c", "import PIL"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !found {
        println!("skipped: {} has no Pillow (set PHOTOFIT_PYTHON)", python.display());
    }
    found.then(|| Command::new(python))
}

/// `exiftool`; `None`, with the reason printed, where there is none.
pub(crate) fn exiftool() -> Option<Command> {
    let found = Command::new("exiftool")
        .arg("-ver")
        .output()
        .is_ok_and(|o| o.status.success());
    if !found {
        println!("skipped: exiftool is not installed");
    }
    found.then(|| Command::new("exiftool"))
}
