//! Requests to web addresses: no more bytes, time and redirects than allowed, and nothing from inside one's own network.

use std::net::IpAddr;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
#[cfg(feature = "object-store")]
use reqwest::header::ETAG;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};
use reqwest::{Method, Response, Url};
use tokio::time::{self, Instant};

use super::error::FetchError;
use super::retry::{self, Backoff};
use super::{BoxError, Cause, Connections, cause, public};

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

/// The longest that a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// The waits between attempts: at first up to a fifth of a second, then up to 13.
const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(200),
    cap: Duration::from_secs(13),
};

/// Reads from `http` and `https` addresses.
///
/// Without `private` from public ones alone: private, loopback, link-local and otherwise special ones are refused, whether
/// the URL names them, a name resolves to them, or a redirect leads there. What was checked is what is connected to, but
/// for names that a proxy looks up: of those, what they are from here is checked.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    http: reqwest::Client,
    private: bool,
    proxied: bool,
    idle: Duration,
}

impl Web {
    /// `idle` is the longest that an answer, or the next piece of it, may keep its reader waiting.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub(crate) fn new(connections: &Connections, idle: Duration) -> Result<Self, BoxError> {
        let http = connections.builder()?.connect_timeout(idle.min(CONNECT)).build()?;
        Ok(Self {
            http,
            private: connections.private,
            proxied: !connections.proxies().is_empty(),
            idle,
        })
    }

    /// Says without any connection what can be said against an address.
    ///
    /// # Errors
    /// [`FetchError::BadUrl`] and [`FetchError::Private`].
    pub(crate) fn check(&self, url: &str) -> Result<(), FetchError> {
        check(url, self.private).map(drop)
    }

    /// What `url` leads to, of which the head has come, and of which at most `limit` bytes are read. With a `range` only
    /// those bytes are asked for, and a server that sends more is not listened to any longer.
    ///
    /// # Errors
    /// Every [`FetchError`].
    pub(crate) async fn open(
        &self,
        method: Method,
        url: &str,
        range: Option<Range<u64>>,
        limit: u64,
    ) -> Result<Incoming, FetchError> {
        let mut url = check(url, self.private)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(&method, &url, range.as_ref()).await?;
            let http_status = response.status().as_u16();
            if let (301 | 302 | 303 | 307 | 308, Some(location)) = (http_status, response.headers().get(LOCATION)) {
                let bad = |_| FetchError::BadUrl {
                    why: "it redirects to what is no address".to_owned(),
                };
                let location = std::str::from_utf8(location.as_bytes()).map_err(|_| bad(()))?;
                let next = url.join(location).map_err(|_| bad(()))?;
                if url.scheme() == "https" && next.scheme() != "https" {
                    let why = "it redirects from https to http".to_owned();
                    return Err(FetchError::BadUrl { why });
                }
                url = check(next.as_str(), self.private)?;
                continue;
            }
            return match (http_status, range) {
                (200, None) => Incoming::whole(response, limit, self.idle),
                (200 | 206, Some(range)) => Ok(Incoming::part(response, range, self.idle)),
                _ => Err(FetchError::Status {
                    http_status,
                    retry_after: retry::retry_after(response.headers(), SystemTime::now()),
                }),
            };
        }
        Err(FetchError::TooManyRedirects { limit: MAX_REDIRECTS })
    }

    async fn send(&self, method: &Method, url: &Url, range: Option<&Range<u64>>) -> Result<Response, FetchError> {
        if self.proxied && !self.private {
            self.check_name(url).await?;
        }
        let mut request = self.http.request(method.clone(), url.clone());
        if let Some(range) = range {
            let last = range.end.saturating_sub(1);
            request = request.header(RANGE, format!("bytes={}-{last}", range.start));
        }
        in_time(self.idle, async { request.send().await.map_err(failed) }).await
    }

    /// A proxy looks names up itself: what they are from here has to be public, where they are known here at all.
    async fn check_name(&self, url: &Url) -> Result<(), FetchError> {
        let Some(host) = url.domain() else {
            // An address was looked at before.
            return Ok(());
        };
        match public::look_up(host).await {
            Ok(found) if found.iter().any(|address| !public::is_public(address.ip())) => {
                Err(FetchError::Private { host: host.to_owned() })
            }
            // Behind many a proxy no name of the outside is known.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// How often and how long something is tried again.
#[derive(Debug)]
pub(crate) struct Retries {
    left: u32,
    failed: u32,
    deadline: Instant,
}

impl Retries {
    /// At most `count` times, the last one within `longest` from now.
    pub(crate) fn new(count: u32, longest: Duration) -> Self {
        Self {
            left: count,
            failed: 0,
            deadline: Instant::now() + longest,
        }
    }

    /// Waits until it is time for the next attempt: for as long as the server asks, or longer and longer. Whether there is
    /// one: not where the failure lasts, and not where that would be too often or too late.
    pub(crate) async fn wait(&mut self, transient: bool, asked: Option<Duration>) -> bool {
        if !transient || self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.failed += 1;
        let wait = asked.unwrap_or_default().max(BACKOFF.wait(self.failed));
        let Some(at) = Instant::now().checked_add(wait).filter(|at| *at <= self.deadline) else {
            return false;
        };
        time::sleep_until(at).await;
        true
    }
}

/// An answer whose body is still to be read.
pub(crate) struct Incoming {
    response: Response,
    idle: Duration,
    read: u64,
    limit: u64,
    /// Bytes that come before those that were asked for, from a server that knows no ranges.
    skip: u64,
    /// The bytes that were asked for, where that is not all.
    want: Option<u64>,
    #[cfg_attr(not(feature = "object-store"), allow(dead_code, reason = "only storage asks"))]
    size: Option<u64>,
}

impl Incoming {
    fn whole(response: Response, limit: u64, idle: Duration) -> Result<Self, FetchError> {
        let size = length(&response);
        if size.is_some_and(|size| size > limit) {
            return Err(FetchError::TooLarge { limit });
        }
        Ok(Self {
            response,
            idle,
            read: 0,
            limit,
            skip: 0,
            want: None,
            size,
        })
    }

    fn part(response: Response, range: Range<u64>, idle: Duration) -> Self {
        let partial = response.status().as_u16() == 206;
        let total = || {
            let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
            range.rsplit_once('/')?.1.trim().parse().ok()
        };
        Self {
            size: if partial { total() } else { length(&response) },
            response,
            idle,
            read: 0,
            limit: u64::MAX,
            skip: if partial { 0 } else { range.start },
            want: Some(range.end.saturating_sub(range.start)),
        }
    }

    /// The size of the whole in bytes, if the server says it.
    #[cfg(feature = "object-store")]
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// The entity tag, if the server gives one.
    #[cfg(feature = "object-store")]
    pub(crate) fn etag(&self) -> Option<&str> {
        self.response.headers().get(ETAG)?.to_str().ok()
    }

    /// The next bytes, `None` at the end.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`], [`FetchError::TimedOut`] and [`FetchError::Broken`].
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            if self.want == Some(0) {
                return Ok(None);
            }
            let next = in_time(self.idle, async { self.response.chunk().await.map_err(failed) }).await?;
            let Some(mut chunk) = next else { return Ok(None) };
            let skipped = usize::try_from(self.skip).map_or(chunk.len(), |skip| skip.min(chunk.len()));
            self.skip -= skipped as u64;
            let _before = chunk.split_to(skipped);
            if let Some(want) = &mut self.want {
                chunk.truncate(usize::try_from(*want).unwrap_or(usize::MAX));
                *want -= chunk.len() as u64;
            }
            self.read += chunk.len() as u64;
            if self.read > self.limit {
                return Err(FetchError::TooLarge { limit: self.limit });
            }
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
    }
}

fn length(response: &Response) -> Option<u64> {
    // Not `content_length`, which is that of the body, and an answer to HEAD has none.
    response.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
    time::timeout(limit, work)
        .await
        .unwrap_or(Err(FetchError::TimedOut { limit }))
}

fn failed(error: reqwest::Error) -> FetchError {
    let cause = cause(&error);
    let source = error.without_url().into();
    match cause {
        Cause::Private { host } => FetchError::Private { host },
        Cause::UnknownHost { host } => FetchError::UnknownHost { host },
        Cause::Untrusted => FetchError::Untrusted { source },
        Cause::TimedOut | Cause::Connect | Cause::Broken => FetchError::Broken { source },
    }
}

/// The address, if photos may be fetched from it as far as it says itself.
fn check(text: &str, private: bool) -> Result<Url, FetchError> {
    let bad = |why: &str| Err(FetchError::BadUrl { why: why.to_owned() });
    let Ok(url) = Url::parse(text) else {
        return bad("it is no URL");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return bad("only http and https are fetched");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("it has a user or password in it");
    }
    let host = url.host_str().unwrap_or_default();
    // The parser has turned every other way to write an address (octal, one number) into the usual one.
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if !private && literal.is_ok_and(|ip| !public::is_public(ip)) {
        return Err(FetchError::Private { host: host.to_owned() });
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_private_address_is_seen() {
        for url in [
            "http://127.0.0.1/a.jpg",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]:80/",
            "https://[::ffff:127.0.0.1]/",
            "http://10.0.0.1:8080/x?y",
            "http://127.1/",
        ] {
            assert!(matches!(check(url, false), Err(FetchError::Private { .. })), "{url}");
            assert!(check(url, true).is_ok(), "{url}");
        }
        for url in [
            "file:///etc/passwd",
            "ftp://a/b",
            "photo.jpg",
            "https://",
            "http://me:pw@example.com/",
        ] {
            assert!(matches!(check(url, true), Err(FetchError::BadUrl { .. })), "{url}");
        }
    }
}
