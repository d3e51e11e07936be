//! Templates, compiled once: literals and plain names as segments, anything else by minijinja.
//!
//! Every rendering exists twice: as sent, and as shown, where a mask stands in place of each secret of `config.*`. The shown
//! one is made from the mask, not by searching the sent one.

use std::fmt;
use std::sync::Arc;

use super::problem::Problem;
use super::value::Value;
use crate::scenario::MASK;

mod escape;
mod expression;
mod jinja;
mod json;
mod parse;
mod scope;
mod slots;

pub use escape::Escape;
pub use expression::Expression;
pub use json::JsonTemplate;
pub use scope::{Constants, Name, Scope, Shape, Unread};
pub use slots::{SlotId, SlotKind, Slots, Values};

use jinja::Block;
use parse::Piece;
use scope::Found;

/// A template that could not be rendered: a capture that found nothing, an operation on the wrong type.
/// `Display` gives few distinct texts and never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(pub Arc<str>);

/// Text with placeholders.
#[derive(Clone, Default)]
pub struct Template {
    segments: Vec<Segment>,
}

#[derive(Clone)]
enum Segment {
    Text(Text),
    Slot(Placeholder, Escape),
    Block(Arc<Block>),
}

/// Text known before the run.
#[derive(Clone)]
struct Text {
    sent: String,
    /// With masks, if it holds a secret.
    shown: Option<String>,
}

/// A named value, or a part of it.
#[derive(Clone, Debug)]
struct Placeholder {
    slot: SlotId,
    access: Access,
    /// As written, for messages.
    name: Arc<str>,
}

/// Which part of a named value.
#[derive(Clone, Debug)]
enum Access {
    Whole,
    Column(usize),
    Members(Arc<[Box<str>]>),
}

impl Placeholder {
    fn with<T>(&self, values: &Values, then: impl FnOnce(&Value) -> T) -> Result<T, RenderError> {
        let value = values.get(self.slot).ok_or_else(|| self.missing())?;
        match (&self.access, value) {
            (Access::Whole, value) => Ok(then(value)),
            (Access::Column(column), Value::Row(row)) => {
                let cell = row.cell(*column).ok_or_else(|| self.missing())?;
                Ok(then(&cell))
            }
            (Access::Column(_), _) => Err(self.missing()),
            (Access::Members(names), value) => {
                let found = names
                    .iter()
                    .try_fold(value.clone(), |value, name| value.member(name));
                found.as_ref().map(then).ok_or_else(|| self.missing())
            }
        }
    }

    fn missing(&self) -> RenderError {
        RenderError(format!("`{}` has no value", self.name).into())
    }
}

impl Template {
    /// Compiles a text at a place where the names of `scope` are known.
    pub fn compile(text: &str, scope: &Scope, escape: Escape) -> Result<Self, Problem> {
        let mut template = Self::default();
        match parse::pieces(text) {
            Some(pieces) => {
                for piece in pieces {
                    template.add(piece, scope, escape)?;
                }
            }
            None => template.add_block(text, scope, escape)?,
        }
        Ok(template)
    }

    /// A text without placeholders, as it stands.
    pub fn literal(text: &str) -> Self {
        let mut template = Self::default();
        template.push_text(text, None);
        template
    }

    /// A text known before the run, as sent and as shown.
    pub fn known(sent: &str, shown: &str) -> Self {
        let mut template = Self::default();
        template.push_text(sent, (sent != shown).then_some(shown));
        template
    }

    /// The text it begins with, up to the first value.
    pub(in crate::plan) fn head(&self) -> &str {
        match self.segments.first() {
            Some(Segment::Text(text)) => &text.sent,
            _ => "",
        }
    }

    /// The slot it begins with, if it begins with a plain name.
    pub(in crate::plan) fn leading_slot(&self) -> Option<SlotId> {
        match self.segments.first() {
            Some(Segment::Slot(placeholder, _)) => Some(placeholder.slot),
            _ => None,
        }
    }

    /// Without the first bytes of the text it begins with (as sent; what is shown of the rest holds no secret of them).
    pub(in crate::plan) fn without_head(mut self, bytes: usize) -> Self {
        if let Some(Segment::Text(text)) = self.segments.first_mut() {
            let rest = text.sent.split_off(bytes.min(text.sent.len()));
            // A mask has another length than its secret: where one may be, all of the text is masked.
            text.shown = text.shown.take().map(|_| MASK.to_owned());
            text.sent = rest;
        }
        self
    }

    /// Whether any of its text known before the run holds this character.
    pub(in crate::plan) fn mentions(&self, character: char) -> bool {
        self.segments
            .iter()
            .any(|segment| matches!(segment, Segment::Text(text) if text.sent.contains(character)))
    }

    /// One after the other.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        for segment in other.segments {
            match segment {
                Segment::Text(text) => self.push_text(&text.sent, text.shown.as_deref()),
                other => self.segments.push(other),
            }
        }
        self
    }

    /// Appends the text to `out`.
    pub fn render(&self, values: &Values, out: &mut String) -> Result<(), RenderError> {
        self.write(values, false, out)
    }

    /// The same with a mask in place of every secret.
    pub fn show(&self, values: &Values, out: &mut String) -> Result<(), RenderError> {
        self.write(values, true, out)
    }

    /// The text, if it is the same each time (it may hold a secret).
    pub fn constant(&self) -> Option<&str> {
        match &*self.segments {
            [] => Some(""),
            [Segment::Text(text)] => Some(&text.sent),
            _ => None,
        }
    }

    /// The same as it may be shown.
    pub fn constant_shown(&self) -> Option<&str> {
        match &*self.segments {
            [] => Some(""),
            [Segment::Text(text)] => Some(text.shown.as_deref().unwrap_or(&text.sent)),
            _ => None,
        }
    }

    /// Whether it holds a secret of the configuration.
    pub fn is_secret(&self) -> bool {
        self.segments
            .iter()
            .any(|segment| matches!(segment, Segment::Text(Text { shown: Some(_), .. })))
    }

    /// The slots it needs.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> {
        self.segments.iter().flat_map(|segment| match segment {
            Segment::Text(_) => Vec::new(),
            Segment::Slot(placeholder, _) => vec![placeholder.slot],
            Segment::Block(block) => block.uses.slots.iter().map(|(_, slot)| *slot).collect(),
        })
    }

    fn write(&self, values: &Values, shown: bool, out: &mut String) -> Result<(), RenderError> {
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => out.push_str(match &text.shown {
                    Some(masked) if shown => masked,
                    _ => &text.sent,
                }),
                Segment::Slot(placeholder, escape) => {
                    placeholder.with(values, |value| escape.value(value, out))?;
                }
                Segment::Block(block) => block.render(values, shown, out)?,
            }
        }
        Ok(())
    }

    fn add(&mut self, piece: Piece<'_>, scope: &Scope, escape: Escape) -> Result<(), Problem> {
        let (path, range) = match piece {
            Piece::Literal(text) => {
                let mut literal = String::new();
                escape.literal(text, &mut literal);
                self.push_text(&literal, None);
                return Ok(());
            }
            Piece::Name { path, range } => (path, range),
        };
        match scope.find(&path, range)? {
            Found::Slot(slot, access) => {
                let name = path.join(".").into();
                self.segments
                    .push(Segment::Slot(Placeholder { slot, access, name }, escape));
            }
            Found::Constant(constant) => {
                let mut sent = String::new();
                if self.segments.is_empty() {
                    // What a path begins with is a URL or a path of its own, not a segment.
                    escape.literal(&constant.sent.to_string(), &mut sent);
                } else {
                    escape.value(&constant.sent, &mut sent);
                }
                let shown = constant.is_secret().then(|| constant.shown.to_string());
                self.push_text(&sent, shown.as_deref());
            }
        }
        Ok(())
    }

    fn add_block(&mut self, text: &str, scope: &Scope, escape: Escape) -> Result<(), Problem> {
        let block = Block::compile(text, scope, escape)?;
        if !block.uses.slots.is_empty() {
            self.segments.push(Segment::Block(Arc::new(block)));
            return Ok(());
        }
        let nothing = Values::new(&Slots::default());
        let rendered = |shown| {
            let mut out = String::new();
            let done = block.render(&nothing, shown, &mut out);
            done.map(|()| out)
                .map_err(|error| Problem::new(0..text.len(), error.to_string()))
        };
        let (sent, shown) = (rendered(false)?, rendered(true)?);
        // Only a secret makes the two differ.
        let shown = (shown != sent).then_some(shown);
        self.push_text(&sent, shown.as_deref());
        Ok(())
    }

    fn push_text(&mut self, sent: &str, shown: Option<&str>) {
        if sent.is_empty() && shown.is_none() {
            return;
        }
        let Some(Segment::Text(text)) = self.segments.last_mut() else {
            self.segments.push(Segment::Text(Text {
                sent: sent.to_owned(),
                shown: shown.map(str::to_owned),
            }));
            return;
        };
        if text.shown.is_some() || shown.is_some() {
            let before = text.shown.get_or_insert_with(|| text.sent.clone());
            before.push_str(shown.unwrap_or(sent));
        }
        text.sent.push_str(sent);
    }
}

/// As it was written, secrets masked.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => f.write_str(text.shown.as_ref().unwrap_or(&text.sent))?,
                Segment::Slot(placeholder, _) => write!(f, "{{{{ {} }}}}", placeholder.name)?,
                Segment::Block(block) => f.write_str(&block.text)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => list.entry(&text.shown.as_ref().unwrap_or(&text.sent)),
                Segment::Slot(placeholder, escape) => list.entry(&(&placeholder.name, escape)),
                Segment::Block(block) => list.entry(block),
            };
        }
        list.finish()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
pub(in crate::plan) mod tests;
