//! What was submitted and no worker has taken up yet.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::admission::help_or_wait;

/// Jobs with their places in the line, first come, first served.
#[derive(Debug)]
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<J> {
    jobs: VecDeque<(usize, J)>,
    /// How many were taken and are not done.
    taken: usize,
    /// The highest place of those that were taken.
    last: usize,
    /// No more will come.
    closed: bool,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                taken: 0,
                last: 0,
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    pub(super) fn push(&self, place: usize, job: J) {
        self.lock().jobs.push_back((place, job));
        self.changed.notify_all();
    }

    /// The same before all others. Returns the highest place of those that were taken up before.
    pub(super) fn push_first(&self, place: usize, job: J) -> usize {
        let mut state = self.lock();
        state.jobs.push_front((place, job));
        let last = state.last;
        drop(state);
        self.changed.notify_all();
        last
    }

    /// Takes a job out that no worker has taken up.
    pub(super) fn remove(&self, is_it: impl Fn(&J) -> bool) -> Option<J> {
        let mut state = self.lock();
        let at = state.jobs.iter().position(|(_, job)| is_it(job))?;
        state.jobs.remove(at).map(|(_, job)| job)
    }

    /// Workers end once there are no more jobs.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The next job, until there are no more. Who waits for one helps with the pieces of those in work; without any it
    /// sleeps.
    pub(super) fn next(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if let Some((place, job)) = state.jobs.pop_front() {
                state.taken += 1;
                state.last = state.last.max(place);
                drop(state);
                // Now there is something to help with.
                self.changed.notify_all();
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = if state.taken > 0 {
                help_or_wait(state, &self.state, &self.changed)
            } else {
                self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    /// A job that was taken is done.
    pub(super) fn done(&self) {
        self.lock().taken -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_come_in_order_until_the_queue_is_closed_and_empty() {
        let queue = Queue::new();
        (1..=3).for_each(|job| queue.push(job, job));
        assert_eq!(queue.push_first(0, 0), 0, "none was taken yet");
        assert_eq!(queue.remove(|job| *job == 2), Some(2));
        assert_eq!(queue.remove(|job| *job == 2), None);
        queue.close();
        assert_eq!(std::iter::from_fn(|| queue.next()).collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!(queue.push_first(0, 0), 3);
    }

    #[test]
    fn who_sleeps_is_woken() {
        let queue = Queue::new();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| (queue.next(), queue.next()));
            std::thread::sleep(std::time::Duration::from_millis(10));
            queue.push(0, 1);
            std::thread::sleep(std::time::Duration::from_millis(10));
            queue.close();
            assert_eq!(sleeper.join().unwrap(), (Some(1), None));
        });
    }
}
