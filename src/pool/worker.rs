//! One worker thread: it reads a photo once there is memory for it, and prepares it.

use std::any::Any;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::admission::{Budget, Permit};
use super::{BatchError, Cause, Progress, Ready, Source, Stage};
use crate::CancelToken;
use crate::error::Error;
use crate::formats::probe;
use crate::options::Options;
use crate::prepare::Prepared;
use crate::prepare::Preparer;
use crate::prepare::estimate;
use crate::threads;

/// How much is read before it is decided whether the rest is worth it: more than nearly any header takes.
const HEAD: u64 = 64 * 1024;

/// A read buffer of more than this is not kept for the next photo.
const KEPT: usize = 32 << 20;

/// The state of one worker thread, kept from photo to photo.
pub struct Worker<'b> {
    pub(super) budget: Arc<Budget>,
    pub(super) progress: &'b dyn Progress,
    pub(super) cancel: CancelToken,
    pub(super) timeout: Option<Duration>,
    pub(super) preparer: Preparer,
    pub(super) buffer: Vec<u8>,
    /// The photo in work: its place in the line.
    pub(super) index: usize,
}

/// What a photo has taken so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// Waiting for memory.
    pub waiting: Duration,
    /// Reading its bytes.
    pub reading: Duration,
    /// Preparing it.
    pub preparing: Duration,
}

/// A photo whose bytes are in memory, for which there is memory to prepare it.
pub struct Photo<'w> {
    bytes: &'w [u8],
    preparer: &'w mut Preparer,
    progress: &'w dyn Progress,
    index: usize,
    timings: Timings,
    permit: Permit,
}

impl<'w> Photo<'w> {
    /// The photo's bytes as they were read.
    #[must_use]
    pub fn bytes(&self) -> &'w [u8] {
        self.bytes
    }

    /// Prepares it; see [`Preparer::prepare`].
    ///
    /// # Errors
    /// Those of [`Preparer::prepare`].
    pub fn prepare(&mut self) -> Result<Prepared<'w>, Error> {
        self.progress.stage(self.index, Stage::Preparing);
        let start = Instant::now();
        let prepared = self.preparer.prepare(self.bytes);
        self.timings.preparing += start.elapsed();
        prepared
    }

    /// What it has taken so far.
    #[must_use]
    pub fn timings(&self) -> Timings {
        self.timings
    }
}

impl<'b> Worker<'b> {
    pub(super) fn new(
        options: Options,
        budget: &Arc<Budget>,
        progress: &'b dyn Progress,
        cancel: &CancelToken,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            budget: Arc::clone(budget),
            progress,
            cancel: cancel.clone(),
            timeout,
            preparer: Preparer::new(options),
            buffer: Vec::new(),
            index: 0,
        }
    }

    /// Reads the first bytes of a photo, waits until there is memory for what it will take, and reads the rest. What is
    /// no photo, or none that the options allow, is told from its first bytes.
    ///
    /// # Errors
    /// [`BatchError`]: what cannot be read, or is refused by its header, and [`Error::Cancelled`] or
    /// [`Error::TimedOut`], each with the source's name.
    pub fn open(&mut self, source: &(impl Source + ?Sized)) -> Result<Photo<'_>, BatchError> {
        let token = self.begin();
        let mut timings = Timings::default();
        match self.read(source, &token, &mut timings) {
            Ok(permit) => Ok(Photo {
                bytes: &self.buffer,
                preparer: &mut self.preparer,
                progress: self.progress,
                index: self.index,
                timings,
                permit,
            }),
            Err(cause) => Err(failed(source, cause, &token)),
        }
    }

    /// Opens and prepares a photo, without copying what is in memory; `counted` bytes of it count already.
    pub(super) fn prepare(&mut self, source: &(impl Source + ?Sized), counted: u64) -> Result<Ready, BatchError> {
        let mut photo = match source.in_memory() {
            None => self.open(source)?,
            Some(bytes) => {
                let token = self.begin();
                let mut timings = Timings::default();
                match self.admit(bytes, counted, &token, &mut timings) {
                    Ok(permit) => Photo {
                        bytes,
                        preparer: &mut self.preparer,
                        progress: self.progress,
                        index: self.index,
                        timings,
                        permit,
                    },
                    Err(cause) => return Err(failed(source, cause, &token)),
                }
            }
        };
        match photo.prepare().map(Prepared::into_owned) {
            Ok(prepared) => {
                let (timings, permit) = (photo.timings, photo.permit);
                let held = permit.into_result(prepared.bytes().len() as u64);
                Ok(Ready::new(prepared, timings, held))
            }
            Err(error) => Err(BatchError {
                input: source.name().into_owned(),
                cause: Cause::Photo(error),
            }),
        }
    }

    /// The time for a photo begins: the token that ends it.
    fn begin(&mut self) -> CancelToken {
        let token = match self.timeout {
            Some(timeout) => self.cancel.with_timeout(timeout),
            None => self.cancel.clone(),
        };
        self.preparer.set_cancel(token.clone());
        token
    }

    /// Waits until there is memory for a photo whose bytes are all there.
    fn admit(
        &mut self,
        bytes: &[u8],
        counted: u64,
        token: &CancelToken,
        timings: &mut Timings,
    ) -> Result<Permit, Cause> {
        self.progress.stage(self.index, Stage::Reading);
        token.check()?;
        let (size, options) = (bytes.len() as u64, self.preparer.options().clone());
        if size > options.max_memory() {
            refuse_by_format(bytes)?;
            return Err(too_large(size, options.max_memory()));
        }
        let needed = needed(bytes, Some(size), &options)?;
        self.wait(needed.saturating_sub(counted), token, timings)
    }

    /// Fills the buffer with the photo's bytes.
    fn read(
        &mut self,
        source: &(impl Source + ?Sized),
        token: &CancelToken,
        timings: &mut Timings,
    ) -> Result<Permit, Cause> {
        self.progress.stage(self.index, Stage::Reading);
        let start = Instant::now();
        let limit = self.preparer.options().max_memory();
        self.buffer.clear();
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
        let opened = source.open_until(token);
        // What it says of being given up is less than what is known here.
        token.check()?;
        let (size, mut reader) = opened?;
        read_up_to(&mut reader, HEAD, &mut self.buffer, token)?;
        if let Some(size) = size
            && size > limit
        {
            refuse_by_format(&self.buffer)?;
            return Err(too_large(size, limit));
        }
        let options = self.preparer.options().clone();
        let (needed, done) = match needed(&self.buffer, size, &options) {
            Ok(needed) => (needed, false),
            Err(error @ (Error::Empty | Error::UnknownFormat { .. } | Error::Unsupported { .. })) => {
                return Err(error.into());
            }
            // The header may go on behind the first bytes. Without a size nothing can be told before all is read.
            Err(_) => {
                let guess = size.unwrap_or(0);
                let permit = self.wait(guess, token, timings)?;
                read_all(&mut reader, size, limit, &mut self.buffer, token)?;
                drop(permit);
                (needed(&self.buffer, Some(self.buffer.len() as u64), &options)?, true)
            }
        };
        let permit = self.wait(needed, token, timings)?;
        if !done {
            self.progress.stage(self.index, Stage::Reading);
            read_all(&mut reader, size, limit, &mut self.buffer, token)?;
        }
        timings.reading = start.elapsed().saturating_sub(timings.waiting);
        Ok(permit)
    }

    /// Waits for memory; who has to wait gives back what it keeps between photos.
    fn wait(&mut self, bytes: u64, token: &CancelToken, timings: &mut Timings) -> Result<Permit, Cause> {
        let start = Instant::now();
        let Self {
            budget,
            progress,
            preparer,
            buffer,
            index,
            ..
        } = self;
        let must_wait = || {
            progress.stage(*index, Stage::Waiting);
            preparer.clear();
            buffer.shrink_to_fit();
        };
        let permit = budget.take(*index, bytes, token, must_wait)?;
        timings.waiting += start.elapsed();
        Ok(permit)
    }
}

/// Refuses what its first bytes show to be no photo.
fn refuse_by_format(head: &[u8]) -> Result<(), Cause> {
    match probe(head) {
        Err(error @ (Error::Empty | Error::UnknownFormat { .. } | Error::Unsupported { .. })) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Why a photo could not be opened, by name.
fn failed(source: &(impl Source + ?Sized), cause: Cause, token: &CancelToken) -> BatchError {
    BatchError {
        input: source.name().into_owned(),
        cause: match cause {
            // A source may give up by itself, with an error of its own.
            Cause::Read(_) if token.timed_out() => Cause::Photo(Error::TimedOut),
            Cause::Photo(Error::Cancelled) if token.timed_out() => Cause::Photo(Error::TimedOut),
            cause => cause,
        },
    }
}

/// The message of a panic.
pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}

/// The memory that a photo takes with its own bytes, of which these are the first; an error also where they are too few.
fn needed(head: &[u8], size: Option<u64>, options: &Options) -> Result<u64, Error> {
    let mut info = probe(head)?;
    let Some(size) = size else {
        return Err(Error::malformed(info.format, "its size is not known"));
    };
    info.bytes = size;
    estimate::check_limits(&info, options)?;
    Ok(size.saturating_add(estimate::estimate(&info, options, threads::threads())))
}

/// Reads at most `limit` bytes more, in pieces between which `token` is looked at.
fn read_up_to(reader: &mut dyn Read, limit: u64, buffer: &mut Vec<u8>, token: &CancelToken) -> Result<(), Cause> {
    const PIECE: u64 = 4 << 20;
    let mut left = limit;
    while left > 0 {
        token.check()?;
        let read = reader.take(left.min(PIECE)).read_to_end(buffer)?;
        if read == 0 {
            break;
        }
        left -= read as u64;
    }
    Ok(())
}

/// Reads the rest. A file may grow while it is read, and a pipe has no size: the limit holds for what comes, not for
/// what was said.
fn read_all(
    reader: &mut dyn Read,
    size: Option<u64>,
    limit: u64,
    buffer: &mut Vec<u8>,
    token: &CancelToken,
) -> Result<(), Cause> {
    let size = size.unwrap_or(0);
    let rest = usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(buffer.len());
    buffer
        .try_reserve_exact(rest)
        .map_err(|_| Cause::Photo(Error::OutOfMemory { bytes: size }))?;
    let room = limit.saturating_sub(buffer.len() as u64).saturating_add(1);
    read_up_to(reader, room, buffer, token)?;
    let read = buffer.len() as u64;
    if read > limit {
        Err(too_large(read, limit))
    } else {
        Ok(())
    }
}

fn too_large(size: u64, limit: u64) -> Cause {
    Cause::TooLarge { size, limit }
}
