//! Whole-program tests.

mod demo;
