//! A value that a template can hold.

use std::sync::Arc;

/// One value, cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// A list or an object.
    Json(Arc<serde_json::Value>),
}
