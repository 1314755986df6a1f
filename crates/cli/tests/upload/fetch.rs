//! Photos from addresses that do not end: in bytes, in time, in redirects.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use photofit::bigin::{FetchError, Fetcher};

use crate::run;

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
