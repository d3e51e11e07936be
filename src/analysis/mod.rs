//! What it means.

pub mod distribution;
pub mod estimate;
pub mod level;
pub mod steady;
