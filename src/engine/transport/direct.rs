//! The default transport: HTTP/1.1 on connections of our own.
//!
//! Each connection is polled inside the task of the user that uses it; no task is spawned. Nothing is sent twice unless
//! the scenario says so (`on_stale`), and everything that happens to a connection is seen and told.
//!
//! A kept-alive connection that is known to be closed before a request is written (its end was already received) is
//! replaced, as urllib3, and so Locust, and every browser do: nothing was sent, and a pause longer than the server's
//! keep-alive time is no failure. What remains is the race: a connection closed while the request was on its way.

mod limit;
mod record;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::HeaderValue;

use super::codec::Known;
use super::connect;
use super::outgoing::Outgoing;
use super::wire::{Buffers, Wire};
use super::{Client, Connection, Exchange, Failure, Request, Shared, Transport};
use crate::plan::target::{Connections, Origin};
use limit::Limit;
use record::{Reception, Record};

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
    buffers: Rc<RefCell<Buffers>>,
    known: Rc<Known>,
}

impl DirectTransport {
    /// The transport of one worker.
    pub fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: shared.clone(),
            pool: Rc::new(RefCell::new(Pool::new(IDLE_SHARED))),
            buffers: Rc::default(),
            known: Rc::default(),
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
            user: User {
                shared: self.shared.clone(),
                pool,
                buffers: self.buffers.clone(),
                known: self.known.clone(),
            },
            limit: Limit::default(),
        }
    }
}

/// One user's way to the server.
#[derive(Debug)]
pub struct DirectClient {
    user: User,
    limit: Limit,
}

/// A user's connections.
#[derive(Debug)]
struct User {
    shared: Arc<Shared>,
    pool: Rc<RefCell<Pool>>,
    /// The worker's, borrowed only while one of its users is polled.
    buffers: Rc<RefCell<Buffers>>,
    /// The worker's, too.
    known: Rc<Known>,
}

impl Client for DirectClient {
    async fn exchange(&mut self, request: &Request<'_>) -> Exchange {
        let mut record = Record::default();
        let result = {
            let run = pin!(self.user.run(request, &mut record));
            self.limit.keep(request.deadline(), run).await
        };
        record.finish(result.unwrap_or(Err(Failure::TimedOut(request.timeout))))
    }

    fn reuse(&mut self, body: Vec<u8>) {
        self.user.buffers.borrow_mut().reuse(body);
    }
}

impl User {
    /// The exchange without its time limit. Whatever is in the middle of one when this is dropped is closed by it.
    async fn run<'r>(&self, request: &'r Request<'_>, record: &mut Record<'r>) -> Result<(), Failure> {
        let mut found_closed = false;
        while let Some(mut open) = self.take_idle(request.origin) {
            if !open.wire.is_quiet(&mut self.buffers.borrow_mut()) {
                found_closed = true;
                continue;
            }
            record.connection = Some(Connection::Reused);
            let Err(failure) = self.send(open, request, record).await else {
                return Ok(());
            };
            if record.received() > 0 || !request.goes_again(self.shared.options.on_stale, &failure) {
                return Err(failure);
            }
            record.resent += 1;
            found_closed = true;
            break;
        }
        record.connection = None;
        // Rare, and much to remember meanwhile: an idle user is not to keep the room for it.
        let open = Box::pin(self.open(request.origin, record)).await?;
        record.connection = Some(if found_closed {
            Connection::Reopened
        } else {
            Connection::New
        });
        self.send(open, request, record).await
    }

    fn take_idle(&self, origin: &Arc<Origin>) -> Option<Box<Open>> {
        self.pool.borrow_mut().take(origin)
    }

    async fn open(&self, origin: &Arc<Origin>, record: &mut Record<'_>) -> Result<Box<Open>, Failure> {
        let stream = connect::open(&self.shared, origin, &self.buffers, &mut record.phases).await?;
        HeaderValue::from_str(&origin.authority)
            .map_err(|_| Failure::Invalid("the host's name cannot stand in a header".to_owned()))?;
        Ok(Box::new(Open {
            origin: origin.clone(),
            wire: Wire::new(stream),
        }))
    }

    /// Sends the request on this connection, reads the response, and keeps the connection if it can be kept.
    async fn send<'r>(
        &self,
        mut open: Box<Open>,
        request: &'r Request<'_>,
        record: &mut Record<'r>,
    ) -> Result<(), Failure> {
        let close = self.shared.options.connections == Connections::PerRequest;
        let room = self.buffers.borrow_mut().take_room();
        let outgoing = Outgoing::new(request, close, room)?;
        let closes = outgoing.closes;
        let reception = record.reception.insert(Reception::new(request, &self.known));
        let mut exchange = Running {
            wire: &mut open.wire,
            outgoing: Some(outgoing),
            sent: &mut record.sent,
            reception,
        };
        poll_fn(|cx| exchange.poll(cx, &mut self.buffers.borrow_mut())).await?;
        // A server that answered before it had read the whole request may take what is left of it for another.
        let written = exchange.outgoing.is_none();
        if written && !closes && reception.keeps_alive() && !open.wire.is_broken() {
            self.pool.borrow_mut().put(open);
        }
        Ok(())
    }
}

/// An exchange on its way.
struct Running<'e, 'r> {
    wire: &'e mut Wire,
    /// The request, until it is written.
    outgoing: Option<Outgoing>,
    sent: &'e mut u64,
    reception: &'e mut Reception<'r>,
}

impl Running<'_, '_> {
    /// Writes and reads what it can. Ready when the response is whole, or cannot become so.
    fn poll(&mut self, cx: &mut Context<'_>, buffers: &mut Buffers) -> Poll<Result<(), Failure>> {
        if let Some(outgoing) = &mut self.outgoing
            && let Poll::Ready(written) = self.wire.poll_write(cx, outgoing, buffers, self.sent)
        {
            written?;
            if let Some(outgoing) = self.outgoing.take() {
                buffers.give_back(outgoing.into_room());
            }
        }
        loop {
            let read = ready!(
                self.wire
                    .poll_read(cx, buffers, |bytes, room| self.reception.take(bytes, room))
            );
            if read == Ok(false) {
                return Poll::Ready(self.reception.close(self.wire));
            }
            if read.is_err() {
                self.reception.spoil();
            }
            if let Some(result) = self.reception.result() {
                return Poll::Ready(result);
            }
            read?;
        }
    }
}

/// An open connection.
#[derive(Debug)]
struct Open {
    origin: Arc<Origin>,
    wire: Wire,
}

/// Idle connections, the eldest first.
#[derive(Debug)]
struct Pool {
    #[expect(clippy::vec_box, reason = "each is moved about for every request")]
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
