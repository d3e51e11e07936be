//! The contract of `engine::transport`, held against both transports: one suite, run twice. What only one of them can
//! do, or does otherwise, stands in a test of its own that says so.

#![expect(clippy::unwrap_used, reason = "tests")]

mod connections;
mod exchanges;
mod failures;
mod http2;
mod on_the_wire;
mod over_tls;
mod with_reqwest;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, Method};
use runner::engine::transport::{
    Client, DirectTransport, Exchange, Failed, Failure, Request, RequestHeaders, ReqwestTransport, Response,
    Shared, Transport,
};
use runner::plan::target::{Origin, TransportOptions};

use crate::support::server::Server;

/// One of the transports, to write a test for both.
trait Kind {
    type Made: Transport;

    fn make(options: &TransportOptions) -> Self::Made;

    /// Whether it shows what happens on each connection.
    const SHOWS_CONNECTIONS: bool;
}

struct Direct;
struct Reqwest;

impl Kind for Direct {
    type Made = DirectTransport;
    const SHOWS_CONNECTIONS: bool = true;

    fn make(options: &TransportOptions) -> DirectTransport {
        DirectTransport::new(&Shared::new(options).unwrap())
    }
}

impl Kind for Reqwest {
    type Made = ReqwestTransport;
    const SHOWS_CONNECTIONS: bool = false;

    fn make(options: &TransportOptions) -> ReqwestTransport {
        ReqwestTransport::new(&Shared::new(options).unwrap()).unwrap()
    }
}

/// Runs each of the tests against both transports.
macro_rules! for_both {
    ($($name:ident),* $(,)?) => {
        mod direct {
            $(#[test] fn $name() { crate::transport::run(super::$name::<crate::transport::Direct>()); })*
        }
        mod reqwest {
            $(#[test] fn $name() { crate::transport::run(super::$name::<crate::transport::Reqwest>()); })*
        }
    };
}
use for_both;

/// Runs a test on a runtime like a worker's; nothing takes longer than half a minute.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(30), test)
            .await
            .expect("the test hangs");
    });
}

fn client<K: Kind>() -> <K::Made as Transport>::Client {
    client_with::<K>(&TransportOptions::default())
}

fn client_with<K: Kind>(options: &TransportOptions) -> <K::Made as Transport>::Client {
    K::make(options).client()
}

fn origin(scheme: &str, host: &str, port: u16) -> Arc<Origin> {
    let url = url::Url::parse(&format!("{scheme}://{host}:{port}")).unwrap();
    Arc::new(Origin::of(&url).unwrap())
}

fn at(server: &Server) -> Arc<Origin> {
    origin("http", "127.0.0.1", server.port)
}

/// A request and its settings, to be changed where a test needs it.
struct Ask {
    method: Method,
    origin: Arc<Origin>,
    path: String,
    headers: RequestHeaders,
    body: Bytes,
    timeout: Duration,
    keep_body: usize,
    max_body: u64,
}

fn get(origin: &Arc<Origin>) -> Ask {
    Ask {
        method: Method::GET,
        origin: origin.clone(),
        path: "/".to_owned(),
        headers: RequestHeaders::default(),
        body: Bytes::new(),
        timeout: Duration::from_secs(20),
        keep_body: usize::MAX,
        max_body: u64::MAX,
    }
}

impl Ask {
    fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .append(HeaderName::from_static(name), value.parse().unwrap());
        self
    }

    fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn keep(mut self, keep_body: usize) -> Self {
        self.keep_body = keep_body;
        self
    }

    fn at_most(mut self, max_body: u64) -> Self {
        self.max_body = max_body;
        self
    }

    async fn of(&self, client: &mut impl Client) -> Exchange {
        client
            .exchange(&Request {
                method: &self.method,
                origin: &self.origin,
                path: &self.path,
                headers: &self.headers,
                added: &[],
                body: &self.body,
                begun: tokio::time::Instant::now(),
                timeout: self.timeout,
                keep_body: self.keep_body,
                max_body: self.max_body,
            })
            .await
    }
}

fn response(exchange: &Exchange) -> &Response {
    exchange.outcome.as_ref().unwrap()
}

fn failed(exchange: &Exchange) -> &Failed {
    exchange.outcome.as_ref().unwrap_err()
}

fn failure(exchange: &Exchange) -> &Failure {
    &failed(exchange).failure
}

/// The time limit of requests that are to run into it, and what may be lost until that is seen on a busy machine.
const SHORT: Duration = Duration::from_millis(300);
const SLACK: Duration = Duration::from_secs(5);

/// Sends a request that must run into its time limit.
async fn times_out(ask: Ask, client: &mut impl Client) -> Exchange {
    let begun = Instant::now();
    let exchange = ask.timeout(SHORT).of(client).await;
    assert_eq!(failure(&exchange), &Failure::TimedOut(SHORT));
    let taken = begun.elapsed();
    assert!(taken >= SHORT && taken < SHORT + SLACK, "{taken:?}");
    exchange
}
