//! What must hold for the run.

use serde::{Deserialize, Serialize};

/// One threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// As in the file.
    pub text: String,
}
