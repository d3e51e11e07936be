//! What several tests need.

pub(crate) mod certificates;
pub(crate) mod model;
pub(crate) mod script;
pub(crate) mod server;
