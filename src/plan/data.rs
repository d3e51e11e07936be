//! Data sources: where drawn values come from.
//!
//! Every source but a captured pool is a list that need not exist: it has a length and gives the value at an index. The
//! order says which index comes next. The cursor that all users share is the engine's, not the plan's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand_core::Rng;

use super::draw::{Draw, Purpose, below};
use super::template::{RenderError, SlotId, Values};
use super::value::{Row, Table, Value};

mod combine;
mod permutation;

pub use crate::scenario::model::{OnEnd, Order, WhenFull};
pub use combine::Combine;
use permutation::Permutation;

/// A source of values.
#[derive(Clone, Debug)]
pub struct Source {
    name: Arc<str>,
    contents: Contents,
    order: Order,
    on_end: OnEnd,
    /// Of order `shuffle` only.
    permutation: Option<Permutation>,
}

/// What a source holds.
#[derive(Clone, Debug)]
pub enum Contents {
    /// Values, one by one.
    List(Arc<[Value]>),
    /// Whole numbers, both ends included.
    Range {
        /// The first.
        first: i64,
        /// The last, not below the first.
        last: i64,
    },
    /// Rows of a file.
    Table(Arc<Table>),
    /// Combinations of others.
    Combine(Box<Combine>),
}

impl Order {
    /// What happens at the end unless the scenario says it.
    pub fn on_end(self) -> OnEnd {
        match self {
            Self::Unique => OnEnd::Stop,
            Self::Random | Self::Sequential | Self::Shuffle => OnEnd::Loop,
        }
    }
}

impl Contents {
    /// How many values there are.
    pub fn len(&self) -> u64 {
        match self {
            Self::List(values) => values.len() as u64,
            // Saturates for the range of all numbers only.
            Self::Range { first, last } => last.abs_diff(*first).saturating_add(1),
            Self::Table(table) => table.len() as u64,
            Self::Combine(combine) => combine.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at an index below `len`.
    pub fn get(&self, index: u64, values: &Values) -> Result<Value, RenderError> {
        let found = match self {
            Self::List(list) => list.get(index as usize).cloned(),
            Self::Range { first, .. } => first.checked_add_unsigned(index).map(Value::Int),
            Self::Table(table) => Row::new(table, index as usize).map(Value::Row),
            Self::Combine(combine) => return combine.get(index, values),
        };
        found.ok_or_else(|| RenderError("a data source was asked for a value past its end".into()))
    }
}

impl Source {
    /// A source; its shuffled order follows from the seed and its slot.
    pub fn new(
        name: Arc<str>,
        slot: SlotId,
        contents: Contents,
        (order, on_end): (Order, OnEnd),
        seed: u64,
    ) -> Self {
        let shuffled = || {
            let mut random = Draw::new(seed, 0, 0).stream(Purpose::Shuffle(slot.0.into()));
            Permutation::new(contents.len(), &mut random)
        };
        Self {
            permutation: (order == Order::Shuffle).then(shuffled),
            name,
            contents,
            order,
            on_end,
        }
    }

    /// Its name in the file.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether no value is given twice.
    pub fn gives_each_once(&self) -> bool {
        self.order == Order::Unique
    }

    /// Whether all users take its values in turn, by one cursor.
    pub fn in_turn(&self) -> bool {
        self.order != Order::Random
    }

    /// How many values it has.
    pub fn len(&self) -> u64 {
        self.contents.len()
    }

    /// Whether it has none (never, once resolved).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at an index below `len`. `values` are those drawn before it (a combine may name other sources).
    pub fn get(&self, index: u64, values: &Values) -> Result<Value, RenderError> {
        self.contents.get(index, values)
    }

    /// The next value, by the source's order; `None` when it has ended (`on_end: stop`). `cursor` is the one cursor of this
    /// source in the whole process, starting at 0; a random order does not touch it.
    pub fn draw(
        &self,
        cursor: &AtomicU64,
        random: &mut impl Rng,
        values: &Values,
    ) -> Result<Option<Value>, RenderError> {
        let length = self.len();
        if self.order == Order::Random {
            return self.get(below(random, length), values).map(Some);
        }
        let turn = cursor.fetch_add(1, Ordering::Relaxed);
        if length == 0 || (turn >= length && self.on_end == OnEnd::Stop) {
            return Ok(None);
        }
        let place = turn % length;
        let index = self
            .permutation
            .as_ref()
            .map_or(place, |permutation| permutation.at(place));
        self.get(index, values).map(Some)
    }
}

/// A set of captured values, shared by all users; the engine holds what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its name in the file.
    pub name: Arc<str>,
    /// Where its drawn value goes.
    pub slot: SlotId,
    /// At most so many values.
    pub keep: usize,
    /// What to do with one more.
    pub when_full: WhenFull,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
