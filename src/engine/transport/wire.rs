//! An open connection, with TLS or without: writes a request, reads what comes, remembers how it broke.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::outgoing::Outgoing;
use super::secure::Secure;
use super::{Failure, failure};

/// The most that is read at once. Holds the longest unfinished handshake message of TLS (64 KiB) and a record more.
const MOST_READ: usize = 96 * 1024;

/// Room for a request or a body that is kept for the next one.
const MOST_ROOM: usize = 64 * 1024;

/// The buffers of a worker. Every one of its users reads into the same, and what was read is used at once: so a user that
/// waits owns none.
#[derive(Debug)]
pub(super) struct Buffers {
    /// What is read.
    pub(super) incoming: Box<[u8]>,
    /// TLS records that are written.
    records: Vec<u8>,
    /// Where a request is written.
    room: Vec<u8>,
    /// Where the next body may be kept.
    body: Vec<u8>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            incoming: vec![0; MOST_READ].into(),
            records: Vec::new(),
            room: Vec::new(),
            body: Vec::new(),
        }
    }
}

impl Buffers {
    /// Room for a request; to be given back when it is written, which is nearly always at once.
    pub(super) fn take_room(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.room)
    }

    /// Takes room back.
    pub(super) fn give_back(&mut self, room: Vec<u8>) {
        if room.capacity() <= MOST_ROOM {
            self.room = room;
        }
    }

    /// Takes the room of a body that is no longer needed.
    pub(super) fn reuse(&mut self, body: Vec<u8>) {
        if (1..=MOST_ROOM).contains(&body.capacity()) {
            self.body = body;
        }
    }
}

/// An open stream.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<Secure>),
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    /// Writing failed, because the server has closed; how.
    broken: Option<Broken>,
}

/// How writing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Reset,
    Pipe,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, broken: None }
    }

    /// Writes what it can of a request. `sent` counts what is written.
    ///
    /// That the server has closed is passed over: it may have answered before, and what it said is still to be read. curl
    /// and urllib3 do the same.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        outgoing: &mut Outgoing,
        buffers: &mut Buffers,
        sent: &mut u64,
    ) -> Poll<Result<(), Failure>> {
        if self.broken.is_some() {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(match &mut self.stream {
            Stream::Plain(tcp) => write(tcp, cx, outgoing, sent),
            Stream::Tls(secure) => secure.poll_write(cx, outgoing, &mut buffers.records, sent),
        });
        let Err(error) = result else {
            return Poll::Ready(Ok(()));
        };
        self.broken = Some(match error.kind() {
            io::ErrorKind::ConnectionReset => Broken::Reset,
            io::ErrorKind::BrokenPipe => Broken::Pipe,
            _ => return Poll::Ready(Err(failure::transferring(&error))),
        });
        Poll::Ready(Ok(()))
    }

    /// Reads once the server has said something, and gives it to `take`, with room for a body; false when it has closed.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &mut Buffers,
        mut take: impl FnMut(&[u8], &mut Vec<u8>),
    ) -> Poll<Result<bool, Failure>> {
        let result = ready!(match &mut self.stream {
            Stream::Plain(tcp) => {
                let mut room = ReadBuf::new(&mut buffers.incoming);
                ready!(Pin::new(tcp).poll_read(cx, &mut room))
                    .map(|()| {
                        let bytes = room.filled();
                        take(bytes, &mut buffers.body);
                        !bytes.is_empty()
                    })
                    .into()
            }
            Stream::Tls(secure) => {
                secure.poll_read(cx, &mut buffers.incoming, |bytes| take(bytes, &mut buffers.body))
            }
        });
        Poll::Ready(result.map_err(|error| failure::transferring(&error)))
    }

    /// Whether the connection can carry a request: one that the server has closed since, or on which something came that
    /// nobody asked for, cannot. The system is only asked where it has told that there is something to read.
    pub(super) fn is_quiet(&mut self, buffers: &mut Buffers) -> bool {
        match &mut self.stream {
            Stream::Plain(tcp) => tcp
                .try_read(&mut [0])
                .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock),
            Stream::Tls(secure) => secure.is_quiet(&mut buffers.incoming),
        }
    }

    /// Whether writing to it failed.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Why there is no whole response, when the server has closed. `begun`: there is a part of one.
    pub(super) fn ending(&self, begun: bool) -> Failure {
        match (self.broken, begun) {
            (Some(Broken::Reset), _) => Failure::Reset,
            (_, true) => Failure::Truncated,
            (_, false) => Failure::ClosedWithoutResponse,
        }
    }
}

/// Writes what the socket takes.
fn write(
    tcp: &mut TcpStream,
    cx: &mut Context<'_>,
    outgoing: &mut Outgoing,
    sent: &mut u64,
) -> Poll<io::Result<()>> {
    while !outgoing.is_done() {
        let tcp = Pin::new(&mut *tcp);
        let count = ready!(if outgoing.is_joined() {
            tcp.poll_write(cx, outgoing.next())
        } else {
            tcp.poll_write_vectored(cx, &outgoing.rest())
        })?;
        outgoing.advance(count);
        *sent += count as u64;
    }
    Poll::Ready(Ok(()))
}
