//! How hard and how long: stages, think times, the open model, ends, thresholds.

use super::super::diagnostics::{Diagnostic, Diagnostics};
use super::super::model::{FindCapacity, Hold, Load, Scenario, Stage, StopAfter, Think, Until, UntilSteady};
use super::super::span::{Spanned, Text};
use super::super::units;
use super::super::yaml::{Kind, Node};
use super::fields::Fields;
use super::leaf;
use super::shape::Shape;
use super::{empty, foreign, shapes};

/// A pause of one of the kinds that `shape` has.
pub(super) fn think(out: &mut Diagnostics, node: &Node, shape: &'static Shape) -> Option<Spanned<Think>> {
    let plain = match &node.kind {
        Kind::Scalar(text) if units::duration(&text.text).is_ok() => {
            Some((text.text.clone(), "a duration".to_owned()))
        }
        Kind::Scalar(text) if leaf::is_json_number(&text.text) => {
            Some((format!("{}s", text.text), leaf::found(node)))
        }
        _ => None,
    };
    if let Some((pause, found)) = plain {
        let written = format!("{{ constant: {pause} }}");
        return out.fail(
            Diagnostic::error(
                node.span,
                format!("`think` says which kind of pause it is, found {found}"),
            )
            .help("for a pause that varies write `think: { between: [1s, 3s] }`")
            .help("for a pause that is always the same")
            .replace(node.span, written),
        );
    }
    if let Some(written) = foreign::between(node) {
        return out.fail(
            Diagnostic::error(
                node.span,
                format!(
                    "`think` says which kind of pause it is, found {}",
                    leaf::found(node)
                ),
            )
            .help("for a pause that is drawn anew each time write")
            .replace(node.span, written),
        );
    }
    let fields = Fields::new(out, node, shape)?;
    let (kind, _, value) = fields.only_one(out)?;
    let think = match kind {
        "constant" => Think::Constant(leaf::duration(out, value)?.value),
        "between" => between(out, value)?,
        "exponential" => Think::Exponential(leaf::duration(out, value)?.value),
        _ => Think::Pace(leaf::positive_duration(out, value, "a pace")?.value),
    };
    Some(Spanned::new(think, node.span))
}

fn between(out: &mut Diagnostics, node: &Node) -> Option<Think> {
    let example = "between: [100ms, 5s]";
    let items = leaf::list(out, node, "the shortest and the longest pause", example)?;
    let [least, most] = items else {
        return leaf::wrong_type(
            out,
            node,
            "two durations, the shortest and the longest pause",
            example,
        );
    };
    let (least, most) = (leaf::duration(out, least), leaf::duration(out, most));
    let (least, most) = (least?.value, most?.value);
    if least > most {
        let (a, b) = (units::written(least), units::written(most));
        return out.fail(
            Diagnostic::error(
                node.span,
                format!("the shortest pause, {a}, is longer than the longest, {b}"),
            )
            .help("write the shorter one first")
            .replace(node.span, format!("[{b}, {a}]")),
        );
    }
    Some(Think::Between(least, most))
}

pub(super) fn stages(out: &mut Diagnostics, node: &Node) -> Vec<Stage> {
    let example = "stages: [ { users: 10, ramp: 5s, hold: 60s } ]";
    let Some(items) = leaf::list(out, node, "a list of stages", example) else {
        return Vec::new();
    };
    if items.is_empty() {
        empty(
            out,
            node,
            "`stages` is empty: there is no load to make",
            "write at least one: `- { users: 10, hold: 60s }`",
        );
        return Vec::new();
    }
    let stages: Vec<Stage> = items.iter().filter_map(|item| stage(out, item)).collect();
    one_model(out, &stages);
    no_load(out, node, items, &stages);
    stages
}

fn stage(out: &mut Diagnostics, node: &Node) -> Option<Stage> {
    if let Some(diagnostic) = foreign::stage(node).or_else(|| several_levels(node)) {
        return out.fail(diagnostic);
    }
    let fields = Fields::new(out, node, &shapes::STAGE)?;
    let load = fields.one_of(out, &["users", "rate"]);
    // With both it is not known which model was meant.
    let both = fields.among(&["users", "rate"]).len() > 1;
    let load = load.filter(|_| !both).and_then(|(kind, _, value)| match kind {
        "users" => users(out, value).map(Load::Users),
        _ => leaf::rate(out, value).map(Load::Rate),
    });
    let ramp = fields.optional("ramp").map(|node| leaf::duration(out, node));
    let hold = fields.optional("hold").map(|node| hold(out, node));
    let place = fields
        .key("hold")
        .or(fields.key("ramp"))
        .or(fields.key("users"))
        .unwrap_or(fields.span);
    if ramp.is_none() && hold.is_none() {
        out.push(
            Diagnostic::error(place, "a stage needs `hold`, `ramp` or both")
                .label("this stage lasts no time")
                .help(format!(
                    "for example: {{ {}, ramp: 5s, hold: 60s }}",
                    written_load(node).unwrap_or("users: 10".to_owned())
                )),
        );
    }
    let no_ramp = match ramp {
        None => true,
        Some(Some(duration)) => duration.value.is_zero(),
        Some(None) => false,
    };
    let no_hold = match hold {
        None => true,
        Some(Some(Hold::For(duration))) => duration.value.is_zero(),
        Some(_) => false,
    };
    if (ramp.is_some() || hold.is_some()) && no_ramp && no_hold {
        out.push(Diagnostic::error(place, "this stage lasts no time").help("write `hold: 60s`, say"));
    }
    Some(Stage {
        load: load?,
        ramp: ramp.flatten(),
        hold: hold.flatten(),
    })
}

/// `users: 5` or `rate: 5/s` as a stage has it.
fn written_load(node: &Node) -> Option<String> {
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    ["users", "rate"]
        .iter()
        .find_map(|key| Some(format!("{key}: {}", foreign::scalar(entries, key)?)))
}

/// `users: [5, 20]`, with the times that the stage has.
fn several_levels(node: &Node) -> Option<Diagnostic> {
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    let (_, users) = entries.iter().find(|(key, _)| key.value == "users")?;
    let times: Vec<String> = ["ramp", "hold"]
        .iter()
        .filter_map(|key| Some(format!("{key}: {}", foreign::scalar(entries, key)?)))
        .collect();
    let rest = if times.is_empty() {
        "hold: 60s".to_owned()
    } else {
        times.join(", ")
    };
    foreign::levels(users, &rest)
}

fn hold(out: &mut Diagnostics, node: &Node) -> Option<Hold> {
    if !matches!(node.kind, Kind::Map(_)) {
        return leaf::duration(out, node).map(Hold::For);
    }
    let fields = Fields::new(out, node, &shapes::HOLD)?;
    let until = fields.required(out, "until");
    if let Some(node) = until {
        leaf::choice::<Until>(out, node);
    }
    let mut time = |key| {
        fields
            .optional(key)
            .map(|node| leaf::positive_duration(out, node, "a hold"))
    };
    let (at_least, at_most) = (time("at_least"), time("at_most"));
    let within = fields.optional("within").map(|node| leaf::share(out, node));
    if let (Some(Some(least)), Some(Some(most))) = (at_least, at_most)
        && least.value > most.value
    {
        let (least_words, most_words) = (units::written(least.value), units::written(most.value));
        out.push(
            Diagnostic::error(
                least.span,
                format!("`at_least`, {least_words}, is longer than `at_most`, {most_words}"),
            )
            .also(most.span, "the longest hold")
            .help("write the shorter time as `at_least`"),
        );
        return None;
    }
    until?;
    Some(Hold::UntilSteady(UntilSteady {
        at_least: at_least.flatten(),
        at_most: at_most.flatten(),
        within: within.flatten(),
    }))
}

fn users(out: &mut Diagnostics, node: &Node) -> Option<Spanned<u64>> {
    if let Kind::Scalar(text) = &node.kind
        && units::rate(&text.text).is_ok()
    {
        return out.fail(
            Diagnostic::error(
                node.span,
                format!("expected a number of users, found the rate `{}`", text.text),
            )
            .help(format!("for arrivals per second write `rate: {}`", text.text)),
        );
    }
    let users = leaf::count(out, node)?;
    if users.value > 1_000_000 {
        return out.fail(
            Diagnostic::error(
                node.span,
                format!("{} users are more than one machine can be", users.value),
            )
            .help("write at most 1000000"),
        );
    }
    Some(users)
}

/// `load: { find_capacity: ... }`.
pub(super) fn search(out: &mut Diagnostics, node: &Node) -> Option<FindCapacity> {
    let node = Fields::new(out, node, &shapes::LOAD)?.required(out, "find_capacity")?;
    let fields = Fields::new(out, node, &shapes::FIND_CAPACITY)?;
    let mut level = |key| {
        let node = fields.required(out, key)?;
        level(out, node)
    };
    let (start, at_most) = (level("start"), level("at_most"));
    let slo = fields.read(out, "slo", thresholds).unwrap_or_default();
    let ramp = fields.read(out, "ramp", leaf::duration);
    let hold = fields.read(out, "hold", hold);
    if let Some(Hold::For(time)) = hold
        && time.value.is_zero()
    {
        out.push(
            Diagnostic::error(time.span, "levels that are not held tell nothing")
                .help("write `hold: 60s`, say"),
        );
    }
    let pause = fields.read(out, "pause", leaf::duration);
    let (start, at_most) = (start?, at_most?);
    // With a mistake told, the rest of it is judged all the same.
    if start.is_open() != at_most.is_open() {
        out.push(
            Diagnostic::error(at_most.span(), "`start` and `at_most` are not of the same kind")
                .also(start.span(), "the first level")
                .help("write both as users (`10`), or both as arrivals (`10/s`)"),
        );
    }
    if start.is_open() == at_most.is_open() && start.level() > at_most.level() {
        out.push(
            Diagnostic::error(at_most.span(), "`at_most` is lower than `start`")
                .also(start.span(), "the first level")
                .help("write the lower level as `start`"),
        );
    }
    Some(FindCapacity {
        slo,
        start,
        at_most,
        ramp,
        hold,
        pause,
    })
}

/// Users, or a rate of arrivals; more than none.
fn level(out: &mut Diagnostics, node: &Node) -> Option<Load> {
    let load = match &node.kind {
        Kind::Scalar(text) if text.text.contains('/') => Load::Rate(leaf::rate(out, node)?),
        _ => Load::Users(users(out, node)?),
    };
    if load.level() <= 0.0 {
        return out.fail(
            Diagnostic::error(node.span, "a level without load tells nothing").help("write at least 1"),
        );
    }
    Some(load)
}

/// What ends a run by its requests ends no search.
pub(super) fn ends_of_a_search(out: &mut Diagnostics, scenario: &Scenario) {
    if let (Some(_), Some(stop)) = (&scenario.find_capacity, scenario.stop_after) {
        out.push(
            Diagnostic::error(
                stop.span,
                "`stop_after` means nothing here: a search ends when it has found the capacity",
            )
            .help("take `stop_after` out; `at_most` bounds the load, and `hold` the time of each level"),
        );
    }
}

/// All stages are of the closed model, or all of the open one.
fn one_model(out: &mut Diagnostics, stages: &[Stage]) {
    let Some(first) = stages.first() else { return };
    let open = first.load.is_open();
    if let Some(other) = stages.iter().find(|stage| stage.load.is_open() != open) {
        out.push(
            Diagnostic::error(
                other.load.span(),
                "`users` and `rate` cannot be mixed in one scenario",
            )
            .label("another model than the first stage's")
            .also(first.load.span(), "the first stage")
            .help("give every stage `users` (a fixed crowd) or every stage `rate` (arrivals, come what may)"),
        );
    }
}

/// A list of stages with no load at all.
fn no_load(out: &mut Diagnostics, node: &Node, items: &[Node], stages: &[Stage]) {
    let idle = stages.iter().all(|stage| stage.load.level() <= 0.0);
    if idle && stages.len() == items.len() {
        out.push(
            Diagnostic::error(node.span, "no stage has any load: there is nothing to do").help(
                if stages.iter().any(|stage| stage.load.is_open()) {
                    "give at least one stage a rate above `0/s`"
                } else {
                    "give at least one stage more than zero users"
                },
            ),
        );
    }
}

/// Keys of the open model beside stages of the closed one, and a pace beside arrivals.
pub(super) fn open_model_keys(out: &mut Diagnostics, fields: &Fields<'_>, scenario: &Scenario) {
    let Some(first) = scenario.first_level() else {
        return;
    };
    match first {
        Load::Users(users) => {
            for key in ["arrivals", "max_users", "when_busy"] {
                if let Some(span) = fields.key(key) {
                    out.push(
                        Diagnostic::error(
                            span,
                            format!("`{key}` means nothing here: the stages say `users`"),
                        )
                        .also(users.span, "a fixed number of users")
                        .help(format!("take `{key}` out, or write stages with `rate: 50/s`")),
                    );
                }
            }
        }
        Load::Rate(_) => {
            if let Some(think) = scenario.think {
                out.push(
                    Diagnostic::error(think.span, "`think` means nothing here: the stages say `rate`").help(
                        "arrivals follow the rate alone; take `think` out, or write stages with `users: 10`",
                    ),
                );
            }
        }
    }
}

pub(super) fn stop_after(out: &mut Diagnostics, node: &Node) -> Option<Spanned<StopAfter>> {
    let fields = Fields::new(out, node, &shapes::STOP_AFTER)?;
    let (kind, _, value) = fields.only_one(out)?;
    let count = leaf::positive_count(out, value, "the number to stop after")?.value;
    let stop = if kind == "requests" {
        StopAfter::Requests(count)
    } else {
        StopAfter::Iterations(count)
    };
    Some(Spanned::new(stop, node.span))
}

/// Thresholds, each a text; `- failures < 1% for 10s: abort` is a mapping to YAML, and a text to us.
pub(super) fn thresholds(out: &mut Diagnostics, node: &Node) -> Option<Vec<Text>> {
    let example = "thresholds: [ failures < 1%, p95 < 3s ]";
    let items = leaf::list(out, node, "a list of thresholds", example)?;
    let read = |item| threshold(out, item, example);
    Some(items.iter().filter_map(read).collect())
}

fn threshold(out: &mut Diagnostics, node: &Node, example: &str) -> Option<Text> {
    match &node.kind {
        Kind::Scalar(_) => {
            leaf::plain_text(out, node, "a threshold")?;
            leaf::text(out, node, "a threshold")
        }
        Kind::Map(entries) => {
            let [(key, value)] = entries.as_slice() else {
                return leaf::wrong_type(out, node, "a threshold in one line", example);
            };
            joined(out, key, value)
        }
        Kind::List(_) => leaf::wrong_type(out, node, "a threshold", example),
    }
}

/// The line that YAML took for a key and its value.
fn joined(out: &mut Diagnostics, key: &Spanned<String>, value: &Node) -> Option<Text> {
    let Kind::Scalar(word) = &value.kind else {
        return leaf::wrong_type(
            out,
            value,
            "`abort` after the colon",
            "failures < 50% for 10s: abort",
        );
    };
    let text = format!("{}: {}", key.value, word.text);
    let span = key.span.to(value.span);
    // Bytes map where key and word were written with exactly `: ` between them and without quotes.
    let exact =
        word.plain && key.span.end - key.span.start == key.value.len() && span.end - span.start == text.len();
    Some(Text {
        text,
        span,
        exact,
        plain: true,
    })
}
