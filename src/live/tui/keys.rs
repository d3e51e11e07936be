//! What was typed, from the bytes that a terminal in raw mode gives.
//!
//! Read here rather than with crossterm's events: those wait for ever for the rest of half a sequence, and never return once the
//! terminal is gone, while the end of the run waits for the view.

/// A key that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `q`: end the run.
    Stop,
    /// Ctrl-C: the same, whatever is shown.
    Interrupt,
    /// Ctrl-Z: back to the shell for a while.
    Suspend,
    /// `+`, or `=` on the same key: more users.
    More,
    /// `-`, or `_` on the same key: fewer users.
    Fewer,
    /// `p`: pause, or go on.
    Pause,
    /// `r`: the figures begin anew.
    Reset,
    /// `?` or `h`: the help.
    Help,
    /// Ctrl-L: draw everything again.
    Redraw,
    /// Any other.
    Other,
}

/// The keys that some bytes stand for. A sequence (an arrow, a key with Alt) is one key.
pub fn keys(mut bytes: &[u8]) -> Vec<Key> {
    let mut all = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        let (key, taken) = match first {
            0x1b => (Key::Other, sequence(rest)),
            // What follows the first byte of a letter beyond ASCII.
            0x80..=0xbf => {
                bytes = rest;
                continue;
            }
            _ => (key(*first), 0),
        };
        all.push(key);
        bytes = rest.get(taken..).unwrap_or_default();
    }
    all
}

fn key(byte: u8) -> Key {
    match byte {
        b'q' | b'Q' => Key::Stop,
        0x03 => Key::Interrupt,
        0x1a => Key::Suspend,
        b'+' | b'=' => Key::More,
        b'-' | b'_' => Key::Fewer,
        b'p' | b'P' => Key::Pause,
        b'r' | b'R' => Key::Reset,
        b'?' | b'h' | b'H' => Key::Help,
        0x0c => Key::Redraw,
        _ => Key::Other,
    }
}

/// How many bytes behind an escape belong to it (ECMA-48: parameters and intermediates up to a final byte; three bytes for a
/// function key; one for a key with Alt).
fn sequence(rest: &[u8]) -> usize {
    match rest {
        [b'[', parameters @ ..] => {
            let inner = parameters.iter().position(|byte| (0x40..=0x7e).contains(byte));
            inner.map_or(rest.len(), |last| last + 2)
        }
        [b'O', _, ..] => 2,
        // Escape twice is two keys.
        [0x1b, ..] | [] => 0,
        [_, ..] => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_help_is_known() {
        assert_eq!(
            keys(b"q\x03\x1a+=-_pr?h\x0cx"),
            [
                Key::Stop,
                Key::Interrupt,
                Key::Suspend,
                Key::More,
                Key::More,
                Key::Fewer,
                Key::Fewer,
                Key::Pause,
                Key::Reset,
                Key::Help,
                Key::Help,
                Key::Redraw,
                Key::Other
            ]
        );
    }

    #[test]
    fn sequences_are_no_letters() {
        // Arrow up, delete, F1, keypad 0, a report of the terminal, Alt-q, escape alone, a letter beyond ASCII.
        for bytes in [
            b"\x1b[A".as_slice(),
            b"\x1b[3~",
            b"\x1bOP",
            b"\x1bOp",
            b"\x1b[?1;2c",
            b"\x1bq",
            b"\x1b",
            "ö".as_bytes(),
        ] {
            assert_eq!(keys(bytes), [Key::Other], "{bytes:?}");
        }
        assert_eq!(keys(b"\x1b[Aq"), [Key::Other, Key::Stop]);
        assert_eq!(keys(b"\x1b\x1b"), [Key::Other, Key::Other]);
        // Half a sequence is the end of what was typed.
        assert_eq!(keys(b"\x1b[?1;"), [Key::Other]);
        assert_eq!(keys(b""), []);
    }
}
