//! Whole-program tests.

mod capacity;
mod demo;
mod engine;
mod support;
mod transport;
