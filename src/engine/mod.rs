//! Making it happen: N workers, one current-thread runtime each; the only loop that sleeps.
//!
//! When, what and do are kept apart: the profile of the plan says when, its endpoints what; here it is done. Each
//! worker owns every n-th user (or arrival) and folds its own samples; once a second it hands the fold, a `Cut`, to the
//! coordinator over an unbounded channel whose other end is [`run`]. Shutdown travels the other way, as a watched
//! [`Stop`].

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::measure::health::{Generator, Warning};
use crate::measure::interval::Interval;
use crate::measure::recorder::{Cut, Recorder};
use crate::measure::recording::{Recording, Timeline};
use crate::measure::run::RunInfo;
use crate::measure::sample::Example;
use crate::measure::snapshot::Snapshot;
use crate::plan::profile::Model;
use crate::plan::{Auth, Plan};

mod clock;
mod closed;
mod control;
mod coordinator;
mod decode;
mod fair;
mod host;
mod open;
mod pools;
mod request;
mod schedule;
mod session;
mod shared;
mod step;
mod timer;
mod token;
pub mod transport;
mod trial;
mod user;
mod words;
mod worker;

use clock::Clock;
use control::stopped;
pub use control::{Control, Stop};
use coordinator::Coordinator;
use host::ThreadMeter;
pub use request::{Shown, described};
use shared::Shared;
pub use step::Trace;
use timer::Timer;
use token::{Refresher, Token, TokenSource};
use transport::{Client, Transport, TransportError};
pub use trial::{Untried, Why, trial};
pub use words::Fault;
use worker::Worker;

/// Why a run could not be carried out. A failed request is none of these: it is data.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The target's TLS settings, proxy or source addresses cannot be used.
    #[error("cannot prepare connections: {0}")]
    Transport(#[from] TransportError),
    /// No first token.
    #[error("cannot get an OAuth2 token: {0}")]
    Token(String),
    /// A request of `setup` failed.
    #[error("setup failed at `{step}`: {words}")]
    Setup {
        /// Which.
        step: String,
        /// Why.
        words: String,
    },
    /// A thread or runtime could not be started.
    #[error("cannot start a worker: {0}")]
    Worker(#[from] std::io::Error),
    /// Asked to stop at once while the token was fetched or setup went on.
    #[error("interrupted before the load began: nothing was measured, so there is no report")]
    Interrupted,
    /// A worker ended by a panic: a bug of this program.
    #[error("worker {0} ended unexpectedly; this is a bug")]
    WorkerLost(u16),
}

/// Who is told of a run while it goes on. Called on the coordinator's task; must not block.
pub trait Observer {
    /// Setup is done; the load begins now.
    fn begin(&mut self, info: &Arc<RunInfo>);
    /// A second is complete.
    fn interval(&mut self, interval: &Arc<Interval>);
    /// A failed request worth looking at.
    fn example(&mut self, example: Example);
    /// Something that went wrong beside the load.
    fn warning(&mut self, words: String);
    /// How it stands, about once a second.
    fn snapshot(&mut self, snapshot: Arc<Snapshot>);
    /// Asked while a stage is held until it is steady: whether it is.
    fn is_steady(&mut self, timeline: &Timeline, hold: &Hold) -> bool;
}

/// A hold so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hold {
    /// Its first whole second.
    pub from: u32,
    /// The second after the last that is measured.
    pub to: u32,
    /// Width that the 95 % interval of its throughput may have, as a share of it.
    pub within: f64,
    /// Whether it is of the open model.
    pub open: bool,
}

/// How a run is carried out.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that send; at least 1.
    pub workers: u16,
    /// Ends or changes the run from outside.
    pub control: Control,
}

impl Options {
    /// As many workers as there are cores, but no more than one for each 50 users: few users gain nothing from many
    /// threads, and an arrival must not wait for a user while another thread has an idle one.
    pub fn for_plan(plan: &Plan, control: Control) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let users = most_users(plan) as usize;
        Self {
            workers: cores.min(users / 50).clamp(1, 256) as u16,
            control,
        }
    }
}

impl Options {
    /// So many workers, but no more than there are users: one without a user could serve no arrival.
    #[must_use]
    pub fn with_workers(self, workers: u16, plan: &Plan) -> Self {
        let most = u16::try_from(most_users(plan)).unwrap_or(u16::MAX);
        Self {
            workers: workers.min(most).max(1),
            ..self
        }
    }
}

/// The most users at once that the plan asks for.
fn most_users(plan: &Plan) -> u32 {
    match plan.profile.model {
        Model::Open { max_users, .. } => max_users,
        Model::Closed => plan
            .profile
            .stages
            .iter()
            .map(|stage| stage.level as u32)
            .max()
            .unwrap_or(0),
    }
}

/// Carries the plan out on threads of its own, and tells what happened.
pub async fn run(
    plan: Arc<Plan>,
    options: &Options,
    observer: &mut impl Observer,
) -> Result<Recording, EngineError> {
    let connector = transport::Shared::new(&plan.transport)?;
    if let Some(words) = host::raise_file_limit(most_users(&plan)) {
        observer.warning(words);
    }
    match plan.transport.kind {
        crate::plan::target::TransportKind::Direct => {
            let make = move || Ok(transport::DirectTransport::new(&connector));
            threaded(plan, options, observer, make).await
        }
        crate::plan::target::TransportKind::Reqwest => {
            let make = move || transport::ReqwestTransport::new(&connector);
            threaded(plan, options, observer, make).await
        }
    }
}

/// Carries the plan out on the current runtime, with any transport: for tests under paused time.
pub async fn run_here<T: Transport>(
    plan: Arc<Plan>,
    control: Control,
    observer: &mut impl Observer,
    transport: T,
) -> Result<Recording, EngineError> {
    let shared = Arc::new(Shared::new(plan, control, None));
    let clock = Clock::starting_at(Instant::now());
    let (cuts, received) = mpsc::unbounded_channel();
    let worker = Rc::new(worker(&shared, clock, transport, (0, 1)));
    let local = LocalSet::new();
    let work = local.run_until(work(worker, cuts));
    let info = host::run_info(&shared.plan, 1);
    observer.begin(&info);
    let coordinator = Coordinator::new(&shared, clock, info);
    let ((), recording) = tokio::join!(work, coordinator.collect(received, observer));
    Ok(recording)
}

async fn threaded<T, F>(
    plan: Arc<Plan>,
    options: &Options,
    observer: &mut impl Observer,
    make: F,
) -> Result<Recording, EngineError>
where
    T: Transport,
    F: Fn() -> Result<T, TransportError> + Send + Clone + 'static,
{
    let mut stop = options.control.subscribe();
    let local = LocalSet::new();
    let before = async {
        let (token, refresher) = first_token(&plan, &make()?).await?;
        let shared = Arc::new(Shared::new(Arc::clone(&plan), options.control.clone(), token));
        local.run_until(trial::setup(&shared, make()?)).await?;
        Ok::<_, EngineError>((shared, refresher))
    };
    let (shared, refresher) = tokio::select! {
        biased;
        () = stopped(&mut stop, Stop::Now) => return Err(EngineError::Interrupted),
        ready = before => ready?,
    };
    let info = host::run_info(&shared.plan, options.workers);
    observer.begin(&info);
    let clock = Clock::starting_at(Instant::now());
    let (cuts, received) = mpsc::unbounded_channel();
    let threads = (0..options.workers)
        .map(|index| spawn(index, options.workers, &shared, clock, make.clone(), cuts.clone()))
        .collect::<Result<Vec<_>, _>>()
        .inspect_err(|_| options.control.stop(Stop::Now))?;
    drop(cuts);
    let coordinator = Coordinator::new(&shared, clock, info);
    let lent = RefCell::new(observer);
    let (mut heard, mut warnings) = (Lent(&lent), Vec::new());
    let mut recording = tokio::select! {
        recording = coordinator.collect(received, &mut heard) => recording,
        () = keep_fresh(refresher, &lent, &mut warnings) => std::future::pending().await,
    };
    recording.end.warnings = warnings;
    let observer = lent.into_inner();
    for (index, thread) in threads.into_iter().enumerate() {
        thread
            .join()
            .map_err(|_| EngineError::WorkerLost(index as u16))??;
    }
    let undone = tokio::select! {
        biased;
        words = local.run_until(trial::teardown(&shared, make()?)) => words,
        () = stopped(&mut stop, Stop::Now) => Some("teardown was interrupted before its end".to_owned()),
    };
    if let Some(words) = undone {
        observer.warning(words);
    }
    Ok(recording)
}

/// The first token of `OAuth2` where the scenario asks for one, and what keeps it fresh.
async fn first_token<T: Transport>(
    plan: &Plan,
    transport: &T,
) -> Result<(Option<Token>, Option<Refresher<T::Client>>), EngineError> {
    let Auth::ClientCredentials(credentials) = &plan.session.auth else {
        return Ok((None, None));
    };
    let (token, refresher) = TokenSource::new(transport.client(), credentials)?.start().await?;
    Ok((Some(token), Some(refresher)))
}

/// Keeps the token fresh where there is one. Each kind of failure is told once, and counted in `warnings`.
async fn keep_fresh<C: Client>(
    refresher: Option<Refresher<C>>,
    observer: &RefCell<&mut impl Observer>,
    warnings: &mut Vec<Warning>,
) {
    let Some(refresher) = refresher else {
        return std::future::pending().await;
    };
    let failed = |words: String| {
        let known = warnings.iter_mut().find_map(|warning| match warning {
            Warning::Token { reason, count } if *reason == words => Some(count),
            _ => None,
        });
        if let Some(count) = known {
            *count += 1;
            return;
        }
        let warning = Warning::Token {
            reason: words,
            count: 1,
        };
        observer.borrow_mut().warning(warning.to_string());
        warnings.push(warning);
    };
    refresher.run(failed).await;
}

/// An observer that two listen to the run for: each call borrows it for as long as it takes.
struct Lent<'a, 'o, O>(&'a RefCell<&'o mut O>);

impl<O: Observer> Observer for Lent<'_, '_, O> {
    fn begin(&mut self, info: &Arc<RunInfo>) {
        self.0.borrow_mut().begin(info);
    }

    fn interval(&mut self, interval: &Arc<Interval>) {
        self.0.borrow_mut().interval(interval);
    }

    fn example(&mut self, example: Example) {
        self.0.borrow_mut().example(example);
    }

    fn warning(&mut self, words: String) {
        self.0.borrow_mut().warning(words);
    }

    fn snapshot(&mut self, snapshot: Arc<Snapshot>) {
        self.0.borrow_mut().snapshot(snapshot);
    }

    fn is_steady(&mut self, timeline: &Timeline, hold: &Hold) -> bool {
        self.0.borrow_mut().is_steady(timeline, hold)
    }
}

fn worker<T: Transport>(shared: &Arc<Shared>, clock: Clock, transport: T, place: (u64, u64)) -> Worker<T> {
    let recorder = Recorder::new(&shared.plan.outline, place.0 as u16);
    Worker::new(Arc::clone(shared), clock, transport, recorder, place)
}

fn spawn<T, F>(
    index: u16,
    of: u16,
    shared: &Arc<Shared>,
    clock: Clock,
    make: F,
    cuts: mpsc::UnboundedSender<Cut>,
) -> std::io::Result<std::thread::JoinHandle<Result<(), EngineError>>>
where
    T: Transport,
    F: Fn() -> Result<T, TransportError> + Send + 'static,
{
    let shared = Arc::clone(shared);
    std::thread::Builder::new()
        .name(format!("worker-{index}"))
        .spawn(move || {
            let place = (u64::from(index), u64::from(of));
            let mut part = Part {
                control: &shared.control,
                done: false,
            };
            let result = carry_out(&shared, clock, &make, place, cuts);
            part.done = result.is_ok();
            result
        })
}

/// A worker's part of a run. Where it is not done, for an error or a panic, what the others send is less than was planned, and
/// the run is stopped.
struct Part<'c> {
    control: &'c Control,
    done: bool,
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.control.stop(Stop::Now);
        }
    }
}

/// What a worker's thread does, on a runtime of its own.
fn carry_out<T: Transport>(
    shared: &Arc<Shared>,
    clock: Clock,
    make: impl Fn() -> Result<T, TransportError>,
    place: (u64, u64),
    cuts: mpsc::UnboundedSender<Cut>,
) -> Result<(), EngineError> {
    let worker = worker(shared, clock, make()?, place);
    // Without a set of local tasks on top: that asks the whole worker whether it is done at every wake-up.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let worker = worker.with_timer(Timer::finest());
        work(Rc::new(worker), cuts).await;
    });
    // A name look-up that hangs on a thread of its own must not hold up the end of the run.
    runtime.shutdown_background();
    Ok(())
}

/// One worker's whole run: its users, and a cut each second.
async fn work<T: Transport>(worker: Rc<Worker<T>>, cuts: mpsc::UnboundedSender<Cut>) {
    let users = async {
        match worker.plan().profile.model {
            Model::Closed => closed::run(Rc::clone(&worker)).await,
            Model::Open {
                max_users, when_busy, ..
            } => open::run(Rc::clone(&worker), max_users, when_busy).await,
        }
    };
    let mut meter = ThreadMeter::new(worker.workers, worker.clock.now());
    tokio::select! {
        biased;
        () = cut_each_second(&worker, &mut meter, &cuts) => {}
        () = users => {}
    }
    let fresh = Recorder::new(&worker.plan().outline, worker.index as u16);
    let recorder = worker.recorder.replace(fresh);
    let now = worker.clock.now();
    hand_over(recorder.end(now), meter.read(now), &cuts);
}

async fn cut_each_second<T: Transport>(
    worker: &Worker<T>,
    meter: &mut ThreadMeter,
    cuts: &mpsc::UnboundedSender<Cut>,
) {
    for second in 1.. {
        worker.clock.wait_until(Duration::from_secs(second)).await;
        let now = worker.clock.now();
        let over = worker.recorder.borrow_mut().cut(now);
        hand_over(over, meter.read(now), cuts);
    }
}

/// Sends cuts on, with what the thread has done since it sent the last.
fn hand_over(mut over: Vec<Cut>, done: Generator, cuts: &mpsc::UnboundedSender<Cut>) {
    if let Some(last) = over.last_mut() {
        last.interval.generator = done;
    }
    for cut in over {
        // The coordinator is gone only when the whole run is.
        let _ = cuts.send(cut);
    }
}
