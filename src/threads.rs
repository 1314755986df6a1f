//! Parallel work inside one photo: only in the caller's own rayon pool, and there only on threads with nothing to do.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::error::Error;

/// How many threads of the caller's pool may share the work inside a photo; 1 outside of a pool.
pub(crate) fn threads() -> usize {
    match rayon::current_thread_index() {
        Some(_) => rayon::current_num_threads(),
        None => 1,
    }
}

/// Calls `work` with the index and the items of each chunk of `data`.
///
/// On a thread of a rayon pool the chunks are offered to the pool's idle threads, each of which works with a state of
/// its own made by `fresh`; elsewhere they are done one after another with `own`. The global pool is never touched.
/// Chunks do not depend on the number of threads, so neither does the result.
pub(crate) fn for_each_chunk<T, S>(
    data: &mut [T],
    chunk: usize,
    own: &mut S,
    fresh: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize, &mut [T]) -> Result<(), Error> + Sync + Send,
) -> Result<(), Error>
where
    T: Send,
{
    if threads() > 1 && data.len() > chunk {
        data.par_chunks_mut(chunk)
            .enumerate()
            .try_for_each_init(fresh, |state, (index, items)| work(state, index, items))
    } else {
        data.chunks_mut(chunk)
            .enumerate()
            .try_for_each(|(index, items)| work(own, index, items))
    }
}

/// How many pieces may wait ahead of a stage.
const AHEAD: usize = 4;

/// More threads find nothing to do: filling is about half of the work.
const MAX_WORKERS: usize = 4;

/// A stage of a [`relay`] that takes its pieces one by one.
type Stage<'s, F> = Mutex<&'s mut F>;

/// Carries pieces through four stages: `make` begins a piece, or says `false` when there are no more; `fill` does what
/// can be done to several pieces at a time; `change` makes another piece of it, or says `false` if that is not yet one;
/// `take` uses that up. All but `fill` take the pieces in order and one at a time.
///
/// On a thread of a rayon pool the stages overlap on the pool's idle threads: whoever is free does what is furthest
/// down the road. The pieces and their order are the same on any number of threads; those in hand come from `makes` and
/// `changes`, and go back there. Once a stage fails no other is begun. No stage may use rayon: the thread could be given
/// a part of this very relay, and would wait for itself.
pub(crate) fn relay<A: Default + Send, B: Default + Send>(
    (makes, changes): (&mut Vec<A>, &mut Vec<B>),
    make: &mut (impl FnMut(&mut A) -> Result<bool, Error> + Send),
    fill: &(impl Fn(&mut A) -> Result<(), Error> + Sync),
    change: &mut (impl FnMut(&mut A, &mut B) -> Result<bool, Error> + Send),
    take: &mut (impl FnMut(&mut B) -> Result<(), Error> + Send),
) -> Result<(), Error> {
    let relay = Relay {
        make: Mutex::new(make),
        fill,
        change: Mutex::new(change),
        take: Mutex::new(take),
        state: Mutex::new(State {
            makes: Pieces::new(std::mem::take(makes)),
            changes: Pieces::new(std::mem::take(changes)),
            made: VecDeque::new(),
            filled: Vec::new(),
            changed: VecDeque::new(),
            made_count: 0,
            next_to_change: 0,
            busy: [0; 4],
            made_all: false,
            failed: false,
            error: None,
        }),
        freed: Condvar::new(),
    };
    relay.share(threads().min(MAX_WORKERS));
    let state = relay.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    (*makes, *changes) = (state.makes.free, state.changes.free);
    state.error.map_or(Ok(()), Err)
}

/// The pieces of one kind.
struct Pieces<T> {
    free: Vec<T>,
    /// How many have been given out.
    out: usize,
}

impl<T: Default> Pieces<T> {
    fn new(free: Vec<T>) -> Self {
        Self { free, out: 0 }
    }

    /// A piece to fill, if there may be one more.
    fn empty(&mut self) -> Option<T> {
        (self.out < AHEAD).then(|| {
            self.out += 1;
            self.free.pop().unwrap_or_default()
        })
    }

    fn give_back(&mut self, piece: T) {
        self.out -= 1;
        self.free.push(piece);
    }
}

struct State<A, B> {
    makes: Pieces<A>,
    changes: Pieces<B>,
    /// With their numbers: those that were made, and those that were filled, in any order.
    made: VecDeque<(usize, A)>,
    filled: Vec<(usize, A)>,
    changed: VecDeque<B>,
    made_count: usize,
    next_to_change: usize,
    /// How many are at each stage.
    busy: [usize; 4],
    made_all: bool,
    failed: bool,
    error: Option<Error>,
}

/// What a thread can do next.
enum Step<A, B> {
    Make(A),
    Fill(usize, A),
    Change(A, B),
    Take(B),
}

impl<A, B> Step<A, B> {
    fn stage(&self) -> usize {
        match self {
            Step::Make(_) => 0,
            Step::Fill(..) => 1,
            Step::Change(..) => 2,
            Step::Take(_) => 3,
        }
    }
}

impl<A: Default, B: Default> State<A, B> {
    /// The step furthest down the road that can be done now.
    fn next(&mut self) -> Option<Step<A, B>> {
        let [making, _, changing, taking] = self.busy.map(|count| count > 0);
        let due = self.filled.iter().position(|(n, _)| *n == self.next_to_change);
        let step = if !taking && let Some(piece) = self.changed.pop_front() {
            Step::Take(piece)
        } else if !changing
            && let Some(due) = due
            && let Some(changed) = self.changes.empty()
        {
            self.next_to_change += 1;
            Step::Change(self.filled.swap_remove(due).1, changed)
        } else if let Some((number, piece)) = self.made.pop_front() {
            Step::Fill(number, piece)
        } else if !making && !self.made_all {
            Step::Make(self.makes.empty()?)
        } else {
            return None;
        };
        self.busy[step.stage()] += 1;
        Some(step)
    }
}

/// Where the pieces of a step go.
enum Done<A, B> {
    Made(A),
    MadeAll(A),
    Filled(usize, A),
    Changed(A, B),
    /// Not yet a piece.
    Joined(A, B),
    Taken(B),
}

impl<A: Default, B: Default> State<A, B> {
    fn put(&mut self, done: Done<A, B>) {
        match done {
            Done::Made(piece) => {
                self.made.push_back((self.made_count, piece));
                self.made_count += 1;
            }
            Done::MadeAll(piece) => {
                self.made_all = true;
                self.makes.give_back(piece);
            }
            Done::Filled(number, piece) => self.filled.push((number, piece)),
            Done::Changed(piece, changed) => {
                self.makes.give_back(piece);
                self.changed.push_back(changed);
            }
            Done::Joined(piece, other) => {
                self.makes.give_back(piece);
                self.changes.give_back(other);
            }
            Done::Taken(piece) => self.changes.give_back(piece),
        }
    }
}

struct Relay<'s, A, B, M, F, C, T> {
    make: Stage<'s, M>,
    fill: &'s F,
    change: Stage<'s, C>,
    take: Stage<'s, T>,
    state: Mutex<State<A, B>>,
    freed: Condvar,
}

/// Stops the others if its thread panics, who would wait for it forever.
struct Alarm<'r, A, B>(&'r Mutex<State<A, B>>, &'r Condvar);

impl<A, B> Drop for Alarm<'_, A, B> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            locked(self.0).failed = true;
            self.1.notify_all();
        }
    }
}

impl<A, B, M, F, C, T> Relay<'_, A, B, M, F, C, T>
where
    A: Default + Send,
    B: Default + Send,
    M: FnMut(&mut A) -> Result<bool, Error> + Send,
    F: Fn(&mut A) -> Result<(), Error> + Sync,
    C: FnMut(&mut A, &mut B) -> Result<bool, Error> + Send,
    T: FnMut(&mut B) -> Result<(), Error> + Send,
{
    /// Works on this thread and on idle ones, `workers` in all.
    fn share(&self, workers: usize) {
        if workers > 1 {
            rayon::join(|| self.work(), || self.share(workers - 1));
        } else {
            self.work();
        }
    }

    /// Does one step after the other until there are no more.
    fn work(&self) {
        let alarm = Alarm(&self.state, &self.freed);
        let mut state = locked(&self.state);
        loop {
            if state.failed {
                break;
            }
            let Some(step) = state.next() else {
                if state.busy == [0; 4] {
                    break;
                }
                state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let stage = step.stage();
            let done = self.step(step);
            state = locked(&self.state);
            state.busy[stage] -= 1;
            match done {
                Ok(done) => state.put(done),
                Err(error) => {
                    state.failed = true;
                    state.error.get_or_insert(error);
                }
            }
            self.freed.notify_all();
        }
        drop(state);
        drop(alarm);
    }

    fn step(&self, step: Step<A, B>) -> Result<Done<A, B>, Error> {
        Ok(match step {
            Step::Make(mut piece) => match locked(&self.make)(&mut piece)? {
                true => Done::Made(piece),
                false => Done::MadeAll(piece),
            },
            Step::Fill(number, mut piece) => {
                (self.fill)(&mut piece)?;
                Done::Filled(number, piece)
            }
            Step::Change(mut piece, mut other) => match locked(&self.change)(&mut piece, &mut other)? {
                true => Done::Changed(piece, other),
                false => Done::Joined(piece, other),
            },
            Step::Take(mut piece) => {
                locked(&self.take)(&mut piece)?;
                Done::Taken(piece)
            }
        })
    }
}

/// A panic of another thread is told by the thread itself.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doubles numbers in pairs, and joins what comes out.
    fn run(count: u32, fail_at: Option<u32>) -> Result<Vec<u32>, Error> {
        let (mut next, mut odd, mut out) = (0, None, Vec::new());
        let mut make = |piece: &mut u32| {
            *piece = next;
            next += 1;
            Ok(*piece < count)
        };
        let fill = |piece: &mut u32| {
            if fail_at == Some(*piece) {
                return Err(Error::BrokenPromise {
                    what: piece.to_string(),
                });
            }
            if piece.is_multiple_of(3) {
                std::thread::sleep(std::time::Duration::from_micros(300));
            }
            *piece += 1;
            Ok(())
        };
        let mut change = |piece: &mut u32, pair: &mut Vec<u32>| {
            *piece -= 1;
            if piece.is_multiple_of(7) {
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
            pair.clear();
            let Some(other) = odd.take() else {
                odd = Some(*piece * 2);
                return Ok(false);
            };
            pair.extend([other, *piece * 2]);
            Ok(true)
        };
        let mut take = |pair: &mut Vec<u32>| {
            out.append(pair);
            Ok(())
        };
        let (mut makes, mut changes) = (Vec::new(), Vec::new());
        relay((&mut makes, &mut changes), &mut make, &fill, &mut change, &mut take)?;
        assert!((1..=AHEAD).contains(&makes.len()) && changes.len() <= AHEAD);
        Ok(out)
    }

    #[test]
    fn a_relay_keeps_the_order_on_any_number_of_threads() {
        let expected: Vec<u32> = (0..200).map(|n| n * 2).collect();
        assert_eq!(run(200, None).unwrap(), expected);
        for threads in [1, 2, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| run(200, None)).unwrap(), expected, "{threads} threads");
            assert!(pool.install(|| run(0, None)).unwrap().is_empty());
        }
    }

    #[test]
    fn a_relay_ends_with_the_error_or_the_panic_of_a_stage() {
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let failed = pool.install(|| run(200, Some(50)));
            assert!(matches!(failed, Err(Error::BrokenPromise { what }) if what == "50"));
            let panicked = pool.install(|| {
                std::panic::catch_unwind(|| {
                    let mut made = 0;
                    let mut make = |_: &mut ()| {
                        made += 1;
                        Ok(made < 100)
                    };
                    let mut change = |_: &mut (), _: &mut ()| Ok(true);
                    let mut taken = 0;
                    let mut take = |_: &mut ()| {
                        taken += 1;
                        assert!(taken < 20, "the twentieth");
                        Ok(())
                    };
                    let (mut makes, mut changes) = (Vec::new(), Vec::new());
                    relay(
                        (&mut makes, &mut changes),
                        &mut make,
                        &|()| Ok(()),
                        &mut change,
                        &mut take,
                    )
                })
            });
            let message = panicked.unwrap_err();
            assert_eq!(message.downcast_ref::<&str>(), Some(&"the twentieth"));
        }
    }
}
