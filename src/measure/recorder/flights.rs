//! The requests that are under way, and the arrivals that wait to become one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::measure::histogram::Sparse;
use crate::measure::interval::InFlight;
use crate::plan::{RowId, StageId};

/// A request under way, or an arrival that waits for a user. Not to be copied: it ends once.
#[derive(Debug)]
#[must_use = "a flight that is never finished counts as unfinished"]
pub struct Flight(usize);

/// What is known of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) row: RowId,
    pub(super) stage: StageId,
    pub(super) due: Duration,
    /// `None`: it waits for a user.
    pub(super) sent: Option<Duration>,
}

/// How old one was at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Age {
    row: RowId,
    stage: StageId,
    from_due: Duration,
    from_sent: Option<Duration>,
}

impl Open {
    pub(super) fn age(self, now: Duration) -> Age {
        Age {
            row: self.row,
            stage: self.stage,
            from_due: now.saturating_sub(self.due),
            from_sent: self.sent.map(|sent| now.saturating_sub(sent)),
        }
    }
}

/// A slab: memory of the most that were under way at once.
#[derive(Debug, Default)]
pub(super) struct Flights {
    slots: Vec<Option<Open>>,
    free: Vec<usize>,
}

impl Flights {
    pub(super) fn insert(&mut self, open: Open) -> Flight {
        if let Some(place) = self.free.pop() {
            self.slots[place] = Some(open);
            return Flight(place);
        }
        self.slots.push(Some(open));
        Flight(self.slots.len() - 1)
    }

    pub(super) fn remove(&mut self, Flight(place): Flight) -> Option<Open> {
        let open = self.slots.get_mut(place)?.take()?;
        self.free.push(place);
        Some(open)
    }

    /// All that are left.
    pub(super) fn drain(&mut self) -> Vec<Open> {
        self.free.clear();
        self.slots.drain(..).flatten().collect()
    }

    /// How old they are.
    pub(super) fn ages(&self, now: Duration) -> impl Iterator<Item = Age> {
        self.slots.iter().flatten().map(move |open| open.age(now))
    }
}

/// Sorts ages by row and stage; those from due only where they are measured.
pub(super) fn by_kind(ages: impl Iterator<Item = Age>, measure_due: bool) -> Vec<InFlight> {
    let mut kinds: BTreeMap<(RowId, StageId), (Vec<Duration>, Vec<Duration>)> = BTreeMap::new();
    for age in ages {
        let (from_sent, from_due) = kinds.entry((age.row, age.stage)).or_default();
        from_sent.extend(age.from_sent);
        from_due.extend(measure_due.then_some(age.from_due));
    }
    kinds
        .into_iter()
        .map(|((row, stage), (from_sent, from_due))| InFlight {
            row,
            stage,
            ages: Sparse::of(from_sent),
            from_due: Sparse::of(from_due),
        })
        .collect()
}
