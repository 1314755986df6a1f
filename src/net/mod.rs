//! What all that talks to the network has in common: TLS, and photos from web addresses.

#![cfg_attr(
    not(feature = "upload"),
    allow(unreachable_pub, reason = "public as a part of `bigin`")
)]

mod web;

use std::sync::Arc;

use reqwest::ClientBuilder;
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

pub use web::FetchError;
#[cfg(feature = "object-store")]
pub(crate) use web::Incoming;
pub(crate) use web::Web;

/// The error below another one.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What every client here has in common: no redirects, no cookies, no decompression, TLS with the system's roots.
///
/// Without `tls` no system certificate is read and every TLS connection fails: for services that are on this machine.
/// `roots` are trusted beside the system's.
///
/// # Errors
/// rustls' own if the system's certificates cannot be read.
pub(crate) fn builder(tls: bool, roots: Vec<CertificateDer<'static>>) -> Result<ClientBuilder, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let config = if tls {
        let verifier = Verifier::new_with_extra_roots(roots, provider)?;
        // Not dangerous: it is the system's own verifier, and what it trusts only grows by what the caller names.
        config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        config.with_root_certificates(RootCertStore::empty())
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(Policy::none())
        .referer(false)
        .user_agent(concat!("photofit/", env!("CARGO_PKG_VERSION"))))
}
