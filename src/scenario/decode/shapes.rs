//! Every key of a scenario, once: its type, what it is for, what other tools call it. From these tables the decoder knows its
//! keys, messages their words, and [`schema`](crate::scenario::schema) is made.

use super::shape::{Key, Rule, Shape, Type, advice, keys, words};
use crate::scenario::model::{Arrivals, OnEnd, OnStartFailure, Order, SessionOf, Until, WhenBusy, WhenFull};

mod request;
mod scalars;
mod target;

pub(crate) use request::{BODIES, CAPTURE, CHECK, ENDPOINT, EXPECT, METHODS, METHODS_OR_STEPS, PART, STEP};
use scalars::{
    ANYTHING, COUNT, DURATION, FILE, NAME, NAMES, POSITIVE, RANGE, RATE, SHARE, TEXT, THRESHOLD, TWO,
};
pub(crate) use target::{AUTH, BASIC, OAUTH2, TARGET, TLS};

/// The kinds of data.
pub(crate) const DATA_KINDS: &[&str] = &["values", "range", "combine", "csv", "json", "captured"];

/// What says how hard a scenario is.
pub(crate) const LOADS: &[&str] = &["stages", "load"];

pub(crate) static SCENARIO: Shape = Shape {
    name: "Scenario",
    about: "What to send to an HTTP API, how hard, and what must hold.",
    what: "the scenario",
    example: "{ target: { url: … }, endpoints: [ … ], stages: [ … ] }, as in scenarios/mixed.yaml",
    keys: &[keys! {
        /// Names the run's folder and heads its reports. Default: the file's name.
        name: NAME, "title";
        /// One sentence for the reports.
        description: TEXT;
        target required: Type::Block(&TARGET), "config url host base_url";
        /// Named sources of values for templates: `{{ name }}` draws one per iteration.
        data: Type::Named(&Type::Block(&DATA)), "variables payload feeders";
        /// The pause of a user after each iteration. Default: none.
        think: Type::Block(&THINK), "wait wait_time sleep pause delay";
        /// Endpoints that each user runs once, first, with no pause after them.
        on_start: NAMES;
        /// What becomes of a user whose on_start failed: retry (after growing pauses), stop_user, or continue. Default: retry.
        on_start_failure: Type::Word(words::<OnStartFailure>);
        /// How long a session (connection, cookies, captured values) lasts: per_user, or per_iteration. Default: per_user; with
        /// `rate`, where each arrival is a new visitor, per_iteration.
        session: Type::Word(words::<SessionOf>), "sessions";
        /// Endpoints that each user runs once, last.
        on_stop: NAMES;
        /// Requests done once per run, before the first user; not measured.
        setup: Type::List(&Type::Block(&STEP), 0), "before";
        /// Requests done once per run, after the last user; not measured.
        teardown: Type::List(&Type::Block(&STEP), 0), "after";
        /// What users do: in each iteration one of these, drawn by weight.
        endpoints required: Type::List(&Type::Block(&ENDPOINT), 1), "requests tasks scenarios flow";
        /// Levels of load, in order: all with `users`, or all with `rate`.
        stages: Type::List(&Type::Block(&STAGE), 1),
            "phases levels steps users vus duration spawn_rate run_time rate";
        /// In place of stages: levels that are chosen while it runs.
        load: Type::Block(&LOAD);
        /// With `rate`: how arrivals are spaced. Default: poisson.
        arrivals: Type::Word(words::<Arrivals>);
        /// With `rate`: the most users at once. Default: 1000.
        max_users: POSITIVE;
        /// With `rate`: what becomes of an arrival when all users are busy. Default: wait.
        when_busy: Type::Word(words::<WhenBusy>);
        /// What must hold for the run; exit code 4 if one does not.
        thresholds: Type::List(&THRESHOLD, 0), "checks ensure assertions criteria";
        /// Further keys of config.yaml whose values are secret, beside those named password, secret, token or key.
        secrets: NAMES;
        /// Fixes data, weights, pauses and arrivals. Default: drawn at start and reported.
        seed: COUNT;
        /// How long the requests in flight at the end are waited for. Default: 30s.
        graceful_stop: DURATION;
        /// Ends the run early.
        stop_after: Type::Block(&STOP_AFTER);
    }],
    rule: Rule::OneOf(LOADS, "{}"),
    advice: &[advice! {
        "spawn_rate":
            "a stage says how long its ramp takes: `stages: [ { users: 10, ramp: 5s, hold: 60s } ]`";
        "run_time duration": "durations belong to a stage: `stages: [ { users: 10, hold: 60s } ]`";
        "rate": "a rate belongs to a stage: `stages: [ { rate: 50/s, hold: 60s } ]`";
        "users vus": "users belong to a stage: `stages: [ { users: 10, hold: 60s } ]`";
        "options": "`target`, `stages` and `thresholds` stand at the top of the file themselves";
        "weights weight": "each endpoint has its own: `endpoints: [ { name: home, weight: 2, get: / } ]`";
        "auth": "it belongs to `target`: `target: { url: …, auth: … }`";
        "tls": "it belongs to `target`: `target: { url: …, tls: { verify: false } }`";
        "timeout": "it belongs to `target`: `target: { url: …, timeout: 5s }`";
        "headers": "those of every request belong to `target`: `target: { url: …, headers: … }`";
        "host url base_url": "write `target: { url: \"https://…\" }`";
        "config": "addresses and credentials stand in `target`; values for templates in config.yaml";
        "wait wait_time sleep pause delay think_time":
            "pauses are written `think: { between: [1s, 3s] }` or `think: { constant: 1s }`";
    }],
};

pub(crate) static DATA: Shape = Shape {
    name: "Data",
    about: "A source of values: one of `values`, `range`, `combine`, `csv`, `json`, `captured`.",
    what: "a data source",
    example: "term: { values: [201701, 201702] }",
    keys: &[keys! {
        /// A list of values, or of rows whose columns are taken as `{{ name.column }}`.
        values: Type::List(&ANYTHING, 1), "list";
        /// All whole numbers from the first to the last.
        range: RANGE, "min max between";
        /// A template over other data: its own (`with`) or any other of the scenario.
        combine: TEXT, "template";
        /// With `combine`: data of its own.
        with: Type::Named(&Type::Block(&DATA));
        /// A CSV file; its first line names the columns (blanks around a name do not count), taken as `{{ name.column }}`.
        csv: FILE, "file";
        /// A JSON file that is a list of values or objects.
        json: FILE;
        captured: Type::Block(&CAPTURED), "capture pool";
        /// How a value is chosen. Default: random.
        order: Type::Word(words::<Order>), "strategy";
        /// What follows the last value of `sequential`, `shuffle` or `unique`.
        on_end: Type::Word(words::<OnEnd>);
        /// With `csv`: the character between fields. Default: a comma.
        delimiter: Type::String, "separator";
    }],
    rule: Rule::OneOf(DATA_KINDS, "{}"),
    advice: &[advice! {
        "min max": "write `range: [1, 10]`";
        "file": "write `csv: students.csv` or `json: students.json`";
    }],
};

pub(crate) static CAPTURED: Shape = Shape {
    name: "Captured",
    about: "Values taken from responses by captures: one pool, shared by all users.",
    what: "`captured`",
    example: "captured: { keep: 10 }",
    keys: &[keys! {
        /// Most values kept. Default: 1000.
        keep: POSITIVE, "max size limit";
        /// What becomes of a further value. Default: ignore.
        when_full: Type::Word(words::<WhenFull>);
    }],
    rule: Rule::None,
    advice: &[],
};

/// The kinds of pause that may stand anywhere.
const PAUSES: &[Key] = keys! {
    /// Always the same.
    constant: DURATION, "fixed";
    /// Uniform between two durations.
    between: TWO, "uniform random";
    /// Exponential with this mean.
    exponential: DURATION, "mean";
};

pub(crate) static THINK: Shape = Shape {
    name: "Think",
    about: "One kind of pause.",
    what: "`think`",
    example: "think: { between: [100ms, 5s] }",
    keys: &[
        PAUSES,
        keys! {
            /// Iterations start this far apart, whatever they take.
            pace: DURATION, "pacing";
        },
    ],
    rule: Rule::One,
    advice: &[],
};

pub(crate) static STEP_THINK: Shape = Shape {
    name: "StepThink",
    about: "One kind of pause after a step.",
    what: "the `think` of a step",
    example: "think: { between: [1s, 3s] }",
    keys: &[PAUSES],
    rule: Rule::One,
    advice: &[advice! {
        "pace": "a pace is between iterations: it stands at the top of the scenario";
    }],
};

pub(crate) static STAGE: Shape = Shape {
    name: "Stage",
    about: "A level of load: a linear ramp from the level before, then a hold.",
    what: "a stage",
    example: "{ users: 10, ramp: 5s, hold: 60s }",
    keys: &[keys! {
        /// How many users.
        users: Type::Whole(0, Some(1_000_000)), "vus target count concurrency";
        /// How many arrivals, whatever the answers take.
        rate: RATE, "rps arrival_rate arrivals";
        /// From the level before to this one. Default: at once.
        ramp: DURATION, "ramp_up rampup startup_time";
        /// At this level: so long, or until its throughput is known.
        hold: Type::Either(&DURATION, &Type::Block(&HOLD)), "duration for time";
    }],
    rule: Rule::OneOf(
        &["users", "rate"],
        r#"{ "anyOf": [{ "required": ["ramp"] }, { "required": ["hold"] }] }"#,
    ),
    advice: &[advice! {
        "spawn_rate hatch_rate": "write how long the ramp takes: `ramp: 5s`";
        "ramp_to": "a ramp begins at the level of the stage before: `{ rate: 5/s, hold: 1s }`, then `{ rate: 50/s, ramp: 60s }`";
        "arrival_count": "write how many come in which time: `rate: 20/m`";
        "name": "a stage has no name; reports call it by its level";
    }],
};

pub(crate) static HOLD: Shape = Shape {
    name: "UntilSteady",
    about: "Holds until the warm-up is over and the 95 % interval of the throughput is narrow enough.",
    what: "`hold`",
    example: "hold: { until: steady, at_least: 60s, at_most: 15m }",
    keys: &[keys! {
        /// What ends it.
        until required: Type::Word(words::<Until>);
        /// Not shorter than this. Default: 60s.
        at_least: DURATION, "min minimum";
        /// Not longer than this. Default: 15m.
        at_most: DURATION, "max maximum";
        /// Width of the interval as a share of the throughput. Default: 5%.
        within: SHARE, "width tolerance";
    }],
    rule: Rule::None,
    advice: &[],
};

pub(crate) static LOAD: Shape = Shape {
    name: "Load",
    about: "Load whose levels are chosen while it runs.",
    what: "`load`",
    example: "load: { find_capacity: { start: 10, at_most: 2000 } }",
    keys: &[keys! {
        find_capacity required: Type::Block(&FIND_CAPACITY), "search capacity breakpoint";
    }],
    rule: Rule::None,
    advice: &[advice! {
        "stages users rate": "levels that are known beforehand: `stages: [ { users: 10, hold: 60s } ]` at the top of the file";
    }],
};

pub(crate) static FIND_CAPACITY: Shape = Shape {
    name: "FindCapacity",
    about: "Searches for the most that the API takes: higher and higher levels until throughput stops growing, a limit is \
            broken or requests fail, then levels around that place.",
    what: "`find_capacity`",
    example: "find_capacity: { slo: [\"p95 < 500ms\", \"failures < 1%\"], start: 10, at_most: 2000 }",
    keys: &[keys! {
        /// Limits of every level, written as `thresholds` are.
        slo: Type::List(&THRESHOLD, 0), "limits objectives";
        /// The first level: users, or arrivals (`10/s`).
        start required: LEVEL, "from min minimum users rate";
        /// The highest level that is tried.
        at_most required: LEVEL, "to max maximum stop limit";
        /// The way to each level. Default: 10s.
        ramp: DURATION, "ramp_up rampup startup_time";
        /// At each level: so long, or until its throughput is known. Default: until steady, for 60s to 5m.
        hold: Type::Either(&DURATION, &Type::Block(&HOLD)), "duration for time";
        /// Without load, between two levels. Default: 5s.
        pause: DURATION, "sleep wait cooldown";
    }],
    rule: Rule::Other(
        r#"{ "anyOf": [
            { "properties": { "start": { "type": "integer" }, "at_most": { "type": "integer" } } },
            { "properties": { "start": { "type": "string" }, "at_most": { "type": "string" } } }
        ] }"#,
    ),
    advice: &[],
};

/// Users or arrivals.
const LEVEL: Type = Type::Either(&Type::Whole(1, Some(1_000_000)), &RATE);

pub(crate) static STOP_AFTER: Shape = Shape {
    name: "StopAfter",
    about: "Ends the run early: after so many requests, or iterations.",
    what: "`stop_after`",
    example: "stop_after: { requests: 1000 }",
    keys: &[keys! {
        /// After so many requests.
        requests: POSITIVE;
        /// After so many iterations.
        iterations: POSITIVE;
    }],
    rule: Rule::One,
    advice: &[],
};

/// How the required keys of a scenario are written.
pub(crate) fn example_of(key: &str) -> Option<&'static str> {
    match key {
        "target" => Some(TARGET.example),
        "endpoints" => Some("endpoints: [ { name: list_orders, get: /orders } ]"),
        "stages" => Some("stages: [ { users: 10, ramp: 5s, hold: 60s } ]"),
        "url" => Some("url: \"https://localhost:8443/api\""),
        _ => None,
    }
}
