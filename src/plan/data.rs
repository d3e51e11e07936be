//! Data sources: where drawn values come from.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rand_core::Rng;

use super::template::{RenderError, SlotId, Values};
use super::value::Value;

/// A source of values.
#[derive(Debug)]
pub struct Source {}

impl Source {
    /// Its name in the file.
    pub fn name(&self) -> &Arc<str> {
        unimplemented!()
    }

    /// Where its value goes.
    pub fn slot(&self) -> SlotId {
        unimplemented!()
    }

    /// How many values it has.
    pub fn len(&self) -> u64 {
        unimplemented!()
    }

    /// Whether it has none (never, once resolved).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at an index below `len`. `values` are those drawn before it (a combine may name other sources).
    pub fn get(&self, index: u64, values: &Values) -> Result<Value, RenderError> {
        let _ = (index, values);
        unimplemented!()
    }

    /// The next value, by the source's order; `None` when it has ended (`on_end: stop`). `cursor` is the one cursor
    /// of this source in the whole process, starting at 0.
    pub fn draw(
        &self,
        cursor: &AtomicU64,
        random: &mut impl Rng,
        values: &Values,
    ) -> Result<Option<Value>, RenderError> {
        let _ = (cursor, random, values);
        unimplemented!()
    }
}

/// What a full pool does with one more value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The value is let go.
    #[default]
    Ignore,
    /// The oldest makes room.
    Replace,
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
