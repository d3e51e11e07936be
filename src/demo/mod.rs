//! The modelled API.
