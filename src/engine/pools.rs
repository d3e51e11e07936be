//! Contents of the captured pools: sets of values that responses brought, shared by all users.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use rand_core::Rng;

use crate::plan::data::{Pool, WhenFull};
use crate::plan::draw::below;
use crate::plan::value::Value;

/// The pools of a run, in the order of the plan.
#[derive(Debug)]
pub(super) struct Pools {
    pools: Vec<Contents>,
}

#[derive(Debug)]
struct Contents {
    keep: usize,
    when_full: WhenFull,
    /// Set once the pool is full and never changes again: adding to it then takes no lock.
    frozen: AtomicBool,
    values: RwLock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    ring: Vec<Arc<str>>,
    known: HashSet<Arc<str>>,
    oldest: usize,
}

impl Pools {
    /// Empty pools.
    pub(super) fn new(pools: &[Pool]) -> Self {
        let contents = |pool: &Pool| Contents {
            keep: pool.keep,
            when_full: pool.when_full,
            frozen: AtomicBool::new(false),
            values: RwLock::default(),
        };
        Self {
            pools: pools.iter().map(contents).collect(),
        }
    }

    /// Whether nothing is in a pool yet.
    pub(super) fn is_empty(&self, pool: usize) -> bool {
        let contents = &self.pools[pool];
        !contents.frozen.load(Ordering::Acquire)
            && contents
                .values
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .ring
                .is_empty()
    }

    /// One of the values, each as likely as any other; `None` while the pool is empty.
    pub(super) fn draw(&self, pool: usize, random: &mut impl Rng) -> Option<Value> {
        let kept = self.pools[pool]
            .values
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let at = below(random, kept.ring.len() as u64) as usize;
        kept.ring.get(at).map(|value| Value::Text(Arc::clone(value)))
    }

    /// Adds a value that is not in the pool yet; what a full pool does about it is the pool's own rule.
    pub(super) fn add(&self, pool: usize, value: &str) {
        let contents = &self.pools[pool];
        if contents.frozen.load(Ordering::Acquire) {
            return;
        }
        let mut kept = contents.values.write().unwrap_or_else(PoisonError::into_inner);
        if kept.known.contains(value) {
            return;
        }
        if kept.ring.len() < contents.keep {
            let value: Arc<str> = value.into();
            kept.ring.push(Arc::clone(&value));
            kept.known.insert(value);
            if kept.ring.len() == contents.keep && contents.when_full == WhenFull::Ignore {
                contents.frozen.store(true, Ordering::Release);
            }
        } else if contents.when_full == WhenFull::Replace && contents.keep > 0 {
            let value: Arc<str> = value.into();
            let at = kept.oldest;
            let gone = std::mem::replace(&mut kept.ring[at], Arc::clone(&value));
            kept.known.remove(&gone);
            kept.known.insert(value);
            kept.oldest = (at + 1) % contents.keep;
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::plan::draw::{Draw, Purpose};

    fn one(keep: usize, when_full: WhenFull) -> Pools {
        Pools::new(&[Pool {
            name: "id".into(),
            slot: crate::plan::template::SlotId(0),
            keep,
            when_full,
        }])
    }

    fn contents(pools: &Pools) -> Vec<String> {
        let kept = pools.pools[0].values.read().unwrap();
        kept.ring.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_full_pool_keeps_its_first_values_and_no_value_twice() {
        let pools = one(2, WhenFull::Ignore);
        assert!(pools.is_empty(0));
        for value in ["a", "a", "b", "c"] {
            pools.add(0, value);
        }
        assert_eq!(contents(&pools), ["a", "b"]);
        assert!(!pools.is_empty(0));
    }

    #[test]
    fn a_replacing_pool_drops_the_oldest() {
        let pools = one(2, WhenFull::Replace);
        for value in ["a", "b", "c", "d", "c", "a"] {
            pools.add(0, value);
        }
        assert_eq!(contents(&pools), ["a", "d"]);
    }

    #[test]
    fn nothing_is_drawn_from_an_empty_pool() {
        let mut random = Draw::new(1, 1, 1).stream(Purpose::Data(0));
        assert_eq!(one(2, WhenFull::Ignore).draw(0, &mut random), None);
    }
}
