//! What is known of an exchange so far.

use std::rc::Rc;

use tokio::time::Instant;

use super::super::body::Body;
use super::super::codec::{Decoder, Event, Head, Known, Malformed};
use super::super::connect::Phases;
use super::super::wire::Wire;
use super::super::{Connection, Exchange, Failed, Failure, Request, Response, Timing};

/// What is known of an exchange so far; lives outside of it, so that a time-out keeps it.
#[derive(Default)]
pub(super) struct Record<'r> {
    pub(super) phases: Phases,
    pub(super) connection: Option<Connection>,
    /// How often the request went out once more.
    pub(super) resent: u32,
    /// Bytes written, on all connections.
    pub(super) sent: u64,
    /// The response on the connection in use. On those before it none came, else no other would have been opened.
    pub(super) reception: Option<Reception<'r>>,
}

/// A response as it comes in.
pub(super) struct Reception<'r> {
    request: &'r Request<'r>,
    decoder: Decoder,
    head: Option<Head>,
    body: Body,
    received: u64,
    first_byte: Option<Instant>,
    done: Option<Instant>,
    failure: Option<Failure>,
    /// Something came after the response, or reading failed.
    spoiled: bool,
}

impl<'r> Reception<'r> {
    pub(super) fn new(request: &'r Request<'r>, known: &Rc<Known>) -> Self {
        Self {
            request,
            decoder: Decoder::new(request.method, known),
            head: None,
            body: Body::default(),
            received: 0,
            first_byte: None,
            done: None,
            failure: None,
            spoiled: false,
        }
    }

    /// Takes what was just read. `room`: memory for the body.
    pub(super) fn take(&mut self, mut bytes: &[u8], room: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let now = Instant::now();
        self.received += bytes.len() as u64;
        let ended = match self.decode(&mut bytes, room) {
            Ok(ended) => ended,
            Err(failure) => {
                self.failure.get_or_insert(failure);
                true
            }
        };
        if ended {
            self.spoiled |= !bytes.is_empty();
            self.done.get_or_insert(now);
        }
        // Of an interim response it is taken back as soon as that can be told.
        self.first_byte = match self.first_byte {
            _ if !ended && !self.decoder.has_begun() => None,
            None => Some(now),
            before => before,
        };
    }

    /// Whether the end was reached.
    fn decode(&mut self, bytes: &mut &[u8], room: &mut Vec<u8>) -> Result<bool, Failure> {
        let Request {
            keep_body, max_body, ..
        } = *self.request;
        loop {
            match self.decoder.next(bytes).map_err(invalid)? {
                Event::More => return Ok(false),
                Event::Interim => self.first_byte = None,
                Event::Head(head) => {
                    self.request.check_switch(head.status)?;
                    let length = self.decoder.announced().unwrap_or_default();
                    self.body.expect(length, keep_body, room);
                    self.head = Some(head);
                }
                Event::Body(piece) => self.body.push(piece, keep_body, max_body)?,
                Event::End => return Ok(true),
            }
        }
    }

    /// What came of it, once the end is reached or cannot be.
    pub(super) fn result(&mut self) -> Option<Result<(), Failure>> {
        if let Some(failure) = self.failure.take() {
            return Some(Err(failure));
        }
        self.done.map(|_| Ok(()))
    }

    /// What came of it when the server has closed.
    pub(super) fn close(&mut self, wire: &Wire) -> Result<(), Failure> {
        if let Some(result) = self.result() {
            return result;
        }
        if self.decoder.close().map_err(invalid)? {
            self.done = Some(Instant::now());
            return Ok(());
        }
        Err(wire.ending(self.first_byte.is_some()))
    }

    /// Its connection carries no other request, whatever the server said.
    pub(super) fn spoil(&mut self) {
        self.spoiled = true;
    }

    /// Whether its connection can carry another request.
    pub(super) fn keeps_alive(&self) -> bool {
        self.decoder.is_done() && self.decoder.keeps_alive() && !self.spoiled
    }
}

impl Record<'_> {
    /// Bytes read.
    pub(super) fn received(&self) -> u64 {
        self.reception.as_ref().map_or(0, |reception| reception.received)
    }

    /// What came of the exchange.
    pub(super) fn finish(self, result: Result<(), Failure>) -> Exchange {
        let bytes_received = self.received();
        let (mut first_byte, mut done, mut response) = (None, None, None);
        if let Some(reception) = self.reception {
            (first_byte, done) = (reception.first_byte, reception.done);
            response = reception.head.map(|head| {
                let (body, body_length) = reception.body.finish();
                Response {
                    status: head.status,
                    version: head.version,
                    headers: head.headers,
                    body,
                    body_length,
                }
            });
        }
        let done = match (&result, done) {
            (Ok(()), Some(done)) => done,
            _ => Instant::now(),
        };
        Exchange {
            timing: Timing {
                dns: self.phases.dns,
                connect: self.phases.connect,
                tls: self.phases.tls,
                first_byte,
                done,
            },
            connection: self.connection,
            resent: self.resent,
            bytes_sent: self.sent,
            bytes_received,
            outcome: Failed::or(result, response),
        }
    }
}

fn invalid(malformed: Malformed) -> Failure {
    Failure::Invalid(malformed.0.to_owned())
}
