//! How much the API can take: the light-load line, the ceiling, the knee, and where it degrades.
//!
//! Asymptotic bounds of a closed system (Denning and Buzen 1978; Lazowska and others, "Quantitative System Performance",
//! 1984, chapter 5): N users bring at most N / (R0 + Z) requests/s, R0 and Z being response and think time without queueing, and
//! at most the ceiling `X_max`. The two lines meet at the knee N* = `X_max` (R0 + Z). An open system has no knee: there the
//! first line is what arrives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::estimate::{Bounds, Estimate, share};
use super::level::{Level, unknown_share};
use super::usl::{Covariance, Usl};

/// A level brings less than this share of what it would without queueing: it is saturated. In the closed model users wait for
/// their responses, so that light queueing shows already.
const SATURATED_CLOSED: f64 = 0.7;
/// The same in the open model, where everything that arrives should be served.
pub(super) const SATURATED_OPEN: f64 = 0.95;
/// Throughputs this near to the highest are on one plateau.
pub(super) const PLATEAU: f64 = 0.9;
/// On a plateau load grows, but throughput by less than this power of it.
const FLAT: f64 = 0.2;
/// Of levels whose highest load is less than so many times their lowest that is asked from the level before them on: so near to
/// each other they tell nothing.
const NARROW: f64 = 1.25;
/// Where more arrive than are served, requests queue at the API, if the limit is there: their response time is so many times as
/// long as at the lowest level.
const QUEUED: f64 = 2.0;
/// A larger share of failures is degradation.
pub const FAILURES: f64 = 0.02;
/// The scalability law is shown where it fits every level as well as this.
const FITS: f64 = 0.05;

/// What the analysis needs to know beside the levels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// Loads are arrivals per second rather than users.
    pub open: bool,
    /// Mean think time, seconds, where it is known.
    pub think: Option<f64>,
    /// Connections of the API's pool, where they are known.
    pub pool_size: Option<u32>,
    /// Requests of an iteration, where they are known.
    pub per_iteration: Option<f64>,
}

/// All levels of one load together: repeats are repeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Users or arrivals per second.
    pub load: f64,
    /// The levels, by their place in order.
    pub levels: Vec<usize>,
    /// Whether it is of levels that can be relied on.
    pub trusted: bool,
    /// Requests per second.
    pub rate: Estimate,
    /// What counts as throughput: all requests, or successes where more than [`FAILURES`] failed.
    pub served: Estimate,
    /// Failed share.
    pub failure_share: Estimate,
    /// Cycles that it was measured for: how much it says.
    pub cycles: f64,
    /// Mean response time, seconds.
    pub mean: Option<Estimate>,
    /// Completed requests, failed ones too, as a share of what there would be without queueing.
    pub efficiency: Option<f64>,
    /// Thresholds of the scenario that it breaks.
    pub broken: Vec<String>,
}

/// The line that throughput follows without queueing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum Light {
    /// X = N / (R0 + Z).
    Closed {
        /// The load that R0 was measured at.
        load: f64,
        /// R0, seconds.
        response: Estimate,
        /// Z, seconds.
        think: f64,
    },
    /// X = requests of an iteration × arrivals.
    Open {
        /// The load that they were counted at.
        load: f64,
        /// Requests of an iteration.
        requests: f64,
    },
}

/// The most that is served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ceiling {
    /// Requests per second: mean over the plateau.
    pub rate: Estimate,
    /// The lowest and the highest of the plateau's steps.
    pub range: (f64, f64),
    /// The plateau's loads, ascending.
    pub loads: Vec<f64>,
    /// Whether some of it counts successes only.
    pub successes: bool,
    /// Requests per second for each connection of the pool.
    pub per_connection: Option<Estimate>,
}

/// Why a step is degraded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// It brings so small a share of what it would without queueing.
    Throughput {
        /// The share.
        share: f64,
    },
    /// So many fail.
    Failures {
        /// The share.
        share: Estimate,
    },
    /// It breaks a threshold of the scenario.
    Threshold {
        /// As written there.
        text: String,
    },
}

/// The scalability law, where it fits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scaling {
    /// The law.
    pub law: Usl,
    /// Largest relative residual.
    pub residual: f64,
    /// Levels it rests on.
    pub points: usize,
    /// Covariance of λ, σ and κ, rows and columns in this order: how far the fit may be off, by its residuals. `None` where the
    /// levels do not tell.
    #[serde(default)]
    pub covariance: Option<Covariance>,
    /// Highest number of requests in flight that was measured.
    pub measured_to: f64,
    /// Where throughput is highest, in requests in flight: only where κ's interval excludes 0 and it lies no further than
    /// twice beyond what was measured.
    pub peak: Option<f64>,
}

impl Scaling {
    /// Throughput of the law with so many requests in flight, per second. Its interval is that of this place by itself.
    pub fn throughput(&self, in_flight: f64) -> Estimate {
        match &self.covariance {
            Some(covariance) => self.law.estimate(in_flight, covariance, self.points),
            None => Estimate::bare(self.law.throughput(in_flight)),
        }
    }
}

/// What the levels say about the capacity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Capacity {
    /// Loads, ascending.
    pub steps: Vec<Step>,
    /// The line without queueing.
    pub light: Option<Light>,
    /// The most that is served, where it was reached.
    pub ceiling: Option<Ceiling>,
    /// Users at which the two bounds meet (closed model).
    pub knee: Option<Estimate>,
    /// The first degraded step (its place in `steps`), and why.
    pub degraded: Option<(usize, Vec<Cause>)>,
    /// The last step before it; the highest of all where none is degraded.
    pub sound: Option<usize>,
    /// The highest step up to which every threshold of the scenario holds; `None` where none does.
    pub within_thresholds: Option<usize>,
    /// The scalability law.
    pub scaling: Option<Scaling>,
}

impl Capacity {
    /// From levels in any order.
    pub fn of(levels: &[Level], context: &Context) -> Self {
        let mut steps = steps(levels);
        let light = light(levels, &steps, context);
        for step in &mut steps {
            let expected = light.map(|light| light.throughput(step.load));
            step.efficiency = expected
                .filter(|most| *most > 0.0)
                .map(|most| step.rate.value / most);
        }
        let ceiling = ceiling(&steps, context);
        let knee = ceiling.as_ref().and_then(|ceiling| knee(ceiling, light?));
        let degraded = steps.iter().enumerate().find_map(|(place, step)| {
            let causes = causes(step, context);
            (step.trusted && !causes.is_empty()).then_some((place, causes))
        });
        let before = |end: usize| (0..end).rev().find(|place| steps[*place].trusted);
        let sound = before(degraded.as_ref().map_or(steps.len(), |(place, _)| *place));
        let broken = steps
            .iter()
            .position(|step| step.trusted && !step.broken.is_empty());
        Self {
            within_thresholds: before(broken.unwrap_or(steps.len())),
            scaling: scaling(levels),
            light,
            ceiling,
            knee,
            degraded,
            sound,
            steps,
        }
    }
}

impl Light {
    /// Requests per second at a load.
    pub fn throughput(&self, load: f64) -> f64 {
        match self {
            Self::Closed { response, think, .. } => load / (response.value + think),
            Self::Open { requests, .. } => load * requests,
        }
    }
}

fn steps(levels: &[Level]) -> Vec<Step> {
    let mut places: Vec<usize> = (0..levels.len())
        .filter(|place| levels[*place].requests > 0 || levels[*place].rate.value > 0.0)
        .collect();
    places.sort_by(|a, b| levels[*a].load.total_cmp(&levels[*b].load));
    let same = |a: &usize, b: &usize| levels[*a].load.total_cmp(&levels[*b].load).is_eq();
    places.chunk_by(same).map(|group| step(levels, group)).collect()
}

/// One load: of its levels that can be relied on, or of all where none can.
fn step(levels: &[Level], group: &[usize]) -> Step {
    let trusted: Vec<&Level> = group
        .iter()
        .map(|place| &levels[*place])
        .filter(|level| level.is_trusted())
        .collect();
    let is_trusted = !trusted.is_empty();
    let used = if is_trusted {
        trusted
    } else {
        group.iter().map(|place| &levels[*place]).collect()
    };
    let weighted = |of: fn(&Level) -> Option<Estimate>| {
        mean(
            &used
                .iter()
                .filter_map(|level| Some((of(level)?, weight(level))))
                .collect::<Vec<_>>(),
        )
    };
    let (requests, failures) = used.iter().fold((0, 0), |(requests, failures), level| {
        (requests + level.requests, failures + level.failures)
    });
    let failure_share = match used[..] {
        [one] => one.failure_share,
        _ if requests > 0 => share(failures as f64, requests as f64),
        _ => worst_share(&used),
    };
    let rate = weighted(|level| Some(level.rate)).unwrap_or(Estimate::bare(0.0));
    let mut broken: Vec<String> = Vec::new();
    for text in used.iter().flat_map(|level| &level.broken) {
        if !broken.contains(text) {
            broken.push(text.clone());
        }
    }
    Step {
        load: levels[group[0]].load,
        levels: group.to_vec(),
        trusted: is_trusted,
        served: if failure_share.value > FAILURES {
            rate.times(1.0 - failure_share.value)
        } else {
            rate
        },
        rate,
        failure_share,
        cycles: used.iter().map(|level| weight(level)).sum(),
        mean: weighted(|level| level.mean),
        efficiency: None,
        broken,
    }
}

/// Of repeats whose requests are not counted: the largest share.
fn worst_share(levels: &[&Level]) -> Estimate {
    let shares = levels.iter().map(|level| level.failure_share);
    shares
        .max_by(|a, b| a.value.total_cmp(&b.value))
        .unwrap_or(unknown_share())
}

/// How much a level says: the cycles that it was measured for, as the error of its figures falls with them.
fn weight(level: &Level) -> f64 {
    match (level.length, level.cycle()) {
        (Some(length), Some(cycle)) if length > 0.0 && cycle > 0.0 => length / cycle,
        _ => 1.0,
    }
}

/// The weighted mean. Its error is that of its parts, made larger where they differ by more than their errors explain (the scale
/// factor of the Particle Data Group, "Review of Particle Physics", section 5.2.2).
fn mean(parts: &[(Estimate, f64)]) -> Option<Estimate> {
    let total: f64 = parts.iter().map(|(_, weight)| weight).sum();
    if parts.is_empty() || total <= 0.0 {
        return None;
    }
    if let [(one, _)] = parts {
        return Some(*one);
    }
    let value = parts
        .iter()
        .map(|(part, weight)| part.value * weight)
        .sum::<f64>()
        / total;
    let half = parts
        .iter()
        .map(|(part, weight)| Some((part.interval?.half_width(), weight / total)))
        .collect::<Option<Vec<_>>>()
        .map(|halves| {
            let own = halves
                .iter()
                .map(|(half, share)| (half * share).powi(2))
                .sum::<f64>()
                .sqrt();
            let excess = parts.iter().zip(&halves).map(|((part, _), (half, _))| {
                if *half > 0.0 {
                    ((part.value - value) / (half / 1.96)).powi(2)
                } else {
                    0.0
                }
            });
            own * (excess.sum::<f64>() / (parts.len() - 1) as f64).sqrt().max(1.0)
        });
    Some(Estimate {
        value,
        interval: half.map(|half| Bounds {
            low: (value - half).max(0.0),
            high: value + half,
        }),
    })
}

/// The line of the lowest load that can be relied on.
fn light(levels: &[Level], steps: &[Step], context: &Context) -> Option<Light> {
    let lowest = steps.iter().find(|step| step.trusted)?;
    if context.open {
        return Some(Light::Open {
            load: lowest.load,
            requests: context.per_iteration.unwrap_or(lowest.rate.value / lowest.load),
        });
    }
    let response = lowest.mean?;
    let measured = lowest.levels.iter().find_map(|place| levels[*place].think);
    // What a user does not spend waiting for responses, it thinks.
    let left = lowest.load / lowest.rate.value - response.value;
    let think = measured.or(context.think).unwrap_or(left.max(0.0));
    Some(Light::Closed {
        load: lowest.load,
        response,
        think,
    })
}

/// Whether a throughput of the step falls short of that without queueing. Arrivals at random are by chance fewer than planned,
/// so in the open model all of its interval must.
fn falls_short(step: &Step, throughput: &Estimate, open: bool) -> bool {
    let (limit, found) = if open {
        (SATURATED_OPEN, throughput.high())
    } else {
        (SATURATED_CLOSED, throughput.value)
    };
    let rate = step.rate.value;
    step.efficiency
        .is_some_and(|efficiency| rate > 0.0 && efficiency * found / rate < limit)
}

/// Whether requests are not completed as fast as they come.
fn is_saturated(step: &Step, context: &Context) -> bool {
    falls_short(step, &step.rate, context.open)
}

fn causes(step: &Step, context: &Context) -> Vec<Cause> {
    let mut causes = Vec::new();
    if let Some(share) = step.efficiency.filter(|_| is_saturated(step, context)) {
        causes.push(Cause::Throughput { share });
    }
    if step.failure_share.low() > FAILURES {
        causes.push(Cause::Failures {
            share: step.failure_share,
        });
    }
    causes.extend(
        step.broken
            .iter()
            .map(|text| Cause::Threshold { text: text.clone() }),
    );
    causes
}

/// The mean over the plateau: the steps around the highest that come near it, saturated ones and those before them that bring no
/// less. A single one is a plateau only where the load grew and throughput hardly did.
fn ceiling(steps: &[Step], context: &Context) -> Option<Ceiling> {
    let trusted: Vec<&Step> = steps.iter().filter(|step| step.trusted).collect();
    let saturated = |place: &usize| falls_short(trusted[*place], &trusted[*place].served, context.open);
    let served = |place: usize| trusted[place].served.value;
    let most = |a: &usize, b: &usize| served(*a).total_cmp(&served(*b));
    let highest_saturated = (0..trusted.len()).filter(saturated).max_by(most)?;
    // A lower step that is not saturated may bring more still: throughput has a peak there.
    let highest = (0..=highest_saturated).max_by(most)?;
    // More load than at the highest, and no more served: there is no slope left.
    let near = |place: &usize| {
        (*place >= highest || saturated(place) || served(*place) >= served(highest_saturated))
            && served(*place) >= PLATEAU * served(highest)
    };
    let first = (0..=highest).rev().take_while(near).last()?;
    let last = (highest..trusted.len()).take_while(near).last()?;
    let plateau = &trusted[first..=last];
    if !is_flat(&trusted, first, last, context) {
        return None;
    }
    // Steps without an interval say less, and not how much less: they count where there are no others.
    let sure = plateau.iter().any(|step| step.served.interval.is_some());
    let parts: Vec<_> = plateau
        .iter()
        .filter(|step| !sure || step.served.interval.is_some())
        .map(|step| (step.served, step.cycles))
        .collect();
    let rate = mean(&parts)?;
    let values = || plateau.iter().map(|step| step.served.value);
    let pool = context.pool_size.filter(|size| *size > 0);
    Some(Ceiling {
        rate,
        range: (
            values().fold(f64::INFINITY, f64::min),
            values().fold(0.0, f64::max),
        ),
        loads: plateau.iter().map(|step| step.load).collect(),
        successes: plateau.iter().any(|step| step.failure_share.value > FAILURES),
        per_connection: pool.map(|size| rate.times(1.0 / f64::from(size))),
    })
}

/// Whether steps that are near to each other are a plateau rather than a part of a slope.
fn is_flat(trusted: &[&Step], first: usize, last: usize, context: &Context) -> bool {
    let (lowest, highest) = (trusted[0], trusted[last]);
    if context.open && is_saturated(highest, context) {
        // What arrives and is not completed is the limit's doing, if there is a level below it to compare with.
        return !is_saturated(lowest, context);
    }
    let lower = if highest.load >= NARROW * trusted[first].load {
        Some(first)
    } else {
        first.checked_sub(1)
    };
    let Some(lower) = lower.map(|place| trusted[place]) else {
        return false;
    };
    (highest.served.value / lower.served.value).ln() <= FLAT * (highest.load / lower.load).ln()
}

/// The levels of an open model at which the generator's own users were the limit: less was completed than arrived, but the API
/// answered hardly later than at the lowest level, which it kept up with.
pub fn short_of_users(levels: &[Level], context: &Context) -> Vec<usize> {
    let steps = steps(levels);
    let Some(light) = light(levels, &steps, context).filter(|_| context.open) else {
        return Vec::new();
    };
    let short = |level: &Level| level.rate.high() < SATURATED_OPEN * light.throughput(level.load);
    let Some(lowest) = ascending_trusted(levels).next().filter(|lowest| !short(lowest)) else {
        return Vec::new();
    };
    let queued = |level: &Level| {
        level
            .mean
            .zip(lowest.mean)
            .is_none_or(|(here, there)| here.value >= QUEUED * there.value)
    };
    (0..levels.len())
        .filter(|place| {
            let level = &levels[*place];
            level.is_trusted() && level.failure_share.value <= FAILURES && short(level) && !queued(level)
        })
        .collect()
}

fn ascending_trusted(levels: &[Level]) -> impl Iterator<Item = &Level> {
    let mut sorted: Vec<&Level> = levels.iter().filter(|level| level.is_trusted()).collect();
    sorted.sort_by(|a, b| a.load.total_cmp(&b.load));
    sorted.into_iter()
}

/// N* = `X_max` (R0 + Z); the errors of the ceiling and of R0 are independent.
fn knee(ceiling: &Ceiling, light: Light) -> Option<Estimate> {
    let Light::Closed {
        load,
        response,
        think,
    } = light
    else {
        return None;
    };
    // A lowest level that reaches the ceiling already does not tell what a request takes without queueing, but that of one user,
    // who waits for nobody.
    if load > 1.0 && ceiling.loads.contains(&load) {
        return None;
    }
    let cycle = response.value + think;
    let value = ceiling.rate.value * cycle;
    let relative = |half: Option<Bounds>, of: f64| Some(half?.half_width() / of);
    let half = relative(ceiling.rate.interval, ceiling.rate.value)
        .zip(relative(response.interval, cycle))
        .map(|(one, other)| value * one.hypot(other));
    Some(Estimate {
        value,
        interval: half.map(|half| Bounds {
            low: value - half,
            high: value + half,
        }),
    })
}

/// The law through every level that can be relied on, where it fits.
fn scaling(levels: &[Level]) -> Option<Scaling> {
    let points: Vec<(f64, f64)> = levels
        .iter()
        .filter(|level| level.is_trusted() && level.failure_share.value <= FAILURES)
        .filter_map(|level| {
            let rate = level.rate.value;
            Some((level.in_flight.or(Some(rate * level.mean?.value))?, rate))
        })
        .collect();
    let law = Usl::fit(&points)?;
    let residual = law.worst_residual(&points);
    if residual > FITS {
        return None;
    }
    let measured_to = points.iter().map(|(in_flight, _)| *in_flight).fold(0.0, f64::max);
    let shown = law.kappa_interval(&points).is_some_and(|kappa| kappa.low > 0.0);
    Some(Scaling {
        law,
        residual,
        points: points.len(),
        covariance: law.covariance(&points),
        measured_to,
        peak: law.peak().filter(|peak| shown && *peak <= 2.0 * measured_to),
    })
}
