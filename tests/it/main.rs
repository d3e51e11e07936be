//! Whole-program tests.

mod bad;
