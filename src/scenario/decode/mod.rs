//! From the tree to [`Scenario`]: keys, types, units, and what can be judged without knowing the rest (a list that is empty, a
//! name written twice). What names mean is `plan`'s.

mod data;
mod fields;
mod leaf;
mod load;
mod request;
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
        out.push(
            Diagnostic::error(root.span, "the scenario is empty")
                .help("it needs a target, endpoints and stages; copy scenarios/mixed.yaml to begin with"),
        );
        return None;
    }
    let fields = Fields::new(out, root, &shapes::SCENARIO)?;
    let target = match fields.required(out, "target") {
        Some(node) => target::target(out, node),
        None => target::unread(root.span),
    };
    let endpoints = fields.required(out, "endpoints");
    let stages = fields.required(out, "stages");
    let scenario = Scenario {
        name: fields
            .optional("name")
            .and_then(|node| leaf::plain_text(out, node, "a name")),
        description: fields
            .optional("description")
            .and_then(|node| leaf::plain_text(out, node, "a description")),
        data: match fields.optional("data") {
            Some(node) => data::all(out, node),
            None if fields.may_hold("data") => vec![data::unread(root.span)],
            None => Vec::new(),
        },
        think: fields
            .optional("think")
            .and_then(|node| load::think(out, node, true)),
        on_start: fields
            .optional("on_start")
            .map(|node| names(out, node, "the name of an endpoint", "[get_by_term_id]"))
            .unwrap_or_default(),
        on_stop: fields
            .optional("on_stop")
            .map(|node| names(out, node, "the name of an endpoint", "[log_out]"))
            .unwrap_or_default(),
        setup: fields
            .optional("setup")
            .map(|node| request::steps(out, node, "setup"))
            .unwrap_or_default(),
        teardown: fields
            .optional("teardown")
            .map(|node| request::steps(out, node, "teardown"))
            .unwrap_or_default(),
        endpoints: match endpoints {
            Some(node) => request::endpoints(out, node),
            None => vec![request::unread_endpoint(root.span)],
        },
        endpoints_span: endpoints.map_or(root.span, |node| node.span),
        stages: stages.map(|node| load::stages(out, node)).unwrap_or_default(),
        stages_span: stages.map_or(root.span, |node| node.span),
        arrivals: fields
            .optional("arrivals")
            .and_then(|node| load::arrivals(out, node)),
        max_users: fields
            .optional("max_users")
            .and_then(|node| leaf::positive_count(out, node, "`max_users`")),
        when_busy: fields
            .optional("when_busy")
            .and_then(|node| load::when_busy(out, node)),
        thresholds: fields
            .optional("thresholds")
            .map(|node| load::thresholds(out, node))
            .unwrap_or_default(),
        secrets: fields
            .optional("secrets")
            .map(|node| names(out, node, "a key of the configuration", "[client_id]"))
            .unwrap_or_default(),
        seed: fields.optional("seed").and_then(|node| leaf::count(out, node)),
        graceful_stop: fields
            .optional("graceful_stop")
            .and_then(|node| leaf::duration(out, node)),
        stop_after: fields
            .optional("stop_after")
            .and_then(|node| load::stop_after(out, node)),
        target,
    };
    load::open_model_keys(out, &fields, &scenario);
    Some(scenario)
}

/// A list of names; one name alone is fine.
fn names(out: &mut Diagnostics, node: &Node, what: &str, example: &str) -> Vec<Spanned<String>> {
    if node.is_null() {
        return Vec::new();
    }
    if matches!(node.kind, Kind::Map(_)) {
        leaf::wrong_type(out, node, "a list of names", example);
        return vec![Spanned::unread(node.span)];
    }
    let name = |item: &Node| {
        let name = if matches!(item.kind, Kind::Scalar(_)) {
            leaf::plain_text(out, item, what)
        } else {
            leaf::wrong_type(out, item, what, example);
            None
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
