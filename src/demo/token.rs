//! Credentials and tokens: who may ask, and the answers of the token endpoint (client credentials, RFC 6749).

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::time::Instant;
use url::form_urlencoded;

use super::options::Credentials;

/// Tokens remembered at once; the oldest is forgotten for a new one.
const TOKENS: usize = 4096;

/// Checks credentials, and hands out tokens.
pub(super) struct Gate {
    credentials: Credentials,
    lifetime: Duration,
    tokens: Mutex<VecDeque<(String, Instant)>>,
}

impl Gate {
    pub(super) fn new(credentials: Credentials, lifetime: Duration) -> Self {
        Self {
            credentials,
            lifetime,
            tokens: Mutex::new(VecDeque::new()),
        }
    }

    /// Whether an `Authorization` header lets its request in: Basic, or a bearer token that still lives.
    pub(super) fn admits(&self, authorization: Option<&str>) -> bool {
        let Some((scheme, value)) = authorization.and_then(|header| header.split_once(' ')) else {
            return false;
        };
        if scheme.eq_ignore_ascii_case("basic") {
            basic(value).is_some_and(|(user, password)| self.knows(&user, &password))
        } else if scheme.eq_ignore_ascii_case("bearer") {
            let now = Instant::now();
            let tokens = lock(&self.tokens);
            tokens
                .iter()
                .rev()
                .any(|(token, until)| *until > now && token == value.trim())
        } else {
            false
        }
    }

    fn knows(&self, user: &str, password: &str) -> bool {
        self.credentials.user == user && self.credentials.password == password
    }

    /// Answer of the token endpoint: status and JSON document.
    pub(super) fn grant(&self, authorization: Option<&str>, form: &[u8]) -> (StatusCode, String) {
        let mut client = authorization
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, value)| basic(value))
            // RFC 6749 section 2.3.1: both are form-encoded before they become Basic credentials
            .map(|(id, secret)| {
                vec![
                    (id.clone(), secret.clone()),
                    (form_decoded(&id), form_decoded(&secret)),
                ]
            });
        let (mut grant_type, mut id, mut secret) = (None, None, None);
        for (name, value) in form_urlencoded::parse(form) {
            match &*name {
                "grant_type" => grant_type = Some(value.into_owned()),
                "client_id" => id = Some(value.into_owned()),
                "client_secret" => secret = Some(value.into_owned()),
                _ => {}
            }
        }
        if let (None, Some(id), Some(secret)) = (&client, id, secret) {
            client = Some(vec![(id, secret)]);
        }
        match grant_type.as_deref() {
            None => return refusal(StatusCode::BAD_REQUEST, "invalid_request"),
            Some("client_credentials") => {}
            Some(_) => return refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        }
        if !client.iter().flatten().any(|(id, secret)| self.knows(id, secret)) {
            return refusal(StatusCode::UNAUTHORIZED, "invalid_client");
        }
        let Some(token) = self.new_token() else {
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error");
        };
        let answer = json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.lifetime.as_secs(),
        });
        (StatusCode::OK, answer.to_string())
    }

    /// A token that cannot be guessed; none if the system has no randomness to give.
    fn new_token(&self) -> Option<String> {
        let mut random = [0; 24];
        let provider = rustls::crypto::ring::default_provider();
        provider.secure_random.fill(&mut random).ok()?;
        let token = BASE64_URL_SAFE_NO_PAD.encode(random);
        let mut tokens = lock(&self.tokens);
        if tokens.len() == TOKENS {
            tokens.pop_front();
        }
        tokens.push_back((token.clone(), Instant::now() + self.lifetime));
        Some(token)
    }
}

fn basic(value: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(value.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn form_decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

fn refusal(status: StatusCode, error: &str) -> (StatusCode, String) {
    (status, json!({ "error": error }).to_string())
}

/// A lock whose holder panicked still guards whole values here.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn gate() -> Gate {
        let credentials = Credentials {
            user: "ann".to_owned(),
            password: "p:w 1".to_owned(),
        };
        Gate::new(credentials, Duration::from_secs(60))
    }

    fn basic_header(text: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(text))
    }

    fn token(answer: &str) -> String {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        format!("Bearer {}", answer["access_token"].as_str().unwrap())
    }

    #[test]
    fn basic_credentials_must_fit() {
        let gate = gate();
        assert!(gate.admits(Some(&basic_header("ann:p:w 1"))));
        assert!(gate.admits(Some(&basic_header("ann:p:w 1").replace("Basic", "basic"))));
        for wrong in ["ann:p:w 2", "bob:p:w 1", "ann"] {
            assert!(!gate.admits(Some(&basic_header(wrong))), "{wrong}");
        }
        for wrong in ["", "Basic", "Basic !!!", "Digest x", "Bearer "] {
            assert!(!gate.admits(Some(wrong)), "{wrong}");
        }
        assert!(!gate.admits(None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_good_until_it_expires() {
        let gate = gate();
        let form = b"grant_type=client_credentials&client_id=ann&client_secret=p%3Aw+1";
        let (status, answer) = gate.grant(None, form);
        assert_eq!(status, StatusCode::OK);
        assert!(answer.contains("\"token_type\":\"Bearer\",\"expires_in\":60"));
        let bearer = token(&answer);
        assert!(gate.admits(Some(&bearer)));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(!gate.admits(Some(&bearer)));
    }

    #[test]
    fn a_client_may_use_basic_plain_or_form_encoded() {
        for header in ["ann:p:w 1", "ann:p%3Aw+1"] {
            let (status, _) = gate().grant(Some(&basic_header(header)), b"grant_type=client_credentials");
            assert_eq!(status, StatusCode::OK, "{header}");
        }
    }

    #[test]
    fn a_wrong_client_or_grant_is_refused() {
        let cases: [(&[u8], StatusCode); 4] = [
            (b"", StatusCode::BAD_REQUEST),
            (b"grant_type=password", StatusCode::BAD_REQUEST),
            (b"grant_type=client_credentials", StatusCode::UNAUTHORIZED),
            (
                b"grant_type=client_credentials&client_id=ann&client_secret=x",
                StatusCode::UNAUTHORIZED,
            ),
        ];
        for (form, expected) in cases {
            assert_eq!(gate().grant(None, form).0, expected);
        }
    }

    #[test]
    fn only_so_many_tokens_are_remembered() {
        let gate = gate();
        let first = gate.new_token().unwrap();
        for _ in 0..TOKENS {
            gate.new_token().unwrap();
        }
        assert!(!gate.admits(Some(&format!("Bearer {first}"))));
        assert_eq!(lock(&gate.tokens).len(), TOKENS);
    }
}
