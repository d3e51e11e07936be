//! Measuring: known truths through recorder, aggregator, journal and summary.
#![expect(clippy::unwrap_used, reason = "tests")]

mod curves;
mod figures;
mod journal;
mod live;
mod merging;
pub(crate) mod script;
