//! Durations in words and in files: one way to write each.

use std::time::Duration;

/// `150 s`, `1.5 s`, `250 ms`, `40 µs`: the shortest exact form down to microseconds.
pub fn duration(value: Duration) -> String {
    let micros = value.as_micros();
    let (unit, size) = match micros {
        0 => return "0 s".to_owned(),
        m if m >= 1_000_000 => ("s", 1_000_000_u128),
        m if m >= 1000 => ("ms", 1000),
        _ => ("µs", 1),
    };
    let (whole, rest) = (micros / size, micros % size);
    if rest == 0 {
        return format!("{whole} {unit}");
    }
    let width = size.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{} {unit}", digits.trim_end_matches('0'))
}

/// A duration as whole microseconds in JSON.
pub mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes whole microseconds.
    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_micros()).unwrap_or(u64::MAX))
    }

    /// Reads whole microseconds.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_micros)
    }
}

/// The same for a duration that may be missing.
pub mod micros_option {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes whole microseconds, or null.
    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::micros::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads whole microseconds, or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_micros))
    }
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn durations_are_written_short_and_exact() {
        for (micros, words) in [
            (0, "0 s"),
            (40, "40 µs"),
            (250_000, "250 ms"),
            (1_500, "1.5 ms"),
            (1_500_000, "1.5 s"),
            (150_000_000, "150 s"),
            (1_000_001, "1.000001 s"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), words);
        }
    }
}
