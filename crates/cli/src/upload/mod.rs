//! `photofit upload`: every record gets its photo, and every photo an answer.

mod answer;
pub(super) mod args;
mod credentials;
mod journal;
mod photos;
mod records;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use photofit::bigin::{Client, Event, Fetcher, PhotoError, Pipeline};
use photofit::place::Place;
use photofit::{Batch, Limits, Options};

use super::logs;
use super::network::Network;
use super::prep::AHEAD_MEMORY;
use super::report::Reporter;
use super::verdict::chain;
use super::{ALL_DONE, Error, NOT_AUTHORIZED, SOME_FAILED, signals, tell};
use answer::Line;
use args::UploadArgs;
use journal::Journal;
use photos::Stamps;
use records::Item;

/// How long the fetching of a photo may take, redirects included.
const DOWNLOAD_TIME: Duration = Duration::from_secs(60);

/// Uploads what the command line names.
///
/// # Errors
/// [`Error`] when nothing was sent.
pub(super) fn run(args: UploadArgs) -> Result<u8, Error> {
    let requests = signals::listen();
    let options = args
        .encode
        .apply(args.conform.options())
        .map_err(|e| Error::usage(chain(&e)))?;
    within_the_service(options.limits())?;
    let memory = args.resources.memory.unwrap_or_else(Batch::default_memory);
    let network = Network::new(memory / AHEAD_MEMORY, args.allow_private_urls, args.ca_file.as_deref())?;
    let places = network.places();
    let mut items = match (&args.records, &args.record) {
        (Some(path), _) => records::read(path, &places)?,
        (None, Some(one)) => records::single(&one[0], &one[1], &places)?,
        (None, None) => Vec::new(),
    };
    let any_url = items.iter().any(|item| matches!(item.photo, Place::Web(_)));
    let fetcher = any_url.then(|| fetcher(&args, &network)).transpose()?;
    records::check(args.records.as_deref(), &items, fetcher.as_ref())?;
    // The list is checked whole, also by those who do a part of it.
    items.retain(|item| args.resources.shard.is_none_or(|shard| shard.has(&key(item))));
    let mut pipeline = pipeline(&args, &network, options.clone())?.memory(memory);
    if items
        .iter()
        .any(|item| item.photo.is_remote() && !matches!(item.photo, Place::Web(_)))
    {
        // What is read ahead takes its part of the whole.
        pipeline = pipeline.memory(memory - memory / AHEAD_MEMORY);
    }
    let journal = args.journal.as_deref().filter(|_| !args.dry_run || args.resume);
    let mut journal = journal.map(|path| Journal::open(path, args.resume)).transpose()?;
    let mut reporter = Reporter::new(args.report.as_deref(), args.quiet, false)?;

    for item in items.iter().filter(|item| !item.record.module().is_documented()) {
        tell(format_args!(
            "photofit: {}: the service does not say that this module takes photos",
            item.record
        ));
    }
    let done = match &journal {
        Some(journal) => journal.done(&items)?,
        None => vec![false; items.len()],
    };
    let (mut left, mut skipped, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match &item.refused {
            Some(why) => refused.push((index, why)),
            None if done[index] => skipped.push(index),
            None => left.push(index),
        }
    }
    tracing::info!(
        photos = items.len(),
        left = left.len(),
        dry_run = args.dry_run,
        journal = ?args.journal,
        "uploading"
    );
    let bars = Bars::new(left.len(), args.quiet || logs::is_verbose());
    let mut out = Ordered::new(&mut reporter, &bars);
    for index in &skipped {
        out.put(*index, Line::skipped(&items[*index]));
    }
    for (index, why) in &refused {
        out.put(*index, Line::refused(&items[*index], why));
    }
    // What is in flight is finished; asked again, the program ends at once.
    let stopped = pipeline.clone();
    requests.plan(
        "uploads in flight",
        move || stopped.stop(),
        |code| std::process::exit(code),
    );

    let start = Instant::now();
    let (mut stored, mut failed, mut unjournaled) = (0, 0, None);
    let mut fatal: Option<(String, bool)> = None;
    let stamps = journal.as_ref().map(|_| Stamps::default());
    let source = photos::source(&items, &left, fetcher, &places, options.max_memory(), stamps.clone());
    let targets = left.iter().map(|&i| items[i].record.clone()).collect();
    let ran = pipeline.run_blocking(targets, source, |event| match event {
        Event::Prepared { index } => {
            bars.prepared.inc(1);
            let item = &items[left[index]];
            tracing::debug!(record = %item.record, input = item.input, "prepared");
        }
        Event::Finished { index, upload } => {
            let item = &items[left[index]];
            let stamp = stamps.as_ref().and_then(|stamps| stamps.take(index));
            match &upload.result {
                Ok(receipt) => {
                    stored += 1;
                    if receipt.is_some()
                        && let Some(journal) = &mut journal
                        && let Err(error) = journal.add(item, stamp)
                    {
                        // Without a journal the run could not be resumed: it ends here.
                        unjournaled.get_or_insert(format!("cannot write {}: {error}", journal.path().display()));
                        pipeline.stop();
                    }
                }
                Err(error) => {
                    failed += 1;
                    if upload.concerns_everything() {
                        let authorization = matches!(error, PhotoError::Upload(e) if e.is_authorization());
                        let (_, before) = fatal.take().unwrap_or_default();
                        fatal = Some((chain(error), before || authorization));
                    }
                }
            }
            bars.uploaded.inc(1);
            out.put(left[index], Line::new(item, *upload, args.dry_run));
        }
        _ => {}
    });
    out.finish();
    bars.finish();
    ran.map_err(|e| Error::usage(chain(&e)))?;

    let not_sent = left.len() - stored - failed;
    let failed = failed + refused.len();
    tracing::info!(stored, failed, skipped = skipped.len(), not_sent, "uploaded");
    let unreported = reporter.finish();
    if let Some(error) = &unreported {
        tell(format_args!("photofit: the report is incomplete: {error}"));
    }
    if let Some(error) = &unjournaled {
        tell(format_args!("photofit: {error}; the run was stopped"));
    }
    if let Some((error, _)) = &fatal {
        tell(format_args!("photofit: stopped, as it concerns every upload: {error}"));
    }
    if not_sent > 0 {
        let how = if journal.is_some() {
            "go on with --resume"
        } else {
            "use --journal to be able to resume"
        };
        tell(format_args!("photofit: {not_sent} not sent; {how}"));
    }
    if !args.quiet {
        let what = if args.dry_run { "would be sent" } else { "stored" };
        let seconds = start.elapsed().as_secs_f64();
        tell(format_args!(
            "{stored} {what}, {failed} failed, {} skipped in {seconds:.1} s",
            skipped.len()
        ));
    }
    Ok(match fatal {
        Some((_, true)) => NOT_AUTHORIZED,
        _ if failed > 0 || not_sent > 0 || unreported.is_some() || unjournaled.is_some() => SOME_FAILED,
        _ => ALL_DONE,
    })
}

/// Limits wider than the service's would send what it refuses.
fn within_the_service(limits: &Limits) -> Result<(), Error> {
    let service = Limits::bigin();
    let formats = limits.formats().iter().all(|format| service.formats().contains(format));
    if limits.max_bytes() <= service.max_bytes() && limits.max_pixels() <= service.max_pixels() && formats {
        return Ok(());
    }
    Err(Error::usage(
        "these limits allow more than the service takes: 10 MB, 10 MP, and JPEG, PNG, GIF or BMP",
    ))
}

/// What fetches photos from web addresses.
fn fetcher(args: &UploadArgs, network: &Network) -> Result<Fetcher, Error> {
    let mut builder = Fetcher::builder()
        .max_bytes(args.max_download)
        .timeout(DOWNLOAD_TIME)
        .private_urls(args.allow_private_urls)
        .environment_proxy(true);
    if let Some(pem) = network.certificates() {
        builder = builder.root_certificates(pem);
    }
    builder.build().map_err(|e| Error::usage(chain(&e)))
}

fn pipeline(args: &UploadArgs, network: &Network, options: Options) -> Result<Pipeline, Error> {
    let credentials = credentials::find(args.credentials.as_deref())?;
    let pipeline = if args.dry_run {
        Pipeline::dry_run(options)
    } else {
        let Some(credentials) = credentials else {
            let message = format!(
                "no credentials: {} must be set in the environment, or --credentials FILE given",
                credentials::missing_all()
            );
            return Err(Error::Usage(message));
        };
        let mut builder = Client::builder(args.data_center)
            .credentials(credentials)
            .api_version(args.api_version)
            .concurrency(args.concurrency)
            .environment_proxy(true);
        if let Some(url) = &args.api_url {
            builder = builder.api_url(url);
        }
        if let Some(url) = &args.accounts_url {
            builder = builder.accounts_url(url);
        }
        if let Some(pem) = network.certificates() {
            builder = builder.root_certificates(pem);
        }
        if let Some(requests) = args.requests_per_minute {
            builder = builder.requests_per_minute(requests);
        }
        Pipeline::new(builder.build().map_err(|e| Error::usage(chain(&e)))?, options)
    };
    let pipeline = match args.resources.jobs {
        Some(jobs) => pipeline.preparers(jobs),
        None => pipeline,
    };
    Ok(match args.resources.timeout {
        Some(timeout) => pipeline.timeout(timeout),
        None => pipeline,
    })
}

/// What stands for an upload where a list is split: the path or address of its photo, as in `photofit prep`.
fn key(item: &Item) -> Cow<'_, [u8]> {
    match item.photo.path() {
        Some(path) => Cow::Borrowed(path.as_os_str().as_encoded_bytes()),
        None => Cow::Owned(item.photo.text().into_owned().into_bytes()),
    }
}

/// Two bars: prepared, and uploaded.
struct Bars {
    all: MultiProgress,
    prepared: ProgressBar,
    uploaded: ProgressBar,
}

impl Bars {
    fn new(total: usize, quiet: bool) -> Self {
        let hidden = quiet || !io::stderr().is_terminal();
        let all = MultiProgress::new();
        if hidden {
            all.set_draw_target(ProgressDrawTarget::hidden());
        }
        let bar = |name: &str| {
            let bar = all.add(ProgressBar::new(total as u64));
            if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {name}, {{eta}} left"))
            {
                bar.set_style(style);
            }
            if !hidden {
                bar.enable_steady_tick(Duration::from_millis(250));
            }
            bar
        };
        let (prepared, uploaded) = (bar("prepared"), bar("uploaded"));
        Self {
            all,
            prepared,
            uploaded,
        }
    }

    fn finish(&self) {
        self.prepared.finish_and_clear();
        self.uploaded.finish_and_clear();
    }
}

/// Lines in the order of the list, whatever the order in which the photos finish.
struct Ordered<'a> {
    reporter: &'a mut Reporter,
    bars: &'a Bars,
    waiting: BTreeMap<usize, Line>,
    next: usize,
}

impl<'a> Ordered<'a> {
    fn new(reporter: &'a mut Reporter, bars: &'a Bars) -> Self {
        Self {
            reporter,
            bars,
            waiting: BTreeMap::new(),
            next: 0,
        }
    }

    fn put(&mut self, index: usize, line: Line) {
        line.log();
        self.waiting.insert(index, line);
        while let Some(line) = self.waiting.remove(&self.next) {
            self.write(&line);
            self.next += 1;
        }
    }

    /// Writes what waits for photos that were never sent.
    fn finish(&mut self) {
        for line in std::mem::take(&mut self.waiting).into_values() {
            self.write(&line);
        }
    }

    fn write(&mut self, line: &Line) {
        let (json, text) = (line.to_json(), line.to_text());
        let suspend = |print: &mut dyn FnMut()| self.bars.all.suspend(print);
        self.reporter.write_line(&json, &text, line.is_failed(), &suspend);
    }
}
