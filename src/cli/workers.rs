//! The worker threads: each takes the next item when it has done with one; answers come back in order.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::Error;

/// What the names of worker threads start with.
const NAME: &str = "photofit-worker-";

/// A pool of its own, never the global one.
pub(super) struct Workers {
    pool: ThreadPool,
}

impl Workers {
    /// Starts `jobs` threads, by default one for each processor.
    ///
    /// # Errors
    /// [`Error::Workers`] if the system does not give them.
    pub(super) fn start(jobs: Option<usize>) -> Result<Self, Error> {
        let jobs = jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
        quiet_workers();
        let pool = ThreadPoolBuilder::new()
            .num_threads(jobs)
            .thread_name(|index| format!("{NAME}{index}"))
            .build()
            .map_err(|source| Error::Workers { jobs, source })?;
        Ok(Self { pool })
    }

    /// Calls `work` for each index below `count` with the worker's own state, and `answered` on the calling thread, in
    /// order of the indices. `stop` ends it after the items in work. A panic in `work` becomes its `Err`, with a new
    /// state for what follows. Returns how many items were answered.
    ///
    /// The loops are broadcast, not spawned: a worker that waits for the pieces of its own photo helps with pieces and
    /// never starts a second photo, while one that has run out of photos helps with those that are still in work.
    pub(super) fn each<S, A: Send>(
        &self,
        count: usize,
        stop: &AtomicBool,
        fresh: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize) -> A + Sync,
        mut answered: impl FnMut(usize, Result<A, String>),
    ) -> usize {
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                // Moved in here, so that the channel closes when the last worker is done.
                let sender = sender;
                self.pool.broadcast(|_| {
                    let mut state = fresh();
                    while !stop.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= count {
                            break;
                        }
                        let answer = panic::catch_unwind(AssertUnwindSafe(|| work(&mut state, index)));
                        let answer = answer.map_err(|panic| {
                            state = fresh();
                            message(&*panic)
                        });
                        if sender.send((index, answer)).is_err() {
                            break;
                        }
                    }
                });
            });
            let mut early = BTreeMap::new();
            let mut due = 0;
            for (index, answer) in receiver {
                early.insert(index, answer);
                while let Some(answer) = early.remove(&due) {
                    answered(due, answer);
                    due += 1;
                }
            }
            due
        })
    }
}

/// The message of a panic.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}

/// Panics on worker threads are caught and reported with their photo: they need no second message in between.
fn quiet_workers() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !thread::current().name().is_some_and(|name| name.starts_with(NAME)) {
            loud(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_a_panic_is_one_of_them() {
        let workers = Workers::start(Some(4)).expect("starts");
        let mut seen = Vec::new();
        let work = |_: &mut (), index: usize| {
            assert_ne!(index, 13, "unlucky");
            thread::sleep(std::time::Duration::from_millis((index as u64 * 7) % 5));
            index
        };
        let count = workers.each(
            40,
            &AtomicBool::new(false),
            || (),
            work,
            |index, answer| seen.push((index, answer)),
        );
        assert_eq!(count, 40);
        for (place, (index, answer)) in seen.iter().enumerate() {
            assert_eq!(place, *index);
            match answer {
                Ok(answer) => assert_eq!(answer, index),
                Err(message) => assert!(*index == 13 && message.contains("unlucky"), "{message}"),
            }
        }
    }

    #[test]
    fn stopped_workers_answer_what_they_started() {
        let workers = Workers::start(Some(2)).expect("starts");
        let stop = AtomicBool::new(false);
        let work = |_: &mut (), index: usize| {
            if index == 5 {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let mut seen = 0;
        let count = workers.each(1000, &stop, || (), work, |_, _| seen += 1);
        assert!((6..=1000).contains(&count), "{count}");
        assert_eq!(count, seen);
    }
}
