//! What a batch tells while it runs.

/// What is being done to a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Its bytes are read.
    Reading,
    /// It waits for memory.
    Waiting,
    /// It is decoded, resampled and encoded.
    Preparing,
}

/// Is told what happens, on the thread where it happens: what it does should take next to no time.
pub trait Progress: Sync {
    /// Work on a photo begins. Photos are counted from 0 in the order of the sources.
    fn started(&self, index: usize) {
        let _ = index;
    }

    /// A photo comes to a stage.
    fn stage(&self, index: usize, stage: Stage) {
        let _ = (index, stage);
    }

    /// Work on a photo has ended, well or not.
    fn finished(&self, index: usize) {
        let _ = index;
    }
}

/// Tells nobody.
impl Progress for () {}
