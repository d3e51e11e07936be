//! The statistics against queues with known answers.

mod coverage;
mod exact;
mod queue;
