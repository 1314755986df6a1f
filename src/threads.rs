//! Parallel work inside one photo: only in the caller's own rayon pool, and there only on threads with nothing to do.

use rayon::prelude::*;

use crate::error::Error;

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
    let in_pool = rayon::current_thread_index().is_some() && rayon::current_num_threads() > 1;
    if in_pool && data.len() > chunk {
        data.par_chunks_mut(chunk)
            .enumerate()
            .try_for_each_init(fresh, |state, (index, items)| work(state, index, items))
    } else {
        data.chunks_mut(chunk)
            .enumerate()
            .try_for_each(|(index, items)| work(own, index, items))
    }
}
