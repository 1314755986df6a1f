//! The clients of the services, on the house's own HTTP client.

use std::error::Error as _;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};
use reqwest::StatusCode;
use tokio::time;

use super::builder::StoreBuilder;
use super::error::StoreError;
use super::uri::{Scheme, Uri};
use crate::net::{Cause, Connections, cause, retry};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// The longest time within which a request is sent again: less than the five minutes for which a signature holds.
pub(super) const RETRY_TIME: Duration = Duration::from_secs(180);

/// The client of the place that `uri` is in.
///
/// # Errors
/// [`StoreError::Setup`] for settings that cannot be used, [`StoreError::ReadOnly`] for a web address, which has none.
pub(super) fn client(uri: &Uri, builder: &StoreBuilder) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let bucket = uri.bucket();
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: builder.retries,
        retry_timeout: RETRY_TIME,
    };
    let roots = builder.roots()?;
    let connector = |endpoint: Option<&str>| Connector {
        connections: Connections {
            tls: !endpoint.is_some_and(|url| url.starts_with("http://")),
            roots: roots.clone(),
            environment_proxy: builder.environment_proxy,
            // Endpoints and buckets are the caller's own choice.
            private: true,
        },
        timeout: builder.timeout,
    };
    let client: Result<Arc<dyn ObjectStore>, object_store::Error> = match uri.scheme() {
        Scheme::Web => return Err(StoreError::ReadOnly { uri: uri.to_string() }),
        Scheme::File => Ok(Arc::new(LocalFileSystem::new())),
        Scheme::S3 => {
            let endpoint = |key| matches!(key, AmazonS3ConfigKey::Endpoint | AmazonS3ConfigKey::S3Endpoint);
            let url = builder.keys().find(|(key, _)| endpoint(*key)).map(|(_, url)| url);
            let s3 = AmazonS3Builder::new()
                .with_bucket_name(bucket)
                .with_retry(retry)
                .with_http_connector(connector(url));
            let s3 = builder.keys().fold(s3, |s3, (key, value)| s3.with_config(key, value));
            s3.build().map(|s3| Arc::new(s3) as _)
        }
        Scheme::Gs => {
            let url = builder.keys().find(|(key, _)| matches!(key, GoogleConfigKey::BaseUrl));
            let gs = GoogleCloudStorageBuilder::new()
                .with_bucket_name(bucket)
                .with_retry(retry)
                .with_http_connector(connector(url.map(|(_, url)| url)));
            let gs = builder.keys().fold(gs, |gs, (key, value)| gs.with_config(key, value));
            gs.build().map(|gs| Arc::new(gs) as _)
        }
        Scheme::Az => {
            let url = builder.keys().find(|(key, _)| matches!(key, AzureConfigKey::Endpoint));
            let az = MicrosoftAzureBuilder::new()
                .with_container_name(bucket)
                .with_retry(retry)
                .with_http_connector(connector(url.map(|(_, url)| url)));
            let az = builder.keys().fold(az, |az, (key, value)| az.with_config(key, value));
            az.build().map(|az| Arc::new(az) as _)
        }
    };
    client.map_err(|source| StoreError::setup(format!("the client of {}", uri.place()), source))
}

/// Makes the HTTP clients that the library below asks for.
#[derive(Debug)]
struct Connector {
    connections: Connections,
    timeout: Duration,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |source| object_store::Error::Generic { store: "HTTP", source };
        let in_the_clear = options.get_config_value(&ClientConfigKey::AllowHttp).as_deref() == Some("true");
        let client = self
            .connections
            .builder()
            .map_err(|e| failed(e.into()))?
            .https_only(!in_the_clear)
            .connect_timeout(CONNECT)
            .read_timeout(self.timeout)
            .build()
            .map_err(|e| failed(e.into()))?;
        Ok(HttpClient::new(Service(client)))
    }
}

/// The house's client with the house's policy: the library below tries all again that it could not connect for, and at its
/// own pace.
#[derive(Debug)]
struct Service(reqwest::Client);

impl HttpService for Service {
    // As the library's trait is after its macro, which is not worth a dependency.
    fn call<'s, 'f>(&'s self, request: HttpRequest) -> Pin<Box<dyn Future<Output = Answer> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let response = HttpService::call(&self.0, request).await.map_err(lasting)?;
            let wait = retry::retry_after(response.headers(), SystemTime::now());
            let transient = retry::is_transient(response.status().as_u16());
            if response.status() == StatusCode::TOO_EARLY {
                // The one status of these that the library below does not know of.
                return Err(HttpError::new(HttpErrorKind::Request, TooEarly));
            }
            if let Some(wait) = wait.filter(|wait| transient && *wait < RETRY_TIME) {
                time::sleep(wait).await;
            }
            Ok(response)
        })
    }
}

/// The service did not want to look at the request yet (RFC 8470).
#[derive(Debug, thiserror::Error)]
#[error("the service answers HTTP 425")]
struct TooEarly;

type Answer = Result<HttpResponse, HttpError>;

/// What does not pass is called by a kind that is not tried again, and in words that say what it is.
fn lasting(error: HttpError) -> HttpError {
    let source = error.source().and_then(|source| source.downcast_ref());
    let lasting = match source.map(cause) {
        Some(Cause::UnknownHost { host }) => Lasting::UnknownHost { host },
        Some(Cause::Untrusted) => Lasting::Untrusted,
        _ => return error,
    };
    HttpError::new(HttpErrorKind::Unknown, lasting)
}

/// Why a connection cannot be made, now or later.
#[derive(Debug, thiserror::Error)]
enum Lasting {
    #[error("there is no host {host}")]
    UnknownHost { host: String },
    #[error("the host's certificate is not trusted")]
    Untrusted,
}
