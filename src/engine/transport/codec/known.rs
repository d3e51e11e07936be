//! Heads that came before.
//!
//! A server says the same again and again, and to see that costs a tenth of reading it: a head whose bytes are all the
//! same means the same.

use std::cell::RefCell;

use super::Asked;
use super::head::Parsed;

/// How many are kept: a scenario's endpoints differ in the length of their bodies, if in nothing else.
const MOST: usize = 4;

/// The last few heads that were read, of all connections of a worker.
#[derive(Debug, Default)]
pub struct Known {
    heads: RefCell<Heads>,
}

#[derive(Debug, Default)]
struct Heads {
    all: Vec<Entry>,
    /// Which is given up next.
    eldest: usize,
}

#[derive(Debug)]
struct Entry {
    /// From the status line to the empty line.
    bytes: Vec<u8>,
    asked: Asked,
    parsed: Parsed,
}

impl Known {
    /// What these bytes begin with, if it came before.
    pub(super) fn find(&self, bytes: &[u8], asked: Asked) -> Option<Parsed> {
        let heads = self.heads.borrow();
        let is_it = |entry: &&Entry| entry.asked == asked && bytes.starts_with(&entry.bytes);
        heads.all.iter().find(is_it).map(|entry| entry.parsed.clone())
    }

    /// Keeps a whole head in place of the eldest.
    pub(super) fn keep(&self, bytes: &[u8], asked: Asked, parsed: &Parsed) {
        let heads = &mut *self.heads.borrow_mut();
        let parsed = parsed.clone();
        if heads.all.len() < MOST {
            heads.all.push(Entry {
                bytes: bytes.to_vec(),
                asked,
                parsed,
            });
            return;
        }
        let entry = &mut heads.all[heads.eldest];
        entry.bytes.clear();
        entry.bytes.extend_from_slice(bytes);
        (entry.asked, entry.parsed) = (asked, parsed);
        heads.eldest = (heads.eldest + 1) % MOST;
    }
}
