//! A checksum in each line, by which a line that was changed, left out, repeated or moved is noticed.
//!
//! A line is a JSON object whose first key is `crc32`: eight digits over the rest of the line and, before it, the checksum of the
//! line before. So each line holds its place. The first line continues the start of the run that the plan tells.

use crate::measure::run::RunInfo;

const KEY: &[u8] = b"{\"crc32\":\"";
const DIGITS: usize = 8;
const CLOSE: &[u8] = b"\",";

/// Where a journal stands: the checksum of its last line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chain(u32);

impl Chain {
    /// Before the first line of a run.
    pub(super) fn of(info: &RunInfo) -> Self {
        Self(crc32fast::hash(&info.started_unix_micros.to_le_bytes()))
    }

    /// For what stands alone.
    pub(super) const fn alone() -> Self {
        Self(0)
    }

    /// A JSON object with its checksum, and where the journal stands after it.
    pub(super) fn seal(self, object: &[u8]) -> (Vec<u8>, Self) {
        let rest = object.get(1..).unwrap_or_default();
        let next = self.after(rest);
        let mut sealed = Vec::with_capacity(object.len() + KEY.len() + DIGITS + CLOSE.len());
        sealed.extend_from_slice(KEY);
        sealed.extend_from_slice(format!("{:08x}", next.0).as_bytes());
        sealed.extend_from_slice(CLOSE);
        sealed.extend_from_slice(rest);
        (sealed, next)
    }

    /// The object of a sealed line without its checksum, and where the journal stands after it; `None`: it is not what was
    /// written here.
    pub(super) fn open(self, sealed: &[u8]) -> Option<(Vec<u8>, Self)> {
        let (digits, object) = split(sealed)?;
        let next = self.after(object.get(1..)?);
        (format!("{:08x}", next.0).as_bytes() == digits).then_some((object, next))
    }

    fn after(self, rest: &[u8]) -> Self {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&self.0.to_le_bytes());
        sum.update(rest);
        Self(sum.finalize())
    }
}

/// The digits of a sealed line, and its object without them; `None`: it has none.
pub(super) fn split(sealed: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let after = sealed.strip_prefix(KEY)?;
    let (digits, after) = after.split_at_checked(DIGITS)?;
    let rest = after.strip_prefix(CLOSE)?;
    let mut object = Vec::with_capacity(rest.len() + 1);
    object.push(b'{');
    object.extend_from_slice(rest);
    Some((digits, object))
}

#[cfg(test)]
mod tests {
    use super::Chain;

    #[test]
    fn every_flipped_bit_of_a_line_is_noticed() {
        let (sealed, _) = Chain(7).seal(br#"{"interval":{"from":1}}"#);
        assert!(Chain(7).open(&sealed).is_some());
        for at in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert_eq!(Chain(7).open(&flipped), None, "bit {at}");
        }
    }

    #[test]
    fn a_line_elsewhere_is_noticed() {
        let (first, after) = Chain(7).seal(br#"{"a":1}"#);
        let (second, _) = after.seal(br#"{"a":1}"#);
        assert_eq!(Chain(7).open(&second), None);
        assert_eq!(after.open(&first), None);
        assert!(after.open(&second).is_some());
    }
}
