//! Runs made by hand, with figures as a real one has them.

mod hostile;
mod matrix;

use std::sync::Arc;
use std::time::Duration;

use runner::measure::health::{Health, Warning};
use runner::measure::run::{End, Ending, FORMAT, Host, RunInfo, Storage};
use runner::measure::summary::{
    Connections, DataEnded, EndpointSummary, FailureCount, FailureSummary, Figures, Judged, Percentiles,
    Phase, Phases, PoolSummary, Quantile, RowSummary, RunSummary, Second, SecondRow, StageSummary,
    StatusCount, Times, Unfinished, Verdict, Window, WindowChoice,
};
use runner::plan::outline::{EndpointOutline, Outline, Row, StageOutline, ThinkOutline};
use runner::plan::threshold::{Metric, Op, Selection, Threshold};
use runner::plan::{EndpointId, RowId, StageId};

pub(super) use hostile::hostile;
pub(super) use matrix::matrix;

/// 2026-11-23T15:58:53.25Z
const START: u64 = 1_795_449_533_250_000;

pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn quantile(seconds: f64) -> Quantile {
    Quantile {
        value: Duration::from_micros((seconds * 1e6) as u64),
        at_least: false,
    }
}

/// A long-tailed distribution about a mean.
fn percentiles(mean: f64) -> Percentiles {
    let at = |factor: f64| quantile(mean * factor);
    Percentiles {
        p50: at(0.93),
        p66: at(1.08),
        p75: at(1.2),
        p80: at(1.27),
        p90: at(1.52),
        p95: at(1.81),
        p98: at(2.2),
        p99: at(2.53),
        p99_9: at(3.4),
        p99_99: at(3.91),
        max: at(4.017),
    }
}

fn times(count: u64, mean: f64) -> Option<Times> {
    let (average, min) = (seconds(mean), seconds(mean * 0.31));
    (count > 0).then(|| Times {
        count,
        mean: average,
        min,
        percentiles: percentiles(mean),
    })
}

pub(super) fn figures(requests: u64, failures: u64, mean: f64, rate: f64) -> Figures {
    if requests == 0 {
        return Figures::default();
    }
    Figures {
        never_sent: 0,
        requests,
        failures,
        unfinished: 0,
        unsent: 0,
        rate,
        mean: Some(seconds(mean)),
        mean_success: Some(seconds(mean * 0.99)),
        mean_failure: (failures > 0).then(|| seconds(mean * 1.4)),
        min: Some(seconds(mean * 0.31)),
        percentiles: Some(percentiles(mean)),
        latency: None,
        bytes_sent: requests * 212,
        bytes_received: requests * 16_234,
        body_bytes: requests * 16_000,
    }
}

/// The figures of a set, cut into as many equal rows.
fn parts(whole: &Figures, rows: u64) -> Vec<Figures> {
    let part = |row| {
        let of = |count: u64| count / rows + u64::from(row < count % rows);
        let mean = whole.mean.unwrap_or_default().as_secs_f64() * (0.6 + 0.8 * row as f64 / rows as f64);
        figures(
            of(whole.requests),
            of(whole.failures),
            mean,
            whole.rate / rows as f64,
        )
    };
    (0..rows).map(part).collect()
}

fn stage(number: u16, level: f64, choice: WindowChoice, whole: Figures, rows: u64) -> StageSummary {
    let from = u32::from(number) * 330 + 5;
    let warm_up = if let WindowChoice::Steady { warm_up } = choice {
        warm_up
    } else {
        0
    };
    let held = choice != WindowChoice::NeverHeld;
    let to = if held { from + 300 } else { from };
    let length = f64::from(if held { 300 - warm_up } else { 0 });
    let think = (whole.requests > 0).then(|| seconds(2.55));
    let mean = whole.mean.unwrap_or_default().as_secs_f64();
    StageSummary {
        iterations_failed: 0,
        stage: StageId(number),
        level,
        window: Window {
            stage: StageId(number),
            from: from + warm_up,
            to,
            choice,
        },
        length: seconds(length),
        rows: parts(&whole, rows),
        failures: Vec::new(),
        users: if held { level } else { 0.0 },
        think,
        in_flight: whole.rate * mean,
        waiting: 0.0,
        dropped_arrivals: 0,
        iterations: whole.requests,
        bytes_per_second: whole.rate * 16_234.0,
        connections: connections(whole.requests),
        in_ramp: 12,
        in_hold_outside: 7 * u64::from(warm_up),
        warnings: Vec::new(),
        broken_limits: Vec::new(),
        figures: whole,
    }
}

fn connections(requests: u64) -> Connections {
    let new = requests / 100;
    Connections {
        none: 0,
        new,
        reused: requests - new,
        resent: 0,
        reopened: 0,
    }
}

fn outline_stages(levels: &[f64]) -> Vec<StageOutline> {
    let stage = |(number, level): (usize, &f64)| {
        let start = number as f64 * 330.0;
        StageOutline {
            level: *level,
            start: seconds(if number == 0 { 0.0 } else { start - 25.0 }),
            hold_start: seconds(start + 5.0),
            end: seconds(start + 305.0),
            until_steady: None,
            kind: runner::plan::course::StageKind::Planned,
        }
    };
    levels.iter().enumerate().map(stage).collect()
}

fn outline(levels: &[f64], rows: &[(&str, &str)]) -> Outline {
    let endpoint = |(name, _): &(&str, &str)| EndpointOutline {
        name: (*name).to_owned(),
        weight: 1.0,
        journey: name.contains(" / "),
    };
    let row = |(number, (name, method)): (usize, &(&str, &str))| Row {
        name: (*name).to_owned(),
        method: (*method).to_owned(),
        endpoint: EndpointId(number as u16),
    };
    Outline {
        name: "mixed".to_owned(),
        file: "scenarios/mixed.yaml".to_owned(),
        description: Some("The Staff Fee Privilege API, as its users use it.".to_owned()),
        url: "https://127.0.0.1:40123/api/v1/staff-fee-privilege".to_owned(),
        demo: false,
        pool_size: None,
        connections: runner::plan::target::Connections::PerUser,
        endpoints: rows.iter().map(endpoint).collect(),
        rows: rows.iter().enumerate().map(row).collect(),
        pools: Vec::new(),
        in_turn: Vec::new(),
        search: None,
        turns: Vec::new(),
        stages: outline_stages(levels),
        open: false,
        think: ThinkOutline {
            words: "between 100 ms and 5 s".to_owned(),
            mean: Some(seconds(2.55)),
        },
        thresholds: Vec::new(),
        seed: 42,
        stop_after: None,
        graceful_stop: seconds(30.0),
    }
}

fn row_summary(outline: &Outline, number: usize, figures: Figures) -> RowSummary {
    let requests = figures.requests;
    let mean = figures.mean.unwrap_or_default().as_secs_f64();
    let opened = requests / 100;
    RowSummary {
        row: RowId(number as u16),
        name: outline.rows[number].name.clone(),
        method: outline.rows[number].method.clone(),
        phases: Phases {
            dns: None,
            connect: times(opened, 0.000_31),
            tls: times(opened, 0.0142),
            first_byte: times(requests, mean * 0.97),
            download: times(requests, mean * 0.03),
        },
        connections: connections(requests),
        statuses: [
            StatusCount {
                status: 200,
                count: requests - figures.failures - requests / 9,
            },
            StatusCount {
                status: 404,
                count: requests / 9,
            },
        ]
        .into_iter()
        .filter(|status| status.count > 0)
        .collect(),
        redirects: 0,
        figures,
    }
}

fn series(outline: &Outline, rate: u64) -> Vec<Second> {
    let rows = outline.rows.len() as u64;
    let second = |second: u32| Second {
        second,
        length: seconds(1.0),
        stage: StageId(0),
        phase: if second < 5 { Phase::Ramp } else { Phase::Hold },
        users: f64::from((second * 2).min(10)),
        thinking: f64::from(second * 2) * 0.9,
        in_flight: 1.25,
        waiting: 0.0,
        requests: if second == 0 { 0 } else { rate },
        failures: u64::from(second == 3),
        mean: (second > 0).then(|| seconds(0.14)),
        p50: (second > 0).then(|| seconds(0.131)),
        p95: (second > 0).then(|| seconds(0.25)),
        p99: (second > 0).then(|| seconds(0.31)),
        max: (second > 0).then(|| seconds(0.312)),
        bytes_sent: 212 * rate,
        bytes_received: 16_234 * rate,
        rows: (0..rows)
            .map(|row| SecondRow {
                requests: rate / rows,
                failures: u64::from(second == 3 && row == 0),
            })
            .collect(),
    };
    (0..8).map(second).collect()
}

fn failure(text: &str, count: u64, first: f64, last: f64) -> FailureCount {
    FailureCount {
        text: text.into(),
        count,
        first: seconds(first),
        last: seconds(last),
    }
}

fn threshold(text: &str, metric: Metric, value: f64) -> Threshold {
    Threshold {
        text: text.to_owned(),
        metric,
        of: None,
        op: Op::Below,
        value,
        every_stage: false,
        abort_after: None,
    }
}

fn judged(stage: Option<u16>, figure: f64, holds: bool) -> Judged {
    Judged {
        stage: stage.map(StageId),
        figure: Some(figure),
        at_least: false,
        holds,
    }
}

fn run(outline: Outline) -> Arc<RunInfo> {
    Arc::new(RunInfo {
        format: FORMAT,
        version: "0.1.0".to_owned(),
        started_unix_micros: START,
        host: Host {
            system: "linux x86_64".to_owned(),
            cores: 2,
            workers: 2,
            open_files_limit: Some(4096),
            local_ports: Some(28_232),
        },
        outline: Arc::new(outline),
    })
}

fn healthy() -> Health {
    Health {
        lateness: times(14_000, 0.000_6),
        cores_mean: Some(0.21),
        cores_max: Some(0.9),
        busy_seconds: 0,
        sampled_seconds: 1295,
        open_files: Some(523),
        local_ports: Some(501),
        warnings: Vec::new(),
    }
}

/// A run that went well in every way: one level, no failure.
pub(super) fn clean() -> RunSummary {
    let outline = outline(&[10.0], &[("get_by_osu_id", "GET"), ("get_by_term_id", "GET")]);
    let whole = figures(1012, 0, 0.140_321, 3.304);
    let total = figures(1024, 0, 0.140_5, 3.357);
    let rows = parts(&total, 2);
    RunSummary {
        end: End {
            how: Ending::Completed,
            load_until: seconds(305.0),
            at: seconds(305.14),
            warnings: Vec::new(),
        },
        stages: vec![stage(0, 10.0, WindowChoice::Steady { warm_up: 0 }, whole, 2)],
        length: seconds(305.0),
        after_last_stage: 0,
        rows: rows
            .into_iter()
            .enumerate()
            .map(|(number, of)| row_summary(&outline, number, of))
            .collect(),
        endpoints: Vec::new(),
        failures: Vec::new(),
        unfinished: Vec::new(),
        thresholds: Vec::new(),
        pools: Vec::new(),
        data_ended: Vec::new(),
        dropped_arrivals: 0,
        starts: runner::measure::interval::Starts::default(),
        connections: connections(total.requests),
        health: healthy(),
        storage: Storage::default(),
        series: series(&outline, 4),
        total,
        run: run(outline),
    }
}
