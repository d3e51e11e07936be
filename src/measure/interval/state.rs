//! Users, thinking users, requests in flight and waiting arrivals: over the time of an interval, and at its end.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::InFlight;
use super::merge::merge_sorted;

/// Time integrals over the interval, in microseconds times the number: divided by the interval's length they are means.
/// Signed, as a change that is noticed a little after the end of its second is put right in the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integrals {
    /// Users.
    pub users: i64,
    /// Users that are thinking.
    pub thinking: i64,
    /// Requests in flight, from sent to done.
    pub in_flight: i64,
    /// Arrivals of the open model that wait for a user.
    pub waiting: i64,
}

impl Integrals {
    /// Whether all are zero.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.users = self.users.saturating_add(other.users);
        self.thinking = self.thinking.saturating_add(other.thinking);
        self.in_flight = self.in_flight.saturating_add(other.in_flight);
        self.waiting = self.waiting.saturating_add(other.waiting);
    }
}

/// The state at the end of an interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Users.
    #[serde(default)]
    pub users: i64,
    /// Users that are thinking.
    #[serde(default)]
    pub thinking: i64,
    /// Arrivals of the open model that wait for a user.
    #[serde(default)]
    pub waiting: i64,
    /// Requests in flight, ascending by row and stage of sending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_flight: Vec<InFlight>,
}

impl State {
    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes another's in: of the same second its numbers are added, of another the later one stands. `age` compares the
    /// second of `self` with that of `other`.
    pub(super) fn merge(&mut self, other: &Self, age: Ordering) {
        match age {
            Ordering::Greater => {}
            Ordering::Less => self.clone_from(other),
            Ordering::Equal => {
                self.users = self.users.saturating_add(other.users);
                self.thinking = self.thinking.saturating_add(other.thinking);
                self.waiting = self.waiting.saturating_add(other.waiting);
                merge_sorted(&mut self.in_flight, &other.in_flight);
            }
        }
    }
}
