//! Secrets written out in a scenario, where a template of `config.*` would be better: found by where they stand.

use super::diagnostics::Sources;
use super::secret::{self, Secret};
use super::span::{SourceId, Span};
use super::yaml::{Kind, Node};

/// The places of literal secrets: all of `target.auth` but its addresses, values of secret-looking keys and headers anywhere,
/// passwords in URLs.
pub(super) fn spans(root: &Node) -> Vec<Span> {
    let mut spans = Vec::new();
    walk(root, &mut Vec::new(), false, &mut spans);
    spans
}

/// The secrets at those places, as the file says them.
pub(super) fn values(sources: &Sources, source: SourceId) -> Vec<Secret> {
    let mut problems = super::diagnostics::Diagnostics::new();
    let Some(root) = super::yaml::parse(source, sources, &mut problems) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    collect(&root, &spans(&root), &mut found);
    found
}

fn collect(node: &Node, spans: &[Span], found: &mut Vec<Secret>) {
    match &node.kind {
        Kind::Scalar(text) => {
            if spans.contains(&text.span) {
                found.push(Secret::new(text.text.clone()));
            } else if let Some(range) = secret::url_password(&text.text) {
                found.push(Secret::new(&text.text[range]));
            }
        }
        Kind::List(items) => items.iter().for_each(|item| collect(item, spans, found)),
        Kind::Map(entries) => entries.iter().for_each(|(_, node)| collect(node, spans, found)),
    }
}

fn walk<'n>(node: &'n Node, path: &mut Vec<&'n str>, secret: bool, spans: &mut Vec<Span>) {
    match &node.kind {
        Kind::Scalar(text) => {
            let harmless = node.is_null()
                || text.text.is_empty()
                || secret::only_templates(&text.text)
                || (text.plain && matches!(text.text.as_str(), "true" | "false"));
            if secret && !harmless {
                spans.push(text.span);
            } else if let Some(range) = secret::url_password(&text.text) {
                spans.push(text.span_of(range));
            }
        }
        // `values: [a, b]` of a source named `token` holds secrets as much as `token: a` does.
        Kind::List(items) => items.iter().for_each(|item| walk(item, path, secret, spans)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                let inside = inside_of(path, &key.value, secret, value);
                path.push(&key.value);
                walk(value, path, inside, spans);
                path.pop();
            }
        }
    }
}

fn inside_of(path: &[&str], key: &str, secret: bool, value: &Node) -> bool {
    let in_auth = path.starts_with(&["target", "auth"]) || (path == ["target"] && key == "auth");
    if in_auth {
        return !matches!(key, "token_url" | "scope");
    }
    let named = secret::is_secret_header(key);
    match (path, &value.kind) {
        // Names of files, of pools and of keys are not values of them.
        (["target", "tls"] | [], _) => false,
        (["data"], _) => named,
        (_, Kind::Scalar(_) | Kind::List(_)) if matches!(path.last(), Some(&"capture")) => false,
        (["data", ..], _) => secret && key == "values" || named && !matches!(value.kind, Kind::Map(_)),
        (_, Kind::Map(_)) => secret,
        _ => secret || named,
    }
}
