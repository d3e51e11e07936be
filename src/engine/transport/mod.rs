//! How one request reaches the server: one contract, several transports.
//!
//! A transport does exactly one exchange: it follows no redirect, keeps no cookie, decodes no body and never sends a
//! request twice behind the caller's back. All of that is `engine::session`, the same above every transport.
//!
//! [`Shared`] is built once per run; each worker makes its own transport from it, on its own thread, and the transport
//! makes one [`Client`] per user. `direct` is the default and shows the most; `reqwest` speaks HTTP/2 and goes through
//! proxies, and says in its own words what it cannot show.

mod body;
pub mod codec;
mod connect;
pub mod direct;
mod failure;
mod headers;
mod outgoing;
mod request_headers;
pub mod reqwest;
mod secure;
mod shared;
mod sources;
mod tls;
mod trace;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, Version};
use tokio::time::Instant;

use crate::plan::target::{OnStale, Origin};

pub use direct::DirectTransport;
pub use headers::Headers;
pub use request_headers::RequestHeaders;
pub use reqwest::ReqwestTransport;
pub use shared::{Shared, TransportError};

/// Makes the clients of one worker. Made on the worker's thread and used only there.
pub trait Transport: 'static {
    /// What one user sends with.
    type Client: Client;

    /// A client with no connection open yet. With `connections: per_user` each client has its own connections; with
    /// `shared` all clients of one transport value use one pool.
    fn client(&self) -> Self::Client;
}

/// One user's way to the server.
#[expect(
    async_fn_in_trait,
    reason = "clients live on one current-thread runtime; no Send bound is wanted"
)]
pub trait Client: 'static {
    /// Sends one request and reads the whole response, or says why not. Ends at the latest at `request.deadline()`.
    /// Never fails as a call: a failed request is data. Dropped in the middle, it closes its connection.
    async fn exchange(&mut self, request: &Request<'_>) -> Exchange;

    /// Takes the memory of a body that nobody looks at any more, for the next.
    fn reuse(&mut self, _body: Vec<u8>) {}
}

/// A request, ready to go.
#[derive(Debug)]
pub struct Request<'a> {
    /// GET, POST, ...
    pub method: &'a Method,
    /// Where to connect to.
    pub origin: &'a Arc<Origin>,
    /// Path and query, percent-encoded, beginning with `/`.
    pub path: &'a str,
    /// Everything but `host`, `content-length` and `connection`, which the transport sets (a `host` given here wins).
    pub headers: &'a RequestHeaders,
    /// More headers, none that [`RequestHeaders::decides`]: what changes from request to request, so that `headers` need not
    /// be copied.
    pub added: &'a [(HeaderName, HeaderValue)],
    /// The body; empty for none.
    pub body: &'a Bytes,
    /// When the time that it may take began.
    pub begun: Instant,
    /// The most time from then to the last byte of the response.
    pub timeout: Duration,
    /// How much of the response's body to keep. What is beyond is read, counted and thrown away.
    pub keep_body: usize,
    /// How large a response's body may be before the exchange is given up as [`Failure::TooLarge`]; counted as it
    /// arrives, whatever its head announced.
    pub max_body: u64,
}

/// Longer than any run: where a limit is beyond what the clock can say.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

impl Request<'_> {
    /// Whether it may go out once more, when it failed so on a connection that was kept alive and no byte of a response came.
    fn goes_again(&self, on_stale: OnStale, failure: &Failure) -> bool {
        let allowed = match on_stale {
            OnStale::Fail => false,
            // RFC 9110, section 9.2.2: of any other nobody knows what a second one does.
            OnStale::Reconnect => self.method.is_idempotent(),
            OnStale::ReconnectAny => true,
        };
        allowed && matches!(failure, Failure::Reset | Failure::ClosedWithoutResponse)
    }

    /// A switch to another protocol that was not asked for answers nothing.
    fn check_switch(&self, status: StatusCode) -> Result<(), Failure> {
        if status == StatusCode::SWITCHING_PROTOCOLS && !self.headers.contains_key(http::header::UPGRADE) {
            return Err(Failure::Invalid(
                "the server switches to another protocol (101), which the request did not ask for".to_owned(),
            ));
        }
        Ok(())
    }

    /// When it is given up.
    pub fn deadline(&self) -> Instant {
        let deadline = self.begun.checked_add(self.timeout);
        deadline.unwrap_or_else(|| self.begun + NEVER)
    }
}

/// What came of one request.
#[derive(Debug)]
pub struct Exchange {
    /// When the parts were done.
    pub timing: Timing,
    /// Whether a connection was opened for this request; `None` when none was reached.
    pub connection: Option<Connection>,
    /// How often the request was sent once more: as `on_stale` says, or because the server told by HTTP/2 that it had not
    /// begun with it (nginx does not log these).
    pub resent: u32,
    /// Bytes of the request as written (head and body), without TLS's own. Of a request that was sent twice, both times.
    pub bytes_sent: u64,
    /// Bytes of the response as read (head and body with the framing of the wire, before any decoding), without TLS's
    /// own.
    pub bytes_received: u64,
    /// The whole response, or the failure. A status of 500 is a response.
    pub outcome: Result<Response, Box<Failed>>,
}

/// Moments and parts of an exchange. `None` where the part did not happen, or was not done with.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Looking the name up. `None` for a literal address.
    pub dns: Option<Duration>,
    /// Opening the TCP connection (without the look-up), all addresses tried.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// When the first byte of the (final, not 1xx) response was read.
    pub first_byte: Option<Instant>,
    /// When the last byte was read, or the failure noticed.
    pub done: Instant,
}

/// Whether the connection that carried a request was opened for it. Of several on the way of one request the greatest is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Connection {
    /// Kept alive from an earlier one.
    Reused,
    /// Opened for this request, because the kept-alive one was found closed: before anything was written, or
    /// (`on_stale: reconnect`) when the request was on its way.
    Reopened,
    /// Opened for this request.
    New,
}

/// A response that was read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// HTTP/1.0, 1.1 or 2.
    pub version: Version,
    /// Headers, names in lower case.
    pub headers: Headers,
    /// The first `keep_body` bytes of the body as on the wire.
    pub body: Vec<u8>,
    /// The length of the whole body on the wire.
    pub body_length: u64,
}

/// A request that came to no whole response.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub failure: Failure,
    /// The head, and what was read of the body, when the response had begun.
    pub response: Option<Response>,
}

impl Failed {
    /// What came of an exchange that ended so, with what was read of a response.
    fn or(result: Result<(), Failure>, response: Option<Response>) -> Result<Response, Box<Self>> {
        let (failure, response) = match (result, response) {
            (Ok(()), Some(response)) => return Ok(response),
            (Ok(()), None) => (Failure::ClosedWithoutResponse, None),
            (Err(failure), response) => (failure, response),
        };
        Err(Box::new(Self { failure, response }))
    }
}

/// Why there is no whole response. `Display` gives the words of the report: no address, path or number that would make
/// each occurrence a type of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The name has no address.
    #[error("name look-up failed: {0}")]
    Dns(String),
    /// The connection could not be opened.
    #[error("{0}")]
    Connect(String),
    /// The TLS handshake failed (wrong certificate, wrong protocol, closed in the middle).
    #[error("TLS handshake failed: {0}")]
    Tls(String),
    /// The server reset the connection.
    #[error("Connection reset by peer")]
    Reset,
    /// The connection was closed before a single byte of the response.
    #[error("Remote end closed connection without response")]
    ClosedWithoutResponse,
    /// The connection was closed in the middle of the response.
    #[error("connection closed in the middle of the response")]
    Truncated,
    /// No whole response within the time.
    #[error("timed out after {}", crate::plan::words::duration(*.0))]
    TimedOut(Duration),
    /// What came is not HTTP.
    #[error("not a valid HTTP response: {0}")]
    Invalid(String),
    /// The body is larger than `target.max_body`.
    #[error("response body larger than {}", super::words::size(*.0))]
    TooLarge(u64),
    /// This program could not send: out of file descriptors, ports or memory.
    #[error("the load generator could not send: {0}")]
    Generator(String),
    /// Any other failure of input or output.
    #[error("{0}")]
    Io(String),
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    use url::Url;

    #[test]
    fn a_limit_beyond_what_the_clock_can_say_is_none() {
        let origin = Origin::of(&Url::parse("http://host.example").unwrap()).unwrap();
        let mut request = Request {
            method: &Method::GET,
            origin: &origin.into(),
            path: "/",
            headers: &RequestHeaders::default(),
            added: &[],
            body: &Bytes::new(),
            begun: Instant::now(),
            timeout: Duration::from_secs(5),
            keep_body: 0,
            max_body: 0,
        };
        assert_eq!(request.deadline(), request.begun + request.timeout);
        request.timeout = Duration::MAX;
        assert!(request.deadline() - request.begun > Duration::from_secs(1_000_000));
    }
}
