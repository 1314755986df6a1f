//! Names and addresses: which are looked up, and which lead into a network of one's own.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Looks names up: any, or only those that lead to public addresses.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    private: bool,
    /// Names that may lead anywhere: those of proxies, which the caller's own environment names.
    exempt: Arc<[String]>,
}

/// A name leads to an address that nothing is fetched from.
#[derive(Debug, thiserror::Error)]
#[error("{host} resolves to a private or local address")]
pub(crate) struct Refused {
    pub(crate) host: String,
}

/// There is no such name.
#[derive(Debug, thiserror::Error)]
#[error("{host} is not found")]
pub(crate) struct UnknownName {
    pub(crate) host: String,
    source: io::Error,
}

impl Resolver {
    /// With `private`, any address is taken; without it, only what the names of `exempt` lead to may be a private one.
    pub(crate) fn new(private: bool, exempt: Vec<String>) -> Self {
        Self {
            private,
            exempt: exempt.into(),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let private = self.private || self.exempt.iter().any(|proxy| proxy.eq_ignore_ascii_case(&host));
        Box::pin(async move {
            let addresses = look_up(&host).await?;
            // One that is not public is enough: such a name is a trap or a mistake.
            if !private && addresses.iter().any(|address| !is_public(address.ip())) {
                return Err(Refused { host }.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

/// The addresses of a name.
///
/// # Errors
/// [`UnknownName`] where there is none, and the system's where it could not find out.
pub(crate) async fn look_up(host: &str) -> Result<Vec<SocketAddr>, super::BoxError> {
    let name = host.to_owned();
    let found = tokio::task::spawn_blocking(move || (name.as_str(), 0).to_socket_addrs()).await?;
    match found {
        Ok(found) => Ok(found.collect()),
        Err(source) if may_pass(&source) => Err(source.into()),
        Err(source) => {
            let host = host.to_owned();
            Err(UnknownName { host, source }.into())
        }
    }
}

/// Whether the system could not ask, which it says in words alone: glibc and the BSDs in the first, musl in the second.
fn may_pass(error: &io::Error) -> bool {
    let text = error.to_string();
    text.contains("Temporary failure") || text.contains("Try again")
}

/// Whether an address can be one of the public Internet: those of the IANA registries of special addresses cannot.
pub(crate) fn is_public(ip: IpAddr) -> bool {
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
}
