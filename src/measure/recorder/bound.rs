//! What would grow without end with hostile responses, bounded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::measure::health::OTHER_FAILURES;
use crate::measure::sample::Example;

/// Different failure types that are kept apart, in a worker and in a run. The rest are counted under [`OTHER_FAILURES`].
const KEPT_TEXTS: usize = 200;

/// Examples kept of each failure type.
const KEPT_EXAMPLES: u8 = 3;

/// The failure types seen so far.
#[derive(Debug)]
pub(crate) struct Texts {
    known: HashSet<Arc<str>>,
    other: Arc<str>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            known: HashSet::new(),
            other: Arc::from(OTHER_FAILURES),
        }
    }
}

impl Texts {
    /// The text under which a failure is counted: its own, or that of the rest.
    pub(crate) fn admit(&mut self, text: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.known.get(&**text) {
            return known.clone();
        }
        if self.known.len() >= KEPT_TEXTS {
            return self.other.clone();
        }
        self.known.insert(text.clone());
        text.clone()
    }
}

/// The first examples of each failure type.
#[derive(Debug, Default)]
pub(crate) struct Examples {
    kept: HashMap<Arc<str>, u8>,
    waiting: Vec<Example>,
}

impl Examples {
    pub(crate) fn wants(&self, failure: &str) -> bool {
        match self.kept.get(failure) {
            Some(kept) => *kept < KEPT_EXAMPLES,
            None => self.kept.len() < KEPT_TEXTS,
        }
    }

    pub(crate) fn offer(&mut self, example: Example) {
        if self.wants(&example.failure) {
            *self.kept.entry(example.failure.clone()).or_default() += 1;
            self.waiting.push(example);
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Example> {
        std::mem::take(&mut self.waiting)
    }
}
