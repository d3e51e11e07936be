//! A declarative HTTP load tester: a YAML file says what to send and how hard; the report says in words what the
//! numbers mean. See ARCHITECTURE.md for the map.

pub mod analysis;
pub mod cli;
pub mod demo;
pub mod engine;
pub mod live;
pub mod measure;
pub mod plan;
pub mod report;
pub mod scenario;
pub mod search;
pub mod web;
