//! Whole-program tests.

mod bad;
mod capacity;
mod demo;
mod engine;
mod support;
mod transport;
