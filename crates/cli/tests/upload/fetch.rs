//! Photos from addresses that do not end: in bytes, in time, in redirects.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use photofit::bigin::{FetchError, Fetcher};

use tokio_rustls::TlsAcceptor;

use crate::command::Desk;
use crate::tls::identity;
use crate::{jpeg, run};

const LIMIT: u64 = 100_000;
const TIMEOUT: Duration = Duration::from_secs(2);

/// Serves `answer` for every request until the test is over; the URL, and how many requests and bytes there were.
fn serve(answer: impl Fn(TcpStream, &AtomicUsize) + Send + Sync + 'static) -> (String, Arc<[AtomicUsize; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/photo.jpg", listener.local_addr().unwrap());
    let counts = Arc::new([const { AtomicUsize::new(0) }; 2]);
    let (seen, answer) = (Arc::clone(&counts), Arc::new(answer));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, seen, answer) = (stream.unwrap(), Arc::clone(&seen), Arc::clone(&answer));
            thread::spawn(move || {
                let _request = stream.read(&mut [0; 2048]);
                seen[0].fetch_add(1, Ordering::Relaxed);
                answer(stream, &seen[1]);
            });
        }
    });
    (url, counts)
}

fn fetch(url: &str) -> FetchError {
    let fetcher = Fetcher::new(LIMIT, TIMEOUT, true).unwrap();
    run(async { fetcher.get(url).await.unwrap_err() })
}

#[test]
fn a_file_that_says_it_is_too_large_is_not_read() {
    let (url, _) = serve(|mut stream, _| {
        let _gone = stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 100001\r\n\r\n");
        thread::sleep(TIMEOUT * 2);
    });
    let start = Instant::now();
    assert!(matches!(fetch(&url), FetchError::TooLarge { limit: LIMIT }));
    assert!(start.elapsed() < TIMEOUT);
}

#[test]
fn a_file_without_an_end_is_given_up_at_the_limit() {
    let (url, counts) = serve(|mut stream, sent| {
        let _gone = stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n");
        while let Ok(count) = stream.write(&[7; 4096]) {
            sent.fetch_add(count, Ordering::Relaxed);
        }
    });
    assert!(matches!(fetch(&url), FetchError::TooLarge { limit: LIMIT }));
    // What the system's buffers take may be sent beyond.
    thread::sleep(Duration::from_millis(200));
    let sent = counts[1].load(Ordering::Relaxed);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(counts[1].load(Ordering::Relaxed), sent, "the connection was closed");
}

#[test]
fn a_server_that_drips_is_given_up_in_time() {
    let (url, _) = serve(|mut stream, _| {
        let _gone = stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 50000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let start = Instant::now();
    assert!(matches!(fetch(&url), FetchError::TimedOut { limit: TIMEOUT }));
    let took = start.elapsed();
    assert!(took >= TIMEOUT && took < TIMEOUT * 3, "{took:?}");
}

#[test]
fn redirects_in_a_circle_are_followed_five_times() {
    let (url, counts) = serve(|mut stream, _| {
        let answer = "HTTP/1.1 302 X\r\nLocation: /photo.jpg\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    assert!(matches!(fetch(&url), FetchError::TooManyRedirects { limit: 5 }));
    assert_eq!(counts[0].load(Ordering::Relaxed), 6);
}

#[test]
fn a_file_at_the_limit_is_whole() {
    let (url, _) = serve(|mut stream, _| {
        let head = format!("HTTP/1.1 200 X\r\nContent-Length: {LIMIT}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![9; LIMIT as usize]).unwrap();
    });
    let fetcher = Fetcher::new(LIMIT, TIMEOUT, true).unwrap();
    assert_eq!(run(async { fetcher.get(&url).await.unwrap() }), vec![9; LIMIT as usize]);
}

/// Serves the answers in turn, the last one again and again; with none the connection ends without one.
fn serve_in_turn(answers: Vec<Vec<u8>>) -> (String, Arc<[AtomicUsize; 2]>) {
    let turn = AtomicUsize::new(0);
    serve(move |mut stream, _| {
        let turn = turn.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        let _gone = stream.write_all(&answers[turn]);
    })
}

fn status(status: u16, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\nConnection: close\r\n{headers}\r\nbytes").into_bytes()
}

fn patient() -> Fetcher {
    let builder = Fetcher::builder().max_bytes(LIMIT).private_urls(true);
    builder.timeout(Duration::from_secs(30)).build().unwrap()
}

#[test]
fn what_may_pass_is_tried_again() {
    let cut = b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nby".to_vec();
    let answers = vec![status(503, ""), Vec::new(), cut, status(408, ""), status(200, "")];
    let (url, counts) = serve_in_turn(answers);
    assert_eq!(run(async { patient().get(&url).await.unwrap() }), b"bytes");
    assert_eq!(counts[0].load(Ordering::Relaxed), 5);

    let (url, counts) = serve_in_turn(vec![status(500, "")]);
    let error = run(async { patient().get(&url).await.unwrap_err() });
    assert!(
        matches!(error, FetchError::Status { http_status: 500, .. }) && error.is_transient(),
        "{error:?}"
    );
    assert_eq!(counts[0].load(Ordering::Relaxed), 5, "four times more");
}

#[test]
fn a_server_is_asked_again_when_it_wants_it() {
    // A date has whole seconds: this one is between two and three away.
    let date = || httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3));
    for (http_status, asked, least) in [(503, date(), 1.5), (429, "1".to_owned(), 1.0)] {
        let asks = status(http_status, &format!("Retry-After: {asked}\r\n"));
        let (url, _) = serve_in_turn(vec![asks, status(200, "")]);
        let start = Instant::now();
        run(async { patient().get(&url).await.unwrap() });
        assert!(start.elapsed().as_secs_f64() >= least, "{asked}: {:?}", start.elapsed());
    }
    // Later than there is time for.
    let (url, counts) = serve_in_turn(vec![status(503, "Retry-After: 3600\r\n")]);
    let start = Instant::now();
    let error = run(async { patient().get(&url).await.unwrap_err() });
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(counts[0].load(Ordering::Relaxed), 1);
}

#[test]
fn what_lasts_fails_at_once() {
    for http_status in [400, 401, 403, 404, 410, 204, 300] {
        let (url, counts) = serve_in_turn(vec![status(http_status, "")]);
        let error = run(async { patient().get(&url).await.unwrap_err() });
        assert!(
            matches!(error, FetchError::Status { http_status: told, .. } if told == http_status)
                && !error.is_transient(),
            "{error:?}"
        );
        assert_eq!(counts[0].load(Ordering::Relaxed), 1);
    }
    let error = run(async { patient().get("http://no-such-host.invalid/a.jpg").await.unwrap_err() });
    // A machine without a network cannot tell.
    let known = matches!(&error, FetchError::UnknownHost { host } if host == "no-such-host.invalid");
    assert!(known || matches!(error, FetchError::Broken { .. }), "{error:?}");
}

#[test]
fn a_certificate_is_trusted_if_it_is_named() {
    let (pem, mut config) = identity();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let connections = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&connections);
    run(async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/a.jpg", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.fetch_add(1, Ordering::Relaxed);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let _request = stream.read(&mut [0; 2048]).await;
                    let _gone = stream.write_all(&status(200, "")).await;
                    let _gone = stream.shutdown().await;
                });
            }
        });
        let error = patient().get(&url).await.unwrap_err();
        assert!(matches!(error, FetchError::Untrusted { .. }), "{error:?}");
        assert_eq!(connections.load(Ordering::Relaxed), 1, "it is not tried again");
        let builder = Fetcher::builder().private_urls(true);
        let trusting = builder.clone().root_certificates(pem).build().unwrap();
        assert_eq!(trusting.get(&url).await.unwrap(), b"bytes");
        let error = builder.root_certificates("hello").build().unwrap_err();
        assert!(matches!(error, FetchError::Setup { .. }), "{error:?}");
    });
}

#[test]
fn a_photo_of_an_upload_comes_through_the_proxy_and_by_the_certificates_that_are_named() {
    let photo = jpeg(40, 30, 3);
    let answer = move || {
        let head = format!(
            "HTTP/1.1 200 X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            photo.len()
        );
        [head.as_bytes(), &photo].concat()
    };
    let desk = Desk::new(0);

    // The API is on this machine, the photo behind a proxy that is asked for the whole address.
    let sent = answer.clone();
    let (proxy, counts) = serve(move |mut stream, _| stream.write_all(&sent()).unwrap());
    let mut command = desk.command(&["--record", "Contacts/1", "http://photos.example/1.jpg"]);
    command
        .env("HTTP_PROXY", proxy.trim_end_matches("/photo.jpg"))
        .env("NO_PROXY", "127.0.0.1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((counts[0].load(Ordering::Relaxed), desk.requests()), (1, 1));

    let (pem, mut config) = identity();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    std::fs::write(desk.path("ca.pem"), pem).unwrap();
    let config = Arc::new(config);
    let (url, counts) = serve_tls(config, answer());
    let args = ["--record", "Contacts/2", &url, "--allow-private-urls"];
    let (code, lines, _) = desk.run(&args);
    let message = lines[0]["error"]["message"].as_str().unwrap();
    assert!(code == 1 && message.contains("certificate is not trusted"), "{message}");
    assert_eq!(counts.load(Ordering::Relaxed), 1, "it is not tried again");
    let (code, _, told) = desk.run(&[&args[..], &["--ca-file", "ca.pem"]].concat());
    assert_eq!((code, desk.requests()), (0, 2), "{told}");
}

/// Serves `answer` behind TLS for every request; the URL, and how many connections there were.
fn serve_tls(config: Arc<rustls::ServerConfig>, answer: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/photo.jpg", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, config, answer) = (stream.unwrap(), Arc::clone(&config), answer.clone());
            seen.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || {
                let connection = rustls::ServerConnection::new(config).unwrap();
                let mut tls = rustls::StreamOwned::new(connection, stream);
                if tls.read(&mut [0; 2048]).is_ok() {
                    let _gone = tls.write_all(&answer);
                    tls.conn.send_close_notify();
                    let _gone = tls.flush();
                }
            });
        }
    });
    (url, connections)
}
