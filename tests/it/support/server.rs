//! Servers that do exactly what a script says, byte by byte, on threads and sockets of their own.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// No thread of a server waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a free port of this machine, until dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    address: SocketAddr,
    state: Arc<State>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    connections: AtomicUsize,
    requests: Mutex<Vec<Received>>,
    bytes_read: AtomicUsize,
    bytes_written: AtomicUsize,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// From where.
    pub(crate) from: SocketAddr,
    /// Up to the empty line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// A header's value, names compared without case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Method, target and version.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }
}

/// One connection, as the script has it in hand.
pub(crate) struct Peer {
    /// From 1.
    pub(crate) number: usize,
    tcp: TcpStream,
    tls: Option<StreamOwned<ServerConnection, TcpStream>>,
    state: Arc<State>,
    unread: Vec<u8>,
}

impl Server {
    /// A server whose every connection runs the script on a thread of its own, and is closed at its end.
    pub(crate) fn plain(script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        Self::start(None, script)
    }

    /// The same over TLS; a handshake that fails ends the connection.
    pub(crate) fn tls(config: Arc<ServerConfig>, script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        Self::start(Some(config), script)
    }

    /// A server that answers every request of a connection with these bytes.
    pub(crate) fn answering(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::plain(move |peer| {
            while peer.request().is_some() {
                peer.say(&response);
            }
        })
    }

    /// The same on `::1`, if there is such an address.
    pub(crate) fn on_ipv6(response: &'static str) -> Option<Self> {
        let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
        Some(Self::listening(listener, None, move |peer| {
            while peer.request().is_some() {
                peer.say(response);
            }
        }))
    }

    fn start(tls: Option<Arc<ServerConfig>>, script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self::listening(listener, tls, script)
    }

    fn listening(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        script: impl Fn(&mut Peer) + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let script = Arc::new(script);
        let in_thread = state.clone();
        let listening = thread::spawn(move || {
            for tcp in listener.incoming() {
                if in_thread.stop.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(tcp) = tcp else { break };
                let number = in_thread.connections.fetch_add(1, Ordering::SeqCst) + 1;
                let (script, state, tls) = (script.clone(), in_thread.clone(), tls.clone());
                thread::spawn(move || {
                    if let Some(mut peer) = Peer::new(number, tcp, tls, state) {
                        script(&mut peer);
                        peer.finish();
                    }
                });
            }
        });
        Self {
            port: address.port(),
            address,
            state,
            listener: Some(listening),
        }
    }

    /// How many connections came.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// All requests read so far, in order.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Bytes read and written, within TLS.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let read = self.state.bytes_read.load(Ordering::SeqCst);
        let written = self.state.bytes_written.load(Ordering::SeqCst);
        (read as u64, written as u64)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        // Wakes the listener. Where that fails, it has ended already or ends with the process.
        if TcpStream::connect(self.address).is_ok()
            && let Some(listener) = self.listener.take()
        {
            let _ = listener.join();
        }
    }
}

impl Peer {
    fn new(number: usize, tcp: TcpStream, tls: Option<Arc<ServerConfig>>, state: Arc<State>) -> Option<Self> {
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_write_timeout(Some(PATIENCE)).unwrap();
        tcp.set_nodelay(true).unwrap();
        let tls = match tls {
            None => None,
            Some(config) => {
                let connection = ServerConnection::new(config).unwrap();
                let mut stream = StreamOwned::new(connection, tcp.try_clone().unwrap());
                while stream.conn.is_handshaking() {
                    stream.conn.complete_io(&mut stream.sock).ok()?;
                }
                Some(stream)
            }
        };
        Some(Self {
            number,
            tcp,
            tls,
            state,
            unread: Vec::new(),
        })
    }

    /// Reads the next request, with a body of its `content-length`; `None` when the client is gone.
    pub(crate) fn request(&mut self) -> Option<Received> {
        let head_end = loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_some()?;
        };
        let mut received = Received {
            from: self.tcp.peer_addr().ok()?,
            head: String::from_utf8_lossy(&self.unread[..head_end]).into_owned(),
            body: Vec::new(),
        };
        let length = received
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < head_end + length {
            self.read_some()?;
        }
        received.body = self.unread[head_end..head_end + length].to_vec();
        self.unread.drain(..head_end + length);
        self.state.requests.lock().unwrap().push(received.clone());
        Some(received)
    }

    fn read_some(&mut self) -> Option<()> {
        let mut buffer = [0; 16 * 1024];
        let count = match &mut self.tls {
            None => self.tcp.read(&mut buffer),
            Some(tls) => tls.read(&mut buffer),
        };
        match count {
            Ok(count) if count > 0 => {
                self.state.bytes_read.fetch_add(count, Ordering::SeqCst);
                self.unread.extend_from_slice(&buffer[..count]);
                Some(())
            }
            _ => None,
        }
    }

    /// Waits for a request and reads its head alone, byte by byte; a body stays unread, and makes a reset of a close.
    pub(crate) fn request_without_body(&mut self) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && self.tcp.read(&mut byte).is_ok_and(|count| count == 1) {
            head.push(byte[0]);
        }
    }

    /// Waits until a request has come, and leaves it unread: a connection closed now is reset.
    pub(crate) fn leave_request_unread(&mut self) {
        assert!(self.tls.is_none(), "TLS has to be read");
        let _ = self.tcp.peek(&mut [0]);
    }

    /// Writes, if the client is still there.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.try_say(bytes.as_ref());
    }

    /// Writes; fails when the client is gone.
    pub(crate) fn try_say(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Counted first: the client may look as soon as it has read them.
        self.state.bytes_written.fetch_add(bytes.len(), Ordering::SeqCst);
        match &mut self.tls {
            None => self.tcp.write_all(bytes),
            Some(tls) => tls.write_all(bytes).and_then(|()| tls.flush()),
        }
    }

    /// Says nothing more until the client has gone.
    pub(crate) fn hang(&mut self) {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.tcp.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    }

    /// What kind of handshake this connection had.
    pub(crate) fn handshake(&self) -> Option<rustls::HandshakeKind> {
        self.tls.as_ref().and_then(|tls| tls.conn.handshake_kind())
    }

    /// The bare socket, for scripts that pass bytes on.
    pub(crate) fn socket(&self) -> TcpStream {
        self.tcp.try_clone().unwrap()
    }

    /// Ends TLS as it should be ended; scripts that mean to cut it use [`Peer::cut`].
    fn finish(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
    }

    /// Closes without TLS's farewell.
    pub(crate) fn cut(&mut self) {
        self.tls = None;
        let _ = self.tcp.shutdown(Shutdown::Both);
    }
}

/// A port on which connecting hangs: its queue is full and nobody takes from it. Holds what is needed for that.
pub(crate) struct Unanswering {
    pub(crate) port: u16,
    _listener: tokio::net::TcpListener,
    _queued: Vec<TcpStream>,
}

impl Unanswering {
    /// Must be called within a runtime.
    pub(crate) fn new() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queued.push(stream);
            assert!(queued.len() < 10, "the queue does not fill");
        }
        Self {
            port: address.port(),
            _listener: listener,
            _queued: queued,
        }
    }
}
