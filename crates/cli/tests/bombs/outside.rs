//! The program on every bomb: within an address space and a timeout, alone and in batches with photos.
//!
//! Whatever a file is, it is answered: by a line of the report, with exit code 0 or 1, and within its time.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Case, Ended, alone, cases, run, testdata};

/// The address space of a run, in KiB.
const ADDRESS_SPACE: u32 = 1_500_000;
/// What each photo may take, as `--timeout` has it.
const TIMEOUT: &str = "3";
/// After how long a run on one file counts as endless: twice the timeout and a slow machine.
const ENDLESS: Duration = Duration::from_secs(10);
/// Files of a batch; as many bombs as are left beside the photos.
const BATCH: usize = 40;
/// Photos that are soon done, in every batch.
const PHOTOS: [&str; 4] = [
    "photos/balloons.jpg",
    "photos/dunes.jpg",
    "heic/grid.heic",
    "orientation/orientation-6.png",
];

const PROGRAM: &str = env!("CARGO_BIN_EXE_photofit");

/// What is wrong with how a run ended, whatever it was run on.
fn symptom(ended: &Ended) -> Option<String> {
    let last = |text: &str| {
        text.lines()
            .last()
            .unwrap_or_default()
            .chars()
            .take(160)
            .collect::<String>()
    };
    if ended.overdue {
        return Some(format!("endless, ended after {:.1} s", ended.took.as_secs_f64()));
    }
    match ended.code {
        None => return Some(format!("ended by a signal: {}", last(&ended.err))),
        Some(0 | 1) => {}
        Some(code) => return Some(format!("exit code {code}: {}", last(&ended.err))),
    }
    let said = [&ended.err, &ended.out]
        .into_iter()
        .find(|text| text.contains("panicked"));
    said.map(|text| format!("panicked: {}", last(text)))
}

/// The report's lines.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// `ok`, or the kind of error that a line tells.
fn answer(line: &Value) -> &str {
    line["error"]["kind"].as_str().unwrap_or("ok")
}

/// Runs a command on each file, two at a time, and tells every surprise.
fn each(
    command: &str,
    arguments: &(dyn Fn(&Path) -> Vec<String> + Sync),
    right: &(dyn Fn(&Case, &str) -> bool + Sync),
) {
    let _alone = alone();
    let cases = cases();
    let (next, wrong, times) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let arguments = arguments(&case.path);
                    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                    let ended = run(Path::new(PROGRAM), &arguments, ADDRESS_SPACE, ENDLESS);
                    times.lock().unwrap().push((ended.took, case.name.clone()));
                    let lines = lines(&ended.out);
                    let surprise = symptom(&ended).or_else(|| match &lines[..] {
                        [line] if right(case, answer(line)) => {
                            let code = i32::from(answer(line) != "ok");
                            (ended.code != Some(code))
                                .then(|| format!("{} with exit code {:?}", answer(line), ended.code))
                        }
                        [line] => Some(format!(
                            "answered {}, expected {}",
                            line["error"],
                            case.answers.join(" or ")
                        )),
                        lines => Some(format!("{} lines of report", lines.len())),
                    });
                    if let Some(surprise) = surprise {
                        wrong.lock().unwrap().push(format!("{}: {surprise}", case.name));
                    }
                }
            });
        }
    });
    let (mut wrong, mut times) = (wrong.into_inner().unwrap(), times.into_inner().unwrap());
    wrong.sort();
    times.sort();
    println!(
        "{command}: {} files, {} surprises; the longest:",
        times.len(),
        wrong.len()
    );
    // All that took longer than their timeout and a second, or else the first few.
    let late = times.iter().filter(|(took, _)| took.as_secs() >= 4).count();
    for (took, name) in times.iter().rev().take(late.max(5)) {
        println!("{:7.2} s  {name}", took.as_secs_f64());
    }
    assert!(
        wrong.is_empty(),
        "{command}: {} of {}\n{}",
        wrong.len(),
        times.len(),
        wrong.join("\n")
    );
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The arguments of `prep` with a report, on files that come behind.
fn prep(out: &Path, more: &[&str]) -> Vec<String> {
    let mut all = vec![
        "prep",
        "--timeout",
        TIMEOUT,
        "-q",
        "--report",
        "-",
        "-o",
        out.to_str().unwrap(),
    ];
    all.extend(more);
    all.into_iter().map(str::to_owned).collect()
}

#[test]
fn prep_answers_every_bomb() {
    let out = tempfile::tempdir().unwrap();
    let arguments = |path: &Path| [prep(out.path(), &["--jobs", "1"]), vec![text(path)]].concat();
    each("prep", &arguments, &|case, kind| {
        case.answers.iter().any(|right| right == kind)
    });
}

/// Under the other policies metadata is read and written in other ways; the picture is made anew for its size.
#[test]
fn prep_that_keeps_metadata_answers_every_bomb() {
    let out = tempfile::tempdir().unwrap();
    let more = [
        "--jobs",
        "1",
        "--metadata",
        "keep",
        "--max-pixels",
        "2000",
        "--on-damage",
        "keep",
    ];
    let arguments = |path: &Path| [prep(out.path(), &more), vec![text(path)]].concat();
    // What is kept of a damaged picture, and whether all metadata fits, is another question.
    each("prep --metadata keep", &arguments, &|_, kind| !DEFECTS.contains(&kind));
}

/// Kinds of error that are never right.
const DEFECTS: [&str; 3] = ["panicked", "broken-promise", "out-of-memory"];

#[test]
fn headers_alone_answer_every_bomb() {
    let out = tempfile::tempdir().unwrap();
    let dry = |path: &Path| [prep(out.path(), &["--dry-run"]), vec![text(path)]].concat();
    // What only the pixels can tell is not told yet; a sound photo is never refused.
    let right = |case: &Case, kind: &str| kind == "ok" || case.answers.iter().any(|right| right == kind);
    each("prep --dry-run", &dry, &right);
    let probe = |path: &Path| vec!["probe".to_owned(), "--json".to_owned(), text(path)];
    each("probe", &probe, &right);
}

/// Bombs in batches of 40, with photos between them: every file has its line, and every photo is made.
#[test]
fn a_batch_with_bombs_makes_every_photo() {
    let _alone = alone();
    let cases = cases();
    let mut wrong = Vec::new();
    let (mut files, mut longest) = (0, Duration::ZERO);
    for (index, bombs) in cases.all.chunks(BATCH - PHOTOS.len()).enumerate() {
        let folder = cases.folder.path().join(format!("batch-{index}"));
        std::fs::create_dir(&folder).unwrap();
        for case in bombs {
            std::fs::hard_link(&case.path, folder.join(case.path.file_name().unwrap())).unwrap();
        }
        for (place, photo) in PHOTOS.iter().enumerate() {
            // In the order of names: before, between and behind the bombs.
            let letter = ["a", "h", "p", "z"][place];
            let name = Path::new(photo).file_name().unwrap().to_str().unwrap();
            std::fs::copy(testdata().join(photo), folder.join(format!("{letter}-photo-{name}"))).unwrap();
        }
        let out = tempfile::tempdir().unwrap();
        let arguments = [prep(out.path(), &["--jobs", "2"]), vec![text(&folder)]].concat();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        // Half of the files on each worker, none of which takes longer than a run for itself may.
        let most = ENDLESS * (bombs.len() / 2 + 2) as u32;
        let ended = run(Path::new(PROGRAM), &arguments, ADDRESS_SPACE, most);
        longest = longest.max(ended.took);
        let lines = lines(&ended.out);
        files += bombs.len() + PHOTOS.len();
        let name = |line: &Value| {
            line["input"]
                .as_str()
                .unwrap_or_default()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        if let Some(symptom) = symptom(&ended) {
            wrong.push(format!("batch {index}: {symptom}"));
        }
        if lines.len() != bombs.len() + PHOTOS.len() {
            wrong.push(format!(
                "batch {index}: {} lines for {} files",
                lines.len(),
                bombs.len() + PHOTOS.len()
            ));
        }
        let photos = lines.iter().filter(|line| name(line).contains("-photo-"));
        let made = photos.filter(|line| line["status"] == "ok").count();
        if made != PHOTOS.len() {
            wrong.push(format!("batch {index}: {made} of {} photos", PHOTOS.len()));
        }
        for line in lines.iter().filter(|line| DEFECTS.contains(&answer(line))) {
            wrong.push(format!("batch {index}: {}: {}", name(line), line["error"]));
        }
    }
    println!(
        "{files} files in batches of {BATCH}; the longest batch took {:.1} s",
        longest.as_secs_f64()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Else none of the above would say anything: the limit is felt where a photo needs more.
#[test]
fn the_limit_on_the_address_space_is_felt() {
    let _alone = alone();
    let photo = testdata().join("photos/badge.png");
    let out = tempfile::tempdir().unwrap();
    let arguments = [prep(out.path(), &[]), vec![text(&photo)]].concat();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = run(Path::new(PROGRAM), &arguments, 50_000, ENDLESS);
    assert_ne!(ended.code, Some(0));
}
