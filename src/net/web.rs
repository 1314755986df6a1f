//! Photos from web addresses: no more bytes, time and redirects than allowed, and nothing from inside one's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
#[cfg(feature = "object-store")]
use reqwest::header::ETAG;
use reqwest::header::{CONTENT_LENGTH, LOCATION};
use reqwest::{Method, Url};

use super::BoxError;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

/// Why a photo could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address is none that photos are fetched from: write a whole `http` or `https` URL.
    #[error("cannot fetch from this address: {why}")]
    BadUrl {
        /// What is wrong with it.
        why: String,
    },

    /// The address leads into a private network or to this machine. Make the `Fetcher` with `private` set if the list of
    /// addresses is trusted.
    #[error("{host} is a private or local address, from which nothing is fetched unless that is allowed")]
    Private {
        /// The host.
        host: String,
    },

    /// More redirects than are followed: a page that wants a login, most often. Give the photo's own address.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// How many are followed.
        limit: usize,
    },

    /// The server answers with something else than a photo: 404 wants another address, 401 and 403 a public one, 5xx time.
    #[error("the server answers HTTP {http_status}")]
    Status {
        /// The HTTP status.
        http_status: u16,
    },

    /// The file is larger than allowed: raise the `Fetcher`'s limit if it is a photo.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The most bytes allowed.
        limit: u64,
    },

    /// It took longer than allowed: try again, or give the `Fetcher` more time.
    #[error("it takes longer than {} s", limit.as_secs())]
    TimedOut {
        /// The longest time allowed.
        limit: Duration,
    },

    /// The connection could not be made, or broke: check the address and the network, and try again.
    #[error("cannot fetch")]
    Broken {
        /// The library's own words.
        source: BoxError,
    },
}

/// Reads from `http` and `https` addresses.
///
/// By default from public ones alone: private, loopback, link-local and otherwise special ones are refused, whether the URL
/// names them, a name resolves to them, or a redirect leads there. What was checked is what is connected to. No proxy is
/// used, as it would resolve names itself.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    http: reqwest::Client,
    private: bool,
}

impl Web {
    /// `timeout` is the longest that a connection may take to be made, up to ten seconds; `private` allows private and
    /// local addresses.
    ///
    /// # Errors
    /// The HTTP client's, if it cannot be set up.
    pub(crate) fn new(timeout: Duration, private: bool) -> Result<Self, BoxError> {
        let http = super::builder(true, Vec::new())?
            .no_proxy()
            .dns_resolver(PublicOnly { private })
            .connect_timeout(timeout.min(Duration::from_secs(10)))
            .build()?;
        Ok(Self { http, private })
    }

    /// Says without any connection what can be said against an address.
    ///
    /// # Errors
    /// [`FetchError::BadUrl`] and [`FetchError::Private`].
    pub(crate) fn check(&self, url: &str) -> Result<(), FetchError> {
        check(url, self.private).map(drop)
    }

    /// What `url` leads to, of which the head has come, and of which at most `limit` bytes are read.
    ///
    /// # Errors
    /// Every [`FetchError`].
    pub(crate) async fn open(&self, method: Method, url: &str, limit: u64) -> Result<Incoming, FetchError> {
        let mut url = check(url, self.private)?;
        for _ in 0..=MAX_REDIRECTS {
            let request = self.http.request(method.clone(), url.clone());
            let response = request.send().await.map_err(broken)?;
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
            if http_status != 200 {
                return Err(FetchError::Status { http_status });
            }
            let incoming = Incoming {
                response,
                read: 0,
                limit,
            };
            return match incoming.size() {
                Some(size) if size > limit => Err(FetchError::TooLarge { limit }),
                _ => Ok(incoming),
            };
        }
        Err(FetchError::TooManyRedirects { limit: MAX_REDIRECTS })
    }
}

/// An answer whose body is still to be read.
pub(crate) struct Incoming {
    response: reqwest::Response,
    read: u64,
    limit: u64,
}

impl Incoming {
    /// The size in bytes, if the server says it.
    pub(crate) fn size(&self) -> Option<u64> {
        // Not `content_length`, which is that of the body, and an answer to HEAD has none.
        let length = self.response.headers().get(CONTENT_LENGTH)?;
        length.to_str().ok()?.parse().ok()
    }

    /// The entity tag, if the server gives one.
    #[cfg(feature = "object-store")]
    pub(crate) fn etag(&self) -> Option<&str> {
        self.response.headers().get(ETAG)?.to_str().ok()
    }

    /// The next bytes, `None` at the end.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`] and [`FetchError::Broken`].
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        let chunk = self.response.chunk().await.map_err(broken)?;
        self.read += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        if self.read > self.limit {
            return Err(FetchError::TooLarge { limit: self.limit });
        }
        Ok(chunk)
    }
}

fn broken(error: reqwest::Error) -> FetchError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = source {
        if let Some(Refused { host }) = error.downcast_ref() {
            return FetchError::Private { host: host.clone() };
        }
        source = error.source();
    }
    FetchError::Broken {
        source: error.without_url().into(),
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
    if !private && literal.is_ok_and(|ip| !is_public(ip)) {
        return Err(FetchError::Private { host: host.to_owned() });
    }
    Ok(url)
}

/// Resolves names to public addresses, or to none.
#[derive(Clone, Copy, Debug)]
struct PublicOnly {
    private: bool,
}

/// A name leads to an address that nothing is fetched from.
#[derive(Debug, thiserror::Error)]
#[error("{host} resolves to a private or local address")]
struct Refused {
    host: String,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { private } = *self;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let lookup = host.clone();
            let found = tokio::task::spawn_blocking(move || (lookup.as_str(), 0).to_socket_addrs()).await??;
            let addresses: Vec<SocketAddr> = found.collect();
            // One that is not public is enough: such a name is a trap or a mistake.
            if !private && addresses.iter().any(|address| !is_public(address.ip())) {
                return Err(Refused { host }.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address can be one of the public Internet: those of the IANA registries of special addresses cannot.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b)) // shared by carriers
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // relays to IPv6
        || (a == 198 && (18..20).contains(&b)) // benchmarks
        || a >= 224; // multicast, reserved, broadcast
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    let [.., high, low] = segments;
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // An IPv4 address behind a translator (64:ff9b::/96), or in a tunnel (2002::/16).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, benchmarks, overlay identifiers and the like; documentation, twice.
        [0x2001, 0..0x200, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => false,
        // Everything else that is assigned lies in 2000::/3: not so ::1, ::ffff:0:0/96, fc00::/7, fe80::/10, ff00::/8.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_told_from_those_outside() {
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "fec0::1",
            "3fff::1",
            "64:ff9b:1::1",
        ] {
            assert!(!is_public(inside.parse().expect(inside)), "{inside}");
        }
        for outside in [
            "8.8.8.8",
            "1.1.1.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.1.1.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "64:ff9b::8.8.8.8",
            "2002:808:808::",
        ] {
            assert!(is_public(outside.parse().expect(outside)), "{outside}");
        }
    }

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
