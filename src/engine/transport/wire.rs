//! The connection as hyper sees it: an open stream that counts what passes and remembers how it ended.
//!
//! hyper hides the bytes, the moment of the first of them and the system's own error. All three are seen here.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use super::{Failure, failure};

/// An open connection, with TLS or without.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What was seen on a connection since [`Meter::begin`]. Held by the connection and by the exchange that uses it.
#[derive(Debug, Default)]
pub(super) struct Meter {
    sent: Cell<u64>,
    received: Cell<u64>,
    first_byte: Cell<Option<Instant>>,
    scan: Cell<Scan>,
    /// The server closed its side.
    closed: Cell<bool>,
    /// Writing failed; whether with a reset.
    broken: Cell<Option<Broken>>,
    /// Reading, or writing in another way, failed.
    failed: RefCell<Option<Failure>>,
}

/// How writing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Reset,
    Pipe,
}

impl Meter {
    /// Starts the count of a new exchange.
    pub(super) fn begin(&self) {
        self.sent.set(0);
        self.received.set(0);
        self.first_byte.set(None);
        self.scan.set(Scan::default());
    }

    /// Bytes written.
    pub(super) fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// Bytes read.
    pub(super) fn received(&self) -> u64 {
        self.received.get()
    }

    /// When the first byte of the final response was read.
    pub(super) fn first_byte(&self) -> Option<Instant> {
        self.first_byte.get()
    }

    /// Whether the connection can carry another request, as far as was seen.
    pub(super) fn intact(&self) -> bool {
        !self.closed.get() && self.broken.get().is_none() && self.failed.borrow().is_none()
    }

    /// Whether nothing of a request has gone out, nor was tried to.
    pub(super) fn untouched(&self) -> bool {
        self.sent.get() == 0 && self.broken.get().is_none()
    }

    /// How the connection ended under an exchange, if it did.
    pub(super) fn ending(&self) -> Option<Failure> {
        if let Some(failure) = &*self.failed.borrow() {
            return Some(failure.clone());
        }
        if self.broken.get() == Some(Broken::Reset) {
            return Some(Failure::Reset);
        }
        if !self.closed.get() {
            return None;
        }
        Some(match self.first_byte.get() {
            None => Failure::ClosedWithoutResponse,
            Some(_) => Failure::Truncated,
        })
    }

    fn read(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.closed.set(true);
            return;
        }
        self.received.set(self.received.get() + bytes.len() as u64);
        let mut scan = self.scan.get();
        if !matches!(scan, Scan::Final) {
            self.first_byte
                .set(scan.feed(bytes, self.first_byte.get(), Instant::now));
            self.scan.set(scan);
        }
    }

    /// Whether a failed write is to be passed over: the server may have answered before it closed, and what it said is
    /// still to be read. curl and urllib3 do the same.
    fn passes_over(&self, error: &io::Error) -> bool {
        let broken = match error.kind() {
            io::ErrorKind::ConnectionReset => Broken::Reset,
            io::ErrorKind::BrokenPipe => Broken::Pipe,
            _ => {
                *self.failed.borrow_mut() = Some(failure::transferring(error));
                return false;
            }
        };
        self.broken.set(Some(broken));
        true
    }
}

/// Tells interim (1xx) responses from the final one in the bytes as they arrive, however they are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scan {
    /// In the beginning of a status line, `HTTP/1.1 200`.
    Start { prefix: [u8; STATUS_END], length: usize },
    /// In the head of an interim response, which ends with an empty line.
    Interim { line_empty: bool },
    /// In the final response.
    Final,
}

/// The length of `HTTP/1.1 200`.
const STATUS_END: usize = 12;

impl Default for Scan {
    fn default() -> Self {
        Self::Start {
            prefix: [0; STATUS_END],
            length: 0,
        }
    }
}

impl Scan {
    /// Looks at the next bytes, and gives the moment of the final response's first byte as far as it is known: `first`
    /// unless what began there turns out to be interim.
    fn feed(
        &mut self,
        mut bytes: &[u8],
        mut first: Option<Instant>,
        now: impl Fn() -> Instant,
    ) -> Option<Instant> {
        // Nearly every response: the whole status in the first piece, and final.
        if *self == Self::default() && bytes.get(9).is_some_and(|digit| *digit != b'1') {
            *self = Self::Final;
            return Some(now());
        }
        while let Some(&byte) = bytes.first() {
            match self {
                Self::Final => break,
                Self::Start { prefix, length } => {
                    first = first.or_else(|| Some(now()));
                    prefix[*length] = byte;
                    *length += 1;
                    let digits = &prefix[..*length];
                    if *length == STATUS_END {
                        // 101 is a final response: what follows is another protocol.
                        let interim =
                            digits.starts_with(b"HTTP/") && digits[9] == b'1' && &digits[9..] != b"101";
                        *self = if interim {
                            first = None;
                            Self::Interim { line_empty: false }
                        } else {
                            Self::Final
                        };
                    }
                }
                Self::Interim { line_empty } => match byte {
                    b'\n' if *line_empty => *self = Self::default(),
                    b'\n' => *line_empty = true,
                    b'\r' => {}
                    _ => *line_empty = false,
                },
            }
            bytes = &bytes[1..];
        }
        first
    }
}

/// A stream with a meter.
pub(super) struct Wire {
    stream: Stream,
    meter: Rc<Meter>,
}

impl Wire {
    pub(super) fn new(stream: Stream, meter: Rc<Meter>) -> Self {
        Self { stream, meter }
    }

    fn written(&self, result: io::Result<usize>, offered: usize) -> io::Result<usize> {
        match result {
            Ok(count) => {
                self.meter.sent.set(self.meter.sent.get() + count as u64);
                Ok(count)
            }
            Err(error) if self.meter.passes_over(&error) => Ok(offered),
            Err(error) => Err(error),
        }
    }

    fn is_broken(&self) -> bool {
        self.meter.broken.get().is_some()
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let result = ready!(match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_read(cx, buf),
        });
        match result {
            Ok(()) => this.meter.read(&buf.filled()[before..]),
            // Closed without TLS's own farewell, as many servers do; HTTP's framing says whether something is missing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => this.meter.read(&[]),
            Err(error) => {
                *this.meter.failed.borrow_mut() = Some(failure::transferring(&error));
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_broken() {
            return Poll::Ready(Ok(buf.len()));
        }
        let result = ready!(match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_write(cx, buf),
        });
        Poll::Ready(this.written(result, buf.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let offered = bufs.iter().map(|buf| buf.len()).sum();
        if this.is_broken() {
            return Poll::Ready(Ok(offered));
        }
        let result = ready!(match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, bufs),
        });
        Poll::Ready(this.written(result, offered))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_broken() {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_flush(cx),
        });
        match result {
            Err(error) if this.meter.passes_over(&error) => Poll::Ready(Ok(())),
            result => Poll::Ready(result),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;

    /// In which piece the final response began, whatever the pieces are cut from.
    fn piece_of_first_byte(pieces: &[&str]) -> Option<u64> {
        let zero = Instant::now();
        let mut scan = Scan::default();
        let mut first = None;
        for (number, piece) in (0..).zip(pieces) {
            first = scan.feed(piece.as_bytes(), first, || zero + Duration::from_secs(number));
        }
        first.map(|first| (first - zero).as_secs())
    }

    #[test]
    fn the_first_byte_is_that_of_the_final_response() {
        for (pieces, expected) in [
            (&["HTTP/1.1 200 OK\r\n", "\r\n", "body"][..], Some(0)),
            (&["H", "TTP/1.0 404 Not Found\r\n\r\n"], Some(0)),
            (
                &["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"],
                Some(1),
            ),
            (&["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"], Some(0)),
            (
                &[
                    "HTTP/1.1 1",
                    "03 Early Hints\r\nlink: x\r",
                    "\n\r\nHT",
                    "TP/1.1 200 OK",
                ],
                Some(2),
            ),
            (
                &["HTTP/1.1 103 Early\n\n", "HTTP/1.1 100 C\r\n\r\n", "x"],
                Some(2),
            ),
            (&["HTTP/1.1 101 Switching Protocols\r\n\r\n", "x"], Some(0)),
            (&["garbage, and then more of it", "x"], Some(0)),
            (&["HTTP/1.1 100 Continue\r\n\r\n"], None),
            (&[], None),
        ] {
            assert_eq!(piece_of_first_byte(pieces), expected, "{pieces:?}");
        }
    }
}
