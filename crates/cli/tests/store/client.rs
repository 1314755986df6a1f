//! The library: what is read, written and listed, whatever the network does.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use photofit::pool::{Cause, Progress, Worker};
use photofit::store::{Fetch, Store, Uri};
use photofit::{Batch, CancelToken, Error, Limits, Options};

use super::s3::{Fault, S3};
use super::{builder, jpeg, noise, store, uri};

const LIMIT: u64 = 100_000_000;

fn kind<T: std::fmt::Debug>(result: Result<T, photofit::store::StoreError>) -> &'static str {
    result.unwrap_err().kind()
}

#[test]
fn objects_are_written_read_and_listed() {
    let server = S3::start();
    let store = store(&server);
    let names = [
        "in/a.jpg",
        "in/b c%20.jpg",
        "in/d/ä&+.jpg",
        "in/e.jpg",
        "in/f.jpg",
        "in/g.jpg",
        "in/h.jpg",
        "inside.jpg",
    ];
    for (index, name) in names.iter().enumerate() {
        let written = store
            .write(&uri(&format!("s3://b/{name}")), &noise(100 + index))
            .unwrap();
        assert_eq!(written.size, Some(100 + index as u64));
        assert!(written.etag.is_some());
    }
    // What some tools write for a folder.
    server.put("b/in/", b"");
    let listed: Vec<_> = store.list(&uri("s3://b/in/")).unwrap().map(Result::unwrap).collect();
    let mut expected: Vec<String> = names[..7].iter().map(|name| format!("s3://b/{name}")).collect();
    expected.sort();
    assert_eq!(listed.iter().map(|o| o.uri.to_string()).collect::<Vec<_>>(), expected);
    for object in listed {
        assert_eq!(store.head(&object.uri).unwrap(), object);
        let contents = store.read(&object.uri, LIMIT).unwrap();
        assert_eq!(contents.object, object);
        assert_eq!(contents.bytes, noise(object.size.unwrap() as usize));
    }
    assert_eq!(store.list(&uri("s3://b/nothing/")).unwrap().count(), 0);
    assert_eq!(server.counts()["LIST"], 4, "three pages of three, and one of none");
}

#[test]
fn what_cannot_pass_fails_at_once_and_by_its_kind() {
    let server = S3::start();
    server.put("b/large", &noise(1000));
    let store = store(&server);
    assert_eq!(kind(store.read(&uri("s3://b/nothing"), LIMIT)), "not-found");
    assert_eq!(kind(store.head(&uri("s3://b/nothing"))), "not-found");
    assert_eq!(kind(store.read(&uri("s3://b/large"), 999)), "too-large");
    assert_eq!(store.read(&uri("s3://b/large"), 1000).unwrap().bytes, noise(1000));
    assert_eq!(kind(store.write(&uri("s3://b/folder/"), b"x")), "bad-address");
    assert_eq!(kind(store.list(&uri("s3://b/large"))), "bad-address");
    assert_eq!(kind(store.create(&uri("s3://b/large"), b"other")), "exists");
    assert_eq!(server.get("b/large").unwrap(), noise(1000));
    store.create(&uri("s3://b/new"), b"new").unwrap();
    assert_eq!(server.get("b/new").unwrap(), b"new");
    server.counts();
    for (status, expected) in [(403, "denied"), (401, "denied"), (400, "unavailable")] {
        server.state().faults.push_back(Fault::Status(status));
        let error = store.read(&uri("s3://b/large"), LIMIT).unwrap_err();
        assert_eq!(error.kind(), expected);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            source.contains("<Code>Told</Code>") && !source.contains('\n'),
            "{source}"
        );
    }
    assert_eq!(server.counts(), BTreeMap::from([("GET", 3)]));
    server.state().faults.push_back(Fault::Status(403));
    assert_eq!(kind(store.list(&uri("s3://b/")).unwrap().next().unwrap()), "denied");
    // Without credentials, and nothing to get them from.
    let unsigned = Store::builder().setting("AWS_SKIP_SIGNATURE", "true").unwrap();
    let unsigned = unsigned
        .setting("AWS_ENDPOINT_URL", format!("http://{}", server.address))
        .unwrap();
    let refused = unsigned.clone().retries(0).build().unwrap().head(&uri("s3://b/large"));
    assert_eq!(
        kind(refused),
        "unavailable",
        "a connection in the clear has to be allowed"
    );
    let unsigned = unsigned.setting("AWS_ALLOW_HTTP", "true").unwrap().build().unwrap();
    assert_eq!(kind(unsigned.head(&uri("s3://b/large"))), "denied");
}

#[test]
fn what_may_pass_is_tried_again() {
    let server = S3::start();
    let bytes = noise(3_000_000);
    server.put("b/a", &bytes);
    let store = store(&server);
    let faults = [
        Fault::Status(503),
        Fault::Reset,
        Fault::Status(429),
        Fault::Cut(1_000_000),
    ];
    server.state().faults.extend(faults);
    assert_eq!(store.read(&uri("s3://b/a"), LIMIT).unwrap().bytes, bytes);
    assert_eq!(
        server.counts(),
        BTreeMap::from([("GET", 5)]),
        "the rest of what was cut is asked for alone"
    );

    server.state().faults.extend([Fault::Status(408), Fault::Status(425)]);
    assert_eq!(store.read(&uri("s3://b/a"), LIMIT).unwrap().bytes, bytes);
    assert_eq!(server.counts(), BTreeMap::from([("GET", 3)]));

    // As late as the service wants it.
    server.state().faults.push_back(Fault::Later(503, 1));
    let start = Instant::now();
    assert_eq!(store.read(&uri("s3://b/a"), LIMIT).unwrap().bytes, bytes);
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(server.counts(), BTreeMap::from([("GET", 2)]));

    server.state().faults.extend([Fault::Status(500), Fault::Reset]);
    store.write(&uri("s3://b/c"), b"written").unwrap();
    assert_eq!(server.counts(), BTreeMap::from([("PUT", 3)]));
    assert_eq!(server.get("b/c").unwrap(), b"written");

    server.state().fault_at = Some(|_| Some(Fault::Status(503)));
    assert_eq!(kind(store.read(&uri("s3://b/a"), LIMIT)), "unavailable");
    assert_eq!(server.counts(), BTreeMap::from([("GET", 5)]), "as often as was said");
}

#[test]
fn an_answer_that_does_not_come_is_asked_for_again() {
    let server = S3::start();
    server.put("b/a", b"bytes");
    let store = builder(&server).timeout(Duration::from_millis(300)).build().unwrap();
    server.state().faults.push_back(Fault::Slow(Duration::from_secs(30)));
    let start = Instant::now();
    assert_eq!(store.read(&uri("s3://b/a"), LIMIT).unwrap().bytes, b"bytes");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(server.counts(), BTreeMap::from([("GET", 2)]));
}

/// Told when work on a photo begins.
#[derive(Default)]
struct Begun(AtomicBool);

impl Progress for Begun {
    fn started(&self, _: usize) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_photo_that_does_not_come_ends_in_its_time_and_when_the_batch_is_cancelled() {
    let server = S3::start();
    server.put("b/a.jpg", b"bytes");
    server.state().fault_at = Some(|_| Some(Fault::Slow(Duration::from_secs(60))));
    let store = store(&server);
    let start = Instant::now();
    let cause = |batch: Batch, begun: &Begun| {
        let mut causes = Vec::new();
        let photos = store.sources([uri("s3://b/a.jpg")], LIMIT);
        let open = |worker: &mut Worker<'_>, _: usize, photo: Fetch| worker.open(&photo).err().unwrap().cause;
        batch
            .each(photos, begun, open, |_, cause| causes.push(cause.unwrap()))
            .unwrap();
        causes.pop().unwrap()
    };
    let batch = Batch::new(Options::default());
    let late = cause(batch.clone().timeout(Duration::from_millis(200)), &Begun::default());
    assert!(matches!(late, Cause::Photo(Error::TimedOut)), "{late:?}");

    let (token, begun) = (CancelToken::new(), Begun::default());
    let cancelled = thread::scope(|scope| {
        scope.spawn(|| {
            while !begun.0.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(5));
            }
            token.cancel();
        });
        cause(batch.cancel(token.clone()), &begun)
    });
    assert!(matches!(cancelled, Cause::Photo(Error::Cancelled)), "{cancelled:?}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn a_large_object_is_written_in_parts_and_whole_or_not_at_all() {
    let server = S3::start();
    let store = store(&server);
    let bytes = noise(20 << 20);
    server
        .state()
        .faults
        .extend([Fault::Status(503), Fault::Reset, Fault::Status(500)]);
    let written = store.write(&uri("s3://b/large"), &bytes).unwrap();
    assert!(server.get("b/large").unwrap() == bytes);
    assert_eq!(written, store.head(&uri("s3://b/large")).unwrap());
    let counts = server.counts();
    assert!(counts["PUT part"] >= 3 && counts["POST complete"] >= 1, "{counts:?}");

    server.state().fault_at = Some(|request| {
        let second = request.parameter("partNumber").as_deref() == Some("2");
        second.then_some(Fault::Status(400))
    });
    assert_eq!(kind(store.write(&uri("s3://b/other"), &bytes)), "unavailable");
    assert_eq!(server.get("b/other"), None);
    assert!(server.state().uploads.is_empty(), "what was sent of it is given up");
}

#[test]
fn files_are_written_whole_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let base = Uri::of_file(folder.path()).unwrap();
    let store = Store::builder().build().unwrap();
    let place = base.join("sub folder/a b.jpg").unwrap();
    store.write(&place, b"one").unwrap();
    store.write(&place, b"two").unwrap();
    assert_eq!(kind(store.create(&place, b"three")), "exists");
    assert_eq!(fs::read(folder.path().join("sub folder/a b.jpg")).unwrap(), b"two");
    assert_eq!(
        fs::read_dir(folder.path().join("sub folder")).unwrap().count(),
        1,
        "nothing half written"
    );
    let contents = store.read(&place, 10).unwrap();
    assert_eq!(
        (contents.bytes.as_slice(), contents.object.size),
        (&b"two"[..], Some(3))
    );
    let prefix = uri(&format!("{base}/"));
    let listed: Vec<_> = store.list(&prefix).unwrap().map(Result::unwrap).collect();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].uri, &listed[0].etag), (&place, &contents.object.etag));
    assert_eq!(kind(store.read(&base.join("nothing").unwrap(), 10)), "not-found");
}

#[test]
fn web_addresses_are_read_and_nothing_else() {
    let server = S3::start();
    server.put("public/a.jpg", &noise(5000));
    let url = uri(&format!("http://{}/public/a.jpg?signature=x/y", server.address));
    let careful = builder(&server).build().unwrap();
    assert_eq!(kind(careful.read(&url, LIMIT)), "denied");
    assert_eq!(kind(careful.check(&url)), "denied");
    let store = builder(&server).private_urls(true).build().unwrap();
    server
        .state()
        .faults
        .extend([Fault::Status(503), Fault::Cut(2000), Fault::Reset]);
    let contents = store.read(&url, LIMIT).unwrap();
    assert_eq!(contents.bytes, noise(5000));
    let counts = server.counts();
    assert_eq!(counts["GET"], 4);
    assert!(
        server
            .state()
            .log
            .iter()
            .any(|(_, target)| target.ends_with("?signature=x/y"))
    );
    assert_eq!(store.head(&url).unwrap(), contents.object);
    assert!(contents.object.etag.is_some());
    assert_eq!(kind(store.read(&url, 4999)), "too-large");
    assert_eq!(
        kind(store.read(&uri(&format!("http://{}/public/no", server.address)), LIMIT)),
        "not-found"
    );
    assert_eq!(kind(store.write(&url, b"x")), "read-only");
    assert_eq!(kind(store.list(&url)), "read-only");
}

#[test]
fn one_client_serves_many_threads() {
    let server = S3::start();
    let store = store(&server);
    for n in 0..8 {
        server.put(&format!("b/{n}"), &noise(10_000 + n));
    }
    thread::scope(|scope| {
        for n in 0..8 {
            let store = store.clone();
            scope.spawn(move || {
                for round in 0..10 {
                    let n = (n + round) % 8;
                    let bytes = store.read(&uri(&format!("s3://b/{n}")), LIMIT).unwrap().bytes;
                    assert_eq!(bytes, noise(10_000 + n));
                }
            });
        }
    });
    assert_eq!(server.counts(), BTreeMap::from([("GET", 80)]));
}

#[test]
fn objects_are_photos_of_a_batch() {
    let server = S3::start();
    let photos: Vec<Vec<u8>> = (0..30).map(|n| jpeg(300, 200, n)).collect();
    for (n, photo) in photos.iter().enumerate() {
        server.put(&format!("b/{n:02}"), photo);
    }
    // Of a film only the beginning comes.
    let mut film = b"\0\0\0\x18ftypisom\0\0\0\0isommp41".to_vec();
    film.extend(noise(40 << 20));
    server.put("b/30", &film);
    let options = Options::default().with_limits(Limits::bigin().with_max_pixels(20_000));
    let expected: Vec<_> = photos
        .iter()
        .map(|p| photofit::prepare(p, &options).unwrap().bytes().to_vec())
        .collect();
    // Memory for nothing ahead, for a few, and for all; with one thread nobody else frees it.
    for memory in [0, 20_000, 100_000_000] {
        let store = builder(&server).ahead(8, memory).build().unwrap();
        let uris = (0..32).map(|n| uri(&format!("s3://b/{n:02}")));
        let mut results = Vec::new();
        let batch = Batch::new(options.clone()).jobs(1);
        let summary = batch
            .run(store.sources(uris, options.max_memory()), |_, result| {
                results.push(result)
            })
            .unwrap();
        assert_eq!((summary.prepared, summary.failed), (30, 2));
        for (result, expected) in results.iter().zip(&expected) {
            assert!(result.as_ref().unwrap().bytes() == expected);
        }
        let film = results[30].as_ref().unwrap_err();
        assert!(
            matches!(&film.cause, Cause::Photo(photofit::Error::Unsupported { .. })),
            "{film}"
        );
        let missing = results[31].as_ref().unwrap_err();
        assert!(missing.to_string().contains("s3://b/31 does not exist"), "{missing}");
        assert_eq!(server.counts(), BTreeMap::from([("GET", 32)]));
    }
}
