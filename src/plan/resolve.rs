//! From what the user wrote to what will happen.
