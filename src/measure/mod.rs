//! What happened: samples folded into intervals, intervals into figures.

pub mod sample;
