//! The small typed layer over the tree: mappings with known keys, leaves with units, and every problem told, not only the first.

use super::super::diagnostics::{Diagnostic, Diagnostics, nearest, one_of};
use super::super::span::{Span, Spanned};
use super::super::yaml::{Kind, Node};
use super::leaf;
use super::shapes::example_of;

/// The keys of one kind of mapping, for the decoder, its messages and the check against the schema.
#[derive(Debug)]
pub(crate) struct Shape {
    /// In words, with its article: "an endpoint".
    pub(crate) what: &'static str,
    /// All keys.
    pub(crate) keys: &'static [&'static str],
    /// What people write who know another tool, and what it is here.
    pub(crate) aliases: &'static [(&'static str, &'static str)],
    /// What to say where the other tool's key cannot simply be replaced.
    pub(crate) advice: &'static [(&'static str, &'static str)],
    /// A whole one, in one line.
    pub(crate) example: &'static str,
}

/// The mapping being read.
pub(super) struct Fields<'n> {
    pub(super) span: Span,
    shape: &'static Shape,
    entries: &'n [(Spanned<String>, Node)],
}

impl<'n> Fields<'n> {
    /// The node as a mapping of this shape. Unknown keys are told at once.
    pub(super) fn new(out: &mut Diagnostics, node: &'n Node, shape: &'static Shape) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            out.push(
                Diagnostic::error(
                    leaf::place(node),
                    format!("{} is a mapping, found {}", shape.what, leaf::found(node)),
                )
                .help(format!("for example: {}", shape.example)),
            );
            return None;
        };
        for (key, _) in entries
            .iter()
            .filter(|(key, _)| !shape.keys.contains(&key.value.as_str()))
            .take(MOST_COMPARED)
        {
            out.push(unknown_key(key, shape));
        }
        Some(Self {
            span: node.span,
            shape,
            entries,
        })
    }

    /// The value of a key, or of an unknown key that was said to mean it: so that what is wrong inside is told as well.
    pub(super) fn optional(&self, key: &'static str) -> Option<&'n Node> {
        debug_assert!(self.shape.keys.contains(&key), "{key} is not declared");
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

    /// The value of a key that must be there.
    pub(super) fn required(&self, out: &mut Diagnostics, key: &'static str) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() && !self.has_misspelling_of(key) {
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

    /// An unknown key that was said to mean this one: its absence need not be told as well.
    fn has_misspelling_of(&self, key: &str) -> bool {
        let advised = |written: &str| {
            let snake = snake_case(written);
            let known = self.shape.aliases.iter().find(|(wrong, _)| *wrong == snake);
            known.is_some_and(|(_, right)| *right == key)
        };
        let entries = self
            .entries
            .iter()
            .take(MOST_COMPARED)
            .map(|(written, _)| written.value.as_str());
        entries
            .into_iter()
            .any(|written| suggestion(written, self.shape) == Some(key) || advised(written))
    }

    /// Those of `names` that are written, in the order of the file.
    pub(super) fn among(&self, names: &[&str]) -> Vec<(&'n Spanned<String>, &'n Node)> {
        self.entries
            .iter()
            .filter(|(key, _)| names.contains(&key.value.as_str()))
            .map(|(k, n)| (k, n))
            .collect()
    }

    /// Exactly one of several keys. Says so if it is none or more; the first is taken then.
    pub(super) fn one_of(
        &self,
        out: &mut Diagnostics,
        names: &[&'static str],
    ) -> Option<(&'n Spanned<String>, &'n Node)> {
        let found = self.among(names);
        match found.as_slice() {
            [] if names.iter().any(|name| self.has_misspelling_of(name)) => None,
            [] => {
                let place = self.entries.first().map_or(self.span, |(key, _)| key.span);
                out.push(
                    Diagnostic::error(
                        place,
                        format!("{} needs {}", self.shape.what, one_of(names.iter().copied())),
                    )
                    .label("none of them in the block that begins here")
                    .help(format!("for example: {}", self.shape.example)),
                );
                None
            }
            [only] => Some(*only),
            [(first, _), (second, _), ..] => {
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

/// The key that was meant.
fn suggestion(written: &str, shape: &Shape) -> Option<&'static str> {
    if shape.keys.contains(&written) {
        return None;
    }
    let snake = snake_case(written);
    if shape.advice.iter().any(|(wrong, _)| *wrong == snake) {
        return None;
    }
    let alias = shape
        .aliases
        .iter()
        .find(|(wrong, _)| *wrong == snake)
        .map(|(_, right)| *right);
    let same = shape.keys.iter().copied().find(|key| *key == snake);
    same.or(alias)
        .or_else(|| nearest(&snake, shape.keys.iter().copied()))
}

/// `thinkTime` and `think-time` as `think_time`.
fn snake_case(written: &str) -> String {
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
    let message = format!("unknown key `{}` in {}", key.value, shape.what);
    let diagnostic = Diagnostic::error(key.span, message).label("unknown");
    let snake = snake_case(&key.value);
    if let Some((_, advice)) = shape.advice.iter().find(|(wrong, _)| *wrong == snake) {
        return diagnostic.help(*advice);
    }
    match suggestion(&key.value, shape) {
        Some(right) => diagnostic
            .help(format!("did you mean `{right}`?"))
            .replace(key.span, right),
        None => diagnostic.help(format!("the keys here are {}", all_of(shape.keys))),
    }
}

/// A list in words: `a`, `b` and `c`.
fn all_of(names: &[&str]) -> String {
    let text = one_of(names.iter().copied());
    match text.rsplit_once(" or ") {
        Some((before, last)) => format!("{before} and {last}"),
        None => text,
    }
}
