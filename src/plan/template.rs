//! Templates, compiled once: literals and plain names as segments, anything else by minijinja.

use serde::{Deserialize, Serialize};

/// Index of a named value that a user holds during an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SlotId(pub u16);

/// Text with placeholders.
#[derive(Debug)]
pub struct Template {}

/// A JSON body with placeholders in its strings; a string that is one placeholder takes the value's own type.
#[derive(Debug)]
pub struct JsonTemplate {}

/// An expression: `if:` and `repeat:`.
#[derive(Debug)]
pub struct Expression {}

/// The named values there are.
#[derive(Debug)]
pub struct Slots {}
