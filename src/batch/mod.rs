//! Many photos: on all cores, in bounded memory, with results in the order of the sources.
//!
//! ```
//! use std::path::PathBuf;
//! use photofit::{Batch, Options};
//! # let folder = PathBuf::from("testdata/orientation");
//! let photos = (1..=8).map(|n| folder.join(format!("orientation-{n}.jpg")));
//! let batch = Batch::new(Options::default()).memory(500_000_000);
//! batch.run(photos, |index, result| match result {
//!     Ok(prepared) => println!("{index}: {} bytes", prepared.bytes().len()),
//!     Err(error) => println!("{index}: {error}"),
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Photos are let in by the memory that they will take, estimated from their headers
//! ([`estimate_memory`](crate::estimate_memory)): a large one waits until there is room, and one that is larger than the budget is prepared
//! alone. When fewer photos are left than there are cores, or the others wait for memory, idle cores work inside the
//! photos that are there. The results depend on none of it.

mod budget;
mod machine;
mod progress;
mod source;
mod worker;

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

pub use progress::{Progress, Stage};
pub use source::Source;
pub use worker::{Photo, Timings, Worker};

use crate::CancelToken;
use crate::error::Error;
use crate::options::Options;
use crate::prepare::Prepared;
use crate::prepare::Preparer;
use budget::{Budget, help_or_wait};

/// What the names of a batch's threads start with.
pub const THREAD_NAME: &str = "photofit-worker-";

/// Prepares many photos with the same options, on threads of its own.
///
/// ```
/// use std::path::PathBuf;
/// use std::time::Duration;
/// use photofit::{Batch, Options};
///
/// let photos = ["testdata/orientation/orientation-6.jpg", "nowhere.jpg"].map(PathBuf::from);
/// let mut missing = Vec::new();
/// let summary = Batch::new(Options::default())
///     .jobs(2)
///     .timeout(Duration::from_secs(60))
///     .run(&photos, |index, result| {
///         if let Err(error) = result {
///             missing.push((index, error.input));
///         }
///     })?;
/// assert_eq!((summary.prepared, summary.failed), (1, 1));
/// assert_eq!(missing, [(1, "nowhere.jpg".to_owned())]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    options: Options,
    jobs: Option<usize>,
    memory: Option<u64>,
    ahead: Option<usize>,
    timeout: Option<Duration>,
    cancel: CancelToken,
    stop: CancelToken,
}

/// Why a photo of a batch was not prepared.
#[derive(Debug, thiserror::Error)]
#[error("{input}: {cause}")]
#[non_exhaustive]
pub struct BatchError {
    /// The source's name.
    pub input: String,
    /// What went wrong.
    pub cause: Cause,
}

/// What went wrong with a photo of a batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// It could not be read: the system says why. Nothing is known of the photo itself, so try again once that is mended.
    #[error("cannot read: {0}")]
    Read(io::Error),
    /// It has more bytes than [`Options::max_memory`]: probably no photo, otherwise raise that limit.
    #[error("the file has {size} bytes or more; at most {limit} are read")]
    TooLarge {
        /// The bytes that it has, or that were read until it was too many.
        size: u64,
        /// The most bytes that are read.
        limit: u64,
    },
    /// It could not be prepared: see [`Error`], where each variant says what to do; with [`Error::Panicked`] also where
    /// the code around it panicked.
    #[error("{0}")]
    Photo(Error),
}

/// What [`Batch::run`] came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Photos that conform now.
    pub prepared: usize,
    /// Photos that could not be prepared.
    pub failed: usize,
}

impl Batch {
    /// A batch that prepares as `options` say.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            jobs: None,
            memory: None,
            ahead: None,
            timeout: None,
            cancel: CancelToken::new(),
            stop: CancelToken::new(),
        }
    }

    /// Sets the number of threads (default: one for each processor), at least 1.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = Some(jobs.max(1));
        self
    }

    /// Sets the bytes of memory that the photos in work and their results may take
    /// ([`default_memory`](Self::default_memory) otherwise). One that alone needs more is prepared alone.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Sets how many photos may be begun ahead of the one whose result is due (default: eight for each thread), at least
    /// one for each thread.
    #[must_use]
    pub fn ahead(mut self, photos: usize) -> Self {
        self.ahead = Some(photos);
        self
    }

    /// Sets how long one photo may take, reading and waiting for memory included (default: for ever).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Once `token` is cancelled no photo is begun any more, and those in work end with [`Error::Cancelled`].
    #[must_use]
    pub fn cancel(mut self, token: CancelToken) -> Self {
        self.cancel = token;
        self
    }

    /// Once `token` is cancelled no photo is begun any more, and those in work are finished.
    #[must_use]
    pub fn stop(mut self, token: CancelToken) -> Self {
        self.stop = token;
        self
    }

    /// Prepares each source and calls `finished` with its result, in the order of the sources, on the calling thread.
    /// Sources are taken when there is a thread for them.
    ///
    /// # Errors
    /// The system's, if it gives no threads; what is wrong with a photo goes to `finished`.
    pub fn run<S: Source>(
        &self,
        sources: impl IntoIterator<Item = S, IntoIter: Send>,
        mut finished: impl FnMut(usize, Result<Prepared<'static>, BatchError>),
    ) -> io::Result<Summary> {
        let mut summary = Summary::default();
        let budget = Budget::new(self.budget());
        self.walk(
            &budget,
            sources,
            &(),
            |worker, _, source: S| {
                let result = worker.open(&source).and_then(|mut photo| {
                    let prepared = photo.prepare().map(Prepared::into_owned);
                    prepared.map_err(|error| BatchError {
                        input: source.name().into_owned(),
                        cause: Cause::Photo(error),
                    })
                });
                let bytes = result.as_ref().map_or(0, |prepared| prepared.bytes().len());
                (result, worker.budget.hold(bytes as u64))
            },
            |index, result| {
                let result = match result {
                    Ok((result, _held)) => result,
                    Err(panic) => Err(BatchError {
                        input: format!("photo {index}"),
                        cause: Cause::Photo(Error::Panicked { message: panic }),
                    }),
                };
                match &result {
                    Ok(_) => summary.prepared += 1,
                    Err(_) => summary.failed += 1,
                }
                finished(index, result);
            },
        )?;
        Ok(summary)
    }

    /// The same for those who have more to do with each item than to prepare a photo: `work` is called on a worker
    /// thread and `finished` with what it returns, in the order of the items, on the calling thread; with a panic's
    /// message if it panicked. Returns how many items were finished.
    ///
    /// # Errors
    /// The system's, if it gives no threads.
    pub fn each<I, A: Send>(
        &self,
        items: impl IntoIterator<Item = I, IntoIter: Send>,
        progress: &dyn Progress,
        work: impl Fn(&mut Worker<'_>, usize, I) -> A + Sync,
        finished: impl FnMut(usize, Result<A, String>),
    ) -> io::Result<usize> {
        let budget = Budget::new(self.budget());
        self.walk(&budget, items, progress, work, finished)
    }

    /// The bytes of memory that a batch may take where nothing else is [set](Self::memory): a quarter of
    /// [what this process may have](Self::process_memory).
    #[must_use]
    pub fn default_memory() -> u64 {
        Self::process_memory() / 4
    }

    /// The bytes of memory that this process may have: the machine's, or on Linux, if that is less, the tightest limit of
    /// the control groups that it is in, or what photos may take of a limited address space (`ulimit -v`) beside what is
    /// mapped already and what threads will map.
    #[must_use]
    pub fn process_memory() -> u64 {
        machine::memory()
    }

    fn budget(&self) -> u64 {
        self.memory.unwrap_or_else(Self::default_memory)
    }

    /// The loops are broadcast, not spawned: a worker that waits for the pieces of its own photo helps with pieces and
    /// never starts a second photo, while one that has nothing to do helps with those that are still in work.
    fn walk<'b, I, A: Send>(
        &'b self,
        budget: &'b Budget,
        items: impl IntoIterator<Item = I, IntoIter: Send>,
        progress: &'b dyn Progress,
        work: impl Fn(&mut Worker<'b>, usize, I) -> A + Sync,
        mut finished: impl FnMut(usize, Result<A, String>),
    ) -> io::Result<usize> {
        let jobs = self
            .jobs
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .thread_name(|index| format!("{THREAD_NAME}{index}"))
            .build()
            .map_err(io::Error::other)?;
        let feed = Feed {
            ahead: self.ahead.unwrap_or(8 * jobs).max(jobs),
            state: Mutex::new(FeedState {
                items: items.into_iter(),
                next: 0,
                due: 0,
            }),
            answered: Condvar::new(),
        };
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            // With a builder, as a thread that cannot be had is an error and no panic.
            thread::Builder::new().spawn_scoped(scope, || {
                // Moved in here, so that the channel closes when the last worker is done.
                let sender = sender;
                pool.broadcast(|_| {
                    let mut worker = self.worker(budget, progress);
                    while let Some((index, item)) = feed.next(|| self.cancel.is_cancelled() || self.stop.is_cancelled())
                    {
                        worker.index = index;
                        progress.started(index);
                        let answer = catch_unwind(AssertUnwindSafe(|| work(&mut worker, index, item)));
                        let answer = answer.map_err(|panic| {
                            worker = self.worker(budget, progress);
                            message(&*panic)
                        });
                        progress.finished(index);
                        if sender.send((index, answer)).is_err() {
                            break;
                        }
                    }
                });
            })?;
            let mut early = BTreeMap::new();
            let mut due = 0;
            for (index, answer) in receiver {
                early.insert(index, answer);
                while let Some(answer) = early.remove(&due) {
                    finished(due, answer);
                    due += 1;
                    feed.answered(due);
                }
            }
            Ok(due)
        })
    }

    fn worker<'b>(&'b self, budget: &'b Budget, progress: &'b dyn Progress) -> Worker<'b> {
        Worker {
            budget,
            progress,
            cancel: &self.cancel,
            timeout: self.timeout,
            preparer: Preparer::new(self.options.clone()),
            buffer: Vec::new(),
            index: 0,
        }
    }
}

/// Hands out items, so many ahead of the one that is due.
struct Feed<I> {
    ahead: usize,
    state: Mutex<FeedState<I>>,
    answered: Condvar,
}

struct FeedState<I> {
    items: I,
    /// The index of the next item.
    next: usize,
    /// The index of the item whose answer is due.
    due: usize,
}

impl<I: Iterator> Feed<I> {
    fn next(&self, stopped: impl Fn() -> bool) -> Option<(usize, I::Item)> {
        let mut state = self.lock();
        while !stopped() {
            if state.next < state.due + self.ahead {
                let item = state.items.next()?;
                let index = state.next;
                state.next += 1;
                return Some((index, item));
            }
            state = help_or_wait(state, &self.state, &self.answered);
        }
        None
    }

    fn answered(&self, due: usize) {
        self.lock().due = due;
        self.answered.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, FeedState<I>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message of a panic.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}
