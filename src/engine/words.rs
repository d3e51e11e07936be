//! The words of failures that the engine itself finds.

use std::time::Duration;

use super::transport::Failure;

/// A transport's failure in the words of the report. A time-out names the whole time that the request had, not what a
/// redirect left of it.
pub(super) fn failure(failure: &Failure, timeout: Duration) -> String {
    match failure {
        Failure::TimedOut(_) => Failure::TimedOut(timeout).to_string(),
        other => other.to_string(),
    }
}
