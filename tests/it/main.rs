//! Whole-program tests.

mod measure;
