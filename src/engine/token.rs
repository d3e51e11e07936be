//! `OAuth2` client credentials (RFC 6749, section 4.4): one token for all users, fetched before the load and refreshed
//! ahead of its expiry. Not measured.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::EngineError;
use super::transport::{Client, Request, RequestHeaders};
use crate::plan::ClientCredentials;
use crate::plan::target::Origin;

/// Life of a token that does not say how long it lives (the RFC only recommends `expires_in`).
const UNSAID_LIFE: Duration = Duration::from_secs(300);
/// Pauses before another try when a refresh failed: the first, then twice as long each time, up to the longest. The old
/// token is used meanwhile.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// The most that a token response may hold.
const MOST_BYTES: u64 = 1 << 20;
/// Time for one request to the token endpoint.
const PATIENCE: Duration = Duration::from_secs(30);

/// The current token as the value of the `authorization` header.
pub(super) type Token = watch::Receiver<HeaderValue>;

/// Fetches tokens.
#[derive(Debug)]
pub(super) struct TokenSource<C> {
    client: C,
    origin: Arc<Origin>,
    path: String,
    headers: RequestHeaders,
    form: Bytes,
}

/// Keeps a token fresh.
#[derive(Debug)]
pub(super) struct Refresher<C> {
    source: TokenSource<C>,
    sender: watch::Sender<HeaderValue>,
    /// How long the token may be used from now on.
    life: Duration,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// A number by the RFC; some servers send its digits as a string.
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl<C: Client> TokenSource<C> {
    pub(super) fn new(client: C, credentials: &ClientCredentials) -> Result<Self, EngineError> {
        let url = &credentials.token_url;
        let origin = Origin::of(url)
            .ok_or_else(|| EngineError::Token("its URL is neither http nor https".to_owned()))?;
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = &credentials.scope {
            form.append_pair("scope", scope);
        }
        Ok(Self {
            client,
            origin: Arc::new(origin),
            path: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
            headers: headers(credentials),
            form: form.finish().into(),
        })
    }

    /// Fetches the first token, without which no load is sent.
    pub(super) async fn start(mut self) -> Result<(Token, Refresher<C>), EngineError> {
        let (first, life) = self.fetch().await.map_err(|words| {
            // Not the query, which may hold a secret.
            let path = self.path.split('?').next().unwrap_or_default();
            EngineError::Token(format!("{}{path}: {words}", self.origin))
        })?;
        let (sender, receiver) = watch::channel(first);
        let refresher = Refresher {
            source: self,
            sender,
            life,
        };
        Ok((receiver, refresher))
    }

    /// One token, and how long it may be used: nine tenths of its life.
    async fn fetch(&mut self) -> Result<(HeaderValue, Duration), String> {
        let exchange = self
            .client
            .exchange(&Request {
                method: &Method::POST,
                origin: &self.origin,
                path: &self.path,
                headers: &self.headers,
                added: &[],
                body: &self.form,
                begun: Instant::now(),
                timeout: PATIENCE,
                keep_body: MOST_BYTES as usize,
                max_body: MOST_BYTES,
            })
            .await;
        let response = exchange
            .outcome
            .map_err(|failed| format!("the token endpoint: {}", failed.failure))?;
        if !response.status.is_success() {
            return Err(format!("the token endpoint answered {}", response.status));
        }
        let granted: Granted = serde_json::from_slice(&response.body)
            .map_err(|_| "the token endpoint's answer is no JSON object with an `access_token`".to_owned())?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", granted.access_token))
            .map_err(|_| "the token holds a character that no header may hold".to_owned())?;
        value.set_sensitive(true);
        let life = life(&granted.expires_in);
        Ok((value, life.mul_f64(0.9).max(Duration::from_secs(1))))
    }
}

impl<C: Client> Refresher<C> {
    /// Refreshes the token for ever, and tells each failure: requests with an expired token fail by their own status,
    /// which does not say why.
    pub(super) async fn run(mut self, mut failed: impl FnMut(String)) {
        let mut failures = 0;
        let mut pause = self.life;
        loop {
            tokio::time::sleep(pause).await;
            match self.source.fetch().await {
                Ok((value, life)) => {
                    self.sender.send_replace(value);
                    (failures, pause) = (0, life);
                }
                Err(words) => {
                    failed(words);
                    pause = retry(failures);
                    failures += 1;
                }
            }
        }
    }
}

/// The pause after so many failures in a row before this one.
fn retry(before: u32) -> Duration {
    FIRST_RETRY
        .saturating_mul(2_u32.saturating_pow(before))
        .min(LONGEST_RETRY)
}

/// How long a token lives that says so like this.
fn life(expires_in: &serde_json::Value) -> Duration {
    let seconds = match expires_in {
        serde_json::Value::Number(number) => number.as_f64(),
        serde_json::Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or(UNSAID_LIFE)
}

/// RFC 6749, section 2.3.1: every server must take the client's credentials as HTTP Basic, form-encoded.
fn headers(credentials: &ClientCredentials) -> RequestHeaders {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!(
        "{}:{}",
        encoded(&credentials.client_id),
        encoded(&credentials.client_secret)
    );
    let mut headers = RequestHeaders::default();
    headers.append(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    headers.append(ACCEPT, HeaderValue::from_static("application/json"));
    // Base64 holds no character that a header may not hold.
    if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))) {
        value.set_sensitive(true);
        headers.append(AUTHORIZATION, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failed_refresh_is_tried_again_ever_more_rarely() {
        let pauses: Vec<_> = [0, 1, 2, 5, 6, 100].map(|before| retry(before).as_secs()).into();
        assert_eq!(pauses, [1, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn the_life_of_a_token_is_a_number_or_its_digits() {
        for (said, seconds) in [
            (json!(60), 60),
            (json!("60"), 60),
            (json!(60.0), 60),
            (json!(null), 300),
            (json!(-1), 300),
            (json!("soon"), 300),
        ] {
            assert_eq!(life(&said), Duration::from_secs(seconds), "{said}");
        }
    }
}
