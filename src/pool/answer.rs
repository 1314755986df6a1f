//! One value from one thread to another, which blocks for it or is woken: what stands behind a ticket.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A place for one value: who gives it and who gets it.
pub(super) fn answer<A>() -> (Giver<A>, Getter<A>) {
    let cell = Arc::new(Cell {
        state: Mutex::new(State::Open(None)),
        given: Condvar::new(),
    });
    (Giver(Arc::clone(&cell)), Getter(cell))
}

#[derive(Debug)]
struct Cell<A> {
    state: Mutex<State<A>>,
    given: Condvar,
}

#[derive(Debug)]
enum State<A> {
    /// Nothing yet: whom to wake then.
    Open(Option<Waker>),
    Given(A),
    /// Nothing is to come: it was taken, or its giver is gone.
    Over,
}

impl<A> Cell<A> {
    fn lock(&self) -> MutexGuard<'_, State<A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: State<A>) {
        let mut state = self.lock();
        if let State::Open(waker) = &mut *state {
            let waker = waker.take();
            *state = end;
            drop(state);
            self.given.notify_all();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// Gives the value. Dropped without, nothing is to come.
#[derive(Debug)]
pub(super) struct Giver<A>(Arc<Cell<A>>);

impl<A> Giver<A> {
    pub(super) fn give(self, value: A) {
        self.0.end(State::Given(value));
    }
}

impl<A> Drop for Giver<A> {
    fn drop(&mut self) {
        self.0.end(State::Over);
    }
}

/// Gets the value, once; `None` where nothing is to come.
#[derive(Debug)]
pub(super) struct Getter<A>(Arc<Cell<A>>);

impl<A> Getter<A> {
    /// Blocks until it is there.
    pub(super) fn wait(&self) -> Option<A> {
        let mut state = self.0.lock();
        while matches!(*state, State::Open(_)) {
            state = self.0.given.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        take(&mut state)
    }

    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<Option<A>> {
        let mut state = self.0.lock();
        if let State::Open(waker) = &mut *state {
            // The last who asked is woken.
            match waker {
                Some(waker) => waker.clone_from(context.waker()),
                None => *waker = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        Poll::Ready(take(&mut state))
    }

    /// Whether it is there, or nothing is to come.
    pub(super) fn is_there(&self) -> bool {
        !matches!(*self.0.lock(), State::Open(_))
    }
}

fn take<A>(state: &mut State<A>) -> Option<A> {
    match std::mem::replace(state, State::Over) {
        State::Given(value) => Some(value),
        State::Open(_) | State::Over => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::thread;
    use std::time::Duration;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_thread_waits_for_the_value() {
        let (giver, getter) = answer();
        let late = thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            giver.give(7);
        });
        assert_eq!(getter.wait(), Some(7));
        assert_eq!(getter.wait(), None, "it is there once");
        late.join().unwrap();
    }

    #[test]
    fn a_task_is_woken_once() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let context = Context::from_waker(&waker);
        let (giver, getter) = answer();
        assert!(getter.poll(&context).is_pending() && getter.poll(&context).is_pending());
        assert!(!getter.is_there());
        giver.give("it");
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        assert!(getter.is_there());
        assert_eq!(getter.poll(&context), Poll::Ready(Some("it")));
        assert_eq!(getter.poll(&context), Poll::Ready(None));
    }

    #[test]
    fn who_gives_nothing_keeps_nobody_waiting() {
        let (giver, getter) = answer::<u8>();
        drop(giver);
        assert_eq!(getter.wait(), None);
    }
}
