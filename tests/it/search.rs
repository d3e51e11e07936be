//! The search for the capacity under paused time, against queues whose ceiling and knee are known.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, Version};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use runner::analysis::Analysis;
use runner::analysis::findings::Finding;
use runner::analysis::search::{Ended, Searched, Why};
use runner::analysis::steady::{is_steady, windows};
use runner::engine::transport::{Client, Connection, Exchange, Request, Response, Timing, Transport};
use runner::engine::{EngineError, Hold, Observer, Stop, Stopper, run_here};
use runner::measure::interval::Interval;
use runner::measure::recording::{Recording, Timeline};
use runner::measure::run::{Ending, RunInfo};
use runner::measure::sample::Example;
use runner::measure::snapshot::Snapshot;
use runner::plan::Plan;
use runner::search::{Carrier, SearchObserver, run};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::support::plan_of;

/// How long one service takes, mean 1.
#[derive(Clone, Copy, Debug)]
enum Service {
    Constant,
    Uniform,
    Exponential,
    /// Nine of ten short, the tenth ten times as long: squared coefficient of variation 2.
    TwoKinds,
}

/// `servers` of them behind one queue, after a delay that nobody waits for: a closed system whose bounds are known.
#[derive(Clone, Copy, Debug)]
struct Queue {
    servers: usize,
    /// Mean, seconds.
    service: f64,
    kind: Service,
    /// Seconds.
    delay: f64,
    /// Mean think time, seconds.
    think: f64,
}

impl Queue {
    /// Requests per second.
    fn ceiling(&self) -> f64 {
        self.servers as f64 / self.service
    }

    /// Users.
    fn knee(&self) -> f64 {
        self.ceiling() * (self.service + self.delay + self.think)
    }

    fn plan(&self, slo: &str, seed: u64) -> Arc<Plan> {
        let think = (self.think * 1000.0) as u64;
        plan_of(&format!(
            "name: queue\nseed: {seed}\ntarget: {{ url: 'http://api.test' }}\nthink: {{ exponential: {think}ms }}\n\
             endpoints: [{{ name: a, get: / }}]\n\
             load: {{ find_capacity: {{ start: 10, at_most: 20000, slo: [{slo}] }} }}"
        ))
    }

    /// One of many, by its number.
    fn random(number: u64) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(number);
        let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let ceiling = 30.0 * 4.0_f64.powf(uniform());
        let servers = [1, 2, 4, 8, 16, 30][(6.0 * uniform()) as usize];
        let kinds = [
            Service::Constant,
            Service::Uniform,
            Service::Exponential,
            Service::TwoKinds,
        ];
        Self {
            servers,
            service: servers as f64 / ceiling,
            kind: kinds[(4.0 * uniform()) as usize],
            delay: if uniform() < 0.5 { 0.0 } else { 0.1 * uniform() },
            think: if uniform() < 0.2 { 0.0 } else { 4.0 * uniform() },
        }
    }
}

/// The queue on tokio's clock.
#[derive(Clone)]
struct QueueTransport {
    queue: Queue,
    pool: Rc<Semaphore>,
    random: Rc<RefCell<Pcg64Mcg>>,
}

impl QueueTransport {
    fn new(queue: Queue, seed: u64) -> Self {
        Self {
            pool: Rc::new(Semaphore::new(queue.servers)),
            random: Rc::new(RefCell::new(Pcg64Mcg::seed_from_u64(seed))),
            queue,
        }
    }

    fn service(&self) -> Duration {
        let mut random = self.random.borrow_mut();
        let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let share = match self.queue.kind {
            Service::Constant => 1.0,
            Service::Uniform => 2.0 * uniform(),
            Service::Exponential => -(1.0 - uniform()).ln(),
            Service::TwoKinds => {
                let short = 10.0 / 19.0;
                if uniform() < 0.9 { short } else { 10.0 * short }
            }
        };
        Duration::from_secs_f64(self.queue.service * share)
    }
}

impl Transport for QueueTransport {
    type Client = Self;

    fn client(&self) -> Self {
        self.clone()
    }
}

impl Client for QueueTransport {
    async fn exchange(&mut self, _: &Request<'_>) -> Exchange {
        sleep(Duration::from_secs_f64(self.queue.delay)).await;
        let server = self.pool.acquire().await.expect("the pool is never closed");
        sleep(self.service()).await;
        drop(server);
        let now = Instant::now();
        Exchange {
            timing: Timing {
                dns: None,
                connect: None,
                tls: None,
                first_byte: Some(now),
                done: now,
            },
            connection: Some(Connection::Reused),
            bytes_sent: 100,
            bytes_received: 100,
            outcome: Ok(Response {
                status: StatusCode::OK,
                version: Version::HTTP_11,
                headers: HeaderMap::new(),
                body_length: 0,
                body: bytes::Bytes::new(),
            }),
        }
    }
}

/// Carries levels out on the current runtime.
struct Here {
    transport: QueueTransport,
    stopper: Stopper,
}

impl Carrier for Here {
    async fn carry_out<O: Observer>(
        &mut self,
        plan: Arc<Plan>,
        observer: &mut O,
    ) -> Result<Recording, EngineError> {
        run_here(plan, self.stopper.clone(), observer, self.transport.clone()).await
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Kept {
    infos: Vec<Arc<RunInfo>>,
    timeline: Timeline,
    levels: Vec<(f64, Why)>,
    /// Asked to stop when this level begins.
    stop_at: Option<(usize, Stopper)>,
}

impl Observer for Kept {
    fn interval(&mut self, interval: &Arc<Interval>) {
        self.timeline.add(Arc::clone(interval));
    }
    fn example(&mut self, _: Example) {}
    fn warning(&mut self, _: String) {}
    fn snapshot(&mut self, _: Arc<Snapshot>) {}
    fn begin(&mut self, info: &Arc<RunInfo>) {
        self.infos.push(Arc::clone(info));
    }
    fn is_steady(&mut self, timeline: &Timeline, hold: &Hold) -> bool {
        is_steady(timeline, (hold.from, hold.to), hold.within)
    }
}

impl SearchObserver for Kept {
    fn level(&mut self, number: usize, load: f64, why: Why) {
        self.levels.push((load, why));
        if let Some((at, stopper)) = &self.stop_at
            && *at == number
        {
            stopper.stop(Stop::Gently);
        }
    }
}

async fn found(queue: Queue, plan: &Plan, kept: &mut Kept) -> (Recording, Analysis) {
    let search = plan.outline.search.expect("a search");
    let stopper = kept
        .stop_at
        .as_ref()
        .map_or_else(Stopper::default, |(_, stopper)| stopper.clone());
    let mut here = Here {
        transport: QueueTransport::new(queue, plan.seed),
        stopper: stopper.clone(),
    };
    let recording = run(plan, &search, &stopper, &mut here, kept)
        .await
        .expect("a search");
    let summary = recording.summary(&windows(&recording));
    let analysis = Analysis::of_run(&recording, &summary);
    (recording, analysis)
}

#[tokio::test(start_paused = true)]
async fn explore() {
    for number in 0..50 {
        let queue = Queue::random(number);
        let mut kept = Kept::default();
        let (recording, analysis) = found(queue, &queue.plan("", number), &mut kept).await;
        let ceiling = analysis.capacity.ceiling.as_ref();
        println!(
            "{number:2} {queue:?} X {:.2} found {:.3} knee {:.1} found {:.3} R0err  minutes {:.0} levels {:?}",
            queue.ceiling(),
            ceiling.map_or(0.0, |c| c.rate.value / queue.ceiling()),
            queue.knee(),
            analysis.capacity.knee.map_or(0.0, |k| k.value / queue.knee()),
            recording.end.at.as_secs_f64() / 60.0,
            kept.levels,
        );
        for l in &analysis.levels {
            print!(
                " {}:{:.2}:{:?}:{:.0}s",
                l.load,
                l.rate.value / queue.ceiling(),
                l.trust,
                l.length.unwrap_or(0.0)
            );
        }
        println!();
    }
}
