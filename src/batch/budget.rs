//! Who may use how much memory: photos are let in one after the other, as long as their sum fits.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::CancelToken;
use crate::error::Error;

/// How long somebody who waits goes without looking around.
const PATIENCE: Duration = Duration::from_millis(20);

/// Memory that photos share.
pub(super) struct Budget {
    total: u64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    used: u64,
    /// How many photos are in work.
    running: usize,
    /// The places in the line of those who wait.
    waiting: BTreeSet<usize>,
}

impl Budget {
    pub(super) fn new(total: u64) -> Self {
        Self {
            total,
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Waits until `bytes` are free, and takes them. Who comes first by `index` goes first, so that a large photo is not
    /// passed by small ones for ever; one that is larger than the budget waits until no other is in work. `must_wait` is
    /// called before the waiting, if there is any.
    pub(super) fn take(
        &self,
        index: usize,
        bytes: u64,
        cancel: &CancelToken,
        must_wait: impl FnOnce(),
    ) -> Result<Permit<'_>, Error> {
        let mut must_wait = Some(must_wait);
        let mut state = self.lock();
        state.waiting.insert(index);
        loop {
            let first = state.waiting.first() == Some(&index);
            if first && (state.running == 0 || state.used.saturating_add(bytes) <= self.total) {
                state.waiting.remove(&index);
                state.running += 1;
                state.used += bytes;
                drop(state);
                // The next in the line may fit too.
                self.freed.notify_all();
                return Ok(Permit { budget: self, bytes });
            }
            if let Err(error) = cancel.check() {
                state.waiting.remove(&index);
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

    /// Counts a result that waits for its turn.
    pub(super) fn hold(&self, bytes: u64) -> Held<'_> {
        self.lock().used += bytes;
        Held { budget: self, bytes }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory of a photo in work, given back when it is dropped.
pub(super) struct Permit<'b> {
    budget: &'b Budget,
    bytes: u64,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.used -= self.bytes;
        state.running -= 1;
        drop(state);
        self.budget.freed.notify_all();
    }
}

/// Memory of a result, given back when it is dropped.
pub(super) struct Held<'b> {
    budget: &'b Budget,
    bytes: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.budget.lock().used -= self.bytes;
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
        let budget = Budget::new(100);
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

    #[test]
    fn results_that_wait_count_but_never_block_the_photo_that_is_due() {
        let budget = Budget::new(100);
        let held = budget.hold(90);
        let token = CancelToken::new();
        let permit = budget.take(0, 50, &token, || ()).unwrap();
        let late = token.with_timeout(Duration::from_millis(30));
        let mut waited = false;
        assert!(matches!(
            budget.take(1, 50, &late, || waited = true),
            Err(Error::Cancelled)
        ));
        assert!(waited);
        drop(held);
        assert!(budget.take(2, 50, &token, || ()).is_ok());
        drop(permit);
    }
}
