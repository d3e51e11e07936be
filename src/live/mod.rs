//! Telling it meanwhile.
