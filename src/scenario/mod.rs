//! What the user wrote: the scenario file and the configuration, each leaf with its place.
//!
//! [`load()`] reads everything and tells all problems at once; `plan` makes of it what will happen. This module knows nothing of
//! the others.

pub mod config;
mod decode;
pub mod diagnostics;
pub mod files;
mod literals;
mod load;
pub mod model;
mod render;
pub mod schema;
pub mod scrub;
pub mod secret;
pub mod span;
pub mod suggest;
mod syntax;
pub mod units;
mod yaml;

pub use config::{Config, ConfigNode, ConfigSources, ConfigValue, Origin};
pub use diagnostics::{Diagnostic, Diagnostics, Severity, Source, Sources};
pub use files::{Files, Table};
pub use load::{LoadError, Loaded, load};
pub use model::Scenario;
pub use render::Style;
pub use scrub::Scrubber;
pub use secret::{MASK, Secret};
pub use span::{SourceId, Span, Spanned, Text};
