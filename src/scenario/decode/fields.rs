//! The small typed layer over the tree: mappings with known keys, leaves with units, and every problem told, not only the first.

use super::super::diagnostics::{Diagnostic, Diagnostics};
use super::super::span::{Span, Spanned};
use super::super::suggest::{nearest, one_of};
use super::super::yaml::{Kind, Node};
use super::leaf;
use super::shape::Shape;
use super::shapes::example_of;

/// The mapping being read.
pub(super) struct Fields<'n> {
    pub(super) span: Span,
    shape: &'static Shape,
    entries: &'n [(Spanned<String>, Node)],
    /// There is something in it that was not understood at all, and may hold anything.
    vague: bool,
    /// It could not be read, which was told: nothing is missing in it.
    unread: bool,
}

/// One of several keys: which it is, the key as written, and its value.
pub(super) type Chosen<'n> = (&'static str, &'n Spanned<String>, &'n Node);

impl<'n> Fields<'n> {
    /// The node as a mapping of this shape. Unknown keys are told at once.
    pub(super) fn new(out: &mut Diagnostics, node: &'n Node, shape: &'static Shape) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            return out.fail(
                Diagnostic::error(
                    leaf::place(node),
                    format!("{} is a mapping, found {}", shape.what, leaf::found(node)),
                )
                .help(format!("for example: {}", shape.example)),
            );
        };
        for (key, _) in entries
            .iter()
            .filter(|(key, _)| !shape.has(&key.value))
            .take(MOST_COMPARED)
        {
            out.push(unknown_key(key, shape));
        }
        let unknown = |(key, node): &(Spanned<String>, Node)| {
            !shape.has(&key.value)
                && !matches!(node.kind, Kind::Scalar(_))
                && !key.value.starts_with("x-")
                && shape.advice(&snake_case(&key.value)).is_none()
                && suggestion(&key.value, shape).is_none()
        };
        Some(Self {
            span: node.span,
            shape,
            entries,
            vague: entries.len() > MOST_COMPARED || entries.iter().any(unknown),
            unread: false,
        })
    }

    /// In place of something that is no mapping, which was told.
    pub(super) fn unread(span: Span, shape: &'static Shape) -> Self {
        Self {
            span,
            shape,
            entries: &[],
            vague: true,
            unread: true,
        }
    }

    /// The node as a mapping of this shape, or what stands in its place.
    pub(super) fn or_unread(out: &mut Diagnostics, node: &'n Node, shape: &'static Shape) -> Self {
        Self::new(out, node, shape).unwrap_or(Self::unread(node.span, shape))
    }

    /// The value of a key as `read` has it; `None` without the key, or with an error told.
    pub(super) fn read<T>(
        &self,
        out: &mut Diagnostics,
        key: &'static str,
        read: impl FnOnce(&mut Diagnostics, &'n Node) -> Option<T>,
    ) -> Option<T> {
        read(out, self.optional(key)?)
    }

    /// The same with words for what is expected.
    pub(super) fn read_as<T>(
        &self,
        out: &mut Diagnostics,
        key: &'static str,
        read: impl FnOnce(&mut Diagnostics, &'n Node, &str) -> Option<T>,
        what: &str,
    ) -> Option<T> {
        read(out, self.optional(key)?, what)
    }

    /// The same of a key that must be there.
    pub(super) fn need<T>(
        &self,
        out: &mut Diagnostics,
        key: &'static str,
        read: impl FnOnce(&mut Diagnostics, &'n Node, &str) -> Option<T>,
        what: &str,
    ) -> Option<T> {
        let node = self.required(out, key)?;
        read(out, node, what)
    }

    /// Whether a key that is not here may be meant by something that was not understood.
    pub(super) fn may_hold(&self, key: &'static str) -> bool {
        self.vague && self.optional(key).is_none()
    }

    /// The value of a key, or of an unknown key that was said to mean it: so that what is wrong inside is told as well.
    pub(super) fn optional(&self, key: &'static str) -> Option<&'n Node> {
        debug_assert!(self.shape.has(key), "{key} is not declared");
        let exact = self.entries.iter().find(|(k, _)| k.value == key);
        let meant = || {
            self.entries
                .iter()
                .take(MOST_COMPARED)
                .find(|(k, _)| suggestion(&k.value, self.shape) == Some(key))
        };
        exact.or_else(meant).map(|(_, node)| node)
    }

    /// A key as written.
    pub(super) fn key(&self, key: &str) -> Option<Span> {
        self.entries
            .iter()
            .find(|(k, _)| k.value == key)
            .map(|(k, _)| k.span)
    }

    /// A key that stands here alone.
    pub(super) fn lonely(&self, name: &str) -> Option<Span> {
        match self.entries {
            [(key, _)] if key.value == name => Some(key.span),
            _ => None,
        }
    }

    /// The value of a key that must be there.
    pub(super) fn required(&self, out: &mut Diagnostics, key: &'static str) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() && !self.unread && !self.has_misspelling_of(key) {
            let place = self.entries.first().map_or(self.span, |(key, _)| key.span);
            out.push(
                Diagnostic::error(place, format!("{} needs `{key}`", self.shape.what))
                    .label(format!("no `{key}` in the block that begins here"))
                    .help(format!(
                        "for example: {}",
                        example_of(key).unwrap_or(self.shape.example)
                    )),
            );
        }
        found
    }

    /// Whether an unknown key was said to mean this one, so that its absence need not be reported as well.
    fn has_misspelling_of(&self, key: &str) -> bool {
        let written = self
            .entries
            .iter()
            .take(MOST_COMPARED)
            .map(|(written, _)| &written.value);
        written.into_iter().any(|written| {
            suggestion(written, self.shape) == Some(key)
                || key_and_value(written, self.shape).is_some_and(|(written, _)| written == key)
                || self.shape.alias(&snake_case(written)) == Some(key)
        })
    }

    /// Those of `names` that are written, in the order of the file.
    pub(super) fn among(&self, names: &[&'static str]) -> Vec<Chosen<'n>> {
        let chosen = |(key, node): &'n (Spanned<String>, Node)| {
            let name = names.iter().find(|name| **name == key.value)?;
            Some((*name, key, node))
        };
        self.entries.iter().filter_map(chosen).collect()
    }

    /// The first unknown key that was said to mean one of `names`.
    pub(super) fn meant(&self, names: &[&'static str]) -> Option<Chosen<'n>> {
        self.entries.iter().take(MOST_COMPARED).find_map(|(key, node)| {
            let meant = suggestion(&key.value, self.shape)?;
            names.contains(&meant).then_some((meant, key, node))
        })
    }

    /// Exactly one of several keys. Says so if it is none or more; the first is taken then.
    pub(super) fn one_of(&self, out: &mut Diagnostics, names: &[&'static str]) -> Option<Chosen<'n>> {
        let found = self.among(names);
        match found.as_slice() {
            [] if self.unread => None,
            [] if names.iter().any(|name| self.has_misspelling_of(name)) => self.meant(names),
            [] => {
                let place = self.entries.first().map_or(self.span, |(key, _)| key.span);
                out.fail(
                    Diagnostic::error(
                        place,
                        format!("{} needs {}", self.shape.what, one_of(names.iter().copied())),
                    )
                    .label("none of them in the block that begins here")
                    .help(format!(
                        "for example: {}",
                        names
                            .first()
                            .and_then(|name| example_of(name))
                            .unwrap_or(self.shape.example)
                    )),
                )
            }
            [only] => Some(*only),
            [(_, first, _), (_, second, _), ..] => {
                out.push(
                    Diagnostic::error(
                        second.span,
                        format!(
                            "{} has one of these, not both `{}` and `{}`",
                            self.shape.what, first.value, second.value
                        ),
                    )
                    .label("one too many")
                    .also(first.span, "the other")
                    .help("keep one of them"),
                );
                found.first().copied()
            }
        }
    }

    /// The only key, where each is one of several kinds.
    pub(super) fn only_one(&self, out: &mut Diagnostics) -> Option<Chosen<'n>> {
        let names: Vec<_> = self.shape.names().collect();
        self.one_of(out, &names)
    }

    /// Complains about keys that mean nothing beside what was chosen.
    pub(super) fn only_with(&self, out: &mut Diagnostics, key: &str, allowed: bool, why: &str) {
        if let Some(span) = self.key(key).filter(|_| !allowed) {
            out.push(
                Diagnostic::error(span, format!("`{key}` means nothing here: {why}"))
                    .help("take the line out"),
            );
        }
    }
}

/// No scenario has that many keys in one block, and each costs a comparison with each known one.
const MOST_COMPARED: usize = 100;

/// A key and its value that YAML took for one word, as no blank stands behind the colon: `get:/orders`.
fn key_and_value<'w>(written: &'w str, shape: &Shape) -> Option<(&'w str, &'w str)> {
    written
        .split_once(':')
        .filter(|(key, value)| shape.has(key) && !value.is_empty())
}

/// The key that was meant.
fn suggestion(written: &str, shape: &Shape) -> Option<&'static str> {
    let snake = snake_case(written);
    if shape.has(written) || shape.advice(&snake).is_some() || key_and_value(written, shape).is_some() {
        return None;
    }
    let same = shape.names().find(|key| *key == snake);
    same.or_else(|| shape.alias(&snake))
        .or_else(|| nearest(&snake, shape.names()))
}

/// `thinkTime` and `think-time` as `think_time`.
pub(super) fn snake_case(written: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for c in written.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            snake.push('_');
        }
        snake.extend(if c == '-' { '_' } else { c }.to_lowercase());
        before = c;
    }
    snake
}

fn unknown_key(key: &Spanned<String>, shape: &'static Shape) -> Diagnostic {
    if let Some((name, value)) = key_and_value(&key.value, shape) {
        return Diagnostic::error(
            key.span,
            format!("a space is missing after the colon of `{name}`"),
        )
        .help("write")
        .replace(key.span, format!("{name}: {value}"));
    }
    let message = format!("unknown key `{}` in {}", key.value, shape.what);
    let diagnostic = Diagnostic::error(key.span, message).label("unknown");
    if let Some(advice) = shape.advice(&snake_case(&key.value)) {
        return diagnostic.help(advice);
    }
    if key.value.starts_with("x-") {
        return diagnostic
            .help("an anchor needs no place of its own: write `&name` where its block is used first");
    }
    if let Some(right) = suggestion(&key.value, shape) {
        let help = format!("did you mean `{right}`?");
        return diagnostic.help(help).replace(key.span, right);
    }
    let mut keys = one_of(shape.names());
    if let Some(at) = keys.rfind(" or ") {
        keys.replace_range(at..at + " or ".len(), " and ");
    }
    diagnostic.help(format!("the keys here are {keys}"))
}
