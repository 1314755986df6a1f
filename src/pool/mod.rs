//! Many photos: on all cores, in bounded memory.
//!
//! A [`Pool`] takes photos as they come and gives a [`Ticket`] for each; a [`Batch`] walks over photos that are there
//! already, with results in their order.
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

mod admission;
mod answer;
mod batch;
mod error;
mod machine;
mod progress;
mod queue;
mod source;
mod ticket;
mod worker;

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};

#[cfg(feature = "upload")]
pub(crate) use admission::{Budget, Held};
pub use batch::{Batch, Summary};
pub use error::{BatchError, Cause};
pub use progress::{Progress, Stage};
pub use source::Source;
pub use ticket::{Ready, Ticket};
pub use worker::{Photo, Timings, Worker};

use crate::CancelToken;
use crate::error::Error;
use crate::options::Options;
use crate::prepare::Preparer;
use answer::{Giver, answer};
use queue::Queue;
use worker::message;

#[cfg(not(feature = "upload"))]
use admission::{Budget, Held};

/// What the names of the threads that prepare photos start with.
pub const THREAD_NAME: &str = "photofit-worker-";

/// Threads that prepare photos as they come, in bounded memory. Clones are the same pool.
///
/// ```
/// use std::path::PathBuf;
/// use photofit::{Options, Pool};
///
/// let pool = Pool::builder(Options::default()).memory(500_000_000).build()?;
/// let tickets = ["testdata/orientation/orientation-6.jpg", "nowhere.jpg"].map(|path| pool.submit(PathBuf::from(path)));
/// let results = tickets.map(|ticket| ticket.wait()); // or ticket.await
/// assert!(results[0].as_ref().is_ok_and(|ready| ready.bytes().len() <= 10_000_000));
/// assert!(results[1].as_ref().is_err_and(|error| error.to_string().starts_with("nowhere.jpg: cannot read")));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A photo is opened on a worker, its header first, and let in by the memory that it will take. Sources that are in memory
/// count from the moment that they are submitted, and results until they are dropped: who sends them over a network that
/// stalls holds no more than the budget. A photo that somebody waits for is the exception: it is let in once no other is
/// in work, whatever is held, as else a caller who keeps all results would wait for ever.
///
/// Photos are begun in the order in which they are submitted. [`submit`](Self::submit) never blocks, and the pool sets no
/// bound to how many wait: who takes photos from strangers bounds that.
///
/// When the last clone is dropped nothing is waited for: the tickets that are out still get their photos, and the threads
/// end after the last of them. To end what is in work too, drop the tickets or cancel the [token](PoolBuilder::cancel).
#[derive(Clone)]
pub struct Pool(Arc<Handle>);

/// What a [`Pool`] is made with.
#[derive(Clone, Debug)]
pub struct PoolBuilder {
    options: Options,
    jobs: Option<usize>,
    memory: Option<u64>,
    timeout: Option<Duration>,
    cancel: CancelToken,
    budget: Option<Arc<Budget>>,
}

/// Ends the threads when the last clone of a pool is gone.
struct Handle {
    shared: Arc<Shared>,
    threads: ThreadPool,
}

/// What the threads and the tickets share.
struct Shared {
    queue: Queue<Job>,
    budget: Arc<Budget>,
    cancel: CancelToken,
    timeout: Option<Duration>,
    options: Options,
    next_id: AtomicU64,
    next_place: AtomicUsize,
}

/// A photo that was submitted.
struct Job {
    id: u64,
    place: usize,
    source: Box<dyn Source + Send>,
    /// The source's memory.
    held: Option<(u64, Held)>,
    /// Other options than the pool's.
    options: Option<Options>,
    token: CancelToken,
    timeout: Option<Duration>,
    giver: Giver<Result<Ready, BatchError>>,
}

/// How a photo is submitted by those who know more of it.
#[derive(Default)]
pub(crate) struct Submission {
    /// Other options than the pool's.
    pub(crate) options: Option<Options>,
    /// What of its time was spent before.
    pub(crate) spent: Duration,
    /// The place in the line of an earlier ticket, whose photo is prepared once more: before all that wait.
    pub(crate) again: Option<usize>,
}

impl PoolBuilder {
    /// Sets the number of threads (default: one for each processor), at least 1.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = Some(jobs.max(1));
        self
    }

    /// Sets the bytes of memory that photos in work, sources in memory and results may take together
    /// ([`Batch::default_memory`] otherwise). A photo that alone needs more is prepared alone.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Sets how long one photo may take from the moment that a worker takes it up, reading and waiting for memory included
    /// (default: for ever).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Once `token` is cancelled every photo ends with [`Error::Cancelled`]: those in work, those that wait, and those that
    /// are submitted later.
    #[must_use]
    pub fn cancel(mut self, token: CancelToken) -> Self {
        self.cancel = token;
        self
    }

    /// Sets memory that is shared with others.
    #[cfg(feature = "upload")]
    pub(crate) fn budget(mut self, budget: Arc<Budget>) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// The system's, if it gives no threads.
    pub fn build(self) -> io::Result<Pool> {
        let memory = self.memory;
        let budget = self
            .budget
            .unwrap_or_else(|| Arc::new(Budget::new(memory.unwrap_or_else(Batch::default_memory))));
        let threads = threads(self.jobs)?;
        let shared = Arc::new(Shared {
            queue: Queue::new(),
            budget,
            cancel: self.cancel,
            timeout: self.timeout,
            options: self.options,
            next_id: AtomicU64::new(0),
            next_place: AtomicUsize::new(0),
        });
        let workers = Arc::clone(&shared);
        // Broadcast, not spawned as a job each: see `Shared::work`.
        threads.spawn_broadcast(move |_| workers.work());
        Ok(Pool(Arc::new(Handle { shared, threads })))
    }
}

impl Pool {
    /// What a pool that prepares as `options` say is made with.
    #[must_use]
    pub fn builder(options: Options) -> PoolBuilder {
        PoolBuilder {
            options,
            jobs: None,
            memory: None,
            timeout: None,
            cancel: CancelToken::new(),
            budget: None,
        }
    }

    /// Hands in a photo: a path, bytes in memory, or another [`Source`]. It is opened and prepared on one of the pool's
    /// threads, after those that were handed in before.
    pub fn submit(&self, source: impl Source + Send + 'static) -> Ticket {
        self.submit_as(Box::new(source), Submission::default())
    }

    /// The same with other options than the pool's.
    pub fn submit_with(&self, source: impl Source + Send + 'static, options: Options) -> Ticket {
        let submission = Submission {
            options: Some(options),
            ..Submission::default()
        };
        self.submit_as(Box::new(source), submission)
    }

    pub(crate) fn submit_as(&self, source: Box<dyn Source + Send>, submission: Submission) -> Ticket {
        let shared = &self.0.shared;
        let (giver, getter) = answer();
        let id = shared.next_id.fetch_add(1, Ordering::Relaxed);
        let next = || shared.next_place.fetch_add(1, Ordering::Relaxed);
        let place = submission.again.unwrap_or_else(next);
        let token = shared.cancel.child();
        let bytes = source.in_memory().map(|bytes| bytes.len() as u64);
        let job = Job {
            id,
            place,
            source,
            held: bytes.map(|bytes| (bytes, shared.budget.hold_source(bytes))),
            options: submission.options,
            token: token.clone(),
            timeout: shared.timeout.map(|timeout| timeout.saturating_sub(submission.spent)),
            giver,
        };
        if submission.again.is_some() {
            // Those that were begun have to get out of its way, also by waiting for memory: their threads are what it needs.
            let last = shared.queue.push_first(place, job);
            shared.budget.want(last);
        } else {
            shared.queue.push(place, job);
        }
        Ticket {
            id,
            place,
            token,
            answer: getter,
            pool: Arc::clone(shared),
        }
    }

    /// The number of threads.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.0.threads.current_num_threads()
    }

    /// The bytes of memory that photos may take together.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.0.shared.budget.total()
    }

    /// The bytes that are taken of it now: by photos in work as they were estimated, by sources in memory, and by results.
    #[must_use]
    pub fn memory_in_use(&self) -> u64 {
        self.0.shared.budget.used()
    }
}

impl Shared {
    /// The loop of one thread. A worker that waits for the pieces of its own photo helps with pieces and never starts a
    /// second photo, as it would if each photo were a job of rayon's; one that has nothing to do helps with those that are
    /// in work.
    fn work(&self) {
        let fresh = || Worker::new(self.options.clone(), &self.budget, &(), &self.cancel, self.timeout);
        let mut worker = fresh();
        while let Some(job) = self.queue.next() {
            let place = job.place;
            let Job {
                source,
                held,
                options,
                token,
                timeout,
                giver,
                ..
            } = job;
            worker.index = place;
            worker.cancel = token;
            worker.timeout = timeout;
            let usual = options.map(|options| std::mem::replace(&mut worker.preparer, Preparer::new(options)));
            let counted = held.as_ref().map_or(0, |(bytes, _)| *bytes);
            let done = catch_unwind(AssertUnwindSafe(|| {
                let done = worker.prepare(&*source, counted);
                drop(source);
                done
            }));
            let done = done.unwrap_or_else(|panic| {
                worker = fresh();
                Err(BatchError {
                    input: format!("photo {place}"),
                    cause: Cause::Photo(Error::Panicked {
                        message: message(&*panic),
                    }),
                })
            });
            if let Some(usual) = usual {
                worker.preparer = usual;
            }
            drop(held);
            self.queue.done();
            giver.give(done);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("jobs", &self.jobs())
            .field("memory", &self.memory())
            .field("memory_in_use", &self.memory_in_use())
            .finish_non_exhaustive()
    }
}

/// The threads of a pool or a batch: one for each processor where nothing else is said.
fn threads(jobs: Option<usize>) -> io::Result<ThreadPool> {
    let jobs = jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|index| format!("{THREAD_NAME}{index}"))
        .build()
        .map_err(io::Error::other)
}
