//! Telling it afterwards.
