//! One finished request, as times; every latency is derived from them.

use std::sync::Arc;
use std::time::Duration;

use crate::plan::{RowId, StageId};

/// One finished request. All moments are times since the start of the load.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What kind of request.
    pub row: RowId,
    /// The stage in which it was sent.
    pub stage: StageId,
    /// When it should have been sent: the end of the think time, the tick of a pace, the arrival of the open model.
    pub due: Duration,
    /// When it was ready to go, before any connecting.
    pub sent: Duration,
    /// When the first byte of the response was read.
    pub first_byte: Option<Duration>,
    /// When the last byte was read, or the failure noticed.
    pub done: Duration,
    /// Looking the name up, where that was done for this request.
    pub dns: Option<Duration>,
    /// Opening a TCP connection for this request.
    pub connect: Option<Duration>,
    /// A TLS handshake for this request.
    pub tls: Option<Duration>,
    /// The connection that carried it.
    pub connection: ConnectionUse,
    /// How often it was sent once more.
    pub resent: u32,
    /// Bytes written (head and body, before TLS).
    pub bytes_sent: u64,
    /// Bytes read (head and body, after TLS, before decoding).
    pub bytes_received: u64,
    /// Bytes of the response's body among them, as on the wire.
    pub body_bytes: u64,
    /// Redirects followed within this request.
    pub redirects: u8,
    /// Status code of the last response, if one came.
    pub status: Option<u16>,
    /// What came of it.
    pub outcome: Outcome,
}

/// Which connection carried a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionUse {
    /// None was reached.
    None,
    /// One opened for it.
    New,
    /// One kept alive.
    Reused,
    /// One opened because the kept-alive one was found closed.
    Reopened,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All expectations hold.
    Success,
    /// Why not, in the words of the report; few different texts in a run.
    Failure(Arc<str>),
}

impl Sample {
    /// Response time: from sent to the last byte. Connecting is part of it.
    pub fn response_time(&self) -> Duration {
        self.done.saturating_sub(self.sent)
    }

    /// Latency from due: what a user who wanted it then would have felt (free of coordinated omission).
    pub fn latency(&self) -> Duration {
        self.done.saturating_sub(self.due)
    }

    /// From sent to the first byte.
    pub fn time_to_first_byte(&self) -> Option<Duration> {
        self.first_byte.map(|first| first.saturating_sub(self.sent))
    }

    /// From the first byte to the last.
    pub fn download(&self) -> Option<Duration> {
        self.first_byte.map(|first| self.done.saturating_sub(first))
    }
}

/// The first responses of a failure type, kept to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What kind of request.
    pub row: RowId,
    /// The failure's words.
    pub failure: Arc<str>,
    /// When it was noticed, since the start of the load.
    pub at: Duration,
    /// Method and URL as sent, secrets masked.
    pub request: String,
    /// The scenario's own headers of the request, a line each, masked.
    pub request_headers: String,
    /// At most 2 KB of the request's body, masked.
    pub request_body: String,
    /// Status line and headers, masked; `None` when no response came.
    pub head: Option<String>,
    /// At most 2 KB of the body, content codings undone, masked.
    pub body: Vec<u8>,
    /// Length of the whole body, as it came.
    pub body_length: u64,
    /// Whether `body` is only its beginning.
    pub body_cut: bool,
    /// What else is known: the value found where another was expected.
    pub detail: Option<String>,
}
