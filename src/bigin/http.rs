//! One request and its answer: TLS, time-outs, and never more of an answer than an answer may have.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::header::HeaderMap;
use reqwest::{ClientBuilder, RequestBuilder, Response, Url};
use rustls::pki_types::CertificateDer;
use tokio::time::{self, Instant};

use super::error::{BoxError, BuildError, Failure, InvalidSetting};
use crate::net::{self, Cause, Connections};

/// The most bytes of an answer that are read. The longest documented one has about 100.
const MAX_ANSWER: usize = 256 * 1024;

/// How much of a body is handed to the connection at a time: progress is seen in steps of this.
const CHUNK: usize = 64 * 1024;

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) idle: Duration,
    pub(super) request: Duration,
}

/// What every client here is made from: see [`Connections::builder`].
///
/// # Errors
/// [`BuildError::Setup`] if the system's certificates cannot be read.
pub(super) fn builder(
    tls: bool,
    roots: Vec<CertificateDer<'static>>,
    environment_proxy: bool,
) -> Result<ClientBuilder, BuildError> {
    let connections = Connections {
        tls,
        roots,
        environment_proxy,
        // The host is the caller's own choice.
        private: true,
    };
    connections.builder().map_err(|source| BuildError::Setup {
        what: "TLS",
        source: source.into(),
    })
}

/// Reads certificates in PEM form, of which there is at least one.
///
/// # Errors
/// [`InvalidSetting`].
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidSetting> {
    let accepted = "PEM, from -----BEGIN CERTIFICATE----- on";
    net::certificates(pem).map_err(|why| InvalidSetting::new("root certificates", why, accepted))
}

/// Reads a base URL: `https`, or `http` to this machine; without path, query and user.
///
/// # Errors
/// [`InvalidSetting`] that names `what`.
pub(super) fn base_url(what: &'static str, text: &str) -> Result<Url, InvalidSetting> {
    let refuse = |accepted: &str| {
        // A password in a URL is not repeated.
        let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
        Err(InvalidSetting::new(what, shown, accepted))
    };
    let Ok(url) = Url::parse(text) else {
        return refuse("a URL such as https://www.zohoapis.eu");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("a URL without user and password");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return refuse("a URL without path and query, such as https://www.zohoapis.eu");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        _ => refuse("a URL that begins with https, as a token must not travel in the clear; http only to this machine"),
    }
}

/// Whether the host is `localhost` or a loopback address.
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An answer that came whole.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The time that `Retry-After` asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        net::retry::retry_after(&self.headers, SystemTime::now())
    }

    /// The time until the rate limit is reset, if no request is left until then.
    pub(super) fn exhausted_for(&self) -> Option<Duration> {
        if self.number("x-ratelimit-remaining")? > 0 {
            return None;
        }
        let value = self.headers.get("x-ratelimit-reset")?.to_str().ok()?;
        rate_reset(value, SystemTime::now())
    }

    /// The credits that are left of the day's.
    pub(super) fn credits(&self) -> Option<u64> {
        self.number("x-api-credits-remaining")
    }

    fn number(&self, header: &str) -> Option<u64> {
        self.headers.get(header)?.to_str().ok()?.trim().parse().ok()
    }
}

/// The time to wait until the moment of `X-RATELIMIT-RESET`, whose unit no page names: a number this large can only be
/// milliseconds or seconds since 1970, a small one only the seconds that are left.
fn rate_reset(value: &str, now: SystemTime) -> Option<Duration> {
    let number: u64 = value.trim().parse().ok()?;
    let since_1970 = match number {
        0..1_000_000_000 => return Some(Duration::from_secs(number)),
        1_000_000_000..100_000_000_000 => Duration::from_secs(number),
        _ => Duration::from_millis(number),
    };
    let moment = UNIX_EPOCH.checked_add(since_1970)?;
    Some(moment.duration_since(now).unwrap_or_default().min(net::retry::LONGEST))
}

/// Sends a request with `body` and reads the answer. The connecting time-out is the client's own.
///
/// # Errors
/// [`Failure::Connect`], [`Failure::Untrusted`], [`Failure::Broken`], [`Failure::TimedOut`], [`Failure::Truncated`] and
/// [`Failure::TooLong`].
pub(super) async fn send(request: RequestBuilder, body: Bytes, timeouts: Timeouts) -> Result<Reply, Failure> {
    let watch = Watch::new();
    let body = reqwest::Body::wrap(Watched {
        left: body,
        watch: watch.clone(),
    });
    let deadline = Instant::now() + timeouts.request;
    let talk = async {
        let response = request.body(body).send().await.map_err(|e| broken(e, None))?;
        watch.moved();
        read(response, &watch).await
    };
    tokio::select! {
        reply = talk => reply,
        () = watch.idle_for(timeouts.idle) => Err(Failure::TimedOut { what: "nothing moved on the connection" }),
        () = time::sleep_until(deadline) => Err(Failure::TimedOut { what: "the request took too long" }),
    }
}

async fn read(mut response: Response, watch: &Watch) -> Result<Reply, Failure> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| broken(e, Some((status, &body))))? {
        watch.moved();
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Failure::TooLong {
                http_status: status,
                limit: MAX_ANSWER,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, headers, body })
}

fn broken(error: reqwest::Error, begun: Option<(u16, &[u8])>) -> Failure {
    if let Some((http_status, body)) = begun {
        return Failure::Truncated {
            http_status,
            start: super::answer::quote(body),
        };
    }
    let cause = net::cause(&error);
    // The URL is known to the caller; what stands below "error sending request" is what says something.
    let source: BoxError = Box::new(error.without_url());
    match cause {
        Cause::TimedOut => Failure::TimedOut {
            what: "no connection was made",
        },
        Cause::Untrusted => Failure::Untrusted { source },
        Cause::UnknownHost { host } => Failure::UnknownHost { host },
        Cause::Connect | Cause::Private { .. } => Failure::Connect { source },
        Cause::Broken => Failure::Broken { source },
    }
}

/// When something last moved on a connection.
#[derive(Clone)]
struct Watch {
    start: Instant,
    moved_at: Arc<AtomicU64>,
}

impl Watch {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            moved_at: Arc::new(AtomicU64::new(0)),
        }
    }

    fn moved(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved_at.store(millis, Ordering::Relaxed);
    }

    /// Comes to its end when nothing has moved for so long.
    async fn idle_for(&self, idle: Duration) {
        loop {
            let due = self.start + Duration::from_millis(self.moved_at.load(Ordering::Relaxed)) + idle;
            if due <= Instant::now() {
                return;
            }
            time::sleep_until(due).await;
        }
    }
}

/// A body that tells when a piece of it is taken.
struct Watched {
    left: Bytes,
    watch: Watch,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        self.watch.moved();
        let size = self.left.len().min(CHUNK);
        // Pieces share the memory of the whole.
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_do_not_travel_in_the_clear() {
        for good in [
            "https://www.zohoapis.eu",
            "https://www.zohoapis.eu/",
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:9",
        ] {
            assert!(base_url("API URL", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "www.zohoapis.eu",
            "http://www.zohoapis.eu",
            "http://127.0.0.1.example.com",
            "ftp://localhost",
            "https://a/b",
            "https://a?b",
            "https://u:hunter2@a",
        ] {
            let error = base_url("API URL", bad).expect_err(bad);
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_reset_is_read_in_each_unit() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(rate_reset("30", now), Some(Duration::from_secs(30)));
        assert_eq!(rate_reset("1800000030", now), Some(Duration::from_secs(30)));
        assert_eq!(rate_reset("1800000030000", now), Some(Duration::from_secs(30)));
        assert_eq!(rate_reset("1700000000", now), Some(Duration::ZERO));
        assert_eq!(rate_reset("-1", now), None);
    }
}
