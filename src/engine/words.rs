//! The words of failures that the engine itself finds.

use std::sync::Arc;
use std::time::Duration;

use super::transport::Failure;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The failure's type, in the words of the report.
    pub words: Arc<str>,
    /// What was found in place of what was expected, or how far the request had come.
    pub detail: Option<String>,
}

impl Fault {
    pub(super) fn new(words: impl Into<Arc<str>>) -> Self {
        Self {
            words: words.into(),
            detail: None,
        }
    }
}

/// A transport's failure in the words of the report. A time-out names the whole time that the request had, not what a
/// redirect left of it.
pub(super) fn failure(failure: &Failure, timeout: Duration) -> String {
    match failure {
        Failure::TimedOut(_) => Failure::TimedOut(timeout).to_string(),
        Failure::TooLarge(most) => too_large("response body", *most),
        other => other.to_string(),
    }
}

/// What is larger than the scenario allows.
pub(super) fn too_large(what: &str, most: u64) -> String {
    format!("{what} larger than {} (`target.max_body`)", size(most))
}

/// `100 MB`, `64 KiB`, `1500 B`: a size in the largest unit in which it is a whole number, as a scenario would have it.
pub(super) fn size(bytes: u64) -> String {
    let units = [
        (1 << 30, "GiB"),
        (1_000_000_000, "GB"),
        (1 << 20, "MiB"),
        (1_000_000, "MB"),
        (1 << 10, "KiB"),
        (1000, "kB"),
    ];
    let fits = |(unit, _): &(u64, &str)| bytes > 0 && bytes.is_multiple_of(*unit);
    match units.into_iter().find(fits) {
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_a_scenario_would() {
        for (bytes, words) in [
            (0, "0 B"),
            (1500, "1500 B"),
            (1000, "1 kB"),
            (64 << 10, "64 KiB"),
            (100_000_000, "100 MB"),
            (3 << 20, "3 MiB"),
            (2_000_000_000, "2 GB"),
            (1 << 30, "1 GiB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn a_body_that_is_too_large_is_told_with_the_setting_that_says_so() {
        assert_eq!(
            failure(&Failure::TooLarge(100_000_000), Duration::from_secs(1)),
            "response body larger than 100 MB (`target.max_body`)"
        );
    }
}
