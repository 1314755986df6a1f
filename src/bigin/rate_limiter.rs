//! The rate limiter: so many requests at a time, so many a minute, and all of them slower when the service says so.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{self, Instant};

use crate::net::retry::random;

/// After how many successes in a row, for each slot in use, one more slot is opened again.
const SUCCESSES_FOR_ONE_MORE: usize = 8;

/// How far apart the workers come back after a pause, at most. A pause shorter than this spreads them by its own length.
const SPREAD: Duration = Duration::from_secs(2);

/// What every request has to pass.
#[derive(Debug)]
pub(super) struct RateLimiter {
    slots: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The most slots there may ever be.
    concurrency: usize,
    /// The slots that there are to be now, from 1 to `concurrency`.
    open: usize,
    /// Slots in use that are closed when they are given back.
    to_close: usize,
    successes: usize,
    /// Nothing is sent before this moment.
    paused_until: Option<Instant>,
    spread: Duration,
    /// How often in a row the service said that it is too much; all answers during one pause are one complaint.
    complaints: u32,
    bucket: Option<Bucket>,
}

/// Tokens that fill up evenly; each request takes one.
#[derive(Debug)]
struct Bucket {
    per_second: f64,
    capacity: f64,
    tokens: f64,
    filled_at: Instant,
}

impl Bucket {
    fn new(per_minute: u32) -> Self {
        let per_second = f64::from(per_minute) / 60.0;
        // A second's worth at once, so that a burst stays small against the minute.
        let capacity = per_second.max(1.0);
        Self {
            per_second,
            capacity,
            tokens: capacity,
            filled_at: Instant::now(),
        }
    }

    /// Takes a token, or says how long until there is one.
    fn take(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        let grown = now.duration_since(self.filled_at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + grown).min(self.capacity);
        self.filled_at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            Ok(())
        } else {
            let missing = Duration::from_secs_f64((1.0 - self.tokens) / self.per_second);
            Err(missing.max(Duration::from_millis(1)))
        }
    }
}

/// The right to have one request in flight.
pub(super) struct Slot<'a> {
    limiter: &'a RateLimiter,
    permit: Option<SemaphorePermit<'a>>,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        if state.to_close > 0 {
            state.to_close -= 1;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

impl RateLimiter {
    /// At most `concurrency` requests at a time, and `per_minute` in a minute if that is given.
    pub(super) fn new(concurrency: usize, per_minute: Option<u32>) -> Self {
        Self {
            slots: Semaphore::new(concurrency),
            state: Mutex::new(State {
                concurrency,
                open: concurrency,
                to_close: 0,
                successes: 0,
                paused_until: None,
                spread: Duration::ZERO,
                complaints: 0,
                bucket: per_minute.map(Bucket::new),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent; `None` if that will not be before `deadline`.
    pub(super) async fn admit(&self, deadline: Instant) -> Option<Slot<'_>> {
        let permit = time::timeout_at(deadline, self.slots.acquire()).await.ok()?;
        let slot = Slot {
            limiter: self,
            // The semaphore is never closed.
            permit: Some(permit.ok()?),
        };
        loop {
            let until = {
                let mut state = self.state();
                let now = Instant::now();
                match (state.paused_until, &mut state.bucket) {
                    (Some(until), _) if until > now => Some(until + state.spread.mul_f64(random())),
                    (_, None) => None,
                    (_, Some(bucket)) => bucket.take().err().map(|wait| now + wait),
                }
            };
            match until {
                None => return Some(slot),
                Some(until) if until > deadline => return None,
                Some(until) => time::sleep_until(until).await,
            }
        }
    }

    /// The service said that it is too much: everybody waits for `asked`, or for what `backoff` gives for the number of
    /// complaints so far, and half the slots close. Returns the wait.
    pub(super) fn slow_down(&self, asked: Option<Duration>, backoff: impl Fn(u32) -> Duration) -> Duration {
        let mut state = self.state();
        let now = Instant::now();
        let same_burst = state.paused_until.is_some_and(|until| until > now);
        if !same_burst {
            let target = (state.open / 2).max(1);
            state.to_close += state.open - target;
            state.open = target;
            state.complaints = state.complaints.saturating_add(1);
            // Free slots close at once, used ones when they come back.
            let free = self.slots.forget_permits(state.to_close);
            state.to_close -= free;
        }
        state.successes = 0;
        let wait = asked.unwrap_or_else(|| backoff(state.complaints));
        let until = now.checked_add(wait).unwrap_or(now);
        if state.paused_until.is_none_or(|before| until > before) {
            state.paused_until = Some(until);
            state.spread = wait.min(SPREAD);
        }
        wait
    }

    /// The service will take nothing more for `wait`: nobody is to find out by being refused.
    pub(super) fn pause(&self, wait: Duration) {
        let mut state = self.state();
        let now = Instant::now();
        let until = now.checked_add(wait).unwrap_or(now);
        if state.paused_until.is_none_or(|before| until > before) {
            state.paused_until = Some(until);
            state.spread = wait.min(SPREAD);
        }
    }

    /// A request went well: after some of them a closed slot opens again.
    pub(super) fn went_well(&self) {
        let mut state = self.state();
        state.complaints = 0;
        if state.open == state.concurrency {
            return;
        }
        state.successes += 1;
        if state.successes >= SUCCESSES_FOR_ONE_MORE * state.open {
            state.successes = 0;
            state.open += 1;
            if state.to_close > 0 {
                state.to_close -= 1;
            } else {
                self.slots.add_permits(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn far() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("starts").block_on(test);
    }

    #[test]
    fn no_more_slots_than_the_concurrency() {
        run(async {
            let limiter = RateLimiter::new(2, None);
            let first = limiter.admit(far()).await.expect("a slot");
            let _second = limiter.admit(far()).await.expect("a slot");
            let soon = Instant::now() + Duration::from_millis(20);
            assert!(limiter.admit(soon).await.is_none());
            drop(first);
            assert!(limiter.admit(far()).await.is_some());
        });
    }

    #[test]
    fn a_complaint_pauses_everybody_and_halves_the_slots_once_a_burst() {
        run(async {
            let limiter = RateLimiter::new(8, None);
            let wait = Duration::from_millis(50);
            let held: Vec<_> = vec![
                limiter.admit(far()).await.expect("a slot"),
                limiter.admit(far()).await.expect("a slot"),
            ];
            for _ in 0..5 {
                limiter.slow_down(Some(wait), |_| Duration::ZERO);
            }
            drop(held);
            assert_eq!(limiter.slots.available_permits(), 4);
            let asked = Instant::now();
            assert!(
                limiter.admit(asked + Duration::from_millis(10)).await.is_none(),
                "the pause is longer"
            );
            assert!(limiter.admit(far()).await.is_some());
            assert!(asked.elapsed() >= Duration::from_millis(40), "{:?}", asked.elapsed());
        });
    }

    #[test]
    fn slots_in_use_close_when_they_come_back_and_successes_open_them_again() {
        run(async {
            let limiter = RateLimiter::new(4, None);
            let mut held = Vec::new();
            for _ in 0..4 {
                held.push(limiter.admit(far()).await.expect("a slot"));
            }
            limiter.slow_down(Some(Duration::ZERO), |_| Duration::ZERO);
            drop(held);
            assert_eq!(limiter.slots.available_permits(), 2);
            for _ in 0..SUCCESSES_FOR_ONE_MORE * (2 + 3) {
                limiter.went_well();
            }
            assert_eq!(limiter.slots.available_permits(), 4);
            limiter.went_well();
            assert_eq!(limiter.slots.available_permits(), 4, "never more than at first");
        });
    }

    #[test]
    fn complaints_without_a_time_back_off_further_each_time() {
        let limiter = RateLimiter::new(2, None);
        let backoff = |n: u32| Duration::from_nanos(u64::from(n));
        let waits: Vec<_> = (0..3)
            .map(|_| {
                let wait = limiter.slow_down(None, backoff);
                std::thread::sleep(Duration::from_millis(1));
                wait.as_nanos()
            })
            .collect();
        assert_eq!(waits, [1, 2, 3]);
    }

    #[test]
    fn the_bucket_holds_the_rate() {
        run(async {
            // 50 a second: the first 50 at once, the next 10 in 0.2 s.
            let limiter = RateLimiter::new(1, Some(3000));
            let start = Instant::now();
            for _ in 0..60 {
                limiter.admit(far()).await.expect("a slot");
            }
            let elapsed = start.elapsed();
            assert!(elapsed >= Duration::from_millis(180), "{elapsed:?}");
        });
    }
}
