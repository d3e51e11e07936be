//! What can be said of a run before it: the mix, the load over time, how many requests to expect. Data; the CLI prints it.

use std::time::Duration;

use super::think::Think;
use super::{EndpointId, Plan, Step};

/// What can be said of a run before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// One for each endpoint, in the order of the file.
    pub mix: Vec<Share>,
    /// The load at times: the start and the end of every ramp and hold.
    pub load: Vec<LoadPoint>,
    /// The length of all stages.
    pub duration: Duration,
    /// How many requests to expect.
    pub requests: Expected,
}

/// How often an endpoint is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Which endpoint.
    pub endpoint: EndpointId,
    /// Of all iterations: 0 to 1. While a pool is empty, those that need it are out of the draw, and the others more frequent.
    pub iterations: f64,
    /// Of all requests: 0 to 1; a journey has several.
    pub requests: f64,
    /// Requests in one iteration, every condition taken as true.
    pub requests_each: u64,
    /// Names of the pools it waits for.
    pub pools: Vec<String>,
}

/// The load at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadPoint {
    /// Since the start of the load.
    pub at: Duration,
    /// Users (closed model) or iterations per second (open model).
    pub level: f64,
}

/// How many requests to expect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// The arrivals, or the ticks of the pace: so many unless the API or this machine cannot keep up.
    About(u64),
    /// The think time allows so many if the API answered at once; each second of response time takes its part.
    AtMost(u64),
    /// Without think time it is the API that says how many.
    Unknown,
}

impl Preview {
    /// The preview of a plan.
    pub fn of(plan: &Plan) -> Self {
        let all: f64 = plan.endpoints.iter().map(|endpoint| endpoint.weight).sum();
        let each = |number: usize| plan.endpoints[number].steps.iter().map(times).sum::<u64>();
        let share = |number: usize| {
            if all > 0.0 {
                plan.endpoints[number].weight / all
            } else {
                0.0
            }
        };
        let numbers = 0..plan.endpoints.len();
        let per_iteration: f64 = numbers
            .clone()
            .map(|number| share(number) * each(number) as f64)
            .sum();
        let mix = numbers.map(|number| Share {
            endpoint: EndpointId(number as u16),
            iterations: share(number),
            requests: if per_iteration > 0.0 {
                share(number) * each(number) as f64 / per_iteration
            } else {
                0.0
            },
            requests_each: each(number),
            pools: plan.endpoints[number]
                .needs_pools
                .iter()
                .map(|&pool| plan.pools[pool].name.to_string())
                .collect(),
        });
        Self {
            mix: mix.collect(),
            load: load(plan),
            duration: plan.profile.duration(),
            requests: requests(plan, per_iteration),
        }
    }
}

fn times(step: &Step) -> u64 {
    step.repeat.into()
}

fn load(plan: &Plan) -> Vec<LoadPoint> {
    let mut points = Vec::new();
    let mut before = 0.0;
    for (stage, span) in plan.profile.stages.iter().zip(plan.profile.spans()) {
        for (at, level) in [
            (span.start, before),
            (span.hold_start, stage.level),
            (span.end, stage.level),
        ] {
            let point = LoadPoint { at, level };
            if points.last() != Some(&point) {
                points.push(point);
            }
        }
        before = stage.level;
    }
    points
}

fn requests(plan: &Plan, per_iteration: f64) -> Expected {
    if plan.profile.model.is_open() {
        return Expected::About((plan.profile.expected_arrivals() * per_iteration).round() as u64);
    }
    let pause = match plan.think {
        Think::Pace(every) => every,
        other => other.mean().unwrap_or_default(),
    };
    let pauses_in_journeys: f64 = plan
        .mix()
        .map(|(_, endpoint)| endpoint.weight * inner_pause(&endpoint.steps))
        .sum();
    let all: f64 = plan.mix().map(|(_, endpoint)| endpoint.weight).sum();
    let paced = matches!(plan.think, Think::Pace(_));
    let cycle = pause.as_secs_f64()
        + if paced || all <= 0.0 {
            0.0
        } else {
            pauses_in_journeys / all
        };
    if cycle <= 0.0 {
        return Expected::Unknown;
    }
    // Each user begins with an iteration at once, and one more after each pause; `on_start` comes on top.
    let start: u64 = plan
        .on_start
        .iter()
        .map(|id| plan.endpoint(*id).steps.iter().map(times).sum::<u64>())
        .sum();
    let users = plan
        .profile
        .user_events()
        .filter(|event| event.kind == super::profile::UserEventKind::Start)
        .count() as f64;
    let iterations = user_seconds(plan) / cycle + users;
    let count = (iterations * per_iteration + users * start as f64).round() as u64;
    if paced {
        Expected::About(count)
    } else {
        Expected::AtMost(count)
    }
}

/// Seconds of pauses between the steps of one iteration.
fn inner_pause(steps: &[Step]) -> f64 {
    let pause = |step: &Step| {
        step.think
            .and_then(|think| think.mean())
            .unwrap_or_default()
            .as_secs_f64()
            * f64::from(step.repeat)
    };
    steps.iter().map(pause).sum()
}

/// The area under the line of users, in seconds.
fn user_seconds(plan: &Plan) -> f64 {
    let mut before = 0.0;
    let mut area = 0.0;
    for stage in &plan.profile.stages {
        area += f64::midpoint(before, stage.level) * stage.ramp.as_secs_f64()
            + stage.level * stage.hold.as_secs_f64();
        before = stage.level;
    }
    area
}
