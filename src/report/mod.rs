//! Telling it afterwards: pure functions of a [`crate::measure::summary::RunSummary`]. No I/O and no clock: the same run
//! renders to the same bytes. A new format is one more function over the same figures and [`table`].

pub mod chart;
pub mod compare;
pub mod csv;
pub mod findings;
pub mod html;
pub mod json;
pub mod junit;
pub mod locust;
pub mod markdown;
pub mod merge;
pub mod number;
pub mod result;
pub mod search;
pub mod table;
pub mod terminal;
pub mod turns;
mod warning;
pub mod words;
