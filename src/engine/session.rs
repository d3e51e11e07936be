//! One user's conversation with servers, above any transport: credentials, cookies, redirects.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cookie_store::CookieStore;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::request::Rendered;
use super::transport::{Client, Connection, Exchange, Failed, Failure, Headers, Request, Response, Timing};
use super::words::Fault;
use crate::plan::SessionRules;
use crate::plan::target::Origin;

/// What most redirects lead to.
static GET: Method = Method::GET;

/// What one user keeps between its requests.
#[derive(Debug)]
pub(super) struct Session<C> {
    client: C,
    /// Made when the first cookie comes.
    jar: Option<Box<CookieStore>>,
    /// What goes out beside the headers that never change, of the request under way.
    added: Vec<(HeaderName, HeaderValue)>,
}

/// What bounds a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From the first byte sent to the last received, redirects included.
    pub(super) timeout: Duration,
    /// When that time began.
    pub(super) begun: Instant,
    /// Bytes of the body to keep.
    pub(super) keep_body: usize,
}

/// A request that a redirect asked for.
struct Redirected<'r> {
    request: Rendered<'r>,
    /// How many redirects led to it.
    times: u8,
    /// The exchanges before it, added up.
    before: Exchange,
}

/// What came of a request, redirects followed.
#[derive(Debug)]
pub(super) struct Answer {
    /// The last exchange, with the look-ups, connects, handshakes and bytes of those before it.
    pub(super) exchange: Exchange,
    pub(super) redirects: u8,
    /// Why there is no response to judge, though part of one there may be, or the last redirect.
    pub(super) fault: Option<Fault>,
}

impl<C: Client> Session<C> {
    pub(super) fn new(client: C) -> Self {
        Self {
            client,
            jar: None,
            added: Vec::new(),
        }
    }

    /// Sends a request and follows its redirects.
    pub(super) async fn send(
        &mut self,
        first: &Rendered<'_>,
        limits: &Limits,
        rules: &SessionRules,
        authorization: Option<&HeaderValue>,
    ) -> Answer {
        // Hardly ever there, and so not to take its room in every user that waits.
        let mut redirected: Option<Box<Redirected<'_>>> = None;
        loop {
            let request = redirected
                .as_deref()
                .map_or(first, |redirected| &redirected.request);
            self.complete(request, rules, authorization);
            let mut exchange = self
                .client
                .exchange(&Request {
                    method: request.method,
                    origin: &request.origin,
                    path: &request.path,
                    headers: &request.headers,
                    added: &self.added,
                    body: &request.body,
                    begun: limits.begun,
                    timeout: limits.timeout,
                    keep_body: limits.keep_body,
                    max_body: rules.max_body,
                })
                .await;
            let redirects = redirected.as_ref().map_or(0, |redirected| redirected.times);
            let next = match &exchange.outcome {
                Err(failed) => Some(Err(fault(request, &exchange, failed, limits.timeout))),
                Ok(response) => {
                    self.keep_cookies(request, &response.headers, rules);
                    match redirect(request, response, rules) {
                        Some(_) if redirects >= rules.redirects => {
                            let words = format!("more than {} redirects", rules.redirects);
                            Some(Err(Fault::new(words)))
                        }
                        next => next,
                    }
                }
            };
            if let Some(redirected) = &redirected {
                add(&mut exchange, &redirected.before);
            }
            match next {
                Some(Ok(request)) => {
                    if let Ok(response) = &mut exchange.outcome {
                        response.body = Vec::new();
                    }
                    redirected = Some(Box::new(Redirected {
                        request,
                        times: redirects + 1,
                        before: exchange,
                    }));
                }
                end => {
                    return Answer {
                        exchange,
                        redirects,
                        fault: end.and_then(Result::err),
                    };
                }
            }
        }
    }

    /// Takes back what an answer holds and nobody needs any more.
    pub(super) fn reuse(&mut self, answer: Answer) {
        if let Ok(response) = answer.exchange.outcome {
            self.client.reuse(response.body);
        }
    }

    /// Notes what is sent beside the headers that never change.
    fn complete(
        &mut self,
        request: &Rendered<'_>,
        rules: &SessionRules,
        authorization: Option<&HeaderValue>,
    ) {
        self.added.clone_from(&request.filled);
        // Most sessions have nothing to add, and it takes a while to find that out in order.
        if authorization.is_some() || rules.compression || self.jar.is_some() {
            let added = self.additions(request, rules, authorization);
            self.added.extend(added);
        }
    }

    /// What the session adds to a request that does not say it itself: credentials (to the target's own origin only),
    /// the codings it accepts, and cookies.
    pub(super) fn additions(
        &self,
        request: &Rendered<'_>,
        rules: &SessionRules,
        authorization: Option<&HeaderValue>,
    ) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<C> {
        let authorization = authorization.filter(|_| **request.origin == *rules.home);
        let codings = rules
            .compression
            .then(|| HeaderValue::from_static(super::decode::ACCEPTED));
        [
            (header::AUTHORIZATION, authorization.cloned()),
            (header::ACCEPT_ENCODING, codings),
            (header::COOKIE, self.cookies(request)),
        ]
        .map(|(name, value)| value.filter(|_| !request.has(&name)).map(|value| (name, value)))
        .into_iter()
        .flatten()
    }

    fn cookies(&self, request: &Rendered<'_>) -> Option<HeaderValue> {
        // Most users have no jar: nothing is parsed for them.
        let jar = self.jar.as_ref()?;
        let pairs: Vec<String> = jar
            .get_request_values(&request.url()?)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if pairs.is_empty() {
            return None;
        }
        let mut value = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn keep_cookies(&mut self, request: &Rendered<'_>, headers: &Headers, rules: &SessionRules) {
        if !rules.cookies || !headers.has(&header::SET_COOKIE) {
            return;
        }
        let Some(url) = request.url() else { return };
        let jar = self.jar.get_or_insert_with(Box::default);
        for value in headers.get_all(header::SET_COOKIE) {
            if let Ok(text) = value.to_str() {
                // A cookie that cannot be kept is the server's affair, as in a browser.
                let _ = jar.parse(text, &url);
            }
        }
    }
}

/// Why an exchange failed.
fn fault(request: &Rendered<'_>, exchange: &Exchange, failed: &Failed, timeout: Duration) -> Fault {
    Fault {
        words: super::words::failure(&failed.failure, timeout).into(),
        detail: matches!(failed.failure, Failure::TimedOut(_)).then(|| {
            reached(
                &request.origin,
                &exchange.timing,
                exchange.connection,
                failed.response.as_ref(),
            )
        }),
    }
}

/// How far a request had come when its time was over.
fn reached(
    origin: &Origin,
    timing: &Timing,
    connection: Option<Connection>,
    response: Option<&Response>,
) -> String {
    match (connection, response) {
        (_, Some(response)) => format!(
            "the response had begun; {} bytes of its body had come",
            response.body_length
        ),
        (Some(_), None) => "the connection was open; no response had begun".to_owned(),
        (None, None) if timing.connect.is_some() && origin.tls => {
            "connected; the TLS handshake was not finished".to_owned()
        }
        (None, None) => "the connection was not open yet".to_owned(),
    }
}

/// The request that a redirect asks for; `None` when the response is none that is followed. Methods change as the
/// Fetch standard (and every browser) has it.
fn redirect<'r>(
    request: &Rendered<'r>,
    response: &Response,
    rules: &SessionRules,
) -> Option<Result<Rendered<'r>, Fault>> {
    if rules.redirects == 0 {
        return None;
    }
    let to_get = match response.status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *request.method == Method::POST,
        StatusCode::SEE_OTHER => *request.method != Method::HEAD,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
        _ => return None,
    };
    let location = response.headers.get(header::LOCATION)?.to_str().ok()?;
    let Some(url) = request.url().and_then(|from| from.join(location).ok()) else {
        return Some(Err(Fault::new("redirected to an invalid URL")));
    };
    let Some(origin) = Origin::of(&url) else {
        return Some(Err(Fault::new(
            "redirected to a URL that is neither http nor https",
        )));
    };
    Some(Ok(redirected(request, &url, origin, to_get)))
}

fn redirected<'r>(request: &Rendered<'r>, url: &Url, origin: Origin, to_get: bool) -> Rendered<'r> {
    let mut redirected = request.clone();
    if origin != **request.origin {
        // What proves identity to one server is not another's business.
        redirected.remove(&[
            header::AUTHORIZATION,
            header::COOKIE,
            header::PROXY_AUTHORIZATION,
            header::HOST,
        ]);
    }
    if to_get {
        redirected.remove(&[
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
        ]);
        redirected.method = &GET;
        redirected.body = Bytes::new();
    }
    redirected.origin = Cow::Owned(origin.into());
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    redirected.path = path.to_owned().into();
    redirected
}

/// Adds what adds up over the exchanges of one request.
fn add(exchange: &mut Exchange, before: &Exchange) {
    let timing = &mut exchange.timing;
    for (sum, part) in [
        (&mut timing.dns, before.timing.dns),
        (&mut timing.connect, before.timing.connect),
        (&mut timing.tls, before.timing.tls),
    ] {
        if let Some(part) = part {
            *sum = Some(sum.unwrap_or_default() + part);
        }
    }
    exchange.connection = exchange.connection.max(before.connection);
    exchange.resent += before.resent;
    exchange.bytes_sent += before.bytes_sent;
    exchange.bytes_received += before.bytes_received;
}

impl Answer {
    /// A request that could not even be filled in.
    pub(super) fn not_sent(done: Instant, words: Arc<str>) -> Self {
        Self {
            exchange: Exchange {
                timing: Timing {
                    dns: None,
                    connect: None,
                    tls: None,
                    first_byte: None,
                    done,
                },
                connection: None,
                resent: 0,
                bytes_sent: 0,
                bytes_received: 0,
                outcome: Err(Box::new(Failed {
                    failure: Failure::Io(words.to_string()),
                    response: None,
                })),
            },
            redirects: 0,
            fault: Some(Fault::new(words)),
        }
    }

    /// The last response, whole or not.
    pub(super) fn response(&self) -> Option<&Response> {
        match &self.exchange.outcome {
            Ok(response) => Some(response),
            Err(failed) => failed.response.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_redirects_took_adds_up() {
        let exchange = |connect: Option<u64>, connection, bytes| Exchange {
            timing: Timing {
                dns: None,
                connect: connect.map(Duration::from_millis),
                tls: Some(Duration::from_millis(bytes)),
                first_byte: None,
                done: Instant::now(),
            },
            connection,
            resent: 0,
            bytes_sent: bytes,
            bytes_received: 10 * bytes,
            outcome: Err(Box::new(Failed {
                failure: Failure::Reset,
                response: None,
            })),
        };
        let kinds = [
            (None, None, None),
            (
                Some(Connection::Reopened),
                Some(Connection::Reused),
                Some(Connection::Reopened),
            ),
            (
                Some(Connection::Reused),
                Some(Connection::New),
                Some(Connection::New),
            ),
            (Some(Connection::New), None, Some(Connection::New)),
        ];
        for (first, second, told) in kinds {
            let before = exchange(Some(3), first, 1);
            let mut last = exchange(None, second, 2);
            let done = last.timing.done;
            add(&mut last, &before);
            assert_eq!(last.connection, told);
            assert_eq!((last.bytes_sent, last.bytes_received), (3, 30));
            assert_eq!(last.timing.dns, None);
            assert_eq!(last.timing.connect, Some(Duration::from_millis(3)));
            assert_eq!(last.timing.tls, Some(Duration::from_millis(3)));
            assert_eq!(last.timing.done, done);
        }
    }
}
