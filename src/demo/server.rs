//! A running demo API: its threads, its listening socket, its end.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_rustls::TlsAcceptor;

use super::cert;
use super::connection::{self, Patience};
use super::faults::MaxOpen;
use super::options::Options;
use super::service::Service;

/// Connections that the system may accept ahead of us: a whole stage of users may come at once.
const BACKLOG: u32 = 4096;
/// Threads that serve: enough for what a modelled API can answer, few beside the generator's.
const THREADS: usize = 2;
/// How long the end waits for a thread that is busy.
const GRACE: Duration = Duration::from_secs(5);

/// Starts a demo API on threads of its own; it serves from when this returns until the [`Demo`] is dropped.
pub fn start(options: &Options) -> Result<Demo, DemoError> {
    options.check()?;
    let (tls, certificate) = cert::self_signed(options.listen.ip())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("demo-api")
        .enable_io()
        .enable_time()
        .build()
        .map_err(DemoError::Threads)?;
    let service = Arc::new(Service::new(options));
    let listening = {
        let _inside = runtime.enter();
        listen(options.listen).and_then(|listener| Ok((listener.local_addr()?, listener)))
    };
    let (addr, listener) = match listening {
        Ok(listening) => listening,
        Err(source) => {
            // A plain drop would panic where the caller runs on a runtime of its own.
            runtime.shutdown_background();
            let addr = options.listen;
            return Err(DemoError::Listen { addr, source });
        }
    };
    let server = Server {
        listener,
        acceptor: TlsAcceptor::from(tls),
        patience: Patience {
            keep_alive: options.keep_alive,
            cut_after: options.cut_after,
        },
        places: Places::new(options.faults.max_open),
        service: Arc::clone(&service),
    };
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("demo-api".to_owned())
        .spawn(move || server.run(runtime, stopped))
        .map_err(DemoError::Threads)?;
    Ok(Demo {
        addr,
        certificate,
        service,
        stop: Some(stop),
        thread: Some(thread),
    })
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A port whose last connections are still in TIME_WAIT can be used again at once.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// A demo API that serves. Dropping it ends all its connections and threads.
pub struct Demo {
    addr: SocketAddr,
    certificate: String,
    service: Arc<Service>,
    /// The other end is the accept loop's; it ends the server by a message or by being dropped.
    stop: Option<oneshot::Sender<()>>,
    /// Owns the runtime, and ends after it.
    thread: Option<JoinHandle<()>>,
}

impl Demo {
    /// Where it listens, with the port that it took.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `https://`, address and port, without a slash: what a scenario calls `config.host`. Of an address that stands for
    /// all (`0.0.0.0`), the loopback one.
    pub fn url(&self) -> String {
        let mut addr = self.addr;
        if addr.ip().is_unspecified() {
            addr.set_ip(match addr.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("https://{addr}")
    }

    /// Its self-signed certificate as PEM: a client that trusts it need not turn verification off.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        let tallies = &self.service.tallies;
        Counters {
            connections: tallies.connections.load(Relaxed),
            refused: tallies.refused.load(Relaxed),
            requests: self.service.requests(),
            queries: tallies.queries.load(Relaxed),
            most_busy: tallies.most_busy.load(Relaxed),
            failed: tallies.failed.load(Relaxed),
            reset: tallies.reset.load(Relaxed),
            slowed: tallies.slowed.load(Relaxed),
        }
    }

    /// Ends it and waits for its threads, at most a few seconds.
    pub fn stop(self) {
        drop(self);
    }

    /// Serves for ever: returns only if the server itself broke down.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed by the thread itself.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo")
            .field("addr", &self.addr)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a demo API has seen and done since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Connections that got a place.
    pub connections: u64,
    /// Connections that were reset for want of a place.
    pub refused: u64,
    /// Requests, those for tokens not counted.
    pub requests: u64,
    /// Queries that got a connection of the pool.
    pub queries: u64,
    /// The most connections of the pool at work at once.
    pub most_busy: u32,
    /// Errors on purpose.
    pub failed: u64,
    /// Resets on purpose.
    pub reset: u64,
    /// Slow answers on purpose.
    pub slowed: u64,
}

/// Why a demo API did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A pool without connections, or with too many.
    #[error("a pool of {0} connections cannot be: it needs 1 to 10000")]
    Pool(u32),
    /// A speed that makes no sense.
    #[error("a speed of {0} cannot be: it needs 0.001 to 1000, 1 being the original's")]
    Speed(f64),
    /// A time that makes no sense.
    #[error("{name} of {} cannot be: it needs more than 0 and at most a day", humantime::format_duration(*.time))]
    Time {
        /// Which of the options.
        name: &'static str,
        /// Its value.
        time: Duration,
    },
    /// The address could not be had.
    #[error("the demo API cannot listen on {addr}: {}", in_words(.source))]
    Listen {
        /// Where it was to listen.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No certificate could be made.
    #[error("the demo API cannot make its certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The certificate was made, and refused.
    #[error("the demo API cannot use its certificate: {0}")]
    Tls(#[from] rustls::Error),
    /// No thread could be started.
    #[error("the demo API cannot start its threads: {0}")]
    Threads(io::Error),
}

fn in_words(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            "the port is in use; stop what uses it, or choose another (0 takes a free one)".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "the system does not allow it; ports below 1024 need special rights, choose a higher one"
                .to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => source.to_string(),
    }
}

/// What the accept loop works with.
struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    patience: Patience,
    places: Places,
    service: Arc<Service>,
}

impl Server {
    fn run(self, runtime: Runtime, stopped: oneshot::Receiver<()>) {
        runtime.block_on(async {
            tokio::select! {
                () = self.accept() => {}
                _ = stopped => {}
            }
        });
        // Drops every connection where it waits.
        runtime.shutdown_timeout(GRACE);
    }

    /// Accepts for ever. Everything that may take time is in the connection's own task: nobody waits for a slow client.
    async fn accept(&self) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let (acceptor, patience) = (self.acceptor.clone(), self.patience);
                    let (places, service) = (self.places.clone(), Arc::clone(&self.service));
                    tokio::spawn(async move {
                        let tallies = &service.tallies;
                        let Some(place) = places.take().await else {
                            // Counted before the client can know of it. The reset fails only on a socket that is gone already.
                            tallies.refused.fetch_add(1, Relaxed);
                            let _ = stream.set_zero_linger();
                            return;
                        };
                        tallies.connections.fetch_add(1, Relaxed);
                        connection::serve(stream, acceptor, patience, service).await;
                        drop(place);
                    });
                }
                // Mostly too many open files: the next connection can be had when one of ours has ended.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

/// The places for open connections.
#[derive(Clone)]
struct Places {
    free: Arc<Semaphore>,
    wait: Duration,
}

impl Places {
    fn new(limit: MaxOpen) -> Self {
        let connections = (limit.connections as usize).min(Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(connections)),
            wait: limit.wait,
        }
    }

    /// A place for a connection, if there is one in time.
    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        let free = Arc::clone(&self.free);
        match Arc::clone(&free).try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) if self.wait.is_zero() => None,
            Err(_) => {
                let place = tokio::time::timeout(self.wait, free.acquire_owned()).await;
                place.ok().and_then(Result::ok)
            }
        }
    }
}
