//! The second transport: reqwest, for HTTP/2 and proxies.
//!
//! The same contract as `direct`, with what reqwest cannot show or be told named here:
//!
//! - A kept-alive connection that the server closed is replaced without a word when the request was not yet begun on
//!   it. The new connection shows as [`Connection::New`], and as `Reopened` only where the request was sent once more.
//! - With HTTP/2 a request that the server says it has not begun with (above the last stream of a GOAWAY, or
//!   `REFUSED_STREAM`) is sent again, whatever its method and `on_stale`.
//! - In HTTP/1.1 a response has at most 100 headers, and one with `transfer-encoding: identity` ends with its connection.
//! - `first_byte` is when the whole head was there, not its first byte.
//! - Bytes are counted from what was said, not seen on the wire: heads as HTTP/1.1 would write them, bodies as they
//!   came, without the framing of chunks or of HTTP/2.
//! - An `accept: */*` is sent where the request has no `accept`, and `.` and `..` in a path are resolved.
//! - Of a connection through a proxy, `connect` includes the proxy's part.
//! - Source addresses are taken in turn by user, not by connection.
//! - With HTTP/2 a `host` of the scenario becomes `:authority`, and over TLS the server's name too.
//! - Connections live in tasks of their own, spawned by hyper-util.
//! - With HTTP/2 a request that is given up ends its stream, not its connection.
//! - `connections: per_request` closes each connection after its request, but does not tell the server so beforehand.
//!
//! Never from the environment: a proxy is used only when the options name one.

use std::cell::OnceCell;
use std::error::Error as StdError;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use reqwest::{Proxy, Url, redirect, retry};
use rustls::client::Resumption;
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::body::Body;
use super::connect::Phases;
use super::trace::{HandshakeWatch, LookUpFailed, Observe, Resolver, Trace};
use super::{
    Client, Connection, Exchange, Failed, Failure, Request, Response, Shared, Timing, Transport,
    TransportError, failure,
};
use crate::plan::target::{Connections, Origin};

/// So often a request is sent again that the server says it has not begun with.
const MOST_RESENT: u32 = 10;

/// Begins the words of a failure to connect to the proxy itself.
const NO_PROXY: &str = "the proxy could not be reached";

/// What a proxy says with 407.
const WANTS_CREDENTIALS: &str = "it wants other credentials (407; they stand in the URL of `target.proxy`)";

/// HTTP/1.1 or HTTP/2 by reqwest, through a proxy if wanted.
#[derive(Debug)]
pub struct ReqwestTransport {
    shared: Arc<Shared>,
    /// The one pool of `connections: shared`.
    pool: Rc<Clients>,
}

impl ReqwestTransport {
    /// The transport of one worker. Fails where reqwest refuses the options.
    pub fn new(shared: &Arc<Shared>) -> Result<Self, TransportError> {
        let options = &shared.options;
        if options.tls.server_name.is_some() && options.proxy.is_some() {
            return Err(TransportError::Conflict(
                "a server name for TLS cannot be set together with a proxy",
            ));
        }
        if matches!(shared.server_name, Some(ServerName::IpAddress(_))) {
            return Err(TransportError::Conflict(
                "the reqwest transport takes no address as a server name for TLS",
            ));
        }
        let pool = Rc::new(Clients::default());
        // What is refused is refused before the run.
        pool.get(shared, false)
            .map_err(|reason| TransportError::SetUp(reason.to_owned()))?;
        Ok(Self {
            shared: shared.clone(),
            pool,
        })
    }
}

impl Transport for ReqwestTransport {
    type Client = ReqwestClient;

    fn client(&self) -> ReqwestClient {
        let pool = match self.shared.options.connections {
            Connections::Shared => self.pool.clone(),
            Connections::PerUser | Connections::PerRequest => Rc::default(),
        };
        ReqwestClient {
            shared: self.shared.clone(),
            pool,
        }
    }
}

/// A user's reqwest client.
#[derive(Debug)]
pub struct ReqwestClient {
    shared: Arc<Shared>,
    pool: Rc<Clients>,
}

/// reqwest's clients, made when first used. Two, because HTTP/2 is negotiated over TLS and presumed without.
#[derive(Debug, Default)]
struct Clients {
    usual: OnceCell<Result<reqwest::Client, String>>,
    presuming_http2: OnceCell<Result<reqwest::Client, String>>,
}

impl Clients {
    fn get(&self, shared: &Shared, tls: bool) -> Result<&reqwest::Client, &str> {
        let presume = shared.options.http2 && !tls;
        let cell = if presume {
            &self.presuming_http2
        } else {
            &self.usual
        };
        cell.get_or_init(|| build(shared, presume).map_err(|error| error.to_string()))
            .as_ref()
            .map_err(String::as_str)
    }
}

fn build(shared: &Shared, presume_http2: bool) -> Result<reqwest::Client, TransportError> {
    let options = &shared.options;
    let mut tls = (*shared.tls).clone();
    tls.resumption = Resumption::store(Arc::new(HandshakeWatch));
    if options.http2 {
        tls.alpn_protocols.insert(0, b"h2".to_vec());
    }
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .tcp_nodelay(true)
        .pool_idle_timeout(None)
        .local_address(shared.sources.next_address())
        .dns_resolver(Arc::new(Resolver(Arc::clone(&shared.turn))))
        .connector_layer(Observe);
    if presume_http2 {
        builder = builder.http2_prior_knowledge();
    } else if !options.http2 {
        builder = builder.http1_only();
    }
    if options.connections == Connections::PerRequest {
        builder = builder.pool_max_idle_per_host(0);
    }
    if let Some(proxy) = &options.proxy {
        // reqwest's own words repeat the URL, which may hold a password.
        let wrong = |_| {
            TransportError::Proxy("`http://host:port`, `https://…` or `socks5://…` is expected".to_owned())
        };
        builder = builder.proxy(Proxy::all(proxy).map_err(wrong)?);
    }
    builder
        .build()
        .map_err(|error| TransportError::SetUp(deepest(&error).to_string()))
}

impl Client for ReqwestClient {
    async fn exchange(&mut self, request: &Request<'_>) -> Exchange {
        let renamed = request.origin.tls && self.shared.options.tls.server_name.is_some();
        let trace = if renamed || self.named(request).is_some() {
            Trace::with_other_name(request.origin)
        } else {
            Trace::default()
        };
        let mut record = Record {
            trace: trace.clone(),
            ..Record::default()
        };
        let result =
            tokio::time::timeout_at(request.deadline(), trace.around(self.run(request, &mut record)))
                .await
                .unwrap_or(Err(Failure::TimedOut(request.timeout)));
        record.finish(result)
    }
}

impl ReqwestClient {
    async fn run(&self, request: &Request<'_>, record: &mut Record) -> Result<(), Failure> {
        let client = self
            .pool
            .get(&self.shared, request.origin.tls)
            .map_err(|reason| Failure::Generator(reason.to_owned()))?;
        let mut response = loop {
            let message = self.message(request)?;
            record.sent += head_length(request, message.headers()) + request.body.len() as u64;
            let error = match client.execute(message).await {
                Ok(response) => break response,
                Err(error) => error,
            };
            let failure = failure_of(&error, record);
            if error.is_connect() {
                return Err(self.of_proxy(failure, record));
            }
            if !self.goes_again(request, (&error, &failure), record) {
                return Err(failure);
            }
            record.resent += 1;
        };
        request.check_switch(response.status())?;
        record.first_byte = Some(Instant::now());
        record.head_received = response_head_length(&response);
        record.head = Some(Response {
            status: response.status(),
            version: response.version(),
            headers: std::mem::take(response.headers_mut()).into(),
            body: Vec::new(),
            body_length: 0,
        });
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
            && !request.origin.tls
            && self.http_proxy()
        {
            return Err(Failure::Connect(format!(
                "the proxy did not take the request: {WANTS_CREDENTIALS}"
            )));
        }
        while let Some(piece) = response
            .chunk()
            .await
            .map_err(|error| failure_of(&error, record))?
        {
            record.body.push(&piece, request.keep_body, request.max_body)?;
        }
        record.done = Some(Instant::now());
        Ok(())
    }

    /// Whether a request that failed so is sent once more.
    fn goes_again(
        &self,
        request: &Request<'_>,
        (error, failure): (&reqwest::Error, &Failure),
        record: &Record,
    ) -> bool {
        if unprocessed(error) {
            return record.resent < MOST_RESENT;
        }
        let reused = record.trace.seen().open.is_none();
        reused && record.resent == 0 && request.goes_again(self.shared.options.on_stale, failure)
    }

    /// Whether requests go to a proxy that speaks HTTP, not SOCKS.
    fn http_proxy(&self) -> bool {
        let proxy = self.shared.options.proxy.as_deref();
        proxy.is_some_and(|url| !url.starts_with("socks"))
    }

    /// Why no connection came about, where it was the proxy that could not be reached: before the handshake with the
    /// server there is nobody else.
    fn of_proxy(&self, failure: Failure, record: &Record) -> Failure {
        let said = |failure: &Failure| Failure::Connect(format!("{NO_PROXY}: {failure}"));
        match &failure {
            _ if self.shared.options.proxy.is_none() || record.trace.seen().handshake.is_some() => failure,
            Failure::Connect(words) if !words.starts_with("the proxy ") => said(&failure),
            Failure::Reset => said(&failure),
            // For SOCKS the server's name may be looked up here.
            Failure::Dns(_) if self.http_proxy() => said(&failure),
            _ => failure,
        }
    }

    /// The `host` that the scenario gives, where HTTP/2 wants it as `:authority`.
    fn named<'r>(&self, request: &'r Request<'_>) -> Option<&'r http::HeaderValue> {
        let host = || request.headers.get(http::header::HOST);
        self.shared.options.http2.then(host).flatten()
    }

    /// Where a request goes, in the words that its server is to read: `:authority` and the name for TLS are both taken from
    /// here, and the resolver leads back to where the server is.
    fn url(&self, request: &Request<'_>) -> Result<Url, Failure> {
        let origin = request.origin;
        let scheme = if origin.tls { "https" } else { "http" };
        let named = self.named(request).map(|host| host.to_str().unwrap_or_default());
        let server_name = self.shared.options.tls.server_name.as_ref();
        let url = match (server_name.filter(|_| origin.tls), named) {
            (Some(name), Some(host)) if host != name => {
                return Err(Failure::Io(
                    "under `http2` a `host` header has to be the same as `tls.server_name`".to_owned(),
                ));
            }
            (Some(name), _) => format!("https://{name}:{}{}", origin.port, request.path),
            (None, Some(host)) => format!("{scheme}://{host}{}", request.path),
            (None, None) => format!("{origin}{}", request.path),
        };
        let url = Url::parse(&url)
            .map_err(|_| Failure::Io("the request's path is not valid in a URL".to_owned()))?;
        if named.is_some() && !self.leads_to(&url, origin) {
            return Err(Failure::Io(
                "under `http2` a `host` header has to be a name, with no port or the target's, and without a proxy"
                    .to_owned(),
            ));
        }
        Ok(url)
    }

    /// Whether a URL with another host still leads to the server: an address would be connected to as it is, as would another
    /// port, and a proxy would look the name up itself.
    fn leads_to(&self, url: &Url, origin: &Origin) -> bool {
        let named = matches!(url.host(), Some(url::Host::Domain(_)));
        let same = url.host_str() == Some(&origin.host) && url.port_or_known_default() == Some(origin.port);
        let other = named && url.port().is_none_or(|port| port == origin.port);
        same || (other && self.shared.options.proxy.is_none())
    }

    fn message(&self, request: &Request<'_>) -> Result<reqwest::Request, Failure> {
        let origin = request.origin;
        let url = self.url(request)?;
        let mut message = reqwest::Request::new(request.method.clone(), url);
        let headers = message.headers_mut();
        headers.clone_from(&**request.headers);
        headers.extend(request.added.iter().cloned());
        // hyper would believe a length that is not the body's.
        headers.remove(http::header::CONTENT_LENGTH);
        if self.shared.options.http2 {
            // It is `:authority` now, and nginx refuses both.
            headers.remove(http::header::HOST);
        } else if self.shared.options.tls.server_name.is_some() && !headers.contains_key(http::header::HOST) {
            let host = http::HeaderValue::from_str(&origin.authority)
                .map_err(|_| Failure::Invalid("the host's name cannot stand in a header".to_owned()))?;
            headers.insert(http::header::HOST, host);
        }
        let usually_with_body = matches!(
            *request.method,
            http::Method::POST | http::Method::PUT | http::Method::PATCH
        );
        if !request.body.is_empty() {
            *message.body_mut() = Some(request.body.clone().into());
        } else if usually_with_body {
            let zero = http::HeaderValue::from_static("0");
            message.headers_mut().insert(http::header::CONTENT_LENGTH, zero);
        }
        Ok(message)
    }
}

/// What is known of an exchange so far; lives outside of it, so that a time-out keeps it.
#[derive(Default)]
struct Record {
    trace: Trace,
    /// How often the request went out once more.
    resent: u32,
    sent: u64,
    head_received: u64,
    head: Option<Response>,
    body: Body,
    first_byte: Option<Instant>,
    done: Option<Instant>,
}

impl Record {
    fn finish(self, result: Result<(), Failure>) -> Exchange {
        let done = match (&result, self.done) {
            (Ok(()), Some(done)) => done,
            _ => Instant::now(),
        };
        let seen = self.trace.seen();
        let connection = if seen.open.is_some() && self.resent > 0 {
            Some(Connection::Reopened)
        } else if seen.open.is_some() {
            Some(Connection::New)
        } else if seen.begun.is_some() && self.head.is_none() {
            None
        } else {
            // None was opened, or one that was begun lost the race to another that became idle.
            (self.sent > 0).then_some(Connection::Reused)
        };
        let phases = match connection {
            Some(Connection::Reused) => Phases::default(),
            _ => seen.phases(),
        };
        let (body, body_length) = self.body.finish();
        let response = self.head.map(|head| Response {
            body,
            body_length,
            ..head
        });
        Exchange {
            timing: Timing {
                dns: phases.dns,
                connect: phases.connect,
                tls: phases.tls,
                first_byte: self.first_byte,
                done,
            },
            connection,
            resent: self.resent,
            bytes_sent: if connection.is_some() { self.sent } else { 0 },
            bytes_received: self.head_received + body_length,
            outcome: Failed::or(result, response),
        }
    }
}

/// The length of a request's head as HTTP/1.1 would write it.
fn head_length(request: &Request<'_>, headers: &HeaderMap) -> u64 {
    let line = request.method.as_str().len() + request.path.len() + " HTTP/1.1\r\n ".len();
    let host = if headers.contains_key(http::header::HOST) {
        0
    } else {
        "host: \r\n".len() + request.origin.authority.len()
    };
    let length = match request.body.len() {
        0 => 0,
        length => "content-length: \r\n".len() + length.to_string().len(),
    };
    (line + host + length + headers_length(headers) + "\r\n".len()) as u64
}

/// The length of a response's head as HTTP/1.1 would write it.
fn response_head_length(response: &reqwest::Response) -> u64 {
    let reason = response.status().canonical_reason().unwrap_or_default();
    ("HTTP/1.1 200 \r\n".len() + reason.len() + headers_length(response.headers()) + "\r\n".len()) as u64
}

fn headers_length(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum()
}

/// The failure behind an error of reqwest, which wraps those of hyper-util, hyper, rustls and the system.
fn failure_of(error: &reqwest::Error, record: &Record) -> Failure {
    let opening = error.is_connect();
    let begun = record.head.is_some();
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = known(error, opening, begun) {
            return failure;
        }
        cause = error.source();
    }
    let words = deepest(error).to_string();
    if opening {
        // hyper-util's words for a proxy that refuses, CONNECT or SOCKS.
        let refused = ["tunnel error: ", "SOCKS error: "];
        let reason = refused.iter().find_map(|prefix| words.strip_prefix(prefix));
        Failure::Connect(reason.map_or(words.clone(), |reason| {
            let reason = match reason {
                // Why, it keeps to itself.
                "failed to create underlying connection" => return NO_PROXY.to_owned(),
                "unsuccessful" => "it refused",
                "proxy authorization required" => WANTS_CREDENTIALS,
                other => other,
            };
            format!("the proxy did not connect: {reason}")
        }))
    } else {
        Failure::Io(words)
    }
}

/// The failure that this link of the chain stands for, if it is one that says so.
fn known(error: &(dyn StdError + 'static), opening: bool, begun: bool) -> Option<Failure> {
    if let Some(LookUpFailed(error)) = error.downcast_ref() {
        return Some(failure::look_up(error));
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(failure::of_tls(error));
    }
    if let Some(error) = error.downcast_ref::<h2::Error>() {
        return failure::of_http2(error, begun).or_else(|| known(error.get_io()?, opening, begun));
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return if error.is_parse() {
            Some(failure::of_parse(error))
        } else if error.is_incomplete_message() {
            Some(closed(begun))
        } else {
            None
        };
    }
    let error = error.downcast_ref::<io::Error>()?;
    // An error in the clothes of another: its own cause would be passed over by `source`.
    if let Some(inner) = error.get_ref() {
        let inner: &(dyn StdError + 'static) = inner;
        if let Some(failure) = known(inner, opening, begun) {
            return Some(failure);
        }
    }
    Some(match error.kind() {
        io::ErrorKind::UnexpectedEof if opening => failure::shaking_hands(error),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => closed(begun),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if begun => {
            Failure::Invalid(failure::words(error))
        }
        _ if opening => failure::connecting(error),
        _ => failure::transferring(error),
    })
}

/// Whether the server told that it had not begun with the request.
fn unprocessed(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return failure::is_unprocessed(error);
        }
        cause = error.source();
    }
    false
}

fn closed(begun: bool) -> Failure {
    if begun {
        Failure::Truncated
    } else {
        Failure::ClosedWithoutResponse
    }
}

/// The first cause.
fn deepest<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest
}
