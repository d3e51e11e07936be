//! What can be seen of the connections that reqwest opens.
//!
//! reqwest shows no connection. But it calls a layer around its connector for each one it opens, a resolver of ours for
//! each name, and rustls asks the session store for a hint as a handshake begins. Together they give the phases. Two
//! task-local values lead each call back to the exchange: one is set while the exchange runs, the other while its
//! connection is being opened, for hyper-util may go on with that in a task of its own.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::connect::Phases;
use crate::plan::target::Origin;

tokio::task_local! {
    /// The exchange that runs.
    static EXCHANGE: Trace;
    /// The exchange for which a connection is being opened.
    static OPENING: Trace;
}

/// What was seen of one exchange.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    seen: Arc<Mutex<Seen>>,
    /// Where the server really is, when reqwest knows it by another name: TLS takes its name from the URL.
    host: Option<Arc<Origin>>,
}

/// How far the connection of an exchange came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// One was begun.
    pub(super) begun: Option<Instant>,
    /// When the handshake began; with a proxy that speaks TLS too, that with the server.
    pub(super) handshake: Option<Instant>,
    dns: Option<std::time::Duration>,
    /// It was open, with TLS.
    pub(super) open: Option<Instant>,
}

impl Trace {
    /// The trace of an exchange whose URL names the server otherwise than `origin` does.
    pub(super) fn with_other_name(origin: &Arc<Origin>) -> Self {
        Self {
            host: Some(origin.clone()),
            ..Self::default()
        }
    }

    /// Runs `exchange` so that what happens in it is seen here.
    pub(super) async fn around<F: Future>(&self, exchange: F) -> F::Output {
        EXCHANGE.scope(self.clone(), exchange).await
    }

    /// What was seen so far.
    pub(super) fn seen(&self) -> Seen {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// The phases that were done with. What a proxy adds is in `connect`.
    pub(super) fn phases(&self) -> Phases {
        let (Some(begun), tcp_done) = (self.begun, self.handshake.or(self.open)) else {
            return Phases::default();
        };
        Phases {
            dns: self.dns,
            connect: tcp_done.map(|done| (done - begun).saturating_sub(self.dns.unwrap_or_default())),
            tls: self
                .handshake
                .and_then(|handshake| self.open.map(|open| open - handshake)),
        }
    }
}

/// The layer around reqwest's connector.
#[derive(Clone, Debug)]
pub(super) struct Observe;

/// The connector with the layer around it.
#[derive(Clone, Debug)]
pub(super) struct Observed<S>(S);

impl<S> tower_layer::Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed(inner)
    }
}

impl<S, R> tower_service::Service<R> for Observed<S>
where
    S: tower_service::Service<R>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let opening = self.0.call(destination);
        let Ok(trace) = EXCHANGE.try_with(Trace::clone) else {
            return Box::pin(opening);
        };
        *trace.lock() = Seen {
            begun: Some(Instant::now()),
            ..Seen::default()
        };
        Box::pin(async move {
            let result = OPENING.scope(trace.clone(), opening).await;
            if result.is_ok() {
                trace.lock().open = Some(Instant::now());
            }
            result
        })
    }
}

/// A failed look-up, kept apart from other errors of input and output.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct LookUpFailed(#[from] pub(super) io::Error);

/// The system's resolver, timed.
#[derive(Debug)]
pub(super) struct Resolver(pub(super) Arc<AtomicUsize>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let trace = OPENING.try_with(Trace::clone).ok();
        // A port of the URL's own is used in place of this one.
        let (host, port) = match trace.as_ref().and_then(|trace| trace.host.as_ref()) {
            Some(origin) => (origin.host.clone(), origin.port),
            None => (name.as_str().to_owned(), 0),
        };
        let turn = Arc::clone(&self.0);
        Box::pin(async move {
            if let Ok(address) = host.parse::<IpAddr>() {
                return Ok(Box::new(std::iter::once(SocketAddr::new(address, port))) as Addrs);
            }
            let begun = Instant::now();
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), port))
                .await
                .map_err(LookUpFailed)?
                .collect();
            let addresses = super::connect::in_turn(addresses, &turn);
            if let Some(trace) = trace {
                trace.lock().dns = Some(begun.elapsed());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Remembers no session; notes when a handshake begins.
#[derive(Debug)]
pub(super) struct HandshakeWatch;

impl ClientSessionStore for HandshakeWatch {
    fn kx_hint(&self, _server_name: &ServerName<'_>) -> Option<NamedGroup> {
        // Outside of any exchange there is nothing to note.
        let _ = OPENING.try_with(|trace| trace.lock().handshake = Some(Instant::now()));
        None
    }

    fn set_kx_hint(&self, _server_name: ServerName<'static>, _group: NamedGroup) {}

    fn set_tls12_session(&self, _server_name: ServerName<'static>, _value: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _server_name: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _server_name: ServerName<'static>, _value: Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}
