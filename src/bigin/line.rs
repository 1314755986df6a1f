//! The way of one photo: asked for, prepared in the pool, and sent, with what it holds on the way.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time;

use super::client::Client;
use super::error::BoxError;
use super::multipart::Form;
use super::record::Record;
use super::stop_flag::StopFlag;
use super::upload::{Event, PhotoError, Upload, tightened};
use crate::CancelToken;
use crate::error::Error;
use crate::options::Options;
use crate::pool::{BatchError, Held, Pool, Ready, Source, Submission, Ticket};
use crate::report::Report;

/// How long somebody who waits for what cannot wake him goes without looking.
pub(super) const PATIENCE: Duration = Duration::from_millis(20);

/// What a photo holds until its outcome is noted: its place in memory and among those that are sent.
pub(super) type Places = (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>);

/// What the photos of one run share.
pub(super) struct Line<S> {
    pub(super) pool: Pool,
    /// For photos that are fetched or wait to be prepared.
    pub(super) ahead: Semaphore,
    /// For photos that are let in whatever is held, until they are done with: as many as may be sent, so that the network
    /// has something to do. The others are let in by the budget alone, so that a network that stalls does not fill memory.
    pub(super) due: Arc<Semaphore>,
    /// For photos that are sent, until their outcome is noted: so a run that is killed leaves no more than these unnoted.
    pub(super) sending: Arc<Semaphore>,
    /// None in a dry run.
    pub(super) client: Option<Client>,
    pub(super) options: Options,
    /// The time that a photo has, from being asked for on.
    pub(super) timeout: Option<Duration>,
    pub(super) cancel: CancelToken,
    pub(super) stop: Arc<StopFlag>,
    pub(super) source: S,
}

/// A prepared photo on its way.
struct Parcel {
    ready: Ready,
    /// Where its ticket stood in the line.
    place: usize,
    due: Option<OwnedSemaphorePermit>,
}

/// A photo that is prepared once more.
struct Again {
    options: Options,
    place: usize,
    due: Option<OwnedSemaphorePermit>,
}

impl<S, F, P> Line<S>
where
    S: Fn(usize) -> F + Send + Sync + 'static,
    F: Future<Output = Result<P, BoxError>> + Send,
    P: Source + Send + 'static,
{
    /// The way of one photo, with its place among those that are sent; `None` if the run was stopped before that.
    pub(super) async fn walk(
        self: Arc<Self>,
        index: usize,
        record: &Record,
        events: &mpsc::UnboundedSender<(Event, Places)>,
    ) -> Option<(Upload, Option<OwnedSemaphorePermit>)> {
        let mut upload = Upload {
            report: None,
            tightened: false,
            result: Ok(None),
        };
        let parcel = match self.prepare(index, None).await? {
            Ok(parcel) => parcel,
            Err(error) => {
                upload.result = Err(error);
                return Some((upload, None));
            }
        };
        let _ = events.send((Event::Prepared { index }, Places::default()));
        let Some(client) = &self.client else {
            upload.report = Some(parcel.ready.report().clone());
            return Some((upload, None));
        };
        let sending = Arc::clone(&self.sending).acquire_owned();
        let sending = Some(self.stop.unless(sending).await?.ok()?);
        let Parcel { ready, place, due } = parcel;
        let (parts, mut report, held) = form(ready);
        let mut sent = client.upload_form(record, &parts).await;
        drop((parts, held));
        if let Err(refused) = &sent
            && refused.api().is_some_and(|api| api.code().is_too_large())
        {
            upload.tightened = true;
            let options = tightened(&self.options, &report);
            match self.prepare(index, Some(Again { options, place, due })).await? {
                Ok(parcel) => {
                    let (attempts, elapsed) = (refused.attempts, refused.elapsed);
                    let Parcel { ready, due, .. } = parcel;
                    let (parts, tightened, held) = form(ready);
                    sent = client.upload_form(record, &parts).await;
                    drop((parts, held, due));
                    report = tightened;
                    match &mut sent {
                        Ok(receipt) => {
                            receipt.attempts += attempts;
                            receipt.elapsed += elapsed;
                        }
                        Err(error) => {
                            error.attempts += attempts;
                            error.elapsed += elapsed;
                        }
                    }
                }
                Err(error) => {
                    upload.report = Some(report);
                    upload.result = Err(error);
                    return Some((upload, sending));
                }
            }
        }
        upload.report = Some(report);
        upload.result = match sent {
            Ok(receipt) => Ok(Some(receipt)),
            Err(error) if error.is_stopped() => return None,
            Err(error) => Err(PhotoError::Upload(error)),
        };
        Some((upload, sending))
    }

    /// Asks for a photo and has it prepared; `None` if the run was stopped.
    async fn prepare(&self, index: usize, again: Option<Again>) -> Option<Result<Parcel, PhotoError>> {
        let stop = &self.stop;
        // Those that wait here may wait for memory, which those that are sent hold: one of them must not wait for these.
        let _ahead = match again {
            // The semaphores are never closed.
            None => Some(stop.unless(self.ahead.acquire()).await?.ok()?),
            Some(_) => None,
        };
        // What is fetched takes memory before anything is known of it.
        while again.is_none() && self.is_full() {
            stop.unless(time::sleep(PATIENCE)).await?;
        }
        let began = Instant::now();
        let asked = (self.source)(index);
        let given = match self.timeout {
            None => stop.unless(asked).await?,
            Some(timeout) => match stop.unless(time::timeout(timeout, asked)).await? {
                Ok(given) => given,
                Err(_) => return Some(Err(PhotoError::Prepare(Error::TimedOut))),
            },
        };
        let source = match given {
            Ok(source) => source,
            Err(error) => return Some(Err(PhotoError::Source(error))),
        };
        let mut submission = Submission {
            spent: began.elapsed(),
            ..Submission::default()
        };
        let mut due = None;
        if let Some(again) = again {
            (submission.options, submission.again, due) = (Some(again.options), Some(again.place), again.due);
        }
        let is_again = submission.again.is_some();
        let mut ticket = self.pool.submit_as(Box::new(source), submission);
        let place = ticket.place();
        let prepared = if is_again {
            stop.unless(ticket).await?
        } else {
            stop.unless(self.in_turn(&mut ticket, &mut due)).await?
        };
        match prepared {
            Ok(ready) => Some(Ok(Parcel { ready, place, due })),
            // The token was cancelled: the run is stopped by it, though nobody may have looked yet.
            Err(_) if self.cancel.is_cancelled() => None,
            Err(error) => Some(Err(error.into())),
        }
    }

    fn is_full(&self) -> bool {
        let used = self.pool.memory_in_use();
        used > 0 && used >= self.pool.memory()
    }

    /// Waits for a photo: patiently, until it is among the first that are to be sent.
    async fn in_turn(&self, ticket: &mut Ticket, due: &mut Option<OwnedSemaphorePermit>) -> Result<Ready, BatchError> {
        tokio::select! {
            biased;
            prepared = ticket.patient() => return prepared,
            permit = Arc::clone(&self.due).acquire_owned() => *due = permit.ok(),
        }
        ticket.await
    }
}

/// A photo as it is sent, its report, and what counts its memory.
fn form(ready: Ready) -> (Form, Report, Held) {
    let (prepared, held) = ready.into_parts();
    let form = Form::new(prepared.bytes(), prepared.report().result.format);
    (form, prepared.report, held)
}
