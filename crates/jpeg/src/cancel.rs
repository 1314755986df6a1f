//! Stopping work that has begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Stops work from outside: whoever works looks at it between the steps and often inside them.
///
/// Its clones belong together: what one cancels is cancelled for all. A deadline belongs to the clone that has it.
///
/// ```
/// use std::time::Duration;
/// use photofit_jpeg::{CancelToken, Cancelled};
///
/// let token = CancelToken::new();
/// let soon = token.with_timeout(Duration::from_secs(10));
/// assert!(soon.check().is_ok());
/// token.cancel();
/// assert_eq!(soon.check(), Err(Cancelled));
/// ```
#[derive(Clone, Debug, Default)]
pub struct CancelToken {
    cancelled: Arc<AtomicBool>,
    deadline: Option<Instant>,
    /// What ends this one too, while this one ends nothing but itself.
    parent: Option<Arc<CancelToken>>,
}

impl CancelToken {
    /// A token that nobody has cancelled, without a deadline.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A clone that also ends at `deadline`, or at its own if that comes first.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self {
            cancelled: Arc::clone(&self.cancelled),
            deadline: Some(self.deadline.map_or(deadline, |own| own.min(deadline))),
            parent: self.parent.clone(),
        }
    }

    /// A token of its own that ends with this one too: what cancels it cancels no other.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            parent: Some(Arc::new(self.clone())),
            ..Self::default()
        }
    }

    /// A clone that also ends when this much time has passed from now on.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.with_deadline(deadline),
            // Longer than clocks count.
            None => self.clone(),
        }
    }

    /// Cancels this token and all its clones.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the token, or a clone of it, was cancelled, or its own deadline has passed.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.was_cancelled() || self.is_late()
    }

    /// Ends what was cancelled.
    ///
    /// # Errors
    /// [`Cancelled`] where [`is_cancelled`](Self::is_cancelled) is true.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Whether its deadline has passed, and nobody cancelled it.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        !self.was_cancelled() && self.is_late()
    }

    fn was_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.parent.as_ref().is_some_and(|parent| parent.was_cancelled())
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
            || self.parent.as_ref().is_some_and(|parent| parent.is_late())
    }
}

/// The work was stopped: its [`CancelToken`] was cancelled, or the token's deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was cancelled")]
pub struct Cancelled;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_are_cancelled_together_and_time_out_alone() {
        let token = CancelToken::new();
        let late = token.with_timeout(Duration::ZERO);
        let early = late.with_timeout(Duration::from_secs(3600));
        assert!(late.is_cancelled() && late.timed_out());
        assert!(early.is_cancelled(), "the first deadline holds");
        assert!(!token.is_cancelled());
        assert!(!token.with_timeout(Duration::MAX).is_cancelled());
        late.cancel();
        assert!(token.is_cancelled() && !late.timed_out());
    }

    #[test]
    fn a_child_ends_with_its_parent_and_alone() {
        let token = CancelToken::new();
        let (one, other) = (token.child(), token.child().with_timeout(Duration::from_secs(3600)));
        one.cancel();
        assert!(one.is_cancelled() && !token.is_cancelled() && !other.is_cancelled());
        assert!(token.with_timeout(Duration::ZERO).child().timed_out());
        token.cancel();
        assert!(other.is_cancelled() && !other.timed_out());
    }
}
