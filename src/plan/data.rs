//! Data sources: where drawn values come from.

/// A source of values.
#[derive(Debug)]
pub struct Source {}

/// A set of captured values, shared by all users.
#[derive(Debug)]
pub struct Pool {}
