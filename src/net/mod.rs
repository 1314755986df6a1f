//! What all that talks to the network has in common: TLS, proxies, names, what is tried again, and reading from web
//! addresses.

#![cfg_attr(
    not(feature = "upload"),
    allow(unreachable_pub, reason = "public as a part of `bigin`")
)]

mod cause;
mod error;
#[cfg(feature = "upload")]
mod fetch;
mod public;
pub(crate) mod retry;
mod web;

use std::sync::Arc;

use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

pub(crate) use cause::{Cause, cause};
#[cfg_attr(
    not(feature = "upload"),
    allow(unused_imports, reason = "public as a part of `bigin`")
)]
pub use error::FetchError;
#[cfg(feature = "upload")]
pub use fetch::{Fetcher, FetcherBuilder};
pub(crate) use web::Web;
#[cfg(feature = "object-store")]
pub(crate) use web::{Incoming, Retries};

/// The error below another one.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How a client makes its connections.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    /// Without it no system certificate is read and every TLS connection fails: for services that are on this machine.
    pub(crate) tls: bool,
    /// Certificates that are trusted beside the system's.
    pub(crate) roots: Vec<CertificateDer<'static>>,
    /// Whether the proxies that the environment names are used: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in
    /// either case.
    pub(crate) environment_proxy: bool,
    /// Whether addresses inside one's own network may be connected to.
    pub(crate) private: bool,
}

impl Connections {
    /// What every client here has in common: no redirects, no cookies, no decompression, TLS with the system's roots.
    ///
    /// # Errors
    /// rustls' own if the system's certificates cannot be read.
    pub(crate) fn builder(&self) -> Result<ClientBuilder, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let config = if self.tls {
            let verifier = Verifier::new_with_extra_roots(self.roots.clone(), provider)?;
            // Not dangerous: it is the system's own verifier, and what it trusts only grows by what the caller names.
            config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        } else {
            config.with_root_certificates(RootCertStore::empty())
        };
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let resolver = public::Resolver::new(self.private, self.proxies());
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .redirect(Policy::none())
            .referer(false)
            .dns_resolver(resolver)
            .user_agent(concat!("photofit/", env!("CARGO_PKG_VERSION")));
        Ok(if self.environment_proxy {
            builder
        } else {
            builder.no_proxy()
        })
    }

    /// The hosts of the proxies that may be used.
    pub(crate) fn proxies(&self) -> Vec<String> {
        const NAMES: [&str; 3] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];
        if !self.environment_proxy {
            return Vec::new();
        }
        let names = NAMES
            .iter()
            .flat_map(|name| [(*name).to_owned(), name.to_ascii_lowercase()]);
        let host = |value: String| {
            // As reqwest reads them: without a scheme they are HTTP's.
            let url = Url::parse(&value).ok().filter(Url::has_host);
            let url = url.or_else(|| Url::parse(&format!("http://{value}")).ok())?;
            url.host_str().map(str::to_owned)
        };
        names
            .filter_map(|name| std::env::var(name).ok())
            .filter_map(host)
            .collect()
    }
}

/// Reads certificates in PEM form, of which there is at least one.
///
/// # Errors
/// What is wrong with them, in words.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err("no certificate in it".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
