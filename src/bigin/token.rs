//! Access tokens: given once, or made from a refresh token, by one task for all of them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{self, Instant};

use super::answer::quote;
use super::error::{BuildError, Failure, TokenError};
use super::http::{self, Timeouts};
use super::secret::Secret;
use crate::net::retry::{Backoff, is_transient};

/// How many access tokens the service gives for one refresh token within [`WINDOW`], before it gives none at all.
const MAX_REFRESHES: usize = 10;
/// See [`MAX_REFRESHES`].
const WINDOW: Duration = Duration::from_secs(600);
/// How long before its end a token is replaced: a request under way is to arrive in time.
const MARGIN: Duration = Duration::from_secs(60);
/// What the service documents, for answers that do not say.
const USUAL_LIFE: Duration = Duration::from_secs(3600);
/// How often the accounts server is asked for one token.
const ATTEMPTS: u32 = 4;

/// What the service knows the caller by.
#[derive(Clone)]
pub struct Credentials(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    Access(Secret),
    Refresh {
        refresh_token: Secret,
        client_id: Secret,
        client_secret: Secret,
    },
}

impl Credentials {
    /// An access token that somebody else made. It lives for an hour and is not renewed.
    pub fn access_token(token: impl Into<Secret>) -> Self {
        Self(Kind::Access(token.into()))
    }

    /// A refresh token with the client it belongs to: access tokens are made from it as they are needed.
    pub fn refresh_token(
        refresh_token: impl Into<Secret>,
        client_id: impl Into<Secret>,
        client_secret: impl Into<Secret>,
    ) -> Self {
        Self(Kind::Refresh {
            refresh_token: refresh_token.into(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
        })
    }

    /// Whether every part can be sent.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let parts = match &self.0 {
            Kind::Access(token) => vec![("access token", token)],
            Kind::Refresh {
                refresh_token,
                client_id,
                client_secret,
            } => vec![
                ("refresh token", refresh_token),
                ("client id", client_id),
                ("client secret", client_secret),
            ],
        };
        match parts.into_iter().find(|(_, secret)| !secret.is_sendable()) {
            Some((what, _)) => Err(BuildError::MalformedSecret { what }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Access(_) => "Credentials(access token)",
            Kind::Refresh { .. } => "Credentials(refresh token)",
        })
    }
}

/// An access token and which one it is.
#[derive(Clone)]
pub(super) struct Token {
    secret: Secret,
    generation: u64,
}

impl Token {
    /// The value of `Authorization`, marked so that it is not printed.
    pub(super) fn header(&self) -> HeaderValue {
        let text = format!("Zoho-oauthtoken {}", self.secret.expose());
        // Tokens that cannot be sent were refused before.
        let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

/// The token that all tasks share.
pub(super) struct Tokens {
    credentials: Credentials,
    url: Url,
    http: reqwest::Client,
    timeouts: Timeouts,
    backoff: Backoff,
    /// Held while a token is made: whoever needs it meanwhile waits for the same one.
    state: Mutex<State>,
    /// Every access token there was, to take them out of texts.
    seen: RwLock<Vec<Secret>>,
}

#[derive(Default)]
struct State {
    current: Option<(Token, Option<Instant>)>,
    generation: u64,
    /// When the server was asked, in the last ten minutes.
    asked: VecDeque<Instant>,
    /// The refusal after which asking again makes no sense.
    refused: Option<TokenError>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokens").field(&self.credentials).finish()
    }
}

impl Tokens {
    pub(super) fn new(
        credentials: Credentials,
        accounts: &Url,
        http: reqwest::Client,
        timeouts: Timeouts,
        backoff: Backoff,
    ) -> Self {
        let mut url = accounts.clone();
        url.set_path("/oauth/v2/token");
        let mut seen = Vec::new();
        let mut state = State::default();
        if let Kind::Access(secret) = &credentials.0 {
            seen.push(secret.clone());
            let token = Token {
                secret: secret.clone(),
                generation: 0,
            };
            state.current = Some((token, None));
        }
        Self {
            credentials,
            url,
            http,
            timeouts,
            backoff,
            state: Mutex::new(state),
            seen: RwLock::new(seen),
        }
    }

    /// A token that still holds, as far as is known. One task makes it, the others wait for it.
    ///
    /// # Errors
    /// [`TokenError`], also if waiting for the service's rate would end after `deadline`.
    pub(super) async fn get(&self, deadline: Instant) -> Result<Token, TokenError> {
        let mut state = self.state.lock().await;
        if let Some((token, expires)) = &state.current
            && expires.is_none_or(|expires| Instant::now() < expires)
        {
            return Ok(token.clone());
        }
        if let Some(refused) = &state.refused {
            return Err(refused.clone());
        }
        let made = self.make(&mut state, deadline).await;
        if let Err(error @ TokenError::Refused { .. }) = &made {
            state.refused = Some(error.clone());
        }
        made
    }

    /// The service does not take `token`. Returns whether there can be another one. Of many tasks that were refused with
    /// the same token, the first counts.
    pub(super) async fn refused(&self, token: &Token) -> bool {
        if matches!(self.credentials.0, Kind::Access(_)) {
            return false;
        }
        let mut state = self.state.lock().await;
        if state
            .current
            .as_ref()
            .is_some_and(|(t, _)| t.generation == token.generation)
        {
            state.current = None;
        }
        true
    }

    /// `text` without any secret that this client knows.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Kind::Refresh {
            refresh_token,
            client_id,
            client_secret,
        } = &self.credentials.0
        {
            for secret in [refresh_token, client_id, client_secret] {
                text = secret.redact(&text);
            }
        }
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.iter().fold(text, |text, secret| secret.redact(&text))
    }

    async fn make(&self, state: &mut State, deadline: Instant) -> Result<Token, TokenError> {
        let mut last = String::new();
        for attempt in 1..=ATTEMPTS {
            if attempt > 1 {
                time::sleep(self.backoff.wait(attempt - 1)).await;
            }
            Self::keep_the_rate(state, deadline).await?;
            state.asked.push_back(Instant::now());
            match self.ask().await {
                Ok((secret, life)) => {
                    state.generation += 1;
                    let token = Token {
                        secret,
                        generation: state.generation,
                    };
                    let expires = Instant::now() + life.saturating_sub(MARGIN.min(life / 10));
                    state.current = Some((token.clone(), Some(expires)));
                    return Ok(token);
                }
                Err(Refusal::Final(error)) => return Err(error),
                Err(Refusal::Lasting(why)) => {
                    return Err(TokenError::Unavailable {
                        attempts: attempt,
                        last: self.redact(&why),
                    });
                }
                Err(Refusal::Passing(why)) => last = self.redact(&why),
            }
        }
        Err(TokenError::Unavailable {
            attempts: ATTEMPTS,
            last,
        })
    }

    /// Waits until the service gives one more token.
    async fn keep_the_rate(state: &mut State, deadline: Instant) -> Result<(), TokenError> {
        loop {
            while state.asked.front().is_some_and(|asked| asked.elapsed() >= WINDOW) {
                state.asked.pop_front();
            }
            match state.asked.front() {
                Some(oldest) if state.asked.len() >= MAX_REFRESHES => {
                    let free = *oldest + WINDOW;
                    if free > deadline {
                        return Err(TokenError::TooMany { limit: MAX_REFRESHES });
                    }
                    time::sleep_until(free).await;
                }
                _ => return Ok(()),
            }
        }
    }

    async fn ask(&self) -> Result<(Secret, Duration), Refusal> {
        let Kind::Refresh {
            refresh_token,
            client_id,
            client_secret,
        } = &self.credentials.0
        else {
            let error = "the access token that was given is not valid any more".to_owned();
            return Err(Refusal::Final(TokenError::Refused { error }));
        };
        let mut form = Url::parse("x:").map_err(|e| Refusal::Passing(e.to_string()))?;
        form.query_pairs_mut().extend_pairs([
            ("refresh_token", refresh_token.expose()),
            ("client_id", client_id.expose()),
            ("client_secret", client_secret.expose()),
            ("grant_type", "refresh_token"),
        ]);
        let body = form.query().unwrap_or_default().to_owned();
        let request = self
            .http
            .post(self.url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json");
        let reply = http::send(request, Bytes::from(body), self.timeouts)
            .await
            .map_err(|failure| match failure.is_retryable() {
                true => Refusal::Passing(super::error::chain(&failure)),
                false => Refusal::Lasting(super::error::chain(&failure)),
            })?;
        let value: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        // A refusal may come under HTTP 200.
        if let Some(error) = text("error") {
            let description = text("error_description").map(|d| format!(" ({d})")).unwrap_or_default();
            let said = self.redact(&quote(format!("{error}{description}").as_bytes()));
            return Err(match reply.status {
                status if is_transient(status) => Refusal::Passing(said),
                _ => Refusal::Final(TokenError::Refused { error: said }),
            });
        }
        match text("access_token").map(Secret::new) {
            Some(secret) if reply.status == 200 && secret.is_sendable() => {
                let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
                seen.push(secret.clone());
                Ok((secret, life(&value)))
            }
            _ => {
                let (status, start) = (reply.status, quote(&reply.body));
                let failure = Failure::WrongShape {
                    http_status: status,
                    start,
                };
                Err(Refusal::Passing(failure.to_string()))
            }
        }
    }
}

/// Why there is no token from this one request.
enum Refusal {
    /// Asking again makes no sense.
    Final(TokenError),
    /// There is no answer, and will be none: no such host, or one whose certificate is not trusted.
    Lasting(String),
    /// It may go better next time.
    Passing(String),
}

/// How long a token lives. With `expires_in_sec` beside it, `expires_in` is in milliseconds.
fn life(answer: &Value) -> Duration {
    let number = |key: &str| {
        let value = answer.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    match (number("expires_in_sec"), number("expires_in")) {
        (Some(seconds), _) | (None, Some(seconds)) => Duration::from_secs(seconds.min(24 * 3600)),
        (None, None) => USUAL_LIFE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_life_of_a_token_is_read_in_its_unit() {
        assert_eq!(life(&json!({"expires_in": 3600})), Duration::from_secs(3600));
        assert_eq!(life(&json!({"expires_in": "60"})), Duration::from_secs(60));
        let both = json!({"expires_in": 3_600_000, "expires_in_sec": 3600});
        assert_eq!(life(&both), Duration::from_secs(3600));
        assert_eq!(life(&json!({})), USUAL_LIFE);
    }
}
