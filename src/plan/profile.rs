//! The load over time: pure arithmetic.

/// The load over time.
#[derive(Debug)]
pub struct Profile {}
