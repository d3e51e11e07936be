//! Templates, compiled once: literals and plain names as segments, anything else by minijinja.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::value::Value;

/// Index of a named value that a user holds during an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SlotId(pub u16);

/// Where the value of a slot comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// Drawn from `plan.sources[n]`, once per iteration.
    Source(usize),
    /// Drawn from `plan.pools[n]`, once per iteration.
    Pool(usize),
    /// Captured in a journey; gone when the iteration ends.
    Local,
    /// Captured by an endpoint of `on_start`: kept as long as the user lives.
    Kept,
    /// Captured in `setup`: kept for the whole run, the same for all users.
    Run,
    /// The user's number (closed model) or the arrival's (open model).
    User,
    /// The number of the user's iteration.
    Iteration,
}

/// The named values there are.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    entries: Vec<(Arc<str>, SlotKind)>,
}

impl Slots {
    /// What a slot holds.
    pub fn kind(&self, slot: SlotId) -> SlotKind {
        self.entries[usize::from(slot.0)].1
    }

    /// Its name in templates.
    pub fn name(&self, slot: SlotId) -> &Arc<str> {
        &self.entries[usize::from(slot.0)].0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The slot of a kind, if a template asks for it: `slots.find(SlotKind::User)`.
    pub fn find(&self, kind: SlotKind) -> Option<SlotId> {
        let place = self.entries.iter().position(|(_, k)| *k == kind)?;
        Some(SlotId(place as u16))
    }
}

/// The values a user holds: one place for each slot.
#[derive(Clone, Debug)]
pub struct Values {
    values: Vec<Option<Value>>,
}

impl Values {
    /// No value yet.
    pub fn new(slots: &Slots) -> Self {
        Self {
            values: vec![None; slots.len()],
        }
    }

    /// At the start of an iteration: forgets everything but what is kept for the user or the run.
    pub fn clear(&mut self) {
        unimplemented!()
    }

    /// Fills a place.
    pub fn set(&mut self, slot: SlotId, value: Value) {
        self.values[usize::from(slot.0)] = Some(value);
    }

    /// What is in a place.
    pub fn get(&self, slot: SlotId) -> Option<&Value> {
        self.values.get(usize::from(slot.0))?.as_ref()
    }
}

/// A template that could not be rendered: a capture that found nothing, an operation on the wrong type.
/// `Display` gives few distinct texts and never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(pub Arc<str>);

/// Text with placeholders.
#[derive(Debug)]
pub struct Template {}

impl Template {
    /// Appends the text to `out`.
    pub fn render(&self, values: &Values, out: &mut String) -> Result<(), RenderError> {
        let _ = (values, out);
        unimplemented!()
    }

    /// The same with a mask in place of every secret.
    pub fn show(&self, values: &Values, out: &mut String) -> Result<(), RenderError> {
        let _ = (values, out);
        unimplemented!()
    }

    /// The text, if it is the same each time (it may hold a secret).
    pub fn constant(&self) -> Option<&str> {
        unimplemented!()
    }

    /// The slots it needs.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> {
        [].into_iter()
    }
}

/// A JSON body with placeholders in its strings; a string that is one placeholder takes the value's own type.
#[derive(Debug)]
pub struct JsonTemplate {}

impl JsonTemplate {
    /// Appends the JSON text to `out`.
    pub fn render(&self, values: &Values, out: &mut String) -> Result<(), RenderError> {
        let _ = (values, out);
        unimplemented!()
    }

    /// The same with a mask in place of every secret.
    pub fn show(&self, values: &Values, out: &mut String) -> Result<(), RenderError> {
        let _ = (values, out);
        unimplemented!()
    }
}

/// An expression: `if:` and `repeat:`.
#[derive(Debug)]
pub struct Expression {}

impl Expression {
    /// Whether it is true.
    pub fn truth(&self, values: &Values) -> Result<bool, RenderError> {
        let _ = values;
        unimplemented!()
    }

    /// A count: a whole number, 0 to 10 000.
    pub fn count(&self, values: &Values) -> Result<u32, RenderError> {
        let _ = values;
        unimplemented!()
    }
}
