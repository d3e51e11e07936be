//! What it means.

pub mod blocks;
pub mod compare;
pub mod distribution;
pub mod estimate;
pub mod level;
pub mod levels;
pub mod steady;
pub mod trend;
pub mod usl;
