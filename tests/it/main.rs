//! Whole-program tests.

mod measure;
mod report;
