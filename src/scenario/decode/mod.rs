//! From the tree to [`Scenario`]: keys, types, units, and what can be judged without knowing the rest (a list that is empty, a
//! name written twice). What names mean is `plan`'s.

mod data;
mod fields;
mod foreign;
mod leaf;
mod load;
mod request;
pub(super) mod shape;
pub(super) mod shapes;
mod target;

use std::collections::HashMap;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::model::Scenario;
use super::span::{Span, Spanned};
use super::yaml::{Kind, Node};
use fields::Fields;

/// Decodes a scenario; what cannot be decoded is told, and left out or replaced by what leads to no further error. `None`: there
/// is nothing to go on with, which was told.
pub(super) fn scenario(out: &mut Diagnostics, root: &Node) -> Option<Scenario> {
    if root.is_null() {
        return out.fail(
            Diagnostic::error(root.span, "the scenario is empty")
                .help("it needs a target, endpoints and stages; copy scenarios/mixed.yaml to begin with"),
        );
    }
    let fields = Fields::new(out, root, &shapes::SCENARIO)?;
    let target = match fields.required(out, "target") {
        Some(node) => Fields::or_unread(out, node, &shapes::TARGET),
        None => Fields::unread(root.span, &shapes::TARGET),
    };
    let target = target::target(out, &target);
    let endpoints = fields.required(out, "endpoints");
    let (stages, find_capacity) = match fields.one_of(out, shapes::LOADS) {
        Some(("load", _, node)) => (None, Some(node)),
        Some((_, _, node)) => (Some(node), None),
        None => (None, None),
    };
    let scenario = Scenario {
        name: fields.read_as(out, "name", leaf::plain_text, "a name"),
        description: fields.read_as(out, "description", leaf::plain_text, "a description"),
        data: match fields.optional("data") {
            Some(node) => data::all(out, node),
            None if fields.may_hold("data") => vec![data::unread(root.span)],
            None => Vec::new(),
        },
        think: fields.read(out, "think", |out, node| load::think(out, node, &shapes::THINK)),
        on_start: names(
            out,
            &fields,
            "on_start",
            "the name of an endpoint",
            "[get_by_term_id]",
        ),
        on_start_failure: fields.read(out, "on_start_failure", leaf::choice),
        session: fields.read(out, "session", leaf::choice),
        on_stop: names(out, &fields, "on_stop", "the name of an endpoint", "[log_out]"),
        setup: request::once(out, &fields, "setup"),
        teardown: request::once(out, &fields, "teardown"),
        endpoints: match endpoints {
            Some(node) => request::endpoints(out, node),
            None => vec![request::unread_endpoint(out, root.span)],
        },
        endpoints_span: endpoints.map_or(root.span, |node| node.span),
        stages: stages.map(|node| load::stages(out, node)).unwrap_or_default(),
        stages_span: stages.or(find_capacity).map_or(root.span, |node| node.span),
        find_capacity: find_capacity.and_then(|node| load::search(out, node)),
        arrivals: fields.read(out, "arrivals", leaf::choice),
        max_users: fields.read_as(out, "max_users", leaf::positive_count, "`max_users`"),
        when_busy: fields.read(out, "when_busy", leaf::choice),
        thresholds: fields
            .read(out, "thresholds", load::thresholds)
            .unwrap_or_default(),
        secrets: names(
            out,
            &fields,
            "secrets",
            "a key of the configuration",
            "[client_id]",
        ),
        seed: fields.read(out, "seed", leaf::count),
        graceful_stop: fields.read(out, "graceful_stop", leaf::duration),
        stop_after: fields.read(out, "stop_after", load::stop_after),
        target,
    };
    load::open_model_keys(out, &fields, &scenario);
    load::ends_of_a_search(out, &scenario);
    Some(scenario)
}

/// A list of names; one name alone is fine.
fn names(
    out: &mut Diagnostics,
    fields: &Fields<'_>,
    key: &'static str,
    what: &str,
    example: &str,
) -> Vec<Spanned<String>> {
    let Some(node) = fields.optional(key).filter(|node| !node.is_null()) else {
        return Vec::new();
    };
    if matches!(node.kind, Kind::Map(_)) {
        leaf::wrong_type::<()>(out, node, "a list of names", example);
        return vec![Spanned::unread(node.span)];
    }
    let name = |item: &Node| {
        let name = if matches!(item.kind, Kind::Scalar(_)) {
            leaf::plain_text(out, item, what)
        } else {
            leaf::wrong_type(out, item, what, example)
        };
        name.unwrap_or(Spanned::unread(item.span))
    };
    leaf::one_or_list(node).iter().map(name).collect()
}

/// Tells names that are written twice.
fn unique<'a>(out: &mut Diagnostics, names: impl IntoIterator<Item = &'a Spanned<String>>, what: &str) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for name in names.into_iter().filter(|name| !name.is_unread()) {
        match seen.get(name.value.as_str()) {
            Some(first) => out.push(
                Diagnostic::error(name.span, format!("two {what} are named `{}`", name.value))
                    .label("the second")
                    .also(*first, "the first")
                    .help("give one of them another name; reports group by it"),
            ),
            None => drop(seen.insert(&name.value, name.span)),
        }
    }
}

/// A list that must not be empty.
fn empty(out: &mut Diagnostics, node: &Node, message: &str, help: &str) {
    out.push(Diagnostic::error(leaf::place(node), message).help(help));
}
