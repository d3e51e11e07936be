//! A response's body as it arrives: counted whole, kept in part.

use bytes::{Bytes, BytesMut};

use super::Failure;

/// What was read of a body.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// The first piece as it came. Most bodies come in one, and then nothing is copied.
    first: Bytes,
    /// All kept so far, once there is a second piece.
    joined: BytesMut,
    /// The length of everything that came.
    length: u64,
}

impl Body {
    /// Takes the next piece; fails when the body is longer than `max`. Keeps the first `keep` bytes.
    pub(super) fn push(&mut self, piece: Bytes, keep: usize, max: u64) -> Result<(), Failure> {
        let kept = self.kept();
        self.length += piece.len() as u64;
        if kept < keep && !piece.is_empty() {
            let wanted = piece.len().min(keep - kept);
            if kept == 0 && wanted == piece.len() {
                self.first = piece;
            } else {
                // Copied rather than sliced, so that a short beginning does not hold the whole piece in memory.
                if !self.first.is_empty() {
                    self.joined.extend_from_slice(&std::mem::take(&mut self.first));
                }
                self.joined.extend_from_slice(&piece[..wanted]);
            }
        }
        if self.length > max {
            return Err(Failure::TooLarge(max));
        }
        Ok(())
    }

    fn kept(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    /// The kept beginning, and the length of the whole.
    pub(super) fn finish(self) -> (Bytes, u64) {
        let kept = if self.joined.is_empty() {
            self.first
        } else {
            self.joined.freeze()
        };
        (kept, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&'static str], keep: usize, max: u64) -> (Result<(), Failure>, Bytes, u64) {
        let mut body = Body::default();
        let mut result = Ok(());
        for piece in pieces {
            result = body.push(Bytes::from_static(piece.as_bytes()), keep, max);
            if result.is_err() {
                break;
            }
        }
        let (kept, length) = body.finish();
        (result, kept, length)
    }

    #[test]
    fn keeps_the_beginning_and_counts_the_whole() {
        for (pieces, keep, kept, length) in [
            (&["abc", "def", "ghi"][..], 100, "abcdefghi", 9),
            (&["abc", "def", "ghi"], 9, "abcdefghi", 9),
            (&["abc", "def", "ghi"], 5, "abcde", 9),
            (&["abc", "def", "ghi"], 3, "abc", 9),
            (&["abc", "def", "ghi"], 2, "ab", 9),
            (&["abc", "def"], 0, "", 6),
            (&["", "abc", "", "d"], 100, "abcd", 4),
            (&[], 100, "", 0),
        ] {
            let (result, got, counted) = of(pieces, keep, u64::MAX);
            assert_eq!((result, &got[..], counted), (Ok(()), kept.as_bytes(), length));
        }
    }

    #[test]
    fn gives_up_a_body_only_beyond_the_bound() {
        assert_eq!(of(&["abc", "def"], 0, 6).0, Ok(()));
        assert_eq!(of(&["abc", "def"], 0, 5).0, Err(Failure::TooLarge(5)));
    }
}
