//! Whole-program tests.
mod report;
