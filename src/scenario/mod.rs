//! What the user wrote: the scenario file and the configuration, each leaf with its place.

pub mod model;
pub mod span;

pub use model::Scenario;
pub use span::{SourceId, Span, Spanned, Text};
pub mod secret;
