//! Many photos through the pipeline, with a network that fails.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use photofit::bigin::{BoxError, Event, PhotoError, Pipeline, Upload};
use photofit::{CancelToken, Error, Options};

use super::contract::{Contract, Fault};
use super::{builder, contact, jpeg, with_refresh};

/// One in five requests goes wrong, in turn in each of these ways.
fn mixed(count: usize) -> Option<Fault> {
    // A fixed disorder, so that a failure can be repeated.
    let mut x = count as u64 ^ 0x9e37_79b9;
    for _ in 0..3 {
        x = x
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        x ^= x >> 29;
    }
    if x % 100 >= 20 {
        return None;
    }
    Some(match (x / 100) % 13 {
        0 => Fault::code(500, "INTERNAL_ERROR", "failed"),
        1 => Fault::Answer(502, Vec::new(), "<html>Bad Gateway</html>".to_owned()),
        2 => Fault::ResetBefore,
        3 => Fault::ResetInside,
        4 => Fault::ResetAfter,
        5 => Fault::CutShort,
        6 => Fault::too_many(None),
        7 => Fault::too_many(Some("0".to_owned())),
        8 => Fault::Slow(Duration::from_millis(20)),
        9 => Fault::StoredBut(503, String::new()),
        10 => Fault::StoredBut(200, "{\"status\":\"suc".to_owned()),
        11 => Fault::Answer(500, Vec::new(), "{\"unheard\":\"of\"}".to_owned()),
        _ => Fault::Stall(Duration::from_millis(400)),
    })
}

#[test]
fn two_thousand_uploads_with_one_in_five_failing() {
    const PHOTOS: u64 = 2000;
    let server = Contract::start();
    server.state().fault_at = Some(mixed);
    let client = with_refresh(&server)
        .timeouts(
            Duration::from_secs(5),
            Duration::from_millis(250),
            Duration::from_secs(10),
        )
        .max_attempts(12)
        .build()
        .unwrap();
    let pipeline = Pipeline::new(client, Options::default());
    let start = Instant::now();
    let sources: Arc<Vec<Vec<u8>>> = Arc::new((0..=255).map(|seed| jpeg(24, 16, seed)).collect());
    let source = move |index: usize| {
        let sources = Arc::clone(&sources);
        async move { Ok::<_, BoxError>(sources[index % 256].clone()) }
    };
    let mut stored = HashSet::new();
    let mut attempts = 0;
    let records = (1..=PHOTOS).map(contact).collect();
    pipeline
        .run_blocking(records, source, |event| {
            if let Event::Finished { index, upload } = event {
                let receipt = upload.result.unwrap().unwrap();
                assert!(stored.insert(index), "{index} twice");
                attempts += receipt.attempts();
            }
        })
        .unwrap();
    let state = server.state();
    assert_eq!(stored.len() as u64, PHOTOS);
    assert_eq!(state.photos.len() as u64, PHOTOS);
    let mut twice = 0;
    for (record, (count, _)) in &state.photos {
        let lost = state.lost_answers.get(record).copied().unwrap_or(0);
        assert_eq!(
            *count,
            1 + lost,
            "{record}: only an answer that was lost is a reason to send again"
        );
        twice += usize::from(*count > 1);
    }
    assert!(server.most_in_flight() <= 5, "{}", server.most_in_flight());
    assert!(state.refreshes <= 2, "{}", state.refreshes);
    assert!(state.complaints.is_empty(), "{:?}", state.complaints);
    let faults = state.requests.len() as u64 - PHOTOS;
    assert!(faults > PHOTOS / 10, "{faults}");
    println!(
        "{PHOTOS} photos, {} requests ({attempts} attempts), {twice} sent again as their answer was lost, at most {} \
         in flight, {} refreshes, {:.1?}",
        state.requests.len(),
        server.most_in_flight(),
        state.refreshes,
        start.elapsed()
    );
}

fn one(server: &Contract, photo: Vec<u8>) -> Upload {
    let pipeline = Pipeline::new(builder(server).build().unwrap(), Options::default());
    let photo = Arc::new(photo);
    let mut finished = None;
    let source = move |_| {
        let photo = Arc::clone(&photo);
        async move { Ok::<_, BoxError>(photo.to_vec()) }
    };
    pipeline
        .run_blocking(vec![contact(7)], source, |event| {
            if let Event::Finished { upload, .. } = event {
                finished = Some(*upload);
            }
        })
        .unwrap();
    finished.unwrap()
}

#[test]
fn a_photo_found_too_large_is_prepared_again_with_tighter_limits() {
    let server = Contract::start();
    // Stricter than what it documents.
    server.state().max_pixels = 1150;
    let upload = one(&server, jpeg(40, 30, 1));
    assert!(upload.tightened);
    assert_eq!(upload.result.unwrap().unwrap().attempts(), 2);
    let result = upload.report.unwrap().result;
    assert!(result.width * result.height <= 1080, "{result:?}");
    assert!(server.state().photos.contains_key("Contacts/7"));
}

#[test]
fn it_is_prepared_again_once_only() {
    let server = Contract::start();
    server.state().max_pixels = 10;
    let upload = one(&server, jpeg(40, 30, 1));
    assert!(upload.tightened);
    let Err(PhotoError::Upload(error)) = upload.result else {
        panic!("stored")
    };
    assert!(error.api().unwrap().code().is_too_large());
    assert_eq!((error.attempts(), server.state().requests.len()), (2, 2));
}

#[test]
fn an_error_that_concerns_everything_stops_the_run() {
    let server = Contract::start();
    server.misbehave((0..500).map(|_| Fault::code(403, "NO_PERMISSION", "Permission denied to upload photo")));
    let pipeline = Pipeline::new(builder(&server).build().unwrap(), Options::default());
    let photo = jpeg(40, 30, 1);
    let mut finished = 0;
    let source = move |_| std::future::ready(Ok(photo.clone()));
    let records = (1..=500).map(contact).collect();
    pipeline
        .run_blocking(records, source, |event| {
            finished += usize::from(matches!(event, Event::Finished { .. }))
        })
        .unwrap();
    let requests = server.state().requests.len();
    assert!((1..=10).contains(&requests), "{requests}");
    assert_eq!(finished, requests, "what was not sent is not answered");
}

#[test]
fn memory_stays_bounded_when_the_network_stalls() {
    let server = Contract::start();
    server.misbehave((0..5).map(|_| Fault::Slow(Duration::from_secs(1))));
    let read = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&read);
    let photo = jpeg(40, 30, 1);
    let source = move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(photo.clone()))
    };
    let pipeline = Pipeline::new(builder(&server).build().unwrap(), Options::default()).preparers(2);
    let most = Arc::clone(&read);
    let watcher = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        most.load(Ordering::SeqCst)
    });
    pipeline
        .run_blocking((1..=200).map(contact).collect(), source, |_| {})
        .unwrap();
    let meanwhile = watcher.join().unwrap();
    // Five on the network, ten that wait for it, five that are read or prepared.
    assert!((5..=20).contains(&meanwhile), "{meanwhile}");
    assert_eq!(server.state().photos.len(), 200);
}

const LONG: Duration = Duration::from_secs(60);

/// A PNG of one colour: a few hundred kilobytes that take hundreds of megabytes to be prepared.
pub(super) fn plain(width: u32, height: u32) -> Vec<u8> {
    let row = vec![90; width as usize * 3];
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut header = encoder.write_header().unwrap();
    let mut writer = header.stream_writer().unwrap();
    for _ in 0..height {
        std::io::Write::write_all(&mut writer, &row).unwrap();
    }
    writer.finish().unwrap();
    drop(header);
    bytes
}

#[test]
fn a_server_that_never_answers_makes_nobody_hold_more_than_the_budget() {
    let server = Contract::start();
    server.state().fault_at = Some(|_| Some(Fault::Stall(Duration::from_secs(5))));
    let client = builder(&server)
        .timeouts(LONG, Duration::from_secs(4), LONG)
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.png");
    let photo = plain(3000, 2000);
    std::fs::write(&path, &photo).unwrap();
    // Two in work, and what a few results take: not all fifteen that there is room for by their number.
    let options = Options::default().with_limits(photofit::Limits::bigin().with_max_pixels(4_000_000));
    let one = photofit::estimate_memory(&photo, &options).unwrap() + photo.len() as u64;
    let result = photofit::prepare(&photo, &options).unwrap().bytes().len() as u64;
    let budget = 2 * one + 8 * result;
    let pipeline = Pipeline::new(client, options).preparers(4).memory(budget);
    let watched = pipeline.clone();
    let watcher = std::thread::spawn(move || {
        let (mut most, start) = (0, Instant::now());
        while start.elapsed() < Duration::from_secs(3) {
            most = most.max(watched.memory_in_use());
            std::thread::sleep(Duration::from_millis(1));
        }
        watched.stop();
        most
    });
    let mut prepared = 0;
    pipeline
        .run_blocking(
            (1..=40).map(contact).collect(),
            move |_| std::future::ready(Ok(path.clone())),
            |event| prepared += usize::from(matches!(event, Event::Prepared { .. })),
        )
        .unwrap();
    let most = watcher.join().unwrap();
    assert!((one..=budget).contains(&most), "{most} of {budget}");
    assert!(prepared >= 5, "the network has something to do: {prepared}");
    assert_eq!(pipeline.memory_in_use(), 0, "what is given up is given back");
}

#[test]
fn photos_larger_than_the_budget_are_all_sent() {
    let server = Contract::start();
    // So little that each photo waits until nothing else is in work, also those that are prepared again.
    server.state().max_pixels = 1150;
    let pipeline = Pipeline::new(builder(&server).build().unwrap(), Options::default())
        .preparers(2)
        .memory(1);
    let source = |index: usize| std::future::ready(Ok(jpeg(40, 30, index as u8)));
    let mut stored = 0;
    pipeline
        .run_blocking((1..=30).map(contact).collect(), source, |event| {
            if let Event::Finished { upload, .. } = event {
                assert!(upload.tightened && upload.result.is_ok(), "{upload:?}");
                stored += 1;
            }
        })
        .unwrap();
    assert_eq!((stored, server.state().photos.len()), (30, 30));
}

#[test]
fn a_photo_may_take_only_so_long_to_be_fetched() {
    let server = Contract::start();
    let pipeline = Pipeline::new(builder(&server).build().unwrap(), Options::default()).timeout(Duration::from_secs(2));
    let source = |index: usize| async move {
        if index == 0 {
            std::future::pending::<()>().await;
        }
        Ok::<_, BoxError>(jpeg(40, 30, 1))
    };
    let mut results = vec![None, None];
    pipeline
        .run_blocking(vec![contact(1), contact(2)], source, |event| {
            if let Event::Finished { index, upload } = event {
                results[index] = Some(upload.result);
            }
        })
        .unwrap();
    assert!(
        matches!(results[0], Some(Err(PhotoError::Prepare(Error::TimedOut)))),
        "{results:?}"
    );
    assert!(matches!(results[1], Some(Ok(Some(_)))), "{results:?}");
}

#[test]
fn a_token_ends_the_run() {
    let server = Contract::start();
    let token = CancelToken::new();
    let pipeline = Pipeline::new(builder(&server).build().unwrap(), Options::default()).cancel(token.clone());
    let source = |_| std::future::ready(Ok(jpeg(40, 30, 1)));
    let mut finished = 0;
    pipeline
        .run_blocking((1..=500).map(contact).collect(), source, |event| {
            if let Event::Finished { upload, .. } = event {
                assert!(
                    upload.result.is_ok(),
                    "what was sent is told, what was given up is not: {upload:?}"
                );
                finished += 1;
                token.cancel();
            }
        })
        .unwrap();
    assert_eq!(finished, server.state().photos.len());
    assert!(finished < 100, "{finished}");
}
