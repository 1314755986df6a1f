//! Many photos through the library's public face.

#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use photofit::pool::{Cause, Progress, Source, Stage};
use photofit::{Batch, CancelToken, Error, Limits, Options, Preparer};

fn testdata(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn small() -> Options {
    Options::default().with_limits(Limits::bigin().with_max_pixels(20_000))
}

/// A progressive JPEG of `side` by `side` pixels of noise.
fn progressive(side: u16) -> Vec<u8> {
    let mut seed = 3_u32;
    let samples: Vec<u8> = (0..usize::from(side) * usize::from(side) * 3)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24).to_le_bytes()[0]
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    encoder.set_progressive(true);
    encoder
        .encode(&samples, side, side, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    bytes
}

#[test]
fn results_are_those_of_a_preparer_in_the_order_of_the_sources() {
    let names = [
        "jpeg/sampling-420.jpg",
        "png/rgba-8.png",
        "broken/no-dht.jpg",
        "gif/still.gif",
    ];
    let sources: Vec<PathBuf> = (0..40).map(|n| testdata(names[n % names.len()])).collect();
    let mut preparer = Preparer::new(small());
    for jobs in [1, 2, 5] {
        // So little memory that each photo runs alone, and so much that none waits.
        for memory in [1, u64::MAX] {
            let mut next = 0;
            let summary = Batch::new(small())
                .jobs(jobs)
                .memory(memory)
                .run(sources.clone(), |index, result| {
                    assert_eq!(index, next);
                    next += 1;
                    let bytes = std::fs::read(&sources[index]).unwrap();
                    match (result, preparer.prepare(&bytes)) {
                        (Ok(prepared), Ok(expected)) => assert!(prepared.bytes() == expected.bytes()),
                        (Err(error), Err(expected)) => {
                            assert!(error.input.ends_with("no-dht.jpg"));
                            assert_eq!(error.cause.to_string(), expected.to_string());
                        }
                        (result, _) => panic!("{index}: {result:?}"),
                    }
                })
                .unwrap();
            assert_eq!((summary.prepared, summary.failed, next), (30, 10, 40));
        }
    }
}

#[test]
fn a_million_sources_cost_nothing_before_their_turn() {
    let taken = AtomicUsize::new(0);
    let sources = (0..1_000_000).map(|_| {
        taken.fetch_add(1, Ordering::Relaxed);
        testdata("jpeg/tiny-8x8.jpg")
    });
    let stop = CancelToken::new();
    let mut finished = 0;
    let batch = Batch::new(small()).jobs(2).ahead(10).stop(stop.clone());
    let summary = batch.run(sources, |index, result| {
        result.unwrap();
        finished += 1;
        assert!(taken.load(Ordering::Relaxed) <= index + 11, "read too far ahead");
        if index == 500 {
            stop.cancel();
        }
    });
    let taken = taken.load(Ordering::Relaxed);
    assert_eq!(summary.unwrap().prepared, finished);
    assert_eq!(finished, taken, "what was begun is finished");
    assert!(taken < 520, "{taken}");
}

/// How long preparing takes on this machine, as it is loaded now.
fn time_of(photo: &[u8]) -> Duration {
    let began = Instant::now();
    Preparer::new(Options::default()).prepare(photo).unwrap();
    began.elapsed()
}

#[test]
fn a_photo_in_work_ends_soon_after_it_is_cancelled() {
    let photo = progressive(4000);
    let whole = time_of(&photo);
    let token = CancelToken::new();
    let batch = Batch::new(Options::default()).jobs(1).cancel(token.clone());
    let cancelled = std::sync::Mutex::new(None);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(whole / 8);
            token.cancel();
            *cancelled.lock().unwrap() = Some(Instant::now());
        });
        let mut results = Vec::new();
        batch
            .run([photo.clone(), photo.clone()], |_, result| results.push(result))
            .unwrap();
        let took = cancelled.lock().unwrap().unwrap().elapsed();
        assert!(took < whole / 4, "{took:?} of {whole:?}");
        assert_eq!(results.len(), 1, "the second one is not begun");
        assert!(matches!(&results[0], Err(error) if matches!(error.cause, Cause::Photo(Error::Cancelled))));
    });
}

#[test]
fn a_photo_may_take_only_so_long() {
    let sources = [
        progressive(3000),
        std::fs::read(testdata("jpeg/sampling-420.jpg")).unwrap(),
    ];
    let mut results = Vec::new();
    // The second one is some hundred times smaller.
    let timeout = time_of(&sources[0]) / 4;
    let batch = Batch::new(Options::default()).jobs(1).timeout(timeout);
    batch.run(sources, |_, result| results.push(result)).unwrap();
    assert!(matches!(&results[0], Err(error) if matches!(error.cause, Cause::Photo(Error::TimedOut))));
    assert!(results[1].is_ok(), "the next one has its own time");
}

#[test]
fn a_photo_that_needs_more_memory_than_allowed_is_refused_with_the_figure() {
    let options = Options::default().with_max_memory(3_000_000);
    let mut message = String::new();
    let batch = Batch::new(options).jobs(2);
    batch
        .run([testdata("broken/huge-progressive.jpg")], |_, result| {
            message = result.unwrap_err().to_string();
        })
        .unwrap();
    assert!(
        message.contains("huge-progressive.jpg") && message.contains("3000000"),
        "{message}"
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_name() {
    let mut messages = Vec::new();
    Batch::new(small())
        .run([testdata("nowhere.jpg"), testdata("jpeg")], |_, result| {
            messages.push(result.unwrap_err().to_string());
        })
        .unwrap();
    assert!(messages[0].contains("nowhere.jpg: cannot read"), "{messages:?}");
    assert!(messages[1].contains("it is a folder"), "{messages:?}");
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
    let good = testdata("jpeg/sampling-420.jpg");
    let sources: Vec<Box<dyn Fn() -> Box<dyn Source> + Send>> = vec![
        Box::new({
            let good = good.clone();
            move || Box::new(good.clone())
        }),
        Box::new(|| Box::new(Bomb)),
        Box::new(move || Box::new(good.clone())),
    ];
    let mut results = Vec::new();
    let work = |worker: &mut photofit::pool::Worker<'_>, _: usize, make: Box<dyn Fn() -> Box<dyn Source> + Send>| {
        worker.open(&*make()).map(|mut photo| photo.prepare().is_ok()).is_ok()
    };
    Batch::new(small())
        .jobs(1)
        .each(sources, &(), work, |_, result| results.push(result))
        .unwrap();
    assert_eq!(results, [Ok(true), Err("boom".to_owned()), Ok(true)]);
}

#[derive(Default)]
struct Watch {
    started: AtomicUsize,
    prepared: AtomicUsize,
    waited: AtomicBool,
    finished: AtomicUsize,
}

impl Progress for Watch {
    fn started(&self, _: usize) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    fn stage(&self, _: usize, stage: Stage) {
        match stage {
            Stage::Preparing => drop(self.prepared.fetch_add(1, Ordering::Relaxed)),
            Stage::Waiting => self.waited.store(true, Ordering::Relaxed),
            _ => {}
        }
    }

    fn finished(&self, _: usize) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn progress_is_told() {
    let watch = Watch::default();
    let sources: Vec<PathBuf> = (0..30).map(|_| testdata("jpeg/sampling-420.jpg")).collect();
    let work = |worker: &mut photofit::pool::Worker<'_>, index: usize, source: PathBuf| {
        let mut photo = worker.open(&source).unwrap();
        if index == 0 {
            // What it holds is all there is, so that the next worker has to wait, however late it gets to run.
            let began = Instant::now();
            while !watch.waited.load(Ordering::Relaxed) {
                assert!(began.elapsed() < Duration::from_secs(60), "nobody waits for memory");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        photo.prepare().unwrap();
        assert!(photo.timings().preparing > Duration::ZERO);
    };
    let done = Batch::new(small())
        .jobs(4)
        .memory(1)
        .each(sources, &watch, work, |_, result| result.unwrap());
    assert_eq!(done.unwrap(), 30);
    for counter in [&watch.started, &watch.prepared, &watch.finished] {
        assert_eq!(counter.load(Ordering::Relaxed), 30);
    }
}
