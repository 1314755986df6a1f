//! `photofit prep`: every input is read, prepared, written and answered.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use photofit::{Options, Preparer};

use super::args::{Overwrite, PrepArgs};
use super::inputs::{self, DASH, Input};
use super::names::Names;
use super::output::{NotWritten, Place, Sources};
use super::progress::{Progress, Summary};
use super::report::{Answer, Note, Planned, Reporter, Verdict, chain, target};
use super::source;
use super::workers::Workers;
use super::{ALL_DONE, Error, SOME_FAILED};

/// The exit code when Ctrl-C is pressed twice: 128 and the number of SIGINT, as shells have it.
const STOPPED: i32 = 130;

/// Prepares the photos that the command line names.
///
/// # Errors
/// [`Error`] when nothing was prepared.
pub(super) fn run(args: PrepArgs) -> Result<u8, Error> {
    let options = args
        .encode
        .apply(args.conform.options())
        .map_err(|e| Error::usage(chain(&e)))?;
    let to_stdout = args.output.as_deref() == Some(Path::new(DASH));
    let folder = args.output.as_deref().filter(|_| !to_stdout);
    if let Some(folder) = folder.filter(|f| f.exists() && !f.is_dir()) {
        return Err(Error::usage(format!(
            "{} is a file: -o takes a folder, or - for standard output",
            folder.display()
        )));
    }
    let inputs = inputs::collect(&args.inputs, folder)?;
    if to_stdout && inputs.len() != 1 {
        let message = format!(
            "-o - writes one photo to standard output, but {} files are named",
            inputs.len()
        );
        return Err(Error::Usage(message));
    }
    let workers = Workers::start(args.jobs)?;
    let folder = folder.map_or_else(PathBuf::new, Path::to_owned);
    let goal = if to_stdout {
        Goal::Stdout
    } else {
        Goal::Folder(Names::assign(&inputs, &folder, &options, args.on_collision, &workers)?)
    };
    if !args.dry_run && !to_stdout && inputs.iter().any(|i| i.verdict.is_none()) {
        // Found out once instead of for each photo.
        std::fs::create_dir_all(&folder).map_err(|source| Error::File {
            what: "create",
            path: folder.clone(),
            source,
        })?;
    }
    let mut reporter = Reporter::new(args.report.as_deref(), args.quiet, to_stdout && !args.dry_run)?;
    let stop = stop_on_ctrl_c();

    let work = Work {
        options: &options,
        inputs: &inputs,
        sources: Sources::new(&inputs),
        goal,
        overwrite: args.overwrite,
        dry_run: args.dry_run,
    };
    let mut progress = Progress::new(inputs.len(), args.quiet || to_stdout);
    let mut summary = Summary::new(args.dry_run);
    let fresh = || Preparer::new(options.clone());
    let done = workers.each(
        inputs.len(),
        &stop,
        fresh,
        |preparer, index| work.answer(preparer, index),
        |index, answer| {
            let answer = answer.unwrap_or_else(|panic| Answer {
                input: inputs[index].display().into_owned(),
                output: None,
                read: 0,
                verdict: Verdict::Failed(Note::new("panicked", format!("internal error: {panic}"))),
            });
            progress.advance(answer.read);
            reporter.write(&answer, &progress);
            summary.add(&answer);
        },
    );
    progress.finish();

    let unreported = reporter.finish();
    if let Some(error) = &unreported {
        eprintln!("photofit: the report is incomplete: {error}");
    }
    let left = inputs.len() - done;
    if !args.quiet && !to_stdout {
        eprintln!("{}", summary.to_text(left));
    }
    let failed = summary.any_failed() || left > 0 || unreported.is_some();
    Ok(if failed { SOME_FAILED } else { ALL_DONE })
}

/// Set when Ctrl-C is pressed: the photos in work are finished. Pressed again, it ends the program.
fn stop_on_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    // Where there is no handler to be had, Ctrl-C ends the program at once, as it does everywhere.
    let _ = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(STOPPED);
        }
        eprintln!("\nfinishing the photos in work; press Ctrl-C again to stop at once");
    });
    stop
}

/// Where results go.
enum Goal {
    /// The single result goes to standard output.
    Stdout,
    /// Each result goes to its name.
    Folder(Names),
}

/// What the workers share.
struct Work<'a> {
    options: &'a Options,
    inputs: &'a [Input],
    sources: Sources<'a>,
    goal: Goal,
    overwrite: Overwrite,
    dry_run: bool,
}

impl Work<'_> {
    /// Reads, prepares and writes one input.
    fn answer(&self, preparer: &mut Preparer, index: usize) -> Answer {
        let input = &self.inputs[index];
        let mut answer = Answer {
            input: input.display().into_owned(),
            output: None,
            read: 0,
            verdict: Verdict::Skipped(Note::new("", "")),
        };
        let collision = match &self.goal {
            Goal::Folder(names) => names.refused(index),
            Goal::Stdout => None,
        };
        answer.verdict = match (&input.verdict, collision) {
            (Some(verdict), _) => verdict.clone(),
            (None, Some(message)) => Verdict::Failed(Note::new("collision", message)),
            (None, None) => match source::read(input, self.options.max_memory()) {
                Ok(bytes) => {
                    answer.read = bytes.len() as u64;
                    self.prepare(preparer, index, &bytes, &mut answer.output)
                        .unwrap_or_else(|verdict| verdict)
                }
                Err(verdict) => verdict,
            },
        };
        answer
    }

    fn prepare(
        &self,
        preparer: &mut Preparer,
        index: usize,
        bytes: &[u8],
        output: &mut Option<String>,
    ) -> Result<Verdict, Verdict> {
        let refused = |error| source::refused(&error, &self.inputs[index]);
        if self.dry_run || self.overwrite == Overwrite::Never {
            let info = photofit::probe(bytes).map_err(refused)?;
            let planned = photofit::plan(bytes, self.options).map_err(refused)?;
            if let Goal::Folder(names) = &self.goal {
                let path = names.path(index, target(&info, &planned).0);
                *output = Some(path.to_string_lossy().into_owned());
                if let Some(note) = self.place(names, index, &path).existing() {
                    return Err(Verdict::Skipped(note));
                }
            }
            if self.dry_run {
                return Ok(Verdict::Planned(Box::new(Planned::new(&info, &planned))));
            }
            *output = None;
        }
        let prepared = preparer.prepare(bytes).map_err(refused)?;
        let report = Box::new(prepared.report().clone());
        match &self.goal {
            Goal::Stdout => {
                let mut stdout = io::stdout().lock();
                let written = stdout.write_all(prepared.bytes()).and_then(|()| stdout.flush());
                written.map_err(|e| Verdict::Failed(Note::new("io", format!("cannot write: {e}"))))?;
                *output = Some(DASH.to_owned());
            }
            Goal::Folder(names) => {
                let path = names.take(index, report.result.format).map_err(|other| {
                    let name = names.path(index, report.result.format);
                    let other = self.inputs[other].display();
                    let message = format!("the name {} belongs to the output of {other}", name.display());
                    Verdict::Failed(Note::new("collision", message))
                })?;
                let text = path.to_string_lossy().into_owned();
                match self.place(names, index, &path).write(prepared.bytes()) {
                    Ok(()) => *output = Some(text),
                    Err(NotWritten::Skipped(note)) => {
                        *output = Some(text);
                        return Err(Verdict::Skipped(note));
                    }
                    Err(NotWritten::Failed(note)) => return Err(Verdict::Failed(note)),
                }
            }
        }
        Ok(Verdict::Done(report))
    }

    fn place<'a>(&'a self, names: &Names, index: usize, path: &'a Path) -> Place<'a> {
        Place {
            path,
            overwrite: self.overwrite,
            beside_source: names.is_beside_source(index),
            sources: &self.sources,
        }
    }
}
