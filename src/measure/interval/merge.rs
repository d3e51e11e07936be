//! Merging of lists that are sorted by a key.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::course::Turn;

/// Something that is added up by key.
pub(crate) trait Keyed: Clone {
    /// What it is about.
    type Key<'a>: Ord
    where
        Self: 'a;

    /// Its key.
    fn key(&self) -> Self::Key<'_>;

    /// Takes in another of the same key.
    fn absorb(&mut self, other: &Self);
}

/// Takes a sorted list into a sorted list.
pub(crate) fn merge_sorted<T: Keyed>(into: &mut Vec<T>, other: &[T]) {
    if into.is_empty() {
        into.extend_from_slice(other);
        return;
    }
    for item in other {
        match into.binary_search_by(|here| here.key().cmp(&item.key())) {
            Ok(place) => into[place].absorb(item),
            Err(place) => into.insert(place, item.clone()),
        }
    }
}

/// Whether keys ascend and none stands twice.
pub(crate) fn is_sorted<T: Keyed>(list: &[T]) -> bool {
    list.windows(2).all(|pair| pair[0].key() < pair[1].key())
}

impl Keyed for Turn {
    type Key<'a> = Duration;

    fn key(&self) -> Duration {
        self.at
    }

    /// The coordinator makes no two at one moment.
    fn absorb(&mut self, _: &Self) {}
}

/// How often something happened. In JSON `[of, count]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter<K>(
    /// To what.
    pub K,
    /// How often.
    pub u64,
);

impl<K: Ord + Clone> Keyed for Counter<K> {
    type Key<'a>
        = &'a K
    where
        K: 'a;

    fn key(&self) -> &K {
        &self.0
    }

    fn absorb(&mut self, other: &Self) {
        self.1 = self.1.saturating_add(other.1);
    }
}

/// When something was first noticed. In JSON `[what, microseconds]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct First<K>(
    /// What.
    pub K,
    /// When, since the start of the load.
    #[serde(with = "crate::plan::words::micros")]
    pub Duration,
);

impl<K: Ord + Clone> Keyed for First<K> {
    type Key<'a>
        = &'a K
    where
        K: 'a;

    fn key(&self) -> &K {
        &self.0
    }

    fn absorb(&mut self, other: &Self) {
        self.1 = self.1.min(other.1);
    }
}
