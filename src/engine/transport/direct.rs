//! The default transport: HTTP/1.1 on connections of our own.
//!
//! Each connection is polled inside the task of the user that uses it; no task is spawned. Nothing is sent twice unless
//! the scenario says `on_stale: reconnect`, and everything that happens to a connection is seen and told.
//!
//! A kept-alive connection that is known to be closed before a request is written (its end was already received) is
//! replaced, as urllib3, and so Locust, and every browser do: nothing was sent, and a pause longer than the server's
//! keep-alive time is no failure. What remains is the race: a connection closed while the request was on its way.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{CONNECTION, CONTENT_LENGTH, HOST};
use http::{HeaderValue, Method, Uri, response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::body::Body;
use super::connect::{self, Phases};
use super::wire::{Meter, Wire};
use super::{
    Client, Connection, Exchange, Failed, Failure, Request, Response, Shared, Timing, Transport, failure,
};
use crate::plan::target::{Connections, OnStale, Origin};

/// The largest head of a response, and the most that is read at once, in bytes.
const BUFFER: usize = 64 * 1024;

/// How many idle connections to different servers a user keeps; the eldest goes. (More than one only where redirects
/// or steps lead to several servers.)
const IDLE_PER_USER: usize = 8;

/// How many idle connections a shared pool keeps.
const IDLE_SHARED: usize = 100_000;

/// HTTP/1.1 on connections of our own.
#[derive(Debug)]
pub struct DirectTransport {
    shared: Arc<Shared>,
    /// The one pool of `connections: shared`.
    pool: Rc<RefCell<Pool>>,
}

impl DirectTransport {
    /// The transport of one worker.
    pub fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: shared.clone(),
            pool: Rc::new(RefCell::new(Pool::new(IDLE_SHARED))),
        }
    }
}

impl Transport for DirectTransport {
    type Client = DirectClient;

    fn client(&self) -> DirectClient {
        let pool = match self.shared.options.connections {
            Connections::Shared => self.pool.clone(),
            Connections::PerUser => Rc::new(RefCell::new(Pool::new(IDLE_PER_USER))),
            Connections::PerRequest => Rc::new(RefCell::new(Pool::new(0))),
        };
        DirectClient {
            shared: self.shared.clone(),
            pool,
        }
    }
}

/// A user's connections.
#[derive(Debug)]
pub struct DirectClient {
    shared: Arc<Shared>,
    pool: Rc<RefCell<Pool>>,
}

impl Client for DirectClient {
    async fn exchange(&mut self, request: &Request<'_>) -> Exchange {
        let mut record = Record::default();
        let result = tokio::time::timeout(request.timeout, self.run(request, &mut record))
            .await
            .unwrap_or(Err(Failure::TimedOut(request.timeout)));
        record.finish(result)
    }
}

impl DirectClient {
    /// The exchange without its time limit. Whatever is in the middle of one when this is dropped is closed by it.
    async fn run(&self, request: &Request<'_>, record: &mut Record) -> Result<(), Failure> {
        let mut found_closed = false;
        while let Some(mut open) = self.take_idle(request.origin) {
            if !poll_fn(|cx| Poll::Ready(open.is_ready(cx))).await {
                found_closed = true;
                continue;
            }
            record.connection = Some(Connection::Reused);
            let Err(failure) = self.send(open, request, record).await else {
                return Ok(());
            };
            if !self.goes_again(&failure, record) {
                return Err(failure);
            }
            found_closed = true;
            break;
        }
        record.connection = None;
        let open = self.open(request.origin, record).await?;
        record.connection = Some(if found_closed {
            Connection::Reopened
        } else {
            Connection::New
        });
        self.send(open, request, record).await
    }

    /// Whether a request that failed on a kept-alive connection is sent on a new one.
    fn goes_again(&self, failure: &Failure, record: &Record) -> bool {
        let lost = matches!(failure, Failure::Reset | Failure::ClosedWithoutResponse);
        let unwanted = matches!(failure, Failure::Invalid(_));
        if record.meter.as_ref().is_some_and(|meter| meter.untouched()) {
            return lost || unwanted;
        }
        lost && record.received() == 0 && self.shared.options.on_stale == OnStale::Reconnect
    }

    fn take_idle(&self, origin: &Arc<Origin>) -> Option<Box<Open>> {
        self.pool.borrow_mut().take(origin)
    }

    async fn open(&self, origin: &Arc<Origin>, record: &mut Record) -> Result<Box<Open>, Failure> {
        let stream = connect::open(&self.shared, origin, &mut record.phases).await?;
        let meter = Rc::new(Meter::default());
        let wire = TokioIo::new(Wire::new(stream, meter.clone()));
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(BUFFER)
            .handshake(wire)
            .await
            .map_err(|error| Failure::Io(error.to_string()))?;
        let host = HeaderValue::from_str(&origin.authority)
            .map_err(|_| Failure::Invalid("the host's name cannot stand in a header".to_owned()))?;
        Ok(Box::new(Open {
            origin: origin.clone(),
            host,
            sender,
            connection: Some(connection),
            meter,
        }))
    }

    /// Sends the request on this connection, reads the response, and keeps the connection if it can be kept.
    async fn send(
        &self,
        mut open: Box<Open>,
        request: &Request<'_>,
        record: &mut Record,
    ) -> Result<(), Failure> {
        let close = self.shared.options.connections == Connections::PerRequest;
        let message = message(request, &open.host, close)?;
        record.watch(&open.meter);
        let sent = open.sender.send_request(message);
        let response = open
            .drive(sent)
            .await
            .map_err(|error| open.failure_of_head(&error))?;
        let (head, mut body) = response.into_parts();
        record.head = Some(head);
        while let Some(frame) = open.drive(body.frame()).await {
            let frame = frame.map_err(|error| open.failure_of_body(&error))?;
            // Trailers are read and dropped.
            if let Ok(piece) = frame.into_data() {
                record.body.push(piece, request.keep_body, request.max_body)?;
            }
        }
        record.done = Some(Instant::now());
        if !close && (open.is_idle() || poll_fn(|cx| Poll::Ready(open.is_ready(cx))).await) {
            self.pool.borrow_mut().put(open);
        }
        Ok(())
    }
}

/// The request as hyper wants it.
fn message(
    request: &Request<'_>,
    host: &HeaderValue,
    close: bool,
) -> Result<http::Request<Full<bytes::Bytes>>, Failure> {
    let uri = Uri::try_from(request.path)
        .map_err(|_| Failure::Io("the request's path is not valid in a URL".to_owned()))?;
    let mut message = http::Request::new(Full::new(request.body.clone()));
    *message.method_mut() = request.method.clone();
    *message.uri_mut() = uri;
    let headers = message.headers_mut();
    headers.clone_from(request.headers);
    if !headers.contains_key(HOST) {
        headers.insert(HOST, host.clone());
    }
    // hyper would believe a length that is not the body's.
    headers.remove(CONTENT_LENGTH);
    // It sets the right one itself, but not that of an empty body, which some servers insist on.
    if request.body.is_empty() && matches!(*request.method, Method::POST | Method::PUT | Method::PATCH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    if close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(message)
}

/// An open connection.
struct Open {
    origin: Arc<Origin>,
    host: HeaderValue,
    sender: http1::SendRequest<Full<bytes::Bytes>>,
    /// What does the reading and writing when polled. Gone as soon as it has ended, for that is how hyper tells those
    /// who wait for it.
    connection: Option<http1::Connection<TokioIo<Wire>, Full<bytes::Bytes>>>,
    meter: Rc<Meter>,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Open {
    /// Lets the connection read and write what it can.
    fn advance(&mut self, cx: &mut Context<'_>) {
        let ended = match &mut self.connection {
            // How it ended is in the meter, or in what the caller waits for.
            Some(connection) => connection.poll_without_shutdown(cx).is_ready(),
            None => return,
        };
        if ended {
            self.connection = None;
        }
    }

    /// Runs a future that waits for this connection, and the connection with it.
    async fn drive<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            // First what is there already: taking it makes room for what the connection reads next.
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            self.advance(cx);
            future.as_mut().poll(cx)
        })
        .await
    }

    /// Whether the connection can carry a request now. One that the server has closed since, or on which something
    /// came that nobody asked for, cannot; nor one that still has to write the last request's body.
    fn is_ready(&mut self, cx: &mut Context<'_>) -> bool {
        self.advance(cx);
        self.is_idle()
    }

    /// The same as far as is known without looking at the connection again.
    fn is_idle(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready() && self.meter.intact()
    }

    fn failure_of_head(&self, error: &hyper::Error) -> Failure {
        if error.is_parse() {
            return failure::of_parse(error);
        }
        self.meter
            .ending()
            // hyper gave up a connection of which the meter saw no end: bytes came before the request was written.
            .unwrap_or_else(|| Failure::Invalid("something came that was not asked for".to_owned()))
    }

    fn failure_of_body(&self, error: &hyper::Error) -> Failure {
        let reason =
            std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
        match reason {
            Some(reason)
                if matches!(
                    reason.kind(),
                    std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData
                ) && self.meter.intact() =>
            {
                Failure::Invalid(failure::words(reason))
            }
            _ => self.meter.ending().unwrap_or(Failure::Truncated),
        }
    }
}

/// Idle connections, the eldest first.
#[derive(Debug)]
#[expect(
    clippy::vec_box,
    reason = "a connection moves in and out with every request, and is large"
)]
struct Pool {
    idle: Vec<Box<Open>>,
    most: usize,
}

impl Pool {
    fn new(most: usize) -> Self {
        Self {
            idle: Vec::new(),
            most,
        }
    }

    /// The connection to `origin` that was used last.
    fn take(&mut self, origin: &Arc<Origin>) -> Option<Box<Open>> {
        let place = self
            .idle
            .iter()
            .rposition(|open| Arc::ptr_eq(&open.origin, origin) || open.origin == *origin)?;
        Some(self.idle.remove(place))
    }

    fn put(&mut self, open: Box<Open>) {
        if self.most == 0 {
            return;
        }
        if self.idle.len() == self.most {
            self.idle.remove(0);
        }
        self.idle.push(open);
    }
}

/// What is known of an exchange so far; lives outside of it, so that a time-out keeps it.
#[derive(Default)]
struct Record {
    phases: Phases,
    connection: Option<Connection>,
    /// The meter of the connection in use, and what those before it counted.
    meter: Option<Rc<Meter>>,
    sent_before: u64,
    head: Option<response::Parts>,
    body: Body,
    done: Option<Instant>,
}

impl Record {
    /// Counts what passes on the connection with this meter from now on.
    fn watch(&mut self, meter: &Rc<Meter>) {
        self.sent_before += self.sent();
        meter.begin();
        self.meter = Some(meter.clone());
    }

    /// Bytes written on the connection in use.
    fn sent(&self) -> u64 {
        self.meter.as_ref().map_or(0, |meter| meter.sent())
    }

    /// Bytes read on the connection in use. On those before it none were, else no other would have been opened.
    fn received(&self) -> u64 {
        self.meter.as_ref().map_or(0, |meter| meter.received())
    }

    fn finish(self, result: Result<(), Failure>) -> Exchange {
        let done = match (&result, self.done) {
            (Ok(()), Some(done)) => done,
            _ => Instant::now(),
        };
        let bytes_sent = self.sent_before + self.sent();
        let bytes_received = self.received();
        let timing = Timing {
            dns: self.phases.dns,
            connect: self.phases.connect,
            tls: self.phases.tls,
            first_byte: self.meter.as_ref().and_then(|meter| meter.first_byte()),
            done,
        };
        let response = self.head.map(|head| {
            let (body, body_length) = self.body.finish();
            Response {
                status: head.status,
                version: head.version,
                headers: head.headers,
                body,
                body_length,
            }
        });
        Exchange {
            timing,
            connection: self.connection,
            bytes_sent,
            bytes_received,
            outcome: Failed::or(result, response),
        }
    }
}
