//! What several tests need.

pub(crate) mod certificates;
pub(crate) mod server;
