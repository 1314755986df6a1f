//! The performance gate: how many instructions each stage takes, which repeat where times do not.
//!
//! `cargo run --release -p photofit-gate` counts each stage under callgrind (of valgrind), compares with
//! `benches/instructions.tsv`, and fails where one takes more than 2 percent more than there. `-- --accept` writes what
//! was counted into that file. A stage is run once and three times in processes of their own, and half of the difference
//! is what counts, so that making the inputs does not.
//!
//! Counts depend on the compiler, and on what the processor offers: kernels are chosen by that. Where either is another
//! than the one that the figures were counted with, nothing is compared, and the gate says so.

#![allow(clippy::print_stdout, clippy::print_stderr)] // It talks to people.

#[path = "../../common/photos.rs"]
mod photos;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use photofit::jpeg::decode::{Decoder, Planes, Scale};
use photofit::jpeg::encode::{EncodeOptions, Encoder, Frame, Mode, Plane, Quality, QuantTables, Sampling};
use photofit::{Check, Effort, Light, Limits, Options, Preparer};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// By how much a stage may grow, or shrink without its figure being renewed.
const TOLERANCE: f64 = 0.02;

/// The size of the photos: 0.75 megapixels, not of whole MCUs.
const WIDTH: u16 = 1001;
const HEIGHT: u16 = 751;

/// A stage's work, ready to be repeated.
type Work = Box<dyn FnMut() -> Result<()>>;

/// A name, and what makes a stage's inputs.
type Stage = (&'static str, fn() -> Result<Work>);

const STAGES: [Stage; 19] = [
    ("probe", || {
        let jpeg = photos::photo(WIDTH, HEIGHT);
        // Once is too little to be told from the noise of a process.
        Ok(Box::new(move || {
            Ok((0..100).try_for_each(|_| photofit::probe(black_box(&jpeg)).map(drop))?)
        }))
    }),
    ("decode/baseline", || decode(photos::photo(WIDTH, HEIGHT), Scale::Full)),
    ("decode/progressive", || {
        decode(photos::progressive(WIDTH, HEIGHT), Scale::Full)
    }),
    ("decode/half", || decode(photos::photo(WIDTH, HEIGHT), Scale::Half)),
    ("decode/eighth", || decode(photos::photo(WIDTH, HEIGHT), Scale::Eighth)),
    ("encode/fastest", || encode(Mode::Sequential, false)),
    ("encode/balanced", || encode(Mode::Optimised, false)),
    ("encode/smallest", || encode(Mode::Progressive, true)),
    // The result is small, so that little but resampling counts.
    ("resample/linear", || {
        prepare(bitmap(), limits(60_000), |options| options.with_effort(Effort::Fastest))
    }),
    ("resample/gamma", || {
        prepare(bitmap(), limits(60_000), |options| {
            options.with_effort(Effort::Fastest).with_light(Light::Gamma)
        })
    }),
    ("road/upright", || {
        prepare(photos::photo(WIDTH, HEIGHT), limits(400_000), |o| o)
    }),
    ("road/rotated", || {
        prepare(photos::turned(&photos::photo(WIDTH, HEIGHT), 6), limits(400_000), |o| o)
    }),
    ("road/progressive", || {
        prepare(photos::progressive(WIDTH, HEIGHT), limits(400_000), |o| o)
    }),
    ("road/eighth", || {
        prepare(photos::photo(WIDTH, HEIGHT), limits(5_000), |o| o)
    }),
    ("road/turned without loss", || {
        prepare(photos::turned(&photos::photo(1008, 752), 6), limits(1_000_000), |o| o)
    }),
    // Small enough that turning it counts, and with next to no decoding.
    ("road/turned in pixels", || {
        let tiff = photos::tiff(&photos::pixels(WIDTH, HEIGHT), WIDTH, HEIGHT, 6);
        prepare(tiff, limits(60_000), |options| options.with_effort(Effort::Fastest))
    }),
    ("rewritten", || {
        // Nothing but its metadata is changed, and its header alone is looked at.
        let jpeg = photos::turned(&photos::photo(WIDTH, HEIGHT), 1);
        prepare(jpeg, limits(1_000_000), |options| options.with_check(Check::Header))
    }),
    ("budget", || {
        let limits = Limits::bigin().with_max_pixels(400_000).with_max_bytes(60_000);
        prepare(photos::photo(WIDTH, HEIGHT), limits, |o| o)
    }),
    ("kept", || {
        prepare(photos::photo(WIDTH, HEIGHT), limits(1_000_000), |options| {
            options.with_check(Check::Header)
        })
    }),
];

fn limits(max_pixels: u64) -> Limits {
    Limits::bigin().with_max_pixels(max_pixels)
}

fn bitmap() -> Vec<u8> {
    photos::bmp(&photos::pixels(WIDTH, HEIGHT), WIDTH, HEIGHT)
}

fn decode(jpeg: Vec<u8>, scale: Scale) -> Result<Work> {
    let (mut decoder, mut planes) = (Decoder::default(), Planes::new());
    Ok(Box::new(move || {
        decoder.planes(black_box(&jpeg), scale, &mut planes)?;
        Ok(())
    }))
}

fn encode(mode: Mode, trellis: bool) -> Result<Work> {
    let mut planes = Planes::new();
    let jpeg = photos::photo(WIDTH, HEIGHT);
    Decoder::default().planes(&jpeg, Scale::Full, &mut planes)?;
    let frame = Frame::new(WIDTH, HEIGHT, Sampling::S420)?;
    let tables = QuantTables::photographic(Quality::new(90.0)?);
    let mut encoder = Encoder::new();
    Ok(Box::new(move || {
        let views: Vec<Plane<'_>> = planes
            .planes()
            .iter()
            .map(|plane| Plane::new(plane.samples(), plane.stride()))
            .collect();
        let options = EncodeOptions::new()
            .quant_tables(tables.clone())
            .mode(mode)
            .trellis(trellis);
        let mut out = Vec::new();
        encoder.encode_planes(frame, black_box(&views), &options, &mut out)?;
        black_box(out);
        Ok(())
    }))
}

fn prepare(photo: Vec<u8>, limits: Limits, change: fn(Options) -> Options) -> Result<Work> {
    let mut preparer = Preparer::new(change(Options::default().with_limits(limits)));
    Ok(Box::new(move || {
        black_box(preparer.prepare(black_box(&photo))?.bytes().len());
        Ok(())
    }))
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        [] => gate(false),
        ["--accept"] => gate(true),
        ["--stage", name, times] => stage(name, times).map(|()| true),
        _ => Err("usage: gate [--accept]".into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gate: {error}");
            ExitCode::from(2)
        }
    }
}

/// What the counts depend on beside the code: the compiler, and the processor's features that kernels are chosen by.
fn conditions() -> Result<String> {
    let compiler = output(Command::new("rustc").arg("--version"))?;
    let mut conditions = format!("{}, {}", compiler.trim(), std::env::consts::ARCH);
    #[cfg(target_arch = "x86_64")]
    for (name, detected) in [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("bmi1", is_x86_feature_detected!("bmi1")),
        ("bmi2", is_x86_feature_detected!("bmi2")),
        ("lzcnt", is_x86_feature_detected!("lzcnt")),
    ] {
        if detected {
            write!(conditions, "+{name}")?;
        }
    }
    Ok(conditions)
}

/// What a process under callgrind does.
fn stage(name: &str, times: &str) -> Result<()> {
    let (_, make) = STAGES
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| format!("no stage {name}"))?;
    let mut work = make()?;
    for _ in 0..times.parse()? {
        work()?;
    }
    Ok(())
}

/// Counts all stages and compares them; says whether none has changed too much.
fn gate(accept: bool) -> Result<bool> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../instructions.tsv");
    let conditions = conditions()?;
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let mut lines = kept.lines();
    let kept_conditions = lines
        .next()
        .and_then(|line| line.strip_prefix("# "))
        .unwrap_or_default();
    if !accept && kept_conditions.is_empty() {
        return Err(format!("{} has no figures: count them with --accept", path.display()).into());
    }
    if !accept && kept_conditions != conditions {
        println!("skipped: the figures were counted with {kept_conditions}; this is {conditions}");
        return Ok(true);
    }
    let kept: BTreeMap<&str, u64> = lines
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
        .collect();
    let directory = tempfile::tempdir()?;
    let mut written = format!("# {conditions}\n");
    let mut passed = true;
    println!("{:<26}{:>14}{:>14}{:>9}", "stage", "instructions", "kept", "change");
    for ((name, _), counted) in STAGES.iter().zip(count_all(directory.path())?) {
        writeln!(written, "{name}\t{counted}")?;
        let Some(&before) = kept.get(*name) else {
            println!("{name:<26}{counted:>14}{:>14}{:>9}  new", "", "");
            passed = false;
            continue;
        };
        let change = counted as f64 / before.max(1) as f64 - 1.0;
        let verdict = if change > TOLERANCE {
            "  SLOWER"
        } else if change < -TOLERANCE {
            "  faster: keep it with --accept"
        } else {
            ""
        };
        passed &= change <= TOLERANCE;
        println!("{name:<26}{counted:>14}{before:>14}{:>8.1}%{verdict}", change * 100.0);
    }
    for gone in kept
        .keys()
        .filter(|name| STAGES.iter().all(|(known, _)| known != *name))
    {
        println!("{gone:<26}{:>14}{:>14}{:>9}  gone", "", "", "");
        passed = false;
    }
    if accept {
        std::fs::write(&path, written)?;
        println!("written to {}", path.display());
        return Ok(true);
    }
    if !passed {
        println!("If that is meant: cargo run --release -p photofit-gate -- --accept");
    }
    Ok(passed)
}

/// The instructions of doing each stage once, counted on all processors: what is counted does not depend on time.
fn count_all(directory: &Path) -> Result<Vec<u64>> {
    let next = AtomicUsize::new(0);
    let counted = Mutex::new(vec![0; STAGES.len()]);
    let work = || -> std::result::Result<(), String> {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((name, _)) = STAGES.get(index) else {
                return Ok(());
            };
            let times = |times| count(name, times, directory).map_err(|e| e.to_string());
            let (one, three) = (times(1)?, times(3)?);
            counted.lock().unwrap_or_else(PoisonError::into_inner)[index] = three.saturating_sub(one) / 2;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..std::thread::available_parallelism()?.get())
            .map(|_| scope.spawn(work))
            .collect();
        for worker in workers {
            worker.join().map_err(|_| "a count panicked")??;
        }
        Ok::<_, Box<dyn Error>>(())
    })?;
    Ok(counted.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The instructions of a process that does a stage so many times.
fn count(name: &str, times: u32, directory: &Path) -> Result<u64> {
    let out: PathBuf = directory.join(format!("{}-{times}", name.replace('/', "-")));
    let mut command = Command::new("valgrind");
    // Neither the options of somebody's environment or folder, nor its size, which moves the stack.
    command.env_clear().current_dir(directory);
    for name in ["PATH", "VALGRIND_LIB"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe()?)
        .args(["--stage", name, &times.to_string()]);
    output(&mut command)?;
    let text = std::fs::read_to_string(&out)?;
    let total = text.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.ok_or("callgrind wrote no total")?.trim().parse()?)
}

fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("cannot run {program}: {e}"))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} ended with {}: {told}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
