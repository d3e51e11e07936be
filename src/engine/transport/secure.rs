//! TLS on a connection that keeps no buffers.
//!
//! rustls is driven over the worker's own buffers: records are decrypted where they were read, and those that are written
//! are made where all users' are. A connection that is idle owns its keys and nothing else.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ClientConfig;
use rustls::client::UnbufferedClientConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::outgoing::Outgoing;

/// The most that one record holds (RFC 8446, section 5.1), and room for what TLS adds to it.
const MOST_RECORD: usize = 16 * 1024;
const OVERHEAD: usize = 256;

/// How much is encrypted before it is written.
const MOST_WRITTEN: usize = 4 * MOST_RECORD;

/// A TCP connection with TLS on it.
pub(super) struct Secure {
    tcp: TcpStream,
    session: UnbufferedClientConnection,
    /// What came of a record, or of a handshake message of several, whose rest is still to come.
    partial: Vec<u8>,
    /// Records that are still to be written, and how much of them is.
    unsent: Vec<u8>,
    sent: usize,
    /// The handshake is done.
    ready: bool,
    /// The server has said its farewell.
    closed: bool,
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure")
            .field("tcp", &self.tcp)
            .finish_non_exhaustive()
    }
}

impl Secure {
    /// A session that has yet to shake hands.
    pub(super) fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        tcp: TcpStream,
    ) -> io::Result<Self> {
        let session = UnbufferedClientConnection::new(config, name).map_err(broken)?;
        let mut secure = Self {
            tcp,
            session,
            partial: Vec::new(),
            unsent: Vec::new(),
            sent: 0,
            ready: false,
            closed: false,
        };
        // The client speaks first.
        secure.process(&mut [], |_| {}, None).map_err(broken)?;
        Ok(secure)
    }

    /// Shakes hands.
    pub(super) fn poll_handshake(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_flush(cx))?;
            if self.ready {
                return Poll::Ready(Ok(()));
            }
            let mut unasked = false;
            if !ready!(self.poll_fill(cx, buffer, |_| unasked = true))? {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            if unasked {
                return Poll::Ready(Err(io::Error::other("something came that was not asked for")));
            }
        }
    }

    /// Writes what it can of a request; `records` is where its records are made. `sent` counts without TLS's own.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        outgoing: &mut Outgoing,
        records: &mut Vec<u8>,
        sent: &mut u64,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_flush(cx))?;
            if outgoing.is_done() {
                return Poll::Ready(Ok(()));
            }
            records.clear();
            while !outgoing.is_done() && records.len() < MOST_WRITTEN {
                let next = outgoing.next();
                let piece = &next[..next.len().min(MOST_RECORD)];
                let count = piece.len();
                self.encrypt(piece, records).map_err(broken)?;
                outgoing.advance(count);
                *sent += count as u64;
            }
            // What rustls had to say itself comes first.
            let at_once = if self.unsent.is_empty() {
                match Pin::new(&mut self.tcp).poll_write(cx, records) {
                    Poll::Ready(written) => written?,
                    Poll::Pending => 0,
                }
            } else {
                0
            };
            self.unsent.extend_from_slice(&records[at_once..]);
        }
    }

    /// Reads until the server has said something, and gives it to `take`; false when it has closed.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8]),
    ) -> Poll<io::Result<bool>> {
        let mut came = false;
        while !came {
            let open = ready!(self.poll_fill(cx, buffer, |bytes| {
                came = true;
                take(bytes);
            }))?;
            // An answer to a change of keys. Whether it can be written shows when something is asked for.
            let _ = self.poll_flush(cx);
            if !open {
                return Poll::Ready(Ok(false));
            }
        }
        Poll::Ready(Ok(true))
    }

    /// Whether nothing came that was not asked for, as far as is known without asking the system. Tickets for a later
    /// session may come at any time.
    pub(super) fn is_quiet(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            let kept = self.unpack(buffer);
            match self.tcp.try_read(&mut buffer[kept..]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return !self.closed,
                Ok(count) if count > 0 => {
                    let mut came = false;
                    let read = self.feed(&mut buffer[..kept + count], |_| came = true);
                    if came || self.closed || read.is_err() {
                        return false;
                    }
                }
                _ => return false,
            }
        }
    }

    /// Reads once; false when the server has closed, with TLS's farewell or, as many do, without.
    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        take: impl FnMut(&[u8]),
    ) -> Poll<io::Result<bool>> {
        if self.closed {
            return Poll::Ready(Ok(false));
        }
        let kept = self.unpack(buffer);
        let mut room = ReadBuf::new(&mut buffer[kept..]);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut room))?;
        let count = room.filled().len();
        if count == 0 {
            return Poll::Ready(Ok(false));
        }
        let read = self.feed(&mut buffer[..kept + count], take);
        if read.is_err() {
            // The server should hear why, if it can be said at once.
            let _ = self.poll_flush(cx);
        }
        Poll::Ready(read.map(|()| true).map_err(broken))
    }

    /// Puts back what came of an unfinished record; gives its length.
    fn unpack(&self, buffer: &mut [u8]) -> usize {
        let kept = self.partial.len();
        buffer[..kept].copy_from_slice(&self.partial);
        kept
    }

    /// Decrypts what came, and keeps what is unfinished.
    fn feed(&mut self, bytes: &mut [u8], take: impl FnMut(&[u8])) -> Result<(), rustls::Error> {
        let used = self.process(bytes, take, None)?;
        let rest = &bytes[used..];
        if rest.is_empty() {
            self.partial = Vec::new();
        } else {
            self.partial.clear();
            self.partial.extend_from_slice(rest);
        }
        Ok(())
    }

    fn encrypt(&mut self, piece: &[u8], records: &mut Vec<u8>) -> Result<(), rustls::Error> {
        // rustls may keep places in what is unfinished, and so has to see it.
        let mut partial = std::mem::take(&mut self.partial);
        let used = self.process(&mut partial, |_| {}, Some((piece, records)))?;
        partial.drain(..used);
        self.partial = partial;
        Ok(())
    }

    /// Lets rustls do what it can with these bytes: gives away what was said, notes what is to be written, and encrypts
    /// `write` if there is something. Gives how many bytes are used up.
    fn process(
        &mut self,
        bytes: &mut [u8],
        mut take: impl FnMut(&[u8]),
        write: Option<(&[u8], &mut Vec<u8>)>,
    ) -> Result<usize, rustls::Error> {
        let mut used = 0;
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.session.process_tls_records(&mut bytes[used..]);
            let state = match state {
                Ok(state) => state,
                Err(error) => {
                    let rest = self.session.process_tls_records(&mut bytes[used + discard..]);
                    // What the server is told of it.
                    if let Ok(ConnectionState::EncodeTlsData(mut alert)) = rest.state {
                        encode(&mut alert, &mut self.unsent);
                    }
                    return Err(error);
                }
            };
            match state {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        take(record.payload);
                    }
                    // Nearly always the record was all, and there is nothing else to be done.
                    if write.is_none() && used + discard == bytes.len() {
                        return Ok(bytes.len());
                    }
                }
                ConnectionState::EncodeTlsData(mut data) => encode(&mut data, &mut self.unsent),
                // As good as done: it is written before anything else.
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::PeerClosed => self.closed = true,
                ConnectionState::WriteTraffic(mut traffic) => {
                    self.ready = true;
                    if let Some((piece, records)) = write {
                        let at = records.len();
                        records.resize(at + piece.len() + OVERHEAD, 0);
                        let count = traffic
                            .encrypt(piece, &mut records[at..])
                            .map_err(|error| rustls::Error::General(error.to_string()))?;
                        records.truncate(at + count);
                    }
                    return Ok(used + discard);
                }
                // More has to come first.
                _ => return Ok(used + discard),
            }
            used += discard;
        }
    }

    /// Writes what rustls has to say.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.unsent.len() {
            self.sent += ready!(Pin::new(&mut self.tcp).poll_write(cx, &self.unsent[self.sent..]))?;
        }
        if self.sent > 0 {
            self.unsent = Vec::new();
            self.sent = 0;
        }
        Poll::Ready(Ok(()))
    }
}

fn encode<Data>(data: &mut EncodeTlsData<'_, Data>, out: &mut Vec<u8>) {
    let at = out.len();
    let mut room = OVERHEAD;
    loop {
        out.resize(at + room, 0);
        match data.encode(&mut out[at..]) {
            Ok(count) => return out.truncate(at + count),
            Err(EncodeError::InsufficientSize(error)) => room = error.required_size,
            Err(EncodeError::AlreadyEncoded) => return out.truncate(at),
        }
    }
}

fn broken(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
