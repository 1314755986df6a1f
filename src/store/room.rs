//! The memory that objects take which are read ahead of those who ask for them.

use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Memory is counted in units of so many bytes, as a semaphore counts to 2^32 at most.
const UNIT: u64 = 4096;

/// So many bytes of memory, for all together.
pub(super) fn memory(bytes: u64) -> Arc<Semaphore> {
    let units = usize::try_from(bytes / UNIT).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)))
}

/// The memory that an object takes while it is read ahead.
pub(super) struct Room {
    memory: Arc<Semaphore>,
    /// Told when a worker waits for the object.
    wanted: Arc<Notify>,
    held: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// None yet, of this memory; `wanted` is told when a worker waits for the object.
    pub(super) fn new(memory: &Arc<Semaphore>, wanted: &Arc<Notify>) -> Self {
        Self {
            memory: Arc::clone(memory),
            wanted: Arc::clone(wanted),
            held: None,
        }
    }

    /// Waits until there is memory for `size` bytes, or for all if that is not known; or until a worker waits for the object. It
    /// is not ahead any more then, and the batch counts it: if it went on waiting, for memory that is given back by
    /// workers, neither would go on.
    pub(super) async fn take(&mut self, size: Option<u64>) {
        if self.held.is_some() {
            return;
        }
        let units = size.map_or(u64::MAX, |size| size.div_ceil(UNIT));
        let Ok(units) = u32::try_from(units) else {
            return self.wanted.notified().await;
        };
        tokio::select! {
            permit = Arc::clone(&self.memory).acquire_many_owned(units) => self.held = permit.ok(),
            () = self.wanted.notified() => {}
        }
    }
}
