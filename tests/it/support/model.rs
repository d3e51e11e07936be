//! The service model of the Staff Fee Privilege API, written twice and independently: as a transport on tokio's clock,
//! and as a discrete-event simulation without one. Neither knows of the other, nor of the demo API.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use runner::engine::transport::{Client, Exchange, Request, Transport};

use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::answered;

/// Connections of the database pool.
const POOL: usize = 30;
/// Seconds of an answer that needs no connection.
const REFUSAL: f64 = 0.002;

fn uniform(random: &mut Pcg64Mcg) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Base time of a query in seconds, and its time with `busy` connections in use, itself included.
fn query(whole_term: bool, random: &mut Pcg64Mcg, busy: usize) -> f64 {
    let base = if whole_term {
        0.1 + 0.2 * uniform(random)
    } else {
        0.05 + 0.15 * uniform(random)
    };
    base + 0.207 * (busy as f64 - 1.0) * base.min(0.155)
}

/// The model as a transport.
#[derive(Clone)]
pub(crate) struct ModelTransport {
    state: Rc<State>,
}

struct State {
    pool: Semaphore,
    busy: Cell<usize>,
    random: RefCell<Pcg64Mcg>,
}

impl ModelTransport {
    pub(crate) fn new(seed: u64) -> Self {
        let random = RefCell::new(Pcg64Mcg::seed_from_u64(seed));
        Self {
            state: Rc::new(State {
                pool: Semaphore::new(POOL),
                busy: Cell::new(0),
                random,
            }),
        }
    }
}

impl Transport for ModelTransport {
    type Client = ModelClient;

    fn client(&self) -> ModelClient {
        ModelClient {
            state: Rc::clone(&self.state),
        }
    }
}

pub(crate) struct ModelClient {
    state: Rc<State>,
}

impl Client for ModelClient {
    async fn exchange(&mut self, request: &Request<'_>) -> Exchange {
        let (status, body) = self.answer(request.path).await;
        answered(status, body)
    }
}

impl ModelClient {
    async fn answer(&self, path: &str) -> (StatusCode, String) {
        let whole_term = path.contains("term=");
        if !whole_term && !path.contains("osuId=") && path.ends_with("staff-fee-privilege") {
            sleep(Duration::from_secs_f64(REFUSAL)).await;
            return (StatusCode::BAD_REQUEST, String::new());
        }
        let permit = self.state.pool.acquire().await.expect("the pool is never closed");
        self.state.busy.set(self.state.busy.get() + 1);
        let time = query(
            whole_term,
            &mut self.state.random.borrow_mut(),
            self.state.busy.get(),
        );
        sleep(Duration::from_secs_f64(time)).await;
        self.state.busy.set(self.state.busy.get() - 1);
        drop(permit);
        let body = r#"{"data":[{"id":"931234567-201701"},{"id":"930000001-201701"}]}"#;
        (StatusCode::OK, body.to_owned())
    }
}

/// What the simulation found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// Requests per second.
    pub(crate) throughput: f64,
    /// Mean response time in seconds.
    pub(crate) response: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Thought(usize),
    Refused(usize),
    Queried(usize),
}

/// Time in nanoseconds, so that events have a total order; then a number, so that equal times keep theirs.
type Event = Reverse<(u64, u64, usize, u8)>;

/// The mixed scenario with so many users: `warm` seconds thrown away, `long` seconds counted.
pub(crate) fn simulate(users: usize, warm: f64, long: f64, seed: u64) -> Found {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut events: BinaryHeap<Event> = BinaryHeap::new();
    let mut number = 0;
    let mut at = |events: &mut BinaryHeap<Event>, time: f64, what: What| {
        number += 1;
        let (user, kind) = match what {
            What::Thought(user) => (user, 0),
            What::Refused(user) => (user, 1),
            What::Queried(user) => (user, 2),
        };
        events.push(Reverse(((time * 1e9) as u64, number, user, kind)));
    };
    let mut sent = vec![0.0; users];
    let mut whole_term = vec![false; users];
    let mut waiting: VecDeque<usize> = VecDeque::new();
    let mut busy = 0;
    let (mut count, mut sum) = (0_u64, 0.0);
    for user in 0..users {
        at(&mut events, 0.1 + 4.9 * uniform(&mut random), What::Thought(user));
    }
    while let Some(Reverse((nanos, _, user, kind))) = events.pop() {
        let now = nanos as f64 / 1e9;
        if now > warm + long {
            break;
        }
        if kind == 0 {
            sent[user] = now;
            let task = uniform(&mut random) * 6.0;
            if (4.0..5.0).contains(&task) {
                at(&mut events, now + REFUSAL, What::Refused(user));
                continue;
            }
            whole_term[user] = (2.0..4.0).contains(&task);
            waiting.push_back(user);
        } else {
            if now >= warm {
                count += 1;
                sum += now - sent[user];
            }
            if kind == 2 {
                busy -= 1;
            }
            at(
                &mut events,
                now + 0.1 + 4.9 * uniform(&mut random),
                What::Thought(user),
            );
        }
        while busy < POOL
            && let Some(next) = waiting.pop_front()
        {
            busy += 1;
            let time = query(whole_term[next], &mut random, busy);
            at(&mut events, now + time, What::Queried(next));
        }
    }
    Found {
        throughput: count as f64 / long,
        response: sum / count as f64,
    }
}
