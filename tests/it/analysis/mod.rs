//! The statistics against queues and laws with known answers.

mod coverage;
mod exact;
pub(crate) mod law;
mod queue;
