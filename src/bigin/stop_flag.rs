//! The word to stop: whoever waits for something hears it, while what is under way comes to its end.

use std::future::Future;

use tokio::sync::watch;

/// A flag that can be waited for. It is never taken back.
#[derive(Debug)]
pub(super) struct StopFlag(watch::Sender<bool>);

impl StopFlag {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Raises the flag.
    pub(super) fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether the flag is up.
    pub(super) fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// What `wait` comes to, or `None` if the flag goes up before. `wait` is dropped then.
    pub(super) async fn unless<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        let mut flag = self.0.subscribe();
        tokio::select! {
            biased;
            // The sender lives as long as `self`: there is no error to come.
            _ = flag.wait_for(|stopped| *stopped) => None,
            value = wait => Some(value),
        }
    }
}
