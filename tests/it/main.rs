//! Whole-program tests.

mod support;
mod transport;
