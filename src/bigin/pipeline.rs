//! Many photos: each is submitted to a pool, awaited, and sent, in bounded memory.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time;

use super::client::Client;
use super::error::{BoxError, BuildError};
use super::line::{Line, PATIENCE};
use super::record::Record;
use super::stop_flag::StopFlag;
use super::upload::{Event, PhotoError, Upload};
use crate::CancelToken;
use crate::options::Options;
use crate::pool::{Batch, Budget, Pool, Source};

/// How many sources are asked for ahead of the preparing threads, so that these never wait for one.
const ASK_AHEAD: usize = 2;

/// Prepares and uploads many photos, both at the same time.
///
/// Photos start in order and finish as the network has it. What they take is bounded by [`memory`](Self::memory), however
/// slow the network is: photos that are fetched, those in work, and those that wait for the network or are on it. An error
/// that concerns everything stops the run: requests in flight come to their end, and nothing else is sent.
///
/// Clones are the same pipeline, so that one can be kept to [`stop`](Self::stop) it; their runs share the memory.
///
/// ```
/// use std::path::PathBuf;
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
///     move |index| async move { Ok(PathBuf::from(photos[index])) },
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
    preparers: Option<usize>,
    budget: Arc<Budget>,
    timeout: Option<Duration>,
    cancel: CancelToken,
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
        Self {
            client: None,
            options,
            preparers: None,
            budget: Arc::new(Budget::new(Batch::default_memory())),
            timeout: None,
            cancel: CancelToken::new(),
            stop: Arc::new(StopFlag::new()),
        }
    }

    /// How many photos are prepared at a time: by default as many as there are processors; at least 1.
    #[must_use]
    pub fn preparers(mut self, threads: usize) -> Self {
        self.preparers = Some(threads);
        self
    }

    /// Sets the bytes of memory that photos may take together, from the moment that they are fetched until they are sent
    /// ([`Batch::default_memory`] otherwise). A photo that alone needs more is prepared alone. What is fetched counts once
    /// it is there: a source that gives bytes may be asked for a few photos more than fit.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.budget = Arc::new(Budget::new(bytes));
        self
    }

    /// Sets how long one photo may take to be prepared, fetching, reading and waiting for memory included (default: for
    /// ever). How long it may take to be sent is the [client's](super::ClientBuilder::max_elapsed).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Once `token` is cancelled it is as if the pipeline were [stopped](Self::stop): photos in work are given up, and
    /// requests in flight come to their end.
    #[must_use]
    pub fn cancel(mut self, token: CancelToken) -> Self {
        self.cancel = token;
        self
    }

    /// The bytes of memory that photos take now: those in work as they were estimated, those that were fetched, and those
    /// that are sent or wait for it.
    #[must_use]
    pub fn memory_in_use(&self) -> u64 {
        self.budget.used()
    }

    /// Starts nothing more: requests in flight come to their end, everything else is given up without an event.
    pub fn stop(&self) {
        self.stop.stop();
        if let Some(client) = &self.client {
            client.stop();
        }
    }

    /// Uploads a photo onto each of `records`: `source` gives the photo for the record with an index, and is called once
    /// more if the photo has to be prepared again. `on` is told what happens.
    ///
    /// A source is whatever implements [`Source`]: a path, which is opened on the thread that prepares it and not read before
    /// there is memory for it, or bytes that were fetched from elsewhere.
    ///
    /// Returns when every photo is finished, or when those that had to be finished after a stop are: photos of which no
    /// [`Event::Finished`] was told were not sent. While `on` takes note of a photo, its place among those that are sent is
    /// not given to another one.
    ///
    /// Needs a multi-threaded tokio runtime with time and I/O; [`run_blocking`](Self::run_blocking) brings one.
    ///
    /// # Errors
    /// [`BuildError::Setup`] if the system gives no threads.
    pub async fn run<S, F, P>(
        &self,
        records: Vec<Record>,
        source: S,
        mut on: impl FnMut(Event),
    ) -> Result<(), BuildError>
    where
        S: Fn(usize) -> F + Send + Sync + 'static,
        F: Future<Output = Result<P, BoxError>> + Send + 'static,
        P: Source + Send + 'static,
    {
        let pool = self.pool().map_err(|source| BuildError::Setup {
            what: "the preparing threads",
            source: source.into(),
        })?;
        let concurrency = self.client.as_ref().map_or(1, Client::concurrency);
        let ahead = (pool.jobs() + ASK_AHEAD).max(concurrency);
        let (events, mut happened) = mpsc::unbounded_channel();
        let line = Arc::new(Line {
            pool,
            ahead: Semaphore::new(ahead),
            due: Arc::new(Semaphore::new(concurrency)),
            sending: Arc::new(Semaphore::new(concurrency)),
            client: self.client.clone(),
            options: self.options.clone(),
            timeout: self.timeout,
            cancel: self.cancel.clone(),
            stop: Arc::clone(&self.stop),
            source,
        });
        // As many as are fetched or prepared, as many as are sent, and as many again that wait to be sent.
        let room = Arc::new(Semaphore::new(ahead + 2 * concurrency));
        tokio::spawn(async move {
            let stop = &line.stop;
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
        let mut look = time::interval(PATIENCE);
        loop {
            // What holds a place goes with the event: it is given back when somebody has taken note.
            let (event, _places) = tokio::select! {
                next = happened.recv() => match next {
                    Some(next) => next,
                    None => break,
                },
                _ = look.tick(), if !self.stop.is_stopped() => {
                    if self.cancel.is_cancelled() {
                        self.stop();
                    }
                    continue;
                }
            };
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
    pub fn run_blocking<S, F, P>(
        &self,
        records: Vec<Record>,
        source: S,
        on: impl FnMut(Event),
    ) -> Result<(), BuildError>
    where
        S: Fn(usize) -> F + Send + Sync + 'static,
        F: Future<Output = Result<P, BoxError>> + Send + 'static,
        P: Source + Send + 'static,
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

    fn pool(&self) -> std::io::Result<Pool> {
        let mut builder = Pool::builder(self.options.clone())
            .budget(Arc::clone(&self.budget))
            .cancel(self.cancel.clone());
        if let Some(jobs) = self.preparers {
            builder = builder.jobs(jobs);
        }
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(timeout);
        }
        builder.build()
    }
}
