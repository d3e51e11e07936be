//! What happened: samples folded into intervals, intervals into figures.
//!
//! The way of a sample: the engine's worker hands it to its [`recorder::Recorder`] and forgets it. Once a second each recorder
//! gives a [`recorder::Cut`]; the [`aggregator::Aggregator`] merges the workers' cuts into one
//! [`interval::Interval`], which goes to the journal and into the live [`snapshot::Snapshot`]. At the end all intervals are a
//! [`recording::Recording`], and its [`summary::RunSummary`] holds every figure that a report shows.
//!
//! No clock is read here: all times are durations since the start of the load, passed in. The journal is the only I/O.

pub mod aggregator;
pub mod curves;
mod fold;
mod gauge;
pub mod health;
pub mod histogram;
pub mod history;
pub mod interval;
pub mod journal;
mod judge;
mod phase;
pub mod recorder;
pub mod recording;
pub mod run;
pub mod sample;
pub mod snapshot;
pub mod summary;
pub mod units;
