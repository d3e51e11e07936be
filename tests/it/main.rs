//! Whole-program tests.
#![expect(clippy::unwrap_used, reason = "tests")]

mod advice;
mod analysis;
mod bad;
mod by_hand;
mod capacity;
mod cli;
mod compare;
mod demo;
mod engine;
mod known_systems;
mod measure;
mod plan;
mod readme;
mod report;
mod scenario;
mod search;
mod sessions;
mod shop;
mod support;
mod tables;
mod terminal;
mod transport;
mod web;
