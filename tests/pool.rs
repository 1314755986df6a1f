//! Photos that come one by one, through the library's public face.

#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use photofit::pool::{Cause, Ready, Source, Ticket};
use photofit::{CancelToken, Error, Limits, Options, Pool, Preparer};

const PHOTO: &str = "jpeg/sampling-420.jpg";

/// Longer than any wait of these tests takes.
const LONGEST: Duration = Duration::from_secs(60);

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn small() -> Options {
    Options::default().with_limits(Limits::bigin().with_max_pixels(20_000))
}

fn pool(jobs: usize, memory: u64) -> Pool {
    Pool::builder(small()).jobs(jobs).memory(memory).build().unwrap()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONGEST, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn on_a_runtime<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::time::timeout(LONGEST, work).await.unwrap() })
}

/// A photo that is opened once it may be.
struct Gated {
    opened: Arc<AtomicUsize>,
    gate: Arc<AtomicBool>,
}

impl Gated {
    fn new() -> (Self, Arc<AtomicUsize>, Arc<AtomicBool>) {
        let (opened, gate) = (Arc::default(), Arc::default());
        let photo = Self {
            opened: Arc::clone(&opened),
            gate: Arc::clone(&gate),
        };
        (photo, opened, gate)
    }
}

impl Source for Gated {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("gated")
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        self.open_until(&CancelToken::new())
    }

    fn open_until(&self, cancel: &CancelToken) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        until("the gate stays closed", || {
            self.gate.load(Ordering::SeqCst) || cancel.is_cancelled()
        });
        let bytes = std::fs::read(testdata(PHOTO))?;
        Ok((Some(bytes.len() as u64), Box::new(io::Cursor::new(bytes))))
    }
}

#[test]
fn photos_are_those_of_a_preparer_however_they_are_handed_in_and_waited_for() {
    let bytes = std::fs::read(testdata(PHOTO)).unwrap();
    let expected = Preparer::new(small()).prepare(&bytes).unwrap().into_owned();
    for (jobs, memory) in [(1, 1), (2, 1), (3, u64::MAX)] {
        let pool = pool(jobs, memory);
        let path = pool.submit(testdata(PHOTO));
        let memory = pool.submit(bytes.clone());
        let boxed: Box<dyn Source + Send> = Box::new(testdata(PHOTO));
        let boxed = pool.submit(boxed);
        let (path, boxed) = on_a_runtime(async { (path.await.unwrap(), boxed.await.unwrap()) });
        for ready in [path, memory.wait().unwrap(), boxed] {
            assert!(ready.bytes() == expected.bytes());
            assert!(ready.timings().preparing > Duration::ZERO);
        }
        let other = pool.submit_with(bytes.clone(), Options::default()).wait().unwrap();
        assert!(other.bytes() == bytes, "it conforms to other limits as it is");
        assert_eq!(pool.memory_in_use(), bytes.len() as u64, "a result counts");
        drop(other);
        assert!(pool.submit(bytes.clone()).wait().unwrap().bytes() == expected.bytes());
        assert_eq!(pool.memory_in_use(), 0);
    }
}

#[test]
fn what_goes_wrong_is_told_by_name() {
    let pool = pool(2, u64::MAX);
    let told = |ticket: Ticket| ticket.wait().unwrap_err();
    let error = told(pool.submit(testdata("nowhere.jpg")));
    assert!(matches!(error.cause, Cause::Read(_)) && error.to_string().contains("nowhere.jpg: cannot read"));
    let error = told(pool.submit(b"no photo".to_vec()));
    assert!(
        matches!(error.cause, Cause::Photo(Error::UnknownFormat { .. })),
        "{error}"
    );
    let few = small().with_max_memory(1000);
    let error = told(pool.submit_with(std::fs::read(testdata(PHOTO)).unwrap(), few));
    assert!(matches!(error.cause, Cause::TooLarge { limit: 1000, .. }), "{error}");
}

/// A source that panics when it is opened.
struct Bomb;

impl Source for Bomb {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("bomb")
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        panic!("boom");
    }
}

#[test]
fn a_panic_is_one_photo_s_error() {
    let pool = pool(1, u64::MAX);
    let tickets = [pool.submit(Bomb), pool.submit(testdata(PHOTO))];
    let [bomb, photo] = tickets.map(Ticket::wait);
    let error = bomb.unwrap_err();
    assert!(matches!(&error.cause, Cause::Photo(Error::Panicked { message }) if message == "boom"));
    assert!(photo.is_ok());
}

#[test]
fn results_that_are_not_taken_away_hold_no_more_than_the_budget() {
    // The results are as large as their sources, which is most of what it takes to keep them.
    let photo = std::fs::read(testdata(PHOTO)).unwrap();
    let one = photo.len() as u64;
    // Threads that share a photo take memory each.
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let needed = one + two.install(|| photofit::estimate_memory(&photo, &Options::default()).unwrap());
    let budget = needed + 3 * one;
    let pool = Pool::builder(Options::default())
        .jobs(2)
        .memory(budget)
        .build()
        .unwrap();
    let mut tickets: Vec<_> = (0..20).map(|_| pool.submit(testdata(PHOTO))).collect();
    on_a_runtime(async {
        // Three results fit in beside a photo in work, and so a fourth comes of it.
        for ticket in &mut tickets[..4] {
            until("the first ones are prepared", || ticket.is_ready());
        }
        for _ in 0..50 {
            std::thread::sleep(Duration::from_millis(2));
            assert!(pool.memory_in_use() <= budget, "{}", pool.memory_in_use());
        }
        assert!(tickets[4..].iter().all(|ticket| !ticket.is_ready()));
        let mut rest = tickets.split_off(4);
        let held: Vec<Ready> = tickets.into_iter().map(|ticket| ticket.wait().unwrap()).collect();
        let patient = tokio::time::timeout(Duration::from_millis(100), rest[0].patient()).await;
        assert!(patient.is_err(), "who is patient waits for room");
        assert_eq!(pool.memory_in_use(), 4 * one);
        drop(held);
        rest[0].patient().await.unwrap();
        // All at once, the last one first, and all kept: whoever waits gets it.
        let kept: Vec<Ready> = rest.into_iter().skip(1).rev().map(|t| t.wait().unwrap()).collect();
        assert_eq!(pool.memory_in_use(), 15 * one);
        let photos: Vec<_> = kept.into_iter().map(Ready::into_prepared).collect();
        assert_eq!((photos.len(), pool.memory_in_use()), (15, 0));
    });
}

#[test]
fn a_ticket_that_is_dropped_cancels_its_photo_alone() {
    let pool = pool(1, u64::MAX);
    let (first, first_opened, _never) = Gated::new();
    let (second, second_opened, _never) = Gated::new();
    let bytes = std::fs::read(testdata(PHOTO)).unwrap();
    let [first, second] = [first, second].map(|photo| pool.submit(photo));
    let (third, last) = (pool.submit(bytes.clone()), pool.submit(bytes.clone()));
    until("the first is opened", || first_opened.load(Ordering::SeqCst) == 1);
    assert_eq!(pool.memory_in_use(), 2 * bytes.len() as u64, "sources count");
    drop(third);
    assert_eq!(pool.memory_in_use(), bytes.len() as u64, "they go with their tickets");
    drop(second);
    // In work it ends at its next look at the token.
    drop(first);
    assert!(last.wait().is_ok());
    assert_eq!(second_opened.load(Ordering::SeqCst), 0);
}

#[test]
fn what_was_submitted_is_finished_though_the_pool_is_dropped() {
    let pool = pool(1, u64::MAX);
    let (gated, _, gate) = Gated::new();
    let tickets = [pool.submit(gated), pool.submit(testdata(PHOTO))];
    drop(pool.clone());
    drop(pool);
    gate.store(true, Ordering::SeqCst);
    assert!(tickets.map(Ticket::wait).iter().all(Result::is_ok));
}

#[test]
fn a_token_ends_everything_and_a_timeout_one_photo() {
    let token = CancelToken::new();
    let pool = Pool::builder(small())
        .jobs(1)
        .timeout(Duration::from_millis(50))
        .cancel(token.clone())
        .build()
        .unwrap();
    let (late, ..) = Gated::new();
    let cause = |ticket: Ticket| ticket.wait().map(Ready::into_prepared).unwrap_err().cause;
    let late = pool.submit(late);
    assert!(matches!(cause(late), Cause::Photo(Error::TimedOut)));
    token.cancel();
    let tickets = [pool.submit(testdata(PHOTO)), pool.submit(testdata(PHOTO))];
    for ticket in tickets {
        assert!(matches!(cause(ticket), Cause::Photo(Error::Cancelled)));
    }
}

#[test]
fn many_callers_share_a_pool() {
    let pool = pool(2, 1);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            let (pool, sender) = (pool.clone(), sender.clone());
            scope.spawn(move || {
                for _ in 0..5 {
                    let ready = pool.submit(testdata(PHOTO)).wait().unwrap();
                    sender.send(ready.bytes().len()).unwrap();
                }
            });
        }
    });
    drop(sender);
    assert_eq!(receiver.iter().count(), 30);
}
