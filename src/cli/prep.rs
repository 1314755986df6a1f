//! `photofit prep`: every input is read, prepared, written and answered.

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use photofit::batch::{Photo, Worker};
use photofit::{Batch, CancelToken, Options, Report};

use super::args::{Overwrite, PrepArgs};
use super::inputs::{self, DASH, Input};
use super::logs;
use super::names::Names;
use super::output::{NotWritten, Place, Sources, Tag, Unfinished};
use super::page::{self, Page};
use super::progress::{Progress, Summary};
use super::report::{Answer, Note, Planned, Reporter, Timings, Verdict, chain, milliseconds, target};
use super::resume::Resume;
use super::source;
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
    let batch = batch(&args, &options);
    let folder = folder.map_or_else(PathBuf::new, Path::to_owned);
    let goal = if to_stdout {
        Goal::Stdout
    } else {
        Goal::Folder(Names::assign(&inputs, &folder, &options, args.on_collision, &batch)?)
    };
    if !args.dry_run && !to_stdout && inputs.iter().any(|i| i.verdict.is_none()) {
        // Found out once instead of for each photo.
        std::fs::create_dir_all(&folder).map_err(|source| Error::File {
            what: "create",
            path: folder.clone(),
            source,
        })?;
    }
    let journal = args.journal.as_deref().filter(|_| !args.dry_run && !to_stdout);
    let resume = journal
        .map(|path| Resume::open(path, args.resume, &options))
        .transpose()?;
    let tag = resume.as_ref().map_or_else(Tag::of_this_process, Resume::tag);
    if args.resume && !folder.as_os_str().is_empty() {
        tag.clean(&folder);
    }
    let mut reporter = Reporter::new(args.report.as_deref(), args.quiet, to_stdout && !args.dry_run)?;
    let unfinished = Unfinished::default();
    let stop = stop_on_ctrl_c(&unfinished);
    let batch = batch.stop(stop.clone());

    let work = Work {
        options: &options,
        inputs: &inputs,
        sources: Sources::new(&inputs),
        goal,
        overwrite: args.overwrite,
        dry_run: args.dry_run,
        resume,
        tag,
        unfinished,
        unjournaled: Mutex::new(None),
        stop,
    };
    // What is named belongs to this part; names are given with a view to all parts.
    let mine: Vec<usize> = (0..inputs.len())
        .filter(|&index| args.shard.is_none_or(|shard| shard.has(inputs[index].key())))
        .collect();
    tracing::info!(
        photos = mine.len(),
        threads = args.jobs,
        memory = args.memory,
        journal = ?args.journal,
        "preparing"
    );
    let progress = Progress::new(mine.len(), args.quiet || to_stdout || logs::is_verbose());
    let mut summary = Summary::new(args.dry_run);
    let mut page = args.html.as_deref().map(Page::new);
    let done = batch.each(
        &mine,
        &progress,
        |worker, place, &index| work.answer(worker, index, args.html.is_some() && page::wants(place)),
        |place, answer| {
            let input = &inputs[mine[place]];
            let answer = answer.unwrap_or_else(|panic| Answer {
                verdict: Verdict::Failed(Note::new("panicked", format!("internal error: {panic}"))),
                ..Answer::new(input)
            });
            answer.log();
            progress.read(answer.read);
            reporter.write(&answer, &progress);
            summary.add(&answer);
            if let Some(page) = &mut page {
                page.add(&answer);
            }
        },
    );
    progress.finish();
    let done = done.map_err(Error::Workers)?;
    tracing::info!(answered = done, left = mine.len() - done, "prepared");

    let unreported = reporter.finish();
    if let Some(error) = &unreported {
        eprintln!("photofit: the report is incomplete: {error}");
    }
    let unpaged = page.and_then(|page| page.write().err());
    if let Some(error) = &unpaged {
        eprintln!("photofit: {}", chain(error));
    }
    let unjournaled = work.unjournaled.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let (Some(error), Some(resume)) = (&unjournaled, &work.resume) {
        eprintln!(
            "photofit: cannot write {}: {error}; the run was stopped",
            resume.path().display()
        );
    }
    let left = mine.len() - done;
    if !args.quiet && !to_stdout {
        eprintln!("{}", summary.to_text(left, work.resume.is_some()));
    }
    let failed = summary.any_failed() || left > 0 || unreported.is_some() || unpaged.is_some() || unjournaled.is_some();
    Ok(if failed { SOME_FAILED } else { ALL_DONE })
}

/// How many photos may be answered before the one that is due: answers take little memory, and a large photo should not
/// hold up the others.
const AHEAD: usize = 1000;

fn batch(args: &PrepArgs, options: &Options) -> Batch {
    let mut batch = Batch::new(options.clone()).ahead(AHEAD);
    if let Some(jobs) = args.jobs {
        batch = batch.jobs(jobs);
    }
    if let Some(memory) = args.memory {
        batch = batch.memory(memory);
    }
    if let Some(timeout) = args.timeout {
        batch = batch.timeout(timeout);
    }
    batch
}

/// Cancelled when Ctrl-C is pressed: the photos in work are finished. Pressed again, it ends the program.
fn stop_on_ctrl_c(unfinished: &Unfinished) -> CancelToken {
    let stop = CancelToken::new();
    let (seen, unfinished) = (stop.clone(), unfinished.clone());
    // Where there is no handler to be had, Ctrl-C ends the program at once, as it does everywhere.
    let _ = ctrlc::set_handler(move || {
        if seen.is_cancelled() {
            unfinished.remove_and_exit(STOPPED);
        }
        seen.cancel();
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
    resume: Option<Resume>,
    tag: Tag,
    unfinished: Unfinished,
    /// Why the journal could not be written. Without it the run could not be resumed: it ends there.
    unjournaled: Mutex<Option<io::Error>>,
    stop: CancelToken,
}

impl Work<'_> {
    /// Reads, prepares and writes one input.
    fn answer(&self, worker: &mut Worker<'_>, index: usize, thumbnail: bool) -> Answer {
        let input = &self.inputs[index];
        let mut answer = Answer::new(input);
        if let Some(verdict) = &input.verdict {
            answer.verdict = verdict.clone();
            return answer;
        }
        if let Goal::Folder(names) = &self.goal {
            if let Some(message) = names.refused(index) {
                answer.verdict = Verdict::Failed(Note::new("collision", message));
                return answer;
            }
            let written = |report: &Report| {
                let path = names.take(index, report.result.format).ok()?;
                Some(path.to_string_lossy().into_owned())
            };
            if let Some(mut done) = self.resume.as_ref().and_then(|resume| resume.done(input, written)) {
                if thumbnail && let Some(bytes) = done.output.as_ref().and_then(|path| fs::read(path).ok()) {
                    done.thumbnail = page::thumbnail(&bytes);
                }
                return done;
            }
        }
        // As it is before it is read: what changes from now on has changed.
        let before = self
            .resume
            .as_ref()
            .and(input.path())
            .and_then(|path| path.metadata().ok());
        match worker.open(input) {
            Ok(mut photo) => {
                answer.read = photo.bytes().len() as u64;
                let verdict = self.prepare(&mut photo, index, before.as_ref(), thumbnail, &mut answer);
                answer.verdict = verdict.unwrap_or_else(|verdict| verdict);
                if !matches!(answer.verdict, Verdict::Done(_)) {
                    self.note(input, before.as_ref(), photo.bytes(), None, &answer);
                }
            }
            Err(error) => {
                answer.verdict = source::failed(&error.cause, input);
                self.note(input, before.as_ref(), &[], None, &answer);
            }
        }
        answer
    }

    /// Writes an answer into the journal, if there is one.
    fn note(&self, input: &Input, before: Option<&Metadata>, bytes: &[u8], output: Option<&[u8]>, answer: &Answer) {
        if let Some(resume) = &self.resume
            && let Err(error) = resume.add(input, before, bytes, output, answer)
        {
            self.stop.cancel();
            self.unjournaled
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(error);
        }
    }

    fn prepare(
        &self,
        photo: &mut Photo<'_>,
        index: usize,
        before: Option<&Metadata>,
        thumbnail: bool,
        answer: &mut Answer,
    ) -> Result<Verdict, Verdict> {
        let refused = |error| source::refused(&error, &self.inputs[index]);
        if self.dry_run || self.overwrite == Overwrite::Never {
            let info = photofit::probe(photo.bytes()).map_err(refused)?;
            let planned = photofit::plan(photo.bytes(), self.options).map_err(refused)?;
            if let Goal::Folder(names) = &self.goal {
                let path = names.path(index, target(&info, &planned).0);
                answer.output = Some(path.to_string_lossy().into_owned());
                if let Some(note) = self.place(names, index, &path).existing() {
                    return Err(Verdict::Skipped(note));
                }
            }
            if self.dry_run {
                return Ok(Verdict::Planned(Box::new(Planned::new(&info, &planned))));
            }
            answer.output = None;
        }
        let source = photo.bytes();
        let prepared = photo.prepare().map_err(refused)?;
        answer.timings = Timings::of(photo.timings());
        let report = Box::new(prepared.report().clone());
        let start = Instant::now();
        match &self.goal {
            Goal::Stdout => {
                let mut stdout = io::stdout().lock();
                let written = stdout.write_all(prepared.bytes()).and_then(|()| stdout.flush());
                written.map_err(|e| Verdict::Failed(Note::new("io", format!("cannot write: {e}"))))?;
                answer.output = Some(DASH.to_owned());
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
                    Ok(()) => answer.output = Some(text),
                    Err(NotWritten::Skipped(note)) => {
                        answer.output = Some(text);
                        return Err(Verdict::Skipped(note));
                    }
                    Err(NotWritten::Failed(note)) => return Err(Verdict::Failed(note)),
                }
            }
        }
        answer.timings.write = milliseconds(start.elapsed());
        if thumbnail {
            answer.thumbnail = page::thumbnail(prepared.bytes());
        }
        answer.verdict = Verdict::Done(report);
        self.note(&self.inputs[index], before, source, Some(prepared.bytes()), answer);
        Ok(answer.verdict.clone())
    }

    fn place<'a>(&'a self, names: &Names, index: usize, path: &'a Path) -> Place<'a> {
        Place {
            path,
            overwrite: self.overwrite,
            beside_source: names.is_beside_source(index),
            sources: &self.sources,
            tag: &self.tag,
            unfinished: &self.unfinished,
        }
    }
}
