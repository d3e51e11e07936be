//! The exact answers of those queues.

use super::queue::{Queue, Source};

/// What a long run would find.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact {
    /// Requests per second.
    pub(super) rate: f64,
    /// Mean response time, seconds.
    pub(super) mean: f64,
    pub(super) p50: f64,
    pub(super) p95: f64,
}

impl Exact {
    pub(super) fn of(queue: &Queue) -> Self {
        match queue.source {
            Source::Closed { users, think } => closed(users, think, queue.servers, queue.service),
            Source::Open { rate } => open(rate, queue.service),
        }
    }
}

/// M/M/1: the response time is exponential with mean S / (1 − λS).
fn open(rate: f64, service: f64) -> Exact {
    let mean = service / (1.0 - rate * service);
    Exact {
        rate,
        mean,
        p50: mean * 2.0_f64.ln(),
        p95: mean * 20.0_f64.ln(),
    }
}

/// Machine repair model: the product form of how many are at the servers; a request finds what there would be with one user
/// less (arrival theorem: Sevcik and Mitrani 1981, Lavenberg and Reiser 1980).
fn closed(users: usize, think: f64, servers: usize, service: f64) -> Exact {
    let there = shares(users, think, servers, service);
    let busy: f64 = there
        .iter()
        .enumerate()
        .map(|(n, share)| n.min(servers) as f64 * share)
        .sum();
    let rate = busy / service;
    let found = shares(users - 1, think, servers, service);
    let tail = |time: f64| {
        let tails = found.iter().enumerate();
        tails
            .map(|(n, share)| share * beyond(time, (n + 1).saturating_sub(servers), servers, service))
            .sum::<f64>()
    };
    let reached = |share: f64| {
        let (mut low, mut high) = (0.0, users as f64 * service);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if tail(middle) > 1.0 - share {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    };
    Exact {
        rate,
        mean: users as f64 / rate - think,
        p50: reached(0.5),
        p95: reached(0.95),
    }
}

/// The probability of n at the servers, in proportion to Zᴺ⁻ⁿ/(N−n)! · Sⁿ/Π min(k, c).
fn shares(users: usize, think: f64, servers: usize, service: f64) -> Vec<f64> {
    let mut all = vec![1.0];
    for n in 1..=users {
        let ratio = (users - n + 1) as f64 / think * service / n.min(servers) as f64;
        all.push(all[n - 1] * ratio);
    }
    let sum: f64 = all.iter().sum();
    all.iter().map(|share| share / sum).collect()
}

/// P(response > t) for a request behind `waits` departures of c busy servers: an Erlang wait of rate a = c/S, then a service of
/// rate m = 1/S. P(E > t) + e^(−mt) (a/(a−m))ᵏ P(Erlang(k, a−m) ≤ t).
fn beyond(time: f64, waits: usize, servers: usize, service: f64) -> f64 {
    let own = (-time / service).exp();
    if waits == 0 {
        return own;
    }
    let (all, one) = (servers as f64 / service, 1.0 / service);
    if servers == 1 {
        return 1.0 - at_least(waits + 1, all * time);
    }
    1.0 - at_least(waits, all * time)
        + own * (all / (all - one)).powf(waits as f64) * at_least(waits, (all - one) * time)
}

/// P(Poisson(mean) ≥ k), from its terms, so that small ones stay exact.
fn at_least(k: usize, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    let log_first = k as f64 * mean.ln() - mean - (1..=k).map(|i| (i as f64).ln()).sum::<f64>();
    let (mut term, mut sum) = (log_first.exp(), 0.0);
    for i in k + 1..k + 400 {
        sum += term;
        term *= mean / i as f64;
    }
    sum.min(1.0)
}

/// M/M/1//N by mean value analysis (Reiser and Lavenberg 1980).
#[test]
fn the_product_form_agrees_with_mean_value_analysis() {
    let (mut waiting, mut rate) = (0.0, 0.0);
    for users in 1..=30 {
        let response = 0.1 * (1.0 + waiting);
        rate = f64::from(users) / (response + 1.9);
        waiting = rate * response;
    }
    let exact = closed(30, 1.9, 1, 0.1);
    assert!((exact.rate - rate).abs() < 1e-9, "{exact:?}");
    assert!((exact.mean - waiting / rate).abs() < 1e-9, "{exact:?}");
}
