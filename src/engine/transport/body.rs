//! A response's body as it arrives: counted whole, kept in part.

use super::Failure;

/// The most room made for a body that was only announced.
const MOST_ROOM: usize = 64 * 1024;

/// Room that any body may take.
const SMALL_ROOM: usize = 4 * 1024;

/// What was read of a body.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Its beginning.
    kept: Vec<u8>,
    /// The length of everything that came.
    length: u64,
}

impl Body {
    /// Makes room for a body of this length, of which the first `keep` bytes are kept: in `room`, if that fits.
    pub(super) fn expect(&mut self, length: u64, keep: usize, room: &mut Vec<u8>) {
        let wanted = usize::try_from(length).unwrap_or(usize::MAX).min(keep);
        let wanted = wanted.min(MOST_ROOM);
        // A user that waits for the rest of a small body is not to own the room of a large one.
        if (wanted..=SMALL_ROOM.max(4 * wanted)).contains(&room.capacity()) {
            self.kept = std::mem::take(room);
            self.kept.clear();
        } else {
            self.kept.reserve_exact(wanted);
        }
    }

    /// Takes the next piece; fails when the body is longer than `max`. Keeps the first `keep` bytes.
    pub(super) fn push(&mut self, piece: &[u8], keep: usize, max: u64) -> Result<(), Failure> {
        self.length += piece.len() as u64;
        let wanted = piece.len().min(keep.saturating_sub(self.kept.len()));
        self.kept.extend_from_slice(&piece[..wanted]);
        if self.length > max {
            return Err(Failure::TooLarge(max));
        }
        Ok(())
    }

    /// The kept beginning, and the length of the whole.
    pub(super) fn finish(self) -> (Vec<u8>, u64) {
        (self.kept, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&str], keep: usize, max: u64) -> (Result<(), Failure>, Vec<u8>, u64) {
        let mut body = Body::default();
        let mut result = Ok(());
        for piece in pieces {
            result = body.push(piece.as_bytes(), keep, max);
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

    #[test]
    fn an_announced_length_alone_takes_no_memory() {
        let mut body = Body::default();
        body.expect(u64::MAX, usize::MAX, &mut Vec::new());
        assert!(body.kept.capacity() <= 2 * MOST_ROOM);
    }

    #[test]
    fn room_that_is_there_is_used_where_it_fits() {
        let mut room = Vec::with_capacity(100);
        room.extend_from_slice(b"of another");
        let at = room.as_ptr();
        let mut body = Body::default();
        body.expect(101, 1000, &mut room);
        assert_eq!(room, b"of another");
        let mut body = Body::default();
        body.expect(1000, 100, &mut room);
        assert_eq!(body.push(b"its own", 100, 1000), Ok(()));
        let (kept, _) = body.finish();
        let mut large = Vec::with_capacity(5000);
        Body::default().expect(1000, 5000, &mut large);
        assert_eq!(large.capacity(), 5000);
        assert_eq!(
            (&kept[..], kept.as_ptr(), room.capacity()),
            (&b"its own"[..], at, 0)
        );
    }
}
