//! What a caller may choose about reading and writing objects.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use object_store::ClientConfigKey;
use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::gcp::GoogleConfigKey;
use rustls::pki_types::CertificateDer;

use super::error::StoreError;
use crate::net;

/// What the names of settings begin with, as environment variables.
const PREFIXES: [&str; 3] = ["AWS_", "GOOGLE_", "AZURE_"];

/// The settings of a [`Store`](super::Store): credentials, retries, time-outs.
///
/// ```
/// use photofit::store::Store;
///
/// let store = Store::builder()
///     .setting("AWS_REGION", "eu-central-1")?
///     .setting("AWS_SKIP_SIGNATURE", "true")? // for public buckets
///     .retries(3)
///     .build()?;
/// # Ok::<(), photofit::store::StoreError>(())
/// ```
#[derive(Clone)]
pub struct StoreBuilder {
    pub(super) settings: Vec<(String, String)>,
    pub(super) retries: usize,
    pub(super) timeout: Duration,
    pub(super) ahead: usize,
    pub(super) ahead_memory: u64,
    pub(super) private_urls: bool,
    pub(super) environment_proxy: bool,
    /// In PEM form.
    pub(super) root_certificates: Option<Vec<u8>>,
}

impl Default for StoreBuilder {
    fn default() -> Self {
        Self {
            settings: Vec::new(),
            retries: 8,
            timeout: Duration::from_secs(60),
            ahead: 16,
            ahead_memory: 256_000_000,
            private_urls: false,
            environment_proxy: false,
            root_certificates: None,
        }
    }
}

/// Names alone: the values are secrets.
impl fmt::Debug for StoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.settings.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("StoreBuilder")
            .field("settings", &names)
            .field("retries", &self.retries)
            .field("timeout", &self.timeout)
            .field("ahead", &self.ahead)
            .field("ahead_memory", &self.ahead_memory)
            .field("private_urls", &self.private_urls)
            .field("environment_proxy", &self.environment_proxy)
            .finish_non_exhaustive()
    }
}

impl StoreBuilder {
    /// Takes the settings that the environment has: `AWS_*`, `GOOGLE_*` and `AZURE_*`, as far as they concern storage, and
    /// its [proxies](Self::environment_proxy).
    #[must_use]
    pub fn from_env() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let variables = std::env::vars_os().filter_map(text);
        Self {
            settings: variables.filter(|(name, _)| is_setting(name)).collect(),
            environment_proxy: true,
            ..Self::default()
        }
    }

    /// Sets what the environment variable `name` would set, such as `AWS_REGION`, `GOOGLE_APPLICATION_CREDENTIALS` or
    /// `AZURE_STORAGE_ACCOUNT_NAME`. Said again, it replaces what was said before.
    ///
    /// # Errors
    /// [`StoreError::Setup`] for a name that is none.
    pub fn setting(mut self, name: &str, value: impl Into<String>) -> Result<Self, StoreError> {
        if !is_setting(name) {
            let accepted = "it is no setting: names such as AWS_REGION, GOOGLE_SERVICE_ACCOUNT and \
                AZURE_STORAGE_ACCOUNT_NAME are";
            return Err(StoreError::setup(name, accepted));
        }
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.into()));
        Ok(self)
    }

    /// Sets how often a request that fails in a way that may pass is sent again (default: 8 times, with growing pauses,
    /// within three minutes).
    #[must_use]
    pub fn retries(mut self, retries: usize) -> Self {
        self.retries = retries;
        self
    }

    /// Sets how long a request may wait for the service, its sending included, and between the pieces of an answer
    /// (default: 60 seconds). It is sent again then.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many objects are read [ahead](super::Store::ahead) of those who ask for them (default: 16), and how many bytes
    /// of memory they may take together (default: 256 MB). One that is larger is read when it is asked for.
    #[must_use]
    pub fn ahead(mut self, objects: usize, memory: u64) -> Self {
        self.ahead = objects;
        self.ahead_memory = memory;
        self
    }

    /// Allows web addresses that lead to this machine or into a private network (default: no, as a list of addresses may
    /// be somebody else's).
    #[must_use]
    pub fn private_urls(mut self, allowed: bool) -> Self {
        self.private_urls = allowed;
        self
    }

    /// Uses the proxies that the environment names, `HTTPS_PROXY` and the like, but for the hosts of `NO_PROXY` (default:
    /// no, but yes for what [`from_env`](Self::from_env) gives). A proxy looks the names of web addresses up itself: which of them
    /// are private is checked only as far as they are known here.
    #[must_use]
    pub fn environment_proxy(mut self, used: bool) -> Self {
        self.environment_proxy = used;
        self
    }

    /// Trusts certificates in PEM form beside the system's (default: none): for a network that looks into TLS, or a service
    /// of one's own.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// The certificates that are trusted beside the system's.
    ///
    /// # Errors
    /// [`StoreError::Setup`] for what is none.
    pub(super) fn roots(&self) -> Result<Vec<CertificateDer<'static>>, StoreError> {
        let roots = self
            .root_certificates
            .as_deref()
            .map_or(Ok(Vec::new()), net::certificates);
        roots.map_err(|why| StoreError::setup("the root certificates", why))
    }

    /// The settings as the library below calls them, of those that are `K`'s.
    pub(super) fn keys<K: FromStr>(&self) -> impl Iterator<Item = (K, &str)> {
        self.settings
            .iter()
            .filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value.as_str())))
    }
}

/// Whether a variable says something about storage that is heeded here: how connections are made is not among it, but
/// for whether they may be in the clear.
fn is_setting(name: &str) -> bool {
    if !PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    let heeded = |key: &ClientConfigKey| *key == ClientConfigKey::AllowHttp;
    match (name.parse(), name.parse(), name.parse()) {
        (Ok(AmazonS3ConfigKey::Client(key)), ..) => heeded(&key),
        (_, Ok(GoogleConfigKey::Client(key)), _) => heeded(&key),
        (.., Ok(AzureConfigKey::Client(key))) => heeded(&key),
        (s3, gs, az) => s3.is_ok() || gs.is_ok() || az.is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_from_other_variables() {
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_REGION",
            "AWS_ENDPOINT_URL",
            "AWS_ALLOW_HTTP",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_SERVICE_ACCOUNT",
            "AZURE_STORAGE_ACCOUNT_NAME",
            "AZURE_STORAGE_ACCOUNT_KEY",
            "AZURE_ALLOW_HTTP",
        ] {
            assert!(is_setting(name), "{name}");
        }
        for name in [
            "AWS_PAGER",
            "AWS_PROXY_URL",
            "PATH",
            "HOME",
            "AWS_",
            "aws_region",
            "REGION",
        ] {
            assert!(!is_setting(name), "{name}");
        }
        let error = StoreBuilder::default()
            .setting("AWS_REGON", "eu")
            .expect_err("a misprint");
        assert_eq!(error.kind(), "setup");
    }

    #[test]
    fn secrets_are_not_shown() {
        let builder = StoreBuilder::default()
            .setting("AWS_SECRET_ACCESS_KEY", "hunter2")
            .expect("a setting");
        let shown = format!("{builder:?} {:?}", builder.clone().build().expect("a client"));
        assert!(
            shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
