//! Who may ask for what.
//!
//! On a loopback address everybody on the machine may, and no page of anybody else: the `Host` header must name this machine, or else
//! a name that someone lets point here (DNS rebinding) would do. On any other address every request needs the token. A
//! request that changes something must in addition come from this page, which its `Origin` says, or bring the token itself.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::state::Shared;

/// What a page of ours may do: run our scripts, use our style, ask us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Where the page is, and the token that it asks for.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) address: SocketAddr,
    /// On an address that is not loopback.
    token: Option<String>,
}

impl Guard {
    /// For a page at an address; with a token of 128 bits where one is needed.
    pub(super) fn new(address: SocketAddr) -> io::Result<Self> {
        let token = if address.ip().is_loopback() {
            None
        } else {
            let mut bits = [0; 16];
            SystemRandom::new()
                .fill(&mut bits)
                .map_err(|_| io::Error::other("the system gives no random numbers"))?;
            Some(URL_SAFE_NO_PAD.encode(bits))
        };
        Ok(Self { address, token })
    }

    /// Where to find the page, with the token. Of an address that stands for all, this machine's.
    pub(super) fn url(&self) -> String {
        let port = self.address.port();
        let host = match self.address.ip() {
            ip if ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let token = self.token.as_ref();
        let query = token.map_or_else(String::new, |token| format!("?token={token}"));
        format!("http://{host}:{port}/{query}")
    }

    /// Whether a `Host` header is one that this page goes by.
    fn knows(&self, host: &str) -> bool {
        let own = match self.address.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let port = self.address.port();
        let names = ["localhost", "127.0.0.1", "[::1]", own.as_str()];
        names.iter().any(|name| {
            let rest = host
                .get(..name.len())
                .filter(|start| start.eq_ignore_ascii_case(name))
                .map(|_| &host[name.len()..]);
            rest.is_some_and(|rest| rest == format!(":{port}") || (rest.is_empty() && port == 80))
        })
    }

    /// Whether a token is the one, in a time that does not tell how much of it is right.
    fn is_token(&self, given: &str) -> bool {
        let Some(token) = &self.token else { return false };
        let (given, right) = (
            digest(&SHA256, given.as_bytes()),
            digest(&SHA256, token.as_bytes()),
        );
        let pairs = given.as_ref().iter().zip(right.as_ref());
        pairs.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }

    /// The cookie's name: a browser sends the cookies of one port to all ports of a host.
    fn cookie(&self) -> String {
        format!("runner-{}", self.address.port())
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie();
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(key, value)| key == name && self.is_token(value))
    }

    fn has_bearer(&self, headers: &HeaderMap) -> bool {
        let value = text(headers, &header::AUTHORIZATION);
        let token = value.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        token.is_some_and(|token| self.is_token(token))
    }

    /// What a request is answered if it is not let through.
    fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        let host = text(headers, &header::HOST).unwrap_or_default();
        if self.token.is_none() && !self.knows(host) {
            return Some(refuse(
                StatusCode::MISDIRECTED_REQUEST,
                "this page is for this machine only: open it as localhost or 127.0.0.1, with its port",
            ));
        }
        if self.token.is_some() {
            if let Some(given) = query_token(uri)
                && self.is_token(given)
                && *method == Method::GET
            {
                return Some(self.let_in(given, headers));
            }
            if !self.has_bearer(headers) && !self.has_cookie(headers) {
                return Some(refuse(
                    StatusCode::UNAUTHORIZED,
                    "a token is needed: open the address that the program printed, with ?token=...",
                ));
            }
        }
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let site = text(headers, &FETCH_SITE).unwrap_or("none");
        let own_site = matches!(site, "none" | "same-origin");
        let opens_page = reads && uri.path() == "/" && text(headers, &FETCH_MODE) == Some("navigate");
        if !own_site && !opens_page {
            return Some(refuse(
                StatusCode::FORBIDDEN,
                "a request from another page is not answered",
            ));
        }
        if reads || self.has_bearer(headers) {
            return None;
        }
        if text(headers, &header::ORIGIN) != Some(format!("http://{host}").as_str()) {
            return Some(refuse(
                StatusCode::FORBIDDEN,
                "what changes a run must come from this page (Origin) or bring the token (Authorization: Bearer)",
            ));
        }
        None
    }

    /// Keeps the token as a cookie and goes to the page.
    fn let_in(&self, token: &str, headers: &HeaderMap) -> Response {
        let cookie = format!("{}={token}; HttpOnly; SameSite=Strict; Path=/", self.cookie());
        // After a link on another site a strict cookie is not sent along a redirect; from a page of ours it is.
        let mut response = if text(headers, &FETCH_SITE)
            .is_some_and(|site| site != "none" && site != "same-origin")
        {
            axum::response::Html(
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url=/\">\
                 <title>runner</title><a href=\"/\">To the page</a>",
            )
            .into_response()
        } else {
            axum::response::Redirect::to("/").into_response()
        };
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    // Two of one name are none: which of them counts is what an attacker would choose.
    match (all.next(), all.next()) {
        (Some(one), None) => one.to_str().ok(),
        _ => None,
    }
}

fn query_token(uri: &Uri) -> Option<&str> {
    let pairs = uri.query()?.split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == "token").then_some(value))
}

/// A plain sentence.
pub(super) fn refuse(status: StatusCode, words: &str) -> Response {
    (status, format!("{words}\n")).into_response()
}

/// Judges each request, and says with each response what the browser may do with it.
pub(super) async fn check(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let judged = shared
        .guard
        .judge(request.method(), request.uri(), request.headers());
    let mut response = match judged {
        None => next.run(request).await,
        Some(answer) => answer,
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert_with(|| HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
