//! Against an independent server, moto's, behind a proxy that spoils one request in a hundred and delays one.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::command::{Desk, photos};
use super::http::{self, Request};
use super::uri;
use photofit::store::{Store, StoreBuilder, Uri};

/// The server; it ends with the test.
struct Moto {
    child: Child,
    address: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Moto {
    /// The server, or `None` with the reason printed where it is not installed.
    fn start() -> Option<Self> {
        let python = std::env::var_os("PHOTOFIT_PYTHON").unwrap_or_else(|| "python3".into());
        let known = Command::new(&python).args(["-c", "import moto.server, flask"]).output();
        if !known.is_ok_and(|output| output.status.success()) {
            println!(
                "skipped: {} has no moto[server] (set PHOTOFIT_PYTHON)",
                python.display()
            );
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let run = "import sys; from moto.server import main; main(sys.argv[1:])";
        let child = Command::new(&python)
            .args(["-c", run, "-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moto = Self {
            child,
            address: format!("127.0.0.1:{port}"),
        };
        let start = Instant::now();
        while TcpStream::connect(&moto.address).is_err() {
            assert!(start.elapsed() < Duration::from_secs(120), "moto does not start");
            thread::sleep(Duration::from_millis(50));
        }
        let made = send(
            &moto.address,
            "PUT /bucket HTTP/1.1\r\nHost: s3\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            b"",
        );
        assert!(made.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&made));
        Some(moto)
    }
}

/// Sends a request and reads the whole answer.
fn send(address: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// What passed the proxy: how many of each method, and how many were spoilt.
#[derive(Default)]
struct Passed {
    methods: BTreeMap<String, usize>,
    all: usize,
    spoilt: usize,
    /// Of the answers, with their heads.
    bytes: usize,
}

/// Lets requests through to `server`, one in a hundred spoilt in turns of three ways, the fiftieth after a second; the
/// address.
fn proxy(server: String, passed: &Arc<Mutex<Passed>>) -> String {
    let passed = Arc::clone(passed);
    http::serve(move |stream, request| {
        let (number, spoilt) = {
            let mut passed = passed.lock().unwrap();
            *passed.methods.entry(request.method.clone()).or_default() += 1;
            passed.all += 1;
            let spoil = passed.all % 100 == 42;
            passed.spoilt += usize::from(spoil);
            (passed.all, spoil.then_some(passed.spoilt % 3))
        };
        if number == 50 {
            thread::sleep(Duration::from_secs(1));
        }
        match spoilt {
            Some(0) => return false,
            Some(1) => return http::respond(stream, 503, &[], b"<Error><Code>SlowDown</Code></Error>", usize::MAX),
            _ => {}
        }
        let mut answer = pass_on(&server, &request);
        if spoilt == Some(2) {
            answer.truncate(answer.len() - answer.len() / 4 - 1);
        }
        passed.lock().unwrap().bytes += answer.len();
        // Each answer of the server ends with its connection.
        let _gone = stream.write_all(&answer);
        false
    })
}

fn pass_on(server: &str, request: &Request) -> Vec<u8> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nConnection: close\r\n",
        request.method, request.target
    );
    for (name, value) in request
        .headers
        .iter()
        .filter(|(n, _)| !n.eq_ignore_ascii_case("connection"))
    {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    send(server, &head, &request.body)
}

#[test]
fn an_independent_server_on_a_bad_day_makes_no_difference() {
    let Some(moto) = Moto::start() else { return };
    let passed = Arc::default();
    let address = proxy(moto.address.clone(), &passed);
    let environment = [
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_ACCESS_KEY_ID", "key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
    ];
    let with = |builder: StoreBuilder, (name, value): &(&str, String)| builder.setting(name, value).unwrap();
    let store = environment.iter().fold(Store::builder(), with).build().unwrap();
    let desk = Desk {
        folder: tempfile::tempdir().unwrap(),
        environment: environment.into(),
    };
    let photos = photos(150);
    let expected = desk.local(&photos);
    for (name, bytes) in &photos {
        store.write(&uri(&format!("s3://bucket/in/{name}")), bytes).unwrap();
    }
    let count = |what: &str| {
        let passed = std::mem::take(&mut *passed.lock().unwrap());
        println!(
            "{what}: {} requests, {} of them spoilt: {:?}",
            passed.all, passed.spoilt, passed.methods
        );
        passed
    };
    let written = || -> BTreeMap<String, Vec<u8>> {
        let objects = store.list(&uri("s3://bucket/out/")).unwrap().map(Result::unwrap);
        let read = |uri: &Uri| (uri.to_string(), store.read(uri, 1 << 20).unwrap().bytes);
        let all = objects.map(|object| read(&object.uri));
        all.map(|(name, bytes)| (name["s3://bucket/out/".len()..].to_owned(), bytes))
            .collect()
    };
    count("150 photos put there");

    let args = [
        "prep",
        "s3://bucket/in/",
        "-o",
        "s3://bucket/out",
        "--journal",
        "journal",
    ];
    desk.run(&args, 0);
    let first = count("150 photos prepared");
    assert!(first.spoilt >= 3, "nothing was spoilt");
    assert!(
        first.all <= 301 + 2 * first.spoilt,
        "a photo is one request to read and one to write"
    );
    assert!(
        written() == expected,
        "the same bytes under the same names as in a folder"
    );
    count("read back");

    desk.run(&["prep", "s3://bucket/in/", "-o", "s3://bucket/out"], 0);
    count("150 photos prepared again");
    assert!(written() == expected, "a second run writes the same over the same keys");
    count("read back");

    let resumed = desk.run(&[&args[..], &["--resume"]].concat(), 0);
    assert!(
        resumed.err().contains("150 were done by an earlier run"),
        "{}",
        resumed.err()
    );
    let resumed = count("150 photos resumed");
    assert_eq!(resumed.methods.get("PUT"), None);

    // Of a large photo the header is read.
    let large = [&photos.values().next().unwrap()[..], &super::noise(18 << 20)].concat();
    store.write(&uri("s3://bucket/large.jpg"), &large).unwrap();
    count("a photo of 18 MB written in parts");
    let line = desk
        .run(&["probe", "--json", "s3://bucket/large.jpg"], 0)
        .lines()
        .remove(0);
    assert_eq!(
        (&line["info"]["bytes"], &line["plan"]["action"]),
        (&large.len().into(), &"transcode".into())
    );
    let probed = count("probed");
    println!(
        "probe s3:// of {} bytes: {} bytes with the heads of the answers",
        large.len(),
        probed.bytes
    );
    assert!(probed.bytes < 80_000 * (1 + probed.spoilt), "{}", probed.bytes);

    // In parts, and only where nothing is.
    let large = super::noise(18 << 20);
    let place = uri("s3://bucket/large");
    store.write(&place, &large).unwrap();
    assert!(store.read(&place, 1 << 30).unwrap().bytes == large);
    assert_eq!(store.create(&place, b"other").unwrap_err().kind(), "exists");
    count("18 MB written in parts and read");
}
