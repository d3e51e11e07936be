//! The configuration: what fills `{{ config.* }}`, from a file, the environment and the command line, in that order of
//! precedence, each value with its origin and whether it is secret.

use std::fmt;
use std::path::{Path, PathBuf};

use super::diagnostics::{Diagnostic, Diagnostics, Sources};
use super::secret::{self, MASK, Secret};
use super::span::{Span, Text};
use super::yaml::{self, Kind, Node};

/// Environment variables that begin so override keys: `RUNNER_API_BASE_URL` is `api_base_url`, `RUNNER_DB__HOST` is `db.host`.
pub const ENV_PREFIX: &str = "RUNNER_";

/// Where configuration comes from. Nothing here is read from the process by itself.
#[derive(Debug, Clone, Default)]
pub struct ConfigSources {
    /// A file the user named: it must exist.
    pub file: Option<PathBuf>,
    /// The file that is taken if it exists and none was named: `config.yaml`.
    pub default_file: Option<PathBuf>,
    /// The environment; only names that begin with [`ENV_PREFIX`] matter.
    pub env: Vec<(String, String)>,
    /// `--set key=value`, in order; the last of one key counts.
    pub set: Vec<String>,
    /// `--host`: `config.host`, above all else.
    pub host: Option<String>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The configuration file.
    File(Span),
    /// An environment variable, by its name.
    Environment(String),
    /// `--set`.
    Set,
    /// `--host`.
    Host,
    /// Nobody set it: a default, such as those for the demo API.
    Default,
}

/// One value.
#[derive(Clone)]
pub struct ConfigValue {
    /// As text, with the digits that were written.
    pub text: String,
    /// Written without quotes, so that it may be a number or a boolean. Always true outside of a file.
    pub plain: bool,
    /// Where it came from.
    pub origin: Origin,
    /// Never shown.
    pub secret: bool,
}

impl fmt::Debug for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secret { MASK } else { &self.text })
    }
}

/// A node of the configuration.
#[derive(Debug, Clone)]
pub enum ConfigNode {
    /// A value.
    Value(ConfigValue),
    /// A list.
    List(Vec<ConfigNode>),
    /// Keys and values, in the order of the file.
    Map(Vec<(String, ConfigNode)>),
}

/// The configuration, merged.
#[derive(Debug, Clone)]
pub struct Config {
    root: ConfigNode,
    /// Whether all of it could be read.
    whole: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            root: ConfigNode::Map(Vec::new()),
            whole: true,
        }
    }
}

impl Config {
    /// Reads and merges. Problems are told; what can be read is.
    pub fn load(from: &ConfigSources, sources: &mut Sources, out: &mut Diagnostics) -> Self {
        let before = out.errors();
        let mut config = Self {
            root: read_file(from, sources, out),
            whole: true,
        };
        let mut env: Vec<&(String, String)> = from
            .env
            .iter()
            .filter(|(name, _)| name.starts_with(ENV_PREFIX))
            .collect();
        env.sort();
        for (name, value) in env {
            let key = name[ENV_PREFIX.len()..].to_lowercase().replace("__", ".");
            if !key.is_empty() {
                config.put(&key, value, &Origin::Environment(name.clone()), true);
            }
        }
        for argument in &from.set {
            match argument.split_once('=') {
                Some((key, value)) if well_formed(key.trim()) => {
                    config.put(key.trim(), value, &Origin::Set, false);
                }
                _ => out.push(bad_set(argument)),
            }
        }
        if let Some(host) = &from.host {
            config.put("host", host.trim_end_matches('/'), &Origin::Host, false);
        }
        config.whole = out.errors() == before;
        config
    }

    /// Whether all of it could be read: if not, a key that is not here may be set all the same.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The value of a key; dots lead into nested ones: `db.host`.
    pub fn get(&self, key: &str) -> Option<&ConfigNode> {
        key.split('.').try_fold(&self.root, |node, part| match node {
            ConfigNode::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == part)
                .map(|(_, node)| node),
            ConfigNode::List(items) => part.parse::<usize>().ok().and_then(|n| items.get(n)),
            ConfigNode::Value(_) => None,
        })
    }

    /// The whole tree; its root is a mapping.
    pub fn root(&self) -> &ConfigNode {
        &self.root
    }

    /// All secret values.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        visit(&self.root, &mut |value| {
            if value.secret && !value.text.is_empty() {
                secrets.push(Secret::new(value.text.clone()));
            }
        });
        secrets
    }

    /// Where the secret values stand in the configuration file.
    pub(super) fn secret_spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        visit(&self.root, &mut |value| {
            if let (true, Origin::File(span)) = (value.secret, &value.origin) {
                spans.push(*span);
            }
        });
        spans
    }

    /// Sets a key that is set nowhere else.
    pub(super) fn set_default(&mut self, key: &str, value: &str) {
        if self.get(key).is_none() {
            self.put(key, value, &Origin::Default, false);
        }
    }

    /// Marks a key, and all below it, as secret: one listed under `secrets:` or used in `auth`.
    pub fn mark_secret(&mut self, key: &str) {
        let node = key.split('.').try_fold(&mut self.root, |node, part| match node {
            ConfigNode::Map(entries) => entries
                .iter_mut()
                .find(|(name, _)| name == part)
                .map(|(_, node)| node),
            ConfigNode::List(items) => part.parse::<usize>().ok().and_then(|n| items.get_mut(n)),
            ConfigNode::Value(_) => None,
        });
        node.into_iter().for_each(mark);
    }

    /// The value as JSON, for templates: numbers and booleans as such where they were written without quotes and in the
    /// way that JSON writes them, so `0201701` stays a text.
    pub fn to_json(&self) -> serde_json::Value {
        json(&self.root)
    }

    /// Sets a key. `loose`: an existing key that differs in case or in `-` for `_` is the one meant.
    fn put(&mut self, key: &str, text: &str, origin: &Origin, loose: bool) {
        let mut node = &mut self.root;
        let mut secret = false;
        for part in key.split('.') {
            secret |= secret::is_secret_key(part);
            if !matches!(node, ConfigNode::Map(_)) {
                *node = ConfigNode::Map(Vec::new());
            }
            let ConfigNode::Map(entries) = node else { return };
            let same = |name: &str| name == part || (loose && name.to_lowercase().replace('-', "_") == part);
            let at = entries
                .iter()
                .position(|(name, _)| same(name))
                .unwrap_or_else(|| {
                    entries.push((part.to_owned(), ConfigNode::Map(Vec::new())));
                    entries.len() - 1
                });
            node = &mut entries[at].1;
        }
        *node = ConfigNode::Value(ConfigValue {
            text: text.to_owned(),
            plain: true,
            origin: origin.clone(),
            secret,
        });
    }
}

fn well_formed(key: &str) -> bool {
    !key.is_empty()
        && key
            .split('.')
            .all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
}

/// The argument itself is not shown: it may hold a secret in the wrong place.
fn bad_set(argument: &str) -> Diagnostic {
    let message = if argument.contains('=') {
        "`--set` without a key"
    } else {
        "`--set` needs a key and a value"
    };
    let key = argument.split('=').next().unwrap_or_default().trim();
    let key = if well_formed(key) && !key.contains('/') {
        key
    } else {
        "host"
    };
    Diagnostic::without_place(message).help(format!("write `--set {key}=VALUE`"))
}

fn read_file(from: &ConfigSources, sources: &mut Sources, out: &mut Diagnostics) -> ConfigNode {
    let nothing = || ConfigNode::Map(Vec::new());
    let path = match (&from.file, &from.default_file) {
        (Some(path), _) => path.as_path(),
        (None, Some(path)) if path.exists() => path.as_path(),
        _ => return nothing(),
    };
    read_tree(path, sources, out).unwrap_or_else(nothing)
}

fn read_tree(path: &Path, sources: &mut Sources, out: &mut Diagnostics) -> Option<ConfigNode> {
    let id = match yaml::read(path, "configuration", sources) {
        Ok(id) => id,
        Err(problem) => {
            out.push(*problem);
            return None;
        }
    };
    let root = yaml::parse(id, sources, out)?;
    match &root.kind {
        Kind::Map(_) => Some(convert(&root, false)),
        _ if root.is_null() => None,
        _ => {
            out.push(
                Diagnostic::error(root.span, "the configuration is a mapping of keys to values")
                    .help("for example `host: https://localhost:8443`; see config-example.yaml"),
            );
            None
        }
    }
}

fn convert(node: &Node, secret: bool) -> ConfigNode {
    match &node.kind {
        Kind::Scalar(text) => ConfigNode::Value(scalar(node, text, secret)),
        Kind::List(items) => ConfigNode::List(items.iter().map(|item| convert(item, secret)).collect()),
        Kind::Map(entries) => ConfigNode::Map(
            entries
                .iter()
                .map(|(key, node)| {
                    (
                        key.value.clone(),
                        convert(node, secret || secret::is_secret_key(&key.value)),
                    )
                })
                .collect(),
        ),
    }
}

fn scalar(node: &Node, text: &Text, secret: bool) -> ConfigValue {
    let shown = if node.is_null() {
        String::new()
    } else {
        text.text.clone()
    };
    ConfigValue {
        text: shown,
        plain: text.plain,
        origin: Origin::File(text.span),
        secret,
    }
}

fn mark(node: &mut ConfigNode) {
    match node {
        ConfigNode::Value(value) => value.secret = true,
        ConfigNode::List(items) => items.iter_mut().for_each(mark),
        ConfigNode::Map(entries) => entries.iter_mut().for_each(|(_, node)| mark(node)),
    }
}

fn visit(node: &ConfigNode, each: &mut impl FnMut(&ConfigValue)) {
    match node {
        ConfigNode::Value(value) => each(value),
        ConfigNode::List(items) => items.iter().for_each(|node| visit(node, each)),
        ConfigNode::Map(entries) => entries.iter().for_each(|(_, node)| visit(node, each)),
    }
}

fn json(node: &ConfigNode) -> serde_json::Value {
    use serde_json::Value;
    match node {
        ConfigNode::List(items) => Value::Array(items.iter().map(json).collect()),
        ConfigNode::Map(entries) => Value::Object(
            entries
                .iter()
                .map(|(name, node)| (name.clone(), json(node)))
                .collect(),
        ),
        ConfigNode::Value(value) => match value.text.as_str() {
            "true" if value.plain => Value::Bool(true),
            "false" if value.plain => Value::Bool(false),
            text => {
                let number = serde_json::from_str::<serde_json::Number>(text).ok();
                // `1.10` would come back as `1.1`: only what reads the same is a number.
                match number.filter(|number| value.plain && number.to_string() == text) {
                    Some(number) => Value::Number(number),
                    None => Value::String(text.to_owned()),
                }
            }
        },
    }
}
