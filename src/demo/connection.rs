//! One connection of a client: its TLS handshake, its requests, and the three ways it ends (by the client, by time, by a
//! reset on purpose).

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::service::Service;
use super::token::lock;

/// Request line and headers, in bytes; beyond it the answer is 431.
const LARGEST_HEAD: usize = 16 * 1024;
/// What is buffered of a client that sends faster than it is served.
const LARGEST_BUFFER: usize = 64 * 1024;

/// When connections are closed.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// Time without a request.
    pub(super) keep_alive: Duration,
    /// Time without a byte either way.
    pub(super) cut_after: Duration,
}

/// Serves a connection until it ends.
pub(super) async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    patience: Patience,
    service: Arc<Service>,
) {
    // Without it the last packet of an answer may wait 40 ms for an acknowledgement; where it fails, it does.
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(patience.cut_after, acceptor.accept(stream)).await else {
        return;
    };
    let pulse = Arc::new(Pulse::new());
    let wire = Wire {
        stream,
        pulse: Arc::clone(&pulse),
    };
    let of_service = Arc::clone(&pulse);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience.keep_alive)
        .max_header_size(LARGEST_HEAD)
        .max_buf_size(LARGEST_BUFFER);
    let connection = http.serve_connection(
        TokioIo::new(wire),
        service_fn(move |request| {
            let (service, pulse) = (Arc::clone(&service), Arc::clone(&of_service));
            async move {
                service
                    .answer(request)
                    .await
                    .inspect_err(|_| pulse.reset.store(true, Relaxed))
            }
        }),
    );
    // How a connection ends is the client's to judge: nothing is told here of one that broke.
    tokio::select! {
        _ = connection => {}
        () = pulse.stopped_for(patience.cut_after) => {}
    }
}

/// What the wire knows of a connection, for those that judge it.
struct Pulse {
    moved: Mutex<Instant>,
    reset: AtomicBool,
}

impl Pulse {
    fn new() -> Self {
        Self {
            moved: Mutex::new(Instant::now()),
            reset: AtomicBool::new(false),
        }
    }

    /// Ends when no byte has moved for `limit`.
    async fn stopped_for(&self, limit: Duration) {
        loop {
            let deadline = *lock(&self.moved) + limit;
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    fn beat(&self) {
        *lock(&self.moved) = Instant::now();
    }
}

/// The TLS stream, closed by a reset (an RST in place of a FIN) when the pulse says so.
struct Wire {
    stream: TlsStream<TcpStream>,
    pulse: Arc<Pulse>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.pulse.reset.load(Relaxed) {
            // Fails only on a socket that is gone already.
            let _ = self.stream.get_ref().0.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.pulse.beat();
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(_)) = written {
            self.pulse.beat();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
