//! What it means.

pub mod steady;
