//! Whole-program tests.

mod bad;
mod scenario;
