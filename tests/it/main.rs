//! Whole-program tests.

mod bad;
mod plan;
mod scenario;
