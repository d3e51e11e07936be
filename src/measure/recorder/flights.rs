//! The requests that are under way.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::measure::histogram::Sparse;
use crate::measure::interval::InFlight;
use crate::plan::{RowId, StageId};

/// A request under way. Not to be copied: it ends once.
#[derive(Debug)]
#[must_use = "a flight that is never finished counts as unfinished"]
pub struct Flight(usize);

#[derive(Debug)]
struct Slot {
    row: RowId,
    stage: StageId,
    sent: Duration,
}

/// A slab: memory of the most that were under way at once.
#[derive(Debug, Default)]
pub(super) struct Flights {
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
}

impl Flights {
    pub(super) fn insert(&mut self, row: RowId, stage: StageId, sent: Duration) -> Flight {
        let slot = Some(Slot { row, stage, sent });
        if let Some(place) = self.free.pop() {
            self.slots[place] = slot;
            return Flight(place);
        }
        self.slots.push(slot);
        Flight(self.slots.len() - 1)
    }

    pub(super) fn remove(&mut self, Flight(place): Flight) -> Option<(RowId, StageId, Duration)> {
        let slot = self.slots.get_mut(place)?.take()?;
        self.free.push(place);
        Some((slot.row, slot.stage, slot.sent))
    }

    /// All that are left.
    pub(super) fn drain(&mut self) -> Vec<(RowId, StageId, Duration)> {
        self.free.clear();
        self.slots
            .drain(..)
            .flatten()
            .map(|slot| (slot.row, slot.stage, slot.sent))
            .collect()
    }

    /// How long ago they were sent, by row and stage of sending.
    pub(super) fn ages(&self, now: Duration) -> Vec<InFlight> {
        let flights = self.slots.iter().flatten();
        by_kind(flights.map(|slot| (slot.row, slot.stage, now.saturating_sub(slot.sent))))
    }
}

/// Sorts ages by row and stage.
pub(super) fn by_kind(ages: impl Iterator<Item = (RowId, StageId, Duration)>) -> Vec<InFlight> {
    let mut kinds: BTreeMap<(RowId, StageId), Vec<Duration>> = BTreeMap::new();
    for (row, stage, age) in ages {
        kinds.entry((row, stage)).or_default().push(age);
    }
    kinds
        .into_iter()
        .map(|((row, stage), ages)| InFlight {
            row,
            stage,
            ages: Sparse::of(ages),
        })
        .collect()
}
