//! An ordered walk over many photos: each gets a ticket when a worker takes it up, and the tickets are waited for in turn.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::admission::{Budget, help_or_wait};
use super::answer::{Getter, Giver, answer};
use super::worker::message;
use super::{BatchError, Cause, Progress, Ready, Source, Worker, machine, threads};
use crate::CancelToken;
use crate::error::Error;
use crate::options::Options;
use crate::prepare::Prepared;

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
        self.walk(
            sources,
            &(),
            |worker, _, source: S| worker.prepare(&source, 0),
            |index, result| {
                let result = match result {
                    Ok(result) => result.map(Ready::into_prepared),
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
        self.walk(items, progress, work, finished)
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

    /// The loops are broadcast, not spawned: a worker that waits for the pieces of its own photo helps with pieces and
    /// never starts a second photo, while one that has nothing to do helps with those that are still in work.
    fn walk<I, A: Send>(
        &self,
        items: impl IntoIterator<Item = I, IntoIter: Send>,
        progress: &dyn Progress,
        work: impl Fn(&mut Worker<'_>, usize, I) -> A + Sync,
        mut finished: impl FnMut(usize, Result<A, String>),
    ) -> io::Result<usize> {
        let budget = &Arc::new(Budget::new(self.memory.unwrap_or_else(Self::default_memory)));
        let threads = threads(self.jobs)?;
        let jobs = threads.current_num_threads();
        let feed = &Feed {
            ahead: self.ahead.unwrap_or(8 * jobs).max(jobs),
            state: Mutex::new(FeedState {
                items: items.into_iter(),
                next: 0,
                due: 0,
                tickets: VecDeque::new(),
                ended: false,
            }),
            changed: Condvar::new(),
        };
        let fresh = || Worker::new(self.options.clone(), budget, progress, &self.cancel, self.timeout);
        thread::scope(|scope| {
            // With a builder, as a thread that cannot be had is an error and no panic.
            thread::Builder::new().spawn_scoped(scope, || {
                // Also where the iterator of the items panics.
                let _end = End(feed);
                threads.broadcast(|_| {
                    let mut worker = fresh();
                    let is_stopped = || self.cancel.is_cancelled() || self.stop.is_cancelled();
                    while let Some((index, item, giver)) = feed.next(is_stopped) {
                        worker.index = index;
                        progress.started(index);
                        let done = catch_unwind(AssertUnwindSafe(|| work(&mut worker, index, item)));
                        let done = done.map_err(|panic| {
                            worker = fresh();
                            message(&*panic)
                        });
                        progress.finished(index);
                        giver.give(done);
                    }
                });
            })?;
            // Also where `finished` panics.
            let _end = End(feed);
            let mut due = 0;
            while let Some(ticket) = feed.ticket() {
                budget.want(due);
                // A worker that is gone without an answer has panicked, which the scope tells.
                let Some(done) = ticket.wait() else { break };
                finished(due, done);
                due += 1;
                feed.answered(due);
            }
            Ok(due)
        })
    }
}

/// What became of an item, or the message of a panic.
type Done<A> = Result<A, String>;

/// Hands out items, so many ahead of the one that is due, and a ticket for each.
struct Feed<I, A> {
    ahead: usize,
    state: Mutex<FeedState<I, A>>,
    changed: Condvar,
}

struct FeedState<I, A> {
    items: I,
    /// The index of the next item.
    next: usize,
    /// The index of the item whose answer is due.
    due: usize,
    /// Those of the items that were handed out and are not answered, in their order.
    tickets: VecDeque<Getter<Done<A>>>,
    /// No more are handed out.
    ended: bool,
}

impl<I: Iterator, A> Feed<I, A> {
    fn next(&self, is_stopped: impl Fn() -> bool) -> Option<(usize, I::Item, Giver<Done<A>>)> {
        let mut state = self.lock();
        while !state.ended && !is_stopped() {
            if state.next < state.due + self.ahead {
                let item = state.items.next()?;
                let index = state.next;
                state.next += 1;
                let (giver, getter) = answer();
                state.tickets.push_back(getter);
                drop(state);
                self.changed.notify_all();
                return Some((index, item, giver));
            }
            state = help_or_wait(state, &self.state, &self.changed);
        }
        None
    }
}

impl<I, A> Feed<I, A> {
    /// The ticket of the item that is due, once it is handed out.
    fn ticket(&self) -> Option<Getter<Done<A>>> {
        let mut state = self.lock();
        loop {
            match state.tickets.pop_front() {
                None if state.ended => return None,
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                ticket => return ticket,
            }
        }
    }

    fn answered(&self, due: usize) {
        self.lock().due = due;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, FeedState<I, A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a feed when it is dropped: those who work take no more, and who waits for tickets gets those that there are.
struct End<'f, I, A>(&'f Feed<I, A>);

impl<I, A> Drop for End<'_, I, A> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}
