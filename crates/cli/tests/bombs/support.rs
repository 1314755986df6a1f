//! What both kinds of test share: the files, and programs that are ended when they take too long.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::bombs;

/// A file, and the kinds of answer that are right.
pub(crate) struct Case {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) answers: Vec<String>,
}

/// All files in one folder, and one for the lists and batches of a test.
pub(crate) struct Cases {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) all: &'static [Case],
}

/// One test after the other: the processor is what they measure.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// Every bomb and every file of `testdata/broken`; or those whose names contain `PHOTOFIT_BOMBS`, to look at one.
pub(crate) fn cases() -> Cases {
    static ALL: OnceLock<Vec<Case>> = OnceLock::new();
    Cases {
        // Beside the files, so that links between both are possible.
        folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(),
        all: ALL.get_or_init(made),
    }
}

/// Makes the files, some hundred megabytes, where cargo keeps what tests make.
fn made() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bombs");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let mut all: Vec<Case> = bombs::all()
        .unwrap()
        .into_iter()
        .map(|bomb| {
            let path = folder.join(&bomb.name);
            std::fs::write(&path, &bomb.bytes).unwrap();
            Case {
                path,
                name: bomb.name,
                answers: bomb.answers.iter().map(|&kind| kind.to_owned()).collect(),
            }
        })
        .collect();
    let manifest = std::fs::read_to_string(testdata().join("MANIFEST.tsv")).unwrap();
    for line in manifest.lines().filter(|line| line.starts_with("broken/")) {
        let columns: Vec<&str> = line.split('\t').collect();
        let name = columns[0].to_owned();
        let answers = columns[6].strip_prefix("refuse:").unwrap_or("ok");
        // In the same folder as the bombs, so that a batch of all of them is one folder.
        let path = folder.join(name.replace('/', "-"));
        std::fs::copy(testdata().join(&name), &path).unwrap();
        let answers = answers.split('|').map(str::to_owned).collect();
        all.push(Case { path, name, answers });
    }
    if let Some(part) = std::env::var_os("PHOTOFIT_BOMBS") {
        let part = part.into_string().unwrap();
        all.retain(|case| case.name.contains(&part));
    }
    all
}

/// How a program ended, and what it said.
pub(crate) struct Ended {
    /// `None` after a signal, and where it had to be ended.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
    pub(crate) overdue: bool,
}

/// Runs `program` within `kib` of address space, and ends it after `most`. What it says goes to files, so that a full
/// pipe cannot stop it.
pub(crate) fn run(program: &Path, arguments: &[&str], kib: u32, most: Duration) -> Ended {
    let (mut out, mut err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let start = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v \"$1\" && shift && exec \"$@\"", "sh", &kib.to_string()])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(err.try_clone().unwrap())
        .spawn()
        .unwrap();
    let mut overdue = false;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > most && !overdue {
            overdue = true;
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = start.elapsed();
    let mut said = [String::new(), String::new()];
    for (file, text) in [&mut out, &mut err].into_iter().zip(&mut said) {
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        *text = String::from_utf8_lossy(&bytes).into_owned();
    }
    let [out, err] = said;
    Ended {
        code: status.code().filter(|_| !overdue),
        out,
        err,
        took,
        overdue,
    }
}
