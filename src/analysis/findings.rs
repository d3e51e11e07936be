//! Findings: each a rule that fires or not, with the figures that it rests on. `report::findings` says them in words.
//!
//! The order is that of a reader's questions: what is not used, how much it takes, up to where it is sound, what gives first,
//! who fails, what to try next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bursts::Bursts;
use super::capacity::{Capacity, Cause, Ceiling, Context, FAILURES, Light, Scaling, Step};
use super::culprits::{Culprit, FirstSeen};
use super::estimate::Estimate;
use super::level::{Level, Trust};
use super::levels::law;
use super::search::Searched;

/// Throughput known less well than this (half of its interval, as a share) is said to be uncertain.
const UNCERTAIN: f64 = 0.1;
/// A table that misses the response time law by more than this is told of it.
const LAW: f64 = 0.1;
/// Between a sound level and a degraded one that is so many times as high, the limit is not known well.
const GAP: f64 = 1.5;

/// One sentence of the analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Finding {
    /// Levels whose figures are not used, and why.
    NotUsed {
        /// Loads, ascending, repeats once.
        loads: Vec<f64>,
        /// How many levels, repeats counted.
        levels: usize,
        /// The reason of the first.
        why: Trust,
    },
    /// How a search for the capacity went.
    Searched(Searched),
    /// A table whose users do not come to X (R + Z) everywhere: a caveat, as its figures may be of different times.
    Law {
        /// Levels that miss it by more than a tenth.
        missed: usize,
        /// Of so many.
        of: usize,
        /// The load that misses it most.
        load: f64,
        /// X (R + Z) there.
        accounted: f64,
    },
    /// Response times rose or fell during the hold.
    Drift {
        /// The load.
        load: f64,
        /// Mean response time at the beginning of the hold, seconds, by a straight line.
        from: f64,
        /// At its end.
        to: f64,
    },
    /// Failures came in bursts.
    Bursts {
        /// The load with most failures among those that had bursts.
        load: f64,
        /// What they were like.
        bursts: Bursts,
    },
    /// Throughput stops growing.
    Ceiling(Ceiling),
    /// It does not, as far as was measured.
    NoCeiling {
        /// The highest load.
        load: f64,
        /// Throughput there.
        rate: Estimate,
        /// As a share of what it would be without queueing.
        efficiency: f64,
        /// Failed share, where it is beyond the limit.
        failing: Option<f64>,
    },
    /// It grows up to a load and then falls: the limit lies between.
    Highest {
        /// The load with most.
        load: f64,
        /// Throughput there.
        rate: Estimate,
        /// The next higher load.
        next: f64,
        /// Throughput there.
        fallen: Estimate,
    },
    /// One load alone says nothing about limits.
    OneLevel {
        /// The load.
        load: f64,
        /// Throughput there.
        rate: Estimate,
        /// Mean response time, seconds.
        mean: Estimate,
        /// Failed share.
        failure_share: Estimate,
    },
    /// Beyond the ceiling throughput falls.
    Falls {
        /// The load.
        load: f64,
        /// Throughput there.
        rate: Estimate,
        /// The ceiling.
        ceiling: f64,
    },
    /// Where the two bounds meet.
    Knee {
        /// Users.
        users: Estimate,
        /// Requests per second.
        ceiling: f64,
        /// R0, seconds.
        response: f64,
        /// Z, seconds.
        think: f64,
        /// Whether the ceiling counts successes only: beyond it requests fail rather than wait.
        successes: bool,
    },
    /// The highest load that is not degraded.
    Sound {
        /// The load.
        load: f64,
        /// Mean response time, seconds.
        mean: Estimate,
        /// Failed share.
        failure_share: Estimate,
        /// Whether it is the highest that was measured.
        highest: bool,
    },
    /// The first load that is.
    Degraded {
        /// The load.
        load: f64,
        /// Why.
        causes: Vec<Cause>,
        /// Mean response time, seconds.
        mean: Option<Estimate>,
        /// That of the sound load before it, if any.
        before: Option<f64>,
    },
    /// The highest load up to which every threshold of the scenario holds; `None`: not even the lowest.
    WithinThresholds {
        /// The load.
        load: Option<f64>,
        /// The load of the knee, if known.
        knee: Option<f64>,
    },
    /// Failures grow with the load.
    FailuresGrow {
        /// The highest load whose failed share stays under the limit, and the share.
        below: Option<(f64, f64)>,
        /// The loads above it with their shares, ascending.
        above: Vec<(f64, f64)>,
    },
    /// Repeats of a load fail the more the more requests they made.
    FailuresGrowWithRequests {
        /// The load.
        load: f64,
        /// Requests, failed ones included, and the failed share of each repeat, ascending.
        repeats: Vec<(u64, f64)>,
    },
    /// An endpoint with more failures than its share.
    Culprit(Culprit),
    /// A failure type and where it began.
    FirstSeen(FirstSeen),
    /// The scalability law fits.
    Scaling(Scaling),
    /// A throughput that is not known well.
    Uncertain {
        /// The load.
        load: f64,
        /// Throughput.
        rate: Estimate,
    },
    /// Holds too short for an interval.
    NoInterval {
        /// Loads, ascending.
        loads: Vec<f64>,
        /// The hold that all of them would need, seconds.
        needed: f64,
    },
    /// What to try next.
    Next(Next),
}

impl Finding {
    /// Whether it is for those who want to know more, or what to do now, rather than a result.
    pub fn is_detail(&self) -> bool {
        matches!(
            self,
            Self::Scaling(_) | Self::Uncertain { .. } | Self::NoInterval { .. } | Self::Next(_)
        )
    }
}

/// What to try next; each becomes a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Next {
    /// Higher loads, until throughput stops growing.
    Higher {
        /// Loads.
        loads: Vec<f64>,
    },
    /// Loads between the last sound and the first degraded one.
    Between {
        /// Loads.
        loads: Vec<f64>,
    },
    /// Lower loads: even the lowest is degraded or at the ceiling, so R0 is not known.
    Lower {
        /// Loads.
        loads: Vec<f64>,
        /// It fails, but not for want of throughput.
        failing: bool,
    },
    /// Loads on both sides of the only one.
    Around {
        /// Loads.
        loads: Vec<f64>,
    },
    /// The same load for longer: response times changed within the hold.
    Again {
        /// Loads.
        loads: Vec<f64>,
        /// Seconds.
        hold: f64,
    },
    /// A search that goes further.
    Search {
        /// Its highest level.
        at_most: f64,
    },
    /// Longer holds.
    Longer {
        /// Loads.
        loads: Vec<f64>,
        /// Seconds.
        hold: f64,
    },
}

/// All findings of some levels, in order.
pub fn findings(levels: &[Level], capacity: &Capacity, context: &Context) -> Vec<Finding> {
    let mut all = Vec::new();
    all.extend(not_used(levels));
    all.extend(law_missed(levels));
    all.extend(drifts(levels));
    all.extend(limit(levels, capacity));
    all.extend(bounds(capacity));
    all.extend(thresholds(levels, capacity));
    all.extend(failures(capacity));
    all.extend(growing_repeats(levels, capacity));
    all.extend(bursts(levels));
    all.extend(capacity.scaling.map(Finding::Scaling));
    all.extend(uncertain(capacity, context));
    all.extend(no_interval(levels));
    all.extend(next(levels, capacity, context).map(Finding::Next));
    all
}

/// Levels left out, those of one reason together.
fn not_used(levels: &[Level]) -> Vec<Finding> {
    let mut all: Vec<(std::mem::Discriminant<Trust>, Finding)> = Vec::new();
    for level in ascending(levels).filter(|level| !level.is_trusted()) {
        let kind = std::mem::discriminant(&level.trust);
        match all.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, Finding::NotUsed { loads, levels, .. })) => {
                push(loads, level.load);
                *levels += 1;
            }
            _ => all.push((
                kind,
                Finding::NotUsed {
                    loads: vec![level.load],
                    levels: 1,
                    why: level.trust.clone(),
                },
            )),
        }
    }
    all.into_iter().map(|(_, finding)| finding).collect()
}

/// Only of tables: a run knows its requests in flight, and has the law among what it trusts its levels by.
fn law_missed(levels: &[Level]) -> Option<Finding> {
    let all: Vec<(f64, &Level, f64)> = levels
        .iter()
        .filter(|level| level.in_flight.is_none() && level.users > 0.0)
        .filter_map(|level| {
            let accounted = law(level)?;
            Some(((accounted / level.users - 1.0).abs(), level, accounted))
        })
        .collect();
    let missed = all.iter().filter(|(miss, ..)| *miss > LAW).count();
    let (_, worst, accounted) = all.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    (missed > 0).then_some(Finding::Law {
        missed,
        of: all.len(),
        load: worst.load,
        accounted: *accounted,
    })
}

fn ascending(levels: &[Level]) -> impl Iterator<Item = &Level> {
    let mut sorted: Vec<&Level> = levels.iter().collect();
    sorted.sort_by(|a, b| a.load.total_cmp(&b.load));
    sorted.into_iter()
}

fn push(loads: &mut Vec<f64>, load: f64) {
    if loads.last().is_none_or(|last| last.total_cmp(&load).is_ne()) {
        loads.push(load);
    }
}

fn drifts(levels: &[Level]) -> impl Iterator<Item = Finding> {
    ascending(levels).filter_map(|level| {
        let (from, to) = level.drift?;
        Some(Finding::Drift {
            load: level.load,
            from,
            to,
        })
    })
}

/// The ceiling, or why there is none.
fn limit(levels: &[Level], capacity: &Capacity) -> Vec<Finding> {
    let trusted: Vec<&Step> = capacity.steps.iter().filter(|step| step.trusted).collect();
    let Some(ceiling) = &capacity.ceiling else {
        // Where response times rise with time, what a later level brings does not tell what its load does.
        let slower = |level: &Level| level.drift.is_some_and(|(from, to)| from < to);
        let tells = trusted.len() < 2 || !levels.iter().any(slower);
        return no_limit(&trusted).filter(|_| tells).into_iter().collect();
    };
    let beyond = ceiling.loads.last().copied().unwrap_or(f64::INFINITY);
    let fallen = trusted
        .iter()
        .find(|step| step.load > beyond && step.served.high() < ceiling.rate.value);
    let falls = fallen.map(|step| Finding::Falls {
        load: step.load,
        rate: step.served,
        ceiling: ceiling.rate.value,
    });
    [Some(Finding::Ceiling(ceiling.clone())), falls]
        .into_iter()
        .flatten()
        .collect()
}

fn no_limit(trusted: &[&Step]) -> Option<Finding> {
    match trusted {
        [] => None,
        [one] => Some(Finding::OneLevel {
            load: one.load,
            rate: one.rate,
            mean: one.mean?,
            failure_share: one.failure_share,
        }),
        [.., highest] => fallen(trusted).or(Some(Finding::NoCeiling {
            load: highest.load,
            rate: highest.rate,
            efficiency: highest.efficiency?,
            failing: Some(highest.failure_share)
                .filter(|share| share.low() > FAILURES)
                .map(|share| share.value),
        })),
    }
}

/// Where the most is served at a load below the highest, and significantly less at the next.
fn fallen(trusted: &[&Step]) -> Option<Finding> {
    let rate = |place: &usize| trusted[*place].served.value;
    let most = (0..trusted.len()).max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let (top, next) = (trusted[most], trusted.get(most + 1)?);
    (next.served.high() < top.served.low()).then_some(Finding::Highest {
        load: top.load,
        rate: top.served,
        next: next.load,
        fallen: next.served,
    })
}

/// The knee, the last sound and the first degraded load.
fn bounds(capacity: &Capacity) -> Vec<Finding> {
    let mut all = Vec::new();
    let steps = &capacity.steps;
    if let (Some(users), Some(Light::Closed { response, think, .. }), Some(ceiling)) =
        (capacity.knee, capacity.light, &capacity.ceiling)
    {
        all.push(Finding::Knee {
            users,
            ceiling: ceiling.rate.value,
            response: response.value,
            think,
            successes: ceiling.successes,
        });
    }
    let sound = capacity.sound.map(|place| &steps[place]);
    let several = steps.iter().filter(|step| step.trusted).count() > 1;
    if let Some(step) = sound.filter(|_| several)
        && let Some(mean) = step.mean
    {
        all.push(Finding::Sound {
            load: step.load,
            mean,
            failure_share: step.failure_share,
            highest: capacity.degraded.is_none(),
        });
    }
    if let Some((place, causes)) = &capacity.degraded {
        all.push(Finding::Degraded {
            load: steps[*place].load,
            causes: causes.clone(),
            mean: steps[*place].mean,
            before: sound.and_then(|step| Some(step.mean?.value)),
        });
    }
    all
}

fn thresholds(levels: &[Level], capacity: &Capacity) -> Option<Finding> {
    levels
        .iter()
        .any(|level| !level.broken.is_empty())
        .then(|| Finding::WithinThresholds {
            load: capacity.within_thresholds.map(|place| capacity.steps[place].load),
            knee: capacity.knee.map(|knee| knee.value),
        })
}

/// Failures are counts, so that levels which are not steady tell of them too.
fn failures(capacity: &Capacity) -> Option<Finding> {
    let shares: Vec<(f64, f64)> = capacity
        .steps
        .iter()
        .map(|step| (step.load, step.failure_share.value))
        .collect();
    let first = capacity
        .steps
        .iter()
        .position(|step| step.failure_share.low() > FAILURES)?;
    // One load alone does not grow.
    (shares.len() > 1).then(|| Finding::FailuresGrow {
        below: first.checked_sub(1).map(|place| shares[place]),
        above: shares[first..].to_vec(),
    })
}

/// Three repeats or more of a load whose failed share grows strictly with the number of requests.
fn growing_repeats(levels: &[Level], capacity: &Capacity) -> Vec<Finding> {
    let grows = |step: &Step| {
        let mut repeats: Vec<(u64, f64)> = step
            .levels
            .iter()
            .map(|place| (levels[*place].requests, levels[*place].failure_share.value))
            .collect();
        repeats.sort_by_key(|repeat| repeat.0);
        let strictly = repeats.len() >= 3
            && repeats
                .windows(2)
                .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1)
            && repeats.last().is_some_and(|last| last.1 > FAILURES);
        strictly.then_some(Finding::FailuresGrowWithRequests {
            load: step.load,
            repeats,
        })
    };
    capacity.steps.iter().filter_map(grows).collect()
}

fn bursts(levels: &[Level]) -> Option<Finding> {
    let found = levels.iter().filter_map(|level| Some((level, level.bursts?)));
    let (level, bursts) = found.max_by_key(|(level, _)| level.failures)?;
    Some(Finding::Bursts {
        load: level.load,
        bursts,
    })
}

/// Where the API keeps up with an open model, throughput varies because arrivals do: that says nothing of the API.
fn uncertain(capacity: &Capacity, context: &Context) -> impl Iterator<Item = Finding> {
    let kept_up = |step: &Step| {
        context.open
            && step
                .efficiency
                .is_some_and(|efficiency| efficiency > 1.0 - UNCERTAIN)
    };
    let wide = move |step: &&Step| {
        let half = step.rate.interval.map_or(0.0, |interval| interval.half_width());
        step.trusted && half > UNCERTAIN * step.rate.value && !kept_up(step)
    };
    let chosen = capacity.steps.iter().filter(wide);
    chosen.map(|step| Finding::Uncertain {
        load: step.load,
        rate: step.rate,
    })
}

/// Levels of a run (their length is known, tables know it only nearly) that hold fewer than ten cycles.
fn no_interval(levels: &[Level]) -> Option<Finding> {
    let (mut loads, mut needed) = (Vec::new(), 0.0_f64);
    for level in ascending(levels).filter(|level| level.is_trusted() && level.in_flight.is_some()) {
        if let (None, Some(cycle), Some(length)) = (level.rate.interval, level.cycle(), level.length)
            && length < f64::from(super::blocks::FEWEST) * cycle
        {
            push(&mut loads, level.load);
            needed = needed.max(f64::from(super::blocks::FEWEST) * cycle);
        }
    }
    (!loads.is_empty()).then_some(Finding::NoInterval { loads, needed })
}

/// The one thing that would tell most.
fn next(levels: &[Level], capacity: &Capacity, context: &Context) -> Option<Next> {
    let steps = &capacity.steps;
    let lowest = steps.iter().find(|step| step.trusted).map(|step| step.load);
    if let (Some(ceiling), Some(lowest)) = (&capacity.ceiling, lowest)
        && ceiling.loads.contains(&lowest)
    {
        let (loads, failing) = (lower(lowest), false);
        return (!loads.is_empty()).then_some(Next::Lower { loads, failing });
    }
    if let Some((place, causes)) = &capacity.degraded {
        let degraded = steps[*place].load;
        let Some(sound) = capacity.sound.map(|sound| steps[sound].load) else {
            let loads = lower(degraded);
            let failing = !causes
                .iter()
                .any(|cause| matches!(cause, Cause::Throughput { .. }));
            return (!loads.is_empty()).then_some(Next::Lower { loads, failing });
        };
        if degraded > GAP * sound {
            return Some(Next::Between {
                loads: between(sound, degraded, capacity.knee),
            });
        }
    }
    let unknown = capacity.ceiling.is_none() && capacity.degraded.is_none();
    let highest = steps.last().filter(|_| unknown);
    // What is not known of a low level is of less use than what there is beyond the highest.
    let reached = highest.is_some_and(|highest| highest.trusted);
    let several = steps.iter().filter(|step| step.trusted).count() > 1;
    if let Some(again) = again(levels) {
        return Some(again);
    }
    if let Some(longer) = longer(levels).filter(|_| !(reached && several)) {
        return Some(longer);
    }
    let highest = highest.filter(|highest| highest.trusted)?.load;
    if !several {
        let loads = [highest / 4.0, highest, highest * 2.0].map(whole);
        return Some(Next::Around {
            loads: loads.into_iter().filter(|load| *load >= 1.0).collect(),
        });
    }
    let factor = if context.open { 1.5 } else { 2.0 };
    Some(Next::Higher {
        loads: vec![whole(highest * factor), whole(highest * factor * factor)],
    })
}

/// Levels that can be relied on, but whose response times changed within the hold: for twice as long.
fn again(levels: &[Level]) -> Option<Next> {
    let (mut loads, mut hold) = (Vec::new(), 0.0_f64);
    for level in ascending(levels).filter(|level| level.is_trusted() && level.drift.is_some()) {
        push(&mut loads, level.load);
        hold = hold.max(2.0 * level.length.unwrap_or(0.0));
    }
    (!loads.is_empty() && hold > 0.0).then(|| Next::Again {
        loads,
        hold: (hold / 30.0).ceil() * 30.0,
    })
}

/// The first level that is too short, or has no interval: all of those with the hold of the longest.
fn longer(levels: &[Level]) -> Option<Next> {
    let (mut loads, mut hold) = (Vec::new(), 0.0_f64);
    for level in ascending(levels) {
        let needed = match &level.trust {
            Trust::TooShort { needed, .. } => *needed,
            // Twice what did not do.
            Trust::NotSteady | Trust::LawMissed { .. } => 2.0 * level.length.unwrap_or(0.0),
            _ => continue,
        };
        push(&mut loads, level.load);
        hold = hold.max(needed);
    }
    (!loads.is_empty() && hold > 0.0).then(|| Next::Longer {
        loads,
        hold: (hold / 30.0).ceil() * 30.0,
    })
}

fn lower(load: f64) -> Vec<f64> {
    let mut loads = Vec::new();
    for part in [8.0, 4.0, 2.0] {
        let lower = whole(load / part);
        if lower >= 1.0 && lower < load {
            push(&mut loads, lower);
        }
    }
    loads
}

/// Three loads in equal ratios, with the knee in place of the nearest where it lies between.
fn between(sound: f64, degraded: f64, knee: Option<Estimate>) -> Vec<f64> {
    let ratio = (degraded / sound).powf(0.25);
    let mut loads: Vec<f64> = (1..4).map(|power| whole(sound * ratio.powi(power))).collect();
    if let Some(knee) = knee
        .map(|knee| whole(knee.value))
        .filter(|knee| sound < *knee && *knee < degraded)
    {
        loads.push(knee);
    }
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    loads.retain(|load| sound < *load && *load < degraded);
    loads
}

/// To two digits, as a person would choose it.
fn whole(load: f64) -> f64 {
    let step = 10_f64.powf((load.log10().floor() - 1.0).max(0.0));
    (load / step).round() * step
}
