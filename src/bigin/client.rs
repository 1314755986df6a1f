//! The client: one photo onto one record, with as many attempts as it takes and the service bears.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Url;
use tokio::time::{self, Instant};

use super::answer::{Answer, ApiError, Receipt};
use super::code::ErrorCode;
use super::data_center::DataCenter;
use super::error::{BuildError, Failure, InvalidSetting, UploadError};
use super::http::{self, Reply, Timeouts};
use super::multipart::Form;
use super::rate_limiter::RateLimiter;
use super::record::{ApiVersion, Record};
use super::stop_flag::StopFlag;
use super::token::{Credentials, Token, Tokens};
use crate::net::retry::Backoff;
use crate::prepare::Prepared;

/// What a client is made with.
#[derive(Clone, Debug)]
pub struct ClientBuilder {
    data_center: DataCenter,
    api_url: Option<String>,
    accounts_url: Option<String>,
    version: ApiVersion,
    credentials: Option<Credentials>,
    concurrency: usize,
    per_minute: Option<u32>,
    max_attempts: u32,
    max_elapsed: Duration,
    timeouts: Timeouts,
    backoff: Backoff,
    environment_proxy: bool,
    /// In PEM form.
    roots: Option<Vec<u8>>,
}

impl ClientBuilder {
    fn new(data_center: DataCenter) -> Self {
        Self {
            data_center,
            api_url: None,
            accounts_url: None,
            version: ApiVersion::default(),
            credentials: None,
            concurrency: 5,
            per_minute: None,
            max_attempts: 8,
            max_elapsed: Duration::from_secs(600),
            timeouts: Timeouts {
                connect: Duration::from_secs(10),
                idle: Duration::from_secs(60),
                request: Duration::from_secs(300),
            },
            backoff: Backoff {
                base: Duration::from_millis(500),
                cap: Duration::from_secs(30),
            },
            environment_proxy: false,
            roots: None,
        }
    }

    /// What the service knows the caller by. There is no default.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Where photos go, instead of the data centre's host: `https`, or `http` to this machine.
    #[must_use]
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Some(url.into());
        self
    }

    /// Where tokens come from, instead of the data centre's host: `https`, or `http` to this machine.
    #[must_use]
    pub fn accounts_url(mut self, url: impl Into<String>) -> Self {
        self.accounts_url = Some(url.into());
        self
    }

    /// The version of the API: 1 by default.
    #[must_use]
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }

    /// The most photos under way at a time: 5 by default, 1 to 100. When the service says that it is too much there are
    /// fewer for a while.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests;
        self
    }

    /// The most requests in a minute; without limit by default, as the service documents none.
    #[must_use]
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.per_minute = Some(requests);
        self
    }

    /// The most requests for one photo: 8 by default, at least 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The longest time for one photo with all attempts and waits: 10 minutes by default. No attempt begins after it.
    #[must_use]
    pub fn max_elapsed(mut self, time: Duration) -> Self {
        self.max_elapsed = time;
        self
    }

    /// How long a connection may take to be made (10 s by default), nothing may move on it (60 s), and a whole request
    /// may take (300 s).
    #[must_use]
    pub fn timeouts(mut self, connect: Duration, idle: Duration, request: Duration) -> Self {
        self.timeouts = Timeouts { connect, idle, request };
        self
    }

    /// The waits between attempts: a random time up to `base` (0.5 s by default), doubled from attempt to attempt up to
    /// `cap` (30 s).
    #[must_use]
    pub fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.backoff = Backoff { base, cap };
        self
    }

    /// Whether the proxy that the environment names (`HTTPS_PROXY` and the like) is used: no by default, as a library
    /// does not read the environment unasked.
    #[must_use]
    pub fn environment_proxy(mut self, used: bool) -> Self {
        self.environment_proxy = used;
        self
    }

    /// Certificates in PEM form that are trusted beside the system's: for a network that looks into TLS, or a service
    /// of one's own. None by default.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Makes the client. No connection is made yet.
    ///
    /// # Errors
    /// [`BuildError`] for settings that cannot be used.
    pub fn build(self) -> Result<Client, BuildError> {
        let credentials = self.credentials.ok_or(BuildError::NoCredentials)?;
        credentials.check()?;
        if !(1..=100).contains(&self.concurrency) {
            let value = self.concurrency.to_string();
            return Err(InvalidSetting::new("concurrency", value, "1 to 100").into());
        }
        if self.per_minute == Some(0) {
            return Err(InvalidSetting::new("requests per minute", "0", "1 or more").into());
        }
        let api = self.api_url.as_deref().unwrap_or(self.data_center.api_url());
        let accounts = self.accounts_url.as_deref().unwrap_or(self.data_center.accounts_url());
        let api = http::base_url("API URL", api)?;
        let accounts = http::base_url("accounts URL", accounts)?;
        let tls = [&api, &accounts].iter().any(|url| url.scheme() == "https");
        let roots = self.roots.as_deref().map_or(Ok(Vec::new()), http::certificates)?;
        let builder = http::builder(tls, roots, self.environment_proxy)?;
        let http = builder
            .connect_timeout(self.timeouts.connect)
            .build()
            .map_err(|source| BuildError::Setup {
                what: "the HTTP client",
                source: source.into(),
            })?;
        let tokens = Tokens::new(credentials, &accounts, http.clone(), self.timeouts, self.backoff);
        Ok(Client(Arc::new(Inner {
            http,
            api,
            version: self.version,
            tokens,
            rate: RateLimiter::new(self.concurrency, self.per_minute),
            concurrency: self.concurrency,
            backoff: self.backoff,
            timeouts: self.timeouts,
            max_attempts: self.max_attempts,
            max_elapsed: self.max_elapsed,
            stop: StopFlag::new(),
            credits: AtomicU64::new(UNKNOWN),
        })))
    }
}

/// The credits before any answer named them.
const UNKNOWN: u64 = u64::MAX;

/// Puts photos onto records. Clones are the same client: they share its connections, its token and its pace.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    api: Url,
    version: ApiVersion,
    tokens: Tokens,
    rate: RateLimiter,
    concurrency: usize,
    backoff: Backoff,
    timeouts: Timeouts,
    max_attempts: u32,
    max_elapsed: Duration,
    stop: StopFlag,
    credits: AtomicU64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("api", &self.0.api.as_str())
            .field("version", &self.0.version)
            .field("tokens", &self.0.tokens)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// What a client of this data centre is made with.
    #[must_use]
    pub fn builder(data_center: DataCenter) -> ClientBuilder {
        ClientBuilder::new(data_center)
    }

    /// Puts `photo` onto `record`, in place of the photo that it may have.
    ///
    /// Tries again, after waits that grow, what may pass: failures of the server, broken connections, time-outs,
    /// answers that are cut short, an expired token once, and everybody's waiting when the service says that it is too
    /// much. A photo of which the answer was lost is sent again, so it may arrive twice; it never does once a
    /// [`Receipt`] was returned.
    ///
    /// Needs a tokio runtime with time and I/O; [`blocking::Client`](super::blocking::Client) brings one.
    ///
    /// # Errors
    /// [`UploadError`] with what happened last.
    pub async fn upload_photo(&self, record: &Record, photo: &Prepared<'_>) -> Result<Receipt, UploadError> {
        let form = Form::new(photo.bytes(), photo.report().result.format);
        self.upload_form(record, &form).await
    }

    /// The same for a form that is built already.
    pub(super) async fn upload_form(&self, record: &Record, form: &Form) -> Result<Receipt, UploadError> {
        let start = Instant::now();
        let mut attempts = 0;
        let result = self.0.attempt(record, form, start, &mut attempts).await;
        let elapsed = start.elapsed();
        match result {
            Ok(answer) => Ok(Receipt {
                answer,
                attempts,
                elapsed,
            }),
            Err(failure) => Err(UploadError {
                failure: self.0.redacted(failure),
                attempts,
                elapsed,
            }),
        }
    }

    /// Sends nothing more: requests in flight come to their end, uploads that wait return [`Failure::Stopped`], and so do
    /// all that come later, on every clone.
    pub fn stop(&self) {
        self.0.stop.stop();
    }

    /// Whether [`stop`](Self::stop) was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stop.is_stopped()
    }

    /// The API credits that are left of the day's, as the last answer that named them has it.
    #[must_use]
    pub fn credits_remaining(&self) -> Option<u64> {
        Some(self.0.credits.load(Ordering::Relaxed)).filter(|credits| *credits != UNKNOWN)
    }

    /// The most photos under way at a time.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.0.concurrency
    }
}

impl Inner {
    async fn attempt(
        &self,
        record: &Record,
        form: &Form,
        start: Instant,
        attempts: &mut u32,
    ) -> Result<Answer, Failure> {
        let deadline = start + self.max_elapsed;
        let mut token_refused = false;
        let mut last: Option<Failure> = None;
        loop {
            let stopped = || Failure::Stopped;
            let slot = self.stop.unless(self.rate.admit(deadline)).await.ok_or_else(stopped)?;
            let out_of_time = Failure::TimedOut {
                what: "the time for this photo is over",
            };
            let Some(slot) = slot else {
                return Err(last.unwrap_or(out_of_time));
            };
            let token = self.stop.unless(self.tokens.get(deadline)).await.ok_or_else(stopped)?;
            let token = token.map_err(Failure::Token)?;
            if self.stop.is_stopped() {
                return Err(Failure::Stopped);
            }
            *attempts += 1;
            let outcome = self.once(record, form, &token).await;
            drop(slot);
            let (failure, asked) = match outcome {
                Ok(answer) => {
                    self.rate.went_well();
                    return Ok(answer);
                }
                Err(refused) => refused,
            };
            if is_dead_token(&failure) {
                // A second one in a row: a new token would be no better.
                if token_refused || *attempts >= self.max_attempts || !self.tokens.refused(&token).await {
                    return Err(failure);
                }
                token_refused = true;
                last = Some(failure);
                continue;
            }
            token_refused = false;
            if !failure.is_retryable() {
                return Err(failure);
            }
            let wait = if is_too_much(&failure) {
                // The pause is everybody's, this photo's too: it is waited for where the others wait.
                let pause = self.rate.slow_down(asked, |complaints| self.backoff.wait(complaints));
                if Instant::now() + pause > deadline {
                    return Err(failure);
                }
                Duration::ZERO
            } else {
                asked.unwrap_or(Duration::ZERO).max(self.backoff.wait(*attempts))
            };
            if *attempts >= self.max_attempts || Instant::now() + wait > deadline {
                return Err(failure);
            }
            last = Some(failure);
            self.stop.unless(time::sleep(wait)).await.ok_or_else(stopped)?;
        }
    }

    /// One request: the answer, or what went wrong and how long the service asks to wait.
    async fn once(&self, record: &Record, form: &Form, token: &Token) -> Result<Answer, (Failure, Option<Duration>)> {
        let mut url = self.api.clone();
        let (version, module) = (self.version.name(), record.module().api_name(self.version));
        url.set_path(&format!("/bigin/{version}/{module}/{}/photo", record.id()));
        let request = self
            .http
            .post(url)
            .header("authorization", token.header())
            .header("content-type", &form.content_type)
            .header("accept", "application/json");
        let reply = http::send(request, form.body.clone(), self.timeouts).await;
        let reply = reply.map_err(|failure| (failure, None))?;
        if let Some(credits) = reply.credits() {
            self.credits.store(credits, Ordering::Relaxed);
        }
        if let Some(wait) = reply.exhausted_for() {
            self.rate.pause(wait);
        }
        let asked = reply.retry_after();
        judge(&reply).map_err(|failure| (failure, asked))
    }

    /// The failure without any secret that a server may have put into its answer.
    fn redacted(&self, failure: Failure) -> Failure {
        let hide = |text: String| self.tokens.redact(&text);
        match failure {
            Failure::Api(error) => Failure::Api(Box::new(error.redacted(|text| self.tokens.redact(text)))),
            Failure::NotJson { http_status, start } => Failure::NotJson {
                http_status,
                start: hide(start),
            },
            Failure::Truncated { http_status, start } => Failure::Truncated {
                http_status,
                start: hide(start),
            },
            Failure::WrongShape { http_status, start } => Failure::WrongShape {
                http_status,
                start: hide(start),
            },
            other => other,
        }
    }
}

fn judge(reply: &Reply) -> Result<Answer, Failure> {
    let answer = Answer::parse(reply.status, &reply.body)?;
    if answer.is_success() {
        Ok(answer)
    } else if answer.is_contradiction() {
        let (http_status, start) = (reply.status, super::answer::quote(&reply.body));
        Err(Failure::WrongShape { http_status, start })
    } else {
        Err(Failure::Api(Box::new(ApiError::new(answer))))
    }
}

fn is_dead_token(failure: &Failure) -> bool {
    matches!(failure, Failure::Api(error) if *error.code() == ErrorCode::InvalidToken)
}

fn is_too_much(failure: &Failure) -> bool {
    let code = matches!(failure, Failure::Api(error) if *error.code() == ErrorCode::TooManyRequests);
    code || failure.http_status() == Some(429)
}
