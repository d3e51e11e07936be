//! What the names in a template stand for.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::{Access, SlotId};
use crate::plan::problem::{Problem, did_you_mean};
use crate::plan::value::{Table, Value};
use crate::scenario::MASK;
use crate::scenario::suggest::nearest;

/// The values of `config.*`, known before the run: as they are, and with masks in place of secrets.
#[derive(Clone, Default)]
pub struct Constants {
    sent: serde_json::Value,
    shown: serde_json::Value,
}

/// One value of `config.*`.
pub(super) struct Constant {
    pub(super) sent: Value,
    pub(super) shown: Value,
}

impl Constant {
    /// Whether it is, or holds, a secret.
    pub(super) fn is_secret(&self) -> bool {
        self.sent != self.shown
    }
}

impl Constants {
    /// Two objects of the same keys; where they differ, the first is secret.
    pub fn new(sent: serde_json::Value, shown: serde_json::Value) -> Self {
        Self { sent, shown }
    }

    fn get(&self, path: &[&str]) -> Option<Constant> {
        let walk = |root| {
            path.iter()
                .try_fold(root, |node: &serde_json::Value, part| node.get(part))
        };
        let sent = Value::from(walk(&self.sent)?);
        // Below a mask there is nothing to walk to: all of it is secret.
        let shown = walk(&self.shown).map_or_else(|| Value::text(MASK), Value::from);
        Some(Constant { sent, shown })
    }

    /// All keys of the first level.
    fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.sent
            .as_object()
            .into_iter()
            .flat_map(|object| object.keys().map(String::as_str))
    }

    /// As minijinja sees `config`; with masks where `shown`.
    pub(super) fn to_jinja(&self, shown: bool) -> minijinja::Value {
        minijinja::Value::from(minijinja::value::Serde(if shown {
            &self.shown
        } else {
            &self.sent
        }))
    }
}

impl fmt::Debug for Constants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.shown, f)
    }
}

/// What a named value looks like.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Text or a number: it has no parts.
    Scalar,
    /// A row of a table.
    Row(Arc<Table>),
    /// Known only at run time: a capture, a list of JSON values.
    Any,
}

/// A named value.
#[derive(Clone, Debug)]
pub struct Name {
    /// Where it is.
    pub slot: SlotId,
    /// What it looks like.
    pub shape: Shape,
}

/// The names that a template at one place of the scenario may use.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Values of the run.
    pub names: BTreeMap<String, Name>,
    /// `config.*`.
    pub config: Arc<Constants>,
    /// Names that exist, but not at this place, and why.
    pub elsewhere: BTreeMap<String, String>,
    /// For a scenario that could not be read whole, from which no plan comes: what stands for names and keys that may be among
    /// what is missing.
    pub unread: Unread,
}

/// What stands for names that are not known but may exist.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unread {
    /// For a name; `None`: all names are known.
    pub name: Option<SlotId>,
    /// For a key of `config`; `None`: all keys are known.
    pub key: Option<SlotId>,
}

/// What a plain name stands for.
pub(super) enum Found {
    Slot(SlotId, Access),
    Constant(Constant),
}

impl Scope {
    /// Looks up a dotted name (`term_id`, `student.id`, `config.host`) that stands at `range`.
    pub(super) fn find(&self, path: &[&str], range: Range<usize>) -> Result<Found, Problem> {
        let (root, parts) = (path[0], &path[1..]);
        if let Some(name) = self.names.get(root) {
            return name
                .access(root, parts, range)
                .map(|access| Found::Slot(name.slot, access));
        }
        match (root, parts) {
            ("config", []) => {
                Err(Problem::new(range, "`config` needs a key").help("write for example `config.host`"))
            }
            ("config", path) => match (self.constant(path, range), self.unread.key) {
                (Err(_), Some(slot)) => Ok(Found::Slot(slot, Access::Whole)),
                (constant, _) => constant.map(Found::Constant),
            },
            _ => match self.unread.name {
                Some(slot) if !self.elsewhere.contains_key(root) => Ok(Found::Slot(slot, Access::Whole)),
                _ => Err(self.unknown(root, range)),
            },
        }
    }

    fn constant(&self, path: &[&str], range: Range<usize>) -> Result<Constant, Problem> {
        if let Some(constant) = self.config.get(path) {
            return Ok(constant);
        }
        let key = path.join(".");
        let problem = Problem::new(range, format!("`config.{key}` is set nowhere"));
        Err(match nearest(&key, self.config.keys()) {
            Some(meant) => problem.help(format!("did you mean `config.{meant}`?")),
            None => problem.help(format!(
                "set `{key}` in config.yaml, `RUNNER_{}` in the environment, or give `--set {key}=...`",
                path.join("__").to_uppercase()
            )),
        })
    }

    fn unknown(&self, root: &str, range: Range<usize>) -> Problem {
        if let Some(reason) = self.elsewhere.get(root) {
            return Problem::new(range, format!("`{root}` is not known here")).help(reason.clone());
        }
        let mut problem = Problem::new(range, format!("`{root}` is not defined"));
        problem.help = if self.config.get(&[root]).is_some() {
            Some(format!("did you mean `config.{root}`?"))
        } else if matches!(root, "env" | "ENV" | "environ") {
            Some("`RUNNER_NAME` in the environment is `{{ config.name }}`".to_owned())
        } else if self.names.is_empty() {
            Some("only `config.*` is known here".to_owned())
        } else {
            did_you_mean(root, self.names.keys().map(String::as_str))
        };
        problem
    }
}

impl Name {
    fn access(&self, root: &str, parts: &[&str], range: Range<usize>) -> Result<Access, Problem> {
        match (&self.shape, parts) {
            (Shape::Scalar | Shape::Any, []) => Ok(Access::Whole),
            (Shape::Scalar, [part, ..]) => Err(Problem::new(
                range,
                format!("`{root}` is a single value without `{part}`"),
            )
            .help(format!("write `{root}`"))),
            (Shape::Any, parts) => Ok(Access::Members(parts.iter().map(|&part| part.into()).collect())),
            (Shape::Row(table), []) => Err(Problem::new(range, format!("`{root}` is a whole row"))
                .help(format!("name a column: {}", columns(root, table)))),
            (Shape::Row(table), [column, rest @ ..]) => match table.column(column) {
                Some(place) if rest.is_empty() => Ok(Access::Column(place)),
                Some(_) => Ok(Access::Members(parts.iter().map(|&part| part.into()).collect())),
                None => {
                    let help = match nearest(column, table.columns().iter().map(|name| &**name)) {
                        Some(meant) => format!("did you mean `{root}.{meant}`?"),
                        None => format!("its columns: {}{}", columns(root, table), other_delimiter(table)),
                    };
                    Err(Problem::new(range, format!("`{root}` has no column `{column}`")).help(help))
                }
            },
        }
    }
}

/// Advice for a file whose only column looks like several.
fn other_delimiter(table: &Table) -> String {
    let [only] = table.columns() else {
        return String::new();
    };
    let found = [(';', ";"), ('\t', "\\t"), ('|', "|")]
        .into_iter()
        .find(|(delimiter, _)| only.contains(*delimiter));
    found.map_or_else(String::new, |(_, written)| {
        format!("; to divide it write `delimiter: \"{written}\"` beside `csv`")
    })
}

fn columns(root: &str, table: &Table) -> String {
    let names: Vec<_> = table
        .columns()
        .iter()
        .take(8)
        .map(|column| format!("`{root}.{column}`"))
        .collect();
    names.join(", ")
}
