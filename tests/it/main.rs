//! Whole-program tests.

mod bad;
mod capacity;
mod demo;
mod engine;
mod plan;
mod support;
mod transport;
