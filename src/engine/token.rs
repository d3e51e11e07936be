//! OAuth2 client credentials (RFC 6749, section 4.4): one token for all users, fetched before the load and refreshed
//! ahead of its expiry. Not measured.

use std::time::Duration;

use http::HeaderValue;
use serde::Deserialize;
use tokio::sync::watch;

use super::EngineError;
use crate::plan::ClientCredentials;

/// Life of a token that does not say how long it lives (the RFC only recommends `expires_in`).
const UNSAID_LIFE: Duration = Duration::from_secs(300);
/// Pause before another try when a refresh failed; the old token is used meanwhile.
const RETRY: Duration = Duration::from_secs(5);
/// The most that a token response may hold.
const MOST_BYTES: usize = 1 << 20;
/// Time for one request to the token endpoint.
const PATIENCE: Duration = Duration::from_secs(30);

/// Fetches tokens.
pub(super) struct TokenSource {
    client: reqwest::Client,
    request: ClientCredentials,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl TokenSource {
    pub(super) fn new(client: reqwest::Client, request: ClientCredentials) -> Self {
        Self { client, request }
    }

    /// One token, and how long it may be used: nine tenths of its life.
    async fn fetch(&self) -> Result<(HeaderValue, Duration), String> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = &self.request.scope {
            form.append_pair("scope", scope);
        }
        let response = self
            .client
            .post(self.request.token_url.clone())
            .timeout(PATIENCE)
            // RFC 6749, section 2.3.1: every server must take the client's credentials as HTTP Basic, form-encoded.
            .basic_auth(encoded(&self.request.client_id), Some(encoded(&self.request.client_secret)))
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(http::header::ACCEPT, "application/json")
            .body(form.finish())
            .send()
            .await
            .map_err(|error| super::transport::reqwest::describe(&error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("the token endpoint answered {status}"));
        }
        let body = bounded(response).await?;
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| "the token endpoint's answer is no JSON object with an `access_token`".to_owned())?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", granted.access_token))
            .map_err(|_| "the token holds a character that no header may hold".to_owned())?;
        value.set_sensitive(true);
        let life = granted.expires_in.map_or(UNSAID_LIFE, Duration::from_secs);
        Ok((value, life.mul_f64(0.9).max(Duration::from_secs(1))))
    }

    /// Fetches the first token; without one no load is sent.
    pub(super) async fn start(self) -> Result<(watch::Receiver<HeaderValue>, impl Future<Output = ()>), EngineError> {
        let (first, life) = self.fetch().await.map_err(EngineError::Token)?;
        let (sender, receiver) = watch::channel(first);
        Ok((receiver, self.refresh(sender, life)))
    }

    async fn refresh(self, sender: watch::Sender<HeaderValue>, mut life: Duration) {
        loop {
            tokio::time::sleep(life).await;
            life = match self.fetch().await {
                Ok((value, life)) => {
                    sender.send_replace(value);
                    life
                }
                // Requests with the expired token then fail by their own status, and the report shows it.
                Err(_) => RETRY,
            };
        }
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn bounded(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| super::transport::reqwest::describe(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_BYTES {
            return Err("the token endpoint's answer is over 1 MiB".to_owned());
        }
    }
    Ok(body)
}
