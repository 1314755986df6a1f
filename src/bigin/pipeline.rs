//! Many photos: prepared on the processors while others are on the network, with a bounded number in between.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::answer::Receipt;
use super::client::Client;
use super::code::Scope;
use super::error::{BoxError, BuildError, UploadError};
use super::multipart::Form;
use super::record::Record;
use super::stop_flag::StopFlag;
use crate::options::Options;
use crate::prepare::Preparer;
use crate::report::Report;

/// How many sources are read ahead of the preparing threads, so that these never wait for a disk.
const READ_AHEAD: usize = 2;

/// What happens to the photos of a [`Pipeline`], in the order in which it happens.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A photo is prepared and waits for the network.
    Prepared {
        /// Which one, counted from 0.
        index: usize,
    },
    /// A photo is done with.
    Finished {
        /// Which one, counted from 0.
        index: usize,
        /// What became of it.
        upload: Box<Upload>,
    },
}

/// What became of a photo.
#[derive(Debug)]
#[non_exhaustive]
pub struct Upload {
    /// How it was prepared, if it could be; after tightening, how it was prepared the second time.
    pub report: Option<Report>,
    /// Whether the service found it too large, so that it was prepared again with [`tightened`] limits.
    pub tightened: bool,
    /// The service's receipt, `None` in a dry run, or why it is not stored.
    pub result: Result<Option<Receipt>, PhotoError>,
}

/// Why a photo was not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// The source could not be read: what the caller's own function says.
    #[error(transparent)]
    Source(BoxError),

    /// It could not be prepared: see [`Error`](crate::Error), where each variant says what to do.
    #[error(transparent)]
    Prepare(crate::Error),

    /// It could not be uploaded: see [`UploadError::scope`] for whether others may be.
    #[error(transparent)]
    Upload(UploadError),
}

/// Prepares and uploads many photos, both at the same time.
///
/// Photos start in order and finish as the network has it. The number of photos in memory is bounded by the preparing
/// threads and the client's concurrency, however slow the network is. An error that concerns everything stops the run:
/// requests in flight come to their end, and nothing else is sent.
///
/// Clones are the same pipeline, so that one can be kept to [`stop`](Self::stop) it.
///
/// ```
/// use photofit::Options;
/// use photofit::bigin::{Event, Module, Pipeline, Record};
///
/// // In earnest it is `Pipeline::new(client, options)`; this one prepares all and sends nothing.
/// let pipeline = Pipeline::dry_run(Options::default());
/// let records = [1, 2].map(|id| Record::new(Module::Contacts, id)).to_vec();
/// let photos = ["testdata/orientation/orientation-6.jpg", "nowhere.jpg"];
/// let (mut ready, mut failed) = (0, 0);
/// pipeline.run_blocking(
///     records,
///     move |index| async move { std::fs::read(photos[index]).map_err(Into::into) },
///     |event| {
///         if let Event::Finished { index, upload } = event {
///             match upload.result {
///                 Ok(_) => ready += 1,
///                 Err(error) => {
///                     failed += 1;
///                     println!("{index}: {error}");
///                 }
///             }
///         }
///     },
/// )?;
/// assert_eq!((ready, failed), (1, 1));
/// # Ok::<(), photofit::bigin::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pipeline {
    client: Option<Client>,
    options: Options,
    preparers: usize,
    stop: Arc<StopFlag>,
}

impl Pipeline {
    /// Prepares as `options` say, uploads with `client`.
    #[must_use]
    pub fn new(client: Client, options: Options) -> Self {
        Self {
            client: Some(client),
            ..Self::dry_run(options)
        }
    }

    /// Prepares as `options` say, and sends nothing.
    #[must_use]
    pub fn dry_run(options: Options) -> Self {
        let preparers = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            client: None,
            options,
            preparers,
            stop: Arc::new(StopFlag::new()),
        }
    }

    /// How many photos are prepared at a time: by default as many as there are processors; at least 1.
    #[must_use]
    pub fn preparers(mut self, threads: usize) -> Self {
        self.preparers = threads.max(1);
        self
    }

    /// Starts nothing more: requests in flight come to their end, everything else is given up without an event.
    pub fn stop(&self) {
        self.stop.stop();
        if let Some(client) = &self.client {
            client.stop();
        }
    }

    /// Uploads a photo onto each of `records`: `source` gives the bytes of the photo for the record with an index, and is
    /// called once more if the photo has to be prepared again. `on` is told what happens.
    ///
    /// Returns when every photo is finished, or when those that had to be finished after a stop are: photos of which no
    /// [`Event::Finished`] was told were not sent. While `on` takes note of a photo, its place among those that are sent is
    /// not given to another one.
    ///
    /// Needs a multi-threaded tokio runtime with time and I/O; [`run_blocking`](Self::run_blocking) brings one.
    ///
    /// # Errors
    /// [`BuildError::Setup`] if the system gives no threads.
    pub async fn run<S, F>(&self, records: Vec<Record>, source: S, mut on: impl FnMut(Event)) -> Result<(), BuildError>
    where
        S: Fn(usize) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, BoxError>> + Send + 'static,
    {
        let pool = ThreadPoolBuilder::new()
            .num_threads(self.preparers)
            .thread_name(|index| format!("photofit-prepare-{index}"))
            .build();
        let concurrency = self.client.as_ref().map_or(1, Client::concurrency);
        let ahead = (self.preparers + READ_AHEAD).max(concurrency);
        let (events, mut happened) = mpsc::unbounded_channel();
        let line = Arc::new(Line {
            pool: pool.map_err(|source| BuildError::Setup {
                what: "the preparing threads",
                source: source.into(),
            })?,
            idle: Mutex::new(Vec::new()),
            ahead: Semaphore::new(ahead),
            processors: Semaphore::new(self.preparers),
            sending: Arc::new(Semaphore::new(concurrency)),
            pipeline: self.clone(),
            source,
        });
        // As many as are read or prepared, as many as are sent, and as many again that wait to be sent.
        let room = Arc::new(Semaphore::new(ahead + 2 * concurrency));
        tokio::spawn(async move {
            let stop = &line.pipeline.stop;
            for (index, record) in records.into_iter().enumerate() {
                let Some(Ok(place)) = stop.unless(Arc::clone(&room).acquire_owned()).await else {
                    break;
                };
                let (line, events) = (Arc::clone(&line), events.clone());
                tokio::spawn(async move {
                    let told = events.clone();
                    let work = tokio::spawn(async move { line.walk(index, &record, &told).await });
                    let (upload, sending) = match work.await {
                        Ok(Some(done)) => done,
                        Ok(None) => return,
                        Err(panic) => {
                            let upload = Upload {
                                report: None,
                                tightened: false,
                                result: Err(PhotoError::Source(panic.into())),
                            };
                            (upload, None)
                        }
                    };
                    // Whoever waited for the events may be gone; the photo is done all the same.
                    let upload = Box::new(upload);
                    let _ = events.send((Event::Finished { index, upload }, (Some(place), sending)));
                });
            }
        });
        // What holds a place goes with the event: it is given back when somebody has taken note.
        while let Some((event, _places)) = happened.recv().await {
            if let Event::Finished { upload, .. } = &event
                && upload.concerns_everything()
            {
                self.stop();
            }
            on(event);
        }
        Ok(())
    }

    /// The same on a runtime of its own, for a thread that may wait. `on` is called on this thread.
    ///
    /// # Errors
    /// [`BuildError::Setup`] if the system gives no threads.
    ///
    /// # Panics
    /// On a thread of an asynchronous runtime.
    pub fn run_blocking<S, F>(&self, records: Vec<Record>, source: S, on: impl FnMut(Event)) -> Result<(), BuildError>
    where
        S: Fn(usize) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, BoxError>> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("photofit-upload")
            .enable_all()
            .build()
            .map_err(|source| BuildError::Setup {
                what: "the runtime",
                source: source.into(),
            })?;
        runtime.block_on(self.run(records, source, on))
    }
}

impl Upload {
    /// Whether the other photos would fare no better.
    #[must_use]
    pub fn concerns_everything(&self) -> bool {
        matches!(&self.result, Err(PhotoError::Upload(error)) if error.scope() == Scope::Everything)
    }
}

/// What a photo holds until its outcome is noted: its place in memory and among those that are sent.
type Places = (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>);

/// What the photos of one run share.
struct Line<S> {
    pool: ThreadPool,
    /// Preparers that are not at work: they keep their memory.
    idle: Mutex<Vec<Preparer>>,
    /// For photos that are read or wait to be prepared.
    ahead: Semaphore,
    /// For photos that are prepared.
    processors: Semaphore,
    /// For photos that are sent, until their outcome is noted: so a run that is killed leaves no more than these unnoted.
    sending: Arc<Semaphore>,
    pipeline: Pipeline,
    source: S,
}

/// A prepared photo, as it is sent.
struct Ready {
    form: Form,
    report: Report,
}

impl<S, F> Line<S>
where
    S: Fn(usize) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Vec<u8>, BoxError>> + Send,
{
    /// The way of one photo, with its place among those that are sent; `None` if the run was stopped before that.
    async fn walk(
        self: Arc<Self>,
        index: usize,
        record: &Record,
        events: &mpsc::UnboundedSender<(Event, Places)>,
    ) -> Option<(Upload, Option<OwnedSemaphorePermit>)> {
        let mut upload = Upload {
            report: None,
            tightened: false,
            result: Ok(None),
        };
        let ready = match self.ready(index, None).await? {
            Ok(ready) => ready,
            Err(error) => {
                upload.result = Err(error);
                return Some((upload, None));
            }
        };
        let _ = events.send((Event::Prepared { index }, Places::default()));
        let Some(client) = &self.pipeline.client else {
            upload.report = Some(ready.report);
            return Some((upload, None));
        };
        let sending = Arc::clone(&self.sending).acquire_owned();
        let sending = Some(self.pipeline.stop.unless(sending).await?.ok()?);
        let mut sent = client.upload_form(record, &ready.form).await;
        let mut report = ready.report;
        if let Err(refused) = &sent
            && refused.api().is_some_and(|api| api.code().is_too_large())
        {
            drop(ready.form);
            upload.tightened = true;
            let options = tightened(&self.pipeline.options, &report);
            match self.ready(index, Some(options)).await? {
                Ok(ready) => {
                    let (attempts, elapsed) = (refused.attempts, refused.elapsed);
                    sent = client.upload_form(record, &ready.form).await;
                    report = ready.report;
                    match &mut sent {
                        Ok(receipt) => {
                            receipt.attempts += attempts;
                            receipt.elapsed += elapsed;
                        }
                        Err(error) => {
                            error.attempts += attempts;
                            error.elapsed += elapsed;
                        }
                    }
                }
                Err(error) => {
                    upload.report = Some(report);
                    upload.result = Err(error);
                    return Some((upload, sending));
                }
            }
        }
        upload.report = Some(report);
        upload.result = match sent {
            Ok(receipt) => Ok(Some(receipt)),
            Err(error) if error.is_stopped() => return None,
            Err(error) => Err(PhotoError::Upload(error)),
        };
        Some((upload, sending))
    }

    /// Reads and prepares a photo, with other options than usual if they are given; `None` if the run was stopped.
    async fn ready(self: &Arc<Self>, index: usize, options: Option<Options>) -> Option<Result<Ready, PhotoError>> {
        let stop = &self.pipeline.stop;
        // The semaphores are never closed.
        let _ahead = stop.unless(self.ahead.acquire()).await?.ok()?;
        let bytes = match stop.unless((self.source)(index)).await? {
            Ok(bytes) => bytes,
            Err(error) => return Some(Err(PhotoError::Source(error))),
        };
        let _processor = stop.unless(self.processors.acquire()).await?.ok()?;
        let (sender, receiver) = oneshot::channel();
        let line = Arc::clone(self);
        // There are never more of these than threads, so that each starts at once.
        self.pool.spawn(move || {
            let idle = || line.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let usual = options.is_none();
            let spare = if usual { idle().pop() } else { None };
            let mut preparer = spare.unwrap_or_else(|| {
                let options = options.unwrap_or_else(|| line.pipeline.options.clone());
                Preparer::new(options)
            });
            let ready = preparer.prepare(&bytes).map(|prepared| Ready {
                form: Form::new(prepared.bytes(), prepared.report().result.format),
                report: prepared.report().clone(),
            });
            if usual {
                idle().push(preparer);
            }
            let _ = sender.send(ready.map_err(PhotoError::Prepare));
        });
        receiver.await.ok()
    }
}

/// `options` with limits of pixels and bytes tightened by 10%, for a photo that the service found too large although it
/// conformed: 10% below the limits, or below what `refused` says it had, where that is less.
#[must_use]
pub fn tightened(options: &Options, refused: &Report) -> Options {
    let limits = *options.limits();
    let pixels = u64::from(refused.result.width) * u64::from(refused.result.height);
    let by_a_tenth = |limit: u64| limit - limit.div_ceil(10);
    let limits = limits
        .with_max_pixels(by_a_tenth(limits.max_pixels().min(pixels)))
        .with_max_bytes(by_a_tenth(limits.max_bytes().min(refused.result.bytes)));
    options.clone().with_limits(limits)
}
