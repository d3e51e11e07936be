//! What the tables of keys are made of.

use crate::scenario::model::Word;

/// One kind of mapping.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Its definition in the schema.
    pub(crate) name: &'static str,
    /// What it is for, one sentence.
    pub(crate) about: &'static str,
    /// In words, with its article: "an endpoint".
    pub(crate) what: &'static str,
    /// A whole one, in one line.
    pub(crate) example: &'static str,
    /// All keys, in groups that shapes may share.
    pub(crate) keys: &'static [&'static [Key]],
    /// Which keys must, or must not, stand together.
    pub(crate) rule: Rule,
    /// What to say where the keys of other tools (divided by spaces) cannot simply be replaced.
    pub(crate) advice: &'static [&'static [(&'static str, &'static str)]],
}

/// One key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) required: bool,
    pub(crate) value: Type,
    /// What people write who know another tool, divided by spaces.
    pub(crate) aliases: &'static str,
}

/// What a value is, for the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Type {
    /// A scalar that the schema defines: its name and its definition, as JSON.
    Scalar(&'static str, &'static str),
    Boolean,
    String,
    /// A whole number, from the first to the second.
    Whole(u64, Option<u64>),
    /// A number of zero or more.
    Number,
    /// One of several words.
    Word(fn() -> Vec<&'static str>),
    Block(&'static Shape),
    /// So many of them at least.
    List(&'static Type, u64),
    /// One, or a list of at least so many.
    OneOrMore(&'static Type, u64),
    /// Names of the user's with these values.
    Map(&'static Type),
    /// The same; the names are for templates.
    Named(&'static Type),
    Either(&'static Type, &'static Type),
    /// With examples.
    Such(&'static Type, &'static [&'static str]),
}

/// Which keys must, or must not, stand together.
#[derive(Debug)]
pub(crate) enum Rule {
    /// Any do.
    None,
    /// Exactly one, and nothing beside it.
    One,
    /// At least one.
    Some,
    /// Exactly one of these; and more, as JSON for the schema.
    OneOf(&'static [&'static str], &'static str),
    /// As JSON for the schema.
    Other(&'static str),
}

impl Shape {
    /// All keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().copied().flatten()
    }

    /// The names of all keys.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.keys().map(|key| key.name)
    }

    /// Whether it has a key.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The key that other tools call so.
    pub(crate) fn alias(&self, name: &str) -> Option<&'static str> {
        let called = |key: &&Key| key.aliases.split_whitespace().any(|alias| alias == name);
        self.keys().find(called).map(|key| key.name)
    }

    /// What to say of a key that other tools have.
    pub(crate) fn advice(&self, name: &str) -> Option<&'static str> {
        let mut advice = self.advice.iter().copied().flatten();
        let found = advice.find(|(names, _)| names.split_whitespace().any(|known| known == name));
        found.map(|(_, advice)| *advice)
    }
}

/// `/// what it is for`, then `name: type;`, `name required: type;` or `name: type, "what others call it";`.
macro_rules! keys {
    ($($(#[doc = $about:literal])* $name:ident $($required:ident)?: $value:expr $(, $aliases:literal)?;)*) => {
        &[$($crate::scenario::decode::shape::Key {
            name: stringify!($name),
            about: concat!($($about),*),
            required: !concat!($(stringify!($required))?).is_empty(),
            value: $value,
            aliases: concat!($($aliases)?),
        }),*]
    };
}

/// `"keys of other tools": "what to write";`
macro_rules! advice {
    ($($names:literal: $advice:literal;)*) => {
        &[$(($names, $advice)),*]
    };
}

pub(crate) use {advice, keys};

/// The words of a choice.
pub(crate) fn words<W: Word>() -> Vec<&'static str> {
    W::WORDS.iter().map(|(word, _)| *word).collect()
}
