//! What stands for a photo that was submitted, and what comes of it.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::admission::Held;
use super::answer::Getter;
use super::{BatchError, Cause, Shared, Timings};
use crate::CancelToken;
use crate::error::Error;
use crate::prepare::Prepared;

/// A prepared photo. What it takes counts against the memory of its pool until it is dropped.
#[derive(Debug)]
pub struct Ready {
    prepared: Prepared<'static>,
    timings: Timings,
    held: Held,
}

impl Ready {
    pub(super) fn new(prepared: Prepared<'static>, timings: Timings, held: Held) -> Self {
        Self {
            prepared,
            timings,
            held,
        }
    }

    /// What it took.
    #[must_use]
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// The photo alone: from now on it is the caller's, and the pool counts it no more.
    #[must_use]
    pub fn into_prepared(self) -> Prepared<'static> {
        let Self { prepared, held, .. } = self;
        drop(held);
        prepared
    }

    /// The photo, and what counts its bytes until it is dropped.
    #[cfg(feature = "upload")]
    pub(crate) fn into_parts(self) -> (Prepared<'static>, Held) {
        (self.prepared, self.held)
    }
}

impl Deref for Ready {
    type Target = Prepared<'static>;

    fn deref(&self) -> &Self::Target {
        &self.prepared
    }
}

/// A photo that was [submitted](super::Pool::submit): [wait](Self::wait) for it on a thread, or `.await` it in a task of any
/// runtime.
///
/// Who does either makes it due: it is let in as soon as no other photo is in work, whatever is held, and so are those
/// before it. [`patient`](Self::patient) leaves that to the budget. Dropped, it cancels the photo, and nobody else's.
#[must_use = "a ticket that is dropped cancels its photo"]
pub struct Ticket {
    pub(super) id: u64,
    pub(super) place: usize,
    pub(super) token: CancelToken,
    pub(super) answer: Getter<Result<Ready, BatchError>>,
    pub(super) pool: Arc<Shared>,
}

impl Ticket {
    /// Blocks until the photo is prepared.
    ///
    /// # Errors
    /// [`BatchError`]: what cannot be read, or is refused, with the source's name.
    pub fn wait(self) -> Result<Ready, BatchError> {
        self.pool.budget.want(self.place);
        self.answer.wait().unwrap_or_else(|| Err(self.lost()))
    }

    /// Waits without making the photo due: it is let in when there is room for it beside what is in work and held, or when
    /// nothing is. For a task that holds results of the same pool while they are slowly taken away.
    pub fn patient(&mut self) -> impl Future<Output = Result<Ready, BatchError>> + Send {
        std::future::poll_fn(|context| self.poll_answer(context))
    }

    /// Whether there is nothing to wait for any more.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.answer.is_there()
    }

    fn poll_answer(&self, context: &Context<'_>) -> Poll<Result<Ready, BatchError>> {
        self.answer
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|| Err(self.lost())))
    }

    /// What to say where nothing is to come: the answer was taken already.
    fn lost(&self) -> BatchError {
        BatchError {
            input: format!("photo {}", self.place),
            cause: Cause::Photo(Error::Cancelled),
        }
    }

    /// Where the photo stands in the line.
    #[cfg(feature = "upload")]
    pub(crate) fn place(&self) -> usize {
        self.place
    }
}

impl Future for Ticket {
    type Output = Result<Ready, BatchError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.pool.budget.want(self.place);
        self.poll_answer(context)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // A photo in work ends at its next look at the token; one that is not begun goes with its source.
        self.token.cancel();
        drop(self.pool.queue.remove(|job| job.id == self.id));
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("place", &self.place)
            .field("is_ready", &self.is_ready())
            .finish()
    }
}
