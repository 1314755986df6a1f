//! Who may use how much memory: photos are let in one after the other, as long as their sum fits.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::CancelToken;
use crate::error::Error;

/// How long somebody who waits goes without looking around.
const PATIENCE: Duration = Duration::from_millis(20);

/// Memory that photos share.
///
/// Three things take of it: photos in work, sources that are in memory before their turn, and results that nobody has
/// done with. A photo is let in when what it takes fits in beside them. One that does not fit, and may never fit, is let
/// in when no other is in work and either no result is held, or somebody waits for it (it is *due*): whoever waits may be
/// the one who holds the results, and would wait for ever. What nobody waits for yet stays outside meanwhile, so that
/// results which are not taken away, as by a network that stalls, never grow beyond the budget.
#[derive(Debug)]
pub(crate) struct Budget {
    total: u64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    /// The part of it that results take.
    results: u64,
    /// How many photos are in work.
    running: usize,
    /// The places in the line of those who wait.
    waiting: BTreeSet<usize>,
    /// The first place that is not due: those before it are, as they stand in the way of one that somebody waits for.
    due: usize,
}

impl State {
    fn admits(&self, place: usize, bytes: u64, total: u64) -> bool {
        self.waiting.first() == Some(&place)
            && (self.used.saturating_add(bytes) <= total
                || self.running == 0 && (self.results == 0 || place < self.due))
    }
}

impl Budget {
    pub(crate) fn new(total: u64) -> Self {
        Self {
            total,
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// The bytes that there are to share.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The bytes that are in use.
    pub(crate) fn used(&self) -> u64 {
        self.lock().used
    }

    /// Waits until `bytes` are free, and takes them. Who comes first by `place` goes first, so that a large photo is not
    /// passed by small ones for ever; one that is larger than the budget waits until no other is in work. `must_wait` is
    /// called before the waiting, if there is any.
    pub(super) fn take(
        self: &Arc<Self>,
        place: usize,
        bytes: u64,
        cancel: &CancelToken,
        must_wait: impl FnOnce(),
    ) -> Result<Permit, Error> {
        let mut must_wait = Some(must_wait);
        let mut state = self.lock();
        state.waiting.insert(place);
        loop {
            if state.admits(place, bytes, self.total) {
                state.waiting.remove(&place);
                state.running += 1;
                state.used = state.used.saturating_add(bytes);
                drop(state);
                // The next in the line may fit too.
                self.freed.notify_all();
                let budget = Arc::clone(self);
                return Ok(Permit { budget, bytes });
            }
            if let Err(error) = cancel.check() {
                state.waiting.remove(&place);
                drop(state);
                self.freed.notify_all();
                return Err(error.into());
            }
            if let Some(must_wait) = must_wait.take() {
                drop(state);
                must_wait();
                state = self.lock();
                continue;
            }
            state = help_or_wait(state, &self.state, &self.freed);
        }
    }

    /// Says that somebody waits for the photo with this place.
    pub(super) fn want(&self, place: usize) {
        let mut state = self.lock();
        if state.due <= place {
            state.due = place.saturating_add(1);
            drop(state);
            self.freed.notify_all();
        }
    }

    /// Counts a source that is in memory before its turn.
    pub(super) fn hold_source(self: &Arc<Self>, bytes: u64) -> Held {
        self.hold(bytes, false)
    }

    fn hold(self: &Arc<Self>, bytes: u64, result: bool) -> Held {
        let mut state = self.lock();
        state.used = state.used.saturating_add(bytes);
        if result {
            state.results = state.results.saturating_add(bytes);
        }
        drop(state);
        let budget = Arc::clone(self);
        Held { budget, bytes, result }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory of a photo in work, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Permit {
    /// Gives back all but what the result takes, which counts until that is dropped.
    pub(super) fn into_result(self, bytes: u64) -> Held {
        // Before it is given back: nobody is let in on memory that is not free.
        self.budget.hold(bytes, true)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.used = state.used.saturating_sub(self.bytes);
        state.running -= 1;
        drop(state);
        self.budget.freed.notify_all();
    }
}

/// Memory of a source or of a result, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Arc<Budget>,
    bytes: u64,
    result: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.used = state.used.saturating_sub(self.bytes);
        if self.result {
            state.results = state.results.saturating_sub(self.bytes);
        }
        drop(state);
        self.budget.freed.notify_all();
    }
}

/// Works on pieces of others' photos if the thread's pool has any, else waits for a while or until `freed`.
pub(super) fn help_or_wait<'m, T>(guard: MutexGuard<'m, T>, mutex: &'m Mutex<T>, freed: &Condvar) -> MutexGuard<'m, T> {
    drop(guard);
    let helped = rayon::yield_now() == Some(rayon::Yield::Executed);
    let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
    if helped {
        return guard;
    }
    let woken = freed.wait_timeout(guard, PATIENCE);
    woken.unwrap_or_else(PoisonError::into_inner).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    #[test]
    fn the_sum_stays_within_the_budget_and_the_giant_is_alone() {
        const GIANT: u64 = 500;
        let budget = Arc::new(Budget::new(100));
        let (used, most, next) = (AtomicU64::new(0), AtomicU64::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::SeqCst);
                        if index >= 60 {
                            break;
                        }
                        let bytes = if index % 20 == 7 { GIANT } else { 20 + index as u64 % 15 };
                        let permit = budget.take(index, bytes, &CancelToken::new(), || ()).unwrap();
                        let now = used.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        assert!(now <= 100 || now == GIANT, "{now}");
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(1));
                        used.fetch_sub(bytes, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), GIANT, "the giants had their turn");
        assert_eq!(budget.lock().used, 0);
    }

    /// Whether a photo is let in at once.
    fn enters(budget: &Arc<Budget>, place: usize, bytes: u64) -> Option<Permit> {
        let late = CancelToken::new().with_timeout(Duration::from_millis(30));
        match budget.take(place, bytes, &late, || ()) {
            Ok(permit) => Some(permit),
            Err(error) => {
                assert!(matches!(error, Error::Cancelled));
                None
            }
        }
    }

    #[test]
    fn results_count_but_never_block_the_photo_that_somebody_waits_for() {
        let budget = Arc::new(Budget::new(100));
        let result = enters(&budget, 0, 100).unwrap().into_result(90);
        assert_eq!((budget.used(), budget.lock().running), (90, 0));
        assert!(enters(&budget, 1, 50).is_none(), "a network that stalls takes no more");
        assert!(enters(&budget, 1, 10).is_some(), "what fits may go on");
        budget.want(2);
        let permit = enters(&budget, 1, 50);
        assert!(permit.is_some(), "it stands in the way of the one that is due");
        assert!(enters(&budget, 2, 50).is_none(), "one at a time");
        drop(permit);
        assert!(enters(&budget, 2, 50).is_some());
        assert!(enters(&budget, 3, 50).is_none());
        drop(result);
        assert!(enters(&budget, 3, 500).is_some(), "with nothing else there is no limit");
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn sources_count_but_hold_up_nobody_who_would_be_alone() {
        let budget = Arc::new(Budget::new(100));
        let held = [budget.hold_source(90), budget.hold_source(90)];
        let permit = enters(&budget, 0, 50);
        assert!(permit.is_some(), "waiting would free nothing");
        assert!(enters(&budget, 1, 50).is_none());
        drop(held);
        assert!(enters(&budget, 1, 50).is_some());
    }

    #[test]
    fn who_waits_is_told_when_it_becomes_due() {
        let budget = Arc::new(Budget::new(100));
        let _result = enters(&budget, 0, 100).unwrap().into_result(90);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| budget.take(4, 50, &CancelToken::new(), || ()).is_ok());
            std::thread::sleep(Duration::from_millis(10));
            assert!(!waits.is_finished());
            budget.want(4);
            assert!(waits.join().unwrap());
        });
    }
}
