//! `photofit prep`: every input is read, prepared, written and answered.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use photofit::place::{Mark, Place, PlaceSource, Places, STDIN, Unfinished, Version, Writer};
use photofit::pool::{Photo, Worker};
use photofit::{Batch, CancelToken, Options, Report};

use super::args::{Overwrite, PrepArgs};
use super::destination;
use super::inputs::{self, Input};
use super::logs;
use super::names::Names;
use super::network::Network;
use super::output::{NotWritten, Sources, Target};
use super::page::{self, Page};
use super::progress::{Progress, Summary};
use super::report::{Answer, Reporter, Timings, milliseconds};
use super::resume::Resume;
use super::signals::{self, Requests};
use super::source;
use super::verdict::{Note, Planned, Verdict, chain, target};
use super::{ALL_DONE, Error, SOME_FAILED, tell};

/// Prepares the photos that the command line names.
///
/// # Errors
/// [`Error`] when nothing was prepared.
pub(super) fn run(args: PrepArgs) -> Result<u8, Error> {
    let requests = signals::listen();
    let options = args
        .encode
        .apply(args.conform.options())
        .map_err(|e| Error::usage(chain(&e)))?;
    let to_stdout = args.output.as_deref() == Some(Path::new(STDIN));
    let memory = args.resources.memory.unwrap_or_else(Batch::default_memory);
    let ahead = memory / AHEAD_MEMORY;
    let network = Network::new(ahead, args.inputs.allow_private_urls, args.inputs.ca_file.as_deref())?;
    let places = network.places();
    let output = args.output.as_deref().filter(|_| !to_stdout);
    let output = destination::find(output.unwrap_or(Path::new("")), &places)?;
    let inputs = inputs::collect(&args.inputs, &places, &output)?;
    if to_stdout && inputs.len() != 1 {
        let message = format!(
            "-o - writes one photo to standard output, but {} files are named",
            inputs.len()
        );
        return Err(Error::Usage(message));
    }
    let mut batch = batch(&args, &options);
    if inputs.iter().any(|input| input.place.is_remote()) {
        // What is read ahead takes its part of the whole.
        batch = batch.memory(memory - memory / AHEAD_MEMORY);
    }
    let goal = if to_stdout {
        Goal::Stdout
    } else {
        Goal::Names(Names::assign(&inputs, &output, &options, args.on_collision, &batch)?)
    };
    if !args.dry_run && !to_stdout && inputs.iter().any(|i| i.verdict.is_none()) {
        destination::make(&output)?;
    }
    let journal = args.journal.as_deref().filter(|_| !args.dry_run && !to_stdout);
    let resume = journal
        .map(|path| Resume::open(path, args.resume, &options))
        .transpose()?;
    let writer = Writer::new(resume.as_ref().map_or_else(Mark::of_this_process, Resume::mark));
    if args.resume
        && let Some(folder) = output.path().filter(|folder| !folder.as_os_str().is_empty())
    {
        // Of an object there never is anything unfinished.
        writer.mark().clean(folder);
    }
    let mut reporter = Reporter::new(args.report.as_deref(), args.quiet, to_stdout && !args.dry_run)?;
    let stop = stop_on(&requests, writer.unfinished());
    let batch = batch.stop(stop.clone());

    let work = Work {
        options: &options,
        inputs: &inputs,
        sources: Sources::new(&inputs),
        goal,
        places: &places,
        output,
        overwrite: args.overwrite,
        dry_run: args.dry_run,
        resume,
        writer,
        unjournaled: Mutex::new(None),
        stop,
    };
    // What is named belongs to this part; names are given with a view to all parts.
    let mine: Vec<usize> = (0..inputs.len())
        .filter(|&index| args.resources.shard.is_none_or(|shard| shard.has(&inputs[index].key())))
        .collect();
    tracing::info!(
        photos = mine.len(),
        threads = args.resources.jobs,
        memory = args.resources.memory,
        journal = ?args.journal,
        "preparing"
    );
    let progress = Progress::new(mine.len(), args.quiet || to_stdout || logs::is_verbose());
    let mut summary = Summary::new(args.dry_run);
    let mut page = args.html.as_deref().map(Page::new);
    let ahead = places.ahead(mine.iter(), |index| work.ahead(**index));
    let done = batch.each(
        ahead,
        &progress,
        |worker, place, (&index, source)| work.answer(worker, index, source, args.html.is_some() && page::wants(place)),
        |place, answer| {
            let input = &inputs[mine[place]];
            let answer = answer.unwrap_or_else(|panic| Answer {
                verdict: Verdict::Failed(Note::new("panicked", format!("internal error: {panic}"))),
                ..Answer::new(input)
            });
            answer.log();
            progress.read(answer.read);
            reporter.write(&answer, &|print| progress.suspend(print));
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
        tell(format_args!("photofit: the report is incomplete: {error}"));
    }
    let unpaged = page.and_then(|page| page.write().err());
    if let Some(error) = &unpaged {
        tell(format_args!("photofit: {}", chain(error)));
    }
    let unjournaled = work.unjournaled.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let (Some(error), Some(resume)) = (&unjournaled, &work.resume) {
        tell(format_args!(
            "photofit: cannot write {}: {error}; the run was stopped",
            resume.path().display()
        ));
    }
    let left = mine.len() - done;
    if !args.quiet && !to_stdout {
        tell(summary.to_text(left, work.resume.is_some()));
    }
    let failed = summary.any_failed() || left > 0 || unreported.is_some() || unpaged.is_some() || unjournaled.is_some();
    Ok(if failed { SOME_FAILED } else { ALL_DONE })
}

/// How many photos may be answered before the one that is due: answers take little memory, and a large photo should not
/// hold up the others.
const AHEAD: usize = 1000;

/// Objects that are read ahead of the workers may take one part of so many of the memory for all photos.
pub(super) const AHEAD_MEMORY: u64 = 8;

fn batch(args: &PrepArgs, options: &Options) -> Batch {
    let mut batch = Batch::new(options.clone()).ahead(AHEAD);
    if let Some(jobs) = args.resources.jobs {
        batch = batch.jobs(jobs);
    }
    if let Some(memory) = args.resources.memory {
        batch = batch.memory(memory);
    }
    if let Some(timeout) = args.resources.timeout {
        batch = batch.timeout(timeout);
    }
    batch
}

/// Cancelled when the program is asked to end: the photos in work are finished. Asked again, it ends at once.
fn stop_on(requests: &Requests, unfinished: &Unfinished) -> CancelToken {
    let stop = CancelToken::new();
    let (seen, unfinished) = (stop.clone(), unfinished.clone());
    requests.plan(
        "photos in work",
        move || seen.cancel(),
        move |code| unfinished.remove_and_exit(code),
    );
    stop
}

/// Where results go.
enum Goal {
    /// The single result goes to standard output.
    Stdout,
    /// Each result goes to its name.
    Names(Names),
}

/// What the workers share.
struct Work<'a> {
    options: &'a Options,
    inputs: &'a [Input],
    sources: Sources<'a>,
    goal: Goal,
    places: &'a Places,
    output: Place,
    overwrite: Overwrite,
    dry_run: bool,
    resume: Option<Resume>,
    writer: Writer,
    /// Why the journal could not be written. Without it the run could not be resumed: it ends there.
    unjournaled: Mutex<Option<io::Error>>,
    stop: CancelToken,
}

impl Work<'_> {
    /// What is to be read ahead for an input, if it takes the network: not where an earlier run may have done it.
    fn ahead(&self, index: usize) -> Option<PlaceSource> {
        let input = &self.inputs[index];
        let is_open = input.verdict.is_none() && !self.resume.as_ref().is_some_and(|resume| resume.may_be_done(input));
        (is_open && input.place.is_remote()).then(|| self.source(input))
    }

    fn source(&self, input: &Input) -> PlaceSource {
        input.source(self.places, self.options.max_memory(), &self.stop)
    }

    /// Reads, prepares and writes one input.
    fn answer(&self, worker: &mut Worker<'_>, index: usize, source: Option<PlaceSource>, thumbnail: bool) -> Answer {
        let input = &self.inputs[index];
        let mut answer = Answer::new(input);
        if let Some(verdict) = &input.verdict {
            answer.verdict = verdict.clone();
            return answer;
        }
        if let Goal::Names(names) = &self.goal {
            if let Some(message) = names.refused(index) {
                answer.verdict = Verdict::Failed(Note::new("collision", message));
                return answer;
            }
            let written = |report: &Report| {
                let relative = names.take(index, report.result.format).ok()?;
                self.output.join(&relative).ok()
            };
            if let Some((mut done, at)) = self.resume.as_ref().and_then(|resume| resume.done(input, written)) {
                if thumbnail && let Ok((bytes, _)) = at.read(self.options.max_memory()) {
                    done.thumbnail = page::thumbnail(&bytes);
                }
                return done;
            }
        }
        let source = source.unwrap_or_else(|| self.source(input));
        let opened = worker.open(&source);
        let version = source.version();
        match opened {
            Ok(mut photo) => {
                answer.read = photo.bytes().len() as u64;
                let verdict = self.prepare(&mut photo, index, &version, thumbnail, &mut answer);
                answer.verdict = verdict.unwrap_or_else(|verdict| verdict);
                if !matches!(answer.verdict, Verdict::Done(_)) {
                    self.note(input, &version, photo.bytes(), None, &answer);
                }
            }
            Err(error) => {
                answer.verdict = source::failed(&error.cause, input);
                self.note(input, &version, &[], None, &answer);
            }
        }
        answer
    }

    /// Writes an answer into the journal, if there is one.
    fn note(&self, input: &Input, version: &Version, bytes: &[u8], output: Option<(&[u8], Version)>, answer: &Answer) {
        if let Some(resume) = &self.resume
            && let Err(error) = resume.add(input, version, bytes, output, answer)
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
        read: &Version,
        thumbnail: bool,
        answer: &mut Answer,
    ) -> Result<Verdict, Verdict> {
        let refused = |error| source::refused(&error, &self.inputs[index]);
        if self.dry_run || self.overwrite == Overwrite::Never {
            let info = photofit::probe(photo.bytes()).map_err(refused)?;
            let planned = photofit::plan(photo.bytes(), self.options).map_err(refused)?;
            if let Goal::Names(names) = &self.goal {
                let at = self.at(&names.path(index, target(&info, &planned).0))?;
                answer.output = Some(at.text().into_owned());
                if let Some(note) = self.target(names, index, &at).existing().map_err(Verdict::Failed)? {
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
        let mut version = Version::default();
        match &self.goal {
            Goal::Stdout => {
                let mut stdout = io::stdout().lock();
                let written = stdout.write_all(prepared.bytes()).and_then(|()| stdout.flush());
                written.map_err(|e| Verdict::Failed(Note::new("io", format!("cannot write: {e}"))))?;
                answer.output = Some(STDIN.to_owned());
            }
            Goal::Names(names) => {
                let relative = names.take(index, report.result.format).map_err(|other| {
                    let name = names.path(index, report.result.format);
                    let other = self.inputs[other].display();
                    let message = format!("the name {} belongs to the output of {other}", name.display());
                    Verdict::Failed(Note::new("collision", message))
                })?;
                let at = self.at(&relative)?;
                let text = at.text().into_owned();
                match self.target(names, index, &at).write(prepared.bytes()) {
                    Ok(written) => {
                        version = written;
                        answer.output = Some(text);
                    }
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
        let output = Some((prepared.bytes(), version));
        self.note(&self.inputs[index], read, source, output, answer);
        Ok(answer.verdict.clone())
    }

    /// The place of an output.
    fn at(&self, relative: &Path) -> Result<Place, Verdict> {
        let at = self.output.join(relative);
        at.map_err(|e| {
            Verdict::Failed(Note::new(
                "io",
                format!("cannot write {}: {}", relative.display(), chain(&e)),
            ))
        })
    }

    fn target<'a>(&'a self, names: &Names, index: usize, at: &'a Place) -> Target<'a> {
        Target {
            at,
            overwrite: self.overwrite,
            beside_source: names.is_beside_source(index),
            sources: &self.sources,
            writer: &self.writer,
        }
    }
}
