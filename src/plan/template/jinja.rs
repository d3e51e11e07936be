//! The part of a template that is more than literals and plain names: minijinja, strict, with limited fuel.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Object};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Expression, UndefinedBehavior};

use super::parse::place_of;
use super::scope::{Found, Scope};
use super::{Escape, RenderError, SlotId, Values};
use crate::plan::problem::{Problem, nesting};
use crate::plan::value::Value;
use crate::scenario::suggest::nearest;

/// Enough for any sensible template (a loop over a thousand items), far too little to stall a worker.
const FUEL: u64 = 50_000;

/// Bytes of code in one tag, and in all tags of a template, at most: minijinja descends into nested code, and a scenario must
/// not be able to exhaust the stack.
const LONGEST_TAG: usize = 1000;
const LONGEST_CODE: usize = 8000;
/// Brackets in each other, at most.
const DEEPEST: usize = 20;

/// Prints values as they stand.
static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(|| environment(Escape::None));
/// Prints values as one segment of a path.
static PATH: LazyLock<Environment<'static>> = LazyLock::new(|| environment(Escape::Path));

fn environment(escape: Escape) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(false);
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_formatter(move |out, _, value| {
        if value.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let mut text = String::new();
        let escape = if value.is_safe() { Escape::None } else { escape };
        escape.value(&Value::from_jinja(value), &mut text);
        out.write_str(&text)
            .map_err(|_| Error::from(ErrorKind::WriteFailure))
    });
    environment
}

/// Refuses more code than any person would write.
fn refuse_long(text: &str) -> Result<(), Problem> {
    let mut all = 0;
    let mut rest = text;
    while let Some(open) = find_either(rest, ["{{", "{%"]) {
        let tag = &rest[open..];
        let length = find_either(tag, ["}}", "%}"]).map_or(tag.len(), |close| close + 2);
        refuse_long_code(&tag[..length], text.len() - tag.len())?;
        all += length;
        if all > LONGEST_CODE {
            let message = format!("this template has more than {LONGEST_CODE} characters between its braces");
            let help = "compute such a value beforehand, and draw it from a file";
            return Err(Problem::new(0..text.len(), message).help(help));
        }
        rest = &tag[length..];
    }
    Ok(())
}

/// Where the first of two marks of two bytes stands.
fn find_either(text: &str, marks: [&str; 2]) -> Option<usize> {
    text.as_bytes()
        .windows(2)
        .position(|pair| marks.iter().any(|mark| mark.as_bytes() == pair))
}

fn refuse_long_code(code: &str, start: usize) -> Result<(), Problem> {
    let message = if code.len() > LONGEST_TAG {
        format!("this expression is longer than {LONGEST_TAG} characters")
    } else if nesting(code) > DEEPEST {
        format!("an expression is nested {DEEPEST} brackets deep at most")
    } else {
        return Ok(());
    };
    Err(Problem::new(start..start + code.len(), message))
}

/// The names that a piece of minijinja uses.
#[derive(Debug)]
pub(super) struct Uses {
    pub(super) slots: Vec<(Arc<str>, SlotId)>,
    config: minijinja::Value,
    config_shown: minijinja::Value,
}

impl Uses {
    /// Checks the names found in `text`.
    fn new(names: impl IntoIterator<Item = String>, text: &str, scope: &Scope) -> Result<Self, Problem> {
        let mut slots: Vec<(Arc<str>, SlotId)> = Vec::new();
        let mut names: Vec<_> = names
            .into_iter()
            .map(|name| (place_of(&name, text), name))
            .collect();
        names.sort_by_key(|(place, _)| place.start);
        for (place, name) in names {
            let path: Vec<_> = name.split('.').collect();
            let global = PLAIN.globals().any(|(known, _)| known == path[0]);
            if (global && !scope.names.contains_key(path[0])) || name == "config" {
                continue;
            }
            if path[0] == "config" && may_be_missing(&text[place.end..]) {
                continue;
            }
            // A whole row is fine here: an expression may pick its column.
            let row = path.len() == 1 && scope.names.contains_key(path[0]);
            let slot = if row {
                scope.names[path[0]].slot
            } else {
                match scope.find(&path, place)? {
                    Found::Constant(_) => continue,
                    Found::Slot(slot, _) => slot,
                }
            };
            if !slots.iter().any(|(_, known)| *known == slot) {
                slots.push((path[0].into(), slot));
            }
        }
        Ok(Self {
            slots,
            config: scope.config.to_jinja(false),
            config_shown: scope.config.to_jinja(true),
        })
    }

    fn context(&self, values: &Values, shown: bool) -> minijinja::Value {
        let value =
            |(name, slot): &(Arc<str>, SlotId)| Some((Arc::clone(name), values.get(*slot)?.to_jinja()));
        let config = if shown { &self.config_shown } else { &self.config };
        minijinja::Value::from_object(Context {
            values: self.slots.iter().filter_map(value).collect(),
            config: config.clone(),
        })
    }

    /// Text in place of every value: enough to find out whether all filters and functions exist.
    fn pretended(&self) -> minijinja::Value {
        minijinja::Value::from_object(Context {
            values: self
                .slots
                .iter()
                .map(|(name, _)| (Arc::clone(name), "1".into()))
                .collect(),
            config: self.config_shown.clone(),
        })
    }
}

/// Whether the code behind a name says what happens without a value: `| default('x')`, `is defined`.
fn may_be_missing(behind: &str) -> bool {
    let behind = behind.trim_start();
    let filter = behind.strip_prefix('|').map(str::trim_start);
    filter.is_some_and(|filter| filter.starts_with("default") || filter.starts_with("d("))
        || ["is defined", "is undefined", "is not defined"]
            .iter()
            .any(|test| behind.starts_with(test))
}

/// The values of one rendering.
#[derive(Debug)]
struct Context {
    values: Vec<(Arc<str>, minijinja::Value)>,
    config: minijinja::Value,
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<minijinja::Value> {
        let value = self
            .values
            .iter()
            .find(|(name, _)| &**name == key)
            .map(|(_, value)| value.clone());
        value.or_else(|| (key == "config").then(|| self.config.clone()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(
            self.values
                .iter()
                .map(|(name, _)| minijinja::Value::from(&**name))
                .collect(),
        )
    }
}

/// A whole template rendered by minijinja.
pub(super) struct Block {
    environment: Environment<'static>,
    escape: Escape,
    pub(super) uses: Uses,
    /// All of it, as written.
    pub(super) text: String,
    excerpt: String,
}

const TEMPLATE: &str = "template";

impl Block {
    pub(super) fn compile(text: &str, scope: &Scope, escape: Escape) -> Result<Self, Problem> {
        refuse_long(text)?;
        let mut environment = if escape == Escape::Path {
            PATH.clone()
        } else {
            PLAIN.clone()
        };
        let added = environment.add_template_owned(TEMPLATE, text.to_owned());
        added.map_err(|error| problem(&error, text))?;
        let template = environment
            .get_template(TEMPLATE)
            .map_err(|error| problem(&error, text))?;
        let uses = Uses::new(template.undeclared_variables(true), text, scope)?;
        if let Err(error) = template.render(uses.pretended())
            && (unknown_function(&error) || uses.slots.is_empty())
        {
            return Err(problem(&error, text));
        }
        Ok(Self {
            environment,
            escape,
            uses,
            text: text.to_owned(),
            excerpt: excerpt(text.trim()),
        })
    }

    pub(super) fn render(&self, values: &Values, shown: bool, out: &mut String) -> Result<(), RenderError> {
        let context = self.uses.context(values, shown);
        let template = self.environment.get_template(TEMPLATE);
        let template = template.map_err(|error| failure(&error, &self.excerpt, &self.uses, values))?;
        let text = template.render(context).map_err(|error| {
            let tag = error.range().and_then(|at| tag_at(template.source(), at.start));
            let tag = tag.map_or_else(|| self.excerpt.clone(), excerpt);
            failure(&error, &tag, &self.uses, values)
        })?;
        self.escape.literal(&text, out);
        Ok(())
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("excerpt", &self.excerpt)
            .finish_non_exhaustive()
    }
}

/// An expression that comes to a value.
pub(super) struct Formula {
    expression: Expression<'static, 'static>,
    pub(super) uses: Uses,
    pub(super) excerpt: String,
}

impl Formula {
    /// Compiles a part of a text that begins at `start`.
    pub(super) fn compile(text: &str, start: usize, scope: &Scope) -> Result<Self, Problem> {
        Self::of(text, scope).map_err(|mut problem| {
            problem.range = problem.range.start + start..problem.range.end + start;
            problem
        })
    }

    fn of(text: &str, scope: &Scope) -> Result<Self, Problem> {
        refuse_long_code(text, 0)?;
        let expression = PLAIN.compile_expression_owned(text.to_owned());
        let expression = expression.map_err(|error| problem(&error, text))?;
        let uses = Uses::new(expression.undeclared_variables(true), text, scope)?;
        if let Err(error) = expression.eval(uses.pretended())
            && (unknown_function(&error) || uses.slots.is_empty())
        {
            return Err(problem(&error, text));
        }
        Ok(Self {
            expression,
            uses,
            excerpt: excerpt(text.trim()),
        })
    }

    pub(super) fn evaluate(&self, values: &Values, shown: bool) -> Result<minijinja::Value, RenderError> {
        let value = self.expression.eval(self.uses.context(values, shown));
        let value = value.map_err(|error| failure(&error, &self.excerpt, &self.uses, values))?;
        if value.is_undefined() {
            let error = ErrorKind::UndefinedError.into();
            return Err(failure(&error, &self.excerpt, &self.uses, values));
        }
        Ok(value)
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Formula")
            .field("excerpt", &self.excerpt)
            .finish_non_exhaustive()
    }
}

fn unknown_function(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction
    )
}

/// A mistake in the template, where minijinja saw it.
fn problem(error: &Error, text: &str) -> Problem {
    let range = error.range().filter(|range| text.get(range.clone()).is_some());
    let range: Range<usize> = range.unwrap_or(0..text.len());
    let message = match error.detail() {
        Some(detail) if unknown_function(error) => detail.to_owned(),
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    let problem = Problem::new(range, message);
    let filters = [
        "lower",
        "upper",
        "replace",
        "default",
        "int",
        "float",
        "join",
        "tojson",
        "trim",
        "urlencode",
        "round",
    ];
    let written = error
        .detail()
        .and_then(|detail| detail.split('\'').nth(1).or_else(|| detail.split(' ').nth(1)));
    match written.and_then(|written| nearest(written, filters)) {
        Some(meant) if error.kind() == ErrorKind::UnknownFilter => {
            problem.help(format!("did you mean `{meant}`?"))
        }
        None if error.kind() == ErrorKind::UnknownFilter => problem.help(format!(
            "filters are those of minijinja, such as `{}`",
            filters.join("`, `")
        )),
        _ => problem,
    }
}

/// A rendering that failed: at which tag, and what its values were, but not their contents; so without minijinja's detail,
/// which may quote them.
fn failure(error: &Error, tag: &str, uses: &Uses, values: &Values) -> RenderError {
    let told: Vec<_> = uses
        .slots
        .iter()
        .filter_map(|(name, slot)| {
            let place = place_of(name, tag);
            (tag.get(place.clone()) == Some(name))
                .then(|| kind_of(name, &tag[place.end..], values.get(*slot)))
        })
        .collect();
    let told = if told.is_empty() {
        String::new()
    } else {
        format!(" ({})", told.join(", "))
    };
    RenderError(format!("cannot render `{tag}`: {}{told}", error.kind()).into())
}

/// What a value is, or the member of it that is named behind it: `student.name` is text.
fn kind_of(name: &str, behind: &str, value: Option<&Value>) -> String {
    let (mut path, mut behind, mut value) = (name.to_owned(), behind, value.cloned());
    while let Some(rest) = behind.strip_prefix('.') {
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        path.extend([".", &rest[..end]]);
        value = value.and_then(|value| value.member(&rest[..end]));
        behind = &rest[end..];
    }
    match value {
        Some(value) => format!("`{path}` is {}", value.kind()),
        None => format!("`{path}` has no value"),
    }
}

/// The tag around a place of a template.
fn tag_at(text: &str, at: usize) -> Option<&str> {
    let open = text.get(..at + 2).or_else(|| text.get(..at))?;
    let open = ["{{", "{%"].iter().filter_map(|mark| open.rfind(mark)).max()?;
    text.get(open..)
}

/// The first tag of a template, for messages. Not the text around it, which may be a secret written out.
fn excerpt(text: &str) -> String {
    const MOST: usize = 60;
    let tag = find_either(text, ["{{", "{%"]).map_or(text, |open| &text[open..]);
    let tag = find_either(tag, ["}}", "%}"]).map_or(tag, |close| &tag[..close + 2]);
    match tag.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &tag[..end]),
        None => tag.to_owned(),
    }
}
