//! The live view of a terminal: the whole window, drawn anew with each snapshot, and keys that change the run.
//!
//! Four parts that know little of each other: [`keys`] reads what was typed, [`state`] makes of it what the run is asked to do,
//! [`draw`] puts a snapshot into a frame, and [`screen`] takes the terminal and gives it back as it was.

pub mod draw;
pub mod keys;
pub mod screen;
pub mod state;

/// Columns and rows below which there is no room for the view.
pub const LEAST: (u16, u16) = (60, 15);

/// Whether a window of so many columns and rows has room for the view.
pub fn has_room((columns, rows): (u16, u16)) -> bool {
    columns >= LEAST.0 && rows >= LEAST.1
}
