//! What the names in a template stand for.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::{Access, SlotId};
use crate::plan::problem::{Problem, closest, did_you_mean};
use crate::plan::value::{Table, Value};

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// The values of `config.*`, known before the run.
#[derive(Clone, Default)]
pub struct Constants {
    entries: BTreeMap<String, Constant>,
}

/// One value of `config.*`.
#[derive(Clone)]
pub struct Constant {
    /// What it is.
    pub value: Value,
    /// Never shown.
    pub secret: bool,
}

impl Constants {
    /// Sets a value.
    pub fn set(&mut self, key: impl Into<String>, value: Value, secret: bool) {
        self.entries.insert(key.into(), Constant { value, secret });
    }

    /// From now on a value is secret: it is used in `auth`.
    pub fn hide(&mut self, key: &str) {
        if let Some(constant) = self.entries.get_mut(key) {
            constant.secret = true;
        }
    }

    /// A value by its key.
    pub fn get(&self, key: &str) -> Option<&Constant> {
        self.entries.get(key)
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.entries.keys().map(String::as_str)
    }

    /// As minijinja sees `config`; with masks where `shown`.
    pub(super) fn to_jinja(&self, shown: bool) -> minijinja::Value {
        let mask = Value::text(MASK);
        minijinja::Value::from_pairs(self.entries.iter().map(|(key, constant)| {
            let value = if shown && constant.secret {
                &mask
            } else {
                &constant.value
            };
            (key.as_str(), value.to_jinja())
        }))
    }
}

impl fmt::Debug for Constants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys()).finish()
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
}

/// What a plain name stands for.
pub(super) enum Found<'a> {
    Slot(SlotId, Access),
    Constant(&'a Constant),
}

impl Scope {
    /// Looks up a dotted name (`term_id`, `student.id`, `config.host`) that stands at `range`.
    pub(super) fn find(&self, path: &[&str], range: Range<usize>) -> Result<Found<'_>, Problem> {
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
            ("config", [key, ..]) => self.constant(key, range).map(Found::Constant),
            _ => Err(self.unknown(root, range)),
        }
    }

    fn constant(&self, key: &str, range: Range<usize>) -> Result<&Constant, Problem> {
        self.config.get(key).ok_or_else(|| {
            let problem = Problem::new(range, format!("`config.{key}` is set nowhere"));
            match closest(key, self.config.keys()) {
                Some(meant) => problem.help(format!("did you mean `config.{meant}`?")),
                None => problem.help(format!(
                    "set `{key}` in config.yaml, RUNNER_{} in the environment, or give `--set {key}=...`",
                    key.to_uppercase()
                )),
            }
        })
    }

    fn unknown(&self, root: &str, range: Range<usize>) -> Problem {
        let mut problem = Problem::new(range, format!("`{root}` is not defined"));
        problem.help = if let Some(reason) = self.elsewhere.get(root) {
            Some(reason.clone())
        } else if self.config.get(root).is_some() {
            Some(format!("did you mean `config.{root}`?"))
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
                    let help = match closest(column, table.columns().iter().map(|name| &**name)) {
                        Some(meant) => format!("did you mean `{root}.{meant}`?"),
                        None => format!("its columns: {}", columns(root, table)),
                    };
                    Err(Problem::new(range, format!("`{root}` has no column `{column}`")).help(help))
                }
            },
        }
    }
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
