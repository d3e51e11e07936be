//! Secrets written out in a scenario, where a template of `config.*` would be better: found by where they stand.

use super::secret::{self, Secret};
use super::span::Span;
use super::yaml::{Kind, Node};

/// The literal secrets and their places: all of `target.auth` but its addresses, values of secret-looking keys and headers
/// anywhere, passwords in URLs.
pub(super) fn find(root: &Node) -> Vec<(Span, Secret)> {
    let mut found = Vec::new();
    walk(root, &mut Vec::new(), false, &mut found);
    found
}

fn walk<'n>(node: &'n Node, path: &mut Vec<&'n str>, secret: bool, found: &mut Vec<(Span, Secret)>) {
    match &node.kind {
        Kind::Scalar(text) => {
            let harmless = node.is_null()
                || text.text.is_empty()
                || secret::only_templates(&text.text)
                || (text.plain && matches!(text.text.as_str(), "true" | "false"));
            // `auth: basic` is a slip; the word is no secret.
            let kind =
                path == &["target", "auth"] && matches!(text.text.as_str(), "basic" | "bearer" | "oauth2");
            if secret && !harmless && !kind {
                found.push((text.span, Secret::new(text.text.clone())));
            } else if let Some(range) = secret::url_password(&text.text) {
                found.push((text.span_of(range.clone()), Secret::new(&text.text[range])));
            }
        }
        Kind::List(items) => items.iter().for_each(|item| walk(item, path, secret, found)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                let inside = inside_of(path, &key.value, secret, value);
                path.push(&key.value);
                walk(value, path, inside, found);
                path.pop();
            }
        }
    }
}

/// Whether the value of a key is secret.
fn inside_of(path: &[&str], key: &str, secret: bool, value: &Node) -> bool {
    let in_auth = path.starts_with(&["target", "auth"]) || (path == ["target"] && key == "auth");
    if in_auth {
        return !matches!(key, "token_url" | "scope");
    }
    let named = secret::is_secret_header(key);
    match (path, &value.kind) {
        // Names of files, of pools and of keys are not values of them.
        (["target", "tls"] | ["thresholds"] | [], _) => false,
        (["data"], _) => named,
        (_, Kind::Scalar(_) | Kind::List(_)) if matches!(path.last(), Some(&"capture")) => false,
        (["data", ..], _) => secret && key == "values" || named && !matches!(value.kind, Kind::Map(_)),
        _ => secret || named,
    }
}
