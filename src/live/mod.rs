//! Telling it meanwhile: views of a [`crate::measure::snapshot::Snapshot`]. They read the newest one from a watch channel on a
//! thread of their own, so that a slow terminal never slows the load.

pub mod line;
pub mod progress;
#[cfg(all(unix, feature = "tui"))]
pub mod tui;
