//! Connections: so many at once, none that takes for ever to ask.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// Connections at once. A browser opens six at most.
const CONNECTIONS: usize = 256;

/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(20);

/// How long the end waits for those that are being answered.
const GRACE: Duration = Duration::from_secs(2);

/// Answers until the end is asked for.
pub(super) async fn listen(listener: TcpListener, router: Router, mut ended: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            let stream = accept(&listener).await;
            Some((stream, place))
        };
        tokio::select! {
            biased;
            () = until(&mut ended) => break,
            Some(_) = connections.join_next() => {}
            Some((stream, place)) = next => {
                connections.spawn(answer(stream, router.clone(), ended.clone(), place));
            }
        }
    }
    drop(listener);
    let rest = async { while connections.join_next().await.is_some() {} };
    // What is still being written then is given up.
    let _ = tokio::time::timeout(GRACE, rest).await;
}

/// Waits until the end is asked for.
async fn until(ended: &mut watch::Receiver<bool>) {
    // Without the one who could ask it is over.
    let _ = ended.wait_for(|ended| *ended).await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Out of files, most likely: some will be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(
    stream: TcpStream,
    router: Router,
    mut ended: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    // Without it nothing but a delay is lost.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    // A browser that has gone is no fault.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = until(&mut ended) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
