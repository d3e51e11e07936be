//! What is asked of one response: expectations and captures.

/// One expectation.
#[derive(Debug)]
pub struct Check {}

/// A value to take from a response.
#[derive(Debug)]
pub struct Capture {}
