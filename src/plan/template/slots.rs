//! The named values that a user holds during an iteration.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::plan::value::Value;

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
    /// One more.
    pub fn add(&mut self, name: impl Into<Arc<str>>, kind: SlotKind) -> SlotId {
        self.entries.push((name.into(), kind));
        SlotId((self.entries.len() - 1) as u16)
    }

    /// What a slot holds.
    pub fn kind(&self, slot: SlotId) -> SlotKind {
        self.entries[usize::from(slot.0)].1
    }

    /// Its name in templates.
    pub fn name(&self, slot: SlotId) -> &Arc<str> {
        &self.entries[usize::from(slot.0)].0
    }

    /// All of them, with their names in templates.
    pub fn iter(&self) -> impl Iterator<Item = (SlotId, &Arc<str>)> {
        let names = self.entries.iter().map(|(name, _)| name);
        names.enumerate().map(|(at, name)| (SlotId(at as u16), name))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The values a user holds: one place for each slot.
#[derive(Clone, Debug)]
pub struct Values {
    values: Vec<Option<Value>>,
    /// Which places outlive the iteration.
    kept: Arc<[bool]>,
}

impl Values {
    /// No value yet.
    pub fn new(slots: &Slots) -> Self {
        let kept = |kind| matches!(kind, SlotKind::Kept | SlotKind::Run | SlotKind::User);
        Self {
            values: vec![None; slots.len()],
            kept: slots.entries.iter().map(|(_, kind)| kept(*kind)).collect(),
        }
    }

    /// At the start of an iteration: forgets everything but what belongs to the user or the run.
    pub fn clear(&mut self) {
        for (value, kept) in self.values.iter_mut().zip(&*self.kept) {
            if !kept {
                *value = None;
            }
        }
    }

    /// Fills a place.
    pub fn set(&mut self, slot: SlotId, value: Value) {
        self.values[usize::from(slot.0)] = Some(value);
    }

    /// Empties a place.
    pub fn unset(&mut self, slot: SlotId) {
        self.values[usize::from(slot.0)] = None;
    }

    /// What is in a place.
    pub fn get(&self, slot: SlotId) -> Option<&Value> {
        self.values.get(usize::from(slot.0))?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iteration_forgets_its_own_values_and_keeps_the_users() {
        let mut slots = Slots::default();
        let local = slots.add("id", SlotKind::Local);
        let token = slots.add("token", SlotKind::Kept);
        let mut values = Values::new(&slots);
        values.set(local, Value::Int(1));
        values.set(token, Value::Int(2));
        values.clear();
        assert_eq!(
            (values.get(local), values.get(token)),
            (None, Some(&Value::Int(2)))
        );
    }
}
