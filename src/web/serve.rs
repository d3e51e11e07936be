//! The page's thread: begun, asked, ended.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::guard::Guard;
use super::listen::listen;
use super::routes::router;
use super::state::Shared;
use super::teller::{Teller, Told};
use super::{Options, Start};

/// How much the thread that answers gives way to those of the load (`nice`).
const ANSWERING: i32 = 5;

/// The same of the threads that work things out and read files.
const WORKING: i32 = 15;

/// One to work things out, one to read files.
const BLOCKING: usize = 2;

/// How long the end waits for what is being worked out.
const GRACE: Duration = Duration::from_millis(500);

/// A page that is served.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    told: mpsc::UnboundedSender<Told>,
    thread: Option<JoinHandle<()>>,
}

/// Serves a page, from when this returns.
pub fn serve(options: Options) -> io::Result<Server> {
    let listener = TcpListener::bind(options.address)?;
    listener.set_nonblocking(true)?;
    let guard = Guard::new(listener.local_addr()?)?;
    let shared = Arc::new(Shared::new(options, guard));
    let (told, hears) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING)
        .on_thread_start(|| give_way(WORKING))
        .build()?;
    let listener = {
        let _within = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let serving = Arc::clone(&shared);
    let thread = std::thread::Builder::new()
        .name("web".to_owned())
        .spawn(move || work(runtime, serving, listener, hears))?;
    Ok(Server {
        shared,
        told,
        thread: Some(thread),
    })
}

fn work(
    runtime: Runtime,
    shared: Arc<Shared>,
    listener: tokio::net::TcpListener,
    mut hears: mpsc::UnboundedReceiver<Told>,
) {
    give_way(ANSWERING);
    let ended = shared.ended.subscribe();
    runtime.block_on(async {
        let taking = Arc::clone(&shared);
        let hearing = tokio::spawn(async move {
            while let Some(told) = hears.recv().await {
                taking.hear(told);
            }
        });
        listen(listener, router(shared), ended).await;
        hearing.abort();
    });
    runtime.shutdown_timeout(GRACE);
}

/// Lets the other threads of this process go first. Where a thread cannot, the page costs what it costs.
fn give_way(by: i32) {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, by);
    #[cfg(not(target_os = "linux"))]
    let _ = by;
}

impl Server {
    /// Where to open it, with the token where one is needed.
    pub fn url(&self) -> String {
        self.shared.guard.url()
    }

    /// Where it listens, with the port that it took.
    pub fn address(&self) -> SocketAddr {
        self.shared.guard.address
    }

    /// What tells it of runs.
    pub fn teller(&self) -> Teller {
        Teller {
            told: self.told.clone(),
        }
    }

    /// Waits until someone wants a run to start; only meanwhile one can be asked for. May be given up and called again.
    pub async fn next_start(&mut self) -> Start {
        self.shared.next_start().await
    }

    /// Browsers that have the page open.
    pub fn browsers(&self) -> usize {
        self.shared.browsers()
    }

    /// Ends it, and waits for that, a few seconds at most.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ended.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed by the thread itself.
            let _ = thread.join();
        }
    }
}
