//! An HTTP service that prepares what is posted to it: `cargo run --release --example service [ADDRESS [PRESET]]`
//!
//! ```console
//! $ curl --data-binary @photo.heic http://127.0.0.1:8080/prepare -o ready.jpg
//! ```
//!
//! The answer is the photo, with the report in the header `photofit-report`; or an error in JSON with the status that it
//! calls for. Photos are prepared in a pool, so that the threads that talk HTTP are never held up; memory and the number of
//! requests in hand are bounded; and who hangs up cancels the work. Ctrl-C ends it once the requests in hand are answered.

#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use photofit::pool::{BatchError, Cause};
use photofit::{Error as PhotoError, Limits, Options, Pool};
use serde_json::json;
use tokio::sync::Semaphore;

/// The most bytes that are read of a photo: those that come in take memory before anything is known of them.
const MAX_BODY: usize = 64_000_000;
/// The most memory that one photo may take in work, in bytes. What all of them may take is the pool's to keep.
const MAX_MEMORY: u64 = 500_000_000;
/// How long a client may take to send its photo.
const TO_SEND: Duration = Duration::from_secs(60);
/// How long a photo may take to be prepared.
const TO_PREPARE: Duration = Duration::from_secs(30);
/// How many requests are in hand for each thread: one in work, the others on their way in.
const REQUESTS_PER_THREAD: usize = 4;

struct Service {
    pool: Pool,
    /// Requests in hand. Who finds none left is told to come again, instead of waiting in a queue that only grows.
    places: Semaphore,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let preset = arguments.next().unwrap_or_else(|| "bigin".to_owned());
    let limits = Limits::preset(&preset).ok_or_else(|| format!("no preset is called {preset:?}"))?;

    let options = Options::default().with_limits(limits).with_max_memory(MAX_MEMORY);
    let pool = Pool::builder(options).timeout(TO_PREPARE).build()?;
    let service = Arc::new(Service {
        places: Semaphore::new(pool.jobs() * REQUESTS_PER_THREAD),
        pool,
    });
    let app = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/prepare", post(prepare))
        .with_state(service);

    let listener = tokio::net::TcpListener::bind(&address).await?;
    // Before anybody can know that it listens, and end it.
    let asked_to_end = asked_to_end();
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(asked_to_end).await?;
    Ok(())
}

async fn prepare(State(service): State<Arc<Service>>, body: Body) -> Result<Response, Refusal> {
    let _place = service.places.try_acquire().map_err(|_| Refusal::busy())?;
    let photo = receive(body).await?;
    // If the client hangs up this future is dropped, and the ticket with it: that cancels the photo.
    let ready = service.pool.submit(Vec::from(photo)).await?;

    let media_type = HeaderValue::from_static(ready.report().result.format.media_type());
    let report = serde_json::to_vec(ready.report()).ok();
    let mut response = Body::from(ready.into_prepared().into_bytes()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    if let Some(report) = report.and_then(|report| HeaderValue::from_bytes(&report).ok()) {
        response.headers_mut().insert("photofit-report", report);
    }
    Ok(response)
}

/// Reads the photo: never more than [`MAX_BODY`], never longer than [`TO_SEND`].
async fn receive(body: Body) -> Result<Bytes, Refusal> {
    let whole = axum::body::to_bytes(body, MAX_BODY);
    match tokio::time::timeout(TO_SEND, whole).await {
        Ok(Ok(photo)) => Ok(photo),
        Ok(Err(_)) => Err(Refusal {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            kind: "too-large",
            message: format!("the photo has more than {MAX_BODY} bytes, or broke off"),
        }),
        Err(_) => Err(Refusal {
            status: StatusCode::REQUEST_TIMEOUT,
            kind: "timed-out",
            message: format!("the photo did not arrive within {} seconds", TO_SEND.as_secs()),
        }),
    }
}

/// An error as the client sees it.
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn busy() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            kind: "busy",
            message: "too many photos are in hand: come again in a moment".to_owned(),
        }
    }
}

impl From<BatchError> for Refusal {
    fn from(error: BatchError) -> Self {
        match error.cause {
            Cause::Photo(error) => error.into(),
            // Photos that are in memory can be read, and none has more bytes than are received: later versions may say more.
            other => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                kind: "internal",
                message: other.to_string(),
            },
        }
    }
}

impl From<PhotoError> for Refusal {
    fn from(error: PhotoError) -> Self {
        let status = match &error {
            PhotoError::Empty => StatusCode::BAD_REQUEST,
            PhotoError::UnknownFormat { .. } | PhotoError::Unsupported { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            PhotoError::TooManyPixels { .. } | PhotoError::TooMuchMemory { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            PhotoError::Malformed { .. }
            | PhotoError::Damaged { .. }
            | PhotoError::Decode { .. }
            | PhotoError::DoesNotFit { .. }
            | PhotoError::LossDenied { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            PhotoError::OutOfMemory { .. } | PhotoError::Cancelled | PhotoError::TimedOut => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            // Ours, and whatever later versions add.
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            status,
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"error": {"kind": self.kind, "message": self.message}}).to_string();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let soon = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        response
    }
}

/// Ends at Ctrl-C, or when the system asks the service to end: from this call on, not only once it is waited for.
fn asked_to_end() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)))
    };
    async move {
        #[cfg(unix)]
        if let Ok((mut terminate, mut interrupt)) = signals {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
        // Where signals cannot be had, the service runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
