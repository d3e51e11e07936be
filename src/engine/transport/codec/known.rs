//! Heads that came before.
//!
//! A server says the same again and again, and to see that costs a fraction of reading it: a head whose bytes are all the
//! same means the same.

use std::cell::RefCell;

use super::Asked;
use super::head::Parsed;

/// How many are kept: a scenario's endpoints differ in the length of their bodies, if in nothing else.
const MOST: usize = 4;

/// Where so many heads in turn were new (each has a number of its own, say), only one in so many is kept.
const IN_VAIN: u32 = 16;

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
    /// How many have come in turn that were not known.
    new: u32,
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
        let heads = &mut *self.heads.borrow_mut();
        let is_it = |entry: &&Entry| entry.asked == asked && bytes.starts_with(&entry.bytes);
        let known = heads.all.iter().find(is_it)?;
        heads.new = 0;
        Some(known.parsed.clone())
    }

    /// Told of a whole head that was not known: keeps it in place of the eldest, if that promises anything.
    pub(super) fn keep(&self, bytes: &[u8], asked: Asked, parsed: &Parsed) {
        let heads = &mut *self.heads.borrow_mut();
        heads.new = heads.new.wrapping_add(1);
        if heads.new > IN_VAIN && !heads.new.is_multiple_of(IN_VAIN) {
            return;
        }
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

#[cfg(test)]
mod tests {
    use super::super::head::parse;
    use super::*;

    #[test]
    fn what_repeats_is_known_and_what_never_does_is_soon_hardly_kept() {
        let known = Known::default();
        let come = |number: usize| {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Number: {number}\r\n\r\nHTTP");
            let found = known.find(head.as_bytes(), Asked::Other);
            if let (None, Ok(Some(parsed))) = (&found, parse(head.as_bytes(), Asked::Other)) {
                known.keep(&head.as_bytes()[..parsed.length], Asked::Other, &parsed);
            }
            found.is_some_and(|parsed| parsed.head.headers["x-number"] == number.to_string())
        };
        let turns = |numbers: std::ops::Range<usize>| numbers.filter(|&number| come(number)).count();
        assert_eq!((turns(0..4), turns(0..4), turns(0..4)), (0, 4, 4));
        // One more than are kept: each comes again just after it was given up.
        assert_eq!((turns(0..5), turns(0..5)), (4, 0));
        assert_eq!(turns(100..1100), 0);
        // Every sixteenth was kept, 1085 the last of them.
        assert_eq!(turns(1084..1100), 1);
        assert!(known.find(b"HTTP/1.1 200 OK\r\n", Asked::Other).is_none());
    }
}
